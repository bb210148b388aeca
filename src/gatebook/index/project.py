"""Fold entries into tables.

The fold is deterministic and in order: the rows depend on the entries alone, so that an index can
be dropped and rebuilt to identical rows at any time. To teach it a new kind, write a function
``(writer, index, entry, body)`` below and register it in :data:`_FOLDS`; a kind without one still
appears in the ``entry`` and ``subject`` tables.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from gatebook.errors import UsageError
from gatebook.index.store import IndexStore, IndexWriter
from gatebook.index.tables import (
    AdvisoriesRow,
    ApprovalRow,
    ArtifactRow,
    ContractRow,
    DecisionRow,
    DeploymentRow,
    EntryRow,
    EvidenceRow,
    EvidenceTypeRow,
    LapseRow,
    MatchRow,
    SlotRow,
    SubjectRow,
    TrustRootRow,
)
from gatebook.ledger.entry import Entry, Relation
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactRecorded,
    Body,
    ContractPublished,
    DecisionLapsed,
    DecisionMade,
    Deployment,
    DeploymentFailed,
    DeploymentFinished,
    DeploymentStarted,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    EvidenceTypePublished,
    TrustRootPublished,
)

__all__ = ["ENTRIES_PER_TRANSACTION", "IndexGapError", "catch_up", "fold", "follow"]

ENTRIES_PER_TRANSACTION: Final = 10_000


class IndexGapError(UsageError):
    """Entries are missing between what is folded in and what comes next."""

    code = "index.gap"


def catch_up(store: IndexStore, entries: Callable[[int], Iterable[tuple[int, Entry]]]) -> int:
    """Bring the index to where its ledger is, and return how many entries it has then.

    An index that is ahead of the ledger, or of another one, is forgotten and made anew: the last
    entry folded in must be the ledger's at that place. That happens where an older copy of the
    ledger was restored beside a newer index.

    Args:
        store: the index.
        entries: the ledger's entries from an index on, in order.

    """
    applied = store.applied()
    found = iter(entries(max(0, applied - 1)))
    if applied:
        last = next(iter(store.select(EntryRow, {"at": applied - 1}, limit=1)), None)
        _, entry = next(found, (None, None))
        if last is None or entry is None or entry.id != last.id:
            store.clear()
            found = iter(entries(0))
    return follow(store, found)


def follow(store: IndexStore, entries: Iterable[tuple[int, Entry]]) -> int:
    """Fold entries in, from the first one not yet applied, and return how many there are now.

    Args:
        store: the index; entries it has already are passed over.
        entries: index and entry, dense and in order.

    Raises:
        IndexGapError: the first of them is beyond the next one needed, or one is left out.

    """
    pending: list[tuple[int, Entry]] = []
    for item in entries:
        pending.append(item)
        if len(pending) == ENTRIES_PER_TRANSACTION:
            _apply(store, pending)
            pending = []
    if pending:
        _apply(store, pending)
    return store.applied()


def _apply(store: IndexStore, batch: list[tuple[int, Entry]]) -> None:
    with store.writing() as writer:
        applied = writer.applied()
        for index, entry in batch:
            if index > applied:
                raise IndexGapError(f"entry {applied} is to be folded in next, not {index}")
            if index == applied:
                fold(writer, index, entry)
                applied += 1
        writer.set_applied(applied)


def fold(writer: IndexWriter, index: int, entry: Entry) -> None:
    """Add what one entry says to the tables."""
    writer.insert(
        EntryRow(
            at=index,
            id=entry.id,
            kind=entry.kind,
            actor=str(entry.actor),
            time=entry.time.unix_ms,
            happened=entry.happened.unix_ms,
        )
    )
    for subject in dict.fromkeys(entry.subjects):
        writer.insert(SubjectRow(at=index, digest=str(subject)))
    folded = _FOLDS.get(type(entry.body))
    if folded is not None:
        folded(writer, index, entry, entry.body)


def _artifact(writer: IndexWriter, index: int, entry: Entry, body: ArtifactRecorded) -> None:
    build = body.build
    for subject in entry.subjects:
        writer.insert(
            ArtifactRow(
                at=index,
                digest=str(subject),
                name=str(body.name),
                artifact=body.artifact.value,
                repository=_text(build and build.repository),
                commit=_text(build and build.commit),
                ref=build.ref if build else None,
                run=build.run if build else None,
            )
        )


def _accepted(writer: IndexWriter, index: int, entry: Entry, body: EvidenceAccepted) -> None:
    _evidence(writer, index, entry, "accepted", body.predicate_type)


def _reported(writer: IndexWriter, index: int, entry: Entry, body: EvidenceReported) -> None:
    _evidence(writer, index, entry, "reported", body.format)


def _evidence(writer: IndexWriter, index: int, entry: Entry, outcome: str, named: str) -> None:
    document = str(entry.evidence[0].digest) if entry.evidence else ""
    for subject in entry.subjects:
        writer.insert(
            EvidenceRow(
                at=index,
                digest=str(subject),
                outcome=outcome,
                predicate_type=named,
                document=document,
            )
        )


def _refused(writer: IndexWriter, index: int, entry: Entry, body: EvidenceRefused) -> None:
    subjects: list[str | None] = [str(subject) for subject in entry.subjects]
    for subject in subjects or [None]:
        writer.insert(
            EvidenceRow(
                at=index,
                digest=subject,
                outcome="refused",
                predicate_type=body.code,
                document=str(body.bytes_digest),
            )
        )


def _evidence_type(
    writer: IndexWriter, index: int, _entry: Entry, body: EvidenceTypePublished
) -> None:
    writer.insert(EvidenceTypeRow(at=index, name=body.name, definition=str(body.definition)))


def _advisories(writer: IndexWriter, index: int, _entry: Entry, body: AdvisoriesImported) -> None:
    writer.insert(AdvisoriesRow(at=index, snapshot=str(body.snapshot)))


def _matched(writer: IndexWriter, index: int, entry: Entry, body: AdvisoriesMatched) -> None:
    for subject in entry.subjects:
        writer.insert(
            MatchRow(
                at=index,
                digest=str(subject),
                sbom=str(body.sbom),
                snapshot=str(body.snapshot),
                document=str(entry.evidence[0].digest) if entry.evidence else "",
            )
        )


def _lapsed(writer: IndexWriter, index: int, entry: Entry, body: DecisionLapsed) -> None:
    lapsed = [link.entry for link in entry.links if link.rel is Relation.LAPSES]
    for subject in entry.subjects:
        writer.insert(
            LapseRow(
                at=index,
                digest=str(subject),
                environment=str(body.environment),
                decision=lapsed[0] if lapsed else "",
                code=body.code,
            )
        )


def _granted(writer: IndexWriter, index: int, entry: Entry, body: ApprovalGranted) -> None:
    for subject in entry.subjects:
        writer.insert(
            ApprovalRow(
                at=index,
                digest=str(subject),
                environment=str(body.environment),
                role=str(body.role),
                approver=str(body.approver.holder),
                person=body.approver.person,
                outcome="granted",
                revoked_at=None,
            )
        )


def _approval_refused(writer: IndexWriter, index: int, entry: Entry, body: ApprovalRefused) -> None:
    for subject in entry.subjects:
        writer.insert(
            ApprovalRow(
                at=index,
                digest=str(subject),
                environment=str(body.environment),
                role=body.code,
                approver=str(entry.actor),
                person=None,
                outcome="refused",
                revoked_at=None,
            )
        )


def _revoked(writer: IndexWriter, index: int, entry: Entry, _body: ApprovalRevoked) -> None:
    for link in entry.links:
        if link.rel is not Relation.REVOKES:
            continue
        for revoked in writer.select(EntryRow, {"id": link.entry}):
            for row in list(writer.select(ApprovalRow, {"at": revoked.at})):
                if row.revoked_at is None:
                    writer.replace(row, row._replace(revoked_at=index))


def _contract(writer: IndexWriter, index: int, _entry: Entry, body: ContractPublished) -> None:
    writer.insert(
        ContractRow(at=index, environment=str(body.environment), contract=str(body.contract))
    )


def _trust_root(writer: IndexWriter, index: int, _entry: Entry, body: TrustRootPublished) -> None:
    writer.insert(TrustRootRow(at=index, root=str(body.root)))


def _decision(writer: IndexWriter, index: int, entry: Entry, body: DecisionMade) -> None:
    for subject in entry.subjects:
        writer.insert(
            DecisionRow(
                at=index,
                digest=str(subject),
                environment=str(body.environment),
                verdict=body.verdict.value,
                document=str(entry.evidence[0].digest) if entry.evidence else "",
                valid_until=body.valid_until.unix_ms if body.valid_until else None,
            )
        )


def _deployment(writer: IndexWriter, index: int, entry: Entry, body: Deployment) -> None:
    decided = [link.entry for link in entry.links if link.rel is Relation.DECIDED_BY]
    for subject in entry.subjects:
        row = DeploymentRow(
            at=index,
            environment=str(body.environment),
            name=str(body.name),
            digest=str(subject),
            status=_STATUS[type(body)],
            since=entry.happened.unix_ms,
            until=None,
            decided_by=decided[0] if decided else None,
        )
        if row.status == "finished":
            row = _take_slot(writer, row)
        writer.insert(row)


def _take_slot(writer: IndexWriter, row: DeploymentRow) -> DeploymentRow:
    """End what ran under the name before; reports may come late and out of order."""
    slot = {"environment": row.environment, "name": row.name}
    finished = {**slot, "status": "finished"}
    before = writer.newest(DeploymentRow, finished, "since", row.since)
    if before is not None:
        writer.replace(before, before._replace(until=row.since))
        return row._replace(until=before.until)
    if next(iter(writer.select(SlotRow, slot, limit=1)), None) is None:
        writer.insert(SlotRow(at=row.at, **slot))
    after = writer.oldest(DeploymentRow, finished, "since", row.since)
    return row._replace(until=None if after is None else after.since)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_STATUS: Final[dict[type[Body], str]] = {
    DeploymentStarted: "started",
    DeploymentFinished: "finished",
    DeploymentFailed: "failed",
}
_FOLDS: Final[dict[type[Body], Callable[[IndexWriter, int, Entry, Any], None]]] = {
    ArtifactRecorded: _artifact,
    EvidenceAccepted: _accepted,
    EvidenceReported: _reported,
    EvidenceRefused: _refused,
    EvidenceTypePublished: _evidence_type,
    AdvisoriesImported: _advisories,
    AdvisoriesMatched: _matched,
    DecisionLapsed: _lapsed,
    ApprovalGranted: _granted,
    ApprovalRefused: _approval_refused,
    ApprovalRevoked: _revoked,
    ContractPublished: _contract,
    TrustRootPublished: _trust_root,
    DecisionMade: _decision,
    DeploymentStarted: _deployment,
    DeploymentFinished: _deployment,
    DeploymentFailed: _deployment,
}
