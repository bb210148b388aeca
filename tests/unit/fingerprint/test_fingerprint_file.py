"""Files: what is hashed, what is refused, and a file that changes while it is read."""

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.digest import sha256
from gatebook.fingerprint.file import FileReader
from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint_path
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    MissingPathError,
    SpecialFileError,
    UnreadableError,
    WrongAlgorithmError,
)


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000])
def test_the_digest_is_that_of_the_bytes(tmp_path, size):
    content = os.urandom(size)
    path = tmp_path / "artifact"
    path.write_bytes(content)

    found = fingerprint_path(path)

    assert found.digest == sha256(content)
    assert found.size == size
    assert (found.algorithm, found.kind) == (Algorithm.FILE, Kind.CONTENT)
    assert not found.via_link


def test_file_cases_of_another_system(vectors, tmp_path):
    cases = json.loads((vectors / "kosli" / "fingerprint-vectors.json").read_bytes())["vectors"]
    wrong, seen = [], 0
    for case in cases:
        if case["type"] == "file":
            seen += 1
            path = tmp_path / str(seen)
            path.write_text(case["content"])
            if fingerprint_path(path).digest.hex != case["sha256"]:
                wrong.append(case["name"])

    assert seen > 0
    assert wrong == []


def test_a_link_to_a_file_is_followed_and_said_to_be_one(tmp_path):
    (tmp_path / "artifact").write_bytes(b"x")
    (tmp_path / "link").symlink_to("artifact")

    found = fingerprint_path(tmp_path / "link")

    assert found.digest == sha256(b"x")
    assert found.via_link


def test_a_name_that_is_not_utf8_is_a_name(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))
    path.write_bytes(b"x")

    assert fingerprint_path(path).digest == sha256(b"x")


@pytest.mark.parametrize("name", ["absent", "file/below", "dangling", "a" * 300, "\0"])
def test_what_is_not_there_is_not_found(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")

    with pytest.raises((MissingPathError, UnreadableError)):
        fingerprint_path(tmp_path / name)


def test_a_loop_of_links_is_unreadable(tmp_path):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UnreadableError):
        fingerprint_path(tmp_path / "loop")


def test_special_files_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        place = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            listener.bind("socket")
        finally:
            os.chdir(place)
        for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero"), Path("/dev/null")):
            for algorithm in (None, Algorithm.FILE, Algorithm.OCI):
                with pytest.raises(SpecialFileError) as error:
                    fingerprint_path(path, algorithm=algorithm)
                assert error.value.code == "fingerprint.special-file"


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A directory that everybody may enter, and a process without the rights of root."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: S103, PTH101  # the point of the test
        yield Path(name)


def test_an_unreadable_file_is_said_to_be_one(as_nobody):
    tree = as_nobody / "tree"
    tree.mkdir()
    path = tree / "secret"
    path.write_bytes(b"x")
    path.chmod(0)
    closed = as_nobody / "closed"
    closed.mkdir()
    closed.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        for algorithm in (Algorithm.GATEBOOK_DIR_V1, Algorithm.KOSLI_DIR_V1):
            for directory in (tree, closed):
                with pytest.raises(UnreadableError):
                    fingerprint_path(directory, algorithm=algorithm)
            fingerprint_path(tree, algorithm=algorithm, exclude=["secret"])
        with pytest.raises(UnreadableError) as error:
            fingerprint_path(path)
    finally:
        if root:
            os.seteuid(0)
        closed.chmod(0o700)
    assert error.value.code == "fingerprint.unreadable"
    assert error.value.hint is not None


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def _overwrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(1)
        stream.write(b"x")


def _overwrite_and_put_the_time_back(path: Path) -> None:
    before = path.stat()
    _overwrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _truncate(path: Path) -> None:
    os.truncate(path, 10)


@pytest.mark.parametrize("deed", [_append, _overwrite, _overwrite_and_put_the_time_back, _truncate])
def test_a_file_that_changes_while_it_is_read_has_no_digest(tmp_path, while_read, deed):
    path = tmp_path / "artifact"
    while_read(path, lambda: deed(path))

    with pytest.raises(ChangedWhileReadError) as error:
        fingerprint_path(path)
    assert error.value.code == "fingerprint.changed-while-read"
    assert error.value.exit_status == 5


def test_a_file_left_alone_has_one(tmp_path, while_read):
    while_read(tmp_path / "artifact", lambda: None)

    assert fingerprint_path(tmp_path / "artifact").size == 600_000_000


def test_a_file_whose_size_is_not_told_is_refused():
    with pytest.raises(ChangedWhileReadError):
        fingerprint_path(Path("/proc/self/status"))


def test_algorithms_for_directories_refuse_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")

    for algorithm in (Algorithm.GATEBOOK_DIR_V1, Algorithm.KOSLI_DIR_V1):
        with pytest.raises(WrongAlgorithmError) as error:
            fingerprint_path(tmp_path / "file", algorithm=algorithm)
        assert error.value.code == "fingerprint.not-a-directory"
    with pytest.raises(WrongAlgorithmError) as error:
        fingerprint_path(tmp_path, algorithm=Algorithm.FILE)
    assert error.value.code == "fingerprint.is-a-directory"
    with pytest.raises(WrongAlgorithmError):
        fingerprint_path(tmp_path / "file", exclude=["x"])
    with pytest.raises(WrongAlgorithmError):
        fingerprint_path(tmp_path / "file", image_name="x")


def test_a_large_file_with_holes_is_hashed_as_its_bytes(tmp_path):
    path = tmp_path / "holes"
    with path.open("wb") as stream:
        stream.truncate(5_000_000)

    assert fingerprint_path(path).digest.hex == hashlib.sha256(bytes(5_000_000)).hexdigest()


def _refuse_exchanged(tmp_path, at_open, exchange) -> None:
    path = tmp_path / "artifact"
    path.write_bytes(b"x")
    at_open(str(path), lambda: exchange(path))

    with pytest.raises(ChangedWhileReadError):
        FileReader().read(str(path), follow=False)


def test_a_file_exchanged_between_looking_and_opening_has_no_digest(tmp_path, at_open):
    (tmp_path / "other").write_bytes(b"x")
    _refuse_exchanged(tmp_path, at_open, (tmp_path / "other").replace)


def test_a_link_put_between_looking_and_opening_is_not_followed(tmp_path, at_open):
    def exchange(path: Path) -> None:
        path.rename(tmp_path / "moved")
        path.symlink_to("moved")

    _refuse_exchanged(tmp_path, at_open, exchange)
