"""What matching needs of whoever keeps the advisories."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from gatebook.vulnerabilities.epss import EpssScore
from gatebook.vulnerabilities.kev import KevEntry
from gatebook.vulnerabilities.osv import OsvRecord
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

__all__ = ["AdvisoryIndex", "Candidate", "Named", "Question"]


class Question(NamedTuple):
    """One version of one package to be looked up.

    Attributes:
        coordinate: of the package.
        key: of the version in the order of that coordinate; ``None`` when it has none.
        version: as text, for literal comparison.

    """

    coordinate: str
    key: bytes | None
    version: str


class Candidate(NamedTuple):
    """A record that may say something of the version asked about.

    Attributes:
        question: number of the question.
        record: number of the record in this index.
        place: of the package in the record.

    """

    question: int
    record: int
    place: int


class Named(NamedTuple):
    """A record that names a package, whatever the version.

    Attributes:
        coordinate: of the package.
        record: number of the record in this index.
        place: of the package in the record.

    """

    coordinate: str
    record: int
    place: int


class AdvisoryIndex(Protocol):
    """A snapshot of advisories, looked up by package and version; it never changes."""

    @property
    def snapshot(self) -> AdvisorySnapshot:
        """The snapshot's manifest."""
        ...

    def ecosystems(self) -> Mapping[str, int]:
        """How many records that stand name a package of each ecosystem and release."""
        ...

    def candidates(self, questions: Sequence[Question]) -> list[Candidate]:
        """Find the records that decide about some versions, or that cannot be compared.

        With a key: the records of which an interval holds it, those that list the version
        literally, and those that cannot judge by keys. Without: every record of the package.
        Withdrawn records are never among them.
        """
        ...

    def naming(self, coordinates: Collection[str]) -> list[Named]:
        """Find every record that names one of some packages, withdrawn ones included."""
        ...

    def releases(self, base: str) -> Sequence[str]:
        """Every release of an ecosystem that any record names, sorted."""
        ...

    def records(self, numbers: Collection[int]) -> Mapping[int, OsvRecord]:
        """Read records by their numbers."""
        ...

    def numbers(self, ids: Collection[str]) -> Mapping[str, int]:
        """Find the numbers of records by their ids; those that are not there are left out."""
        ...

    def cluster(self, identifier: str) -> tuple[str, ...]:
        """Every identifier of the same vulnerability, itself included; the canonical one first."""
        ...

    def downstream(self, identifier: str) -> Sequence[int]:
        """Find the records that say they derive from an identifier, such as distributions' ones."""
        ...

    def exploited(self, cves: Collection[str]) -> Mapping[str, KevEntry]:
        """Which of some CVEs are in CISA's catalogue."""
        ...

    def scores(self, cves: Collection[str]) -> Mapping[str, EpssScore]:
        """The EPSS scores of some CVEs, where there are any."""
        ...
