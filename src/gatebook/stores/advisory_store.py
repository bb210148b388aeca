"""Advisories in one SQLite file: built by an import, replaced whole, read by anyone.

The file is a cache of the source documents its manifest names: losing it loses nothing. It is
opened read-only and never written after it got its name, so a reader keeps a consistent view while
an import puts a newer file in its place.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import apsw
import zstandard

from gatebook.errors import MalformedError, NotFoundError
from gatebook.stores.advisory_schema import APPLICATION_ID, FORMAT
from gatebook.stores.sqlite_errors import BUSY_MILLISECONDS, StoreCorruptError, store_errors
from gatebook.vulnerabilities.epss import EpssScore
from gatebook.vulnerabilities.index import Candidate, Named, Question
from gatebook.vulnerabilities.kev import KevEntry
from gatebook.vulnerabilities.osv import MAX_RECORD_BYTES, OsvRecord, decode_record
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

__all__ = ["AdvisoryStore", "is_advisory_store"]

_MAGIC: Final = b"SQLite format 3\x00"
_APPLICATION_ID_OFFSET: Final = 68
_AT_ONCE: Final = 500
_FEW: Final = 4
_CACHE_KIBIBYTES: Final = 65_536
_MAPPED_BYTES: Final = 2 * 1024 * 1024 * 1024

# With a key: the intervals that hold it. CROSS JOIN keeps the order: questions drive, not packages.
_BY_KEY: Final = """
SELECT asked.number, interval.record, interval.place
FROM asked CROSS JOIN package ON package.coordinate = asked.coordinate
CROSS JOIN interval ON interval.package = package.id AND interval.lo <= asked.key
WHERE asked.key IS NOT NULL AND (interval.hi IS NULL OR interval.hi > asked.key)
"""
_WITHOUT_KEY: Final = """
SELECT asked.number, interval.record, interval.place
FROM asked CROSS JOIN package ON package.coordinate = asked.coordinate
CROSS JOIN interval ON interval.package = package.id
WHERE asked.key IS NULL
"""
_LISTED: Final = """
SELECT asked.number, listed.record, listed.place
FROM asked CROSS JOIN package ON package.coordinate = asked.coordinate
CROSS JOIN listed ON listed.package = package.id AND listed.version = asked.version
"""
_UNJUDGED: Final = """
SELECT asked.number, unjudged.record, unjudged.place
FROM asked CROSS JOIN package ON package.coordinate = asked.coordinate
CROSS JOIN unjudged ON unjudged.package = package.id
"""


def is_advisory_store(start: bytes) -> bool:
    """Whether a file that begins like this is an advisory store."""
    place = slice(_APPLICATION_ID_OFFSET, _APPLICATION_ID_OFFSET + 4)
    return start.startswith(_MAGIC) and start[place] == APPLICATION_ID.to_bytes(4, "big")


class AdvisoryStore:
    """One snapshot of advisories, opened for reading.

    Implements :class:`gatebook.vulnerabilities.index.AdvisoryIndex`. One thread at a time.

    Args:
        path: the file that an import made.

    Raises:
        NotFoundError: there is no such file.
        StoreCorruptError: it is another file, damaged, or of another release.

    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFoundError(
                f"{path} is not a file with advisories",
                code="stores.no-advisories",
                hint="make one with `gatebook advisories import PATH --into FILE`",
            )
        with store_errors(path):
            connection = apsw.Connection(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1",
                flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
            )
        self._open(path, connection)

    @classmethod
    def of_connection(cls, connection: apsw.Connection) -> Self:
        """Read what was built in memory."""
        store = cls.__new__(cls)
        store._open(Path("advisories in memory"), connection)  # noqa: SLF001  # of this class
        return store

    def _open(self, path: Path, connection: apsw.Connection) -> None:
        self.path = path
        self._connection = connection
        with store_errors(path):
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            if connection.pragma("application_id") != APPLICATION_ID:
                raise StoreCorruptError(f"{path.name} does not hold advisories")
            found = connection.pragma("user_version")
            if found != FORMAT:
                raise StoreCorruptError(
                    f"{path.name} was made by another release: format {found}, read is {FORMAT}",
                    code="stores.advisory-format",
                    hint="import the advisories again",
                )
            connection.execute(
                f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}; PRAGMA mmap_size = {_MAPPED_BYTES}; "
                "PRAGMA temp_store = MEMORY"
            ).fetchall()
            connection.execute(
                "CREATE TEMP TABLE asked (number INTEGER PRIMARY KEY, coordinate TEXT, key BLOB, "
                "version TEXT)"
            )
        try:
            self.snapshot = AdvisorySnapshot.parse(self._meta("snapshot"))
        except MalformedError as error:
            raise StoreCorruptError(f"{path.name}: {error.message}") from error
        dictionary = self._meta("dictionary")
        self._decompressor = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        )
        self._ecosystems: dict[str, int] = dict(
            self._rows("SELECT name, records FROM ecosystem ORDER BY name")
        )
        self._has = {
            table: bool(self._rows(f"SELECT 1 FROM {table} LIMIT 1"))  # noqa: S608  # our own names
            for table in ("listed", "unjudged")
        }

    def close(self) -> None:
        """Close the file."""
        self._connection.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- looking up --------------------------------------------------------------------------------

    def ecosystems(self) -> Mapping[str, int]:
        """How many records that stand name a package of each ecosystem and release."""
        return self._ecosystems

    def releases(self, base: str) -> Sequence[str]:
        """Every release of an ecosystem that any record names, sorted."""
        return [
            each
            for each in self._ecosystems
            if (each == base or each.startswith(f"{base}:")) and "|" not in each
        ]

    def candidates(self, questions: Sequence[Question]) -> list[Candidate]:
        """Find the records that decide about some versions, or that cannot be compared."""
        if not questions:
            return []
        statements = [_BY_KEY]
        if any(each.key is None for each in questions):
            statements.append(_WITHOUT_KEY)
        statements += [_LISTED] * self._has["listed"] + [_UNJUDGED] * self._has["unjudged"]
        with store_errors(self.path):
            run = self._connection.execute
            run("BEGIN")
            try:
                self._connection.executemany(
                    "INSERT INTO asked VALUES (?, ?, ?, ?)",
                    ((number, *each) for number, each in enumerate(questions)),
                )
                found = {row for statement in statements for row in run(statement).fetchall()}
            finally:
                run("ROLLBACK")
        return [Candidate._make(row) for row in sorted(found)]

    def naming(self, coordinates: Collection[str]) -> list[Named]:
        """Find every record that names one of some packages, withdrawn ones included."""
        found: set[tuple[Any, ...]] = set()
        for table in ("interval", "listed", "unjudged", "withdrawn"):
            statement = (
                "SELECT DISTINCT package.coordinate, named.record, named.place FROM package "  # noqa: S608
                f"CROSS JOIN {table} AS named ON named.package = package.id "
                "WHERE package.coordinate IN ({})"
            )
            found.update(self._in(statement, coordinates))
        return [Named._make(row) for row in sorted(found)]

    def records(self, numbers: Collection[int]) -> Mapping[int, OsvRecord]:
        """Read records by their numbers."""
        rows = self._in("SELECT number, body FROM record WHERE number IN ({})", numbers)
        return {number: self._decoded(body) for number, body in rows}

    def numbers(self, ids: Collection[str]) -> Mapping[str, int]:
        """Find the numbers of records by their ids; those that are not there are left out."""
        return dict(self._in("SELECT id, number FROM record WHERE id IN ({})", ids))

    def cluster(self, identifier: str) -> tuple[str, ...]:
        """Every identifier of the same vulnerability, itself included; the canonical one first."""
        found = self._rows(
            "SELECT other.id, other.canonical FROM alias JOIN alias AS other "
            "ON other.canonical = alias.canonical WHERE alias.id = ? ORDER BY other.id",
            (identifier,),
        )
        if not found:
            return (identifier,)
        return tuple(dict.fromkeys((found[0][1], *(row[0] for row in found))))

    def exploited(self, cves: Collection[str]) -> Mapping[str, KevEntry]:
        """Which of some CVEs are in CISA's catalogue."""
        rows = self._in("SELECT cve, added, due, ransomware FROM kev WHERE cve IN ({})", cves)
        return {
            cve: KevEntry(
                cve_id=cve, date_added=added, due_date=due, known_ransomware_campaign_use=ransomware
            )
            for cve, added, due, ransomware in rows
        }

    def scores(self, cves: Collection[str]) -> Mapping[str, EpssScore]:
        """The EPSS scores of some CVEs, where there are any."""
        rows = self._in("SELECT cve, probability, percentile FROM epss WHERE cve IN ({})", cves)
        return {row[0]: EpssScore._make(row) for row in rows}

    def downstream(self, identifier: str) -> tuple[int, ...]:
        """The records that say they derive from an identifier, such as those of distributions."""
        rows = self._rows("SELECT record FROM upstream WHERE id = ? ORDER BY record", (identifier,))
        return tuple(row[0] for row in rows)

    def record_bytes(self, identifier: str) -> bytes | None:
        """The bytes of one record as its database wrote them, or ``None``."""
        rows = self._rows("SELECT body FROM record WHERE id = ?", (identifier,))
        return self._expanded(rows[0][0]) if rows else None

    def digests(self) -> Iterator[tuple[str, bytes]]:
        """Yield id and digest of every record, by id: two stores differ where these do."""
        with store_errors(self.path):
            yield from self._connection.execute("SELECT id, digest FROM record ORDER BY id")

    # -- reading rows ------------------------------------------------------------------------------

    def _meta(self, name: str) -> bytes:
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        if not rows:
            raise StoreCorruptError(f"{self.path.name} has no {name}")
        value: bytes = rows[0][0]
        return value

    def _rows(self, statement: str, bound: tuple[Any, ...] = ()) -> list[Any]:
        with store_errors(self.path):
            return self._connection.execute(statement, bound).fetchall()

    def _in(self, statement: str, values: Collection[Any]) -> list[Any]:
        rows: list[Any] = []
        wanted = list(values)
        while wanted:
            # Few texts of a statement, so that each is compiled once and found again.
            count = len(wanted) if len(wanted) <= _FEW else _AT_ONCE
            part, wanted = wanted[:count], wanted[count:]
            marks = ", ".join("?" * count)
            bound = (*part, *([None] * (count - len(part))))
            rows += self._rows(statement.format(marks), bound)
        return rows

    def _expanded(self, body: bytes) -> bytes:
        try:
            return self._decompressor.decompress(body, max_output_size=MAX_RECORD_BYTES)
        except zstandard.ZstdError as error:
            raise StoreCorruptError(f"{self.path.name}: a record is damaged: {error}") from error

    def _decoded(self, body: bytes) -> OsvRecord:
        try:
            return decode_record(self._expanded(body))
        except MalformedError as error:
            raise StoreCorruptError(f"{self.path.name}: {error.message}") from error
