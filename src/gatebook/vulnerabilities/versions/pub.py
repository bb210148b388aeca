"""Dart package versions (pub_semver, ``Version.compareTo``): semantic versions whose builds count.

Key: numbers, then ``FF`` or the identifiers of the pre-release and ``00``, then the identifiers of
the build: a version without a build sorts before the same with one.
"""

from gatebook.vulnerabilities.versions import semver

__all__ = ["key"]


def key(text: str) -> bytes:
    """The key of a Dart package version.

    Raises:
        UnorderedVersionError: not a semantic version.

    """
    numbers, prerelease, build = semver.read(text)
    stage = semver.RELEASE if prerelease is None else semver.identifiers(prerelease) + b"\x00"
    return numbers + stage + (b"" if build is None else semver.identifiers(build))
