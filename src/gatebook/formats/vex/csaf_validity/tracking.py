"""Tests of versions and revisions: 6.1.14, 6.1.16 to 6.1.22, 6.1.30."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.wire import Csaf, Revision

__all__ = ["check_tracking"]

_HISTORY: Final = "/document/tracking/revision_history"
_VERSION: Final = "/document/tracking/version"


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class _Version:
    """A version of the document: an integer, or a semantic version (CSAF 2.0 §3.1.11)."""

    text: str

    @property
    def is_integer(self) -> bool:
        return self.text.isdigit()

    @property
    def pre_release(self) -> str:
        return self.text.partition("+")[0].partition("-")[2]

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(self.text.partition("+")[0].partition("-")[0].split("."))

    @property
    def is_initial(self) -> bool:
        """Whether it is ``0`` or ``0.y.z``."""
        return self.numbers[0] == "0"

    @property
    def key(self) -> tuple[object, ...]:
        """Precedence (semver.org §11); an integer stands like the first of its major versions."""
        # Digits without leading zeros: the longer number is the greater one.
        numbers = [(len(part), part) for part in self.numbers]
        numbers += [(1, "0")] * (3 - len(numbers))
        parts = [
            (0, len(part), part) if part.isdigit() else (1, 0, part)
            for part in self.pre_release.split(".")
        ]
        return (*numbers, (0, *parts) if self.pre_release else (1,))

    def __lt__(self, other: "_Version") -> bool:
        return self.key < other.key


def check_tracking(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of the version and the revision history."""
    tracking = csaf.document.tracking
    version, status = _Version(tracking.version), tracking.status
    # By date; revisions of one date stand in the order of their numbers.
    history = sorted(
        tracking.revision_history, key=lambda each: (each.date, _Version(each.number).key)
    )
    numbers = [_Version(each.number) for each in history]
    yield from _homogeneous([*numbers, version])
    yield from _sorted(numbers)
    yield from _latest(numbers[-1], version, draft=status == "draft")
    yield from _complete(numbers)
    yield from _once(history)
    if status != "draft" and (version.is_initial or version.pre_release):
        # §6.1.17
        yield Violation(
            test="6.1.17",
            pointer="/document/tracking/status",
            message=f"version {version.text!r} is of a draft, the status is {status}",
        )
    if status != "draft" and version.pre_release:
        yield Violation(
            test="6.1.20",
            pointer=_VERSION,
            message=f"the status is {status}, the version {version.text!r} a pre-release",
        )
    for number in numbers:
        if status != "draft" and number.is_initial:
            yield Violation(
                test="6.1.18",
                pointer=_HISTORY,
                message=f"the status is {status}, yet there is a revision {number.text!r}",
            )
        if number.pre_release:
            yield Violation(
                test="6.1.19",
                pointer=_HISTORY,
                message=f"the revision {number.text!r} is a pre-release",
            )


def _homogeneous(versions: list[_Version]) -> Iterator[Violation]:
    if len({each.is_integer for each in versions}) > 1:
        yield Violation(
            test="6.1.30",
            pointer="/document/tracking",
            message="integer and semantic versions are mixed",
        )


def _sorted(numbers: list[_Version]) -> Iterator[Violation]:
    for earlier, later in pairwise(numbers):
        if later < earlier:
            yield Violation(
                test="6.1.14",
                pointer=_HISTORY,
                message=f"{later.text!r} came after {earlier.text!r}",
            )


def _latest(last: _Version, version: _Version, *, draft: bool) -> Iterator[Violation]:
    same = last.numbers == version.numbers and (draft or last.pre_release == version.pre_release)
    if not same:
        yield Violation(
            test="6.1.16",
            pointer=_VERSION,
            message=f"the last revision is {last.text!r}, the version {version.text!r}",
        )


def _complete(numbers: list[_Version]) -> Iterator[Violation]:
    majors = [each.numbers[0] for each in numbers]
    if majors[0] not in {"0", "1"}:
        yield Violation(
            test="6.1.21",
            pointer=_HISTORY,
            message=f"the first revision is {numbers[0].text!r}, neither 0 nor 1",
        )
    for earlier, later in pairwise(majors):
        # A number of a thousand digits is not made an int; it follows nothing here.
        if later not in {earlier, _successor(earlier)} and _is_after(later, earlier):
            yield Violation(
                test="6.1.21",
                pointer=_HISTORY,
                message=f"no revision between {earlier!r} and {later!r}",
            )


def _is_after(later: str, earlier: str) -> bool:
    return (len(later), later) > (len(earlier), earlier)


def _successor(number: str) -> str | None:
    return str(int(number) + 1) if len(number) <= 18 else None  # noqa: PLR2004  # digits of int64


def _once(history: list[Revision]) -> Iterator[Violation]:
    counted = Counter(each.number for each in history)
    for number in sorted(each for each, count in counted.items() if count > 1):
        yield Violation(
            test="6.1.22", pointer=_HISTORY, message=f"the revision {number!r} comes twice"
        )
