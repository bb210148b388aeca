"""Streams of JSON values, one to a line, as tools write them while tests run."""

from collections.abc import Iterator
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document

__all__ = ["count_values", "first_object", "values"]

_MAX_LINE: Final = 16 * 1024 * 1024
_MAX_FIRST_LINE: Final = 1024 * 1024


def first_object(document: Document) -> JsonObject | None:
    """The object on the first line; ``None`` when there is none, or more to it than a line."""
    if not document.start.startswith(b"{"):
        return None
    line, _, _ = document.data[:_MAX_FIRST_LINE].lstrip(b" \t\r\n").partition(b"\n")
    try:
        value = canonical.loads(line)
    except MalformedError:
        return None
    return value if isinstance(value, dict) else None


def values(document: Document, *, what: str, code: str) -> Iterator[tuple[int, Json]]:
    """Each line's number and value; empty lines are passed over.

    Raises:
        MalformedError: a line is not one JSON value, with ``code`` and the line's number.

    """
    for number, line in enumerate(document.data.split(b"\n"), 1):
        stripped = line.strip(b" \t\r")
        if not stripped:
            continue
        try:
            value = canonical.loads(stripped, max_bytes=_MAX_LINE)
        except MalformedError as error:
            raise MalformedError(f"{what}, line {number}: {error.message}", code=code) from None
        yield number, value


def count_values(document: Document, *, what: str, code: str) -> int:
    """How many values the stream holds.

    Raises:
        MalformedError: a line is not one JSON value.

    """
    return sum(1 for _ in values(document, what=what, code=code))
