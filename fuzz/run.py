"""Run fuzzing targets with atheris, or without it by plain mutation.

    python fuzz/run.py                         every target, ten seconds each
    python fuzz/run.py bundle sshsig --seconds 300
    python fuzz/run.py --list
    python fuzz/run.py --record --seconds 60   keep small inputs that reach new code
    python fuzz/run.py --replay FILE bundle    one input, with the traceback

Inputs come from the targets' own seeds, from ``fuzz/corpus`` and, unless ``--record`` is given,
from the shared vectors when they are there; what is recorded is made from our own seeds only. An
input that breaks a property is written to ``fuzz/crashes`` (or ``--crashes DIR``), and the exit
status is 1.
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
if TYPE_CHECKING:
    from fuzz.target import Target

CORPUS = HERE / "corpus"
VECTORS = Path(os.environ.get("GATEBOOK_VECTORS", HERE.parents[1] / "shared" / "vectors"))
RECORDED_BYTES = {16_384: 8_000, 65_536: 40_000}
RECORDED_FILES = 24
RECORDED_LENGTH = 12_000


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2], sys.argv[3], sys.argv[4:])
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=10, help="for each target (default: 10)")
    parser.add_argument("--crashes", type=Path, default=HERE / "crashes")
    parser.add_argument("--record", action="store_true", help="renew the recorded corpus")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="check one input")
    options = parser.parse_args()

    from fuzz.targets import TARGETS

    if options.list:
        print("\n".join(TARGETS))
        return 0
    unknown = sorted(set(options.targets) - TARGETS.keys())
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; see --list")
    names = options.targets or list(TARGETS)
    if options.replay:
        for name in names:
            accepted = TARGETS[name].run(options.replay.read_bytes())
            print(f"{name}: {'accepted' if accepted else 'refused'}")
        return 0
    broken = [
        name
        for name in names
        if not fuzz(name, options.seconds, options.crashes, record=options.record)
    ]
    if broken:
        print(f"broken: {', '.join(broken)}; inputs in {options.crashes}")
    return 1 if broken else 0


def inputs(name: str, *, vectors: bool) -> Iterator[bytes]:
    """Where a run starts from."""
    from fuzz.targets import TARGETS

    target = TARGETS[name]
    yield from target.seeds()
    for path in sorted((CORPUS / name).glob("*")):
        yield path.read_bytes()
    if vectors and VECTORS.is_dir():
        for pattern in target.vectors:
            for path in sorted(VECTORS.glob(pattern)):
                if path.stat().st_size <= target.max_len:
                    yield path.read_bytes()


def fuzz(name: str, seconds: int, crashes: Path, *, record: bool) -> bool:
    """Run one target; whether its property held."""
    crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gatebook-fuzz-") as scratch:
        found = Path(scratch) / "found"
        found.mkdir()
        ran = subprocess.run(
            [
                *(sys.executable, __file__, "--child", name, "ours" if record else "all"),
                *(str(found), f"-max_total_time={seconds}"),
                *(f"-artifact_prefix={crashes / name}-", *limits(name)),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        print(f"{name}: {summary(ran.stdout + ran.stderr)}", flush=True)
        if record:
            record_corpus(name, found)
        if ran.returncode:
            print(tail(ran.stdout + ran.stderr))
    return ran.returncode == 0


def limits(name: str) -> list[str]:
    from fuzz.targets import TARGETS

    return [f"-max_len={TARGETS[name].max_len}", "-timeout=20", "-rss_limit_mb=2048"]


def record_corpus(name: str, found: Path) -> None:
    """Keep the good seeds, and a few of the inputs that reached new code, small and large."""
    from fuzz.targets import TARGETS

    place = CORPUS / name
    shutil.rmtree(place, ignore_errors=True)
    if not TARGETS[name].recordable:
        return
    place.mkdir(parents=True)
    seeds = list(TARGETS[name].seeds())
    reached = sorted(
        (path.read_bytes() for path in found.glob("*")), key=lambda data: (len(data), data)
    )
    reached = [data for data in reached if len(data) <= RECORDED_LENGTH]
    step = max(1, len(reached) // RECORDED_FILES)
    total, limit = 0, RECORDED_BYTES.get(TARGETS[name].max_len, 8_000)
    for data in [*seeds, *reached[::step]]:
        if total + len(data) <= limit and len(list(place.iterdir())) < RECORDED_FILES:
            total += len(data)
            keep(place, data)


def keep(place: Path, data: bytes) -> None:
    (place / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def summary(output: str) -> str:
    last = re.findall(r"^#\d+\s.*?exec/s: \d+|^#\d+\sDONE.*$", output, re.MULTILINE)
    return last[-1].strip() if last else "did not start"


def tail(output: str) -> str:
    noise = re.compile(r"INFO|#\d+\s|\s*$")
    lines = [line for line in output.splitlines() if noise.match(line) is None]
    start = next((n for n, line in enumerate(lines) if "Uncaught Python exception" in line), -40)
    return "\n".join(lines[start : start + 40] if start >= 0 else lines[start:])


def child(name: str, start: str, arguments: list[str]) -> int:
    """Run inside a process of its own: the engine never returns.

    The inputs are made here: some are signed with keys that no other process has.
    """
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is not None:
        with atheris.instrument_imports(include=["gatebook"]):
            from fuzz.targets import TARGETS
    else:
        from fuzz.targets import TARGETS
    from fuzz.mutation import mutate_document

    target = TARGETS[name]
    for data in inputs(name, vectors=start == "all"):
        keep(Path(arguments[0]), data)
    if atheris is None:
        return plain(target, arguments)

    def one(data: bytes) -> None:
        target.run(data)

    def other(data: bytes, max_size: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            changed = mutate_document(data, dice)
            if changed is not None:
                return changed[:max_size]
        return bytes(atheris.Mutate(data, max_size))

    atheris.Setup([name, *arguments], one, custom_mutator=other)
    atheris.Fuzz()
    return 0


def plain(target: "Target", arguments: list[str]) -> int:
    """Mutate without looking at what is reached, where atheris is not to be had."""
    from fuzz.mutation import mutate

    settings = dict(item[1:].split("=", 1) for item in arguments if item.startswith("-"))
    samples = [path.read_bytes() for path in sorted(Path(arguments[0]).glob("*"))]
    dice = random.Random(target.name)
    end, count = time.monotonic() + int(settings["max_total_time"]), 0
    while time.monotonic() < end:
        data = mutate(dice.choice(samples), dice)[: int(settings["max_len"])]
        count += 1
        try:
            target.run(data)
        except BaseException:
            digest = hashlib.sha256(data).hexdigest()[:40]
            Path(f"{settings['artifact_prefix']}crash-{digest}").write_bytes(data)
            raise
    print(f"#{count}\tDONE plain mutation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
