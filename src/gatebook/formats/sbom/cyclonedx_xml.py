"""CycloneDX XML 1.0 to 1.7, read as the CycloneDX JSON that says the same."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.cyclonedx_json import read_cyclonedx_bytes
from gatebook.formats.sbom.cyclonedx_xml_shape import spec_version_of, xml_bom

__all__ = ["EXTENSION_READER", "READER", "SPEC_VERSIONS"]

SPEC_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7")

_EXTENSIONS: Final = b"http://cyclonedx.org/schema/ext/"
_EXTENDED: Final = frozenset({"1.0", "1.1"})
_ROOT_WITHIN: Final = 64 * 1024
_SEVERITIES: Final = ("unknown", "none", "info", "low", "medium", "high", "critical")


def _read(document: Document) -> Sbom:
    version = spec_version_of(document) or ""
    if version not in SPEC_VERSIONS:
        raise SbomError(
            f"CycloneDX XML {version[:20]!r} is not read; {', '.join(SPEC_VERSIONS)} are",
            code="formats.sbom-version",
        )
    bom = document.once(xml_bom)
    if bom.repeated is not None:
        raise SbomError(
            f"<{bom.repeated}> comes twice in one element of CycloneDX XML",
            code="formats.cyclonedx",
        )
    if version in _EXTENDED:
        # There is no JSON of 1.0 and 1.1; all that they can say, 1.2 says in the same words.
        said = f'"specVersion":"{version}"'.encode()
        read = read_cyclonedx_bytes(bom.json.replace(said, b'"specVersion":"1.2"', 1))
        return dataclasses.replace(read, spec_version=version)
    return read_cyclonedx_bytes(bom.json)


def _describe(document: Document) -> Mapping[str, Json]:
    bom = document.once(xml_bom)
    found: JsonObject = {
        "spec_version": bom.spec_version,
        "components_all": bom.components,
        "components_top": bom.top,
        "dependencies": bom.dependencies,
    }
    if bom.vulnerabilities:
        found["vulnerabilities"] = len(bom.vulnerabilities)
        counts = Counter(_highest(each) for each in bom.vulnerabilities)
        found["severity_highest_rating"] = dict(sorted(counts.items()))
    return found


def _highest(vulnerability: Json) -> str:
    ratings = vulnerability.get("ratings") if isinstance(vulnerability, dict) else None
    highest = "unknown"
    for rating in ratings if isinstance(ratings, list) else []:
        severity = rating.get("severity") if isinstance(rating, dict) else None
        if severity in _SEVERITIES and _SEVERITIES.index(severity) > _SEVERITIES.index(highest):
            highest = str(severity)
    return highest


def _check(document: Document) -> None:
    from gatebook.formats.sbom.validity.cyclonedx_xml import (  # noqa: PLC0415  # only to check
        check_cyclonedx_xml,
    )

    check_cyclonedx_xml(document)


def _uses_extension(document: Document) -> bool:
    """Whether a document of 1.0 or 1.1 uses an extension, which later became part of the format."""
    return spec_version_of(document) in _EXTENDED and _EXTENSIONS in document.data[:_ROOT_WITHIN]


READER: Final = Reader(
    format=DocumentFormat.CYCLONEDX_XML,
    family=Family.SBOM,
    recognises=lambda document: (
        spec_version_of(document) is not None and not _uses_extension(document)
    ),
    read=_read,
    describe=_describe,
    check=_check,
)
EXTENSION_READER: Final = Reader(
    format=DocumentFormat.CYCLONEDX_EXTENSION_XML,
    family=Family.SBOM,
    recognises=_uses_extension,
    read=_read,
    describe=_describe,
    check=_check,
)
