"""TRX: what Visual Studio's test platform writes (``dotnet test --logger trx``).

The elements are those of the schema ``vstst.xsd`` that Visual Studio installs. What a result's
outcome does not say (a run that was aborted, a host that crashed) is in the summary.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml
from gatebook.formats.test_reports.report import (
    DeclaredTotals,
    Outcome,
    TestReport,
    TestReportError,
)
from gatebook.formats.test_reports.tally import Tally, count_of

__all__ = ["READER", "TrxError"]

# A test without an outcome, or with one that is not known, did not pass.
_OUTCOMES: Final = {
    "passed": Outcome.PASSED,
    "warning": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "notexecuted": Outcome.SKIPPED,
    "inconclusive": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
}
_ERRORS: Final = ("error", "timeout", "aborted", "notRunnable", "disconnected")
_BROKEN_RUNS: Final = frozenset({"error", "aborted", "timeout", "disconnected", "inprogress"})
_DURATION: Final = re.compile(
    r"(?:([0-9]{1,6})\.)?([0-9]{1,3}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)\Z", re.ASCII
)


class TrxError(TestReportError):
    """Bytes are not a TRX report."""

    code = "formats.trx"


def _recognises(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == "TestRun"


def _read(document: Document) -> TestReport:
    root = read_xml(document.data, what="TRX report")
    if root.tag != "TestRun":
        raise TrxError(f"expected the root element TestRun, found {root.tag[:40]!r}")
    tally = Tally(DocumentFormat.TRX)
    times = root.first("Times")
    tally.started(None if times is None else times.attributes.get("start"))
    classes = _classes(root)
    for results in root.all("Results"):
        for result in results.children:
            _count(result, tally, classes)
    tally.suites = len({name for name in classes.values() if name})
    summary = root.first("ResultSummary")
    if summary is None:
        # The summary is written last, when the run has ended.
        tally.incomplete("the report has no ResultSummary, so the run did not end")
    else:
        _count_summary(summary, tally)
    return tally.report()


def _classes(root: XmlElement) -> dict[str, str]:
    """The class of each test, by the test's identifier."""
    return {
        test.attributes.get("id", ""): method.attributes.get("className", "")
        for definitions in root.all("TestDefinitions")
        for test in definitions.children
        for method in test.all("TestMethod")
    }


def _count(result: XmlElement, tally: Tally, classes: dict[str, str]) -> None:
    name = result.attributes.get("testName", "")
    owner = classes.get(result.attributes.get("testId", ""), "")
    if owner and not name.startswith(owner):
        name = f"{owner}.{name}"
    written = result.attributes.get("outcome", "").lower()
    outcome = _OUTCOMES.get(written, Outcome.ERROR)
    # A test with data rows holds one result for each; it counts itself only for what they hide.
    rows = [row for inner in result.all("InnerResults") for row in inner.children]
    if rows:
        before = tally.failures
        for row in rows:
            _count(row, tally, classes)
        if outcome in {Outcome.FAILED, Outcome.ERROR} and tally.failures == before:
            tally.outside(name, outcome)
        return
    tally.case(outcome, name)
    if written == "warning":
        tally.note(f"{name[:80]} passed with a warning")
    duration = _DURATION.match(result.attributes.get("duration", ""))
    if duration is not None:
        days, hours, minutes, seconds = duration.groups()
        whole = (int(days or 0) * 24 + int(hours)) * 60 + int(minutes)
        tally.add_milliseconds((whole * 60 + float(seconds)) * 1000)


def _count_summary(summary: XmlElement, tally: Tally) -> None:
    counters = summary.first("Counters")
    if counters is not None:
        counts = {name: count_of(text) for name, text in counters.attributes.items()}
        errors = sum(counts.get(name) or 0 for name in _ERRORS)
        tally.declared = DeclaredTotals(
            total=counts.get("total"), failed=counts.get("failed"), errors=errors
        )
        tally.claimed_failures = (counts.get("failed") or 0) + errors
        aborted = counts.get("passedButRunAborted") or 0
        if aborted or counts.get("inProgress"):
            tally.incomplete("the counters say that the run was aborted")
    outcome = summary.attributes.get("outcome", "")
    reported = [
        info.text_of("Text") or "the run broke"
        for infos in summary.all("RunInfos")
        for info in infos.all("RunInfo")
        if info.attributes.get("outcome", "").lower() in {"error", "failed"}
    ]
    if outcome.lower() in _BROKEN_RUNS:
        tally.incomplete(f"the summary says {outcome}")
    # Some adapters repeat each failing test here, so these count only when nothing else failed.
    elif not tally.failures and (reported or outcome.lower() == "failed"):
        tally.outside(reported[0] if reported else "the run failed outside any test")


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="TRX report", doctype=Doctype.PASSED_OVER)
    results = list(_results(root))
    counters = next((each for each in root.walk() if each.tag == "Counters"), None)
    outcomes = Counter(each.attributes.get("outcome", "unknown").lower() for each in results)
    return {
        "counters": {} if counters is None else dict(counters.attributes),
        "outcomes": dict(outcomes),
        "results": len(results),
    }


def _results(root: XmlElement) -> Iterator[XmlElement]:
    return (each for each in root.walk() if each.tag == "UnitTestResult")


READER: Final = Reader(
    format=DocumentFormat.TRX,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
