"""What a witness answers to ``add-checkpoint`` (C2SP tlog-witness): the rules, without the HTTP.

A witness signs a checkpoint only if it extends the last one it signed for that log. Comparing with
that last one and keeping the new one must happen in one transaction of the caller, and the new one
must be kept before the answer is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError, UsageError
from gatebook.tlog.checkpoint import Checkpoint, parse_checkpoint
from gatebook.tlog.keys import NoteSigner, SignatureError, VerifierKey
from gatebook.tlog.lines import decode_decimal, decode_hash, encode_base64
from gatebook.tlog.merkle import EMPTY_ROOT, ProofError, check_consistency
from gatebook.tlog.note import NoteSignature, OpenedNote, open_note, parse_note, signature_line

__all__ = [
    "AddCheckpoint",
    "WitnessAnswer",
    "WitnessRequestError",
    "WitnessedCheckpoint",
    "answer_add_checkpoint",
    "origin_hash",
    "parse_add_checkpoint",
]

MAX_PROOF_LINES: Final = 63
_MAX_BYTES: Final = 1024 * 1024
_TEXT: Final = "text/plain; charset=utf-8"
_SIZE: Final = "text/x.tlog.size"


class WitnessRequestError(MalformedError):
    """The body of a request is not what ``add-checkpoint`` takes."""

    code = "tlog.witness-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A parsed request; nothing in it is checked.

    Attributes:
        old_size: the size from which the proof leads.
        proof: the consistency proof.
        note: the signed checkpoint, byte for byte.

    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old_size}\n", *(f"{encode_base64(found)}\n" for found in self.proof)]
        return "".join(lines).encode() + b"\n" + self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedCheckpoint:
    """What a witness keeps for a log.

    Attributes:
        origin: the log.
        size: the size of the last checkpoint it signed.
        root: that checkpoint's root hash.
        note: that checkpoint with the log's signature and the witness's own, to serve to monitors.

    """

    origin: str
    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """What to send back, and what to keep before sending it.

    Attributes:
        status: the HTTP status.
        body: the answer's bytes.
        content_type: their type.
        keep: the new state of the log, when the checkpoint was signed.

    """

    status: int
    body: bytes
    content_type: str = _TEXT
    keep: WitnessedCheckpoint | None = None


def origin_hash(origin: str) -> str:
    """The directory under which a witness serves a log's checkpoint: SHA-256 of the origin, hex."""
    return sha256(origin.encode()).hexdigest()


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Parse the body of a request.

    Raises:
        WitnessRequestError: no ``old`` line, no empty line, or more than 63 proof lines.
        LineError: a size that is not plain decimal, or a proof line that is not 32 bytes.

    """
    if len(body) > _MAX_BYTES:
        raise WitnessRequestError(f"request has {len(body)} bytes; at most {_MAX_BYTES} are read")
    head, blank, note = body.partition(b"\n\n")
    if not blank:
        raise WitnessRequestError("request has no empty line before the checkpoint")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise WitnessRequestError("the proof lines of a request are ASCII") from None
    if not first.startswith("old "):
        raise WitnessRequestError("request does not begin with the old size")
    if len(rest) > MAX_PROOF_LINES:
        raise WitnessRequestError(f"request has {len(rest)} proof lines; 63 are allowed")
    return AddCheckpoint(
        old_size=decode_decimal(first.removeprefix("old "), what="old size"),
        proof=tuple(decode_hash(line, what="hash of the proof") for line in rest),
        note=note,
    )


def answer_add_checkpoint(
    body: bytes,
    *,
    logs: Mapping[str, Sequence[VerifierKey]],
    stored: Callable[[str], WitnessedCheckpoint | None],
    signers: Sequence[NoteSigner],
    now: Instant,
) -> WitnessAnswer:
    """Judge a request and, if all holds, sign its checkpoint.

    Args:
        body: the request's bytes.
        logs: the keys trusted for each origin.
        stored: the last checkpoint signed for an origin; ``None`` if there is none.
        signers: the witness's own cosignature keys.
        now: the time the cosignatures state.

    Raises:
        UsageError: the witness has no keys, or one that makes no cosignatures.

    """
    if not signers or not all(signer.verifier.type.is_cosignature for signer in signers):
        raise UsageError("a witness signs with cosignature keys", code="tlog.witness-keys")
    try:
        return _judge(body, logs, stored, signers, now)
    except _RefusedError as refusal:
        return refusal.answer


class _RefusedError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = WitnessAnswer(status=status, body=f"{reason}\n".encode("utf-8", "replace"))


def _judge(
    body: bytes,
    logs: Mapping[str, Sequence[VerifierKey]],
    stored: Callable[[str], WitnessedCheckpoint | None],
    signers: Sequence[NoteSigner],
    now: Instant,
) -> WitnessAnswer:
    request, note, checkpoint = _open(body, logs)
    if request.old_size > checkpoint.size:
        raise _RefusedError(400, f"old size {request.old_size} is above size {checkpoint.size}")
    last = stored(checkpoint.origin)
    known_size = 0 if last is None else last.size
    if request.old_size != known_size:
        return WitnessAnswer(status=409, body=f"{known_size}\n".encode(), content_type=_SIZE)
    _check_growth(request, checkpoint, EMPTY_ROOT if last is None else last.root)
    lines = [signature_line(note.text, signer, at=now) for signer in signers]
    return WitnessAnswer(
        status=200,
        body="".join(line.line for line in lines).encode(),
        keep=WitnessedCheckpoint(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            note=_join(note.text, [found.signature for found in note.verified], lines),
        ),
    )


def _open(
    body: bytes, logs: Mapping[str, Sequence[VerifierKey]]
) -> tuple[AddCheckpoint, OpenedNote, Checkpoint]:
    try:
        request = parse_add_checkpoint(body)
        origin = parse_note(request.note).text.partition("\n")[0]
        keys = logs.get(origin)
        if not keys:
            raise _RefusedError(404, f"unknown log {origin[:80]!r}")
        note = open_note(request.note, keys)
        return request, note, parse_checkpoint(note.text)
    except SignatureError as error:
        raise _RefusedError(403, f"invalid signature: {error.message}") from error
    except MalformedError as error:
        # One fault of a checkpoint has a status of its own: an empty log with another root.
        status = 422 if error.code == "tlog.empty-root" else 400
        raise _RefusedError(status, error.message) from error


def _check_growth(request: AddCheckpoint, checkpoint: Checkpoint, known_root: bytes) -> None:
    if request.old_size == 0:
        # tlog-witness: every tree extends the empty one, so there is nothing to prove.
        if request.proof:
            raise _RefusedError(422, "consistency proof: from size 0 it is empty")
        return
    try:
        check_consistency(
            old_size=request.old_size,
            new_size=checkpoint.size,
            old_root=known_root,
            new_root=checkpoint.root,
            proof=request.proof,
        )
    except ProofError as error:
        raise _RefusedError(422, f"consistency proof: {error.message}") from error


def _join(text: str, log_lines: list[NoteSignature], own_lines: list[NoteSignature]) -> bytes:
    """The checkpoint as monitors get it: verified signatures only."""
    signatures = dict.fromkeys([*log_lines, *own_lines])
    return f"{text}\n{''.join(found.line for found in signatures)}".encode()
