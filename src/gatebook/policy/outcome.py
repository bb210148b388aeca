"""What a control answers."""

from dataclasses import dataclass
from enum import StrEnum

from gatebook.clock import Instant
from gatebook.names import ControlId

__all__ = ["Finding", "Mode", "Outcome", "Status"]


class Mode(StrEnum):
    """What follows from a control that does not pass."""

    ENFORCE = "enforce"
    WARN = "warn"
    AUDIT = "audit"


class Status(StrEnum):
    """How a control came out. ``error`` means that it could not be judged."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    MISSING = "missing"
    ERROR = "error"
    WAIVED = "waived"
    NOT_APPLICABLE = "not-applicable"

    @property
    def satisfies(self) -> bool:
        """Whether an enforced control may come out like this in an ``allow``."""
        return self in {Status.PASS, Status.WAIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What judging the facts gave, before mode and id of the control are added.

    Attributes:
        status: how it came out.
        code: stable name of the reason.
        expected: what would have passed.
        found: what there was.
        fix: what the reader can do; empty when it passed.
        evidence: ids of the entries this rests on.
        until: when this finding stops holding by itself.

    """

    status: Status
    code: str
    expected: str
    found: str
    fix: str = ""
    evidence: tuple[str, ...] = ()
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The finding of one control of a contract."""

    control: ControlId
    uses: str
    mode: Mode
    finding: Finding

    @property
    def blocks(self) -> bool:
        """Whether this alone keeps the candidate out."""
        return self.mode is Mode.ENFORCE and not self.finding.status.satisfies
