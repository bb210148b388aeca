"""Parse OSV records with several processes: decoding and key building hold the interpreter."""

import itertools
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, NamedTuple

import zstandard

from gatebook.errors import GatebookError
from gatebook.ledger.store import StoreError
from gatebook.stores.advisory_sources import Span, records_in
from gatebook.vulnerabilities.indexing import IndexedRecord, index_record

__all__ = ["BatchReport", "ParsedRecord", "parse_spans", "train"]

_PROCESSES_PAY_ABOVE: Final = 4 * 1024 * 1024
"""Compressed bytes: below, starting processes takes longer than parsing here."""

_AHEAD: Final = 3
_SAMPLES: Final = 3000
_ENOUGH_SAMPLES: Final = 300
_SAMPLE_BYTES: Final = 16_384
_DICTIONARY_BYTES: Final = 65_536
_LEVEL: Final = 3
_AROUND: Final = b" \t\r\n"
_SHOWN: Final = 5


class ParsedRecord(NamedTuple):
    """One record as the store keeps it.

    Attributes:
        indexed: its rows.
        body: its bytes, compressed.

    """

    indexed: IndexedRecord
    body: bytes


class BatchReport(NamedTuple):
    """What became of one part of a source.

    Attributes:
        span: the part, without its data.
        size: bytes of JSON that were read.
        records: those that could be read, with their places.
        malformed: how many could not.
        shown: where and why, the first ones.

    """

    span: Span
    size: int
    records: tuple[tuple[str, ParsedRecord], ...]
    malformed: int
    shown: tuple[str, ...]


def train(spans: Iterable[Span]) -> tuple[bytes, Iterator[Span]]:
    """Make a dictionary for compression from the first records.

    Returns:
        The dictionary, empty where there are too few records for one; and all the spans.

    Raises:
        AdvisorySourceError: an archive is damaged.

    """
    rest = iter(spans)
    looked_at: list[Span] = []
    samples: list[bytes | bytearray | memoryview] = []
    for span in rest:
        looked_at.append(span)
        samples += [data[:_SAMPLE_BYTES] for _, data in records_in(span)]
        if len(samples) >= _SAMPLES:
            break
    dictionary = b""
    if len(samples) >= _ENOUGH_SAMPLES:
        try:
            made = zstandard.train_dictionary(_DICTIONARY_BYTES, samples[:_SAMPLES])
            dictionary = made.as_bytes()
        except zstandard.ZstdError:
            dictionary = b""  # too alike or too small: compression works without as well
    return dictionary, itertools.chain(looked_at, rest)


def parse_spans(
    spans: Iterable[Span], dictionary: bytes, *, size: int, workers: int | None = None
) -> Iterator[BatchReport]:
    """Parse parts of sources, in order.

    Args:
        spans: the parts.
        dictionary: for compression.
        size: bytes of all sources, to judge whether processes pay.
        workers: how many processes; one per processor if not given.

    Raises:
        AdvisorySourceError: an archive is damaged.
        StoreError: a process ended early.

    """
    processes = workers or os.cpu_count() or 1
    if size < _PROCESSES_PAY_ABOVE or processes < 2:  # noqa: PLR2004  # one process is this one
        _prepare(dictionary)
        for span in spans:
            yield _parse(span)
        return
    # A fork would copy locks and connections of this process in whatever state they are.
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[BatchReport]] = deque()
    with ProcessPoolExecutor(processes, context, _prepare, (dictionary,)) as pool:
        try:
            for span in spans:
                waiting.append(pool.submit(_parse, span))
                if len(waiting) > processes * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise StoreError(
                "a process that parsed advisories ended before it was done",
                code="stores.import-interrupted",
            ) from error
        finally:
            for each in waiting:
                each.cancel()


_COMPRESSORS: Final[list[zstandard.ZstdCompressor]] = []


def _prepare(dictionary: bytes) -> None:
    known = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    if known is not None:
        known.precompute_compress(level=_LEVEL)
    _COMPRESSORS[:] = [zstandard.ZstdCompressor(level=_LEVEL, dict_data=known)]


def _parse(span: Span) -> BatchReport:
    compress = _COMPRESSORS[0].compress
    records: list[tuple[str, ParsedRecord]] = []
    shown: list[str] = []
    malformed = size = 0
    for where, data in records_in(span):
        size += len(data)
        record = data.strip(_AROUND)  # a line's end is no part of the record in it
        try:
            indexed = index_record(record)
        except GatebookError as error:
            malformed += 1
            if len(shown) < _SHOWN:
                shown.append(f"{where}: {error.message} [{error.code}]")
            continue
        records.append((where, ParsedRecord(indexed, compress(record))))
    return BatchReport(
        span._replace(data=(), members=()), size, tuple(records), malformed, tuple(shown)
    )
