"""No vulnerability that the environment does not bear is known in the artifact, as of now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.scan.report import ScanReport
from gatebook.formats.vex.statement import VexDocument
from gatebook.names import ControlId
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice
from gatebook.policy.control import MOST_LISTED, Roles, damaged_finding, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.vulnerabilities.answers import Answer, VulnerabilityPicture
from gatebook.policy.vulnerabilities.from_advisories import ADVISORY_PARAMETERS, AdvisoryRules
from gatebook.policy.vulnerabilities.from_scans import SCANNED_PARAMETERS, ScannedRules
from gatebook.policy.vulnerabilities.rules import THRESHOLD_PARAMETERS, Thresholds
from gatebook.policy.vulnerabilities.weighed import Standing, Weighed
from gatebook.policy.vulnerabilities.weighing import weigh
from gatebook.policy.waivers import waivers_for

__all__ = ["VulnerabilitiesControl", "VulnerabilitySource"]


class VulnerabilitySource(StrEnum):
    """Who is asked."""

    ADVISORIES = "advisories"
    SCANS = "scans"


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilitiesControl:
    """Nothing that is known today of the artifact's components is over a threshold."""

    name: ClassVar[str] = "vulnerabilities"
    purpose: ClassVar[str] = (
        "No vulnerability is known today in the artifact's components that is over a threshold and "
        "neither suppressed by a believed statement, nor waived, nor in its time to mend."
    )
    satisfied_by: ClassVar[str] = (
        "a match of every accepted SBOM of the digest with the newest advisory snapshot, or recent "
        "scans of it, or both, that name nothing over a threshold"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "sources": "who is asked, and has to have answered: `advisories` (SBOMs matched with "
            "the newest snapshot), `scans` or both; `[advisories]` if absent",
            **THRESHOLD_PARAMETERS,
            **ADVISORY_PARAMETERS,
            **SCANNED_PARAMETERS,
            **{name: f"of SBOMs and scans: {text}" for name, text in CHOICE_PARAMETERS.items()},
        }
    )

    id: ControlId | None
    sources: frozenset[VulnerabilitySource]
    thresholds: Thresholds
    advisories: AdvisoryRules
    scans: ScannedRules
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take who is asked, the thresholds, and whose word counts."""
        every = [each.value for each in VulnerabilitySource]
        sources = parameters.choices("sources", every, [VulnerabilitySource.ADVISORIES.value])
        return cls(
            id=parameters.control,
            sources=frozenset(VulnerabilitySource(each) for each in sources),
            thresholds=Thresholds.read(parameters, roles),
            advisories=AdvisoryRules.read(parameters),
            scans=ScannedRules.read(parameters),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Say what fails; where nothing does, whether it can be said that there is nothing."""
        picture = self.picture(facts, roles)
        failing = picture.of(Standing.FAILS)
        if not failing and picture.trouble is not None:
            return picture.trouble
        ends = [picture.until, *(each.until for each in picture.weighed)]
        borne = "policy.vulnerabilities-borne" if picture.weighed else "policy.vulnerabilities-none"
        return Finding(
            status=Status.FAIL if failing else Status.PASS,
            code="policy.vulnerabilities-found" if failing else borne,
            expected=self._expected(),
            found=_told(picture),
            fix="take in versions without them and build again, or hand in a statement of "
            "exploitability or a waiver with `gatebook accept`"
            if failing
            else "",
            evidence=picture.evidence,
            until=None if failing else min((end for end in ends if end is not None), default=None),
        )

    def picture(self, facts: Facts, roles: Roles) -> VulnerabilityPicture:
        """Put together everything that is known; also for whoever shows more than a finding."""
        expected = self._expected()
        sboms = self.choice.among(facts, Sbom, Family.SBOM)
        answers: list[Answer] = []
        if VulnerabilitySource.ADVISORIES in self.sources:
            answers.append(self.advisories.ask(facts, sboms, expected))
        if VulnerabilitySource.SCANS in self.sources:
            scans = self.choice.among(facts, ScanReport, Family.SCAN)
            answers.append(self.scans.ask(facts, scans, expected))
        weighed = weigh(
            [group for answer in answers for group in answer.named],
            facts,
            [each.content for each in sboms.kept],
            self.thresholds,
            waivers_for(facts, self.thresholds.waivers, roles, self.id),
        )
        troubles = [answer.trouble for answer in answers] + [self._lost(facts, expected)]
        ends = [answer.until for answer in answers if answer.until is not None]
        evidence = [entry for answer in answers for entry in answer.evidence]
        return VulnerabilityPicture(
            weighed=weighed,
            trouble=min((each for each in troubles if each), key=_gravest_first, default=None),
            until=min(ends, default=None),
            evidence=tuple(dict.fromkeys([*evidence, *_vouching(weighed, facts)])),
            resting_on=" and ".join(answer.resting_on for answer in answers),
        )

    def _lost(self, facts: Facts, expected: str) -> Finding | None:
        """Statements that are lost may have been objections."""
        if not self.thresholds.statements.signers:
            return None
        statements = EvidenceChoice().among(facts, VexDocument, Family.VEX)
        return damaged_finding(statements.unread, expected)

    def _expected(self) -> str:
        asked: list[str] = []
        if VulnerabilitySource.ADVISORIES in self.sources:
            asked.append(f"advisories at most {self.advisories.max_age} old")
        if VulnerabilitySource.SCANS in self.sources:
            asked.append(f"a {self.choice.described} scan {self.scans.scans.described}")
        return f"{self.thresholds.described}, by {' and '.join(asked)}"


