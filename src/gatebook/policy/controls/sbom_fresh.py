"""The SBOM was made with the artifact, and is not older than the environment allows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.clock import Duration, Instant
from gatebook.facts.facts import Facts
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["SbomFresh"]

_DEFAULT_AFTER: Final = Duration.parse("1d")
_SKEW: Final = Duration.parse("5m")


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomFresh:
    """One SBOM says when it was made, and that is a time at which it can be of this artifact."""

    name: ClassVar[str] = "sbom-fresh"
    purpose: ClassVar[str] = "An SBOM was made during the build or soon after, and recently enough."
    satisfied_by: ClassVar[str] = (
        "an accepted SBOM about the digest that says when it was made: not before the build began, "
        "not long after it ended, and not after it was received"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "max-age": "greatest age at the instant of the decision, such as `90d`; any if absent",
            "after-build": "how long after the end of the build it may have been made; `1d` if "
            "absent",
            "build": "whether provenance has to say when the build was; `true` if absent",
            **CHOICE_PARAMETERS,
        }
    )

    max_age: Duration | None
    after_build: Duration
    build: bool
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take what is demanded of the time."""
        del roles
        return cls(
            max_age=parameters.optional_duration("max-age"),
            after_build=parameters.optional_duration("after-build") or _DEFAULT_AFTER,
            build=parameters.flag("build", default=True),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one SBOM whose time fits."""
        del roles
        age = "" if self.max_age is None else f", at most {self.max_age} old"
        expected = (
            f"a {self.choice.described} SBOM made in the build or at most {self.after_build} "
            f"after it{age}"
        )
        found = self.choice.among(facts, Sbom, Family.SBOM)
        if not found.kept:
            return found.absent(
                expected,
                missing="policy.sbom-fresh-missing",
                unreadable="policy.sbom-fresh-unreadable",
                nothing="no SBOM was accepted for this digest",
                fix="hand in an SBOM of the built artifact with `gatebook attest --type sbom`",
            )
        builds = _builds(facts)
        reasons = [(each, tuple(self._reasons(each, builds, facts.now))) for each in found.kept]
        fitting = [each for each, differing in reasons if not differing]
        if fitting:
            last = max(fitting, key=_made)
            made = _made(last)
            return Finding(
                status=Status.PASS,
                code="policy.sbom-fresh",
                expected=expected,
                found=f"the SBOM of {last.place} was made at {made}",
                evidence=(last.fact.entry.id,),
                until=None if self.max_age is None else made + self.max_age,
            )
        damaged = found.damaged(expected)
        if damaged is not None:
            return damaged
        codes = [code for _, differing in reasons for code, _ in differing]
        unknown = all(code == "policy.sbom-fresh-build-unknown" for code in codes)
        return Finding(
            status=Status.ERROR if unknown else Status.FAIL,
            code=codes[-1],
            expected=expected,
            found=listed(
                f"{each.place}: {text}" for each, differing in reasons for _, text in differing
            ),
            fix="make the SBOM in the build of this artifact, and hand it in with "
            "`gatebook attest --type sbom`",
            evidence=found.entries,
        )

    def _reasons(
        self, each: Kept[Sbom], builds: list[tuple[Instant | None, Instant]], now: Instant
    ) -> Iterable[tuple[str, str]]:
        """Why an SBOM does not fit; the last is the one that is named."""
        created = each.content.created
        if created is None:
            yield "policy.sbom-fresh-undated", "it does not say when it was made"
            return
        if created > each.fact.received:
            told = f"it says {created}, and was received at {each.fact.received}"
            yield "policy.sbom-fresh-from-the-future", told
        if self.max_age is not None and now - created > self.max_age:
            yield "policy.sbom-fresh-too-old", f"it was made at {created}"
        if not builds:
            if self.build:
                told = "no accepted provenance says when the build ended"
                yield "policy.sbom-fresh-build-unknown", told
            return
        if not any(self._within(created, started, ended) for started, ended in builds):
            started, ended = builds[-1]
            since = "" if started is None else f"from {started} "
            told = f"it was made at {created}, and the build ran {since}to {ended}"
            yield "policy.sbom-fresh-other-build", told

    def _within(self, created: Instant, started: Instant | None, ended: Instant) -> bool:
        late = created - ended > self.after_build
        early = started is not None and started - created > _SKEW
        return not late and not early


def _made(each: Kept[Sbom]) -> Instant:
    return each.content.created or each.fact.received


def _builds(facts: Facts) -> list[tuple[Instant | None, Instant]]:
    """When builds of the artifact began and ended, as believed provenance says."""
    return [
        (fact.content.started, fact.content.finished)
        for fact in facts.of_kind(PredicateKind.PROVENANCE)
        if isinstance(fact.content, Provenance)
        and fact.problem is None
        and fact.signed
        and fact.content.finished is not None
    ]
