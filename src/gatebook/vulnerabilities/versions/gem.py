"""RubyGems versions (guides.rubygems.org, ``Gem::Version``).

The text is cut into numbers and words; ``-`` reads as ``.pre.``. Zeros before the first word and at
the end are dropped. A word makes a version older, so one segment sorts, from low to high: ``02``
and a word; ``03``, a zero with a word behind it; ``04``, the end; a number. ``1.0.a < 1 < 1.0.1``.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered, word

__all__ = ["key"]

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*\Z", re.ASCII)
_VERSION: Final = re.compile(
    r"\s*(\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)\s*\Z", re.ASCII
)
_SEGMENT: Final = re.compile(r"\d+|[A-Za-z]+", re.ASCII)
_ZERO_BEFORE_WORD: Final = b"\x03"
_END: Final = b"\x04"


def key(text: str) -> bytes:
    """The key of a gem version.

    Raises:
        UnorderedVersionError: not a gem version.

    """
    if len(text) > MAX_LENGTH:
        raise unordered(text, "")
    if _NUMBERS.match(text) is not None:
        numbers = [NUMBERS[digits] for digits in text.split(".")]
        while numbers and numbers[-1] == ZERO:
            del numbers[-1]
        return b"".join(numbers) + _END
    match = _VERSION.match(text)
    if match is None:
        raise unordered(text, "a gem version such as 1.2.0.rc1")
    parts: list[bytes] = []
    before_word = before_end = True
    segments = _SEGMENT.findall(match[1].replace("-", ".pre."))
    words_from = next((at for at, each in enumerate(segments) if not each.isdigit()), len(segments))
    for at in range(len(segments) - 1, -1, -1):
        segment = segments[at]
        if at == words_from - 1:
            # Gem::Version#canonical_segments drops the zeros of the numeric part on its own.
            before_end = True
        if not segment.isdigit():
            parts.append(b"\x02" + word(segment))
            before_word, before_end = True, False
            continue
        encoded = NUMBERS[segment]
        if encoded != ZERO:
            parts.append(encoded)
            before_word = before_end = False
        elif not before_end:
            parts.append(_ZERO_BEFORE_WORD if before_word else ZERO)
    parts.reverse()
    return b"".join(parts) + _END
