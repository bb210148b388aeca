"""Scans, tests, coverage and the rest: what passes, and what differs in one point and does not."""

from dataclasses import replace
from fractions import Fraction

import msgspec
import pytest

from gatebook.digest import sha256
from gatebook.formats.coverage.report import CoverageReport, Covered
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.quality.report import GateCondition, GateStatus, QualityReport
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.report import FindingKind, FindingState, ScannerDatabase, Severity
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.type_evaluation import RuleOutcome, RuleResult, TypeEvaluation
from gatebook.policy.contract import ContractError
from gatebook.policy.outcome import Status

PASS, FAIL, MISSING, ERROR = Status.PASS, Status.FAIL, Status.MISSING, Status.ERROR


def a_run(**changes) -> TestReport:
    parts = {
        "format": DocumentFormat.JUNIT_XML,
        "total": 10,
        "passed": 10,
        "failed": 0,
        "errors": 0,
        "skipped": 0,
        "suites": 1,
    }
    return TestReport(**{**parts, **changes})


def a_coverage(covered=80, total=100, **changes) -> CoverageReport:
    parts = {
        "format": DocumentFormat.COBERTURA,
        "files": 3,
        "lines": Covered(covered=covered, total=total),
    }
    return CoverageReport(**{**parts, **changes})


def a_gate(kit, **changes) -> QualityReport:
    parts = {
        "format": DocumentFormat.SONARQUBE_WEBHOOK,
        "gate": GateStatus.OK,
        "revision": kit.commit,
        "analysed": kit.ago("1h"),
        "project": "acme:api",
        "branch": "main",
    }
    return QualityReport(**{**parts, **changes})


def an_evaluation(**changes) -> TypeEvaluation:
    parts = {
        "name": "pen-test",
        "version": "2",
        "definition": str(sha256(b"definition")),
        "document": str(sha256(b"document")),
        "rules": (RuleResult(id="severity", engine="jq", outcome=RuleOutcome.PASS),),
        "engines": ("jq 1.7",),
        "compliant": True,
    }
    return TypeEvaluation(**{**parts, **changes})


# -- what is never a pass --------------------------------------------------------------------------


def nothing_that_passes(kit):
    """What people hand in when something went wrong: control, evidence, and the reason."""
    scan, unreadable = kit.scan, kit.unreadable
    sarif = {"format": DocumentFormat.SARIF, "scanners": ("CodeQL 2.19.0",)}
    report = {"kind": PredicateKind.REPORT}
    return [
        ("tests-passed", kit.evidence(a_run(total=0, passed=0)), "policy.tests-none"),
        (
            "tests-passed",
            unreadable("formats.xml", kind=PredicateKind.TEST_REPORT),
            "policy.tests-unclear",
        ),
        (
            "tests-passed",
            kit.evidence(a_run(errors=1, total=11, incomplete=("the run has no end",))),
            "policy.tests-incomplete",
        ),
        ("tests-passed", kit.evidence(a_run(inconsistent=True)), "policy.tests-inconsistent"),
        ("scan", unreadable("canonical.json", **report), "policy.scan-unreadable"),
        (
            "scan",
            kit.evidence(scan(incomplete=("the scan is FAILED",))),
            "policy.scan-incomplete",
        ),
        (
            "scan",
            kit.evidence(scan(format=DocumentFormat.AWS_ECR, incomplete=("a page is missing",))),
            "policy.scan-incomplete",
        ),
        ("scan", kit.evidence(scan(targets=(kit.other,))), "policy.scan-other-artifact"),
        ("sbom", kit.evidence(kit.sbom(components=())), "policy.sbom-empty"),
        ("coverage", kit.evidence(a_coverage(0, 0)), "policy.coverage-empty"),
        ("coverage", unreadable("formats.lcov-truncated", **report), "policy.coverage-unreadable"),
        (
            "coverage",
            kit.evidence(a_coverage(1, 2, declared_line_rate=Fraction(1))),
            "policy.coverage-inconsistent",
        ),
        (
            "quality-gate",
            kit.evidence(a_gate(kit, gate=GateStatus.NONE)),
            "policy.quality-gate-failed",
        ),
        (
            "quality-gate",
            kit.evidence(a_gate(kit, incomplete=("no gate was computed",))),
            "policy.quality-gate-incomplete",
        ),
        (
            "code-scanning",
            kit.evidence(scan(**sarif, incomplete=("the run has no results",))),
            "policy.code-scanning-unreliable",
        ),
        ("code-scanning", unreadable("formats.sarif", **report), "policy.code-scanning-unreadable"),
        (
            "custom-evidence",
            kit.evidence(an_evaluation(failure="x.y", failed="no JSON", compliant=False)),
            "policy.custom-evidence-not-judged",
        ),
    ]


