"""Write the tables of an advisory store: records as they come, everything sorted at the end."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import apsw

from gatebook.clock import Instant
from gatebook.stores.advisory_parse import ParsedRecord
from gatebook.stores.advisory_schema import INDEXES, SCHEMA
from gatebook.stores.sqlite_errors import store_errors
from gatebook.vulnerabilities.aliases import close_aliases
from gatebook.vulnerabilities.epss import EpssScores
from gatebook.vulnerabilities.kev import KevCatalogue
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot, SnapshotSource

__all__ = ["AdvisoryBuilder"]

_CACHE_KIBIBYTES: Final = 131_072

# Rows wait unsorted, because the place of each would be looked for in a tree that does not fit the
# cache; sorted once they go in at its end.
_STAGED: Final = """
CREATE TEMP TABLE staged (
    package INTEGER NOT NULL, lo BLOB, hi BLOB, version TEXT, record INTEGER NOT NULL,
    place INTEGER NOT NULL
);
CREATE TEMP TABLE staged_alias (record INTEGER NOT NULL, id TEXT NOT NULL);
CREATE TEMP TABLE staged_upstream (record INTEGER NOT NULL, id TEXT NOT NULL);
CREATE TEMP TABLE staged_ecosystem (record INTEGER NOT NULL, ecosystem INTEGER NOT NULL);
CREATE TEMP TABLE replaced (record INTEGER PRIMARY KEY);
"""
_SORTED: Final = """
DELETE FROM record WHERE number IN (SELECT record FROM replaced);
DELETE FROM staged WHERE record IN (SELECT record FROM replaced);
INSERT INTO withdrawn
    SELECT DISTINCT package, record, place FROM staged
    WHERE record IN (SELECT number FROM record WHERE withdrawn) ORDER BY 1, 2, 3;
DELETE FROM staged WHERE record IN (SELECT number FROM record WHERE withdrawn);
INSERT INTO interval
    SELECT package, lo, record, place, hi FROM staged WHERE lo IS NOT NULL ORDER BY 1, 2, 3, 4;
INSERT INTO listed
    SELECT DISTINCT package, version, record, place FROM staged
    WHERE lo IS NULL AND version IS NOT NULL ORDER BY 1, 2, 3, 4;
INSERT INTO unjudged
    SELECT DISTINCT package, record, place FROM staged
    WHERE lo IS NULL AND version IS NULL ORDER BY 1, 2, 3;
INSERT INTO upstream
    SELECT DISTINCT id, record FROM staged_upstream
    WHERE record IN (SELECT number FROM record) ORDER BY 1, 2;
