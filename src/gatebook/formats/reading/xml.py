"""XML without its dangers: no document types, no entities, nothing fetched, bounded in all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from xml.parsers import expat

from gatebook.errors import MalformedError

__all__ = [
    "MAX_ELEMENTS",
    "MAX_XML_BYTES",
    "Doctype",
    "XmlElement",
    "XmlError",
    "XmlName",
    "read_xml",
    "refuse_doctype",
    "root_name",
]

MAX_XML_BYTES: Final = 256 * 1024 * 1024
MAX_ELEMENTS: Final = 5_000_000
_MAX_DEPTH: Final = 256
_SEPARATOR: Final = "\x1f"


class XmlError(MalformedError):
    """Bytes are not XML that is read."""

    code = "formats.xml"


class Doctype(Enum):
    """What becomes of a document type. Nothing is ever fetched and no entity ever expanded.

    Attributes:
        REFUSED: any.
        EXTERNAL_ALLOWED: one that names an external subset and has no internal one is passed over,
            for formats whose writers always put one.
        PASSED_OVER: any, as long as it defines no entity by a text; references to external
            entities count as nothing. For counting what is in a document that is refused.

    """

    REFUSED = "refused"
    EXTERNAL_ALLOWED = "external-allowed"
    PASSED_OVER = "passed-over"


@dataclass(frozen=True, slots=True)
class XmlName:
    """An element's name.

    Attributes:
        namespace: the namespace's URI; empty for none.
        local: the name without a prefix.

    """

    namespace: str
    local: str


@dataclass(slots=True)
class XmlElement:
    """An element with its children.

    Attributes:
        name: what it is called.
        attributes: by local name, or ``namespace`` + U+001F + name where they have a namespace.
        children: the elements inside, in order.
        text: all character data directly inside it.

    """

    name: XmlName
    attributes: dict[str, str]
    children: list["XmlElement"] = field(default_factory=list)
    text: str = ""

    @property
    def tag(self) -> str:
        """The name without its namespace."""
        return self.name.local

    def all(self, tag: str) -> "Iterator[XmlElement]":
        """Children of one name."""
        return (child for child in self.children if child.name.local == tag)

    def first(self, tag: str) -> "XmlElement | None":
        """The first child of a name."""
        return next(self.all(tag), None)

    def text_of(self, tag: str) -> str | None:
        """The text of the first child of a name, without white space around it."""
        child = self.first(tag)
        return None if child is None else child.text.strip()

    def walk(self) -> "Iterator[XmlElement]":
        """This element and all below it, in document order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(reversed(element.children))


def read_xml(
    data: bytes,
    *,
    what: str = "document",
    max_bytes: int = MAX_XML_BYTES,
    max_depth: int = _MAX_DEPTH,
    doctype: Doctype = Doctype.REFUSED,
) -> XmlElement:
    """Read a document into a tree.

    Raises:
        XmlError: not well-formed, an encoding that is not read, a document type that ``doctype``
            does not let pass, or beyond a limit.

    """
    if len(data) > max_bytes:
        raise XmlError(
            f"{what} has {len(data)} bytes; at most {max_bytes} are read", code="formats.xml-limit"
        )
    builder = _Builder(what, max_depth)
    _parse(data, builder.start, builder.end, builder.characters, what, doctype=doctype)
    if builder.root is None:
        raise XmlError(f"{what} holds no element")
    return builder.root


def root_name(data: bytes) -> XmlName | None:
    """The name of the root element of what begins like XML; ``None`` when none can be found.

    Only the first 64 KiB are looked at. A document type is passed over, so that the reader of the
    format refuses it by its name.
    """
    found: list[XmlName] = []

    def start(name: str, _: dict[str, str]) -> None:
        found.append(_name(name))
        raise _FoundError

    try:
        _parse(
            data[: 64 * 1024],
            start,
            None,
            None,
            "document",
            final=False,
            doctype=Doctype.PASSED_OVER,
        )
    except _FoundError:
        return found[0]
    except XmlError:
        return None
    return None


def refuse_doctype(data: bytes) -> None:
    """See that no document type comes before the root, which has to be in the first 64 KiB.

    None can come after it, so a reader may hand what passes to a parser of its own.

    Raises:
        XmlError: a document type, not well-formed, or no root found.

    """

    def start(_: str, __: dict[str, str]) -> None:
        raise _FoundError

    try:
        _parse(data[: 64 * 1024], start, None, None, "document", final=False)
    except _FoundError:
        return
    raise XmlError("no element begins in the first 64 KiB of the document")


class _FoundError(Exception):
    """Stops the parser at the root."""


class _Builder:
    def __init__(self, what: str, max_depth: int) -> None:
        self.root: XmlElement | None = None
        self._what = what
        self._max_depth = max_depth
        self._open: list[XmlElement] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise XmlError(
                f"{self._what} has more than {MAX_ELEMENTS} elements", code="formats.xml-limit"
            )
        if len(self._open) >= self._max_depth:
            raise XmlError(
                f"{self._what} is nested deeper than {self._max_depth} elements",
                code="formats.xml-limit",
            )
        element = XmlElement(_name(name), attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def characters(self, text: str) -> None:
        self._texts[-1].append(text)


def _parse(
    data: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None,
    characters: Callable[[str], None] | None,
    what: str,
    *,
    final: bool = True,
    doctype: Doctype = Doctype.REFUSED,
) -> None:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    if doctype is Doctype.PASSED_OVER:
        parser.EntityDeclHandler = _refuse_entity
        # Otherwise a long default of an attribute would be repeated for every element.
        parser.specified_attributes = True
    elif doctype is Doctype.EXTERNAL_ALLOWED:
        parser.StartDoctypeDeclHandler = _refuse_internal_subset
        parser.SkippedEntityHandler = _refuse_reference
    else:
        parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, final)
    except expat.ExpatError as error:
        raise XmlError(f"{what} is not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise XmlError(
            f"{what} has an encoding that is not read: {error}", code="formats.xml-encoding"
        ) from None


def _refuse_doctype(*_: object) -> None:
    raise XmlError(
        "the document has a document type (DTD); such documents are not read",
        code="formats.xml-doctype",
    )


def _refuse_internal_subset(
    _name: str, _system: str | None, _public: str | None, has_internal_subset: int
) -> None:
    if has_internal_subset:
        raise XmlError(
            "the document defines its own document type (DTD); such documents are not read",
            code="formats.xml-doctype",
        )


def _refuse_reference(name: str, _parameter: int) -> None:
    raise XmlError(f"the document uses the entity {name[:40]!r}, which it does not define")


def _refuse_entity(name: str, _parameter: int, text: str | None, *_: object) -> None:
    # One that stands for a text could stand for a very long one.
    if text is not None:
        raise XmlError(
            f"the document defines the entity {name[:40]!r}; such documents are not read",
            code="formats.xml-doctype",
        )


def _name(qualified: str) -> XmlName:
    namespace, _, local = qualified.rpartition(_SEPARATOR)
    return XmlName(namespace, local)
