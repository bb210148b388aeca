"""SARIF: what is held against the target, how bad it is, and whether the run was whole."""

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
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ScanReport,
    Severity,
)

A = "a" * 64
RULE: dict[str, Any] = {
    "id": "js/xss",
    "shortDescription": {"text": "Cross-site scripting"},
    "defaultConfiguration": {"level": "error"},
    "properties": {"tags": ["security"]},
}
RESULT: dict[str, Any] = {
    "ruleId": "js/xss",
    "message": {"text": "User input reaches the page"},
    "locations": [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/app.js"},
                "region": {"startLine": 7},
            }
        }
    ],
}


def run(
    *results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **changes: Any
) -> dict[str, Any]:
    driver = {
        "name": "CodeQL",
        "semanticVersion": "2.20.0",
        "rules": [RULE] if rules is None else rules,
    }
    return {"tool": {"driver": driver}, "results": list(results)} | changes


def log(*runs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": list(runs),
    } | changes


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


def scored(score: Any, **changes: Any) -> dict[str, Any]:
    return RULE | {"properties": {"security-severity": score}} | changes


def test_a_result_is_a_finding_in_code() -> None:
    found = read(log(run(RESULT)))
    assert found.format is DocumentFormat.SARIF
    assert found.scanners == ("CodeQL 2.20.0",)
    assert found.incomplete == ()
    (finding,) = found.findings
    assert finding.kind is FindingKind.CODE
    assert finding.locations == ("src/app.js:7",)
    assert finding.title == "User input reaches the page"
    assert finding.state is FindingState.OPEN


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""], ids=["marked", "plain"])
def test_a_byte_order_mark_does_no_harm(mark: bytes) -> None:
    assert read_scan(Document(mark + json.dumps(log(run(RESULT))).encode())).findings


@pytest.mark.parametrize(
    ("rule", "result", "severity", "source"),
    [
        (scored("9.1"), {"level": "note"}, Severity.CRITICAL, "security-severity"),
        (scored(4), {"level": "error"}, Severity.MEDIUM, "security-severity"),
        (scored("0.0"), {}, Severity.NONE, "security-severity"),
        (scored("High"), {"level": "note"}, Severity.HIGH, "security-severity"),
        (scored("95"), {"level": "note"}, Severity.UNKNOWN, "security-severity"),
        (scored("?"), {"level": "note"}, Severity.UNKNOWN, "security-severity"),
        (scored([]), {"level": "note"}, Severity.UNKNOWN, "security-severity"),
        (RULE, {"level": "warning"}, Severity.MEDIUM, "level"),
        (RULE, {"level": "note"}, Severity.LOW, "level"),
        (RULE, {"level": "none"}, Severity.NONE, "level"),
        (RULE, {"level": "dire"}, Severity.UNKNOWN, "level"),
        (RULE, {}, Severity.HIGH, "rule"),
        ({"id": "js/xss"}, {}, Severity.MEDIUM, "default"),
        ({"id": "another"}, {}, Severity.MEDIUM, "default"),
    ],
)
def test_where_the_severity_comes_from(
    rule: dict[str, Any], result: dict[str, Any], severity: Severity, source: str
) -> None:
    finding = only(log(run(RESULT | result, rules=[rule])))
    assert (finding.severity, finding.severity_source) == (severity, source)


def test_a_result_may_carry_its_own_score_and_the_rules_goes_first() -> None:
    own = {"properties": {"security-severity": "9.5"}}
    assert only(log(run(RESULT | own))).severity is Severity.CRITICAL
    assert only(log(run(RESULT | own, rules=[scored("2.0")]))).severity is Severity.LOW


def test_snyks_word_is_finer_than_its_level() -> None:
    rule = RULE | {"properties": {"problem": {"severity": "low"}}}
    assert only(log(run(RESULT, rules=[rule]))).severity is Severity.LOW
    codeql = RULE | {"properties": {"problem.severity": "recommendation"}}
    assert only(log(run(RESULT, rules=[codeql]))).severity is Severity.HIGH


