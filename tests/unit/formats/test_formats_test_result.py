"""The in-toto test-result predicate."""

from typing import Any

import pytest

from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.test_result import TEST_RESULT_V0_1, TestOutcome, TestResult

GOOD: dict[str, Any] = {
    "result": "FAILED",
    "configuration": [{"name": "ci.yml", "digest": {"sha256": "a" * 64}}],
    "url": "https://ci.acme.example/7",
    "passedTests": ["a"],
    "warnedTests": [],
    "failedTests": ["b", "c"],
}


def read(predicate: dict[str, Any], predicate_type: str = TEST_RESULT_V0_1) -> TestResult:
    subject = Subject(digests=DigestSet.of({"sha256": "a" * 64}))
    return TestResult.from_statement(
        Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)
    )


def test_a_result_is_read_and_written() -> None:
    result = read(GOOD)
    assert result.result is TestOutcome.FAILED
    assert result.failed_tests == ("b", "c")
    assert result.configuration[0].digests == DigestSet.of({"sha256": "a" * 64})
    assert result.to_predicate() == GOOD


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "passed"},
        {"result": "OK"},
        {"result": None},
        {"result": "PASSED"},  # with two failed tests
        {"configuration": []},
        {"configuration": [{"name": "ci.yml"}]},
        {"passedTests": [1]},
        {"failedTests": "b"},
        {"url": 7},
    ],
)
def test_a_broken_result_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        read({**GOOD, **changes})
    assert refusal.value.code == "formats.test-result"


def test_another_predicate_type_is_refused() -> None:
    with pytest.raises(MalformedError):
        read(GOOD, TEST_RESULT_V0_1 + "/")
