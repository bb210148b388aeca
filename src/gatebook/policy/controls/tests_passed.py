"""The artifact was tested, and nothing that was tested failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.names import CommitId
from gatebook.policy.choice import CHOICE_PARAMETERS, Chosen, EvidenceChoice
from gatebook.policy.control import Roles, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["TestsPassed", "Totals"]

_FORMATS: Final = frozenset(
    {
        DocumentFormat.JUNIT_XML,
        DocumentFormat.TRX,
        DocumentFormat.NUNIT2,
        DocumentFormat.NUNIT3,
        DocumentFormat.XUNIT2,
        DocumentFormat.CTRF,
        DocumentFormat.GO_TEST_JSON,
        DocumentFormat.DART_JSON,
        DocumentFormat.TAP,
        DocumentFormat.MOCHA_JSON,
        DocumentFormat.RSPEC_JSON,
        DocumentFormat.JEST_JSON,
    }
)
_RESULT: Final = "test-result"
# What CI systems and test tools call the commit in the properties of a report.
_COMMIT_NAMES: Final = frozenset(
    {
        *("commit", "commit_sha", "commit-sha", "commit.sha", "commitsha", "git.commit"),
        *("git_commit", "git-commit", "gitcommit", "revision", "vcs.revision", "git.sha", "sha"),
        *("github_sha", "ci_commit_sha", "scm.revision", "git.commit.sha", "build.vcs.number"),
    }
)


class Totals(StrEnum):
    """What follows from totals that do not fit what a report lists."""

    STRICT = "strict"
    COUNTED = "counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of tests, whatever told of it."""

    fact: EvidenceFact
    format: str
    passed: int
    skipped: int
    total: int
    flaky: int
    failed: tuple[str, ...]
    failures: int
    incomplete: tuple[str, ...]
    inconsistent: bool
    commits: frozenset[str]

    @property
    def place(self) -> str:
        return f"entry {self.fact.entry.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsPassed:
    """Test results exist for this digest, and none of them is a failure.

    A failed run of exactly this digest stays a failure: running it again until it is green does
    not make it vanish. A new build has a new digest.
    """

    name: ClassVar[str] = "tests-passed"
    purpose: ClassVar[str] = "The artifact was tested, and no test run of it failed."
    satisfied_by: ClassVar[str] = (
        "test-result attestations and test reports about the digest, none of them with a failure, "
        "one of them with enough tests that passed"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "min-tests": "how many passed tests one run must have at least; 1 if absent",
            "max-skipped": "how many tests that run may have skipped; any number if absent",
            "max-skipped-percent": "how many of a hundred tests that run may have skipped; all if "
            "absent",
            "max-flaky": "how many tests of that run may have passed in a later attempt only; any "
            "number if absent",
            "totals": "`strict` if a report whose own totals do not fit what it lists is unclear, "
            "`counted` if what it lists counts; `strict` if absent",
            "commit": "whether that run has to name the recorded commit in its properties; "
            "`false` if absent. One that names another never counts",
            "formats": "formats of reports that count, as `gatebook inspect` prints them, and "
            "`test-result` for the in-toto predicate; any that are read if absent",
            **CHOICE_PARAMETERS,
        }
    )

    min_tests: int
    max_skipped: int | None
    max_skipped_percent: int | None
    max_flaky: int | None
    totals: Totals
    commit: bool
    formats: frozenset[str]
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take how many tests there must be, and what a run has to be like."""
        del roles
        every = [_RESULT, *sorted(each.value for each in _FORMATS)]
        percent = parameters.limit("max-skipped-percent")
        if percent is not None and percent > _WHOLE:
            raise parameters.refuse("'max-skipped-percent' lies between 0 and 100")
        return cls(
            min_tests=parameters.count("min-tests", 1),
            max_skipped=parameters.limit("max-skipped"),
            max_skipped_percent=percent,
            max_flaky=parameters.limit("max-flaky"),
            totals=parameters.word("totals", Totals, Totals.STRICT),
            commit=parameters.flag("commit", default=False),
            formats=parameters.choices("formats", every, every),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for a failure first, then for what is not clear, then for enough that passed."""
        del roles
        expected = (
            f"every {self.choice.described} test run passed, one of them with {self.min_tests} or "
            "more tests"
        )
        results = self.choice.among(facts, TestResult, Family.TESTS)
        reports = self.choice.among(facts, TestReport, None)
        results = replace(results, passed_over=(*results.passed_over, *reports.passed_over))
        runs = sorted(
            (
                *(_run_of_result(each.fact, each.content) for each in results.kept),
                *(_run_of_report(each.fact, each.content) for each in reports.kept),
            ),
            key=lambda run: run.fact.entry.index,
        )
        against = self._against(runs, results, expected)
        if against is not None:
            return against
        if not runs:
            return results.absent(
                expected,
                unbelieved="policy.tests-insufficient",
                missing="policy.tests-missing",
                unreadable="policy.tests-unclear",
                nothing="no test result was accepted for this digest",
                fix="run the tests against this artifact, and hand in the report with "
                "`gatebook attest --type report`",
            )
        return self._enough(runs, facts, expected)

    def _against(
        self, runs: Sequence[_Run], results: Chosen[TestResult], expected: str
    ) -> Finding | None:
        failed = [run for run in runs if run.failures]
        if failed:
            # A run that did not end is counted as broken; where nothing else is, that is said.
            only_broken = all(run.failures == len(run.incomplete) for run in failed)
            return Finding(
                status=Status.FAIL,
                code="policy.tests-incomplete" if only_broken else "policy.tests-failed",
                expected=expected,
                found=listed(_describe(run) for run in failed),
                fix="mend what fails and build again: the new build has a new digest",
                evidence=_entries(failed),
            )
        damaged = results.damaged(expected)
        if damaged is not None:
            return damaged
        strict = self.totals is Totals.STRICT
        unclear = [run for run in runs if run.incomplete or (strict and run.inconsistent)]
        if not unclear and not results.unread:
            return None
        told = [
            f"{run.place}: {'; '.join(run.incomplete) or 'its totals do not fit what it lists'}"
            for run in unclear
        ]
        if results.unread:
            told.append(describe_problems(results.unread))
        code = "policy.tests-unclear" if results.unread else "policy.tests-inconsistent"
        return Finding(
            status=Status.FAIL,
            code=code,
            expected=expected,
            found=listed(told),
            fix="build again, and hand in results that are whole and agree with their report, with "
            "`gatebook attest --type report`",
            evidence=tuple(dict.fromkeys((*results.entries, *_entries(unclear)))),
        )

    def _enough(self, runs: Sequence[_Run], facts: Facts, expected: str) -> Finding:
        commits = _recorded(facts)
        reasons = {run.fact.entry.id: tuple(self._reasons(run, commits)) for run in runs}
        enough = [run for run in runs if not reasons[run.fact.entry.id]]
        if enough:
            run = max(enough, key=lambda each: (each.passed, each.fact.entry.index))
            skipped = f", {run.skipped} skipped" if run.skipped else ""
            flaky = f", {run.flaky} in a later attempt" if run.flaky else ""
            return Finding(
                status=Status.PASS,
                code="policy.tests-passed",
                expected=expected,
                found=f"{run.passed} tests passed{skipped}{flaky} in {run.place}",
                evidence=_entries(runs),
            )
        none = all(not run.total for run in runs)
        codes = [code for run in runs for code, _ in reasons[run.fact.entry.id]]
        return Finding(
            status=Status.FAIL,
            code="policy.tests-none" if none else codes[-1],
            expected=expected,
            found=listed(
                f"{run.place}: {', '.join(text for _, text in reasons[run.fact.entry.id])}"
                for run in runs
            ),
            fix="run the tests against this artifact, and hand in the report with "
            "`gatebook attest --type report`",
            evidence=_entries(runs),
        )

    def _reasons(self, run: _Run, commits: frozenset[str]) -> Iterable[tuple[str, str]]:
        """Why a run without a failure is not enough; the first is the one that is named."""
        if run.format not in self.formats:
            yield "policy.tests-format", f"its format is {run.format}"
        if run.commits and commits and not run.commits & commits:
            told = f"it is of commit {min(run.commits)}"
            yield "policy.tests-other-commit", told
        elif self.commit and not run.commits & commits:
            yield "policy.tests-commit-unknown", "it does not name the recorded commit"
        if self.max_skipped is not None and run.skipped > self.max_skipped:
            yield "policy.tests-skipped", f"{run.skipped} skipped"
        percent = self.max_skipped_percent
        if percent is not None and run.skipped * _WHOLE > percent * run.total:
            yield "policy.tests-skipped", f"{run.skipped} of {run.total} skipped"
        if self.max_flaky is not None and run.flaky > self.max_flaky:
            yield "policy.tests-flaky", f"{run.flaky} passed in a later attempt only"
        if run.passed < self.min_tests:
            yield "policy.tests-insufficient", f"{run.passed} tests passed"


