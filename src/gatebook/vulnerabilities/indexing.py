"""What an index of advisories keeps of one record, so that looking a version up is a range scan."""

import hashlib
from typing import Final, NamedTuple

from gatebook.vulnerabilities.advisory import AffectedPackage, affected_packages
from gatebook.vulnerabilities.ecosystems import base_of
from gatebook.vulnerabilities.intervals import Interval
from gatebook.vulnerabilities.osv import OsvRecord, instant_of, read_record

__all__ = ["IndexedRange", "IndexedRecord", "index_record", "joined"]

_SHORT: Final = 16


class IndexedRange(NamedTuple):
    """One row of the index.

    Attributes:
        coordinate: of the package.
        place: of the package in the record.
        lo: key of the first affected version; ``None`` in rows that keys do not decide.
        hi: key of the first version that is not affected any more; ``None`` for no end.
        version: a listed version that has no key; ``None`` in a row without keys means that
            versions outside all ranges cannot be judged.

    """

    coordinate: str
    place: int
    lo: bytes | None
    hi: bytes | None = None
    version: str | None = None


class IndexedRecord(NamedTuple):
    """What is kept of a record beside its bytes.

    Attributes:
        id: its identifier.
        digest: the first 16 bytes of the SHA-256 of its bytes: tells versions of a record apart.
        modified: when it was changed last, in milliseconds since 1970.
        newest: the newest of all its times; Go's own files give no other than the publication.
        withdrawn: whether it was taken back.
        aliases: the same vulnerability elsewhere.
        upstream: what it derives from.
        ecosystems: ecosystems with their releases.
        ranges: its rows.

    """

    id: str
    digest: bytes
    modified: int
    newest: int
    withdrawn: bool
    aliases: tuple[str, ...]
    upstream: tuple[str, ...]
    ecosystems: tuple[str, ...]
    ranges: tuple[IndexedRange, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """The ecosystems without releases."""
        return tuple(dict.fromkeys(base_of(each) for each in self.ecosystems))


def index_record(data: bytes) -> IndexedRecord:
    """Read a record and prepare its rows.

    Raises:
        MalformedError: it is not a record (see :func:`~gatebook.vulnerabilities.osv.read_record`),
            or names a package in a way that none is named.

    """
    record = read_record(data)
    return indexed(record, hashlib.sha256(data).digest()[:_SHORT])


def indexed(record: OsvRecord, digest: bytes) -> IndexedRecord:
    """Prepare the rows of a record that was read before."""
    rows: dict[IndexedRange, None] = {}
    ecosystems: dict[str, None] = {}
    for package in affected_packages(record):
        ecosystems[package.ecosystem] = None
        for row in _rows(package):
            rows[row] = None
        for order in package.orders[1:]:
            ecosystems[order.ecosystem] = None
    modified = instant_of(record.modified).unix_ms
    others = [instant_of(each).unix_ms for each in (record.published, record.withdrawn) if each]
    return IndexedRecord(
        id=record.id,
        digest=digest,
        modified=modified,
        newest=max((modified, *others)),
        withdrawn=record.withdrawn is not None,
        aliases=tuple(dict.fromkeys(each for each in record.aliases or () if each != record.id)),
        upstream=tuple(dict.fromkeys(each for each in record.upstream or () if each != record.id)),
        ecosystems=tuple(ecosystems),
        ranges=tuple(rows),
    )


def _rows(package: AffectedPackage) -> list[IndexedRange]:
    rows: list[IndexedRange] = []
    own = ""
    for coordinate, order in package.coordinates():
        own = own or coordinate
        rows.extend(
            IndexedRange(coordinate, package.place, lo, hi)
            for lo, hi in joined((*order.intervals, *order.points))
        )
    rows.extend(
        IndexedRange(own, package.place, None, None, version) for version in package.unkeyed
    )
    if package.unjudged:
        rows.append(IndexedRange(own, package.place, None))
    return rows


def joined(intervals: tuple[Interval, ...]) -> list[tuple[bytes, bytes | None]]:
    """Join intervals that overlap or touch; the result is in order and has no two that do."""
    found: list[tuple[bytes, bytes | None]] = []
    for lo, hi in sorted(((each.lo, each.hi) for each in intervals), key=lambda pair: pair[0]):
        if found and (found[-1][1] is None or lo <= found[-1][1]):
            start, end = found[-1]
            if end is not None and (hi is None or hi > end):
                found[-1] = (start, hi)
        else:
            found.append((lo, hi))
    return found
