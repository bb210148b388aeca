"""The artifact is known to the book by its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import Facts
from gatebook.ledger.kinds import ArtifactKind
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["ArtifactIdentified"]


@dataclass(frozen=True, slots=True)
class ArtifactIdentified:
    """The digest was recorded, as one of the kinds of artifact that may be deployed here."""

    name: ClassVar[str] = "artifact-identified"
    purpose: ClassVar[str] = "The artifact is identified by a digest that the book has recorded."
    satisfied_by: ClassVar[str] = "an `artifact.recorded` entry with exactly this digest"
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"kinds": "kinds of artifact that may be deployed; any kind if absent"}
    )

    kinds: frozenset[str]

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take ``kinds``."""
        del roles
        every = [kind.value for kind in ArtifactKind]
        return cls(kinds=parameters.choices("kinds", every, every))

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for a recording of an allowed kind."""
        del roles
        narrowed = len(self.kinds) < len(ArtifactKind)
        kinds_allowed = f" as {' or '.join(sorted(self.kinds))}" if narrowed else ""
        expected = f"a recording of {facts.subject}{kinds_allowed}"
        fitting = [fact for fact in facts.artifacts if fact.artifact.value in self.kinds]
        if fitting:
            return Finding(
                status=Status.PASS,
                code="policy.identified",
                expected=expected,
                found=f"recorded as {fitting[-1].name} by {fitting[-1].recorded_by}",
                evidence=tuple(fact.entry.id for fact in fitting),
            )
        if facts.artifacts:
            kinds = sorted({fact.artifact.value for fact in facts.artifacts})
            return Finding(
                status=Status.FAIL,
                code="policy.artifact-kind",
                expected=expected,
                found=f"recorded as {listed(kinds)}",
                fix="deploy an artifact of an allowed kind, or allow the kind in the contract",
                evidence=tuple(fact.entry.id for fact in facts.artifacts),
            )
        return Finding(
            status=Status.MISSING,
            code="policy.artifact-unknown",
            expected=expected,
            found="nothing is recorded under this digest",
            fix="the bytes differ from every artifact CI recorded: deploy what was built, or "
            "record it in CI with `gatebook record`",
        )
