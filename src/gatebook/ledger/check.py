"""Re-verify a whole book from its stored bytes, and name what is at fault.

Every byte of every row is covered: entries, tiles and head by :mod:`gatebook.ledger.check_tree`,
checkpoints by signature and root, blobs by their own name, what lies between the rows by the store.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.ledger.check_tree import (
    Chunk,
    ChunkReport,
    Fault,
    NamedBlob,
    TreeReport,
    check_chunk,
    check_tree,
)
from gatebook.ledger.entry import Entry, decode_entry
from gatebook.ledger.kinds import BookCreated, KeyRotated
from gatebook.ledger.open import LedgerInconsistentError, TreeView
from gatebook.ledger.store import BlobStore, LedgerReader, Row, TreeHead
from gatebook.tlog.checkpoint import Checkpoint, open_checkpoint
from gatebook.tlog.note import VerifierKey

__all__ = [
    "Chunk",
    "ChunkReport",
    "Fault",
    "KeyHistory",
    "LedgerReport",
    "NamedBlob",
    "TreeReport",
    "check_blobs",
    "check_checkpoint",
    "check_chunk",
    "check_ledger",
    "check_tree",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What re-verifying a book found.

    Attributes:
        head: size and root hash as computed from the entries.
        keys: the keys the log was signed with, oldest first.
        checkpoints: how many checkpoints were checked, the remembered one included.
        blobs: how many blobs the entries name.
        faults: what is wrong; the first one comes first.

    """

    head: TreeHead
    keys: tuple[VerifierKey, ...]
    checkpoints: int
    blobs: int
    faults: tuple[Fault, ...]

    def require_sound(self) -> None:
        """Refuse a book with a fault.

        Raises:
            LedgerInconsistentError: naming the first object at fault, with its code.

        """
        if self.faults:
            first, more = self.faults[0], len(self.faults) - 1
            raise LedgerInconsistentError(
                f"{first}" + (f" (and {more} more)" if more else ""), code=first.code
            )


