"""TRX, NUnit and xUnit.net: a run is clean only when nothing in the report says otherwise."""

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.test_reports import nunit, trx, xunit
from gatebook.formats.test_reports.report import TestReport

TRX_NAMESPACE = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"


def trx_report(results: str, summary: str = '<ResultSummary outcome="Completed"/>') -> TestReport:
    text = f'<TestRun xmlns="{TRX_NAMESPACE}"><Results>{results}</Results>{summary}</TestRun>'
    document = Document(text.encode())
    assert trx.READER.recognises(document)
    return trx.READER.read(document)


def result(outcome: str, name: str = "a", inner: str = "") -> str:
    return (
        f'<UnitTestResult testName="{name}" outcome="{outcome}" duration="00:00:01.5">'
        f"{inner}</UnitTestResult>"
    )


def nunit3_report(inside: str, attributes: str = "") -> TestReport:
    document = Document(f'<test-run id="2" {attributes}>{inside}</test-run>'.encode())
    assert nunit.NUNIT3_READER.recognises(document)
    return nunit.NUNIT3_READER.read(document)


def nunit2_report(inside: str, attributes: str = "") -> TestReport:
    document = Document(f"<test-results {attributes}>{inside}</test-results>".encode())
    assert nunit.NUNIT2_READER.recognises(document)
    return nunit.NUNIT2_READER.read(document)


def xunit_report(inside: str, attributes: str = "") -> TestReport:
    text = f'<assemblies><assembly name="a.dll" {attributes}>{inside}</assembly></assemblies>'
    document = Document(text.encode())
    assert xunit.READER.recognises(document)
    return xunit.READER.read(document)


def test_trx_counts_results_and_their_time() -> None:
    report = trx_report(result("Passed") + result("Failed", "b") + result("NotExecuted", "c"))
    assert (report.passed, report.failed, report.skipped, report.total) == (1, 1, 1, 3)
    assert report.duration_ms == 4500
    assert report.failed_names == ("b",)


def test_trx_of_passed_results_is_clean() -> None:
    assert trx_report(result("Passed")).is_clean


@pytest.mark.parametrize(
    "outcome", ["Error", "Timeout", "Aborted", "NotRunnable", "InProgress", "Rather", ""]
)
def test_trx_outcomes_that_are_no_pass_are_errors(outcome: str) -> None:
    report = trx_report(result("Passed") + result(outcome, "b"))
    assert report.errors == 1
    assert not report.is_clean


@pytest.mark.parametrize(
    "summary",
    [
        "",
        '<ResultSummary outcome="Aborted"/>',
        '<ResultSummary outcome="Failed"/>',
        '<ResultSummary outcome="Completed"><Counters total="2" failed="1"/></ResultSummary>',
        '<ResultSummary outcome="Completed"><Counters passedButRunAborted="1"/></ResultSummary>',
        '<ResultSummary><RunInfos><RunInfo outcome="Error"/></RunInfos></ResultSummary>',
    ],
)
def test_trx_with_a_summary_that_says_otherwise_is_not_clean(summary: str) -> None:
    report = trx_report(result("Passed"), summary)
    assert report.passed == 1
    assert not report.is_clean


def test_trx_data_rows_count_instead_of_the_test_that_holds_them() -> None:
    rows = f"<InnerResults>{result('Passed', 'row 1')}{result('Failed', 'row 2')}</InnerResults>"
    report = trx_report(result("Failed", inner=rows))
    assert (report.passed, report.failed, report.total) == (1, 1, 2)
    hidden = f"<InnerResults>{result('Passed', 'row 1')}</InnerResults>"
    assert trx_report(result("Failed", inner=hidden)).failed == 1


def test_trx_counters_that_do_not_fit_are_said() -> None:
    counters = '<ResultSummary outcome="Completed"><Counters total="{}"/></ResultSummary>'
    assert not trx_report(result("Passed"), counters.format(1)).inconsistent
    assert trx_report(result("Passed"), counters.format(7)).inconsistent


def test_nunit3_counts_cases_at_any_depth() -> None:
    report = nunit3_report(
        '<test-suite name="outer"><test-suite name="inner">'
        '<test-case fullname="a" result="Passed" duration="0.5"/>'
        '<test-case fullname="b" result="Failed"/>'
        '<test-case fullname="c" result="Failed" label="Error"/>'
        '<test-case fullname="d" result="Skipped"/>'
        '<test-case fullname="e" result="Inconclusive"/>'
        '<test-case fullname="f" result="Warning"/>'
        '<test-case fullname="g" result="Skipped" label="Invalid"/>'
        "</test-suite></test-suite>",
        'start-time="2017-04-29 20:49:41Z" engine-version="3.6.1"',
    )
    assert (report.passed, report.failed, report.errors, report.skipped) == (2, 1, 2, 2)
    assert report.suites == 2
    assert report.tools == ("NUnit 3.6.1",)
    assert str(report.started) == "2017-04-29T20:49:41Z"


