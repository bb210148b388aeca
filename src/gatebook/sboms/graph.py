"""Which components the root reaches, and what the document claims to know about the rest."""

from collections.abc import Callable
from dataclasses import dataclass

from gatebook.formats.sbom.components import Component, Sbom
from gatebook.sboms.inventory import adjacency, described

__all__ = ["Reach", "completeness_claims", "reach"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What can be reached from the root.

    Attributes:
        roots: refs of the roots.
        told: whether anything is said of what a root depends on or contains.
        reached: how many components the roots reach.
        orphans: those that no root reaches.
        silent: how many components nothing is said of: neither that they depend on something nor
            that they depend on nothing.

    """

    roots: tuple[str, ...]
    told: bool
    reached: int
    orphans: tuple[Component, ...]
    silent: int


def reach(sbom: Sbom) -> Reach:
    """Follow dependencies and containment from the roots."""
    links = adjacency(sbom)
    subject = sbom.subject.ref if sbom.subject is not None else None
    roots = tuple(dict.fromkeys((*sbom.roots, *((subject,) if subject else ()))))
    seen = set(roots)
    waiting = list(roots)
    while waiting:
        for ref in links.get(waiting.pop(), ()):
            if ref not in seen:
                seen.add(ref)
                waiting.append(ref)
    others = [each for each in described(sbom) if each.ref is None or each.ref not in roots]
    orphans = tuple(each for each in others if each.ref is None or each.ref not in seen)
    return Reach(
        roots=roots,
        told=any(root in sbom.edges or links.get(root) for root in roots),
        reached=len(others) - len(orphans),
        orphans=orphans,
        silent=sum(
            1
            for each in described(sbom)
            if each.ref is None or (each.ref not in sbom.edges and not links.get(each.ref))
        ),
    )


def completeness_claims(sbom: Sbom) -> Callable[[str], str | None]:
    """What the document claims about how much it says of a component, by ref; ``None`` for nothing.

    A claim without refs is about the whole document (CycloneDX ``compositions``).
    """
    claims: dict[str, str] = {}
    whole: str | None = None
    for claim in sbom.completeness:
        for ref in (*claim.dependencies, *claim.assemblies):
            claims.setdefault(ref, claim.aggregate)
        if whole is None and not (claim.dependencies or claim.assemblies or claim.vulnerabilities):
            whole = claim.aggregate
    return lambda ref: claims.get(ref, whole)
