"""The tags of SPDX 2 tag-value documents: what each is a field of, and how its value is read.

All tags of SPDX 2.1 to 2.3, by the chapters 6 to 13 of the specification.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.sbom.components import SbomError
from gatebook.formats.sbom.spdx2_shape import scalar

__all__ = ["TAGS", "Tag", "TagValueError", "external_reference", "relationship"]


class TagValueError(SbomError):
    """A tag-value document is not written as annex F says."""

    code = "formats.spdx-tag-value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Where a tag's value goes.

    Attributes:
        of: the element it belongs to.
        field: the field in the JSON shape.
        many: whether it may come more than once.
        parse: how its value is read.

    """

    of: str
    field: str
    many: bool = False
    parse: Callable[[str], Json] = str


def _boolean(text: str) -> Json:
    # Annex F writes true and false; tools-python 0.6 wrote True and False.
    return scalar("filesAnalyzed", text)


def _checksum(text: str) -> Json:
    algorithm, colon, value = text.partition(":")
    if not colon:
        raise TagValueError(f"{text[:60]!r} is not 'ALGORITHM: value'")
    return {"algorithm": algorithm.strip(), "checksumValue": value.strip()}


_VERIFICATION: Final = re.compile(
    r"([^\s(]*)\s*(?:\(\s*(?:excludes\s*:)?\s*(.*?)\s*\))?\Z", re.DOTALL
)


def _verification_code(text: str) -> Json:
    match = _VERIFICATION.match(text)
    if match is None:
        raise TagValueError(f"{text[:60]!r} is not a package verification code")
    code: JsonObject = {"packageVerificationCodeValue": match[1]}
    if match[2]:
        excluded: list[Json] = [name.strip() for name in match[2].split(",") if name.strip()]
        code["packageVerificationCodeExcludedFiles"] = excluded
    return code


def _words(text: str, count: int, form: str) -> list[str]:
    words = text.split(None, count - 1)
    if len(words) != count:
        raise TagValueError(f"{text[:80]!r} is not {form!r}")
    return words


def external_reference(text: str) -> JsonObject:
    """Read ``CATEGORY type locator`` (§7.21).

    Raises:
        TagValueError: fewer than three words.

    """
    category, kind, locator = _words(text, 3, "CATEGORY type locator")
    return {
        "referenceCategory": category,
        "referenceType": kind,
        "referenceLocator": locator.strip(),
    }


def _external_document(text: str) -> Json:
    name, uri, checksum = _words(text, 3, "DocumentRef-name URI ALGORITHM: value")
    return {"externalDocumentId": name, "spdxDocument": uri, "checksum": _checksum(checksum)}


def relationship(text: str) -> JsonObject:
    """Read ``element TYPE element`` (§11.1).

    Raises:
        TagValueError: fewer than three words.

    """
    first, kind, second = _words(text, 3, "element TYPE element")
    return {
        "spdxElementId": first,
        "relationshipType": kind,
        "relatedSpdxElement": second.strip(),
    }


def _range(pointer: str) -> Callable[[str], Json]:
    def parse(text: str) -> Json:
        start, colon, end = text.partition(":")
        if not colon or not start.strip().isdecimal() or not end.strip().isdecimal():
            raise TagValueError(f"{text[:40]!r} is not a range 'number:number'")
        return {
            "startPointer": {pointer: int(start.strip()[:18])},
            "endPointer": {pointer: int(end.strip()[:18])},
        }

    return parse


def _table() -> Iterator[tuple[str, Tag]]:
    """All tags of SPDX 2.1 to 2.3, by chapter."""
    for of, names in _PLAIN.items():
        for name, field in names.items():
            yield name, Tag(of=of, field=field)
    for of, names in _LISTS.items():
        for name, field in names.items():
            yield name, Tag(of=of, field=field, many=True)
    for name, of, field, many, parse in _PARSED:
        yield name, Tag(of=of, field=field, many=many, parse=parse)