"""


class AdvisoryBuilder:
    """Fills a new database; the connection is closed with it, unless it is read on.

    Args:
        connection: of an empty database.
        path: what it is called in errors.

    Raises:
        StoreError: it cannot be written.

    """

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        # By id its number; by number its time and digest. Arrays, because there are half a million.
        self._known: dict[str, int] = {}
        self._modified = array("q", [0])
        self._digests = [b""]
        self._packages: dict[str, int] = {}
        self._ecosystems: dict[str, int] = {}
        with store_errors(path):
            # Nobody sees the file before it is whole, so nothing of it has to be recoverable.
            connection.execute(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192; "
                f"PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -{_CACHE_KIBIBYTES}"
            ).fetchall()
            connection.execute(SCHEMA).fetchall()
            connection.execute(_STAGED)
            connection.execute("BEGIN")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, records: Iterable[ParsedRecord]) -> None:
        """Write records; of several with one id the newest stands, then the one of higher digest.

        Raises:
            StoreError: the disk is full, or cannot be written.

        """
        fresh = [(number, each) for each in records if (number := self._numbered(each)) is not None]
        with store_errors(self._path):
            many = self._connection.executemany
            many(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (number, each.id, each.digest, each.modified, int(each.withdrawn), body)
                    for number, (each, body) in fresh
                ),
            )
            many("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?)", self._ranges(fresh))
            many(
                "INSERT INTO staged_alias VALUES (?, ?)",
                ((number, name) for number, (each, _) in fresh for name in each.aliases),
            )
            many(
                "INSERT INTO staged_upstream VALUES (?, ?)",
                ((number, name) for number, (each, _) in fresh for name in each.upstream),
            )
            many(
                "INSERT INTO staged_ecosystem VALUES (?, ?)",
                (
                    (number, self._ecosystems.setdefault(name, len(self._ecosystems)))
                    for number, (each, _) in fresh
                    for name in each.ecosystems
                ),
            )

    def _numbered(self, record: ParsedRecord) -> int | None:
        """Give a record its number, or ``None`` when a newer one of its id is there already."""
        each = record.indexed
        before = self._known.get(each.id)
        if before is not None:
            if (each.modified, each.digest) <= (self._modified[before], self._digests[before]):
                return None
            with store_errors(self._path):
                self._connection.execute("INSERT INTO replaced VALUES (?)", (before,))
        number = self._known[each.id] = len(self._modified)
        self._modified.append(each.modified)
        self._digests.append(each.digest)
        return number

    def _ranges(
        self, fresh: list[tuple[int, ParsedRecord]]
    ) -> Iterator[tuple[int, bytes | None, bytes | None, str | None, int, int]]:
        packages = self._packages
        for number, (each, _) in fresh:
            for row in each.ranges:
                package = packages.setdefault(row.coordinate, len(packages))
                yield package, row.lo, row.hi, row.version, number, row.place

    def add_kev(self, catalogue: KevCatalogue) -> None:
        """Write CISA's catalogue; of two entries for one CVE the earlier one stands."""
        with store_errors(self._path):
            self._connection.executemany(
                "INSERT INTO kev VALUES (?, ?, ?, ?) ON CONFLICT (cve) DO UPDATE SET "
                "added = excluded.added, due = excluded.due, ransomware = excluded.ransomware "
                "WHERE excluded.added < added",
                (
                    (
                        each.cve_id,
                        each.date_added,
                        each.due_date,
                        each.known_ransomware_campaign_use,
                    )
                    for each in catalogue.vulnerabilities
                ),
            )

    def add_epss(self, scores: EpssScores) -> int:
        """Write a day's scores and return how many there are; later files replace earlier ones.

        Raises:
            EpssError: a line is not a score.

        """
        rows = list(scores.scores())
        with store_errors(self._path):
            self._connection.executemany("INSERT OR REPLACE INTO epss VALUES (?, ?, ?)", rows)
        return len(rows)

    def finish(
        self, sources: Iterable[SnapshotSource], dictionary: bytes, now: Instant
    ) -> AdvisorySnapshot:
        """Sort everything in, close the aliases and write the manifest.

        Raises:
            StoreError: the disk is full, or cannot be written.

        """
        with store_errors(self._path):
            run = self._connection.execute
            run(_SORTED).fetchall()
            names = sorted((name, number) for name, number in self._packages.items())
            self._connection.executemany(
                "INSERT INTO package VALUES (?, ?)", ((number, name) for name, number in names)
            )
            counts = dict(
                run(
                    "SELECT ecosystem, count(*) FROM staged_ecosystem "
                    "WHERE record IN (SELECT number FROM record WHERE NOT withdrawn) GROUP BY 1"
                )
            )
            self._connection.executemany(
                "INSERT INTO ecosystem VALUES (?, ?)",
                sorted(
                    (name, counts[number])
                    for name, number in self._ecosystems.items()
                    if number in counts
                ),
            )
            self._known.clear()
            self._packages.clear()
            self._digests.clear()
            closed = close_aliases(self._aliases())
            self._connection.executemany(
                "INSERT INTO alias VALUES (?, ?)",
                ((each, canonical) for canonical, ids in closed.clusters for each in ids),
            )
            total, withdrawn = self._totals()
            snapshot = AdvisorySnapshot.of(
                sources, imported=now, records=total, withdrawn=withdrawn, oversized=closed.refused
            )
            self._connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("snapshot", snapshot.encode()), ("dictionary", dictionary)],
            )
            run("COMMIT")
            run(INDEXES).fetchall()
            for table in ("staged", "staged_alias", "staged_upstream", "staged_ecosystem"):
                run(f"DROP TABLE temp.{table}")
        return snapshot

    def _totals(self) -> tuple[int, int]:
        rows: list[Any] = self._connection.execute(
            "SELECT count(*), coalesce(sum(withdrawn), 0) FROM record"
        ).fetchall()
        return int(rows[0][0]), int(rows[0][1])

    def _aliases(self) -> Iterator[tuple[str, list[str]]]:
        # In the order of the records; the closure does not depend on it.
        for own, alias in self._connection.execute(
            "SELECT record.id, staged_alias.id FROM staged_alias "
            "JOIN record ON record.number = staged_alias.record WHERE NOT record.withdrawn"
        ):
            yield own, [alias]
