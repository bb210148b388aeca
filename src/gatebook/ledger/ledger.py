"""Append entries, answer with receipts, publish checkpoints: the front door of the room.

Concurrent callers share commits (:mod:`gatebook.ledger.commit_queue`). The order of durability is
blob, entry, checkpoint: an entry is appended after the blobs it names are durable, and a checkpoint
is signed after the entries it covers are.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Final

from gatebook.clock import Clock
from gatebook.errors import UnreachableError, UsageError
from gatebook.ledger.batch import Appended, Batch, IdempotencyConflictError, Prepared, Request
from gatebook.ledger.commit_queue import BusyError, CommitQueue
from gatebook.ledger.entry import (
    Draft,
    Entry,
    decode_entry,
    encode_entry,
    entry_key,
    idempotent_id,
    time_ordered_id,
)
from gatebook.ledger.open import LedgerInconsistentError, TreeView, check_head
from gatebook.ledger.store import (
    CheckpointMemory,
    LedgerStore,
    LedgerWriter,
    StoreError,
    StoreLockedError,
    TreeHead,
)
from gatebook.tlog.checkpoint import Checkpoint
from gatebook.tlog.merkle import (
    ProofError,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from gatebook.tlog.note import SignerKey, VerifierKey, sign_note
from gatebook.tlog.receipt import Receipt
from gatebook.tlog.tree import TreeBuilder

__all__ = ["Appended", "BusyError", "IdempotencyConflictError", "Ledger", "LedgerFailedError"]

_RANDOM_BYTES_AT_ONCE: Final = 4000
_LEAVES_TO_CATCH_UP: Final = 16_384


class LedgerFailedError(UnreachableError):
    """A commit failed and nobody knows what of it is on the disk; open the book again.

    After a failed fsync the kernel may have dropped what was to be written and report success the
    next time, so nothing is appended until the disk has been read again ("fsyncgate").
    """

    code = "ledger.failed"


class BufferedRandom:
    """Draws randomness in larger pieces: one call to the kernel serves many ids."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._drawn = b""
        self._place = 0

    def draw(self, length: int) -> bytes:
        """Return ``length`` bytes that were never returned before."""
        with self._lock:
            if self._place + length > len(self._drawn):
                self._drawn, self._place = self._random(max(length, _RANDOM_BYTES_AT_ONCE)), 0
            start = self._place
            self._place += length
            return self._drawn[start : self._place]


