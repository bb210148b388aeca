"""Scans as predicates of attestations: in-toto's and cosign's."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest, DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.read import read_scan, scan_of_statement, scan_reader
from gatebook.formats.scan.report import ScanReport, Severity
from gatebook.formats.vulnerability_scan import COSIGN_VULN_V1, VULNS_V0_1, VULNS_V0_2

A, B = "a" * 64, "b" * 64
SUBJECT = Subject(name="api", digests=DigestSet.of({"sha256": A, "sha1": "c" * 40}))
VULNS: dict[str, Any] = {
    "scanner": {
        "uri": "https://scanner.example",
        "version": "1.2",
        "db": {"uri": "https://db.example", "lastUpdate": "2026-11-19T00:00:00Z"},
        "result": [{"id": "CVE-2024-1234", "severity": [{"method": "nvd", "score": "9.8"}]}],
    },
    "metadata": {
        "scanStartedOn": "2026-11-20T13:59:00Z",
        "scanFinishedOn": "2026-11-20T14:00:00Z",
    },
}
TRIVY: dict[str, Any] = {
    "SchemaVersion": 2,
    "ArtifactName": "api",
    "Metadata": {"ImageID": f"sha256:{B}"},
    "Results": [
        {"Target": "api", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "HIGH"}]}
    ],
}
COSIGN: dict[str, Any] = {
    "invocation": {"uri": "https://ci.example/run/1", "parameters": None},
    "scanner": {
        "uri": "pkg:github/aquasecurity/trivy@1",
        "version": "0.69.1",
        "db": {"uri": "pkg:github/aquasecurity/trivy-db@2", "version": "v2-1"},
        "result": TRIVY,
    },
    "metadata": VULNS["metadata"],
}


def statement(kind: str, predicate: dict[str, Any]) -> Statement:
    return Statement(subjects=(SUBJECT,), predicate_type=kind, predicate=predicate)


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def severities(*entries: dict[str, str]) -> dict[str, Any]:
    result = [{"id": "CVE-2024-1234", "severity": list(entries)}]
    return VULNS | {"scanner": VULNS["scanner"] | {"result": result}}


@pytest.mark.parametrize("kind", [VULNS_V0_1, VULNS_V0_2])
def test_the_subjects_are_what_was_scanned(kind: str) -> None:
    found = scan_of_statement(statement(kind, VULNS))
    assert found.format is DocumentFormat.IN_TOTO_VULNS
    assert found.targets == (Digest("sha256", A),), "a commit identifies no artifact"
    assert found.target_names == ("api",)
    assert found.scanners == ("https://scanner.example 1.2",)
    assert found.started == Instant.parse("2026-11-20T13:59:00Z")
    assert found.created == Instant.parse("2026-11-20T14:00:00Z")
    assert found.database is not None
    assert found.database.built == Instant.parse("2026-11-19T00:00:00Z")


@pytest.mark.parametrize(
    ("entries", "severity"),
    [
        ([], Severity.UNKNOWN),
        ([{"method": "nvd", "score": "9.8"}], Severity.CRITICAL),
        ([{"method": "nvd", "score": "medium"}], Severity.MEDIUM),
        ([{"method": "CVSSv2", "score": "9.8"}], Severity.HIGH),
        (
            [
                {
                    "method": "CVSSv31",
                    "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                }
            ],
            Severity.CRITICAL,
        ),
        (
            [{"method": "a", "score": "low"}, {"method": "b", "score": "high"}],
            Severity.HIGH,
        ),
        ([{"method": "a", "score": "99"}], Severity.UNKNOWN),
    ],
)
def test_the_worst_of_the_severities_counts(
    entries: list[dict[str, str]], severity: Severity
) -> None:
    (finding,) = scan_of_statement(statement(VULNS_V0_2, severities(*entries))).findings
    assert finding.severity is severity


def test_a_bare_predicate_is_read_and_binds_nothing() -> None:
    found = read(VULNS)
    assert found.format is DocumentFormat.IN_TOTO_VULNS
    assert found.targets == ()
    assert len(found.findings) == 1


def test_cosigns_predicate_is_read_through_to_the_report_inside() -> None:
    found = scan_of_statement(statement(COSIGN_VULN_V1, COSIGN))
    assert found.format is DocumentFormat.COSIGN_VULN
    assert found.targets == (Digest("sha256", A), Digest("sha256", B))
    assert found.created == Instant.parse("2026-11-20T14:00:00Z")
    assert found.database is not None
    assert found.database.version == "v2-1"
    assert [finding.severity for finding in found.findings] == [Severity.HIGH]
    assert found.incomplete == ()


def test_the_list_of_scanners_of_the_specification_is_read() -> None:
    plural = {name: value for name, value in COSIGN.items() if name != "scanner"}
    found = read(plural | {"scanners": [COSIGN["scanner"], COSIGN["scanner"]]})
    assert len(found.findings) == 2


@pytest.mark.parametrize("result", [None, {}, [], {"unheard": "of"}, VULNS])
def test_without_a_report_that_is_read_the_scan_is_not_clean(result: Any) -> None:
    found = read(COSIGN | {"scanner": COSIGN["scanner"] | {"result": result}})
    assert found.findings == ()
    assert len(found.incomplete) == 1


def test_what_the_report_inside_lacks_is_lacking_outside() -> None:
    inner = {name: value for name, value in TRIVY.items() if name != "Results"}
    found = read(COSIGN | {"scanner": COSIGN["scanner"] | {"result": inner}})
    assert found.incomplete == ("the report lists no result: nothing was scanned",)


def test_a_malformed_report_inside_is_refused() -> None:
    inner = TRIVY | {"Results": {}}
    with pytest.raises(MalformedError) as caught:
        read(COSIGN | {"scanner": COSIGN["scanner"] | {"result": inner}})
    assert caught.value.code == "formats.trivy"


def test_counts_are_those_of_the_report_inside() -> None:
    document = Document(json.dumps(COSIGN).encode())
    shown = scan_reader(document).describe(document)
    assert shown["result_format"] == "trivy-json"
    assert shown["findings"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"metadata": {}, "scanner": None, "scanners": []},
        {"scanner": COSIGN["scanner"] | {"result": "text"}},
        {"scanner": COSIGN["scanner"] | {"db": []}},
        {
            "metadata": {
                "scanStartedOn": "2026-11-20T14:00:00Z",
                "scanFinishedOn": "2026-11-20T13:00:00Z",
            }
        },
    ],
)
def test_a_predicate_of_another_form_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(COSIGN | damage)
    assert caught.value.code == "formats.cosign-vuln"


def test_another_predicate_is_no_scan() -> None:
    with pytest.raises(MalformedError) as caught:
        scan_of_statement(statement("https://slsa.dev/provenance/v1", VULNS))
    assert caught.value.code == "formats.vulns"


def test_times_and_data_of_the_report_inside_serve_where_the_predicate_is_silent() -> None:
    inner = TRIVY | {"CreatedAt": "2026-11-18T00:00:00Z"}
    scanner = COSIGN["scanner"] | {"result": inner, "db": None}
    found = read(COSIGN | {"metadata": {}, "scanner": scanner})
    assert found.created == Instant.parse("2026-11-18T00:00:00Z")
    assert found.database is None
    bare = COSIGN | {"scanner": COSIGN["scanner"] | {"db": {"uri": "", "version": ""}}}
    assert read(bare).database is None


def test_cosigns_predicate_is_not_read_under_another_type() -> None:
    with pytest.raises(MalformedError):
        scan_of_statement(statement(VULNS_V0_2, COSIGN))
