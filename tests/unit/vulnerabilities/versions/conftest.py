"""Keys against comparers: random and adversarial pairs, judged by both."""

import os
import random
from collections.abc import Callable

import pytest

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.scheme import Scheme, version_key

PAIRS = int(os.environ.get("GATEBOOK_VERSION_PAIRS", "4000"))

Generator = Callable[[random.Random], str]
Comparer = Callable[[str, str], int]
Differences = Callable[[Scheme, Generator, Comparer], list[tuple[str, str, int, int]]]


@pytest.fixture
def differences() -> Differences:
    """Pairs on which key and comparer differ, with what each says; most pairs must be judged.

    A pair is two random versions, or a version and the same with one character changed.
    """

    def judge(
        scheme: Scheme, generate: Generator, compare: Comparer
    ) -> list[tuple[str, str, int, int]]:
        source = random.Random(20261120)  # noqa: S311 - test data
        found = []
        judged = 0
        for turn in range(PAIRS):
            left, right = generate(source), generate(source)
            if turn % 2:
                cut = source.randrange(len(left))
                right = left[:cut] + source.choice("0129.-~^+_abrc") + left[cut + 1 :]
            try:
                ours = version_key(scheme, left), version_key(scheme, right)
            except GatebookError:
                continue
            judged += 1
            by_key = (ours[0] > ours[1]) - (ours[0] < ours[1])
            by_rule = compare(left, right)
            if by_key != by_rule:
                found.append((left, right, by_key, by_rule))
        assert judged > PAIRS // 3
        return found

    return judge
