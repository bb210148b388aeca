"""Alpine versions (apk-package(5); apk-tools, ``version.c``): Alpine, Wolfi, Chainguard and others.

``number{.number}{letter}{_suffix{number}}{~commit}{-r#}``. Key: the first number, then a tag byte
for each token and its value. From low to high: ``01..04`` alpha, beta, pre, rc; ``05`` the end;
``06`` revision; ``07`` commit; ``08`` number of a suffix; ``09..0D`` cvs, svn, git, hg, p; ``0E``
letter; ``0F`` number. A number after the first that begins with 0 compares as text, below every
other: ``30`` and the text.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, unordered, word

__all__ = ["key"]

_VERSION: Final = re.compile(
    r"(\d+)((?:\.\d+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)"
    r"(?:~([0-9a-f]+))?(?:-r(\d+))?\Z",
    re.ASCII,
)
_SUFFIX: Final = re.compile(r"_([a-z]+)(\d*)", re.ASCII)
_RANKS: Final = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "pre": b"\x03",
    "rc": b"\x04",
    "cvs": b"\x09",
    "svn": b"\x0a",
    "git": b"\x0b",
    "hg": b"\x0c",
    "p": b"\x0d",
}
_END: Final = b"\x05"


def key(text: str) -> bytes:
    """The key of an Alpine version.

    Raises:
        UnorderedVersionError: not an Alpine version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "an Alpine version such as 1.2.3_rc1-r4")
    first, others, letter, suffixes, commit, revision = match.groups()
    parts = [NUMBERS[first]]
    if others:
        parts += [
            b"\x0f" + (b"\x30" + word(digits) if digits[0] == "0" else NUMBERS[digits])
            for digits in others[1:].split(".")
        ]
    if letter:
        parts.append(b"\x0e" + letter.encode("ascii"))
    if suffixes:
        for name, digits in _SUFFIX.findall(suffixes):
            parts.append(_RANKS[name])
            if digits:
                parts.append(b"\x08" + NUMBERS[digits])
    if commit is not None:
        parts.append(b"\x07" + word(commit))
    if revision is not None:
        parts.append(b"\x06" + NUMBERS[revision])
    parts.append(_END)
    return b"".join(parts)
