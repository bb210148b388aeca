"""The resources of the Trivy operator, one by one and in lists."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.read import read_scan, scan_reader
from gatebook.formats.scan.report import FindingKind, ScanReport, Severity

A = "a" * 64


def resource(kind: str, **body: Any) -> dict[str, Any]:
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": kind,
        "metadata": {"namespace": "default", "name": "replicaset-api"},
        **body,
    }


def vulnerabilities(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return resource(
        "VulnerabilityReport",
        report={
            "updateTimestamp": "2026-11-20T14:00:00Z",
            "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "0.69.1"},
            "registry": {"server": "registry.example"},
            "artifact": {"repository": "api", "tag": "1", "digest": f"sha256:{A}"},
            "summary": {"criticalCount": len(items)},
            "vulnerabilities": list(items),
            **more,
        },
    )


FLAW = {
    "vulnerabilityID": "CVE-2024-1234",
    "resource": "curl",
    "installedVersion": "7.87.0-r1",
    "fixedVersion": "7.87.0-r2",
    "severity": "CRITICAL",
    "score": 9.1,
}
CHECK = {"checkID": "KSV014", "severity": "LOW", "success": False, "title": "Read-only root"}


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


@pytest.mark.parametrize(
    "kind", ["VulnerabilityReport", "ClusterVulnerabilityReport", "NodeVulnerabilityReport"]
)
def test_a_vulnerability_report_of_any_scope_is_bound_to_its_image(kind: str) -> None:
    found = read(vulnerabilities(FLAW) | {"kind": kind})
    assert found.format == f"trivy-operator-{kind.lower()}"
    assert found.scanners == ("trivy 0.69.1",)
    assert found.created == Instant.parse("2026-11-20T14:00:00Z")
    assert found.targets == (Digest("sha256", A),)
    assert "registry.example/api:1" in found.target_names
    (finding,) = found.findings
    assert finding.severity is Severity.CRITICAL
    assert finding.fixed_versions == ("7.87.0-r2",)


@pytest.mark.parametrize(
    "kind",
    [
        "ConfigAuditReport",
        "ClusterConfigAuditReport",
        "RbacAssessmentReport",
        "ClusterRbacAssessmentReport",
        "InfraAssessmentReport",
        "ClusterInfraAssessmentReport",
    ],
)
def test_failed_checks_are_findings_and_passed_ones_are_not(kind: str) -> None:
    checks = [CHECK, CHECK | {"success": True}, {"checkID": "KSV001", "severity": "HIGH"}]
    found = read(resource(kind, report={"checks": checks}))
    assert [finding.id for finding in found.findings] == ["KSV014", "KSV001"]
    assert {finding.kind for finding in found.findings} == {FindingKind.MISCONFIGURATION}


def test_exposed_secrets_are_reported_without_the_secret() -> None:
    secret = {
        "ruleID": "aws-secret-access-key",
        "severity": "CRITICAL",
        "match": "hunter2",
        "target": "root/aws.txt",
    }
    found = read(resource("ExposedSecretReport", report={"secrets": [secret]}))
    assert found.findings[0].kind is FindingKind.SECRET
    assert found.findings[0].locations == ("root/aws.txt",)
    assert "hunter2" not in repr(found)


def test_a_check_without_a_severity_has_that_of_its_control() -> None:
    results = [{"id": "1.1.1", "severity": "HIGH", "checks": [CHECK, {"success": False}]}]
    found = read(resource("ClusterComplianceReport", status={"detailReport": {"results": results}}))
    assert [finding.severity for finding in found.findings] == [Severity.LOW, Severity.HIGH]
    assert found.findings[1].id == "1.1.1"


def test_a_compliance_report_that_only_sums_up_names_its_failed_controls() -> None:
    controls = [
        {"id": "1.1", "severity": "HIGH", "totalFail": 3},
        {"id": "1.2", "severity": "HIGH", "totalFail": 0},
    ]
    value = resource(
        "ClusterComplianceReport", status={"summaryReport": {"controlCheck": controls}}
    )
    (finding,) = read(value).findings
    assert (finding.id, finding.occurrences) == ("1.1", 3)


@pytest.mark.parametrize(
    "value",
    [
        resource("VulnerabilityReport"),
        resource("VulnerabilityReport", report={}),
        resource("VulnerabilityReport", report={"vulnerabilities": {}}),
        resource("ExposedSecretReport", report={}),
        resource("ConfigAuditReport", report={}),
        resource("ConfigAuditReport", report={"checks": [{"success": "no"}]}),
        resource("ConfigAuditReport", report={"checks": [{"success": False}]}),
        resource("ClusterComplianceReport", status={}),
        resource("ClusterComplianceReport"),
    ],
)
def test_a_report_without_its_list_is_refused_and_not_clean(value: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(value)
    assert caught.value.code == "formats.trivy-operator"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda items: items,
        lambda items: {"kind": "List", "apiVersion": "v1", "items": items},
        lambda items: {
            "kind": "VulnerabilityReportList",
            "apiVersion": "aquasecurity.github.io/v1alpha1",
            "items": items,
        },
        lambda items: {
            "vulnerabilityreports.aquasecurity.github.io": items,
            "sbomreports.aquasecurity.github.io": [],
        },
        lambda items: {"vulnerabilityreports.aquasecurity.github.io": {"items": items}},
    ],
    ids=["array", "list", "typed list", "by name", "lists by name"],
)
def test_lists_of_resources_are_read_together(wrap: Any) -> None:
    later = vulnerabilities(updateTimestamp="2026-11-21T00:00:00Z")
    checks = resource(
        "ConfigAuditReport",
        report={"checks": [CHECK], "updateTimestamp": "2026-11-22T00:00:00Z"},
    )
    found = read(wrap([later, vulnerabilities(FLAW), checks, resource("SbomReport")]))
    assert found.format is DocumentFormat.TRIVY_OPERATOR_OTHER
    assert len(found.findings) == 2
    assert found.created == Instant.parse("2026-11-20T14:00:00Z"), "as old as the oldest"
    assert found.notes == ("1 SbomReport passed over",)
    assert found.incomplete == ()


def test_a_list_that_goes_on_is_incomplete() -> None:
    value = {
        "kind": "List",
        "apiVersion": "v1",
        "metadata": {"continue": "abc"},
        "items": [vulnerabilities(FLAW)],
    }
    assert read(value).incomplete == ("the list goes on on another page",)
    value["metadata"] = {"continue": ""}
    assert read(value).incomplete == ()


def test_lists_without_a_report_scanned_nothing() -> None:
    assert read({"vulnerabilityreports.aquasecurity.github.io": []}).incomplete
    empty = {
        "kind": "VulnerabilityReportList",
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "items": [],
    }
    assert read(empty).incomplete


def test_a_kind_that_is_not_known_is_refused_in_a_list() -> None:
    with pytest.raises(MalformedError) as caught:
        read([resource("OpinionReport")])
    assert caught.value.code == "formats.trivy-operator-kind"
    with pytest.raises(MalformedError) as caught:
        read(resource("OpinionReport"))
    assert caught.value.code == "formats.scan-unknown"


def test_a_list_prints_what_a_counter_that_does_not_know_it_prints() -> None:
    document = Document(json.dumps([vulnerabilities(FLAW)]).encode())
    shown = scan_reader(document).describe(document)
    assert shown["items"] == 1
    named = {"vulnerabilityreports.aquasecurity.github.io": [vulnerabilities(FLAW)]}
    document = Document(json.dumps(named).encode())
    shown = scan_reader(document).describe(document)
    assert shown["keys"] == ["vulnerabilityreports.aquasecurity.github.io"]
    assert shown["severity"] == {"critical": 1}


def test_a_node_is_named_and_its_system_noted() -> None:
    value = vulnerabilities(
        FLAW,
        artifact={"nodeName": "worker-1"},
        os={"family": "alpine", "name": "3.11", "eosl": True},
    ) | {"kind": "NodeVulnerabilityReport"}
    found = read(value)
    assert "worker-1" in found.target_names
    assert found.notes == ("alpine 3.11 is no longer supported",)
    assert found.targets == ()
