"""The ledger in one SQLite file, which is the only commit point.

Write-ahead log with ``synchronous=FULL``: a commit is on the disk when it returns. Full tiles are
rows of the same transaction; partial tiles are derived, so none can be torn. Triggers refuse
UPDATE and DELETE: they stop mistakes, the Merkle root stops malice. Several processes may use the
file; SQLite's write lock decides who writes.
"""

import os
import secrets
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import apsw

from gatebook.errors import ConflictError
from gatebook.ledger.store import Row, StoredTile, StoreError, TreeHead
from gatebook.stores.disk import DISK
from gatebook.stores.sqlite_errors import BUSY_MILLISECONDS, StoreCorruptError, store_errors
from gatebook.tlog.merkle import EMPTY_ROOT
from gatebook.tlog.tree import FullTile

__all__ = ["SqliteLedger", "StoreCorruptError", "store_errors"]

_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x47424B31  # "GBK1"
_WAL_PAGES: Final = 4000
_ROWS_AT_ONCE: Final = 256
_HASH_BYTES: Final = 32
_SCHEMA: Final = f"""
CREATE TABLE entry (
    idx INTEGER PRIMARY KEY, key BLOB NOT NULL, leaf BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_key ON entry (key);
CREATE TABLE tile (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, data BLOB NOT NULL, root BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) WITHOUT ROWID, STRICT;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry
    BEGIN SELECT raise(ABORT, 'entries never change'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry
    BEGIN SELECT raise(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER tile_update BEFORE UPDATE ON tile
    BEGIN SELECT raise(ABORT, 'tiles never change'); END;
CREATE TRIGGER tile_delete BEFORE DELETE ON tile
    BEGIN SELECT raise(ABORT, 'tiles are never deleted'); END;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT raise(ABORT, 'checkpoints never change'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT raise(ABORT, 'checkpoints are never deleted'); END;
PRAGMA user_version = {_FORMAT};
PRAGMA application_id = {_APPLICATION_ID};
"""


class _Reader(ABC):
    """The reading half, over one connection."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def connection(self) -> apsw.Connection:
        """Return the connection to read through."""

    def head(self) -> TreeHead:
        """Return size and root as committed."""
        found = self._read("SELECT size, root FROM head WHERE one = 1")
        if len(found) != 1:
            raise StoreCorruptError(f"{self.path.name} has no head")
        self._check_types("head", found, int, bytes)
        size, root = found[0]
        if size < 0 or len(root) != _HASH_BYTES:
            raise StoreCorruptError(f"{self.path.name} has a malformed head")
        return TreeHead(size, root)

    def find(self, key: bytes) -> int | None:
        """Return the index of the entry with that key."""
        found = self._read("SELECT idx FROM entry WHERE key = ?", key)
        return int(found[0][0]) if found else None

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield entries in order."""
        # In pieces: a statement left open would keep this thread's other reads in the past.
        while start < stop:
            found = self._read(
                "SELECT idx, key, leaf, body FROM entry WHERE idx >= ? AND idx < ? "
                "ORDER BY idx LIMIT ?",
                start,
                stop,
                _ROWS_AT_ONCE,
            )
            self._check_types("an entry", found, int, bytes, bytes, bytes)
            yield from map(Row._make, found)
            if len(found) < _ROWS_AT_ONCE:
                return
            start = found[-1][0] + 1

    def leaves(self, start: int, stop: int) -> bytes:
        """Return concatenated leaf hashes."""
        found = self._read(
            "SELECT leaf FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", start, stop
        )
        self._check_types("a leaf hash", found, bytes)
        return b"".join([leaf for (leaf,) in found])

    def tile(self, level: int, index: int) -> bytes | None:
        """Return a full tile."""
        found = self._read("SELECT data FROM tile WHERE level = ? AND idx = ?", level, index)
        self._check_types("a tile", found, bytes)
        data: bytes | None = found[0][0] if found else None
        return data

    def tile_roots(self, level: int, start: int, stop: int) -> bytes:
        """Return concatenated tile hashes, as far as there are any."""
        found = self._read(
            "SELECT root FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
            level,
            start,
            stop,
        )
        self._check_types("a tile", found, bytes)
        return b"".join([root for (root,) in found])

    def tiles(self) -> Iterator[StoredTile]:
        """Yield every tile by level and index."""
        level, index = -(2**62), 0
        while True:
            found = self._read(
                "SELECT level, idx, data, root FROM tile WHERE (level, idx) > (?, ?) "
                "ORDER BY level, idx LIMIT ?",
                level,
                index,
                _ROWS_AT_ONCE,
            )
            self._check_types("a tile", found, int, int, bytes, bytes)
            yield from map(StoredTile._make, found)
            if len(found) < _ROWS_AT_ONCE:
                return
            level, index = found[-1][:2]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield kept checkpoints by size."""
        found = self._read("SELECT size, note FROM checkpoint ORDER BY size")
        self._check_types("a checkpoint", found, int, bytes)
        yield from found

    def structure_faults(self) -> Iterator[str]:
        """Yield what SQLite itself finds wrong with the file, and statements that are not ours."""
        found = self._read("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")
        if found != _expected_schema():
            yield "its tables, indexes and triggers are not those of a ledger"
        for (line,) in self._read("PRAGMA integrity_check"):
            if line != "ok":
                yield str(line)

    def _read(self, statement: str, *bound: bytes | int) -> list[Any]:
        with store_errors(self.path):
            return self.connection().execute(statement, bound).fetchall()

    def _check_types(self, what: str, found: list[Any], *types: type) -> None:
        # A damaged record header turns a column into one of another type.
        for column, expected in zip(zip(*found, strict=True), types, strict=True) if found else ():
            if set(map(type, column)) != {expected}:
                raise StoreCorruptError(
                    f"{self.path.name} has {what} that is no {expected.__name__}",
                    hint="restore it from a backup or the export",
                )


def _expected_schema() -> list[Any]:
    connection = apsw.Connection(":memory:")
    connection.execute(_SCHEMA)
    return connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
    ).fetchall()


class _Writer(_Reader):
    """One open write transaction."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        super().__init__(path)
        self._connection = connection

    def connection(self) -> apsw.Connection:
        return self._connection

    def add(self, rows: Sequence[Row], tiles: Sequence[FullTile], head: TreeHead) -> None:
        """Add entries, tiles and the head they lead to."""
        connection = self._connection
        if [row.position for row in rows] != list(range(head.size - len(rows), head.size)):
            raise ConflictError(f"the entries before number {head.size} are not dense")
        with store_errors(self.path):
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
            if tiles:
                connection.executemany(
                    "INSERT INTO tile VALUES (?, ?, ?, ?)",
                    [(tile.level, tile.index, tile.data, tile.root) for tile in tiles],
                )
            connection.execute(
                "UPDATE head SET size = ?, root = ? WHERE one = 1 AND size = ?",
                (*head, head.size - len(rows)),
            )
            if connection.changes() != 1:
                raise StoreCorruptError(
                    f"{self.path.name} has no head of {head.size - len(rows)} entries to extend"
                )


