"""Maven versions (maven.apache.org/pom.html, "Version Order Specification"; ComparableVersion).

The text is cut at ``.``, ``-`` and between digits and letters, which counts as ``-``. An empty
token is 0; zeros and release words are dropped at the end and before a ``-``. One token sorts, from
low to high, as

====== ============================================================================================
02..06 qualifier before a release: alpha, beta, milestone, rc, snapshot (``a1`` = alpha 1 and so on)
07     the end
08     release word (ga, final, release)
09, 0A qualifier after a release: sp; any other with its word
0B, 0C number after ``-``; number after ``.``; and the number
====== ============================================================================================

A missing token is as good as zero. So a zero that is kept must have something newer behind it, as
in 1.0.1: one before an older qualifier is dropped too, as Maven 3.8.7 drops those of 2.0.0.RC1. The
specification keeps it, and has 1.0.rc < 1 < 1-1 < 1.0.rc, which is no order. A zero before a newer
qualifier is kept, as the specification has it: 2-1 < 2.0.a, where Maven 3.8.7 says the opposite.
"-" and "." before a qualifier mean the same.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered, word

__all__ = ["key"]

_VISIBLE: Final = re.compile(r"[!-~]+\Z")
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*\Z", re.ASCII)
_TOKEN: Final = re.compile(r"\d+|[^\d.-]+|[.-]", re.ASCII)
_END: Final = b"\x07"
_RELEASE_WORD: Final = b"\x08"
_AFTER_DASH, _AFTER_DOT = b"\x0b", b"\x0c"
_QUALIFIERS: Final = {
    "alpha": b"\x02",
    "beta": b"\x03",
    "milestone": b"\x04",
    "rc": b"\x05",
    "cr": b"\x05",
    "snapshot": b"\x06",
    "sp": b"\x09",
    **dict.fromkeys(("", "ga", "final", "release"), b""),
}
_SHORT: Final = {"a": b"\x02", "b": b"\x03", "m": b"\x04"}
_NEWEST_OLDER: Final = b"\x06"
_NULLS: Final = {"word": _RELEASE_WORD, "-": _AFTER_DASH + ZERO, ".": _AFTER_DOT + ZERO}


def key(text: str) -> bytes:
    """The key of a Maven version.

    Raises:
        UnorderedVersionError: empty, or with a character that is not visible ASCII.

    """
    if len(text) > MAX_LENGTH or _VISIBLE.match(text) is None:
        raise unordered(text, "a Maven version (visible ASCII characters)")
    if _NUMBERS.match(text) is not None:
        numbers = [NUMBERS[digits] for digits in text.split(".")]
        while numbers and numbers[-1] == ZERO:
            del numbers[-1]
        if not numbers:
            return _END
        return _AFTER_DOT + _AFTER_DOT.join(numbers) + _END
    parts = [_END]
    dropping = True
    for separator, kind, token in reversed(_tokens(text.lower())):
        if token:
            parts.append(token)
            dropping = separator == "-" or token <= _NEWEST_OLDER
        elif not dropping:
            parts.append(_NULLS[kind])
            dropping = separator == "-"
    parts.reverse()
    return b"".join(parts)


def _tokens(text: str) -> list[tuple[str, str, bytes]]:
    """Each token: the separator before it, its kind of null, its bytes (none for a null)."""
    tokens: list[tuple[str, str, bytes]] = []
    found = _TOKEN.findall(text)
    separator, expected = ".", True
    for each, following in zip(found, [*found[1:], ""], strict=True):
        if each in {".", "-"}:
            if expected:
                tokens.append((separator, separator, b""))
            separator, expected = each, True
            continue
        if not expected:
            separator = "-"
        if each[0].isdigit():
            encoded = NUMBERS[each]
            if encoded == ZERO:
                tokens.append((separator, separator, b""))
            else:
                tag = _AFTER_DASH if separator == "-" else _AFTER_DOT
                tokens.append((separator, separator, tag + encoded))
        else:
            tokens.append((separator, "word", _qualifier(each, following)))
        expected = False
    return tokens


def _qualifier(text: str, following: str) -> bytes:
    if following[:1].isdigit() and text in _SHORT:
        return _SHORT[text]
    known = _QUALIFIERS.get(text)
    return b"\x0a" + word(text) if known is None else known
