"""Ask the checks of the SBOM room about the SBOMs of an artifact, and make findings of answers.

Two ways to put several SBOMs together: what must not be in the artifact must be in none of them;
how good an SBOM has to be, one of them has to be. What no check can answer is never a pass.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom
from gatebook.policy.choice import Chosen, EvidenceChoice, Kept
from gatebook.policy.control import describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.remembered import Remembered
from gatebook.sboms.checks.registry import run_checks
from gatebook.sboms.context import SbomContext
from gatebook.sboms.examination import CheckResult, CheckStatus
from gatebook.vulnerabilities.versions.ecosystem import scheme_of_purl_type, scheme_of_vers_type
from gatebook.vulnerabilities.versions.scheme import compare_versions
from gatebook.vulnerabilities.vex.ranges import VersRanges

__all__ = ["SbomCodes", "judge_sboms", "order_versions", "version_in_range"]

_ANSWERS: Final = Remembered[tuple[CheckResult, ...]](128)


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomCodes:
    """The stable names of what a control about SBOMs can come out as."""

    passed: str
    failed: str
    not_evaluable: str
    missing: str
    unreadable: str
    empty: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """An SBOM and what the checks answered."""

    kept: Kept[Sbom]
    results: tuple[CheckResult, ...]

    def of(self, status: CheckStatus) -> list[CheckResult]:
        return [result for result in self.results if result.status is status]


def judge_sboms(  # what is asked, of what, and what the answers are called
    facts: Facts,
    choice: EvidenceChoice,
    *,
    only: Collection[str],
    context: Callable[[Kept[Sbom]], SbomContext],
    codes: SbomCodes,
    expected: str,
    every: bool,
    fix: str,
    rests_on: Callable[[Kept[Sbom]], tuple[object, ...]] | None = None,
) -> Finding:
    """Judge the SBOMs of an artifact by some checks.

    Args:
        facts: everything known.
        choice: which evidence counts.
        only: names of the checks.
        context: what is known besides of one SBOM.
        codes: what the outcomes are called.
        expected: what passes.
        every: whether each SBOM has to pass, or one.
        fix: what to do, beside what the checks say.
        rests_on: the objects that ``context`` is made of, where these alone give the answers, which
            are then remembered.

    """
    sboms = choice.among(facts, Sbom, Family.SBOM)
    full = [each for each in sboms.kept if each.content.components]
    asked = [_Asked(each, _answers(each, only, context, rests_on)) for each in full]
    passing = [each for each in asked if not each.of(CheckStatus.FAIL) and not _doubts(each)]
    failing = [each for each in asked if each.of(CheckStatus.FAIL)]
    if failing and (every or not passing):
        return _differing(failing, CheckStatus.FAIL, codes.failed, expected, fix)
    trouble = _trouble(sboms, full, codes, expected, fix)
    if trouble is not None and (every or not passing):
        return trouble
    doubtful = [each for each in asked if _doubts(each)]
    if doubtful and (every or not passing):
        return _differing(doubtful, CheckStatus.NOT_EVALUABLE, codes.not_evaluable, expected, fix)
    return Finding(
        status=Status.PASS,
        code=codes.passed,
        expected=expected,
        found=listed(
            f"{each.kept.place}: {result.name}: {result.found}"
            for each in passing
            for result in each.results
        ),
        evidence=tuple(dict.fromkeys(each.kept.fact.entry.id for each in passing)),
    )


def _answers(
    each: Kept[Sbom],
    only: Collection[str],
    context: Callable[[Kept[Sbom]], SbomContext],
    rests_on: Callable[[Kept[Sbom]], tuple[object, ...]] | None,
) -> tuple[CheckResult, ...]:
    if rests_on is None:
        return run_checks(each.content, context(each), only=only)
    return _ANSWERS.of(
        (each.content, *rests_on(each)),
        lambda: run_checks(each.content, context(each), only=only),
    )


def _doubts(asked: _Asked) -> bool:
    """Whether anything was not answered; no answer at all is none."""
    return bool(asked.of(CheckStatus.NOT_EVALUABLE)) or not asked.results


def _trouble(
    sboms: Chosen[Sbom],
    full: Sequence[Kept[Sbom]],
    codes: SbomCodes,
    expected: str,
    fix: str,
) -> Finding | None:
    if not sboms.kept:
        return sboms.absent(
            expected,
            missing=codes.missing,
            unreadable=codes.unreadable,
            nothing="no SBOM was accepted for this digest",
            fix="hand in an SBOM of the built artifact with `gatebook attest --type sbom`",
        )
    damaged = sboms.damaged(expected)
    if damaged is not None:
        return damaged
    if sboms.unread:
        return Finding(
            status=Status.FAIL,
            code=codes.unreadable,
            expected=expected,
            found=describe_problems(sboms.unread),
            fix=fix,
            evidence=sboms.entries,
        )
    if full:
        return None
    return Finding(
        status=Status.FAIL,
        code=codes.empty,
        expected=expected,
        found="no SBOM of the artifact lists any component",
        fix="hand in an SBOM that lists what was built in, with `gatebook attest --type sbom`",
        evidence=sboms.entries,
    )


def _differing(
    asked: Sequence[_Asked], status: CheckStatus, code: str, expected: str, fix: str
) -> Finding:
    results = [(each.kept, result) for each in asked for result in each.of(status)]
    return Finding(
        status=Status.FAIL if status is CheckStatus.FAIL else Status.ERROR,
        code=code,
        expected=expected,
        found=listed(f"{kept.place}: {_described(result)}" for kept, result in results)
        or "no check was asked",
        fix="; ".join((*_fixes(result for _, result in results), fix)),
        evidence=tuple(dict.fromkeys(each.kept.fact.entry.id for each in asked)),
    )


def _described(result: CheckResult) -> str:
    parts = [
        f"{each.name} ({each.problem})" if each.problem else each.name for each in result.affected
    ]
    more = f": {listed(parts)}" if parts else ""
    return f"{result.id} {result.name}: {result.found}{more}"


def _fixes(results: Iterable[CheckResult]) -> list[str]:
    return list(dict.fromkeys(result.fix for result in results if result.fix))[:3]


def version_in_range(versions: str, kind: str, version: str) -> bool | None:
    """Whether a ``vers:`` range holds a version; ``None`` when nobody knows.

    The range of one ecosystem says nothing of versions of another.
    """
    wanted = scheme_of_vers_type(versions.removeprefix("vers:").partition("/")[0])
    if wanted is None or wanted is not scheme_of_purl_type(kind):
        return None
    return VersRanges().contains(versions, version)


def order_versions(kind: str, one: str, other: str) -> int | None:
    """How two versions of a package URL type are ordered; ``None`` when nobody knows."""
    scheme = scheme_of_purl_type(kind)
    if scheme is None:
        return None
    try:
        return compare_versions(scheme, one, other)
    except GatebookError:
        return None
