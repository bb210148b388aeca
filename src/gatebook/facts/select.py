"""Which entries a judgement weighs: chosen by the index, as it was at a size of the log."""

from collections.abc import Iterable, Iterator
from typing import Final

from gatebook.digest import Digest
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.index.tables import (
    AdvisoriesRow,
    ContractRow,
    DecisionRow,
    DeploymentRow,
    EntryRow,
    TrustRootRow,
)
from gatebook.ledger.entry import Entry
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    ApprovalGranted,
    ApprovalRevoked,
    ArtifactRecorded,
    ContractPublished,
    DecisionMade,
    DeploymentFinished,
    EvidenceAccepted,
    EvidenceEvaluated,
    EvidenceReported,
    TrustRootPublished,
    Verdict,
)
from gatebook.names import EnvironmentName

__all__ = ["select_entries", "select_unindexed"]

_NEVER_HIDDEN: Final = frozenset(
    body.kind
    for body in (
        ArtifactRecorded,
        EvidenceAccepted,
        EvidenceReported,
        EvidenceEvaluated,
        ApprovalRevoked,
    )
)
"""Kinds that may count against an artifact. A hidden approval only closes the gate."""

_ABOUT: Final = (
    ArtifactRecorded,
    EvidenceAccepted,
    EvidenceReported,
    EvidenceEvaluated,
    AdvisoriesMatched,
    ApprovalGranted,
    DeploymentFinished,
)
"""Kinds that count for the artifact they are about, and for an environment if they name one."""


def select_entries(
    index: IndexReader, subject: Digest, environment: EnvironmentName, size: int
) -> tuple[int, ...]:
    """Return the indexes of the entries to weigh, in order, among the first ``size``.

    Recordings of the artifact, evidence accepted or reported about it and what it was evaluated to,
    approvals of it for the environment and their revocations; of its SBOMs the newest match report
    each; the newest contract, trust root and advisories; and of its past the newest ``allow`` for
    the environment and the first deployment into it. What is about the
    artifact is asked of two tables that say it independently: damage to one row hides nothing, and
    what an entry is gets decided by its bytes.
    """
    query = Query(index)
    chosen = set(_about(query, index, subject))
    for approval in query.approvals(subject, environment):
        if approval.outcome == "granted":
            chosen.add(approval.at)
            if approval.revoked_at is not None:
                chosen.add(approval.revoked_at)
    matches = [row for row in query.matches(subject) if row.at < size]
    chosen.update(newest.at for newest in {row.sbom: row for row in matches}.values())
    chosen.update(_newest(index, environment, size))
    chosen.update(_past(index, subject, environment, size))
    return tuple(sorted(at for at in chosen if at < size))


def _about(query: Query, index: IndexReader, subject: Digest) -> Iterator[int]:
    """Recordings and evidence, and whatever else about the artifact may never be hidden."""
    yield from (row.at for row in query.artifacts(subject))
    yield from (row.at for row in query.evidence(subject) if row.outcome != "refused")
    matched = {row.at for row in query.matches(subject)}
    for at in query.entries_about(subject):
        kinds = {row.kind for row in index.select(EntryRow, {"at": at})}
        hidden = AdvisoriesMatched.kind in kinds and at not in matched
        if not kinds or hidden or not _NEVER_HIDDEN.isdisjoint(kinds):
            yield at


def _newest(index: IndexReader, environment: EnvironmentName, size: int) -> Iterator[int]:
    """What a judgement is made by: the last of each counts."""
    last = size - 1
    rows = (
        index.newest(ContractRow, {"environment": str(environment)}, "at", last),
        index.newest(TrustRootRow, {}, "at", last),
        index.newest(EntryRow, {"kind": TrustRootPublished.kind}, "at", last),
        index.newest(AdvisoriesRow, {}, "at", last),
        index.newest(EntryRow, {"kind": AdvisoriesImported.kind}, "at", last),
    )
    yield from (row.at for row in rows if row is not None)


def _past(
    index: IndexReader, subject: Digest, environment: EnvironmentName, size: int
) -> Iterator[int]:
    here = {"digest": str(subject), "environment": str(environment)}
    allowed = index.newest(DecisionRow, {**here, "verdict": Verdict.ALLOW.value}, "at", size - 1)
    if allowed is not None:
        yield allowed.at
    deployed = index.oldest(DeploymentRow, {**here, "status": "finished"}, "since", 0)
    if deployed is not None:
        yield deployed.at


def select_unindexed(
    entries: Iterable[tuple[int, Entry]], subject: Digest, environment: EnvironmentName
) -> tuple[int, ...]:
    """Return the indexes of the entries to weigh among some the index has not seen yet.

    An approval revoked a moment ago has to count as revoked, though the index is behind. Which
    approval a revocation is of is not asked here: all of the environment's are weighed.
    """
    return tuple(index for index, entry in entries if _is_weighed(entry, subject, environment))


def _is_weighed(entry: Entry, subject: Digest, environment: EnvironmentName) -> bool:
    about = subject in entry.subjects
    here = getattr(entry.body, "environment", environment) == environment
    match entry.body:
        case TrustRootPublished() | AdvisoriesImported():
            return True
        case ContractPublished():
            return here
        case ApprovalRevoked():
            return about or here
        case DecisionMade() as body:
            return about and here and body.verdict is Verdict.ALLOW
        case body:
            return about and here and isinstance(body, _ABOUT)
