"""Test reports in JSON: what began and did not end, and what failed outside a test, is an error."""

import json
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports import ctrf, dart, go_test, jest, mocha, rspec
from gatebook.formats.test_reports.report import TestReport


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def read(reader: Reader[TestReport], content: bytes | dict[str, Any]) -> TestReport:
    document = Document(content if isinstance(content, bytes) else json.dumps(content).encode())
    assert reader.recognises(document)
    return reader.read(document)


def refused(reader: Reader[TestReport], content: bytes | dict[str, Any]) -> str:
    document = Document(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(MalformedError) as refusal:
        reader.read(document)
    return refusal.value.code


# --- go test -json

RUN = {"Action": "run", "Package": "p", "Test": "TestA", "Time": "2026-01-02T03:04:05Z"}
PASS = {"Action": "pass", "Package": "p", "Test": "TestA"}
END = {"Action": "pass", "Package": "p", "Elapsed": 1.5}


def go(*events: dict[str, Any]) -> TestReport:
    return read(go_test.READER, lines(*events))


def test_go_run_that_passed_is_clean() -> None:
    report = go({"Action": "start", "Package": "p"}, RUN, PASS, END)
    assert report.is_clean
    assert report.passed_names == ("p.TestA",)
    assert (report.suites, report.duration_ms) == (1, 1500)
    assert str(report.started) == "2026-01-02T03:04:05Z"


def test_go_counts_tests_and_subtests() -> None:
    report = go(
        RUN,
        {**RUN, "Test": "TestA/x"},
        {**PASS, "Test": "TestA/x", "Action": "fail"},
        {**PASS, "Action": "fail"},
        {**RUN, "Test": "TestB"},
        {**PASS, "Test": "TestB", "Action": "skip"},
        {**END, "Action": "fail"},
    )
    assert (report.failed, report.skipped, report.errors) == (2, 1, 0)


@pytest.mark.parametrize(
    "events",
    [
        (RUN, PASS),  # the package did not end
        (RUN, END),  # the test did not end, as when os.Exit(0) was called
        ({**RUN, "Test": "TestB"}, RUN, PASS, {**END, "Action": "fail"}),
        (RUN, PASS, {**END, "Action": "fail"}),  # TestMain failed
        (RUN, PASS, {**END, "Action": "fail", "FailedBuild": "q [q.test]"}),
        (RUN, PASS, END, {"Action": "build-fail", "ImportPath": "q"}),
        (RUN, PASS, END, {"Action": "start", "Package": "q"}),
    ],
)
def test_go_run_that_broke_outside_a_test_is_not_clean(events: tuple[dict[str, Any], ...]) -> None:
    report = go(*events)
    assert report.passed <= 1
    assert report.errors >= 1
    assert not report.is_clean


def test_go_build_failure_alone_is_an_error() -> None:
    report = go(
        {"Action": "build-output", "ImportPath": "q", "Output": "syntax error\n"},
        {"Action": "build-fail", "ImportPath": "q"},
        {"Action": "fail", "Package": "q", "FailedBuild": "q"},
    )
    assert report.errors == 2
    assert report.total == 2


def test_go_packages_without_tests_are_no_tests() -> None:
    report = go({"Action": "skip", "Package": "p"})
    assert report.total == 0
    assert not report.is_clean


def test_go_benchmark_of_a_package_that_passed_has_no_end_of_its_own() -> None:
    assert go({**RUN, "Test": "BenchmarkA"}, END).is_clean
    assert not go({**RUN, "Test": "BenchmarkA"}, {**END, "Action": "fail"}).is_clean


@pytest.mark.parametrize(
    "content",
    [
        lines(RUN, {"Action": "explode", "Package": "p"}),
        lines(RUN) + b"FAIL p [build failed]\n",
        lines(RUN) + b'{"Action":"pa',
        lines(RUN, {"Package": "p"}),
        lines(RUN, {"Action": 5}),
        lines(RUN, {"Action": "run", "Package": 1}),
        lines(RUN) + b'{"Action":"run","Action":"pass","Package":"p"}\n',
        lines(RUN) + b"[]\n",
    ],
)
def test_go_stream_with_a_line_that_is_no_event_is_refused(content: bytes) -> None:
    assert refused(go_test.READER, content) == "formats.go-test"


def test_go_counts_documents() -> None:
    assert go_test.READER.describe(Document(lines(RUN, PASS, END) + b"\n")) == {"docs": 3}


# --- Dart

START = {"protocolVersion": "0.1.1", "runnerVersion": "1.2", "type": "start", "time": 0}
BEGAN = {"type": "testStart", "test": {"id": 1, "name": "adds"}, "time": 10}
DONE = {"type": "testDone", "testID": 1, "result": "success", "hidden": False, "time": 25}
FINISHED = {"type": "done", "success": True, "time": 30}


def test_dart_run_that_passed_is_clean() -> None:
    report = read(dart.READER, lines(START, {"type": "suite", "time": 1}, BEGAN, DONE, FINISHED))
    assert report.is_clean
    assert (report.passed_names, report.suites, report.duration_ms) == (("adds",), 1, 15)


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        ({"result": "failure"}, "failed"),
        ({"result": "error"}, "errors"),
        ({"result": "unheard"}, "errors"),
        ({"skipped": True}, "skipped"),
        ({"hidden": True, "result": "error"}, "errors"),
    ],
)
def test_dart_results(done: dict[str, Any], outcome: str) -> None:
    report = read(dart.READER, lines(START, BEGAN, {**DONE, **done}, FINISHED))
    assert getattr(report, outcome) == 1
    assert not report.is_clean


