"""Arch Linux versions (vercmp(8); libalpm, ``alpm_pkg_vercmp``): ``epoch:pkgver-pkgrel``.

Key: the epoch, then pkgver and pkgrel as segments, each ended by ``02``. A segment is what stands
between it and the one before, then ``01`` and letters or a number. From low to high: ``01``,
letters directly behind digits, which make a version older; ``02``, the end; ``03``, digits directly
behind letters, or the start; ``04``, a separator of one character, ``05``, of two, and so on.

A version without pkgrel is neither before nor after its releases: libalpm calls it equal to each of
them, which no order can. Its key begins theirs and sorts before them; :func:`without_release` gives
it to those who compare two versions the way libalpm does.

Text that ends with a separator is refused: libalpm has ``1..a < 1. < 1.1 < 1..a``.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key", "without_release"]

_VERSION: Final = re.compile(
    r"(?:(\d*):)?(?!-)([0-9A-Za-z._+~@^-]+?)(?:-([0-9A-Za-z._+~@^]+))?\Z", re.ASCII
)
_SEGMENT: Final = re.compile(r"([^0-9A-Za-z]*)(\d+|[A-Za-z]+)?", re.ASCII)
_END: Final = b"\x02"
_LARGEST_GAP: Final = 200


def key(text: str) -> bytes:
    """The key of an Arch Linux version.

    Raises:
        UnorderedVersionError: not an Arch Linux version, or one that ends with a separator.

    """
    version, release = _parts(text)
    return version + release


def without_release(text: str) -> bytes | None:
    """The key of an Arch Linux version that has no pkgrel, or ``None``.

    It begins the keys of all releases of the version, and no others.

    Raises:
        UnorderedVersionError: not an Arch Linux version, or one that ends with a separator.

    """
    version, release = _parts(text)
    return None if release else version


def _parts(text: str) -> tuple[bytes, bytes]:
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "an Arch Linux version such as 1:2.3rc1-4")
    epoch, version, release = match.groups()
    return (
        NUMBERS[epoch or "0"] + _segments(version, text),
        b"" if release is None else _segments(release, text),
    )


def _segments(text: str, whole: str) -> bytes:
    parts: list[bytes] = []
    for gap, segment in _SEGMENT.findall(text):
        if not segment:
            if gap:
                raise unordered(whole, "an Arch Linux version: it ends with a separator")
            continue
        is_number = segment[0].isdigit()
        if gap or not parts:
            if len(gap) > _LARGEST_GAP:
                raise unordered(whole, "an Arch Linux version: too many separators in a row")
            parts.append(bytes((0x03 + len(gap),)))
        else:
            parts.append(b"\x03" if is_number else b"\x01")
        parts.append(NUMBERS[segment] if is_number else b"\x01" + word(segment))
    return b"".join(parts) + _END
