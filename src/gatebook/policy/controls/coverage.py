"""The tests of the artifact ran enough of its code."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.facts.facts import Facts
from gatebook.formats.coverage.report import CoverageReport
from gatebook.formats.reading.document_format import Family
from gatebook.policy.choice import CHOICE_PARAMETERS, Chosen, EvidenceChoice, Kept
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["CoverageControl"]

_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageControl:
    """Every coverage report about this digest is at or above the floors.

    As with test results, a report below a floor does not vanish because another is above it: it is
    about the same code. Of what a report counts and what it claims, the smaller is believed.
    """

    name: ClassVar[str] = "coverage"
    purpose: ClassVar[str] = "The tests ran at least so much of the artifact's code."
    satisfied_by: ClassVar[str] = (
        "coverage reports about the digest, in any format that is read, none of them below a floor"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "lines": "the smallest part of the lines in percent, such as `80` or `72.5`; `lines` "
            "or `branches` is required. Where a tool counts no lines, its statements count",
            "branches": "the smallest part of the branches in percent",
            "min-lines": "how many lines a report has to be about at least; 1 if absent",
            **CHOICE_PARAMETERS,
        }
    )

    lines: Decimal | None
    branches: Decimal | None
    min_lines: int
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the floors."""
        del roles
        lines = parameters.decimal("lines", most=_PERCENT)
        branches = parameters.decimal("branches", most=_PERCENT)
        if lines is None and branches is None:
            raise parameters.refuse("'lines' or 'branches' is required")
        return cls(
            lines=lines,
            branches=branches,
            min_lines=parameters.count("min-lines", 1),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Compare every report with the floors."""
        del roles
        floors = [
            f"{floor} % of {what}"
            for floor, what in ((self.lines, "the lines"), (self.branches, "the branches"))
            if floor is not None
        ]
        expected = f"every {self.choice.described} coverage report has {' and '.join(floors)}"
        found = self.choice.among(facts, CoverageReport, Family.COVERAGE)
        reasons = [
            (each, reason)
            for each in found.kept
            if (reason := self._reason(each.content)) is not None
        ]
        if reasons:
            return Finding(
                status=Status.FAIL,
                code=reasons[-1][1][0],
                expected=expected,
                found=listed(f"{each.place}: {text}" for each, (_, text) in reasons),
                fix="test more of the code and build again; hand the whole report in with "
                "`gatebook attest --type report`",
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each, _ in reasons)),
            )
        if not found.kept or found.unread:
            return found.absent(
                expected,
                missing="policy.coverage-missing",
                unreadable="policy.coverage-unreadable",
                nothing="no coverage report was handed in for this digest",
                fix="hand the coverage report of the build's tests in with "
                "`gatebook attest --type report`",
            )
        return _enough(found, expected)

    def _reason(self, report: CoverageReport) -> tuple[str, str] | None:
        """Why a report is not enough: a code and a sentence; ``None`` if it is."""
        if report.inconsistent:
            return "policy.coverage-inconsistent", "what it claims does not fit what it lists"
        counted = [each for each in (report.lines, report.statements) if each is not None]
        declared = [] if report.declared_lines is None else [report.declared_lines]
        sizes = [each.total for each in counted[:1] or declared]
        if report.lowest_line_rate is None and report.lowest_branch_rate is None:
            return "policy.coverage-empty", "there is nothing in it that could be covered"
        if sizes and sizes[0] < self.min_lines:
            told = f"it is about {sizes[0]} lines, {self.min_lines} are demanded"
            return "policy.coverage-too-small", told
        for floor, rate, what in (
            (self.lines, report.lowest_line_rate, "lines"),
            (self.branches, report.lowest_branch_rate, "branches"),
        ):
            if floor is None:
                continue
            if rate is None:
                return "policy.coverage-not-counted", f"it says nothing of {what}"
            if rate * _PERCENT < Fraction(floor):
                return "policy.coverage-too-low", f"{_shown(rate)} % of {what}"
        return None


def _enough(found: Chosen[CoverageReport], expected: str) -> Finding:
    return Finding(
        status=Status.PASS,
        code="policy.coverage-enough",
        expected=expected,
        found=listed(_told(each) for each in found.kept),
        evidence=found.entries,
    )


def _told(each: Kept[CoverageReport]) -> str:
    rates = [
        f"{_shown(rate)} % of {what}"
        for rate, what in (
            (each.content.lowest_line_rate, "lines"),
            (each.content.lowest_branch_rate, "branches"),
        )
        if rate is not None
    ]
    return f"{each.place}: {', '.join(rates)}"


def _shown(rate: Fraction) -> str:
    """A part in percent, cut (not rounded) to a hundredth, so that what fails never looks full."""
    hundredths = int(rate * _PERCENT * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
