"""GitHub's alerts: Dependabot by REST, GraphQL and webhook, code scanning, secret scanning."""

import json
from typing import Any

import pytest

from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.scan import (
    github_code_scanning,
    github_dependabot,
    github_graphql,
    github_secret_scanning,
    github_webhook,
)
from gatebook.formats.scan.report import FindingKind, FindingState, FixState, ScanReport, Severity


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode())


def read(reader: Any, value: Any) -> ScanReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


def dependabot(**changes: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "state": "open",
        "dependency": {
            "package": {"ecosystem": "pip", "name": "ansible"},
            "manifest_path": "requirements.txt",
        },
        "security_advisory": {
            "ghsa_id": "GHSA-8f4m-hccc-8qph",
            "cve_id": "CVE-2021-20191",
            "summary": "Secrets in the log",
            "severity": "low",
            "identifiers": [
                {"type": "GHSA", "value": "GHSA-8f4m-hccc-8qph"},
                {"type": "CVE", "value": "CVE-2021-20191"},
            ],
            "cvss": {
                "vector_string": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N",
                "score": 5.5,
            },
            "epss": [{"percentage": 0.01, "percentile": 0.5}],
            "published_at": "2021-06-01T17:38:00Z",
        },
        "security_vulnerability": {
            "package": {"ecosystem": "pip", "name": "ansible"},
            "severity": "medium",
            "first_patched_version": {"identifier": "2.8.19"},
        },
        "html_url": "https://github.example/alerts/7",
        "dismissed_by": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
    } | changes


def test_a_dependabot_alert_says_package_fix_and_names() -> None:
    report = read(github_dependabot.READER, [dependabot()])
    (finding,) = report.findings
    assert finding.id == "GHSA-8f4m-hccc-8qph"
    assert finding.aliases == ("CVE-2021-20191",)
    assert finding.package is not None
    assert (finding.package.name, finding.package.location) == ("ansible", "requirements.txt")
    assert finding.severity is Severity.MEDIUM
    assert (finding.fix, finding.fixed_versions) == (FixState.FIXED, ("2.8.19",))
    assert finding.cvss[0].score == 5.5
    assert finding.epss == 0.01
    assert finding.state is FindingState.OPEN


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("open", FindingState.OPEN),
        ("fixed", FindingState.RESOLVED),
        ("dismissed", FindingState.DISMISSED),
        ("auto_dismissed", FindingState.DISMISSED),
        ("something_new", FindingState.OPEN),
    ],
)
def test_the_state_of_an_alert_says_whether_it_stands(state: str, expected: FindingState) -> None:
    alert = dependabot(state=state)
    assert read(github_dependabot.READER, [alert]).findings[0].state is expected


def test_a_dismissed_alert_says_why_and_by_whom() -> None:
    alert = dependabot(
        state="dismissed",
        dismissed_reason="tolerable_risk",
        dismissed_comment="not reachable",
        dismissed_by={"login": "alice"},
    )
    (finding,) = read(github_dependabot.READER, [alert]).findings
    assert finding.state_reason == "dismissed: tolerable_risk: not reachable (by alice)"


def test_an_alert_without_a_patched_version_has_no_fix() -> None:
    alert = dependabot()
    alert["security_vulnerability"]["first_patched_version"] = None
    (finding,) = read(github_dependabot.READER, [alert]).findings
    assert finding.fix is FixState.NOT_FIXED


def test_an_advisory_on_two_flaws_covers_them_and_has_no_alias() -> None:
    alert = dependabot()
    alert["security_advisory"]["identifiers"].append({"type": "CVE", "value": "CVE-2021-20178"})
    (finding,) = read(github_dependabot.READER, [alert]).findings
    assert finding.aliases == ()
    assert finding.covers == ("CVE-2021-20178", "CVE-2021-20191")


def test_a_list_as_long_as_a_page_says_so() -> None:
    full = [dependabot(number=number) for number in range(100)]
    assert "exactly 100" in read(github_dependabot.READER, full).notes[0]
    assert read(github_dependabot.READER, full[:99]).notes == ()


