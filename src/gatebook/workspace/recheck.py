"""Decide again about everything that is in use, and say which allows would not be given again.

A decision is made again and compared with the newest one recorded. It is recorded only if it
differs: in its verdict or reason, in the contract, trust root or advisories it was made by, in the
evidence it weighed, in how any control came out, or in when it lapses. The instant, the length of
the log, texts for people, and the history of decisions and deployments alone make no other
decision. So a second run over unchanged inputs records nothing.

The decision and the lapse it causes are one append: after a crash both are in the book or neither,
and the next run goes on where the last one ended.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatebook.clock import Clock
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.facts.opened import fetch
from gatebook.gate.decision import Decision
from gatebook.gate.gate import Gate
from gatebook.index.query import Query
from gatebook.index.tables import DecisionRow
from gatebook.ledger.entry import Draft, Link, Relation, decode_entry
from gatebook.ledger.kinds import DecisionLapsed, DecisionMade, DeploymentFinished, Verdict
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import BlobStore
from gatebook.names import Actor, EnvironmentName
from gatebook.policy.outcome import Outcome
from gatebook.workspace.portfolio import InUse, Portfolio

__all__ = ["Recheck", "RecheckReport", "Rechecked", "Result"]

_HISTORY: Final = frozenset({DecisionMade.kind, DecisionLapsed.kind, DeploymentFinished.kind})
"""Kinds of entry that a decision weighs as the past; a recheck itself adds to them."""


class Result(StrEnum):
    """What deciding again gave."""

    HOLDS = "holds"
    LAPSED = "lapsed"
    LAPSED_BEFORE = "lapsed-before"
    NEVER_ALLOWED = "never-allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """What became of one artifact in one environment.

    Attributes:
        uses: how it is in use there; one artifact may run under several names.
        decision: the decision as it is now.
        result: what that makes of the allow it had.
        entry: index of the decision's entry; the newest one's, if nothing was recorded.
        recorded: whether this run recorded the decision.
        allow: index of the newest allow before; ``None`` if there was none.
        lapse: index of the entry that says that the allow lapsed; ``None`` if it holds.
        problem: why the advisories could not be looked up.

    """

    uses: tuple[InUse, ...]
    decision: Decision
    result: Result
    entry: int
    recorded: bool
    allow: int | None
    lapse: int | None
    problem: str | None = None

    @property
    def causes(self) -> tuple[Outcome, ...]:
        """The controls that keep it out now."""
        return tuple(each for each in self.decision.outcomes if each.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckReport:
    """What became of everything that is in use.

    Attributes:
        rechecked: every artifact in every environment, in order.

    """

    rechecked: tuple[Rechecked, ...]

    def of(self, *results: Result) -> tuple[Rechecked, ...]:
        """Those that came out one way."""
        return tuple(each for each in self.rechecked if each.result in results)

    @property
    def lapsed(self) -> bool:
        """Whether anything that is in use has lost its allow, in this run or before."""
        return bool(self.of(Result.LAPSED, Result.LAPSED_BEFORE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Decides again, one artifact in one environment at a time.

    Attributes:
        ledger: the book's log.
        blobs: its documents.
        gate: decides.
        clock: read once for each decision.
        query: asks its index.
        catch_up: folds what was appended into the index.
        match: looks an artifact's components up in the newest advisories.
        check_root: refuses to go on under a trust root that is not pinned.
        by: who asks.

    """

    ledger: Ledger
    blobs: BlobStore
    gate: Gate
    clock: Clock
    query: Query
    catch_up: Callable[[], None]
    match: Callable[[Digest], object]
    check_root: Callable[[Digest | None], None]
    by: Actor

    def run(
        self,
        portfolio: Portfolio,
        environment: EnvironmentName | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> RecheckReport:
        """Decide again about everything that runs or may be deployed.

        Args:
            portfolio: what is in use now.
            environment: one, or all of them.
            progress: told how many of all are done.

        Raises:
            StoreError: a decision could not be recorded; those before it are.

        """
        places: dict[tuple[Digest, EnvironmentName], list[InUse]] = {}
        for use in portfolio.in_use(environment):
            if use.environment is not None:
                places.setdefault((use.digest, use.environment), []).append(use)
        found: list[Rechecked] = []
        for number, ((digest, place), uses) in enumerate(places.items(), 1):
            found.append(self._one(digest, place, tuple(uses)))
            if progress is not None:
                progress(number, len(places))
        return RecheckReport(rechecked=tuple(found))

    def _one(self, digest: Digest, place: EnvironmentName, uses: tuple[InUse, ...]) -> Rechecked:
        problem: str | None = None
        try:
            self.match(digest)
        except GatebookError as error:  # then there is no current report, and the decision says so
            problem = f"{error.message} [{error.code}]"
        self.catch_up()
        rows = self.query.decisions(digest=digest, environment=place)
        newest = rows[0] if rows else None
        allow = next((row for row in rows if row.verdict == Verdict.ALLOW), None)
        lapse = None if allow is None else self._lapse_of(digest, place, allow)
        decision = self.gate.consider(digest, place, self.clock.now())
        allowed = decision.verdict is Verdict.ALLOW
        if allowed:
            self.check_root(decision.trust_root)
        drafts = []
        if allow is not None and not allowed and lapse is None:
            drafts.append(self._draft(decision, allow))
        recorded = not self._unchanged(newest, decision)
        entry = newest.at if newest is not None else -1
        if recorded:
            appended = self.gate.record(decision, by=self.by, beside=drafts)
            entry = appended.entry.index
            lapse = entry + 1 if drafts else lapse
        elif drafts:
            (made,) = self.ledger.append(*drafts)
            lapse = made.index
        self.catch_up()
        return Rechecked(
            uses=uses,
            decision=decision,
            result=_result(allowed=allowed, allow=allow, new=bool(drafts)),
            entry=entry,
            recorded=recorded,
            allow=None if allow is None else allow.at,
            lapse=None if allowed else lapse,
            problem=problem,
        )

    def _lapse_of(self, digest: Digest, place: EnvironmentName, allow: DecisionRow) -> int | None:
        """The entry that says that an allow lapsed."""
        allow_id = self._entry_id(allow.at)
        lapses = (row.at for row in self.query.lapses(digest, place) if row.decision == allow_id)
        return next(lapses, None)

    def _entry_id(self, at: int) -> str:
        return decode_entry(self.ledger.entry_bytes(at)).id

    def _draft(self, decision: Decision, allow: DecisionRow) -> Draft:
        return Draft(
            actor=self.by,
            subjects=(decision.subject,),
            body=DecisionLapsed(
                environment=decision.environment,
                code=decision.reason.code,
                failed=tuple(each.control for each in decision.outcomes if each.blocks),
                snapshot=decision.advisories,
            ),
            links=(Link(rel=Relation.LAPSES, entry=self._entry_id(allow.at)),),
        )

    def _unchanged(self, newest: DecisionRow | None, decision: Decision) -> bool:
        if newest is None:
            return False
        try:
            before = Decision.parse(fetch(self.blobs, Digest.parse(newest.document)))
        except GatebookError:
            return False  # what cannot be read cannot be the same
        return _weighed(before) == _weighed(decision)


def _weighed(decision: Decision) -> tuple[object, ...]:
    """What makes a decision another one; see the module."""
    return (
        decision.engine,
        decision.verdict,
        decision.reason.code,
        decision.contract,
        decision.trust_root,
        decision.advisories,
        tuple(each.id for each in decision.entries if each.kind not in _HISTORY),
        tuple(_came_out(decision.outcomes)),
        decision.valid_until,
    )


def _came_out(outcomes: Iterable[Outcome]) -> Iterable[tuple[object, ...]]:
    for each in outcomes:
        finding = each.finding
        yield each.control, each.uses, each.mode, finding.status, finding.code, finding.until


def _result(*, allowed: bool, allow: DecisionRow | None, new: bool) -> Result:
    if allowed:
        return Result.HOLDS
    if allow is None:
        return Result.NEVER_ALLOWED
    return Result.LAPSED if new else Result.LAPSED_BEFORE
