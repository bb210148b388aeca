"""SonarQube's issues, hotspots, quality gates and webhooks; and OpenSSF Scorecard."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.formats.quality import scorecard, sonarqube_gate, sonarqube_issues, sonarqube_report
from gatebook.formats.quality.report import GateStatus, QualityReport
from gatebook.formats.reading.document import Document


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode())


def read(reader: Any, value: Any) -> QualityReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


def issue(**changes: Any) -> dict[str, Any]:
    return {
        "key": "AX1",
        "rule": "python:S1",
        "severity": "MAJOR",
        "type": "BUG",
        "component": "app:src/a.py",
        "project": "app",
        "line": 3,
        "status": "OPEN",
        "message": "Fix it",
        "impacts": [{"softwareQuality": "RELIABILITY", "severity": "MEDIUM"}],
    } | changes


def page(*issues: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {
        "paging": {
            "pageIndex": 1,
            "pageSize": 100,
            "total": len(issues) if total is None else total,
        },
        "issues": list(issues),
    }


def test_issues_are_counted_by_severity_type_and_impact() -> None:
    report = read(sonarqube_issues.READER, page(issue(), issue(severity=None, type="CODE_SMELL")))
    assert report.by_severity() == {"major": 1, "unknown": 1}
    assert report.by_type() == {"bug": 1, "code_smell": 1}
    assert report.by_impact() == {"reliability:medium": 2}
    assert report.project == "app"
    assert report.incomplete == ()


def test_a_missing_page_of_issues_is_said() -> None:
    assert read(sonarqube_issues.READER, page(issue(), total=2)).incomplete != ()
    old = {"total": 5, "p": 1, "ps": 1, "issues": [issue()]}
    assert read(sonarqube_issues.READER, old).incomplete != ()
    contradicting = page(issue()) | {"total": 42}
    assert read(sonarqube_issues.READER, contradicting).incomplete != ()


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"status": "OPEN"}, True),
        ({"status": "CONFIRMED"}, True),
        ({"status": "REOPENED"}, True),
        ({"status": "RESOLVED", "resolution": "FALSE-POSITIVE"}, False),
        ({"status": "CLOSED", "resolution": "FIXED"}, False),
        ({"status": "OPEN", "issueStatus": "ACCEPTED"}, False),
    ],
)
def test_a_resolved_issue_does_not_stand(change: dict[str, Any], *, standing: bool) -> None:
    (found,) = read(sonarqube_issues.READER, page(issue(**change))).issues
    assert found.standing is standing
    assert (found.settled_by is None) is standing


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"status": "TO_REVIEW"}, True),
        ({"status": "REVIEWED", "resolution": "ACKNOWLEDGED"}, True),
        ({"status": "REVIEWED", "resolution": "SAFE"}, False),
    ],
)
def test_a_hotspot_stands_until_it_is_found_safe(change: dict[str, Any], *, standing: bool) -> None:
    hotspot = {
        "key": "H1",
        "ruleKey": "py:S2",
        "vulnerabilityProbability": "HIGH",
        "component": "a",
    }
    value = {"paging": {"total": 1}, "hotspots": [hotspot | change], "components": []}
    (found,) = read(sonarqube_issues.HOTSPOTS_READER, value).issues
    assert found.type == "SECURITY_HOTSPOT"
    assert found.severity == "HIGH"
    assert found.standing is standing


def test_a_bare_list_of_issues_is_not_known_to_be_whole() -> None:
    report = read(sonarqube_issues.LIST_READER, [issue()])
    assert len(report.issues) == 1
    assert report.incomplete != ()


def test_an_issue_without_a_rule_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        sonarqube_issues.READER.read(document(page(issue(rule=None))))
    assert refused.value.code == "formats.sonarqube-issues"


def gate(status: str = "OK", *conditions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"projectStatus": {"status": status, "conditions": list(conditions)} | changes}


COVERAGE = {
    "status": "OK",
    "metricKey": "new_coverage",
    "comparator": "LT",
    "errorThreshold": "80",
    "actualValue": "91.2",
}


@pytest.mark.parametrize(("status", "complete"), [("OK", True), ("ERROR", True), ("NONE", False)])
def test_a_gate_that_was_not_computed_is_no_verdict(status: str, *, complete: bool) -> None:
    report = read(sonarqube_gate.READER, gate(status, COVERAGE))
    assert report.gate is GateStatus(status)
    assert (report.incomplete == ()) is complete
    assert report.conditions[0].metric == "new_coverage"
    assert (report.conditions[0].threshold, report.conditions[0].actual) == ("80", "91.2")


def test_a_gate_that_is_ok_although_a_condition_failed_is_doubted() -> None:
    report = read(sonarqube_gate.READER, gate("OK", COVERAGE | {"status": "ERROR"}))
    assert "new_coverage" in report.incomplete[0]


def test_an_unknown_status_of_a_gate_is_refused() -> None:
    for status in ("PASSED", "", None):
        with pytest.raises(GatebookError) as refused:
            sonarqube_gate.READER.read(document({"projectStatus": {"status": status}}))
        assert refused.value.code == "formats.sonarqube-gate"


def webhook(**changes: Any) -> dict[str, Any]:
    return {
        "serverUrl": "https://sonar.example",
        "taskId": "AVh21JS2JepAEhwQ-b3u",
        "status": "SUCCESS",
        "analysedAt": "2016-11-18T10:46:28+0100",
        "revision": "c739069ec7105e01303e8b3065a81141aad9f129",
        "project": {"key": "app", "name": "App"},
        "branch": {"name": "main", "isMain": True},
        "qualityGate": {
            "name": "SonarQube way",
            "status": "OK",
            "conditions": [
                {
                    "metric": "new_coverage",
                    "operator": "LESS_THAN",
                    "status": "NO_VALUE",
                    "errorThreshold": "80",
                }
            ],
        },
    } | changes


def test_a_webhook_binds_the_gate_to_a_revision() -> None:
    report = read(sonarqube_gate.WEBHOOK_READER, webhook())
    assert report.gate is GateStatus.OK
    assert report.revision == "c739069ec7105e01303e8b3065a81141aad9f129"
    assert report.analysed == Instant.parse("2016-11-18T09:46:28Z")
    assert (report.project, report.branch, report.task) == ("app", "main", "AVh21JS2JepAEhwQ-b3u")
    assert report.conditions[0].status is GateStatus.NO_VALUE
    assert report.incomplete == ()


@pytest.mark.parametrize(
    "change", [{"status": "FAILED"}, {"status": "CANCELLED"}, {"qualityGate": None}]
)
def test_an_analysis_that_failed_has_no_verdict(change: dict[str, Any]) -> None:
    assert read(sonarqube_gate.WEBHOOK_READER, webhook(**change)).incomplete != ()


def exported(**changes: Any) -> dict[str, Any]:
    return {
        "sonarBaseURL": "https://sonar.example",
        "sonarComponent": "app",
        "rules": {},
        "issues": [
            {"rule": "python:S4502", "key": "A", "severity": "CRITICAL", "line": "-"},
            {"rule": "python:S1", "key": "B", "severity": "MINOR", "line": 3},
        ],
        "hotspotKeys": ["A"],
        "qualityGateStatus": gate(),
        "summary": {"critical": 1, "minor": 1},
    } | changes


def test_an_exported_report_holds_gate_and_issues() -> None:
    report = read(sonarqube_report.READER, exported())
    assert report.gate is GateStatus.OK
    assert report.by_type() == {"security_hotspot": 1, "unknown": 1}
    assert report.issues[0].line is None
    assert report.incomplete == ()
    assert read(sonarqube_report.READER, exported(qualityGateStatus=False)).gate is None


def test_an_export_that_counts_more_than_it_lists_is_incomplete() -> None:
    assert read(sonarqube_report.READER, exported(issues=[])).incomplete != ()


def scorecard_result(*checks: dict[str, Any], score: float = 8.2) -> dict[str, Any]:
    return {
        "date": "2026-06-15T14:27:17+02:00",
        "repo": {"name": "github.com/acme/app", "commit": "892e78cf"},
        "scorecard": {"version": "v5.5.0"},
        "score": score,
        "checks": list(checks),
    }


def test_a_scorecard_says_revision_and_score() -> None:
    checked = {"name": "License", "score": 10, "reason": "detected"}
    report = read(scorecard.READER, scorecard_result(checked))
    assert (report.score, report.revision) == (8.2, "892e78cf")
    assert report.incomplete == ()
    assert report.conditions[0].actual == "10"


def test_a_check_that_could_not_be_made_is_said() -> None:
    unjudged = {"name": "Branch-Protection", "score": -1, "reason": "internal error"}
    assert read(scorecard.READER, scorecard_result(unjudged)).incomplete == (
        "not judged: Branch-Protection",
    )
    assert read(scorecard.READER, scorecard_result()).incomplete == ("no check was made",)


def test_a_score_beyond_ten_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        scorecard.READER.read(document(scorecard_result(score=11)))
    assert refused.value.code == "formats.scorecard"
