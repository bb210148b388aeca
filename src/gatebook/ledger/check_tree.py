"""Re-verify entries, tiles and head of a log from their stored bytes, and name what is at fault.

Bodies and leaf hashes are covered by the leaf rule, keys by the id inside the body, tiles by the
leaves below them, the head by the tree. Nothing stored is believed because it is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from gatebook.errors import GatebookError
from gatebook.ledger.kinds import KeyRotated
from gatebook.ledger.store import LedgerReader, Row, TreeHead
from gatebook.tlog.merkle import root_of
from gatebook.tlog.tiles import TILE_WIDTH
from gatebook.tlog.tree import TreeBuilder

__all__ = ["Chunk", "ChunkReport", "Fault", "NamedBlob", "TreeReport", "check_chunk", "check_tree"]

TILES_PER_CHUNK: Final = 64
_BEYOND: Final = 2**62
_NO_HASH: Final = b"\0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One object that is not what it must be.

    Attributes:
        object: the entry, tile, checkpoint or blob: ``entry 12``, ``tile/0/3``, ``blob sha256:…``.
        code: stable name of what is wrong.
        message: expected and found, for people.

    """

    object: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.object}: {self.message}"


class Chunk(tuple[int, int]):
    """A run of full level-0 tiles, first to before last, that can be checked on its own."""

    __slots__ = ()


class NamedBlob(tuple[int, str, int]):
    """A blob an entry names: index of the entry, digest as text, length."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkReport:
    """What checking one chunk found.

    Attributes:
        roots: concatenated hashes over the chunk's tiles, as computed.
        faults: what is wrong, in order.
        rotations: indexes of entries that may change the log's key.
        blobs: what the entries name.

    """

    roots: bytes
    faults: tuple[Fault, ...]
    rotations: tuple[int, ...]
    blobs: tuple[NamedBlob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReport:
    """What checking entries, tiles and head found.

    Attributes:
        head: size and root hash, as computed from the entries.
        faults: what is wrong, in order.
        rotations: indexes of entries that may change the log's key.
        blobs: what the entries name.

    """

    head: TreeHead
    faults: tuple[Fault, ...]
    rotations: tuple[int, ...]
    blobs: tuple[NamedBlob, ...]


class _Evidence(msgspec.Struct):
    digest: str
    size: int


class _Named(msgspec.Struct):
    id: str
    evidence: tuple[_Evidence, ...] = ()


_NAMED: Final = msgspec.json.Decoder(_Named)
_ROTATION: Final = f'"kind":"{KeyRotated.kind}"'.encode()


class _Findings:
    """What was found so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.rotations: list[int] = []
        self.blobs: list[NamedBlob] = []

    def add(self, name: str, code: str, message: str) -> None:
        self.faults.append(Fault(object=name, code=code, message=message))


def check_chunk(store: LedgerReader, chunk: Chunk) -> ChunkReport:
    """Check the entries below a run of full tiles, and those tiles."""
    first, last = chunk
    found = _Findings()
    roots: list[bytes] = []
    try:
        stored_roots = store.tile_roots(0, first, last)
        rows = store.rows(first * TILE_WIDTH, last * TILE_WIDTH)
        leaves = _check_rows(rows, first * TILE_WIDTH, last * TILE_WIDTH, found)
        for number in range(first, last):
            start = (number - first) * TILE_WIDTH
            part = leaves[start : start + TILE_WIDTH]
            root = root_of(part)
            roots.append(root)
            path = f"tile/0/{number}"
            data = store.tile(0, number)
            if data is None:
                found.add(path, "ledger.tile-missing", "is not stored")
            elif data != b"".join(part):
                found.add(path, "ledger.tile-changed", "does not hold the hashes of its entries")
            elif stored_roots[32 * (number - first) : 32 * (number - first + 1)] != root:
                found.add(path, "ledger.tile-changed", "has another hash over it than is stored")
    except GatebookError as error:
        # What cannot be read at all is the store's word; the rows around it say no more.
        found.add(f"tile/0/{first} to tile/0/{last - 1}", error.code, error.message)
        roots += [_NO_HASH] * (last - first - len(roots))
    return ChunkReport(
        roots=b"".join(roots),
        faults=tuple(found.faults),
        rotations=tuple(found.rotations),
        blobs=tuple(found.blobs),
    )