@pytest.mark.parametrize("missing", ["state", "security_advisory", "security_vulnerability"])
def test_an_alert_without_a_required_field_is_refused(missing: str) -> None:
    alert = dependabot()
    del alert[missing]
    with pytest.raises(GatebookError) as refused:
        github_dependabot.READER.read(document([alert]))
    assert refused.value.code == "formats.dependabot"
    assert missing in refused.value.message


def graphql(*nodes: dict[str, Any], **connection: Any) -> dict[str, Any]:
    alerts = {"nodes": list(nodes)} | connection
    return {"data": {"repository": {"nameWithOwner": "acme/app", "vulnerabilityAlerts": alerts}}}


def graphql_alert(**changes: Any) -> dict[str, Any]:
    return {
        "id": "alert-1",
        "vulnerableManifestPath": "pom.xml",
        "vulnerableRequirements": "= 1.2.17",
        "securityVulnerability": {
            "severity": "CRITICAL",
            "package": {"name": "log4j:log4j", "ecosystem": "MAVEN"},
            "advisory": {
                "summary": "Deserialization in Log4j",
                "identifiers": [
                    {"type": "CVE", "value": "CVE-2019-17571"},
                    {"type": "GHSA", "value": "GHSA-2qrg-x229-3v8q"},
                ],
                "cvss": {"vectorString": None, "score": 0.0},
            },
        },
    } | changes


def test_a_graphql_answer_is_read_wherever_the_alerts_stand() -> None:
    repository = {"name": "app", "vulnerabilityAlerts": {"nodes": [graphql_alert()]}}
    for answer in (
        graphql(graphql_alert()),
        {"data": {"search": {"nodes": [repository]}}},
        {"data": {"organization": {"repositories": {"nodes": [repository]}}}},
        {"data": {"viewer": {"repositories": {"edges": [{"node": repository}]}}}},
    ):
        report = read(github_graphql.READER, answer)
        (finding,) = report.findings
        assert finding.id == "GHSA-2qrg-x229-3v8q"
        assert finding.aliases == ("CVE-2019-17571",)
        assert finding.package is not None
        assert finding.package.version == "1.2.17"
        assert finding.cvss == ()
        assert finding.fix is FixState.UNKNOWN
        assert report.incomplete == ()


@pytest.mark.parametrize(
    ("connection", "complete"),
    [
        ({"pageInfo": {"hasNextPage": False}, "totalCount": 1}, True),
        ({"pageInfo": {"hasNextPage": True}}, False),
        ({"totalCount": 2}, False),
    ],
)
def test_a_missing_page_of_alerts_is_said(connection: dict[str, Any], complete: bool) -> None:  # noqa: FBT001  # a case
    report = read(github_graphql.READER, graphql(graphql_alert(), **connection))
    assert (report.incomplete == ()) is complete


def test_a_missing_page_of_repositories_is_said() -> None:
    answer = graphql(graphql_alert())
    answer["data"]["search"] = {"nodes": [], "pageInfo": {"hasNextPage": True}}
    assert read(github_graphql.READER, answer).incomplete == ("a page of repositories is missing",)


def test_an_answer_with_errors_is_incomplete() -> None:
    answer = graphql(graphql_alert()) | {"errors": [{"message": "timeout"}]}
    assert "timeout" in read(github_graphql.READER, answer).incomplete[0]


def test_an_answer_that_does_not_ask_for_nodes_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        github_graphql.READER.read(
            document({"data": {"repository": {"vulnerabilityAlerts": {"totalCount": 3}}}})
        )
    assert refused.value.code == "formats.dependabot-graphql"


def test_a_dismissed_graphql_alert_without_a_state_is_known_by_its_time() -> None:
    alert = graphql_alert(
        dismissedAt="2024-01-01T00:00:00Z", dismissReason="no_bandwidth", dismisser={"login": "bo"}
    )
    (finding,) = read(github_graphql.READER, graphql(alert)).findings
    assert finding.state is FindingState.DISMISSED
    assert finding.state_reason == "dismissed: no_bandwidth (by bo)"


