"""The artifact comes with a list of its components, bound to its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.sbom.components import Sbom, SbomFormat
from gatebook.formats.intoto import PredicateKind
from gatebook.policy.control import Roles, damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["SbomControl"]


@dataclass(frozen=True, slots=True)
class SbomControl:
    """A signed SBOM about exactly this digest, with components in it."""

    name: ClassVar[str] = "sbom"
    purpose: ClassVar[str] = "A signed SBOM about exactly this digest lists its components."
    satisfied_by: ClassVar[str] = (
        "an accepted attestation with a CycloneDX or SPDX predicate about the digest"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "formats": "formats that count; any that can be read if absent",
            "min-components": "how many components there must be at least; 1 if absent",
        }
    )

    formats: frozenset[str]
    min_components: int

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take ``formats`` and ``min-components``."""
        del roles
        every = [form.value for form in SbomFormat]
        return cls(
            formats=parameters.choices("formats", every, every),
            min_components=parameters.count("min-components", 1),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one SBOM that is complete enough."""
        del roles
        expected = (
            f"a signed SBOM ({' or '.join(sorted(self.formats))}) of this digest with at least "
            f"{self.min_components} component{'s' if self.min_components > 1 else ''}"
        )
        found = facts.of_kind(PredicateKind.SBOM)
        fitting: list[EvidenceFact] = []
        reasons: list[str] = []
        for fact in found:
            if isinstance(fact.content, Sbom):
                reason = self._reason(fact.content, facts)
                if reason is None:
                    fitting.append(fact)
                else:
                    reasons.append(f"entry {fact.entry.index}: {reason}")
        if fitting:
            sbom = fitting[-1].content
            count = len(sbom.components) if isinstance(sbom, Sbom) else 0
            defects = sbom.defects if isinstance(sbom, Sbom) else ()
            noted = f"; defects: {listed(defects)}" if defects else ""
            return Finding(
                status=Status.PASS,
                code="policy.sbom-present",
                expected=expected,
                found=f"{count} component{'s' * (count != 1)} in entry "
                f"{fitting[-1].entry.index}{noted}",
                evidence=tuple(fact.entry.id for fact in fitting),
            )
        damaged = damaged_finding(found, expected)
        if damaged is not None:
            return damaged
        problems = listed(part for part in (*reasons, describe_problems(found)) if part)
        return Finding(
            status=Status.FAIL if problems else Status.MISSING,
            code="policy.sbom-insufficient" if problems else "policy.sbom-missing",
            expected=expected,
            found=problems or "no signed SBOM was accepted for this digest",
            fix="generate the SBOM from the built artifact, and sign and hand it in with "
            "`gatebook attest --type sbom`",
            evidence=tuple(fact.entry.id for fact in found),
        )

    def _reason(self, sbom: Sbom, facts: Facts) -> str | None:
        if sbom.format.value not in self.formats:
            return f"format is {sbom.format.value}"
        if len(sbom.components) < self.min_components:
            return f"has {len(sbom.components)} component{'s' * (len(sbom.components) != 1)}"
        named = sbom.subject_digests
        same = [digest for digest in named if digest.algorithm == facts.subject.algorithm]
        if same and facts.subject not in same:
            return f"describes {same[0]}, another artifact"
        return None
