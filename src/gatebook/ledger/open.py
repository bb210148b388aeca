"""Is this the log we knew? Checked whenever a book is opened, before anything is read or written.

The check costs a few milliseconds whatever the size: it reads the right edge of the tree, not the
entries. :mod:`gatebook.ledger.check` re-verifies everything.
"""

from gatebook.errors import VerificationError
from gatebook.ledger.store import LedgerReader, TreeHead
from gatebook.tlog.checkpoint import open_checkpoint
from gatebook.tlog.merkle import EMPTY_ROOT, Node, node_hash, perfect_nodes
from gatebook.tlog.note import VerifierKey
from gatebook.tlog.tiles import TILE_WIDTH, Tile, partial_tiles
from gatebook.tlog.tree import TileCache, TileHashReader, TreeBuilder

__all__ = ["LedgerInconsistentError", "TreeView", "check_head"]


class LedgerInconsistentError(VerificationError):
    """The stored log is not the one its checkpoints speak of."""

    code = "ledger.inconsistent"


class TreeView:
    """Reads hashes of the tree from a store's tiles and, at its edge, from its rows."""

    def __init__(self, store: LedgerReader) -> None:
        self._store = store
        self._cache = TileCache()

    def reader(self, size: int) -> TileHashReader:
        """Answer node hashes of the tree of ``size``."""
        return TileHashReader(self._read_tile, size, cache=self._cache)

    def root_at(self, size: int) -> bytes:
        """Return the root of the first ``size`` entries."""
        if size == 0:
            return EMPTY_ROOT
        nodes: list[Node] = list(perfect_nodes(0, size))
        hashes = list(self.reader(size).hashes(nodes))
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root

    def _read_tile(self, tile: Tile) -> bytes:
        if tile.width == TILE_WIDTH:
            data = self._store.tile(tile.level, tile.index)
            if data is None:
                raise LedgerInconsistentError(f"{tile.path} is missing", code="ledger.tile-missing")
            return data
        return edge(self._store, tile)


def edge(store: LedgerReader, tile: Tile) -> bytes:
    """Derive a partial tile: from leaf hashes at level 0, from the tiles below it elsewhere."""
    start = tile.index * TILE_WIDTH
    stop = start + tile.width
    if tile.level == 0:
        data = store.leaves(start, stop)
    else:
        data = store.tile_roots(tile.level - 1, start, stop)
    if len(data) != 32 * tile.width:
        raise LedgerInconsistentError(
            f"{tile.path} cannot be made: {len(data) // 32} of {tile.width} hashes are stored",
            code="ledger.cut",
            hint="the log was cut; restore it from a backup or its export",
        )
    return data


def check_head(
    store: LedgerReader, known: bytes | None, log_key: VerifierKey, view: TreeView
) -> TreeBuilder:
    """Compare the stored head with the stored tree and with the highest known checkpoint.

    1. The tree rebuilt from the right edge has the stored size and root, and the last entry is
       there: otherwise the log was cut or changed.
    2. The known checkpoint carries the log's signature.
    3. Its size is not beyond the log's: otherwise the log was rolled back.
    4. The log's tree of that size has the checkpoint's root: otherwise it is another log, a fork.

    Returns:
        The right edge, ready to be extended.

    Raises:
        LedgerInconsistentError: with ``ledger.cut``, ``ledger.root-mismatch``,
            ``ledger.rolled-back`` or ``ledger.forked``.
        VerificationError: the known checkpoint's signature is not the log's.

    """
    head = store.head()
    builder = TreeBuilder.resume(head.size, _edges(store, head))
    if builder.root() != head.root:
        raise LedgerInconsistentError(
            f"the tree of {head.size} entries does not have the stored root hash",
            code="ledger.root-mismatch",
            hint="run: gatebook verify --book, which names the object at fault",
        )
    beyond = next(iter(store.rows(head.size, head.size + 1)), None)
    # Entry and head change in one commit: a head that has grown meanwhile accounts for the entry.
    if beyond is not None and store.head().size <= head.size:
        raise LedgerInconsistentError(
            f"there are entries after the last one the log knows, number {head.size - 1}",
            code="ledger.unaccounted-entry",
        )
    if known is None:
        if head.size:
            raise LedgerInconsistentError(
                "the highest known checkpoint is missing",
                code="ledger.checkpoint-missing",
                hint="restore the book's `checkpoint` file; anyone who holds a receipt has one",
            )
        return builder
    checkpoint = open_checkpoint(known, log_key).checkpoint
    if checkpoint.size > head.size:
        raise LedgerInconsistentError(
            f"the log has {head.size} entries, but a checkpoint over {checkpoint.size} was signed",
            code="ledger.rolled-back",
            hint="restore the newest backup; a log that lost entries must not be continued",
        )
    if view.root_at(checkpoint.size) != checkpoint.root:
        raise LedgerInconsistentError(
            f"the first {checkpoint.size} entries are not those the known checkpoint was signed "
            "over",
            code="ledger.forked",
            hint="this is another log, or its entries were changed",
        )
    return builder


def _edges(store: LedgerReader, head: TreeHead) -> tuple[bytes, ...]:
    """Edge hashes per tile level, empty where a level ends on a tile boundary."""
    partial = {tile.level: tile for tile in partial_tiles(head.size)}
    levels = 0
    while head.size >> (8 * levels):
        levels += 1
    return tuple(
        edge(store, partial[level]) if level in partial else b"" for level in range(levels)
    )
