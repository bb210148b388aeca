"""Tile coordinates, paths and entry bundles (C2SP tlog-tiles).

A hash tile holds up to 256 neighbouring hashes of one level; an entry bundle holds the entries
under one level-0 tile. This module knows where they are and what a bundle's bytes mean, never who
keeps them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError

__all__ = [
    "MAX_ENTRY_BYTES",
    "TILE_WIDTH",
    "BundleError",
    "EntryBundle",
    "Tile",
    "TilePathError",
    "bundles_for_size",
    "decode_bundle",
    "encode_bundle",
    "parse_tile_path",
    "partial_tiles",
    "tiles_for_size",
]

TILE_WIDTH: Final = 256
MAX_ENTRY_BYTES: Final = 0xFFFF  # tlog-tiles: entries are prefixed by a big-endian uint16 length
_TILE_HEIGHT: Final = 8
_MAX_LEVEL: Final = 63
_MAX_INDEX: Final = 2**64 - 1
_MAX_PATH: Final = 80
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z",
    re.ASCII,
)


class TilePathError(MalformedError):
    """Coordinates or a path that name no tile of any log."""

    code = "tlog.tile-path"


class BundleError(MalformedError):
    """Entries that fit in no bundle, or bytes that are not the bundle they should be."""

    code = "tlog.bundle-malformed"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One hash tile.

    Attributes:
        level: 0 for leaf hashes; each level up, a hash stands for 256 of those below.
        index: the tile's number within its level.
        width: hashes in it, 256 when full.

    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= _MAX_LEVEL:
            raise TilePathError(f"tile level {self.level} is not between 0 and {_MAX_LEVEL}")
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the tile is served: ``tile/0/x001/x234/067.p/8``."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"

    @property
    def full(self) -> "Tile":
        """The tile at the same place when it is complete."""
        return Tile(self.level, self.index)

    @property
    def is_full(self) -> bool:
        """Whether the tile holds all its 256 hashes."""
        return self.width == TILE_WIDTH


@dataclass(frozen=True, slots=True, order=True)
class EntryBundle:
    """The entries under the level-0 tile of the same index and width."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the bundle is served: ``tile/entries/x001/x234/067.p/8``."""
        return f"tile/entries/{_place(self.index, self.width)}"

    @property
    def full(self) -> "EntryBundle":
        """The bundle at the same place when it is complete."""
        return EntryBundle(self.index)

    @property
    def is_full(self) -> bool:
        """Whether the bundle holds all its 256 entries."""
        return self.width == TILE_WIDTH


def parse_tile_path(path: str) -> Tile | EntryBundle:
    """Parse the path of a hash tile or an entry bundle; there is one way to write each.

    Raises:
        TilePathError: leading zeros or groups, a level above 63, a width outside 1..255, or
            another form.

    """
    match = _PATH.match(path) if len(path) <= _MAX_PATH else None
    if match is None:
        raise _refuse(path)
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = int(match["width"] or TILE_WIDTH)
    if match["level"] == "entries":
        place: Tile | EntryBundle = EntryBundle(index, width)
    else:
        place = Tile(int(match["level"]), index, width)
    if place.path != path:  # x000/001, .p/256: numbers that are written in another way
        raise _refuse(path)
    return place


def tiles_for_size(size: int) -> Iterator[Tile]:
    """All hash tiles of a tree of ``size``: level by level, the partial one last in each."""
    for level, count in _levels(size):
        full, width = divmod(count, TILE_WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if width:
            yield Tile(level, full, width)


def partial_tiles(size: int) -> tuple[Tile, ...]:
    """The partial hash tiles on the right edge of a tree of ``size``; empty ones do not exist.

    tlog-tiles: at level l the partial tile of a tree of s entries is floor(s / 256^l) mod 256 wide.
    """
    return tuple(
        Tile(level, count // TILE_WIDTH, count % TILE_WIDTH)
        for level, count in _levels(size)
        if count % TILE_WIDTH
    )


def bundles_for_size(size: int) -> Iterator[EntryBundle]:
    """All entry bundles of a log of ``size``, the partial one last."""
    full, width = divmod(_checked_size(size), TILE_WIDTH)
    for index in range(full):
        yield EntryBundle(index)
    if width:
        yield EntryBundle(full, width)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Encode up to 256 entries: each prefixed by its length as big-endian uint16 (tlog-tiles).

    Raises:
        BundleError: no entry, more than 256, or an entry above 65,535 bytes.

    """
    if not 0 < len(entries) <= TILE_WIDTH:
        raise BundleError(f"a bundle holds 1 to {TILE_WIDTH} entries, not {len(entries)}")
    parts: list[bytes] = []
    for number, entry in enumerate(entries):
        length = len(entry)
        if length > MAX_ENTRY_BYTES:
            raise BundleError(
                f"entry {number} of the bundle has {length} bytes; at most {MAX_ENTRY_BYTES} fit",
                code="tlog.entry-too-large",
            )
        parts += (length.to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, *, count: int) -> list[bytes]:
    """Decode a bundle of exactly ``count`` entries.

    Raises:
        BundleError: ``count`` is outside 1..256, the bytes end within an entry, or bytes are left
            after the last one.

    """
    if not 0 < count <= TILE_WIDTH:
        raise BundleError(f"a bundle holds 1 to {TILE_WIDTH} entries, not {count}")
    entries: list[bytes] = []
    place, end = 0, len(data)
    for number in range(count):
        start = place + 2
        if start > end:
            raise BundleError(
                f"bundle ends before entry {number} of {count}", code="tlog.bundle-short"
            )
        place = start + (data[place] << 8 | data[place + 1])
        entries.append(data[start:place])
    # Lengths only grow, so one look at the end tells whether any entry ran over it.
    if place > end:
        raise BundleError(
            f"bundle ends within an entry: {end} bytes, {place} announced", code="tlog.bundle-short"
        )
    if place < end:
        raise BundleError(
            f"bundle has {end - place} bytes after its {count} entries", code="tlog.bundle-long"
        )
    return entries


def _levels(size: int) -> Iterator[tuple[int, int]]:
    """Each tile level of a tree of ``size`` with the number of hashes in it."""
    level, count = 0, _checked_size(size)
    while count:
        yield level, count
        level, count = level + 1, count >> _TILE_HEIGHT


def _checked_size(size: int) -> int:
    if not 0 <= size <= _MAX_INDEX:
        raise TilePathError(f"{size} is not the size of a log", code="tlog.size-out-of-range")
    return size


def _check_place(index: int, width: int) -> None:
    if not 0 <= index <= _MAX_INDEX:
        raise TilePathError(f"tile index {index} is not a 64-bit number")
    if not 0 < width <= TILE_WIDTH:
        raise TilePathError(f"tile width {width} is not between 1 and {TILE_WIDTH}")


def _place(index: int, width: int) -> str:
    rest, last = divmod(index, 1000)
    text = f"{last:03d}"
    while rest:
        rest, group = divmod(rest, 1000)
        text = f"x{group:03d}/{text}"
    return text if width == TILE_WIDTH else f"{text}.p/{width}"


def _refuse(path: str) -> TilePathError:
    return TilePathError(
        f"{path[:_MAX_PATH]!r} is not the path of a tile such as tile/0/x001/x234/067.p/8"
    )
