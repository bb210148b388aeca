"""Composer versions (getcomposer.org/doc/articles/versions.md; composer/semver, ``normalize``).

The text is normalised as Composer does and compared as PHP's ``version_compare`` does. Key: four
numbers, or those of a date; then the stability with its numbers, and whether it is a development
version; then the end. From low to high: ``01`` dev, ``02`` alpha, ``03`` beta, ``04`` RC, ``05``
the end, a number, ``F0`` patch. Build metadata and ``stable`` count for nothing. A branch of
numbers (``1.x-dev``) is the last development version of its line; another branch has no order.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered

__all__ = ["key"]

_MODIFIER: Final = r"[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\d+)*)?)?([.-]?dev)?\Z"
_FLAG: Final = re.compile(r"@(?:stable|rc|beta|alpha|dev)\Z", re.ASCII | re.IGNORECASE)
_CLASSICAL: Final = re.compile(
    r"v?(\d{1,5})(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?" + _MODIFIER, re.ASCII | re.IGNORECASE
)
_DATED: Final = re.compile(
    r"v?(\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?)" + _MODIFIER, re.ASCII | re.IGNORECASE
)
_BRANCH: Final = re.compile(
    r"v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?[.-]?dev\Z",
    re.ASCII | re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_DEV: Final = b"\x01"
_END: Final = b"\x05"
_STABILITIES: Final = {
    **dict.fromkeys(("a", "alpha"), b"\x02"),
    **dict.fromkeys(("b", "beta"), b"\x03"),
    "rc": b"\x04",
    **dict.fromkeys(("p", "pl", "patch"), b"\xf0"),
}
_LAST: Final = "9999999"


def key(text: str) -> bytes:
    """The key of a Composer version.

    Raises:
        UnorderedVersionError: not a version, or a branch without numbers.

    """
    if len(text) > MAX_LENGTH:
        raise unordered(text, "")
    version = text.strip(" \t\r\n")
    if "@" in version:
        version = _FLAG.sub("", version)
    if "+" in version:
        version = version.partition("+")[0]
    match = _CLASSICAL.match(version)
    if match is not None:
        major, minor, patch, fourth, stability, counts, dev = match.groups()
        numbers = (
            NUMBERS[major] + NUMBERS[minor or "0"] + NUMBERS[patch or "0"] + NUMBERS[fourth or "0"]
        )
        return numbers + _modifier(stability, counts, dev)
    match = _DATED.match(version)
    if match is not None:
        date, stability, counts, dev = match.groups()
        return _numbers(date) + _modifier(stability, counts, dev)
    match = _BRANCH.match(version)
    if match is not None:
        parts = (part if part and part.isdigit() else _LAST for part in match.groups())
        return b"".join(NUMBERS[part] for part in parts) + _DEV + _END
    raise unordered(text, "a Composer version such as 1.2.3-beta1")


def _modifier(stability: str | None, counts: str | None, dev: str | None) -> bytes:
    if stability is None and dev is None:
        return _END
    encoded = b""
    if stability is not None and stability.lower() != "stable":
        encoded = _STABILITIES[stability.lower()] + _numbers(counts or "")
    elif stability is not None:
        # "1.0-stable-dev": Composer returns at "stable" and drops what follows.
        return _END
    return encoded + (_DEV if dev else b"") + _END


def _numbers(text: str) -> bytes:
    return b"".join(NUMBERS[digits] for digits in _DIGITS.findall(text))
