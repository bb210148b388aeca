"""How long the gate takes to decide, to record, and to decide again.

Run: python benchmarks/gate.py [--quick]
A book on disk (SQLite, files), an artifact with provenance, SBOM, two test results and an approval
under a contract with every control. "cold" reads and verifies each document for the first time in
the process; "warm" has seen it before.
"""

import importlib.util
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from gatebook.digest import sha256
from gatebook.facts.opened import forget_documents
from gatebook.stores.files import FileBlobs
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.stores.sqlite_ledger import SqliteLedger

QUICK = "--quick" in sys.argv
ROUNDS = 50 if QUICK else 400


def load_kit() -> ModuleType:
    """The kit of the unit tests: a book, and words for what happens in it."""
    path = Path(__file__).parents[1] / "tests" / "unit" / "conftest.py"
    spec = importlib.util.spec_from_file_location("kit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kit"] = module
    spec.loader.exec_module(module)
    return module


KIT = load_kit()


def a_book(directory: Path, *, components: int, others: int = 0) -> Any:
    path = directory / "ledger.db"
    SqliteLedger.create(path)
    book = KIT.BookKit(
        store=SqliteLedger(path),
        blobs=FileBlobs(directory / "blobs"),
        index=SqliteIndex(directory / "index.db"),
    )
    book.trust()
    book.demand()
    body = KIT.EvidenceRefused(bytes_digest=KIT.API, code="trust.unknown-key")
    for start in range(0, others, 1000):
        book.ledger.append(
            *(
                KIT.Draft(actor=KIT.CI, subjects=(sha256(b"%d" % number),), body=body)
                for number in range(start, min(start + 1000, others))
            )
        )
    book.catch_up()
    book.record()
    book.accept(KIT.a_provenance())
    book.accept(KIT.an_sbom(components))
    book.accept(KIT.a_test_result([f"test_{number}" for number in range(300)]))
    book.accept(KIT.a_test_result(["test_end_to_end"]))
    book.approve("ana")
    return book


def measure(call: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds."""
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def line(what: str, figures: tuple[float, float], more: str = "") -> None:
    print(f"{what:58} p50 {figures[0]:8.2f} ms   p99 {figures[1]:8.2f} ms   {more}")


def cold(book: Any) -> Callable[[], object]:
    def decide() -> object:
        forget_documents()
        return book.consider()

    return decide


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for components in (5, 50, 500) if QUICK else (5, 50, 500, 5000, 50_000):
            directory = base / f"components-{components}"
            directory.mkdir()
            book = a_book(directory, components=components)
            assert book.consider().verdict.value == "allow"
            rounds = ROUNDS if components < 5000 else 20
            line(f"decide, {components} components, warm", measure(book.consider, rounds))
            line(f"decide, {components} components, cold", measure(cold(book), min(rounds, 60)))
            if components == 500:
                line("decide and record durably, warm", measure(book.judge, 100))
                document = book.judge().decision.encode()
                figures = measure(lambda book=book, document=document: book.replay(document))
                line("replay, warm", figures, f"{1000 / figures[0]:.0f}/s")
        for others in (100, 1000, 10_000) if QUICK else (1000, 10_000, 100_000):
            directory = base / f"others-{others}"
            directory.mkdir()
            book = a_book(directory, components=500, others=others)
            line(f"decide, 500 components, {others} other entries", measure(book.consider))
        replays(base)


def replays(base: Path) -> None:
    """Replay decisions about different artifacts, none of them seen before."""
    count = 20 if QUICK else 200
    directory = base / "replays" if base.exists() else Path(tempfile.mkdtemp())
    directory.mkdir(parents=True, exist_ok=True)
    book = a_book(directory, components=3)
    documents = []
    for number in range(count):
        subject = sha256(b"artifact %d" % number)
        book.record(subject)
        book.accept(KIT.a_provenance(subject=subject), subject=subject)
        book.accept(KIT.an_sbom(500, subject=subject, first=number), subject=subject)
        book.accept(KIT.a_test_result(subject=subject), subject=subject)
        book.approve("ana", subject=subject)
        documents.append(book.judge(subject).decision.encode())
    forget_documents()
    start = time.perf_counter()
    for document in documents:
        book.replay(document)
    elapsed = time.perf_counter() - start
    print(f"replay of {count} different decisions, 500 components each: {count / elapsed:.0f}/s")


if __name__ == "__main__":
    main()
