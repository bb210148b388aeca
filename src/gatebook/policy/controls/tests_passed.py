"""The artifact was tested, and nothing that was tested failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.policy.control import Roles, damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["TestsPassed"]


@dataclass(frozen=True, slots=True)
class TestsPassed:
    """Signed test results exist for this digest, and none of them is a failure.

    A failed run of exactly this digest stays a failure: running it again until it is green does
    not make it vanish. A new build has a new digest.
    """

    name: ClassVar[str] = "tests-passed"
    purpose: ClassVar[str] = "The artifact was tested, and no test run of it failed."
    satisfied_by: ClassVar[str] = (
        "accepted test-result attestations about the digest, all of them PASSED"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"min-tests": "how many passed tests one result must have at least; 1 if absent"}
    )

    min_tests: int

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take ``min-tests``."""
        del roles
        return cls(min_tests=parameters.count("min-tests", 1))

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for a failure first, then for enough that passed."""
        del roles
        expected = f"every signed test result passed, one of them with {self.min_tests} or more"
        found = facts.of_kind(PredicateKind.TEST_RESULT)
        results = [(fact, fact.content) for fact in found if isinstance(fact.content, TestResult)]
        failed = [(fact, result) for fact, result in results if _failed(result)]
        if failed:
            return Finding(
                status=Status.FAIL,
                code="policy.tests-failed",
                expected=expected,
                found=listed(_describe(fact, result) for fact, result in failed),
                fix="mend what fails and build again: the new build has a new digest",
                evidence=tuple(fact.entry.id for fact, _ in failed),
            )
        damaged = damaged_finding(found, expected)
        if damaged is not None:
            return damaged
        unclear = [fact for fact in found if _is_unclear(fact)]
        if unclear:
            return Finding(
                status=Status.FAIL,
                code="policy.tests-unclear",
                expected=expected,
                found=describe_problems(unclear),
                fix="build again, and hand in results that agree with their report",
                evidence=tuple(fact.entry.id for fact in unclear),
            )
        enough = [
            (fact, result) for fact, result in results if len(result.passed_tests) >= self.min_tests
        ]
        if enough:
            fact, result = enough[-1]
            return Finding(
                status=Status.PASS,
                code="policy.tests-passed",
                expected=expected,
                found=f"{len(result.passed_tests)} tests passed in entry {fact.entry.index}",
                evidence=tuple(fact.entry.id for fact, _ in results),
            )
        short = [
            f"entry {fact.entry.index}: {len(result.passed_tests)} tests passed"
            for fact, result in results
        ]
        problems = listed(part for part in (*short, describe_problems(found)) if part)
        return Finding(
            status=Status.FAIL if problems else Status.MISSING,
            code="policy.tests-insufficient" if problems else "policy.tests-missing",
            expected=expected,
            found=problems or "no signed test result was accepted for this digest",
            fix="run the tests against this artifact, and sign and hand in the report with "
            "`gatebook attest --type test-result`",
            evidence=tuple(fact.entry.id for fact in found),
        )


def _is_unclear(fact: EvidenceFact) -> bool:
    """Whether a believed signer handed in something that may well be a failure.

    A signature that is not believed any more says nothing, for or against.
    """
    problem = fact.problem
    return problem is not None and not problem.code.startswith("trust.")


def _failed(result: TestResult) -> bool:
    return result.result is TestOutcome.FAILED or bool(result.failed_tests)


def _describe(fact: EvidenceFact, result: TestResult) -> str:
    names = listed(result.failed_tests) if result.failed_tests else "names not given"
    return f"entry {fact.entry.index}: {len(result.failed_tests)} failed ({names})"
