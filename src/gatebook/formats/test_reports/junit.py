"""JUnit XML, as build tools write it: no schema, many dialects, totals that lie.

Counts test cases, whatever the header attributes claim; what they claim otherwise is kept as a
note. Document types and entities are refused, so that no input grows when it is read.

Read are the dialects of Ant, Surefire, Gradle, pytest, jest, mocha, cypress, bazel, GoogleTest,
Catch2, CTest, PHPUnit, gotestsum and others, as far as they differ: in nested suites, in whether a
case says that it did not run by an element or by an attribute, in ``error`` and ``failure`` outside
any case, and in attempts before the last (Surefire's ``flakyFailure`` and ``rerunFailure``).
"""

import re
from collections import Counter
from typing import Final
from xml.parsers import expat

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
from gatebook.formats.test_reports.tally import Tally

__all__ = ["MAX_JUNIT_BYTES", "READER", "JunitError", "read_junit"]

MAX_JUNIT_BYTES: Final = 64 * 1024 * 1024
_MAX_DEPTH: Final = 64
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_ROOTS: Final = frozenset({"testsuites", "testsuite"})
# Catch2, GoogleTest and check (C) say so in an attribute, without any element.
_NOT_RUN: Final = frozenset({"disabled", "notrun", "skipped", "suppressed", "ignored"})
_BROKEN: Final = frozenset({"error", "errored"})
_FAILED: Final = frozenset({"failed", "failure", "fail"})
# Surefire: attempts of a case that passed in the end.
_FLAKY: Final = frozenset({"flakyFailure", "flakyError"})
_DECLARED: Final = ("tests", "failures", "errors", "skipped", "disabled")


class JunitError(TestReportError):
    """Bytes are not JUnit XML."""

    code = "formats.junit"


