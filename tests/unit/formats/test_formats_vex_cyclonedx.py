"""What CycloneDX documents say of exploitability."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.vex.cyclonedx_vex import bom_link, vex_from_cyclonedx
from gatebook.formats.vex.statement import (
    Justification,
    VersionClaim,
    VersionStatus,
    VexDocument,
    VexStatus,
)

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
LINK = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1"


def bom(*vulnerabilities: dict[str, Any], **changes: Any) -> dict[str, Any]:
    root: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": SERIAL,
        "version": 1,
        "metadata": {
            "timestamp": "2024-01-01T00:00:00Z",
            "authors": [{"name": "Ana"}],
            "component": {
                "bom-ref": "root",
                "type": "application",
                "name": "api",
                "version": "1.0",
                "purl": "pkg:oci/api",
            },
        },
        "components": [
            {
                "bom-ref": "lib",
                "type": "library",
                "group": "org",
                "name": "lib",
                "purl": "pkg:maven/org/lib@1",
                "components": [{"bom-ref": "inner", "type": "file", "name": "inner.so"}],
            }
        ],
        "vulnerabilities": list(vulnerabilities),
    }
    root.update(changes)
    return {name: value for name, value in root.items() if value is not None}


def vulnerability(state: str | None, *refs: str, **analysis: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "CVE-2024-1",
        "references": [{"id": "GHSA-1", "source": {"name": "GitHub"}}],
        "affects": [{"ref": ref} for ref in refs],
    }
    if state is not None:
        made["analysis"] = {"state": state, **analysis}
    return made


def one(root: dict[str, Any]) -> Any:
    (said,) = vex_from_cyclonedx(root).statements
    return said


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("not_affected", VexStatus.NOT_AFFECTED),
        ("false_positive", VexStatus.NOT_AFFECTED),
        ("exploitable", VexStatus.AFFECTED),
        ("resolved", VexStatus.FIXED),
        ("resolved_with_pedigree", VexStatus.FIXED),
        ("in_triage", VexStatus.UNDER_INVESTIGATION),
    ],
)
def test_each_state_has_a_status_and_is_kept(state: str, status: VexStatus) -> None:
    said = one(bom(vulnerability(state, "root", justification="code_not_reachable")))
    assert (said.status, said.status_written) == (status, state)
    assert said.justification is Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH
    assert said.justification_written == "code_not_reachable"
    assert (said.vulnerability, said.aliases) == ("CVE-2024-1", ("GHSA-1",))


def test_a_reference_to_the_root_is_to_the_product() -> None:
    (product,) = one(bom(vulnerability("exploitable", "root"))).products
    assert str(product.identity.purls[0]) == "pkg:oci/api"
    assert product.identity.bom_links == (f"{LINK}#root",)
    assert product.subcomponents == ()


def test_a_reference_to_a_component_is_to_a_part_of_the_product() -> None:
    (product,) = one(bom(vulnerability("exploitable", "lib"))).products
    assert str(product.identity.purls[0]) == "pkg:oci/api"
    assert str(product.subcomponents[0].purls[0]) == "pkg:maven/org/lib@1"
    (nested,) = one(bom(vulnerability("exploitable", "inner"))).products
    assert nested.subcomponents[0].bom_links == (f"{LINK}#inner",)


@pytest.mark.parametrize("ref", [f"{LINK}#lib", f"{LINK.replace('cdx', 'uuid').upper()}#lib"])
def test_a_link_into_the_same_document_is_a_reference(ref: str) -> None:
    (product,) = one(bom(vulnerability("exploitable", ref))).products
    assert str(product.subcomponents[0].purls[0]) == "pkg:maven/org/lib@1"


def test_a_link_into_another_document_is_kept_as_such() -> None:
    other = "urn:cdx:00000000-395b-41f5-a30f-a58921a69b79/2#pkg:maven/a/b@1?type=jar"
    (product,) = one(bom(vulnerability("exploitable", other))).products
    assert product.identity.bom_links == (other,)
    assert product.subcomponents == ()


def test_versions_are_of_the_component_that_is_referred_to() -> None:
    versions = [{"version": "1"}, {"range": "vers:maven/>=2", "status": "unaffected"}]
    claims = (
        VersionClaim(version="1", status=VersionStatus.AFFECTED),
        VersionClaim(range="vers:maven/>=2", status=VersionStatus.UNAFFECTED),
    )
    part = vulnerability("exploitable", "lib")
    part["affects"][0]["versions"] = versions
    (product,) = one(bom(part)).products
    assert (product.versions, product.component_versions) == ((), claims)
    whole = vulnerability("exploitable", "root")
    whole["affects"][0]["versions"] = versions
    (product,) = one(bom(whole)).products
    assert (product.versions, product.component_versions) == (claims, ())


def test_the_time_of_the_analysis_counts_before_that_of_the_document() -> None:
    dated = {"firstIssued": "2024-02-01T00:00:00Z", "lastUpdated": "2024-03-01T00:00:00Z"}
    said = one(bom(vulnerability("exploitable", "root", **dated)))
    assert str(said.time) == "2024-03-01T00:00:00Z"
    assert str(one(bom(vulnerability("exploitable", "root"))).time) == "2024-01-01T00:00:00Z"
    undated = vulnerability("exploitable", "root")
    assert one(bom(undated, metadata={})).time is None
    undated["updated"] = "2023-01-01T00:00:00Z"
    assert str(one(bom(undated, metadata={})).time) == "2023-01-01T00:00:00Z"


def test_a_vulnerability_without_an_analysis_says_nothing() -> None:
    root = bom(vulnerability(None, "root"), {**vulnerability(None, "root"), "analysis": {}})
    assert vex_from_cyclonedx(root).statements == ()
    assert vex_from_cyclonedx(bom(vulnerabilities=None)).statements == ()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (vulnerability("not_affected", "root"), "justification"),
        (vulnerability("not_affected", "root", justification="odd"), "justification"),
        (vulnerability("exploitable"), "names no component"),
        ({**vulnerability("exploitable", "root"), "id": None}, "no id"),
    ],
)
def test_an_incomplete_statement_is_flagged(made: dict[str, Any], words: str) -> None:
    assert any(words in text for text in one(bom(made)).defects)


def test_a_false_positive_is_a_reason_in_itself() -> None:
    said = one(bom(vulnerability("false_positive", "root")))
    assert said.is_justified
    assert said.defects == ()


def broken(**changes: Any) -> dict[str, Any]:
    return bom({**vulnerability("exploitable", "root"), **changes})


@pytest.mark.parametrize(
    ("root", "code"),
    [
        (broken(analysis={"state": "fine"}), "formats.cyclonedx-vex-state"),
        (broken(analysis={"state": 7}), "formats.cyclonedx-vex"),
        (broken(analysis=[]), "formats.cyclonedx-vex"),
        (broken(affects={}), "formats.cyclonedx-vex"),
        (broken(affects=[{}]), "formats.cyclonedx-vex"),
        (broken(affects=[{"ref": 7}]), "formats.cyclonedx-vex"),
        (broken(affects=[{"ref": "root", "versions": [{}]}]), "formats.cyclonedx-vex"),
        (
            broken(affects=[{"ref": "root", "versions": [{"version": "1", "range": "vers:x/1"}]}]),
            "formats.cyclonedx-vex",
        ),
        (
            broken(affects=[{"ref": "root", "versions": [{"version": "1", "status": "odd"}]}]),
            "formats.cyclonedx-vex",
        ),
        (bom(vulnerabilities={}), "formats.cyclonedx-vex"),
        (bom(metadata={"timestamp": "now"}), "formats.cyclonedx-vex"),
        (bom(components=[7]), "formats.cyclonedx-vex"),
    ],
)
def test_what_cannot_be_believed_is_refused(root: dict[str, Any], code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        vex_from_cyclonedx(root)
    assert refused.value.code == code


def test_a_link_needs_a_serial_number() -> None:
    assert bom_link(SERIAL, 1, "x") == f"{LINK}#x"
    assert bom_link("", 1, "x") is None
    assert bom_link("urn:uuid:nonsense", 1, "x") is None


def test_the_documents_of_others_are_read_and_counted(vectors: Path) -> None:
    expected = json.loads((vectors / "sbom" / "expected.json").read_bytes())["files"]
    wrong: list[str] = []
    count = 0
    for name, wanted in expected.items():
        if not name.startswith("vex/cyclonedx/"):
            continue
        count += 1
        root = Document((vectors / "sbom" / name).read_bytes()).root
        assert root is not None
        found: VexDocument = vex_from_cyclonedx(root)
        states = Counter(each.status_written for each in found.statements)
        if states != wanted.get("analysis_states", {}):
            wrong.append(f"{name}: {states}")
    assert not wrong
    assert count == 25
