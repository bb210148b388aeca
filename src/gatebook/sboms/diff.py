"""What changed between the component lists of two releases.

Components are the same package when their package URLs are the same without version and qualifiers
(the architecture stays); without one, when group and name are. A package that is there in several
versions is compared as a multiset, so that one version less is not a removal of the package.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cmp_to_key
from itertools import zip_longest
from typing import Final

from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Component, Sbom
from gatebook.sboms.inventory import dependencies, package_url, shipped
from gatebook.sboms.licences.policy import effective_claims

__all__ = [
    "Change",
    "ChangeKind",
    "PackageKey",
    "SbomDiff",
    "VersionOrder",
    "diff_sboms",
    "key_of",
    "package_key",
    "unordered",
    "version_of",
]

VersionOrder = Callable[[str, str, str], int | None]
"""Compares two versions of a package URL type: negative, zero, positive, ``None`` for unknown."""

_KEPT_QUALIFIERS: Final = frozenset({"arch"})
_MAJOR: Final = re.compile(r"v?(?:\d+:)?(\d+)", re.ASCII)


class ChangeKind(StrEnum):
    """What happened to a package."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    VERSION_CHANGED = "version-changed"
    HASH_CHANGED = "hash-changed"
    LICENCE_CHANGED = "licence-changed"
    SUPPLIER_CHANGED = "supplier-changed"
    SCOPE_CHANGED = "scope-changed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PackageKey:
    """What stays the same from one version of a package to the next.

    Attributes:
        type: of the package URL; empty where there is none.
        namespace: of the package URL, or the group; empty where there is none.
        name: the name.
        qualifiers: what remains of them, with the subpath.

    """

    type: str
    namespace: str
    name: str
    qualifiers: str = ""

    def __str__(self) -> str:
        path = "/".join(part for part in (self.namespace, self.name) if part)
        return f"pkg:{self.type}/{path}{self.qualifiers}" if self.type else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one package.

    Attributes:
        kind: what happened.
        package: to which package.
        before: the version, or the value that changed, earlier; ``None`` where there was none.
        after: the same, later.
        version: the version that has the new value, where the version is not what changed.
        major: whether the first number of the version is another one.
        direct: whether the root depends on it directly now.

    """

    kind: ChangeKind
    package: PackageKey
    before: str | None = None
    after: str | None = None
    version: str | None = None
    major: bool = False
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomDiff:
    """Everything that changed.

    Attributes:
        changes: sorted by kind and package.
        new_ecosystems: types of package URLs that were not there before.
        new_direct: packages the root depends on directly and did not before; ``None`` where one of
            the two does not say what its root depends on.
        unchanged: how many components are there in the same version in both.

    """

    changes: tuple[Change, ...]
    new_ecosystems: tuple[str, ...] = ()
    new_direct: tuple[PackageKey, ...] | None = None
    unchanged: int = 0

    def of_kind(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """The changes of some kinds."""
        return tuple(each for each in self.changes if each.kind in kinds)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not self.changes


def package_key(component: Component) -> PackageKey:
    """What a component is called in every version."""
    purl = package_url(component)
    if purl is None:
        return PackageKey(type="", namespace=component.group or "", name=component.name)
    return key_of(purl)


def key_of(purl: PackageUrl) -> PackageKey:
    """The key of a package URL."""
    kept = "&".join(f"{name}={text}" for name, text in purl.qualifiers if name in _KEPT_QUALIFIERS)
    return PackageKey(
        type=purl.type,
        namespace=purl.namespace or "",
        name=purl.name,
        qualifiers=(f"?{kept}" if kept else "") + (f"#{purl.subpath}" if purl.subpath else ""),
    )


def version_of(component: Component) -> str:
    """Its version; that of the package URL where it gives none, empty where neither does."""
    if component.version:
        return component.version
    purl = package_url(component)
    return (purl.version if purl else None) or ""


def unordered(_type: str, _one: str, _other: str) -> int | None:
    """Know no order; what could be an upgrade is only a change then."""
    return None


def diff_sboms(old: Sbom, new: Sbom, *, order: VersionOrder = unordered) -> SbomDiff:
    """Compare the component lists of two releases.

    Args:
        old: the earlier one.
        new: the later one.
        order: how versions of a package type are ordered.

    """
    before, after = _by_key(old), _by_key(new)
    direct_before, direct_after = _direct(old), _direct(new)
    changes: list[Change] = []
    unchanged = 0
    for key in sorted({*before, *after}):
        pair = _Pair(
            key=key,
            old=before.get(key, ()),
            new=after.get(key, ()),
            order=order,
            direct=direct_after is not None and key in direct_after,
        )
        changes += pair.changes()
        unchanged += pair.unchanged
    types_before = {key.type for key in before}
    return SbomDiff(
        changes=tuple(sorted(changes, key=_rank)),
        new_ecosystems=tuple(sorted({key.type for key in after} - types_before - {""})),
        new_direct=None
        if direct_before is None or direct_after is None
        else tuple(sorted(direct_after - direct_before)),
        unchanged=unchanged,
    )


_ORDER: Final[Mapping[ChangeKind, int]] = {kind: number for number, kind in enumerate(ChangeKind)}


def _rank(change: Change) -> tuple[int, PackageKey, str, str]:
    return _ORDER[change.kind], change.package, change.before or "", change.after or ""


def _by_key(sbom: Sbom) -> dict[PackageKey, tuple[Component, ...]]:
    found: dict[PackageKey, list[Component]] = defaultdict(list)
    for component in shipped(sbom):
        found[package_key(component)].append(component)
    return {key: tuple(components) for key, components in found.items()}


def _direct(sbom: Sbom) -> frozenset[PackageKey] | None:
    roots = sbom.roots or ((sbom.subject.ref,) if sbom.subject and sbom.subject.ref else ())
    refs: set[str] = set()
    told = False
    for root in roots:
        targets = dependencies(sbom, root)
        if targets is not None:
            told = True
            refs.update(targets)
    if not told:
        return None
    return frozenset(package_key(each) for each in shipped(sbom) if each.ref in refs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One package in both lists."""

    key: PackageKey
    old: Sequence[Component]
    new: Sequence[Component]
    order: VersionOrder
    direct: bool

    @property
    def unchanged(self) -> int:
        return (self._counted(self.old) & self._counted(self.new)).total()

    def changes(self) -> list[Change]:
        before, after = self._counted(self.old), self._counted(self.new)
        gone, come = before - after, after - before
        found = [
            self._moved(one, other)
            for one, other in zip_longest(self._sorted(gone), self._sorted(come))
        ]
        if before and after:
            found += self._described()
        for version in sorted(before.keys() & after.keys()):
            found += self._hashes(version)
        return found

    def _counted(self, components: Iterable[Component]) -> Counter[str]:
        return Counter(map(version_of, components))

    def _sorted(self, versions: Counter[str]) -> list[str]:
        def compare(one: str, other: str) -> int:
            return self.order(self.key.type, one, other) or 0

        return sorted(sorted(versions.elements()), key=cmp_to_key(compare))

    def _moved(self, one: str | None, other: str | None) -> Change:
        if one is None or other is None:
            kind = ChangeKind.ADDED if one is None else ChangeKind.REMOVED
            return self._change(kind, one, other)
        sign = self.order(self.key.type, one, other) if one and other else None
        if sign is None or sign == 0:
            return self._change(ChangeKind.VERSION_CHANGED, one, other)
        kind = ChangeKind.UPGRADED if sign < 0 else ChangeKind.DOWNGRADED
        return self._change(kind, one, other)

    def _described(self) -> Iterable[Change]:
        questions: tuple[tuple[ChangeKind, Callable[[Component], str]], ...] = (
            (ChangeKind.LICENCE_CHANGED, _licences),
            (ChangeKind.SUPPLIER_CHANGED, _supplier),
            (ChangeKind.SCOPE_CHANGED, _scope),
        )
        for kind, ask in questions:
            before = sorted({ask(each) for each in self.old})
            after = sorted({ask(each) for each in self.new})
            if before != after:
                versions = ", ".join(sorted({version_of(each) for each in self.new}))
                yield self._change(kind, "; ".join(before), "; ".join(after), version=versions)

    def _hashes(self, version: str) -> Iterable[Change]:
        """One version with other bytes: of no algorithm may a value appear that was not there."""
        before, after = _values(self.old, version), _values(self.new, version)
        for algorithm in sorted(before.keys() & after.keys()):
            if not after[algorithm] <= before[algorithm]:
                yield self._change(
                    ChangeKind.HASH_CHANGED,
                    _spelt(algorithm, before[algorithm]),
                    _spelt(algorithm, after[algorithm]),
                    version=version,
                )
                return  # one algorithm is proof enough

    def _change(
        self, kind: ChangeKind, before: str | None, after: str | None, *, version: str | None = None
    ) -> Change:
        moved = kind in {ChangeKind.UPGRADED, ChangeKind.DOWNGRADED, ChangeKind.VERSION_CHANGED}
        return Change(
            kind=kind,
            package=self.key,
            before=before,
            after=after,
            version=version,
            major=moved and _major(before or "") != _major(after or ""),
            direct=self.direct,
        )


def _values(components: Iterable[Component], version: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for component in components:
        if version_of(component) == version:
            for algorithm, text in component.hashes:
                found[algorithm].add(text)
    return found


def _spelt(algorithm: str, values: Iterable[str]) -> str:
    return ", ".join(f"{algorithm}:{text}" for text in sorted(values))


def _licences(component: Component) -> str:
    return " AND ".join(sorted({each.text for each in effective_claims(component)}))


def _supplier(component: Component) -> str:
    return component.supplier or component.manufacturer or ""


def _scope(component: Component) -> str:
    return component.scope or "required"


def _major(version: str) -> str | None:
    match = _MAJOR.match(version)
    return match[1] if match else None
