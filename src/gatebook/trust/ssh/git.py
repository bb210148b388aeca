"""Signed git commits and tags: read from the raw object, believed by its SSH signature.

An object is what ``git cat-file commit ID`` or ``git cat-file tag ID`` writes. Its name is computed
here and compared with the one asked for, so that a signature over another commit proves nothing.
Signatures are SSH's, in the namespace ``git``; OpenPGP and X.509 ones are named and not believed.

Names, addresses and times in an object are what its signer wrote: that the key's holder has that
address is for the trust root to say.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.names import CommitId
from gatebook.trust.keys import PublicKey
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.ssh.signature import GIT, SshSignature

__all__ = [
    "GitKind",
    "GitObject",
    "GitObjectError",
    "GitPerson",
    "GitSignatureError",
    "SignedGitObject",
    "verify_git_object",
]

_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_PARENTS: Final = 1024
_SHA1_HEX: Final = 40
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_PERSON: Final = re.compile(rb"([^<>\n\0]*?) ?<([^<>\n\0]*)> ([0-9]{1,12}) ([+-][0-9]{4})\Z")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9:_-]*\Z")
_ID: Final = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SSH: Final = b"-----BEGIN SSH SIGNATURE-----"
_OTHERS: Final = {
    b"-----BEGIN PGP SIGNATURE-----": "OpenPGP",
    b"-----BEGIN PGP MESSAGE-----": "OpenPGP",
    b"-----BEGIN SIGNED MESSAGE-----": "X.509",
}
_SIGNATURES: Final = (b"gpgsig", b"gpgsig-sha256")
_ONCE: Final = frozenset(
    {b"tree", b"author", b"committer", b"object", b"type", b"tag", b"tagger", b"encoding"}
    | set(_SIGNATURES)
)


class GitObjectError(MalformedError):
    """Bytes are not a commit or a tag as git writes them."""

    code = "trust.git-object"


class GitSignatureError(AttestationRefusedError):
    """A commit or a tag is not signed by anybody who is believed."""

    code = "trust.git-signature"


class GitKind(StrEnum):
    """The kinds of objects that can be signed."""

    COMMIT = "commit"
    TAG = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPerson:
    """Who an object says made it.

    Attributes:
        name: as written; may be empty.
        email: as written, without the angle brackets; may be empty.
        at: when, by that person's clock.

    """

    name: str
    email: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """A commit or a tag, read; nothing in it is proven.

    Attributes:
        kind: which of the two.
        id: its name, computed from the bytes.
        tree: the tree of a commit; ``None`` for a tag.
        parents: the parents of a commit, in order; of a tag none.
        target: the object a tag is of; ``None`` for a commit.
        tag: the name within a tag object; ``None`` for a commit.
        author: who wrote the change; ``None`` for a tag.
        committer: who made the commit, or the tag; ``None`` for a tag that does not say.
        message: the exact bytes after the header, without a tag's signature.
        signature: the signature as it stands there, or ``None``.
        signed_bytes: what a signature is over: the object without it.

    """

    kind: GitKind
    id: CommitId
    tree: CommitId | None = None
    parents: tuple[CommitId, ...] = ()
    target: CommitId | None = None
    tag: str | None = None
    author: GitPerson | None = None
    committer: GitPerson | None = None
    message: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)
    signed_bytes: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes, *, kind: GitKind) -> "GitObject":
        """Read a raw object (git: ``commit.c``, ``tag.c``, ``fsck.c``).

        Raises:
            GitObjectError: another form; a header that may come once comes twice; headers out of
                order; object names of different lengths.

        """
        if len(data) > _MAX_BYTES:
            raise GitObjectError(f"a {kind} of more than {_MAX_BYTES} bytes is not read")
        head, separator, message = data.partition(b"\n\n")
        if not separator or b"\0" in head:
            raise GitObjectError(f"the bytes are not a {kind}: its header does not end")
        headers = _headers(head, kind)
        if kind is GitKind.COMMIT:
            return _commit(data, headers, message)
        return _tag(data, headers, message)

    @property
    def emails(self) -> tuple[str, ...]:
        """The addresses of author and committer or tagger, each once."""
        people = (self.author, self.committer)
        return tuple(dict.fromkeys(each.email for each in people if each is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedGitObject:
    """A commit or a tag, and the key that signed it.

    Attributes:
        object: what was signed.
        key: the key, one of those that were asked for.

    """

    object: GitObject
    key: PublicKey


def verify_git_object(
    data: bytes,
    *,
    expected: CommitId,
    kind: GitKind,
    keys: Collection[PublicKey],
) -> SignedGitObject:
    """Verify that a commit or a tag was signed by one of ``keys``.

    1. The bytes are an object of the kind, read strictly.
    2. Its name, computed, is ``expected``.
    3. It carries an SSH signature.
    4. The signature names one of ``keys``.
    5. That key made it over the object without the signature, for the namespace ``git``.

    Args:
        data: the raw object, without the header git stores it with.
        expected: its name.
        kind: what it has to be.
        keys: who is asked for; none refuses everything.

    Raises:
        MalformedError: not such an object, or not such a signature (steps 1, 3).
        GitSignatureError: another object (``trust.git-object-id``), no signature
            (``trust.git-unsigned``), one that is not SSH's (``trust.git-signature-type``), or of a
            key that is not among ``keys`` (``trust.git-signer``).
        SignatureInvalidError: step 5.

    """
    # (1) and (2). SHA-1 is how git names objects; what is believed is the signature, which is over
    # the commit's own bytes with SHA-512 or SHA-256.
    found = GitObject.parse(data, kind=kind)
    if found.id != expected:
        raise GitSignatureError(
            f"the {kind} is {found.id}, not {expected}", code="trust.git-object-id"
        )
    # (3) gitformat-signature(5).
    if found.signature is None:
        raise GitSignatureError(
            f"the {kind} {found.id} is not signed",
            code="trust.git-unsigned",
            hint="sign with: git config gpg.format ssh; git commit -S",
        )
    if not found.signature.startswith(_SSH):
        first = found.signature.split(b"\n", 1)[0]
        raise GitSignatureError(
            f"the {kind} {found.id} has a signature of type {_OTHERS.get(first, 'unknown')}; "
            "only SSH's are verified",
            code="trust.git-signature-type",
        )
    signature = SshSignature.parse(found.signature)
    # (4) The key within is a claim until step 5.
    key = next((each for each in keys if each == signature.key.public_key), None)
    if key is None:
        raise GitSignatureError(
            f"the {kind} {found.id} is signed by the key {signature.key.public_key.spki.short}, "
            "which is not one of those asked for",
            code="trust.git-signer",
        )
    # (5) git: gpg-interface.c signs with `ssh-keygen -Y sign -n git`.
    signature.check(found.signed_bytes, namespace=GIT)
    return SignedGitObject(object=found, key=key)


_Headers = list[tuple[bytes, bytes, bytes]]
"""Name, value with continuation lines joined by a line feed, and the raw lines."""


def _headers(head: bytes, kind: GitKind) -> _Headers:
    headers: _Headers = []
    for line in head.split(b"\n"):
        if line[:1] == b" ":
            if not headers:
                raise GitObjectError(f"the {kind} begins with a continuation line")
            name, value, raw = headers[-1]
            headers[-1] = (name, value + b"\n" + line[1:], raw + line + b"\n")
            continue
        name, space, value = line.partition(b" ")
        if not space or _HEADER.match(name) is None:
            raise GitObjectError(f"the {kind} has a header that is none: {line[:40]!r}")
        headers.append((name, value, line + b"\n"))
    names = [name for name, _, _ in headers]
    twice = sorted(name for name in _ONCE if names.count(name) > 1)
    if twice:
        raise GitObjectError(f"the {kind} has two headers {twice[0].decode()!r}")
    return headers


def _commit(data: bytes, headers: _Headers, message: bytes) -> GitObject:
    # git-fsck: tree, parents, author, committer stand in this order; others follow.
    names = [name for name, _, _ in headers]
    parents = names.count(b"parent")
    expected = [b"tree", *[b"parent"] * parents, b"author", b"committer"]
    if names[: len(expected)] != expected or parents > _MAX_PARENTS:
        raise GitObjectError("a commit begins with tree, parents, author and committer")
    values = {name: value for name, value, _ in headers}
    tree = _object_id(values[b"tree"])
    others = tuple(_object_id(value) for name, value, _ in headers if name == b"parent")
    wanted = _signature_header(tree)
    signature = values.get(wanted)
    # commit.c, parse_buffer_signed_by_header: signatures of the other hash are left out as well.
    signed = b"".join(raw for name, _, raw in headers if name not in _SIGNATURES)
    return GitObject(
        kind=GitKind.COMMIT,
        id=_name(GitKind.COMMIT, data, (tree, *others)),
        tree=tree,
        parents=others,
        author=_person(values[b"author"]),
        committer=_person(values[b"committer"]),
        message=message,
        signature=None if signature is None else signature + b"\n",
        signed_bytes=signed + b"\n" + message,
    )


def _tag(data: bytes, headers: _Headers, body: bytes) -> GitObject:
    names = [name for name, _, _ in headers]
    if names[:3] != [b"object", b"type", b"tag"] or set(names[3:]) - {b"tagger", *_SIGNATURES}:
        raise GitObjectError("a tag has the headers object, type, tag and tagger")
    values = {name: value for name, value, _ in headers}
    target = _object_id(values[b"object"])
    tagger = values.get(b"tagger")
    # gpg-interface.c, parse_signed_buffer: the signature is the last block in the body.
    at = _last_block(body)
    signature = None if at is None else body[at:]
    message = body if at is None else body[:at]
    kept = b"".join(raw for name, _, raw in headers if name not in _SIGNATURES)
    return GitObject(
        kind=GitKind.TAG,
        id=_name(GitKind.TAG, data, (target,)),
        target=target,
        tag=_text(values[b"tag"]),
        committer=None if tagger is None else _person(tagger),
        message=message,
        signature=signature,
        signed_bytes=kept + b"\n" + message,
    )


def _last_block(body: bytes) -> int | None:
    starts = (_SSH, *_OTHERS)
    found: int | None = None
    position = 0
    for line in body.split(b"\n"):
        if line.startswith(starts):
            found = position
        position += len(line) + 1
    return found


def _signature_header(any_id: CommitId) -> bytes:
    return _SIGNATURES[0] if len(str(any_id)) == _SHA1_HEX else _SIGNATURES[1]


def _name(kind: GitKind, data: bytes, ids: Iterable[CommitId]) -> CommitId:
    lengths = {len(str(each)) for each in ids}
    if len(lengths) != 1:
        raise GitObjectError(f"the {kind} names objects by two kinds of hash")
    framed = b"%b %d\0%b" % (kind.value.encode(), len(data), data)
    if lengths == {_SHA1_HEX}:
        return CommitId.parse(hashlib.sha1(framed, usedforsecurity=False).hexdigest())
    return CommitId.parse(hashlib.sha256(framed).hexdigest())


def _object_id(value: bytes) -> CommitId:
    if _ID.match(value) is None:
        raise GitObjectError(f"{value[:80]!r} is not the name of a git object")
    return CommitId.parse(value.decode("ascii"))


def _person(value: bytes) -> GitPerson:
    match = _PERSON.match(value)
    seconds = -1 if match is None else int(match[3])
    if match is None or seconds > _LAST_SECOND:
        raise GitObjectError(f"{value[:80]!r} does not name a person and a time")
    # A name may be in another encoding, and is shown only; addresses are compared, so that one
    # which is not UTF-8 is refused rather than read in two ways.
    return GitPerson(
        name=match[1].decode("utf-8", "replace"),
        email=_text(match[2]),
        at=Instant.from_unix_seconds(seconds),
    )


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise GitObjectError(f"{value[:80]!r} is not UTF-8") from None
