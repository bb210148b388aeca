"""The normal form of a coverage report: what could be run, and what was.

Counts are exact integers. A line counts once, however often a report lists it. What a report
claims of itself is kept beside what was counted, and a difference is said, not settled.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = ["CoverageError", "CoverageReport", "Covered"]

# Tools round, and count a line that two classes share twice or once.
_TOLERANCE: Final = Fraction(1, 100)


class CoverageError(MalformedError):
    """Bytes are not a coverage report that can be read."""

    code = "formats.coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How many of some things were run.

    Attributes:
        covered: that were run at least once.
        total: that could be.

    """

    covered: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.covered <= self.total:
            raise CoverageError(
                f"{self.covered} of {self.total} cannot be covered", code="formats.coverage-count"
            )

    @property
    def rate(self) -> Fraction | None:
        """The part that was run, exactly; ``None`` when there is nothing to run."""
        return Fraction(self.covered, self.total) if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """What the tests of a run covered.

    Attributes:
        format: what it was read from.
        files: source files named.
        lines: lines, counted from those listed; ``None`` when the report lists none.
        branches: branches, counted from those listed.
        statements: statements, sequence points or instructions, where the tool counts such.
        functions: functions or methods, where the tool counts such.
        declared_lines: lines as the report's own totals say.
        declared_branches: branches as the report's own totals say.
        declared_line_rate: between 0 and 1, as the report says.
        declared_branch_rate: between 0 and 1, as the report says.
        tools: ``name version`` of what wrote it, as far as the report says.
        created: when, where the report says it with an offset from UTC.

    """

    format: DocumentFormat
    files: int
    lines: Covered | None = None
    branches: Covered | None = None
    statements: Covered | None = None
    functions: Covered | None = None
    declared_lines: Covered | None = None
    declared_branches: Covered | None = None
    declared_line_rate: Fraction | None = None
    declared_branch_rate: Fraction | None = None
    tools: tuple[str, ...] = ()
    created: Instant | None = None

    @property
    def lowest_line_rate(self) -> Fraction | None:
        """The smallest of all that the report says of its lines, counted or claimed.

        Where a tool counts no lines, its statements or instructions stand for them. ``None``: the
        report says nothing, or there was nothing to cover.
        """
        counted = self.lines or self.statements
        rates = [*_rates(counted, self.declared_lines), self.declared_line_rate]
        return min((rate for rate in rates if rate is not None), default=None)

    @property
    def lowest_branch_rate(self) -> Fraction | None:
        """The smallest of all that the report says of its branches, counted or claimed."""
        rates = [*_rates(self.branches, self.declared_branches), self.declared_branch_rate]
        return min((rate for rate in rates if rate is not None), default=None)

    @property
    def inconsistent(self) -> bool:
        """Whether what it claims of its lines is further from what it lists than counting differs.

        More than one percentage point: tools round, and count shared lines once or twice.
        """
        rates = [*_rates(self.lines, self.declared_lines), self.declared_line_rate]
        known = [rate for rate in rates if rate is not None]
        return bool(known) and max(known) - min(known) > _TOLERANCE


def _rates(*counts: Covered | None) -> Iterator[Fraction | None]:
    return (None if count is None else count.rate for count in counts)
