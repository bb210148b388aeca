"""Cold start of the command line: wall and processor time of whole processes.

Run: ``python benchmarks/cli.py [runs]``. Bytecode is compiled before anything is measured.
The size sweep verifies receipts of logs of 1, 100 and 10,000 entries: the cost must not grow.
"""

import compileall
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gatebook
from gatebook import Book

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
GATEBOOK = str(Path(sys.executable).with_name("gatebook"))
TARGETS = {"--help": 60, "verify RECEIPT": 120}


def measure(*command: str, where: Path) -> tuple[list[float], list[float]]:
    """Wall and processor milliseconds of each run."""
    walls, processor = [], []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, cwd=where, capture_output=True, check=True)
        walls.append((time.perf_counter() - start) * 1000)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        processor.append(used * 1000)
    return walls, processor


def show(name: str, *command: str, where: Path) -> float:
    """Measure, print a line, and return the smallest wall time."""
    walls, processor = measure(*command, where=where)
    target = TARGETS.get(name)
    verdict = "" if target is None else f"  target {target} ms"
    print(
        f"{name:<28} wall min {min(walls):6.1f}  median {statistics.median(walls):6.1f}  "
        f"CPU min {min(processor):6.1f} ms{verdict}"
    )
    return min(walls)


def main() -> None:
    """Print the machine, then one line per command."""
    compileall.compile_dir(str(Path(gatebook.__file__).parent), quiet=2)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, {RUNS} runs"
    )
    with tempfile.TemporaryDirectory() as scratch:
        where = Path(scratch)
        floor = show("python -c pass", sys.executable, "-c", "pass", where=where)
        help_time = show("--help", GATEBOOK, "--help", where=where)
        show("--version", GATEBOOK, "--version", where=where)
        with Book.create(where / "book", origin="ledger.example.com/acme") as book:
            for size in (1, 100, 10_000):
                while book.size() < size:
                    book.record(f"sha256:{book.size():064x}", name="api")
                (where / f"{size}.p").write_bytes(book.receipt(0).encode())
            (where / "entry").write_bytes(book.entry_bytes(0))
            key = book.log_key
        for size in (1, 100, 10_000):
            arguments = ("verify", f"{size}.p", "--entry", "entry", "--log-key", key)
            name = "verify RECEIPT" if size == 1 else f"verify RECEIPT, {size:,} entries"
            taken = show(name, GATEBOOK, *arguments, where=where)
        show("fingerprint FILE", GATEBOOK, "fingerprint", "entry", where=where)
        show("log, 10,000 entries", GATEBOOK, "log", "--ledger", "book", where=where)
        show("query -e prod", GATEBOOK, "query", "-e", "prod", "--ledger", "book", where=where)
        show("gate", *_gate(), where=where)
    print(f"ratio --help / bare interpreter {help_time / floor:.1f}, verify {taken / floor:.1f}")


def _gate() -> tuple[str, ...]:
    """Judge without a contract, which is undecided and exits with 4: only start-up counts."""
    command = f"{GATEBOOK} gate sha256:{1:064x} -e prod --ledger book; test $? -eq 4"
    return ("sh", "-c", command)


if __name__ == "__main__":
    main()
