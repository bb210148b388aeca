"""What the index needs of whoever keeps its tables."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, TypeVar

from gatebook.index.tables import TableRow

__all__ = ["Cell", "IndexReader", "IndexStore", "IndexWriter"]

Cell: TypeAlias = str | int | None
_RowT = TypeVar("_RowT", bound=TableRow)


class IndexReader(Protocol):
    """Looking up rows; safe from any thread and process while another one writes."""

    def applied(self) -> int:
        """Return how many entries of the ledger are folded in."""
        ...

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        """Yield the rows of a table whose columns have these values, in the order of entries.

        Args:
            row: the table, by its row class.
            where: column to value; ``None`` matches an absent value.
            newest_first: latest entry first.
            limit: yield no more than that.

        """
        ...

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        """Return the row with the greatest ``column`` that is at most ``at_most``.

        Of several with the same value, the one of the latest entry.
        """
        ...

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        """Return the row with the smallest ``column`` that is at least ``at_least``.

        Of several with the same value, the one of the earliest entry.
        """
        ...

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        """Yield table name and row, all of them in a fixed order, to compare two indexes."""
        ...


class IndexWriter(IndexReader, Protocol):
    """One transaction that folds entries in; its reads see its own writes."""

    def insert(self, row: TableRow) -> None:
        """Add a row to the table of its class."""
        ...

    def replace(self, old: TableRow, new: TableRow) -> None:
        """Put ``new`` in the place of ``old``, a row of the same entry and table."""
        ...

    def set_applied(self, count: int) -> None:
        """Note how many entries are folded in."""
        ...


class IndexStore(IndexReader, Protocol):
    """Keeps the tables; a lost or stale one is rebuilt from the ledger."""

    def writing(self) -> AbstractContextManager[IndexWriter]:
        """Open the one write transaction; leaving it by an exception undoes all."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...