SMALLEST = {"coverage": {"lines": 50}, "custom-evidence": {"type": "pen-test"}}


def test_what_went_wrong_is_never_a_pass_and_says_why(kit):
    told = []
    for control, evidence, code in nothing_that_passes(kit):
        found = kit.judge(control, kit.facts(evidence), SMALLEST.get(control))
        if (found.status, found.code) != (FAIL, code):
            told.append((control, code, found))
    assert not told


@pytest.mark.parametrize(
    "control",
    [
        "tests-passed",
        "scan",
        "sbom",
        "coverage",
        "quality-gate",
        "code-scanning",
        "custom-evidence",
    ],
)
def test_nothing_handed_in_is_missing(kit, control):
    found = kit.judge(control, kit.facts(), SMALLEST.get(control))
    assert (found.status, found.code.endswith("-missing")) == (MISSING, True)


@pytest.mark.parametrize(
    "control", ["tests-passed", "scan", "sbom", "coverage", "quality-gate", "code-scanning"]
)
def test_a_lost_report_may_have_been_about_anything(kit, control):
    """Its bytes are gone, and with them what it was a report about."""
    lost = kit.unreadable("ledger.blob-missing", damaged=True, kind=PredicateKind.REPORT)
    found = kit.judge(control, kit.facts(lost), SMALLEST.get(control))
    assert (found.status, found.code) == (ERROR, "policy.evidence-damaged")


@pytest.mark.parametrize(
    "control", ["tests-passed", "scan", "sbom", "coverage", "quality-gate", "code-scanning"]
)
def test_evidence_by_a_signer_who_is_not_believed_is_none(kit, control):
    stranger = kit.unreadable("trust.untrusted-key", kind=PredicateKind.REPORT)
    found = kit.judge(control, kit.facts(stranger), SMALLEST.get(control))
    assert found.status is FAIL
    assert "trust.untrusted-key" in found.found


@pytest.mark.parametrize("named", ["predicate_type", "format"])
def test_what_cannot_be_read_counts_where_its_format_is_asked_for(kit, named):
    form = DocumentFormat.TRIVY_JSON
    broken = kit.unreadable("formats.trivy", holder=None)
    broken = replace(broken, **{named: form.value if named == "predicate_type" else form})
    both = {"accept": ["signed", "reported"]}
    assert kit.judge("scan", kit.facts(broken), both).code == "policy.scan-unreadable"
    run = kit.evidence(a_run())
    assert kit.judge("tests-passed", kit.facts(broken, run), both).status is PASS
    assert kit.judge("scan", kit.facts(broken)).code == "policy.scan-missing"


# -- who handed it in ------------------------------------------------------------------------------


def test_what_nobody_signed_counts_only_where_the_contract_says_so(kit):
    reported = kit.facts(kit.evidence(kit.scan(), holder=None))
    found = kit.judge("scan", reported)
    assert (found.status, found.code) == (MISSING, "policy.scan-missing")
    assert "nobody signed it" in found.found
    assert kit.judge("scan", reported, {"accept": ["reported"]}).status is PASS
    assert kit.judge("scan", reported, {"accept": ["reported", "signed"]}).status is PASS
    named = {"accept": ["reported", "signed"], "holders": ["key#ci"]}
    assert kit.judge("scan", reported, named).status is MISSING


def test_signed_evidence_does_not_count_as_reported(kit):
    signed = kit.facts(kit.evidence(kit.scan()))
    assert kit.judge("scan", signed, {"accept": ["reported"]}).status is MISSING


