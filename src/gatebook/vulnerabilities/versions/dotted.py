"""Versions of numbers alone: R, Haskell, and the general ``intdot`` of VERS.

- CRAN and Bioconductor (R, ``numeric_version``): numbers between ``.`` or ``-``, which are alike.
- Haskell (pvp.haskell.org, "Version numbers"): numbers between ``.``.

  Both compare number by number, and the shorter of two that begin alike is the older: 1.0 < 1.0.0.
  Key: the numbers.
- intdot (VERS types): what follows the first character that is neither digit nor dot is not read.
  Key: the numbers without trailing zeros: 1.0 = 1.0.0.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered

__all__ = ["cran_key", "hackage_key", "intdot_key"]

_CRAN: Final = re.compile(r"\d+(?:[.-]\d+)*\Z", re.ASCII)
_HACKAGE: Final = re.compile(r"\d+(?:\.\d+)*\Z", re.ASCII)
_INTDOT: Final = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def cran_key(text: str) -> bytes:
    """The key of an R package version.

    Raises:
        UnorderedVersionError: not numbers between dots or dashes.

    """
    if len(text) > MAX_LENGTH or _CRAN.match(text) is None:
        raise unordered(text, "an R package version such as 1.2-3")
    return b"".join([NUMBERS[digits] for digits in text.replace("-", ".").split(".")])


def hackage_key(text: str) -> bytes:
    """The key of a Haskell package version.

    Raises:
        UnorderedVersionError: not numbers between dots.

    """
    if len(text) > MAX_LENGTH or _HACKAGE.match(text) is None:
        raise unordered(text, "a Haskell package version such as 1.2.3.4")
    return b"".join([NUMBERS[digits] for digits in text.split(".")])


def intdot_key(text: str) -> bytes:
    """The key of numbers between dots, up to the first other character.

    Raises:
        UnorderedVersionError: does not begin with a number.

    """
    match = None if len(text) > MAX_LENGTH else _INTDOT.match(text)
    if match is None:
        raise unordered(text, "a version of numbers between dots")
    numbers = [NUMBERS[digits] for digits in match[0].split(".")]
    while len(numbers) > 1 and numbers[-1] == ZERO:
        del numbers[-1]
    return b"".join(numbers)
