"""SPDX 2.2 and 2.3 JSON, read into the neutral component list.

Files are skipped: they are most of a document and no control asks for them. The package that the
document describes is the subject and stays in the list, because it is a package like the others.
"""

from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.components import Component, Defects, Sbom, SbomError, SbomFormat
from gatebook.formats.fields import Fields
from gatebook.formats.hashes import read_hashes

__all__ = ["SPEC_VERSIONS", "SpdxError", "is_spdx", "read_spdx"]

SPEC_VERSIONS: Final = ("2.2", "2.3")

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_ABSENT: Final = frozenset({"", "NOASSERTION", "NONE"})
# SPDX 2.2 spells the category PACKAGE-MANAGER in the text and PACKAGE_MANAGER in its schema.
_PURL_CATEGORIES: Final = frozenset({"PACKAGE-MANAGER", "PACKAGE_MANAGER"})


class SpdxError(SbomError):
    """A document says it is SPDX 2 and is not."""

    code = "formats.spdx"


def is_spdx(document: JsonObject) -> bool:
    """Whether a JSON document claims to be SPDX 2."""
    return "spdxVersion" in document


def read_spdx(document: JsonObject) -> Sbom:
    """Read a decoded document.

    A missing name, identifier or time, and a malformed checksum are defects of the document that is
    read nevertheless.

    Raises:
        MalformedError: an unsupported version, or a field of another JSON type than it must have.

    """
    root = Fields(document, "SPDX", SpdxError.code)
    claimed = root.text("spdxVersion")
    version = claimed.removeprefix("SPDX-")
    if not claimed.startswith("SPDX-") or version not in SPEC_VERSIONS:
        raise SpdxError(
            f"SPDX version {claimed[:20]!r} is not read; "
            + ", ".join(f"SPDX-{known}" for known in SPEC_VERSIONS)
            + " are",
            code="formats.sbom-version",
        )
    defects = Defects()
    if root.optional_text("SPDXID") != _DOCUMENT:
        defects.add(f"'SPDXID' of the document is not {_DOCUMENT}")
    creation = root.optional_object("creationInfo") or Fields({}, "SPDX.creationInfo", root.code)
    components = tuple(_package(item, defects) for item in root.array("packages"))
    relationships = root.array("relationships")
    described = _described(root, relationships)
    subjects = [component for component in components if component.ref in described]
    return Sbom(
        format=SbomFormat.SPDX,
        spec_version=version,
        serial=root.optional_text("documentNamespace"),
        created=_created(creation, defects),
        tools=_tools(creation),
        subject=subjects[0] if len(subjects) == 1 else None,
        components=components,
        relationships=len(relationships),
        defects=defects.texts(),
    )


def _package(item: Json, defects: Defects) -> Component:
    if not isinstance(item, dict):
        raise SpdxError("SPDX: a package must be an object")
    name, ref = _text(item, "name") or "", _text(item, "SPDXID")
    if not name:
        defects.add(f"the package {str(ref)[:80]!r} has no 'name'")
    if ref is None:
        defects.add(f"the package {name[:80]!r} has no 'SPDXID'")
    checksums = item.get("checksums")
    purpose = _text(item, "primaryPackagePurpose")
    return Component(
        name=name,
        version=_text(item, "versionInfo"),
        purl=_purl(item, name),
        type=None if purpose is None else purpose.lower(),
        licenses=_licenses(item),
        hashes=()
        if not checksums
        else read_hashes(checksums, "algorithm", "checksumValue", name, defects),
        supplier=_value(item, "supplier"),
        ref=ref,
    )


def _text(item: JsonObject, key: str) -> str | None:
    value = item.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise SpdxError(f"SPDX: {key!r} of a package must be a string")
    return value


def _value(item: JsonObject, key: str) -> str | None:
    """Read a field in which NOASSERTION and NONE say that there is no value."""
    text = _text(item, key)
    return None if text is None or text in _ABSENT else text


def _licenses(item: JsonObject) -> tuple[str, ...]:
    # What the analyst concluded goes before what the package declares.
    concluded = _value(item, "licenseConcluded")
    declared = _value(item, "licenseDeclared")
    if concluded is not None:
        return (concluded,)
    return () if declared is None else (declared,)


def _purl(item: JsonObject, name: str) -> str | None:
    references = item.get("externalRefs")
    if references is None:
        return None
    if not isinstance(references, list):
        raise SpdxError(f"SPDX: 'externalRefs' of {name[:80]!r} must be an array")
    for reference in references:
        if not isinstance(reference, dict):
            raise SpdxError(f"SPDX: an external reference of {name[:80]!r} must be an object")
        if (
            reference.get("referenceType") == "purl"
            and reference.get("referenceCategory") in _PURL_CATEGORIES
        ):
            return _text(reference, "referenceLocator")
    return None


def _described(root: Fields, relationships: list[Json]) -> set[str]:
    """The elements the document describes: listed, or related in either direction (§11.1)."""
    found = {item for item in root.array("documentDescribes") if isinstance(item, str)}
    for item in relationships:
        if not isinstance(item, dict):
            raise root.refuse("a relationship must be an object")
        first, kind = item.get("spdxElementId"), item.get("relationshipType")
        second = item.get("relatedSpdxElement")
        if not isinstance(first, str) or not isinstance(kind, str) or not isinstance(second, str):
            raise root.refuse("a relationship needs two elements and a type")
        if kind == "DESCRIBES" and first == _DOCUMENT:
            found.add(second)
        elif kind == "DESCRIBED_BY" and second == _DOCUMENT:
            found.add(first)
    return found


def _created(creation: Fields, defects: Defects) -> Instant | None:
    try:
        return Instant.parse(creation.optional_text("created") or "")
    except MalformedError as error:
        defects.add(f"'creationInfo.created': {error.message}")
        return None


def _tools(creation: Fields) -> tuple[str, ...]:
    creators = [item for item in creation.array("creators") if isinstance(item, str)]
    return tuple(
        item.removeprefix("Tool:").strip() for item in creators if item.startswith("Tool:")
    )
