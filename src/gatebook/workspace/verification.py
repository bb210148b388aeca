"""Verify what somebody hands over: a book's directory, or a tile tree here or on the web."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from gatebook.errors import GatebookError, NotFoundError, UnreachableError
from gatebook.index.project import follow
from gatebook.ledger.check import LedgerReport, check_checkpoint, check_ledger
from gatebook.ledger.check_tree import Fault
from gatebook.ledger.entry import decode_entry
from gatebook.ledger.open import TreeView
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.parallel_check import check_in_processes
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.log_check import LogReport, check_log
from gatebook.tlog.note import VerifierKey
from gatebook.workspace.layout import BookFile, Layout

if TYPE_CHECKING:
    from gatebook.connectors.http import HttpClient

__all__ = ["BookReport", "verify_book", "verify_log"]

_MAX_RESOURCE_BYTES = 256 * 65_537 + 1
_ABSENT = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookReport:
    """What re-verifying a book found.

    Attributes:
        origin: the log's name, as ``book.json`` says.
        ledger: what the log, its checkpoints and blobs gave.
        index_entries: how many entries the index holds; ``None`` when there is no index.
        faults: everything that is wrong, the log's faults first.

    """

    origin: str
    ledger: LedgerReport
    index_entries: int | None
    faults: tuple[Fault, ...]


def verify_book(
    directory: Path | str,
    *,
    log_key: VerifierKey | str | None = None,
    checkpoints: Sequence[bytes] = (),
    progress: Callable[[int, int], None] | None = None,
) -> BookReport:
    """Re-verify everything in a book's directory from its bytes; no private key is needed.

    Args:
        directory: the book.
        log_key: a key of the log known from elsewhere; without one, the book's own first entry
            says which key to believe.
        checkpoints: signed checkpoints known from elsewhere; the log has to contain their trees.
        progress: is told how many entries of how many are done.

    Raises:
        NotFoundError: there is no book.
        StoreError: it cannot be read at all.

    """
    layout = Layout(directory=Path(directory).absolute())
    pinned = VerifierKey.parse(log_key) if isinstance(log_key, str) else log_key
    book = BookFile.read(layout)
    if not layout.ledger.exists():
        raise NotFoundError(f"{layout.ledger} is missing", code="workspace.no-ledger")
    store = SqliteLedger(layout.ledger)
    try:
        known = CheckpointFile(layout.checkpoint).recall()
        report = check_ledger(
            store,
            known=known,
            keys=() if pinned is None else (pinned,),
            blobs=FileBlobs(layout.blobs),
            run=check_in_processes(layout.ledger),
            progress=progress,
        )
        faults = list(report.faults)
        if known is None and not report.head.size:
            faults.append(
                Fault(
                    object="checkpoint",
                    code="ledger.checkpoint-missing",
                    message="the highest known checkpoint is missing",
                )
            )
        if not report.keys or report.keys[-1] != book.log_key:
            faults.append(
                Fault(
                    object="book.json",
                    code="workspace.log-key-differs",
                    message="names another log key than the log's entries do",
                )
            )
        view = TreeView(store)
        for number, note in enumerate(checkpoints):
            fault = check_checkpoint(f"given checkpoint {number}", note, report.keys, store, view)
            if fault is not None:
                faults.append(fault)
        index_entries = None
        if layout.index.exists() and not faults:
            index_entries, index_faults = _check_index(layout.index, store)
            faults.extend(index_faults)
    finally:
        store.close()
    return BookReport(
        origin=book.origin, ledger=report, index_entries=index_entries, faults=tuple(faults)
    )


def _check_index(path: Path, store: SqliteLedger) -> tuple[int, list[Fault]]:
    """Fold the entries anew and compare every row; decodes every entry strictly on the way."""
    try:
        kept = SqliteIndex(path)
    except GatebookError as error:
        return 0, [Fault(object="index", code=error.code, message=error.message)]
    with tempfile.TemporaryDirectory() as scratch:
        fresh = SqliteIndex(Path(scratch) / "index.db")
        try:
            count = kept.applied()
            rows = store.rows(0, store.head().size)
            decoded = ((row.position, decode_entry(row.body)) for row in rows)
            follow(fresh, ((index, entry) for index, entry in decoded if index < count))
            if fresh.applied() != count:
                return count, [_index_fault(f"holds {count} entries, the log has fewer")]
            for old, new in zip_longest(kept.dump(), fresh.dump()):
                if old != new:
                    return count, [_index_fault(f"has the row {old}; the entries give {new}")]
        except GatebookError as error:
            return 0, [Fault(object="index", code=error.code, message=error.message)]
        finally:
            kept.close()
            fresh.close()
    return count, []


def _index_fault(message: str) -> Fault:
    return Fault(object="index", code="workspace.index-differs", message=message)


def verify_log(
    target: str | Path,
    log_key: VerifierKey | str,
    *,
    origin: str | None = None,
    on_entry: Callable[[int, bytes], None] | None = None,
) -> LogReport:
    """Verify a C2SP tile tree, ours or another's: checkpoint, tiles and entries.

    Args:
        target: a directory, or the URL of the tree's root.
        log_key: the log's key.
        origin: the checkpoint's first line, when it is not the key's name.
        on_entry: is told each entry's index and bytes.

    Raises:
        VerificationError: naming the first bad object.
        UnreachableError: the server did not answer.
        NotFoundError: there is no such directory.

    """
    key = VerifierKey.parse(log_key) if isinstance(log_key, str) else log_key
    if isinstance(target, str) and target.startswith(("https://", "http://")):
        from gatebook.connectors.http import HttpClient  # noqa: PLC0415  # only for the network

        with HttpClient() as http:
            root = target.rstrip("/")
            return check_log(_web_reader(http, root), key, origin=origin, on_entry=on_entry)
    directory = Path(target)
    if not directory.is_dir():
        raise NotFoundError(f"{directory} is not a directory", code="workspace.no-log")
    return check_log(_file_reader(directory), key, origin=origin, on_entry=on_entry)


def _web_reader(http: "HttpClient", root: str) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        answer = http.get(f"{root}/{path}", max_bytes=_MAX_RESOURCE_BYTES, expect=(200, *_ABSENT))
        return None if answer.status in _ABSENT else answer.body

    return read


def _file_reader(directory: Path) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        try:
            with (directory / path).open("rb") as file:
                return file.read(_MAX_RESOURCE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnreachableError(f"{path} cannot be read: {error.strerror}") from error

    return read
