"""Which owner has which components, in a SQLite file of its own.

It is a fold of SBOMs and can be made anew from them. Kept apart from the advisories, because these
are replaced as a whole while owners come and go; both are joined when all is matched again.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import apsw

from gatebook.stores.advisory_store import AdvisoryStore
from gatebook.stores.sqlite_errors import BUSY_MILLISECONDS, StoreCorruptError, store_errors
from gatebook.vulnerabilities.occurrences import Occurrence, RangeQuestion, package_versions
from gatebook.vulnerabilities.package_identity import Identified, Unidentified

__all__ = ["OccurrenceCounts", "SqliteOccurrences", "Touched"]

_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x47424B4F  # "GBKO"
_CACHE_KIBIBYTES: Final = 65_536

# kept: versions that have a key, in its order; unkeyed: those that have none.
_SCHEMA: Final = f"""
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE component (id INTEGER PRIMARY KEY, purl TEXT NOT NULL UNIQUE, code TEXT) STRICT;
CREATE TABLE coordinate (
    id INTEGER PRIMARY KEY, text TEXT NOT NULL, package TEXT NOT NULL, certain INTEGER NOT NULL,
    UNIQUE (text, certain)
) STRICT;
CREATE INDEX coordinate_package ON coordinate (package);
CREATE TABLE kept (
    coordinate INTEGER NOT NULL, key BLOB NOT NULL, component INTEGER NOT NULL,
    version TEXT NOT NULL, PRIMARY KEY (coordinate, key, component)
) WITHOUT ROWID, STRICT;
CREATE TABLE unkeyed (
    coordinate INTEGER NOT NULL, version TEXT NOT NULL, component INTEGER NOT NULL,
    PRIMARY KEY (coordinate, version, component)
) WITHOUT ROWID, STRICT;
CREATE TABLE occurrence (
    component INTEGER NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY (component, owner)
) WITHOUT ROWID, STRICT;
CREATE INDEX occurrence_owner ON occurrence (owner);
PRAGMA user_version = {_FORMAT};
PRAGMA application_id = {_APPLICATION_ID};
"""

# A coordinate that asks for one release is answered by that release and, with doubt, by components
# whose release nobody knows; one that asks for every release is answered by all.
_COORDINATES: Final = """
SELECT id, certain FROM coordinate
WHERE package = :package AND (:every OR NOT certain OR text = :coordinate)
"""
_OWNERS: Final = """
SELECT owner.name, component.purl FROM occurrence
CROSS JOIN owner ON owner.id = occurrence.owner
CROSS JOIN component ON component.id = occurrence.component
WHERE occurrence.component = ?
"""
_IN_RANGE: Final = """
SELECT component, version FROM kept
WHERE coordinate = ? AND key >= ? AND (?3 IS NULL OR key < ?3)
"""
_REMATCH: Final = """
SELECT kept.component, touched.record,
    coordinate.certain OR named.coordinate = coordinate.package
FROM coordinate
CROSS JOIN advisories.package AS named
    ON named.coordinate IN (coordinate.text, coordinate.package)
CROSS JOIN kept ON kept.coordinate = coordinate.id
CROSS JOIN advisories.interval AS touched
    ON touched.package = named.id AND touched.lo <= kept.key
