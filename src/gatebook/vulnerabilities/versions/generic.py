"""Versions of no scheme in particular, by the algorithm of libversion (repology, ``ALGORITHM.md``).

The text is cut into numbers and words, words count by their first letter. From low to high: ``02``
and the letter of a word, which is a pre-release; ``03``, a zero with a pre-release behind it;
``04``, the end, which is as good as zeros; ``05``, a zero with something newer behind it; ``06``, a
word for a later release (patch, post, pl, errata); a number; ``D0`` and the letter of a word right
behind a number and not before one: 1.0a.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered

__all__ = ["key"]

_VERSION: Final = re.compile(r"[ -~]*[0-9A-Za-z][ -~]*\Z")
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*\Z", re.ASCII)
_COMPONENT: Final = re.compile(r"(\d+)|((?<=\d)[A-Za-z]+(?![0-9A-Za-z]))|([A-Za-z]+)", re.ASCII)
_LATER: Final = ("post", "patch", "pl", "errata")
_END: Final = b"\x04"
_ZERO_BEFORE_OLDER, _ZERO_BEFORE_NEWER = b"\x03", b"\x05"


def key(text: str) -> bytes:
    """The key of a version of no scheme in particular.

    Raises:
        UnorderedVersionError: no letter or digit, or a character that is not printable ASCII.

    """
    if len(text) > MAX_LENGTH or _VERSION.match(text) is None:
        raise unordered(text, "a version: it has no letter or digit, or an odd character")
    if _NUMBERS.match(text) is not None:
        numbers = [NUMBERS[digits] for digits in text.split(".")]
        while numbers and numbers[-1] == ZERO:
            del numbers[-1]
        return b"".join([_ZERO_BEFORE_NEWER if each == ZERO else each for each in numbers]) + _END
    parts = [_END]
    zero = b""
    for digits, suffix, letters in reversed(_COMPONENT.findall(text)):
        if digits:
            encoded = NUMBERS[digits]
            if encoded == ZERO:
                encoded = zero
            else:
                zero = _ZERO_BEFORE_NEWER
        else:
            encoded = _word(suffix.lower(), letters.lower())
            zero = _ZERO_BEFORE_OLDER if encoded < _END else _ZERO_BEFORE_NEWER
        parts.append(encoded)
    parts.reverse()
    return b"".join(parts)


def _word(suffix: str, letters: str) -> bytes:
    text = suffix or letters
    if text in _LATER or text.startswith("post"):
        return b"\x06" + text[:1].encode("ascii")
    return (b"\xd0" if suffix else b"\x02") + text[:1].encode("ascii")
