"""The recorded inputs of the fuzzer, and some changed ones, through every target."""

import hashlib
import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SLOW = {"cosign-key"}  # every input that is well-formed costs a second of key derivation


def _load() -> ModuleType:
    """The package ``fuzz`` of the repository, which is not installed."""
    if "fuzz" not in sys.modules:
        place = REPOSITORY / "fuzz" / "__init__.py"
        spec = importlib.util.spec_from_file_location(
            "fuzz", place, submodule_search_locations=[str(place.parent)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["fuzz"] = module
        spec.loader.exec_module(module)
    return importlib.import_module("fuzz.targets")


TARGETS: dict[str, Any] = _load().TARGETS
RECORDED = sorted(name for name, target in TARGETS.items() if target.recordable)
mutate = importlib.import_module("fuzz.mutation").mutate


def recorded(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((REPOSITORY / "fuzz" / "corpus" / name).glob("*"))]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_inputs_give_a_result_or_our_error(name: str) -> None:
    inputs = recorded(name)
    assert inputs, "run: python fuzz/run.py --record"
    for data in inputs:
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_at_least_one_seed_is_accepted(name: str) -> None:
    """A target that refuses everything proves nothing."""
    accepted = [TARGETS[name].run(data) for data in TARGETS[name].seeds()]
    refuses_everything = {"bundle-wrong-key", "sshsig-wrong-key", "verify-wrong-key"}
    refuses_everything |= {"layout-unsigned", "timestamp-response"}
    assert any(accepted) is (name not in refuses_everything)


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - SLOW))
def test_changed_inputs_give_a_result_or_our_error(name: str) -> None:
    dice = random.Random(name)  # noqa: S311  # the same changes in every run
    samples = [*TARGETS[name].seeds(), *recorded(name)]
    for _ in range(150):
        data = mutate(dice.choice(samples), dice)
        try:
            TARGETS[name].run(data)
        except Exception as error:  # noqa: BLE001  # whatever it is, the input has to be shown
            pytest.fail(f"{type(error).__name__}: {error}; input {data[:400]!r}")


def test_no_recorded_input_is_a_file_of_another_project(vectors: Path) -> None:
    ours = {
        hashlib.sha256(path.read_bytes()).digest()
        for path in (REPOSITORY / "fuzz" / "corpus").glob("*/*")
    }
    theirs = {
        hashlib.sha256(path.read_bytes()).digest()
        for path in vectors.rglob("*")
        if path.is_file() and 16 < path.stat().st_size < 65_536  # "{}" is nobody's
    }
    assert ours
    assert not ours & theirs


def test_the_recorded_inputs_stay_small() -> None:
    sizes = [path.stat().st_size for path in (REPOSITORY / "fuzz" / "corpus").glob("*/*")]
    assert sum(sizes) < 300_000
