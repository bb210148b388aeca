"""That a log has an entry, and when it says it took it in.

Rekor's first generation signs the time of each entry (the "signed entry timestamp", a promise to
include it); the second signs none. Both prove inclusion in a checkpoint that the log has signed.
"""

import binascii
from collections.abc import Sequence
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.log_entry import InclusionProof, LogEntry
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.merkle import ProofError, check_inclusion, leaf_hash
from gatebook.tlog.note import parse_note
from gatebook.trust.keys import SignatureInvalidError
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.sigstore.entry_body import EntryKind
from gatebook.trust.sigstore.refusals import (
    CheckpointMalformedError,
    CheckpointMismatchError,
    CheckpointOriginError,
    CheckpointSignatureError,
    InclusionMissingError,
    InclusionProofError,
    LogUnknownError,
    PromiseError,
)
from gatebook.trust.sigstore.root import Log

__all__ = ["verify_logged"]

_FIRST: Final = 1
_SECOND: Final = 2
_MAX_TIME: Final = 253_402_300_799  # the last second of the year 9999


def verify_logged(
    entry: LogEntry, kind: EntryKind, logs: Sequence[Log], *, promise_is_enough: bool = False
) -> tuple[Log, Instant | None]:
    """Verify that a log of the root has ``entry``.

    1. The root has the log.
    2. A signed entry timestamp, where there is one, was made by the log over body, time and index.
       Without one the integrated time means nothing (``sigstore_rekor.proto``).
    3. There is an inclusion proof with a checkpoint; a promise alone is not enough, unless asked
       for.
    4. The proof leads from the entry to a root hash.
    5. The checkpoint is signed by the log, and is the log's own (second generation).
    6. The checkpoint states the size and root hash that the proof is for.

    Args:
        entry: the entry.
        kind: what it is.
        logs: the logs of the root with its id.
        promise_is_enough: accept a verified promise in place of a proof, as bundles of version 0.1
            carry it.

    Returns:
        The log, and the time it signed, or ``None``.

    Raises:
        AttestationRefusedError: one class and code for each reason.

    """
    # (1) A log is never taken from the bundle or fetched: it is in the root or unknown.
    if not logs:
        raise LogUnknownError(
            f"the trusted root has no log {entry.log_id.hex()[:12]}",
            hint="the entry may be of another Sigstore instance; name that one's trusted root",
        )
    refusal: AttestationRefusedError | None = None
    for log in logs:
        try:
            return log, _verify(entry, kind, log, promise_is_enough=promise_is_enough)
        except AttestationRefusedError as found:
            refusal = refusal or found
    assert refusal is not None  # noqa: S101  # for the type checker: there is at least one log
    raise refusal


def _verify(
    entry: LogEntry, kind: EntryKind, log: Log, *, promise_is_enough: bool
) -> Instant | None:
    # (2) sigstore-python#1247: never use the time before, or without, this check.
    at = None
    if entry.signed_entry_timestamp is not None:
        at = _check_promise(entry, entry.signed_entry_timestamp, log)
    # (3) sigstore-python#1088: the version of a bundle is not signed, so that it cannot say which
    # of the two is needed.
    proof = entry.proof
    if proof is None or proof.checkpoint is None:
        if promise_is_enough and at is not None:
            return at
        if proof is None:
            raise InclusionMissingError("the log entry has no inclusion proof")
    # (4) RFC 9162 §2.1.3.2. In the second generation there is one tree and one index.
    if kind.rekor == _SECOND and entry.log_index != proof.index:
        raise InclusionProofError(
            f"the log entry says index {entry.log_index}, its proof {proof.index}"
        )
    try:
        check_inclusion(
            index=proof.index,
            size=proof.size,
            leaf=leaf_hash(entry.body),
            proof=proof.hashes,
            root=proof.root,
        )
    except ProofError as error:
        raise InclusionProofError(error.message) from None
    # (5), (6) That root hash is worth what the log's signature on it is worth.
    if proof.checkpoint is None:
        raise InclusionMissingError("the inclusion proof has no checkpoint")
    _check_checkpoint(proof.checkpoint, proof, kind, log)
    return at


def _check_promise(entry: LogEntry, signature: bytes, log: Log) -> Instant:
    if not entry.integrated_time or entry.integrated_time > _MAX_TIME:
        raise PromiseError("the signed entry timestamp comes without a time")
    # Rekor, pkg/api/entries.go, signEntry: RFC 8785 of these four members. The values need no
    # escapes: base64, a number, hexadecimal digits, a number.
    signed = b'{"body":"%b","integratedTime":%d,"logID":"%b","logIndex":%d}' % (
        binascii.b2a_base64(entry.body, newline=False),
        entry.integrated_time,
        entry.log_id.hex().encode("ascii"),
        entry.log_index,
    )
    try:
        log.key.check(signature, signed)
    except SignatureInvalidError:
        raise PromiseError(
            f"the signed entry timestamp was not made by {log.id} over this entry and time"
        ) from None
    return Instant.from_unix_seconds(entry.integrated_time)


def _check_checkpoint(checkpoint: str, proof: InclusionProof, kind: EntryKind, log: Log) -> None:
    try:
        note = parse_note(checkpoint.encode("utf-8", "surrogatepass"))
        stated = parse_checkpoint(note.text)
    except MalformedError as error:
        if error.code == "tlog.note-unsigned":
            raise CheckpointSignatureError("the checkpoint has no signature") from None
        raise CheckpointMalformedError(f"the checkpoint: {error.message}") from None
    # (5) Names tell logs apart from the second generation on (C2SP tlog-checkpoint). The first
    # signs under names such as "host - tree id", and private instances under others yet.
    named = kind.rekor == _FIRST or stated.origin == log.origin
    if not named:
        raise CheckpointOriginError(
            f"the checkpoint is of {stated.origin[:80]!r}; the log is {log.origin[:80]!r}"
        )
    own = [
        signature
        for signature in note.signatures
        if signature.key_id == log.key_hint
        and (kind.rekor == _FIRST or signature.name == log.origin)
    ]
    if not own:
        raise CheckpointSignatureError(f"no signature of the checkpoint is by {log.id}")
    for signature in own:
        # signed-note: a signature under the name and id of a known key must verify.
        try:
            log.key.check(signature.signature, note.text.encode())
        except SignatureInvalidError:
            raise CheckpointSignatureError(
                f"the signature of the checkpoint was not made by {log.id}"
            ) from None
        if not signature.is_plain:
            raise CheckpointMalformedError("a signature of the checkpoint has bits beyond its end")
    # (6) Both are in the bundle twice, and only the checkpoint is signed.
    if (stated.size, stated.root) != (proof.size, proof.root):
        raise CheckpointMismatchError(
            f"the checkpoint is of {stated.size} entries and root {stated.root.hex()[:12]}; the "
            f"proof is for {proof.size} and {proof.root.hex()[:12]}"
        )
