"""Dependency-Track and OWASP Dependency-Check."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.scan import dependency_check_json, dependency_check_xml, dependency_track
from gatebook.formats.scan.report import FindingState, ScanReport, Severity

NAMESPACE = "https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"


def document(value: Any) -> Document:
    return Document(value if isinstance(value, bytes) else json.dumps(value).encode())


def read(reader: Any, value: Any) -> ScanReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


def track(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "1.3",
        "meta": {
            "application": "Dependency-Track",
            "version": "4.14.1",
            "timestamp": "2026-04-24T19:39:49Z",
        },
        "project": {"name": "Acme", "version": "1.0"},
        "findings": list(findings),
    } | changes


def track_finding(**changes: Any) -> dict[str, Any]:
    return {
        "component": {
            "group": "org.webjars",
            "name": "jquery-ui",
            "version": "1.11.4",
            "purl": "pkg:maven/org.webjars/jquery-ui@1.11.4?type=jar",
        },
        "vulnerability": {
            "vulnId": "CVE-2016-7103",
            "source": "NVD",
            "severity": "MEDIUM",
            "cvssV3BaseScore": 6.1,
            "epssScore": 0.02,
            "published": "2026-02-04 22:16:00.813",
            "aliases": [{"cveId": "CVE-2016-7103", "ghsaId": "GHSA-hpcf-8vf9-q4gj"}],
        },
        "analysis": {"isSuppressed": False, "state": "NOT_SET"},
    } | changes


def test_a_finding_of_dependency_track_names_the_component_and_the_flaw() -> None:
    report = read(dependency_track.READER, track(track_finding()))
    (finding,) = report.findings
    assert finding.package is not None
    assert finding.package.name == "org.webjars:jquery-ui"
    assert finding.aliases == ("GHSA-hpcf-8vf9-q4gj",)
    assert finding.severity_source == "NVD"
    assert finding.published == Instant.parse("2026-02-04T22:16:00.813Z")
    assert report.created == Instant.parse("2026-04-24T19:39:49Z")
    assert report.target_names == ("Acme 1.0",)


@pytest.mark.parametrize(
    ("analysis", "expected"),
    [
        ({"isSuppressed": False, "state": "NOT_SET"}, FindingState.OPEN),
        ({"isSuppressed": False, "state": "NOT_AFFECTED"}, FindingState.OPEN),
        ({"isSuppressed": False, "state": "RESOLVED"}, FindingState.OPEN),
        ({"isSuppressed": True, "state": "NOT_AFFECTED"}, FindingState.SUPPRESSED),
        ({"isSuppressed": True}, FindingState.SUPPRESSED),
    ],
)
def test_only_suppression_takes_a_finding_off_the_count(
    analysis: dict[str, Any], expected: FindingState
) -> None:
    found = read(dependency_track.READER, track(track_finding(analysis=analysis))).findings
    assert found[0].state is expected


def test_a_suppressed_finding_says_why() -> None:
    analysis = {
        "isSuppressed": True,
        "state": "NOT_AFFECTED",
        "justification": "CODE_NOT_REACHABLE",
        "detail": "only in tests",
    }
    (finding,) = read(dependency_track.READER, track(track_finding(analysis=analysis))).findings
    assert finding.state_reason == "NOT_AFFECTED: CODE_NOT_REACHABLE: only in tests"


def test_null_instead_of_a_list_is_not_none_found() -> None:
    assert read(dependency_track.READER, track()).incomplete == ()
    null = read(dependency_track.READER, track(findings=None))
    assert "null" in null.incomplete[0]
    assert dependency_track.READER.describe(document(track(findings=None))) == {"findings": 0}


def test_what_has_no_severity_is_unknown() -> None:
    finding = track_finding()
    finding["vulnerability"]["severity"] = "UNASSIGNED"
    assert read(dependency_track.READER, track(finding)).findings[0].severity is Severity.UNKNOWN


def check_json(**changes: Any) -> dict[str, Any]:
    return {
        "reportSchema": "1.1",
        "scanInfo": {
            "engineVersion": "9.0.9",
            "dataSource": [
                {"name": "NVD API Last Checked", "timestamp": "2024-02-02T00:00:00Z"},
                {"name": "NVD API Last Modified", "timestamp": "2024-02-01T00:00:00Z"},
            ],
        },
        "projectInfo": {"name": "app", "reportDate": "2024-02-02T10:00:00.042600508Z"},
        "dependencies": [
            {
                "fileName": "log4j-api-2.12.4.jar",
                "filePath": "/app/log4j-api-2.12.4.jar",
                "packages": [
                    {"id": "pkg:maven/org.apache.logging.log4j/log4j-api@2.12.4"},
                ],
                "vulnerabilities": [
                    {
                        "name": "CVE-2020-9488",
                        "source": "NVD",
                        "severity": "LOW",
                        "cvssv3": {"baseScore": 3.7, "version": "3.1"},
                        "knownExploitedVulnerability": {"Name": "x"},
                        "description": "Certificates",
                    }
                ],
                "suppressedVulnerabilities": [
                    {"name": "CVE-2021-1", "severity": "HIGH", "notes": "not our log4j"}
                ],
            }
        ],
    } | changes


def check_xml(*, exceptions: str = "", dependencies: str | None = None) -> bytes:
    if dependencies is None:
        dependencies = """
        <dependency isVirtual="false">
          <fileName>log4j-api-2.12.4.jar</fileName>
          <filePath>/app/log4j-api-2.12.4.jar</filePath>
          <identifiers>
            <package confidence="HIGH">
              <id>pkg:maven/org.apache.logging.log4j/log4j-api@2.12.4</id>
            </package>
          </identifiers>
          <vulnerabilities>
            <vulnerability source="NVD">
              <name>CVE-2020-9488</name>
              <knownExploitedVulnerability><name>x</name></knownExploitedVulnerability>
              <severity>LOW</severity>
              <cvssV3><baseScore>3.7</baseScore><version>3.1</version></cvssV3>
              <description>Certificates</description>
            </vulnerability>
            <suppressedVulnerability>
              <name>CVE-2021-1</name><severity>HIGH</severity><notes>not our log4j</notes>
            </suppressedVulnerability>
          </vulnerabilities>
        </dependency>"""
    return f"""<?xml version="1.0"?>
    <analysis xmlns="{NAMESPACE}">
      <scanInfo><engineVersion>9.0.9</engineVersion>
        <dataSource><name>NVD API Last Checked</name>
          <timestamp>2024-02-02T00:00:00Z</timestamp></dataSource>
        <dataSource><name>NVD API Last Modified</name>
          <timestamp>2024-02-01T00:00:00Z</timestamp></dataSource>
        {exceptions}
      </scanInfo>
      <projectInfo><name>app</name>
        <reportDate>2024-02-02T10:00:00.042600508Z</reportDate></projectInfo>
      <dependencies>{dependencies}</dependencies>
    </analysis>""".encode()


def test_dependency_check_says_the_same_in_xml_and_in_json() -> None:
    in_json = read(dependency_check_json.READER, check_json())
    in_xml = read(dependency_check_xml.READER, check_xml())
    assert in_json.findings == in_xml.findings
    assert in_json.database == in_xml.database
    assert in_json.created == in_xml.created == Instant.parse("2024-02-02T10:00:00.042Z")
    assert in_json.database is not None
    assert in_json.database.built == Instant.parse("2024-02-01T00:00:00Z")
    stands, suppressed = in_xml.findings
    assert stands.known_exploited is True
    assert stands.package is not None
    assert stands.package.version == "2.12.4"
    assert suppressed.state is FindingState.SUPPRESSED
    assert suppressed.state_reason == "not our log4j"


def test_a_suppressed_vulnerability_is_not_counted() -> None:
    for reader, value in (
        (dependency_check_json.READER, check_json()),
        (dependency_check_xml.READER, check_xml()),
    ):
        shown = reader.describe(document(value))
        assert shown == {
            "dependencies": 1,
            "vulnerabilities": 1,
            "severity": {"low": 1},
            "suppressed": 1,
        }


def test_an_analysis_with_exceptions_is_incomplete() -> None:
    failed = check_json()
    failed["scanInfo"]["analysisExceptions"] = [{"exception": {"message": "no network"}}]
    assert read(dependency_check_json.READER, failed).incomplete == (
        "the analysis failed: no network",
    )
    in_xml = check_xml(
        exceptions="<analysisExceptions><exception><message>no network</message></exception>"
        "</analysisExceptions>"
    )
    assert read(dependency_check_xml.READER, in_xml).incomplete == (
        "the analysis failed: no network",
    )


def test_an_analysis_of_nothing_is_incomplete() -> None:
    assert read(dependency_check_xml.READER, check_xml(dependencies="")).incomplete != ()
    assert read(dependency_check_json.READER, check_json(dependencies=[])).incomplete != ()


def test_a_document_type_is_refused() -> None:
    with_dtd = check_xml().replace(b"?>\n", b"?>\n<!DOCTYPE analysis>\n", 1)
    with pytest.raises(GatebookError) as refused:
        dependency_check_xml.READER.read(document(with_dtd))
    assert refused.value.code == "formats.xml-doctype"
    assert dependency_check_xml.READER.describe(document(with_dtd))["vulnerabilities"] == 1


def test_another_analysis_is_not_dependency_checks() -> None:
    other = check_xml().replace(NAMESPACE.encode(), b"https://example.com/analysis")
    assert not dependency_check_xml.READER.recognises(document(other))


@pytest.mark.parametrize(("score", "kept"), [("3.7", True), ("-1", False)])
def test_minus_one_is_no_score(score: str, *, kept: bool) -> None:
    value = check_xml().replace(b"3.7", score.encode())
    finding = read(dependency_check_xml.READER, value).findings[0]
    assert bool(finding.cvss) is kept


@pytest.mark.parametrize("score", ["11", "high"])
def test_what_is_no_score_is_refused(score: str) -> None:
    value = check_xml().replace(b"3.7", score.encode())
    with pytest.raises(GatebookError) as refused:
        dependency_check_xml.READER.read(document(value))
    assert refused.value.code == "formats.dependency-check"