def read_junit(data: bytes) -> TestReport:
    """Read a report whose root is ``testsuites`` or ``testsuite``.

    A case counts by the worst of its children ``error``, ``failure`` and ``skipped``, then by its
    ``status`` or ``result``; Surefire's ``flakyFailure`` and ``rerunFailure`` name attempts before
    the last and do not count. A suite's own ``error`` or ``failure``, outside any case, counts as
    one more. A case that is repeated counts each time, as names need not be unique.

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

    def claims(self) -> dict[str, int]:
        """The counts in its attributes that are numbers."""
        texts = {what: self.attributes.get(what, "").strip() for what in _DECLARED}
        return {what: int(text) for what, text in texts.items() if _NUMBER.match(text)}


class _Counter:
    """Follows the elements; holds one scope for each open suite, and the open case."""

    def __init__(self) -> None:
        self._tally = Tally(DocumentFormat.JUNIT_XML)
        self._path: list[str] = []
        self._scopes: list[_Scope] = []
        self._outermost: list[dict[str, int]] = []
        self._case: dict[str, str] | None = None
        self._case_depth = 0
        self._children: set[str] = set()

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        if not self._path and name not in _ROOTS:
            raise JunitError(
                f"expected the root element testsuites or testsuite, found {name[:40]!r}"
            )
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise JunitError(f"JUnit report is nested deeper than {_MAX_DEPTH} elements")
        if self._case is not None:
            if len(self._path) == self._case_depth + 1:
                self._children.add(name)
        elif name in _ROOTS:
            self._tally.suites += name == "testsuite"
            self._tally.started(attributes.get("timestamp"))
            self._scopes.append(_Scope(name, attributes))
        elif name == "testcase":
            self._case = attributes
            self._case_depth = len(self._path)
            self._children = set()
        elif name in {"error", "failure"} and self._path[-2] == "testsuite":
            suite = self._scopes[-1].attributes
            outcome = Outcome.ERROR if name == "error" else Outcome.FAILED
            self._count_in_scopes(outcome)
            self._tally.outside(suite.get("name") or "a suite", outcome)
        elif name == "property" and self._path[-2] == "properties":
            self._tally.property(attributes.get("name"), attributes.get("value"))

    def end(self, qualified: str) -> None:
        name = qualified.rpartition(":")[2]
        if self._case is not None and len(self._path) == self._case_depth:
            self._finish_case(self._case)
            self._case = None
        elif self._case is None and name in _ROOTS:
            self._finish_scope(self._scopes.pop())
        self._path.pop()

    def report(self) -> TestReport:
        return self._tally.report()

    def _finish_case(self, case: dict[str, str]) -> None:
        name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
        outcome = self._outcome(case)
        self._count_in_scopes(outcome)
        self._tally.case(outcome, name, flaky=not self._children.isdisjoint(_FLAKY))
        self._tally.add_seconds(case.get("time"))

    def _outcome(self, case: dict[str, str]) -> Outcome:
        words = {(case.get(name) or "").lower() for name in ("status", "result")}
        if "error" in self._children:
            return Outcome.ERROR
        if "failure" in self._children:
            return Outcome.FAILED
        if "skipped" in self._children:
            return Outcome.SKIPPED
        if words & _BROKEN:
            return Outcome.ERROR
        if words & _FAILED:
            return Outcome.FAILED
        return Outcome.SKIPPED if words & _NOT_RUN else Outcome.PASSED

    def _count_in_scopes(self, outcome: Outcome) -> None:
        for scope in self._scopes:
            scope.counted["tests"] += 1
            scope.counted["failures"] += outcome is Outcome.FAILED
            scope.counted["errors"] += outcome is Outcome.ERROR

    def _finish_scope(self, scope: _Scope) -> None:
        claims = scope.claims()
        for what, counted in scope.counted.items():
            text = scope.attributes.get(what, "").strip()
            if text and what not in claims:
                self._tally.note(f"{scope.name} claims {text[:40]!r} {what}")
            elif claims.get(what, counted) != counted:
                self._tally.note(
                    f"{scope.name} {scope.attributes.get('name', '')[:80]!r} claims "
                    f"{claims[what]} {what}, {counted} were found"
                )
        self._tally.claimed_failures = max(
            self._tally.claimed_failures, claims.get("failures", 0) + claims.get("errors", 0)
        )
        if len(self._scopes) == 1 and self._scopes[0].name == "testsuites":
            self._outermost.append(claims)
        elif not self._scopes:
            # The root's own totals, or the sum of what its suites claim.
            self._tally.declared = _declared([claims] if claims else self._outermost)


def _declared(claims: list[dict[str, int]]) -> DeclaredTotals | None:
    if not any(claims):
        return None

    def total(*names: str) -> int | None:
        if not all(any(name in claim for name in names) for claim in claims):
            return None
        return sum(claim.get(name, 0) for claim in claims for name in names)

    return DeclaredTotals(total=total("tests"), failed=total("failures"), errors=total("errors"))


def _recognises(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local in _ROOTS


def _read(document: Document) -> TestReport:
    return read_junit(document.data)


def _describe(document: Document) -> JsonObject:
    """Count elements only, whatever attributes say; what is refused is counted as well."""
    root = read_xml(document.data, what="JUnit report", doctype=Doctype.PASSED_OVER)
    cases = [each for each in root.walk() if each.tag == "testcase" and not _has_cases(each)]
    by_element = Counter(_worst_child(case) for case in cases)
    return {
        "root": root.tag,
        "testsuites": sum(each.tag == "testsuite" for each in root.walk()),
        "testcases": len(cases),
        "by_element": dict(by_element),
        "declared_root": {
            name: root.attributes[name] for name in _DECLARED if name in root.attributes
        },
    }


def _worst_child(case: XmlElement) -> str:
    children = {child.tag for child in case.children}
    return next((each for each in ("error", "failure", "skipped") if each in children), "passed")


def _has_cases(case: XmlElement) -> bool:
    return any(each.tag == "testcase" for child in case.children for each in child.walk())


READER: Final = Reader(
    format=DocumentFormat.JUNIT_XML,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
