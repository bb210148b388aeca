"""Let another key sign the log, so that a crash at any moment leaves a book that opens.

The steps, each durable before the next:

1. ``keys/log.new.pem`` holds the new key.
2. The log holds a ``key.rotated`` entry, which names the old key and the new one.
3. A checkpoint over that entry, signed by both keys, is kept in the log and remembered beside it:
   whoever knows the old key can follow to the new one.
4. ``keys/log.new.pem`` becomes ``keys/log.pem``.
5. ``book.json`` names the new key.

:func:`settle` runs when a book is opened. It finishes a rotation that got as far as step 2, and
forgets one that did not.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from gatebook.errors import ConflictError, VerificationError
from gatebook.ledger.batch import Appended
from gatebook.ledger.check import KeyHistory, check_checkpoint
from gatebook.ledger.entry import Draft, decode_entry
from gatebook.ledger.kinds import KeyRotated
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.open import TreeView, check_head
from gatebook.ledger.store import LedgerStore, StoreError
from gatebook.names import Actor
from gatebook.stores.files import CheckpointFile, sync_directory, write_durably
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.checkpoint import Checkpoint, open_checkpoint
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.note import SignerKey, parse_note, sign_note
from gatebook.workspace.layout import (
    BookFile,
    Layout,
    log_signer,
    new_log_key,
    read_private_key,
    write_key,
)

__all__ = ["rotate", "settle"]


def rotate(
    layout: Layout,
    ledger: Ledger,
    store: LedgerStore,
    append: Callable[[Draft], Appended],
    *,
    by: Actor,
) -> Appended:
    """Make a new key and let it sign the log from here on.

    Args:
        layout: the book's directory.
        ledger: the open log; it signs with both keys afterwards.
        store: its store.
        append: appends one entry to it.
        by: who rotates.

    Raises:
        ConflictError: the key was rotated by another process since the log was opened.
        StoreError: the disk does not keep it; the next opening of the book settles what became
            of the rotation.

    """
    with _only_rotator(layout):
        old = log_signer(ledger.origin, read_private_key(layout.log_key))
        if old.verifier != ledger.verifier_key:
            raise ConflictError(
                "the log's key was rotated by another process",
                code="workspace.key-rotated",
                hint="open the book again",
            )
        layout.new_log_key.unlink(missing_ok=True)
        pem, new = new_log_key(ledger.origin)
        write_key(layout.new_log_key, pem)
        body = KeyRotated(old_key=old.verifier.vkey, new_key=new.verifier.vkey)
        appended = append(Draft(actor=by, body=body))
        ledger.sign_with(new)
        size, note = _finish(layout, store, old, new)
        return msgspec.structs.replace(appended, size=size, checkpoint=note)


def settle(layout: Layout) -> tuple[BookFile, SignerKey]:
    """Read what a book says of itself and its log's key, after what a rotation may have left.

    Raises:
        NotFoundError: there is no book.
        ConflictError: the private key is not the one the book names.
        KeyFileError: the private key is missing or can be read by others.
        LedgerInconsistentError: a rotation was interrupted, and the log is damaged beside that.

    """
    file = BookFile.read(layout)
    signer = log_signer(file.origin, read_private_key(layout.log_key))
    if layout.new_log_key.exists() or signer.verifier != file.log_key:
        with _only_rotator(layout):
            file, signer = _settle_rotation(layout)
    _adopt_checkpoint(layout, signer)
    return file, signer


def _settle_rotation(layout: Layout) -> tuple[BookFile, SignerKey]:
    file = BookFile.read(layout)
    signer = log_signer(file.origin, read_private_key(layout.log_key))
    store = SqliteLedger(layout.ledger)
    try:
        rotated = _newest_rotation(store)
        if layout.new_log_key.exists():
            new = log_signer(file.origin, read_private_key(layout.new_log_key))
            if rotated is None or rotated.new_key != new.verifier.vkey:
                # The log never heard of it: it was not rotated.
                layout.new_log_key.unlink()
            elif rotated.old_key == signer.verifier.vkey:
                _finish(layout, store, signer, new)
                return BookFile(origin=file.origin, log_key=new.verifier), new
    finally:
        store.close()
    if signer.verifier == file.log_key:
        return file, signer
    keys = (file.log_key.vkey, signer.verifier.vkey)
    if rotated is not None and (rotated.old_key, rotated.new_key) == keys:
        return _name_key(layout, signer), signer
    raise ConflictError(
        f"keys/log.pem is not the key that book.json names, {file.log_key.vkey}",
        code="workspace.log-key-differs",
        hint="put the key back that belongs to the book",
    )


def _finish(
    layout: Layout, store: LedgerStore, old: SignerKey, new: SignerKey
) -> tuple[int, bytes]:
    """Steps 3 to 5; done again, they change nothing."""
    view = TreeView(store)
    memory = CheckpointFile(layout.checkpoint)
    # Nothing is signed that the remembered checkpoint does not vouch for.
    builder = check_head(store, memory.recall(), old.verifier, view)
    text = Checkpoint(origin=old.verifier.name, size=builder.size, root=builder.root()).text
    note = sign_note(text, [new, old])
    store.keep_checkpoint(builder.size, note)
    _remember(layout, note)
    _move_key(layout)
    _name_key(layout, new)
    return builder.size, note


def _move_key(layout: Layout) -> None:
    try:
        layout.new_log_key.replace(layout.log_key)
    except OSError as error:
        raise StoreError(f"{layout.log_key} could not be replaced: {error.strerror}") from error
    sync_directory(layout.log_key.parent)


def _name_key(layout: Layout, signer: SignerKey) -> BookFile:
    file = BookFile(origin=signer.verifier.name, log_key=signer.verifier)
    write_durably(layout.book, file.encode(), mode=0o644)
    return file


def _adopt_checkpoint(layout: Layout, signer: SignerKey) -> None:
    """Sign the remembered checkpoint with the present key, if a key before it signed it.

    A process that was open while another one rotated the key may have left one. It is taken only
    from a key that the log's own entries name, and only if the log has exactly its tree.
    """
    known = CheckpointFile(layout.checkpoint).recall()
    if known is None:
        return
    try:
        open_checkpoint(known, signer.verifier)
    except VerificationError:
        pass
    else:
        return
    store = SqliteLedger(layout.ledger)
    try:
        history = KeyHistory(store, _rotations(store))
        trusted = history.keys and not history.faults and history.keys[-1] == signer.verifier
        if trusted and (
            check_checkpoint("checkpoint", known, history.keys, store, TreeView(store)) is None
        ):
            _remember(layout, sign_note(parse_note(known).text, [signer]))
    finally:
        store.close()


def _remember(layout: Layout, note: bytes) -> None:
    """Put a checkpoint beside the log, unless a higher one is there."""
    known = CheckpointFile(layout.checkpoint).recall()
    if known is None or _size(known) <= _size(note):
        write_durably(layout.checkpoint, note, mode=0o644)


def _size(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size


def _rotations(store: LedgerStore) -> Iterator[int]:
    for row in store.rows(0, store.head().size):
        # A cheap look first; the entry is decoded before anything is believed.
        if b'"key.rotated"' in row.body and isinstance(decode_entry(row.body).body, KeyRotated):
            yield row.position


def _newest_rotation(store: LedgerStore) -> KeyRotated | None:
    newest: KeyRotated | None = None
    for index in _rotations(store):
        for row in store.rows(index, index + 1):
            body = decode_entry(row.body).body
            newest = body if isinstance(body, KeyRotated) else newest
    return newest


@contextmanager
def _only_rotator(layout: Layout) -> Iterator[None]:
    keys = layout.log_key.parent
    try:
        descriptor = os.open(keys, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{keys} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
