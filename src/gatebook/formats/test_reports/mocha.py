"""Mocha's JSON reporter: statistics, and every test in the list of what became of it.

A failing hook is in ``failures`` and in no other list. A test that is in none of the lists of
outcomes did not end.
"""

from collections import Counter
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

__all__ = ["READER", "MochaError"]

_LISTS: Final = {
    "passes": Outcome.PASSED,
    "failures": Outcome.FAILED,
    "pending": Outcome.SKIPPED,
}
_STATISTICS: Final = ("failures", "passes", "pending", "tests")


class MochaError(TestReportError):
    """JSON is not what Mocha's JSON reporter writes."""

    code = "formats.mocha"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("tests"), list):
        return False
    statistics = root.get("stats")
    return isinstance(statistics, dict) and {"passes", "failures"} <= statistics.keys()


def _read(document: Document) -> TestReport:
    report = Fields.of(document.root, what="Mocha report", code=MochaError.code)
    statistics = report.object("stats")
    tally = Tally(DocumentFormat.MOCHA_JSON)
    missing = [name for name in (*_LISTS, "tests") if not report.has(name)]
    if missing:
        raise report.refuse(f"the list {missing[0]!r} is required")
    seen: Counter[str] = Counter()
    for name, outcome in _LISTS.items():
        for test in report.objects(name):
            title = test.optional_text("fullTitle") or test.optional_text("title") or ""
            seen[title] += 1
            retried = bool(test.values.get("currentRetry"))
            tally.case(outcome, title, flaky=retried and outcome is Outcome.PASSED)
            if test.has("duration"):
                tally.add_milliseconds(number_of(test, "duration"))
    for test in report.objects("tests"):
        title = test.optional_text("fullTitle") or test.optional_text("title") or ""
        if seen[title]:
            seen[title] -= 1
        else:
            tally.incomplete(f"{title or 'a test'} is in no list of outcomes")
    tally.suites = number_of(statistics, "suites") if statistics.has("suites") else 0
    tally.started(statistics.optional_text("start"))
    failures = number_of(statistics, "failures")
    tally.claimed_failures = failures
    tally.declared = DeclaredTotals(
        # Failing hooks are no tests, but failures.
        total=None,
        failed=failures,
        skipped=number_of(statistics, "pending") if statistics.has("pending") else None,
    )
    return tally.report()


def _describe(document: Document) -> JsonObject:
    root = document.root or {}
    statistics = root.get("stats")
    if not isinstance(statistics, dict):
        raise MochaError("the report has no statistics")
    return {"stats": {name: statistics[name] for name in _STATISTICS if name in statistics}}


READER: Final = Reader(
    format=DocumentFormat.MOCHA_JSON,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
