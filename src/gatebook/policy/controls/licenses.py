"""Every component may be used as the artifact is distributed."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice
from gatebook.policy.control import Roles
from gatebook.policy.outcome import Finding
from gatebook.policy.parameters import Parameters
from gatebook.policy.sbom_checks import SbomCodes, judge_sboms
from gatebook.sboms.context import SbomContext
from gatebook.sboms.licences.policy import LicencePolicy, LicenceRules, LicenceVerdict

__all__ = ["LicensesControl"]

_LISTS: Final = ("allow", "deny")


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensesControl:
    """No SBOM of the digest lists a component whose licence the lists do not allow."""

    name: ClassVar[str] = "licenses"
    purpose: ClassVar[str] = (
        "Every component's licence is allowed: one branch of an OR, all of an AND, per scope."
    )
    satisfied_by: ClassVar[str] = (
        "accepted SBOMs about the digest in which the licence of each component is allowed"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "allow": "SPDX identifiers that may be used, `MIT`, `Apache-2.0`, `GPL-2.0-only WITH "
            "Classpath-exception-2.0`, or the beginning of some and `*`; what is not on the list "
            "is denied; everything on the SPDX list that is not denied if absent",
            "deny": "those that may not, asked first; none if absent. `allow`, `deny` or `rules` "
            "is required",
            "exceptions": "exceptions that make any licence acceptable they are added to",
            "missing": "what a component without a licence is: `allowed`, `denied` or `unknown`; "
            "`unknown` if absent, which cannot be judged and blocks",
            "unknown": "likewise what a name or reference is that no list has",
            "rules": "a list of mappings of the parameters above for some `scopes` (`required`, "
            "`optional`, `dev` …) or `modes`, in the order in which they are asked; in place of "
            "those above",
            "mode": "how the artifact is distributed, for rules with `modes`",
            **CHOICE_PARAMETERS,
        }
    )

    policy: LicencePolicy
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the lists."""
        del roles
        nested = parameters.nested_list("rules")
        rules = [_rules(each, several=True) for each in nested]
        for each in nested:
            each.done()
        mode = parameters.optional_text("mode")
        if not rules:
            rules = [_rules(parameters, several=False)]
        try:
            policy = LicencePolicy(rules=tuple(rules), mode=mode)
        except GatebookError as error:
            raise parameters.refuse(error.message) from None
        return cls(policy=policy, choice=EvidenceChoice.read(parameters))

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Judge the licence of every component of every SBOM."""
        del roles
        context = SbomContext(licences=self.policy)
        return judge_sboms(
            facts,
            self.choice,
            only=("licences",),
            context=lambda _: context,
            codes=SbomCodes(
                passed="policy.licenses-allowed",
                failed="policy.licenses-denied",
                not_evaluable="policy.licenses-unknown",
                missing="policy.licenses-sbom-missing",
                unreadable="policy.licenses-sbom-unreadable",
                empty="policy.licenses-sbom-empty",
            ),
            expected="a licence that the lists allow for every component of every "
            f"{self.choice.described} SBOM",
            every=True,
            rests_on=lambda _: (self,),
            fix="`gatebook sbom licenses` says which part of an expression decides",
        )


def _rules(parameters: Parameters, *, several: bool) -> LicenceRules:
    lists = {name: parameters.texts(name) for name in _LISTS}
    if not any(lists.values()):
        raise parameters.refuse("'allow' or 'deny' is required")
    scopes = parameters.texts("scopes") if several else ()
    modes = parameters.texts("modes") if several else ()
    try:
        return LicenceRules(
            allowed=frozenset(lists["allow"]) if lists["allow"] else None,
            denied=frozenset(lists["deny"]),
            exceptions=frozenset(parameters.texts("exceptions")),
            missing=parameters.word("missing", LicenceVerdict, LicenceVerdict.UNKNOWN),
            unknown=parameters.word("unknown", LicenceVerdict, LicenceVerdict.UNKNOWN),
            scopes=frozenset(scopes) if scopes else None,
            modes=frozenset(modes) if modes else None,
        )
    except GatebookError as error:
        raise parameters.refuse(error.message) from None
