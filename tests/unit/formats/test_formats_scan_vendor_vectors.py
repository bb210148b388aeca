"""Every vendor's report of the shared vectors: told apart, counted as stated, and read."""

import json
from pathlib import Path

import pytest

from gatebook.errors import GatebookError
from gatebook.formats.quality.readers import QUALITY_READERS
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.vendor_readers import VENDOR_READERS

READERS = (*VENDOR_READERS, *QUALITY_READERS)
NAMES = {reader.format.value for reader in READERS}
# What the vectors call by a coarse name, and we by its own.
REFINED = {
    "vuln/harbor/harborapipip.json": "harbor-report",
    "vuln/sonarqube-api/issues.json": "sonarqube-issue-list",
    "vuln/sonarqube/findings_over_api_hotspots.json": "sonarqube-hotspots-api",
    "vuln/sonarqube/issue_10150.json": "sonarqube-report",
    "vuln/sonarqube/sonar-no-finding.json": "sonarqube-report",
    "vuln/sonarqube/sonar.json": "sonarqube-report",
}
NOT_COUNTED = {"format", "valid", "why", "note"}


def recognising(document: Document) -> list[Reader]:
    found = []
    for reader in READERS:
        try:
            if reader.recognises(document):
                found.append(reader)
        except GatebookError:
            continue
    return found


def test_every_report_of_the_vectors_has_one_reader_and_the_stated_counts(vectors: Path) -> None:
    expected = json.loads((vectors / "sbom/expected.json").read_text())["files"]
    failures: list[str] = []
    seen = 0
    for name, verdict in expected.items():
        path = vectors / "sbom" / name
        if not path.is_file():
            continue
        format_name = REFINED.get(name, verdict["format"])
        document = Document(path.read_bytes())
        found = recognising(document)
        if format_name not in NAMES:
            if found:
                failures.append(f"{name}: taken for {found[0].format.value}")
            continue
        seen += 1
        if [reader.format.value for reader in found] != [format_name]:
            failures.append(f"{name}: {format_name} is taken for {found}")
            continue
        shown = found[0].describe(document)
        failures.extend(
            f"{name}: {key} is {shown.get(key)!r} and not {value!r}"
            for key, value in verdict.items()
            if key not in NOT_COUNTED and shown.get(key) != value
        )
        try:
            found[0].read(document)
        except GatebookError as error:
            failures.append(f"{name}: {error.code}: {error.message}")
    assert failures == []
    assert seen > 60


def test_the_scanners_of_chainloop_are_read_as_its_table_says(vectors: Path) -> None:
    folder = vectors / "kosli/chainloop/scanners"
    stated = {
        "blackduck_sca.json": "black-duck-json",
        "checkmarx.json": "checkmarx-json",
        "detect-secrets-baseline-clean.json": "detect-secrets-baseline",
        "ghas-code-scan.json": "github-code-scanning-alerts",
        "gl-container-scanning-report.json": "gitlab-security-report",
        "gl-sonarqube-report.json": "gitlab-security-report",
        "scorecard-chainloop.json": "openssf-scorecard",
        "twistcli_scan.json": "twistcli-json",
    }
    read = {}
    for name in stated:
        document = Document((folder / name).read_bytes())
        (reader,) = recognising(document)
        read[name] = reader.read(document).format.value
    assert read == stated


def test_an_alert_without_a_tool_is_recognised_and_refused(vectors: Path) -> None:
    document = Document(
        (vectors / "kosli/chainloop/scanners/ghas-code-scan-wrong.json").read_bytes()
    )
    (reader,) = recognising(document)
    with pytest.raises(GatebookError, match="tool") as refused:
        reader.read(document)
    assert refused.value.code == "formats.code-scanning"


def test_nothing_among_the_evidence_of_the_gates_is_taken_for_a_scan(vectors: Path) -> None:
    # gcloud's provenance of an image begins like its vulnerabilities.
    taken = []
    for path in sorted((vectors / "gates").rglob("*.json")):
        found = recognising(Document(path.read_bytes()))
        taken.extend(f"{path.name}: {reader.format.value}" for reader in found)
    assert taken == []