def test_nunit3_fixture_that_fails_around_passing_cases_is_an_error() -> None:
    case = '<test-case fullname="a" result="Passed"/>'
    assert nunit3_report(f'<test-suite result="Passed">{case}</test-suite>').is_clean
    report = nunit3_report(
        f'<test-suite fullname="F" result="Failed" site="TearDown">{case}</test-suite>'
    )
    assert report.failed_names == ("F",)
    assert not report.is_clean


def test_nunit3_failed_cases_are_not_counted_again_for_their_suites() -> None:
    case = '<test-case fullname="a" result="Failed"/>'
    report = nunit3_report(
        f'<test-suite result="Failed"><test-suite result="Failed">{case}</test-suite></test-suite>',
        'result="Failed"',
    )
    assert (report.failed, report.errors) == (1, 0)


def test_nunit3_totals_that_claim_a_failure_are_not_clean() -> None:
    report = nunit3_report('<test-case fullname="a" result="Passed"/>', 'total="1" failed="1"')
    assert report.claimed_failures == 1
    assert report.inconsistent
    assert not report.is_clean


@pytest.mark.parametrize(
    ("attributes", "outcome"),
    [
        ('executed="True" success="True"', "passed"),
        ('executed="True" success="False"', "errors"),
        ('executed="True" success="Turue"', "errors"),
        ('executed="True"', "errors"),
        ('executed="False"', "skipped"),
        ('executed="True" result="Success"', "passed"),
        ('executed="True" result="Failure"', "failed"),
        ('executed="True" result="Error"', "errors"),
        ('executed="False" result="Ignored"', "skipped"),
        ('executed="False" result="NotRunnable"', "errors"),
        ('executed="True" result="Inconclusive"', "skipped"),
        ('executed="True" result="Splendid"', "errors"),
    ],
)
def test_nunit2_cases_of_old_and_new_writers(attributes: str, outcome: str) -> None:
    report = nunit2_report(
        f'<test-suite><results><test-case name="a" {attributes}/></results></test-suite>'
    )
    assert getattr(report, outcome) == 1
    assert report.total == 1


def test_nunit2_totals_leave_out_what_did_not_run() -> None:
    cases = '<test-case name="a" result="Success"/><test-case name="b" result="Ignored"/>'
    assert not nunit2_report(cases, 'total="1" failures="0" not-run="1"').inconsistent
    assert nunit2_report(cases, 'total="5" failures="0" not-run="1"').inconsistent


def test_xunit_counts_tests_by_result() -> None:
    report = xunit_report(
        '<collection><test name="a" result="Pass" time="0.25"/><test name="b" result="Fail"/>'
        '<test name="c" result="Skip"/><test name="d" result="NotRun"/><test name="e"/>'
        "</collection>",
        'test-framework="xUnit.net 2.2" total="5" failed="1"',
    )
    assert (report.passed, report.failed, report.skipped, report.errors) == (1, 1, 2, 1)
    assert report.duration_ms == 250
    assert report.tools == ("xUnit.net 2.2",)


def test_xunit_error_outside_any_test_counts() -> None:
    passing = '<collection><test name="a" result="Pass"/></collection>'
    assert xunit_report(passing + "<errors/>").is_clean
    report = xunit_report(passing + '<errors><error name="clean-up"/></errors>')
    assert report.failed_names == ("clean-up",)
    assert not xunit_report(passing, 'errors="1"').is_clean


def test_xunit_takes_a_single_assembly_and_leaves_those_of_others() -> None:
    own = Document(
        b'<assembly name="a" test-framework="x"><class><test result="Pass"/></class></assembly>'
    )
    assert xunit.READER.recognises(own)
    assert xunit.READER.read(own).is_clean
    assert not xunit.READER.recognises(Document(b"<assembly><id>bin</id></assembly>"))
    assert not xunit.READER.recognises(
        Document(b'<assembly xmlns="urn:schemas-microsoft-com:asm.v1"/>')
    )


@pytest.mark.parametrize(
    "reader", [trx.READER, nunit.NUNIT2_READER, nunit.NUNIT3_READER, xunit.READER]
)
@pytest.mark.parametrize(
    "text",
    [
        b"<html/>",
        b"<TestRun>",
        b"<test-run><test-case></test-run>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><test-run>&x;</test-run>',
        b"<assemblies>\xff</assemblies>",
        b"<test-results>" * 300,
        b"",
    ],
)
def test_what_is_not_the_format_is_refused(reader: object, text: bytes) -> None:
    with pytest.raises(MalformedError):
        reader.read(Document(text))  # type: ignore[attr-defined]


def test_a_report_with_a_harmless_entity_is_counted_and_refused() -> None:
    text = (
        b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/hostname">]><test-results total="1">'
        b'<test-case name="a"><message>&x;</message></test-case></test-results>'
    )
    document = Document(text)
    assert nunit.NUNIT2_READER.recognises(document)
    assert nunit.NUNIT2_READER.describe(document) == {
        "declared_root": {"total": "1"},
        "testcases": 1,
    }
    with pytest.raises(MalformedError) as refusal:
        nunit.NUNIT2_READER.read(document)
    assert refusal.value.code == "formats.xml-doctype"
