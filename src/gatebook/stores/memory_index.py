"""The index in lists: for tests, tutorials and the verification of exports."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from gatebook.index.store import Cell
from gatebook.index.tables import TABLES, TableRow

__all__ = ["MemoryIndex"]

_RowT = TypeVar("_RowT", bound=TableRow)


class MemoryIndex:
    """Tables in lists, one per row class."""

    def __init__(self) -> None:
        self._tables: dict[type[Any], list[TableRow]] = {}
        self._applied = 0
        self._lock = threading.RLock()
        self.clear()

    def applied(self) -> int:
        """Return how many entries are folded in."""
        return self._applied

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        """Yield the rows whose columns have these values."""
        rows = cast("list[_RowT]", self._tables[row])
        found = [
            candidate
            for candidate in rows
            if all(getattr(candidate, column) == value for column, value in where.items())
        ]
        found.sort(key=lambda candidate: candidate.at, reverse=newest_first)
        yield from found[:limit]

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        """Return the row with the greatest ``column`` that is at most ``at_most``."""
        found = [
            candidate
            for candidate in self.select(row, where)
            if getattr(candidate, column) <= at_most
        ]
        return max(
            found, key=lambda candidate: (getattr(candidate, column), candidate.at), default=None
        )

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        """Return the row with the smallest ``column`` that is at least ``at_least``."""
        found = [
            candidate
            for candidate in self.select(row, where)
            if getattr(candidate, column) >= at_least
        ]
        return min(
            found, key=lambda candidate: (getattr(candidate, column), candidate.at), default=None
        )

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        """Yield every row in a fixed order."""
        for table in TABLES:
            for row in sorted(self._tables[table.row], key=repr):
                yield table.name, row

    @contextmanager
    def writing(self) -> Iterator["MemoryIndex"]:
        """Open the one write transaction."""
        with self._lock:
            before = {row: list(rows) for row, rows in self._tables.items()}, self._applied
            try:
                yield self
            except BaseException:
                self._tables, self._applied = before
                raise

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tables = {table.row: [] for table in TABLES}
            self._applied = 0

    def insert(self, row: TableRow) -> None:
        """Add a row."""
        self._tables[type(row)].append(row)

    def replace(self, old: TableRow, new: TableRow) -> None:
        """Put ``new`` in the place of ``old``."""
        rows = self._tables[type(old)]
        rows[rows.index(old)] = new

    def set_applied(self, count: int) -> None:
        """Note how many entries are folded in."""
        self._applied = count