def test_only_the_holders_that_are_named_count(kit):
    facts = kit.facts(kit.evidence(kit.scan(), holder="key#scanner"))
    assert kit.judge("scan", facts, {"holders": ["key#scanner"]}).status is PASS
    found = kit.judge("scan", facts, {"holders": ["key#scan"]})
    assert found.status is MISSING
    assert "signed by key#scanner" in found.found


# -- scan ------------------------------------------------------------------------------------------


def scan_comes_out(kit, parameters, **changes):
    found = kit.judge("scan", kit.facts(kit.evidence(kit.scan(**changes))), parameters)
    return found.status, found.code


def test_a_scan_counts_to_the_last_instant_of_its_age(kit):
    facts = kit.facts(kit.evidence(kit.scan(created=kit.ago("24h"))))
    found = kit.judge("scan", facts, {"max-age": "24h"})
    assert (found.status, found.until) == (PASS, kit.noon)
    late = replace(facts, now=type(kit.noon)(kit.noon.unix_ms + 1))
    assert kit.judge("scan", late, {"max-age": "24h"}).code == "policy.scan-too-old"


def test_a_scan_without_a_time_has_none_but_that_of_its_entry(kit):
    without = {"created": None}
    assert scan_comes_out(kit, {}, **without) == (PASS, "policy.scanned")
    aged = {"max-age": "1d"}
    assert scan_comes_out(kit, aged, **without) == (FAIL, "policy.scan-undated")
    dated = {**aged, "dated-by": "entry"}
    assert scan_comes_out(kit, dated, **without) == (PASS, "policy.scanned")
    assert scan_comes_out(kit, dated, created=kit.ago("2d")) == (FAIL, "policy.scan-too-old")


def test_a_scan_from_the_future_is_not_believed(kit):
    assert scan_comes_out(kit, {}, created=kit.ahead("1s")) == (
        FAIL,
        "policy.scan-from-the-future",
    )


@pytest.mark.parametrize(
    ("built", "code"),
    [
        ("5d", "policy.scanned"),
        ("6d", "policy.scan-database-too-old"),
        (None, "policy.scan-database-unknown"),
    ],
)
def test_the_data_of_a_scanner_has_an_age_of_its_own(kit, built, code):
    database = ScannerDatabase(built=None if built is None else kit.ago(built))
    assert scan_comes_out(kit, {"max-database-age": "5d"}, database=database)[1] == code


def test_data_from_the_future_is_not_believed(kit):
    database = ScannerDatabase(built=kit.ahead("1d"))
    parameters = {"max-database-age": "5d"}
    assert scan_comes_out(kit, parameters, database=database)[1] == "policy.scan-from-the-future"


@pytest.mark.parametrize(
    ("wanted", "made_by", "status"),
    [
        ("trivy", "Trivy 0.58.1", PASS),
        ("trivy>=0.58", "Trivy 0.58.1", PASS),
        ("trivy>=0.9", "Trivy 0.58.1", PASS),
        ("trivy >= 0.58.1", "trivy v0.58.1", PASS),
        ("trivy>=0.58.2", "Trivy 0.58.1", FAIL),
        ("trivy>=0.58", "Trivy", FAIL),
        ("trivy", "Trivyish 0.58.1", FAIL),
        ("grype", "Trivy 0.58.1", FAIL),
    ],
)
def test_a_scan_is_by_a_tool_that_is_allowed(kit, wanted, made_by, status):
    parameters = {"scanners": [wanted]}
    assert scan_comes_out(kit, parameters, scanners=(made_by,))[0] is status


def test_a_scan_by_nobody_knows_whom_is_by_no_allowed_tool(kit):
    assert scan_comes_out(kit, {"scanners": ["trivy"]}, scanners=()) == (FAIL, "policy.scan-tool")
    assert scan_comes_out(kit, {}, scanners=()) == (PASS, "policy.scanned")


@pytest.mark.parametrize(
    ("target", "targets", "code"),
    [
        ("consistent", "none", "policy.scanned"),
        ("consistent", "other", "policy.scan-other-artifact"),
        ("named", "none", "policy.scan-target-unknown"),
        ("named", "api", "policy.scanned"),
        ("attested", "other", "policy.scanned"),
    ],
)
def test_what_was_scanned_is_said_or_left_open(kit, target, targets, code):
    named = {"none": (), "other": (kit.other,), "api": (kit.other, kit.api)}[targets]
    assert scan_comes_out(kit, {"target": target}, targets=named)[1] == code


