"""SPDX 2 JSON: what its packages and relationships say, in the words of the normal form."""

import json
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.components import Sbom, SbomFormat
from gatebook.formats.sbom.parts import ContactRole, LicenseSource
from gatebook.formats.sbom.read import read_sbom, sbom_from
from gatebook.formats.sbom.spdx2_json import READER
from gatebook.formats.sbom.streaming import stream_sbom

A = "a" * 64


def a_document(**members: Any) -> dict[str, Any]:
    return {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "api",
        "dataLicense": "CC0-1.0",
        "documentNamespace": "https://acme.example/sbom/1",
        "creationInfo": {"created": "2026-11-20T14:30:00Z", "creators": ["Tool: syft-1.2.0"]},
        **members,
    }


def a_package(name: str, **fields: Any) -> dict[str, Any]:
    return {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": "1.0", **fields}


def related(first: str, kind: str, second: str) -> dict[str, str]:
    return {
        "spdxElementId": first if ":" in first else f"SPDXRef-{first}",
        "relationshipType": kind,
        "relatedSpdxElement": second if second.isupper() else f"SPDXRef-{second}",
    }


def read(document: dict[str, Any]) -> Sbom:
    data = json.dumps(document).encode()
    sbom = read_sbom(data)
    assert sbom_from(document) == sbom
    assert stream_sbom(data) == sbom
    # Whatever comes first in the document, it says the same.
    assert stream_sbom(json.dumps(dict(reversed(document.items()))).encode()) == sbom
    return sbom


def read_one(**fields: Any) -> Any:
    (component,) = read(a_document(packages=[a_package("log", **fields)])).components
    return component


def test_the_document() -> None:
    creators = ["Tool: syft-1.2.0", "Tool: a-tool", "Person: Ana (ana@acme.example)"]
    creators += ["Organization: Acme ()", "someone"]
    sbom = read(
        a_document(
            creationInfo={"created": "2026-11-20T14:30:00Z", "creators": creators},
            hasExtractedLicensingInfos=[{"licenseId": "LicenseRef-1", "extractedText": "x"}, 5],
            files=[{"SPDXID": "SPDXRef-f", "fileName": "f"}],
        )
    )
    assert (sbom.format, sbom.spec_version, sbom.name) == (SbomFormat.SPDX, "2.3", "api")
    assert [(each.name, each.version) for each in sbom.generators] == [
        ("syft", "1.2.0"),
        ("a-tool", None),
    ]
    assert sbom.tools == ("syft-1.2.0", "a-tool")
    assert [(each.name, each.organization, each.emails) for each in sbom.authors] == [
        ("Ana", False, ("ana@acme.example",)),
        ("Acme", True, ()),
    ]
    assert [claim.text for claim in sbom.data_licenses] == ["CC0-1.0"]
    assert sbom.licenses_defined == ("LicenseRef-1",)
    assert sbom.files == 1


def test_a_package() -> None:
    component = read_one(
        supplier="Organization: Acme (sales@acme.example)",
        originator="Person: Ana",
        downloadLocation="https://dl.acme.example/log.tgz",
        homepage="https://acme.example",
        packageFileName="log.tgz",
        sourceInfo="built package from: log 1.0",
        copyrightText="(c) Acme",
        primaryPackagePurpose="OPERATING_SYSTEM",
        licenseConcluded="MIT",
        licenseDeclared="Apache-2.0",
        checksums=[{"algorithm": "SHA512", "checksumValue": "b" * 128}],
        externalRefs=[
            {
                "referenceCategory": "SECURITY",
                "referenceType": "cpe23Type",
                "referenceLocator": "cpe:2.3:a:acme:log:1.0:*:*:*:*:*:*:*",
            },
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": "pkg:npm/log@1.0",
            },
            {
                "referenceCategory": "SECURITY",
                "referenceType": "advisory",
                "referenceLocator": "https://acme.example/advisory",
            },
            {
                "referenceCategory": "PERSISTENT-ID",
                "referenceType": "gitoid",
                "referenceLocator": "gitoid:blob:sha1:261eeb9e9f8b2b4b0d119366dda99c6fd7d35c64",
            },
        ],
    )
    assert component.purl == "pkg:npm/log@1.0"
    assert component.cpes == ("cpe:2.3:a:acme:log:1.0:*:*:*:*:*:*:*",)
    assert component.identifiers[0].startswith("gitoid:")
    assert component.supplier == "Organization: Acme (sales@acme.example)"
    assert [(each.role, each.name, each.emails) for each in component.contacts] == [
        (ContactRole.SUPPLIER, "Acme", ("sales@acme.example",)),
        (ContactRole.ORIGINATOR, "Ana", ()),
    ]
    assert component.references("distribution") == ("https://dl.acme.example/log.tgz",)
    assert component.references("website") == ("https://acme.example",)
    assert component.references("advisory") == ("https://acme.example/advisory",)
    assert (component.filename, component.type) == ("log.tgz", "operating-system")
    assert component.source_info == "built package from: log 1.0"
    assert component.licenses == ("MIT",)
    assert [claim.source for claim in component.license_claims] == [
        LicenseSource.CONCLUDED,
        LicenseSource.DECLARED,
    ]
    assert component.hashes == (("sha512", "b" * 128),)


