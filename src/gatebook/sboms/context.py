"""What the caller knows about an SBOM besides what is in it; all of it may be absent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gatebook.clock import Duration, Instant
from gatebook.digest import Digest
from gatebook.formats.sbom.components import Sbom
from gatebook.names import Pattern
from gatebook.sboms.diff import VersionOrder, unordered
from gatebook.sboms.licences.policy import LicencePolicy

__all__ = [
    "BaseImage",
    "BaseImageRules",
    "DeniedPackage",
    "GeneratorRule",
    "InRange",
    "InternalNames",
    "PackageSources",
    "SbomContext",
]

InRange = Callable[[str, str, str], bool | None]
"""Whether a range (``vers:…``) of a package URL type has a version; ``None`` when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorRule:
    """A tool that may make SBOMs.

    Attributes:
        name: compared without regard to case.
        minimum: the lowest version, as semantic versioning orders them; ``None`` for any.

    """

    name: str
    minimum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSources:
    """Where packages may come from.

    Attributes:
        types: package URL types; ``None`` for any.
        hosts: hosts of registries and downloads; ``None`` for any.
        version_control: whether a package may be taken from a repository of source code.

    """

    types: frozenset[str] | None = None
    hosts: frozenset[str] | None = None
    version_control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedPackage:
    """A package that must not be there.

    Attributes:
        package: pattern of the package URL without version, qualifiers and subpath.
        versions: a ``vers:`` range; ``None`` for every version.
        reason: why.

    """

    package: Pattern
    versions: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalNames:
    """Packages that are one's own, and where they come from.

    Attributes:
        packages: patterns of their package URLs without version, qualifiers and subpath.
        hosts: the registries they come from.

    """

    packages: tuple[Pattern, ...]
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image an image was built on.

    Attributes:
        digest: its manifest (``org.opencontainers.image.base.digest``).
        name: its reference (``org.opencontainers.image.base.name``).
        created: when it was made.

    """

    digest: Digest | None = None
    name: str | None = None
    created: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImageRules:
    """The base images that may be used.

    Attributes:
        digests: their manifests.
        lineages: their layers (DiffIDs), from the lowest up; an image built on one begins with
            them.
        max_age: how old one may be; ``None`` for any age.

    """

    digests: frozenset[Digest] = frozenset()
    lineages: tuple[tuple[Digest, ...], ...] = ()
    max_age: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomContext:
    """Everything the checks can use.

    Attributes:
        artifact: the digest of the artifact.
        document: the digest of the SBOM's bytes.
        attested_document: the digest of the SBOM that was attested or recorded.
        attested_subjects: what the attestation that holds the SBOM is about.
        schema_problems: what a validator found; ``None`` when none was asked.
        now: the instant of the decision.
        source_committed: when the source was committed.
        build_finished: when the build ended.
        skew: by how much clocks may differ.
        generators: tools that may make SBOMs; ``None`` for any.
        lifecycles: phases in which an SBOM may be made.
        min_components: how many components there must be.
        max_shrinkage: by which part the number of components may fall from release to release.
        version_threshold: which part of the packages may have no exact version.
        max_orphans: which part of the components may be out of reach of the root.
        previous: the SBOM of the previous release, or the approved baseline.
        order: how versions are ordered.
        in_range: whether a version is in a range.
        licences: the licence policy.
        sources: where packages may come from.
        denied: packages that must not be there.
        typosquats: package URLs without version that imitate others.
        malicious: identifiers of advisories about malicious packages, by package URL; ``None`` when
            nobody looked.
        internal: packages that are one's own.
        base_image: what the image was built on.
        base_images: what it may be built on.
        distributions_end: when a distribution (``debian 11``) is no longer maintained.
        unmaintained: why a package is no longer maintained, by package URL with or without version;
            ``None`` when nobody looked.
        platforms: the manifest of each platform of a multi-platform image; ``None`` when the
            artifact is no index.
        platform_sboms: manifests an SBOM was accepted for.
        locked: package URLs of a lock file, or found in the running artifact; ``None`` for no file.
        profiles: names of the profiles to ask.

    """

    artifact: Digest | None = None
    document: Digest | None = None
    attested_document: Digest | None = None
    attested_subjects: tuple[Digest, ...] = ()
    schema_problems: tuple[str, ...] | None = None
    now: Instant | None = None
    source_committed: Instant | None = None
    build_finished: Instant | None = None
    skew: Duration = field(default_factory=lambda: Duration.parse("5m"))
    generators: tuple[GeneratorRule, ...] | None = None
    lifecycles: frozenset[str] = frozenset({"build", "post-build"})
    min_components: int = 1
    max_shrinkage: float = 0.5
    version_threshold: float = 0.0
    max_orphans: float = 0.0
    previous: Sbom | None = None
    order: VersionOrder = unordered
    in_range: InRange | None = None
    licences: LicencePolicy | None = None
    sources: PackageSources | None = None
    denied: tuple[DeniedPackage, ...] | None = None
    typosquats: frozenset[str] | None = None
    malicious: Mapping[str, tuple[str, ...]] | None = None
    internal: InternalNames | None = None
    base_image: BaseImage | None = None
    base_images: BaseImageRules | None = None
    distributions_end: Mapping[str, Instant] | None = None
    unmaintained: Mapping[str, str] | None = None
    platforms: Mapping[str, Digest] | None = None
    platform_sboms: frozenset[Digest] = frozenset()
    locked: tuple[str, ...] | None = None
    profiles: tuple[str, ...] = ()
