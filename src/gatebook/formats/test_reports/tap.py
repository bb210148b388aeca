"""TAP, the Test Anything Protocol, versions 12 to 14.

Follows the *TAP 14 specification*, which documents what harnesses do with versions 12 and 13 too.
The plan is what tells a run that was cut off from one that is whole: a plan that is missing, short
or exceeded is counted as errors, one for each test that is missing.

A test with subtests is counted by them, and by itself only when it failed and none of them did.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.report import Outcome, TestReport, TestReportError
from gatebook.formats.test_reports.tally import Tally

__all__ = ["READER", "TapError"]

_MAX_DEPTH: Final = 64
_INDENT: Final = 4
_VERSIONS: Final = frozenset({"12", "13", "14"})
_VERSION: Final = re.compile(r"TAP version ([0-9]{1,9})\s*\Z", re.ASCII | re.IGNORECASE)
_PLAN: Final = re.compile(r"1\.\.([0-9]{1,9})\s*(?:#\s*(.*))?\Z", re.ASCII)
_POINT: Final = re.compile(
    r"(not[ \t]+)?ok\b(?:[ \t]+([0-9]{1,9})(?![^ \t]))?(?:[ \t]+-?|\Z)(.*)\Z"
)
_NUMBERED: Final = re.compile(r"(?:not[ \t]+)?ok[ \t]+[0-9]{1,9}(?:[ \t]|\Z)", re.ASCII)
# A hash that is escaped or that follows a letter begins no directive.
_DIRECTIVE: Final = re.compile(
    r"(?:^|(?<=[ \t]))#[ \t]*(todo\b|skip\S*)[ \t]*(.*)\Z", re.IGNORECASE
)
_BAIL_OUT: Final = re.compile(r"Bail out!\s*(.*)\Z")
_PRAGMA: Final = re.compile(r"pragma ([+-])([A-Za-z0-9_-]+)\s*\Z", re.ASCII)


class TapError(TestReportError):
    """Bytes are not TAP."""

    code = "formats.tap"


@dataclass(slots=True)
class _Level:
    """The stream, or one subtest of it: its plan and the tests it had so far.

    Attributes:
        plan: how many tests it promises.
        plan_follows: whether the plan came after tests, so that none may come after it.
        numbers: the numbers its tests have.
        outcomes: what became of its tests, those of subtests in their place.
        problems: what is wrong with the stream itself, with the number of tests it hides.
        strict: whether lines that mean nothing are an error.

    """

    plan: int | None = None
    plan_follows: bool = False
    numbers: set[int] = field(default_factory=set)
    points: int = 0
    outcomes: list[tuple[Outcome, str]] = field(default_factory=list)
    problems: list[tuple[str, int]] = field(default_factory=list)
    strict: bool = False

    def take_plan(self, count: int) -> None:
        if self.plan is not None:
            self.problems.append(("there is a second plan", 1))
            return
        self.plan = count
        self.plan_follows = self.points > 0

    def take_number(self, number: int | None) -> None:
        if self.plan is not None and self.plan_follows:
            self.problems.append(("a test comes after the plan at the end", 1))
        self.points += 1
        number = self.points if number is None else number
        if number in self.numbers:
            self.problems.append((f"the number {number} is given twice", 1))
        self.numbers.add(number)

    def finish(self) -> None:
        if self.plan is None:
            self.problems.append(("there is no plan", 1))
        elif self.points < self.plan:
            missing = self.plan - self.points
            self.problems.append((f"{self.plan} tests are planned, {missing} are missing", missing))
        elif self.points > self.plan:
            self.problems.append((f"{self.plan} tests are planned, {self.points} were found", 1))
        elif any(not 1 <= number <= self.plan for number in self.numbers):
            self.problems.append(("a test has a number beyond the plan", 1))


class _Stream:
    """Follows the lines; holds a level for the stream and for each open subtest."""

    def __init__(self) -> None:
        self.levels = [_Level()]
        self.version: str | None = None
        self.bailed_out: str | None = None
        self._finished_child: _Level | None = None
        self._block: str | None = None

    def take(self, line: str, *, first: bool) -> None:
        indent = len(line) - len(line.lstrip(" "))
        if self._in_block(line, indent):
            return
        text = line.strip()
        depth, rest = divmod(indent, _INDENT)
        version = _VERSION.match(text)
        if version is not None and (first or depth):
            self._take_version(version[1])
        elif rest == 0 and (bail_out := _BAIL_OUT.match(text)) is not None:
            self.bailed_out = bail_out[1] or "no reason is given"
        elif rest or depth > len(self.levels) or not self._take_at(depth, text):
            self._take_other(text)

    def _in_block(self, line: str, indent: int) -> bool:
        """Pass over the diagnostics after a test, a YAML document that is indented by two."""
        if self._block is None:
            deepest = _INDENT * (len(self.levels) - 1)
            if line.strip() == "---" and indent % _INDENT == 2 and indent <= deepest + 2:  # noqa: PLR2004  # TAP 14, "YAML Diagnostics"
                self._block = " " * indent
                return True
            return False
        if line.strip() and not line.startswith(self._block):
            # The block was not closed; a test must not vanish in it.
            self._block = None
            return False
        if line.rstrip() == f"{self._block}...":
            self._block = None
        return True

    def _take_version(self, version: str) -> None:
        if version not in _VERSIONS:
            raise TapError(
                f"TAP version {version} is not read; 12, 13 and 14 are", code="formats.tap-version"
            )
        self.version = self.version or version

    def _take_at(self, depth: int, text: str) -> bool:
        """Take a line of the level ``depth``; say whether it means anything there."""
        plan, point, pragma = _PLAN.match(text), _POINT.match(text), _PRAGMA.match(text)
        if plan is None and point is None and pragma is None:
            return False
        if depth == len(self.levels):
            if depth >= _MAX_DEPTH:
                raise TapError(f"subtests are nested deeper than {_MAX_DEPTH} levels")
            self.levels.append(_Level(strict=self.levels[-1].strict))
        self._close_to(depth)
        level = self.levels[depth]
        if plan is not None:
            level.take_plan(int(plan[1]))
        elif pragma is not None:
            level.strict = (pragma[1] == "+") if pragma[2] == "strict" else level.strict
        elif point is not None:
            self._take_point(level, point)
        return True

    def _take_point(self, level: _Level, point: "re.Match[str]") -> None:
        level.take_number(None if point[2] is None else int(point[2]))
        directive = _DIRECTIVE.search(point[3])
        name = (point[3] if directive is None else point[3][: directive.start()]).strip()
        name = name.removeprefix("- ").replace("\\#", "#").replace("\\\\", "\\")
        name = name or f"test {level.points}"
        child, self._finished_child = self._finished_child, None
        passed = point[1] is None
        if directive is not None:
            # A test to do, or skipped, does not fail; one to do that passes is a pass.
            done = passed and directive[1].lower().startswith("todo")
            level.outcomes.append((Outcome.PASSED if done else Outcome.SKIPPED, name))
            return
        failed = False
        if child is not None:
            level.outcomes += child.outcomes
            level.problems += [(f"{name}: {why}", hidden) for why, hidden in child.problems]
            broken = {Outcome.FAILED, Outcome.ERROR}
            failed = bool(child.problems) or any(what in broken for what, _ in child.outcomes)
        if child is None or not child.outcomes or (not passed and not failed):
            level.outcomes.append((Outcome.PASSED if passed else Outcome.FAILED, name))

    def _take_other(self, text: str) -> None:
        if text and not text.startswith("#") and self.levels[-1].strict:
            self.levels[-1].problems.append((f"a line means nothing: {text[:80]!r}", 1))

    def _close_to(self, depth: int) -> None:
        """End the subtests deeper than ``depth``; the next test there is what they belong to."""
        while len(self.levels) > depth + 1:
            child = self.levels.pop()
            child.finish()
            if self._finished_child is not None:
                # A subtest whose own test never came belongs to what is around it.
                child.outcomes += self._finished_child.outcomes
                child.problems += self._finished_child.problems
            self._finished_child = child

    def finish(self) -> _Level:
        self._close_to(0)
        root = self.levels[0]
        orphan = self._finished_child
        if orphan is not None:
            root.outcomes += orphan.outcomes
            root.problems += [*orphan.problems, ("subtests are without their test", 1)]
        if self.bailed_out is not None:
            root.problems.append((f"the run bailed out: {self.bailed_out[:200]}", 1))
        if self._block is not None:
            root.problems.append(("the stream ends inside a block of diagnostics", 1))
        root.finish()
        return root


def _follow(document: Document) -> tuple[_Stream, _Level]:
    try:
        text = document.data.decode()
    except UnicodeDecodeError as error:
        raise TapError(f"TAP is not UTF-8: byte {error.start}") from None
    stream = _Stream()
    first = True
    for line in text.replace("\r\n", "\n").split("\n"):
        if stream.bailed_out is not None:
            break
        stream.take(line, first=first)
        first = first and not line.strip()
    return stream, stream.finish()


def _recognises(document: Document) -> bool:
    for line in document.start.split(b"\n"):
        text = line.decode("ascii", "replace").strip()
        if text and not text.startswith("#"):
            return any(each.match(text) for each in (_VERSION, _PLAN, _NUMBERED))
    return False


def _read(document: Document) -> TestReport:
    _, root = document.once(_follow)
    tally = Tally(DocumentFormat.TAP)
    for outcome, name in root.outcomes:
        tally.case(outcome, name)
    for why, hidden in root.problems:
        tally.incomplete(why, cases=hidden)
    return tally.report()


def _describe(document: Document) -> JsonObject:
    stream, root = document.once(_follow)
    outcomes = [outcome for outcome, _ in root.outcomes]
    return {
        "version": stream.version,
        "plan": root.plan,
        "testcases": len(outcomes),
        "results": {str(each): outcomes.count(each) for each in Outcome if each in outcomes},
    }


READER: Final = Reader(
    format=DocumentFormat.TAP,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
