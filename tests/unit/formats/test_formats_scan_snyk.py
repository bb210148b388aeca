"""Snyk: one project, several, containers with applications, infrastructure code, the REST API."""

import json
from typing import Any

import pytest

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


def flaw(**changes: Any) -> dict[str, Any]:
    return {
        "id": "SNYK-PYTHON-DJANGO-2940618",
        "title": "SQL Injection",
        "severity": "high",
        "severityWithCritical": "critical",
        "CVSSv3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N",
        "cvssScore": 9.1,
        "identifiers": {"CVE": ["CVE-2022-34265"], "CWE": ["CWE-89"], "GHSA": []},
        "packageManager": "pip",
        "packageName": "django",
        "name": "django",
        "version": "4.0.5",
        "fixedIn": ["4.0.6"],
        "from": ["app@0.0.0", "django@4.0.5"],
        "publicationTime": "2022-07-04T10:19:35.962957Z",
        "epssDetails": {"probability": "0.00046", "percentile": "0.1"},
    } | changes


def project(*vulnerabilities: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "vulnerabilities": list(vulnerabilities),
        "ok": not vulnerabilities,
        "dependencyCount": 76,
        "packageManager": "pip",
        "projectName": "app",
        "displayTargetFile": "requirements.txt",
        "filtered": {"ignore": [], "patch": []},
    } | changes


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


def test_a_vulnerability_is_carried_with_snyks_own_severity() -> None:
    found = read(project(flaw()))
    assert found.format is DocumentFormat.SNYK_JSON
    assert found.target_names == ("app:requirements.txt",)
    (finding,) = found.findings
    assert finding.severity is Severity.CRITICAL
    assert finding.aliases == ("CVE-2022-34265",)
    assert finding.fix is FixState.FIXED
    assert finding.epss == 0.00046
    assert finding.package is not None
    assert (finding.package.name, finding.package.version) == ("django", "4.0.5")


def test_paths_to_one_package_are_one_finding_that_counts_them() -> None:
    other_path = flaw(**{"from": ["app@0.0.0", "lib@1", "django@4.0.5"]})
    assert only(project(flaw(), other_path)).occurrences == 2
    assert len(read(project(flaw(), flaw(version="3.2.1"))).findings) == 2


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"fixedIn": ["1"]}, FixState.FIXED),
        ({"fixedIn": []}, FixState.NOT_FIXED),
        ({"fixedIn": None}, FixState.UNKNOWN),
        ({"fixedIn": [], "nearestFixedInVersion": "2"}, FixState.FIXED),
    ],
)
def test_whether_there_is_a_fix(changes: dict[str, Any], fix: FixState) -> None:
    assert only(project(flaw(**changes))).fix is fix


def test_several_cves_under_one_identifier_are_covered() -> None:
    finding = only(project(flaw(identifiers={"CVE": ["CVE-2022-1111", "CVE-2022-2222"]})))
    assert finding.aliases == ()
    assert finding.covers == ("CVE-2022-1111", "CVE-2022-2222")


def test_what_the_policy_ignored_stays_visible_with_reason_and_expiry() -> None:
    ignored = flaw(filtered={"ignored": [{"reason": "no path", "expires": "2027-01-01"}]})
    finding = only(project(filtered={"ignore": [ignored], "patch": []}))
    assert finding.state is FindingState.SUPPRESSED
    assert finding.state_reason == "ignored: no path, until 2027-01-01"
    assert only(project(filtered={"ignore": [], "patch": [flaw()]})).state_reason == "patched"


def test_ignoring_one_path_does_not_ignore_the_others() -> None:
    found = read(project(flaw(), filtered={"ignore": [flaw()], "patch": []}))
    assert [finding.state for finding in found.findings] == [
        FindingState.OPEN,
        FindingState.SUPPRESSED,
    ]


def test_licences_and_malware_are_told_apart() -> None:
    assert only(project(flaw(type="license"))).kind is FindingKind.LICENSE
    assert only(project(flaw(malicious=True))).kind is FindingKind.MALWARE


def test_a_project_without_dependencies_was_not_tested() -> None:
    assert read(project()).incomplete == ()
    assert read(project(dependencyCount=0)).incomplete == (
        "app:requirements.txt has no dependencies: nothing was tested",
    )


def test_applications_inside_a_container_are_part_of_it() -> None:
    value = project(
        flaw(),
        path=f"registry.example/api@sha256:{'a' * 64}",
        applications=[project(flaw(name="express", version="1"), projectName="inner")],
    )
    found = read(value)
    assert len(found.findings) == 2
    assert len(found.targets) == 1
    document = Document(json.dumps(value).encode())
    assert scan_reader(document).describe(document)["applications"] == 1


def test_all_projects_are_read_together_and_one_that_failed_is_said() -> None:
    failed = {"ok": False, "error": "Could not detect package manager", "path": "/src/b"}
    found = read([project(flaw()), project(projectName="b"), failed])
    assert found.format is DocumentFormat.SNYK_ALL_PROJECTS
    assert len(found.findings) == 1
    assert found.incomplete == ("/src/b was not tested: Could not detect package manager",)
    assert read(failed).incomplete == found.incomplete


