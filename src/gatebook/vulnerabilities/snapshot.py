"""What is known of vulnerabilities at one moment: a dated list of sources, named by its digest.

A decision names the snapshot it used. The manifest holds the digest of every source file, so that
the same snapshot can be built again from the files, and two snapshots can be told apart or found
equal without comparing a million rows. Where the files lay, and in which order they were read, is
not in it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError

__all__ = [
    "SNAPSHOT_TYPE",
    "AdvisorySnapshot",
    "SnapshotError",
    "SnapshotSource",
    "SourceKind",
]

SNAPSHOT_TYPE: Final = "application/vnd.gatebook.advisory-snapshot+json"
_VERSION: Final = 1
_MAX_BYTES: Final = 64 * 1024 * 1024


class SnapshotError(MalformedError):
    """Bytes are not a snapshot's manifest."""

    code = "vulnerabilities.snapshot"


class SourceKind(StrEnum):
    """What a source file holds."""

    OSV = "osv"
    KEV = "kev"
    EPSS = "epss"


class _Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    pass


class SnapshotSource(_Part, frozen=True, kw_only=True):
    """One file that was imported.

    Attributes:
        kind: one of :class:`SourceKind`.
        digest: of the file's bytes; of loose records, of all of them one to a line by id.
        size: in bytes.
        entries: how many records, vulnerabilities or scores it holds.
        ecosystems: the OSV ecosystems in it without releases, sorted.
        modified: the newest time in any record; the release of a catalogue; the date of scores.
        revision: the source's own name for this state: catalogue version, model version.
        skipped: malformed records that were left out, as somebody asked for.

    """

    kind: str
    digest: str
    size: int
    entries: int
    ecosystems: tuple[str, ...] = ()
    modified: str | None = None
    revision: str | None = None
    skipped: int = 0


class AdvisorySnapshot(_Part, frozen=True, kw_only=True):
    """The manifest.

    Attributes:
        v: version of the document's form.
        imported: when the sources were imported.
        sources: what was imported, by kind and digest.
        records: distinct OSV records, withdrawn ones included.
        withdrawn: how many of them are withdrawn.
        oversized: sets of aliases too large to be believed.

    """

    v: int
    imported: str
    sources: tuple[SnapshotSource, ...]
    records: int
    withdrawn: int = 0
    oversized: int = 0

    @classmethod
    def of(
        cls,
        sources: Iterable[SnapshotSource],
        *,
        imported: Instant,
        records: int,
        withdrawn: int,
        oversized: int,
    ) -> "AdvisorySnapshot":
        """Make a manifest; a file that was given twice counts once."""
        distinct = {(each.kind, each.digest): each for each in sources}
        return cls(
            v=_VERSION,
            imported=str(imported),
            sources=tuple(distinct[key] for key in sorted(distinct)),
            records=records,
            withdrawn=withdrawn,
            oversized=oversized,
        )

    @property
    def digest(self) -> Digest:
        """What the snapshot is called."""
        return sha256(self.encode())

    @property
    def imported_at(self) -> Instant:
        """:attr:`imported`, parsed."""
        return Instant.parse(self.imported)

    @property
    def known(self) -> Instant | None:
        """The newest time in any OSV record: what was public by then is in the snapshot."""
        times = [
            Instant.parse(each.modified)
            for each in self.sources
            if each.kind == SourceKind.OSV and each.modified is not None
        ]
        return max(times, default=None)

    @property
    def skipped(self) -> int:
        """How many malformed records were left out."""
        return sum(each.skipped for each in self.sources)

    def of_kind(self, kind: SourceKind) -> tuple[SnapshotSource, ...]:
        """The sources of one kind."""
        return tuple(each for each in self.sources if each.kind == kind)

    def encode(self) -> bytes:
        """Write the manifest in canonical form."""
        return canonical.encode(self)

    @classmethod
    def parse(cls, data: bytes) -> "AdvisorySnapshot":
        """Read what :meth:`encode` wrote.

        Raises:
            SnapshotError: it is another document, or not in canonical form.

        """
        if len(data) > _MAX_BYTES:
            raise SnapshotError(f"a snapshot's manifest of {len(data)} bytes is not read")
        try:
            snapshot = _DECODER.decode(data)
            Instant.parse(snapshot.imported)
            for source in snapshot.sources:
                SourceKind(source.kind)
                Digest.parse(source.digest)
                if source.modified is not None and source.kind == SourceKind.OSV:
                    Instant.parse(source.modified)
        except (
            msgspec.MsgspecError,
            RecursionError,
            UnicodeError,
            ValueError,
            GatebookError,
        ) as error:
            raise SnapshotError(f"not an advisory snapshot: {error}") from None
        if snapshot.v != _VERSION:
            raise SnapshotError(f"an advisory snapshot of version {snapshot.v} is not read")
        if snapshot.encode() != data:
            raise SnapshotError("the advisory snapshot is not in canonical form")
        return snapshot


_DECODER: Final = msgspec.json.Decoder(AdvisorySnapshot)
