"""What is in use: which artifacts run in which environments, and which might be deployed there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.index.tables import (
    ContractRow,
    DecisionRow,
    DeploymentRow,
    EntryRow,
    SlotRow,
)
from gatebook.ledger.kinds import Verdict
from gatebook.names import EnvironmentName

__all__ = ["InUse", "Portfolio", "Scope"]


class Scope(StrEnum):
    """How an artifact is in use."""

    RUNNING = "running"
    ELIGIBLE = "eligible"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """An artifact in an environment.

    Attributes:
        environment: where; ``None`` for one that is only recorded.
        digest: the artifact.
        name: the name it runs under there, or it is recorded under; ``None`` if nobody says.
        scope: how it is in use.
        since: since when it runs, may be deployed, or is recorded.
        entry: index of the entry that says so.
        decision: index of the allow under which it runs or may be deployed, if there is one.
        valid_until: when that allow ends.

    """

    environment: EnvironmentName | None
    digest: Digest
    name: str | None
    scope: Scope
    since: Instant
    entry: int
    decision: int | None = None
    valid_until: Instant | None = None


class Portfolio:
    """What was in use at an instant, by what the book knows now.

    Args:
        index: the index, up to date.
        entry_time: returns when the entry of an index was received.
        find: returns the index of the entry with an id.
        at: the instant.
        now: the present; an instant before it hides what was received later.

    """

    def __init__(
        self,
        index: IndexReader,
        *,
        find: Callable[[str], int | None],
        at: Instant,
        now: Instant,
    ) -> None:
        self._index = index
        self._query = Query(index)
        self._find = find
        self._at = at
        self._past = at < now

    def environments(self) -> tuple[EnvironmentName, ...]:
        """Every environment that has a contract or ever ran anything, by name."""
        names = {row.environment for row in self._index.select(ContractRow, {})}
        names.update(row.environment for row in self._index.select(SlotRow, {}))
        return tuple(EnvironmentName.parse(name) for name in sorted(names))

    def running(self, environment: EnvironmentName) -> Iterator[InUse]:
        """Yield what runs there, by the name it runs under."""
        for each in self._query.running(environment, self._at):
            decided = None if each.decided_by is None else self._find(each.decided_by)
            yield InUse(
                environment=environment,
                digest=each.digest,
                name=str(each.name),
                scope=Scope.RUNNING,
                since=each.since,
                entry=each.opened_by,
                decision=decided,
                valid_until=self._end_of(decided),
            )

    def eligible(self, environment: EnvironmentName) -> Iterator[InUse]:
        """Yield what may be deployed there now: its newest decision is an allow that holds."""
        judged: set[str] = set()
        for row in self._query.decisions(environment=environment):
            if row.digest in judged or not self.received(row.at):
                continue
            judged.add(row.digest)
            found = self._eligible(row)
            if found is not None:
                yield found

    def using(self, digest: Digest, environment: EnvironmentName | None) -> Iterator[InUse]:
        """Yield where one artifact runs or may be deployed; without looking at any other."""
        wanted = None if environment is None else str(environment)
        ran: dict[tuple[str, str], DeploymentRow] = {}
        for row in self._query.deployments(digest=digest):
            here = row.status == "finished" and wanted in {None, row.environment}
            open_ = row.until is None or row.until > self._at.unix_ms
            if here and open_ and row.since <= self._at.unix_ms:
                ran.setdefault((row.environment, row.name), row)
        for row in ran.values():
            decided = None if row.decided_by is None else self._find(row.decided_by)
            yield InUse(
                environment=EnvironmentName.parse(row.environment),
                digest=digest,
                name=row.name,
                scope=Scope.RUNNING,
                since=Instant(row.since),
                entry=row.at,
                decision=decided,
                valid_until=self._end_of(decided),
            )
        running = {place for place, _ in ran}
        judged: set[str] = set()
        for decision in self._query.decisions(digest=digest, environment=environment):
            if decision.environment in judged or not self.received(decision.at):
                continue
            judged.add(decision.environment)
            found = self._eligible(decision)
            if found is not None and decision.environment not in running:
                yield found

    def in_use(self, environment: EnvironmentName | None) -> tuple[InUse, ...]:
        """Everything that runs or may be deployed, by environment; what runs comes first.

        Args:
            environment: one, or all of them.

        """
        places = self.environments() if environment is None else (environment,)
        found: list[InUse] = []
        for place in places:
            running = list(self.running(place))
            known = {each.digest for each in running}
            found.extend(running)
            eligible = [each for each in self.eligible(place) if each.digest not in known]
            found.extend(sorted(eligible, key=lambda each: (each.name or "", each.entry)))
        return tuple(found)

    def recorded(self, digest: Digest) -> InUse | None:
        """The newest recording of an artifact."""
        rows = [row for row in self._query.artifacts(digest) if self.received(row.at)]
        if not rows:
            return None
        newest = rows[-1]
        return InUse(
            environment=None,
            digest=digest,
            name=newest.name,
            scope=Scope.RECORDED,
            since=self.time_of(rows[0].at),
            entry=newest.at,
        )

    def newest_allow(self, digest: Digest, environment: EnvironmentName) -> DecisionRow | None:
        """The newest allow of an artifact, whether or not it holds."""
        return next(
            (
                row
                for row in self._query.decisions(digest=digest, environment=environment)
                if row.verdict == Verdict.ALLOW and self.received(row.at)
            ),
            None,
        )

    def time_of(self, at: int) -> Instant:
        """When an entry was received."""
        return Instant(next(iter(self._index.select(EntryRow, {"at": at}, limit=1))).time)

    def happened(self, at: int) -> Instant:
        """When what an entry says happened."""
        return Instant(next(iter(self._index.select(EntryRow, {"at": at}, limit=1))).happened)

    def received(self, at: int) -> bool:
        """Whether an entry was received by the instant."""
        return not self._past or self.time_of(at) <= self._at

    def _eligible(self, row: DecisionRow) -> InUse | None:
        if row.verdict != Verdict.ALLOW:
            return None
        if row.valid_until is not None and row.valid_until < self._at.unix_ms:
            return None
        digest = Digest.parse(row.digest)
        recorded = self._query.artifacts(digest)
        return InUse(
            environment=EnvironmentName.parse(row.environment),
            digest=digest,
            name=recorded[-1].name if recorded else None,
            scope=Scope.ELIGIBLE,
            since=self.time_of(row.at),
            entry=row.at,
            decision=row.at,
            valid_until=None if row.valid_until is None else Instant(row.valid_until),
        )

    def _end_of(self, decision: int | None) -> Instant | None:
        row = None if decision is None else self._query.decision_at(decision)
        return None if row is None or row.valid_until is None else Instant(row.valid_until)
