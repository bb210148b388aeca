"""The tests that the threat model names are there."""

import re
from pathlib import Path

ROW = re.compile(
    r"^\| (\d+) \|.*\| ((?:`[a-z_/]+\.py`: (?:`\w+`(?:, )?)+(?:; )?)+) \|$", re.MULTILINE
)
TESTS = re.compile(r"`([a-z_/]+\.py)`: ((?:`\w+`(?:, )?)+)")
CLASSES = 44


def test_every_way_around_a_verifier_has_a_test_that_exists(
    repository: Path, pages: dict[str, str]
) -> None:
    rows = ROW.findall(pages["docs/concepts/threat-model.md"])
    missing = [
        f"{number} {name}"
        for number, tested in rows
        for file, names in TESTS.findall(tested)
        for name in re.findall(r"\w+", names)
        if f"def {name}(" not in (repository / "tests" / file).read_text("utf-8")
    ]

    assert [int(number) for number, _ in rows] == list(range(1, CLASSES + 1))
    assert missing == []
