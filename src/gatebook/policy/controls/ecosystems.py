"""Packages come from where the environment allows, as released."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import Facts
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice
from gatebook.policy.control import Roles
from gatebook.policy.outcome import Finding
from gatebook.policy.parameters import Parameters
from gatebook.policy.sbom_checks import SbomCodes, judge_sboms
from gatebook.sboms.context import InternalNames, PackageSources, SbomContext

__all__ = ["EcosystemsControl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EcosystemsControl:
    """No SBOM of the digest lists a package from somewhere else."""

    name: ClassVar[str] = "ecosystems"
    purpose: ClassVar[str] = (
        "Packages come from approved ecosystems and registries, and one's own from one's own."
    )
    satisfied_by: ClassVar[str] = (
        "accepted SBOMs about the digest in which every package is from an approved source"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "types": "types of package URL that may be there, such as `[npm, pypi]`; any if absent",
            "registries": "hosts that packages may come from, where an SBOM says where; any if "
            "absent",
            "version-control": "whether packages may come straight out of a repository of source "
            "code; `false` if absent",
            "internal": "packages that are one's own (dependency confusion): a mapping of "
            "`packages` (patterns over package URLs without version) and `registries`, the hosts "
            "they have to come from; not asked if absent",
            **CHOICE_PARAMETERS,
        }
    )

    sources: PackageSources
    internal: InternalNames | None
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the approved sources."""
        del roles
        types = parameters.texts("types")
        hosts = parameters.texts("registries")
        given = parameters.nested("internal")
        internal = None
        if given is not None:
            internal = InternalNames(
                packages=given.required_patterns("packages"),
                hosts=frozenset(each.lower() for each in given.texts("registries")),
            )
            given.done()
            if not internal.hosts:
                raise given.refuse("'registries' is required: one's own packages come from there")
        return cls(
            sources=PackageSources(
                types=frozenset(each.lower() for each in types) if types else None,
                hosts=frozenset(each.lower() for each in hosts) if hosts else None,
                version_control=parameters.flag("version-control", default=False),
            ),
            internal=internal,
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look where every package of every SBOM comes from."""
        del roles
        context = SbomContext(sources=self.sources, internal=self.internal)
        only = ["package-sources", *(["internal-packages"] if self.internal is not None else [])]
        types = (
            "any ecosystem" if self.sources.types is None else ", ".join(sorted(self.sources.types))
        )
        return judge_sboms(
            facts,
            self.choice,
            only=only,
            context=lambda _: context,
            codes=SbomCodes(
                passed="policy.ecosystems-approved",
                failed="policy.ecosystems-other",
                not_evaluable="policy.ecosystems-unknown",
                missing="policy.ecosystems-sbom-missing",
                unreadable="policy.ecosystems-sbom-unreadable",
                empty="policy.ecosystems-sbom-empty",
            ),
            expected=f"packages of {types} from approved registries in every "
            f"{self.choice.described} SBOM",
            every=True,
            rests_on=lambda _: (self,),
            fix="build again with packages from approved sources",
        )
