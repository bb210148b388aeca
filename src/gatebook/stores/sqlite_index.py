"""The index in a second SQLite file, beside the ledger's and never its equal.

``synchronous=NORMAL``: after a power cut the last folds may be missing, and are folded again.
"""

import functools
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import apsw

from gatebook.index.store import Cell
from gatebook.index.tables import TABLES, Table, TableRow
from gatebook.stores.sqlite_errors import BUSY_MILLISECONDS, StoreCorruptError, store_errors

__all__ = ["SqliteIndex"]

_FORMAT: Final = 2
_APPLICATION_ID: Final = 0x47424B49  # "GBKI"
_WRITER_CACHE_KIBIBYTES: Final = 128_000
_WRITER_WAL_PAGES: Final = 20_000
_RowT = TypeVar("_RowT", bound=TableRow)
_NAMES: Final[dict[type[Any], str]] = {table.row: table.name for table in TABLES}


class _Reader:
    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self._path = path
        self._connection = connection

    def applied(self) -> int:
        with store_errors(self._path):
            found = self._connection.execute("SELECT count FROM applied").fetchall()
        if len(found) != 1:
            raise StoreCorruptError(f"{self._path.name} does not say what is folded in")
        return cast("int", found[0][0])

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        condition, bound = _condition(where)
        order = "DESC" if newest_first else "ASC"
        # Table and column names are this module's own constants; values are bound.
        statement = (
            f"SELECT * FROM {_NAMES[row]} WHERE {condition} ORDER BY at {order}, rowid {order} "  # noqa: S608
            "LIMIT ?"
        )
        with store_errors(self._path):
            found = self._connection.execute(statement, (*bound, -1 if limit is None else limit))
            for columns in found.fetchall():
                yield cast("_RowT", row._make(columns))

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        condition, bound = _condition(where)
        statement = (
            f"SELECT * FROM {_NAMES[row]} WHERE {condition} AND {column} <= ? "  # noqa: S608
            f"ORDER BY {column} DESC, at DESC LIMIT 1"
        )
        return self._first(row, statement, (*bound, at_most))

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        condition, bound = _condition(where)
        statement = (
            f"SELECT * FROM {_NAMES[row]} WHERE {condition} AND {column} >= ? "  # noqa: S608
            f"ORDER BY {column} ASC, at ASC LIMIT 1"
        )
        return self._first(row, statement, (*bound, at_least))

    def _first(self, row: type[_RowT], statement: str, bound: tuple[Cell, ...]) -> _RowT | None:
        with store_errors(self._path):
            found = self._connection.execute(statement, bound).fetchall()
        return cast("_RowT", row._make(found[0])) if found else None

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        for table in TABLES:
            columns = ", ".join(map(_quoted, table.row._fields))
            statement = f"SELECT {columns} FROM {table.name}"  # noqa: S608
            with store_errors(self._path):
                found = [table.row._make(row) for row in self._connection.execute(statement)]
            for row in sorted(found, key=repr):
                yield table.name, row