def test_issues_in_infrastructure_code() -> None:
    issue = {
        "id": "SNYK-CC-K8S-8",
        "title": "Container is running with writable root filesystem",
        "severity": "low",
        "isIgnored": False,
        "lineNumber": 25,
    }
    value = {
        "ok": False,
        "projectName": "infra",
        "targetFile": "pod.yaml",
        "infrastructureAsCodeIssues": [issue, issue | {"isIgnored": True, "lineNumber": -1}],
    }
    first, second = read(value).findings
    assert first.kind is FindingKind.MISCONFIGURATION
    assert first.locations == ("pod.yaml:25",)
    assert second.state is FindingState.SUPPRESSED
    assert second.locations == ("pod.yaml",)


@pytest.mark.parametrize(
    "damage",
    [
        {"vulnerabilities": ["x"]},
        {"vulnerabilities": [flaw(id="")]},
        {"vulnerabilities": [flaw(severity=1, severityWithCritical=None)]},
        {"vulnerabilities": [flaw(cvssScore=12)]},
        {"vulnerabilities": [flaw(identifiers={"CVE": "CVE-1"})]},
        {"dependencyCount": "many"},
        {"filtered": []},
    ],
)
def test_a_field_of_another_type_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(project(flaw()) | damage)
    assert caught.value.code == "formats.snyk"


def issue(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1534153a-33bb-434a-a80e-64690166ee4a",
        "type": "issue",
        "attributes": {
            "key": "SNYK-PYTHON-PILLOW-6219984",
            "title": "Denial of Service (DoS)",
            "type": "package_vulnerability",
            "effective_severity_level": "high",
            "status": "open",
            "ignored": False,
            "created_at": "2025-09-11T18:25:22.457Z",
            "problems": [{"id": "CVE-2024-1234", "source": "NVD"}],
            "severities": [{"level": "high", "score": 7.5, "source": "Snyk", "version": "3.1"}],
            "coordinates": [
                {
                    "is_fixable_snyk": True,
                    "reachability": "function",
                    "representations": [
                        {"dependency": {"package_name": "pillow", "package_version": "9.5.0"}}
                    ],
                }
            ],
        }
        | changes,
    }


def page(*issues: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"jsonapi": {"version": "1.0"}, "data": list(issues), "links": {}} | changes


def test_an_issue_of_the_api_is_a_finding_per_dependency() -> None:
    found = read(page(issue()))
    assert found.format is DocumentFormat.SNYK_ISSUES_REST
    (finding,) = found.findings
    assert finding.aliases == ("CVE-2024-1234",)
    assert finding.severity is Severity.HIGH
    assert finding.fix is FixState.FIXED
    assert finding.reachable is True
    assert finding.package is not None
    assert finding.package.name == "pillow"


@pytest.mark.parametrize(
    ("word", "reachable"),
    [("function", True), ("no-path-found", False), ("no-info", None), ("not-applicable", None)],
)
def test_reachability_is_taken_where_snyk_says_so(word: str, *, reachable: bool | None) -> None:
    value = issue()
    value["attributes"]["coordinates"][0]["reachability"] = word
    assert only(page(value)).reachable is reachable


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, FindingState.OPEN),
        ({"ignored": True}, FindingState.SUPPRESSED),
        ({"status": "resolved", "resolution": {"type": "fixed"}}, FindingState.RESOLVED),
    ],
)
def test_the_states_of_an_issue(changes: dict[str, Any], state: FindingState) -> None:
    assert only(page(issue(**changes))).state is state


def test_an_issue_in_code_has_a_place() -> None:
    place = {"sourceLocation": {"file": "app.py", "region": {"start": {"line": 65}}}}
    finding = only(page(issue(type="code", coordinates=[{"representations": [place]}])))
    assert finding.kind is FindingKind.CODE
    assert finding.locations == ("app.py:65",)


def test_a_page_that_is_not_the_last_is_incomplete() -> None:
    assert read(page(issue())).incomplete == ()
    assert read(page(issue(), links={"next": "/rest/orgs/x/issues?starting_after=y"})).incomplete


def test_an_error_of_the_api_is_no_clean_list() -> None:
    value = {"jsonapi": {"version": "1.0"}, "errors": [{"detail": "Unauthorized"}]}
    assert read(value).incomplete == ("Snyk answered: Unauthorized",)


def test_assessments_of_others_are_kept_beside_snyks() -> None:
    sources = [
        {"assigner": "Snyk", "baseScore": 9.1, "cvssVersion": "3.1"},
        {"assigner": "NVD", "baseScore": 9.8, "cvssVersion": "3.1", "vector": "CVSS:3.1/AV:N"},
    ]
    finding = only(project(flaw(cvssSources=sources, cvssDetails=[{"assigner": "SUSE"}])))
    assert [(each.source, each.score) for each in finding.cvss] == [("snyk", 9.1), ("NVD", 9.8)]
    older = [{"assigner": "SUSE", "cvssV3BaseScore": 8.1}, {"assigner": "nobody"}]
    finding = only(project(flaw(cvssDetails=older)))
    assert [(each.source, each.score) for each in finding.cvss] == [("snyk", 9.1), ("SUSE", 8.1)]


def test_dependencies_of_unknown_versions_are_noted() -> None:
    assert read(project(flaw(), hasUnknownVersions=True)).notes
    assert read(project(flaw(), hasUnknownVersions=False)).notes == ()


def test_a_report_that_lists_nothing_at_all_is_refused() -> None:
    with pytest.raises(MalformedError) as caught:
        read([project(), {"ok": True, "projectName": "x"}])
    assert caught.value.code == "formats.scan-unknown"
    with pytest.raises(MalformedError) as caught:
        read(project(applications=[{"ok": True}]))
    assert caught.value.code == "formats.snyk"
