"""A book that knows advisories: imports them, and says what they mean for its artifacts."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebook.clock import Clock
from gatebook.digest import Digest
from gatebook.errors import NotFoundError
from gatebook.index.tables import AdvisoriesRow
from gatebook.intake.advisories import (
    ADVISORY_SOURCE_TYPE,
    match_sboms,
    read_snapshot,
    record_advisories,
)
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference
from gatebook.names import Actor
from gatebook.tlog.note import SignerKey
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot
from gatebook.workspace.advisory_files import AdvisoryFiles
from gatebook.workspace.evidence_book import EvidenceBook
from gatebook.workspace.layout import Layout
from gatebook.workspace.open_book import parse_digest

if TYPE_CHECKING:
    from gatebook.stores.advisory_import import ImportedAdvisories
    from gatebook.stores.advisory_store import AdvisoryStore
    from gatebook.vulnerabilities.match import Matcher
    from gatebook.workspace.inventory import Inventory

__all__ = ["AdvisoryBook", "NoAdvisoriesError"]


class NoAdvisoriesError(NotFoundError):
    """No advisories were imported into the book."""

    code = "workspace.no-advisories"


@dataclass(frozen=True, slots=True)
class _Opened:
    """A snapshot that is open, and who looks up in it and remembers the answers."""

    snapshot: AdvisorySnapshot
    store: "AdvisoryStore"
    matcher: "Matcher"


class AdvisoryBook(EvidenceBook):
    """The part of a book that looks up advisories."""

    def __init__(self, layout: Layout, signer: SignerKey, clock: Clock, actor: Actor) -> None:
        super().__init__(layout, signer, clock, actor)
        self._advisory_files = AdvisoryFiles(layout.advisories, self._blobs)
        self._opened_advisories: _Opened | None = None
        self._matching = threading.RLock()
        self._inventory: Inventory | None = None

    def close(self) -> None:
        """Close the advisories and the inventory, then the book."""
        self._close_advisories()
        if self._inventory is not None:
            self._inventory.close()
        super().close()

    def import_advisories(
        self,
        paths: Sequence[Path],
        *,
        skip_malformed: bool = False,
        progress: Callable[[int, int], None] | None = None,
        by: Actor | None = None,
    ) -> "tuple[Appended, ImportedAdvisories]":
        """Take a snapshot of advisories into the book; decisions weigh it from here on.

        The sources are kept as documents, so that the snapshot can be made again from the book.

        Args:
            paths: files and directories, see :mod:`gatebook.stores.advisory_sources`.
            skip_malformed: leave malformed records out, and say so in the snapshot.
            progress: told how many bytes of all were read.
            by: who imports.

        Raises:
            MalformedRecordsError: records cannot be read; nothing was recorded.
            NotFoundError: a path does not exist.
            StoreError: a file cannot be read, or the book cannot be written.

        """
        self._check_key()
        made = self._advisory_files.build(
            paths, now=self._clock.now(), skip_malformed=skip_malformed, progress=progress
        )
        sources: list[BlobReference] = []
        for document in made.documents:
            if document.data is not None or document.path is None:
                self._blobs.put(document.read())
            else:
                self._blobs.put_file(document.path, document.digest)
            sources.append(
                BlobReference(
                    digest=document.digest, size=document.size, media_type=ADVISORY_SOURCE_TYPE
                )
            )
        appended = record_advisories(self._desk, made.snapshot, sources, by=by or self.actor)
        rows = self._index.select(AdvisoriesRow, {}, newest_first=True, limit=8)
        self._advisory_files.prune([Digest.parse(row.snapshot) for row in rows])
        return appended, made

    def advisories(self) -> "AdvisoryStore":
        """Return the newest snapshot, open to look up in; the book closes it.

        Raises:
            NoAdvisoriesError: none was imported.
            StoreError: it cannot be read, nor made again.

        """
        return self._newest_advisories().store

    def inventory(self) -> "Inventory":
        """Return where packages are, by every SBOM in the book; the book closes it.

        What was accepted or reported since it was asked last is read first.

        Raises:
            StoreError: its files cannot be read or written.

        """
        inventory = self._open_inventory()
        inventory.catch_up(self.size())
        return inventory

    def reindex(self) -> int:
        """Forget the index and the inventory, and fold both anew; return the index's entries."""
        self._open_inventory().clear()
        self.inventory()
        return super().reindex()

    def _open_inventory(self) -> "Inventory":
        if self._inventory is None:
            from gatebook.workspace.inventory import Inventory  # noqa: PLC0415  # when needed

            self._inventory = Inventory(
                self._layout.inventory,
                self._layout.licenses,
                entries=self._ledger.entries,
                blobs=self._blobs,
            )
        return self._inventory

    def match(self, subject: Digest | str, *, by: Actor | None = None) -> Sequence[Appended]:
        """Look up the components of an artifact's SBOMs in the newest snapshot, and record it.

        SBOMs that were looked up in it before are passed over; so are all if there is no snapshot.

        Raises:
            GatebookError: the snapshot, an SBOM's entry or an earlier report cannot be read.

        """
        self._check_key()
        # One thread at a time: the store answers one, and nobody needs the same report twice.
        with self._matching:
            return match_sboms(
                self._desk,
                parse_digest(subject),
                lambda: self._newest_advisories().matcher,
                by=by or self.actor,
            )

    def _match_if_possible(self, subject: Digest, *, by: Actor) -> None:
        """Look up before a decision; where that breaks, what is missing is weighed as missing."""
        with contextlib.suppress(Exception):
            self.match(subject, by=by)

    def _newest_advisories(self) -> _Opened:
        snapshot = read_snapshot(self._desk)
        if snapshot is None:
            raise NoAdvisoriesError(
                "no advisories were imported into this book",
                hint="import them with `gatebook advisories import PATH --ledger DIRECTORY`",
            )
        opened = self._opened_advisories
        if opened is not None and opened.snapshot == snapshot:
            return opened
        self._close_advisories()
        from gatebook.vulnerabilities.match import Matcher  # noqa: PLC0415  # when needed

        store = self._advisory_files.open(snapshot)
        opened = _Opened(snapshot, store, Matcher(store))
        self._opened_advisories = opened
        return opened

    def _close_advisories(self) -> None:
        opened, self._opened_advisories = self._opened_advisories, None
        if opened is not None:
            opened.store.close()
