"""What the evaluator and its children say to each other.

Each frame is a length, four bytes big-endian, and as many bytes of JSON. The child says
:class:`Ready` once; from then on each :class:`Request` is followed by the document and the data,
as JSON in frames of their own, and answered by one :class:`Answer`.
"""

import struct
from typing import Any, Final

import msgspec

__all__ = ["HEADER", "Answer", "Ready", "Request", "frame"]

HEADER: Final = struct.Struct(">I")


class Ready(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The engine is loaded; or why it is not."""

    engine: str | None = None
    missing: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evaluate, or only compile, a program within limits."""

    text: str
    modules: tuple[tuple[str, str], ...] = ()
    query: str = ""
    check: bool = False
    cpu_milliseconds: int
    memory_bytes: int
    output_bytes: int


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The values, which are JSON, or the code of what went wrong."""

    values: tuple[Any, ...] | None = None
    code: str | None = None
    message: str = ""


def frame(document: bytes) -> bytes:
    """Put the length before a document."""
    return HEADER.pack(len(document)) + document
