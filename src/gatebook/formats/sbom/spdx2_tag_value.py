"""SPDX 2 tag-value documents (SPDX 2.3 annex F; the fields of chapters 6 to 13).

A line is ``Tag: value``; ``<text>`` values span lines; ``#`` begins a comment line. Which element
a tag belongs to is decided by the tag that began the element before it, so a tag of another
element than the current one is refused instead of guessed, and so is a second value where the
specification allows one.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.spdx2_shape import counts, read_shape
from gatebook.formats.sbom.spdx2_tags import (
    TAGS,
    TagValueError,
    external_reference,
    relationship,
)

__all__ = ["READER", "read_tag_value"]

_CLAIM: Final = re.compile(rb"^[ \t]*SPDXVersion[ \t]*:", re.MULTILINE)
_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*:(.*)\Z", re.DOTALL)
_TEXT_START: Final = "<text>"
_TEXT_END: Final = "</text>"
_MAX_TEXT: Final = 4 * 1024 * 1024


# The tag that begins an element, and the list the element goes into.
_BEGINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PackageName": "packages",
        "FileName": "files",
        "SnippetSPDXID": "snippets",
        "LicenseID": "hasExtractedLicensingInfos",
        "Annotator": "annotations",
        "Reviewer": "revieweds",
        "ArtifactOfProjectName": "artifactOfs",
    }
)
# Elements that end with the next tag of something else, and leave the element before them current.
_ASIDE: Final = frozenset({"annotation", "review", "external reference", "relationship", "project"})


class _Parser:
    """Builds the JSON shape from tags in order."""

    def __init__(self) -> None:
        self.shape: JsonObject = {}
        self._creation: JsonObject = {}
        self._current: dict[str, JsonObject] = {"document": self.shape}
        self._main = "document"
        self._package: JsonObject | None = None
        self._waiting_id: str | None = None

    def take(self, tag: str, text: str) -> None:
        if tag == "SPDXID":
            self._take_id(text)
            return
        if tag == "ExternalRef":
            reference = external_reference(text)
            _append(self._element("package", tag), "externalRefs", reference)
            self._aside("external reference", reference)
            return
        if tag == "Relationship":
            found = relationship(text)
            _append(self.shape, "relationships", found)
            self._aside("relationship", found)
            return
        known = TAGS.get(tag)
        if known is None:
            return  # a later version's field; unknown fields are skipped in every format
        if tag in _BEGINS:
            self._begin(known.of, _BEGINS[tag], tag)
        element = self._element(known.of, tag)
        value = known.parse(text)
        if known.many:
            _append(element, known.field, value)
        elif known.field in element:
            raise TagValueError(f"{tag} is given twice for one {known.of}")
        else:
            element[known.field] = value

    def finish(self) -> JsonObject:
        if self._waiting_id is not None:
            raise TagValueError(f"SPDXID {self._waiting_id[:60]!r} belongs to no element")
        return self.shape

    def _begin(self, kind: str, listed: str, tag: str) -> None:
        element: JsonObject = {}
        if kind in _ASIDE:
            owner = self._element("file", tag) if kind == "project" else self.shape
            _append(owner, listed, element)
            self._aside(kind, element)
            return
        if self._waiting_id is not None:
            element["SPDXID"], self._waiting_id = self._waiting_id, None
        _append(self.shape, listed, element)
        self._forget(_ASIDE | {"package", "file", "snippet", "licence"})
        self._current[kind] = element
        self._main = kind
        if kind == "package":
            self._package = element
        elif kind == "file" and self._package is not None:
            self._own_file(element)

    def _own_file(self, element: JsonObject) -> None:
        # Annex F, and §8.1: a file after a package is contained in it.
        identifier = element.get("SPDXID")
        if self._package is not None and isinstance(identifier, str):
            _append(self._package, "hasFiles", identifier)

    def _take_id(self, text: str) -> None:
        """Give the identifier to the current element, or to the next when this one has one."""
        element = self._current[self._main]
        if self._waiting_id is not None:
            raise TagValueError(f"SPDXID {self._waiting_id[:60]!r} belongs to no element")
        if "SPDXID" in element:
            self._waiting_id = text
            return
        element["SPDXID"] = text
        if self._main == "file":
            self._own_file(element)

    def _element(self, kind: str, tag: str) -> JsonObject:
        if kind == "creation":
            self.shape["creationInfo"] = self._creation
            return self._creation
        element = self._current.get(kind)
        if element is None:
            raise TagValueError(f"{tag} stands outside a {kind}")
        if kind not in _ASIDE:
            self._forget(_ASIDE)
        return element

    def _aside(self, kind: str, element: JsonObject) -> None:
        self._forget(_ASIDE)
        self._current[kind] = element

    def _forget(self, kinds: frozenset[str]) -> None:
        for kind in kinds:
            self._current.pop(kind, None)


def _append(element: JsonObject, field: str, value: Json) -> None:
    items = element.setdefault(field, [])
    if isinstance(items, list):  # always: list fields hold nothing else
        items.append(value)


def _tags(text: str) -> Iterator[tuple[str, str]]:
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        if match is None:
            raise TagValueError(f"line {number}: {stripped[:60]!r} is not 'Tag: value'")
        tag, value = match[1], match[2].strip()
        if value.startswith(_TEXT_START):
            value = _text(tag, value[len(_TEXT_START) :], lines)
        yield tag, value


def _text(tag: str, first: str, lines: Iterator[tuple[int, str]]) -> str:
    """Read a value up to its ``</text>``, which must end its line."""
    parts: list[str] = []
    size, line = 0, first
    while _TEXT_END not in line:
        parts.append(line.rstrip("\r"))
        size += len(line)
        _, following = next(lines, (0, None))
        if following is None or size > _MAX_TEXT:
            raise TagValueError(
                f"the <text> of {tag} is not ended", code="formats.spdx-tag-value-text"
            )
        line = following
    end, _, rest = line.partition(_TEXT_END)
    if rest.strip():
        raise TagValueError(
            f"{rest.strip()[:40]!r} follows the </text> of {tag}",
            code="formats.spdx-tag-value-text",
        )
    return "\n".join([*parts, end]).strip()


def read_tag_value(document: Document) -> JsonObject:
    """Turn a document into the JSON shape of SPDX 2.

    Raises:
        MalformedError: not UTF-8, a line that is no tag, a text without end, a tag outside its
            element, or a second value.

    """
    try:
        text = document.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TagValueError(
            f"the tag-value document is not UTF-8: byte {error.start}",
            code="formats.document-encoding",
        ) from None
    parser = _Parser()
    for tag, value in _tags(text):
        parser.take(tag, value)
    return parser.finish()


def _recognises(document: Document) -> bool:
    return not document.start.startswith((b"{", b"[", b"<")) and bool(_CLAIM.search(document.start))


def _read(document: Document) -> Sbom:
    return read_shape(document.once(read_tag_value))


def _check(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import check_spdx2  # noqa: PLC0415  # only to check

    check_spdx2(document.once(read_tag_value))


READER: Final = Reader(
    format=DocumentFormat.SPDX2_TAG_VALUE,
    family=Family.SBOM,
    recognises=_recognises,
    read=_read,
    describe=lambda document: counts(document.once(read_tag_value)),
    check=_check,
)