def code_alert(**changes: Any) -> dict[str, Any]:
    return {
        "number": 35,
        "state": "open",
        "rule": {
            "id": "py/clear-text",
            "severity": "error",
            "security_severity_level": "high",
            "description": "Clear text",
        },
        "tool": {"name": "CodeQL", "version": "2.16.2"},
        "most_recent_instance": {
            "commit_sha": "abc",
            "location": {"path": "src/a.py", "start_line": 42},
        },
        "dismissed_by": None,
    } | changes


def test_a_code_scanning_alert_goes_by_its_security_severity() -> None:
    report = read(github_code_scanning.READER, [code_alert()])
    (finding,) = report.findings
    assert finding.kind is FindingKind.CODE
    assert finding.severity is Severity.HIGH
    assert finding.severity_source == "security_severity_level"
    assert finding.locations == ("src/a.py:42",)
    assert report.scanners == ("CodeQL 2.16.2",)
    assert report.target_names == ("abc",)


def test_without_a_security_severity_the_level_of_the_rule_counts() -> None:
    alert = code_alert()
    del alert["rule"]["security_severity_level"]
    (finding,) = read(github_code_scanning.READER, [alert]).findings
    assert (finding.severity_written, finding.severity_source) == ("error", "severity")


def test_the_word_none_of_a_sample_is_nothing() -> None:
    alert = code_alert(dismissed_reason="None", dismissed_by="None", state="dismissed")
    (finding,) = read(github_code_scanning.READER, [alert]).findings
    assert finding.state_reason == "dismissed"


@pytest.mark.parametrize("missing", ["number", "tool", "state", "rule"])
def test_a_code_alert_without_a_required_field_is_refused(missing: str) -> None:
    alert = code_alert()
    del alert[missing]
    with pytest.raises(GatebookError) as refused:
        github_code_scanning.READER.read(document([alert]))
    assert refused.value.code == "formats.code-scanning"


def secret(**changes: Any) -> dict[str, Any]:
    return {
        "number": 2,
        "state": "open",
        "secret_type": "aws_access_key",
        "secret": "AKIA-very-secret",
        "resolution": None,
    } | changes


def test_a_secret_is_reported_and_never_repeated() -> None:
    report = read(github_secret_scanning.READER, [secret()])
    (finding,) = report.findings
    assert finding.kind is FindingKind.SECRET
    assert finding.severity is Severity.UNKNOWN
    assert "AKIA-very-secret" not in repr(report)


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ("revoked", FindingState.RESOLVED),
        ("false_positive", FindingState.DISMISSED),
        ("wont_fix", FindingState.DISMISSED),
        (None, FindingState.DISMISSED),
    ],
)
def test_only_a_revoked_secret_is_gone(resolution: str | None, expected: FindingState) -> None:
    alert = secret(state="resolved", resolution=resolution)
    assert read(github_secret_scanning.READER, [alert]).findings[0].state is expected


def test_one_alert_of_a_webhook_is_never_the_whole_list() -> None:
    for alert in (dependabot(state="fixed"), code_alert(), secret()):
        report = read(github_webhook.READER, {"action": "fixed", "alert": alert})
        assert report.incomplete == ("one alert is not the list of all alerts",)


def test_a_webhook_shows_action_state_and_severity() -> None:
    shown = github_webhook.READER.describe(document({"action": "created", "alert": code_alert()}))
    assert shown == {"action": "created", "severity": "high", "state": "open"}


def test_the_retired_event_is_read() -> None:
    alert = {
        "affected_package_name": "rack",
        "external_identifier": "CVE-2018-16471",
        "external_reference": "https://nvd.example/CVE-2018-16471",
        "fixed_in": "2.0.6",
        "severity": "moderate",
    }
    (finding,) = read(github_webhook.READER, {"action": "create", "alert": alert}).findings
    assert (finding.id, finding.severity) == ("CVE-2018-16471", Severity.MEDIUM)
    assert finding.fixed_versions == ("2.0.6",)


def test_an_empty_list_is_nobodys() -> None:
    nothing = document([])
    for reader in (
        github_dependabot.READER,
        github_code_scanning.READER,
        github_secret_scanning.READER,
    ):
        assert not reader.recognises(nothing)
