"""Version tags of git repositories, as GitHub Actions are released: ``v4``, ``v4.1.2``.

Nobody wrote their order down; this is that of semantic versions, with any count of numbers, leading
zeros allowed and trailing zeros without meaning. Key: the numbers without trailing zeros, then
``02`` and the identifiers of a pre-release, or ``03`` for a release: both sort before a further
number.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions import semver
from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered

__all__ = ["key"]

_TAG: Final = re.compile(
    rf"v?(\d+(?:\.\d+)*)(?:-({semver.SUFFIX}))?(?:\+{semver.SUFFIX})?\Z", re.ASCII
)


def key(text: str) -> bytes:
    """The key of a version tag.

    Raises:
        UnorderedVersionError: not numbers with an optional pre-release.

    """
    match = None if len(text) > MAX_LENGTH else _TAG.match(text)
    if match is None:
        raise unordered(text, "a version tag such as v1.2.3")
    release, prerelease = match.groups()
    numbers = [NUMBERS[digits] for digits in release.split(".")]
    while len(numbers) > 1 and numbers[-1] == ZERO:
        del numbers[-1]
    if prerelease is None:
        return b"".join(numbers) + b"\x03"
    return b"".join(numbers) + b"\x02" + semver.identifiers(prerelease)
