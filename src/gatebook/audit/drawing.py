"""The picture of how an artifact got here: five stages on a line, drawn as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Mark", "Stage", "StageBox", "arrange"]

_WIDTH: Final = 150
_GAP: Final = 28
_TOP: Final = 8
_HEIGHT: Final = 92


class Mark(StrEnum):
    """How a stage came out; shown as a word and a shape, not by colour alone."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the way.

    Attributes:
        title: what it is.
        line: what happened, short.
        time: when, or empty.
        mark: how it came out.

    """

    title: str
    line: str
    time: str
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBox:
    """A stage with its place in the picture."""

    stage: Stage
    x: int
    y: int
    width: int
    height: int
    arrow_from: int | None

    @property
    def middle(self) -> int:
        """The height of the arrows."""
        return self.y + self.height // 2


def arrange(stages: Sequence[Stage]) -> tuple[StageBox, ...]:
    """Place stages from left to right, each with an arrow from the one before."""
    step = _WIDTH + _GAP
    return tuple(
        StageBox(
            stage=stage,
            x=4 + number * step,
            y=_TOP,
            width=_WIDTH,
            height=_HEIGHT,
            arrow_from=None if number == 0 else 4 + (number - 1) * step + _WIDTH,
        )
        for number, stage in enumerate(stages)
    )