def test_dart_loading_of_a_file_is_no_test() -> None:
    assert read(dart.READER, lines(START, BEGAN, {**DONE, "hidden": True}, FINISHED)).total == 0


@pytest.mark.parametrize(
    "events",
    [
        (START, BEGAN, DONE),
        (START, BEGAN, DONE, {**FINISHED, "success": None}),
        (START, BEGAN, DONE, {**FINISHED, "success": False}),
        (START, BEGAN, DONE, {**BEGAN, "test": {"id": 2, "name": "hangs"}}, FINISHED),
    ],
)
def test_dart_run_that_did_not_end_is_not_clean(events: tuple[dict[str, Any], ...]) -> None:
    report = read(dart.READER, lines(*events))
    assert report.passed == 1
    assert not report.is_clean


def test_dart_test_that_ends_without_beginning_is_refused() -> None:
    assert refused(dart.READER, lines(START, DONE)) == "formats.dart-test"


def test_flutters_own_events_are_passed_over() -> None:
    content = lines(START) + b'[{"event":"test.startedProcess"}]\n' + lines(BEGAN, DONE, FINISHED)
    assert read(dart.READER, content).is_clean
    assert dart.READER.describe(Document(content)) == {"docs": 5}


# --- Mocha


def mocha_report(**changes: Any) -> dict[str, Any]:
    test = {"title": "adds", "fullTitle": "maths adds", "duration": 3, "currentRetry": 0, "err": {}}
    return {
        "stats": {"suites": 1, "tests": 1, "passes": 1, "pending": 0, "failures": 0},
        "tests": [test],
        "passes": [test],
        "pending": [],
        "failures": [],
    } | changes


def test_mocha_run_that_passed_is_clean() -> None:
    report = read(mocha.READER, mocha_report())
    assert report.is_clean
    assert report.passed_names == ("maths adds",)
    assert report.duration_ms == 3


def test_mocha_hook_that_failed_is_a_failure_though_no_test() -> None:
    report = read(mocha.READER, mocha_report(failures=[{"title": '"before all" hook'}]))
    assert (report.passed, report.failed) == (1, 1)