class Ledger:
    """One log: its entries, its tree and its signed checkpoints.

    Args:
        store: keeps the log.
        memory: remembers the highest checkpoint outside the store.
        signer: the log's key; its name is the log's origin.
        clock: gives entries their time.
        random: gives entry ids their randomness.

    Raises:
        LedgerInconsistentError: the stored log is cut, rolled back or forked (see
            :func:`~gatebook.ledger.open.check_head`).

    """

    def __init__(
        self,
        store: LedgerStore,
        *,
        memory: CheckpointMemory,
        signer: SignerKey,
        clock: Clock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._memory = memory
        self._signers = [signer]
        self._clock = clock
        self._random = BufferedRandom(random).draw
        self._queue = CommitQueue(self._commit)
        self._failed: StoreError | None = None
        self._view = TreeView(store)
        self._builder: TreeBuilder | None = self._open()

    def _open(self) -> TreeBuilder:
        known = self._memory.recall()
        try:
            builder = check_head(self._store, known, self.verifier_key, self._view)
        except LedgerInconsistentError as error:
            if error.code != "ledger.checkpoint-missing":
                raise
            # Another process may have begun the log just now: it remembers before it appends.
            known = self._memory.recall()
            builder = check_head(self._store, known, self.verifier_key, self._view)
        if known is None:
            # A log without entries is remembered too, so that a missing memory is always a fault.
            self._memory.remember(self._sign(TreeHead(builder.size, builder.root())))
            self._memory.flush()
        return builder

    # -- reading -------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """The log's name, first line of each checkpoint."""
        return self._signers[0].verifier.name

    @property
    def verifier_key(self) -> VerifierKey:
        """The public key checkpoints are signed with now."""
        return self._signers[0].verifier

    def head(self) -> TreeHead:
        """Return size and root as committed."""
        return self._store.head()

    def checkpoint(self) -> bytes:
        """Return the signed checkpoint of the log as committed."""
        return self._sign(self._store.head())

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Yield index and entry, in order."""
        end = self._store.head().size if stop is None else stop
        for row in self._store.rows(start, end):
            yield row.position, decode_entry(row.body)

    def entry_bytes(self, index: int) -> bytes:
        """Return one entry, after proving that its bytes are in the tree of the log.

        Whoever judges by an entry reads it here: a byte changed in the store is noticed before it
        changes a decision.

        Raises:
            UsageError: there is no such entry.
            LedgerInconsistentError: the stored bytes are not those the tree was made of.

        """
        for row in self._store.rows(index, index + 1):
            head = self._store.head()
            try:
                check_inclusion(
                    index=index,
                    size=head.size,
                    leaf=leaf_hash(row.body),
                    proof=prove_inclusion(index, head.size, self._view.reader(head.size)),
                    root=head.root,
                )
            except ProofError as error:
                raise LedgerInconsistentError(
                    f"entry {index} is not the one the log was signed over: {error.message}",
                    code="ledger.entry-changed",
                    hint="run: gatebook verify --book, which names the object at fault",
                ) from None
            return row.body
        raise UsageError(f"the book has no entry {index}", code="ledger.no-such-entry")

    def find(self, entry_id: str) -> int | None:
        """Return the index of the entry with that id."""
        return self._store.find(entry_key(entry_id))

    def receipt(self, index: int, *, size: int | None = None) -> Receipt:
        """Prove that entry ``index`` is in the log.

        Args:
            index: position of the entry.
            size: size of the checkpoint to prove it to; the present one if not given.

        Raises:
            UsageError: no such entry below ``size``, or ``size`` beyond the log.

        """
        head = self._head_at(size)
        if not 0 <= index < head.size:
            raise UsageError(
                f"entry {index} is not among the first {head.size}", code="ledger.no-such-entry"
            )
        proof = prove_inclusion(index, head.size, self._view.reader(head.size))
        return Receipt(index=index, proof=proof, checkpoint=self._sign(head), extra=None)

    def consistency(self, old_size: int, new_size: int | None = None) -> tuple[bytes, ...]:
        """Prove that the log of ``old_size`` is a prefix of the log of ``new_size``."""
        head = self._head_at(new_size)
        return prove_consistency(old_size, head.size, self._view.reader(head.size))

    def _head_at(self, size: int | None) -> TreeHead:
        head = self._store.head()
        if size is None or size == head.size:
            return head
        if not 0 < size <= head.size:
            raise UsageError(f"the log has {head.size} entries, not {size}", code="ledger.size")
        return TreeHead(size, self._view.root_at(size))

    # -- writing -------------------------------------------------------------------------------

    def append(self, *drafts: Draft) -> list[Appended]:
        """Append entries, all or none, and return when they are durable.

        Safe to call from many threads at once. Blobs the drafts name are stored already.

        Raises:
            IdempotencyConflictError: a draft's idempotency key came with another entry before.
            BusyError: too much is waiting; nothing of this call was written.
            LedgerFailedError: an earlier commit failed; nothing of this call was written.
            StoreError: the store failed; nothing of this call is acknowledged. It may have been
                written: retry with an idempotency key.
            EntryMalformedError: a draft cannot be an entry.

        """
        if not drafts:
            raise UsageError("there is nothing to append", code="ledger.nothing-to-append")
        self._check_usable()
        request = Request([self._prepare(draft) for draft in drafts])
        self._queue.run(request)
        if request.error is not None:
            raise request.error
        return request.appended

    def submit(self, *drafts: Draft) -> Future[list[Appended]]:
        """Append without waiting: the future resolves as :meth:`append` returns or raises.

        One background thread leads the commits, so that thousands of callers cost no threads.

        Raises:
            BusyError: too much is waiting.
            LedgerFailedError: an earlier commit failed.
            EntryMalformedError: a draft cannot be an entry.

        """
        if not drafts:
            raise UsageError("there is nothing to append", code="ledger.nothing-to-append")
        self._check_usable()
        future: Future[list[Appended]] = Future()
        self._queue.submit(Request([self._prepare(draft) for draft in drafts], future))
        return future

    def close(self) -> None:
        """Wait for what was submitted, stop the background thread, flush the checkpoint."""
        self._queue.close()
        self._memory.flush()

    def sign_with(self, signer: SignerKey) -> None:
        """Sign checkpoints with ``signer`` first and the present keys after it.

        The transition of a key rotation; see :mod:`gatebook.workspace`.
        """
        if signer.verifier.name != self.origin:
            raise UsageError(f"the key is for {signer.verifier.name!r}, not {self.origin!r}")
        self._signers.insert(0, signer)

    def _prepare(self, draft: Draft) -> Prepared:
        now = self._clock.now()
        key = draft.idempotency_key
        entry = Entry(
            id=(
                time_ordered_id(now, self._random)
                if key is None
                else idempotent_id(draft.actor, key)
            ),
            time=now,
            actor=draft.actor,
            body=draft.body,
            subjects=draft.subjects,
            occurred=draft.occurred,
            evidence=draft.evidence,
            links=draft.links,
        )
        return Prepared(entry, entry_key(entry.id), encode_entry(entry), key is not None)

    def _check_usable(self) -> None:
        if self._failed is not None:
            raise LedgerFailedError(
                f"an earlier write failed ({self._failed.message}); nothing is appended any more",
                hint="see to the disk, then open the book again and repeat what was not "
                "acknowledged, with its idempotency keys",
            )

    def _commit(self, requests: list[Request]) -> None:
        self._check_usable()
        try:
            note, size = self._write_batch(requests)
        except BaseException as error:
            self._builder = None
            # A store that was locked by another process has begun nothing.
            if isinstance(error, StoreError) and not isinstance(error, StoreLockedError):
                self._failed = error
            raise
        for request in requests:
            request.acknowledge(size, note)

    def _write_batch(self, requests: list[Request]) -> tuple[bytes, int]:
        with self._store.writing() as writer:
            builder = self._builder_at(writer.head(), writer)
            batch = Batch(writer, builder.size)
            for request in requests:
                batch.place(request)
            tiles = builder.extend([row.leaf for row in batch.rows])
            head = TreeHead(builder.size, builder.root())
            if batch.rows:
                writer.add(batch.rows, tiles, head)
        self._builder = builder
        note = self._sign(head)
        self._memory.remember(note)
        return note, head.size

    def _builder_at(self, head: TreeHead, writer: LedgerWriter) -> TreeBuilder:
        if self._builder is None:
            known = self._memory.recall()
            return check_head(writer, known, self.verifier_key, TreeView(writer))
        builder = self._builder.copy()
        if head.size < builder.size:
            raise LedgerInconsistentError(
                f"the log has {head.size} entries; this process has seen {builder.size}",
                code="ledger.rolled-back",
                hint="restore the newest backup; a log that lost entries must not be continued",
            )
        if head.size - builder.size > _LEAVES_TO_CATCH_UP:
            known = self._sign(TreeHead(builder.size, builder.root()))
            return check_head(writer, known, self.verifier_key, TreeView(writer))
        if head.size > builder.size:
            # Another process has appended: its entries must extend what this one has seen.
            leaves = writer.leaves(builder.size, head.size)
            builder.extend([leaves[place : place + 32] for place in range(0, len(leaves), 32)])
        if (builder.size, builder.root()) != head:
            raise LedgerInconsistentError(
                f"the log of {head.size} entries does not extend the one this process has seen",
                code="ledger.forked",
                hint="run: gatebook verify --book, which names the object at fault",
            )
        return builder

    def _sign(self, head: TreeHead) -> bytes:
        # Ed25519 is deterministic (RFC 8032): signing the same head again gives the same bytes.
        text = Checkpoint(origin=self.origin, size=head.size, root=head.root).text
        return sign_note(text, self._signers)
