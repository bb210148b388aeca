"""What SPDX 3 says of a package through the files and sources it is related to.

BSI TR-03183-2 version 2.1.0 §8.2 says which relationships these are: the file a package is
distributed as, the source it is generated from, and the licence it is used under.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.sbom.parts import ExternalReference, HashEntry, Property

__all__ = ["Artifact", "RelatedArtifacts", "artifact_of", "related_artifacts"]

Relation = tuple[str, tuple[str, ...], Fields]

# With this comment, a purpose that is not listed is denied; without it nothing is said.
_BSI_COMMENT: Final = "BSI TR-03183-2"
_WORDS: Final = (
    ("bsi:component:executable", "executable", "executable", "non-executable"),
    ("bsi:component:archive", "archive", "archive", "no archive"),
)
_STRUCTURE: Final = (("container", "structured"), ("firmware", "unstructured"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or source, reduced to what is asked of it."""

    name: str | None
    urls: tuple[str, ...]
    hashes: tuple[HashEntry, ...]
    purposes: frozenset[str]
    tells_all_purposes: bool


@dataclass(slots=True, kw_only=True)
class RelatedArtifacts:
    """What is known of one package through its artifacts."""

    filename: str | None = None
    references: list[ExternalReference] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)


def artifact_of(found: Fields) -> Artifact | None:
    """Reduce an element; ``None`` when it says nothing but its name.

    Raises:
        MalformedError: a field of another JSON type than it must have.

    """
    urls = [
        each.values["locator"]
        for name in ("externalRef", "externalRefs")
        for each in found.objects(name)
        if "locator" in each.values
    ]
    listed = [url for each in urls for url in (each if isinstance(each, list) else [each])]
    hashes = tuple(
        HashEntry(alg=each.optional_text("algorithm"), content=each.optional_text("hashValue"))
        for each in found.objects("verifiedUsing")
        if "hashValue" in each.values
    )
    written = found.values.get(
        "software_additionalPurpose", found.values.get("additionalPurpose", [])
    )
    purposes = frozenset(
        each.rpartition("/")[2]
        for each in (written if isinstance(written, list) else [written])
        if isinstance(each, str)
    )
    if not (listed or hashes or purposes):
        return None
    comment = found.optional_text("comment") or ""
    return Artifact(
        name=found.optional_text("name"),
        urls=tuple(url for url in listed if isinstance(url, str) and url),
        hashes=hashes,
        purposes=purposes,
        tells_all_purposes=_BSI_COMMENT in comment,
    )


def related_artifacts(
    related: Mapping[str, Iterable[Relation]],
    artifacts: Mapping[str, Artifact],
    license_text: Callable[[str], str | None],
) -> dict[str, RelatedArtifacts]:
    """Collect what the relationships say, by package."""
    found: dict[str, RelatedArtifacts] = {}
    for package, targets, _ in related.get("hasDistributionArtifact", ()):
        for target in targets:
            if target in artifacts:
                _distributed(found.setdefault(package, RelatedArtifacts()), artifacts[target])
    for source, targets, _ in related.get("generates", ()):
        for package in targets if source in artifacts else ():
            references = found.setdefault(package, RelatedArtifacts()).references
            references += _references("source-distribution", artifacts[source])
    for package, targets, each in related.get("other", ()):
        if each.optional_text("comment") != "hasEffectiveLicense":
            continue
        for text in map(license_text, targets):
            if text is not None:
                found.setdefault(package, RelatedArtifacts()).properties.append(
                    Property(name="bsi:component:effectiveLicense", value=text)
                )
    return found


def _distributed(into: RelatedArtifacts, artifact: Artifact) -> None:
    into.filename = into.filename or artifact.name
    into.references += _references("distribution", artifact)
    for name, purpose, yes, no in _WORDS:
        if purpose in artifact.purposes:
            into.properties.append(Property(name=name, value=yes))
        elif artifact.tells_all_purposes:
            into.properties.append(Property(name=name, value=no))
    for purpose, word in _STRUCTURE:
        if purpose in artifact.purposes:
            into.properties.append(Property(name="bsi:component:structured", value=word))
            break


def _references(kind: str, artifact: Artifact) -> list[ExternalReference]:
    hashes = artifact.hashes or None
    if not artifact.urls:
        # Where it is is not said; its hashes are.
        return [ExternalReference(type=kind, hash_entries=hashes)] if hashes else []
    return [ExternalReference(type=kind, url=url, hash_entries=hashes) for url in artifact.urls]
