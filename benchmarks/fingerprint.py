"""Fingerprints against sha256sum: one large file in a size sweep, and a directory of many files.

Run with ``python benchmarks/fingerprint.py [--size MIB]``. Ratios matter, not times: below 1.00 we
are the faster one. Files are in the page cache, so that hashing is measured and not the disk.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gatebook.fingerprint.fingerprint import Algorithm, fingerprint_path

_MIB = 1024 * 1024


def best_of(runs: int, deed: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        deed()
        times.append(time.perf_counter() - started)
    return min(times)


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def report(count: int, called: str, taken: float) -> None:
    print(f"tree {count:6d} files of 2 KiB  {called:15}  {taken:6.3f} s  {count / taken:7.0f}/s")


def large_file(place: Path, mebibytes: int) -> None:
    path = place / "large"
    block = os.urandom(_MIB)
    with path.open("wb") as stream:
        for _ in range(mebibytes):
            stream.write(block)
    ours = best_of(3, lambda: fingerprint_path(path))

    def bare() -> None:
        with path.open("rb", buffering=0) as stream:
            hashlib.file_digest(stream, "sha256")

    python = best_of(3, bare)
    line = f"file {mebibytes:5d} MiB  ours {ours:7.3f} s  {mebibytes / ours:6.0f} MiB/s"
    line += f"  / hashlib.file_digest {ours / python:4.2f}"
    for program in (["sha256sum"], ["openssl", "dgst", "-sha256"]):
        if shutil.which(program[0]) is not None:
            other = best_of(3, partial(run, [*program, str(path)]))
            line += f"  / {program[0]} {ours / other:4.2f}"
    print(line)
    path.unlink()


def many_files(place: Path, count: int) -> None:
    root = place / "many"
    for number in range(count):
        directory = root / f"{number // 100:04d}"
        if number % 100 == 0:
            directory.mkdir(parents=True)
        (directory / f"{number:06d}").write_bytes(os.urandom(2048))
    for algorithm in (Algorithm.GATEBOOK_DIR_V1, Algorithm.KOSLI_DIR_V1):
        taken = best_of(3, partial(fingerprint_path, root, algorithm=algorithm))
        report(count, str(algorithm), taken)
    command = f"find {root} -type f -print0 | xargs -0 sha256sum"
    report(count, "find+sha256sum", best_of(3, partial(run, ["sh", "-c", command])))
    shutil.rmtree(root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the largest file")
    largest = parser.parse_args().size
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        for size in (max(1, largest // 100), max(1, largest // 10), largest):
            large_file(Path(name), size)
        for count in (100, 1000, 10_000):
            many_files(Path(name), count)


if __name__ == "__main__":
    main()
