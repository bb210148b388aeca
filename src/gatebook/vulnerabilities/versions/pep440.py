"""Python versions (PEP 440, "Summary of permitted suffixes and relative ordering").

Key: epoch, release numbers without trailing zeros, ``01``; then

- pre-release: ``01`` for a development release of nothing else, ``02``/``03``/``04`` and a number
  for a, b and rc, ``FF`` for none: 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0;
- post-release: ``01`` for none, else its number;
- development release: its number, ``FF`` for none;
- local version: nothing for none; a word part is ``02`` and the word, a number part is a number, so
  that words sort before numbers and a prefix before what it begins.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered, word

__all__ = ["key"]

# PEP 440, appendix B, with the normalisations of its section "Normalization"; ASCII only.
_VERSION: Final = re.compile(
    r"""\s*v?
    (?:(\d+)!)?
    (\d+(?:\.\d+)*)
    (?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?
    (?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?
    (?:[-_.]?(dev)[-_.]?(\d*))?
    (?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?
    \s*\Z""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*\Z", re.ASCII)
_LOCAL: Final = re.compile(r"[-_.]")
_PRE: Final = {
    **dict.fromkeys(("a", "alpha"), b"\x02"),
    **dict.fromkeys(("b", "beta"), b"\x03"),
    **dict.fromkeys(("c", "rc", "pre", "preview"), b"\x04"),
}
_FINAL: Final = b"\x01\xff\x01\xff"


def key(text: str) -> bytes:
    """The key of a Python version.

    Raises:
        UnorderedVersionError: not a version by PEP 440.

    """
    if len(text) > MAX_LENGTH:
        raise unordered(text, "")
    if _RELEASE.match(text) is not None:
        return ZERO + _release(text) + _FINAL
    match = _VERSION.match(text)
    if match is None:
        raise unordered(text, "a Python version such as 1.0rc1 (PEP 440)")
    epoch, release, pre, pre_number, implicit_post, post, post_number, dev, dev_number, local = (
        match.groups()
    )
    parts = [NUMBERS[epoch or "0"], _release(release), b"\x01"]
    if pre is not None:
        parts += _PRE[pre.lower()], NUMBERS[pre_number]
    elif post is None and implicit_post is None and dev is not None:
        parts.append(b"\x01")
    else:
        parts.append(b"\xff")
    if implicit_post is not None:
        parts.append(NUMBERS[implicit_post])
    else:
        parts.append(b"\x01" if post is None else NUMBERS[post_number])
    parts.append(b"\xff" if dev is None else NUMBERS[dev_number])
    if local is not None:
        parts += (
            NUMBERS[part] if part.isdigit() else b"\x02" + word(part.lower())
            for part in _LOCAL.split(local)
        )
    return b"".join(parts)


def _release(text: str) -> bytes:
    numbers = [NUMBERS[digits] for digits in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == ZERO:
        del numbers[-1]
    return b"".join(numbers)
