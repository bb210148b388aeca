"""The JSON of ``jest --json`` and ``vitest --reporter=json``: a result for each file of tests.

A file that could not be run has no assertions and says so in its status alone.
"""

from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.report import (
    DeclaredTotals,
    Outcome,
    TestReport,
    TestReportError,
)
from gatebook.formats.test_reports.tally import Tally, number_of

__all__ = ["READER", "JestError"]

_STATUSES: Final = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "pending": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED,
    "todo": Outcome.SKIPPED,
    "disabled": Outcome.SKIPPED,
}
_TOTALS: Final = ("numTotalTests", "numPassedTests", "numFailedTests", "numPendingTests")
_MAX_KEYS: Final = 8


class JestError(TestReportError):
    """JSON is not what Jest's JSON reporter writes."""

    code = "formats.jest"


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and "numTotalTests" in root and "testResults" in root


def _read(document: Document) -> TestReport:
    report = Fields.of(document.root, what="Jest report", code=JestError.code)
    if not report.has("testResults"):
        raise report.refuse("the list 'testResults' is required")
    tally = Tally(DocumentFormat.JEST_JSON)
    for suite in report.objects("testResults"):
        _count(suite, tally)
    if report.has("startTime"):
        start = report.values["startTime"]
        if isinstance(start, int | float) and not isinstance(start, bool) and 0 <= start < 1e13:  # noqa: PLR2004  # the year 2286
            tally.started_at(int(start))
    if report.values.get("wasInterrupted") is True:
        tally.incomplete("the run was interrupted")
    if report.values.get("success") is False and not tally.failures:
        tally.outside("the run failed outside any test")
    failed = number_of(report, "numFailedTests")
    broken = "numRuntimeErrorTestSuites"
    tally.claimed_failures = failed + (number_of(report, broken) if report.has(broken) else 0)
    tally.declared = DeclaredTotals(total=number_of(report, "numTotalTests"), failed=failed)
    return tally.report()


def _count(suite: Fields, tally: Tally) -> None:
    tally.suites += 1
    path = suite.optional_text("name") or "a file of tests"
    before = tally.failures
    for assertion in suite.objects("assertionResults"):
        name = assertion.optional_text("fullName") or assertion.optional_text("title") or ""
        # Jest counts how often it called a test that is retried.
        attempts = assertion.values.get("invocations")
        retried = isinstance(attempts, int) and attempts > 1
        tally.case(
            _STATUSES.get(assertion.text("status"), Outcome.ERROR),
            name,
            flaky=retried,
        )
        duration = assertion.values.get("duration")
        if isinstance(duration, int | float) and not isinstance(duration, bool):
            tally.add_milliseconds(duration)
    if suite.optional_text("status") == "failed" and tally.failures == before:
        tally.outside(path)


def _describe(document: Document) -> JsonObject:
    root = document.root or {}
    return {
        "keys": list(sorted(root)[:_MAX_KEYS]),
        "summary": {name: root[name] for name in _TOTALS if name in root},
    }


READER: Final = Reader(
    format=DocumentFormat.JEST_JSON,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
