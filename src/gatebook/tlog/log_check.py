"""Re-verify a whole log from its files: checkpoint, entry bundles, tiles (C2SP tlog-tiles).

Every hash is computed again from the entries. The files come through a function, from a disk, a
server or an archive; this module does not know which.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gatebook.errors import GatebookError, VerificationError
from gatebook.tlog.checkpoint import OpenedCheckpoint, open_checkpoint
from gatebook.tlog.keys import VerifierKey
from gatebook.tlog.merkle import HASH_SIZE
from gatebook.tlog.tiles import (
    TILE_WIDTH,
    BundleError,
    EntryBundle,
    Tile,
    bundles_for_size,
    decode_bundle,
    partial_tiles,
)
from gatebook.tlog.tree import TreeBuilder

__all__ = ["LogCheckError", "LogReport", "check_log"]

_FULL_BYTES: Final = TILE_WIDTH * HASH_SIZE


class LogCheckError(VerificationError):
    """A log's bytes do not agree with each other.

    Attributes:
        bad_object: the first object found wrong: ``checkpoint``, ``entry 24``, or a tile's path.

    """

    code = "tlog.log-corrupt"

    def __init__(self, bad_object: str, what: str, *, code: str | None = None) -> None:
        super().__init__(f"{bad_object}: {what}", code=code)
        self.bad_object = bad_object


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was read and found to agree.

    Attributes:
        origin: the log.
        size: its size by the checkpoint.
        root: its root hash, computed again from the entries.
        entries: how many entries were hashed.
        tiles: how many hash tiles were compared.
        opened: the checkpoint with the signatures that verified.

    """

    origin: str
    size: int
    root: bytes
    entries: int
    tiles: int
    opened: OpenedCheckpoint


def check_log(
    read: Callable[[str], bytes | None],
    log_key: VerifierKey,
    *,
    origin: str | None = None,
    cosigners: Iterable[VerifierKey] = (),
    on_entry: Callable[[int, bytes], None] | None = None,
) -> LogReport:
    """Verify a log from its files, front to back, and stop at the first object that is wrong.

    1. The checkpoint opens with the log's key.
    2. Each bundle holds the entries it should, and each hashes to its place in the level-0 tile.
    3. Each tile above holds the roots of the tiles below.
    4. The root over all entries is the checkpoint's.

    A partial tile or bundle that is gone is read from its full successor, as tlog-tiles allows.

    Args:
        read: gives the bytes at a path such as ``tile/0/000``, or ``None`` if there are none.
        log_key: the key of the log.
        origin: the log's identity, where it differs from the name of its key.
        cosigners: further keys whose signatures on the checkpoint must verify if present.
        on_entry: called with index and bytes of each entry, once it agrees with its tile; what it
            raises is passed on.

    Raises:
        LogCheckError: naming the object.

    """
    opened = _read_checkpoint(read, log_key, origin, cosigners)
    size, root = opened.checkpoint.size, opened.checkpoint.root
    builder = TreeBuilder()
    tiles = 0
    for bundle in bundles_for_size(size):
        entries = _read_entries(read, bundle)
        leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
        _check_leaves(read, bundle, leaves)
        tiles += 1
        if on_entry is not None:
            for offset, entry in enumerate(entries):
                on_entry(bundle.index * TILE_WIDTH + offset, entry)
        for full in builder.extend(leaves):
            if full.level:
                _check_tile(read, full.tile, full.data)
                tiles += 1
    edges = builder.edges()
    for tile in partial_tiles(size):
        if tile.level:
            _check_tile(read, tile, edges[tile.level])
            tiles += 1
    if builder.root() != root:
        raise LogCheckError(
            "checkpoint",
            f"says root {root.hex()[:12]} at size {size}; "
            f"the entries give {builder.root().hex()[:12]}",
        )
    return LogReport(
        origin=opened.checkpoint.origin,
        size=size,
        root=root,
        entries=builder.size,
        tiles=tiles,
        opened=opened,
    )


def _read_checkpoint(
    read: Callable[[str], bytes | None],
    log_key: VerifierKey,
    origin: str | None,
    cosigners: Iterable[VerifierKey],
) -> OpenedCheckpoint:
    data = read("checkpoint")
    if data is None:
        raise LogCheckError("checkpoint", "is missing", code="tlog.object-missing")
    try:
        return open_checkpoint(data, log_key, origin=origin, cosigners=cosigners)
    except GatebookError as error:
        raise LogCheckError("checkpoint", error.message, code=error.code) from error


def _read_entries(read: Callable[[str], bytes | None], bundle: EntryBundle) -> list[bytes]:
    place, data = _read_place(read, bundle)
    try:
        return decode_bundle(data, count=place.width)[: bundle.width]
    except BundleError as error:
        raise LogCheckError(place.path, error.message, code=error.code) from error


def _check_leaves(
    read: Callable[[str], bytes | None], bundle: EntryBundle, leaves: list[bytes]
) -> None:
    tile = Tile(0, bundle.index, bundle.width)
    data = _read_tile(read, tile)
    if data == b"".join(leaves):
        return
    for offset, leaf in enumerate(leaves):
        kept = data[offset * HASH_SIZE : (offset + 1) * HASH_SIZE]
        if kept != leaf:
            raise LogCheckError(
                f"entry {bundle.index * TILE_WIDTH + offset}",
                f"hashes to {leaf.hex()[:12]}; {tile.path} has {kept.hex()[:12]} in its place",
                code="tlog.entry-mismatch",
            )


def _check_tile(read: Callable[[str], bytes | None], tile: Tile, expected: bytes) -> None:
    data = _read_tile(read, tile)
    if data == expected:
        return
    wrong = next(
        place // HASH_SIZE
        for place in range(0, len(expected), HASH_SIZE)
        if data[place : place + HASH_SIZE] != expected[place : place + HASH_SIZE]
    )
    raise LogCheckError(
        tile.path,
        f"hash {wrong} is not the root of tile {tile.index * TILE_WIDTH + wrong} one level below",
        code="tlog.tile-mismatch",
    )


def _read_tile(read: Callable[[str], bytes | None], tile: Tile) -> bytes:
    place, data = _read_place(read, tile)
    if len(data) != place.width * HASH_SIZE:
        raise LogCheckError(
            place.path,
            f"has {len(data)} bytes; expected {place.width * HASH_SIZE}",
            code="tlog.tile-length",
        )
    return data[: tile.width * HASH_SIZE]


def _read_place(
    read: Callable[[str], bytes | None], place: Tile | EntryBundle
) -> tuple[Tile | EntryBundle, bytes]:
    data = read(place.path)
    if data is not None:
        return place, data
    # tlog-tiles: partial tiles may be deleted once the full one is there.
    data = None if place.is_full else read(place.full.path)
    if data is None:
        raise LogCheckError(place.path, "is missing", code="tlog.object-missing")
    return place.full, data
