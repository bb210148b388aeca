"""How fast entries are folded into the index, and how fast it answers as it grows.

Run: ``python benchmarks/index.py [--dir PLACE] [--base 10000] [--factors 1,10,100]``.
"""

import argparse
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.index.project import follow
from gatebook.index.query import Query
from gatebook.ledger.entry import Entry, decode_entry, encode_entry
from gatebook.ledger.kinds import (
    ArtifactKind,
    ArtifactRecorded,
    Body,
    DecisionMade,
    DeploymentFinished,
    EvidenceReported,
    Verdict,
)
from gatebook.names import Actor, ArtifactName, EnvironmentName
from gatebook.stores.sqlite_index import SqliteIndex

ACTOR = Actor.parse("https://token.example#repo:acme/api")
PROD = EnvironmentName.parse("prod")
START = Instant.parse("2026-01-01T00:00:00Z").unix_ms
NAMES = 200


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


def body_of(number: int) -> Body:
    release, step = divmod(number, 4)
    name = ArtifactName(f"acme/service-{release % NAMES}")
    match step:
        case 0:
            return ArtifactRecorded(name=name, artifact=ArtifactKind.IMAGE, algorithm="oci")
        case 1:
            return EvidenceReported(format="junit")
        case 2:
            return DecisionMade(environment=PROD, verdict=Verdict.ALLOW)
        case _:
            return DeploymentFinished(environment=PROD, name=name)


def entries(count: int) -> Iterator[tuple[int, Entry]]:
    """Releases, each an artifact, its tests, a decision and a deployment under one of 200 names."""
    for number in range(count):
        digest = hashlib.sha256(b"%d" % (number // 4)).hexdigest()
        yield (
            number,
            Entry(
                id=f"{number:08x}-0000-7000-8000-000000000000",
                time=Instant(START + number * 1000),
                actor=ACTOR,
                body=body_of(number),
                subjects=(Digest("sha256", digest),),
            ),
        )


def show(what: str, count: int, seconds: float, *, rate: bool = True) -> float:
    each = f"{count / seconds:,.0f}/s" if rate else f"{seconds / count * 1e3:,.3f} ms"
    print(f"| {what:<52} | {count:>9,} | {seconds:>8.2f} s | {each:>14} |", flush=True)
    return count / seconds


def measure(place: Path, size: int, factor: int, rates: dict[tuple[str, int], float]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="index-", dir=place))
    index = SqliteIndex(folder / "index.db")
    folding = 0.0
    waiting = []
    for item in entries(size):
        waiting.append(item)
        if len(waiting) == 10_000 or item[0] == size - 1:
            start = time.perf_counter()
            follow(index, waiting)
            folding += time.perf_counter() - start
            waiting = []
    rates["fold", factor] = show(f"{size:,}: entries folded in", size, folding)
    bodies = [encode_entry(entry) for _, entry in entries(min(size, 20_000))]
    start = time.perf_counter()
    for body in bodies:
        decode_entry(body)
    rates["decode", factor] = show(
        f"{size:,}: entries decoded", len(bodies), time.perf_counter() - start
    )
    query = Query(index)
    moments = [Instant(START + size * 1000 * part // 20) for part in range(1, 20)]
    start = time.perf_counter()
    for moment in moments:
        running = query.running(PROD, moment)
    seconds = time.perf_counter() - start
    rates["as of", factor] = show(
        f"{size:,}: what ran then, {len(running)} names", len(moments), seconds, rate=False
    )
    digests = [
        Digest("sha256", hashlib.sha256(b"%d" % (size // 4 * part // 500)).hexdigest())
        for part in range(500)
    ]
    start = time.perf_counter()
    for digest in digests:
        assert list(query.entries_about(digest))
    rates["by digest", factor] = show(
        f"{size:,}: entries about a digest", 500, time.perf_counter() - start, rate=False
    )
    index.close()
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--base", type=int, default=10_000)
    parser.add_argument("--factors", default="1,10,100")
    chosen = parser.parse_args()
    factors = [int(factor) for factor in chosen.factors.split(",")]
    print(machine())
    print(f"\n| {'what':<52} | {'number':>9} | {'time':>10} | {'each':>14} |")
    print(f"|{'-' * 54}|{'-' * 11}|{'-' * 12}|{'-' * 16}|")
    rates: dict[tuple[str, int], float] = {}
    for factor in factors:
        measure(chosen.dir, chosen.base * factor, factor, rates)
    print("\nRates relative to the smallest index:\n")
    for name in dict.fromkeys(name for name, _ in rates):
        ratios = [
            f"x{factor}: {rates[name, factor] / rates[name, factors[0]]:.2f}" for factor in factors
        ]
        print(f"- {name}: {', '.join(ratios)}")


if __name__ == "__main__":
    main()
