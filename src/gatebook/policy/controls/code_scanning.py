"""Nothing that code scanning found in the artifact's source is as severe as the threshold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.clock import Instant
from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    ReportedFinding,
    ScanReport,
    Severity,
)
from gatebook.policy.choice import CHOICE_PARAMETERS, Chosen, EvidenceChoice, Kept
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.scans import (
    CODE_FORMATS,
    SCAN_PARAMETERS,
    ScannerRule,
    ScanRules,
    Target,
    newest_of_each,
)

__all__ = ["CodeScanning"]

_KINDS: Final = (FindingKind.CODE, FindingKind.SECRET, FindingKind.MISCONFIGURATION)
_SETTLED: Final = (FindingState.SUPPRESSED, FindingState.DISMISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScanning:
    """The newest reports of every tool name nothing that is open and over the threshold."""

    name: ClassVar[str] = "code-scanning"
    purpose: ClassVar[str] = (
        "Code scanning of the artifact's source found nothing as severe as the threshold."
    )
    satisfied_by: ClassVar[str] = (
        "reports of code scanning about the digest (SARIF, GitHub, GitLab and others) that ran to "
        "their end and name nothing open over the threshold"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "severity": "the lowest severity that fails: `negligible`, `low`, `medium`, `high` or "
            "`critical`; `high` if absent. `security-severity` counts before levels, as the "
            "reports say it",
            "unknown-severity": "whether one fails whose severity nobody says; `true` if absent",
            "kinds": "what counts: `code`, `secret`, `misconfiguration`; all three if absent",
            "secrets": "whether a secret fails whatever its severity; `true` if absent",
            "suppressed": "whether findings count that the report calls suppressed or dismissed; "
            "`true` if absent",
            "at-most": "how many over the threshold there may be; 0 if absent",
            "every-tool": "tools of which each has to have made a report that counts, such as "
            "`[CodeQL, gitleaks]`, with versions as in `scanners`; any one will do if absent",
            **SCAN_PARAMETERS,
            **CHOICE_PARAMETERS,
        }
    )

    severity: Severity
    unknown_severity: bool
    kinds: frozenset[FindingKind]
    secrets: bool
    suppressed: bool
    at_most: int
    every_tool: tuple[ScannerRule, ...]
    scans: ScanRules
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the threshold, and what a report has to be like."""
        del roles
        lowest = parameters.word("severity", Severity, Severity.HIGH)
        if lowest in {Severity.UNKNOWN, Severity.NONE}:
            raise parameters.refuse("'severity' is negligible, low, medium, high or critical")
        every = [each.value for each in _KINDS]
        tools: list[ScannerRule] = []
        for text in parameters.texts("every-tool"):
            rule = ScannerRule.parse(text)
            if rule is None:
                raise parameters.refuse(f"'every-tool': {text[:60]!r} is not like CodeQL>=2.15")
            tools.append(rule)
        return cls(
            severity=lowest,
            unknown_severity=parameters.flag("unknown-severity", default=True),
            kinds=frozenset(
                FindingKind(each) for each in parameters.choices("kinds", every, every)
            ),
            secrets=parameters.flag("secrets", default=True),
            suppressed=parameters.flag("suppressed", default=True),
            at_most=parameters.limit("at-most") or 0,
            every_tool=tuple(tools),
            scans=ScanRules.read(parameters, CODE_FORMATS, target=Target.ATTESTED),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for what fails, then for whether the reports can be relied on."""
        del roles
        expected = (
            f"{self.choice.described} code scanning {self.scans.described}, with at most "
            f"{self.at_most} findings of severity {self.severity} or worse"
        )
        found = self.choice.among(facts, ScanReport, Family.SCAN)
        scans = [each for each in found.kept if each.content.format in self.scans.formats]
        reliable = [each for each in scans if not self.scans.troubles(each, facts)]
        speaking = newest_of_each(scans, reliable)
        failing = [
            (each, finding)
            for each in speaking
            for finding in each.content.findings
            if self._fails(finding)
        ]
        count = sum(finding.occurrences for _, finding in failing)
        if count > self.at_most:
            return Finding(
                status=Status.FAIL,
                code="policy.code-scanning-found",
                expected=expected,
                found=f"{count} findings: "
                + listed(_described(each, finding) for each, finding in _worst_first(failing)),
                fix="mend what was found and build again",
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each, _ in failing)),
            )
        trouble = self._trouble(found, scans, reliable, facts, expected)
        if trouble is not None:
            return trouble
        named = f"{count} findings over the threshold" if count else "nothing over the threshold"
        return Finding(
            status=Status.PASS,
            code="policy.code-scanned",
            expected=expected,
            found=f"{named} by {listed(sorted({_tools(each) for each in reliable}))}"
            f"{self._let_through(speaking)}",
            evidence=tuple(dict.fromkeys(each.fact.entry.id for each in speaking)),
            until=self._until(reliable),
        )

    def _trouble(
        self,
        found: Chosen[ScanReport],
        scans: Sequence[Kept[ScanReport]],
        reliable: Sequence[Kept[ScanReport]],
        facts: Facts,
        expected: str,
    ) -> Finding | None:
        if not scans:
            return found.absent(
                expected,
                missing="policy.code-scanning-missing",
                unreadable="policy.code-scanning-unreadable",
                nothing="no report of code scanning was handed in for this digest",
                fix="hand the report in with `gatebook attest --type report`",
            )
        damaged = found.damaged(expected)
        if damaged is not None:
            return damaged
        wanting = [rule for rule in self.every_tool if not _by(rule, reliable)]
        if reliable and not wanting:
            return None
        told = [f"no report by {rule} counts" for rule in wanting]
        told += [
            f"{each.place}: {trouble.text} [{trouble.code}]"
            for each in scans
            for trouble in self.scans.troubles(each, facts)
        ]
        return Finding(
            status=Status.FAIL,
            code="policy.code-scanning-tool-missing"
            if reliable
            else "policy.code-scanning-unreliable",
            expected=expected,
            found=listed(told),
            fix="scan the source of this artifact, to the end, and hand the report in with "
            "`gatebook attest --type report`",
            evidence=tuple(dict.fromkeys(each.fact.entry.id for each in scans)),
        )

    def _until(self, reliable: Sequence[Kept[ScanReport]]) -> Instant | None:
        groups = [_by(rule, reliable) for rule in self.every_tool] or [list(reliable)]
        ends = [self.scans.until_any(group) for group in groups]
        return min((end for end in ends if end is not None), default=None)

    def _let_through(self, speaking: Sequence[Kept[ScanReport]]) -> str:
        settled = [
            f"{finding.id} {finding.state}: {finding.state_reason or 'no reason is given'}"
            for each in speaking
            for finding in each.content.findings
            if finding.state in _SETTLED and not self.suppressed and finding.kind in self.kinds
        ]
        return f"; not counted: {listed(settled)}" if settled else ""

    def _fails(self, finding: ReportedFinding) -> bool:
        if finding.kind not in self.kinds or finding.state is FindingState.RESOLVED:
            return False
        if finding.state in _SETTLED and not self.suppressed:
            return False
        if finding.kind is FindingKind.SECRET and self.secrets:
            return True
        if finding.severity is Severity.UNKNOWN:
            return self.unknown_severity
        return finding.severity.rank >= self.severity.rank


def _by(rule: ScannerRule, scans: Sequence[Kept[ScanReport]]) -> list[Kept[ScanReport]]:
    return [each for each in scans if any(rule.fits(tool) for tool in each.content.scanners)]


def _tools(scan: Kept[ScanReport]) -> str:
    return ", ".join(scan.content.scanners) or "a tool it does not name"


def _worst_first(
    failing: Iterable[tuple[Kept[ScanReport], ReportedFinding]],
) -> list[tuple[Kept[ScanReport], ReportedFinding]]:
    return sorted(
        failing, key=lambda each: (-each[1].severity.rank, each[1].id, each[0].fact.entry.index)
    )


def _described(scan: Kept[ScanReport], finding: ReportedFinding) -> str:
    source = f" by {finding.severity_source}" if finding.severity_source else ""
    where = f" in {finding.locations[0]}" if finding.locations else ""
    state = "" if finding.state is FindingState.OPEN else f", {finding.state}"
    return f"{finding.id}{where} ({finding.severity}{source}{state}; {scan.place})"
