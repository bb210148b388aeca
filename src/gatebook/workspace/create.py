"""Make a new book: whole, or not at all."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from gatebook.clock import Clock
from gatebook.errors import ConflictError, MalformedError
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import BookCreated
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import StoreError
from gatebook.names import Actor
from gatebook.stores.files import CheckpointFile, sync_directory, write_durably
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.workspace.layout import BookFile, Layout, new_log_key, write_key

__all__ = ["create_book"]

_LONGEST_ORIGIN: Final = 255


def create_book(target: Path, *, origin: str, by: Actor, clock: Clock) -> Path:
    """Make a book at ``target`` and return the path; see :meth:`gatebook.Book.create`.

    It is built beside its place and renamed into it, so that a crash leaves no half a book.
    """
    if Layout(directory=target).book.exists():
        raise ConflictError(
            f"there is a book in {target} already",
            code="workspace.book-exists",
            hint="a book is never made over another one",
        )
    if len(origin) > _LONGEST_ORIGIN:
        raise MalformedError(
            f"the origin has {len(origin)} characters; at most {_LONGEST_ORIGIN} are taken",
            code="workspace.origin",
        )
    pem, signer = new_log_key(origin)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ConflictError(f"{target} is not an empty directory", code="workspace.not-empty")
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise StoreError(f"{target} cannot be made: {error.strerror}") from error
    try:
        layout = Layout(directory=scratch)
        layout.log_key.parent.mkdir(mode=0o700)
        layout.blobs.mkdir()
        write_key(layout.log_key, pem)
        SqliteLedger.create(layout.ledger)
        store = SqliteLedger(layout.ledger)
        memory = CheckpointFile(layout.checkpoint)
        ledger = Ledger(store, memory=memory, signer=signer, clock=clock)
        ledger.append(
            Draft(actor=by, body=BookCreated(origin=origin, log_key=signer.verifier.vkey))
        )
        ledger.close()
        store.close()
        file = BookFile(origin=origin, log_key=signer.verifier)
        write_durably(layout.book, file.encode(), mode=0o644)
        scratch.chmod(0o755)
        # The name is given only where nothing, or an empty directory, stands: whoever was faster
        # keeps their book (POSIX rename).
        scratch.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if Layout(directory=target).book.exists():
            raise ConflictError(
                f"somebody else made a book in {target} meanwhile", code="workspace.book-exists"
            ) from None
        raise StoreError(f"{target} cannot be made: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return target
