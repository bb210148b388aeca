"""Escapes that name half a character, found in bytes that come in pieces."""

import re
from typing import Final

from gatebook.errors import MalformedError

__all__ = ["Surrogates"]

# A backslash that is not escaped itself, the first half of a pair, and not the second after it.
_LONE: Final = re.compile(
    rb"(?<!\\)(?:\\\\)*+\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_CARRIED: Final = 256
_UNSURE: Final = 12


class Surrogates:
    """Refuses the first half of a surrogate pair without the second (RFC 8259 §8.2).

    YAJL writes a question mark in its place; what is signed and what is read would differ.
    """

    def __init__(self) -> None:
        self._before = b""

    def look_at(self, piece: bytes) -> None:
        """Look at the next bytes; none of them at the end.

        Raises:
            MalformedError: there is one.

        """
        if b"\\" not in piece and b"\\" not in self._before:
            self._before = piece[-_CARRIED:]
            return
        together = self._before + piece
        for found in _LONE.finditer(together):
            # At the end of a piece its second half may be still to come.
            if not piece or found.end() <= len(together) - _UNSURE:
                raise MalformedError(
                    "a string of the SBOM holds half a character", code="canonical.not-json"
                )
        self._before = together[-_CARRIED:]
