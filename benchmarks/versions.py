"""How many version keys are made a second: by scheme, by length, and beside other libraries.

Run: python benchmarks/versions.py [--quick]
A rate is the best of several runs: ``new`` goes past the cache, ``again`` asks the cache for what
it was asked before. Peers, where they are installed, parse and compare the same versions: packaging
for Python, univers for the others.
"""

import functools
import importlib
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gatebook.vulnerabilities.versions.ecosystem import scheme_of_vers_type
from gatebook.vulnerabilities.versions.scheme import Scheme, version_key
from gatebook.vulnerabilities.versions.vers import VersRange

QUICK = "--quick" in sys.argv
COUNT = 4_000 if QUICK else 20_000
RUNS = 3 if QUICK else 7
TARGET = 150_000
UNCACHED = version_key.__wrapped__

SUFFIXES: dict[Scheme, Sequence[str]] = {
    Scheme.ALPM: ("-1", "-2", "rc1-1", ".arch1-1", "+4+gabc-3"),
    Scheme.APK: ("-r0", "-r5", "_rc1-r0", "_git20240101-r2", "a-r1"),
    Scheme.BITNAMI: ("", "-1", "-12", "-rc.1"),
    Scheme.COMPOSER: ("", "-beta1", "-RC2", "-dev"),
    Scheme.CONAN: ("", "k", "-rc1", "+b1"),
    Scheme.DEB: ("-1", "-9+deb12u4", "~rc1-1ubuntu3.2", "+dfsg-2", "-0.1~bpo12+1"),
    Scheme.GEM: ("", ".rc1", ".beta.2", ".pre"),
    Scheme.GENERIC: ("", "a", "-rc3", "patch1"),
    Scheme.GENTOO: ("", "-r1", "_rc1", "_p2-r3", "b"),
    Scheme.GIT_TAG: ("", "-beta", "-rc.1"),
    Scheme.GO: ("", "+incompatible", "-0.20191101214924-b1b5c44e050f", "-rc.1"),
    Scheme.MAVEN: ("", ".Final", ".RELEASE", "-SNAPSHOT", "-M1", "-alpha-1", "-jre"),
    Scheme.NUGET: ("", ".4", "-preview.3.21201.4", "-beta1"),
    Scheme.OPENSSL: ("", "k", "zk", "-beta1"),
    Scheme.PEP440: ("", "rc1", ".post1", ".dev3", "a1.dev2", "+cu118"),
    Scheme.PUB: ("", "+1", "-dev.1", "-beta+2"),
    Scheme.RPM: ("-9.el8_7", "-60.el9", "~rc1-1.fc40", "^git1-2", "-1.module+el8.4.0+520"),
    Scheme.SEMVER: ("", "-rc.1", "-beta", "-alpha.1.2", "+build.5"),
}
PEERS = {
    Scheme.ALPM: "ArchLinuxVersion",
    Scheme.DEB: "DebianVersion",
    Scheme.GEM: "RubygemsVersion",
    Scheme.MAVEN: "MavenVersion",
    Scheme.NUGET: "NugetVersion",
    Scheme.RPM: "RpmVersion",
    Scheme.SEMVER: "SemverVersion",
}


def machine() -> str:
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    return f"{os.cpu_count()} x {cpu}, {platform.system()}, Python {platform.python_version()}"


def some_versions(scheme: Scheme, count: int, numbers: int = 3) -> list[str]:
    source = random.Random(20261120)
    if scheme is Scheme.DATETIME:
        return [
            f"20{each % 90 + 10}-0{each % 9 + 1}-11T10:{each % 60:02}:00Z" for each in range(count)
        ]
    suffixes = SUFFIXES.get(scheme, ("",))
    found: dict[str, None] = {}
    while len(found) < count:
        text = ".".join(str(source.randrange(source.choice((3, 40, 400)))) for _ in range(numbers))
        found[text + source.choice(suffixes)] = None
    return list(found)


def rate(call: Callable[[str], object], texts: list[str]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        for text in texts:
            call(text)
        best = min(best, time.perf_counter() - start)
    return len(texts) / best


def sorting_rate(read: Callable[[str], object], texts: list[str]) -> float:
    start = time.perf_counter()
    sorted(texts, key=read)  # type: ignore[arg-type]
    return len(texts) / (time.perf_counter() - start)


def peer(scheme: Scheme) -> Callable[[str], object] | None:
    try:
        if scheme is Scheme.PEP440:
            return importlib.import_module("packaging.version").Version
        if scheme in PEERS:
            return getattr(importlib.import_module("univers.versions"), PEERS[scheme])
    except ImportError:
        return None
    return None


def main() -> int:
    print(machine())
    print(f"\nkeys a second, {COUNT:,} versions; target {TARGET:,}")
    print(f"{'scheme':15}{'new':>12}{'again':>14}   sorting, times as fast as the peer")
    slow = []
    for scheme in Scheme:
        texts = some_versions(scheme, COUNT)
        new = rate(functools.partial(UNCACHED, scheme), texts)
        again = rate(functools.partial(version_key, scheme), texts)
        theirs = peer(scheme)
        ratio = ""
        if theirs is not None:
            few = texts[:2000]
            ours = sorting_rate(functools.partial(UNCACHED, scheme), few)
            ratio = f"{ours / sorting_rate(theirs, few):8.1f}"
        print(f"{scheme!s:15}{new:>12,.0f}{again:>14,.0f}   {ratio}")
        if new < TARGET:
            slow.append(str(scheme))

    print(
        "\nmicroseconds a key by the count of numbers in a version (the cost grows with the text)"
    )
    sizes = (3, 30, 200)
    print(f"{'scheme':15}" + "".join(f"{size:>10}" for size in sizes))
    for scheme in (Scheme.MAVEN, Scheme.DEB, Scheme.RPM, Scheme.ALPM, Scheme.GEM, Scheme.PEP440):
        cells = []
        for size in sizes:
            texts = [each for each in some_versions(scheme, 400, size) if len(each) <= 1000]
            cells.append(f"{1e6 / rate(functools.partial(UNCACHED, scheme), texts):>10.1f}")
        print(f"{scheme!s:15}" + "".join(cells))

    print("\nmicroseconds to ask a range, by its constraints")
    assert scheme_of_vers_type("npm") is Scheme.SEMVER
    for size in (2, 20, 200):
        pairs = "|".join(f">={each}.0.0|<{each}.5.0" for each in range(size // 2))
        found = VersRange.parse(f"vers:npm/{pairs}")
        print(f"{size:>15}{1e6 / rate(found.contains, ['1.2.3'] * 200):>10.1f}")
    if slow:
        print(f"\nbelow the target: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
