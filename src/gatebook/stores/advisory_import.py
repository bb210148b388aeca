"""Build an advisory store from files, in bounded memory and with every processor.

The result depends on the files' bytes alone: of several versions of one record the newest stands
(then the one with the higher digest), and neither names nor order of files are in the snapshot.
A malformed record refuses the whole import, because a record that is left out is a vulnerability
nobody hears of; whoever leaves some out on purpose has that counted in the snapshot.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.ledger.store import StoreError
from gatebook.stores.advisory_builder import AdvisoryBuilder
from gatebook.stores.advisory_parse import BatchReport, parse_spans, train
from gatebook.stores.advisory_sources import (
    FileForm,
    SourceFile,
    Span,
    find_sources,
    read_whole,
    spans_of,
)
from gatebook.stores.advisory_store import AdvisoryStore
from gatebook.stores.disk import DISK
from gatebook.stores.sqlite_errors import store_errors
from gatebook.vulnerabilities.epss import read_epss
from gatebook.vulnerabilities.kev import read_kev
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot, SnapshotSource, SourceKind

__all__ = [
    "ImportedAdvisories",
    "MalformedRecordsError",
    "SourceDocument",
    "import_advisories",
    "load_advisories",
]

_SHOWN: Final = 5
_LOOSE: Final = -1
_LOOSE_AT_ONCE: Final = 500
_WITHOUT_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
_OF_MANY: Final = frozenset({FileForm.ZIP, FileForm.LINES, FileForm.ARRAY})
Progress = Callable[[int, int], None]


class MalformedRecordsError(MalformedError):
    """Some of the records cannot be read, and nobody said that they may be left out."""

    code = "stores.malformed-advisories"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """One source of a snapshot, to be kept under its digest.

    Attributes:
        digest: what the manifest names it by.
        size: in bytes.
        path: the file; ``None`` for loose records, which were put together.
        data: the bytes, where there is no file.

    """

    digest: Digest
    size: int
    path: Path | None = None
    data: bytes | None = None

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            StoreError: the file cannot be read any more.

        """
        if self.data is not None:
            return self.data
        try:
            return self.path.read_bytes() if self.path is not None else b""
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAdvisories:
    """What an import made.

    Attributes:
        store: the file; ``None`` when it was built in memory.
        snapshot: its manifest.
        documents: the sources, in the order of the manifest.
        passed_over: files below the directories that hold something else.
        malformed: what was left out: where, and why; the first ones.

    """

    store: Path | None
    snapshot: AdvisorySnapshot
    documents: tuple[SourceDocument, ...]
    passed_over: int
    malformed: tuple[str, ...]