def test_mocha_test_in_no_list_did_not_end() -> None:
    report = read(mocha.READER, mocha_report(passes=[], pending=[{"title": "other"}]))
    assert (report.skipped, report.errors) == (1, 1)


def test_mocha_retried_test_is_flaky() -> None:
    retried = {"title": "adds", "currentRetry": 2}
    report = read(mocha.READER, mocha_report(tests=[retried], passes=[retried]))
    assert (report.passed, report.flaky) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"passes": None},
        {"failures": 3},
        {"passes": ["adds"]},
        {"stats": {"passes": 1, "failures": "0"}},
        {"stats": {"passes": 1, "failures": -1}},
    ],
)
def test_mocha_report_of_wrong_types_is_refused(changes: dict[str, Any]) -> None:
    assert refused(mocha.READER, mocha_report(**changes)) == "formats.mocha"


# --- RSpec


def rspec_report(status: str = "passed", **summary: Any) -> dict[str, Any]:
    counts = {"example_count": 1, "failure_count": 0, "pending_count": 0} | summary
    example = {"full_description": "adds", "status": status, "run_time": 0.5, "file_path": "a.rb"}
    return {"version": "3.13.0", "examples": [example], "summary": counts}


def test_rspec_run_that_passed_is_clean() -> None:
    report = read(rspec.READER, rspec_report())
    assert report.is_clean
    assert (report.tools, report.duration_ms) == (("RSpec 3.13.0",), 500)


def test_rspec_errors_outside_of_examples_are_not_clean() -> None:
    report = read(rspec.READER, rspec_report(errors_outside_of_examples_count=2))
    assert (report.passed, report.errors) == (1, 2)


@pytest.mark.parametrize(
    ("status", "outcome"), [("failed", "failed"), ("pending", "skipped"), ("odd", "errors")]
)
def test_rspec_statuses(status: str, outcome: str) -> None:
    assert getattr(read(rspec.READER, rspec_report(status)), outcome) == 1


def test_rspec_totals_are_compared() -> None:
    assert not read(rspec.READER, rspec_report()).inconsistent
    assert read(rspec.READER, rspec_report(example_count=9)).inconsistent
    assert refused(rspec.READER, rspec_report(example_count="1")) == "formats.rspec"


# --- Jest and Vitest


def jest_report(status: str = "passed", suite: str = "passed", **changes: Any) -> dict[str, Any]:
    assertion = {"fullName": "adds", "status": status, "duration": 4, "invocations": 1}
    return {
        "numTotalTests": 1,
        "numPassedTests": 1,
        "numFailedTests": 0,
        "success": True,
        "startTime": 1_700_000_000_000,
        "testResults": [{"name": "a.js", "status": suite, "assertionResults": [assertion]}],
    } | changes


def test_jest_run_that_passed_is_clean() -> None:
    report = read(jest.READER, jest_report())
    assert report.is_clean
    assert str(report.started) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    "report",
    [
        jest_report("failed"),
        jest_report("novel"),
        jest_report(suite="failed"),
        jest_report(success=False),
        jest_report(wasInterrupted=True),
        jest_report(numFailedTests=1),
        jest_report(numRuntimeErrorTestSuites=1),
        jest_report("todo"),
    ],
)
def test_jest_run_that_did_not_pass_is_not_clean(report: dict[str, Any]) -> None:
    assert not read(jest.READER, report).is_clean


def test_jest_names_its_keys_as_an_unknown_document_would() -> None:
    described = jest.READER.describe(Document(json.dumps(jest_report()).encode()))
    assert described["keys"] == sorted(jest_report())[:8]


# --- CTRF


def ctrf_report(status: str = "passed", **test: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("passed", "failed", "skipped", "pending", "other"), 0)
    counts[status if status in counts else "other"] = 1
    return {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "results": {
            "tool": {"name": "runner", "version": "2"},
            "summary": {
                "tests": 1,
                **counts,
                "start": 1_700_000_000_000,
                "stop": 1_700_000_000_100,
            },
            "tests": [{"name": "adds", "status": status, "duration": 100, **test}],
            "environment": {"commit": "abc"},
        },
    }


