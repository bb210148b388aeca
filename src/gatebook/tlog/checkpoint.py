"""Signed checkpoints: what a log says it held, and who has signed that (C2SP tlog-checkpoint)."""

from collections.abc import Iterable, Sequence

from gatebook.clock import Instant
from gatebook.errors import VerificationError
from gatebook.tlog.checkpoint_body import Checkpoint, CheckpointError, parse_checkpoint
from gatebook.tlog.keys import NoteSigner, VerifierKey
from gatebook.tlog.note import OpenedNote, open_note, sign_note
from gatebook.values import record

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "OpenedCheckpoint",
    "OriginError",
    "open_checkpoint",
    "parse_checkpoint",
    "sign_checkpoint",
]


class OriginError(VerificationError):
    """A checkpoint is that of another log."""

    code = "tlog.origin-mismatch"


@record
class OpenedCheckpoint:
    """A checkpoint that its log has signed.

    Attributes:
        checkpoint: what was signed.
        note: the note it came in, with the cosignatures that verified.

    """

    checkpoint: Checkpoint
    note: OpenedNote


def open_checkpoint(
    data: bytes,
    log_key: VerifierKey,
    *,
    origin: str | None = None,
    cosigners: Iterable[VerifierKey] = (),
) -> OpenedCheckpoint:
    """Check a checkpoint against the key of its log.

    1. The note opens with the log's key and the cosigners' keys; a wrong signature by one of them
       refuses the whole (signed-note).
    2. The log's own key must be among those that signed: a cosigner cannot speak for the log.
    3. The text is a checkpoint of the log meant: ``origin``, or else the name of the log's key.

    How many cosigners there must be is not decided here; see :mod:`gatebook.tlog.quorum`.

    Raises:
        SignatureError: a signature does not verify, or the log has not signed.
        OriginError: the checkpoint is that of another log.
        MalformedError: the bytes are not a note, or its text not a checkpoint.

    """
    note = open_note(data, [log_key, *cosigners])
    note.signed_by(log_key)
    checkpoint = parse_checkpoint(note.text)
    expected = log_key.name if origin is None else origin
    if checkpoint.origin != expected:
        raise OriginError(
            f"checkpoint is of the log {checkpoint.origin[:80]!r}; expected {expected[:80]!r}",
            hint="pass the origin, where a log signs under a name that differs from it",
        )
    return OpenedCheckpoint(checkpoint=checkpoint, note=note)


def sign_checkpoint(
    checkpoint: Checkpoint, signers: Sequence[NoteSigner], *, at: Instant | None = None
) -> bytes:
    """Sign a checkpoint; ``at`` is the time that cosignatures state.

    A log must never sign two checkpoints that are inconsistent; whoever calls this sees to it.

    Raises:
        UsageError: a cosigner signs and no time is given.
        NoteError: nobody signs.

    """
    return sign_note(checkpoint.text, signers, at=at)
