"""Stores in memory: for tests, tutorials and the verification of exports. Nothing outlives them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, VerificationError
from gatebook.ledger.store import BlobMissingError, Row, StoredTile, TreeHead
from gatebook.tlog.checkpoint import parse_checkpoint
from gatebook.tlog.merkle import EMPTY_ROOT
from gatebook.tlog.note import parse_note
from gatebook.tlog.tree import FullTile

__all__ = ["MemoryBlobs", "MemoryCheckpoint", "MemoryLedger"]


class MemoryLedger:
    """One log in lists."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._keys: dict[bytes, int] = {}
        self._tiles: dict[tuple[int, int], StoredTile] = {}
        self._head = TreeHead(0, EMPTY_ROOT)
        self._checkpoints: dict[int, bytes] = {}
        self._lock = threading.RLock()

    def head(self) -> TreeHead:
        """Return size and root as committed."""
        return self._head

    def find(self, key: bytes) -> int | None:
        """Return the index of the entry with that key."""
        return self._keys.get(key)

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield entries in order."""
        yield from self._rows[max(0, start) : max(0, stop)]

    def structure_faults(self) -> Iterator[str]:
        """Yield nothing: lists have no structure to damage."""
        yield from ()

    def leaves(self, start: int, stop: int) -> bytes:
        """Return concatenated leaf hashes."""
        return b"".join(row.leaf for row in self._rows[start:stop])

    def tile(self, level: int, index: int) -> bytes | None:
        """Return a full tile."""
        stored = self._tiles.get((level, index))
        return None if stored is None else stored.data

    def tile_roots(self, level: int, start: int, stop: int) -> bytes:
        """Return concatenated tile hashes, as far as there are any."""
        found = (self._tiles.get((level, index)) for index in range(start, stop))
        return b"".join(stored.root for stored in found if stored is not None)

    def tiles(self) -> Iterator[StoredTile]:
        """Yield every tile by level and index."""
        yield from (self._tiles[place] for place in sorted(self._tiles))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield kept checkpoints by size."""
        yield from sorted(self._checkpoints.items())

    @contextmanager
    def writing(self) -> Iterator["_MemoryWriter"]:
        """Open the one write transaction."""
        with self._lock:
            writer = _MemoryWriter(self)
            yield writer
            writer.commit()

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint."""
        with self._lock:
            if self._checkpoints.setdefault(size, note) != note:
                raise ConflictError(f"another checkpoint of size {size} is kept")

    def apply(self, rows: Sequence[Row], tiles: Sequence[FullTile], head: TreeHead | None) -> None:
        """Make a transaction's additions visible."""
        keys = {row.key: row.position for row in rows}
        positions = range(len(self._rows), len(self._rows) + len(rows))
        if len(keys) != len(rows) or not self._keys.keys().isdisjoint(keys):
            raise ConflictError("the id of an entry is taken")
        if [row.position for row in rows] != list(positions):
            raise ConflictError("an entry is out of order")
        self._rows.extend(rows)
        self._keys |= keys
        for tile in tiles:
            self._tiles[tile.level, tile.index] = StoredTile(
                tile.level, tile.index, tile.data, tile.root
            )
        if head is not None:
            self._head = head


class _MemoryWriter:
    """A transaction: reads see the committed log, additions wait for the commit."""

    def __init__(self, store: MemoryLedger) -> None:
        self._store = store
        self._rows: list[Row] = []
        self._tiles: list[FullTile] = []
        self._head: TreeHead | None = None
        self.head = store.head
        self.find = store.find
        self.rows = store.rows
        self.leaves = store.leaves
        self.tile = store.tile
        self.tile_roots = store.tile_roots
        self.tiles = store.tiles
        self.checkpoints = store.checkpoints
        self.structure_faults = store.structure_faults

    def add(self, rows: Sequence[Row], tiles: Sequence[FullTile], head: TreeHead) -> None:
        """Add entries, tiles and the head they lead to."""
        self._rows.extend(rows)
        self._tiles.extend(tiles)
        self._head = head

    def commit(self) -> None:
        """Apply what was added."""
        self._store.apply(self._rows, self._tiles, self._head)


class MemoryBlobs:
    """Documents in a dictionary."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}

    def put(self, data: bytes) -> Digest:
        """Store and return the digest."""
        digest = sha256(data)
        self._blobs[digest] = bytes(data)
        return digest

    def get(self, digest: Digest) -> bytes:
        """Return the bytes stored under ``digest``.

        Raises:
            BlobMissingError: there are none.
            VerificationError: what is stored is not what the digest says.

        """
        try:
            data = self._blobs[digest]
        except KeyError:
            raise BlobMissingError(f"no blob {digest} is stored") from None
        if sha256(data) != digest:
            raise VerificationError(
                f"the bytes stored as blob {digest} hash to {sha256(data)}",
                code="stores.blob-corrupt",
            )
        return data

    def digests(self) -> Iterator[Digest]:
        """Yield the digests in order."""
        yield from sorted(self._blobs)

    def structure_faults(self) -> Iterator[str]:
        """Yield nothing: a dictionary holds blobs only."""
        yield from ()


class MemoryCheckpoint:
    """Remembers the newest checkpoint for as long as it lives."""

    def __init__(self) -> None:
        self._note: bytes | None = None
        self._size = -1

    def remember(self, note: bytes) -> None:
        """Keep a newer checkpoint."""
        size = parse_checkpoint(parse_note(note).text).size
        if size > self._size:
            self._note, self._size = note, size

    def recall(self) -> bytes | None:
        """Return the newest checkpoint."""
        return self._note

    def flush(self) -> None:
        """Do nothing: memory is as durable as it gets."""