_GRAVITY: Final = (Status.FAIL, Status.ERROR, Status.MISSING)


def _gravest_first(finding: Finding) -> tuple[int, str, str]:
    return _GRAVITY.index(finding.status), finding.code, finding.found


def _vouching(weighed: Iterable[Weighed], facts: Facts) -> Iterable[str]:
    """Yield the entries of the statements and waivers that were applied."""
    entries = {str(fact.document): fact.entry.id for fact in reversed(facts.evidence)}
    for each in weighed:
        yield from (
            entries[str(statement.document)]
            for statement in each.statements
            if str(statement.document) in entries
        )
        yield from (waiver.entry for waiver in each.waivers)


def _told(picture: VulnerabilityPicture) -> str:
    parts = [f"by {picture.resting_on}"]
    if not picture.weighed:
        return f"no vulnerability is known, {parts[0]}"
    for standing, one, several in (
        (Standing.FAILS, "one fails", "fail"),
        (Standing.GRACE, "one is in its time to mend", "are in their time to mend"),
        (Standing.WAIVED, "one is waived", "are waived"),
        (Standing.SUPPRESSED, "one is suppressed", "are suppressed"),
        (Standing.TOLERATED, "one is below the thresholds", "are below the thresholds"),
    ):
        chosen = picture.of(standing)
        if chosen:
            count = one if len(chosen) == 1 else f"{len(chosen)} {several}"
            parts.append(f"{count}: {_some(chosen)}")
    refused = [f"{each.merged.id}: {text}" for each in picture.weighed for text in _unheard(each)]
    if refused:
        parts.append(f"what did not apply: {listed(refused)}")
    return "; ".join(parts[1:] + parts[:1])


def _some(chosen: Sequence[Weighed]) -> str:
    # Only those that are shown are put into words.
    more = len(chosen) - MOST_LISTED
    shown = listed(_line(each) for each in chosen[:MOST_LISTED])
    return f"{shown}; and {more} more" if more > 0 else shown


def _line(weighed: Weighed) -> str:
    text = weighed.described
    match weighed.standing:
        case Standing.FAILS:
            text += f": {', '.join(weighed.reasons)}"
        case Standing.GRACE:
            text += f": until {weighed.until}"
        case Standing.WAIVED:
            text += "".join(
                f": until {waiver.until} by {waiver.document.short}" for waiver in weighed.waivers
            )
        case Standing.SUPPRESSED:
            text += "".join(
                f": {said.status} by {said.signer} in {said.document}{said.pointer}"
                for said in weighed.statements
            )
        case Standing.TOLERATED:
            pass
    return text + "".join(f" ({warning})" for warning in weighed.warnings)


def _unheard(weighed: Weighed) -> Iterable[str]:
    if weighed.standing is Standing.SUPPRESSED:
        return
    for each in weighed.not_applied:
        yield f"{each.status} in {each.document.short}: {each.detail} [{each.reason}]"
    yield from weighed.refused_waivers
