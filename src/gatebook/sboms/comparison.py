"""Whether the SBOM somebody presents is the one that was attested.

The same bytes are the same document. Other bytes may still list the same components: written by
another tool, in another format. What differs is named.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatebook.digest import Digest, sha256
from gatebook.formats.sbom.components import Component, Sbom
from gatebook.sboms.diff import PackageKey, package_key, version_of
from gatebook.sboms.inventory import shipped

__all__ = ["ComparedComponent", "Comparison", "HashDifference", "Likeness", "compare_sboms"]

# Each tool decides for itself whether files and the operating system are components.
_NOT_IN_EVERY_FORMAT: Final = frozenset({"file", "operating-system", "data"})


class Likeness(StrEnum):
    """How alike two SBOMs are."""

    SAME_BYTES = "same-bytes"
    SAME_COMPONENTS = "same-components"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ComparedComponent:
    """A package in one version."""

    package: PackageKey
    version: str

    def __str__(self) -> str:
        name, mark, rest = str(self.package).partition("?")
        return f"{name}@{self.version}{mark}{rest}" if self.version else str(self.package)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashDifference:
    """A component of which the two say other hashes of one algorithm."""

    component: ComparedComponent
    algorithm: str
    presented: tuple[str, ...]
    attested: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the presented SBOM differs from the attested one.

    Attributes:
        likeness: the answer.
        presented_only: components that were not attested, with how many times more they are there.
        attested_only: components that are missing from what is presented, likewise.
        hashes: components whose hashes contradict each other.
        other_subject: what each is about, where both say it by digest and contradict each other.
        shared: how many components are in both.
        left_out: how many of either were not compared, as not every format lists them.

    """

    likeness: Likeness
    presented_only: tuple[tuple[ComparedComponent, int], ...] = ()
    attested_only: tuple[tuple[ComparedComponent, int], ...] = ()
    hashes: tuple[HashDifference, ...] = ()
    other_subject: tuple[Digest, Digest] | None = None
    shared: int = 0
    left_out: int = 0


def compare_sboms(
    presented: Sbom,
    attested: Sbom,
    *,
    presented_bytes: bytes | None = None,
    attested_digest: Digest | None = None,
) -> Comparison:
    """Compare component by component, unless the bytes are the same.

    Two lists without a component are alike only when their bytes are: nothing was compared.

    Args:
        presented: what somebody hands in.
        attested: what the signed statement holds.
        presented_bytes: the document as handed in.
        attested_digest: SHA-256 of the attested document.

    """
    if presented_bytes is not None and attested_digest == sha256(presented_bytes):
        return Comparison(likeness=Likeness.SAME_BYTES, shared=len(shipped(presented)))
    alike_tools = presented.format is attested.format
    ours, theirs = _compared(presented, all_=alike_tools), _compared(attested, all_=alike_tools)
    have, want = Counter(map(_identity, ours)), Counter(map(_identity, theirs))
    more, fewer = have - want, want - have
    hashes = tuple(_contradictions(ours, theirs))
    subjects = _other_subject(presented, attested)
    shared = (have & want).total()
    same = not (more or fewer or hashes or subjects) and shared
    return Comparison(
        likeness=Likeness.SAME_COMPONENTS if same else Likeness.DIFFERENT,
        presented_only=tuple(sorted(more.items())),
        attested_only=tuple(sorted(fewer.items())),
        hashes=hashes,
        other_subject=subjects,
        shared=shared,
        left_out=len(shipped(presented)) + len(shipped(attested)) - len(ours) - len(theirs),
    )


def _compared(sbom: Sbom, *, all_: bool) -> tuple[Component, ...]:
    found = shipped(sbom)
    return found if all_ else tuple(each for each in found if each.type not in _NOT_IN_EVERY_FORMAT)


def _identity(component: Component) -> ComparedComponent:
    return ComparedComponent(package=package_key(component), version=version_of(component))


def _contradictions(
    presented: Iterable[Component], attested: Iterable[Component]
) -> Iterable[HashDifference]:
    ours, theirs = _hashes(presented), _hashes(attested)
    for key in sorted(ours.keys() & theirs.keys()):
        if ours[key] != theirs[key]:
            yield HashDifference(
                component=key[0],
                algorithm=key[1],
                presented=tuple(sorted(ours[key])),
                attested=tuple(sorted(theirs[key])),
            )


def _hashes(components: Iterable[Component]) -> dict[tuple[ComparedComponent, str], set[str]]:
    found: dict[tuple[ComparedComponent, str], set[str]] = {}
    for component in components:
        for algorithm, text in component.hashes:
            found.setdefault((_identity(component), algorithm), set()).add(text)
    return found


def _other_subject(presented: Sbom, attested: Sbom) -> tuple[Digest, Digest] | None:
    for ours in presented.subject_digests:
        same = [each for each in attested.subject_digests if each.algorithm == ours.algorithm]
        if same and ours not in same:
            return ours, same[0]
    return None
