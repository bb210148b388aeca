"""Counting the lines and branches that a report lists, each once."""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from gatebook.clock import Instant
from gatebook.formats.coverage.report import CoverageError, Covered

__all__ = ["LineTable", "count_in", "instant_in", "pair_in", "rate_in"]

_COUNT: Final = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_RATE: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{0,20})?(?:[eE]-[0-9]{1,2})?\Z", re.ASCII)
_YEAR_5138_IN_SECONDS: Final = 10**11
_YEAR_2286_IN_MILLISECONDS: Final = 10**13


class LineTable:
    """The lines of each file: whether any listing of a line says that it was run."""

    def __init__(self) -> None:
        """Begin with no file."""
        self._lines: dict[str, dict[int, bool]] = {}
        self._branches: dict[tuple[str, int], tuple[int, int]] = {}

    @property
    def files(self) -> int:
        """How many files were named."""
        return len(self._lines)

    def file(self, path: str) -> dict[int, bool]:
        """The lines of a file by their number, to be added to."""
        return self._lines.setdefault(path, {})

    def add(self, path: str, line: int, *, run: bool) -> None:
        """Count a line."""
        lines = self.file(path)
        lines[line] = run or lines.get(line, False)

    def add_branches(self, path: str, line: int, covered: int, total: int) -> None:
        """Count a line's branches; where a line is listed again, the most of each counts.

        Raises:
            CoverageError: more are covered than there are.

        """
        if covered > total:
            raise CoverageError(
                f"line {line} of {path[:80]!r} has {covered} of {total} branches covered",
                code="formats.coverage-count",
            )
        before = self._branches.get((path, line), (0, 0))
        self._branches[path, line] = max(covered, before[0]), max(total, before[1])

    def lines(self) -> Covered | None:
        """The lines of all files; ``None`` when none is listed."""
        total = sum(len(lines) for lines in self._lines.values())
        if not total:
            return None
        covered = sum(run for lines in self._lines.values() for run in lines.values())
        return Covered(covered=covered, total=total)

    def branches(self) -> Covered | None:
        """The branches of all files; ``None`` when none is listed."""
        if not self._branches:
            return None
        return Covered(
            covered=sum(covered for covered, _ in self._branches.values()),
            total=sum(total for _, total in self._branches.values()),
        )


def count_in(text: str | None, what: str, *, code: str) -> int:
    """Read a count.

    Raises:
        CoverageError: absent, or not a whole number of at most 18 digits.

    """
    stripped = (text or "").strip()
    if _COUNT.match(stripped) is None:
        raise CoverageError(f"{what} must be a count, found {(text or '')[:40]!r}", code=code)
    return int(stripped)


def pair_in(covered: str | None, total: str | None, what: str, *, code: str) -> Covered | None:
    """Read two counts that belong together; ``None`` when one of them is absent.

    Raises:
        CoverageError: not counts, or more are covered than there are.

    """
    if covered is None or total is None:
        return None
    return Covered(
        covered=count_in(covered, what, code=code), total=count_in(total, what, code=code)
    )


def rate_in(text: str | None, what: str, *, code: str) -> Fraction | None:
    """Read a rate between 0 and 1, exactly; ``None`` when absent or ``NaN`` (nothing to cover).

    Raises:
        CoverageError: no number, or not between 0 and 1.

    """
    stripped = (text or "").strip()
    if not stripped or stripped.lower() == "nan":
        return None
    try:
        rate = Fraction(Decimal(stripped)) if _RATE.match(stripped) else None
    except InvalidOperation:  # pragma: no cover  # the pattern lets only numbers pass
        rate = None
    if rate is None or rate > 1:
        raise CoverageError(
            f"{what} must be a number between 0 and 1, found {stripped[:40]!r}", code=code
        )
    return rate


def instant_in(text: str | None) -> Instant | None:
    """Read a time since 1970, which tools write in seconds or in milliseconds."""
    stripped = (text or "").strip()
    if _COUNT.match(stripped) is None:
        return None
    number = int(stripped)
    milliseconds = number * 1000 if number < _YEAR_5138_IN_SECONDS else number
    return Instant(milliseconds) if 0 < milliseconds < _YEAR_2286_IN_MILLISECONDS else None
