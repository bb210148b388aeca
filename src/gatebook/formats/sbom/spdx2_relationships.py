"""SPDX 2 relationships as a graph of packages (SPDX 2.3 §11.1).

A relationship reads "A type B"; some types say the same with A and B exchanged. Relationships of
files are most of a document and are counted only.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.formats.sbom.spdx2_wire import WireRelationship

__all__ = ["Graph", "GraphParts"]

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_NOTHING: Final = frozenset({"NONE", "NOASSERTION"})

_FORWARD: Final = frozenset({"DEPENDS_ON", "HAS_PREREQUISITE", "DYNAMIC_LINK", "STATIC_LINK"})
# "A … B" where B needs A, with the kind of dependency that A is.
_BACKWARD: Final = {
    "DEPENDENCY_OF": None,
    "PREREQUISITE_FOR": None,
    "RUNTIME_DEPENDENCY_OF": "runtime",
    "BUILD_DEPENDENCY_OF": "build",
    "BUILD_TOOL_OF": "build",
    "DEV_DEPENDENCY_OF": "dev",
    "DEV_TOOL_OF": "dev",
    "TEST_DEPENDENCY_OF": "test",
    "TEST_TOOL_OF": "test",
    "OPTIONAL_DEPENDENCY_OF": "optional",
    "OPTIONAL_COMPONENT_OF": "optional",
    "PROVIDED_DEPENDENCY_OF": "provided",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphParts:
    """What the relationships say.

    Attributes:
        edges: which packages each one depends on.
        contains: which packages each one contains.
        described: what the document describes.
        scopes: of packages that are one kind of dependency only, which.
        listed: how many relationships there are.

    """

    edges: dict[str, tuple[str, ...]]
    contains: dict[str, tuple[str, ...]]
    described: tuple[str, ...]
    scopes: dict[str, str]
    listed: int


class Graph:
    """Collects relationships.

    Attributes:
        known: the packages, once all of them are known.

    """

    def __init__(self) -> None:
        self.known: set[str] | None = None
        self._listed = 0
        self._described: dict[str, None] = {}
        self._needs: dict[str, list[str]] = {}
        self._parts: dict[str, list[str]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._plain: set[str] = set()

    def add(self, found: list[WireRelationship]) -> None:
        """Take relationships."""
        self._listed += len(found)
        # Relationships of files are dropped at once if the packages are known, else at the end.
        known, needs, parts = self.known, self._needs, self._parts
        for each in found:
            kind, first, second = (
                each.relationship_type,
                each.spdx_element_id,
                each.related_spdx_element,
            )
            if kind == "CONTAINS":
                if known is None or (second in known and first in known):
                    parts.setdefault(first, []).append(second)
            elif kind in _BACKWARD:
                needs.setdefault(second, []).append(first)
                scope = _BACKWARD[kind]
                if scope is None:
                    self._plain.add(first)
                else:
                    self._kinds.setdefault(first, set()).add(scope)
            elif kind in _FORWARD:
                needs.setdefault(first, []).append(second)
                self._plain.add(second)
            elif kind == "CONTAINED_BY":
                parts.setdefault(second, []).append(first)
            elif kind == "DESCRIBES":
                if first == _DOCUMENT:
                    self._described[second] = None
            elif kind == "DESCRIBED_BY" and second == _DOCUMENT:
                self._described[first] = None

    def finish(self) -> GraphParts:
        """What they say, as far as it is about packages."""
        known = self.known or set()
        edges: dict[str, tuple[str, ...]] = {}
        for needing, needed in self._needs.items():
            if needing in known:
                packages = _of(known, needed)
                # "DEPENDS_ON NONE" says that it is known to depend on nothing (SPDX 2.3 §11.1).
                if packages or "NONE" in needed:
                    edges[needing] = packages
        contains = {
            container: packages
            for container, parts in self._parts.items()
            if container in known and (packages := _of(known, parts))
        }
        return GraphParts(
            edges=edges,
            contains=contains,
            described=tuple(ref for ref in self._described if ref not in _NOTHING),
            scopes={
                ref: next(iter(kinds))
                for ref, kinds in self._kinds.items()
                if len(kinds) == 1 and ref not in self._plain
            },
            listed=self._listed,
        )


def _of(known: set[str], refs: list[str]) -> tuple[str, ...]:
    """Those that are packages, each once."""
    if len(refs) == 1:
        return (refs[0],) if refs[0] in known else ()
    return tuple(dict.fromkeys(ref for ref in refs if ref in known))