def test_ctrf_run_that_passed_is_clean_and_says_its_commit() -> None:
    report = read(ctrf.READER, ctrf_report())
    assert report.is_clean
    assert report.properties == (("commit", "abc"),)
    assert (report.tools, report.duration_ms) == (("runner 2",), 100)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("failed", "failed"), ("skipped", "skipped"), ("pending", "skipped"), ("other", "errors")],
)
def test_ctrf_statuses(status: str, outcome: str) -> None:
    report = read(ctrf.READER, ctrf_report(status))
    assert getattr(report, outcome) == 1
    assert not report.is_clean


def test_ctrf_test_that_passed_after_failing_is_flaky() -> None:
    attempts = [{"attempt": 1, "status": "failed"}, {"attempt": 2, "status": "passed"}]
    report = read(ctrf.READER, ctrf_report(retryAttempts=attempts))
    assert (report.passed, report.flaky) == (1, 1)
    assert read(ctrf.READER, ctrf_report(flaky=True)).flaky == 1


def test_ctrf_reports_of_early_writers_are_read_and_are_not_valid() -> None:
    early = ctrf_report()
    del early["specVersion"], early["reportFormat"]
    early["results"]["tests"][0]["duration"] = 12.5
    assert read(ctrf.READER, early).is_clean
    check = ctrf.READER.check
    assert check is not None
    with pytest.raises(MalformedError) as refusal:
        check(Document(json.dumps(early).encode()))
    assert refusal.value.code == "formats.ctrf-schema"
    check(Document(json.dumps(ctrf_report()).encode()))


@pytest.mark.parametrize(
    "place", [("results", "tool"), ("results", "summary"), ("results", "tests"), ("results",)]
)
@pytest.mark.parametrize("value", [None, 5, "x", [5]])
def test_ctrf_report_of_wrong_types_is_refused(place: tuple[str, ...], value: object) -> None:
    report = ctrf_report()
    inner = report
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert refused(ctrf.READER, report) == "formats.ctrf"


@pytest.mark.parametrize(
    ("test", "valid"),
    [
        ({"labels": {"a": 1, "b": ["x", True]}}, True),
        ({"labels": {"a": []}}, False),
        ({"labels": {"a": None}}, False),
        ({"suite": ["a"]}, True),
        ({"suite": []}, False),
        ({"suite": "a"}, False),
        ({"steps": [{"name": "s", "status": "passed"}]}, True),
        ({"steps": ["s"]}, False),
        ({"duration": 5.0}, True),
        ({"duration": 5.5}, False),
        ({"duration": True}, False),
        ({"insights": {"passRate": {"change": 0.5}}}, True),
        ({"insights": {"passRate": {"change": "up"}}}, False),
        ({"own": 1}, False),
    ],
)
def test_ctrf_form_is_compared_to_the_last_field(
    test: dict[str, Any],
    valid: bool,  # noqa: FBT001  # pytest passes parameters by name
) -> None:
    check = ctrf.READER.check
    assert check is not None
    document = Document(json.dumps(ctrf_report(**test)).encode())
    if valid:
        check(document)
        return
    with pytest.raises(MalformedError) as refusal:
        check(document)
    assert refusal.value.code == "formats.ctrf-schema"


def test_ctrf_status_that_is_not_known_is_refused() -> None:
    assert refused(ctrf.READER, ctrf_report("splendid")) == "formats.ctrf"


@pytest.mark.parametrize("reader", [mocha.READER, rspec.READER, jest.READER, ctrf.READER])
@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"", b"{", b"[" * 5000, b'{"a":1,"a":2}', b'"\xff"', b"null"]
)
def test_what_is_not_the_format_is_refused(reader: Reader[TestReport], content: bytes) -> None:
    with pytest.raises(MalformedError):
        reader.read(Document(content))
