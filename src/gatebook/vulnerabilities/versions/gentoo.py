"""Gentoo versions (Package Manager Specification, "Version Comparison").

``number{.number}{letter}{_suffix{number}}{-r#}``. Key: the first number; each further one as ``0F``
and a number, or, where it begins with 0, ``30`` and its text without trailing zeros (algorithm
3.3); ``01``; the letter, or ``01`` for none; each suffix as ``10..13`` alpha, beta, pre, rc or
``15`` p, with its number, zero for none; ``14``, the end of the suffixes; the revision, zero for
none.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key"]

_VERSION: Final = re.compile(
    r"(\d+)((?:\.\d+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|p)\d*)*)(?:-r(\d+))?\Z", re.ASCII
)
_SUFFIX: Final = re.compile(r"_([a-z]+)(\d*)", re.ASCII)
_RANKS: Final = {
    "alpha": b"\x10",
    "beta": b"\x11",
    "pre": b"\x12",
    "rc": b"\x13",
    "p": b"\x15",
}
_END_OF_SUFFIXES: Final = b"\x14"


def key(text: str) -> bytes:
    """The key of a Gentoo version.

    Raises:
        UnorderedVersionError: not a Gentoo version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "a Gentoo version such as 1.2.3_rc1-r4")
    first, others, letter, suffixes, revision = match.groups()
    parts = [NUMBERS[first]]
    if others:
        parts += [
            b"\x0f" + (b"\x30" + word(digits.rstrip("0")) if digits[0] == "0" else NUMBERS[digits])
            for digits in others[1:].split(".")
        ]
    parts.append(b"\x01" + (letter.encode("ascii") or b"\x01"))
    if suffixes:
        parts += [_RANKS[name] + NUMBERS[digits] for name, digits in _SUFFIX.findall(suffixes)]
    parts += _END_OF_SUFFIXES, NUMBERS[revision or "0"]
    return b"".join(parts)