@pytest.mark.parametrize(
    "reference",
    [
        {"ruleId": "js/xss"},
        {"ruleIndex": 1},
        {"ruleId": "js/xss", "ruleIndex": 1},
        {"rule": {"id": "js/xss"}},
        {"rule": {"index": 1}},
        {"rule": {"guid": "11111111-1111-1111-1111-111111111111"}},
        {"ruleId": "js/xss/stored"},
        {"ruleId": "js/xss", "ruleIndex": 9},
        {"ruleId": "js/xss", "ruleIndex": 0},
        {"ruleId": "js/xss", "ruleIndex": -1},
    ],
)
def test_the_ways_to_refer_to_a_rule(reference: dict[str, Any]) -> None:
    guid = "11111111-1111-1111-1111-111111111111"
    rules = [{"id": "other"}, scored("9.8", guid=guid)]
    assert only(log(run({"message": {"text": "x"}} | reference, rules=rules))).severity is (
        Severity.CRITICAL
    )


@pytest.mark.parametrize(
    "component",
    [{"index": 0}, {"name": "queries"}, {"guid": "g"}, None],
    ids=["index", "name", "guid", "not said"],
)
def test_rules_may_be_in_an_extension(component: dict[str, Any] | None) -> None:
    value = run({"ruleId": "js/xss", "message": {"text": "x"}}, rules=[])
    value["tool"]["extensions"] = [{"name": "queries", "guid": "g", "rules": [scored("9.8")]}]
    if component is not None:
        value["results"][0]["rule"] = {"index": 0, "toolComponent": component}
    assert only(log(value)).severity is Severity.CRITICAL


def test_an_invocation_may_override_a_rules_level() -> None:
    override = {"descriptor": {"id": "js/xss"}, "configuration": {"level": "note"}}
    invocation = {"executionSuccessful": True, "ruleConfigurationOverrides": [override]}
    assert only(log(run(RESULT, invocations=[invocation]))).severity is Severity.LOW
    explicit = RESULT | {"level": "error"}
    assert only(log(run(explicit, invocations=[invocation]))).severity is Severity.HIGH


@pytest.mark.parametrize(
    ("kind", "against"),
    [
        ("fail", True),
        ("open", True),
        ("review", True),
        ("something new", True),
        ("pass", False),
        ("notApplicable", False),
        ("informational", False),
    ],
)
def test_only_some_kinds_hold_something_against_the_target(kind: str, *, against: bool) -> None:
    assert bool(read(log(run(RESULT | {"kind": kind}))).findings) is against


def test_what_a_person_must_review_is_of_unknown_severity() -> None:
    assert only(log(run(RESULT | {"kind": "review"}))).severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("suppressions", "state"),
    [
        (None, FindingState.OPEN),
        ([], FindingState.OPEN),
        ([{"kind": "external"}], FindingState.SUPPRESSED),
        ([{"kind": "inSource", "status": "accepted"}], FindingState.SUPPRESSED),
        ([{"kind": "external", "status": "underReview"}], FindingState.OPEN),
        ([{"kind": "external", "status": "rejected"}], FindingState.OPEN),
        ([{"kind": "external", "status": "whatever"}], FindingState.OPEN),
        ([{"status": "accepted"}, {"status": "rejected"}], FindingState.OPEN),
    ],
)
def test_only_accepted_suppressions_suppress(suppressions: Any, state: FindingState) -> None:
    value = log(run(RESULT | {"suppressions": suppressions}))
    assert only(value).state is state
    document = Document(json.dumps(value).encode())
    shown = scan_reader(document).describe(document)
    assert shown["suppressed"] == (state is FindingState.SUPPRESSED)


def test_a_suppression_says_why() -> None:
    suppression = {"kind": "external", "justification": "test data"}
    assert only(log(run(RESULT | {"suppressions": [suppression]}))).state_reason == (
        "external: test data"
    )