def test_code_scanning_is_no_vulnerability_scan(kit):
    sarif = kit.facts(kit.evidence(kit.scan(format=DocumentFormat.SARIF)))
    assert kit.judge("scan", sarif).status is MISSING
    assert kit.judge("scan", sarif, {"formats": ["sarif-2.1.0"]}).status is PASS


def test_one_reliable_scan_is_enough_and_the_last_to_age_counts(kit):
    facts = kit.facts(
        kit.evidence(kit.scan(created=kit.ago("30h"))),
        kit.evidence(kit.scan(created=kit.ago("10h"))),
        kit.evidence(kit.scan(created=kit.ago("20h"))),
        kit.unreadable(kind=PredicateKind.VULNERABILITY_SCAN),
    )
    found = kit.judge("scan", facts, {"max-age": "24h"})
    assert (found.status, found.until) == (PASS, kit.ahead("14h"))


@pytest.mark.parametrize(
    "parameters",
    [
        {"scanners": ["trivy>="]},
        {"scanners": []},
        {"scanners": [">=1"]},
        {"formats": ["tap"]},
        {"max-age": "soon"},
        {"target": "maybe"},
        {"dated-by": "me"},
        {"max-edge": "1d"},
        {"accept": ["anything"]},
        {"accept": []},
        {"holders": []},
    ],
    ids=str,
)
def test_a_slip_in_the_parameters_is_refused(kit, parameters):
    with pytest.raises(ContractError):
        kit.contract("scan", parameters)


# -- tests-passed ----------------------------------------------------------------------------------


def run_comes_out(kit, parameters, *runs):
    found = kit.judge("tests-passed", kit.facts(*map(kit.evidence, runs)), parameters)
    return found.status, found.code


def test_a_report_of_any_test_tool_counts(kit):
    for form in (
        DocumentFormat.JUNIT_XML,
        DocumentFormat.TRX,
        DocumentFormat.TAP,
        DocumentFormat.GO_TEST_JSON,
        DocumentFormat.CTRF,
    ):
        assert run_comes_out(kit, {}, a_run(format=form)) == (PASS, "policy.tests-passed")
    only = {"formats": ["ctrf"]}
    assert run_comes_out(kit, only, a_run()) == (FAIL, "policy.tests-format")


@pytest.mark.parametrize(
    "changes",
    [{"failed": 1, "total": 11}, {"errors": 1, "total": 11}, {"claimed_failures": 1}],
    ids=str,
)
def test_a_failure_stays_whatever_passes_besides(kit, changes):
    assert run_comes_out(kit, {}, a_run(), a_run(**changes), a_run()) == (
        FAIL,
        "policy.tests-failed",
    )


@pytest.mark.parametrize(
    ("parameters", "changes", "code"),
    [
        ({"max-skipped": 2}, {"skipped": 2, "total": 12}, "policy.tests-passed"),
        ({"max-skipped": 2}, {"skipped": 3, "total": 13}, "policy.tests-skipped"),
        ({"max-skipped": 0}, {"skipped": 1, "total": 11}, "policy.tests-skipped"),
        ({"max-skipped-percent": 20}, {"passed": 8, "skipped": 2}, "policy.tests-passed"),
        ({"max-skipped-percent": 19}, {"passed": 8, "skipped": 2}, "policy.tests-skipped"),
        ({"max-flaky": 1}, {"flaky": 1}, "policy.tests-passed"),
        ({"max-flaky": 1}, {"flaky": 2}, "policy.tests-flaky"),
        ({"min-tests": 10}, {}, "policy.tests-passed"),
        ({"min-tests": 11}, {}, "policy.tests-insufficient"),
        ({"totals": "counted"}, {"inconsistent": True}, "policy.tests-passed"),
        ({}, {"inconsistent": True}, "policy.tests-inconsistent"),
        ({}, {"properties": (("commit", "d" * 40),)}, "policy.tests-other-commit"),
        ({}, {"properties": (("git.commit", "c" * 40),)}, "policy.tests-passed"),
        ({"commit": True}, {"properties": (("commit", "C" * 40),)}, "policy.tests-passed"),
        ({"commit": True}, {}, "policy.tests-commit-unknown"),
    ],
    ids=str,
)
def test_a_run_has_to_be_as_demanded(kit, parameters, changes, code):
    assert run_comes_out(kit, parameters, a_run(**changes))[1] == code


