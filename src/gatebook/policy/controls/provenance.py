"""The artifact was built by an allowed builder from an allowed source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.names import Pattern
from gatebook.policy.control import Roles, damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["ProvenanceControl"]


@dataclass(frozen=True, slots=True)
class ProvenanceControl:
    """Signed provenance names an allowed builder, repository, ref and workflow."""

    name: ClassVar[str] = "provenance"
    purpose: ClassVar[str] = (
        "The artifact was built by an allowed builder from an allowed repository, ref and workflow."
    )
    satisfied_by: ClassVar[str] = (
        "an accepted SLSA provenance attestation (v0.2 or v1) about the digest, whose commit is "
        "the recorded one"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "builders": "patterns over the builder id; required",
            "repositories": "patterns over the source repository, `https://host/owner/name`; "
            "required",
            "refs": "patterns over the full git ref; any if absent",
            "workflows": "patterns over the workflow path; any if absent",
        }
    )

    builders: tuple[Pattern, ...]
    repositories: tuple[Pattern, ...]
    refs: tuple[Pattern, ...]
    workflows: tuple[Pattern, ...]

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the four lists of patterns."""
        del roles
        return cls(
            builders=parameters.required_patterns("builders"),
            repositories=parameters.required_patterns("repositories"),
            refs=parameters.patterns("refs"),
            workflows=parameters.patterns("workflows"),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one provenance in which everything fits."""
        del roles
        expected = self._expected()
        found = facts.of_kind(PredicateKind.PROVENANCE)
        fitting: list[EvidenceFact] = []
        reasons: list[str] = []
        for fact in found:
            if isinstance(fact.content, Provenance):
                differing = [*self._differences(fact.content), *_commits(fact.content, facts)]
                if not differing:
                    fitting.append(fact)
                reasons.extend(f"entry {fact.entry.index}: {text}" for text in differing)
        if fitting:
            return Finding(
                status=Status.PASS,
                code="policy.provenance-fits",
                expected=expected,
                found=_describe(fitting[-1]),
                evidence=tuple(fact.entry.id for fact in fitting),
            )
        damaged = damaged_finding(found, expected)
        if damaged is not None:
            return damaged
        if reasons:
            return Finding(
                status=Status.FAIL,
                code="policy.provenance-differs",
                expected=expected,
                found=listed(reasons),
                fix="build from an allowed repository and ref on an allowed builder",
                evidence=tuple(fact.entry.id for fact in found),
            )
        problems = describe_problems(found)
        return Finding(
            status=Status.FAIL if problems else Status.MISSING,
            code="policy.provenance-not-believed" if problems else "policy.provenance-missing",
            expected=expected,
            found=problems or "no signed provenance was accepted for this digest",
            fix="let the build platform sign provenance and hand it in with `gatebook accept`",
            evidence=tuple(fact.entry.id for fact in found),
        )

    def _expected(self) -> str:
        parts = [
            f"builder {_any(self.builders)}",
            f"repository {_any(self.repositories)}",
        ]
        if self.refs:
            parts.append(f"ref {_any(self.refs)}")
        if self.workflows:
            parts.append(f"workflow {_any(self.workflows)}")
        return "provenance with " + ", ".join(parts)

    def _differences(self, provenance: Provenance) -> Iterable[str]:
        source = provenance.source
        yield from _compare("builder", provenance.builder_id, self.builders)
        yield from _compare(
            "repository", None if source is None else str(source.repository), self.repositories
        )
        if self.refs:
            yield from _compare("ref", None if source is None else source.ref, self.refs)
        if self.workflows:
            workflow = None if source is None else source.workflow
            yield from _compare("workflow", workflow, self.workflows)


def _compare(part: str, found: str | None, allowed: tuple[Pattern, ...]) -> Iterable[str]:
    if found is None:
        yield f"{part} is not named"
    elif not any(pattern.matches(found) for pattern in allowed):
        yield f"{part} is {found}"


def _commits(provenance: Provenance, facts: Facts) -> Iterable[str]:
    """The recorded commit has to be the proved one: people are judged by the recorded one."""
    proved = None if provenance.source is None else provenance.source.commit
    for artifact in facts.artifacts:
        recorded = None if artifact.build is None else artifact.build.commit
        if recorded is not None and recorded != proved:
            yield f"commit is {proved or 'not named'}, but {recorded} is recorded"
            return


def _describe(fact: EvidenceFact) -> str:
    content = fact.content
    if not isinstance(content, Provenance) or content.source is None:
        return f"entry {fact.entry.index}"
    source = content.source
    who = ", ".join(str(signer.holder) for signer in fact.signers)
    return (
        f"built by {content.builder_id} from {source.repository} "
        f"{source.ref or ''} {source.commit or ''}, signed by {who}"
    ).replace("  ", " ")


def _any(patterns: tuple[Pattern, ...]) -> str:
    return " or ".join(str(pattern) for pattern in patterns)
