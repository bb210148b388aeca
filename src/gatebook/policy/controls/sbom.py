"""The artifact comes with a list of its components, bound to its digest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom, SbomFormat
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["SbomControl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomControl:
    """A signed SBOM about exactly this digest, with components in it.

    What was signed is read again from the stored bytes, so that the SBOM that counts is the one
    that was attested, byte for byte.
    """

    name: ClassVar[str] = "sbom"
    purpose: ClassVar[str] = "A signed SBOM about exactly this digest lists its components."
    satisfied_by: ClassVar[str] = (
        "an accepted SBOM about the digest, as a CycloneDX or SPDX predicate or as a report in any "
        "format of SBOMs that is read"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "formats": "families of formats that count; any that can be read if absent",
            "spec-versions": 'versions of the format that count, such as `["1.6", "SPDX-2.3"]`; '
            "any if absent",
            "min-components": "how many components there must be at least; 1 if absent",
            "names-digest": "whether the SBOM itself has to name this digest as what it describes; "
            "`false` if absent. One that names another never counts",
            **CHOICE_PARAMETERS,
        }
    )

    formats: frozenset[str]
    spec_versions: frozenset[str]
    min_components: int
    names_digest: bool
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take what an SBOM has to be like."""
        del roles
        every = [form.value for form in SbomFormat]
        return cls(
            formats=parameters.choices("formats", every, every),
            spec_versions=frozenset(parameters.texts("spec-versions")),
            min_components=parameters.count("min-components", 1),
            names_digest=parameters.flag("names-digest", default=False),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one SBOM that is complete enough."""
        del roles
        expected = (
            f"a {self.choice.described} SBOM ({' or '.join(sorted(self.formats))}) of this digest "
            f"with at least {self.min_components} component{'s' * (self.min_components != 1)}"
        )
        found = self.choice.among(facts, Sbom, Family.SBOM)
        reasons = [(each, tuple(self._reasons(each.content, facts))) for each in found.kept]
        fitting = [each for each, differing in reasons if not differing]
        if fitting:
            return Finding(
                status=Status.PASS,
                code="policy.sbom-present",
                expected=expected,
                found=_described(fitting[-1]),
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each in fitting)),
            )
        fix = (
            "generate the SBOM from the built artifact, and sign and hand it in with "
            "`gatebook attest --type sbom`"
        )
        if not reasons:
            return found.absent(
                expected,
                unbelieved="policy.sbom-insufficient",
                missing="policy.sbom-missing",
                unreadable="policy.sbom-insufficient",
                nothing="no SBOM was accepted for this digest",
                fix=fix,
            )
        damaged = found.damaged(expected)
        if damaged is not None:
            return damaged
        empty = all(not each.content.components for each, _ in reasons)
        told = [f"{each.place}: {text}" for each, differing in reasons for text in differing]
        unread = describe_problems(found.unread)
        return Finding(
            status=Status.FAIL,
            code="policy.sbom-empty" if empty else "policy.sbom-insufficient",
            expected=expected,
            found=listed([*told, unread] if unread else told),
            fix=fix,
            evidence=found.entries,
        )

    def _reasons(self, sbom: Sbom, facts: Facts) -> Iterable[str]:
        if sbom.format.value not in self.formats:
            yield f"format is {sbom.format.value}"
        if self.spec_versions and sbom.spec_version not in self.spec_versions:
            yield f"version of the format is {sbom.spec_version or 'not given'}"
        if len(sbom.components) < self.min_components:
            yield f"has {len(sbom.components)} component{'s' * (len(sbom.components) != 1)}"
        named = sbom.subject_digests
        same = [digest for digest in named if digest.algorithm == facts.subject.algorithm]
        if same and facts.subject not in same:
            yield f"describes {same[0]}, another artifact"
        elif self.names_digest and facts.subject not in named:
            yield "does not say which digest it describes"


def _described(each: Kept[Sbom]) -> str:
    count = len(each.content.components)
    defects = each.content.defects
    noted = f"; defects: {listed(defects)}" if defects else ""
    return f"{count} component{'s' * (count != 1)} in {each.place}{noted}"
