"""NuGet versions (learn.microsoft.com/nuget/concepts/package-versioning; NuGet.Versioning).

Key: four numbers, missing ones zero; then ``FF`` for a release or the labels of the pre-release,
compared without regard to case. A label that fits 32 bits is a number; any other is a word: ``D0``
and the word in lower case. Metadata after ``+`` counts for nothing. Leading zeros are allowed.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered, word

__all__ = ["key"]

_LABELS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION: Final = re.compile(
    rf"\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:-({_LABELS}))?(?:\+{_LABELS})?\s*\Z",
    re.ASCII,
)
_RELEASE: Final = b"\xff"
# NuGet.Versioning, VersionComparer: labels are read by int.TryParse.
_LARGEST: Final = NUMBERS["2147483647"]


def key(text: str) -> bytes:
    """The key of a NuGet version.

    Raises:
        UnorderedVersionError: not a NuGet version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "a NuGet version such as 1.2.3.4-beta.1")
    major, minor, patch, revision, labels = match.groups()
    numbers = (
        NUMBERS[major]
        + NUMBERS[minor or "0"]
        + NUMBERS[patch or "0"]
        + (ZERO if revision is None else NUMBERS[revision])
    )
    return numbers + (_RELEASE if labels is None else _prerelease(labels))


def _prerelease(labels: str) -> bytes:
    parts = []
    for label in labels.lower().split("."):
        encoded = NUMBERS[label] if label.isdigit() else None
        fits = encoded is not None and encoded <= _LARGEST
        parts.append(encoded if encoded is not None and fits else b"\xd0" + word(label))
    return b"".join(parts)