def import_advisories(
    paths: Sequence[Path],
    *,
    into: Path,
    now: Instant,
    skip_malformed: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ImportedAdvisories:
    """Import files into a store, which takes the place of an earlier one when it is whole.

    Args:
        paths: files and directories, see :mod:`gatebook.stores.advisory_sources`.
        into: the store's file; its directory has to be there.
        now: the instant the snapshot is dated with.
        skip_malformed: leave malformed records out, and say so in the snapshot.
        workers: processes that parse; one per processor if not given. A few files are parsed here.
        progress: told how many bytes of all were read.

    Raises:
        MalformedRecordsError: records cannot be read; nothing was changed.
        AdvisorySourceError: a file cannot be read as what it seems to be.
        NotFoundError: a path does not exist.
        StoreError: a file cannot be read, or the store cannot be written.

    """
    options = _Options(now=now, skip_malformed=skip_malformed, workers=workers, progress=progress)
    scratch = into.with_name(f".{into.name}.{secrets.token_hex(4)}.tmp")
    try:
        with store_errors(into):
            connection = apsw.Connection(str(scratch))
        with AdvisoryBuilder(connection, into) as builder:
            made = _build(builder, paths, into, options)
        _put_in_place(scratch, into)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                scratch.with_name(scratch.name + suffix).unlink()
    return made


def load_advisories(
    paths: Sequence[Path],
    *,
    now: Instant,
    skip_malformed: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[AdvisoryStore, ImportedAdvisories]:
    """Import files into a store in memory; arguments and errors as :func:`import_advisories`."""
    options = _Options(now=now, skip_malformed=skip_malformed, workers=workers, progress=progress)
    with store_errors(Path("memory")):
        connection = apsw.Connection(":memory:")
    builder = AdvisoryBuilder(connection, Path("advisories in memory"))
    try:
        made = _build(builder, paths, None, options)
    except BaseException:
        builder.close()
        raise
    return AdvisoryStore.of_connection(connection), made


def _put_in_place(scratch: Path, into: Path) -> None:
    # 1. The bytes, durable. 2. The name, durable: a crash leaves the old store or the new one.
    try:
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        DISK.rename(scratch, into)
        DISK.sync_directory(into.parent)
    except OSError as error:
        raise StoreError(
            f"{into.name} could not be written: {error.strerror}", code="stores.write-failed"
        ) from error


def _build(
    builder: AdvisoryBuilder,
    paths: Sequence[Path],
    into: Path | None,
    options: "_Options",
) -> ImportedAdvisories:
    # 1. What there is. 2. The records. 3. What goes with them. 4. The manifest.
    sources, passed_over = find_sources(paths)
    tally = _Tally(sources, options)
    dictionary, spans = train(tally.spans())
    for report in parse_spans(spans, dictionary, size=tally.size, workers=options.workers):
        tally.add(report)
        builder.add(record for _, record in report.records)
    tally.refuse_malformed()
    documents = tally.documents()
    documents += [_kev(builder, each) for each in sources if each.form is FileForm.KEV]
    documents += _epss(builder, [each for each in sources if each.form is FileForm.EPSS])
    documents.sort(key=lambda pair: (pair[0].kind, pair[0].digest))
    snapshot = builder.finish((each for each, _ in documents), dictionary, options.now)
    return ImportedAdvisories(
        store=into,
        snapshot=snapshot,
        documents=tuple({each.digest: each for _, each in documents}.values()),
        passed_over=passed_over,
        malformed=tuple(tally.shown),
    )


def _kev(builder: AdvisoryBuilder, source: SourceFile) -> tuple[SnapshotSource, SourceDocument]:
    catalogue = read_kev(read_whole(source.path))
    builder.add_kev(catalogue)
    made = SnapshotSource(
        kind=SourceKind.KEV.value,
        digest=str(source.digest),
        size=source.size,
        entries=len(catalogue.vulnerabilities),
        modified=catalogue.date_released,
        revision=catalogue.catalog_version,
    )
    return made, _document(source)


def _epss(
    builder: AdvisoryBuilder, sources: Sequence[SourceFile]
) -> list[tuple[SnapshotSource, SourceDocument]]:
    days = [(read_epss(read_whole(each.path)), each) for each in sources]
    # The scores of the last day stand, whatever order the files came in.
    days.sort(key=lambda pair: (pair[0].date, pair[1].digest))
    return [
        (
            SnapshotSource(
                kind=SourceKind.EPSS.value,
                digest=str(source.digest),
                size=source.size,
                entries=builder.add_epss(scores),
                modified=scores.date,
                revision=scores.model,
            ),
            _document(source),
        )
        for scores, source in days
    ]


def _document(source: SourceFile) -> SourceDocument:
    return SourceDocument(digest=source.digest, size=source.size, path=source.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    now: Instant
    skip_malformed: bool
    workers: int | None
    progress: Progress | None


class _Count:
    """What was read of one source."""

    def __init__(self) -> None:
        self.entries = 0
        self.skipped = 0
        self.modified: int | None = None
        self.ecosystems: set[str] = set()

    def add(self, report: BatchReport) -> None:
        self.entries += len(report.records)
        self.skipped += report.malformed
        for _, (each, _) in report.records:
            self.ecosystems.update(each.bases)
            if self.modified is None or each.newest > self.modified:
                self.modified = each.newest

    def source(self, digest: Digest, size: int) -> SnapshotSource:
        return SnapshotSource(
            kind=SourceKind.OSV.value,
            digest=str(digest),
            size=size,
            entries=self.entries,
            ecosystems=tuple(sorted(each.partition("|")[0] for each in self.ecosystems)),
            modified=None if self.modified is None else str(Instant(self.modified)),
            skipped=self.skipped,
        )


class _Tally:
    """Follows the records of all sources through the parsing."""

    def __init__(self, sources: Sequence[SourceFile], options: _Options) -> None:
        self._sources = sources
        self._options = options
        self._counts: dict[int, _Count] = {}
        self._loose: list[tuple[str, bytes, str]] = []
        self._done = 0
        self.size = sum(each.size for each in sources)
        self.malformed = 0
        self.shown: list[str] = []

    def spans(self) -> Iterator[Span]:
        """The parts of all sources; loose records come many to a part."""
        loose: list[tuple[str, bytes]] = []
        for number, source in enumerate(self._sources):
            if source.form is FileForm.RECORD:
                loose.append((str(source.path), read_whole(source.path)))
                if len(loose) >= _LOOSE_AT_ONCE:
                    yield Span(_LOOSE, data=tuple(loose))
                    loose = []
            else:
                yield from spans_of(number, source)
            self._done += source.size
            if self._options.progress is not None:
                self._options.progress(self._done, self.size)
        if loose:
            yield Span(_LOOSE, data=tuple(loose))

    def add(self, report: BatchReport) -> None:
        """Count a part."""
        number = report.span.source
        self._counts.setdefault(number, _Count()).add(report)
        if number == _LOOSE:
            self._loose += [(each.id, each.digest, where) for where, (each, _) in report.records]
        self.malformed += report.malformed
        self.shown += report.shown[: _SHOWN - len(self.shown)]

    def refuse_malformed(self) -> None:
        """Refuse the import if there are records that cannot be read and may not be left out."""
        if self.malformed and not self._options.skip_malformed:
            raise MalformedRecordsError(
                f"{self.malformed:,} malformed: " + "; ".join(self.shown),
                hint="--skip-malformed imports the rest and counts these in the snapshot",
            )

    def documents(self) -> list[tuple[SnapshotSource, SourceDocument]]:
        """The sources of records as the manifest names them."""
        made = [
            (
                self._counts.get(number, _Count()).source(source.digest, source.size),
                _document(source),
            )
            for number, source in enumerate(self._sources)
            if source.form in _OF_MANY
        ]
        loose = [each for each in self._sources if each.form is FileForm.RECORD]
        if len(loose) == 1:
            counted = self._counts.get(_LOOSE, _Count())
            made.append((counted.source(loose[0].digest, loose[0].size), _document(loose[0])))
        elif loose:
            data = self._together()
            digest = sha256(data)
            counted = self._counts.get(_LOOSE, _Count())
            document = SourceDocument(digest=digest, size=len(data), data=data)
            made.append((counted.source(digest, len(data)), document))
        return made

    def _together(self) -> bytes:
        """Loose records as JSON Lines, in the order of their ids."""
        places = {(name, digest): where for name, digest, where in self._loose}
        # JSON has no line breaks inside strings, so that those between values can go.
        return b"".join(
            read_whole(Path(places[each])).translate(_WITHOUT_BREAKS).strip() + b"\n"
            for each in sorted(places)
        )
