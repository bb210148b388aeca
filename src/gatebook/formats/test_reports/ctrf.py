"""CTRF, the Common Test Report Format, and the normative suites of documents that it is tested by.

Follows the *CTRF Specification*. Reading is as strict as the counts need and takes the reports of
early writers (no ``specVersion``, times with fractions); :func:`_check` compares the whole form.
"""

from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.ctrf_shape import check_shape
from gatebook.formats.test_reports.report import (
    DeclaredTotals,
    Outcome,
    TestReport,
    TestReportError,
)
from gatebook.formats.test_reports.tally import Tally, number_of

__all__ = ["NORMATIVE_SUITE_READER", "READER", "CtrfError"]

# ``other`` is what fits no other status (interrupted, timed out): it did not pass.
_STATUSES: Final = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "skipped": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
    "other": Outcome.ERROR,
}
_PARTS: Final = frozenset({"tool", "summary", "tests"})
_LAST_MILLISECOND: Final = 10**13


class CtrfError(TestReportError):
    """JSON is not a CTRF report."""

    code = "formats.ctrf"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None:
        return False
    results = root.get("results")
    return root.get("reportFormat") == "CTRF" or (
        isinstance(results, dict) and results.keys() >= _PARTS
    )


def _read(document: Document) -> TestReport:
    report = Fields.of(document.root, what="CTRF report", code=CtrfError.code)
    if report.has("reportFormat") and report.text("reportFormat") != "CTRF":
        raise report.refuse("'reportFormat' must be 'CTRF'")
    results = report.object("results")
    summary = results.object("summary")
    if not results.has("tests"):
        raise results.refuse("the list 'tests' is required")
    tally = Tally(DocumentFormat.CTRF)
    tool = results.object("tool")
    tally.tool(tool.text("name"), tool.optional_text("version"))
    for test in results.objects("tests"):
        _count(test, tally)
    environment = results.optional_object("environment")
    for name, value in ({} if environment is None else environment.values).items():
        tally.property(name, value if isinstance(value, str) else None)
    if summary.has("suites"):
        tally.suites = number_of(summary, "suites")
    start = summary.values.get("start")
    if type(start) is int and 0 < start < _LAST_MILLISECOND:
        tally.started_at(start)
    failed, other = number_of(summary, "failed"), number_of(summary, "other")
    tally.claimed_failures = failed + other
    tally.declared = DeclaredTotals(
        total=number_of(summary, "tests"),
        failed=failed,
        errors=other,
        skipped=number_of(summary, "skipped") + number_of(summary, "pending"),
    )
    return tally.report()


def _count(test: Fields, tally: Tally) -> None:
    status = test.text("status")
    outcome = _STATUSES.get(status)
    if outcome is None:
        raise test.refuse(f"the status {status[:40]!r} is not known")
    suite = test.values.get("suite")
    path = [part for part in suite if isinstance(part, str)] if isinstance(suite, list) else []
    attempts = [attempt.text("status") for attempt in test.objects("retryAttempts")]
    flaky = test.values.get("flaky") is True or "failed" in attempts
    tally.case(outcome, " > ".join([*path, test.text("name")]), flaky=flaky)
    duration = test.values.get("duration")
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        tally.add_milliseconds(duration)


def _check(document: Document) -> None:
    check_shape(document.root, code="formats.ctrf-schema")


def _describe(document: Document) -> JsonObject:
    results = (document.root or {}).get("results")
    if not isinstance(results, dict):
        raise CtrfError("the report has no results")
    summary, tests = results.get("summary"), results.get("tests")
    return {
        "summary": summary if isinstance(summary, dict) else {},
        "tests": len(tests) if isinstance(tests, list) else 0,
    }


def _recognises_suite(document: Document) -> bool:
    root = document.root
    if root is None:
        return False
    target, cases = root.get("target"), root.get("tests")
    return (
        isinstance(target, str)
        and "ctrf" in target
        and isinstance(cases, list)
        and all(isinstance(case, dict) and "valid" in case for case in cases)
    )


def _read_suite(_: Document) -> TestReport:
    raise CtrfError(
        "the document is a suite of test data for readers of CTRF, not a test report",
        code="formats.ctrf-normative-suite",
    )


def _describe_suite(document: Document) -> JsonObject:
    cases = (document.root or {}).get("tests")
    return {"cases": len(cases) if isinstance(cases, list) else 0}


READER: Final = Reader(
    format=DocumentFormat.CTRF,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
    check=_check,
)
NORMATIVE_SUITE_READER: Final = Reader(
    format=DocumentFormat.CTRF_NORMATIVE_SUITE,
    family=Family.TESTS,
    recognises=_recognises_suite,
    read=_read_suite,
    describe=_describe_suite,
)
