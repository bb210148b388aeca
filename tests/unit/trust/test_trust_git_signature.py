"""Commits and tags that a real git signed with SSH keys, and changed ones that must not count."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.names import CommitId
from gatebook.trust.keys import PublicKey, public_key
from gatebook.trust.signing.private_keys import generate_private_key
from gatebook.trust.ssh.git import (
    GitKind,
    GitObject,
    GitObjectError,
    SignedGitObject,
    verify_git_object,
)
from gatebook.trust.ssh.keys import public_key_from_ssh
from gatebook.trust.ssh.signer import SshSigner

ANA, BEN = "ana@example.com", "ben@example.com"


class Repository:
    """A checkout whose commits are signed with an SSH key of its own."""

    def __init__(self, directory: Path, *, hashing: str = "sha1") -> None:
        self.directory = directory
        (directory / "work").mkdir(parents=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "id"], check=True
        )
        self.key = public_key_from_ssh((directory / "id.pub").read_text())
        self.git("init", "--quiet", "--initial-branch=main", f"--object-format={hashing}")
        self.git("config", "gpg.format", "ssh")
        self.git("config", "user.signingkey", str(directory / "id.pub"))

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.directory / "work",
            input=given,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.directory),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "Ana",
                "GIT_AUTHOR_EMAIL": ANA,
                "GIT_AUTHOR_DATE": "1763640000 +0100",
                "GIT_COMMITTER_NAME": "Ben",
                "GIT_COMMITTER_EMAIL": BEN,
            },
            check=True,
            capture_output=True,
        ).stdout

    def commit(self, message: str = "change", *, sign: bool = True) -> CommitId:
        option = "-S" if sign else "--no-gpg-sign"
        self.git("commit", "--quiet", "--allow-empty", option, "-m", message)
        return self.named("HEAD")

    def named(self, revision: str) -> CommitId:
        return CommitId.parse(self.git("rev-parse", revision).decode().strip())

    def raw(self, kind: str, name: object) -> bytes:
        return self.git("cat-file", kind, str(name))


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def repository_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    for program in ("git", "ssh-keygen"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return Repository(tmp_path_factory.mktemp("repository"), hashing=request.param)


@pytest.fixture
def signed(repository_of: Repository) -> tuple[bytes, CommitId, PublicKey]:
    repository_of.commit("first")
    name = repository_of.commit("second\n\nwith a body\n")
    return repository_of.raw("commit", name), name, repository_of.key


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GatebookError) as refused:
        act()
    return refused.value.code


def verify(data: bytes, name: CommitId, *keys: PublicKey) -> SignedGitObject:
    return verify_git_object(data, expected=name, kind=GitKind.COMMIT, keys=keys)


def renamed(data: bytes, kind: GitKind = GitKind.COMMIT) -> CommitId:
    """The name git would give changed bytes."""
    return GitObject.parse(data, kind=kind).id


def test_a_signed_commit(
    repository_of: Repository, signed: tuple[bytes, CommitId, PublicKey]
) -> None:
    data, name, key = signed
    found = verify(data, name, public_key(generate_private_key().public_key()), key)
    assert found.key == key
    commit = found.object
    assert commit.id == name
    assert commit.tree == repository_of.named("HEAD^{tree}")
    assert commit.parents == (repository_of.named("HEAD^"),)
    assert commit.author is not None
    assert (commit.author.name, commit.author.email) == ("Ana", ANA)
    assert str(commit.author.at) == "2025-11-20T12:00:00Z"
    assert commit.emails == (ANA, BEN)
    assert commit.message == b"second\n\nwith a body\n"


def test_a_merge_of_a_signed_tag(repository_of: Repository) -> None:
    base = repository_of.commit("base")
    repository_of.git("checkout", "--quiet", "-b", f"side-{base}")
    repository_of.commit("on the side")
    repository_of.git("tag", "-s", f"merged-{base}", "-m", "to be merged")
    repository_of.git("checkout", "--quiet", "main")
    repository_of.git("merge", "--quiet", "--no-ff", "-S", "-m", "merge", f"merged-{base}")
    name = repository_of.named("HEAD")
    data = repository_of.raw("commit", name)
    assert b"\nmergetag " in data
    found = verify(data, name, repository_of.key)
    assert len(found.object.parents) == 2


def test_a_signed_tag(repository_of: Repository) -> None:
    commit = repository_of.commit("release")
    repository_of.git("tag", "-s", f"v1-{commit}", "-m", "release 1")
    name = repository_of.named(f"v1-{commit}")
    data = repository_of.raw("tag", name)
    found = verify_git_object(data, expected=name, kind=GitKind.TAG, keys=[repository_of.key])
    assert found.object.target == commit
    assert found.object.tag == f"v1-{commit}"
    assert found.object.emails == (BEN,)
    assert found.object.message == b"release 1\n"
    changed = data.replace(b"release 1", b"release 2")
    refused = lambda: verify_git_object(  # noqa: E731
        changed, expected=renamed(changed, GitKind.TAG), kind=GitKind.TAG, keys=[repository_of.key]
    )
    assert code_of(refused) == "trust.no-valid-signature"


def test_what_we_sign_git_verifies(repository_of: Repository, tmp_path: Path) -> None:
    repository_of.commit("by git")
    plain = repository_of.commit("unsigned", sign=False)
    data = repository_of.raw("commit", plain)
    signer = SshSigner.from_key_file((repository_of.directory / "id").read_bytes(), namespace="git")
    armored = signer.sign_armored(data).rstrip(b"\n").replace(b"\n", b"\n ")
    header = b"gpgsig" if len(str(plain)) == 40 else b"gpgsig-sha256"
    head, _, message = data.partition(b"\n\n")
    ours = head + b"\n" + header + b" " + armored + b"\n\n" + message
    written = repository_of.git("hash-object", "-t", "commit", "-w", "--stdin", given=ours)
    name = CommitId.parse(written.decode().strip())
    assert verify(ours, name, repository_of.key).object.id == name
    allowed = tmp_path / "allowed"
    allowed.write_text(f"{ANA} {(repository_of.directory / 'id.pub').read_text()}")
    repository_of.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", str(name))


def test_a_commit_is_the_one_asked_for(
    repository_of: Repository, signed: tuple[bytes, CommitId, PublicKey]
) -> None:
    data, _, key = signed
    other = repository_of.named("HEAD^")
    assert code_of(lambda: verify(data, other, key)) == "trust.git-object-id"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"second", b"zecond"), (ANA.encode(), b"eve@example.com"), (b" +0100", b" +0200")],
    ids=["message", "author", "time zone"],
)
def test_every_byte_but_the_signature_is_signed(
    signed: tuple[bytes, CommitId, PublicKey], old: bytes, new: bytes
) -> None:
    data, name, key = signed
    changed = data.replace(old, new, 1)
    assert changed != data
    assert code_of(lambda: verify(changed, name, key)) == "trust.git-object-id"
    assert code_of(lambda: verify(changed, renamed(changed), key)) == "trust.no-valid-signature"


def test_only_keys_that_were_asked_for_count(signed: tuple[bytes, CommitId, PublicKey]) -> None:
    data, name, _ = signed
    other = public_key(generate_private_key().public_key())
    assert code_of(lambda: verify(data, name, other)) == "trust.git-signer"
    assert code_of(lambda: verify(data, name)) == "trust.git-signer"


def test_an_unsigned_commit_is_refused(repository_of: Repository) -> None:
    name = repository_of.commit("unsigned", sign=False)
    data = repository_of.raw("commit", name)
    assert code_of(lambda: verify(data, name, repository_of.key)) == "trust.git-unsigned"


@pytest.mark.parametrize(
    ("label", "said"), [(b"PGP SIGNATURE", "OpenPGP"), (b"SIGNED MESSAGE", "X.509")]
)
def test_other_kinds_of_signature_are_named(
    signed: tuple[bytes, CommitId, PublicKey], label: bytes, said: str
) -> None:
    data, _, key = signed
    changed = data.replace(b"SSH SIGNATURE", label)
    with pytest.raises(GatebookError, match=said) as refused:
        verify(changed, renamed(changed), key)
    assert refused.value.code == "trust.git-signature-type"


def test_a_signature_for_something_else_is_none(repository_of: Repository) -> None:
    plain = repository_of.commit("unsigned", sign=False)
    data = repository_of.raw("commit", plain)
    private = (repository_of.directory / "id").read_bytes()
    signer = SshSigner.from_key_file(private, namespace="gatebook")
    armored = signer.sign_armored(data).rstrip(b"\n").replace(b"\n", b"\n ")
    header = b"\ngpgsig " if len(str(plain)) == 40 else b"\ngpgsig-sha256 "
    changed = data.replace(b"\n\n", header + armored + b"\n\n", 1)
    refused = lambda: verify(changed, renamed(changed), repository_of.key)  # noqa: E731
    assert code_of(refused) == "trust.ssh-namespace"


def test_a_second_signature_header_is_refused(signed: tuple[bytes, CommitId, PublicKey]) -> None:
    data, name, key = signed
    head, _, message = data.partition(b"\n\n")
    start = head.index(b"gpgsig")
    twice = head + b"\n" + head[start:] + b"\n\n" + message
    assert code_of(lambda: verify(twice, name, key)) == "trust.git-object"


TREE, PERSON = b"4" * 40, b"Ana <ana@example.com> 1763640000 +0100"
GOOD = b"tree %b\nauthor %b\ncommitter %b\n\nwhy\n" % (TREE, PERSON, PERSON)


BROKEN = {
    "nothing": b"",
    "no message": GOOD.partition(b"\n\n")[0] + b"\n",
    "no tree": GOOD.partition(b"\n")[2],
    "two trees": b"tree %b\n" % TREE + GOOD,
    "tree after author": b"author %b\ntree %b\ncommitter %b\n\nx" % (PERSON, TREE, PERSON),
    "short tree": GOOD.replace(TREE, TREE[:-1]),
    "upper-case tree": GOOD.replace(TREE, b"A" * 40),
    "two hashes": GOOD.replace(b"author", b"parent %b\nauthor" % (b"5" * 64), 1),
    "no address": GOOD.replace(b"<ana@example.com>", b"ana@example.com"),
    "two addresses": GOOD.replace(b"<ana", b"<eve@example.com> <ana"),
    "no time": GOOD.replace(b" 1763640000 +0100", b""),
    "a time without end": GOOD.replace(b"1763640000", b"999999999999"),
    "address not UTF-8": GOOD.replace(b"<ana@", b"<an\xe9@"),
    "NUL": GOOD.replace(b"Ana", b"A\0a"),
    "continuation first": b" x\n" + GOOD,
    "header without a name": GOOD.replace(b"\n\n", b"\n-x y\n\n", 1),
    "two committers": GOOD.replace(b"\n\n", b"\ncommitter %b\n\n" % PERSON, 1),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_git_would_not_write_is_refused(data: bytes) -> None:
    GitObject.parse(GOOD, kind=GitKind.COMMIT)
    with pytest.raises(GitObjectError):
        GitObject.parse(data, kind=GitKind.COMMIT)
    with pytest.raises(GitObjectError):
        GitObject.parse(GOOD, kind=GitKind.TAG)


def test_a_name_in_another_encoding_is_shown_as_well_as_possible() -> None:
    found = GitObject.parse(GOOD.replace(b"Ana", b"An\xe9"), kind=GitKind.COMMIT)
    assert found.author is not None
    assert found.author.email == ANA


@given(st.binary(max_size=200), st.integers(0, 200), st.sampled_from(GitKind))
@settings(max_examples=200)
def test_no_bytes_verify_by_chance(noise: bytes, position: int, kind: GitKind) -> None:
    name = CommitId.parse("4" * 40)
    for data in (noise, GOOD[:position] + noise + GOOD[position:]):
        with pytest.raises(GatebookError):
            verify_git_object(data, expected=name, kind=kind, keys=[])
