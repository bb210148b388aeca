"""Grow a tree at its right edge, and read node hashes back from its tiles.

:class:`TreeBuilder` keeps only what later entries can still change: at each tile level the partial
tile and the perfect subtrees in it. Full tiles leave it as soon as they are complete.
:class:`TileHashReader` answers the nodes a proof needs from tiles that somebody else keeps.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gatebook.errors import MalformedError
from gatebook.tlog.merkle import EMPTY_ROOT, HASH_SIZE, Node, ProofError
from gatebook.tlog.tiles import TILE_WIDTH, Tile

__all__ = ["FullTile", "TileCache", "TileError", "TileHashReader", "TreeBuilder"]

_TILE_HEIGHT: Final = 8
_MAX_SIZE: Final = 2**63 - 1
DEFAULT_CACHED_TILES: Final = 512


class TileError(MalformedError):
    """The bytes of a tile, or of the edge of a tree, do not have the length their size demands."""

    code = "tlog.tile-length"


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTile:
    """A hash tile that has just become complete.

    Attributes:
        level: its tile level.
        index: its number within the level.
        data: its 8,192 bytes.
        root: the hash over the whole tile, which is a hash in a tile one level up.

    """

    level: int
    index: int
    data: bytes
    root: bytes

    @property
    def tile(self) -> Tile:
        """The coordinates."""
        return Tile(self.level, self.index)


class _Edge:
    """The partial tile of one level: its hashes, and the perfect subtrees they form."""

    __slots__ = ("full_tiles", "hashes", "stack")

    def __init__(self, full_tiles: int, hashes: list[bytes], stack: list[bytes]) -> None:
        self.full_tiles = full_tiles
        self.hashes = hashes
        self.stack = stack


class TreeBuilder:
    """The right edge of a growing tree; cheap to copy, to extend and to take the root of."""

    __slots__ = ("_edges", "_root", "_size")

    def __init__(self) -> None:
        self._edges: list[_Edge] = []
        self._size = 0
        self._root: bytes | None = EMPTY_ROOT

    @classmethod
    def resume(cls, size: int, edges: Sequence[bytes]) -> "TreeBuilder":
        """Continue the tree whose :meth:`edges` were kept at ``size``.

        Whether the edges are the right ones shows in :meth:`root` only: compare it.

        Raises:
            TileError: an edge is missing, superfluous, or not as wide as ``size`` demands.

        """
        if not 0 <= size <= _MAX_SIZE:
            raise TileError(f"{size} is not the size of a log", code="tlog.size-out-of-range")
        builder = cls()
        levels = -(-size.bit_length() // _TILE_HEIGHT)
        if len(edges) != levels:
            raise TileError(f"a tree of {size} entries has {levels} edge tiles, not {len(edges)}")
        for level, data in enumerate(edges):
            count = size >> (_TILE_HEIGHT * level)
            full_tiles, width = divmod(count, TILE_WIDTH)
            if len(data) != width * HASH_SIZE:
                raise TileError(
                    f"the edge tile of level {level} has {len(data)} bytes; "
                    f"a tree of {size} entries needs {width * HASH_SIZE}"
                )
            edge = _Edge(full_tiles, [], [])
            for place in range(0, len(data), HASH_SIZE):
                _push(edge, data[place : place + HASH_SIZE])
            builder._edges.append(edge)
        builder._size = size
        builder._root = None
        return builder

    @property
    def size(self) -> int:
        """How many entries the tree has."""
        return self._size

    def root(self) -> bytes:
        """The root hash of the present tree: the perfect subtrees folded from the right."""
        root = self._root
        if root is None:
            for edge in self._edges:
                for left in reversed(edge.stack):
                    root = left if root is None else sha256(b"\x01" + left + root).digest()
            self._root = root = EMPTY_ROOT if root is None else root
        return root

    def edges(self) -> tuple[bytes, ...]:
        """The partial tile of each level, bottom up; empty where the level ends with a full one.

        At level l it holds floor(size / 256^l) mod 256 hashes (C2SP tlog-tiles).
        """
        return tuple(b"".join(edge.hashes) for edge in self._edges)

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[FullTile]:
        """Append leaves; return the tiles they completed, each before the one above it.

        Raises:
            TileError: a leaf hash is not 32 bytes; then nothing was appended.

        """
        total = len(leaf_hashes)
        if not total:
            return []
        if len(b"".join(leaf_hashes)) != total * HASH_SIZE or (
            set(map(len, leaf_hashes)) != {HASH_SIZE}
        ):
            raise TileError(f"a leaf hash is not {HASH_SIZE} bytes", code="tlog.hash-length")
        completed: list[FullTile] = []
        place = 0
        while place < total:
            edge = self._edge(0)
            width = len(edge.hashes)
            part = leaf_hashes[place : place + TILE_WIDTH - width]
            place += len(part)
            if len(part) == TILE_WIDTH:
                self._complete(0, edge, list(part), _perfect_root(part), completed)
                continue
            for leaf in part:
                _push(edge, leaf)
            if len(edge.hashes) == TILE_WIDTH:
                self._complete(0, edge, edge.hashes, edge.stack[0], completed)
        self._size += total
        self._root = None
        return completed

    def copy(self) -> "TreeBuilder":
        """An independent builder at the same size, to try a batch on."""
        twin = TreeBuilder()
        twin._edges = [_Edge(e.full_tiles, e.hashes.copy(), e.stack.copy()) for e in self._edges]
        twin._size = self._size
        twin._root = self._root
        return twin

    def _edge(self, level: int) -> _Edge:
        if level == len(self._edges):
            self._edges.append(_Edge(0, [], []))
        return self._edges[level]

    def _complete(
        self, level: int, edge: _Edge, hashes: list[bytes], root: bytes, completed: list[FullTile]
    ) -> None:
        completed.append(
            FullTile(level=level, index=edge.full_tiles, data=b"".join(hashes), root=root)
        )
        edge.full_tiles += 1
        edge.hashes = []
        edge.stack = []
        above = self._edge(level + 1)
        _push(above, root)
        if len(above.hashes) == TILE_WIDTH:
            self._complete(level + 1, above, above.hashes, above.stack[0], completed)


def _push(edge: _Edge, found: bytes) -> None:
    """Add a hash to a partial tile and join the perfect subtrees it completes."""
    position = len(edge.hashes)
    edge.hashes.append(found)
    stack = edge.stack
    while position & 1:
        found = sha256(b"\x01" + stack.pop() + found).digest()
        position >>= 1
    stack.append(found)


def _perfect_root(hashes: Sequence[bytes]) -> bytes:
    row = hashes
    while len(row) > 1:
        pairs = iter(row)
        row = [sha256(b"\x01" + a + b).digest() for a, b in zip(pairs, pairs, strict=True)]
    return row[0]


class TileCache:
    """Expanded tiles, least recently used out first; may serve readers of many sizes of one log.

    A full tile never changes, and a partial one is told from its later self by its width. Threads
    may share a cache.
    """

    __slots__ = ("_capacity", "_lock", "_rows")

    def __init__(self, capacity: int = DEFAULT_CACHED_TILES) -> None:
        self._capacity = max(1, capacity)
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[int, int, int], list[list[bytes]]] = OrderedDict()

    def rows(
        self, level: int, index: int, width: int, read_tile: Callable[[Tile], bytes]
    ) -> list[list[bytes]]:
        """The rows of nodes over a tile: its hashes, their parents, up to the last whole pair.

        Raises:
            TileError: ``read_tile`` gave another number of bytes than the width demands.

        """
        key = (level, index, width)
        with self._lock:
            rows = self._rows.get(key)
            if rows is not None:
                self._rows.move_to_end(key)
                return rows
        # Read without the lock: two threads may read a tile twice, none waits for another's disk.
        tile = Tile(level, index, width)
        rows = _expand(tile, read_tile(tile))
        with self._lock:
            self._rows[key] = rows
            if len(self._rows) > self._capacity:
                self._rows.popitem(last=False)
        return rows


class TileHashReader:
    """A :class:`~gatebook.tlog.merkle.HashReader` over the tiles of a tree of one size."""

    __slots__ = ("_cache", "_read_tile", "_size")

    def __init__(
        self, read_tile: Callable[[Tile], bytes], size: int, *, cache: TileCache | None = None
    ) -> None:
        """Read through ``read_tile``; share ``cache`` between readers of the same log."""
        self._read_tile = read_tile
        self._size = size
        self._cache = TileCache() if cache is None else cache

    @property
    def size(self) -> int:
        """The size of the tree whose tiles are read."""
        return self._size

    def hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return one hash for each of ``nodes``, in their order.

        Raises:
            ProofError: a node covers leaves that the tree does not have.
            TileError: a tile has the wrong length.

        """
        size = self._size
        found: list[bytes] = []
        for level, index in nodes:
            if level < 0 or index < 0 or (index + 1) << level > size:
                raise ProofError(
                    f"node {index} of level {level} is not in a tree of {size} entries",
                    code="tlog.index-out-of-range",
                )
            tile_level, row = divmod(level, _TILE_HEIGHT)
            tile_index = index >> (_TILE_HEIGHT - row)
            width = min(TILE_WIDTH, (size >> (_TILE_HEIGHT * tile_level)) - tile_index * TILE_WIDTH)
            rows = self._cache.rows(tile_level, tile_index, width, self._read_tile)
            found.append(rows[row][index & ((1 << (_TILE_HEIGHT - row)) - 1)])
        return found


def _expand(tile: Tile, data: bytes) -> list[list[bytes]]:
    if len(data) != tile.width * HASH_SIZE:
        raise TileError(
            f"{tile.path} has {len(data)} bytes; expected {tile.width * HASH_SIZE}",
        )
    row = [data[place : place + HASH_SIZE] for place in range(0, len(data), HASH_SIZE)]
    rows = [row]
    while len(row) > 1:
        pairs = iter(row)
        # An odd last hash has no sibling yet: it takes no part in the rows above.
        row = [sha256(b"\x01" + a + b).digest() for a, b in zip(pairs, pairs, strict=False)]
        rows.append(row)
    return rows