def check_tree(
    store: LedgerReader,
    *,
    run: Callable[[Sequence[Chunk]], Iterable[ChunkReport]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TreeReport:
    """Check entries, tiles and head of a log; others may append meanwhile.

    Args:
        store: the log.
        run: checks chunks, in order; give one that uses several processes for a large log.
        progress: is told how many entries of how many are done.

    """
    found = _Findings()
    try:
        return _check_tree(store, found, run, progress)
    except GatebookError as error:
        found.add("log", error.code, error.message)
        return _report(TreeHead(0, _NO_HASH), found)


def _check_tree(
    store: LedgerReader,
    found: _Findings,
    run: Callable[[Sequence[Chunk]], Iterable[ChunkReport]] | None,
    progress: Callable[[int, int], None] | None,
) -> TreeReport:
    head = store.head()
    size = _dense_size(store, head.size)
    if size != head.size:
        found.add("head", "ledger.cut", f"says {head.size} entries; entry {size} is not stored")
    full = size // TILE_WIDTH
    chunks = [
        Chunk((first, min(first + TILES_PER_CHUNK, full)))
        for first in range(0, full, TILES_PER_CHUNK)
    ]
    level_one: list[bytes] = []
    reports = run(chunks) if run is not None else (check_chunk(store, chunk) for chunk in chunks)
    for report in reports:
        found.faults.extend(report.faults)
        found.rotations.extend(report.rotations)
        found.blobs.extend(report.blobs)
        level_one.extend(_split(report.roots))
        if progress is not None:
            progress(len(level_one) * TILE_WIDTH, size)
    if len(level_one) != full:
        found.add("log", "ledger.unchecked", f"{len(level_one)} of {full} tiles were checked")
        return _report(TreeHead(size, _NO_HASH), found)
    start = full * TILE_WIDTH
    tail = _check_rows(store.rows(start, size), start, size, found)
    expected = _check_upper_tiles(store, level_one, found)
    expected.update((0, number) for number in range(full))
    _check_nothing_else(store, size, expected, found)
    root = _root(level_one, tail)
    if root != head.root and not found.faults:
        found.add("head", "ledger.root-mismatch", f"is not the root hash of the {size} entries")
    if progress is not None:
        progress(size, size)
    return _report(TreeHead(size, root), found)


def _report(head: TreeHead, found: _Findings) -> TreeReport:
    return TreeReport(
        head=head,
        faults=tuple(found.faults),
        rotations=tuple(found.rotations),
        blobs=tuple(found.blobs),
    )


def _check_rows(rows: Iterable[Row], start: int, stop: int, found: _Findings) -> list[bytes]:
    leaves: list[bytes] = []
    position = start
    decode = _NAMED.decode
    for index, key, stored_leaf, body in rows:
        if index != position:
            _miss(range(position, index), found)
            leaves.extend(_NO_HASH for _ in range(position, index))
            position = index
        # RFC 6962 §2.1: leaves are prefixed 0x00 so that a node can never pass as a leaf.
        leaf = sha256(b"\x00" + body).digest()
        if leaf != stored_leaf:
            found.add(
                f"entry {position}",
                "ledger.entry-changed",
                "its bytes do not have the leaf hash stored with it",
            )
        try:
            named = decode(body)
            id_bytes = bytes.fromhex(named.id.replace("-", ""))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            found.add(f"entry {position}", "ledger.entry-malformed", "its bytes are no entry")
        else:
            if id_bytes != key:
                found.add(
                    f"entry {position}",
                    "ledger.key-changed",
                    "the id in its bytes is not the one it is stored under",
                )
            for blob in named.evidence:
                found.blobs.append(NamedBlob((position, blob.digest, blob.size)))
        if _ROTATION in body:
            found.rotations.append(position)
        leaves.append(leaf)
        position += 1
    _miss(range(position, stop), found)
    leaves.extend(_NO_HASH for _ in range(position, stop))
    return leaves


def _check_nothing_else(
    store: LedgerReader, size: int, expected: set[tuple[int, int]], found: _Findings
) -> None:
    beyond = [row.position for row in store.rows(-_BEYOND, 0)]
    beyond += [row.position for row in store.rows(size, _BEYOND)]
    tiles = [
        (tile.level, tile.number)
        for tile in store.tiles()
        if (tile.level, tile.number) not in expected
    ]
    if not beyond and not tiles:
        return
    # Somebody may have appended since: then the head has grown with the entries and tiles.
    grown = max(size, store.head().size)
    for position in beyond:
        if not size <= position < grown:
            found.add(
                f"entry {position}",
                "ledger.unaccounted-entry",
                f"is not among the {size} entries the log knows",
            )
    for level, number in tiles:
        if level < 0 or number < 0 or (number + 1) << (8 * (level + 1)) > grown:
            found.add(f"tile/{level}/{number}", "ledger.tile-changed", "has no entries below it")


def _dense_size(store: LedgerReader, claimed: int) -> int:
    """How many entries stand without a gap from 0, where the claimed last one is missing."""

    def stands(index: int) -> bool:
        return next(iter(store.rows(index, index + 1)), None) is not None

    if claimed == 0 or (claimed > 0 and stands(claimed - 1)):
        return claimed
    low, high = 0, 1
    while stands(high - 1) and high < _BEYOND:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if stands(middle):
            low = middle + 1
        else:
            high = middle
    return low


def _miss(indexes: Iterable[int], found: _Findings) -> None:
    for index in indexes:
        found.add(f"entry {index}", "ledger.entry-missing", "is not stored")


def _check_upper_tiles(
    store: LedgerReader, hashes: Sequence[bytes], found: _Findings
) -> set[tuple[int, int]]:
    expected: set[tuple[int, int]] = set()
    level = 1
    while len(hashes) >= TILE_WIDTH:
        above: list[bytes] = []
        for number in range(len(hashes) // TILE_WIDTH):
            part = hashes[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
            path = f"tile/{level}/{number}"
            expected.add((level, number))
            root = root_of(part)
            if store.tile(level, number) != b"".join(part):
                found.add(
                    path,
                    "ledger.tile-changed",
                    "does not hold the hashes of the tiles below it",
                )
            elif store.tile_roots(level, number, number + 1) != root:
                found.add(path, "ledger.tile-changed", "has another hash over it than is stored")
            above.append(root)
        hashes = above
        level += 1
    return expected


def _root(level_one: Sequence[bytes], tail: Sequence[bytes]) -> bytes:
    """Root over the hashes of full tiles and the leaves after them."""
    builder = TreeBuilder()
    # A tree over subtree hashes is the tree over their leaves when all are perfect and of one
    # size; the tail hangs to the right of it as RFC 6962 §2.1 splits at powers of two.
    if not level_one:
        builder.extend(tail)
        return builder.root()
    size = len(level_one) * TILE_WIDTH + len(tail)
    edges = [b"".join(tail)]
    row: Sequence[bytes] = level_one
    while row:
        full = len(row) // TILE_WIDTH
        edges.append(b"".join(row[full * TILE_WIDTH :]))
        row = [root_of(row[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]) for n in range(full)]
    return TreeBuilder.resume(size, edges).root()


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[place : place + 32] for place in range(0, len(hashes), 32)]
