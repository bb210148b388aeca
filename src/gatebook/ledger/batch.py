"""One commit's worth of entries: who waits for it, and which place each entry gets."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

import msgspec

from gatebook.errors import ConflictError, GatebookError
from gatebook.ledger.entry import Entry, decode_entry, same_content
from gatebook.ledger.store import LedgerWriter, Row, StoreError
from gatebook.tlog.merkle import leaf_hash

__all__ = ["Appended", "Batch", "IdempotencyConflictError", "Prepared", "Request"]


class IdempotencyConflictError(ConflictError):
    """The same idempotency key came with another entry."""

    code = "ledger.idempotency-conflict"


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """Where an entry is, and the signed checkpoint that covers it.

    Attributes:
        index: position in the log.
        entry: the entry as stored.
        size: size of the log when it was acknowledged.
        checkpoint: signed note over that size; the entry is durable.
        duplicate: the entry was there already (same idempotency key and content).

    """

    index: int
    entry: Entry
    size: int
    checkpoint: bytes
    duplicate: bool


class Prepared(NamedTuple):
    """An encoded entry, waiting for its place."""

    entry: Entry
    key: bytes
    body: bytes
    idempotent: bool


class _Placed(msgspec.Struct, frozen=True):
    index: int
    entry: Entry
    known: bool


class Request:
    """What one caller wants appended together, and how it hears that this is done.

    A caller either sleeps on the request's lock or holds its future.

    Attributes:
        leads: the caller is to lead the next commit; set before a sleeping caller is woken.
        future: resolved instead of waking anybody, if there is one.
        error: what the caller is to raise.

    """

    __slots__ = ("_gate", "_placed", "appended", "error", "future", "leads", "prepared", "weight")

    def __init__(
        self, prepared: Sequence[Prepared], future: "Future[list[Appended]] | None" = None
    ) -> None:
        self.prepared = prepared
        self.weight = sum([len(item.body) for item in prepared])
        self.future = future
        if future is None:
            self._gate = threading.Lock()
            self._gate.acquire()
        else:
            # From here on it cannot be cancelled: the entries may be written at any moment.
            future.set_running_or_notify_cancel()
        self.leads = False
        self.appended: list[Appended] = []
        self.error: BaseException | None = None
        self._placed: list[_Placed] = []

    def wait(self) -> bool:
        """Sleep until the request is done or has to lead; say which."""
        self._gate.acquire()
        return self.leads

    def promote(self) -> None:
        """Wake the caller to lead."""
        self.leads = True
        self._gate.release()

    def finish(self) -> None:
        """Let the caller go on."""
        if self.future is None:
            self._gate.release()
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.appended)

    def place(self, placed: list[_Placed]) -> None:
        """Note the places given within a commit that is not durable yet."""
        self._placed = placed

    def acknowledge(self, size: int, checkpoint: bytes) -> None:
        """Turn the places into answers: the commit is durable."""
        self.appended = [
            Appended(
                index=item.index,
                entry=item.entry,
                size=size,
                checkpoint=checkpoint,
                duplicate=item.known,
            )
            for item in self._placed
        ]

    def fail(self, error: BaseException) -> None:
        """Let the caller hear that nothing of it is acknowledged."""
        if self.error is None:
            plain = isinstance(error, GatebookError)
            self.error = error if plain else StoreError(f"the commit was interrupted: {error!r}")


class Batch:
    """The entries of one commit, in the order of their requests.

    Attributes:
        rows: what has to be added to the store.

    """

    def __init__(self, writer: LedgerWriter, size: int) -> None:
        self.rows: list[Row] = []
        self._writer = writer
        self._size = size
        self._here: dict[bytes, tuple[int, Entry]] = {}

    def place(self, request: Request) -> None:
        """Give each entry of a request its index: the next one, or the one it has already.

        On a conflict the request gets the error and none of its entries a place.
        """
        mark = len(self.rows)
        placed: list[_Placed] = []
        for item in request.prepared:
            known = self._known(item) if item.idempotent else None
            if known is not None and not same_content(known[1], item.entry):
                for row in self.rows[mark:]:
                    self._here.pop(row.key, None)
                del self.rows[mark:]
                request.error = IdempotencyConflictError(
                    f"the idempotency key of this {item.entry.kind} was used for another entry, "
                    f"number {known[0]}",
                    hint="use a new key for a new fact",
                )
                return
            if known is not None:
                placed.append(_Placed(*known, known=True))
                continue
            index = self._size + len(self.rows)
            self.rows.append(Row(index, item.key, leaf_hash(item.body), item.body))
            if item.idempotent:
                self._here[item.key] = index, item.entry
            placed.append(_Placed(index, item.entry, known=False))
        request.place(placed)

    def _known(self, item: Prepared) -> tuple[int, Entry] | None:
        here = self._here.get(item.key)
        if here is not None:
            return here
        index = self._writer.find(item.key)
        if index is None:
            return None
        (row,) = self._writer.rows(index, index + 1)
        return index, decode_entry(row.body)
