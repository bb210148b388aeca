"""What people do to a trust root: add a key, an authority or an identity, rotate, refresh.

Each change is made in the document, which is then read again as a trust root.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from gatebook.clock import Duration, Instant
from gatebook.errors import ConflictError, UsageError
from gatebook.formats.strict_yaml import YamlError
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey
from gatebook.trust.root.document import RootDocument
from gatebook.trust.root.yaml_text import Writable
from gatebook.trust.ssh.keys import public_key_from_ssh

__all__ = [
    "RotatedKey",
    "WrittenScope",
    "add_authority",
    "add_identity",
    "add_key",
    "read_public_key",
    "replace_material",
    "rotate_key",
]

_MAX_KEY: Final = 32_768
_SSH: Final = ("ssh-", "ecdsa-sha2-", "sk-")
_NUMBERED: Final = re.compile(r"(.*)-([0-9]{1,6})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenScope:
    """What a signer is to be believed about, as it is written.

    Attributes:
        may_attest: predicate kinds and type URIs.
        repositories: patterns, or the word ``any`` alone.
        environments: names, or the word ``any`` alone.
        not_before: from when, if not always.
        not_after: until when, if not for ever.

    """

    may_attest: Sequence[str]
    repositories: Sequence[str]
    environments: Sequence[str]
    not_before: Instant | None = None
    not_after: Instant | None = None

    def fields(self) -> dict[str, Writable]:
        """The fields of a member."""
        written: dict[str, Writable] = {}
        if self.not_before is not None:
            written["not-before"] = str(self.not_before)
        if self.not_after is not None:
            written["not-after"] = str(self.not_after)
        written["may-attest"] = list(self.may_attest)
        for name, words in (
            ("repositories", self.repositories),
            ("environments", self.environments),
        ):
            written[name] = "any" if list(words) == ["any"] else list(words)
        return written


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedKey:
    """A key that another one follows.

    Attributes:
        document: the trust root with both.
        old: the id of the key that ends.
        until: the last instant at which it is believed.
        new: the id of the key that follows.
        since: the first instant at which that is believed.

    """

    document: RootDocument
    old: str
    until: Instant
    new: str
    since: Instant


def read_public_key(data: bytes, *, pss: bool = False) -> tuple[PublicKey, str]:
    """Read a public key as a file holds it; the key, and the text to write into a trust root.

    Raises:
        MalformedError: neither a PEM block ``PUBLIC KEY`` nor one SSH public key, or a key that is
            not believed.

    """
    text = data[: _MAX_KEY + 1].decode("utf-8", "replace").strip()
    if text.startswith(_SSH) and not pss:
        return public_key_from_ssh(text), text
    key = PublicKey.parse(data, pss=pss)
    return key, "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def add_key(
    document: RootDocument,
    *,
    name: str,
    public_key: bytes,
    scope: WrittenScope,
    pss: bool = False,
    holder: str | None = None,
    authority: str | None = None,
) -> RootDocument:
    """Add a key.

    Raises:
        MalformedError: the key, the scope or anything else makes it no trust root.
        ConflictError: there is a member with that id.

    """
    _refuse_known(document, name, ("keys", "identities"))
    _, text = read_public_key(public_key, pss=pss)
    member: dict[str, Writable] = {"id": name, "public-key": text}
    if pss:
        member["scheme"] = "rsa-pss"
    if holder is not None:
        member["holder"] = holder
    if authority is not None:
        member["authority"] = authority
    return document.added("keys", member | scope.fields())


def add_authority(
    document: RootDocument,
    *,
    name: str,
    profile: str,
    material: bytes,
    allow: Sequence[str] = (),
) -> RootDocument:
    """Add an authority with its Sigstore trusted root, verbatim.

    Raises:
        MalformedError: the trusted root is not UTF-8.
        ConflictError: there is an authority with that id.

    """
    _refuse_known(document, name, ("authorities",))
    member: dict[str, Writable] = {"id": name, "profile": profile}
    if allow:
        member["allow"] = list(allow)
    member["trusted-root"] = _verbatim(material)
    return document.added("authorities", member)


def add_identity(
    document: RootDocument,
    *,
    name: str,
    authority: str,
    certificate: Mapping[str, Writable],
    scope: WrittenScope,
    holder: str | None = None,
) -> RootDocument:
    """Add an identity that certificates of an authority carry.

    Raises:
        ConflictError: there is a member with that id.

    """
    _refuse_known(document, name, ("keys", "identities"))
    member: dict[str, Writable] = {
        "id": name,
        "authority": authority,
        "certificate": certificate,
    }
    if holder is not None:
        member["holder"] = holder
    return document.added("identities", member | scope.fields())


def rotate_key(
    document: RootDocument,
    *,
    name: str,
    public_key: bytes,
    now: Instant,
    overlap: Duration,
    new_name: str | None = None,
    not_after: Instant | None = None,
) -> RotatedKey:
    """Let a new key follow one that is believed: both are, while they overlap.

    The old one ends with the overlap, or earlier where it was to end earlier: a rotation never
    believes a key for longer. The new one has its scope, holder and authority, begins now, and ends
    at ``not_after``, or never.

    Raises:
        NoSuchMemberError: there is no such key.
        UsageError: the old key is not believed yet, or not any more (``trust.rotate-not-current``);
            the overlap is too long to be written (``trust.rotate-overlap``).
        MalformedError: the new key is none, or one of the trust root already.
        ConflictError: there is a member with the new id.

    """
    fields = document.member("keys", name)
    old = next(each for each in document.root().keys if each.id == name)
    start, end = old.scope.not_before, old.scope.not_after
    # Times are written to the second; the new key must not begin after the present instant.
    since = Instant(now.unix_ms - now.unix_ms % 1000)
    if (start is not None and since < start) or (end is not None and end < since):
        raise UsageError(
            f"the key {name!r} is believed from {start or 'ever'} until {end or 'ever'}; it is "
            f"{now} now",
            code="trust.rotate-not-current",
            hint="add the new key with `gatebook trust add` instead",
        )
    until = since + overlap if end is None else min(end, since + overlap)
    try:
        str(until)
    except OverflowError:
        raise UsageError(
            f"an overlap of {overlap} goes beyond the year 9999", code="trust.rotate-overlap"
        ) from None
    new = _next_name(document, name) if new_name is None else new_name
    _refuse_known(document, new, ("keys", "identities"))
    pss = fields.get("scheme") is not None
    key, _ = read_public_key(public_key)
    if pss and key.algorithm is not KeyAlgorithm.RSA_PKCS1:
        pss = False  # only an RSA key can be told to sign with PSS
    _, text = read_public_key(public_key, pss=pss)
    member: dict[str, Writable] = {"id": new, "public-key": text}
    if pss:
        member["scheme"] = "rsa-pss"
    member["holder"] = str(old.holder)
    if old.authority is not None:
        member["authority"] = old.authority.id
    member["not-before"] = str(since)
    if not_after is not None:
        member["not-after"] = str(not_after)
    for each in ("may-attest", "repositories", "environments"):
        member[each] = cast("Writable", fields[each])
    made = document.changed(
        "keys", name, {"not-after": str(until)}, after=("not-before", "public-key", "id")
    ).added("keys", member)
    made.root()
    return RotatedKey(document=made, old=name, until=until, new=new, since=since)


def replace_material(document: RootDocument, *, authority: str, material: bytes) -> RootDocument:
    """Put another Sigstore trusted root in the place of an authority's, verbatim.

    Raises:
        NoSuchMemberError: there is no such authority.
        MalformedError: it is not one that goes with the authority's profile.

    """
    made = document.changed("authorities", authority, {"trusted-root": _verbatim(material)})
    made.root()
    return made


def _verbatim(material: bytes) -> str:
    try:
        return material.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlError(f"the trusted root is not UTF-8: byte {error.start}") from None


def _refuse_known(document: RootDocument, name: str, sections: Sequence[str]) -> None:
    for section in sections:
        if name in document.ids(section):
            raise ConflictError(
                f"the trust root has {name[:80]!r} under {section!r} already",
                code="trust.member-exists",
                hint="choose another id; to replace a key, use `gatebook trust rotate`",
            )


def _next_name(document: RootDocument, name: str) -> str:
    taken = {*document.ids("keys"), *document.ids("identities")}
    match = _NUMBERED.match(name)
    stem, number = (name, 1) if match is None else (match[1], int(match[2]))
    while True:
        number += 1
        if f"{stem}-{number}" not in taken:
            return f"{stem}-{number}"
