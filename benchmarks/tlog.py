"""How fast the tlog room is: leaf hashing, growing trees, proofs, checking a whole log.

Run with ``.venv/bin/python benchmarks/tlog.py``. Ratios matter more than numbers: the machine is
printed with them.
"""

import platform
import random
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from gatebook.tlog.checkpoint import Checkpoint, sign_checkpoint
from gatebook.tlog.log_check import check_log
from gatebook.tlog.merkle import check_inclusion, leaf_hash, prove_consistency, prove_inclusion
from gatebook.tlog.note import SignerKey, open_note
from gatebook.tlog.tiles import EntryBundle, Tile, bundles_for_size, encode_bundle
from gatebook.tlog.tree import TileCache, TileHashReader, TreeBuilder

SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 3


def seconds(work: Callable[[], object]) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def row(what: str, value: float, unit: str) -> None:
    print(f"| {what:<58} | {value:>12,.1f} {unit:<9} |", flush=True)


def machine() -> str:
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(": ")[2]
            break
    return f"{cpu}, Python {platform.python_version()}, {platform.system()}"


def hashing() -> None:
    for length in (64, 1024):
        entry = b"x" * length
        taken = seconds(lambda entry=entry: [leaf_hash(entry) for _ in range(100_000)])
        row(f"leaf hash, entry of {length} bytes", 100_000 / taken / 1000, "k/s")


def growing(leaves: list[bytes]) -> None:
    for batch in (1, 10, 100, 1000):
        count = min(len(leaves), 100_000 if batch == 1 else 1_000_000)

        def grow(batch: int = batch, count: int = count) -> None:
            builder = TreeBuilder()
            for place in range(0, count, batch):
                builder.extend(leaves[place : place + batch])
                builder.root()

        taken = seconds(grow)
        row(f"grow by batches of {batch}, root each: leaves", count / taken / 1000, "k/s")
        row(f"grow by batches of {batch}, root each: a batch", taken / count * batch * 1e6, "us")


def proving(leaves: list[bytes]) -> None:
    noise = random.Random(1)
    for size in SIZES:
        builder = TreeBuilder()
        full = {tile.tile: tile.data for tile in builder.extend(leaves[:size])}
        edges = builder.edges()

        def read(
            tile: Tile, full: dict[Tile, bytes] = full, edges: tuple[bytes, ...] = edges
        ) -> bytes:
            return full[tile] if tile.is_full else edges[tile.level]

        def prove(count: int, cache: TileCache | None, index: int | None, size: int) -> None:
            for _ in range(count):
                reader = TileHashReader(read, size, cache=cache)
                prove_inclusion(noise.randrange(size) if index is None else index, size, reader)

        warm = TileCache()
        prove(1, warm, size // 3, size)
        hot = seconds(lambda warm=warm, size=size: prove(2000, warm, size // 3, size))
        small = TileCache(24)
        random_leaf = seconds(lambda small=small, size=size: prove(500, small, None, size))
        cold = seconds(lambda size=size: prove(300, None, None, size))
        row(f"prove inclusion, {size:,} entries, hot", hot / 2000 * 1e6, "us")
        row(
            f"prove inclusion, {size:,} entries, any leaf, 24 tiles kept",
            random_leaf / 500 * 1e6,
            "us",
        )
        row(f"prove inclusion, {size:,} entries, nothing kept", cold / 300 * 1e6, "us")
        reader = TileHashReader(read, size, cache=warm)
        root, index = builder.root(), size // 3
        proof = prove_inclusion(index, size, reader)

        def check(size: int = size, root: bytes = root, proof: tuple[bytes, ...] = proof) -> None:
            for _ in range(2000):
                check_inclusion(
                    index=size // 3, size=size, leaf=leaves[size // 3], proof=proof, root=root
                )

        row(f"check inclusion, {size:,} entries", seconds(check) / 2000 * 1e6, "us")
        prove_consistency(index, size, reader)
        taken = seconds(
            lambda reader=reader, size=size: [
                prove_consistency(size // 3, size, reader) for _ in range(2000)
            ]
        )
        row(f"prove consistency, {size:,} entries, hot", taken / 2000 * 1e6, "us")


def signing() -> None:
    signer = SignerKey.from_seed("log.example/bench", bytes(32))
    checkpoint = Checkpoint(origin="log.example/bench", size=5, root=bytes(32))
    note = sign_checkpoint(checkpoint, [signer])
    taken = seconds(lambda: [sign_checkpoint(checkpoint, [signer]) for _ in range(2000)])
    row("sign a checkpoint, Ed25519", taken / 2000 * 1e6, "us")
    taken = seconds(lambda: [open_note(note, [signer.verifier]) for _ in range(2000)])
    row("open a checkpoint, Ed25519", taken / 2000 * 1e6, "us")


def checking(sizes: tuple[int, ...]) -> None:
    signer = SignerKey.from_seed("log.example/bench", bytes(32))
    for size in sizes:
        entries = [b'{"n":%d,"fill":"%s"}' % (n, b"x" * 40) for n in range(size)]
        builder = TreeBuilder()
        tiles = builder.extend([sha256(b"\x00" + entry).digest() for entry in entries])
        files = {tile.tile.path: tile.data for tile in tiles}
        for level, data in enumerate(builder.edges()):
            if data:
                files[Tile(level, size >> (8 * level + 8), len(data) // 32).path] = data
        for bundle in bundles_for_size(size):
            start = bundle.index * 256
            files[EntryBundle(bundle.index, bundle.width).path] = encode_bundle(
                entries[start : start + bundle.width]
            )
        checkpoint = Checkpoint(origin="log.example/bench", size=size, root=builder.root())
        files["checkpoint"] = sign_checkpoint(checkpoint, [signer])
        taken = seconds(lambda files=files: check_log(files.get, signer.verifier))
        row(f"check a whole log, {size:,} entries of ~60 bytes", size / taken / 1000, "k/s")


def main() -> None:
    print(machine())
    leaves = [leaf_hash(b"%d" % number) for number in range(max(SIZES))]
    hashing()
    growing(leaves)
    proving(leaves)
    signing()
    del leaves
    checking((2_000, 20_000, 200_000))


if __name__ == "__main__":
    main()