class SqliteLedger(_Reader):
    """One log in one SQLite file.

    Args:
        path: the database file; it exists (see :meth:`create`).
        vfs: name of a registered SQLite VFS to open it through, for fault injection.
        synchronous: SQLite's setting; anything below ``FULL`` loses acknowledged entries on a
            power cut and exists so that the durability test can show it.
        wal_pages: how long the write-ahead log grows before it is folded into the file.

    Raises:
        StoreError: the file cannot be opened.
        StoreCorruptError: it is not a ledger of a known format.

    """

    def __init__(
        self,
        path: Path,
        *,
        vfs: str | None = None,
        synchronous: str = "FULL",
        wal_pages: int = _WAL_PAGES,
    ) -> None:
        super().__init__(path)
        self._wal_pages = wal_pages
        self._vfs = vfs
        self._synchronous = synchronous
        self._lock = threading.Lock()
        self._readers = threading.local()
        # A reader's connection goes when its thread does.
        self._opened: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._write = self._open()
        self._check_format()
        self._settle()

    @classmethod
    def create(cls, path: Path, *, vfs: str | None = None) -> None:
        """Create an empty log durably.

        Raises:
            ConflictError: the file exists.
            StoreError: it cannot be written.

        """
        if path.exists():
            raise ConflictError(f"{path.name} exists already", code="stores.exists")
        # Under another name until it is whole: a crash leaves no half of a ledger at `path`.
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        with store_errors(path):
            connection = apsw.Connection(str(scratch), flags=flags, vfs=vfs)
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").fetchall()
            with connection:
                connection.execute(_SCHEMA)
                connection.execute("INSERT INTO head VALUES (1, 0, ?)", (EMPTY_ROOT,))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.close()
        try:
            DISK.rename(scratch, path)
            DISK.sync_directory(path.parent)
        except OSError as error:
            raise StoreError(f"{path.name} could not be made: {error.strerror}") from error

    def connection(self) -> apsw.Connection:
        """Return this thread's connection."""
        found: apsw.Connection | None = getattr(self._readers, "connection", None)
        if found is None:
            found = self._readers.connection = self._open()
        return found

    @contextmanager
    def writing(self) -> Iterator[_Writer]:
        """Open the one write transaction."""
        with self._lock:
            with store_errors(self.path):
                self._write.execute("BEGIN IMMEDIATE")
            try:
                yield _Writer(self.path, self._write)
                with store_errors(self.path):
                    self._write.execute("COMMIT")
            except BaseException:
                if self._write.in_transaction:
                    # What is raised already says more than a failing rollback would.
                    with suppress(apsw.Error):
                        self._write.execute("ROLLBACK")
                raise

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint."""
        kept = dict(self.checkpoints()).get(size)
        if kept is None:
            with self._lock, store_errors(self.path):
                self._write.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
        elif kept != note:
            raise ConflictError(f"another checkpoint of size {size} is kept")

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in list(self._opened):
                connection.close(force=True)
            self._readers = threading.local()

    def _open(self) -> apsw.Connection:
        with store_errors(self.path):
            connection = apsw.Connection(
                str(self.path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=self._vfs
            )
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            # Fetched, because a statement that answers would stop the ones after it from running.
            connection.execute(
                f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {self._synchronous}; "
                f"PRAGMA wal_autocheckpoint = {self._wal_pages}; PRAGMA cell_size_check = ON; "
                "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16000"
            ).fetchall()
        self._opened.add(connection)
        return connection

    def _settle(self) -> None:
        # Opening takes over what a killed process had written and not yet synced. It becomes
        # visible now, so it must be durable before anybody signs a checkpoint over it.
        with store_errors(self.path):
            self._write.execute("SELECT size FROM head").fetchall()
        try:
            descriptor = os.open(f"{self.path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.path.name}-wal cannot be opened: {error.strerror}") from error
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise StoreError(f"{self.path.name}-wal was not synced: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def _check_format(self) -> None:
        with store_errors(self.path):
            application = self._write.pragma("application_id")
            version = self._write.pragma("user_version")
        if application != _APPLICATION_ID or version != _FORMAT:
            self.close()
            raise StoreCorruptError(
                f"{self.path.name} is not a ledger of format {_FORMAT} "
                f"(application {application:#x}, format {version})",
                hint="open it with the release that wrote it",
            )
