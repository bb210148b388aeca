"""The normal form of what tools say about the quality of code: a gate's verdict, and issues.

A gate's verdict is the tool's own, by conditions that the tool was given; it is carried with them
and believed only where a contract says so. A report without a gate has no verdict, which is none.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = [
    "GateCondition",
    "GateStatus",
    "QualityError",
    "QualityIssue",
    "QualityReport",
    "SoftwareImpact",
]


class QualityError(MalformedError):
    """Bytes are not a report on quality that can be read."""

    code = "formats.quality"


class GateStatus(StrEnum):
    """What a quality gate came to; only ``OK`` passes.

    ``NONE`` is written where no gate was computed, ``NO_VALUE`` by a condition whose metric was not
    measured.
    """

    OK = "OK"
    WARN = "WARN"
    ERROR = "ERROR"
    NONE = "NONE"
    NO_VALUE = "NO_VALUE"


class GateCondition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One condition of a quality gate.

    Attributes:
        metric: what is measured, such as ``new_coverage``.
        status: whether it holds.
        operator: how ``actual`` is compared with ``threshold`` to fail (``LT``, ``GT`` …).
        threshold: as written.
        actual: what was measured, as written.

    """

    metric: str
    status: GateStatus
    operator: str | None = None
    threshold: str | None = None
    actual: str | None = None


class SoftwareImpact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an issue does to a quality of the software (SonarQube 10 and later).

    Attributes:
        quality: ``SECURITY``, ``RELIABILITY`` or ``MAINTAINABILITY``, as written.
        severity: as written.

    """

    quality: str
    severity: str


class QualityIssue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One issue.

    Attributes:
        key: the tool's identifier of it.
        rule: the rule that is broken.
        type: ``BUG``, ``VULNERABILITY``, ``CODE_SMELL`` or ``SECURITY_HOTSPOT``, as written;
            ``None`` where the report gives none.
        severity: as written; ``None`` where the report gives none.
        impacts: by quality, where the report gives them.
        status: as written.
        standing: whether it stands. Resolved, closed and accepted issues do not.
        settled_by: why it does not stand, as written.
        component: the file or project it is in.
        line: where in the file.
        message: one line for people.

    """

    key: str
    rule: str
    type: str | None = None
    severity: str | None = None
    impacts: tuple[SoftwareImpact, ...] = ()
    status: str | None = None
    standing: bool = True
    settled_by: str | None = None
    component: str | None = None
    line: int | None = None
    message: str | None = None


class QualityReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report.

    Attributes:
        format: what it was read from.
        gate: the verdict of the quality gate; ``None`` when the report is about something else.
        gate_name: what the gate is called.
        conditions: what the gate asked for.
        revision: the source revision that was analysed, as written.
        analysed: when.
        project: the project's key or name.
        branch: the branch, where the report says.
        task: identifier of the analysis task.
        score: an overall score, as written (OpenSSF Scorecard: 0 to 10).
        issues: every issue, standing or not.
        incomplete: why the report is not known to be whole; empty when nothing in it says so.
        notes: what else a reader should know.

    """

    format: DocumentFormat
    gate: GateStatus | None = None
    gate_name: str | None = None
    conditions: tuple[GateCondition, ...] = ()
    revision: str | None = None
    analysed: Instant | None = None
    project: str | None = None
    branch: str | None = None
    task: str | None = None
    score: float | None = None
    issues: tuple[QualityIssue, ...] = ()
    incomplete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def standing_issues(self) -> tuple[QualityIssue, ...]:
        """The issues that stand."""
        return tuple(each for each in self.issues if each.standing)

    def by_severity(self) -> dict[str, int]:
        """How many standing issues there are of each severity, by its lower-case name."""
        return _counted(each.severity for each in self.standing_issues())

    def by_type(self) -> dict[str, int]:
        """How many standing issues there are of each type, by its lower-case name."""
        return _counted(each.type for each in self.standing_issues())

    def by_impact(self) -> dict[str, int]:
        """How many impacts standing issues have, by ``quality:severity`` in lower case."""
        return _counted(
            f"{impact.quality}:{impact.severity}"
            for each in self.standing_issues()
            for impact in each.impacts
        )


def _counted(words: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter((word or "unknown").lower() for word in words).items()))
