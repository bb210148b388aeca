"""OSV-Scanner: groups are what counts."""

import json
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.read import read_scan
from gatebook.formats.scan.report import (
    FindingKind,
    FixState,
    ReportedFinding,
    ScanReport,
    Severity,
)


def record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "GHSA-m5pq-gvj9-9vr8",
        "aliases": ["CVE-2022-24713"],
        "summary": "Denial of service",
        "published": "2022-03-08T20:00:00Z",
        "database_specific": {"severity": "HIGH"},
        "affected": [
            {
                "package": {"name": "regex", "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.5.5"}]}],
            }
        ],
    } | changes


def report(
    *records: dict[str, Any], groups: list[dict[str, Any]] | None = None, **package: Any
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "package": {"name": "regex", "version": "1.5.1", "ecosystem": "Go"},
        "vulnerabilities": list(records),
    } | package
    if groups is not None:
        entry["groups"] = groups
    return {
        "results": [{"source": {"path": "/Cargo.lock", "type": "lockfile"}, "packages": [entry]}]
    }


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


OTHER = record(id="RUSTSEC-2022-0013", aliases=["CVE-2022-24713"], database_specific={})
GROUP = {"ids": ["GHSA-m5pq-gvj9-9vr8", "RUSTSEC-2022-0013"], "max_severity": "7.5"}


def test_a_group_is_one_flaw_under_all_its_names() -> None:
    found = read(report(record(), OTHER, groups=[GROUP]))
    assert found.format is DocumentFormat.OSV_SCANNER_JSON
    assert found.target_names == ("/Cargo.lock",)
    (finding,) = found.findings
    assert finding.aliases == ("CVE-2022-24713", "RUSTSEC-2022-0013")
    assert finding.severity is Severity.HIGH
    assert finding.severity_written == "7.5"
    assert finding.fix is FixState.FIXED
    assert finding.fixed_versions == ("1.5.5",)


def test_without_groups_each_record_counts() -> None:
    assert len(read(report(record(), OTHER)).findings) == 2


def test_a_record_outside_of_the_groups_is_not_lost() -> None:
    found = read(report(record(), OTHER, groups=[{"ids": ["RUSTSEC-2022-0013"]}]))
    assert [finding.id for finding in found.findings] == [
        "RUSTSEC-2022-0013",
        "GHSA-m5pq-gvj9-9vr8",
    ]


@pytest.mark.parametrize(
    ("score", "changes", "severity"),
    [
        ("9.8", {}, Severity.CRITICAL),
        (9.8, {}, Severity.CRITICAL),
        ("", {}, Severity.HIGH),
        ("", {"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ("", {"database_specific": {}}, Severity.UNKNOWN),
        (
            "",
            {
                "database_specific": {},
                "severity": [
                    {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
                ],
            },
            Severity.CRITICAL,
        ),
    ],
    ids=["score", "number", "word of the record", "moderate", "nothing", "vector"],
)
def test_where_the_severity_comes_from(
    score: Any, changes: dict[str, Any], severity: Severity
) -> None:
    groups = [{"ids": ["GHSA-m5pq-gvj9-9vr8"], "max_severity": score}]
    assert only(report(record(**changes), groups=groups)).severity is severity


@pytest.mark.parametrize("name", ["experimental_analysis", "experimentalAnalysis"])
@pytest.mark.parametrize(
    ("called", "reachable"),
    [([True, False], True), ([False, False], False), ([], None)],
    ids=["one called", "none called", "not analysed"],
)
def test_call_analysis_says_what_is_reachable(
    name: str, called: list[bool], *, reachable: bool | None
) -> None:
    analysis = {f"ID-{number}": {"called": value} for number, value in enumerate(called)}
    assert only(report(record(), groups=[GROUP | {name: analysis}])).reachable is reachable


def test_what_debian_calls_unimportant_is_negligible() -> None:
    analysis = {"X": {"called": True, "unimportant": True}}
    group = GROUP | {"experimental_analysis": analysis}
    assert only(report(record(), groups=[group])).severity is Severity.NEGLIGIBLE


def test_a_fix_is_looked_for_in_the_ranges_of_the_package() -> None:
    unfixed = record(
        affected=[
            {"package": {"name": "regex"}, "ranges": [{"type": "SEMVER", "events": []}]},
            {"package": {"name": "other"}, "ranges": [{"events": [{"fixed": "9"}]}]},
        ]
    )
    assert only(report(unfixed)).fix is FixState.NOT_FIXED
    assert only(report(record(affected=[]))).fix is FixState.UNKNOWN


def test_malicious_packages_and_licences_are_told_apart() -> None:
    assert only(report(record(id="MAL-2023-1035"))).kind is FindingKind.MALWARE
    assert only(report(license_violations=["GPL-3.0"])).kind is FindingKind.LICENSE


def test_findings_of_other_detectors_are_kept() -> None:
    adverse = {"ID": {"Publisher": "SCALIBR", "Reference": "etc-shadow"}, "Sev": 5, "Title": "weak"}
    finding = only({"results": [], "experimental_generic_findings": [{"Adv": adverse}]})
    assert finding.severity is Severity.CRITICAL
    assert finding.package is None


def test_an_empty_list_names_nothing_that_was_scanned() -> None:
    found = read({"results": []})
    assert found.findings == ()
    assert found.notes == ("the report names nothing that was scanned",)
    assert read(report()).notes == ()


def test_results_of_other_tools_are_not_taken_for_it() -> None:
    for value in ({"results": [], "errors": []}, {"results": [{"id": 1}]}, {"results": {}}):
        with pytest.raises(MalformedError) as caught:
            read(value)
        assert caught.value.code == "formats.scan-unknown"


@pytest.mark.parametrize(
    "value",
    [
        report(record(id="")),
        report(record(aliases="CVE-1")),
        report(record(), groups=[{"ids": []}]),
        report(record(), groups=[GROUP | {"max_severity": "high"}]),
        report(record(), groups=[GROUP | {"experimental_analysis": {"x": {"called": "no"}}}]),
        report(record(), package=None),
        report("x"),  # type: ignore[arg-type]
    ],
)
def test_a_field_of_another_type_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(value)
    assert caught.value.code == "formats.osv-scanner"
