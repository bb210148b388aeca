"""What a component list is about, part by part: which parts count, and how each is called."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Component, Sbom, SbomFormat

__all__ = [
    "adjacency",
    "dependencies",
    "described",
    "is_package",
    "label",
    "package_url",
    "pointers",
    "refs_of",
    "shipped",
]

# Components of CycloneDX and Syft that are not packages: nobody gives them a version or a licence.
_NOT_PACKAGES: Final = frozenset(
    {"file", "data", "operating-system", "device", "cryptographic-asset"}
)


def is_package(sbom: Sbom, component: Component) -> bool:
    """Whether it is software somebody released, and not a file, a device or a system around it.

    SPDX lists files apart; whatever the purpose of a package there, it is one.
    """
    return sbom.format is SbomFormat.SPDX or component.type not in _NOT_PACKAGES


def described(sbom: Sbom) -> tuple[Component, ...]:
    """Every component once, the subject first."""
    subject = sbom.subject
    if subject is None:
        return sbom.components
    rest = (each for each in sbom.components if not _same(each, subject))
    return (subject, *rest)


def shipped(sbom: Sbom) -> tuple[Component, ...]:
    """The components without the subject: what the artifact is made of."""
    subject = sbom.subject
    if subject is None:
        return sbom.components
    return tuple(each for each in sbom.components if not _same(each, subject))


def _same(component: Component, subject: Component) -> bool:
    return component is subject or (subject.ref is not None and component.ref == subject.ref)


def label(component: Component) -> str:
    """How it is called in a result: its package URL, or group, name and version."""
    if component.purl:
        return component.purl
    name = f"{component.group}/{component.name}" if component.group else component.name
    named = name or component.ref or "a component without a name"
    return f"{named}@{component.version}" if component.version else named


def package_url(component: Component) -> PackageUrl | None:
    """Its package URL; ``None`` where there is none that can be read."""
    return None if component.purl is None else _parsed(component.purl)


@lru_cache(maxsize=16_384)
def _parsed(text: str) -> PackageUrl | None:
    try:
        return PackageUrl.parse(text)
    except MalformedError:
        return None


def dependencies(sbom: Sbom, ref: str) -> tuple[str, ...] | None:
    """What a component depends on or contains, by ref; ``None`` where nothing is said of it."""
    if ref not in sbom.edges and ref not in sbom.contains:
        return None
    return (*sbom.edges.get(ref, ()), *sbom.contains.get(ref, ()))


def adjacency(sbom: Sbom) -> Mapping[str, tuple[str, ...]]:
    """For each ref the refs it depends on, contains, or has nested inside it."""
    joined: dict[str, tuple[str, ...]] = {}
    for links in (sbom.edges, sbom.contains):
        for ref, targets in links.items():
            joined[ref] = (*joined.get(ref, ()), *targets)
    for component in described(sbom):
        inside = tuple(each.ref for each in _nested(component) if each.ref)
        if component.ref and inside:
            joined[component.ref] = (*joined.get(component.ref, ()), *inside)
    return joined


def refs_of(sbom: Sbom) -> frozenset[str]:
    """Every ref something in the graph may point to: of components, the subject's parts, services.

    The parts of a subject are in the document and not in the list of components.
    """
    found = set(sbom.services)
    waiting = list(described(sbom))
    while waiting:
        component = waiting.pop()
        if component.ref:
            found.add(component.ref)
        waiting += _nested(component)
    return frozenset(found)


def _nested(component: Component) -> tuple[Component, ...]:
    inside: tuple[Component, ...] | None = getattr(component, "components", None)
    return inside or ()


def pointers(sbom: Sbom) -> Mapping[int, str]:
    """The JSON pointer (RFC 6901) of each component in the JSON form of its format, by ``id``.

    SPDX 3 and dependency snapshots are graphs and maps, in which a component has no number.
    """
    match sbom.format:
        case SbomFormat.CYCLONEDX:
            return dict(_cyclonedx_pointers(sbom))
        case SbomFormat.SPDX if sbom.spec_version.startswith("2"):
            return {id(each): f"/packages/{n}" for n, each in enumerate(sbom.components)}
        case SbomFormat.SYFT:
            return {id(each): f"/artifacts/{n}" for n, each in enumerate(sbom.components)}
        case _:
            return {}


def _cyclonedx_pointers(sbom: Sbom) -> Iterator[tuple[int, str]]:
    inner = {id(each) for component in sbom.components for each in _nested(component)}
    top = [each for each in sbom.components if id(each) not in inner]
    waiting = [(each, f"/components/{number}") for number, each in enumerate(top)]
    if sbom.subject is not None:
        waiting.append((sbom.subject, "/metadata/component"))
    while waiting:
        component, pointer = waiting.pop()
        yield id(component), pointer
        waiting += (
            (each, f"{pointer}/components/{number}")
            for number, each in enumerate(_nested(component))
        )
