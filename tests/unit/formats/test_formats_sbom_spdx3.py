"""SPDX 3 JSON-LD: a graph of elements, in the words of the normal form."""

import json
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.components import Completeness, Sbom, SbomFormat
from gatebook.formats.sbom.parts import LicenseSource
from gatebook.formats.sbom.read import read_sbom, sbom_from
from gatebook.formats.sbom.spdx3 import READER
from gatebook.formats.sbom.streaming import stream_sbom

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
A = "a" * 64

CREATION = {
    "type": "CreationInfo",
    "@id": "_:creation",
    "specVersion": "3.0.1",
    "created": "2026-11-20T14:30:00Z",
    "createdBy": ["urn:ana"],
    "createdUsing": ["urn:tool"],
}
ANA = {
    "type": "Person",
    "spdxId": "urn:ana",
    "name": "Ana",
    "externalIdentifier": [
        {"externalIdentifierType": "email", "identifier": "ana@acme.example"},
    ],
}
TOOL = {"type": "Tool", "spdxId": "urn:tool", "name": "maker-1.2"}


def a_package(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "software_Package",
        "spdxId": f"urn:{name}",
        "name": name,
        "creationInfo": "_:creation",
        **fields,
    }


def related(first: str, kind: str, *second: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "Relationship",
        "from": f"urn:{first}",
        "relationshipType": kind,
        "to": [each if "/" in each else f"urn:{each}" for each in second],
        **fields,
    }


def a_graph(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"@context": CONTEXT, "@graph": [CREATION, ANA, TOOL, *elements]}


def read(document: dict[str, Any]) -> Sbom:
    data = json.dumps(document).encode()
    sbom = read_sbom(data)
    assert stream_sbom(data) == sbom
    assert sbom_from(document) == sbom
    return sbom


def test_the_document_and_its_sbom() -> None:
    sbom = read(
        a_graph(
            {
                "type": "SpdxDocument",
                "spdxId": "urn:document",
                "name": "api",
                "creationInfo": "_:creation",
                "rootElement": ["urn:sbom"],
                "dataLicense": "https://spdx.org/licenses/CC0-1.0",
            },
            {
                "type": "software_Sbom",
                "spdxId": "urn:sbom",
                "rootElement": ["urn:api"],
                "software_sbomType": ["build"],
            },
            a_package("api"),
            {"type": "software_File", "spdxId": "urn:file", "name": "f"},
            {"type": "security_Vulnerability", "spdxId": "urn:cve"},
        )
    )
    assert (sbom.format, sbom.spec_version) == (SbomFormat.SPDX, "3.0.1")
    assert (sbom.serial, sbom.name, sbom.lifecycles) == ("urn:document", "api", ("build",))
    assert [(each.name, each.version) for each in sbom.generators] == [("maker", "1.2")]
    assert [(each.name, each.emails) for each in sbom.authors] == [("Ana", ("ana@acme.example",))]
    assert [claim.text for claim in sbom.data_licenses] == ["CC0-1.0"]
    assert sbom.roots == ("urn:api",)
    assert sbom.subject is not None
    assert (sbom.files, sbom.vulnerabilities, sbom.defects) == (1, 1, ())


def test_a_package() -> None:
    sbom = read(
        a_graph(
            a_package(
                "log",
                software_packageVersion="1.0",
                software_packageUrl="pkg:npm/log@1.0",
                software_downloadLocation="https://dl.acme.example/log.tgz",
                software_copyrightText="NOASSERTION",
                software_primaryPurpose="library",
                suppliedBy="urn:ana",
                originatedBy=["urn:ana"],
                verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": A}],
                externalIdentifier=[
                    {"externalIdentifierType": "cpe23", "identifier": "cpe:2.3:a:acme:log"},
                    {"externalIdentifierType": "swhid", "identifier": "swh:1:cnt:94a9"},
                ],
                externalRef=[{"externalRefType": "vcs", "locator": ["https://git.acme.example"]}],
            )
        )
    )
    (log,) = sbom.components
    assert (log.name, log.version, log.purl) == ("log", "1.0", "pkg:npm/log@1.0")
    assert (log.type, log.supplier, log.manufacturer) == ("library", "Ana", "Ana")
    assert (log.cpes, log.identifiers) == (("cpe:2.3:a:acme:log",), ("swh:1:cnt:94a9",))
    assert log.hashes == (("sha256", A),)
    assert log.references("vcs") == ("https://git.acme.example",)
    assert log.references("distribution") == ("https://dl.acme.example/log.tgz",)
    assert log.copyright is None


