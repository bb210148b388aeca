"""The numbers and byte strings in C2SP's line-based formats: one way to write each.

Checkpoints, notes, receipts and witness requests share them. A decoder that accepted a second
spelling would let bytes change without any check failing.
"""

import base64
import binascii
import re
from typing import Final

from gatebook.errors import MalformedError
from gatebook.tlog.merkle import HASH_SIZE

__all__ = [
    "MAX_SIZE",
    "LineError",
    "decode_base64",
    "decode_decimal",
    "decode_hash",
    "decode_loose_base64",
    "encode_base64",
]

MAX_SIZE: Final = 2**64 - 1
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z", re.ASCII)
_SHOWN: Final = 60


class LineError(MalformedError):
    """A number or a byte string is not written the one way it can be."""

    code = "tlog.line-malformed"


def decode_base64(text: str, *, what: str) -> bytes:
    """Decode standard base64 with padding (RFC 4648 §4), refusing every other spelling.

    Raises:
        LineError: other characters, missing padding, or bits set beyond the last byte.

    """
    decoded = decode_loose_base64(text, what=what)
    if encode_base64(decoded) != text:
        raise LineError(f"{what} is not base64: {text[:_SHOWN]!r}", code="tlog.not-base64")
    return decoded


def decode_loose_base64(text: str, *, what: str) -> bytes:
    """Decode standard base64 with padding, ignoring bits set beyond the last byte.

    Only for what must be read although somebody else misspelt it; the caller compares.

    Raises:
        LineError: other characters or missing padding.

    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise LineError(
            f"{what} is not base64: {text[:_SHOWN]!r}", code="tlog.not-base64"
        ) from None


def encode_base64(data: bytes) -> str:
    """Encode as standard base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def decode_hash(text: str, *, what: str) -> bytes:
    """Decode the base64 of one SHA-256 hash.

    Raises:
        LineError: not base64, or not 32 bytes.

    """
    decoded = decode_base64(text, what=what)
    if len(decoded) != HASH_SIZE:
        raise LineError(
            f"{what} has {len(decoded)} bytes; expected {HASH_SIZE}", code="tlog.hash-length"
        )
    return decoded


def decode_decimal(text: str, *, what: str) -> int:
    """Decode an unsigned 64-bit number in ASCII decimal without sign or leading zeros.

    Raises:
        LineError: another form, or a number above 2^64-1.

    """
    number = int(text) if _DECIMAL.match(text) else -1
    if not 0 <= number <= MAX_SIZE:
        raise LineError(
            f"{what} is not a decimal number without leading zeros: {text[:_SHOWN]!r}",
            code="tlog.not-decimal",
        )
    return number
