"""Which format a document has, by its content alone, whatever it is wrapped in.

Rules, in this order:

1. Compression comes off first, then envelopes: an object that claims to be an attestation is opened
   as one, whatever else it holds (:mod:`gatebook.formats.reading.layers`).
2. A media type that only one format has is asked for (CycloneDX's protobuf).
3. The first byte says which rooms come into question: ``<`` is XML, ``{`` and ``[`` are JSON,
   everything else is text. The rooms of the others are not even loaded.
4. The first reader that recognises a document has it. Component lists are asked before scans: a
   CycloneDX document with vulnerabilities is a component list that says more. YAML, which nearly
   any text is, is asked last.
5. ``[]``, ``{}`` and ``null`` are nobody's: only a sender who says so makes an empty list of alerts
   a report (``as_format``).

The rooms of the readers are named here and loaded when they are asked, as the commands of the
command line are: they stand on this one, and it must not stand on them.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gatebook.errors import MalformedError
from gatebook.formats.reading.compressed import unwrap
from gatebook.formats.reading.document import MAX_DOCUMENT_BYTES, Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.form import NAMELESS, form_of, root_names
from gatebook.formats.reading.layers import Layer, Opened, open_document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.sketch import LARGE, sbom_sketch, start_sketch

__all__ = [
    "ROOMS",
    "Identified",
    "UnlikeNamedError",
    "identify",
    "read_large",
    "reader_of",
    "readers",
]

_Readers: TypeAlias = Sequence[Reader[Any]]
_Others: TypeAlias = Callable[[], _Readers]

ROOMS: Final = {
    Family.SBOM: ("gatebook.formats.sbom.readers", "SBOM_READERS"),
    Family.VEX: ("gatebook.formats.vex.readers", "VEX_READERS"),
    Family.TESTS: ("gatebook.formats.test_reports.readers", "TEST_READERS"),
    Family.COVERAGE: ("gatebook.formats.coverage.readers", "COVERAGE_READERS"),
    Family.QUALITY: ("gatebook.formats.quality.readers", "QUALITY_READERS"),
    Family.SCAN: ("gatebook.formats.scan.readers", "SCAN_READERS"),
}
"""Where the readers of a family are listed."""

_OF_XML: Final = (Family.TESTS, Family.COVERAGE, Family.SBOM, Family.SCAN)
_OF_JSON: Final = (
    Family.SBOM,
    Family.VEX,
    Family.TESTS,
    Family.COVERAGE,
    Family.QUALITY,
    Family.SCAN,
)
_OF_TEXT: Final = (Family.TESTS, Family.COVERAGE, Family.SCAN, Family.SBOM)
_STREAM: Final = ("gatebook.formats.sbom.streaming", "stream_sbom")
_EMPTY_LISTS: Final = ("gatebook.formats.scan.empty_alerts", "EMPTY_ALERT_READERS")

# What the readers of component lists look for at the root of JSON; the largest room to load, and
# the one whose formats all name themselves.
_SBOM_NAMES: Final = frozenset(
    {"bomFormat", "spdxVersion", "Document", "@context", "artifacts", "detector"}
)
_MAX_WRAPPERS: Final = 8


class UnlikeNamedError(MalformedError):
    """A document is not what the sender says it is."""

    code = "formats.document-unlike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What a document was found to be.

    Attributes:
        layers: what was taken off, the outermost first.
        document: what was inside; several attestations stay together and are in ``parts``.
        reader: who reads it; ``None`` when nobody does.
        parts: the attestations of a document that holds several.
        undecoded: why nobody could look into it, when it begins like JSON and is not.

    """

    layers: tuple[Layer, ...]
    document: Document
    reader: Reader[Any] | None
    parts: tuple["Identified", ...] = ()
    undecoded: MalformedError | None = None

    @property
    def format(self) -> DocumentFormat:
        """What is inside: the reader's format, else the envelope's, else the coarse form."""
        if self.reader is not None:
            return self.reader.format
        if self.layers and self.layers[-1].family is Family.ATTESTATION:
            return self.layers[-1].format
        return self.document.once(form_of).format

    @property
    def family(self) -> Family:
        """What it is evidence of."""
        if self.reader is not None:
            return self.reader.family
        if (self.layers and self.layers[-1].family is Family.ATTESTATION) or self.parts:
            return Family.ATTESTATION
        return Family.OTHER