@pytest.mark.parametrize("nothing", ["NOASSERTION", "NONE"])
def test_noassertion_and_none_are_not_values(nothing: str) -> None:
    component = read_one(
        supplier=nothing,
        originator=nothing,
        downloadLocation=nothing,
        homepage=nothing,
        copyrightText=nothing,
        licenseConcluded=nothing,
        licenseDeclared=nothing,
    )
    assert component == read_one()


def test_relationships_are_read_in_both_directions() -> None:
    sbom = read(
        a_document(
            packages=[a_package(name) for name in "abcdef"],
            files=[{"SPDXID": "SPDXRef-file"}],
            relationships=[
                related("DOCUMENT", "DESCRIBES", "a"),
                related("a", "DEPENDS_ON", "b"),
                related("c", "DEPENDENCY_OF", "a"),
                related("a", "DEPENDS_ON", "b"),
                related("b", "DEPENDS_ON", "NONE"),
                related("c", "DEPENDS_ON", "NOASSERTION"),
                related("d", "DEV_DEPENDENCY_OF", "a"),
                related("e", "TEST_DEPENDENCY_OF", "a"),
                related("e", "RUNTIME_DEPENDENCY_OF", "b"),
                related("a", "CONTAINS", "f"),
                related("f", "CONTAINED_BY", "b"),
                related("a", "CONTAINS", "file"),
                related("f", "OTHER", "a"),
            ],
        )
    )
    reference = "SPDXRef-{}".format
    assert sbom.edges == {
        reference("a"): tuple(map(reference, "bcde")),
        reference("b"): (reference("e"),),
    }
    assert sbom.contains == {
        reference("a"): (reference("f"),),
        reference("b"): (reference("f"),),
    }
    assert sbom.roots == (reference("a"),)
    assert {each.name: each.scope for each in sbom.components if each.scope} == {"d": "dev"}
    assert sbom.relationships == 13


def test_a_package_that_is_said_to_need_nothing_is_a_known_leaf() -> None:
    packages = [a_package("a"), a_package("b")]
    sbom = read(a_document(packages=packages, relationships=[related("a", "DEPENDS_ON", "NONE")]))
    assert sbom.edges == {"SPDXRef-a": ()}


def test_a_document_wrapped_as_early_tools_did_is_read() -> None:
    inner = a_document(spdxVersion="SPDX-2.2", packages=[a_package("a")])
    data = json.dumps({"Document": inner}).encode()
    assert read_sbom(data) == read_sbom(json.dumps(inner).encode())
    assert sbom_from({"Document": inner}) == read_sbom(data)
    document = Document(data)
    assert READER.recognises(document)
    assert READER.describe(document)["packages"] == 1


@pytest.mark.parametrize(
    "members",
    [
        {"packages": [1]},
        {"packages": [{"name": 1}]},
        {"packages": [{"externalRefs": {}}]},
        {"packages": [{"checksums": ["x"]}]},
        {"relationships": [{"spdxElementId": "a", "relationshipType": "DESCRIBES"}]},
        {"relationships": {}},
        {"documentDescribes": "SPDXRef-a"},
        {"creationInfo": {"creators": "Tool: a"}},
        {"name": []},
        {"files": {}},
    ],
)
def test_a_field_of_another_type_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_sbom(json.dumps(a_document(**members)).encode())
    assert refusal.value.code == "formats.spdx"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"externalRefs": [{"referenceType": "purl"}]}, "no locator"),
        (
            {
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE_MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "log@1.0",
                    }
                ]
            },
            "not a package URL",
        ),
        ({"checksums": [{"algorithm": "SHA256", "checksumValue": "zz"}]}, "SHA256"),
        ({"checksums": [{"algorithm": "SHA256", "checksumValue": A}, {}]}, "needs an algorithm"),
    ],
)
def test_a_defect_does_not_keep_a_document_from_being_read(
    fields: dict[str, Any], says: str
) -> None:
    (defect,) = read(a_document(packages=[a_package("log", **fields)])).defects
    assert says in defect


def test_an_identifier_that_two_packages_have_is_a_defect() -> None:
    (defect,) = read(a_document(packages=[a_package("a"), a_package("a")])).defects
    assert "SPDXRef-a" in defect
