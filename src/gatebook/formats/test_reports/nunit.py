"""NUnit: ``test-results`` of version 2 and ``test-run`` of version 3.

Version 3 follows *Test Result XML Format* of the NUnit documentation; version 2 has a schema in
its distribution, which its writers before 2.5 did not have: they say ``success`` and nothing else.
"""

from collections.abc import Callable
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

__all__ = ["NUNIT2_READER", "NUNIT3_READER", "NunitError"]

_ROOT2: Final = "test-results"
_ROOT3: Final = "test-run"
_DECLARED2: Final = (
    *("total", "errors", "failures", "not-run", "inconclusive", "ignored", "skipped"),
)
_DECLARED3: Final = ("testcasecount", "total", "passed", "failed", "inconclusive", "skipped")
_FAILED_SUITES: Final = frozenset({"failed", "failure", "error", "cancelled"})
_OUTCOMES2: Final = {
    "success": Outcome.PASSED,
    "failure": Outcome.FAILED,
    "ignored": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED,
    "inconclusive": Outcome.SKIPPED,
}
_OUTCOMES3: Final = {
    "passed": Outcome.PASSED,
    "warning": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "skipped": Outcome.SKIPPED,
    "inconclusive": Outcome.SKIPPED,
}
# Labels of a result that say more than its word: the test could not run, broke or was stopped.
_BROKEN_LABELS: Final = frozenset({"error", "invalid", "cancelled"})


class NunitError(TestReportError):
    """Bytes are not an NUnit report."""

    code = "formats.nunit"


def _word(element: XmlElement, name: str) -> str:
    return element.attributes.get(name, "").strip().lower()


def _outcome2(case: XmlElement) -> Outcome:
    result = _word(case, "result")
    if result:
        # Error, Cancelled, NotRunnable and whatever is not known did not pass.
        return _OUTCOMES2.get(result, Outcome.ERROR)
    if _word(case, "executed") == "false":
        return Outcome.SKIPPED
    if _word(case, "success") == "true":
        return Outcome.PASSED
    return Outcome.FAILED if case.first("failure") is not None else Outcome.ERROR


def _outcome3(case: XmlElement) -> Outcome:
    if _word(case, "label") in _BROKEN_LABELS:
        return Outcome.ERROR
    return _OUTCOMES3.get(_word(case, "result"), Outcome.ERROR)


def _count(element: XmlElement, tally: Tally, outcome_of: Callable[[XmlElement], Outcome]) -> None:
    """Count what is in an element, then what the element says that nothing in it does."""
    before = tally.failures
    for child in element.children:
        if child.tag == "test-case":
            name = child.attributes.get("fullname") or child.attributes.get("name", "")
            tally.case(outcome_of(child), name)
            if _word(child, "result") == "warning":
                tally.note(f"{name[:80]} passed with a warning")
            tally.add_seconds(child.attributes.get("duration") or child.attributes.get("time"))
        elif child.tag == "properties" and element.tag == "test-suite":
            for each in child.all("property"):
                tally.property(each.attributes.get("name"), each.attributes.get("value"))
        elif child.tag in {"test-suite", "results", "test-run", "test-results"}:
            _count(child, tally, outcome_of)
    if element.tag == "test-suite":
        tally.suites += 1
    if element.tag != "results" and tally.failures == before and _says_failed(element):
        # A fixture that cannot be made or taken down fails without any failing case.
        tally.outside(element.attributes.get("fullname") or element.attributes.get("name", ""))


def _says_failed(element: XmlElement) -> bool:
    result = _word(element, "result")
    if not result:
        return _word(element, "success") == "false"
    return result in _FAILED_SUITES or _word(element, "label") in _BROKEN_LABELS


def _read2(document: Document) -> TestReport:
    root = read_xml(document.data, what="NUnit report")
    if root.tag != _ROOT2:
        raise NunitError(f"expected the root element {_ROOT2}, found {root.tag[:40]!r}")
    tally = Tally(DocumentFormat.NUNIT2)
    _count(root, tally, _outcome2)
    environment = root.first("environment")
    if environment is not None:
        tally.tool("NUnit", environment.attributes.get("nunit-version"))
    counts = {name: count_of(root.attributes.get(name)) for name in (*_DECLARED2, "invalid")}
    failed, errors, total = counts["failures"], counts["errors"], counts["total"]
    tally.claimed_failures = (failed or 0) + (errors or 0)
    # The total of version 2 is of the tests that ran, and those that are invalid did not.
    tally.declared = DeclaredTotals(
        total=None if total is None else total + (counts["not-run"] or 0),
        failed=failed,
        errors=None if errors is None else errors + (counts["invalid"] or 0),
    )
    return tally.report()


def _read3(document: Document) -> TestReport:
    root = read_xml(document.data, what="NUnit report")
    if root.tag != _ROOT3:
        raise NunitError(f"expected the root element {_ROOT3}, found {root.tag[:40]!r}")
    tally = Tally(DocumentFormat.NUNIT3)
    _count(root, tally, _outcome3)
    tally.tool("NUnit", root.attributes.get("engine-version"))
    tally.started(root.attributes.get("start-time"))
    failed = count_of(root.attributes.get("failed"))
    tally.claimed_failures = failed or 0
    tally.declared = DeclaredTotals(total=count_of(root.attributes.get("total")), failed=failed)
    return tally.report()


def _recognises2(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == _ROOT2


def _recognises3(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == _ROOT3


def _describe(document: Document, declared: tuple[str, ...]) -> JsonObject:
    """Count also what is refused: a report with an entity still says what it is."""
    root = read_xml(document.data, what="NUnit report", doctype=Doctype.PASSED_OVER)
    return {
        "declared_root": {
            name: root.attributes[name] for name in declared if name in root.attributes
        },
        "testcases": sum(each.tag == "test-case" for each in root.walk()),
    }


def _describe2(document: Document) -> JsonObject:
    return _describe(document, _DECLARED2)


def _describe3(document: Document) -> JsonObject:
    return _describe(document, _DECLARED3)


NUNIT2_READER: Final = Reader(
    format=DocumentFormat.NUNIT2,
    family=Family.TESTS,
    recognises=_recognises2,
    read=_read2,
    describe=_describe2,
)
NUNIT3_READER: Final = Reader(
    format=DocumentFormat.NUNIT3,
    family=Family.TESTS,
    recognises=_recognises3,
    read=_read3,
    describe=_describe3,
)
