"""The log as a C2SP tile tree: full and partial tiles, entry bundles, and the checkpoint last."""

from collections.abc import Callable, Iterator
from pathlib import Path

from gatebook.errors import ConflictError, GatebookError
from gatebook.ledger.open import edge
from gatebook.ledger.store import LedgerReader, StoreError
from gatebook.stores.files import write_durably
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.note import parse_note
from gatebook.tlog.tiles import (
    TILE_WIDTH,
    bundles_for_size,
    encode_bundle,
    tiles_for_size,
)

__all__ = ["export_log", "log_resources"]


def log_resources(store: LedgerReader, checkpoint: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of everything below a checkpoint, the checkpoint last.

    Args:
        store: the log.
        checkpoint: a signed note over a size the log has.

    """
    size = parse_checkpoint(parse_note(checkpoint).text).size
    for tile in tiles_for_size(size):
        stored = store.tile(tile.level, tile.index) if tile.width == TILE_WIDTH else None
        yield tile.path, stored if stored is not None else edge(store, tile)
    for bundle in bundles_for_size(size):
        start = bundle.index * TILE_WIDTH
        rows = store.rows(start, start + bundle.width)
        yield bundle.path, encode_bundle([row.body for row in rows])
    yield "checkpoint", checkpoint


def export_log(
    resources: Iterator[tuple[str, bytes]],
    directory: Path,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write a tile tree; what is there already has to be equal, the checkpoint moves on.

    Returns:
        How many files were written.

    Raises:
        ConflictError: a file that never changes is there with other bytes, or the checkpoint
            there is of another log or of a longer one.
        StoreError: the disk does not keep it.

    """
    written = 0
    for path, data in resources:
        target = directory / path
        try:
            there = target.read_bytes() if target.exists() else None
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}") from error
        if there == data:
            continue
        if there is not None and path == "checkpoint":
            _check_moves_on(there, data, target)
        elif there is not None:
            raise ConflictError(f"{target} holds other bytes", code="workspace.export-differs")
        write_durably(target, data, mode=0o444)
        written += 1
        if progress is not None:
            progress(written)
    return written


def _check_moves_on(there: bytes, data: bytes, target: Path) -> None:
    """Refuse to put a checkpoint in place of one it does not follow from."""
    new = parse_checkpoint(parse_note(data).text)
    try:
        old = parse_checkpoint(parse_note(there).text)
    except GatebookError as error:
        raise ConflictError(
            f"{target} is no checkpoint: {error.message}", code="workspace.export-differs"
        ) from error
    if old.origin != new.origin or old.size > new.size:
        raise ConflictError(
            f"{target} is a checkpoint of {old.origin[:80]} over {old.size} entries; this is "
            f"{new.origin[:80]} with {new.size}",
            code="workspace.export-differs",
            hint="export to an empty directory, or find out which of the two logs was cut",
        )
