"""Conan versions (docs.conan.io, "Version ranges"; ``Version`` of conan).

``items-prerelease+build``, each of the three dot-separated items without trailing zeros. Key: the
items, ``01``; for a pre-release ``01``, its items and ``01``, else ``02``; for a build ``02`` and
its items. An item is ``08`` when empty; ``30`` and the word when it begins below the digits; a
number and what follows it, as a word; ``D0`` and the word when it begins above the digits.

Conan compares a number with other text as texts, which is no order (``10 < 1a < 9 < 10``). Here an
item such as ``1a`` sorts by its number first; for numbers of as many digits Conan says the same.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key"]

_VISIBLE: Final = re.compile(r"[!-~]+\Z")
_NUMBERED: Final = re.compile(r"(\d+)(.*)\Z", re.ASCII | re.DOTALL)
_END: Final = b"\x01"
_ZERO: Final = b"\x40\x00"


def key(text: str) -> bytes:
    """The key of a Conan version.

    Raises:
        UnorderedVersionError: empty, or with a character that is not visible ASCII.

    """
    if len(text) > MAX_LENGTH or _VISIBLE.match(text) is None:
        raise unordered(text, "a Conan version (visible ASCII characters)")
    version, plus, build = text.rpartition("+")
    if not plus:
        version = text
    main, dash, prerelease = version.partition("-")
    encoded = _items(main) + _END
    encoded += _END + _items(prerelease) + _END if dash else b"\x02"
    return encoded + b"\x02" + _items(build) + _END if plus else encoded + _END


def _items(text: str) -> bytes:
    items = [_item(each) for each in text.split(".")]
    while items and items[-1] == _ZERO:
        del items[-1]
    return b"".join(items)


def _item(text: str) -> bytes:
    if text.isdigit():
        return NUMBERS[text] + b"\x00"
    match = _NUMBERED.match(text)
    if match is not None:
        return NUMBERS[match[1]] + word(match[2])
    if not text:
        return b"\x08"
    return (b"\x30" if text < "0" else b"\xd0") + word(text)
