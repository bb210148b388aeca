"""How long advisories take: to import, to match an SBOM with, to find who is affected by a new one.

Run: python benchmarks/advisories.py [--quick] [--records N[,N…]] [--components N]
Records are generated in the shape of real ones: databases that list every affected version (PyPI),
that give ranges only (Go, npm, Maven, Rust), and those of distributions, with aliases,
severities, references and texts of the usual length. Packages follow a long-tailed distribution.
There is no peer in Python that does this offline from OSV dumps without an index of its own; the
numbers stand beside the targets of the design.
"""

import compileall
import functools
import gc
import json
import multiprocessing
import os
import platform
import random
import re
import resource
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gatebook
from gatebook.clock import Instant
from gatebook.stores.advisory_import import import_advisories
from gatebook.stores.advisory_store import AdvisoryStore
from gatebook.stores.occurrence_store import SqliteOccurrences
from gatebook.vulnerabilities.match import Matcher
from gatebook.vulnerabilities.occurrences import range_questions
from gatebook.vulnerabilities.package_identity import Identified, Unidentified, identify_purl
from gatebook.vulnerabilities.versions.ecosystem import CRATES

QUICK = "--quick" in sys.argv
NOW = Instant.parse("2026-11-20T12:00:00Z")
SBOM = 2_000
ADVISORIES_ASKED = 2_000
WORDS = re.findall(
    r"\w+",
    "attacker remote crafted request overflow memory parser header token session denial service "
    "injection path traversal validation buffer privilege escalation bypass",
)
ECOSYSTEMS = ("PyPI", "Go", "npm", "Maven", CRATES, "Debian:12")
TYPES = {"PyPI": "pypi", "Go": "golang", "npm": "npm", "Maven": "maven", CRATES: "cargo"}


def argument(name: str, default: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


SIZES = [
    int(each) for each in argument("--records", "5000" if QUICK else "5000,50000,500000").split(",")
]
COMPONENTS = int(argument("--components", "20000" if QUICK else "500000"))


# -- what is generated -----------------------------------------------------------------------------


def package(dice: random.Random, ecosystem: str, packages: int) -> str:
    # Few packages have many advisories, most have a handful.
    number = int(packages * dice.random() ** 2)
    match ecosystem:
        case "Go":
            return f"github.com/owner{number % 997}/module{number}"
        case "Maven":
            return f"org.example{number % 499}:artifact{number}"
        case "npm" if number % 5 == 0:
            return f"@scope{number % 97}/package{number}"
        case _:
            return f"package-{number}"


def version(dice: random.Random, ecosystem: str) -> str:
    text = f"{dice.randrange(12)}.{dice.randrange(30)}.{dice.randrange(20)}"
    if ecosystem == "Debian:12":
        return f"{text}-{dice.randrange(1, 6)}+deb12u{dice.randrange(1, 9)}"
    return text


def record(dice: random.Random, number: int, packages: int) -> dict[str, Any]:
    ecosystem = dice.choice(ECOSYSTEMS)
    name = package(dice, ecosystem, packages)
    low, high = sorted((version(dice, ecosystem), version(dice, ecosystem)), key=ranked)
    events: list[dict[str, str]] = [{"introduced": dice.choice(("0", low))}]
    if dice.random() < 0.8:
        events.append({"fixed": high})
    prefix = {"PyPI": "PYSEC", "Go": "GO", CRATES: "RUSTSEC", "Debian:12": "DEBIAN"}
    affected: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "SEMVER" if ecosystem == "Go" else "ECOSYSTEM", "events": events}],
    }
    if ecosystem == "PyPI":
        affected["versions"] = sorted({version(dice, ecosystem) for _ in range(18)})
    cve = f"CVE-{2010 + number % 17}-{10000 + number}"
    return {
        "schema_version": "1.6.2",
        "id": f"{prefix.get(ecosystem, 'GHSA')}-{2010 + number % 17}-{number}",
        "modified": f"20{10 + number % 17}-0{1 + number % 9}-1{number % 10}T08:25:09.162Z",
        "published": f"20{10 + number % 17}-01-06T10:54:27Z",
        **({"upstream": [cve]} if ecosystem == "Debian:12" else {"aliases": [cve]}),
        "summary": " ".join(dice.choices(WORDS, k=9)),
        "details": " ".join(dice.choices(WORDS, k=70)),
        "affected": [affected],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
        "references": [
            {"type": "WEB", "url": f"https://git.example.com/{name}/issues/{number + each}"}
            for each in range(4)
        ],
        "database_specific": {"url": f"https://advisories.example.com/{number}"},
    }


@functools.cache
def ranked(text: str) -> list[int]:
    return [int(each) for each in text.partition("-")[0].split(".")]


def write_mirror(directory: Path, count: int) -> None:
    """A mirror in the layout of osv-scanner, one archive for each ecosystem."""
    dice = random.Random(count)
    archives: dict[str, zipfile.ZipFile] = {}
    for number in range(count):
        made = record(dice, number, packages_for(count))
        ecosystem = made["affected"][0]["package"]["ecosystem"].partition(":")[0]
        if ecosystem not in archives:
            place = directory / "osv-scanner" / ecosystem
            place.mkdir(parents=True)
            archives[ecosystem] = zipfile.ZipFile(
                place / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1
            )
        data = json.dumps(made, separators=(",", ":")).encode()
        archives[ecosystem].writestr(f"{made['id']}.json", data)
    for each in archives.values():
        each.close()