_PLAIN: Final[Mapping[str, Mapping[str, str]]] = {
    "document": {
        "SPDXVersion": "spdxVersion",
        "DataLicense": "dataLicense",
        "DocumentName": "name",
        "DocumentNamespace": "documentNamespace",
        "DocumentComment": "comment",
    },
    "creation": {
        "LicenseListVersion": "licenseListVersion",
        "Created": "created",
        "CreatorComment": "comment",
    },
    "package": {
        "PackageName": "name",
        "PackageVersion": "versionInfo",
        "PackageFileName": "packageFileName",
        "PackageSupplier": "supplier",
        "PackageOriginator": "originator",
        "PackageDownloadLocation": "downloadLocation",
        "PackageHomePage": "homepage",
        "PackageSourceInfo": "sourceInfo",
        "PackageLicenseConcluded": "licenseConcluded",
        "PackageLicenseDeclared": "licenseDeclared",
        "PackageLicenseComments": "licenseComments",
        "PackageCopyrightText": "copyrightText",
        "PackageSummary": "summary",
        "PackageDescription": "description",
        "PackageComment": "comment",
        "PrimaryPackagePurpose": "primaryPackagePurpose",
        "ReleaseDate": "releaseDate",
        "BuiltDate": "builtDate",
        "ValidUntilDate": "validUntilDate",
    },
    "file": {
        "FileName": "fileName",
        "LicenseConcluded": "licenseConcluded",
        "LicenseComments": "licenseComments",
        "FileCopyrightText": "copyrightText",
        "FileComment": "comment",
        "FileNotice": "noticeText",
    },
    "snippet": {
        "SnippetSPDXID": "SPDXID",
        "SnippetFromFileSPDXID": "snippetFromFile",
        "SnippetLicenseConcluded": "licenseConcluded",
        "SnippetLicenseComments": "licenseComments",
        "SnippetCopyrightText": "copyrightText",
        "SnippetComment": "comment",
        "SnippetName": "name",
    },
    "licence": {
        "LicenseID": "licenseId",
        "ExtractedText": "extractedText",
        "LicenseName": "name",
        "LicenseComment": "comment",
    },
    "external reference": {"ExternalRefComment": "comment"},
    "relationship": {"RelationshipComment": "comment"},
    "annotation": {
        "Annotator": "annotator",
        "AnnotationDate": "annotationDate",
        "AnnotationComment": "comment",
        "AnnotationType": "annotationType",
        "SPDXREF": "spdxElementId",
    },
    "review": {"Reviewer": "reviewer", "ReviewDate": "reviewDate", "ReviewComment": "comment"},
    "project": {
        "ArtifactOfProjectName": "name",
        "ArtifactOfProjectHomePage": "homePage",
        "ArtifactOfProjectURI": "projectUri",
    },
}
_LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    "creation": {"Creator": "creators"},
    "package": {
        "PackageLicenseInfoFromFiles": "licenseInfoFromFiles",
        "PackageAttributionText": "attributionTexts",
    },
    "file": {
        "FileType": "fileTypes",
        "LicenseInfoInFile": "licenseInfoInFiles",
        "FileContributor": "fileContributors",
        "FileAttributionText": "attributionTexts",
        "FileDependency": "fileDependencies",
    },
    "snippet": {
        "LicenseInfoInSnippet": "licenseInfoInSnippets",
        "SnippetAttributionText": "attributionTexts",
    },
    "licence": {"LicenseCrossReference": "seeAlsos"},
}
_PARSED: Final[tuple[tuple[str, str, str, bool, Callable[[str], Json]], ...]] = (
    ("ExternalDocumentRef", "document", "externalDocumentRefs", True, _external_document),
    ("FilesAnalyzed", "package", "filesAnalyzed", False, _boolean),
    ("PackageVerificationCode", "package", "packageVerificationCode", False, _verification_code),
    ("PackageChecksum", "package", "checksums", True, _checksum),
    ("FileChecksum", "file", "checksums", True, _checksum),
    ("SnippetByteRange", "snippet", "ranges", True, _range("offset")),
    ("SnippetLineRange", "snippet", "ranges", True, _range("lineNumber")),
)
TAGS: Final[Mapping[str, Tag]] = MappingProxyType(dict(_table()))
