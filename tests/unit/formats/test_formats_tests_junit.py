"""JUnit XML: cases are counted, headers are not believed, and broken reports are refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.test_reports.junit import read_junit
from gatebook.formats.test_reports.report import MAX_FAILED_NAMES

REPORT = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="1" errors="1">
  <testsuite name="outer">
    <testcase classname="api" name="works" time="0.25"/>
    <testcase classname="api" name="fails" time="1,000.5"><failure>no</failure></testcase>
    <testsuite name="inner">
      <testcase name="breaks"><failure/><error/></testcase>
      <testcase name="rests"><skipped/></testcase>
      <testcase name="retried"><flakyFailure/><rerunFailure/><system-out>x</system-out></testcase>
    </testsuite>
  </testsuite>
</testsuites>
"""


def test_cases_are_counted_by_their_worst_child() -> None:
    report = read_junit(REPORT)
    assert (report.total, report.passed, report.failed, report.errors, report.skipped) == (
        *(5, 2, 1, 1, 1),
    )
    assert report.suites == 2
    assert report.duration_ms == 1_000_750
    assert report.failed_names == ("api.fails", "breaks")
    assert report.notes == ()
    assert not report.is_clean


def test_a_header_that_claims_something_else_is_noted_and_not_believed() -> None:
    report = read_junit(b'<testsuite tests="9" failures="0"><testcase name="a"/></testsuite>')
    assert (report.total, report.passed) == (1, 1)
    assert len(report.notes) == 1
    assert "claims 9 tests, 1 were found" in report.notes[0]
    assert report.is_clean


def test_a_report_that_claims_a_failure_is_not_clean_though_none_is_found() -> None:
    report = read_junit(b'<testsuite failures="1"><testcase name="a"/></testsuite>')
    assert report.failed == 0
    assert report.claimed_failures == 1
    assert not report.is_clean


@pytest.mark.parametrize("root", [b"<testsuites/>", b"<testsuite tests='0'/>"])
def test_a_report_of_nothing_is_readable_and_not_clean(root: bytes) -> None:
    report = read_junit(root)
    assert report.total == 0
    assert not report.is_clean


def test_skipped_tests_alone_are_not_clean() -> None:
    report = read_junit(b"<testsuite><testcase name='a'><skipped/></testcase></testsuite>")
    assert report.skipped == 1
    assert not report.is_clean


@pytest.mark.parametrize(
    ("attribute", "outcome"),
    [
        (b"status='disabled'", "skipped"),
        (b"status='notrun'", "skipped"),
        (b"status='failed'", "failed"),
        (b"result='errored'", "errors"),
        (b"status='run' result='completed'", "passed"),
    ],
)
def test_a_case_without_children_counts_by_its_status(attribute: bytes, outcome: str) -> None:
    report = read_junit(b"<testsuite><testcase name='a' " + attribute + b"/></testsuite>")
    assert getattr(report, outcome) == 1
    assert report.total == 1


def test_a_suite_that_breaks_outside_any_case_counts() -> None:
    report = read_junit(b"<testsuite name='db'><testcase name='a'/><error/></testsuite>")
    assert (report.total, report.passed, report.errors) == (2, 1, 1)
    assert report.failed_names == ("db",)


def test_an_element_deeper_inside_a_case_is_not_its_outcome() -> None:
    report = read_junit(
        b"<testsuite><testcase name='a'><system-out><failure/><testcase/></system-out></testcase>"
        b"</testsuite>"
    )
    assert (report.total, report.passed) == (1, 1)


def test_failed_names_are_bounded_and_the_count_is_complete() -> None:
    case = b"<testcase name='a'><failure/></testcase>"
    report = read_junit(b"<testsuite>" + case * 500 + b"</testsuite>")
    assert report.failed == 500
    assert len(report.failed_names) == MAX_FAILED_NAMES


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "1e99", "soon", ""])
def test_a_time_that_is_no_number_of_seconds_is_noted(time: str) -> None:
    report = read_junit(f"<testsuite><testcase name='a' time='{time}'/></testsuite>".encode())
    assert report.passed == 1
    assert report.duration_ms is None or report.duration_ms >= 0


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no xml",
        b"<html/>",
        b"<testsuite>",
        REPORT[:-5],
        REPORT + REPORT,
        b"<testsuite><testcase name='a<b'/></testsuite>",
        b"<testsuite><testcase name='\x01'/></testsuite>",
        b"<testsuite><testcase name='&x;'/></testsuite>",
        b'<!DOCTYPE t [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>',
        b"<!DOCTYPE testsuite SYSTEM 'file:///etc/hostname'><testsuite/>",
        b"<?xml version='1.0' encoding='utf-99'?><testsuite/>",
        b"<?xml version='1.0' encoding='utf-7'?><testsuite/>",
        b"<testsuite>\xff</testsuite>",
        b"<testsuite>" * 65 + b"</testsuite>" * 65,
        b"<a>" * 200_000,
    ],
)
def test_a_broken_or_dangerous_report_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_junit(document)
    assert refusal.value.code == "formats.junit"


