"""What a control is: parameters, and a pure function from facts to a finding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, Self

from gatebook.facts.facts import EvidenceFact, Facts, Identity
from gatebook.names import RoleName
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = [
    "MOST_LISTED",
    "Control",
    "Roles",
    "damaged_finding",
    "describe_problems",
    "listed",
]

MOST_LISTED: Final = 5
"""How many items :func:`listed` shows."""
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Roles:
    """Who holds which role, as the contract says.

    Attributes:
        members: role to the people and actors that hold it, as identities.

    """

    members: Mapping[RoleName, frozenset[Identity]]

    def holds(self, identity: Identity, role: RoleName) -> bool:
        """Whether ``identity`` holds ``role``; an unknown role is held by nobody."""
        return identity in self.members.get(role, frozenset())


class Control(Protocol):
    """One kind of demand.

    Class attributes describe it; an instance holds the parameters of one use of it.

    Attributes:
        name: what contracts call it.
        purpose: one sentence for people.
        satisfied_by: which evidence satisfies it.
        parameters: name to meaning, for the reference pages.

    """

    name: ClassVar[str]
    purpose: ClassVar[str]
    satisfied_by: ClassVar[str]
    parameters: ClassVar[Mapping[str, str]]

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the parameters of one use.

        Raises:
            ContractError: one is missing, malformed or unknown.

        """
        ...

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Judge; depends on the arguments alone."""
        ...


def damaged_finding(evidence: tuple[EvidenceFact, ...], expected: str) -> Finding | None:
    """Say that something that may count for or against could not be read, if that is so."""
    damaged = [fact for fact in evidence if fact.problem is not None and fact.problem.damaged]
    if not damaged:
        return None
    return Finding(
        status=Status.ERROR,
        code="policy.evidence-damaged",
        expected=expected,
        found=describe_problems(damaged),
        fix="restore the book's blobs from a backup; `gatebook verify --book` names each one",
        evidence=tuple(fact.entry.id for fact in damaged),
    )


def describe_problems(evidence: Iterable[EvidenceFact]) -> str:
    """List why pieces of evidence do not count."""
    return listed(
        f"entry {fact.entry.index}: {fact.problem.message} [{fact.problem.code}]"
        for fact in evidence
        if fact.problem is not None
    )


def listed(items: Iterable[object]) -> str:
    """Join a few texts, and say how many more there are; long ones are cut."""
    texts = [_shortened(str(item)) for item in items]
    more = len(texts) - MOST_LISTED
    return "; ".join(texts[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
