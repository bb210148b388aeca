"""The artifact is not older than the environment allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.clock import Duration
from gatebook.facts.facts import Facts
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.names import Pattern
from gatebook.policy.control import Roles, damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["BuildAge"]


@dataclass(frozen=True, slots=True)
class BuildAge:
    """Signed provenance says that the build ended recently enough."""

    name: ClassVar[str] = "build-age"
    purpose: ClassVar[str] = "The build ended no longer ago than the environment allows."
    satisfied_by: ClassVar[str] = "accepted provenance that says when the build ended"
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "max": "greatest age at the instant of the decision, such as `30d`; required",
            "builders": "patterns over the builder id whose provenance counts; any believed one "
            "if absent",
        }
    )

    longest: Duration
    builders: tuple[Pattern, ...]

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take ``max`` and ``builders``."""
        del roles
        return cls(longest=parameters.duration("max"), builders=parameters.patterns("builders"))

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Compare the end of the build with the instant of the judgement."""
        del roles
        expected = f"a build that ended at most {self.longest} before {facts.now}"
        found = facts.of_kind(PredicateKind.PROVENANCE)
        ended = [
            (fact, fact.content.finished)
            for fact in found
            if isinstance(fact.content, Provenance)
            and fact.content.finished is not None
            and self._counts(fact.content)
        ]
        # A build cannot have ended after the ledger received its provenance.
        honest = [(fact, at) for fact, at in ended if at <= fact.received]
        if honest:
            fact, at = max(honest, key=lambda pair: pair[1])
            young = facts.now - at <= self.longest
            age = Duration(max(0, (facts.now - at).milliseconds // 60_000 * 60_000))
            return Finding(
                status=Status.PASS if young else Status.FAIL,
                code="policy.build-young-enough" if young else "policy.build-too-old",
                expected=expected,
                found=f"the build ended at {at}, {age} ago",
                fix="" if young else "build again from the same commit, and test the new artifact",
                evidence=(fact.entry.id,),
                until=at + self.longest if young else None,
            )
        damaged = damaged_finding(found, expected)
        if damaged is not None:
            return damaged
        late = [f"entry {fact.entry.index}: the build ended at {at}, later" for fact, at in ended]
        problems = listed(part for part in (*late, describe_problems(found)) if part)
        return Finding(
            status=Status.FAIL if late else Status.MISSING,
            code="policy.build-from-the-future" if late else "policy.build-time-missing",
            expected=expected,
            found=problems or "no accepted provenance says when the build ended",
            fix="let the builder write the time at which the build ended into the provenance",
            evidence=tuple(fact.entry.id for fact in found),
        )

    def _counts(self, provenance: Provenance) -> bool:
        builder = provenance.builder_id
        return not self.builders or any(pattern.matches(builder) for pattern in self.builders)
