"""What a parsed value is: frozen, compared by its parts, opaque to serialisers."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

__all__ = ["value"]

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, order_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make ``cls`` a frozen, slotted, ordered dataclass that serialisers do not look into.

    A parsed value is written in its own text form (``sha256:…``, RFC 3339), never as an object of
    its fields. Serialisers recognise a dataclass by ``__dataclass_fields__``; without it they ask
    their hooks.
    """
    made = dataclass(frozen=True, slots=True)(cls)
    parts = operator.attrgetter(*made.__dataclass_fields__)  # type: ignore[attr-defined]
    # A dataclass would generate and compile the four for each class, at every start.
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        setattr(made, f"__{compare.__name__}__", _ordering(made, parts, compare))
    del made.__dataclass_fields__  # type: ignore[attr-defined]  # every dataclass has it
    return made


def _ordering(
    cls: type, parts: Callable[[Any], Any], compare: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def ordered(self: Any, other: Any) -> Any:
        if other.__class__ is not cls:
            return NotImplemented
        return compare(parts(self), parts(other))

    return ordered