def test_only_skipped_tests_are_no_tests(kit):
    assert run_comes_out(kit, {}, a_run(passed=0, skipped=10)) == (
        FAIL,
        "policy.tests-insufficient",
    )


def test_a_percentage_over_a_hundred_is_refused(kit):
    with pytest.raises(ContractError):
        kit.contract("tests-passed", {"max-skipped-percent": 101})


# -- coverage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "report", "code"),
    [
        ({"lines": 80}, a_coverage(), "policy.coverage-enough"),
        ({"lines": "80.01"}, a_coverage(), "policy.coverage-too-low"),
        ({"lines": 80}, a_coverage(7999, 10_000), "policy.coverage-too-low"),
        (
            {"lines": 80},
            a_coverage(declared_line_rate=Fraction(795, 1000)),
            "policy.coverage-too-low",
        ),
        ({"branches": 50}, a_coverage(), "policy.coverage-not-counted"),
        (
            {"branches": 50},
            a_coverage(branches=Covered(covered=1, total=2)),
            "policy.coverage-enough",
        ),
        (
            {"lines": 80, "branches": 51},
            a_coverage(branches=Covered(covered=1, total=2)),
            "policy.coverage-too-low",
        ),
        ({"lines": 80, "min-lines": 100}, a_coverage(), "policy.coverage-enough"),
        ({"lines": 80, "min-lines": 101}, a_coverage(), "policy.coverage-too-small"),
    ],
    ids=str,
)
def test_coverage_is_compared_exactly(kit, parameters, report, code):
    assert kit.judge("coverage", kit.facts(kit.evidence(report)), parameters).code == code


def test_the_lowest_of_several_coverage_reports_counts(kit):
    facts = kit.facts(
        kit.evidence(a_coverage(90)), kit.evidence(a_coverage(70)), kit.evidence(a_coverage(95))
    )
    found = kit.judge("coverage", facts, {"lines": 80})
    assert (found.status, "70.00 % of lines" in found.found) == (FAIL, True)


@pytest.mark.parametrize(
    "parameters", [{}, {"lines": 101}, {"lines": -1}, {"lines": "much"}, {"lines": True}], ids=str
)
def test_coverage_needs_a_floor(kit, parameters):
    with pytest.raises(ContractError):
        kit.contract("coverage", parameters)


# -- code-scanning ---------------------------------------------------------------------------------


def a_log(kit, *findings, **changes):
    return kit.scan(
        *findings,
        **{
            "format": DocumentFormat.SARIF,
            "scanners": ("CodeQL 2.19.0",),
            "targets": (),
            "database": None,
            **changes,
        },
    )


@pytest.mark.parametrize(
    ("parameters", "changes", "status"),
    [
        ({}, {"severity": Severity.HIGH}, FAIL),
        ({}, {"severity": Severity.MEDIUM}, PASS),
        ({"severity": "medium"}, {"severity": Severity.MEDIUM}, FAIL),
        ({}, {"severity": Severity.UNKNOWN}, FAIL),
        ({"unknown-severity": False}, {"severity": Severity.UNKNOWN}, PASS),
        ({}, {"state": FindingState.RESOLVED}, PASS),
        ({}, {"state": FindingState.DISMISSED}, FAIL),
        ({"suppressed": False}, {"state": FindingState.SUPPRESSED}, PASS),
        ({"kinds": ["secret"]}, {}, PASS),
        ({}, {"kind": FindingKind.SECRET, "severity": Severity.LOW}, FAIL),
        ({"secrets": False}, {"kind": FindingKind.SECRET, "severity": Severity.LOW}, PASS),
        ({}, {"kind": FindingKind.VULNERABILITY}, PASS),
        ({"at-most": 1}, {}, PASS),
        ({"at-most": 1}, {"occurrences": 2}, FAIL),
    ],
    ids=str,
)
def test_what_code_scanning_found_is_compared_with_the_threshold(kit, parameters, changes, status):
    facts = kit.facts(kit.evidence(a_log(kit, kit.weakness(**changes))))
    found = kit.judge("code-scanning", facts, parameters)
    assert found.status is status
    if status is FAIL:
        assert found.code == "policy.code-scanning-found"
        assert "py/sql-injection in app.py:3" in found.found


