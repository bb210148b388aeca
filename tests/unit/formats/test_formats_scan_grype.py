"""Grype: matches, ignored matches, its database of several generations."""

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
    FindingState,
    FixState,
    ReportedFinding,
    ScanReport,
    Severity,
)

A, B, C = "a" * 64, "b" * 64, "c" * 64


def match(**changes: Any) -> dict[str, Any]:
    vulnerability: dict[str, Any] = {
        "id": "GHSA-aaaa-bbbb-cccc",
        "dataSource": "https://github.example/GHSA-aaaa-bbbb-cccc",
        "namespace": "github:language:python",
        "severity": "High",
        "cvss": [{"source": "nvd", "version": "3.1", "metrics": {"baseScore": 8.1}}],
        "fix": {"versions": ["3.2.10"], "state": "fixed"},
        "epss": [{"cve": "CVE-2024-1234", "epss": 0.07, "percentile": 0.9}],
    }
    related = changes.pop("related", [{"id": "CVE-2024-1234", "severity": "Critical"}])
    return {
        "vulnerability": vulnerability | changes,
        "relatedVulnerabilities": related,
        "artifact": {
            "name": "Django",
            "version": "3.2.9",
            "type": "python",
            "purl": "pkg:pypi/Django@3.2.9",
            "locations": [{"path": "/site-packages/Django", "layerID": f"sha256:{C}"}],
        },
    }


def report(*matches: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "matches": list(matches),
        "source": {
            "type": "image",
            "target": {
                "userInput": "registry.example/api:1",
                "manifestDigest": f"sha256:{A}",
                "repoDigests": [f"registry.example/api@sha256:{A}"],
                "imageID": f"sha256:{B}",
            },
        },
        "distro": {"name": "debian", "version": "12"},
        "descriptor": {
            "name": "grype",
            "version": "0.94.0",
            "timestamp": "2026-11-20T14:00:00.5-04:00",
            "db": {
                "status": {
                    "schemaVersion": "v6.0.2",
                    "from": f"https://db.example/v6.tar.zst?checksum=sha256%3A{C}",
                    "built": "2026-11-19T04:12:38Z",
                    "valid": True,
                }
            },
        },
        **changes,
    }


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


def test_a_report_says_what_was_scanned_and_with_which_data() -> None:
    found = read(report(match()))
    assert found.format is DocumentFormat.GRYPE_JSON
    assert found.scanners == ("grype 0.94.0",)
    assert found.created == Instant.parse("2026-11-20T18:00:00.5Z")
    assert found.targets == (Digest("sha256", A), Digest("sha256", B))
    assert found.database is not None
    assert found.database.version == "v6.0.2"
    assert found.database.built == Instant.parse("2026-11-19T04:12:38Z")
    assert found.database.digest == Digest("sha256", C)
    assert found.incomplete == ()


def test_the_database_of_older_versions_is_one_level_up() -> None:
    flat = {
        "schemaVersion": 5,
        "built": "2024-04-10T01:25:07Z",
        "checksum": f"sha256:{C}",
        "error": None,
    }
    found = read(report(descriptor={"name": "grype", "version": "0.74", "db": flat}))
    assert found.database is not None
    assert found.database.version == "5"
    assert found.database.digest == Digest("sha256", C)
    assert found.incomplete == ()


@pytest.mark.parametrize(
    "damage", [{"error": "checksum mismatch"}, {"valid": False}], ids=["error", "invalid"]
)
def test_a_database_in_trouble_leaves_the_report_incomplete(damage: dict[str, Any]) -> None:
    value = report(match())
    value["descriptor"]["db"]["status"].update(damage)
    assert len(read(value).incomplete) == 1


def test_a_match_is_carried_with_its_names_and_package() -> None:
    finding = only(report(match()))
    assert finding.aliases == ("CVE-2024-1234",)
    assert finding.severity is Severity.HIGH
    assert finding.severity_source == "github:language:python"
    assert finding.fix is FixState.FIXED
    assert finding.epss == 0.07
    assert finding.known_exploited is None, "silence is no answer"
    package = finding.package
    assert package is not None
    assert package.purl == "pkg:pypi/Django@3.2.9"
    assert package.layer == Digest("sha256", C)


def test_an_entry_of_the_catalogue_is_known_to_be_exploited() -> None:
    assert only(report(match(knownExploited=[{"cve": "CVE-2024-1234"}]))).known_exploited is True
    related = [{"id": "CVE-2024-1234", "knownExploited": [{"cve": "CVE-2024-1234"}]}]
    assert only(report(match(related=related))).known_exploited is True


def test_an_advisory_over_several_cves_covers_them() -> None:
    related = [{"id": "CVE-2024-1234"}, {"id": "CVE-2024-5678"}]
    finding = only(report(match(id="ALAS-2024-1", related=related)))
    assert finding.aliases == ()
    assert finding.covers == ("CVE-2024-1234", "CVE-2024-5678")


