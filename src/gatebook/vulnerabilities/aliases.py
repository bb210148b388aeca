"""Which identifiers mean the same vulnerability, closed before anything is counted.

Aliases are symmetric and transitive (ossf/osv-schema, "aliases field"); ``upstream`` and
``related`` are not, and join nothing here. Records that were withdrawn join nothing either.

A cluster of more than :data:`MAX_CLUSTER` identifiers is not believed, and each of its identifiers
stands alone: one record that lists thousands of aliases would otherwise make a single waiver cover
thousands of vulnerabilities. osv.dev draws the line at the same number.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

__all__ = ["MAX_CLUSTER", "AliasClusters", "canonical_id", "close_aliases", "cves_in", "is_cve"]

MAX_CLUSTER: Final = 32
_CVE: Final = re.compile(r"CVE-(\d{4,})-(\d{4,})\Z", re.ASCII)
# After CVE, which every tool knows: the databases that review what they publish, then the rest.
_PREFERRED: Final = ("GHSA", "MAL", "PYSEC", "GO", "RUSTSEC", "OSV")


def is_cve(text: str) -> bool:
    """Whether an identifier is a CVE's."""
    return _CVE.match(text) is not None


def cves_in(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the CVE identifiers among some, oldest first."""
    return tuple(sorted({each for each in ids if is_cve(each)}, key=_rank))


def canonical_id(ids: Iterable[str]) -> str:
    """Choose the name of a cluster: the oldest CVE; without one GHSA, MAL, PYSEC, GO, RUSTSEC, OSV.

    Within one database the lowest identifier, so that the choice depends on nothing else.
    """
    return min(ids, key=_rank)


def _rank(text: str) -> tuple[int, int, int, str]:
    found = _CVE.match(text)
    if found is not None:
        return 0, int(found[1][:9]), int(found[2][:18]), text
    prefix = text.partition("-")[0]
    place = _PREFERRED.index(prefix) if prefix in _PREFERRED else len(_PREFERRED)
    return 1, place, 0, text


class AliasClusters(NamedTuple):
    """The clusters of more than one identifier.

    Attributes:
        clusters: canonical identifier and all members, sorted; in the order of the canonical ones.
        refused: how many sets of aliases were too large to be believed.

    """

    clusters: tuple[tuple[str, tuple[str, ...]], ...]
    refused: int


def close_aliases(statements: Iterable[tuple[str, Sequence[str]]]) -> AliasClusters:
    """Join what records say of themselves: each an id and its aliases.

    The result does not depend on the order of the records.
    """
    parents: dict[str, str] = {}

    def root(each: str) -> str:
        found = each
        while parents[found] != found:
            found = parents[found]
        while parents[each] != found:  # every step of the way points at the root from now on
            parents[each], each = found, parents[each]
        return found

    for own, aliases in statements:
        parents.setdefault(own, own)
        for alias in aliases:
            parents.setdefault(alias, alias)
            one, other = root(own), root(alias)
            if one != other:
                parents[other] = one
    members: dict[str, list[str]] = {}
    for each in parents:
        members.setdefault(root(each), []).append(each)
    believed = [sorted(ids) for ids in members.values() if 1 < len(ids) <= MAX_CLUSTER]
    return AliasClusters(
        tuple(sorted((canonical_id(ids), tuple(ids)) for ids in believed)),
        sum(len(ids) > MAX_CLUSTER for ids in members.values()),
    )
