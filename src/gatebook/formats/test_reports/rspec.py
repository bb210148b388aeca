"""RSpec's JSON formatter: examples with a status, and a summary."""

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

__all__ = ["READER", "RspecError"]

_STATUSES: Final = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "pending": Outcome.SKIPPED,
}


class RspecError(TestReportError):
    """JSON is not what RSpec's JSON formatter writes."""

    code = "formats.rspec"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("examples"), list):
        return False
    summary = root.get("summary")
    return isinstance(summary, dict) and "example_count" in summary


def _read(document: Document) -> TestReport:
    report = Fields.of(document.root, what="RSpec report", code=RspecError.code)
    summary = report.object("summary")
    if not report.has("examples"):
        raise report.refuse("the list 'examples' is required")
    tally = Tally(DocumentFormat.RSPEC_JSON)
    tally.tool("RSpec", report.optional_text("version"))
    files: set[str] = set()
    for example in report.objects("examples"):
        name = example.optional_text("full_description") or example.optional_text("id") or ""
        tally.case(_STATUSES.get(example.text("status"), Outcome.ERROR), name)
        files.add(example.optional_text("file_path") or "")
        time = example.values.get("run_time")
        if isinstance(time, int | float) and not isinstance(time, bool):
            tally.add_milliseconds(time * 1000)
    tally.suites = len(files)
    outside = "errors_outside_of_examples_count"
    broken = number_of(summary, outside) if summary.has(outside) else 0
    for _ in range(min(broken, 1)):
        tally.incomplete("RSpec met errors outside of examples", cases=broken)
    failed = number_of(summary, "failure_count")
    tally.claimed_failures = failed + broken
    tally.declared = DeclaredTotals(
        total=number_of(summary, "example_count"),
        failed=failed,
        skipped=number_of(summary, "pending_count") if summary.has("pending_count") else None,
    )
    return tally.report()


def _describe(document: Document) -> JsonObject:
    summary = (document.root or {}).get("summary")
    if not isinstance(summary, dict):
        raise RspecError("the report has no summary")
    return {"summary": summary}


READER: Final = Reader(
    format=DocumentFormat.RSPEC_JSON,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
