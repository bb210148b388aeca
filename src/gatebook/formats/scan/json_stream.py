"""Several JSON values after one another, as tools write them while they run.

Each value is decoded strictly (see :func:`gatebook.canonical.loads`); white space, line ends and
ASCII record separators (RFC 7464) may stand between them.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.errors import MalformedError

__all__ = ["json_values"]

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
_BETWEEN: Final = b" \t\r\n\x1e"


def json_values(data: bytes, *, what: str) -> Iterator[Json]:
    """Decode the objects and arrays of a stream, one after the other.

    Raises:
        MalformedError: one is not strict JSON; something else stands between them; or the last one
            is cut off (``formats.json-stream``).

    """
    depth = 0
    start = 0
    number = 0
    for token in _TOKEN.finditer(data):
        mark = token[0]
        if mark in {b"{", b"["}:
            depth += 1
        elif mark in {b"}", b"]"}:
            depth -= 1
            if depth == 0:
                number += 1
                yield canonical.loads(
                    data[start : token.end()].strip(_BETWEEN), what=f"{what}[{number - 1}]"
                )
                start = token.end()
        if depth < 0:
            break
    if data[start:].strip(_BETWEEN):
        raise MalformedError(
            f"{what} is cut off or not JSON after {number} values", code="formats.json-stream"
        )
