"""The normal form of a test run: how many tests there were and what became of them.

The record counts what it saw, never what a header claims. A report of zero tests is readable: it
is for the gate to say that nothing is not a pass.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = ["MAX_FAILED_NAMES", "DeclaredTotals", "Outcome", "TestReport", "TestReportError"]

MAX_FAILED_NAMES: Final = 100
"""How many failed tests are named; the count is always complete."""


class TestReportError(MalformedError):
    """Bytes are not a test report that can be read."""

    __test__: ClassVar[bool] = False
    code = "formats.test-report"


class Outcome(StrEnum):
    """What became of one case; the values are the names of the report's counts."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "errors"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTotals:
    """What a report claims of itself, as far as it does.

    Attributes:
        total: cases.
        failed: cases in which an assertion did not hold.
        errors: cases that broke; ``None`` where the tool does not tell them from failures.
        skipped: cases that did not run.

    """

    total: int | None = None
    failed: int | None = None
    errors: int | None = None
    skipped: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """The outcome of a test run.

    ``total = passed + failed + errors + skipped`` always holds.

    Attributes:
        format: what it was read from.
        total: test cases found, and whatever broke outside any case.
        passed: cases with no complaint.
        failed: cases in which an assertion did not hold.
        errors: cases that broke or never ended, and what broke outside any case: a suite, a
            package that was not built, a plan that was not kept.
        skipped: cases that did not run or did not decide anything.
        suites: suites found, nested ones included.
        duration_ms: total time the cases say they took, or ``None`` when none says.
        flaky: cases counted as passed of which the tool says that an attempt before failed.
        mixed: names under which one case passed and another did not. Some tools repeat a case
            that failed; all of them count as they are, as names need not be unique.
        passed_names: every case counted as passed, in order.
        failed_names: the first :data:`MAX_FAILED_NAMES` cases counted as failed or errors.
        claimed_failures: the most failures and errors together that any part claims.
        declared: the totals that the report claims of itself.
        inconsistent: whether they do not fit what was counted.
        incomplete: why the run is not known to be whole; each reason is counted in ``errors``.
        tools: ``name version`` of what ran the tests, as far as the report says.
        started: when the run began, where the report says it with an offset from UTC.
        properties: what the report says of its run beside the tests (commit, build), as written;
            the first value of each name.
        notes: what the report claims about itself that does not fit what was counted.

    """

    __test__: ClassVar[bool] = False

    format: DocumentFormat
    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    suites: int
    duration_ms: int | None = None
    flaky: int = 0
    mixed: int = 0
    passed_names: tuple[str, ...] = ()
    failed_names: tuple[str, ...] = ()
    claimed_failures: int = 0
    declared: DeclaredTotals | None = None
    inconsistent: bool = False
    incomplete: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    started: Instant | None = None
    properties: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether at least one test passed, none failed or broke, and none is claimed to have."""
        return self.passed > 0 and self.failed + self.errors + self.claimed_failures == 0
