"""The events of ``dart test --reporter json`` and ``flutter test --machine``, one to a line.

Follows *The JSON reporter protocol* of Dart's ``test`` package. A test that began and has no end,
and a run without its ``done`` event, are counted as errors.
"""

from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.json_lines import count_values, first_object, values
from gatebook.formats.test_reports.report import Outcome, TestReport, TestReportError
from gatebook.formats.test_reports.tally import Tally, number_of

__all__ = ["READER", "DartTestError"]

_WHAT: Final = "Dart test events"
_RESULTS: Final = {
    "success": Outcome.PASSED,
    "failure": Outcome.FAILED,
    "error": Outcome.ERROR,
}


class DartTestError(TestReportError):
    """Bytes are not the events of Dart's JSON reporter."""

    code = "formats.dart-test"


class _Events:
    def __init__(self) -> None:
        self._tally = Tally(DocumentFormat.DART_JSON)
        self._running: dict[int, tuple[str, int]] = {}
        self._finished = False

    def take(self, event: Fields) -> None:
        # Event types that are not known are to be ignored, says the protocol.
        match event.optional_text("type"):
            case "start":
                self._tally.tool("Dart test", event.optional_text("runnerVersion"))
            case "suite":
                self._tally.suites += 1
            case "testStart":
                test = event.object("test")
                began = (test.optional_text("name") or "", number_of(event, "time"))
                self._running[number_of(test, "id")] = began
            case "testDone":
                self._end_test(event)
            case "done":
                self._end_run(event)
            case _:
                pass

    def _end_test(self, event: Fields) -> None:
        began = self._running.pop(number_of(event, "testID"), None)
        if began is None:
            raise event.refuse("a test ended that did not begin")
        name, start = began
        result = _RESULTS.get(event.text("result"), Outcome.ERROR)
        if result is Outcome.PASSED and event.values.get("hidden") is True:
            return  # loading a file, set-up and tear-down are no tests as long as they succeed
        skipped = event.values.get("skipped") is True and result is Outcome.PASSED
        self._tally.case(Outcome.SKIPPED if skipped else result, name)
        self._tally.add_milliseconds(number_of(event, "time") - start)

    def _end_run(self, event: Fields) -> None:
        self._finished = True
        success = event.values.get("success")
        if success is False and not self._tally.failures and not self._running:
            self._tally.outside("the run failed outside any test")
        elif success is None:
            self._tally.incomplete("the run was closed before all tests had ended")

    def finish(self) -> TestReport:
        for name, _ in self._running.values():
            self._tally.incomplete(f"{name or 'a test'} began and did not end")
        if not self._finished:
            self._tally.incomplete("the run did not end")
        return self._tally.report()


def _recognises(document: Document) -> bool:
    first = first_object(document)
    return first is not None and first.get("type") == "start" and "protocolVersion" in first


def _read(document: Document) -> TestReport:
    events = _Events()
    for number, value in values(document, what=_WHAT, code=DartTestError.code):
        if isinstance(value, list):
            continue  # flutter's own events stand in brackets
        events.take(Fields.of(value, what=f"{_WHAT}, line {number}", code=DartTestError.code))
    return events.finish()


def _describe(document: Document) -> JsonObject:
    return {"docs": count_values(document, what=_WHAT, code=DartTestError.code)}


READER: Final = Reader(
    format=DocumentFormat.DART_JSON,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
