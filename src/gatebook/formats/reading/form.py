"""The form of a document that nobody reads: JSON, YAML, XML or none of these, and how much of it.

Only the form is judged. What the document says means nothing to anybody here.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document, DocumentError
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.reading.xml import read_xml

__all__ = ["NAMELESS", "Form", "form_of", "root_names"]

NAMELESS: Final = frozenset({b"[]", b"{}", b"null"})
"""Documents that hold nothing, not even a hint at whose they are."""

_MAX_KEYS: Final = 8
_MAX_XML: Final = 64 * 1024 * 1024
_MAX_YAML: Final = 4 * 1024 * 1024
_MAX_YAML_DEPTH: Final = 64
_MAX_STREAM_DEPTH: Final = 128
_NAMES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BLANK: Final = b" \t\r\n"
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\x0c\x1b\x85")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a document.

    Attributes:
        format: one of the formats that nobody reads.
        counts: what ``inspect`` prints of it.
        error: why it is not in the form in which it begins.

    """

    format: DocumentFormat
    counts: Mapping[str, Json] = field(default_factory=dict)
    error: MalformedError | None = None

    @property
    def is_judged(self) -> bool:
        """Whether there are rules for this form, which the document keeps or breaks."""
        return self.format is not DocumentFormat.OTHER


def root_names(document: Document) -> frozenset[str] | None:
    """The names at the root of a JSON object; ``None`` when the document is none.

    Nothing below the root is decoded, and nothing is promised of it.
    """
    if not document.start.startswith(b"{"):
        return None
    try:
        return frozenset(_NAMES.decode(document.data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def form_of(document: Document) -> Form:
    """Tell the form of a document."""
    if not document.start:
        if document.data.strip(_BLANK):  # white space beyond what was looked at
            return Form(format=DocumentFormat.OTHER)
        return Form(
            format=DocumentFormat.UNPARSEABLE,
            error=DocumentError("the document is empty", code="formats.document-empty"),
        )
    if document.start.startswith((b"{", b"[")):
        return _json(document)
    if document.start.startswith(b"<"):
        return _xml(document)
    if _is_text(document):
        return _text(document)
    return Form(format=DocumentFormat.OTHER)


def _json(document: Document) -> Form:
    try:
        value = document.json
    except MalformedError as error:
        documents = _stream_length(document.data)
        if documents is None:
            return Form(format=DocumentFormat.UNPARSEABLE, error=error)
        return Form(format=DocumentFormat.JSON_STREAM, counts={"docs": documents})
    match value:
        case dict():
            keys: list[Json] = [*sorted(value)[:_MAX_KEYS]]
            return Form(format=DocumentFormat.JSON_OTHER, counts={"keys": keys})
        case list():
            return Form(format=DocumentFormat.JSON_ARRAY, counts={"items": len(value)})
        case _:  # it began with a brace or a bracket
            return Form(format=DocumentFormat.OTHER)


def _stream_length(data: bytes) -> int | None:
    """How many JSON values follow one another; ``None`` unless it is several, each whole."""
    import ijson  # type: ignore[import-untyped]  # noqa: PLC0415  # few documents need it

    count = depth = 0
    try:
        # use_float: without it, the parser crashes on an integer of more than 4,300 digits.
        events: Any = ijson.basic_parse(
            io.BytesIO(data.replace(b"\x1e", b" ")), multiple_values=True, use_float=True
        )
        for event, _ in events:
            if event in {"start_map", "start_array"}:
                depth += 1
                count += depth == 1
                if depth > _MAX_STREAM_DEPTH:
                    return None
            elif event in {"end_map", "end_array"}:
                depth -= 1
            elif depth == 0:
                count += 1
    except (ijson.JSONError, UnicodeDecodeError, ValueError, OverflowError):
        return None
    return count if count > 1 else None


def _xml(document: Document) -> Form:
    try:
        root = read_xml(document.data, max_bytes=_MAX_XML)
    except MalformedError as error:
        return Form(format=DocumentFormat.UNPARSEABLE, error=error)
    return Form(format=DocumentFormat.XML_OTHER, counts={"root": root.tag})


def _text(document: Document) -> Form:
    """YAML with something in it, or any text, which is no form at all."""
    if len(document.data) > _MAX_YAML:
        return Form(format=DocumentFormat.OTHER)
    import yaml  # few documents need it

    # Events only: nothing is built, no tag and no alias means anything.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    roots: list[str] = []
    depth = 0
    try:
        for event in yaml.parse(document.data.decode("utf-8"), Loader=loader):
            kind = type(event).__name__
            if depth == 0 and kind in {"MappingStartEvent", "SequenceStartEvent", "ScalarEvent"}:
                roots.append(kind)
            depth += kind.endswith("gStartEvent") or kind == "SequenceStartEvent"
            depth -= kind in {"MappingEndEvent", "SequenceEndEvent"}
            if depth > _MAX_YAML_DEPTH:
                return Form(format=DocumentFormat.OTHER)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return Form(format=DocumentFormat.OTHER)
    if any(kind != "ScalarEvent" for kind in roots):
        return Form(format=DocumentFormat.YAML)
    return Form(format=DocumentFormat.OTHER)


def _is_text(document: Document) -> bool:
    return all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in document.start)  # noqa: PLR2004  # space, the first that is printed