class _Writer(_Reader):
    """One open write transaction; rows wait in memory until a read of their table or its end."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        super().__init__(path, connection)
        self._waiting: dict[type[Any], list[TableRow]] = {table.row: [] for table in TABLES}

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        self._write(row)
        return super().select(row, where, newest_first=newest_first, limit=limit)

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        self._write(row)
        return super().newest(row, where, column, at_most)

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        self._write(row)
        return super().oldest(row, where, column, at_least)

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        self.write_all()
        return super().dump()

    def insert(self, row: TableRow) -> None:
        self._waiting[type(row)].append(row)

    def replace(self, old: TableRow, new: TableRow) -> None:
        self._write(type(old))
        with store_errors(self._path):
            self._connection.execute(_UPDATE[type(old)], (*new, *old))

    def set_applied(self, count: int) -> None:
        with store_errors(self._path):
            self._connection.execute("UPDATE applied SET count = ?", (count,))

    def write_all(self) -> None:
        for row in self._waiting:
            self._write(row)

    def _write(self, row: type[Any]) -> None:
        rows = self._waiting[row]
        if rows:
            with store_errors(self._path):
                self._connection.executemany(_INSERT[row], rows)
            self._waiting[row] = []


class SqliteIndex:
    """Tables in one SQLite file; a missing, damaged or older one is made anew, empty.

    Args:
        path: the database file.

    Raises:
        StoreError: the file cannot be opened or written.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._readers = threading.local()
        # A reader's connection goes when its thread does.
        self._opened: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._write = self._open_current()
        with store_errors(path):
            # Digests come in no order: a fold touches pages all over its look-up tables.
            self._write.execute(
                f"PRAGMA cache_size = -{_WRITER_CACHE_KIBIBYTES}; "
                f"PRAGMA wal_autocheckpoint = {_WRITER_WAL_PAGES}"
            ).fetchall()

    def applied(self) -> int:
        """Return how many entries are folded in."""
        return self._reader().applied()

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        """Yield the rows whose columns have these values."""
        return self._reader().select(row, where, newest_first=newest_first, limit=limit)

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        """Return the row with the greatest ``column`` that is at most ``at_most``."""
        return self._reader().newest(row, where, column, at_most)

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        """Return the row with the smallest ``column`` that is at least ``at_least``."""
        return self._reader().oldest(row, where, column, at_least)

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        """Yield every row in a fixed order."""
        return self._reader().dump()

    @contextmanager
    def writing(self) -> Iterator[_Writer]:
        """Open the one write transaction."""
        with self._lock:
            with store_errors(self._path):
                self._write.execute("BEGIN IMMEDIATE")
            try:
                writer = _Writer(self._path, self._write)
                yield writer
                writer.write_all()
                with store_errors(self._path):
                    self._write.execute("COMMIT")
            except BaseException:
                if self._write.in_transaction:
                    # What is raised already says more than a failing rollback would.
                    with suppress(apsw.Error):
                        self._write.execute("ROLLBACK")
                raise

    def clear(self) -> None:
        """Forget everything."""
        with self.writing() as writer:
            with store_errors(self._path):
                for table in TABLES:
                    self._write.execute(f"DELETE FROM {table.name}")  # noqa: S608
            writer.set_applied(0)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in list(self._opened):
                connection.close(force=True)
            self._readers = threading.local()

    def _reader(self) -> _Reader:
        found: _Reader | None = getattr(self._readers, "reader", None)
        if found is None:
            found = self._readers.reader = _Reader(self._path, self._connect())
        return found

    def _connect(self) -> apsw.Connection:
        with store_errors(self._path):
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            # Fetched, because a statement that answers would stop the one after it from running.
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").fetchall()
        self._opened.add(connection)
        return connection

    def _open_current(self) -> apsw.Connection:
        connection: apsw.Connection | None = None
        known: tuple[int, int] | None = None
        try:
            connection = self._connect()
            with store_errors(self._path):
                known = connection.pragma("application_id"), connection.pragma("user_version")
        except StoreCorruptError:
            known = None
        if connection is not None and known == (_APPLICATION_ID, _FORMAT):
            return connection
        if connection is None or known != (0, 0):
            # Damaged, or of another release: nothing in it is a fact, so it is made anew.
            self.close()
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            connection = self._connect()
        with store_errors(self._path):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_schema())
            connection.execute("COMMIT")
        return connection


def _quoted(column: str) -> str:
    return f'"{column}"'


def _insert(row: type[TableRow]) -> str:
    marks = ", ".join("?" * len(row._fields))
    return f"INSERT INTO {_NAMES[row]} VALUES ({marks})"  # noqa: S608  # this module's own names


def _update(row: type[TableRow]) -> str:
    values = ", ".join(f"{_quoted(column)} = ?" for column in row._fields)
    condition = _comparison(row._fields)
    return f"UPDATE {_NAMES[row]} SET {values} WHERE {condition}"  # noqa: S608  # as above


def _condition(where: Mapping[str, Cell]) -> tuple[str, tuple[Cell, ...]]:
    return _comparison(tuple(where)), tuple(where.values())


@functools.cache
def _comparison(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"{_quoted(column)} IS ?" for column in columns) or "1"


def _schema() -> str:
    return "\n".join(
        [
            "CREATE TABLE IF NOT EXISTS applied (count INTEGER NOT NULL) STRICT;",
            "INSERT INTO applied SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM applied);",
            *(_create(table) for table in TABLES),
            f"PRAGMA user_version = {_FORMAT};",
            f"PRAGMA application_id = {_APPLICATION_ID};",
        ]
    )


def _create(table: Table) -> str:
    types = table.row.__annotations__
    columns = ", ".join(
        f'"{column}" {"INTEGER" if types[column] in (int, int | None) else "TEXT"}'
        for column in table.row._fields
    )
    statements = [f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}) STRICT;"]
    statements += [
        f"CREATE INDEX IF NOT EXISTS {table.name}_by_{'_'.join(columns)} "
        f"ON {table.name} ({', '.join(map(_quoted, columns))});"
        for columns in table.lookups
    ]
    return "\n".join(statements)


_INSERT: Final[dict[type[Any], str]] = {table.row: _insert(table.row) for table in TABLES}
_UPDATE: Final[dict[type[Any], str]] = {table.row: _update(table.row) for table in TABLES}
