"""SPDX 2.2 and 2.3 against the rules of the specification, on the JSON shape.

All serialisations come here in one shape, so a document is valid in every spelling or in none. The
rules are those of chapters 6 to 13: what is required in which version, the forms of values, and
that what is referred to exists. Each element is looked at once; nothing is compared in pairs.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.spdx2_shape import document_of
from gatebook.formats.sbom.validity.problems import Problems
from gatebook.formats.sbom.validity.spdx2_elements import Context, check_elements
from gatebook.formats.sbom.validity.spdx2_values import (
    NO_VALUES,
    RELATIONSHIPS,
    RELATIONSHIPS_OF_2_3,
    actor_problem,
    checksum_problem,
    date_problem,
    uri_problem,
)

__all__ = ["CODE", "CONTROLS_CODE", "check_spdx2", "check_spdx2_json", "spdx2_problems"]

CODE: Final = "formats.spdx-invalid"
CONTROLS_CODE: Final = "formats.spdx-control-character"

_VERSIONS: Final = ("SPDX-2.1", "SPDX-2.2", "SPDX-2.3")
_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_ELEMENT_ID: Final = re.compile(r"SPDXRef-[A-Za-z0-9.-]+\Z")
_DOCUMENT_REF: Final = re.compile(r"DocumentRef-[A-Za-z0-9.+-]+\Z")
_LIST_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+(?:\.[0-9]+)?\Z")
_SHOWN: Final = 60
# C0 controls but tab and the ends of lines: no XML document, so no SPDX in RDF, can hold them.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def check_spdx2(shape: JsonObject) -> None:
    """Check a document.

    Raises:
        MalformedError: it breaks a rule (code :data:`CODE`) or holds a character that no SPDX in
            XML can (:data:`CONTROLS_CODE`); the message names the first places.

    """
    version = shape.get("spdxVersion")
    unreadable = Problems()
    _check_texts(shape, unreadable)
    unreadable.refuse(f"{str(version)[:20]} document", CONTROLS_CODE)
    spdx2_problems(shape).refuse(f"{str(version)[:20]} document", CODE)


def check_spdx2_json(document: Document) -> None:
    """Check an SPDX 2 JSON document.

    Raises:
        MalformedError: not an object, or it breaks a rule (code :data:`CODE`).

    """
    shape = document_of(document.root)
    if shape is None:
        raise MalformedError("SPDX JSON must be an object", code=CODE)
    check_spdx2(shape)


def spdx2_problems(shape: JsonObject) -> Problems:
    """Every rule that a document breaks."""
    problems = Problems()
    version = shape.get("spdxVersion")
    if str(version) not in _VERSIONS:
        problems.add("spdxVersion", f"{str(version)[:20]!r} is none of {', '.join(_VERSIONS)}")
        return problems
    context = Context(problems=problems, since_2_3=version == "SPDX-2.3")
    _check_texts(shape, problems)
    _check_head(shape, context)
    _check_creation(shape.get("creationInfo"), problems)
    _collect(shape, context)
    check_elements(shape, context)
    _check_relationships(shape, context)
    return problems


def _check_texts(shape: JsonObject, problems: Problems) -> None:
    pending: list[tuple[str, Json]] = [("$", shape)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, dict):
            pending.extend((f"{place}.{key}"[-_SHOWN:], inner) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend((place, inner) for inner in value)
        elif isinstance(value, str) and _CONTROLS.search(value):
            problems.add(place, "a control character, which no XML can hold")


def _check_head(shape: JsonObject, context: Context) -> None:
    problems = context.problems
    if shape.get("SPDXID") != _DOCUMENT:
        problems.add("SPDXID", f"the document's is not {_DOCUMENT}")
    if shape.get("dataLicense") != "CC0-1.0":
        problems.add("dataLicense", "is not CC0-1.0")
    context.text(shape, "name", "document", required=True)
    context.text(shape, "comment", "document")
    namespace = context.text(shape, "documentNamespace", "document", required=True)
    if namespace:
        context.note("documentNamespace", uri_problem(namespace))
    for number, reference in context.objects(shape, "externalDocumentRefs", "document"):
        place = f"externalDocumentRefs[{number}]"
        name = context.text(reference, "externalDocumentId", place, required=True)
        if name and _DOCUMENT_REF.match(name) is None:
            problems.add(place, f"{name[:_SHOWN]!r} is no DocumentRef-…")
        uri = context.text(reference, "spdxDocument", place, required=True)
        if uri:
            context.note(place, uri_problem(uri))
        checksum = reference.get("checksum")
        if not isinstance(checksum, dict):
            problems.add(place, "has no checksum")
        else:
            context.note(
                place,
                checksum_problem(
                    checksum.get("algorithm"),
                    checksum.get("checksumValue"),
                    since_2_3=context.since_2_3,
                ),
            )
        if name:
            context.documents.add(name)


def _check_creation(creation: Json, problems: Problems) -> None:
    if not isinstance(creation, dict):
        problems.add("creationInfo", "is required")
        return
    created = creation.get("created")
    problem = date_problem(created) if isinstance(created, str) else "is required"
    if problem is not None:
        problems.add("creationInfo.created", problem)
    creators = creation.get("creators")
    if not isinstance(creators, list) or not creators:
        problems.add("creationInfo.creators", "at least one is required")
        creators = []
    for creator in creators:
        problem = actor_problem(creator, tool=True) if isinstance(creator, str) else "is no text"
        if problem is not None:
            problems.add("creationInfo.creators", problem)
    listed = creation.get("licenseListVersion")
    if listed and not (isinstance(listed, str) and _LIST_VERSION.match(listed)):
        problems.add("creationInfo.licenseListVersion", f"{str(listed)[:_SHOWN]!r} is no version")


def _collect(shape: JsonObject, context: Context) -> None:
    """Take down every identifier, and that none is given twice (§6.3, §7.2, §8.2, §9.1)."""
    for field in ("packages", "files", "snippets"):
        for number, element in context.objects(shape, field, "document"):
            place = f"{field}[{number}]"
            identifier = context.text(element, "SPDXID", place, required=True)
            if not identifier:
                continue
            if _ELEMENT_ID.match(identifier) is None:
                context.problems.add(place, f"{identifier[:_SHOWN]!r} is no SPDXRef-…")
            if identifier in context.elements or identifier == _DOCUMENT:
                context.problems.add(place, f"{identifier[:_SHOWN]!r} names two elements")
            context.elements[identifier] = field
    for number, licence in context.objects(shape, "hasExtractedLicensingInfos", "document"):
        place = f"hasExtractedLicensingInfos[{number}]"
        identifier = context.text(licence, "licenseId", place, required=True)
        context.text(licence, "extractedText", place, required=True)
        if identifier:
            if not re.match(r"LicenseRef-[A-Za-z0-9.-]+\Z", identifier):
                context.problems.add(place, f"{identifier[:_SHOWN]!r} is no LicenseRef-…")
            if identifier in context.licences:
                context.problems.add(place, f"{identifier[:_SHOWN]!r} names two licences")
            context.licences.add(identifier)


def _check_relationships(shape: JsonObject, context: Context) -> None:
    problems = context.problems
    described = False
    for number, relationship in context.objects(shape, "relationships", "document"):
        place = f"relationships[{number}]"
        kind = str(relationship.get("relationshipType"))
        if kind not in RELATIONSHIPS and not (context.since_2_3 and kind in RELATIONSHIPS_OF_2_3):
            problems.add(place, f"{kind[:_SHOWN]!r} is no relationship type of this version")
        first = relationship.get("spdxElementId")
        second = relationship.get("relatedSpdxElement")
        context.refer(place, first)
        if str(second) not in NO_VALUES:
            context.refer(place, second)
        described = described or (kind == "DESCRIBES" and first == _DOCUMENT)
        described = described or (kind == "DESCRIBED_BY" and second == _DOCUMENT)
        for package, file in _contained(kind, first, second):
            if package in context.without_files and context.elements.get(file) == "files":
                problems.add(place, f"{package[:_SHOWN]!r} has a file and filesAnalyzed is false")
    listed = shape.get("documentDescribes")
    for identifier in listed if isinstance(listed, list) else []:
        context.refer("documentDescribes", identifier)
        described = True
    packages = shape.get("packages")
    # §11.1: what a document is about may be left unsaid only when there is one package.
    if isinstance(packages, list) and not described and (len(packages) != 1 or shape.get("files")):
        problems.add("relationships", "nothing says what the document describes")


def _contained(kind: str, first: Json, second: Json) -> Iterator[tuple[str, str]]:
    if isinstance(first, str) and isinstance(second, str):
        if kind == "CONTAINS":
            yield first, second
        elif kind == "CONTAINED_BY":
            yield second, first