@pytest.mark.parametrize(
    ("baseline", "state"),
    [
        ("absent", FindingState.RESOLVED),
        ("new", FindingState.OPEN),
        ("unchanged", FindingState.OPEN),
        ("existing", FindingState.OPEN),
    ],
)
def test_what_is_absent_from_the_baseline_is_resolved(baseline: str, state: FindingState) -> None:
    assert only(log(run(RESULT | {"baselineState": baseline}))).state is state


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"results": None}, "no results"),
        ({"invocations": [{"executionSuccessful": False}]}, "not successful"),
        (
            {"invocations": [{"executionSuccessful": False, "exitCodeDescription": "no memory"}]},
            "no memory",
        ),
        ({"invocations": [{"executionSuccessful": True, "exitSignalName": "KILL"}]}, "to its end"),
        (
            {
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": "rule crashed"}}
                        ],
                    }
                ]
            },
            "rule crashed",
        ),
        ({"externalPropertyFileReferences": {"results": [{}]}}, "other files"),
    ],
)
def test_a_run_that_is_not_whole_says_so(changes: dict[str, Any], said: str) -> None:
    incomplete = read(log(run(RESULT, **changes))).incomplete
    assert len(incomplete) == 1
    assert said in incomplete[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"invocations": [{"executionSuccessful": True}]},
        {
            "invocations": [
                {
                    "executionSuccessful": True,
                    "toolExecutionNotifications": [{"level": "note", "message": {"text": "done"}}],
                }
            ]
        },
        {"externalPropertyFileReferences": {"taxonomies": [{}]}},
        {"results": []},
    ],
)
def test_a_whole_run_says_nothing(changes: dict[str, Any]) -> None:
    assert read(log(run(RESULT, **changes))).incomplete == ()


def test_a_log_without_runs_scanned_nothing() -> None:
    assert read(log()).incomplete == ("the log holds no run: nothing was scanned",)


def test_results_in_external_properties_are_missed_and_said() -> None:
    assert read(log(run(), inlineExternalProperties=[{"results": [RESULT]}])).incomplete
    assert read(log(run(), inlineExternalProperties=[{"runGuid": "x"}])).incomplete == ()


def test_several_runs_are_read_with_their_own_rules() -> None:
    other = run(RESULT, rules=[scored("9.8")])
    other["tool"]["driver"]["name"] = "Other"
    found = read(log(run(RESULT), other))
    assert found.scanners == ("CodeQL 2.20.0", "Other 2.20.0")
    assert [finding.severity for finding in found.findings] == [Severity.HIGH, Severity.CRITICAL]


def test_times_are_those_of_the_invocations_and_the_oldest_run_counts() -> None:
    first = {"startTimeUtc": "2026-11-20T14:00:00Z", "endTimeUtc": "2026-11-20T15:00:00Z"}
    second = {"startTimeUtc": "2026-11-21T14:00:00Z", "endTimeUtc": "2026-11-21T15:00:00Z"}
    found = read(log(run(invocations=[first]), run(invocations=[second])))
    assert found.started == Instant.parse("2026-11-20T14:00:00Z")
    assert found.created == Instant.parse("2026-11-20T15:00:00Z")
    assert read(log(run(invocations=[first]), run())).created is None


def test_the_target_is_bound_by_its_hash_and_named_by_its_revision() -> None:
    artifacts = [
        {"roles": ["analysisTarget"], "hashes": {"sha-256": A.upper()}},
        {"roles": ["resultFile"], "hashes": {"sha-256": "b" * 64}},
    ]
    provenance = [{"repositoryUri": "https://git.example/api", "revisionId": "c" * 40}]
    found = read(log(run(artifacts=artifacts, versionControlProvenance=provenance)))
    assert found.targets == (Digest("sha256", A),)
    assert found.target_names == (f"https://git.example/api@{'c' * 40}",)


def test_trivy_names_the_image_it_scanned() -> None:
    properties = {"imageID": f"sha256:{A}", "imageName": "api:1", "repoDigests": None}
    found = read(log(run(properties=properties)))
    assert found.targets == (Digest("sha256", A),)
    assert found.target_names == ("api:1",)


