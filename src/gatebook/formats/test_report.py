"""Test reports: how many tests ran and what became of them, whatever tool wrote the report.

The record counts what it saw, never what a header claims. A report of zero tests is readable: it
is for the gate to say that nothing is not a pass.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gatebook.errors import MalformedError

__all__ = ["MAX_FAILED_NAMES", "TestFormat", "TestReport", "TestReportError"]

MAX_FAILED_NAMES: Final = 100
"""How many failed tests are named; the count is always complete."""


class TestReportError(MalformedError):
    """Bytes are not a test report that can be read."""

    __test__: ClassVar[bool] = False
    code = "formats.test-report"


class TestFormat(StrEnum):
    """What kind of document the report was."""

    __test__ = False

    JUNIT_XML = "junit-xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """The outcome of a test run.

    ``total = passed + failed + errors + skipped`` always holds.

    Attributes:
        format: what kind of document it was read from.
        total: test cases found.
        passed: cases with no complaint.
        failed: cases in which an assertion did not hold.
        errors: cases that broke, and suites that broke outside any case.
        skipped: cases that did not run.
        suites: suites found, nested ones included.
        duration_ms: total time the cases say they took, or ``None`` when none says.
        passed_names: every case counted as passed, in order.
        failed_names: the first :data:`MAX_FAILED_NAMES` cases counted as failed or errors.
        claimed_failures: the most failures and errors together that any suite element claims.
        notes: what the report claims about itself that does not fit what was counted.

    """

    __test__: ClassVar[bool] = False

    format: TestFormat
    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    suites: int
    duration_ms: int | None = None
    passed_names: tuple[str, ...] = ()
    failed_names: tuple[str, ...] = ()
    claimed_failures: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether at least one test passed, none failed or broke, and none is claimed to have."""
        return self.passed > 0 and self.failed + self.errors + self.claimed_failures == 0
