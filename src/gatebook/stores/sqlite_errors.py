"""What SQLite raises, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from gatebook.errors import ConflictError, VerificationError
from gatebook.ledger.store import StoreError, StoreLockedError

__all__ = ["BUSY_MILLISECONDS", "StoreCorruptError", "store_errors"]

BUSY_MILLISECONDS: Final = 60_000
"""How long a connection waits for another process to finish its transaction."""


class StoreCorruptError(VerificationError):
    """The database file is not one, or its structure is damaged."""

    code = "stores.corrupt"


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into errors of ours.

    Raises:
        StoreCorruptError: the file is not a database, or damaged.
        StoreLockedError: another process wrote for too long.
        StoreError: the disk is full, an I/O call failed, the file is locked or cannot be opened.

    """
    try:
        yield
    except (
        apsw.CorruptError,
        apsw.NotADBError,
        apsw.SchemaChangeError,
        # The statements are constants: a table or column they do not find has been damaged.
        apsw.SQLError,
        apsw.MismatchError,
        UnicodeDecodeError,
    ) as error:
        raise StoreCorruptError(
            f"{path.name} is damaged: {error}", hint="restore it from a backup or the export"
        ) from error
    except apsw.BusyError as error:
        raise StoreLockedError(
            f"{path.name} was locked by another process for {BUSY_MILLISECONDS // 1000} s: {error}"
        ) from error
    except apsw.FullError as error:
        raise StoreError(
            f"the disk is full: {path.name} was not written", code="stores.disk-full"
        ) from error
    except apsw.ConstraintError as error:
        raise ConflictError(f"{path.name} refuses the write: {error}") from error
    except apsw.Error as error:
        raise StoreError(f"{path.name} failed: {error}") from error
