"""The audits of package managers: npm, Yarn, pip, cargo, Go; and GitLab's reports on them."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.scan import (
    cargo_audit,
    gitlab,
    govulncheck,
    govulncheck_legacy,
    npm_audit,
    npm_audit_tree,
    pip_audit,
    yarn_audit,
)
from gatebook.formats.scan.report import FindingKind, FixState, ScanReport, Severity

IMAGE = "sha256:" + "bc" * 32


def document(value: Any) -> Document:
    return Document(value if isinstance(value, bytes) else json.dumps(value).encode())


def read(reader: Any, value: Any) -> ScanReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


# GitLab


def gitlab_report(*found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "15.0.7",
        "vulnerabilities": list(found),
        "scan": {
            "type": "container_scanning",
            "status": "success",
            "start_time": "2021-06-01T21:20:59",
            "end_time": "2021-06-01T21:21:00",
            "scanner": {"id": "trivy", "name": "Trivy", "version": "0.16.0"},
        },
    } | changes


def gitlab_finding(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e3923d3e",
        "severity": "High",
        "solution": "Upgrade curl to 7.61.1-r0",
        "location": {
            "dependency": {"package": {"name": "curl"}, "version": "7.61.0-r0"},
            "operating_system": "alpine 3.7.1",
            "image": f"registry.example.com/app@{IMAGE}",
        },
        "identifiers": [
            {"type": "cve", "name": "CVE-2018-14618", "value": "CVE-2018-14618"},
            {"type": "cwe", "name": "CWE-190", "value": "190"},
        ],
    } | changes


def test_a_gitlab_finding_names_package_image_and_fix() -> None:
    report = read(gitlab.READER, gitlab_report(gitlab_finding()))
    (finding,) = report.findings
    assert finding.id == "CVE-2018-14618"
    assert finding.aliases == ()
    assert finding.fixed_versions == ("7.61.1-r0",)
    assert report.targets == (Digest.parse(IMAGE),)
    assert report.created == Instant.parse("2021-06-01T21:21:00Z")
    assert report.incomplete == ()


@pytest.mark.parametrize("status", ["failure", None])
def test_a_gitlab_scan_that_did_not_succeed_is_incomplete(status: str | None) -> None:
    report = gitlab_report()
    report["scan"]["status"] = status
    assert read(gitlab.READER, report).incomplete != ()


def test_an_error_the_scanner_reports_makes_it_incomplete() -> None:
    for level, whole in (("info", True), ("warn", True), ("fatal", False)):
        report = gitlab_report()
        report["scan"]["messages"] = [{"level": level, "value": "no lock file"}]
        assert (read(gitlab.READER, report).incomplete == ()) is whole


def test_a_dependency_scan_that_found_no_file_scanned_nothing() -> None:
    assert read(gitlab.READER, gitlab_report(dependency_files=[])).incomplete != ()
    some = [{"path": "go.sum", "package_manager": "go", "dependencies": []}]
    assert read(gitlab.READER, gitlab_report(dependency_files=some)).incomplete == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("sast", FindingKind.CODE),
        ("dast", FindingKind.CODE),
        ("secret_detection", FindingKind.SECRET),
        ("dependency_scanning", FindingKind.VULNERABILITY),
    ],
)
def test_the_type_of_a_gitlab_scan_says_what_was_found(kind: str, expected: FindingKind) -> None:
    report = gitlab_report(gitlab_finding())
    report["scan"]["type"] = kind
    assert read(gitlab.READER, report).findings[0].kind is expected


def test_a_gitlab_finding_without_a_package_is_kept() -> None:
    finding = gitlab_finding(location={"file": "go.sum", "dependency": {"package": {}}})
    (kept,) = read(gitlab.READER, gitlab_report(finding)).findings
    assert kept.package is None
    assert kept.locations == ("go.sum",)


def test_a_vector_alone_is_scored() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    finding = gitlab_finding(cvss_vectors=[{"vendor": "NVD", "vector": vector}])
    (rated,) = read(gitlab.READER, gitlab_report(finding)).findings[0].cvss
    assert (rated.score, rated.version, rated.source) == (9.8, "3.1", "NVD")


def test_a_report_of_schema_2_has_no_scan_and_says_so() -> None:
    old = gitlab_report(gitlab_finding(), version="2.4", remediations=[])
    del old["scan"]
    assert read(gitlab.READER, old).notes != ()


def test_a_gitlab_report_without_its_list_is_refused() -> None:
    report = gitlab_report()
    report["vulnerabilities"] = None
    with pytest.raises(GatebookError) as refused:
        gitlab.READER.read(document(report))
    assert refused.value.code == "formats.gitlab"


# npm


def npm6(**changes: Any) -> dict[str, Any]:
    return {
        "advisories": {
            "146": {
                "id": 146,
                "module_name": "growl",
                "severity": "critical",
                "title": "Command Injection",
                "cves": ["CVE-2017-16042"],
                "url": "https://github.com/advisories/GHSA-qh2h-chj9-jffq",
                "patched_versions": ">=1.10.2",
                "findings": [
                    {"version": "1.9.2", "paths": ["mocha>growl", "x>growl"]},
                    {"version": "1.9.0", "paths": ["y>growl"]},
                ],
            }
        },
        "muted": [],
        "metadata": {"vulnerabilities": {"critical": 1}, "totalDependencies": 43},
    } | changes


def test_npm_6_gives_a_finding_for_each_installed_version() -> None:
    found = read(npm_audit.READER, npm6()).findings
    versions = [each.package.version for each in found if each.package is not None]
    assert versions == ["1.9.2", "1.9.0"]
    assert found[0].id == "GHSA-qh2h-chj9-jffq"
    assert found[0].aliases == ("CVE-2017-16042",)
    assert found[0].occurrences == 2
    assert found[0].fix is FixState.FIXED


def test_npm_6_writes_an_impossible_version_where_nothing_is_patched() -> None:
    report = npm6()
    report["advisories"]["146"]["patched_versions"] = "<0.0.0"
    assert read(npm_audit.READER, report).findings[0].fix is FixState.NOT_FIXED


def test_an_audit_of_no_dependency_is_incomplete() -> None:
    nothing = npm6(advisories={}, metadata={"vulnerabilities": {}, "totalDependencies": 0})
    assert read(npm_audit.READER, nothing).incomplete != ()
    assert read(npm_audit.READER, npm6(advisories={})).incomplete == ()


def npm7(**changes: Any) -> dict[str, Any]:
    return {
        "auditReportVersion": 2,
        "vulnerabilities": {
            "got": {
                "name": "got",
                "severity": "moderate",
                "via": [
                    {
                        "source": 1088948,
                        "name": "got",
                        "title": "Redirect to a socket",
                        "url": "https://github.com/advisories/GHSA-pfrx-2q88-qq97",
                        "severity": "moderate",
                        "cvss": {"score": 0, "vectorString": None},
                        "range": "<11.8.5",
                    }
                ],
                "nodes": ["node_modules/got"],
                "fixAvailable": {"name": "nodemon", "version": "3.1.4", "isSemVerMajor": True},
            },
            "nodemon": {
                "name": "nodemon",
                "severity": "moderate",
                "via": ["got"],
                "nodes": ["node_modules/nodemon"],
                "fixAvailable": True,
            },
        },
        "metadata": {"vulnerabilities": {"total": 2}, "dependencies": {"total": 97}},
    } | changes


def test_npm_7_repeats_no_finding_for_those_that_depend_on_it() -> None:
    (finding,) = read(npm_audit_tree.READER, npm7()).findings
    assert finding.id == "GHSA-pfrx-2q88-qq97"
    assert finding.cvss == ()


def test_the_version_to_move_a_parent_to_is_not_a_fixed_version() -> None:
    (finding,) = read(npm_audit_tree.READER, npm7()).findings
    assert (finding.fix, finding.fixed_versions) == (FixState.FIXED, ())


def test_a_package_whose_cause_is_not_listed_is_a_finding_of_its_own() -> None:
    report = npm7()
    del report["vulnerabilities"]["got"]
    (finding,) = read(npm_audit_tree.READER, report).findings
    assert finding.id == "got"
    assert finding.package is not None
    assert finding.package.name == "nodemon"


def test_a_failed_npm_audit_is_refused_with_its_reason() -> None:
    failed = {"error": {"code": "ENOLOCK", "summary": "needs a lockfile", "detail": "try npm i"}}
    it = document(failed)
    assert npm_audit_tree.READER.recognises(it)
    with pytest.raises(GatebookError, match="needs a lockfile") as refused:
        npm_audit_tree.READER.read(it)
    assert refused.value.code == "formats.npm-audit-failed"


def test_an_unknown_version_of_the_npm_report_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        npm_audit_tree.READER.read(document(npm7(auditReportVersion=9)))
    assert refused.value.code == "formats.npm-audit-version"


# Yarn


def yarn(*events: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(each, separators=(",", ":")).encode() for each in events) + b"\n"


ADVISORY = {"type": "auditAdvisory", "data": {"advisory": npm6()["advisories"]["146"]}}
SUMMARY = {"type": "auditSummary", "data": {"vulnerabilities": {}, "totalDependencies": 9}}


def test_a_yarn_audit_names_each_version_once_though_every_path_repeats_it() -> None:
    report = read(yarn_audit.READER, yarn(ADVISORY, ADVISORY, SUMMARY))
    assert len(report.findings) == 2
    assert report.incomplete == ()


def test_a_yarn_audit_without_its_summary_was_cut_off() -> None:
    assert read(yarn_audit.READER, yarn(ADVISORY)).incomplete != ()


def test_a_yarn_audit_cut_within_a_line_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        yarn_audit.READER.read(document(yarn(ADVISORY, SUMMARY)[:-20]))
    assert refused.value.code == "formats.json-stream"


# pip


def pip(*dependencies: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(dependencies), "fixes": []}


AIOHTTP: dict[str, Any] = {
    "name": "aiohttp",
    "version": "3.6.2",
    "vulns": [
        {"id": "PYSEC-2021-76", "fix_versions": ["3.7.4"], "aliases": ["CVE-2021-21330"]},
        {"id": "PYSEC-2099-1", "fix_versions": []},
    ],
}


def test_pip_audit_is_read_in_both_shapes() -> None:
    for reader, value in (
        (pip_audit.READER, pip(AIOHTTP)),
        (pip_audit.LIST_READER, [AIOHTTP]),
    ):
        found = read(reader, value).findings
        assert [each.fix for each in found] == [FixState.FIXED, FixState.NOT_FIXED]
        assert found[0].aliases == ("CVE-2021-21330",)
        assert found[0].severity is Severity.UNKNOWN


def test_a_skipped_dependency_makes_the_audit_incomplete() -> None:
    skipped = {"name": "azure-devops", "skip_reason": "not found on PyPI"}
    report = read(pip_audit.READER, pip(AIOHTTP, skipped))
    assert report.incomplete == ("azure-devops was skipped: not found on PyPI",)


def test_an_audit_of_no_requirement_is_incomplete() -> None:
    assert read(pip_audit.READER, pip()).incomplete == ("no dependency was looked at",)


def test_a_dependency_that_says_nothing_of_its_flaws_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        pip_audit.READER.read(document(pip({"name": "a", "version": "1"})))
    assert refused.value.code == "formats.pip-audit"


# cargo


def cargo(**changes: Any) -> dict[str, Any]:
    entry = {
        "advisory": {
            "id": "RUSTSEC-2020-0091",
            "title": "Dangling reference",
            "aliases": ["CVE-2020-35711"],
            "date": "2020-12-10",
            "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        },
        "versions": {"patched": [">=1.1.0"], "unaffected": []},
        "package": {"name": "arc-swap", "version": "0.4.7"},
    }
    return {
        "database": {"last-commit": "7e4cbf61", "last-updated": "2021-05-12T01:59:58Z"},
        "lockfile": {"dependency-count": 441},
        "settings": {"ignore": [], "severity": None},
        "vulnerabilities": {"found": True, "count": 1, "list": [entry]},
        "warnings": {},
    } | changes


def test_cargo_audit_is_rated_by_its_vector() -> None:
    report = read(cargo_audit.READER, cargo())
    (finding,) = report.findings
    assert (finding.severity, finding.cvss[0].score) == (Severity.HIGH, 7.5)
    assert finding.fixed_versions == (">=1.1.0",)
    assert report.database is not None
    assert report.database.built == Instant.parse("2021-05-12T01:59:58Z")


def test_a_warning_is_kept_and_only_an_unsound_crate_is_a_flaw() -> None:
    crate = {"name": "cpuid-bool", "version": "0.1.2"}
    warnings = {
        "unmaintained": [{"package": crate, "advisory": {"id": "RUSTSEC-2021-0064"}}],
        "unsound": [{"package": crate, "advisory": {"id": "RUSTSEC-2021-0001"}}],
        "yanked": [{"package": crate, "advisory": None}],
    }
    found = {each.id: each for each in read(cargo_audit.READER, cargo(warnings=warnings)).findings}
    assert found["RUSTSEC-2021-0064"].severity is Severity.NEGLIGIBLE
    assert found["RUSTSEC-2021-0001"].severity is Severity.UNKNOWN
    assert found["RUSTSEC-2021-0001"].kind is FindingKind.VULNERABILITY
    assert found["yanked:cpuid-bool"].kind is FindingKind.MISCONFIGURATION


def test_what_cargo_audit_was_told_to_ignore_is_noted() -> None:
    report = read(cargo_audit.READER, cargo(settings={"ignore": ["RUSTSEC-2020-0001"]}))
    assert report.notes == ("ignored and not listed: RUSTSEC-2020-0001",)


@pytest.mark.parametrize(
    "change",
    [
        {"lockfile": {"dependency-count": 0}},
        {"vulnerabilities": {"found": True, "count": 2, "list": []}},
        {"vulnerabilities": {"found": True, "list": []}},
    ],
)
def test_a_cargo_audit_that_contradicts_itself_is_incomplete(change: dict[str, Any]) -> None:
    assert read(cargo_audit.READER, cargo(**change)).incomplete != ()


# Go

CONFIG: dict[str, Any] = {
    "config": {
        "protocol_version": "v1.0.0",
        "scanner_name": "govulncheck",
        "scanner_version": "v1.1.3",
        "db": "https://vuln.go.dev",
        "db_last_modified": "2023-08-11T01:41:48Z",
        "scan_level": "symbol",
    }
}
OSV: dict[str, Any] = {
    "osv": {"id": "GO-2023-1840", "aliases": ["CVE-2023-29403"], "summary": "Unsafe behavior"}
}


def go_message(*frames: dict[str, Any]) -> dict[str, Any]:
    return {"finding": {"osv": "GO-2023-1840", "fixed_version": "v1.20.5", "trace": list(frames)}}


MODULE = {"module": "stdlib", "version": "v1.20.1"}
PACKAGE = MODULE | {"package": "runtime"}
SYMBOL = PACKAGE | {"function": "BlockProfile"}
CALLER = {
    "module": "testproject",
    "function": "main",
    "position": {"filename": "main.go", "line": 13},
}


def stream(*messages: dict[str, Any]) -> bytes:
    # Written indented and one after the other, as govulncheck does.
    return b"\n".join(json.dumps(each, indent=2).encode() for each in messages)


@pytest.mark.parametrize(
    ("level", "frames", "reachable"),
    [
        ("symbol", [SYMBOL], True),
        ("symbol", [PACKAGE], False),
        ("symbol", [MODULE], False),
        ("package", [PACKAGE], None),
        ("module", [MODULE], None),
    ],
)
def test_only_a_called_symbol_is_reachable(
    level: str, frames: list[dict[str, Any]], *, reachable: bool | None
) -> None:
    config = {"config": CONFIG["config"] | {"scan_level": level}}
    report = read(govulncheck.READER, stream(config, OSV, go_message(*frames)))
    assert report.findings[0].reachable is reachable


def test_one_flaw_of_a_module_is_one_finding_however_often_it_is_reported() -> None:
    messages = (CONFIG, OSV, go_message(MODULE), go_message(PACKAGE), go_message(SYMBOL, CALLER))
    report = read(govulncheck.READER, stream(*messages))
    (finding,) = report.findings
    assert finding.occurrences == 3
    assert finding.locations == ("main.go:13",)
    assert finding.aliases == ("CVE-2023-29403",)
    assert finding.fixed_versions == ("v1.20.5",)
    assert report.database is not None
    assert report.database.built == Instant.parse("2023-08-11T01:41:48Z")
    assert read(govulncheck.READER, list(messages)).findings == report.findings


def test_a_stream_without_its_beginning_is_refused() -> None:
    it = document(stream({"progress": {"message": "Scanning"}}, OSV))
    with pytest.raises(GatebookError) as refused:
        govulncheck.READER.read(it)
    assert refused.value.code == "formats.govulncheck"


def test_another_protocol_is_refused() -> None:
    config = {"config": {"protocol_version": "v9.0.0"}}
    with pytest.raises(GatebookError) as refused:
        govulncheck.READER.read(document(stream(config)))
    assert refused.value.code == "formats.govulncheck-version"


def test_a_stream_cut_within_a_message_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        govulncheck.READER.read(document(stream(CONFIG, OSV)[:-4]))
    assert refused.value.code == "formats.json-stream"


def test_a_finding_nobody_describes_makes_the_stream_incomplete() -> None:
    assert read(govulncheck.READER, stream(CONFIG, go_message(SYMBOL))).incomplete != ()


def test_a_key_twice_within_a_message_is_refused() -> None:
    doubled = stream(CONFIG) + b'\n{"osv": {"id": "GO-1", "id": "GO-2"}}'
    with pytest.raises(GatebookError) as refused:
        govulncheck.READER.read(document(doubled))
    assert refused.value.code == "canonical.duplicate-key"


def test_the_call_graph_of_old_versions_is_read() -> None:
    osv = OSV["osv"] | {
        "affected": [
            {"package": {"name": "stdlib"}, "ranges": [{"events": [{"fixed": "1.19.10"}]}]}
        ]
    }
    flaw = {"OSV": osv, "Symbol": "a", "PkgPath": "runtime", "ModPath": "stdlib", "CallSink": 0}
    graph = {
        "Calls": {"Functions": {}},
        "Vulns": [flaw, flaw | {"Symbol": "b", "CallSink": 4}],
        "Modules": [{"Path": "stdlib", "Version": "v1.19.0"}],
    }
    (finding,) = read(govulncheck_legacy.READER, graph).findings
    assert finding.reachable is True
    assert finding.package is not None
    assert finding.package.version == "v1.19.0"
    assert finding.fixed_versions == ("1.19.10",)


def test_the_list_of_modules_of_old_versions_is_read() -> None:
    module = {"Path": "stdlib", "FoundVersion": "v1.19.0", "FixedVersion": "v1.19.10"}
    called = module | {"Packages": [{"Path": "runtime", "CallStacks": [{"Symbol": "a"}]}]}
    for modules, reachable in (([module], False), ([called], True)):
        value = {"Vulns": [{"OSV": OSV["osv"], "Modules": modules}]}
        (finding,) = read(govulncheck_legacy.READER, value).findings
        assert finding.reachable is reachable