def test_what_was_suppressed_stays_visible(kit):
    settled = kit.weakness(state=FindingState.SUPPRESSED, state_reason="tests only")
    facts = kit.facts(kit.evidence(a_log(kit, settled)))
    found = kit.judge("code-scanning", facts, {"suppressed": False})
    assert "py/sql-injection suppressed: tests only" in found.found


def test_the_newest_report_of_a_tool_speaks(kit):
    before = kit.evidence(a_log(kit, kit.weakness(), created=kit.ago("3h")))
    after = kit.evidence(a_log(kit, created=kit.ago("2h")))
    assert kit.judge("code-scanning", kit.facts(before, after)).status is PASS
    # Handed in later, and made before: nothing was mended since.
    other = kit.evidence(a_log(kit, created=kit.ago("4h")))
    assert kit.judge("code-scanning", kit.facts(before, other)).status is FAIL


def test_a_report_that_cannot_be_relied_on_takes_nothing_back(kit):
    before = kit.evidence(a_log(kit, kit.weakness(), created=kit.ago("3h")))
    after = a_log(kit, created=kit.ago("2h"))
    broken = kit.evidence(msgspec.structs.replace(after, incomplete=("it was stopped",)))
    assert kit.judge("code-scanning", kit.facts(before, broken)).status is FAIL
    another = kit.evidence(msgspec.structs.replace(after, scanners=("Semgrep 1.9",)))
    assert kit.judge("code-scanning", kit.facts(before, another)).status is FAIL


def test_each_tool_that_is_demanded_has_to_have_reported(kit):
    codeql = kit.evidence(a_log(kit))
    wanted = {"every-tool": ["CodeQL>=2.15", "gitleaks"]}
    found = kit.judge("code-scanning", kit.facts(codeql), wanted)
    assert (found.status, found.code) == (FAIL, "policy.code-scanning-tool-missing")
    assert "gitleaks" in found.found
    leaks = kit.evidence(a_log(kit, format=DocumentFormat.GITLEAKS, scanners=("gitleaks 8.1",)))
    assert kit.judge("code-scanning", kit.facts(codeql, leaks), wanted).status is PASS


def test_the_first_of_the_demanded_tools_to_age_ends_the_pass(kit):
    codeql = kit.evidence(a_log(kit, created=kit.ago("20h")))
    leaks = kit.evidence(a_log(kit, scanners=("gitleaks 8.1",), created=kit.ago("10h")))
    parameters = {"every-tool": ["CodeQL", "gitleaks"], "max-age": "24h"}
    found = kit.judge("code-scanning", kit.facts(codeql, leaks), parameters)
    assert (found.status, found.until) == (PASS, kit.ahead("4h"))


# -- quality-gate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "changes", "code"),
    [
        ({}, {}, "policy.quality-gate-passed"),
        ({}, {"gate": GateStatus.ERROR}, "policy.quality-gate-failed"),
        ({}, {"gate": GateStatus.WARN}, "policy.quality-gate-failed"),
        ({}, {"gate": None}, "policy.quality-gate-missing"),
        ({}, {"revision": "d" * 40}, "policy.quality-gate-other-revision"),
        ({"revision": False}, {"revision": "d" * 40}, "policy.quality-gate-other-revision"),
        ({}, {"revision": None}, "policy.quality-gate-revision-unknown"),
        ({"revision": False}, {"revision": None}, "policy.quality-gate-passed"),
        ({"projects": ["acme:web"]}, {}, "policy.quality-gate-differs"),
        ({"projects": ["acme:*"]}, {}, "policy.quality-gate-passed"),
        ({"branches": ["release/*"]}, {}, "policy.quality-gate-differs"),
        ({"branches": ["main"]}, {"branch": None}, "policy.quality-gate-differs"),
    ],
    ids=str,
)
def test_a_quality_gate_is_of_the_same_revision(kit, parameters, changes, code):
    facts = kit.facts(kit.evidence(a_gate(kit, **changes)))
    assert kit.judge("quality-gate", facts, parameters).code == code


