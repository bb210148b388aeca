"""The snapshots of advisories a book looks up in: files that can be made again from its blobs.

A file is named by its snapshot's digest, and takes its place when it is whole. Which snapshot
counts is said by the log alone; a file the log does not name is left over from a crash and goes
with the next import.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.ledger.store import StoreError
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.stores.advisory_import import ImportedAdvisories
    from gatebook.stores.advisory_store import AdvisoryStore
    from gatebook.stores.files import FileBlobs

__all__ = ["AdvisoryFiles", "SnapshotDiffersError"]

_KEPT: Final = 2
_SUFFIX: Final = ".sqlite"
_NEW: Final = "new"


class SnapshotDiffersError(StoreError):
    """A snapshot made again from the book's blobs is another one than the log names."""

    code = "workspace.snapshot-differs"


class AdvisoryFiles:
    """The files below ``advisories/``."""

    def __init__(self, directory: Path, blobs: "FileBlobs") -> None:
        self._directory = directory
        self._blobs = blobs

    def path(self, snapshot: Digest) -> Path:
        """The file of a snapshot, whether it is there or not."""
        return self._directory / f"{snapshot.hex}{_SUFFIX}"

    def build(
        self,
        paths: Sequence[Path],
        *,
        now: "Instant",
        skip_malformed: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> "ImportedAdvisories":
        """Build a snapshot from files and give it its place; it counts once the log names it.

        Raises:
            GatebookError: see :func:`gatebook.stores.advisory_import.import_advisories`.

        """
        from gatebook.stores.advisory_import import (  # noqa: PLC0415  # only to import
            import_advisories,
        )

        self._make_directory()
        into = self._directory / f"{_NEW}{_SUFFIX}"
        made = import_advisories(
            paths, into=into, now=now, skip_malformed=skip_malformed, progress=progress
        )
        try:
            into.replace(self.path(made.snapshot.digest))
        except OSError as error:
            raise StoreError(f"{into.name} cannot be renamed: {error.strerror}") from error
        return made

    def open(self, snapshot: AdvisorySnapshot) -> "AdvisoryStore":
        """Open a snapshot; one that is missing or damaged is made again from the blobs.

        Raises:
            BlobMissingError: a source document is gone.
            SnapshotDiffersError: the sources give another snapshot.
            StoreError: it cannot be read or written.

        """
        from gatebook.stores.advisory_store import AdvisoryStore  # noqa: PLC0415  # where needed

        path = self.path(snapshot.digest)
        with suppress(GatebookError):
            store = AdvisoryStore(path)
            if store.snapshot == snapshot:
                return store
            store.close()
        sources = [self._blobs.path_of(Digest.parse(each.digest)) for each in snapshot.sources]
        made = self.build(sources, now=snapshot.imported_at, skip_malformed=snapshot.skipped > 0)
        if made.snapshot != snapshot:
            self.path(made.snapshot.digest).unlink(missing_ok=True)
            raise SnapshotDiffersError(
                f"the sources of the snapshot {snapshot.digest.short} give "
                f"{made.snapshot.digest.short}",
                hint="import the advisories again",
            )
        return AdvisoryStore(path)

    def prune(self, newest_first: Sequence[Digest]) -> None:
        """Remove all files but those of the newest snapshots."""
        kept = {self.path(each).name for each in newest_first[:_KEPT]}
        with suppress(OSError):
            for path in self._directory.iterdir():
                if path.suffix == _SUFFIX and path.name not in kept:
                    path.unlink()

    def _make_directory(self) -> None:
        try:
            self._directory.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._directory} cannot be made: {error.strerror}") from error
