"""The bytes that keys are made of: numbers that sort as numbers, texts that end, and the refusal.

A number is its length, then its digits without leading zeros: ``0x40 + n`` for fewer than 128
digits, two bytes from ``0xC0 0x80`` on for more. Zero has no digits. Every number therefore starts
with a byte in ``0x40..0xC4`` and ends by itself; the bytes below and above are left to the schemes
for what sorts before and after every number. A word is its bytes and ``0x00``, so that a word
sorts before the longer words it begins.
"""

from typing import Final

from gatebook.errors import MalformedError

__all__ = [
    "MAX_LENGTH",
    "NUMBERS",
    "ZERO",
    "UnorderedVersionError",
    "number",
    "unordered",
    "word",
]

MAX_LENGTH: Final = 1024
ZERO: Final = b"\x40"
_SHORT: Final = 128
_REMEMBERED: Final = 4
_SHOWN: Final = 80


class UnorderedVersionError(MalformedError):
    """Text has no place in the order of its scheme, so nothing can be said of before and after."""

    code = "versions.unordered"


def unordered(text: str, called: str) -> UnorderedVersionError:
    """The refusal of ``text``, which is not what ``called`` names."""
    if len(text) > MAX_LENGTH:
        return UnorderedVersionError(
            f"a version of {len(text):,} characters; the limit is {MAX_LENGTH:,}",
            code="versions.too-long",
        )
    return UnorderedVersionError(f"{text[:_SHOWN]!r} is not {called}")


def number(digits: str) -> bytes:
    """Encode at most 1,024 ASCII digits so that bytes sort as the numbers do."""
    digits = digits.lstrip("0")
    length = len(digits)
    if length < _SHORT:
        return bytes((0x40 + length,)) + digits.encode("ascii")
    return bytes((0xC0 + (length >> 8), length & 0xFF)) + digits.encode("ascii")


def word(text: str) -> bytes:
    """Encode ASCII text without NUL so that bytes sort as the text does, and end it."""
    return text.encode("ascii") + b"\x00"


class _Numbers(dict[str, bytes]):
    """Encoded numbers; those of a few digits, which is nearly all, are kept."""

    def __missing__(self, digits: str) -> bytes:
        encoded = number(digits)
        if len(digits) <= _REMEMBERED:
            self[digits] = encoded
        return encoded


NUMBERS: Final[dict[str, bytes]] = _Numbers()
