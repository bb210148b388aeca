"""A JSON value that is kept as it is."""

from typing import Any, Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError

__all__ = ["MAX_DEPTH", "Opaque", "check_depth", "too_deep"]

MAX_DEPTH: Final = 128
"""Arrays and objects of a document nested deeper are refused."""

_MAX_INSIDE: Final = 96


class Opaque:
    """A JSON value that is kept as it is; nothing reads it but who knows better.

    Attributes:
        value: the value.

    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    @classmethod
    def of(cls, kind: type, value: Any) -> Any:
        """Make one while decoding; the hook ``msgspec`` asks about a type it does not know.

        Raises:
            MalformedError: the value is nested too deep.

        """
        if kind is not cls:
            raise NotImplementedError(kind)
        if type(value) is dict or type(value) is list:
            check_depth(value, "the document", _MAX_INSIDE)
        return cls(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and self.value == other.value

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __repr__(self) -> str:
        return f"Opaque({self.value!r})"


def check_depth(value: Json, what: str, limit: int) -> None:
    """Refuse arrays and objects nested deeper than ``limit``.

    Raises:
        MalformedError: they are.

    """
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            raise too_deep(what)
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]


def too_deep(what: str) -> MalformedError:
    """The refusal of what is nested too deep."""
    return MalformedError(
        f"{what} is nested deeper than {MAX_DEPTH} levels", code="canonical.too-deep"
    )
