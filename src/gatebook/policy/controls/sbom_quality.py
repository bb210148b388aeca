"""The SBOM is good enough to be relied on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.facts.facts import Facts
from gatebook.formats.sbom.components import Sbom
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles
from gatebook.policy.outcome import Finding
from gatebook.policy.parameters import Parameters
from gatebook.policy.sbom_checks import SbomCodes, judge_sboms, order_versions
from gatebook.sboms.checks.registry import CHECKS
from gatebook.sboms.context import GeneratorRule, SbomContext
from gatebook.sboms.profiles import PROFILES

__all__ = ["SbomQuality"]

# What the facts of a judgement can answer; the others need what is not handed in.
_ANSWERED: Final = ("S02", "S05", "S07", "S08", "S09", "S10", "S11", "S12", "S13", "S14")
_DEFAULT: Final = ("S02", "S09", "S10")
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomQuality:
    """One SBOM of the digest passes every check that is demanded."""

    name: ClassVar[str] = "sbom-quality"
    purpose: ClassVar[str] = (
        "An SBOM of the artifact passes checks of its quality: what it names, how exactly, by "
        "which standard."
    )
    satisfied_by: ClassVar[str] = (
        "an accepted SBOM about the digest that passes each check; `gatebook sbom check` asks the "
        "same ones beforehand"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "checks": "names or numbers of the checks; `[subject-binding, component-count, "
            "component-versions]` and those that other parameters are about if absent",
            "profiles": "standards of which the minimum elements have to be there, such as "
            "`ntia-2021`; none if absent",
            "generators": "tools of which one has to have made it, each with its smallest version "
            "if that matters: `syft>=1.2`, `trivy`; any if absent",
            "lifecycles": "phases in which it may have been made; not asked if absent",
            "min-components": "how many components there must be at least; 1 if absent",
            "max-inexact-percent": "how many of a hundred packages may have no exact version; 0 if "
            "absent",
            "max-orphans-percent": "how many of a hundred components may be out of reach of the "
            "root, for `dependency-graph`; 0 if absent",
            **CHOICE_PARAMETERS,
        }
    )

    checks: frozenset[str]
    profiles: tuple[str, ...]
    generators: tuple[GeneratorRule, ...]
    lifecycles: frozenset[str]
    min_components: int
    max_inexact: float
    max_orphans: float
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take which checks are asked, and how strictly."""
        del roles
        profiles = parameters.choices("profiles", PROFILES, ())
        generators = _generators(parameters)
        lifecycles = frozenset(parameters.texts("lifecycles"))
        asked = {
            *_DEFAULT,
            *(["S08"] if profiles else []),
            *(["S05"] if generators else []),
            *(["S07"] if lifecycles else []),
        }
        known = {name: each for each in _ANSWERED for name in (each, CHECKS[each].name)}
        chosen = parameters.choices("checks", known, asked)
        checks = frozenset(known[name] for name in chosen)
        for number, parameter, given in (
            ("S08", "profiles", profiles),
            ("S05", "generators", generators),
            ("S07", "lifecycles", lifecycles),
        ):
            if given and number not in checks:
                raise parameters.refuse(f"{parameter!r} is given, and {number} is not asked")
        if "S08" in checks and not profiles:
            raise parameters.refuse("'profiles' has to say which elements S08 asks for")
        return cls(
            checks=checks,
            profiles=tuple(sorted(profiles)),
            generators=generators,
            lifecycles=lifecycles,
            min_components=parameters.count("min-components", 1),
            max_inexact=_part(parameters, "max-inexact-percent"),
            max_orphans=_part(parameters, "max-orphans-percent"),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one SBOM that passes every check."""
        del roles
        names = ", ".join(f"{each} {CHECKS[each].name}" for each in sorted(self.checks))
        profiles = f" ({', '.join(self.profiles)})" if self.profiles else ""
        return judge_sboms(
            facts,
            self.choice,
            only=self.checks,
            context=lambda sbom: self._context(facts, sbom),
            codes=SbomCodes(
                passed="policy.sbom-quality-good",
                failed="policy.sbom-quality-poor",
                not_evaluable="policy.sbom-quality-unknown",
                missing="policy.sbom-quality-sbom-missing",
                unreadable="policy.sbom-quality-sbom-unreadable",
                empty="policy.sbom-quality-sbom-empty",
            ),
            expected=f"a {self.choice.described} SBOM that passes {names}{profiles}",
            every=False,
            fix="see `gatebook sbom check`; hand in one with `gatebook attest --type sbom`",
        )

    def _context(self, facts: Facts, sbom: Kept[Sbom]) -> SbomContext:
        return SbomContext(
            artifact=facts.subject,
            # The facts are of statements about this artifact, and of reports filed under it.
            attested_subjects=(facts.subject,) if sbom.fact.signed else (),
            now=facts.now,
            generators=self.generators or None,
            lifecycles=self.lifecycles,
            min_components=self.min_components,
            version_threshold=self.max_inexact,
            max_orphans=self.max_orphans,
            order=order_versions,
            profiles=self.profiles,
        )


def _generators(parameters: Parameters) -> tuple[GeneratorRule, ...]:
    rules: list[GeneratorRule] = []
    for text in parameters.texts("generators"):
        name, separator, least = (part.strip() for part in text.partition(">="))
        known = not least or order_versions("cargo", least.removeprefix("v"), "1.0.0") is not None
        if not name or (separator and not least) or not known:
            raise parameters.refuse(f"'generators': {text[:60]!r} is not like syft>=1.2.0")
        rules.append(GeneratorRule(name=name, minimum=least or None))
    return tuple(rules)


def _part(parameters: Parameters, name: str) -> float:
    percent = parameters.limit(name) or 0
    if percent > _PERCENT:
        raise parameters.refuse(f"{name!r} lies between 0 and 100")
    return percent / _PERCENT
