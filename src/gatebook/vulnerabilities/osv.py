"""OSV records: one advisory as its database publishes it (ossf/osv-schema, version 1).

Read strictly in what decides a match (identifiers, times, packages, ranges) and tolerantly in the
rest: unknown fields are ignored, free-form ones are kept as they are.
"""

import functools
import re
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.errors import MalformedError

__all__ = [
    "MAX_RECORD_BYTES",
    "OsvAffected",
    "OsvEvent",
    "OsvPackage",
    "OsvRange",
    "OsvRecord",
    "OsvRecordError",
    "OsvReference",
    "OsvSeverity",
    "decode_record",
    "instant_of",
    "read_record",
]

MAX_RECORD_BYTES: Final = 32 * 1024 * 1024
_MAX_DEPTH: Final = 64
_MAX_AFFECTED: Final = 100_000
_MAX_IDS: Final = 10_000
_ID: Final = re.compile(r"[!-{}~]{1,256}\Z", re.ASCII)
# ossf/osv-schema, "id, modified fields": databases with prefixes that are not their names.
_VENDORS: Final = {
    **dict.fromkeys(("alsa", "alba", "alea"), "almalinux"),
    **dict.fromkeys(("dsa", "dla", "dtsa", "ela"), "debian"),
    **dict.fromkeys(("rhsa", "rhba", "rhea"), "redhat"),
    **dict.fromkeys(("rlsa", "rxsa"), "rocky"),
    **dict.fromkeys(("usn", "lsn"), "ubuntu"),
    "azl": "azurelinux",
    "bit": "bitnami",
    "cga": "chainguard",
    "mgasa": "mageia",
    "oesa": "openeuler",
    "phsa": "photon",
}
_VERSION: Final = re.compile(r"1(?:\.\d+){0,3}\Z", re.ASCII)


class OsvRecordError(MalformedError):
    """Bytes are not an OSV record that can be read."""

    code = "vulnerabilities.osv"


class OsvSeverity(msgspec.Struct, frozen=True, gc=False):
    """How bad it is by one method: a CVSS vector, or Ubuntu's priority."""

    type: str
    score: str


