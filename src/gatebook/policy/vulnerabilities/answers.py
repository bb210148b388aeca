"""What is known of an artifact's vulnerabilities, by whom it is known, and whether it is all."""

from collections.abc import Iterable
from dataclasses import dataclass

from gatebook.clock import Instant
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.vulnerabilities.merging import Named
from gatebook.policy.vulnerabilities.weighed import Standing, Weighed

__all__ = ["Answer", "VulnerabilityPicture", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one kind of source says.

    Attributes:
        named: what it names, document by document.
        trouble: why nobody can say that this is all; ``None`` if that can be said.
        until: when what it says is too old.
        evidence: ids of the entries it rests on.
        resting_on: the same for people.

    """

    named: tuple[tuple[Named, ...], ...]
    trouble: Finding | None
    until: Instant | None
    evidence: tuple[str, ...]
    resting_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityPicture:
    """Everything that is known of an artifact's vulnerabilities, for one use of the control.

    Attributes:
        weighed: every vulnerability and what became of it, the worst first.
        trouble: why nobody can say that these are all; ``None`` if that can be said.
        until: when what this rests on is too old.
        evidence: ids of the entries it rests on.
        resting_on: the same for people.

    """

    weighed: tuple[Weighed, ...]
    trouble: Finding | None
    until: Instant | None
    evidence: tuple[str, ...]
    resting_on: str

    def of(self, standing: Standing) -> tuple[Weighed, ...]:
        """Those of which one thing became."""
        return tuple(each for each in self.weighed if each.standing is standing)


def trouble(  # noqa: PLR0917  # the parts of a finding, in its order
    status: Status, code: str, expected: str, found: str, fix: str, evidence: Iterable[str] = ()
) -> Finding:
    """Make the finding that says why nobody can say that nothing else is known."""
    return Finding(
        status=status, code=code, expected=expected, found=found, fix=fix, evidence=tuple(evidence)
    )
