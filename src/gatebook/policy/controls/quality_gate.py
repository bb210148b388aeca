"""The quality gate of a code analysis passed, for the very revision that was built."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.clock import Duration, Instant
from gatebook.facts.facts import Facts
from gatebook.formats.quality.report import GateStatus, QualityReport
from gatebook.formats.reading.document_format import Family
from gatebook.names import Pattern
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["QualityGate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGate:
    """The newest verdict of each project about the recorded commit is that its gate holds."""

    name: ClassVar[str] = "quality-gate"
    purpose: ClassVar[str] = (
        "A quality gate, such as SonarQube's, passed for the revision that was built."
    )
    satisfied_by: ClassVar[str] = (
        "a report about the digest with the gate's verdict `OK` for the recorded commit"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "projects": "patterns over the project's key; any if absent",
            "branches": "patterns over the branch that was analysed; any if absent",
            "revision": "whether the report has to name the recorded commit; `true` if absent. One "
            "that names another commit never counts",
            "max-age": "greatest age of the analysis, such as `7d`; any if absent",
            **CHOICE_PARAMETERS,
        }
    )

    projects: tuple[Pattern, ...]
    branches: tuple[Pattern, ...]
    revision: bool
    max_age: Duration | None
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take what a verdict has to be about."""
        del roles
        return cls(
            projects=parameters.patterns("projects"),
            branches=parameters.patterns("branches"),
            revision=parameters.flag("revision", default=True),
            max_age=parameters.optional_duration("max-age"),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Ask the newest verdict of each project."""
        del roles
        expected = f"a {self.choice.described} report that the quality gate is OK for this commit"
        found = self.choice.among(facts, QualityReport, Family.QUALITY)
        verdicts = [each for each in found.kept if each.content.gate is not None]
        newest = _newest(verdicts)
        commits = _recorded(facts)
        reasons = {
            each.fact.entry.id: tuple(self._reasons(each, commits, facts.now)) for each in newest
        }
        differing = [each for each in newest if reasons[each.fact.entry.id]]
        if differing:
            return Finding(
                status=Status.FAIL,
                code=reasons[differing[-1].fact.entry.id][0][0],
                expected=expected,
                found=listed(
                    f"{each.place}: {text}"
                    for each in differing
                    for _, text in reasons[each.fact.entry.id]
                ),
                fix="mend what the gate names, analyse this commit, and hand the gate's report in "
                "with `gatebook attest --type report`",
                evidence=_entries(differing),
            )
        if not newest or found.unread:
            return found.absent(
                expected,
                missing="policy.quality-gate-missing",
                unreadable="policy.quality-gate-unreadable",
                nothing="no report with the verdict of a quality gate was handed in",
                fix="hand the gate's report in with `gatebook attest --type report`",
            )
        ends = [
            each.content.analysed + self.max_age
            for each in newest
            if self.max_age is not None and each.content.analysed is not None
        ]
        return Finding(
            status=Status.PASS,
            code="policy.quality-gate-passed",
            expected=expected,
            found=listed(_told(each) for each in newest),
            evidence=_entries(newest),
            until=min(ends, default=None),
        )

    def _reasons(
        self, each: Kept[QualityReport], commits: frozenset[str], now: Instant
    ) -> Iterable[tuple[str, str]]:
        """Why a verdict is not enough; the first is the one that is named."""
        report = each.content
        if report.gate is not GateStatus.OK:
            failing = [
                f"{condition.metric} {condition.actual or ''}".strip()
                for condition in report.conditions
                if condition.status is not GateStatus.OK
            ]
            told = f" ({listed(failing)})" if failing else ""
            yield "policy.quality-gate-failed", f"the gate is {report.gate}{told}"
        if report.incomplete:
            yield "policy.quality-gate-incomplete", "; ".join(report.incomplete[:2])
        revision = None if report.revision is None else report.revision.lower()
        if revision is not None and commits and revision not in commits:
            told = f"it is of revision {revision}"
            yield "policy.quality-gate-other-revision", told
        elif self.revision and revision not in commits:
            told = "it names no revision" if revision is None else "no commit is recorded"
            yield "policy.quality-gate-revision-unknown", told
        for what, value, patterns in (
            ("project", report.project, self.projects),
            ("branch", report.branch, self.branches),
        ):
            if patterns and not any(pattern.matches(value or "") for pattern in patterns):
                yield "policy.quality-gate-differs", f"the {what} is {value or 'not named'}"
        yield from self._age(each, now)

    def _age(self, each: Kept[QualityReport], now: Instant) -> Iterable[tuple[str, str]]:
        analysed = each.content.analysed
        if analysed is not None and analysed > each.fact.received:
            told = f"it says {analysed}, and was received at {each.fact.received}"
            yield "policy.quality-gate-from-the-future", told
        elif self.max_age is not None and analysed is None:
            yield "policy.quality-gate-undated", "it does not say when the analysis was"
        elif self.max_age is not None and analysed is not None and now - analysed > self.max_age:
            yield "policy.quality-gate-too-old", f"the analysis was at {analysed}"


def _newest(verdicts: Sequence[Kept[QualityReport]]) -> list[Kept[QualityReport]]:
    """The newest verdict of each project and branch, in the order of the ledger."""
    newest: dict[tuple[str, ...], Kept[QualityReport]] = {}
    for each in verdicts:
        report = each.content
        key = report.format.value, report.project or "", report.branch or ""
        before = newest.get(key)
        if before is None or _order(before) <= _order(each):
            newest[key] = each
    return sorted(newest.values(), key=lambda each: each.fact.entry.index)


def _order(each: Kept[QualityReport]) -> tuple[Instant, int]:
    # One that says it is from the future does not stay the newest for ever.
    received = each.fact.received
    return min(each.content.analysed or received, received), each.fact.entry.index


def _recorded(facts: Facts) -> frozenset[str]:
    return frozenset(
        str(artifact.build.commit)
        for artifact in facts.artifacts
        if artifact.build is not None and artifact.build.commit is not None
    )


def _entries(reports: Iterable[Kept[QualityReport]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.fact.entry.id for each in reports))


def _told(each: Kept[QualityReport]) -> str:
    report = each.content
    name = f" {report.gate_name}" if report.gate_name else ""
    project = f" of {report.project}" if report.project else ""
    return f"{each.place}: the gate{name}{project} is {report.gate}"
