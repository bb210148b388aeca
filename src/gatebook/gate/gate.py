"""Gather, decide, record: the front door of the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatebook.clock import Clock, Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError, UndecidedError
from gatebook.facts.facts import Facts
from gatebook.facts.read import FactReader
from gatebook.facts.select import select_entries, select_unindexed
from gatebook.gate.decide import decide_by_document, undecided
from gatebook.gate.decision import DECISION_TYPE, Decision
from gatebook.index.store import IndexReader
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference, Draft
from gatebook.ledger.kinds import DecisionMade
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import BlobStore
from gatebook.names import Actor, EnvironmentName

__all__ = ["Gate", "IndexBehindError", "Recorded"]

_MOST_UNINDEXED: Final = 2000


class IndexBehindError(UndecidedError):
    """The index is not that of the log: what it does not know could change the answer."""

    code = "gate.index-behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision and the entry that keeps it."""

    decision: Decision
    entry: Appended


class Gate:
    """Judges candidates against one book.

    Args:
        ledger: the book; decisions are appended to it.
        blobs: its documents.
        index: its index; what it has not seen yet is read from the ledger.
        clock: read once per judgement.

    """

    def __init__(
        self, *, ledger: Ledger, blobs: BlobStore, index: IndexReader, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._index = index
        self._clock = clock
        self._reader = FactReader(origin=ledger.origin, entry_bytes=ledger.entry_bytes, blobs=blobs)

    def judge(self, subject: Digest, environment: EnvironmentName, *, by: Actor) -> Recorded:
        """Decide, record the decision whatever it is, and return it.

        What cannot be gathered makes the decision ``undecided``; only a book that cannot be
        written to raises.

        Raises:
            StoreError: the decision could not be recorded; then there is none.

        """
        return self.record(self.consider(subject, environment, self._clock.now()), by=by)

    def record(self, decision: Decision, *, by: Actor, beside: Sequence[Draft] = ()) -> Recorded:
        """Record a decision that was considered, and other entries in the same append.

        Args:
            decision: the decision.
            by: who asked for it.
            beside: entries that are in the book if and only if the decision is.

        Raises:
            StoreError: it could not be recorded; then there is none.

        """
        document = decision.encode()
        reference = BlobReference(
            digest=self._blobs.put(document), size=len(document), media_type=DECISION_TYPE
        )
        entry, *_ = self._ledger.append(
            Draft(
                actor=by,
                subjects=(decision.subject,),
                body=DecisionMade(
                    environment=decision.environment,
                    verdict=decision.verdict,
                    contract=decision.contract,
                    failed=tuple(
                        outcome.control for outcome in decision.outcomes if outcome.blocks
                    ),
                    valid_until=decision.valid_until,
                ),
                evidence=(reference,),
            ),
            *beside,
        )
        return Recorded(decision=decision, entry=entry)

    def consider(self, subject: Digest, environment: EnvironmentName, now: Instant) -> Decision:
        """Decide without recording; what cannot be gathered makes it ``undecided``."""
        facts: Facts | None = None
        try:
            facts = self.facts(subject, environment, now)
            return decide_by_document(facts, self._blobs.get)
        except GatebookError as error:
            code, message = error.code, error.message
        except Exception as error:  # noqa: BLE001  # nothing that breaks may end in an allow
            code, message = "gate.internal-error", f"{type(error).__name__}: {error}"
        nothing = facts or Facts(
            subject=subject,
            environment=environment,
            now=now,
            origin=self._ledger.origin,
            size=0,
            contract=None,
            trust_root=None,
        )
        return undecided(nothing, code, message)

    def facts(self, subject: Digest, environment: EnvironmentName, now: Instant) -> Facts:
        """Read the facts as a judgement would, of the whole log as it is now.

        Entries that the index has not seen yet are looked through one by one.

        Raises:
            IndexBehindError: they are too many, or the index knows more than the log.
            GatebookError: the facts cannot be gathered.

        """
        size = self._ledger.head().size
        applied = self._index.applied()
        if not size - _MOST_UNINDEXED <= applied <= size:
            raise IndexBehindError(
                f"the index has {applied} entries, the log {size}",
                hint="run `gatebook reindex`",
            )
        chosen = set(select_entries(self._index, subject, environment, applied))
        if applied < size:
            unseen = self._ledger.entries(applied, size)
            chosen.update(select_unindexed(unseen, subject, environment))
        return self._reader.read(
            sorted(chosen), subject=subject, environment=environment, now=now, size=size
        )
