"""What the ledger needs of whoever keeps its bytes.

Every store promises the same, held by one conformance suite (``tests/conformance``); stores share
no code with each other. Methods raise :class:`StoreError` when the medium fails, and after that
nothing that was being written has been acknowledged.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from gatebook.digest import Digest
from gatebook.errors import NotFoundError, UnreachableError
from gatebook.tlog.tree import FullTile

__all__ = [
    "BlobMissingError",
    "BlobStore",
    "CheckpointMemory",
    "LedgerReader",
    "LedgerStore",
    "LedgerWriter",
    "Row",
    "StoreError",
    "StoreLockedError",
    "StoredTile",
    "TreeHead",
]


class StoreError(UnreachableError):
    """The disk or database did not keep, or did not give back, what it was asked to."""

    code = "stores.failed"


class StoreLockedError(StoreError):
    """Another process kept the store to itself for too long; nothing was begun."""

    code = "stores.locked"


class BlobMissingError(NotFoundError):
    """No blob of that digest is stored."""

    code = "stores.blob-missing"


class TreeHead(NamedTuple):
    """Size and root hash of the whole log."""

    size: int
    root: bytes


class Row(NamedTuple):
    """One stored entry.

    Attributes:
        position: index in the log, dense from 0.
        key: the entry's id as sixteen bytes; unique in the log.
        leaf: RFC 6962 leaf hash of ``body``.
        body: the entry's bytes.

    """

    position: int
    key: bytes
    leaf: bytes
    body: bytes


class StoredTile(NamedTuple):
    """A full tile with the Merkle hash over it, which is a hash of the level above."""

    level: int
    number: int
    data: bytes
    root: bytes


class LedgerReader(Protocol):
    """Reading a log; safe from any thread, and from any process while another one writes."""

    def head(self) -> TreeHead:
        """Return size and root of the log as committed."""
        ...

    def find(self, key: bytes) -> int | None:
        """Return the index of the entry with that key."""
        ...

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield the entries ``start`` to ``stop`` in order; fewer when they are not there."""
        ...

    def leaves(self, start: int, stop: int) -> bytes:
        """Return the concatenated leaf hashes of the entries ``start`` to ``stop``."""
        ...

    def tile(self, level: int, index: int) -> bytes | None:
        """Return a full tile."""
        ...

    def tile_roots(self, level: int, start: int, stop: int) -> bytes:
        """Return the concatenated hashes over full tiles ``start`` to ``stop`` of a level."""
        ...

    def tiles(self) -> Iterator[StoredTile]:
        """Yield every stored tile, by level and index."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield the kept checkpoints as (size, signed note), by size."""
        ...

    def structure_faults(self) -> Iterator[str]:
        """Yield what is wrong with the medium itself, beyond the rows that can be read."""
        ...


class LedgerWriter(LedgerReader, Protocol):
    """One open write transaction: nobody else writes until it ends."""

    def add(self, rows: Sequence[Row], tiles: Sequence[FullTile], head: TreeHead) -> None:
        """Add entries, the tiles they complete and the head they lead to."""
        ...


class LedgerStore(LedgerReader, Protocol):
    """Keeps one log."""

    def writing(self) -> AbstractContextManager[LedgerWriter]:
        """Open the one write transaction; leaving it normally makes everything durable.

        Waits for other writers, threads and processes. Leaving it by an exception undoes all.

        Raises:
            StoreLockedError: on entering: somebody else did not stop writing.
            StoreError: on leaving: it is not certain to be durable; acknowledge nothing.

        """
        ...

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint for good; keeping the same bytes twice changes nothing."""
        ...


class BlobStore(Protocol):
    """Keeps documents by the SHA-256 of their bytes."""

    def put(self, data: bytes) -> Digest:
        """Store durably, then return the digest; storing twice is storing once.

        Raises:
            StoreError: it is not certain to be durable.

        """
        ...

    def get(self, digest: Digest) -> bytes:
        """Return the bytes, after comparing their hash.

        Raises:
            BlobMissingError: nothing is stored under the digest.
            VerificationError: what is stored does not hash to the digest.

        """
        ...

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of every stored blob, in order."""
        ...

    def structure_faults(self) -> Iterator[str]:
        """Yield what stands among the blobs and is none."""
        ...


class CheckpointMemory(Protocol):
    """Remembers the highest checkpoint outside the store, so that a rollback is noticed.

    One log has one memory, whatever the number of processes.
    """

    def remember(self, note: bytes) -> None:
        """Keep a newer signed checkpoint; may be lazy, never goes back."""
        ...

    def recall(self) -> bytes | None:
        """Return the newest signed checkpoint remembered, if there ever was one."""
        ...

    def flush(self) -> None:
        """Make what was remembered durable."""
        ...
