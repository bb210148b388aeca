"""Which entries a judgement weighs: chosen by the index, as it was at a size of the log."""

from collections.abc import Iterable
from typing import Final

from gatebook.digest import Digest
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.index.tables import ContractRow, EntryRow, TrustRootRow
from gatebook.ledger.entry import Entry
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRevoked,
    ArtifactRecorded,
    ContractPublished,
    EvidenceAccepted,
    EvidenceReported,
    TrustRootPublished,
)
from gatebook.names import EnvironmentName

__all__ = ["select_entries", "select_unindexed"]

_NEVER_HIDDEN: Final = frozenset(
    body.kind
    for body in (
        ArtifactRecorded,
        EvidenceAccepted,
        EvidenceReported,
        ApprovalRevoked,
    )
)
"""Kinds that may count against an artifact. A hidden approval only closes the gate."""


def select_entries(
    index: IndexReader, subject: Digest, environment: EnvironmentName, size: int
) -> tuple[int, ...]:
    """Return the indexes of the entries to weigh, in order, among the first ``size``.

    Recordings of the artifact, evidence accepted or reported about it, approvals of it for the
    environment and their revocations, and the newest contract and trust root. What is about the
    artifact is asked of two tables that say it independently: damage to one row hides nothing, and
    what an entry is gets decided by its bytes.
    """
    query = Query(index)
    chosen = {row.at for row in query.artifacts(subject)}
    chosen.update(row.at for row in query.evidence(subject) if row.outcome != "refused")
    for approval in query.approvals(subject, environment):
        if approval.outcome == "granted":
            chosen.add(approval.at)
            if approval.revoked_at is not None:
                chosen.add(approval.revoked_at)
    for at in query.entries_about(subject):
        kinds = [row.kind for row in index.select(EntryRow, {"at": at})]
        if not kinds or not _NEVER_HIDDEN.isdisjoint(kinds):
            chosen.add(at)
    contract = index.newest(ContractRow, {"environment": str(environment)}, "at", size - 1)
    trust_root = index.newest(TrustRootRow, {}, "at", size - 1)
    published = index.newest(EntryRow, {"kind": TrustRootPublished.kind}, "at", size - 1)
    if published is not None:
        chosen.add(published.at)
    chosen.update(row.at for row in (contract, trust_root) if row is not None)
    return tuple(sorted(at for at in chosen if at < size))


def select_unindexed(
    entries: Iterable[tuple[int, Entry]], subject: Digest, environment: EnvironmentName
) -> tuple[int, ...]:
    """Return the indexes of the entries to weigh among some the index has not seen yet.

    An approval revoked a moment ago has to count as revoked, though the index is behind. Which
    approval a revocation is of is not asked here: all of the environment's are weighed.
    """
    return tuple(index for index, entry in entries if _is_weighed(entry, subject, environment))


def _is_weighed(entry: Entry, subject: Digest, environment: EnvironmentName) -> bool:
    match entry.body:
        case ArtifactRecorded() | EvidenceAccepted() | EvidenceReported():
            return subject in entry.subjects
        case ApprovalGranted() as body:
            return subject in entry.subjects and body.environment == environment
        case ApprovalRevoked() as body:
            return subject in entry.subjects or body.environment == environment
        case ContractPublished() as body:
            return body.environment == environment
        case TrustRootPublished():
            return True
        case _:
            return False
