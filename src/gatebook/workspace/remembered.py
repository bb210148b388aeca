"""An index that remembers its answers until it changes.

Asked who has something, a book looks up the same artifacts again and again: one advisory after the
other touches the same services. What an index answers depends on how many entries it has folded in,
and on nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from gatebook.index.store import Cell, IndexReader
from gatebook.index.tables import TableRow

__all__ = ["RememberedIndex"]

_RowT = TypeVar("_RowT", bound=TableRow)
_MOST: Final = 200_000


class RememberedIndex:
    """Implements :class:`gatebook.index.store.IndexReader` over another one.

    Args:
        index: who is asked.

    """

    def __init__(self, index: IndexReader) -> None:
        self._index = index
        self._applied = -1
        self._answers: dict[Any, tuple[Any, ...]] = {}

    def refresh(self) -> None:
        """Forget everything if the index has changed; between two calls it is taken as it was."""
        applied = self._index.applied()
        if applied != self._applied or len(self._answers) > _MOST:
            self._answers = {}
            self._applied = applied

    def forget(self) -> None:
        """Forget everything: the index was made anew."""
        self._answers = {}
        self._applied = -1

    def applied(self) -> int:
        """Return how many entries the answers take into account."""
        return self._index.applied()

    def select(
        self,
        row: type[_RowT],
        where: Mapping[str, Cell],
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[_RowT]:
        """Yield the rows of a table whose columns have these values."""
        key = row, tuple(where.items()), newest_first, limit
        found = self._answers.get(key)
        if found is None:
            answer = self._index.select(row, where, newest_first=newest_first, limit=limit)
            found = self._answers[key] = tuple(answer)
        return iter(found)

    def newest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_most: int
    ) -> _RowT | None:
        """Return the row with the greatest ``column`` that is at most ``at_most``."""
        return self._index.newest(row, where, column, at_most)

    def oldest(
        self, row: type[_RowT], where: Mapping[str, Cell], column: str, at_least: int
    ) -> _RowT | None:
        """Return the row with the smallest ``column`` that is at least ``at_least``."""
        return self._index.oldest(row, where, column, at_least)

    def dump(self) -> Iterator[tuple[str, TableRow]]:
        """Yield table name and row."""
        return self._index.dump()
