"""How fast the ledger appends, proves and verifies, and how that grows with the size of the book.

Run: ``python benchmarks/ledger.py [--dir PLACE] [--base 10000] [--factors 1,10,100]``.
Books are made below PLACE (a directory on the disk to be measured) and removed afterwards.
"""

import argparse
import hashlib
import os
import platform
import random
import shutil
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import apsw

from gatebook.clock import SystemClock
from gatebook.digest import Digest
from gatebook.ledger.check import check_ledger
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded, BuildInformation
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.open import TreeView
from gatebook.names import Actor, ArtifactName, CommitId, RepositoryUri
from gatebook.stores.files import CheckpointFile
from gatebook.stores.parallel_check import check_in_processes
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.merkle import prove_inclusion
from gatebook.tlog.receipt import check_receipt

SIGNER = SignerKey.from_seed("log.example/benchmark", bytes(range(32)))
ACTOR = Actor.parse("https://token.example#repo:acme/api:ref:refs/heads/main")
BODY = ArtifactRecorded(
    name=ArtifactName.parse("acme/api"),
    artifact=ArtifactKind.IMAGE,
    algorithm="oci",
    build=BuildInformation(
        repository=RepositoryUri.parse("https://github.com/acme/api"),
        commit=CommitId.parse("a" * 40),
        ref="refs/heads/main",
        run="https://github.com/acme/api/actions/runs/1",
    ),
)


def machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"{os.cpu_count()} x {model}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


def drafts(count: int, *, keyed: bool = False) -> list[Draft]:
    return [
        Draft(
            actor=ACTOR,
            body=BODY,
            subjects=(Digest("sha256", hashlib.sha256(b"%d" % number).hexdigest()),),
            idempotency_key=f"{count}/{number}" if keyed else None,
        )
        for number in range(count)
    ]


class Book:
    def __init__(self, place: Path) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="book-", dir=place))
        SqliteLedger.create(self.place / "ledger.db")
        self.open()

    def open(self) -> None:
        self.store = SqliteLedger(self.place / "ledger.db")
        self.memory = CheckpointFile(self.place / "checkpoint")
        self.ledger = Ledger(self.store, memory=self.memory, signer=SIGNER, clock=SystemClock())

    def close(self) -> None:
        self.ledger.close()
        self.store.close()

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.place)


def show(what: str, count: int, seconds: float, unit: str = "/s") -> float:
    rate = count / seconds
    value = f"{rate:,.0f}{unit}" if unit == "/s" else f"{seconds / count * 1e6:,.1f} us"
    print(f"| {what:<58} | {count:>9,} | {seconds:>8.2f} s | {value:>14} |", flush=True)
    return rate


def single_caller(book: Book, count: int) -> float:
    waiting = drafts(count)
    start = time.perf_counter()
    for draft in waiting:
        book.ledger.append(draft)
    return time.perf_counter() - start


def futures(book: Book, count: int, callers: int, *, keyed: bool = False) -> float:
    """``callers`` outstanding requests: each caller asks again when it was answered."""
    waiting = deque(drafts(count, keyed=keyed))
    start = time.perf_counter()
    outstanding = deque(book.ledger.submit(waiting.popleft()) for _ in range(callers))
    while waiting:
        outstanding.popleft().result()
        outstanding.append(book.ledger.submit(waiting.popleft()))
    for future in outstanding:
        future.result()
    return time.perf_counter() - start


def threads(book: Book, count: int, callers: int) -> float:
    waiting = drafts(count)
    shares = [waiting[caller::callers] for caller in range(callers)]

    def work(share: list[Draft]) -> None:
        for draft in share:
            book.ledger.append(draft)

    started = [threading.Thread(target=work, args=(share,)) for share in shares]
    start = time.perf_counter()
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return time.perf_counter() - start


def batches(book: Book, count: int, together: int) -> float:
    waiting = drafts(count)
    start = time.perf_counter()
    for place in range(0, count, together):
        book.ledger.append(*waiting[place : place + together])
    return time.perf_counter() - start


