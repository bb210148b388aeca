"""Which owner has components under which licence, in a SQLite file of its own.

Goes with the occurrences of packages, and is made anew together with them. It also says how far
the log was followed into both.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import apsw

from gatebook.stores.sqlite_errors import BUSY_MILLISECONDS, StoreCorruptError, store_errors

__all__ = ["Followed", "LicenseRow", "SqliteLicenses"]

_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x47424B4C  # "GBKL"
_SCHEMA: Final = f"""
CREATE TABLE followed (applied INTEGER NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE TABLE license (
    name TEXT NOT NULL COLLATE NOCASE, owner TEXT NOT NULL, component TEXT NOT NULL,
    written TEXT NOT NULL, PRIMARY KEY (name, owner, component, written)
) WITHOUT ROWID, STRICT;
CREATE INDEX license_owner ON license (owner);
PRAGMA user_version = {_FORMAT};
PRAGMA application_id = {_APPLICATION_ID};
"""


class LicenseRow(NamedTuple):
    """A component under a licence.

    Attributes:
        name: the licence: an SPDX identifier, or what is written in its place.
        owner: who has the component.
        component: its package URL, or its name.
        written: the whole claim, as the SBOM writes it.

    """

    name: str
    owner: str
    component: str
    written: str


class Followed(NamedTuple):
    """How far the log was followed: how many entries, and the id of the last of them."""

    applied: int
    entry: str


class SqliteLicenses:
    """Licences by owner; a missing file is made, empty.

    Raises:
        StoreCorruptError: it is another file, damaged, or of another release.
        StoreError: it cannot be opened or written.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with store_errors(path):
            self._connection = connection = apsw.Connection(str(path))
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            connection.execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY"
            ).fetchall()
            known = connection.pragma("application_id"), connection.pragma("user_version")
            if known == (0, 0):
                with self._writing():
                    connection.execute(_SCHEMA).fetchall()
            elif known != (_APPLICATION_ID, _FORMAT):
                connection.close(force=True)
                raise StoreCorruptError(
                    f"{path.name} does not hold licences that this release reads",
                    hint="remove it; it is made anew from the SBOMs",
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, owner: str, rows: Iterable[LicenseRow]) -> None:
        """Keep an owner's licences, in the place of what was kept of it before."""
        with self._writing(), store_errors(self._path):
            self._connection.execute("DELETE FROM license WHERE owner = ?", (owner,))
            self._connection.executemany(
                "INSERT OR IGNORE INTO license VALUES (?, ?, ?, ?)", (tuple(each) for each in rows)
            )

    def under(self, name: str) -> list[LicenseRow]:
        """Every component under a licence, whatever the case of its name; sorted."""
        rows = self._run(
            "SELECT name, owner, component, written FROM license WHERE name = ? "
            "ORDER BY owner, component, written",
            (name,),
        )
        return [LicenseRow._make(row) for row in rows]

    def names(self) -> tuple[str, ...]:
        """Every licence, sorted."""
        return tuple(row[0] for row in self._run("SELECT DISTINCT name FROM license ORDER BY name"))

    def followed(self) -> Followed:
        """How far the log was followed."""
        rows = self._run("SELECT applied, entry FROM followed")
        return Followed._make(rows[0]) if rows else Followed(0, "")

    def set_followed(self, followed: Followed) -> None:
        """Note how far the log was followed; what was put before, here and there, is durable."""
        with self._writing():
            self._run("DELETE FROM followed")
            self._run("INSERT INTO followed VALUES (?, ?)", tuple(followed))

    def _run(self, statement: str, bound: Any = ()) -> list[Any]:
        with self._lock, store_errors(self._path):
            return self._connection.execute(statement, bound).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with suppress(apsw.Error):
                        self._connection.execute("ROLLBACK")
                raise
