"""RPM versions (rpm.org manual, "Dependencies"; ``rpmvercmp``): ``epoch:version-release``.

Key: the epoch, then version and release as segments, each ended by ``02``. From low to high:
``01`` tilde, ``02`` the end, ``03`` caret, ``04`` and letters, a number. Other characters only
separate. A version without a release sorts before every release of it.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key"]

_VERSION: Final = re.compile(r"(?:(\d*):)?(?=.*[0-9A-Za-z])([0-9A-Za-z._+%{}~^-]+)\Z", re.ASCII)
_SEGMENT: Final = re.compile(r"\d+|[A-Za-z]+|[~^]", re.ASCII)
_END: Final = b"\x02"
_MARKS: Final = {"~": b"\x01", "^": b"\x03"}


def key(text: str) -> bytes:
    """The key of an RPM version.

    Raises:
        UnorderedVersionError: not an RPM version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "an RPM version such as 1:2.3~rc1-4.el9")
    epoch, evr = match.groups()
    version, dash, release = evr.rpartition("-")
    if not dash:
        return NUMBERS[epoch or "0"] + _segments(evr)
    if not version or not release:
        raise unordered(text, "an RPM version: version or release is empty")
    return NUMBERS[epoch or "0"] + _segments(version) + _segments(release)


def _segments(text: str) -> bytes:
    return b"".join([_segment(each) for each in _SEGMENT.findall(text)]) + _END


def _segment(text: str) -> bytes:
    if text[0].isdigit():
        return NUMBERS[text]
    return _MARKS.get(text) or b"\x04" + word(text)
