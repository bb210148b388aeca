"""The evidence of a layout on disk is read whole, or not at all."""

import os
from pathlib import Path

import pytest

from gatebook.errors import GatebookError
from gatebook.fingerprint.evidence_paths import evidence_at

MEBIBYTE = 1024 * 1024


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A link of each of two steps, the second one a sublayout with a link of its own."""
    place = tmp_path / "links"
    (place / "build.bb").mkdir(parents=True)
    (place / "code.aa.link").write_bytes(b"code")
    (place / "build.bb.link").write_bytes(b"build")
    (place / "build.bb" / "compile.cc.json").write_bytes(b"compile")
    assert len(evidence_at(place)) == 2
    return place


def refused(links: Path, code: str) -> GatebookError:
    with pytest.raises(GatebookError) as caught:
        evidence_at(links)
    assert caught.value.code == code, caught.value.message
    return caught.value


def test_files_are_filed_under_their_steps(links: Path) -> None:
    build, code = evidence_at(links)
    assert (build.name, build.step, build.data) == ("build.bb.link", "build", b"build")
    assert (code.name, code.step, code.data, code.nested) == ("code.aa.link", "code", b"code", ())
    (inner,) = build.nested
    assert (inner.name, inner.step) == ("build.bb/compile.cc.json", "compile")
    assert inner.data == b"compile"


def test_no_evidence_is_for_the_verifier_to_refuse(tmp_path: Path) -> None:
    assert evidence_at(tmp_path) == ()


def test_a_link_inside_is_followed_and_hidden_files_are_left_out(links: Path) -> None:
    before = evidence_at(links)
    (links / ".data").mkdir()
    (links / "code.aa.link").rename(links / ".data" / "code.aa.link")
    (links / "code.aa.link").symlink_to(".data/code.aa.link")
    assert evidence_at(links) == before


@pytest.mark.parametrize("target", ["../code.aa.link", "..", ".", "build.bb", "/dev/null"])
def test_a_link_that_leads_elsewhere(links: Path, target: str) -> None:
    (links / "code.aa.link").rename(links.parent / "code.aa.link")
    (links / "code.aa.link").symlink_to(target)
    refused(links, "fingerprint.evidence-link")


def test_a_link_to_a_directory_beside(links: Path) -> None:
    (links / "build.bb").rename(links / ".build.bb")
    (links / "build.bb").symlink_to(".build.bb")
    refused(links, "fingerprint.evidence-link")


def test_a_link_without_an_end_or_to_nothing(links: Path) -> None:
    (links / "code.loop.link").symlink_to("code.loop.link")
    refused(links, "fingerprint.unreadable")
    (links / "code.loop.link").unlink()
    (links / "code.loop.link").symlink_to("absent")
    refused(links, "fingerprint.not-found")


@pytest.mark.parametrize("name", ["README", "code.link", "code.aa.txt", "code.a\nb.link"])
def test_another_form_of_name(links: Path, name: str) -> None:
    (links / name).touch()
    refused(links, "formats.layout-evidence")


def test_a_name_that_is_no_text(links: Path) -> None:
    (links / os.fsdecode(b"code.\xff.link")).touch()
    refused(links, "formats.layout-evidence")


def test_a_directory_beside_no_sublayout(links: Path) -> None:
    (links / "build.bb.link").unlink()
    refused(links, "formats.layout-evidence")


def test_a_pipe(links: Path) -> None:
    os.mkfifo(links / "code.pipe.link")
    refused(links, "fingerprint.special-file")


def test_no_directory(links: Path) -> None:
    refused(links / "absent", "fingerprint.not-found")
    refused(links / "code.aa.link", "fingerprint.not-a-directory")


def test_more_levels_than_are_read(links: Path) -> None:
    (links / Path(*["a"] * 16)).mkdir(parents=True)
    assert len(evidence_at(links)) == 2
    (links / Path(*["a"] * 17)).mkdir(parents=True)
    refused(links, "fingerprint.evidence-files")


def test_more_files_than_are_read(links: Path) -> None:
    for number in range(4096 - 4):
        (links / f"x.{number}.link").touch()
    assert len(evidence_at(links)) == 4094
    (links / "x.more.link").touch()
    error = refused(links, "fingerprint.evidence-files")
    assert error.hint == "keep the links of one layout in a directory of their own"


def test_more_bytes_than_are_read(links: Path) -> None:
    os.truncate(links / "code.aa.link", 64 * MEBIBYTE + 1)
    refused(links, "fingerprint.too-large")
    for name in ("code.aa.link", "build.bb.link"):
        os.truncate(links / name, 32 * MEBIBYTE)
    refused(links, "fingerprint.evidence-files")
    os.truncate(links / "code.aa.link", 32 * MEBIBYTE - len(b"compile"))
    assert len(evidence_at(links)) == 2
