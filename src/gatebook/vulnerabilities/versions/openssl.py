"""OpenSSL versions (openssl-library.org, "Release Strategy"): ``1.0.2zk``, ``3.0.0-beta1``.

Key: three numbers, then ``01..04`` and a number for dev, alpha, beta and pre, or ``05`` and the
letters: 1.1.1-pre9 < 1.1.1 < 1.1.1a < 1.1.1z < 1.1.1za.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key"]

_VERSION: Final = re.compile(
    r"(\d+)\.(\d+)\.(\d+)(?:([a-z]*)|-(dev|alpha|beta|pre)(\d*))(?:\+[0-9A-Za-z.-]+)?\Z", re.ASCII
)
_STAGES: Final = {"dev": b"\x01", "alpha": b"\x02", "beta": b"\x03", "pre": b"\x04"}


def key(text: str) -> bytes:
    """The key of an OpenSSL version.

    Raises:
        UnorderedVersionError: not an OpenSSL version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "an OpenSSL version such as 1.1.1w")
    major, minor, patch, letters, stage, count = match.groups()
    numbers = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch]
    if stage is not None:
        return numbers + _STAGES[stage] + NUMBERS[count]
    return numbers + b"\x05" + word(letters)
