"""What a check answers, and how one is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from gatebook.formats.sbom.components import Component, Sbom
from gatebook.sboms.context import SbomContext
from gatebook.sboms.inventory import label, pointers

__all__ = [
    "MAX_AFFECTED",
    "Affected",
    "Answer",
    "Check",
    "CheckResult",
    "CheckStatus",
    "Examination",
    "failed",
    "not_evaluable",
    "passed",
]

MAX_AFFECTED: Final = 100


class CheckStatus(StrEnum):
    """The three values."""

    PASS = "pass"  # noqa: S105  # a verdict
    FAIL = "fail"
    NOT_EVALUABLE = "not-evaluable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """A component a check found something about.

    Attributes:
        name: its package URL, or group, name and version.
        ref: its identifier within the document.
        pointer: where it is in the JSON form of the document, where its format numbers components.
        problem: what is wrong with it.

    """

    name: str
    ref: str | None = None
    pointer: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the question of a check was answered with."""

    status: CheckStatus
    found: str
    affected: tuple[Affected, ...] = ()
    count: int = 0
    fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The answer of one check, with the words to show it in.

    Attributes:
        id: ``S01`` to ``S24``.
        name: stable, such as ``component-versions``.
        status: the answer.
        found: what was found, or what was missing to say anything.
        expected: what the check asks for.
        fix: what to do about it; empty when there is nothing to correct.
        affected: the first :data:`MAX_AFFECTED` components it is about.
        count: how many there are in all.

    """

    id: str
    name: str
    status: CheckStatus
    found: str
    expected: str
    fix: str = ""
    affected: tuple[Affected, ...] = ()
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Examination:
    """One component list, with everything that is known about it.

    Attributes:
        sbom: the list.
        context: what the caller knows besides.

    """

    sbom: Sbom
    context: SbomContext = field(default_factory=SbomContext)

    @cached_property
    def _pointers(self) -> Mapping[int, str]:
        return pointers(self.sbom)

    def affected(self, component: Component, problem: str = "") -> Affected:
        """Name a component in a result."""
        return Affected(
            name=label(component),
            ref=component.ref,
            pointer=self._pointers.get(id(component)),
            problem=problem,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question.

    Attributes:
        id: ``S01`` to ``S24``.
        name: stable.
        purpose: what it is for, one sentence.
        expected: what passes.
        fix: what to do when it does not pass.
        judge: answers it.

    """

    id: str
    name: str
    purpose: str
    expected: str
    fix: str
    judge: Callable[[Examination], Answer]

    def run(self, examination: Examination) -> CheckResult:
        """Ask."""
        answer = self.judge(examination)
        # What is not given is for the caller to give; there is nothing to correct in the SBOM.
        correct = answer.status is CheckStatus.FAIL or answer.count > 0
        return CheckResult(
            id=self.id,
            name=self.name,
            status=answer.status,
            found=answer.found,
            expected=self.expected,
            fix=answer.fix or (self.fix if correct else ""),
            affected=answer.affected,
            count=answer.count,
        )


def passed(found: str) -> Answer:
    """What was asked for is so."""
    return Answer(status=CheckStatus.PASS, found=found)


def failed(found: str, affected: Iterable[Affected] = (), *, fix: str | None = None) -> Answer:
    """What was asked for is not so."""
    listed: Sequence[Affected] = tuple(affected)
    return Answer(
        status=CheckStatus.FAIL,
        found=found,
        affected=tuple(listed[:MAX_AFFECTED]),
        count=len(listed),
        fix=fix,
    )


def not_evaluable(
    missing: str, affected: Iterable[Affected] = (), *, fix: str | None = None
) -> Answer:
    """Nobody can say, and why."""
    listed: Sequence[Affected] = tuple(affected)
    return Answer(
        status=CheckStatus.NOT_EVALUABLE,
        found=missing,
        affected=tuple(listed[:MAX_AFFECTED]),
        count=len(listed),
        fix=fix,
    )