def test_licences_come_by_relationship_only() -> None:
    sbom = read(
        a_graph(
            a_package("log"),
            {
                "type": "simplelicensing_LicenseExpression",
                "spdxId": "urn:expression",
                "simplelicensing_licenseExpression": "MIT OR Apache-2.0",
            },
            {
                "type": "expandedlicensing_DisjunctiveLicenseSet",
                "spdxId": "urn:either",
                "expandedlicensing_member": ["https://spdx.org/licenses/MIT", "urn:later"],
            },
            {
                "type": "expandedlicensing_OrLaterOperator",
                "spdxId": "urn:later",
                "expandedlicensing_subjectLicense": "https://spdx.org/licenses/GPL-2.0",
            },
            related("log", "hasDeclaredLicense", "expression"),
            related("log", "hasConcludedLicense", "either"),
            related(
                "log",
                "hasConcludedLicense",
                "https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion",
            ),
        )
    )
    (log,) = sbom.components
    assert {claim.source: claim.text for claim in log.license_claims} == {
        LicenseSource.CONCLUDED: "(MIT OR GPL-2.0+)",
        LicenseSource.DECLARED: "MIT OR Apache-2.0",
    }


def test_a_licence_that_contains_itself_is_refused() -> None:
    itself = {
        "type": "expandedlicensing_ConjunctiveLicenseSet",
        "spdxId": "urn:itself",
        "expandedlicensing_member": ["urn:itself"],
    }
    graph = a_graph(a_package("log"), itself, related("log", "hasDeclaredLicense", "itself"))
    with pytest.raises(MalformedError) as refusal:
        read_sbom(json.dumps(graph).encode())
    assert refusal.value.code == "formats.spdx3"


def test_relationships_and_what_they_claim_to_be_complete() -> None:
    none = "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"
    sbom = read(
        a_graph(
            *(a_package(name) for name in "abcd"),
            related("a", "dependsOn", "b", "c", completeness="complete"),
            related("b", "dependsOn", none, completeness="complete"),
            related("a", "contains", "d", completeness="incomplete"),
            related("a", "dependsOn", "d", type="LifecycleScopedRelationship", scope="development"),
        )
    )
    assert sbom.edges == {"urn:a": ("urn:b", "urn:c", "urn:d"), "urn:b": ()}
    assert sbom.contains == {"urn:a": ("urn:d",)}
    assert sbom.completeness == (
        Completeness(aggregate="complete", dependencies=("urn:a",)),
        Completeness(aggregate="complete", dependencies=("urn:b",)),
        Completeness(aggregate="incomplete", assemblies=("urn:a",)),
    )
    assert {each.name: each.scope for each in sbom.components if each.scope} == {"d": "dev"}
    assert sbom.relationships == 4


def test_a_document_of_one_element_needs_no_graph() -> None:
    inline = {key: value for key, value in CREATION.items() if key != "@id"}
    document = {"@context": CONTEXT, **a_package("log", creationInfo=inline)}
    sbom = read(document)
    assert [each.name for each in sbom.components] == ["log"]
    assert sbom.spec_version == "3.0.1"
    described = READER.describe(Document(json.dumps(document).encode()))
    assert (described["elements"], described["packages"]) == (1, 1)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (a_graph({**a_package("log"), "name": 5}), "formats.spdx3"),
        (a_graph({**a_package("log"), "verifiedUsing": {}}), "formats.spdx3"),
        ({"@context": CONTEXT, "@graph": ["x"]}, "formats.spdx3"),
        ({"@context": CONTEXT, "@graph": {}}, "formats.spdx3"),
        (
            {"@context": CONTEXT, "@graph": [{"type": "CreationInfo", "specVersion": "4.0.0"}]},
            "formats.sbom-version",
        ),
    ],
)
def test_a_broken_document_is_refused(document: dict[str, Any], code: str) -> None:
    for read_it in (read_sbom, stream_sbom):
        with pytest.raises(MalformedError) as refusal:
            read_it(json.dumps(document).encode())
        assert refusal.value.code == code


def test_another_context_is_another_format() -> None:
    document = Document(b'{"@context": "https://openvex.dev/ns/v0.2.0", "@graph": []}')
    assert not READER.recognises(document)


def test_defects_of_a_graph() -> None:
    sbom = read({"@context": [CONTEXT], "@graph": [{"type": "software_Package", "name": ""}]})
    assert len(sbom.defects) == 4
