"""Reports of other projects: their formats, their counts, and that all of them are read."""

import json
from pathlib import Path
from typing import Any, Final

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.read import read_scan, scan_reader
from gatebook.formats.scan.report import FindingState, Severity

OURS: Final = frozenset(
    {
        "trivy-json",
        "trivy-k8s",
        "trivy-operator-vulnerabilityreport",
        "trivy-operator-configauditreport",
        "trivy-operator-clustercompliancereport",
        "grype-json",
        "snyk-json",
        "snyk-json-all-projects",
        "snyk-issues-rest",
        "osv-scanner-json",
        "sarif-2.1.0",
    }
)
# Coarse where the counter did not know the format.
REFINED: Final = {
    "vuln/trivy-operator/all_reports_in_dict.json": DocumentFormat.TRIVY_OPERATOR_OTHER,
    "vuln/trivy-operator/findings_in_list.json": DocumentFormat.TRIVY_OPERATOR_OTHER,
}
BESIDE: Final = frozenset({"format", "valid", "why", "note"})


def expected_files(vectors: Path) -> dict[str, dict[str, Any]]:
    files = json.loads((vectors / "sbom" / "expected.json").read_bytes())["files"]
    return {
        name: said
        for name, said in files.items()
        if name.startswith("vuln/") and (said["format"] in OURS or name in REFINED)
    }


def test_every_report_has_the_format_and_counts_of_the_independent_counter(vectors: Path) -> None:
    wrong: list[str] = []
    files = expected_files(vectors)
    for name, said in files.items():
        document = Document((vectors / "sbom" / name).read_bytes())
        reader = scan_reader(document)
        shown = reader.describe(document)
        if reader.format != REFINED.get(name, said["format"]):
            wrong.append(f"{name}: {reader.format} for {said['format']}")
        wrong.extend(
            f"{name}: {key} is {shown.get(key)} for {value}"
            for key, value in said.items()
            if key not in BESIDE and shown.get(key) != value
        )
    assert wrong == []
    assert len(files) > 80


def test_every_report_is_read(vectors: Path) -> None:
    refused: list[str] = []
    files = expected_files(vectors)
    for name in files:
        try:
            report = read_scan(Document((vectors / "sbom" / name).read_bytes()))
        except MalformedError as error:
            refused.append(f"{name}: {error.code} {error}")
            continue
        if not report.scanners and not report.incomplete:
            refused.append(f"{name}: names no scanner")
    assert refused == []
    assert files


def test_cyclonedx_documents_with_vulnerabilities_are_scans(vectors: Path) -> None:
    place = vectors / "sbom" / "vuln" / "cyclonedx-vdr"
    expected = json.loads((vectors / "sbom" / "expected.json").read_bytes())["files"]
    counted = 0
    for file in sorted(place.iterdir()):
        said = expected[f"vuln/cyclonedx-vdr/{file.name}"]
        document = Document(file.read_bytes())
        if not said.get("vulnerabilities"):
            continue
        counted += 1
        report = read_scan(document)
        shown = scan_reader(document).describe(document)
        assert shown["vulnerabilities"] == said["vulnerabilities"], file.name
        assert shown["severity_highest_rating"] == said["severity_highest_rating"], file.name
        assert len({finding.id for finding in report.findings}) <= said["vulnerabilities"]
        assert all(finding.package is not None for finding in report.findings), file.name
    assert counted >= 4


def test_snyk_says_how_bad_its_rules_are_beside_their_levels(vectors: Path) -> None:
    # The verdicts of kosli/SOURCES.md, which the levels of the logs do not give.
    expected = {
        "sarif-iac.json": {Severity.HIGH: 4, Severity.MEDIUM: 9, Severity.LOW: 113},
        "sarif-helm.json": {Severity.MEDIUM: 3, Severity.LOW: 2},
        "snyk_sarif-code.json": {Severity.MEDIUM: 9, Severity.LOW: 25},
        "combine/no-vulns.sarif.json": {},
    }
    for name, severities in expected.items():
        report = read_scan(Document((vectors / "kosli" / "snyk" / name).read_bytes()))
        found: dict[Severity, int] = {}
        for finding in report.findings:
            found[finding.severity] = found.get(finding.severity, 0) + 1
        assert found == severities, name


def test_sarif_of_other_tools_is_read(vectors: Path) -> None:
    for file in sorted((vectors / "kosli" / "sarif").iterdir()):
        report = read_scan(Document(file.read_bytes()))
        assert report.format is DocumentFormat.SARIF, file.name
        assert report.findings, file.name


def test_a_predicate_without_the_scanners_report_is_no_clean_scan(vectors: Path) -> None:
    file = vectors / "gates" / "clusterimagepolicy" / "vuln-predicate.json"
    report = read_scan(Document(file.read_bytes()))
    assert report.format is DocumentFormat.COSIGN_VULN
    assert report.incomplete


def test_what_was_suppressed_stays_visible(vectors: Path) -> None:
    place = vectors / "sbom" / "vuln" / "sarif"
    report = read_scan(Document((place / "SuppressionTestCurrent.sarif").read_bytes()))
    states = [finding.state for finding in report.findings]
    assert states.count(FindingState.SUPPRESSED) == 3
    assert states.count(FindingState.OPEN) == 1
