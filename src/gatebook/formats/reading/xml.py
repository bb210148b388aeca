"""XML without its dangers: no document types, no entities, nothing fetched, bounded in all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from gatebook.errors import MalformedError

__all__ = [
    "MAX_ELEMENTS",
    "MAX_XML_BYTES",
    "XmlElement",
    "XmlError",
    "XmlName",
    "read_xml",
    "root_name",
]

MAX_XML_BYTES: Final = 256 * 1024 * 1024
MAX_ELEMENTS: Final = 5_000_000
_MAX_DEPTH: Final = 256
_SEPARATOR: Final = "\x1f"


class XmlError(MalformedError):
    """Bytes are not XML that is read."""

    code = "formats.xml"


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
) -> XmlElement:
    """Read a document into a tree.

    Raises:
        XmlError: not well-formed, an encoding that is not read, a document type, or beyond a limit.

    """
    if len(data) > max_bytes:
        raise XmlError(
            f"{what} has {len(data)} bytes; at most {max_bytes} are read", code="formats.xml-limit"
        )
    builder = _Builder(what, max_depth)
    _parse(data, builder.start, builder.end, builder.characters, what)
    if builder.root is None:
        raise XmlError(f"{what} holds no element")
    return builder.root


def root_name(data: bytes) -> XmlName | None:
    """The name of the root element of what begins like XML; ``None`` when none can be found.

    Only the first 64 KiB are looked at.
    """
    found: list[XmlName] = []

    def start(name: str, _: dict[str, str]) -> None:
        found.append(_name(name))
        raise _FoundError

    try:
        _parse(data[: 64 * 1024], start, None, None, "document", final=False)
    except _FoundError:
        return found[0]
    except XmlError:
        return None
    return None


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
) -> None:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
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


def _name(qualified: str) -> XmlName:
    namespace, _, local = qualified.rpartition(_SEPARATOR)
    return XmlName(namespace, local)