def proofs(book: Book, size: int, count: int) -> tuple[float, float, float, float]:
    chance = random.Random(size)
    indexes = [chance.randrange(size) for _ in range(count)]
    book.close()
    book.open()
    view = TreeView(book.store)
    start = time.perf_counter()
    for index in indexes:
        prove_inclusion(index, size, view.reader(size))
    cold = time.perf_counter() - start
    near = [size - 1 - chance.randrange(min(size, 20_000)) for _ in range(count)]
    for index in near:
        prove_inclusion(index, size, view.reader(size))
    start = time.perf_counter()
    for index in near:
        prove_inclusion(index, size, view.reader(size))
    hot = time.perf_counter() - start
    start = time.perf_counter()
    for index in near:
        book.ledger.receipt(index)
    receipt = time.perf_counter() - start
    answers = [(book.ledger.receipt(index), book.ledger.entry_bytes(index)) for index in near]
    start = time.perf_counter()
    for answer, entry in answers:
        check_receipt(answer, entry, log_key=SIGNER.verifier)
    checked = time.perf_counter() - start
    return cold, hot, receipt, checked


def sweep(place: Path, base: int, factors: list[int]) -> None:
    rates: dict[tuple[str, int], float] = {}
    for factor in factors:
        size = base * factor
        book = Book(place)
        seconds = batches(book, size, 500)
        rates["append x500", factor] = show(f"{size:,}: appended, 500 at once", size, seconds)
        seconds = single_caller(book, 2000)
        rates["append x1", factor] = show(f"{size:,}: then appended one by one", 2000, seconds)
        size += 2000
        cold, hot, receipt, checked = proofs(book, size, 1000)
        rates["proof cold", factor] = show(f"{size:,}: inclusion proof, random", 1000, cold, "us")
        rates["proof hot", factor] = show(f"{size:,}: inclusion proof, recent", 1000, hot, "us")
        rates["receipt", factor] = show(f"{size:,}: receipt, signed", 1000, receipt, "us")
        rates["check", factor] = show(f"{size:,}: receipt checked", 1000, checked, "us")
        book.close()
        start = time.perf_counter()
        book.open()
        rates["open", factor] = show(
            f"{size:,}: open the book", 1, time.perf_counter() - start, "us"
        )
        known = book.memory.recall()
        for name, run in (
            ("one process", None),
            ("all processors", check_in_processes(book.store.path)),
        ):
            start = time.perf_counter()
            report = check_ledger(book.store, known=known, keys=[SIGNER.verifier], run=run)
            seconds = time.perf_counter() - start
            assert report.faults == (), report.faults[:3]
            rates[f"verify, {name}", factor] = show(f"{size:,}: verified, {name}", size, seconds)
        start = time.perf_counter()
        assert list(book.store.structure_faults()) == []
        show(f"{size:,}: of that the structure of the file", size, time.perf_counter() - start)
        book.remove()
    print("\nRates relative to the smallest book:\n")
    for name in dict.fromkeys(name for name, _ in rates):
        ratios = [
            f"x{factor}: {rates[name, factor] / rates[name, factors[0]]:.2f}" for factor in factors
        ]
        print(f"- {name}: {', '.join(ratios)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--base", type=int, default=10_000)
    parser.add_argument("--factors", default="1,10,100")
    parser.add_argument("--count", type=int, default=100_000, help="entries per append benchmark")
    chosen = parser.parse_args()
    print(machine())
    print(f"\n| {'what':<58} | {'number':>9} | {'time':>10} | {'each':>14} |")
    print(f"|{'-' * 60}|{'-' * 11}|{'-' * 12}|{'-' * 16}|")
    count = chosen.count
    for what, measure, number in (
        ("durable appends, 1 caller", single_caller, count // 20),
        ("durable appends, 512 callers, futures", lambda b, n: futures(b, n, 512), count),
        (
            "durable appends, 512 callers, futures, idempotency keys",
            lambda b, n: futures(b, n, 512, keyed=True),
            count,
        ),
        ("durable appends, 64 threads", lambda b, n: threads(b, n, 64), count // 5),
        ("durable appends, 512 threads", lambda b, n: threads(b, n, 512), count // 5),
        ("durable appends, 1 caller, 100 at once", lambda b, n: batches(b, n, 100), count),
    ):
        book = Book(chosen.dir)
        show(what, number, measure(book, number))
        book.remove()
    sweep(chosen.dir, chosen.base, [int(factor) for factor in chosen.factors.split(",")])


if __name__ == "__main__":
    main()
