"""Bitnami package versions (bitnami/go-version): semantic versions with a revision.

A suffix that is a number is a revision of the release, not a pre-release: 1.2.3 = 1.2.3-0 and
1.2.3 < 1.2.3-1. Key: numbers, then ``FF`` and the revision, or the identifiers of a pre-release.
"""

from gatebook.vulnerabilities.versions import semver
from gatebook.vulnerabilities.versions.encoding import NUMBERS

__all__ = ["key"]


def key(text: str) -> bytes:
    """The key of a Bitnami package version.

    Raises:
        UnorderedVersionError: not a semantic version.

    """
    numbers, suffix, _build = semver.read(text)
    if suffix is None or suffix.isdigit():
        return numbers + semver.RELEASE + NUMBERS[suffix or "0"]
    return numbers + semver.identifiers(suffix)