def identify(
    data: bytes,
    *,
    media_type: str | None = None,
    as_format: DocumentFormat | None = None,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    others: _Others = tuple,
) -> Identified:
    """Take off what a document is wrapped in and find who reads it.

    Args:
        data: the bytes as received.
        media_type: what the sender called them; only CycloneDX's protobuf needs it.
        as_format: what the sender says the document inside is. An empty list of alerts says
            nothing of itself; every other document must be what it is said to be.
        max_bytes: how large a compressed document may become.
        others: what gives the readers of rooms above this one; they are asked last.

    Raises:
        CompressedError: compression that cannot be taken off.
        UnlikeNamedError: the document is not what ``as_format`` says.
        MalformedError: it is not in the encoding that its first bytes promise.

    """
    inside, compression = unwrap(data, max_bytes=max_bytes)
    layers = tuple(Layer(format=each, family=Family.CONTAINER) for each in compression)
    found = _identified(
        Document(inside, media_type=media_type), layers, others=others, wrappers=_MAX_WRAPPERS
    )
    if as_format is None or (found.reader is not None and found.reader.format is as_format):
        return found
    return _as_named(found, as_format)


def _identified(
    document: Document, layers: tuple[Layer, ...], *, others: _Others, wrappers: int
) -> Identified:
    opened: Opened | None = open_document(document) if wrappers > 0 else None
    if opened is None:
        reader, undecoded = _asked(document, others)
        return Identified(layers=layers, document=document, reader=reader, undecoded=undecoded)
    if opened.parts:
        parts = tuple(
            _identified(Document(each), (), others=others, wrappers=wrappers - 1)
            for each in opened.parts
        )
        return Identified(layers=layers, document=document, reader=None, parts=parts)
    around = (*layers, *opened.layers)
    if opened.inside is not None:
        found = _identified(opened.inside, around, others=others, wrappers=wrappers - 1)
        if found.reader is not None or len(found.layers) > len(around):
            return found
    return Identified(layers=around, document=opened.inside or document, reader=None)


def _as_named(found: Identified, name: DocumentFormat) -> Identified:
    if found.reader is None and not found.parts:
        nameless = found.document.data.strip() in NAMELESS
        module, table = _EMPTY_LISTS
        for reader in getattr(importlib.import_module(module), table) if nameless else ():
            if reader.format is name and reader.recognises(found.document):
                return Identified(layers=found.layers, document=found.document, reader=reader)
    raise UnlikeNamedError(
        f"the document is said to be {name.value} and is {found.format.value}",
        hint="leave out the name of the format: the content tells it",
    )


def reader_of(document: Document) -> Reader[Any] | None:
    """Find who reads a document; ``None`` when it claims to be of no format that is read.

    The document is out of all that it was wrapped in (:func:`identify` takes that off).

    Raises:
        MalformedError: nobody claims it, and somebody could not even decode it.

    """
    reader, undecoded = _asked(document, tuple)
    if reader is None and undecoded is not None:
        raise undecoded
    return reader


def readers(families: Iterable[Family]) -> Iterator[Reader[Any]]:
    """The readers of some families, in the order in which they are asked; loaded on the way."""
    for family in families:
        module, table = ROOMS[family]
        yield from getattr(importlib.import_module(module), table)


def read_large(document: Document) -> Any:
    """Read a component list in JSON piece by piece, in memory for what is kept only.

    Raises:
        MalformedError: as its reader does.

    """
    module, function = _STREAM
    return getattr(importlib.import_module(module), function)(document.data)


def _asked(document: Document, others: _Others) -> tuple[Reader[Any] | None, MalformedError | None]:
    if len(document.data) > LARGE and document.start.startswith((b"{", b"[")):
        large = _large(document)
        if large is not None or len(document.data) > MAX_DOCUMENT_BYTES:
            return large, None
    undecoded: MalformedError | None = None
    for reader in _in_order(document, others):
        try:
            if reader.recognises(document):
                return reader, None
        except MalformedError as error:
            # What is no JSON document may still be lines of JSON.
            undecoded = undecoded or error
    return None, undecoded


def _in_order(document: Document, others: _Others) -> Iterator[Reader[Any]]:
    yield from readers(_families(document))
    yield from others()


def _large(document: Document) -> Reader[Any] | None:
    """Ask about a small document that has what names a format; it is not decoded as a whole."""
    sketches = (
        (sbom_sketch(document.data, _SBOM_NAMES), (Family.SBOM,)),
        (start_sketch(document.data), _OF_JSON),
    )
    for sketch, families in sketches:
        if sketch is None:
            continue
        small = Document(sketch, media_type=document.media_type)
        for reader in readers(families):
            try:
                if reader.recognises(small):
                    return reader
            except MalformedError:
                continue
    return None


def _families(document: Document) -> tuple[Family, ...]:
    if document.media_type is not None and "protobuf" in document.media_type.lower():
        return (Family.SBOM, *(each for each in _OF_TEXT if each is not Family.SBOM))
    if document.start.startswith(b"<"):
        return _OF_XML
    if document.start.startswith(b"{"):
        names = document.once(root_names)
        if names is not None and _SBOM_NAMES.isdisjoint(names):
            return tuple(each for each in _OF_JSON if each is not Family.SBOM)
        return _OF_JSON
    return _OF_JSON if document.start.startswith(b"[") else _OF_TEXT
