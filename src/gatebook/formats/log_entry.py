"""Entries of a Rekor transparency log, as bundles carry them.

The form is ``TransparencyLogEntry`` of the Sigstore protocol buffers (``sigstore_rekor.proto``),
shared by Sigstore bundles and PEP 740 attestations. What an entry's body says, and whether the log
has it, is decided in another room.
"""

import base64
from typing import Final

import msgspec

from gatebook.canonical import JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.protobuf_json import (
    KnownFields,
    decode_base64,
    optional_int64,
    raw_bytes,
    required_int64,
)

__all__ = [
    "MAX_LOG_ENTRIES",
    "InclusionProof",
    "LogEntry",
    "LogEntryError",
    "encode_log_entry",
    "read_log_entries",
    "read_log_entry",
]

MAX_LOG_ENTRIES: Final = 32
"""More entries in one bundle are refused before any is looked at."""

_HASH_BYTES: Final = 32
_MAX_HASHES: Final = 64  # RFC 6962 §2.1.1: a proof is no longer than the tree is high.
_MAX_LOG_ID: Final = 32
_MAX_SIGNATURE: Final = 4096
_MAX_BODY: Final = 16 * 1024 * 1024

_ENTRY: Final = KnownFields(
    (
        "logIndex",
        "logId",
        "kindVersion",
        "integratedTime",
        "inclusionPromise",
        "inclusionProof",
        "canonicalizedBody",
    )
)
_PROOF: Final = KnownFields(("logIndex", "rootHash", "treeSize", "hashes", "checkpoint"))
_LOG_ID: Final = KnownFields(("keyId",))
_PROMISE: Final = KnownFields(("signedEntryTimestamp",))
_KIND: Final = KnownFields(("kind", "version"))
_CHECKPOINT: Final = KnownFields(("envelope",))


class LogEntryError(MalformedError):
    """A transparency log entry is not written as one."""

    code = "formats.log-entry"


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that a log of some size holds the entry at some place.

    Attributes:
        index: the place of the entry in the tree.
        size: the size of the tree.
        root: the root hash over the tree.
        hashes: the path from the leaf to the root.
        checkpoint: the signed note in which the log states size and root, or ``None``: early
            bundles of version 0.1 have none.

    """

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str | None


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, and what the log says about it; nothing of it is checked yet.

    Attributes:
        log_index: the index over all shards of the log.
        log_id: which log, by the hash of its key.
        kind: what the body is, such as ``hashedrekord``.
        version: the version of that kind, such as ``0.0.1``.
        integrated_time: seconds since 1970; means nothing without the promise.
        signed_entry_timestamp: the log's signature over body, time and index, or ``None``.
        proof: the inclusion proof, or ``None``.
        body: the bytes whose hash is the leaf.

    """

    log_index: int
    log_id: bytes
    kind: str
    version: str
    integrated_time: int | None
    signed_entry_timestamp: bytes | None
    proof: InclusionProof | None
    body: bytes


def read_log_entries(fields: Fields, name: str) -> tuple[LogEntry, ...]:
    """Read the array ``name``; an absent one is empty.

    Raises:
        MalformedError: more than :data:`MAX_LOG_ENTRIES`, or one is malformed.

    """
    if len(fields.array(name)) > MAX_LOG_ENTRIES:
        raise LogEntryError(
            f"{fields.what} has more than {MAX_LOG_ENTRIES} log entries", code="formats.limit"
        )
    return tuple(read_log_entry(item) for item in fields.objects(name))


def read_log_entry(fields: Fields) -> LogEntry:
    """Read one entry.

    Raises:
        MalformedError: a field is missing, of another type, or spelt otherwise.

    """
    fields = Fields(fields.values, fields.what, LogEntryError.code)
    _ENTRY.check_spelling(fields)
    log_id = fields.object("logId")
    _LOG_ID.check_spelling(log_id)
    kind = fields.object("kindVersion")
    _KIND.check_spelling(kind)
    promise = fields.optional_object("inclusionPromise")
    if promise is not None:
        _PROMISE.check_spelling(promise)
    proof = fields.optional_object("inclusionProof")
    return LogEntry(
        # An index of zero is the default value, which writers of Protocol Buffers may leave out.
        log_index=optional_int64(fields, "logIndex") or 0,
        log_id=raw_bytes(log_id, "keyId", limit=_MAX_LOG_ID),
        kind=kind.text("kind"),
        version=kind.text("version"),
        integrated_time=optional_int64(fields, "integratedTime"),
        signed_entry_timestamp=None
        if promise is None
        else raw_bytes(promise, "signedEntryTimestamp", limit=_MAX_SIGNATURE),
        proof=None if proof is None else _read_proof(proof),
        body=raw_bytes(fields, "canonicalizedBody", limit=_MAX_BODY),
    )


def encode_log_entry(entry: LogEntry) -> JsonObject:
    """The JSON form of an entry."""
    written: JsonObject = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": _base64(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "canonicalizedBody": _base64(entry.body),
    }
    if entry.integrated_time is not None:
        written["integratedTime"] = str(entry.integrated_time)
    if entry.signed_entry_timestamp is not None:
        written["inclusionPromise"] = {
            "signedEntryTimestamp": _base64(entry.signed_entry_timestamp)
        }
    if entry.proof is not None:
        proof: JsonObject = {
            "logIndex": str(entry.proof.index),
            "rootHash": _base64(entry.proof.root),
            "treeSize": str(entry.proof.size),
            "hashes": [_base64(item) for item in entry.proof.hashes],
        }
        if entry.proof.checkpoint is not None:
            proof["checkpoint"] = {"envelope": entry.proof.checkpoint}
        written["inclusionProof"] = proof
    return written


def _read_proof(fields: Fields) -> InclusionProof:
    _PROOF.check_spelling(fields)
    checkpoint = fields.optional_object("checkpoint")
    if checkpoint is not None:
        _CHECKPOINT.check_spelling(checkpoint)
    hashes = fields.array("hashes")
    if len(hashes) > _MAX_HASHES:
        raise fields.refuse(f"a proof has at most {_MAX_HASHES} hashes, found {len(hashes)}")
    return InclusionProof(
        index=optional_int64(fields, "logIndex") or 0,
        size=required_int64(fields, "treeSize"),
        root=_hash(fields.values.get("rootHash"), f"{fields.what}.rootHash"),
        hashes=tuple(_hash(item, f"{fields.what}.hashes") for item in hashes),
        checkpoint=None if checkpoint is None else checkpoint.text("envelope"),
    )


def _hash(value: object, what: str) -> bytes:
    if not isinstance(value, str):
        raise LogEntryError(f"{what} must be a base64 string")
    decoded = decode_base64(value, what=what, code=LogEntryError.code)
    if len(decoded) != _HASH_BYTES:
        raise LogEntryError(f"{what} has {len(decoded)} bytes; a hash has {_HASH_BYTES}")
    return decoded


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