class OsvEvent(msgspec.Struct, frozen=True, gc=False):
    """One point on the line of versions; exactly one of the four is given."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None

    @property
    def version(self) -> str:
        """The version it happened in."""
        return self.introduced or self.fixed or self.last_affected or self.limit or ""


class OsvRange(msgspec.Struct, frozen=True):
    """Versions between events.

    Attributes:
        type: by which order the versions are compared.
        events: in the order of the record.
        repo: of ``GIT`` ranges, where the commits are.

    """

    type: Literal["SEMVER", "ECOSYSTEM", "GIT"]
    events: tuple[OsvEvent, ...]
    repo: str | None = None


class OsvPackage(msgspec.Struct, frozen=True, gc=False):
    """Which package, in the words of its ecosystem."""

    ecosystem: str
    name: str
    purl: str | None = None


class OsvAffected(msgspec.Struct, frozen=True):
    """One package with the versions that are affected.

    Attributes:
        package: ``None`` where only commits are known.
        ranges: ranges of versions; a version in any of them is affected.
        versions: versions that are affected, literally.
        severity: of this package, where the record says it per package.
        ecosystem_specific: what the ecosystem adds.
        database_specific: what the database adds.

    """

    package: OsvPackage | None = None
    ranges: tuple[OsvRange, ...] | None = None
    versions: tuple[str, ...] | None = None
    severity: tuple[OsvSeverity, ...] | None = None
    ecosystem_specific: dict[str, object] | None = None
    database_specific: dict[str, object] | None = None


class OsvReference(msgspec.Struct, frozen=True, gc=False):
    """Where to read more."""

    type: str
    url: str


class OsvRecord(msgspec.Struct, frozen=True):
    """One record.

    Attributes:
        id: how its database calls it.
        modified: when it was changed last, as written.
        published: when it was published, as written.
        withdrawn: when it was taken back, as written; such a record never matches.
        aliases: the same vulnerability in other databases.
        upstream: vulnerabilities it derives from, such as the CVE behind a distribution's record.
        related: others that are like it, and not it.
        summary: one line.
        details: CommonMark.
        severity: where the record says it for all packages.
        affected: the packages.
        references: where to read more.
        database_specific: what the database adds.
        schema_version: of the format.

    """

    id: str
    modified: str
    published: str | None = None
    withdrawn: str | None = None
    aliases: tuple[str, ...] | None = None
    upstream: tuple[str, ...] | None = None
    related: tuple[str, ...] | None = None
    summary: str | None = None
    details: str | None = None
    severity: tuple[OsvSeverity, ...] | None = None
    affected: tuple[OsvAffected, ...] | None = None
    references: tuple[OsvReference, ...] | None = None
    database_specific: dict[str, object] | None = None
    schema_version: str | None = None

    @property
    def database(self) -> str:
        """Who says what the record says: the vendor, or else the prefix of its id, lower case."""
        prefix = self.id.partition("-")[0].lower()
        return _VENDORS.get(prefix, prefix)

    @property
    def is_malware(self) -> bool:
        """Whether the package itself is malicious (the database of malicious packages)."""
        return self.id.startswith("MAL-")

    def packages(self) -> Iterator[tuple[int, OsvAffected, OsvPackage]]:
        """The affected packages that have a name, with their place in the record."""
        for place, affected in enumerate(self.affected or ()):
            if affected.package is not None:
                yield place, affected, affected.package


_DECODER: Final = msgspec.json.Decoder(OsvRecord)


def read_record(data: bytes) -> OsvRecord:
    """Read a record that somebody handed over.

    Raises:
        MalformedError: not strict JSON (duplicate keys, encoding, size, depth).
        OsvRecordError: a field that matters is missing or of another type than the schema says;
            ``vulnerabilities.osv-version`` for another major version of the schema.

    """
    # Strict JSON first: of a duplicate key, two readers would see different ranges.
    canonical.loads(data, what="OSV record", max_bytes=MAX_RECORD_BYTES, max_depth=_MAX_DEPTH)
    return decode_record(data)


def decode_record(data: bytes) -> OsvRecord:
    """Read a record whose JSON was found strict before, such as one taken from our own store.

    Raises:
        OsvRecordError: as :func:`read_record`.

    """
    try:
        record = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise OsvRecordError(f"not an OSV record: {error}") from None
    _check(record)
    return record


def _check(record: OsvRecord) -> None:
    _check_id(record.id, "id")
    # Records from before the field was introduced are of version 1.0.0.
    if record.schema_version is not None and _VERSION.match(record.schema_version) is None:
        raise OsvRecordError(
            f"OSV record {record.id} has schema version {record.schema_version[:40]!r}; "
            "version 1 is read",
            code="vulnerabilities.osv-version",
        )
    for name in ("modified", "published", "withdrawn"):
        text = getattr(record, name)
        if text is not None:
            _check_time(record.id, name, text)
    for name in ("aliases", "upstream", "related"):
        ids = getattr(record, name) or ()
        if len(ids) > _MAX_IDS:
            raise OsvRecordError(f"OSV record {record.id} lists more than {_MAX_IDS} {name}")
        for each in ids:
            _check_id(each, f"{record.id}: {name}")
    affected = record.affected or ()
    if len(affected) > _MAX_AFFECTED:
        raise OsvRecordError(f"OSV record {record.id} lists more than {_MAX_AFFECTED} packages")
    for place, each in enumerate(affected):
        for number, found in enumerate(each.ranges or ()):
            _check_events(found, f"{record.id}: affected[{place}].ranges[{number}]")


def _check_id(text: str, what: str) -> None:
    if _ID.match(text) is None:
        raise OsvRecordError(f"OSV record: {what} {text[:80]!r} is not an identifier")


@functools.lru_cache(maxsize=1024)
def instant_of(text: str) -> Instant:
    """Parse a time of a record; the ones parsed last are remembered, as each is asked for twice.

    Raises:
        MalformedError: it is not a time.

    """
    return Instant.parse(text)


def _check_time(record: str, name: str, text: str) -> None:
    try:
        instant_of(text)
    except MalformedError as error:
        raise OsvRecordError(f"OSV record {record}: {name}: {error.message}") from None


def _check_events(found: OsvRange, where: str) -> None:
    introduced = False
    for event in found.events:
        given = [
            text is not None
            for text in (event.introduced, event.fixed, event.last_affected, event.limit)
        ]
        if sum(given) != 1 or not event.version:
            raise OsvRecordError(
                f"OSV record {where}: an event names one of introduced, fixed, last_affected, limit"
            )
        introduced |= given[0]
    if not introduced:
        raise OsvRecordError(f"OSV record {where}: no event says where it was introduced")
