"""Semantic versions (semver.org 2.0.0 §11): npm, Cargo, Hex, Swift, Julia and others.

Key: the three numbers, then ``FF`` for a release or the identifiers of the pre-release: a number as
a number, a word as ``D0`` and the word. So a pre-release sorts before its release, numbers before
words, and fewer identifiers before more (§11.3, §11.4). Build metadata has no part in it (§10).

A leading ``v`` is dropped and ``1.2`` is read as 1.2.0, as git tags and advisories write them;
leading zeros are refused (§2, §9).
"""

import re
from typing import Final, NamedTuple

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["RELEASE", "SUFFIX", "SemanticVersion", "identifiers", "key", "read"]

RELEASE: Final = b"\xff"
SUFFIX: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_NUMBER: Final = r"(0|[1-9]\d*)"
_VERSION: Final = re.compile(
    rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER})?)?(?:-({SUFFIX}))?(?:\+({SUFFIX}))?\Z", re.ASCII
)
_LEADING_ZERO: Final = re.compile(r"(?:.*\.)?0\d+(?:\.|\Z)", re.ASCII)


class SemanticVersion(NamedTuple):
    """The parts of a semantic version.

    Attributes:
        numbers: the encoded numbers.
        prerelease: the text after ``-``, or ``None``.
        build: the text after ``+``, or ``None``.

    """

    numbers: bytes
    prerelease: str | None
    build: str | None


def key(text: str) -> bytes:
    """The key of a semantic version.

    Raises:
        UnorderedVersionError: not a semantic version.

    """
    numbers, prerelease, _build = read(text)
    return numbers + (RELEASE if prerelease is None else identifiers(prerelease))


def read(text: str) -> SemanticVersion:
    """The parts of a semantic version.

    Raises:
        UnorderedVersionError: not a semantic version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "a semantic version such as 1.2.3-rc.1")
    major, minor, patch, prerelease, build = match.groups()
    if prerelease is not None and "0" in prerelease and _LEADING_ZERO.match(prerelease) is not None:
        raise unordered(text, "a semantic version: a number of its pre-release begins with 0")
    numbers = NUMBERS[major] + NUMBERS[minor or "0"] + NUMBERS[patch or "0"]
    return SemanticVersion(numbers, prerelease, build)


def identifiers(text: str) -> bytes:
    """The bytes of dot-separated identifiers: numbers before words, fewer before more."""
    return b"".join(
        NUMBERS[part] if part.isdigit() else b"\xd0" + word(part) for part in text.split(".")
    )