def test_places_may_be_given_by_number_or_by_name() -> None:
    by_number = {"physicalLocation": {"artifactLocation": {"index": 0}}}
    by_name = {"logicalLocations": [{"fullyQualifiedName": "app.main"}]}
    out_of_range = {"physicalLocation": {"artifactLocation": {"index": 9}}}
    value = run(
        RESULT | {"locations": [by_number, by_name, out_of_range]},
        artifacts=[{"location": {"uri": "a.py"}}],
    )
    assert only(log(value)).locations == ("a.py", "app.main")


def test_a_message_may_be_kept_in_the_rule() -> None:
    rule = RULE | {"messageStrings": {"default": {"text": "Variable '{0}' of {1} is unused"}}}
    message = {"id": "default", "arguments": ["x", "main"]}
    assert only(log(run(RESULT | {"message": message}, rules=[rule]))).title == (
        "Variable 'x' of main is unused"
    )


@pytest.mark.parametrize(
    ("prints", "expected"),
    [
        ({"fingerprints": {"v1": "abc"}}, "v1:abc"),
        (
            {"partialFingerprints": {"primaryLocationLineHash": "x:1"}},
            "primaryLocationLineHash:x:1",
        ),
        ({"fingerprints": {"nested": {"value": "x"}}, "guid": "g"}, "g"),
        ({}, None),
    ],
)
def test_a_fingerprint_is_kept(prints: dict[str, Any], expected: str | None) -> None:
    assert only(log(run(RESULT | prints))).fingerprint == expected


def vulnerable(rule: dict[str, Any], text: str = "x", **properties: Any) -> dict[str, Any]:
    result = {"ruleId": rule["id"], "message": {"text": text}, "properties": properties}
    return log(run(result, rules=[rule]))


def test_trivys_text_names_the_package() -> None:
    rule = {"id": "CVE-2019-1549", "properties": {"tags": ["vulnerability", "MEDIUM"]}}
    text = (
        "Package: libcrypto1.1\nInstalled Version: 1.1.1c-r0\nVulnerability CVE-2019-1549\n"
        "Severity: MEDIUM\nFixed Version: 1.1.1d-r0\nLink: [CVE](https://x.example)"
    )
    finding = only(vulnerable(rule, text))
    assert finding.kind is FindingKind.VULNERABILITY
    assert finding.package is not None
    assert (finding.package.name, finding.package.version) == ("libcrypto1.1", "1.1.1c-r0")
    assert finding.fix is FixState.FIXED
    assert finding.fixed_versions == ("1.1.1d-r0",)
    unfixed = only(vulnerable(rule, text.replace("1.1.1d-r0", "")))
    assert unfixed.fix is FixState.UNKNOWN


def test_grypes_rules_name_flaw_and_package() -> None:
    rule = {
        "id": "CVE-2008-0732-geronimo",
        "help": {"text": "Vulnerability CVE-2008-0732\nPackage: geronimo\nVersion: 1.0.1\n"},
    }
    finding = only(vulnerable(rule))
    assert finding.aliases == ("CVE-2008-0732",)
    assert finding.package is not None
    assert finding.package.version == "1.0.1"


def test_snyks_description_names_flaw_and_package() -> None:
    rule = {
        "id": "SNYK-DEBIAN12-APT-1541449",
        "fullDescription": {"text": "(CVE-2011-3374) apt/libapt-pkg6.0@2.6.1"},
    }
    finding = only(vulnerable(rule))
    assert finding.aliases == ("CVE-2011-3374",)
    assert finding.package is not None
    assert (finding.package.name, finding.package.version) == ("apt/libapt-pkg6.0", "2.6.1")


