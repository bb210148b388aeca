"""One immutable entry of the book: envelope, canonical encoding, strict decoding.

Wire form (version 1), keys sorted, absent rather than null::

    {"actor": "local#ana", "body": {…}, "evidence": [{"digest", "media_type", "salted"?, "size"}],
     "id": uuid, "kind": "artifact.recorded", "links": [{"entry": uuid, "rel": "decided-by"}],
     "occurred"?: instant, "subjects": ["sha256:…"], "time": instant, "v": 1}

``accept(bytes)`` implies ``encode(decode(bytes)) == bytes``: one entry has one form, so duplicate
keys, spaces, escapes or explicit nulls are refused. Readers for every version are kept for ever.
"""

import hashlib
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError
from gatebook.ledger.kinds import KINDS, Body, Part
from gatebook.names import (
    Actor,
    ArtifactName,
    CommitId,
    ControlId,
    EnvironmentName,
    RepositoryUri,
    RoleName,
)

__all__ = [
    "MAX_ENTRY_BYTES",
    "BlobReference",
    "Draft",
    "Entry",
    "EntryId",
    "EntryMalformedError",
    "Link",
    "Relation",
    "decode_entry",
    "encode_entry",
    "entry_key",
    "idempotent_id",
    "same_content",
    "time_ordered_id",
]

MAX_ENTRY_BYTES: Final = 65_535
"""C2SP tlog-tiles: an entry's length is a uint16 in its bundle."""

_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
)
_PARSED: Final[frozenset[type]] = frozenset(
    (
        Digest,
        Instant,
        Actor,
        ArtifactName,
        CommitId,
        ControlId,
        EnvironmentName,
        RepositoryUri,
        RoleName,
    )
)


class EntryMalformedError(MalformedError):
    """Bytes are not an entry of a known version and kind in its one canonical form."""

    code = "ledger.entry-malformed"


class EntryId:
    """Makes entry ids: UUIDs (RFC 9562) of version 7 or, for idempotent writes, version 8."""

    @staticmethod
    def format(value: bytes, version: int) -> str:
        """Write sixteen bytes as a UUID of the given version and the RFC 9562 variant."""
        number = int.from_bytes(value, "big")
        number = number & ~(0xF << 76) | version << 76
        number = number & ~(0x3 << 62) | 0x2 << 62
        digits = f"{number:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def time_ordered_id(now: Instant, random: Callable[[int], bytes]) -> str:
    """A UUIDv7: 48 bits of Unix milliseconds, then randomness (RFC 9562 §5.7)."""
    return EntryId.format(now.unix_ms.to_bytes(6, "big") + random(10), 7)


def idempotent_id(actor: Actor, key: str) -> str:
    """A UUIDv8 made of actor and idempotency key (RFC 9562 §5.8).

    The same actor and key give the same id on every store, so that the unique id is also the
    index of idempotency keys, and can be rebuilt and verified from the entries alone.
    """
    text = f"gatebook/idempotency/v1\n{actor}\n{key}".encode()
    return EntryId.format(hashlib.sha256(text).digest()[:16], 8)


def entry_key(entry_id: str) -> bytes:
    """The sixteen bytes of an id, as stores index it."""
    return bytes.fromhex(entry_id.replace("-", ""))


class Relation(StrEnum):
    """How one entry refers to another."""

    REVOKES = "revokes"
    DECIDED_BY = "decided-by"
    STARTED_BY = "started-by"
    EVALUATES = "evaluates"
    LAPSES = "lapses"


class Link(Part, frozen=True, kw_only=True):
    """A reference to another entry of the same book, by id."""

    rel: Relation
    entry: str


class BlobReference(Part, frozen=True, kw_only=True):
    """A content-addressed document outside the entry.

    Attributes:
        digest: of the stored bytes; when ``salted``, those are 32 random bytes and the document,
            so that a guess at a personal or low-entropy document cannot be confirmed.
        size: length of the stored bytes.
        media_type: what the document is.
        salted: whether the first 32 stored bytes are salt.

    """

    digest: Digest
    size: int
    media_type: str
    salted: bool = False


class _Envelope(Part, frozen=True, kw_only=True):
    v: int
    id: str
    kind: str
    time: Instant
    actor: Actor
    occurred: Instant | None = None
    subjects: tuple[Digest, ...] = ()
    body: msgspec.Raw
    evidence: tuple[BlobReference, ...] = ()
    links: tuple[Link, ...] = ()


