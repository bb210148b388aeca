"""SPDX 3.0 JSON-LD against the rules of the model.

The document is taken as JSON in the fixed context, which is never fetched. Checked are: the
properties that a class requires, the words of vocabularies, the forms of identifiers and times, and
that what is referred to is in the document, imported by it, or defined by SPDX.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.validity.iri import is_iri
from gatebook.formats.sbom.validity.licence_expression import check_expression
from gatebook.formats.sbom.validity.problems import Problems
from gatebook.formats.sbom.validity.spdx3_model import (
    INDIVIDUALS,
    PARTS,
    REFERENCES,
    REQUIRED,
    VOCABULARIES,
)

__all__ = ["CODE", "check_spdx3", "check_spdx3_json", "spdx3_problems"]

CODE: Final = "formats.spdx3-invalid"

_CONTEXT: Final = re.compile(r"https://spdx\.org/rdf/3\.0\.[0-9]+/spdx-context\.jsonld\Z")
_VERSION: Final = re.compile(r"3\.0\.[0-9]+\Z")
_TIME: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\Z"
)
_TIMES: Final = frozenset({"created", "builtTime", "releaseTime", "validUntilTime"})
_HEX: Final = re.compile(r"[0-9A-Fa-f]+\Z")
_DIGITS: Final = {
    "sha1": 40,
    "sha224": 56,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "sha3_224": 56,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
    "md5": 32,
}
_NOT_LISTS: Final = frozenset({"from", "subject", "spdxId", "relationshipType", "creationInfo"})
_SHOWN: Final = 60


def check_spdx3(document: JsonObject) -> None:
    """Check a document.

    Raises:
        MalformedError: it breaks a rule; the message names the first places (code :data:`CODE`).

    """
    spdx3_problems(document).refuse("SPDX 3 document", CODE)


def check_spdx3_json(document: Document) -> None:
    """Check an SPDX 3 JSON-LD document.

    Raises:
        MalformedError: not an object, or it breaks a rule (code :data:`CODE`).

    """
    root = document.root
    if root is None:
        raise MalformedError("SPDX 3 JSON-LD must be an object", code=CODE)
    check_spdx3(root)


def spdx3_problems(document: JsonObject) -> Problems:
    """Every rule that a document breaks."""
    problems = Problems()
    contexts = document.get("@context")
    listed = contexts if isinstance(contexts, list) else [contexts]
    if not any(isinstance(each, str) and _CONTEXT.match(each) for each in listed):
        problems.add("@context", "names no context of SPDX 3.0")
    graph = document.get("@graph", [document])
    if not isinstance(graph, list) or not graph:
        problems.add("@graph", "is no list, or empty")
        return problems
    identifiers = _identifiers(graph, problems)
    for place, element in _objects(graph, problems):
        _check_object(place, element, identifiers, problems)
    documents = [each for each in graph if _is(each, "SpdxDocument")]
    if len(documents) > 1:
        problems.add("@graph", f"{len(documents)} elements are an SpdxDocument")
    return problems


def _is(value: Json, kind: str) -> bool:
    return isinstance(value, dict) and value.get("type") == kind


def _identifiers(graph: list[Json], problems: Problems) -> frozenset[str]:
    """Everything a reference may name: elements, creation infos, and imported elements."""
    found: set[str] = set()
    for number, element in enumerate(graph):
        if not isinstance(element, dict):
            continue
        name = element.get("spdxId", element.get("@id"))
        if isinstance(name, str):
            if name in found:
                problems.add(f"@graph[{number}]", f"{name[:_SHOWN]!r} names two elements")
            found.add(name)
        imported = element.get("import") if _is(element, "SpdxDocument") else None
        for each in imported if isinstance(imported, list) else [imported]:
            outside = each.get("externalSpdxId") if isinstance(each, dict) else None
            if isinstance(outside, str):
                found.add(outside)
    return frozenset(found)


def _objects(graph: list[Json], problems: Problems) -> Iterator[tuple[str, JsonObject]]:
    """Every object of the graph, and every one that stands inside another."""
    pending: list[tuple[str, Json]] = [
        (f"@graph[{number}]", element) for number, element in enumerate(graph)
    ]
    for place, element in pending:
        if not isinstance(element, dict):
            problems.add(place, "is no object")
    pending.reverse()
    while pending:
        place, value = pending.pop()
        if isinstance(value, list):
            pending.extend((place, each) for each in value if isinstance(each, dict))
        elif isinstance(value, dict):
            yield place, value
            pending.extend(
                (f"{place}.{key}"[-3 * _SHOWN :], inner)
                for key, inner in value.items()
                if isinstance(inner, dict | list)
            )


def _check_object(
    place: str, element: JsonObject, identifiers: frozenset[str], problems: Problems
) -> None:
    kind = element.get("type", element.get("@type"))
    if not isinstance(kind, str):
        problems.add(place, "has no 'type'")
        return
    required = REQUIRED.get(kind, PARTS.get(kind))
    if required is None:
        if not (":" in kind and is_iri(kind)):  # an extension's class is named by its IRI
            problems.add(place, f"{kind[:_SHOWN]!r} is no class of SPDX 3.0")
        return
    for name in required:
        if element.get(name) in (None, "", []):
            problems.add(place, f"{kind} has no {name!r}")
    for name, value in element.items():
        for problem in _property_problems(name, value, identifiers):
            problems.add(f"{place}.{name}", problem)
    for problem in _class_problems(kind, element):
        problems.add(place, problem)


def _property_problems(name: str, value: Json, identifiers: frozenset[str]) -> Iterator[str]:
    values: list[Json] = value if isinstance(value, list) else [value]
    if name in _NOT_LISTS and isinstance(value, list):
        yield "is a list"
    if name == "spdxId" and not (isinstance(value, str) and is_iri(value)):
        yield f"{str(value)[:_SHOWN]!r} is no IRI"
    if name in VOCABULARIES:
        for word in values:
            if not (isinstance(word, str) and word in VOCABULARIES[name]):
                yield f"{str(word)[:_SHOWN]!r} is none of its words"
    if name in _TIMES:
        for time in values:
            if not (isinstance(time, str) and _TIME.match(time)):
                yield f"{str(time)[:_SHOWN]!r} is not YYYY-MM-DDThh:mm:ssZ"
    if name in REFERENCES or name == "creationInfo":
        yield from _reference_problems(values, identifiers)


def _reference_problems(values: list[Json], identifiers: frozenset[str]) -> Iterator[str]:
    for reference in values:
        if isinstance(reference, dict):
            continue  # an object in place, which is checked on its own
        if not isinstance(reference, str):
            yield "refers to nothing"
        elif reference not in identifiers and not reference.startswith(INDIVIDUALS):
            yield f"{reference[:_SHOWN]!r} is neither in the document nor imported"


def _class_problems(kind: str, element: JsonObject) -> Iterator[str]:
    if kind == "CreationInfo":
        version = element.get("specVersion")
        if version is not None and not (isinstance(version, str) and _VERSION.match(version)):
            yield f"'specVersion' {str(version)[:_SHOWN]!r} is not 3.0.x"
    elif kind in {"Hash", "PackageVerificationCode"}:
        algorithm, value = element.get("algorithm"), element.get("hashValue")
        digits = _DIGITS.get(algorithm) if isinstance(algorithm, str) else None
        if not isinstance(value, str):
            yield "'hashValue' is no text"
        elif digits is not None and (_HEX.match(value) is None or len(value) != digits):
            yield f"{value[:_SHOWN]!r} is no {algorithm} value"
    elif kind == "simplelicensing_LicenseExpression":
        expression = element.get("simplelicensing_licenseExpression")
        if isinstance(expression, str) and expression not in {"", "NONE", "NOASSERTION"}:
            problem, _ = check_expression(expression)
            if problem is not None:
                yield problem
    elif kind == "PositiveIntegerRange":
        bounds = [element.get("beginIntegerRange"), element.get("endIntegerRange")]
        numbers = [each for each in bounds if isinstance(each, int) and not isinstance(each, bool)]
        if len(numbers) != len(bounds) or not 1 <= numbers[0] <= numbers[1]:
            yield "the range does not go from a number of at least 1 to one no smaller"
