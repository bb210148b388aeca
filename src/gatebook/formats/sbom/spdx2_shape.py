"""The JSON shape of SPDX 2, into which its other serialisations are turned before they are read.

SPDX 2 is one model with five spellings. Its JSON schema (spdx-schema.json of SPDX 2.3) names the
fields; tag-value, YAML, XML and RDF/XML documents become an object of that schema and are read by
:mod:`gatebook.formats.sbom.spdx2_json`, so that an SBOM gives the same list in every spelling.
"""

import dataclasses
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.spdx2_json import read_spdx

__all__ = ["ARRAYS", "BOOLEANS", "INTEGERS", "counts", "document_of", "read_shape", "scalar"]

ARRAYS: Final = frozenset(
    {
        "annotations",
        "artifactOfs",
        "attributionTexts",
        "checksums",
        "creators",
        "crossRefs",
        "documentDescribes",
        "externalDocumentRefs",
        "externalRefs",
        "fileContributors",
        "fileDependencies",
        "fileTypes",
        "files",
        "hasExtractedLicensingInfos",
        "hasFiles",
        "licenseInfoFromFiles",
        "licenseInfoInFiles",
        "licenseInfoInSnippets",
        "packageVerificationCodeExcludedFiles",
        "packages",
        "ranges",
        "relationships",
        "revieweds",
        "seeAlsos",
        "snippets",
    }
)
"""Fields that may be repeated; every other field comes once."""

BOOLEANS: Final = frozenset({"filesAnalyzed", "isLive", "isValid", "isWayBackLink", "match"})
INTEGERS: Final = frozenset({"lineNumber", "offset", "order"})

_BOOLEAN_WORDS: Final = {"true": True, "false": False, "1": True, "0": False}
_WHOLE_NUMBER: Final = 15


def scalar(field: str, text: str) -> Json:
    """The value of a field that is written as text: a boolean or a number where it is one."""
    if field in BOOLEANS:
        return _BOOLEAN_WORDS.get(text.lower(), text)
    if field in INTEGERS and text.isdecimal() and len(text) <= _WHOLE_NUMBER:
        return int(text)
    return text


def document_of(value: Json) -> JsonObject | None:
    """The SPDX object in a value: itself, or inside the ``Document`` that early tools wrote."""
    if not isinstance(value, dict):
        return None
    inner = value.get("Document")
    if "spdxVersion" not in value and isinstance(inner, dict):
        return inner
    return value


def read_shape(shape: JsonObject) -> Sbom:
    """Read an SPDX document in the JSON shape.

    Raises:
        MalformedError: no version, an unsupported one, or broken.

    """
    if "spdxVersion" not in shape:
        raise SbomError("the SPDX document has no version", code="formats.spdx")
    if shape["spdxVersion"] == "SPDX-2.1":
        # 2.2 added fields to 2.1 and changed none, so what 2.1 says 2.2 says in the same words.
        read = read_spdx({**shape, "spdxVersion": "SPDX-2.2"})
        return dataclasses.replace(read, spec_version="2.1")
    return read_spdx(shape)


def counts(shape: JsonObject) -> JsonObject:
    """What ``inspect`` prints of an SPDX 2 document."""
    version = shape.get("spdxVersion")
    found: JsonObject = {}
    if version is not None:
        found["spec_version"] = str(version).removeprefix("SPDX-")
    for key, field in (
        ("packages", "packages"),
        ("files", "files"),
        ("relationships_listed", "relationships"),
    ):
        listed = shape.get(field)
        found[key] = len(listed) if isinstance(listed, list) else 0
    return found
