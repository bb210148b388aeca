"""Trees, logs and keys for the stories told here; all made on the spot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatebook import canonical
from gatebook.tlog.checkpoint import Checkpoint, sign_checkpoint
from gatebook.tlog.merkle import leaf_hash, root_of
from gatebook.tlog.note import SignerKey
from gatebook.tlog.tiles import Tile, bundles_for_size, encode_bundle
from gatebook.tlog.tree import TileHashReader, TreeBuilder


@dataclass
class Cases:
    """The cases of one vector file or directory, run together: all failures are reported."""

    directory: Path

    def load(self, relative: str) -> Any:
        return canonical.loads((self.directory / relative).read_bytes())

    def load_all(self, relative: str) -> list[tuple[str, Any]]:
        paths = sorted((self.directory / relative).rglob("*.json"))
        return [
            (str(path.relative_to(self.directory)), canonical.loads(path.read_bytes()))
            for path in paths
        ]

    def read(self, relative: str) -> bytes:
        return (self.directory / relative).read_bytes()


@pytest.fixture(scope="session")
def cases(vectors: Path) -> Cases:
    return Cases(vectors / "ledger")


@dataclass
class Tree:
    """A tree with all its tiles in memory."""

    leaves: list[bytes]
    full: dict[Tile, bytes]
    edges: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def root(self) -> bytes:
        return root_of(self.leaves)

    def read(self, tile: Tile) -> bytes:
        return self.full[tile] if tile.is_full else self.edges[tile.level]

    def reader(self) -> TileHashReader:
        return TileHashReader(self.read, self.size)


def grow_tree(leaves: Sequence[bytes]) -> Tree:
    builder = TreeBuilder()
    full = {tile.tile: tile.data for tile in builder.extend(leaves)}
    return Tree(list(leaves), full, builder.edges())


@pytest.fixture(scope="session")
def tree_of() -> Callable[[int], Tree]:
    leaves = [leaf_hash(b"entry %d" % number) for number in range(70_000)]
    grown: dict[int, Tree] = {}

    def tree(size: int) -> Tree:
        if size not in grown:
            grown[size] = grow_tree(leaves[:size])
        return grown[size]

    return tree


@pytest.fixture(scope="session")
def log_signer() -> SignerKey:
    return SignerKey.from_seed("log.example/book", bytes(range(32)))


@pytest.fixture(scope="session")
def witness_signer() -> SignerKey:
    return SignerKey.from_seed("witness.example/w1", b"w" * 32, cosigner=True)


def export_log(entries: Sequence[bytes], signer: SignerKey) -> dict[str, bytes]:
    """The files of a log as it would serve them."""
    tree = grow_tree([leaf_hash(entry) for entry in entries])
    checkpoint = Checkpoint(origin=signer.verifier.name, size=tree.size, root=tree.root)
    files = {"checkpoint": sign_checkpoint(checkpoint, [signer])}
    for bundle in bundles_for_size(tree.size):
        start = bundle.index * 256
        files[bundle.path] = encode_bundle(entries[start : start + bundle.width])
    files |= {tile.path: data for tile, data in tree.full.items()}
    for level, data in enumerate(tree.edges):
        if data:
            files[Tile(level, tree.size >> (8 * level + 8), len(data) // 32).path] = data
    return files


@pytest.fixture(scope="session")
def exported(log_signer: SignerKey) -> Callable[[int], dict[str, bytes]]:
    def export(size: int) -> dict[str, bytes]:
        return export_log([b'{"n":%d}' % number for number in range(size)], log_signer)

    return export
