"""The image was built on images that are approved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Self

from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError
from gatebook.facts.facts import Facts
from gatebook.formats.build.reference import Material
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.formats.purl import PackageUrl
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom
from gatebook.names import Pattern
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, damaged_finding, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.sboms.checks.surroundings import layers_of

__all__ = ["BaseImageControl"]

_IMAGE_TYPES: Final = frozenset({"docker", "oci"})
_SCHEMES: Final = ("docker-image://", "oci://", "docker://")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImageControl:
    """Each image that provenance names as used is approved, or the layers of an SBOM say so.

    Builders do not say which of the images was the base and which only helped to build: what
    helped could put anything into the artifact, so that each has to be approved.
    """

    name: ClassVar[str] = "base-image"
    purpose: ClassVar[str] = "The image was built on approved images only."
    satisfied_by: ClassVar[str] = (
        "accepted provenance that names the images used, each approved by digest or name; where "
        "it names none, an SBOM whose lowest layers are those of an approved image"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "digests": "digests of approved images, `sha256:…`",
            "names": "patterns over the names of approved images without tag, "
            "`docker.io/library/python`; one that is named without a digest never fits",
            "lineages": "approved images by their layers: a list of mappings of `layers`, the "
            "DiffIDs from the lowest up. `digests`, `names` or `lineages` is required",
            **CHOICE_PARAMETERS,
        }
    )

    digests: frozenset[Digest]
    names: tuple[Pattern, ...]
    lineages: tuple[tuple[Digest, ...], ...]
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the approved images."""
        del roles
        digests = frozenset(_digests(parameters, "digests", parameters.texts("digests")))
        names = parameters.patterns("names")
        lineages: list[tuple[Digest, ...]] = []
        for each in parameters.nested_list("lineages"):
            lineages.append(tuple(_digests(each, "layers", each.texts("layers"))))
            each.done()
            if not lineages[-1]:
                raise each.refuse("'layers' lists at least one layer")
        if not digests and not names and not lineages:
            raise parameters.refuse("'digests', 'names' or 'lineages' is required")
        return cls(
            digests=digests,
            names=names,
            lineages=tuple(lineages),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Compare the images that were used with those that are approved."""
        del roles
        expected = "every image that was used in the build is approved, by digest or name"
        provenance = self.choice.among(facts, Provenance, None)
        used = [
            (each, material)
            for each in provenance.kept
            for material in each.content.materials
            if _image_name(material) is not None
        ]
        strange = [(each, material) for each, material in used if not self._approved(material)]
        if strange:
            return Finding(
                status=Status.FAIL,
                code="policy.base-image-other",
                expected=expected,
                found=listed(f"{each.place}: {_told(material)}" for each, material in strange),
                fix="build again on approved images, pinned by digest",
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each, _ in strange)),
            )
        damaged = damaged_finding(facts.of_kind(PredicateKind.PROVENANCE), expected)
        if damaged is not None:
            return damaged
        if used:
            return Finding(
                status=Status.PASS,
                code="policy.base-image-approved",
                expected=expected,
                found=listed(_told(material) for _, material in used),
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each, _ in used)),
            )
        return self._by_layers(facts, expected)

    def _by_layers(self, facts: Facts, expected: str) -> Finding:
        sboms = self.choice.among(facts, Sbom, Family.SBOM)
        layered = [(each, layers) for each in sboms.kept if (layers := layers_of(each.content))]
        if not self.lineages or not layered:
            return sboms.damaged(expected) or Finding(
                status=Status.MISSING,
                code="policy.base-image-unknown",
                expected=expected,
                found="no accepted provenance names an image that was used"
                + (", and no SBOM the layers" if self.lineages else ""),
                fix="let the builder name the base image as a material in provenance, and hand it "
                "in with `gatebook accept`",
                evidence=sboms.entries,
            )
        strange = [each for each, layers in layered if not self._grown(layers)]
        if strange:
            return Finding(
                status=Status.FAIL,
                code="policy.base-image-other-layers",
                expected=expected,
                found=listed(
                    f"{each.place}: the lowest layers are of no approved image" for each in strange
                ),
                fix="build again on an approved image",
                evidence=_entries(strange),
            )
        return sboms.damaged(expected) or Finding(
            status=Status.PASS,
            code="policy.base-image-approved",
            expected=expected,
            found=listed(f"{each.place}: by its lowest layers" for each, _ in layered),
            evidence=_entries(each for each, _ in layered),
        )

    def _approved(self, material: Material) -> bool:
        digests = _digests_of(material)
        if not digests:
            return False
        if self.digests.intersection(digests):
            return True
        name = _image_name(material) or ""
        return any(pattern.matches(name) for pattern in self.names)

    def _grown(self, layers: tuple[Digest, ...]) -> bool:
        return any(layers[: len(lineage)] == lineage for lineage in self.lineages)


def _entries(kept: Iterable[Kept[Sbom]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.fact.entry.id for each in kept))


def _digests(parameters: Parameters, name: str, texts: Iterable[str]) -> Iterable[Digest]:
    for text in texts:
        try:
            yield Digest.parse(text)
        except GatebookError as error:
            raise parameters.refuse(f"{name!r}: {error.message}") from None


def _image_name(material: Material) -> str | None:
    """What an image is called, without tag and digest; ``None`` for what is no image."""
    uri = material.uri or ""
    if uri.startswith("pkg:"):
        try:
            purl = PackageUrl.parse(uri)
        except MalformedError:
            return None
        if purl.type not in _IMAGE_TYPES:
            return None
        given = purl.qualifier("repository_url")
        path = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
        if given is None:
            return path
        # purl-spec: for docker a registry, for oci the repository with the name.
        host = given.removeprefix("https://").rstrip("/")
        return host if host.endswith(f"/{purl.name}") else f"{host}/{path}"
    for scheme in _SCHEMES:
        if uri.startswith(scheme):
            name = uri.removeprefix(scheme).partition("@")[0]
            head, slash, last = name.rpartition("/")
            return f"{head}{slash}{last.partition(':')[0]}"
    return None


def _digests_of(material: Material) -> tuple[Digest, ...]:
    return () if material.digests is None else material.digests.digests


def _told(material: Material) -> str:
    digests = _digests_of(material)
    pinned = digests[0].short if digests else "without a digest"
    return f"{_image_name(material)} ({pinned})"
