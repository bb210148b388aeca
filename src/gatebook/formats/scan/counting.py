"""Counting what a report holds without judging it, for ``describe``.

Nothing here refuses: a document that no reader believes is described as well, and what is not of
the expected type is not counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from gatebook.canonical import Json, JsonObject

__all__ = ["count_words", "distinct", "listed", "member", "object_at", "objects_in", "word"]


def member(value: Json, *names: str) -> Json:
    """The value at a path of names; ``None`` where the path leads nowhere."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def object_at(value: Json, *names: str) -> JsonObject:
    """The object at a path of names; an empty one where there is none."""
    found = member(value, *names)
    return found if isinstance(found, dict) else {}


def listed(value: Json, *names: str) -> list[Json]:
    """The array at a path of names; an empty one where there is none."""
    found = member(value, *names)
    return found if isinstance(found, list) else []


def objects_in(value: Json, *names: str) -> Iterator[JsonObject]:
    """The objects of the array at a path of names."""
    return (item for item in listed(value, *names) if isinstance(item, dict))


def word(value: Json) -> str:
    """A word as counts show it: lower-case, ``unknown`` where there is none."""
    if isinstance(value, str):
        return value.lower() or "unknown"
    return "unknown"


def count_words(values: Iterable[Json]) -> dict[str, Json]:
    """How often each word occurs, in the order of the words."""
    return dict(sorted(Counter(map(word, values)).items()))


def distinct(values: Iterable[Json]) -> int:
    """How many different strings there are."""
    return len({value for value in values if isinstance(value, str)})
