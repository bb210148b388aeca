"""Check a large log with several processes: hashing holds the interpreter, threads do not help."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from gatebook.ledger.check_tree import Chunk, ChunkReport, check_chunk
from gatebook.ledger.store import StoreError
from gatebook.stores.sqlite_ledger import SqliteLedger

__all__ = ["check_in_processes"]

MIN_TILES: Final = 400
"""About 100,000 entries: below, starting processes takes longer than the check."""


def check_in_processes(
    path: Path, *, workers: int | None = None
) -> Callable[[Sequence[Chunk]], Iterable[ChunkReport]]:
    """Return what :func:`gatebook.ledger.check.check_tree` takes as ``run``.

    Args:
        path: the ledger's file.
        workers: how many processes; one per processor if not given. A small log is checked here.

    """

    def run(chunks: Sequence[Chunk]) -> Iterator[ChunkReport]:
        tiles = sum(last - first for first, last in chunks)
        processes = min(workers or os.cpu_count() or 1, len(chunks))
        if tiles < MIN_TILES or processes < 2:  # noqa: PLR2004  # one process is this one
            return _check_here(path, chunks)
        return _check_there(path, chunks, processes)

    return run


def _check_here(path: Path, chunks: Sequence[Chunk]) -> Iterator[ChunkReport]:
    store = SqliteLedger(path)
    try:
        for chunk in chunks:
            yield check_chunk(store, chunk)
    finally:
        store.close()


def _check_there(path: Path, chunks: Sequence[Chunk], processes: int) -> Iterator[ChunkReport]:
    # A fork would copy locks and connections of this process in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _open_store, (str(path),)) as pool:
        try:
            yield from pool.map(_check_one, [tuple(chunk) for chunk in chunks])
        except BrokenProcessPool as error:
            raise StoreError(
                "a process that checked the log ended before it was done",
                code="stores.check-interrupted",
            ) from error


_STORES: Final[list[SqliteLedger]] = []


def _open_store(path: str) -> None:
    _STORES.append(SqliteLedger(Path(path)))


def _check_one(chunk: tuple[int, int]) -> ChunkReport:
    return check_chunk(_STORES[0], Chunk(chunk))
