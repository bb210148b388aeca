"""SPDX 2 in RDF/XML, turned into the JSON shape by the terms of http://spdx.org/rdf/terms.

Licences are graphs in RDF (sets, operators, listed and extracted licences); they become licence
expressions. An element's identifier is the fragment of its IRI, the document's namespace what
stands before it (SPDX 2.3 §6.5, §7.2).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.rdf_graph import RDF, Node, RdfError, read_rdf
from gatebook.formats.sbom.spdx2_rdf_licence import licence_text
from gatebook.formats.sbom.spdx2_shape import counts, read_shape, scalar

__all__ = ["READER", "read_spdx_rdf"]

_TERMS: Final = "http://spdx.org/rdf/terms#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_DOAP: Final = "http://usefulinc.com/ns/doap#"
_POINTERS: Final = "http://www.w3.org/2009/pointers#"
_REFERENCES: Final = "http://spdx.org/rdf/references/"
_CLAIM: Final = b"spdx.org/rdf/terms"
_MAX_PARTS: Final = 3
_NO_VALUE: Final = {f"{_TERMS}none": "NONE", f"{_TERMS}noassertion": "NOASSERTION"}

T = TypeVar("T")

# Names of individuals carry their class: checksumAlgorithm_sha1, relationshipType_dependsOn.
_INDIVIDUAL: Final = re.compile(
    r"(?:checksumAlgorithm|relationshipType|referenceCategory|fileType|annotationType|purpose)_"
)
_ALGORITHMS: Final[Mapping[str, str]] = {
    # The individuals of the algorithms that are not spelt like their names.
    "SHA3_256": "SHA3-256",
    "SHA3_384": "SHA3-384",
    "SHA3_512": "SHA3-512",
    "BLAKE2B256": "BLAKE2b-256",
    "BLAKE2B384": "BLAKE2b-384",
    "BLAKE2B512": "BLAKE2b-512",
    "BLAKE2B_256": "BLAKE2b-256",
    "BLAKE2B_384": "BLAKE2b-384",
    "BLAKE2B_512": "BLAKE2b-512",
}

# Property → field, for values that are texts or individuals.
_TEXTS: Final[Mapping[str, str]] = {
    f"{_TERMS}specVersion": "spdxVersion",
    f"{_TERMS}name": "name",
    f"{_RDFS}comment": "comment",
    f"{_TERMS}created": "created",
    f"{_TERMS}licenseListVersion": "licenseListVersion",
    f"{_TERMS}versionInfo": "versionInfo",
    f"{_TERMS}packageFileName": "packageFileName",
    f"{_TERMS}supplier": "supplier",
    f"{_TERMS}originator": "originator",
    f"{_TERMS}downloadLocation": "downloadLocation",
    f"{_TERMS}filesAnalyzed": "filesAnalyzed",
    f"{_DOAP}homepage": "homepage",
    f"{_TERMS}sourceInfo": "sourceInfo",
    f"{_TERMS}licenseComments": "licenseComments",
    f"{_TERMS}copyrightText": "copyrightText",
    f"{_TERMS}summary": "summary",
    f"{_TERMS}description": "description",
    f"{_TERMS}primaryPackagePurpose": "primaryPackagePurpose",
    f"{_TERMS}releaseDate": "releaseDate",
    f"{_TERMS}builtDate": "builtDate",
    f"{_TERMS}validUntilDate": "validUntilDate",
    f"{_TERMS}fileName": "fileName",
    f"{_TERMS}noticeText": "noticeText",
    f"{_TERMS}extractedText": "extractedText",
    f"{_TERMS}licenseId": "licenseId",
    f"{_TERMS}algorithm": "algorithm",
    f"{_TERMS}checksumValue": "checksumValue",
    f"{_TERMS}packageVerificationCodeValue": "packageVerificationCodeValue",
    f"{_TERMS}referenceCategory": "referenceCategory",
    f"{_TERMS}referenceLocator": "referenceLocator",
    f"{_TERMS}relationshipType": "relationshipType",
    f"{_TERMS}annotator": "annotator",
    f"{_TERMS}annotationDate": "annotationDate",
    f"{_TERMS}annotationType": "annotationType",
    f"{_TERMS}externalDocumentId": "externalDocumentId",
    f"{_TERMS}spdxDocument": "spdxDocument",
    f"{_TERMS}reviewer": "reviewer",
    f"{_TERMS}reviewDate": "reviewDate",
    f"{_POINTERS}offset": "offset",
    f"{_POINTERS}lineNumber": "lineNumber",
}
_LISTS: Final[Mapping[str, str]] = {
    f"{_TERMS}creator": "creators",
    f"{_TERMS}attributionText": "attributionTexts",
    f"{_TERMS}fileType": "fileTypes",
    f"{_TERMS}fileContributor": "fileContributors",
    f"{_TERMS}packageVerificationCodeExcludedFile": "packageVerificationCodeExcludedFiles",
    f"{_RDFS}seeAlso": "seeAlsos",
}
_LICENCE: Final[Mapping[str, str]] = {
    f"{_TERMS}dataLicense": "dataLicense",
    f"{_TERMS}licenseConcluded": "licenseConcluded",
    f"{_TERMS}licenseDeclared": "licenseDeclared",
}
_LICENCE_LISTS: Final[Mapping[str, str]] = {
    f"{_TERMS}licenseInfoFromFiles": "licenseInfoFromFiles",
    f"{_TERMS}licenseInfoInFile": "licenseInfoInFiles",
    f"{_TERMS}licenseInfoInSnippet": "licenseInfoInSnippets",
}
_REFERENCE: Final[Mapping[str, str]] = {
    f"{_TERMS}relatedSpdxElement": "relatedSpdxElement",
    f"{_TERMS}snippetFromFile": "snippetFromFile",
}
_REFERENCE_LISTS: Final[Mapping[str, str]] = {
    f"{_TERMS}hasFile": "hasFiles",
    f"{_TERMS}describesPackage": "documentDescribes",
}
_PARTS: Final[Mapping[str, tuple[str, bool]]] = {
    # Property → field, and whether the field is a list; the value is a node of its own.
    f"{_TERMS}creationInfo": ("creationInfo", False),
    f"{_TERMS}packageVerificationCode": ("packageVerificationCode", False),
    f"{_TERMS}checksum": ("checksums", True),
    f"{_TERMS}externalRef": ("externalRefs", True),
    f"{_TERMS}externalDocumentRef": ("externalDocumentRefs", True),
    f"{_TERMS}annotation": ("annotations", True),
    f"{_TERMS}reviewed": ("revieweds", True),
    f"{_TERMS}range": ("ranges", True),
    f"{_POINTERS}startPointer": ("startPointer", False),
    f"{_POINTERS}endPointer": ("endPointer", False),
}
_ELEMENTS: Final = (("Package", "packages"), ("File", "files"), ("Snippet", "snippets"))


class _Converter:
    """Turns the nodes of one document into the JSON shape."""

    def __init__(self, nodes: list[Node], document: Node) -> None:
        self._nodes = nodes
        self._namespace = (document.iri or "").partition("#")[0]
        self._others: dict[str, str] = {}
        for reference in document.nodes(f"{_TERMS}externalDocumentRef"):
            names = [_text(name) for name in reference.all(f"{_TERMS}externalDocumentId")]
            name = names[0] if names else (reference.iri or "").rpartition("#")[2]
            for other in reference.all(f"{_TERMS}spdxDocument"):
                self._others[_text(other).partition("#")[0]] = name

    def document(self, node: Node) -> JsonObject:
        """The whole document."""
        shape = self.element(node)
        if self._namespace:
            shape["documentNamespace"] = self._namespace
        for kind, field in _ELEMENTS:
            elements: list[Json] = [
                self.element(each) for each in self._nodes if f"{_TERMS}{kind}" in each.types
            ]
            if elements:
                shape[field] = elements
        licences = {
            id(each): each
            for each in node.nodes(f"{_TERMS}hasExtractedLicensingInfo")
            if f"{_TERMS}ExtractedLicensingInfo" in each.types
        }
        if licences:
            shape["hasExtractedLicensingInfos"] = [
                self._licence(each) for each in licences.values()
            ]
        relationships = self._relationships()
        if relationships:
            shape["relationships"] = relationships
        return shape

    def element(self, node: Node) -> JsonObject:
        """An element, with the identifier its IRI ends in."""
        shape = self._part(node)
        identifier = self._identifier(node)
        if identifier is not None:
            shape["SPDXID"] = identifier
        return shape

    def _licence(self, node: Node) -> JsonObject:
        shape = self._part(node)
        if "name" not in shape:  # SPDX 2.0 called it licenseName
            names = node.all(f"{_TERMS}licenseName")
            if names:
                shape["name"] = _text(_single(names, "licenseName"))
        if "licenseId" not in shape and node.iri is not None:
            shape["licenseId"] = node.iri.rpartition("#")[2]
        return shape

    def _part(self, node: Node, depth: int = 0) -> JsonObject:
        """The fields of a node, and those of the parts that it is made of."""
        if depth > _MAX_PARTS:
            raise RdfError("a part of an element is part of itself")
        shape: JsonObject = {}
        for predicate, values in node.properties.items():
            if predicate in _LISTS:
                shape[_LISTS[predicate]] = [_text(value) for value in values]
            elif predicate in _LICENCE_LISTS:
                shape[_LICENCE_LISTS[predicate]] = [licence_text(value) for value in values]
            elif predicate in _REFERENCE_LISTS:
                shape[_REFERENCE_LISTS[predicate]] = [*self._references(values)]
            elif predicate in _PARTS:
                field, many = _PARTS[predicate]
                parts: list[Json] = [
                    self._named_part(field, value, depth + 1)
                    for value in values
                    if isinstance(value, Node)
                ]
                shape[field] = parts if many else _single(parts, field)
            else:
                self._one(predicate, values, shape)
        return shape

    def _one(self, predicate: str, values: list[str | Node], shape: JsonObject) -> None:
        """Read a property that has one value, or skip one that no field is made of."""
        if predicate in _TEXTS:
            field = _TEXTS[predicate]
            shape[field] = scalar(field, _text(_single(values, field)))
        elif predicate in _LICENCE:
            field = _LICENCE[predicate]
            shape[field] = licence_text(_single(values, field))
        elif predicate in _REFERENCE:
            field = _REFERENCE[predicate]
            shape.update((field, found) for found in self._references([_single(values, field)]))
        elif predicate == f"{_TERMS}referenceType":
            kind = _text(_single(values, "referenceType"))
            shape["referenceType"] = kind.removeprefix(_REFERENCES)

    def _named_part(self, field: str, node: Node, depth: int) -> JsonObject:
        shape = self._part(node, depth)
        if field == "externalDocumentRefs":
            checksums = shape.pop("checksums", None)
            if isinstance(checksums, list) and checksums:
                shape["checksum"] = checksums[0]
            if "externalDocumentId" not in shape and node.iri is not None:
                shape["externalDocumentId"] = node.iri.rpartition("#")[2]
        algorithm = shape.get("algorithm")
        if isinstance(algorithm, str):
            shape["algorithm"] = _ALGORITHMS.get(algorithm, algorithm)
        return shape

    def _references(self, values: list[str | Node]) -> Iterator[str]:
        for value in values:
            if isinstance(value, str):
                yield value
            elif value.iri in _NO_VALUE:
                yield _NO_VALUE[value.iri]
            else:
                identifier = self._identifier(value)
                if identifier is not None:
                    yield identifier

    def _identifier(self, node: Node) -> str | None:
        """``SPDXRef-…`` of an element, ``DocumentRef-…:SPDXRef-…`` of one in another document."""
        if node.iri is None:
            return None
        namespace, hash_sign, fragment = node.iri.partition("#")
        if not hash_sign:
            return node.iri
        if namespace != self._namespace and namespace in self._others:
            return f"{self._others[namespace]}:{fragment}"
        return fragment

    def _relationships(self) -> list[Json]:
        """All relationships, whatever node states them."""
        found: list[Json] = []
        for node in self._nodes:
            for relationship in node.nodes(f"{_TERMS}relationship"):
                shape = self._part(relationship)
                shape["spdxElementId"] = self._identifier(node) or ""
                found.append(shape)
        return found


def _single(values: list[T], field: str) -> T:
    if len(values) != 1:
        raise RdfError(f"{field} has {len(values)} values in RDF; one is read")
    return values[0]


def _text(value: str | Node) -> str:
    """A literal, the word an individual of the SPDX terms stands for, or an IRI."""
    if isinstance(value, str):
        return value
    iri = value.iri or ""
    if iri in _NO_VALUE:
        return _NO_VALUE[iri]
    if not iri.startswith(_TERMS):
        return iri
    name = iri.removeprefix(_TERMS)
    match = _INDIVIDUAL.match(name)
    if match is None:
        return name
    return "".join(f"_{char}" if char.isupper() else char.upper() for char in name[match.end() :])


def read_spdx_rdf(document: Document) -> JsonObject:
    """Turn a document into the JSON shape of SPDX 2.

    Raises:
        MalformedError: not the RDF/XML that is read, no or several documents in it, a second value
            where one is allowed, or licences that contain themselves.

    """
    nodes = read_rdf(document.data)
    documents = [node for node in nodes if f"{_TERMS}SpdxDocument" in node.types]
    if len(documents) != 1:
        raise RdfError(f"the RDF holds {len(documents)} SPDX documents; one is read")
    return _Converter(nodes, documents[0]).document(documents[0])


def _recognises(document: Document) -> bool:
    name = document.xml_root
    return (
        name is not None
        and name.namespace == RDF
        and name.local == "RDF"
        and _CLAIM in document.data
    )


def _read(document: Document) -> Sbom:
    return read_shape(document.once(read_spdx_rdf))


def _check(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import check_spdx2  # noqa: PLC0415  # only to check

    check_spdx2(document.once(read_spdx_rdf))


READER: Final = Reader(
    format=DocumentFormat.SPDX2_RDF_XML,
    family=Family.SBOM,
    recognises=_recognises,
    read=_read,
    describe=lambda document: counts(document.once(read_spdx_rdf)),
    check=_check,
)
