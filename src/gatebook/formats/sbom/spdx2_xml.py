"""SPDX 2 in XML: the JSON shape with an element for each field (SPDX 2.3 §4.4).

A repeated element is an array. Two roots are read: ``Document``, which tools write today, and the
``SpdxDocument`` that tools wrote before, where a package stands inside ``documentDescribes`` and
its files inside the package.
"""

from collections.abc import Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import XmlElement, read_xml
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.spdx2_shape import ARRAYS, counts, read_shape, scalar

__all__ = ["DOCUMENT_READER", "MAX_SPDX_XML_BYTES", "READER", "read_spdx_xml"]

MAX_SPDX_XML_BYTES: Final = 64 * 1024 * 1024

_CLAIMS: Final = (b"spdxVersion", b"specVersion", b"SPDXRef-", b"SPDXID")
# The names of the early serialisation, where they are others than in the schema.
_EARLY_NAMES: Final = {
    "specVersion": "spdxVersion",
    "reviewers": "revieweds",
    "seeAlso": "seeAlsos",
    "licenseInfoFromSnippet": "licenseInfoInSnippets",
    "fileId": "snippetFromFile",
    "artifactOf": "artifactOfs",
}
_EARLY_FILE_NAMES: Final = {"name": "fileName", "licenseInfoFromFiles": "licenseInfoInFiles"}
_EARLY_VALUES: Final = ("checksumAlgorithm_", "fileType_", "annotationType_", "relationshipType_")


class SpdxXmlError(SbomError):
    """An XML document is not in the shape of SPDX 2."""

    code = "formats.spdx-xml"


def read_spdx_xml(document: Document) -> JsonObject:
    """Turn a document with the root ``Document`` into the JSON shape of SPDX 2.

    Raises:
        MalformedError: not the XML that is read, or a field that is repeated or mixed with text.

    """
    root = read_xml(document.data, what="SPDX XML document", max_bytes=MAX_SPDX_XML_BYTES)
    return _object(root)


def _read_early(document: Document) -> JsonObject:
    root = read_xml(document.data, what="SPDX XML document", max_bytes=MAX_SPDX_XML_BYTES)
    if [child.tag for child in root.children] != ["Document"]:
        raise SpdxXmlError("an SpdxDocument must hold one Document")
    shape = _object(_renamed(root.children[0], _EARLY_NAMES))
    described = shape.get("documentDescribes")
    if isinstance(described, list):
        shape["documentDescribes"] = [*_moved(described, shape)]
    return shape


def _moved(described: list[Json], shape: JsonObject) -> Iterator[Json]:
    """Move the elements in ``documentDescribes`` to the lists they have today."""
    for item in described:
        if not isinstance(item, dict):
            yield item
            continue
        for tag, listed in (("Package", "packages"), ("File", "files")):
            element = item.get(tag)
            if isinstance(element, dict):
                _put(shape, listed, element)
                if isinstance(element.get("SPDXID"), str):
                    yield element["SPDXID"]
                if tag == "Package":
                    _move_files(element, shape)


def _move_files(package: JsonObject, shape: JsonObject) -> None:
    inside = package.pop("files", None)
    for item in inside if isinstance(inside, list) else []:
        file = item.get("File") if isinstance(item, dict) else None
        if isinstance(file, dict):
            _put(shape, "files", file)
            if isinstance(file.get("SPDXID"), str):
                _put(package, "hasFiles", file["SPDXID"])


def _put(element: JsonObject, field: str, value: Json) -> None:
    items = element.setdefault(field, [])
    if isinstance(items, list):
        items.append(value)


def _renamed(element: XmlElement, names: dict[str, str]) -> XmlElement:
    """A copy with today's names and without the early prefixes of values."""
    text = element.text
    for prefix in _EARLY_VALUES:
        if text.strip().startswith(prefix):
            text = _screaming(text.strip().removeprefix(prefix))
    inner = {**_EARLY_NAMES, **_EARLY_FILE_NAMES} if element.tag == "File" else _EARLY_NAMES
    copy = XmlElement(
        type(element.name)(element.name.namespace, names.get(element.tag, element.tag)),
        {},
        text=text,
    )
    copy.children = [_renamed(child, inner) for child in element.children]
    return copy


def _screaming(camel: str) -> str:
    return "".join(f"_{char}" if char.isupper() else char.upper() for char in camel)


def _object(element: XmlElement) -> JsonObject:
    found: JsonObject = {}
    for child in element.children:
        tag = child.tag
        value = _object(child) if child.children else scalar(tag, child.text.strip())
        if child.children and child.text.strip():
            raise SpdxXmlError(f"<{tag[:60]}> has both elements and text in it")
        if tag in ARRAYS:
            _put(found, tag, value)
        elif tag in found:
            raise SpdxXmlError(f"<{tag[:60]}> comes twice in <{element.tag[:60]}>")
        else:
            found[tag] = value
    return found


def _claims(document: Document, root: str) -> bool:
    name = document.xml_root
    if name is None or name.local != root or name.namespace:
        return False
    return any(claim in document.data for claim in _CLAIMS)


def _check(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import check_spdx2  # noqa: PLC0415  # only to check

    check_spdx2(document.once(read_spdx_xml))


def _check_early(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import check_spdx2  # noqa: PLC0415  # only to check

    check_spdx2(document.once(_read_early))


def _read(document: Document) -> Sbom:
    return read_shape(document.once(read_spdx_xml))


READER: Final = Reader(
    format=DocumentFormat.SPDX2_XML,
    family=Family.SBOM,
    recognises=lambda document: _claims(document, "Document"),
    read=_read,
    describe=lambda document: counts(document.once(read_spdx_xml)),
    check=_check,
)
DOCUMENT_READER: Final = Reader(
    format=DocumentFormat.SPDX2_DOCUMENT_XML,
    family=Family.SBOM,
    recognises=lambda document: _claims(document, "SpdxDocument"),
    read=lambda document: read_shape(document.once(_read_early)),
    describe=lambda document: counts(document.once(_read_early)),
    check=_check_early,
)