def test_docker_scouts_properties_name_the_package() -> None:
    rule = {
        "id": "CVE-2024-1234",
        "properties": {"purls": ["pkg:deb/debian/openssl@3.0?arch=amd64"], "fixed_version": "3.1"},
    }
    finding = only(vulnerable(rule))
    assert finding.package is not None
    assert finding.package.purl == "pkg:deb/debian/openssl@3.0?arch=amd64"
    assert (finding.package.name, finding.package.version) == ("debian/openssl", "3.0")
    assert finding.fixed_versions == ("3.1",)


@pytest.mark.parametrize(
    ("rule", "tool", "kind"),
    [
        ({"id": "generic-api-key"}, "gitleaks", FindingKind.SECRET),
        ({"id": "CKV_AWS_1"}, "checkov", FindingKind.MISCONFIGURATION),
        ({"id": "SNYK-CC-K8S-8"}, "Snyk IaC", FindingKind.MISCONFIGURATION),
        ({"id": "SNYK-CC-K8S-8"}, "Other", FindingKind.MISCONFIGURATION),
        ({"id": "x", "properties": {"tags": ["secret"]}}, "Trivy", FindingKind.SECRET),
        ({"id": "GHSA-aaaa-bbbb-cccc"}, "Other", FindingKind.VULNERABILITY),
        ({"id": "java/sql-injection"}, "Other", FindingKind.CODE),
    ],
)
def test_what_a_rule_finds(rule: dict[str, Any], tool: str, kind: FindingKind) -> None:
    value = vulnerable(rule)
    value["runs"][0]["tool"]["driver"]["name"] = tool
    assert only(value).kind is kind


def test_govulncheck_says_how_old_its_data_is() -> None:
    value = run()
    value["tool"]["driver"]["properties"] = {
        "db": "https://vuln.example",
        "db_last_modified": "2026-06-16T23:55:18Z",
    }
    database = read(log(value)).database
    assert database is not None
    assert database.built == Instant.parse("2026-06-16T23:55:18Z")


@pytest.mark.parametrize("version", ["2.0.0", "1.0.0", "3.0.0", "2.1", ""])
def test_another_version_is_refused(version: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(log(run(RESULT), version=version))
    assert caught.value.code == "formats.sarif-version"


@pytest.mark.parametrize(
    "damage",
    [
        {"tool": None},
        {"tool": {}},
        {"tool": {"driver": {}}},
        {"tool": {"driver": {"name": ""}}},
        {"tool": {"driver": {"name": "x", "rules": {}}}},
        {"tool": {"driver": {"name": "x", "rules": ["x"]}}},
        {"tool": {"driver": {"name": "x", "rules": [{"id": 1}]}}},
        {"results": {}},
        {"results": ["x"]},
        {"results": [RESULT | {"level": 1}]},
        {"results": [RESULT | {"kind": []}]},
        {"results": [RESULT | {"ruleId": 7}]},
        {"results": [RESULT | {"ruleIndex": "0"}]},
        {"results": [RESULT | {"rule": "js/xss"}]},
        {"results": [RESULT | {"suppressions": ["accepted"]}]},
        {"results": [RESULT | {"locations": [1]}]},
        {"results": [{}]},
        {"invocations": {}},
        {"invocations": [{"executionSuccessful": "yes"}]},
        {"artifacts": [{"roles": ["analysisTarget"], "hashes": {"sha-256": "zz"}}]},
        {"versionControlProvenance": [{"repositoryUri": 1}]},
    ],
)
def test_a_field_of_another_type_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(log(run(RESULT) | damage))
    assert caught.value.code == "formats.sarif"


def test_counts_take_the_level_of_the_rule_where_a_result_has_none() -> None:
    value = log(run(RESULT, RESULT | {"level": "note"}, {"message": {"text": "x"}}), run())
    document = Document(json.dumps(value).encode())
    shown = scan_reader(document).describe(document)
    assert shown["levels_effective"] == {"error": 1, "note": 1, "warning": 1}
    assert (shown["runs"], shown["findings"], shown["with_security_severity"]) == (2, 3, 0)
    assert shown["tools"] == ["CodeQL", "CodeQL"]