@settings(max_examples=150)
@given(place=st.integers(0, len(REPORT) - 1), value=st.binary(min_size=1, max_size=4))
def test_changed_bytes_give_a_report_that_adds_up_or_an_error_of_ours(
    place: int, value: bytes
) -> None:
    try:
        report = read_junit(REPORT[:place] + value + REPORT[place + len(value) :])
    except GatebookError:
        return
    assert report.total == report.passed + report.failed + report.errors + report.skipped


def test_counts_of_real_reports(vectors: Path) -> None:
    files = canonical.loads((vectors / "sbom/expected.json").read_bytes())["files"]
    wrong: list[str] = []
    read = 0
    for name, expected in files.items():
        if "tests/junit/" not in name:
            continue
        data = (vectors / "sbom" / name).read_bytes()
        try:
            report = read_junit(data)
        except MalformedError:
            if expected["format"] != "unparseable":
                wrong.append(name)
            continue
        read += 1
        elements = expected["by_element"]
        # The expected counts look at elements only; a case that says status='disabled' did not run.
        disabled = data.count(b"status='disabled'")
        if (report.passed, report.failed, report.errors, report.skipped, report.suites) != (
            elements.get("passed", 0) - disabled,
            elements.get("failure", 0),
            elements.get("error", 0),
            elements.get("skipped", 0) + disabled,
            expected["testsuites"],
        ):
            wrong.append(f"{name}: {report}")
    assert wrong == []
    assert read > 20


def test_verdicts_on_reports_of_other_tools(vectors: Path) -> None:
    reports = {
        path.stem: path.read_bytes() for path in sorted((vectors / "kosli/junit").glob("*.xml"))
    }
    pytest_report = read_junit(reports["pytest-report"])
    assert (pytest_report.total, pytest_report.skipped) == (570, 6)
    assert pytest_report.is_clean
    vitest = read_junit(reports["vitest-timestamps"])
    assert (vitest.suites, vitest.total) == (2, 5)
    assert vitest.is_clean
    chainloop = read_junit(reports["chainloop-junit"])
    assert (chainloop.suites, chainloop.failed) == (3, 1)
    assert not chainloop.is_clean
    with pytest.raises(MalformedError):
        read_junit(reports["chainloop-junit-invalid"])


def test_attempts_before_one_that_passed_are_flaky() -> None:
    report = read_junit(
        b"<testsuite><testcase name='a'><flakyFailure/></testcase><testcase name='b'/>"
        b"<testcase name='c'><failure/><rerunFailure/></testcase></testsuite>"
    )
    assert (report.passed, report.flaky, report.failed) == (2, 1, 1)


def test_a_repeated_case_counts_each_time_and_is_said_to_be_mixed() -> None:
    report = read_junit(
        b"<testsuite><testcase name='a'><failure/></testcase><testcase name='a'/>"
        b"<testcase><failure/></testcase><testcase/></testsuite>"
    )
    assert (report.passed, report.failed, report.mixed) == (2, 2, 1)
    assert not report.is_clean


@pytest.mark.parametrize(
    ("attributes", "inconsistent"),
    [
        (b"", False),
        (b"tests='4' failures='1' errors='0'", False),
        (b"tests='3' failures='1'", False),  # the one that did not run is left out
        (b"tests='9'", True),
        (b"tests='4' failures='2' errors='1'", True),
        (b"tests='4' failures='0'", True),
    ],
)
def test_totals_of_the_root_are_compared_with_what_was_counted(
    attributes: bytes,
    inconsistent: bool,  # noqa: FBT001  # pytest passes parameters by name
) -> None:
    report = read_junit(
        b"<testsuites " + attributes + b"><testsuite><testcase name='a'/><testcase name='b'/>"
        b"<testcase name='c'><failure/></testcase><testcase name='d'><skipped/></testcase>"
        b"</testsuite></testsuites>"
    )
    assert report.inconsistent is inconsistent


def test_totals_of_suites_stand_for_those_the_root_does_not_claim() -> None:
    report = read_junit(
        b"<testsuites><testsuite tests='1'><testcase name='a'/></testsuite>"
        b"<testsuite tests='5'><testcase name='b'/></testsuite></testsuites>"
    )
    assert report.declared is not None
    assert report.declared.total == 6
    assert report.inconsistent


def test_what_a_report_says_of_its_run_is_kept() -> None:
    report = read_junit(
        b"<testsuites><testsuite timestamp='2026-01-02T03:04:05Z'><properties>"
        b"<property name='commit' value='abc'/><property name='commit' value='def'/></properties>"
        b"<testcase name='a'><properties><property name='own' value='x'/></properties></testcase>"
        b"</testsuite><testsuite timestamp='2026-01-01T00:00:00+01:00'/>"
        b"<testsuite timestamp='2020-01-01T00:00:00'/></testsuites>"
    )
    assert report.properties == (("commit", "abc"),)
    assert str(report.started) == "2025-12-31T23:00:00Z"
