"""Trivy: its report, the list before it, and that of a cluster."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.read import read_scan, scan_reader
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ScanReport,
    Severity,
)

A, B = "a" * 64, "b" * 64
VULNERABILITY: dict[str, Any] = {
    "VulnerabilityID": "CVE-2024-1234",
    "PkgName": "libssl3",
    "PkgIdentifier": {"PURL": "pkg:deb/debian/libssl3@3.0.1?arch=amd64"},
    "InstalledVersion": "3.0.1",
    "FixedVersion": "3.0.2, 3.1.0",
    "Status": "fixed",
    "Severity": "HIGH",
    "SeveritySource": "debian",
    "Layer": {"Digest": f"sha256:{A}", "DiffID": f"sha256:{B}"},
    "CVSS": {
        "nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "V3Score": 9.8},
        "ghsa": {"V40Vector": "CVSS:4.0/AV:N", "V40Score": 8.1, "V2Score": 0},
    },
    "Title": "openssl: a flaw",
    "PrimaryURL": "https://avd.example/CVE-2024-1234",
    "PublishedDate": "2024-03-19T05:15:00Z",
}


def report(*vulnerabilities: dict[str, Any], **result: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.69.1"},
        "CreatedAt": "2026-11-20T14:00:00.123456789Z",
        "ArtifactName": "registry.example/api:1",
        "ArtifactType": "container_image",
        "Metadata": {
            "ImageID": f"sha256:{B}",
            "RepoDigests": [f"registry.example/api@sha256:{A}", ""],
        },
        "Results": [
            {
                "Target": "registry.example/api:1 (debian 12)",
                "Class": "os-pkgs",
                "Type": "debian",
                "Vulnerabilities": list(vulnerabilities),
                **result,
            }
        ],
    }


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


def test_a_report_says_what_was_scanned_by_what_and_when() -> None:
    found = read(report(VULNERABILITY))
    assert found.format is DocumentFormat.TRIVY_JSON
    assert found.scanners == ("trivy 0.69.1",)
    assert found.created == Instant.parse("2026-11-20T14:00:00.123Z")
    assert found.targets == (Digest("sha256", A), Digest("sha256", B))
    assert found.target_names == ("registry.example/api:1",)
    assert found.incomplete == ()
    assert found.database is None


def test_a_vulnerability_is_carried_with_its_package_and_assessments() -> None:
    finding = only(report(VULNERABILITY))
    assert finding.id == "CVE-2024-1234"
    assert finding.severity is Severity.HIGH
    assert finding.severity_source == "debian"
    assert finding.fix is FixState.FIXED
    assert finding.fixed_versions == ("3.0.2", "3.1.0")
    assert finding.published == Instant.parse("2024-03-19T05:15:00Z")
    package = finding.package
    assert package is not None
    assert (package.name, package.version, package.type) == ("libssl3", "3.0.1", "debian")
    assert package.layer == Digest("sha256", B)
    assert [(each.source, each.version, each.score) for each in finding.cvss] == [
        ("ghsa", "4.0", 8.1),
        ("nvd", "3.1", 9.8),
    ]


@pytest.mark.parametrize(
    ("status", "fix", "state"),
    [
        ("fixed", FixState.FIXED, FindingState.OPEN),
        ("affected", FixState.NOT_FIXED, FindingState.OPEN),
        ("fix_deferred", FixState.NOT_FIXED, FindingState.OPEN),
        ("will_not_fix", FixState.WONT_FIX, FindingState.OPEN),
        ("end_of_life", FixState.WONT_FIX, FindingState.OPEN),
        ("under_investigation", FixState.UNKNOWN, FindingState.OPEN),
        ("unknown", FixState.UNKNOWN, FindingState.OPEN),
        ("something new", FixState.UNKNOWN, FindingState.OPEN),
        ("not_affected", FixState.UNKNOWN, FindingState.SUPPRESSED),
    ],
)
def test_the_words_of_a_status(status: str, fix: FixState, state: FindingState) -> None:
    finding = only(report(VULNERABILITY | {"Status": status}))
    assert (finding.fix, finding.state) == (fix, state)


def test_before_there_was_a_status_the_fixed_version_told() -> None:
    older = {name: value for name, value in VULNERABILITY.items() if name != "Status"}
    assert only(report(older)).fix is FixState.FIXED
    assert only(report(older | {"FixedVersion": ""})).fix is FixState.UNKNOWN


def test_an_unknown_severity_stays_unknown_and_is_kept() -> None:
    finding = only(report(VULNERABILITY | {"Severity": "UNKNOWN"}))
    assert finding.severity is Severity.UNKNOWN
    assert only(report({"VulnerabilityID": "CVE-2024-1"})).package is None


def test_a_report_without_results_scanned_nothing() -> None:
    empty = report()
    del empty["Results"]
    assert read(empty).incomplete == ("the report lists no result: nothing was scanned",)
    assert read(report()).incomplete == ()
    assert read(report() | {"Results": None}).incomplete


def test_what_trivy_filtered_out_stays_visible_with_statement_and_source() -> None:
    modified = {
        "Type": "vulnerability",
        "Status": "not_affected",
        "Statement": "vulnerable_code_not_in_execute_path",
        "Source": "vex.json",
        "Finding": VULNERABILITY,
    }
    finding = only(report(ExperimentalModifiedFindings=[modified]))
    assert finding.state is FindingState.SUPPRESSED
    assert finding.state_reason == "not_affected: vulnerable_code_not_in_execute_path (vex.json)"
    under_review = modified | {"Status": "under_investigation"}
    assert only(report(ExperimentalModifiedFindings=[under_review])).state is FindingState.OPEN
    with pytest.raises(MalformedError):
        read(report(ExperimentalModifiedFindings=[modified | {"Type": "opinion"}]))


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("FAIL", [FindingState.OPEN]),
        ("EXCEPTION", [FindingState.SUPPRESSED]),
        ("PASS", []),
        ("OTHER", [FindingState.OPEN]),
    ],
)
def test_only_checks_that_passed_are_no_findings(status: str, states: list[FindingState]) -> None:
    check = {
        "ID": "KSV014",
        "AVDID": "AVD-KSV-0014",
        "Title": "Root file system is not read-only",
        "Severity": "LOW",
        "Status": status,
        "CauseMetadata": {"StartLine": 7},
    }
    found = read(report(Misconfigurations=[check])).findings
    assert [finding.state for finding in found] == states
    for finding in found:
        assert finding.kind is FindingKind.MISCONFIGURATION
        assert finding.aliases == ("AVD-KSV-0014",)
        assert finding.locations == ("registry.example/api:1 (debian 12):7",)


def test_a_secret_is_reported_without_the_secret() -> None:
    secret = {
        "RuleID": "aws-access-key-id",
        "Category": "AWS",
        "Severity": "CRITICAL",
        "Title": "AWS Access Key ID",
        "StartLine": 3,
        "Match": "AKIAIOSFODNN7EXAMPLE",
    }
    found = read(report(Secrets=[secret]))
    assert found.findings[0].kind is FindingKind.SECRET
    assert "AKIA" not in repr(found)


def test_licences_are_findings_of_their_own() -> None:
    licences = [
        {"Severity": "HIGH", "Category": "restricted", "PkgName": "busybox", "Name": "GPL-2.0"},
        {"Severity": "LOW", "PkgName": "", "FilePath": "LICENSE", "Name": "MIT"},
    ]
    first, second = read(report(Licenses=licences)).findings
    assert first.kind is FindingKind.LICENSE
    assert first.package is not None
    assert first.package.name == "busybox"
    assert second.package is None
    assert second.locations == ("LICENSE",)


def test_a_system_at_its_end_is_noted() -> None:
    value = report()
    value["Metadata"]["OS"] = {"Family": "alpine", "Name": "3.11", "EOSL": True}
    assert read(value).notes == ("alpine 3.11 is no longer supported",)
    value["Metadata"]["OS"]["EOSL"] = False
    assert read(value).notes == ()


def test_a_repository_is_named_with_its_commit() -> None:
    value = report()
    value["Metadata"] = {"RepoURL": "https://git.example/api", "Commit": "c" * 40}
    assert read(value).target_names[1] == f"https://git.example/api@{'c' * 40}"
    assert read(value).targets == ()


@pytest.mark.parametrize("version", [1, 3, "2", True, 2.5])
def test_another_schema_version_is_refused(version: Any) -> None:
    with pytest.raises(MalformedError) as caught:
        read(report() | {"SchemaVersion": version})
    assert caught.value.code == "formats.trivy-version"


@pytest.mark.parametrize(
    "damage",
    [
        {"Results": {}},
        {"Results": ["x"]},
        {"Results": [{"Vulnerabilities": {}}]},
        {"Results": [{"Vulnerabilities": [{"VulnerabilityID": 7}]}]},
        {"Results": [{"Vulnerabilities": [VULNERABILITY | {"Severity": 3}]}]},
        {"Results": [{"Vulnerabilities": [VULNERABILITY | {"CVSS": []}]}]},
        {"Results": [{"Vulnerabilities": [VULNERABILITY | {"CVSS": {"nvd": {"V3Score": 11}}}]}]},
        {"Metadata": []},
        {"Metadata": {"RepoDigests": [1]}},
        {"ArtifactName": 1},
    ],
)
def test_a_field_of_another_type_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(report(VULNERABILITY) | damage)
    assert caught.value.code == "formats.trivy"


def test_the_list_of_old_is_read_as_results() -> None:
    found = read(report(VULNERABILITY)["Results"])
    assert found.format is DocumentFormat.TRIVY_LEGACY_LIST
    assert len(found.findings) == 1
    assert found.target_names == ("registry.example/api:1 (debian 12)",)
    assert found.targets == ()


def test_an_empty_list_is_no_report_of_trivy() -> None:
    with pytest.raises(MalformedError) as caught:
        read([])
    assert caught.value.code == "formats.scan-unknown"


def cluster(**lists: Any) -> dict[str, Any]:
    return {"ClusterName": "prod", **lists}


@pytest.mark.parametrize("name", ["Resources", "Vulnerabilities", "Findings"])
def test_a_cluster_is_read_by_resource(name: str) -> None:
    resource = {
        "Namespace": "default",
        "Kind": "Deployment",
        "Name": "api",
        "Metadata": [report()["Metadata"]],
        "Results": report(VULNERABILITY)["Results"],
    }
    found = read(cluster(**{name: [resource]}))
    assert found.format is DocumentFormat.TRIVY_K8S
    assert found.target_names == ("prod", "default/Deployment/api")
    assert found.targets == (Digest("sha256", A), Digest("sha256", B))
    assert len(found.findings) == 1
    assert found.incomplete == ()


def test_a_resource_that_could_not_be_scanned_leaves_the_report_incomplete() -> None:
    resource = {"Kind": "Pod", "Name": "api", "Error": "image not found"}
    found = read(cluster(Resources=[resource]))
    assert found.incomplete == ("Pod/api was not scanned: image not found",)
    assert read(cluster()).incomplete == ("the report lists no resource: nothing was scanned",)


def test_counts_are_given_for_a_refused_report_as_well() -> None:
    document = Document(
        json.dumps(report(VULNERABILITY, {"VulnerabilityID": 7, "Severity": None})).encode()
    )
    reader = scan_reader(document)
    assert reader.describe(document)["severity"] == {"high": 1, "unknown": 1}
    with pytest.raises(MalformedError):
        reader.read(document)


@pytest.mark.parametrize(
    ("kind", "finding", "found"),
    [
        ("misconfiguration", {"ID": "KSV1", "Status": "FAIL"}, FindingKind.MISCONFIGURATION),
        ("secret", {"RuleID": "aws"}, FindingKind.SECRET),
        ("license", {"Name": "MIT"}, FindingKind.LICENSE),
    ],
)
def test_findings_of_all_kinds_may_be_filtered_out(
    kind: str, finding: dict[str, Any], found: FindingKind
) -> None:
    modified = {"Type": kind, "Status": "ignored", "Finding": finding}
    suppressed = only(report(ExperimentalModifiedFindings=[modified]))
    assert (suppressed.kind, suppressed.state) == (found, FindingState.SUPPRESSED)
    assert suppressed.state_reason == "ignored"
