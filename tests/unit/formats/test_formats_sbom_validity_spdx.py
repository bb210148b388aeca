"""Validity of SPDX: every rule has a document that breaks just that rule."""

import copy
import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.sbom.validity.spdx2 import check_spdx2, spdx2_problems
from gatebook.formats.sbom.validity.spdx3 import check_spdx3, spdx3_problems

Change = Callable[[dict[str, Any]], Any]

# --- SPDX 2 -------------------------------------------------------------------------------------


def an_spdx(version: str = "SPDX-2.3") -> dict[str, Any]:
    document: dict[str, Any] = {
        "spdxVersion": version,
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "x",
        "documentNamespace": "https://example.org/x",
        "creationInfo": {
            "created": "2026-11-20T10:00:00Z",
            "creators": ["Tool: maker-1.0"],
            "licenseListVersion": "3.20",
        },
        "externalDocumentRefs": [
            {
                "externalDocumentId": "DocumentRef-o",
                "spdxDocument": "https://example.org/o",
                "checksum": {"algorithm": "SHA1", "checksumValue": "a" * 40},
            }
        ],
        "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-1", "extractedText": "be kind"}],
        "packages": [
            {
                "SPDXID": "SPDXRef-P",
                "name": "p",
                "downloadLocation": "git+https://example.org/p.git@v1",
                "filesAnalyzed": True,
                "packageVerificationCode": {"packageVerificationCodeValue": "b" * 40},
                "licenseConcluded": "MIT OR LicenseRef-1",
                "licenseDeclared": "NOASSERTION",
                "licenseInfoFromFiles": ["MIT"],
                "copyrightText": "NONE",
                "supplier": "Organization: Acme (a@example.org)",
                "homepage": "https://example.org",
                "checksums": [{"algorithm": "SHA256", "checksumValue": "c" * 64}],
                "hasFiles": ["SPDXRef-F"],
                "externalRefs": [
                    {
                        "referenceCategory": "SECURITY",
                        "referenceType": "cpe23Type",
                        "referenceLocator": r"cpe:2.3:a:acme:p\:q:1.0:*:*:*:*:*:*:*",
                    }
                ],
                "annotations": [
                    {
                        "annotator": "Person: Ana",
                        "annotationDate": "2026-11-20T10:00:00Z",
                        "annotationType": "REVIEW",
                        "comment": "good",
                    }
                ],
            },
            {
                "SPDXID": "SPDXRef-Q",
                "name": "q",
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": False,
                "licenseConcluded": "NONE",
                "licenseDeclared": "GPL-2.0-only WITH Classpath-exception-2.0",
                "copyrightText": "NONE",
            },
        ],
        "files": [
            {
                "SPDXID": "SPDXRef-F",
                "fileName": "./f",
                "fileTypes": ["SOURCE"],
                "checksums": [{"algorithm": "SHA1", "checksumValue": "d" * 40}],
                "licenseConcluded": "MIT",
                "licenseInfoInFiles": ["MIT"],
                "copyrightText": "NONE",
            }
        ],
        "snippets": [
            {
                "SPDXID": "SPDXRef-S",
                "snippetFromFile": "SPDXRef-F",
                "ranges": [{"startPointer": {"offset": 1}, "endPointer": {"offset": 9}}],
                "licenseConcluded": "MIT",
                "copyrightText": "NONE",
            }
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-P",
            },
            {
                "spdxElementId": "SPDXRef-P",
                "relationshipType": "DEPENDS_ON",
                "relatedSpdxElement": "DocumentRef-o:SPDXRef-X",
            },
        ],
    }
    return document


@pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
def test_a_full_spdx_document_is_valid(version: str) -> None:
    assert spdx2_problems(an_spdx(version)).texts == ()


