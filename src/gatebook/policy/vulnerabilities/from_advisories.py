"""What the newest advisory snapshot says of the artifact's SBOMs.

Every SBOM that counts has to be matched with the newest snapshot, and that has to be recent: an
SBOM nobody matched, and a component nobody can judge, is no SBOM and no component without flaws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook.clock import Duration, Instant
from gatebook.facts.facts import Facts, MatchFact
from gatebook.formats.sbom.components import Sbom
from gatebook.policy.choice import Chosen
from gatebook.policy.control import listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.vulnerabilities.answers import Answer, trouble
from gatebook.policy.vulnerabilities.merging import from_match
from gatebook.vulnerabilities.match_report import MatchReport

__all__ = ["ADVISORY_PARAMETERS", "AdvisoryRules"]

ADVISORY_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "max-advisory-age": "greatest age of what the snapshot knows, such as `48h`; `7d` if "
        "absent",
        "max-unevaluated": "how many components there may be of which nobody can say whether an "
        "advisory touches them; 0 if absent",
        "ignore-unevaluated": "reasons for which a component need not be judged, such as "
        "`vulnerabilities.no-purl`; none if absent",
    }
)
_DEFAULT_AGE: Final = Duration.parse("7d")
_IMPORT: Final = "import newer ones with `gatebook advisories import`"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryRules:
    """What matching with advisories has to be like.

    Attributes:
        max_age: how old the snapshot may be.
        max_unevaluated: how many components may be left out.
        ignored: reasons for which one may be left out without being counted.

    """

    max_age: Duration = _DEFAULT_AGE
    max_unevaluated: int = 0
    ignored: frozenset[str] = frozenset()

    @classmethod
    def read(cls, parameters: Parameters) -> "AdvisoryRules":
        """Take the parameters of :data:`ADVISORY_PARAMETERS`."""
        return cls(
            max_age=parameters.optional_duration("max-advisory-age") or _DEFAULT_AGE,
            max_unevaluated=parameters.limit("max-unevaluated") or 0,
            ignored=frozenset(parameters.texts("ignore-unevaluated")),
        )

    def ask(self, facts: Facts, sboms: Chosen[Sbom], expected: str) -> Answer:
        """Collect what is known of the components of the chosen SBOMs."""
        matches = _current(facts, sboms)
        reports = [(match, match.report) for match in matches if match.report is not None]
        known = _known(facts)
        evidence = [match.entry.id for match, _ in reports]
        resting = "no advisories"
        if facts.advisories is not None and known is not None:
            evidence.append(facts.advisories.entry.id)
            count = sum(report.components for _, report in reports)
            resting = f"{count} components and what advisories knew at {known}"
        return Answer(
            named=tuple(from_match(report, match.entry.id) for match, report in reports),
            trouble=self._age_trouble(facts, expected)
            or self._sbom_trouble(sboms, expected)
            or self._match_trouble(sboms, matches, expected),
            until=None if known is None else known + self.max_age,
            evidence=tuple(evidence),
            resting_on=resting,
        )

    def _age_trouble(self, facts: Facts, expected: str) -> Finding | None:
        if facts.advisories is None:
            return trouble(
                Status.MISSING,
                "policy.advisories-missing",
                expected,
                "no advisories were imported into the book",
                "import some with `gatebook advisories import`",
            )
        known = _known(facts)
        evidence = (facts.advisories.entry.id,)
        if known is None:
            found = "no record of the newest snapshot says when it was changed"
            return trouble(
                Status.ERROR, "policy.advisories-undated", expected, found, _IMPORT, evidence
            )
        if facts.now - known > self.max_age:
            found = f"the newest snapshot holds what was known at {known}"
            return trouble(
                Status.FAIL, "policy.advisories-too-old", expected, found, _IMPORT, evidence
            )
        return None

    def _sbom_trouble(self, sboms: Chosen[Sbom], expected: str) -> Finding | None:
        if not sboms.kept:
            return sboms.absent(
                expected,
                missing="policy.vulnerabilities-sbom-missing",
                unreadable="policy.vulnerabilities-sbom-unreadable",
                nothing="there is no SBOM to match with advisories",
                fix="hand in an SBOM of the built artifact with `gatebook attest --type sbom`",
            )
        damaged = sboms.damaged(expected)
        if damaged is not None or any(each.content.components for each in sboms.kept):
            return damaged
        return trouble(
            Status.FAIL,
            "policy.vulnerabilities-sbom-empty",
            expected,
            "no SBOM of the artifact lists any component",
            "hand in an SBOM that lists what was built in, with `gatebook attest --type sbom`",
            sboms.entries,
        )

    def _match_trouble(
        self, sboms: Chosen[Sbom], matches: Sequence[MatchFact], expected: str
    ) -> Finding | None:
        by_sbom = {match.sbom: match for match in matches}
        for sbom in sboms.kept:
            match = by_sbom.get(sbom.fact.document)
            if match is not None and match.report is not None and match.problem is None:
                continue
            problem = None if match is None else match.problem
            why = "nobody matched it" if problem is None else problem.message
            return trouble(
                Status.ERROR,
                "policy.vulnerabilities-unmatched",
                expected,
                f"there is no report on the SBOM of {sbom.place} and the newest snapshot: {why}",
                "judge again with `gatebook gate`, which matches first",
                (sbom.fact.entry.id,),
            )
        reports = [match.report for match in matches if match.report is not None]
        evidence = [match.entry.id for match in matches]
        if not any(report.components for report in reports):
            return trouble(
                Status.ERROR,
                "policy.vulnerabilities-nothing-matched",
                expected,
                "no component of any SBOM could be looked up",
                "hand in an SBOM with package URLs, with `gatebook attest --type sbom`",
                evidence,
            )
        doubts = self._doubts(reports)
        if len(doubts) <= self.max_unevaluated:
            return None
        return trouble(
            Status.ERROR,
            "policy.vulnerabilities-unevaluated",
            expected,
            f"{len(doubts)} doubts where at most {self.max_unevaluated} are allowed: "
            f"{listed(doubts)}",
            "give components package URLs with versions, or import advisories of their "
            "ecosystems with `gatebook advisories import`",
            evidence,
        )

    def _doubts(self, reports: Sequence[MatchReport]) -> list[str]:
        return sorted(
            {
                f"{each.component} [{each.code}]": None
                for report in reports
                for each in report.unevaluated
                if each.code not in self.ignored
            }
        )


def _known(facts: Facts) -> Instant | None:
    """As of when the snapshot knows; a record dated later than its import is wrong."""
    advisories = facts.advisories
    if advisories is None or advisories.known is None:
        return None
    return min(advisories.known, advisories.imported)


def _current(facts: Facts, sboms: Chosen[Sbom]) -> list[MatchFact]:
    """The matches of chosen SBOMs with the newest snapshot, in the order of the ledger."""
    documents = {each.fact.document for each in sboms.kept}
    newest = None if facts.advisories is None else facts.advisories.snapshot
    return [
        match
        for match in sorted(facts.matches, key=lambda each: each.entry.index)
        if match.sbom in documents and match.snapshot == newest
    ]
