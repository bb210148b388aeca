"""How Kosli expands exclude patterns: ``filepathx.Glob`` of Go, step for step.

Its ``**`` is not what it seems. The pattern is cut at each ``**``; each piece is appended to every
path found so far and expanded by ``filepath.Glob``, and all that lies below a hit is a hit. A
literal path comes back as it was written, one with wildcards comes back cleaned. So ``**/x`` never
excludes ``x`` at the root (it comes back as ``root//x``), while ``**/*.pyc`` does. An equal digest
needs the same steps, not their apparent meaning.
"""

import posixpath
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from gatebook.fingerprint.patterns import NamePattern, has_meta

__all__ = ["ROOT", "Names", "excluded_paths"]

ROOT: Final = "tree"
"""Stands for the directory, whatever it is called and wherever it lies."""

Names: TypeAlias = "Mapping[str, Names | None]"
"""The names of a directory; ``None`` for whatever is not itself a directory."""


def excluded_paths(names: Names, patterns: Iterable[str]) -> frozenset[str]:
    """Expand ``patterns`` over a tree of names into paths that begin with :data:`ROOT`.

    A pattern that leaves the tree by ``..`` excludes nothing.

    Raises:
        PatternError: a pattern cannot be read; a name in the tree may make it so, where a piece
            after ``**`` is appended to it.

    """
    excluded: set[str] = set()
    for pattern in patterns:
        # filepath.Join cleans: "./logs", "/logs" and "logs/" are "logs".
        joined = posixpath.normpath(f"{ROOT}/{pattern}")
        if joined.startswith(ROOT + "/"):
            excluded.update(_expand(names, joined))
        else:
            NamePattern.parse(joined)
    return frozenset(excluded)


def _expand(names: Names, pattern: str) -> list[str]:
    if "**" not in pattern:
        return _glob(names, pattern)
    found = [""]
    for piece in pattern.split("**"):
        hits: dict[str, None] = {}
        for path in found:
            for hit in _glob(names, path + piece):
                _collect(names, hit, hits)
        found = list(hits)
    return found


def _glob(names: Names, pattern: str) -> list[str]:
    NamePattern.parse(pattern)  # Go refuses a malformed pattern before it looks at any file.
    if not has_meta(pattern):
        return [pattern] if _exists(names, pattern) else []
    slash = pattern.rfind("/") + 1
    parent, last = pattern[:slash], NamePattern.parse(pattern[slash:])
    parent = parent[:-1] if len(parent) > 1 else parent or "."
    parents = _glob(names, parent) if has_meta(parent) else [parent]
    return [
        posixpath.normpath(f"{place}/{name}")
        for place in parents
        for name in sorted(_children(names, place) or ())
        if last.matches(name)
    ]


def _collect(names: Names, path: str, hits: dict[str, None]) -> None:
    pending = [path]
    while pending:
        visited = pending.pop()
        hits[visited] = None
        pending.extend(
            posixpath.normpath(f"{visited}/{name}") for name in _children(names, visited) or ()
        )


def _exists(names: Names, path: str) -> bool:
    parent, name = posixpath.split(posixpath.normpath(path))
    if not parent:
        return name == ROOT
    children = _children(names, parent)
    return children is not None and name in children


def _children(names: Names, path: str) -> "Names | None":
    parts = posixpath.normpath(path).split("/")
    if parts[0] != ROOT:
        return None
    place: Names | None = names
    for part in parts[1:]:
        place = place.get(part) if place is not None else None
    return place