_WHOLE: Final = 100


def _run_of_result(fact: EvidenceFact, result: TestResult) -> _Run:
    passed, failed = len(result.passed_tests), len(result.failed_tests)
    broken = result.result is TestOutcome.FAILED
    return _Run(
        fact=fact,
        format=_RESULT,
        passed=passed,
        skipped=0,
        total=passed + failed + len(result.warned_tests),
        flaky=0,
        failed=result.failed_tests,
        failures=max(failed, int(broken)),
        incomplete=(),
        inconsistent=False,
        commits=frozenset(
            value.lower()
            for item in result.configuration
            for algorithm, value in item.digests.values
            if algorithm == "gitCommit"
        ),
    )


def _run_of_report(fact: EvidenceFact, report: TestReport) -> _Run:
    return _Run(
        fact=fact,
        format=report.format.value,
        passed=report.passed,
        skipped=report.skipped,
        total=report.total,
        flaky=report.flaky,
        failed=report.failed_names,
        failures=max(report.failed + report.errors, report.claimed_failures),
        incomplete=report.incomplete,
        inconsistent=report.inconsistent,
        commits=frozenset(
            value.strip().lower()
            for name, value in report.properties
            if name.casefold() in _COMMIT_NAMES and _is_commit(value.strip().lower())
        ),
    )


def _is_commit(text: str) -> bool:
    return CommitId.form.match(text) is not None


def _recorded(facts: Facts) -> frozenset[str]:
    return frozenset(
        str(artifact.build.commit)
        for artifact in facts.artifacts
        if artifact.build is not None and artifact.build.commit is not None
    )


def _entries(runs: Iterable[_Run]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run.fact.entry.id for run in runs))


def _describe(run: _Run) -> str:
    names = listed(run.failed) or "names not given"
    incomplete = f"; {'; '.join(run.incomplete)}" if run.incomplete else ""
    return f"{run.place}: {run.failures} failed ({names}){incomplete}"