WHERE touched.hi IS NULL OR touched.hi > kept.key
"""


class Touched(NamedTuple):
    """A component that an advisory touches.

    Attributes:
        component: its number; :meth:`SqliteOccurrences.owners_of` says who has it.
        record: number of the record in the advisory store.
        certain: whether it is affected; if not, it has to be judged by itself.

    """

    component: int
    record: int
    certain: bool


class OccurrenceCounts(NamedTuple):
    """How much is kept."""

    owners: int
    components: int
    occurrences: int


class SqliteOccurrences:
    """Owners and their components in one SQLite file; a missing one is made, empty.

    Implements :class:`gatebook.vulnerabilities.occurrences.OccurrenceStore`.

    Args:
        path: the file.

    Raises:
        StoreCorruptError: it is another file, damaged, or of another release.
        StoreError: it cannot be opened or written.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._attached: Path | None = None
        with store_errors(path):
            self._connection = connection = apsw.Connection(
                str(path),
                # Advisories are attached by a URI that says they never change.
                flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI,
            )
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            connection.execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}; PRAGMA temp_store = MEMORY"
            ).fetchall()
            known = connection.pragma("application_id"), connection.pragma("user_version")
            if known == (0, 0):
                with self._writing():
                    connection.execute(_SCHEMA).fetchall()
            elif known != (_APPLICATION_ID, _FORMAT):
                connection.close(force=True)
                raise StoreCorruptError(
                    f"{path.name} does not hold occurrences that this release reads",
                    hint="remove it; it is made anew from the SBOMs",
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- keeping -----------------------------------------------------------------------------------

    def put(self, owner: str, components: Iterable[Identified | Unidentified]) -> None:
        """Keep an owner's components, in the place of what was kept of it before."""
        distinct = dict.fromkeys(components)
        with self._writing():
            number = self._owner(owner)
            self._run("DELETE FROM occurrence WHERE owner = ?", (number,))
            rows = [(self._component(each), number) for each in distinct]
            with store_errors(self._path):
                self._connection.executemany("INSERT OR IGNORE INTO occurrence VALUES (?, ?)", rows)

    def remove(self, owner: str) -> None:
        """Forget an owner; components that nobody has any more stay until :meth:`tidy`."""
        with self._writing():
            self._run(
                "DELETE FROM occurrence WHERE owner = (SELECT id FROM owner WHERE name = ?)",
                (owner,),
            )
            self._run("DELETE FROM owner WHERE name = ?", (owner,))

    def tidy(self) -> int:
        """Drop components that nobody has; return how many there were."""
        gone = "component NOT IN (SELECT component FROM occurrence)"
        with self._writing():
            for table in ("kept", "unkeyed"):
                self._run(f"DELETE FROM {table} WHERE {gone}")  # noqa: S608  # our own names
            found = self._run(
                "DELETE FROM component WHERE id NOT IN (SELECT component FROM occurrence) "
                "RETURNING id"
            )
        return len(found)

    def _owner(self, name: str) -> int:
        self._run("INSERT OR IGNORE INTO owner (name) VALUES (?)", (name,))
        number: int = self._run("SELECT id FROM owner WHERE name = ?", (name,))[0][0]
        return number

    def _component(self, component: Identified | Unidentified) -> int:
        # A component without a package URL is known by its name, which no package URL looks like.
        text = component.purl or f" {component.name}"
        found = self._run("SELECT id FROM component WHERE purl = ?", (text,))
        if found:
            known: int = found[0][0]
            return known
        code = component.code if isinstance(component, Unidentified) else None
        made = self._run(
            "INSERT INTO component (purl, code) VALUES (?, ?) RETURNING id", (text, code)
        )
        number: int = made[0][0]
        if isinstance(component, Identified):
            for each in package_versions(component):
                place = self._coordinate(each.coordinate, each.package, each.release_known)
                if each.key is None:
                    self._run(
                        "INSERT OR IGNORE INTO unkeyed VALUES (?, ?, ?)",
                        (place, each.version, number),
                    )
                else:
                    self._run(
                        "INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?)",
                        (place, each.key, number, each.version),
                    )
        return number

    def _coordinate(self, text: str, package: str, certain: bool) -> int:  # noqa: FBT001  # a column
        found = self._run(
            "SELECT id FROM coordinate WHERE text = ? AND certain = ?", (text, int(certain))
        ) or self._run(
            "INSERT INTO coordinate (text, package, certain) VALUES (?, ?, ?) RETURNING id",
            (text, package, int(certain)),
        )
        number: int = found[0][0]
        return number

    def settle(self) -> None:
        """Make durable what was kept, so that others may say that it is."""
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    # -- asking ------------------------------------------------------------------------------------

    def counts(self) -> OccurrenceCounts:
        """How much is kept."""
        return OccurrenceCounts._make(
            self._run(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608  # our own names
            for table in ("owner", "component", "occurrence")
        )

    def owners(self) -> tuple[str, ...]:
        """Every owner, sorted."""
        return tuple(row[0] for row in self._run("SELECT name FROM owner ORDER BY name"))

    def components_of(self, owner: str) -> tuple[str, ...]:
        """The package URLs of an owner's components, sorted."""
        rows = self._run(
            "SELECT purl FROM component JOIN occurrence ON occurrence.component = component.id "
            "JOIN owner ON owner.id = occurrence.owner WHERE owner.name = ? ORDER BY purl",
            (owner,),
        )
        return tuple(row[0] for row in rows)

    def mentioning(self, purl: str) -> tuple[str, ...]:
        """Who has a component with exactly this package URL, sorted."""
        rows = self._run("SELECT id FROM component WHERE purl = ?", (purl,))
        return self.owners_of(rows[0][0]) if rows else ()

    def beginning(self, purl: str) -> list[tuple[str, str]]:
        """Who has a component whose package URL is this one and a version or more; sorted."""
        rows = self._run(
            "SELECT id, purl FROM component WHERE purl >= ? AND purl < ?",
            (purl, f"{purl}\U0010ffff"),
        )
        return sorted(
            (owner, found)
            for number, found in rows
            # A name that only begins like it is another package.
            if found == purl or found[len(purl)] in "@?#"
            for owner in self.owners_of(number)
        )

    def packages_named(self, name: str) -> tuple[tuple[str, str], ...]:
        """Ecosystem and name of every package of a name, also without what is before it; sorted."""
        wanted = name.casefold()
        pairs = (
            row[0].partition("|") for row in self._run("SELECT DISTINCT package FROM coordinate")
        )
        return tuple(
            sorted(
                (ecosystem, found)
                for ecosystem, _, found in pairs
                if (folded := found.casefold()) == wanted
                or folded.endswith((f"/{wanted}", f":{wanted}"))
            )
        )

    def having(self, questions: Iterable[RangeQuestion]) -> list[Occurrence]:
        """Find who has a version that is asked for, sorted; each component of an owner once."""
        components: dict[int, tuple[str, bool]] = {}
        with self._lock:
            for question in questions:
                for component, version, certain in self._components(question):
                    if certain or component not in components:
                        components[component] = (version, certain)
            return sorted(
                Occurrence(owner, purl, version, certain)
                for component, (version, certain) in components.items()
                for owner, purl in self._run(_OWNERS, (component,))
            )

    def _components(self, question: RangeQuestion) -> Iterator[tuple[int, str, bool]]:
        coordinates = self._run(
            _COORDINATES,
            {
                "package": question.package,
                "every": int(question.every_release),
                "coordinate": question.coordinate,
            },
        )
        for place, certain in coordinates:
            sure = bool(certain) or question.every_release
            if question.lo is not None:
                for component, version in self._run(_IN_RANGE, (place, question.lo, question.hi)):
                    yield component, version, sure
            elif question.version is None:
                for component, version in self._run(
                    "SELECT component, version FROM kept WHERE coordinate = ?", (place,)
                ):
                    yield component, version, False
            # A version without a key is inside of no range for certain, and outside of none.
            for component, version in self._run(
                "SELECT component, version FROM unkeyed WHERE coordinate = ?", (place,)
            ):
                if version == question.version or question.every_version:
                    yield component, version, sure
                elif not question.listed:
                    yield component, version, False

    def owners_of(self, component: int) -> tuple[str, ...]:
        """Who has a component, sorted."""
        return tuple(sorted(owner for owner, _ in self._run(_OWNERS, (component,))))

    def purl_of(self, component: int) -> str:
        """The package URL of a component, as written."""
        rows = self._run("SELECT purl FROM component WHERE id = ?", (component,))
        return str(rows[0][0]) if rows else ""

    def rematch(self, advisories: AdvisoryStore) -> list[Touched]:
        """Match every component with every advisory by ranges, in one go.

        Versions without keys, records that no key decides, and ranges in another order than the
        ecosystem's are left to :class:`gatebook.vulnerabilities.match.Matcher`;
        :meth:`left_out` names the components.
        """
        with self._lock:
            self._attach(advisories.path)
            return [
                Touched(component, record, bool(certain))
                for component, record, certain in self._run(_REMATCH)
            ]

    def left_out(self, advisories: AdvisoryStore) -> tuple[str, ...]:
        """The package URLs of components that :meth:`rematch` cannot decide, sorted."""
        with self._lock:
            self._attach(advisories.path)
            rows = self._run(
                "SELECT purl FROM component WHERE code IS NOT NULL "
                "OR id IN (SELECT component FROM unkeyed) "
                "OR id IN (SELECT kept.component FROM kept JOIN coordinate "
                "ON coordinate.id = kept.coordinate WHERE NOT coordinate.certain "
                "OR EXISTS (SELECT 1 FROM advisories.package JOIN advisories.unjudged "
                "ON unjudged.package = package.id "
                "WHERE package.coordinate IN (coordinate.text, coordinate.package)) "
                "OR EXISTS (SELECT 1 FROM advisories.package WHERE package.coordinate = "
                "replace(coordinate.text, '|', '|semver|'))) ORDER BY purl"
            )
            return tuple(row[0] for row in rows)

    def _attach(self, path: Path) -> None:
        if self._attached is not None:
            self._run("DETACH advisories")
            self._attached = None
        self._run("ATTACH ? AS advisories", (f"{path.resolve().as_uri()}?mode=ro&immutable=1",))
        self._attached = path

    # -- transactions ------------------------------------------------------------------------------

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

    def _run(self, statement: str, bound: Any = ()) -> list[Any]:
        with self._lock, store_errors(self._path):
            return self._connection.execute(statement, bound).fetchall()
