"""Go module versions (go.dev/ref/mod#versions, golang.org/x/mod/semver) and Go toolchains.

Key: that of a semantic version. ``+incompatible`` and ``+dirty`` are build metadata and count for
nothing; a pseudo-version is a pre-release. A toolchain is written ``go1.21rc3``
(go.dev/doc/toolchain#version), which the Go vulnerability database reads as 1.21.0-rc.3.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions import semver
from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS

__all__ = ["key"]

_NUMBER: Final = r"(0|[1-9]\d*)"
_TOOLCHAIN: Final = re.compile(
    rf"(?:go{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER})?)?|{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?(?=[abr]))"
    rf"(?:(alpha|beta|rc){_NUMBER})?\Z",
    re.ASCII,
)


def key(text: str) -> bytes:
    """The key of a Go module version, or of a Go toolchain.

    Raises:
        UnorderedVersionError: neither.

    """
    match = None if len(text) > MAX_LENGTH else _TOOLCHAIN.match(text)
    if match is None:
        return semver.key(text)
    major, minor, patch, bare_major, bare_minor, bare_patch, stage, count = match.groups()
    numbers = (
        NUMBERS[major or bare_major]
        + NUMBERS[minor or bare_minor or "0"]
        + NUMBERS[patch or bare_patch or "0"]
    )
    if stage is None:
        return numbers + semver.RELEASE
    return numbers + semver.identifiers(f"{stage}.{count}")
