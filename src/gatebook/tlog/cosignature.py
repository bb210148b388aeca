"""Cosignatures: signed statements, with a time, that a log only grew (C2SP tlog-cosignature).

Two forms: Ed25519 over the text of a checkpoint (``cosignature/v1``), ML-DSA-44 over its fields or
those of a subtree (``subtree/v1``). Whether the cosigner is believed is not said here.
"""

from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.keys import NoteSigner, SignatureError, SignatureType, VerifierKey
from gatebook.tlog.lines import MAX_SIZE
from gatebook.tlog.merkle import HASH_SIZE
from gatebook.tlog.subtree import check_subtree_range

__all__ = [
    "CosignatureError",
    "check_cosignature",
    "check_subtree_cosignature",
    "sign_cosignature",
    "sign_subtree",
]

_TIME_BYTES: Final = 8
_MAX_NAME: Final = 255
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z: no RFC 3339 time lies beyond
_LABEL: Final = b"subtree/v1\n\x00"


class CosignatureError(MalformedError):
    """What is to be cosigned, or is said to be, cannot: the wrong key type, time or fields."""

    code = "tlog.cosignature"


def sign_cosignature(text: str, signer: NoteSigner, *, at: Instant) -> bytes:
    """Cosign the text of a checkpoint; return the ``timestamped_signature`` structure.

    Raises:
        CosignatureError: the key does not make cosignatures, or the time cannot be written.
        MalformedError: the text is not that of a checkpoint.

    """
    seconds = _seconds(at)
    if seconds == 0:
        # tlog-witness: a checkpoint's cosignature must not omit the time, and zero means none.
        raise CosignatureError("a checkpoint is cosigned at a time after the epoch")
    message = _checkpoint_message(text, signer.verifier, seconds)
    return seconds.to_bytes(_TIME_BYTES, "big") + signer.sign(message)


def check_cosignature(text: str, key: VerifierKey, signature: bytes) -> Instant | None:
    """Check a cosignature on the text of a checkpoint; return the time it states, if any.

    Raises:
        SignatureError: too short, a time beyond the year 9999, or not by this key over this text.
        MalformedError: the text is not that of a checkpoint.

    """
    seconds, raw = _split(key, signature)
    key.check(_checkpoint_message(text, key, seconds), raw)
    return Instant.from_unix_seconds(seconds) if seconds else None


def sign_subtree(
    signer: NoteSigner, *, origin: str, start: int, end: int, root: bytes, at: Instant | None = None
) -> bytes:
    """Cosign the subtree ``[start, end)`` of a log with ML-DSA-44.

    Raises:
        CosignatureError: another type of key, a time although the subtree does not start at 0, or
            fields that do not fit.
        ProofError: the range is not a subtree.

    """
    seconds = 0 if at is None else _seconds(at)
    if start and seconds:
        # tlog-cosignature: only a tree that starts at 0 can be called the largest seen.
        raise CosignatureError("a subtree that does not start at 0 is cosigned without a time")
    message = _subtree_message(
        signer.verifier, origin=origin, start=start, end=end, root=root, seconds=seconds
    )
    return seconds.to_bytes(_TIME_BYTES, "big") + signer.sign(message)


def check_subtree_cosignature(
    key: VerifierKey, signature: bytes, *, origin: str, start: int, end: int, root: bytes
) -> Instant | None:
    """Check an ML-DSA-44 cosignature on the subtree ``[start, end)``; return its time, if any.

    Raises:
        SignatureError: too short, a time where none may be, or not by this key over these fields.
        CosignatureError: another type of key, or fields that do not fit.
        ProofError: the range is not a subtree.

    """
    seconds, raw = _split(key, signature)
    if start and seconds:
        raise SignatureError(f"cosignature by {key} states a time for a subtree not starting at 0")
    message = _subtree_message(key, origin=origin, start=start, end=end, root=root, seconds=seconds)
    key.check(message, raw)
    return Instant.from_unix_seconds(seconds) if seconds else None


def _checkpoint_message(text: str, key: VerifierKey, seconds: int) -> bytes:
    checkpoint = parse_checkpoint(text)
    if key.type is SignatureType.ED25519_COSIGNATURE:
        # Extension lines are covered: the whole text follows the two header lines.
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return _subtree_message(
        key,
        origin=checkpoint.origin,
        start=0,
        end=checkpoint.size,
        root=checkpoint.root,
        seconds=seconds,
    )


def _subtree_message(
    key: VerifierKey, *, origin: str, start: int, end: int, root: bytes, seconds: int
) -> bytes:
    """``cosigned_message``: RFC 8446 §3 encoding, lengths before the two names."""
    if key.type is not SignatureType.ML_DSA_44_COSIGNATURE:
        raise CosignatureError(f"{key} does not make cosignatures of this form")
    check_subtree_range(start=start, end=end, size=MAX_SIZE)
    cosigner, log = key.name.encode(), origin.encode("utf-8", "surrogatepass")
    if not 0 < len(cosigner) <= _MAX_NAME or not 0 < len(log) <= _MAX_NAME:
        raise CosignatureError(f"names of cosigner and log have 1 to {_MAX_NAME} bytes")
    if len(root) != HASH_SIZE:
        raise CosignatureError(f"root hash has {len(root)} bytes; expected {HASH_SIZE}")
    return b"".join(
        (
            _LABEL,
            bytes((len(cosigner),)),
            cosigner,
            seconds.to_bytes(8, "big"),
            bytes((len(log),)),
            log,
            start.to_bytes(8, "big"),
            end.to_bytes(8, "big"),
            root,
        )
    )


def _split(key: VerifierKey, signature: bytes) -> tuple[int, bytes]:
    seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) <= _TIME_BYTES or seconds > _LAST_SECOND:
        raise SignatureError(f"cosignature by {key} has no time between 1970 and 9999")
    return seconds, signature[_TIME_BYTES:]


def _seconds(at: Instant) -> int:
    seconds = at.unix_ms // 1000
    if not 0 <= seconds <= _LAST_SECOND:
        raise CosignatureError("a cosignature states a time between 1970 and 9999")
    return seconds