@pytest.mark.parametrize(
    ("state", "fix"),
    [
        ("fixed", FixState.FIXED),
        ("not-fixed", FixState.NOT_FIXED),
        ("wont-fix", FixState.WONT_FIX),
        ("unknown", FixState.UNKNOWN),
        ("", FixState.UNKNOWN),
    ],
)
def test_the_states_of_a_fix(state: str, fix: FixState) -> None:
    assert only(report(match(fix={"versions": [], "state": state}))).fix is fix


def test_the_fields_of_the_first_schema_are_read() -> None:
    old = match(fixedInVersion="1.2", cvssV2={"baseScore": 5.0, "vector": "AV:N"}, cvss=None)
    del old["vulnerability"]["fix"]
    finding = only(report(old))
    assert finding.fix is FixState.FIXED
    assert [(each.version, each.score) for each in finding.cvss] == [("2.0", 5.0)]


def test_an_ignored_match_stays_visible_with_the_rule() -> None:
    ignored = match() | {
        "appliedIgnoreRules": [
            {"vex-status": "not_affected", "vex-justification": "component_not_present"},
            {"vulnerability": "CVE-2024-1234", "reason": "accepted"},
        ]
    }
    finding = only(report(ignoredMatches=[ignored]))
    assert finding.state is FindingState.SUPPRESSED
    assert finding.state_reason == (
        "VEX not_affected: component_not_present; accepted, vulnerability CVE-2024-1234"
    )


def test_a_severity_that_is_not_given_is_unknown() -> None:
    value = match()
    del value["vulnerability"]["severity"]
    assert only(report(value)).severity is Severity.UNKNOWN
    assert only(report(match(severity="Negligible"))).severity is Severity.NEGLIGIBLE


def test_a_report_cut_down_to_its_matches_is_known_and_binds_nothing() -> None:
    found = read({"matches": [match()]})
    assert found.targets == ()
    assert found.created is None
    with pytest.raises(MalformedError) as caught:
        read({"matches": []})
    assert caught.value.code == "formats.scan-unknown"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"type": "directory", "target": "/src"}, ("/src",)),
        ({"type": "file", "target": {"path": "/a.jar"}}, ("/a.jar",)),
        ({"type": "unknown", "target": None}, ()),
        (None, ()),
    ],
)
def test_sources_other_than_images(source: Any, names: tuple[str, ...]) -> None:
    found = read(report(match(), source=source))
    assert found.target_names == names
    assert found.targets == ()


def test_a_single_file_is_bound_by_its_digests() -> None:
    target = {"path": "/a.jar", "digests": [{"algorithm": "sha256", "value": A}]}
    found = read(report(match(), source={"type": "file", "target": target}))
    assert found.targets == (Digest("sha256", A),)


def test_packages_of_a_system_at_its_end_are_noted_once() -> None:
    alert = {"package": {"name": "a"}, "alerts": [{"type": "distro-eol", "message": "past EOL"}]}
    assert read(report(match(), alertsByPackage=[alert, alert])).notes == ("past EOL",)


@pytest.mark.parametrize(
    "damage",
    [
        {"matches": [{"vulnerability": {"id": "X"}}]},
        {"matches": [match(id="")]},
        {"matches": [match(severity=1)]},
        {"matches": [match(fix=[])]},
        {"matches": [match(epss=[{"epss": 2}])]},
        {"matches": [match(cvss=[{"metrics": {"baseScore": "high"}}])]},
        {"ignoredMatches": {}},
        {"descriptor": []},
        {"source": "x"},
    ],
)
def test_a_field_of_another_type_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(report(match()) | damage)
    assert caught.value.code in {"formats.grype", "formats.scan-unknown"}


def test_counts_are_those_of_the_report() -> None:
    document = Document(json.dumps(report(match(), match(), ignoredMatches=[match()])).encode())
    assert scan_reader(document).describe(document) == {
        "findings": 2,
        "severity": {"high": 2},
        "unique_ids": 1,
        "db": True,
        "ignored": 1,
    }


def test_an_ignore_rule_is_told_by_its_conditions() -> None:
    rules = [{"package": {"name": "kernel-headers", "type": "rpm"}, "match-type": "indirect"}, {}]
    finding = only(report(ignoredMatches=[match() | {"appliedIgnoreRules": rules}]))
    assert finding.state_reason == (
        "match-type indirect, package kernel-headers rpm; an ignore rule without conditions"
    )
    unruled = only(report(ignoredMatches=[match() | {"appliedIgnoreRules": []}]))
    assert unruled.state is FindingState.SUPPRESSED


def test_an_empty_report_is_told_by_its_frame() -> None:
    bare = report()
    del bare["descriptor"]["name"]
    assert read(bare).findings == ()


def test_a_version_of_the_database_is_a_number_or_a_text() -> None:
    value = report(match())
    value["descriptor"]["db"]["status"]["schemaVersion"] = []
    with pytest.raises(MalformedError):
        read(value)
