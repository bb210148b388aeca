"""Asking a real git about real checkouts."""

import os
import subprocess
from pathlib import Path

import pytest

from gatebook.connectors.git import GitError, read_checkout

ANA, BEN, CEM = "ana@example.com", "ben@example.com", "cem@example.com"


class Checkout:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, author: str = ANA, committer: str = ANA) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.directory,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.directory.parent),
                "GIT_AUTHOR_NAME": "somebody",
                "GIT_AUTHOR_EMAIL": author,
                "GIT_COMMITTER_NAME": "somebody",
                "GIT_COMMITTER_EMAIL": committer,
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, message: str = "change", author: str = ANA, committer: str = ANA) -> str:
        file = self.directory / "file"
        file.write_text((file.read_text() if file.exists() else "") + message)
        self.git("add", "file")
        self.git("commit", "--quiet", "-m", message, author=author, committer=committer)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "source")


def test_author_committer_and_co_authors(checkout: Checkout) -> None:
    message = f"one\n\nCo-authored-by: Cem <{CEM}>\nco-authored-by: D <dev@example.com>"
    commit = checkout.commit(message, author=ANA, committer=BEN)
    found = read_checkout(checkout.directory)
    assert str(found.commit) == commit
    assert found.emails == (ANA, BEN, CEM, "dev@example.com")
    assert found.ref == "refs/heads/main"
    assert found.repository is None
    assert found.clean


def test_the_site_that_committed_a_merge_is_nobody(checkout: Checkout) -> None:
    """Whoever pressed the button is the author; as an author the site's address counts."""
    checkout.commit(author=ANA, committer="noreply@github.com")
    assert read_checkout(checkout.directory).emails == (ANA,)
    checkout.commit(author="noreply@github.com", committer="noreply@github.com")
    assert read_checkout(checkout.directory).emails == ("noreply@github.com",)


def test_from_a_directory_within(checkout: Checkout) -> None:
    checkout.commit()
    (checkout.directory / "deep").mkdir()
    assert read_checkout(checkout.directory / "deep").emails == (ANA,)


def test_only_the_people_of_this_commit(checkout: Checkout) -> None:
    checkout.commit(author=BEN, committer=BEN)
    checkout.commit()
    assert read_checkout(checkout.directory).emails == (ANA,)


def test_a_merge_names_the_people_of_what_it_brings_in(checkout: Checkout) -> None:
    checkout.commit(author="old@example.com", committer="old@example.com")
    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.commit("b", author=BEN, committer=BEN)
    checkout.commit("c", author=CEM, committer=CEM)
    checkout.git("checkout", "--quiet", "main")
    checkout.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    assert set(read_checkout(checkout.directory).emails) == {ANA, BEN, CEM}


def test_everybody_since_a_revision(checkout: Checkout) -> None:
    base = checkout.commit(author="old@example.com", committer="old@example.com")
    checkout.git("tag", "v1")
    checkout.commit("b", author=BEN, committer=BEN)
    checkout.commit("c", author=CEM, committer=CEM)
    checkout.commit("d")
    everybody = {ANA, BEN, CEM}
    assert set(read_checkout(checkout.directory, since="v1").emails) == everybody
    assert set(read_checkout(checkout.directory, since=base).emails) == everybody
    for nonsense in ("v2", "--all", "", "HEAD..HEAD", "-x", "v1\n"):
        with pytest.raises(GitError):
            read_checkout(checkout.directory, since=nonsense)


def test_since_the_commit_itself_names_nobody_new(checkout: Checkout) -> None:
    checkout.commit()
    assert read_checkout(checkout.directory, since="HEAD").emails == (ANA,)


def test_a_detached_head_has_no_ref(checkout: Checkout) -> None:
    commit = checkout.commit()
    checkout.git("checkout", "--quiet", commit)
    found = read_checkout(checkout.directory)
    assert (found.ref, str(found.commit)) == (None, commit)


def test_a_shallow_clone(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(author=BEN, committer=BEN)
    checkout.commit()
    source = f"file://{checkout.directory}"
    clone = tmp_path / "clone"
    checkout.git("clone", "--quiet", "--depth=1", source, str(clone))
    assert read_checkout(clone).emails == (ANA,)


@pytest.mark.parametrize(
    ("origin", "repository"),
    [
        ("https://git.example.com/acme/api.git", "https://git.example.com/acme/api"),
        ("git@git.example.com:acme/api.git", "https://git.example.com/acme/api"),
        ("ssh://git@git.example.com/acme/api", "https://git.example.com/acme/api"),
        ("https://me:secret@git.example.com/acme/api", "https://git.example.com/acme/api"),
        ("../somewhere", None),
        ("file:///srv/git/api", None),
    ],
)
def test_the_repository_is_where_origin_is(
    checkout: Checkout, origin: str, repository: str | None
) -> None:
    checkout.commit()
    checkout.git("remote", "add", "origin", origin)
    found = read_checkout(checkout.directory).repository
    assert (None if found is None else str(found)) == repository


def test_changes_that_are_not_committed(checkout: Checkout) -> None:
    checkout.commit()
    (checkout.directory / "untracked").touch()
    assert read_checkout(checkout.directory).clean
    (checkout.directory / "file").write_text("other")
    assert not read_checkout(checkout.directory).clean


def test_a_hostile_checkout_runs_nothing(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit()
    witness = tmp_path / "witness"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {witness}\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "gpg.program", "diff.external"):
        checkout.git("config", name, str(script))
    checkout.git("config", "log.showSignature", "true")
    checkout.git("config", "core.hooksPath", str(tmp_path))
    (checkout.directory / "file").write_text("other")
    assert read_checkout(checkout.directory).emails == (ANA,)
    assert not witness.exists()


def test_no_checkout_no_commit_no_git(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory in (tmp_path, checkout.directory, tmp_path / "nowhere"):
        with pytest.raises(GitError):
            read_checkout(directory)
    checkout.commit()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError) as refused:
        read_checkout(checkout.directory)
    assert refused.value.hint == "install git"
