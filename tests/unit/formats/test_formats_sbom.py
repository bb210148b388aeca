"""SBOMs: the formats told apart, the component list, and where a document is defective."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.sbom.components import MAX_DEFECTS
from gatebook.formats.sbom.read import SbomFormat, read_sbom

A = "a" * 64


def a_cyclonedx(**changes: Any) -> bytes:
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "metadata": {
            "timestamp": "2026-11-20T14:30:00+01:00",
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.2"}]},
            "component": {
                "type": "container",
                "name": "api",
                "version": f"sha256:{A}",
                "purl": f"pkg:oci/api@sha256%3A{'b' * 64}",
            },
        },
        "components": [
            {
                "type": "library",
                "bom-ref": "1",
                "group": "acme",
                "name": "log",
                "version": "1.0",
                "purl": "pkg:npm/%40acme/log@1.0",
                "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "Acme"}}],
                "hashes": [{"alg": "SHA-256", "content": A.upper()}],
                "supplier": {"name": "Acme"},
                "components": [{"type": "library", "name": "inner"}],
            },
            {"type": "library", "name": "x", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
        ],
        "dependencies": [{"ref": "1", "dependsOn": []}],
    }
    document.update(changes)
    return json.dumps(document).encode()


def an_spdx(**changes: Any) -> bytes:
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "documentNamespace": "https://acme.example/sbom/1",
        "creationInfo": {
            "created": "2026-11-20T14:30:00Z",
            "creators": ["Tool: syft-1.2", "Organization: Acme"],
        },
        "packages": [
            {
                "SPDXID": "SPDXRef-api",
                "name": "api",
                "versionInfo": "1.0",
                "primaryPackagePurpose": "CONTAINER",
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": "MIT",
                "checksums": [{"algorithm": "SHA256", "checksumValue": A}],
            },
            {
                "SPDXID": "SPDXRef-log",
                "name": "log",
                "supplier": "Organization: Acme",
                "licenseConcluded": "Apache-2.0",
                "licenseDeclared": "NONE",
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE_MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:npm/log@1.0",
                    }
                ],
            },
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-api",
            }
        ],
    }
    document.update(changes)
    return json.dumps(document).encode()


def test_a_cyclonedx_document() -> None:
    sbom = read_sbom(a_cyclonedx())
    assert (sbom.format, sbom.spec_version) == (SbomFormat.CYCLONEDX, "1.6")
    assert sbom.created == Instant.parse("2026-11-20T13:30:00Z")
    assert sbom.tools == ("syft 1.2",)
    assert [component.name for component in sbom.components] == ["log", "inner", "x"]
    log = sbom.components[0]
    assert (log.name, log.group, log.version, log.type) == ("log", "acme", "1.0", "library")
    assert (log.purl, log.ref, log.supplier) == ("pkg:npm/%40acme/log@1.0", "1", "Acme")
    assert log.licenses == ("MIT", "Acme")
    assert log.hashes == (("sha256", A),)
    assert sbom.components[2].licenses == ("MIT OR Apache-2.0",)
    assert sbom.relationships == 1
    assert sbom.defects == ()


def test_the_subject_of_a_cyclonedx_document_is_found_in_version_and_package_url() -> None:
    assert read_sbom(a_cyclonedx()).subject_digests == (
        Digest("sha256", A),
        Digest("sha256", "b" * 64),
    )


def test_a_document_without_a_subject_names_no_digest() -> None:
    assert read_sbom(a_cyclonedx(metadata={})).subject_digests == ()


def test_tools_of_older_versions_are_a_list() -> None:
    metadata = {"tools": [{"vendor": "anchore", "name": "syft", "version": "0.58"}]}
    assert read_sbom(a_cyclonedx(metadata=metadata)).tools == ("syft 0.58",)


def test_an_spdx_document() -> None:
    sbom = read_sbom(an_spdx())
    assert (sbom.format, sbom.spec_version) == (SbomFormat.SPDX, "2.3")
    assert sbom.tools == ("syft-1.2",)
    assert [component.name for component in sbom.components] == ["api", "log"]
    assert [component.licenses for component in sbom.components] == [("MIT",), ("Apache-2.0",)]
    assert sbom.components[1].purl == "pkg:npm/log@1.0"
    assert sbom.subject is not None
    assert sbom.subject.name == "api"
    assert sbom.subject_digests == (Digest("sha256", A),)
    assert sbom.defects == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"relationships": [], "documentDescribes": ["SPDXRef-api"]},
        {
            "relationships": [
                {
                    "spdxElementId": "SPDXRef-api",
                    "relationshipType": "DESCRIBED_BY",
                    "relatedSpdxElement": "SPDXRef-DOCUMENT",
                }
            ]
        },
    ],
)
def test_an_spdx_document_says_in_several_ways_what_it_describes(changes: dict[str, Any]) -> None:
    subject = read_sbom(an_spdx(**changes)).subject
    assert subject is not None
    assert subject.name == "api"


def test_a_document_that_describes_two_packages_has_no_one_subject() -> None:
    sbom = read_sbom(an_spdx(documentDescribes=["SPDXRef-log"]))
    assert sbom.subject is None


def test_a_document_without_components_is_readable() -> None:
    assert read_sbom(a_cyclonedx(components=[])).components == ()
    assert read_sbom(an_spdx(packages=[], relationships=[])).components == ()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (a_cyclonedx(serialNumber="1"), "serialNumber"),
        (a_cyclonedx(metadata={"timestamp": "yesterday"}), "timestamp"),
        (a_cyclonedx(components=[{"type": "library"}]), "no 'name'"),
        (a_cyclonedx(components=[{"name": "x"}]), "no 'type'"),
        (a_cyclonedx(components=[{"name": "x", "type": "y"}], specVersion="1.3"), "'version'"),
        (a_cyclonedx(components=[{"name": "x", "type": "y", "scope": "z"}]), "scope"),
        (
            a_cyclonedx(
                components=[{"name": "x", "type": "y", "hashes": [{"alg": "SHA-9", "content": A}]}]
            ),
            "SHA-9",
        ),
        (
            a_cyclonedx(
                components=[
                    {"name": "x", "type": "y", "hashes": [{"alg": "SHA-256", "content": "ab"}]}
                ]
            ),
            "SHA-256",
        ),
        (
            a_cyclonedx(
                components=[
                    {
                        "name": "x",
                        "type": "y",
                        "licenses": [{"license": {"id": "MIT", "name": "MIT"}}],
                    }
                ]
            ),
            "licence",
        ),
        (a_cyclonedx(dependencies=[{"dependsOn": []}]), "'ref'"),
        (an_spdx(SPDXID="DOCUMENT"), "SPDXID"),
        (an_spdx(creationInfo={}), "created"),
        (an_spdx(packages=[{"SPDXID": "SPDXRef-x"}], relationships=[]), "no 'name'"),
        (an_spdx(packages=[{"name": "x"}], relationships=[]), "no 'SPDXID'"),
        (
            an_spdx(
                packages=[
                    {
                        "name": "x",
                        "SPDXID": "SPDXRef-x",
                        "checksums": [
                            {"algorithm": "SHA256", "checksumValue": A},
                            {"algorithm": "SHA256", "checksumValue": "b" * 64},
                        ],
                    }
                ]
            ),
            "two different",
        ),
    ],
)
def test_a_readable_document_says_where_it_is_defective(document: bytes, says: str) -> None:
    defects = read_sbom(document).defects
    assert len(defects) == 1
    assert says in defects[0]


def test_a_disputed_or_malformed_hash_is_not_kept() -> None:
    hashes = [
        {"alg": "SHA-256", "content": A},
        {"alg": "SHA-256", "content": "b" * 64},
        {"alg": "SHA-1", "content": "c" * 40},
        {"alg": "MD5", "content": "zz"},
    ]
    component = {"name": "x", "type": "library", "hashes": hashes}
    sbom = read_sbom(a_cyclonedx(components=[component]))
    assert sbom.components[0].hashes == (("sha1", "c" * 40),)


def test_defects_are_bounded() -> None:
    sbom = read_sbom(a_cyclonedx(components=[{"name": "x"}] * 1000))
    assert len(sbom.components) == 1000
    assert len(sbom.defects) == MAX_DEFECTS + 1
    assert sbom.defects[-1] == f"and {1000 - MAX_DEFECTS} more"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (a_cyclonedx(bomFormat="Cyclone"), "formats.sbom-unknown"),
        (a_cyclonedx(specVersion="1.1"), "formats.sbom-version"),
        (a_cyclonedx(specVersion="1.8"), "formats.sbom-version"),
        (a_cyclonedx(specVersion=1.6), "formats.cyclonedx"),
        (a_cyclonedx(components={}), "formats.cyclonedx"),
        (a_cyclonedx(components=["x"]), "formats.cyclonedx"),
        (a_cyclonedx(components=[{"type": "library", "name": 7}]), "formats.cyclonedx"),
        (a_cyclonedx(metadata=[]), "formats.cyclonedx"),
        (
            a_cyclonedx(components=[{"type": "l", "name": "x", "hashes": {"a": 1}}]),
            "formats.cyclonedx",
        ),
        (
            a_cyclonedx(components=[{"type": "l", "name": "x", "components": {"a": 1}}]),
            "formats.cyclonedx",
        ),
        (an_spdx(spdxVersion="SPDX-2.1"), "formats.sbom-version"),
        (an_spdx(spdxVersion="2.3"), "formats.sbom-version"),
        (an_spdx(packages={}), "formats.spdx"),
        (an_spdx(relationships=[{"spdxElementId": "x"}]), "formats.spdx"),
        (an_spdx(creationInfo="now"), "formats.spdx"),
        (b"{}", "formats.sbom-unknown"),
        (b"[]", "formats.sbom-unknown"),
        (a_cyclonedx()[:-1], "canonical.not-json"),
        (a_cyclonedx().replace(b'"name": "x"', b'"name": "x", "name": "y"'), None),
        (b'{"a":' * 100_000, None),
    ],
)
def test_a_broken_document_is_refused(document: bytes, code: str | None) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_sbom(document)
    assert code is None or refusal.value.code == code


@settings(max_examples=150)
@given(
    document=st.sampled_from([a_cyclonedx(), an_spdx()]),
    place=st.integers(0, 5000),
    value=st.binary(min_size=1, max_size=3),
)
def test_changed_bytes_give_an_sbom_or_an_error_of_ours(
    document: bytes, place: int, value: bytes
) -> None:
    place %= len(document)
    with contextlib.suppress(GatebookError):
        read_sbom(document[:place] + value + document[place + len(value) :])