def packages_for(count: int) -> int:
    return max(200, count // 6)


def purls(dice: random.Random, count: int, records: int) -> list[str]:
    """Components: most are of packages nobody has an advisory for."""
    found = []
    packages = packages_for(records)
    for _ in range(count):
        ecosystem = dice.choice(ECOSYSTEMS)
        if dice.random() < 0.95:
            number = dice.randrange(packages * 4)
            name = f"package-{number}"
            if ecosystem == "Maven":
                name = f"org.example{number % 499}:artifact{number}"
            elif ecosystem == "Go":
                name = f"github.com/owner{number % 997}/module{number}"
        else:
            name = package(dice, ecosystem, packages)
        found.append(purl(ecosystem, name, version(dice, ecosystem)))
    return found


def purl(ecosystem: str, name: str, number: str) -> str:
    if ecosystem == "Debian:12":
        return f"pkg:deb/debian/{name}@{number.replace('+', '%2B')}?arch=amd64&distro=debian-12"
    return f"pkg:{TYPES[ecosystem]}/{name.replace(':', '/').replace('@', '%40')}@{number}"


# -- what is measured ------------------------------------------------------------------------------


def seconds(task: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(text: str, value: str, target: str = "") -> None:
    print(f"  {text:<58} {value:>16}  {target}".rstrip())


def measure_import(directory: Path, count: int) -> Path:
    mirror, store = directory / f"mirror-{count}", directory / f"{count}.gatebook"
    # In a process of its own, so that the memory it takes is not counted.
    maker = multiprocessing.get_context("spawn").Process(target=write_mirror, args=(mirror, count))
    maker.start()
    maker.join()
    size = sum(
        member.file_size
        for path in mirror.rglob("all.zip")
        for member in zipfile.ZipFile(path).infolist()
    )
    took = seconds(lambda: import_advisories([mirror], into=store, now=NOW))
    say(
        f"import {count:,} records, {size / 1e6:,.0f} MB of JSON",
        f"{took:.1f} s",
        f"{count / took:,.0f}/s, file {store.stat().st_size / 1e6:,.0f} MB, peak {peak():,.0f} MB"
        + (", target < 90 s" if count >= 500_000 else ""),
    )
    shutil.rmtree(mirror)
    return store


def measure_sboms(path: Path, count: int) -> None:
    dice = random.Random(1)
    with AdvisoryStore(path) as store:
        matcher = Matcher(store)
        components = purls(dice, SBOM, count)
        cold = seconds(lambda: matcher.match(map(identify_purl, components)))
        warm = [seconds(lambda: matcher.match(map(identify_purl, components))) for _ in range(15)]
        found = matcher.match(map(identify_purl, components))
        pool = sorted(set(components))
        shared = [
            [*dice.sample(pool, SBOM * 9 // 10), *purls(dice, SBOM // 10, count)] for _ in range(8)
        ]
        most = [
            seconds(lambda each=each: matcher.match(map(identify_purl, each))) for each in shared
        ]
        fresh = [purls(dice, SBOM, count) for _ in range(8)]
        others = [
            seconds(lambda each=each: matcher.match(map(identify_purl, each))) for each in fresh
        ]
        say(
            f"SBOM of {SBOM:,} components, {len(found.findings)} findings: first of all",
            f"{cold * 1e3:.1f} ms",
        )
        for what, times in (
            ("the same again (warm)", warm),
            ("others that share 9 of 10 components with it", most),
            ("others that share nothing with it", others),
        ):
            target = "target < 10 ms" if times is warm else ""
            say(f"  {what}, median", f"{statistics.median(times) * 1e3:.1f} ms", target)


def owners_of(components: list[Identified | Unidentified]) -> Iterator[tuple[str, list[Any]]]:
    for number, first in enumerate(range(0, len(components), 500)):
        yield f"sbom-{number}", components[first : first + 500]


def measure_occurrences(directory: Path, path: Path, count: int) -> None:
    dice = random.Random(2)
    # An organisation uses the same packages again and again.
    pool = [identify_purl(each) for each in purls(dice, max(1000, COMPONENTS * 28 // 100), count)]
    components = [dice.choice(pool) for _ in range(COMPONENTS)]
    with (
        AdvisoryStore(path) as store,
        SqliteOccurrences(directory / f"occurrences-{count}.sqlite") as kept,
    ):
        took = seconds(lambda: [kept.put(*each) for each in owners_of(components)])
        counts = kept.counts()
        say(
            f"keep {COMPONENTS:,} components of {counts.owners:,} owners",
            f"{took:.1f} s",
            f"{counts.components:,} distinct, {counts.occurrences:,} occurrences",
        )
        touched = kept.rematch(store)
        again = [seconds(lambda: kept.rematch(store)) for _ in range(5)]
        say(
            f"match all again: {len(touched):,} distinct matches",
            f"{statistics.median(again) * 1e3:.0f} ms",
            "target < 1 s",
        )
        ids = dice.sample([each for each, _ in store.digests()], min(ADVISORIES_ASKED, count))
        numbers = store.numbers(ids)
        records = store.records(numbers.values())
        times, hits = [], 0
        for each in records.values():
            start = time.perf_counter()
            found = kept.having(range_questions(each))
            times.append(time.perf_counter() - start)
            hits += len(found)
        times.sort()
        say(
            f"one new advisory -> owners, {hits / len(times):.1f} on average: p50",
            f"{times[len(times) // 2] * 1e6:.0f} us",
        )
        say("  p99", f"{times[len(times) * 99 // 100] * 1e3:.2f} ms", "target < 10 ms")
        say("  longest", f"{times[-1] * 1e3:.2f} ms")


def main() -> None:
    compileall.compile_dir(str(Path(gatebook.__file__).parent), quiet=2)
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        for count in SIZES:
            path = measure_import(directory, count)
            measure_sboms(path, count)
            measure_occurrences(directory, path, count)


if __name__ == "__main__":
    main()