def put(*path: str | int, to: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = to

    return change


def drop(*path: str | int) -> Change:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


P, F, S = ("packages", 0), ("files", 0), ("snippets", 0)
BROKEN_SPDX: dict[str, Change] = {
    "an unknown version": put("spdxVersion", to="SPDX-2.9"),
    "a version that is no text": put("spdxVersion", to=2),
    "another identifier": put("SPDXID", to="SPDXRef-x"),
    "another data licence": put("dataLicense", to="MIT"),
    "no name": put("name", to=""),
    "no namespace": drop("documentNamespace"),
    "a namespace with a fragment": put("documentNamespace", to="https://example.org/x#y"),
    "a relative namespace": put("documentNamespace", to="x/y"),
    "no creation info": drop("creationInfo"),
    "no time": drop("creationInfo", "created"),
    "a time with fractions": put("creationInfo", "created", to="2026-11-20T10:00:00.1Z"),
    "no creators": put("creationInfo", "creators", to=[]),
    "a creator without a kind": put("creationInfo", "creators", to=["Ana"]),
    "a licence list without a version": put("creationInfo", "licenseListVersion", to="new"),
    "an external document without a checksum": drop("externalDocumentRefs", 0, "checksum"),
    "an external document by another name": put(
        "externalDocumentRefs", 0, "externalDocumentId", to="o"
    ),
    "a licence text without an identifier": drop("hasExtractedLicensingInfos", 0, "licenseId"),
    "a licence without a text": drop("hasExtractedLicensingInfos", 0, "extractedText"),
    "a package without an identifier": drop(*P, "SPDXID"),
    "an identifier with a space": put("packages", 1, "SPDXID", to="SPDXRef-Q Q"),
    "an identifier of two elements": put("packages", 1, "SPDXID", to="SPDXRef-F"),
    "a package without a name": drop(*P, "name"),
    "no download location": drop(*P, "downloadLocation"),
    "a download location with a space": put(*P, "downloadLocation", to="some where"),
    "a supplier who is nobody": put(*P, "supplier", to="Acme"),
    "a supplier that is a tool": put(*P, "supplier", to="Tool: x"),
    "a homepage that is none": put(*P, "homepage", to="not here"),
    "a version that is a number": put(*P, "versionInfo", to=1.5),
    "an unknown checksum": put(*P, "checksums", 0, "algorithm", to="CRC32"),
    "a checksum of another length": put(*P, "checksums", 0, "checksumValue", to="c" * 40),
    "a checksum in capitals": put(*P, "checksums", 0, "checksumValue", to="C" * 64),
    "a licence that is none": put(*P, "licenseConcluded", to="MIT AND"),
    "a licence nobody defines": put(*P, "licenseConcluded", to="LicenseRef-2"),
    "a licence of an unknown document": put(
        *P, "licenseConcluded", to="DocumentRef-z:LicenseRef-2"
    ),
    "no licence on the list": put(*P, "licenseDeclared", to="Apache-2"),
    "a verification code that is none": put(
        *P, "packageVerificationCode", "packageVerificationCodeValue", to="x"
    ),
    "files that were not analysed": put(*P, "filesAnalyzed", to=False),
    "files perhaps analysed": put(*P, "filesAnalyzed", to="maybe"),
    "a file that is not there": put(*P, "hasFiles", to=["SPDXRef-G"]),
    "an unknown category": put(*P, "externalRefs", 0, "referenceCategory", to="FUN"),
    "a type of another category": put(*P, "externalRefs", 0, "referenceType", to="purl"),
    "a CPE with a part too few": put(
        *P, "externalRefs", 0, "referenceLocator", to="cpe:2.3:a:acme:p:1.0:*:*:*:*:*:*"
    ),
    "an annotation by nobody": drop(*P, "annotations", 0, "annotator"),
    "an annotation of no kind": put(*P, "annotations", 0, "annotationType", to="FUN"),
    "an absolute file name": put(*F, "fileName", to="/f"),
    "a file without SHA1": put(*F, "checksums", 0, "algorithm", to="SHA256"),
    "an unknown file type": put(*F, "fileTypes", to=["FUN"]),
    "a snippet of no file": put(*S, "snippetFromFile", to="SPDXRef-P"),
    "a snippet without bytes": put(*S, "ranges", to=[]),
    "a snippet that ends before it starts": put(*S, "ranges", 0, "endPointer", "offset", to=0),
    "an unknown relationship": put("relationships", 0, "relationshipType", to="LIKES"),
    "a relationship to nothing": put("relationships", 1, "relatedSpdxElement", to="SPDXRef-X"),
    "a relationship to an unknown document": put(
        "relationships", 1, "relatedSpdxElement", to="DocumentRef-z:SPDXRef-X"
    ),
    "nothing described": put("relationships", 0, "relationshipType", to="OTHER"),
    "a control character": put("name", to="x\by"),
    "a list that is none": put("packages", to={}),
    "a package that is none": put("packages", 1, to="q"),
}


@pytest.mark.parametrize("rule", BROKEN_SPDX)
def test_an_spdx_document_that_breaks_one_rule(rule: str) -> None:
    document = an_spdx()
    BROKEN_SPDX[rule](document)
    with pytest.raises(MalformedError) as refused:
        check_spdx2(document)
    assert refused.value.code in {"formats.spdx-invalid", "formats.spdx-control-character"}


@pytest.mark.parametrize(
    "change",
    [
        drop(*P, "licenseConcluded"),
        drop(*P, "licenseDeclared"),
        drop(*P, "copyrightText"),
        drop(*F, "licenseInfoInFiles"),
        drop(*F, "copyrightText"),
        drop(*S, "licenseConcluded"),
        drop(*P, "packageVerificationCode"),
    ],
    ids=range(7),
)
def test_what_2_2_requires_and_2_3_does_not(change: Change) -> None:
    new, old = an_spdx("SPDX-2.3"), an_spdx("SPDX-2.2")
    change(new)
    change(old)
    assert spdx2_problems(new).texts == ()
    assert spdx2_problems(old).count == 1


@pytest.mark.parametrize(
    "change",
    [
        put(*P, "primaryPackagePurpose", to="LIBRARY"),
        put(*P, "releaseDate", to="2026-11-20T10:00:00Z"),
        put(*P, "checksums", 0, to={"algorithm": "BLAKE3", "checksumValue": "e" * 64}),
        put("relationships", 1, "relationshipType", to="SPECIFICATION_FOR"),
    ],
    ids=range(4),
)
def test_what_came_with_2_3(change: Change) -> None:
    new, old = an_spdx("SPDX-2.3"), an_spdx("SPDX-2.2")
    change(new)
    change(old)
    assert spdx2_problems(new).texts == ()
    assert spdx2_problems(old).count == 1


JUNK = st.sampled_from([None, 0, 1.5, True, "", "x", [], {}, [[]], [{}], {"a": []}, ["x", 1]])


@given(data=st.data())
@settings(max_examples=300)
def test_wrong_types_anywhere_are_problems_and_nothing_else(data: st.DataObject) -> None:
    document = an_spdx()
    target: Any = document
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(target) if isinstance(target, dict) else range(len(target))
        inner = [key for key in keys if isinstance(target[key], dict | list) and target[key]]
        if not inner:
            break
        target = target[data.draw(st.sampled_from(inner))]
    keys = list(target) if isinstance(target, dict) else list(range(len(target)))
    target[data.draw(st.sampled_from(keys))] = data.draw(JUNK)
    try:
        check_spdx2(document)
    except GatebookError as refused:
        assert refused.code == "formats.spdx-invalid"  # noqa: PT017  # or it is still valid


def _oracle(document: dict[str, Any]) -> bool:
    """What spdx-tools says, which takes a second for what we do in a millisecond."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = pytest.importorskip("spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser")
        from spdx_tools.spdx.parser.error import SPDXParsingError
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

        logging.disable(logging.CRITICAL)
        try:
            parsed = parser.JsonLikeDictParser().parse(copy.deepcopy(document))
            return not validate_full_spdx_document(parsed, document["spdxVersion"])
        except (SPDXParsingError, ValueError, AttributeError, TypeError, KeyError):
            return False
        finally:
            logging.disable(logging.NOTSET)


# What spdx-tools lets pass.
LENIENT = {"a control character", "a supplier that is a tool", "no name"}


def test_spdx_tools_agrees_on_the_valid_and_the_broken() -> None:
    assert _oracle(an_spdx("SPDX-2.2"))
    assert _oracle(an_spdx("SPDX-2.3"))
    let_pass = set()
    for rule, change in BROKEN_SPDX.items():
        document = an_spdx()
        change(document)
        if _oracle(document):
            let_pass.add(rule)
    assert let_pass == LENIENT


# --- SPDX 3 -------------------------------------------------------------------------------------


def an_spdx3() -> dict[str, Any]:
    def element(kind: str, tail: str, **fields: Any) -> dict[str, Any]:
        spdx_id = f"https://example.org/{tail}"
        return {"type": kind, "spdxId": spdx_id, "creationInfo": "_:c", **fields}

    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {
                "type": "CreationInfo",
                "@id": "_:c",
                "specVersion": "3.0.1",
                "created": "2026-11-20T10:00:00Z",
                "createdBy": ["https://example.org/ana"],
            },
            element("Person", "ana", name="Ana"),
            element(
                "SpdxDocument",
                "doc",
                rootElement=["https://example.org/sbom"],
                dataLicense="https://spdx.org/licenses/CC0-1.0",
                **{"import": [{"type": "ExternalMap", "externalSpdxId": "https://other.org/x"}]},
            ),
            element(
                "software_Sbom",
                "sbom",
                rootElement=["https://example.org/p"],
                software_sbomType=["build"],
            ),
            element(
                "software_Package",
                "p",
                name="p",
                verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": "a" * 64}],
                software_primaryPurpose="library",
            ),
            element(
                "simplelicensing_LicenseExpression",
                "mit",
                simplelicensing_licenseExpression="MIT OR ISC",
            ),
            {
                **element("Relationship", "r"),
                "from": "https://example.org/p",
                "to": ["https://example.org/mit", "https://other.org/x"],
                "relationshipType": "hasDeclaredLicense",
                "completeness": "complete",
            },
        ],
    }


def test_a_full_spdx_3_document_is_valid() -> None:
    assert spdx3_problems(an_spdx3()).texts == ()


G = "@graph"
BROKEN_SPDX3: dict[str, Change] = {
    "another context": put("@context", to="https://spdx.org/rdf/2.0/spdx-context.jsonld"),
    "an empty graph": put(G, to=[]),
    "an element without a type": drop(G, 1, "type"),
    "an unknown class": put(G, 1, "type", to="Robot"),
    "an abstract class": put(G, 4, "type", to="software_SoftwareArtifact"),
    "an element without an identifier": drop(G, 1, "spdxId"),
    "an identifier that is no IRI": put(G, 5, "spdxId", to="SPDXRef-mit"),
    "an identifier of two elements": put(G, 5, "spdxId", to="https://example.org/p"),
    "no creation info": drop(G, 1, "creationInfo"),
    "creation info that is not there": put(G, 1, "creationInfo", to="_:d"),
    "nobody who created it": put(G, 0, "createdBy", to=[]),
    "a time with an offset": put(G, 0, "created", to="2026-11-20T10:00:00+01:00"),
    "another version": put(G, 0, "specVersion", to="2.3"),
    "a package without a name": drop(G, 4, "name"),
    "an unknown purpose": put(G, 4, "software_primaryPurpose", to="fun"),
    "a hash of another length": put(G, 4, "verifiedUsing", 0, "hashValue", to="a" * 40),
    "an unknown algorithm": put(G, 4, "verifiedUsing", 0, "algorithm", to="crc32"),
    "an expression that is none": put(G, 5, "simplelicensing_licenseExpression", to="MIT OR"),
    "a relationship from nothing": drop(G, 6, "from"),
    "a relationship to nothing": put(G, 6, "to", to=["https://example.org/nothing"]),
    "an unknown relationship": put(G, 6, "relationshipType", to="likes"),
    "an unknown completeness": put(G, 6, "completeness", to="nearly"),
    "two documents": put(G, 3, "type", to="SpdxDocument"),
}


@pytest.mark.parametrize("rule", BROKEN_SPDX3)
def test_an_spdx_3_document_that_breaks_one_rule(rule: str) -> None:
    document = an_spdx3()
    BROKEN_SPDX3[rule](document)
    with pytest.raises(MalformedError) as refused:
        check_spdx3(document)
    assert refused.value.code == "formats.spdx3-invalid"


@given(data=st.data())
@settings(max_examples=200)
def test_wrong_types_in_spdx_3_are_problems_and_nothing_else(data: st.DataObject) -> None:
    document = an_spdx3()
    target: Any = document[G][data.draw(st.integers(0, 6))]
    target[data.draw(st.sampled_from(list(target)))] = data.draw(JUNK)
    spdx3_problems(document)