def test_the_conditions_that_do_not_hold_are_named(kit):
    condition = GateCondition(metric="new_coverage", status=GateStatus.ERROR, actual="41.2")
    gate = a_gate(kit, gate=GateStatus.ERROR, conditions=(condition,))
    assert "new_coverage 41.2" in kit.judge("quality-gate", kit.facts(kit.evidence(gate))).found


def test_a_quality_gate_ages(kit):
    for analysed, code in (
        (kit.ago("7d"), "policy.quality-gate-passed"),
        (kit.ago("8d"), "policy.quality-gate-too-old"),
        (kit.ahead("1h"), "policy.quality-gate-from-the-future"),
        (None, "policy.quality-gate-undated"),
    ):
        facts = kit.facts(kit.evidence(a_gate(kit, analysed=analysed)))
        assert kit.judge("quality-gate", facts, {"max-age": "7d"}).code == code


def test_the_newest_verdict_of_a_project_counts(kit):
    red = kit.evidence(a_gate(kit, gate=GateStatus.ERROR, analysed=kit.ago("3h")))
    green = kit.evidence(a_gate(kit))
    assert kit.judge("quality-gate", kit.facts(red, green)).status is PASS
    other = kit.evidence(a_gate(kit, project="acme:lib"))
    assert kit.judge("quality-gate", kit.facts(red, other)).status is FAIL


# -- custom-evidence -------------------------------------------------------------------------------


def test_a_document_of_a_custom_type_has_to_comply(kit):
    parameters = {"type": "pen-test"}
    facts = kit.facts(kit.evidence(an_evaluation()))
    assert kit.judge("custom-evidence", facts, parameters).status is PASS
    rule = RuleResult(id="severity", engine="jq", outcome=RuleOutcome.FAIL, message="too severe")
    facts = kit.facts(kit.evidence(an_evaluation(rules=(rule,), compliant=False)))
    found = kit.judge("custom-evidence", facts, parameters)
    assert (found.code, "too severe" in found.found) == ("policy.custom-evidence-fails", True)
    facts = kit.facts(kit.evidence(an_evaluation(name="threat-model")))
    assert kit.judge("custom-evidence", facts, parameters).status is MISSING


def test_the_version_of_the_type_is_compared_when_the_contract_names_one(kit):
    facts = kit.facts(kit.evidence(an_evaluation()))
    for parameters, code in (
        ({"versions": ["2"]}, "policy.custom-evidence-complies"),
        ({"versions": ["1", "3"]}, "policy.custom-evidence-version"),
        ({"definitions": [str(sha256(b"definition"))]}, "policy.custom-evidence-complies"),
        ({"definitions": [str(sha256(b"another"))]}, "policy.custom-evidence-definition"),
    ):
        found = kit.judge("custom-evidence", facts, {"type": "pen-test", **parameters})
        assert found.code == code


def test_the_newest_document_decides_or_every_one(kit):
    bad = an_evaluation(failure="x.y", compliant=False)
    facts = kit.facts(kit.evidence(bad), kit.evidence(an_evaluation()))
    assert kit.judge("custom-evidence", facts, {"type": "pen-test"}).status is PASS
    every = {"type": "pen-test", "decides": "every"}
    assert kit.judge("custom-evidence", facts, every).status is FAIL


def test_a_lost_evaluation_that_may_have_decided_is_an_error(kit):
    lost = kit.unreadable("ledger.blob-missing", damaged=True)
    lost = replace(lost, entry=kit.reference("evidence.evaluated"))
    good = kit.evidence(an_evaluation())
    found = kit.judge("custom-evidence", kit.facts(lost), {"type": "pen-test"})
    assert found.status is ERROR
    # The newest is there and decides; asked for every one, nobody can say.
    assert kit.judge("custom-evidence", kit.facts(lost, good), {"type": "pen-test"}).status is PASS
    every = {"type": "pen-test", "decides": "every"}
    assert kit.judge("custom-evidence", kit.facts(lost, good), every).status is ERROR
