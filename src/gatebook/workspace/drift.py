"""What became known since about everything that runs or may be deployed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.facts.opened import fetch, match_report_from
from gatebook.formats.provenance import Provenance
from gatebook.formats.scan.report import Severity
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.index.tables import MatchRow
from gatebook.ledger.store import BlobStore
from gatebook.names import EnvironmentName
from gatebook.policy.contract import Contract
from gatebook.vulnerabilities.drift import (
    DriftFinding,
    Judge,
    Judgement,
    Lapse,
    Marks,
    Since,
    Standing,
    drift_findings,
    next_lapse,
)
from gatebook.vulnerabilities.match_report import KnownVulnerability, MatchReport
from gatebook.workspace.portfolio import InUse, Portfolio, Scope

if TYPE_CHECKING:
    from gatebook.policy.controls.vulnerabilities import VulnerabilitiesControl
    from gatebook.policy.vulnerabilities.weighed import Merged, Weighed

__all__ = ["Drift", "DriftReader", "DriftReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What became known about one artifact in one environment.

    Attributes:
        use: the artifact, and how it is in use there.
        marks: the instants its windows lie between.
        findings: what is known in it, the newest knowledge first; those that were asked for.
        total: how many there are, asked for or not.
        known: what the advisories knew that it was last matched with.
        sboms: how many of its SBOMs were matched; of an artifact without one nothing is known.
        unevaluated: how many components nobody can judge.
        lapses_next: what ends next by itself.
        problem: why not all of it could be read.

    """

    use: InUse
    marks: Marks
    findings: tuple[DriftFinding, ...]
    total: int
    known: Instant | None
    sboms: int
    unevaluated: int
    lapses_next: Lapse | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What became known about everything that was asked for.

    Attributes:
        at: the instant that was asked about.
        since: the mark after which something has to have become known; ``None`` for everything.
        drifts: by environment; what runs comes first.

    """

    at: Instant
    since: Since | None
    drifts: tuple[Drift, ...]


class DriftReader:
    """Reads drift from a book.

    Args:
        index: the index, up to date.
        blobs: the documents.
        portfolio: what was in use at the instant.
        facts: reads the facts about an artifact for an environment at an instant.
        at: the instant.
        now: the present.

    """

    def __init__(
        self,
        *,
        index: IndexReader,
        blobs: BlobStore,
        portfolio: Portfolio,
        facts: Callable[[Digest, EnvironmentName, Instant], Facts],
        at: Instant,
        now: Instant,
    ) -> None:
        self._query = Query(index)
        self._index = index
        self._blobs = blobs
        self._portfolio = portfolio
        self._facts = facts
        self._at = at
        self._past = at < now
        self._contracts: dict[EnvironmentName, Contract | None] = {}

    def read(
        self,
        *,
        environment: EnvironmentName | None = None,
        artifact: Digest | None = None,
        since: Since | None = None,
    ) -> DriftReport:
        """Say what became known.

        Args:
            environment: one, or all of them.
            artifact: one, or everything that runs or may be deployed.
            since: only what became known after this mark of each artifact.

        """
        if artifact is None:
            used: Iterable[InUse] = self._portfolio.in_use(environment)
        else:
            used = self._portfolio.using(artifact, environment)
        return DriftReport(
            at=self._at, since=since, drifts=tuple(self._drift(each, since) for each in used)
        )

    def _drift(self, use: InUse, since: Since | None) -> Drift:
        problem: str | None = None
        facts: Facts | None = None
        try:
            facts = self._facts(use.digest, _environment(use), self._at)
        except GatebookError as error:
            problem = f"{error.message} [{error.code}]"
        marks = self._marks(use, facts)
        try:
            reports, newest = self._reports(use.digest)
            findings = drift_findings(reports, marks, self._judge(use, facts, newest))
        except GatebookError as error:
            problem, newest, findings = f"{error.message} [{error.code}]", (), ()
        asked = findings if since is None else tuple(_after(findings, marks.at(since)))
        knowledge = [Instant.parse(each.known) for each in newest if each.known is not None]
        return Drift(
            use=use,
            marks=marks,
            findings=asked,
            total=len(findings),
            known=min(knowledge, default=None),
            sboms=len(newest),
            unevaluated=sum(len(each.unevaluated) for each in newest),
            lapses_next=next_lapse(findings, self._at, use.valid_until),
            problem=problem,
        )

    def _marks(self, use: InUse, facts: Facts | None) -> Marks:
        return Marks(
            built=self._built(use, facts),
            gated=self._gated(use),
            deployed=use.since if use.scope is Scope.RUNNING else None,
            now=self._at,
        )

    def _built(self, use: InUse, facts: Facts | None) -> Instant:
        """When it was built: as believed provenance says, else as recorded, else first heard of."""
        if facts is not None:
            finished = [
                fact.content.finished
                for fact in facts.evidence
                if isinstance(fact.content, Provenance)
                and fact.content.finished is not None
                and fact.signed
                and fact.problem is None
            ]
            if finished:
                return min(finished)
        recorded = [self._portfolio.happened(row.at) for row in self._query.artifacts(use.digest)]
        heard = (self._portfolio.happened(at) for at in self._query.entries_about(use.digest))
        return min(recorded) if recorded else min(heard, default=use.since)

    def _gated(self, use: InUse) -> Instant | None:
        """When the allow was given that let it in."""
        if use.decision is not None:
            return self._portfolio.time_of(use.decision)
        for row in self._query.decisions(digest=use.digest, environment=use.environment):
            given = self._portfolio.time_of(row.at)
            if row.verdict == "allow" and given <= use.since:
                return given
        return None

    def _reports(self, digest: Digest) -> tuple[list[MatchReport], tuple[MatchReport, ...]]:
        """The newest report of each SBOM, and before it those that say when something was new."""
        by_sbom: dict[str, list[MatchRow]] = {}
        for row in self._query.matches(digest):
            if self._portfolio.received(row.at):
                by_sbom.setdefault(row.sbom, []).append(row)
        reports: list[MatchReport] = []
        newest: list[MatchReport] = []
        for rows in by_sbom.values():
            report = self._report(rows[-1])
            newest.append(report)
            times = [self._portfolio.time_of(row.at) for row in rows]
            wanted: set[int] = set()
            for seen in {each.seen for each in report.findings}:
                before = [number for number, time in enumerate(times[:-1]) if time < seen]
                wanted.update(before[-1:])
            reports.extend(self._report(rows[number]) for number in sorted(wanted))
            reports.append(report)
        return reports, tuple(newest)

    def _report(self, row: MatchRow) -> MatchReport:
        return match_report_from(fetch(self._blobs, Digest.parse(row.document)))

    def _contract(self, environment: EnvironmentName) -> Contract | None:
        """The contract in force at the instant."""
        if environment not in self._contracts:
            found: Contract | None = None
            from gatebook.index.tables import ContractRow  # noqa: PLC0415  # only named here

            rows = self._index.select(
                ContractRow, {"environment": str(environment)}, newest_first=True
            )
            row = next((row for row in rows if self._portfolio.received(row.at)), None)
            if row is not None:
                found = Contract.parse(fetch(self._blobs, Digest.parse(row.contract)))
            self._contracts[environment] = found
        return self._contracts[environment]

    def _judge(self, use: InUse, facts: Facts | None, reports: tuple[MatchReport, ...]) -> Judge:
        """Judge by the environment's thresholds, and by statements and waivers as of today.

        Of an instant in the past only the thresholds are asked: what was signed since would count
        for what was known then.
        """
        from gatebook.policy.controls.vulnerabilities import (  # noqa: PLC0415  # only to judge
            VulnerabilitiesControl,
        )

        contract = self._contract(_environment(use))
        demands = () if contract is None else contract.demands_using(VulnerabilitiesControl)
        control = None
        weighed: tuple[Weighed, ...] = ()
        if contract is not None and demands:
            found = demands[0].control
            assert isinstance(found, VulnerabilitiesControl)  # noqa: S101  # what was asked for
            control = found
            if facts is not None and not self._past:
                weighed = control.picture(facts, contract.roles).weighed
        return _Judging(control, weighed, reports, self._at)


class _Judging:
    """Says of a finding what an environment makes of it."""

    def __init__(
        self,
        control: "VulnerabilitiesControl | None",
        weighed: "tuple[Weighed, ...]",
        reports: tuple[MatchReport, ...],
        at: Instant,
    ) -> None:
        from gatebook.policy.vulnerabilities.merging import (  # noqa: PLC0415  # only to judge
            from_match,
            merge,
        )

        self._control = control
        self._at = at
        self._weighed = {key: each for each in weighed for key in _keys(each.merged)}
        merged = merge([from_match(report, report.sbom) for report in reports])
        self._merged = {key: each for each in merged for key in _keys(each)}

    def __call__(self, known: KnownVulnerability) -> Judgement:
        place = f"{known.component} {known.version or ''}".strip()
        keys = [
            (name, where) for name in (known.id, *known.advisories) for where in (known.purl, place)
        ]
        weighed = next((self._weighed[key] for key in keys if key in self._weighed), None)
        if weighed is not None:
            return Judgement(
                severity=weighed.severity.severity,
                source=weighed.severity.source,
                score=weighed.severity.score,
                reasons=weighed.reasons,
                standing=Standing(weighed.standing.value),
                until=weighed.until,
            )
        merged = next((self._merged[key] for key in keys if key in self._merged), None)
        if merged is None:
            return Judgement(severity=Severity.UNKNOWN)
        return self._by_thresholds(merged)

    def _by_thresholds(self, merged: "Merged") -> Judgement:
        from gatebook.policy.vulnerabilities.severities import (  # noqa: PLC0415  # only to judge
            DEFAULT_SOURCES,
            choose_severity,
        )

        if self._control is None:
            chosen = choose_severity(merged.severities, merged.purl, DEFAULT_SOURCES)
            return Judgement(severity=chosen.severity, source=chosen.source, score=chosen.score)
        thresholds = self._control.thresholds
        chosen = choose_severity(merged.severities, merged.purl, thresholds.sources)
        reasons = thresholds.reasons(merged, chosen)
        standing, until = Standing.TOLERATED, None
        if reasons:
            end = thresholds.grace_end(merged, chosen)
            within = end is not None and self._at <= end
            standing, until = (Standing.GRACE, end) if within else (Standing.FAILS, None)
        return Judgement(
            severity=chosen.severity,
            source=chosen.source,
            score=chosen.score,
            reasons=reasons,
            standing=standing,
            until=until,
        )


def _keys(merged: "Merged") -> Iterator[tuple[str, str]]:
    """What a vulnerability in a component is found by: each name, with each way to say where."""
    for name in merged.names:
        yield name, merged.place
        if merged.purl is not None:
            yield name, merged.purl


def _after(findings: Iterable[DriftFinding], mark: Instant | None) -> Iterable[DriftFinding]:
    """What became known after a mark; nothing did after one that has not come."""
    return (each for each in findings if mark is not None and each.became_known > mark)


def _environment(use: InUse) -> EnvironmentName:
    assert use.environment is not None  # noqa: S101  # whatever runs or is eligible, is somewhere
    return use.environment
