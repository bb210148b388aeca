"""Debian versions (Debian Policy §5.6.12; dpkg, ``verrevcmp``), and opam's, which compare alike.

Key: the epoch; then upstream version and revision, each as pairs of what is not a digit and a
number. In what is not a digit ``~`` is ``01``, its end ``02``, letters are themselves and any other
character stands above all letters; so ``~`` sorts before the end and letters before the rest. The
number of no digits is zero. Each of the two ends with ``02``. No revision is the revision 0.
"""

import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, NUMBERS, ZERO, unordered

__all__ = ["key", "opam_key"]

_VERSION: Final = re.compile(
    r"(?:(\d+):)?(?!-)([A-Za-z0-9.+~:-]+?)(?:-([A-Za-z0-9.+~]+))?(?<!-)\Z", re.ASCII
)
_OPAM: Final = re.compile(r"[A-Za-z0-9._+~-]+\Z", re.ASCII)
_NUMBER: Final = re.compile(r"(\d+)", re.ASCII)
_END: Final = b"\x02"
_RANKS: Final = bytes(
    0x01 if code == ord("~") else code if chr(code).isalpha() else (code + 0x80) & 0xFF
    for code in range(256)
)
_NO_REVISION: Final = _END + ZERO + _END


class _Separators(dict[str, bytes]):
    """Encoded parts without digits; the short ones, which is nearly all, are kept."""

    def __missing__(self, text: str) -> bytes:
        encoded = text.encode("ascii").translate(_RANKS) + _END
        if len(text) == 1:
            self[text] = encoded
        return encoded


_SEPARATORS: Final[dict[str, bytes]] = _Separators({"": _END})


def key(text: str) -> bytes:
    """The key of a Debian version.

    Raises:
        UnorderedVersionError: not a Debian version.

    """
    match = None if len(text) > MAX_LENGTH else _VERSION.match(text)
    if match is None:
        raise unordered(text, "a Debian version such as 1:2.3~rc1-4")
    epoch, upstream, revision = match.groups()
    if epoch is None and ":" in upstream:
        raise unordered(text, "a Debian version: its epoch is not a number")
    return (
        NUMBERS[epoch or "0"]
        + _part(upstream)
        + (_NO_REVISION if revision is None else _part(revision))
    )


def opam_key(text: str) -> bytes:
    """The key of an opam version (opam manual, "Version ordering"): Debian's, without its parts.

    Raises:
        UnorderedVersionError: not an opam version.

    """
    if len(text) > MAX_LENGTH or _OPAM.match(text) is None:
        raise unordered(text, "an opam version such as 1.2~beta1")
    return _part(text)


def _part(text: str) -> bytes:
    pieces = _NUMBER.split(text)
    last = pieces.pop()
    encoded = b"".join(
        NUMBERS[piece] if at % 2 else _SEPARATORS[piece] for at, piece in enumerate(pieces)
    )
    if last:
        encoded += _SEPARATORS[last] + ZERO
    return encoded + _END
