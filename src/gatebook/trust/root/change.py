"""One difference between two trust roots, and whether more or less is believed because of it."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from gatebook.clock import Instant

__all__ = [
    "ChangeKind",
    "Effect",
    "RootChange",
    "compare_patterns",
    "compare_sets",
    "compare_window",
    "covers",
]


class ChangeKind(StrEnum):
    """What became of a member or of one of its fields."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Effect(StrEnum):
    """What a difference does to what is believed."""

    WIDENS = "widens"
    NARROWS = "narrows"
    BOTH = "widens and narrows"
    NEITHER = "neither"

    @classmethod
    def of(cls, *, widens: bool, narrows: bool) -> "Effect":
        """Name both answers with one word."""
        if widens:
            return cls.BOTH if narrows else cls.WIDENS
        return cls.NARROWS if narrows else cls.NEITHER

    @property
    def widens(self) -> bool:
        """Whether something is believed that was not before."""
        return self in {Effect.WIDENS, Effect.BOTH}

    @property
    def narrows(self) -> bool:
        """Whether something is no longer believed."""
        return self in {Effect.NARROWS, Effect.BOTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class RootChange:
    """One difference.

    Attributes:
        kind: what became of it.
        member: where it is, such as ``key ci`` or ``authority public-good``.
        field: the field that differs; ``None`` for the member itself.
        old: what was there, for people; ``None`` if nothing was.
        new: what is there.
        effect: what it does to what is believed. Where that cannot be told, both is said.

    """

    kind: ChangeKind
    member: str
    field: str | None = None
    old: str | None = None
    new: str | None = None
    effect: Effect


def compare_window(
    old: tuple[Instant | None, Instant | None], new: tuple[Instant | None, Instant | None]
) -> tuple[Effect, Effect]:
    """Compare the begin, and the end, of two validities; ``None`` stands for no bound."""
    lowest, highest = Instant(-(2**62)), Instant(2**62)
    was, now = old[0] or lowest, new[0] or lowest
    begin = Effect.of(widens=now < was, narrows=now > was)
    ended, ends = old[1] or highest, new[1] or highest
    return begin, Effect.of(widens=ends > ended, narrows=ends < ended)


def compare_sets(old: AbstractSet[str] | None, new: AbstractSet[str] | None) -> Effect:
    """Compare two sets of names that are allowed; ``None`` stands for all."""
    if old is None or new is None:
        return Effect.of(widens=old is not None, narrows=new is not None)
    return Effect.of(widens=not new <= old, narrows=not old <= new)


def compare_patterns(
    old: Iterable[tuple[str, bool]] | None, new: Iterable[tuple[str, bool]] | None
) -> Effect:
    """Compare two lists of texts that are allowed; ``None`` stands for anything.

    Args:
        old: texts, each with whether ``*`` is a wildcard in it.
        new: the same.

    """
    if old is None or new is None:
        return Effect.of(widens=old is not None, narrows=new is not None)
    olds, news = tuple(old), tuple(new)
    return Effect.of(
        widens=not all(any(covers(wide, each) for wide in olds) for each in news),
        narrows=not all(any(covers(wide, each) for wide in news) for each in olds),
    )


def covers(wide: tuple[str, bool], narrow: tuple[str, bool]) -> bool:
    """Whether every text that ``narrow`` allows, ``wide`` allows too; "no" when in doubt.

    The wildcards of the narrower pattern are put in as characters of their own: ``*`` stands for
    text without a slash, so that either wildcard may take it; ``**`` only ``**`` may.
    """
    (pattern, is_pattern), (text, is_narrow_pattern) = wide, narrow
    if not is_pattern:
        return wide == narrow or (not is_narrow_pattern and pattern == text)
    if is_narrow_pattern:
        text = text.replace("**", "\ue001").replace("*", "\ue000")
    wild = {"**": ".+", "*": "[^/\ue001]+"}
    parts = re.split(r"(\*\*|\*)", pattern)
    expression = "".join(wild.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None
