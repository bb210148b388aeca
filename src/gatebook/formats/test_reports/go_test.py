"""The events of ``go test -json``, one JSON object to a line.

Follows the documentation of ``cmd/test2json`` and, for builds, of ``go help buildjson``. A test
that began and has no end, and a package that failed without a failing test (it was not built, or
its process died), are counted as errors: no event says that they did not pass.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.json_lines import count_values, first_object, values
from gatebook.formats.test_reports.report import Outcome, TestReport, TestReportError
from gatebook.formats.test_reports.tally import Tally

__all__ = ["READER", "GoTestError"]

_WHAT: Final = "go test events"
_ENDS: Final = {"pass": Outcome.PASSED, "fail": Outcome.FAILED, "skip": Outcome.SKIPPED}
_BUILDS: Final = frozenset({"build-output", "build-fail"})
_ACTIONS: Final = _BUILDS | frozenset(
    {*_ENDS, "start", "run", "pause", "cont", "bench", "output", "attr", "artifacts"}
)


class GoTestError(TestReportError):
    """Bytes are not the events of ``go test -json``."""

    code = "formats.go-test"


@dataclass(slots=True)
class _Package:
    """What is known of a package so far.

    Attributes:
        running: tests that began more often than they ended.
        failed: whether one of its tests failed.
        end: the package's own last word.

    """

    running: Counter[str] = field(default_factory=Counter)
    failed: bool = False
    end: str | None = None


class _Events:
    """Follows the events of all packages, which come mixed."""

    def __init__(self) -> None:
        self.tally = Tally(DocumentFormat.GO_TEST_JSON)
        self.packages: dict[str, _Package] = {}
        self.unbuilt: dict[str, None] = {}

    def take(self, event: Fields) -> None:
        action = event.text("Action")
        if action not in _ACTIONS:
            raise GoTestError(f"{event.what}: the action {action[:40]!r} is not known")
        if action in _BUILDS:
            if action == "build-fail":
                self.unbuilt[event.optional_text("ImportPath") or "a build"] = None
            return
        self.tally.started(event.optional_text("Time"))
        name = event.optional_text("Package") or ""
        package = self.packages.setdefault(name, _Package())
        test = event.optional_text("Test")
        if test:
            self._take_test(name, package, test, action)
        elif action == "start":
            package.end = None
        elif action in _ENDS:
            package.end = action
            elapsed = event.values.get("Elapsed")
            if isinstance(elapsed, int | float) and not isinstance(elapsed, bool):
                self.tally.add_milliseconds(elapsed * 1000)
            if action == "fail" and event.has("FailedBuild"):
                self.unbuilt.setdefault(event.text("FailedBuild"), None)

    def _take_test(self, name: str, package: _Package, test: str, action: str) -> None:
        if action == "run":
            package.running[test] += 1
        elif action in _ENDS:
            if package.running[test]:
                package.running[test] -= 1
            package.failed |= action == "fail"
            self.tally.case(_ENDS[action], _full(name, test))

    def finish(self) -> TestReport:
        for build in self.unbuilt:
            self.tally.outside(f"{build} was not built")
        for name, package in self.packages.items():
            self._finish_package(name, package)
        self.tally.suites = len(self.packages)
        return self.tally.report()

    def _finish_package(self, name: str, package: _Package) -> None:
        for test in package.running.elements():
            full = _full(name, test)
            if test.startswith("Benchmark") and package.end == "pass":
                # A benchmark that passes has no end of its own (cmd/test2json).
                self.tally.case(Outcome.PASSED, full)
            else:
                self.tally.incomplete(f"{full} began and did not end")
                package.failed = True
        if package.end == "fail" and not package.failed:
            self.tally.outside(f"{name or 'the package'} failed outside any test")
        elif package.end is None:
            self.tally.incomplete(f"{name or 'the package'} did not end")


def _full(package: str, test: str) -> str:
    return f"{package}.{test}" if package else test


def _recognises(document: Document) -> bool:
    first = first_object(document)
    if first is None or first.get("Action") not in _ACTIONS:
        return False
    return first["Action"] == "start" or not first.keys().isdisjoint(
        {"Package", "Test", "ImportPath"}
    )


def _read(document: Document) -> TestReport:
    events = _Events()
    for number, value in values(document, what=_WHAT, code=GoTestError.code):
        events.take(Fields.of(value, what=f"{_WHAT}, line {number}", code=GoTestError.code))
    return events.finish()


def _describe(document: Document) -> JsonObject:
    return {"docs": count_values(document, what=_WHAT, code=GoTestError.code)}


READER: Final = Reader(
    format=DocumentFormat.GO_TEST_JSON,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
