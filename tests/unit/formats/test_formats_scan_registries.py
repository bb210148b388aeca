"""What registries and platforms say of an image: Harbor, Clair, Google, Prisma Cloud and others."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.scan import (
    black_duck,
    checkmarx,
    clair,
    clair_v4,
    detect_secrets,
    gcp,
    gitleaks,
    harbor,
    twistcli,
)
from gatebook.formats.scan.report import FindingKind, FindingState, FixState, ScanReport, Severity

IMAGE = "sha256:" + "33" * 32
LAYER = "sha256:" + "44" * 32
MEDIA_TYPE = "application/vnd.security.vulnerability.report; version=1.1"


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode())


def read(reader: Any, value: Any) -> ScanReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


# Harbor


def harbor_report(**changes: Any) -> dict[str, Any]:
    return {
        "generated_at": "2023-11-16T00:14:12.726598+00:00",
        "artifact": {"repository": "library/app", "digest": IMAGE},
        "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "v0.44.0"},
        "severity": "High",
        "vulnerabilities": [
            {
                "id": "CVE-1999-123",
                "package": "libs",
                "version": "1.2.3",
                "fix_version": "1.2.4",
                "severity": "Medium",
                "links": ["https://avd.example/cve-1999-123"],
                "preferred_cvss": {"score_v3": 9.8, "score_v2": 0, "vector_v3": ""},
            }
        ],
    } | changes


def test_harbor_is_read_as_a_map_and_alone() -> None:
    for value in ({MEDIA_TYPE: harbor_report()}, harbor_report()):
        report = read(harbor.READER, value)
        (finding,) = report.findings
        assert report.targets == (Digest.parse(IMAGE),)
        assert report.scanners == ("Trivy v0.44.0",)
        assert finding.fixed_versions == ("1.2.4",)
        assert [(each.version, each.score) for each in finding.cvss] == [("3.1", 9.8)]


def test_the_same_scan_in_two_forms_is_counted_once() -> None:
    old = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
    value = {old: harbor_report(), MEDIA_TYPE: harbor_report()}
    assert len(read(harbor.READER, value).findings) == 1


def test_null_is_how_harbor_writes_no_vulnerability() -> None:
    report = read(harbor.READER, {MEDIA_TYPE: harbor_report(vulnerabilities=None)})
    assert (report.findings, report.incomplete) == ((), ())


@pytest.mark.parametrize(
    ("change", "complete"),
    [
        ({"scan_status": "Success"}, True),
        ({"scan_status": "Error"}, False),
        ({"scan_status": "Running"}, False),
        ({"complete_percent": 50}, False),
    ],
)
def test_a_scan_of_harbor_that_is_not_over_is_incomplete(
    change: dict[str, Any], *, complete: bool
) -> None:
    report = read(harbor.READER, {MEDIA_TYPE: harbor_report(**change)})
    assert (report.incomplete == ()) is complete


def test_a_summary_is_not_a_list() -> None:
    overview = harbor_report(scan_status="Success", summary={"total": 3})
    del overview["vulnerabilities"]
    assert read(harbor.READER, {MEDIA_TYPE: overview}).incomplete != ()


def test_the_sbom_of_an_artifact_is_no_scan() -> None:
    sbom = {"application/vnd.security.sbom.report+json; version=1.0": {"sbom": {}}}
    assert not harbor.READER.recognises(document(sbom))


# Clair


def clair_scanner(*unapproved: str) -> dict[str, Any]:
    return {
        "image": f"ubuntu@{IMAGE}",
        "unapproved": list(unapproved),
        "vulnerabilities": [
            {
                "featurename": "systemd",
                "featureversion": "237-3ubuntu10.29",
                "vulnerability": "CVE-2018-20839",
                "namespace": "ubuntu:18.04",
                "severity": "Medium",
                "fixedby": "",
            }
        ],
    }


def test_what_clair_scanner_approves_is_somebodys_judgement() -> None:
    report = read(clair.READER, clair_scanner("CVE-2018-20839"))
    assert report.findings[0].state is FindingState.OPEN
    assert report.findings[0].fix is FixState.NOT_FIXED
    assert report.targets == (Digest.parse(IMAGE),)
    approved = read(clair.READER, clair_scanner()).findings[0]
    assert approved.state is FindingState.SUPPRESSED
    assert approved.state_reason is not None


def test_klar_of_no_layer_scanned_nothing() -> None:
    flaw = {"Name": "RHSA-2019:0109", "FeatureName": "perl", "Severity": "Defcon1"}
    value = {"LayerCount": 9, "Vulnerabilities": {"Defcon1": [flaw]}}
    report = read(clair.KLAR_READER, value)
    assert report.findings[0].severity is Severity.CRITICAL
    assert report.incomplete == ()
    assert read(clair.KLAR_READER, value | {"LayerCount": 0}).incomplete != ()


def clair4(**changes: Any) -> dict[str, Any]:
    return {
        "manifest_hash": IMAGE,
        "packages": {"10": {"id": "10", "name": "bash", "version": "5.0-4"}},
        "distributions": {"1": {"did": "debian", "version_id": "10"}},
        "environments": {
            "10": [{"package_db": "var/lib", "introduced_in": LAYER, "distribution_id": "1"}]
        },
        "vulnerabilities": {
            "7": {
                "id": "7",
                "name": "CVE-2019-18276",
                "updater": "debian",
                "severity": "unimportant",
                "normalized_severity": "Negligible",
                "fixed_in_version": "5.1",
                "links": "https://a.example https://b.example",
            }
        },
        "package_vulnerabilities": {"10": ["7"]},
        "enrichments": {
            "message/vnd.clair.map.vulnerability; enricher=clair.cvss schema=x": [
                {
                    "7": [
                        {
                            "baseScore": 7.8,
                            "vectorString": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
                        }
                    ]
                }
            ]
        },
    } | changes


def test_clair_4_joins_packages_flaws_and_layers() -> None:
    report = read(clair_v4.READER, clair4())
    (finding,) = report.findings
    assert report.targets == (Digest.parse(IMAGE),)
    assert finding.package is not None
    assert finding.package.layer == Digest.parse(LAYER)
    assert finding.package.type == "debian 10"
    assert finding.severity is Severity.NEGLIGIBLE
    assert finding.cvss[0].score == 7.8
    assert finding.fixed_versions == ("5.1",)


def test_an_unknown_severity_of_clair_falls_back_to_the_vendors() -> None:
    value = clair4()
    value["vulnerabilities"]["7"] |= {"normalized_severity": "Unknown", "severity": "Important"}
    assert read(clair_v4.READER, value).findings[0].severity is Severity.HIGH


@pytest.mark.parametrize("change", [{"vulnerabilities": {}}, {"packages": {"11": {"name": "x"}}}])
def test_a_reference_that_leads_nowhere_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(GatebookError, match="is not listed") as refused:
        clair_v4.READER.read(document(clair4(**change)))
    assert refused.value.code == "formats.clair"


def test_an_image_without_packages_was_not_scanned() -> None:
    empty = clair4(packages={}, vulnerabilities={}, package_vulnerabilities={})
    assert read(clair_v4.READER, empty).incomplete != ()


# Google


def discovery(status: str = "FINISHED_SUCCESS") -> dict[str, Any]:
    return {
        "kind": "DISCOVERY",
        "noteName": "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
        "resourceUri": f"https://eu-docker.pkg.dev/p/app@{IMAGE}",
        "discovery": {"analysisStatus": status, "lastScanTime": "2024-05-15T14:15:20.837212135Z"},
    }


def occurrence(**flaw: Any) -> dict[str, Any]:
    return {
        "kind": "VULNERABILITY",
        "name": "projects/p/occurrences/1",
        "noteName": "projects/goog-vulnz/notes/CVE-2023-36665",
        "resourceUri": f"https://eu-docker.pkg.dev/p/app@{IMAGE}",
        "vulnerability": {
            "effectiveSeverity": "CRITICAL",
            "cvssv3": {"baseScore": 9.8},
            "packageIssue": [
                {
                    "affectedPackage": "protobufjs",
                    "affectedVersion": {"fullName": "7.0.0", "kind": "NORMAL"},
                    "fixedVersion": {"fullName": "7.2.5", "kind": "NORMAL"},
                    "packageType": "NPM",
                }
            ],
        }
        | flaw,
    }


def shown(group: str, item: dict[str, Any], status: str = "FINISHED_SUCCESS") -> dict[str, Any]:
    return {
        "image_summary": {"digest": IMAGE},
        "discovery_summary": {"discovery": [discovery(status)]},
        "package_vulnerability_summary": {"vulnerabilities": {group: [item]}},
    }


def test_occurrences_are_read_as_a_list_a_page_and_a_summary() -> None:
    for value in (
        [occurrence(), discovery()],
        {"occurrences": [occurrence(), discovery()]},
        shown("CRITICAL", occurrence()),
    ):
        report = read(gcp.READER, value)
        (finding,) = report.findings
        assert report.targets == (Digest.parse(IMAGE),)
        assert report.created == Instant.parse("2024-05-15T14:15:20.837Z")
        assert finding.id == "CVE-2023-36665"
        assert finding.fixed_versions == ("7.2.5",)
        assert (report.incomplete, report.notes) == ((), ())


@pytest.mark.parametrize("status", ["PENDING", "SCANNING", "FINISHED_FAILED"])
def test_an_analysis_that_did_not_finish_is_incomplete(status: str) -> None:
    for value in ([occurrence(), discovery(status)], shown("LOW", occurrence(), status)):
        assert status in read(gcp.READER, value).incomplete[0]


def test_a_missing_page_of_occurrences_is_said() -> None:
    value = {"occurrences": [occurrence(), discovery()], "nextPageToken": "x"}
    assert read(gcp.READER, value).incomplete != ()


def test_the_group_none_is_unknown_and_not_harmless() -> None:
    item = occurrence()
    del item["vulnerability"]["effectiveSeverity"]
    value = shown("None", item)
    assert read(gcp.READER, value).findings[0].severity is Severity.UNKNOWN
    assert gcp.READER.describe(document(value))["severity"] == {"none": 1}


def test_a_maximum_is_no_fixed_version() -> None:
    item = occurrence()
    item["vulnerability"]["packageIssue"][0]["fixedVersion"] = {"kind": "MAXIMUM"}
    (finding,) = read(gcp.READER, [item]).findings
    assert (finding.fix, finding.fixed_versions) == (FixState.NOT_FIXED, ())


def test_a_vex_assessment_is_somebodys_judgement() -> None:
    judged = occurrence(
        vexAssessment={
            "state": "NOT_AFFECTED",
            "justification": {"justificationType": "VULNERABLE_CODE_NOT_PRESENT"},
        }
    )
    (finding,) = read(gcp.READER, [judged]).findings
    assert finding.state is FindingState.SUPPRESSED
    assert finding.state_reason == "NOT_AFFECTED: VULNERABLE_CODE_NOT_PRESENT"
    affected = occurrence(vexAssessment={"state": "AFFECTED"})
    assert read(gcp.READER, [affected]).findings[0].state is FindingState.OPEN


def test_the_provenance_of_an_image_is_not_its_vulnerabilities() -> None:
    provenance = {"image_summary": {"digest": IMAGE}, "provenance_summary": {"provenance": []}}
    assert not gcp.READER.recognises(document(provenance))


# Prisma Cloud, Black Duck, Checkmarx, detect-secrets, gitleaks


def twistcli_report(**changes: Any) -> dict[str, Any]:
    result = {
        "id": LAYER,
        "digest": IMAGE,
        "name": "nginx:1.27.1",
        "scanTime": "2023-11-04T18:40:20.181754364Z",
        "scanID": "1",
        "vulnerabilities": [
            {
                "id": "CVE-2024-1",
                "status": "fixed in 1.3.2, 1.4",
                "cvss": 7.5,
                "severity": "high",
                "packageName": "zlib",
                "packageVersion": "1.3.1",
            }
        ],
        "vulnerabilityDistribution": {"high": 1, "total": 1},
    }
    return {"results": [result | changes]}


def test_twistcli_names_the_versions_that_fix() -> None:
    report = read(twistcli.READER, twistcli_report())
    assert report.findings[0].fixed_versions == ("1.3.2", "1.4")
    assert Digest.parse(IMAGE) in report.targets
    assert report.incomplete == ()


def test_twistcli_counts_more_than_it_lists() -> None:
    fewer = twistcli_report(vulnerabilities=[])
    assert "1 vulnerabilities are counted and 0" in read(twistcli.READER, fewer).incomplete[0]


def black_duck_report(**changes: Any) -> dict[str, Any]:
    return {
        "aggregateBomViewEntries": [],
        "detailedVulnerabilities": [
            {
                "producerProjectName": "Angular",
                "producerVersion": "1.4.7",
                "vulnerabilityId": "BDSA-2017-2907",
                "severity": "HIGH",
                "baseScore": 9.6,
                "cvssVersion": "CVSS 3.x",
                "remediationStatus": "NEW",
                "reachable": False,
            }
            | changes
        ],
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", FindingState.OPEN),
        ("NEEDS_REVIEW", FindingState.OPEN),
        ("REMEDIATION_REQUIRED", FindingState.OPEN),
        ("IGNORED", FindingState.SUPPRESSED),
        ("PATCHED", FindingState.SUPPRESSED),
    ],
)
def test_a_remediation_status_is_somebodys_judgement(status: str, expected: FindingState) -> None:
    value = black_duck_report(remediationStatus=status)
    assert read(black_duck.READER, value).findings[0].state is expected


def test_not_reachable_in_black_duck_may_mean_not_looked_at() -> None:
    assert read(black_duck.READER, black_duck_report()).findings[0].reachable is None


def test_a_black_duck_report_without_the_list_is_incomplete() -> None:
    assert read(black_duck.READER, {"aggregateBomViewEntries": []}).incomplete != ()


def checkmarx_report(**changes: Any) -> dict[str, Any]:
    result = {
        "type": "sast",
        "id": "13588362",
        "similarityId": "1959005240",
        "status": "NEW",
        "state": "TO_VERIFY",
        "severity": "HIGH",
        "foundAt": "2023-11-29T16:00:29Z",
        "data": {"queryName": "Stored_XSS", "nodes": [{"fileName": "/a.js", "line": 7}]},
    }
    return {"results": [result | changes], "totalCount": 1, "scanID": "dc2b"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, FindingState.OPEN),
        ({"state": "CONFIRMED"}, FindingState.OPEN),
        ({"state": "PROPOSED_NOT_EXPLOITABLE"}, FindingState.OPEN),
        ({"state": "NOT_EXPLOITABLE"}, FindingState.SUPPRESSED),
        ({"status": "FIXED"}, FindingState.RESOLVED),
    ],
)
def test_only_a_final_word_takes_a_checkmarx_result_off(
    change: dict[str, Any], expected: FindingState
) -> None:
    assert read(checkmarx.READER, checkmarx_report(**change)).findings[0].state is expected


def test_a_dependency_in_checkmarx_is_named_by_its_path() -> None:
    data = {
        "packageIdentifier": "Maven-a:b-1.4.5",
        "recommendedVersion": "1.4.20",
        "packageData": [{"url": "https://github.com/advisories/GHSA-f554-x222-wgf7"}],
        "scaPackageData": {
            "dependencyPaths": [[{"id": "Maven-a:b-1.4.5", "name": "a:b", "version": "1.4.5"}]]
        },
    }
    value = checkmarx_report(type="sca", id="CVE-2013-7285", data=data)
    (finding,) = read(checkmarx.READER, value).findings
    assert finding.kind is FindingKind.VULNERABILITY
    assert finding.package is not None
    assert (finding.package.name, finding.package.version) == ("a:b", "1.4.5")
    assert finding.aliases == ("GHSA-f554-x222-wgf7",)
    assert finding.fixed_versions == ("1.4.20",)


def test_a_page_of_checkmarx_results_is_incomplete() -> None:
    assert read(checkmarx.READER, checkmarx_report() | {"totalCount": 9}).incomplete != ()


def test_an_audited_non_secret_is_suppressed() -> None:
    entry = {"type": "AWS Access Key", "hashed_secret": "ab", "line_number": 3}
    value = {
        "version": "1.5.0",
        "plugins_used": [{"name": "AWSKeyDetector"}],
        "results": {"a.py": [entry, entry | {"is_secret": False}]},
    }
    found = read(detect_secrets.READER, value).findings
    assert [each.state for each in found] == [FindingState.OPEN, FindingState.SUPPRESSED]
    assert found[0].locations == ("a.py:3",)
    assert read(detect_secrets.READER, value | {"plugins_used": []}).incomplete != ()


def test_gitleaks_is_read_in_both_versions_without_the_secret() -> None:
    new = {"RuleID": "aws-key", "File": "a.py", "StartLine": 3, "Secret": "AKIA-hush"}
    old = {"rule": "aws-key", "file": "a.py", "lineNumber": 3, "offender": "AKIA-hush"}
    for value in ([new], [old]):
        report = read(gitleaks.READER, value)
        assert (report.findings[0].id, report.findings[0].locations) == ("aws-key", ("a.py:3",))
        assert "AKIA-hush" not in repr(report)
