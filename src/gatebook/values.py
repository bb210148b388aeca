"""What a parsed value is: frozen, compared by its parts, opaque to serialisers."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

__all__ = ["value"]

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, order_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make ``cls`` a frozen, slotted, ordered dataclass that serialisers do not look into.

    A parsed value is written in its own text form (``sha256:…``, RFC 3339), never as an object of
    its fields. Serialisers recognise a dataclass by ``__dataclass_fields__``; without it they ask
    their hooks.
    """
    made = dataclass(frozen=True, slots=True, order=True)(cls)
    del made.__dataclass_fields__  # type: ignore[attr-defined]  # every dataclass has it
    return made