def check_ledger(
    store: LedgerReader,
    *,
    known: bytes | None,
    keys: Sequence[VerifierKey] = (),
    cosigners: Sequence[VerifierKey] = (),
    blobs: BlobStore | None = None,
    redacted: frozenset[Digest] = frozenset(),
    run: Callable[[Sequence[Chunk]], Iterable[ChunkReport]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LedgerReport:
    """Re-verify everything a book stores, and go on after a fault as far as that makes sense.

    1. The medium: what the store itself finds wrong.
    2. Entries, tiles and head.
    3. The keys: each rotation follows from the one before, from the first entry on, and each of
       ``keys`` is one of them.
    4. The remembered checkpoint and every kept one: signatures, size, root.
    5. Blobs: each stored one has its digest, each named one is stored.

    Args:
        store: the log.
        known: the highest checkpoint known outside the store.
        keys: keys of the log the caller knows from elsewhere.
        cosigners: keys that may have signed checkpoints beside the log's.
        blobs: the documents; not looked at if not given.
        redacted: digests whose absence is recorded and lawful.
        run: see :func:`check_tree`.
        progress: see :func:`check_tree`.

    """
    # Side by side: the medium is checked by the store, outside the interpreter's lock.
    with ThreadPoolExecutor(1) as side:
        structure = side.submit(list, _structure("log", store.structure_faults))
        tree = check_tree(store, run=run, progress=progress)
    faults = [*structure.result(), *tree.faults]
    checkpoints = 0
    log_keys: list[VerifierKey] = list(keys)
    try:
        history = KeyHistory(store, tree.rotations)
        faults.extend(history.faults)
        faults.extend(
            Fault(object="log", code="ledger.key-unknown", message=f"was never signed by {key}")
            for key in keys
            if history.keys and key not in history.keys
        )
        log_keys = history.keys or log_keys
        for fault in _check_checkpoints(store, known, log_keys, cosigners, tree.head):
            checkpoints += 1
            if fault is not None:
                faults.append(fault)
    except GatebookError as error:
        faults.append(Fault(object="log", code=error.code, message=error.message))
    if blobs is not None:
        faults.extend(_structure("blobs", blobs.structure_faults))
        try:
            faults.extend(_check_named_blobs(blobs, tree.blobs, redacted))
        except GatebookError as error:
            faults.append(Fault(object="blobs", code=error.code, message=error.message))
    return LedgerReport(
        head=tree.head,
        keys=tuple(log_keys),
        checkpoints=checkpoints,
        blobs=len({digest for _, digest, _ in tree.blobs}),
        faults=tuple(faults),
    )


def check_checkpoint(
    name: str,
    note: bytes,
    keys: Sequence[VerifierKey],
    store: LedgerReader,
    view: TreeView,
    *,
    cosigners: Sequence[VerifierKey] = (),
) -> Fault | None:
    """Check that a checkpoint is signed by one of ``keys`` and is of this log.

    ``store``'s tiles have been checked before: the root at the checkpoint's size comes from them.
    A signature by a key that is neither of the log nor of ``cosigners`` is a fault too: nobody
    could tell whether it was changed.
    """
    try:
        checkpoint = _open_by_any(note, keys, cosigners)
        size = store.head().size
        if checkpoint.size > size:
            return Fault(
                object=name,
                code="ledger.rolled-back",
                message=f"was signed over {checkpoint.size} entries; the log has {size}",
            )
        if view.root_at(checkpoint.size) != checkpoint.root:
            return Fault(
                object=name,
                code="ledger.forked",
                message=f"was signed over {checkpoint.size} other entries",
            )
    except GatebookError as error:
        return Fault(object=name, code=error.code, message=error.message)
    return None


def _open_by_any(
    note: bytes, keys: Sequence[VerifierKey], cosigners: Sequence[VerifierKey]
) -> Checkpoint:
    refused: GatebookError | None = None
    for key in keys:
        others = [other for other in (*keys, *cosigners) if other != key]
        try:
            opened = open_checkpoint(note, key, cosigners=others)
        except GatebookError as error:
            refused = refused or error
            continue
        if opened.note.unverified:
            raise LedgerInconsistentError(
                f"it carries a signature by {opened.note.unverified[0].name[:80]!r} with a key "
                "that is not known",
                code="ledger.unknown-signature",
            )
        return opened.checkpoint
    raise refused or GatebookError("there is no log key to check it with", code="ledger.no-key")


def _check_checkpoints(
    store: LedgerReader,
    known: bytes | None,
    keys: Sequence[VerifierKey],
    cosigners: Sequence[VerifierKey],
    head: TreeHead,
) -> Iterator[Fault | None]:
    view = TreeView(store)
    if known is not None:
        yield check_checkpoint("checkpoint", known, keys, store, view, cosigners=cosigners)
    elif head.size:
        yield Fault(
            object="checkpoint",
            code="ledger.checkpoint-missing",
            message="the highest known checkpoint is not there",
        )
    for size, note in store.checkpoints():
        name = f"checkpoint {size}"
        fault = check_checkpoint(name, note, keys, store, view, cosigners=cosigners)
        if fault is None and _open_by_any(note, keys, cosigners).size != size:
            fault = Fault(
                object=name,
                code="ledger.checkpoint-size",
                message="is kept under another size than it was signed over",
            )
        yield fault


class KeyHistory:
    """The keys a log was signed with, from what its own entries say.

    The first entry names the first key; each ``key.rotated`` entry has to name the key before it.
    """

    def __init__(self, store: LedgerReader, rotations: Iterable[int]) -> None:
        self.faults: list[Fault] = []
        self.keys: list[VerifierKey] = []
        for index in (0, *rotations):
            for row in store.rows(index, index + 1):
                self._follow(row)

    def _follow(self, row: Row) -> None:
        name = f"entry {row.position}"
        try:
            body = decode_entry(row.body).body
            if isinstance(body, BookCreated) and row.position == 0:
                self.keys.append(VerifierKey.parse(body.log_key))
            elif isinstance(body, KeyRotated):
                if not self.keys or self.keys[-1].vkey != body.old_key:
                    self.faults.append(
                        Fault(
                            object=name,
                            code="ledger.key-history",
                            message="rotates a key that did not sign the log",
                        )
                    )
                self.keys.append(VerifierKey.parse(body.new_key))
        except GatebookError as error:
            self.faults.append(Fault(object=name, code=error.code, message=error.message))


def check_blobs(
    blobs: BlobStore, entries: Iterable[tuple[int, Entry]], redacted: frozenset[Digest]
) -> Iterator[Fault]:
    """Check every stored blob, and that every blob an entry names is there.

    Args:
        blobs: the store.
        entries: the log's entries.
        redacted: digests whose absence is recorded and lawful.

    """
    named = (
        NamedBlob((index, str(reference.digest), reference.size))
        for index, entry in entries
        for reference in entry.evidence
    )
    return _check_named_blobs(blobs, named, redacted)


def _check_named_blobs(
    blobs: BlobStore, references: Iterable[NamedBlob], redacted: frozenset[Digest]
) -> Iterator[Fault]:
    named: dict[str, tuple[int, int]] = {}
    for index, digest, size in references:
        before = named.setdefault(digest, (index, size))
        if before[1] != size:
            yield Fault(
                object=f"entry {index}",
                code="ledger.blob-size",
                message=f"says blob {digest[:80]} has {size} bytes; "
                f"entry {before[0]} says {before[1]}",
            )
    present: set[str] = set()
    for found in blobs.digests():
        digest = str(found)
        present.add(digest)
        try:
            length = len(blobs.get(found))
        except GatebookError as error:
            yield Fault(object=f"blob {digest}", code=error.code, message=error.message)
            continue
        if digest in named and named[digest][1] != length:
            yield Fault(
                object=f"blob {digest}",
                code="ledger.blob-size",
                message=f"has {length} bytes; entry {named[digest][0]} says {named[digest][1]}",
            )
    lawful = {str(digest) for digest in redacted}
    for digest, (index, _) in named.items():
        if digest not in present and digest not in lawful:
            yield Fault(
                object=f"blob {digest[:80]}",
                code="ledger.blob-missing",
                message=f"is named by entry {index} and not stored",
            )


def _structure(name: str, find: Callable[[], Iterator[str]]) -> Iterator[Fault]:
    try:
        for line in find():
            yield Fault(object=name, code="ledger.structure", message=line)
    except GatebookError as error:
        yield Fault(object=name, code=error.code, message=error.message)
