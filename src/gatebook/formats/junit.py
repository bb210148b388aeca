"""JUnit XML, as build tools write it: no schema, many dialects, totals that lie.

Counts test cases, whatever the header attributes claim; what they claim otherwise is kept as a
note. Document types and entities are refused, so that no input grows when it is read.
"""

import math
import re
from typing import Final
from xml.parsers import expat

from gatebook.formats.test_report import (
    MAX_FAILED_NAMES,
    TestFormat,
    TestReport,
    TestReportError,
)

__all__ = ["MAX_JUNIT_BYTES", "JunitError", "read_junit"]

MAX_JUNIT_BYTES: Final = 64 * 1024 * 1024
_MAX_DEPTH: Final = 64
_MAX_NOTES: Final = 20
_MAX_NAME: Final = 500
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,12})?(?:[eE][-+]?[0-9]{1,2})?\Z", re.ASCII)
# Catch2, GoogleTest and check (C) say so in an attribute, without any element.
_NOT_RUN: Final = frozenset({"disabled", "notrun", "skipped", "suppressed", "ignored"})
_BROKEN: Final = frozenset({"error", "errored"})
_FAILED: Final = frozenset({"failed", "failure", "fail"})


class JunitError(TestReportError):
    """Bytes are not JUnit XML."""

    code = "formats.junit"


def read_junit(data: bytes) -> TestReport:
    """Read a report whose root is ``testsuites`` or ``testsuite``.

    A case counts by the worst of its children ``error``, ``failure`` and ``skipped``, then by its
    ``status`` or ``result``; Surefire's ``flakyFailure`` and ``rerunFailure`` name attempts before
    the last and do not count. A suite's own ``error`` or ``failure``, outside any case, counts as
    one more.

    Raises:
        MalformedError: not well-formed XML, another root, a document type, more than
            :data:`MAX_JUNIT_BYTES`, or elements nested deeper than 64.

    """
    if len(data) > MAX_JUNIT_BYTES:
        raise JunitError(f"JUnit report has {len(data)} bytes; at most {MAX_JUNIT_BYTES} are read")
    counter = _Counter()
    parser = expat.ParserCreate()
    parser.StartElementHandler = counter.start
    parser.EndElementHandler = counter.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat takes its arguments by position
    except expat.ExpatError as error:
        raise JunitError(f"JUnit report is not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise JunitError(f"JUnit report has an encoding that is not read: {error}") from None
    return counter.report()


def _refuse_doctype(*_: object) -> None:
    raise JunitError("JUnit report has a document type (DTD); such reports are not read")


class _Scope:
    """What one suite element claims and what was counted inside it."""

    __slots__ = ("attributes", "counted", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.counted = {"tests": 0, "failures": 0, "errors": 0}


class _Counter:
    """Follows the elements; holds one scope for each open suite, and the open case."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._scopes: list[_Scope] = []
        self._case: dict[str, str] | None = None
        self._case_depth = 0
        self._children: set[str] = set()
        self._outcomes = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
        self._suites = 0
        self._milliseconds: float | None = None
        self._passed_names: list[str] = []
        self._failed_names: list[str] = []
        self._notes: list[str] = []
        self._claimed_failures = 0

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        if not self._path and name not in {"testsuites", "testsuite"}:
            raise JunitError(
                f"expected the root element testsuites or testsuite, found {name[:40]!r}"
            )
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise JunitError(f"JUnit report is nested deeper than {_MAX_DEPTH} elements")
        if self._case is not None:
            if len(self._path) == self._case_depth + 1:
                self._children.add(name)
        elif name in {"testsuites", "testsuite"}:
            self._suites += name == "testsuite"
            self._scopes.append(_Scope(name, attributes))
        elif name == "testcase":
            self._case = attributes
            self._case_depth = len(self._path)
            self._children = set()
        elif name in {"error", "failure"} and self._path[-2] == "testsuite":
            suite = self._scopes[-1].attributes
            self._count("errors" if name == "error" else "failed", suite.get("name", "a suite"))

    def end(self, qualified: str) -> None:
        name = qualified.rpartition(":")[2]
        if self._case is not None and len(self._path) == self._case_depth:
            self._finish_case(self._case)
            self._case = None
        elif self._case is None and name in {"testsuites", "testsuite"}:
            self._finish_scope(self._scopes.pop())
        self._path.pop()

    def report(self) -> TestReport:
        return TestReport(
            format=TestFormat.JUNIT_XML,
            total=sum(self._outcomes.values()),
            suites=self._suites,
            duration_ms=None if self._milliseconds is None else round(self._milliseconds),
            passed_names=tuple(self._passed_names),
            failed_names=tuple(self._failed_names),
            claimed_failures=self._claimed_failures,
            notes=tuple(self._notes),
            **self._outcomes,
        )

    def _finish_case(self, case: dict[str, str]) -> None:
        name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
        status = (case.get("status") or "").lower()
        result = (case.get("result") or "").lower()
        words = {status, result}
        if "error" in self._children:
            outcome = "errors"
        elif "failure" in self._children:
            outcome = "failed"
        elif "skipped" in self._children:
            outcome = "skipped"
        elif words & _BROKEN:
            outcome = "errors"
        elif words & _FAILED:
            outcome = "failed"
        elif words & _NOT_RUN:
            outcome = "skipped"
        else:
            outcome = "passed"
        self._count(outcome, name or "a test without a name")
        time = case.get("time")
        if time is not None:
            self._add_time(time)

    def _count(self, outcome: str, name: str) -> None:
        self._outcomes[outcome] += 1
        for scope in self._scopes:
            scope.counted["tests"] += 1
            scope.counted["failures"] += outcome == "failed"
            scope.counted["errors"] += outcome == "errors"
        if outcome == "passed":
            self._passed_names.append(name[:_MAX_NAME])
        if outcome in {"failed", "errors"} and len(self._failed_names) < MAX_FAILED_NAMES:
            self._failed_names.append(name[:_MAX_NAME])

    def _add_time(self, text: str) -> None:
        # Surefire writes thousands with a comma: 1,234.5.
        plain = text.replace(",", "")
        seconds = float(plain) if _SECONDS.match(plain) else math.nan
        if math.isfinite(seconds):
            self._milliseconds = (self._milliseconds or 0.0) + seconds * 1000
        else:
            self._note(f"a time is not a number of seconds: {text[:40]!r}")

    def _finish_scope(self, scope: _Scope) -> None:
        claims: dict[str, int] = {}
        for what in scope.counted:
            text = (scope.attributes.get(what) or "").strip()
            if _NUMBER.match(text):
                claims[what] = int(text)
            elif text:
                self._note(f"{scope.name} claims {text[:40]!r} {what}")
        for what, claimed in claims.items():
            if claimed != scope.counted[what]:
                self._note(
                    f"{scope.name} {scope.attributes.get('name', '')[:80]!r} claims {claimed} "
                    f"{what}, {scope.counted[what]} were found"
                )
        self._claimed_failures = max(
            self._claimed_failures, claims.get("failures", 0) + claims.get("errors", 0)
        )

    def _note(self, text: str) -> None:
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(text)