class _Written(Part, frozen=True, kw_only=True):
    v: int
    id: str
    kind: str
    time: Instant
    actor: Actor
    occurred: Instant | None = None
    subjects: tuple[Digest, ...] = ()
    body: Body
    evidence: tuple[BlobReference, ...] = ()
    links: tuple[Link, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to append; the ledger gives it an id and a time.

    Attributes:
        actor: who says so.
        body: what is said, one class per kind.
        subjects: the artifacts it is about, by digest.
        occurred: when it happened, if that is not now.
        evidence: blobs it stands on; they are in the blob store already.
        links: entries it refers to.
        idempotency_key: a retry with the same actor, key and content appends nothing.

    """

    actor: Actor
    body: Body
    subjects: tuple[Digest, ...] = ()
    occurred: Instant | None = None
    evidence: tuple[BlobReference, ...] = ()
    links: tuple[Link, ...] = ()
    idempotency_key: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded entry; see :class:`Draft` for the fields both have.

    Attributes:
        id: unique in the book.
        time: when the ledger received it, by its own clock; the order is the index, not the time.

    """

    id: str
    time: Instant
    actor: Actor
    body: Body
    subjects: tuple[Digest, ...] = ()
    occurred: Instant | None = None
    evidence: tuple[BlobReference, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def kind(self) -> str:
        """Name of the kind, in the past tense."""
        return self.body.kind

    @property
    def happened(self) -> Instant:
        """When it happened: as claimed, else when it was received."""
        return self.occurred or self.time


def _to_text(value: Any) -> str:
    if type(value) in _PARSED:
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in an entry")


def _from_text(kind: type, value: Any) -> Any:
    if kind in _PARSED and type(value) is str:
        parsed = kind.parse(value)  # type: ignore[attr-defined]  # every class of _PARSED has it
        if str(parsed) != value:
            raise MalformedError(f"{value[:80]!r} is not written as {str(parsed)[:80]!r}")
        return parsed
    raise MalformedError(f"expected text for {kind.__name__}")


_ENCODER: Final = msgspec.json.Encoder(order="sorted", enc_hook=_to_text)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope, dec_hook=_from_text)
_BODIES: Final = {
    name: msgspec.json.Decoder(body, dec_hook=_from_text) for name, body in KINDS.items()
}


def encode_entry(entry: Entry) -> bytes:
    """Encode in the one canonical form.

    Raises:
        EntryMalformedError: longer than 65,535 bytes, or text that is not Unicode.

    """
    written = _Written(
        v=1,
        id=entry.id,
        kind=entry.body.kind,
        time=entry.time,
        actor=entry.actor,
        occurred=entry.occurred,
        subjects=entry.subjects,
        body=entry.body,
        evidence=entry.evidence,
        links=entry.links,
    )
    try:
        encoded = _ENCODER.encode(written)
    except (UnicodeEncodeError, TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise EntryMalformedError(f"entry cannot be encoded: {error}") from None
    if len(encoded) > MAX_ENTRY_BYTES:
        raise EntryMalformedError(
            f"entry {entry.kind} has {len(encoded)} bytes; at most {MAX_ENTRY_BYTES} fit",
            code="ledger.entry-too-large",
            hint="put documents into blobs and refer to them by digest",
        )
    return encoded


def decode_entry(data: bytes) -> Entry:
    """Decode strictly.

    Raises:
        EntryMalformedError: another version, an unknown kind or field, or not the canonical form.

    """
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryMalformedError(
            f"entry has {len(data)} bytes; at most {MAX_ENTRY_BYTES} fit",
            code="ledger.entry-too-large",
        )
    try:
        envelope = _ENVELOPE.decode(data)
        if envelope.v != 1:
            raise EntryMalformedError(
                f"entry has version {envelope.v}; this release reads version 1",
                code="ledger.entry-version",
                hint="read the book with a newer release",
            )
        decoder = _BODIES.get(envelope.kind)
        if decoder is None:
            raise EntryMalformedError(
                f"entry has the unknown kind {envelope.kind[:64]!r}", code="ledger.unknown-kind"
            )
        body = decoder.decode(envelope.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EntryMalformedError(f"entry is malformed: {error}") from None
    except EntryMalformedError:
        raise
    except GatebookError as error:
        raise EntryMalformedError(f"entry is malformed: {error}") from None
    if _UUID.match(envelope.id) is None:
        raise EntryMalformedError(f"entry id {envelope.id[:40]!r} is not a UUID of version 7 or 8")
    entry = Entry(
        id=envelope.id,
        time=envelope.time,
        actor=envelope.actor,
        body=body,
        subjects=envelope.subjects,
        occurred=envelope.occurred,
        evidence=envelope.evidence,
        links=envelope.links,
    )
    if encode_entry(entry) != data:
        raise EntryMalformedError(
            "entry is not in canonical form", code="ledger.entry-not-canonical"
        )
    return entry


def same_content(first: Entry, second: Entry) -> bool:
    """Whether two entries say the same, whatever time the ledger gave them."""
    return msgspec.structs.replace(first, time=second.time) == second
