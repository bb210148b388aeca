"""Counting the cases of one report, whatever format it is in."""

import math
import re
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.test_reports.report import (
    MAX_FAILED_NAMES,
    DeclaredTotals,
    Outcome,
    TestReport,
)

__all__ = ["Tally", "count_of", "number_of", "seconds_of"]

_MAX_NAME: Final = 500
_MAX_NOTES: Final = 20
_MAX_PROPERTIES: Final = 200
_MAX_COUNT: Final = 10**9
_COUNT: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,12})?(?:[eE][-+]?[0-9]{1,2})?\Z", re.ASCII)


class Tally:
    """Counts cases and keeps what the report says of itself; makes the record at the end."""

    def __init__(self, document_format: DocumentFormat) -> None:
        """Begin with nothing counted."""
        self.format = document_format
        self.suites = 0
        self.claimed_failures = 0
        self.declared: DeclaredTotals | None = None
        self.counts = dict.fromkeys(Outcome, 0)
        self._outside = 0
        self._flaky = 0
        self._milliseconds: float | None = None
        self._passed_names: list[str] = []
        self._failed_names: list[str] = []
        self._failed_set: set[str] = set()
        self._incomplete: list[str] = []
        self._tools: dict[str, None] = {}
        self._started: Instant | None = None
        self._properties: dict[str, str] = {}
        self._notes: list[str] = []

    @property
    def failures(self) -> int:
        """How many cases failed or broke so far."""
        return self.counts[Outcome.FAILED] + self.counts[Outcome.ERROR]

    def case(self, outcome: Outcome, name: str, *, flaky: bool = False) -> None:
        """Count one case."""
        self.counts[outcome] += 1
        unnamed = not name
        name = name[:_MAX_NAME] or "a test without a name"
        match outcome:
            case Outcome.PASSED:
                self._passed_names.append(name)
                self._flaky += flaky
            case Outcome.FAILED | Outcome.ERROR:
                if not unnamed:
                    self._failed_set.add(name)
                if len(self._failed_names) < MAX_FAILED_NAMES:
                    self._failed_names.append(name)
            case Outcome.SKIPPED:
                pass

    def outside(self, name: str, outcome: Outcome = Outcome.ERROR) -> None:
        """Count something that broke outside any case."""
        self._outside += 1
        self.case(outcome, name)

    def incomplete(self, why: str, *, cases: int = 1) -> None:
        """Count cases that are missing, and say why the run is not known to be whole."""
        if len(self._incomplete) < _MAX_NOTES:
            self._incomplete.append(why)
        self.outside(why)
        more = cases - 1
        self._outside += more
        self.counts[Outcome.ERROR] += more

    def add_milliseconds(self, milliseconds: float) -> None:
        """Add to the time that the cases took."""
        if math.isfinite(milliseconds) and milliseconds >= 0:
            self._milliseconds = (self._milliseconds or 0.0) + milliseconds

    def add_seconds(self, text: str | None) -> None:
        """Add a time as reports write it; one that is no number of seconds is noted."""
        if text is None:
            return
        seconds = seconds_of(text)
        if seconds is None:
            self.note(f"a time is not a number of seconds: {text[:40]!r}")
        else:
            self.add_milliseconds(seconds * 1000)

    def tool(self, name: str | None, version: str | None = None) -> None:
        """Name what ran the tests."""
        full = " ".join(part.strip() for part in (name, version) if part and part.strip())
        if full and len(self._tools) < _MAX_NOTES:
            self._tools[full[:_MAX_NAME]] = None

    def started(self, text: str | None) -> None:
        """Take a time the run began; the earliest is kept, and one without an offset is none."""
        try:
            instant = Instant.parse((text or "").strip().replace(" ", "T", 1))
        except MalformedError:
            return
        if self._started is None or instant.unix_ms < self._started.unix_ms:
            self._started = instant

    def started_at(self, milliseconds: int) -> None:
        """Take a time the run began, in milliseconds since 1970."""
        instant = Instant(milliseconds)
        if self._started is None or instant.unix_ms < self._started.unix_ms:
            self._started = instant

    def property(self, name: str | None, value: str | None) -> None:
        """Keep what the report says of its run."""
        if name and value is not None and len(self._properties) < _MAX_PROPERTIES:
            self._properties.setdefault(name[:_MAX_NAME], value[:_MAX_NAME])

    def note(self, text: str) -> None:
        """Say what does not fit."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(text)

    def report(self) -> TestReport:
        """Make the record."""
        inconsistent = self._contradiction()
        return TestReport(
            format=self.format,
            total=sum(self.counts.values()),
            passed=self.counts[Outcome.PASSED],
            failed=self.counts[Outcome.FAILED],
            errors=self.counts[Outcome.ERROR],
            skipped=self.counts[Outcome.SKIPPED],
            suites=self.suites,
            duration_ms=None if self._milliseconds is None else round(self._milliseconds),
            flaky=self._flaky,
            mixed=len(self._failed_set.intersection(self._passed_names)),
            passed_names=tuple(self._passed_names),
            failed_names=tuple(self._failed_names),
            claimed_failures=self.claimed_failures,
            declared=None if self.declared == DeclaredTotals() else self.declared,
            inconsistent=inconsistent,
            incomplete=tuple(self._incomplete),
            tools=tuple(self._tools),
            started=self._started,
            properties=tuple(self._properties.items()),
            notes=tuple(self._notes),
        )

    def _contradiction(self) -> bool:
        """Whether the totals the report claims cannot be those of the cases in it.

        Tools differ in whether cases that did not run, that broke, or what broke outside a case are
        in their totals, and in which of failures and errors they count a case; any is accepted.
        """
        declared = self.declared
        if declared is None:
            return False
        found = sum(self.counts.values())
        skipped = self.counts[Outcome.SKIPPED]
        broken = self.counts[Outcome.ERROR]
        totals = {
            found - left_out - outside
            for left_out in (0, skipped)
            for outside in (0, self._outside, broken)
        }
        if declared.total is not None and declared.total not in totals:
            return True
        if declared.skipped is not None and declared.skipped != skipped:
            return True
        if declared.failed is None:
            return False
        if declared.errors is None:
            return declared.failed not in {
                self.counts[Outcome.FAILED],
                self.failures,
                self.failures - self._outside,
            }
        return declared.failed + declared.errors not in {
            self.failures,
            self.failures - self._outside,
        }


def seconds_of(text: str) -> float | None:
    """Read seconds as reports write them; ``None`` when it is no such number."""
    # Surefire writes thousands with a comma: 1,234.5.
    plain = text.strip().replace(",", "")
    return float(plain) if _SECONDS.match(plain) else None


def count_of(text: str | None) -> int | None:
    """Read a count from an attribute; ``None`` when it is no count."""
    stripped = (text or "").strip()
    return int(stripped) if _COUNT.match(stripped) else None


def number_of(fields: Fields, name: str) -> int:
    """Read a count from JSON.

    Raises:
        MalformedError: absent, or not a whole number between 0 and 10^9.

    """
    value = fields.values.get(name)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise fields.refuse(f"{name!r} must be a count")
    return value
