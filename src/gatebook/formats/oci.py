"""Image manifests and indexes: what an image consists of, and which digest is which.

Reads OCI image manifests and indexes (image-spec v1.1) and their Docker schema 2 elders. The bytes
are identified by their digest, never the parsed record. A document that could pass both as an
index and as a manifest is refused (CVE-2021-41190); Docker schema 1 is refused, its digest does
not cover the bytes.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.formats.fields import Fields
from gatebook.formats.image_reference import ImageReference, select_repo_digest
from gatebook.values import value

__all__ = [
    "INDEX_TYPES",
    "MANIFEST_TYPES",
    "MAX_DOCUMENT_BYTES",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "REF_NAME",
    "Descriptor",
    "ImageConfig",
    "ImageDocument",
    "ImageReference",
    "Index",
    "Manifest",
    "ManifestError",
    "Platform",
    "check_digest",
    "parse_document",
    "select_platform",
    "select_repo_digest",
]

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

MAX_DOCUMENT_BYTES: Final = 4 * 1024 * 1024
"""Manifests and indexes up to 4 MiB: what registries must accept (distribution-spec v1.1)."""

REF_NAME: Final = "org.opencontainers.image.ref.name"

_SCHEMA_VERSION: Final = 2
_MAX_DEPTH: Final = 16
_MAX_DESCRIPTORS: Final = 10_000
_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\Z"
)
_PLATFORM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class ManifestError(MalformedError):
    """Bytes are not an image manifest, index or configuration that can be read one way only."""

    code = "formats.image-manifest"


@value
class Platform:
    """Operating system and processor an image runs on.

    ``arm64`` means ``arm64/v8`` and ``arm`` means ``arm/v7``, as containerd's normalisation has it.

    Attributes:
        os: ``linux``, ``windows`` …
        architecture: in the names of Go: ``amd64``, ``arm64`` …
        variant: of the processor, or empty.

    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Parse ``os/architecture[/variant]``.

        Raises:
            MalformedError: another form.

        """
        parts = text.split("/")
        if len(parts) not in {2, 3} or any(_PLATFORM.match(part) is None for part in parts):
            raise MalformedError(
                f"{text[:80]!r} is not a platform such as linux/amd64", code="formats.platform"
            )
        return cls.of(*parts)

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> "Platform":
        """Build the normal form."""
        default = {"arm64": "v8", "arm": "v7"}.get(architecture.lower(), "")
        return cls(os.lower(), architecture.lower(), variant.lower() or default)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A pointer to content by digest (image-spec ``descriptor.md``).

    Attributes:
        media_type: what the content is.
        digest: of the exact bytes.
        size: of the content in bytes.
        platform: what the image behind it runs on, where the index says so.
        annotations: as written.
        urls: where else the content can be had; such layers are not distributed with the image.

    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it points to an index."""
        return self.media_type in INDEX_TYPES

    @property
    def is_manifest(self) -> bool:
        """Whether it points to an image manifest."""
        return self.media_type in MANIFEST_TYPES

    @property
    def ref_name(self) -> str | None:
        """The name it has in an image layout."""
        return self.annotations.get(REF_NAME)

    def check(self, data: bytes) -> None:
        """Verify that ``data`` is the content meant.

        Raises:
            ManifestError: another size or digest.

        """
        if len(data) != self.size:
            raise ManifestError(
                f"{self.digest.short} must have {self.size} bytes, found {len(data)}",
                code="formats.blob-size",
            )
        check_digest(data, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image: its configuration and its layers.

    Attributes:
        media_type: OCI or Docker schema 2.
        config: the configuration; its digest is Docker's image ID.
        layers: bottom first.
        subject: the manifest this one refers to, for artifacts attached to an image.
        artifact_type: what it is, if it is no container image.
        annotations: as written.

    """

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str:
        """The artifact type; where none is written, the type of the configuration.

        (image-spec ``manifest.md``, "Guidelines for Artifact Usage".)
        """
        return self.artifact_type or self.config.media_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Several manifests under one digest, usually one for each platform.

    Attributes:
        media_type: OCI index or Docker manifest list.
        manifests: in the order written.
        subject: as in a manifest.
        artifact_type: as in a manifest.

    """

    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str | None = None


ImageDocument: TypeAlias = Manifest | Index


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What of an image's configuration identifies it.

    Attributes:
        platform: what the image runs on.
        diff_ids: digests of the uncompressed layers, bottom first.

    """

    platform: Platform
    diff_ids: tuple[Digest, ...]

    @classmethod
    def parse(cls, data: bytes) -> "ImageConfig":
        """Read an image configuration (image-spec ``config.md``).

        Raises:
            MalformedError: not one.

        """
        fields = _document(data, "image configuration")
        rootfs = fields.object("rootfs")
        if rootfs.text("type") != "layers":
            raise rootfs.refuse("'type' must be 'layers'")
        diff_ids = rootfs.array("diff_ids")
        if len(diff_ids) > _MAX_DESCRIPTORS or not all(isinstance(item, str) for item in diff_ids):
            raise rootfs.refuse("'diff_ids' must be a list of digests")
        return cls(
            platform=_platform(fields),
            diff_ids=tuple(Digest.parse(str(item)) for item in diff_ids),
        )


def check_digest(data: bytes, digest: Digest) -> None:
    """Verify that ``data`` has ``digest``.

    Raises:
        ManifestError: it has another.

    """
    found = hashlib.new(digest.algorithm, data).hexdigest()
    if found != digest.hex:
        raise ManifestError(
            f"content must have the digest {digest}, found {digest.algorithm}:{found}",
            code="formats.blob-digest",
        )


def parse_document(data: bytes, *, media_type: str | None = None) -> ImageDocument:
    """Read an image manifest or index.

    Args:
        data: the exact bytes.
        media_type: what whoever gave the bytes said they are (descriptor, ``Content-Type``).

    Raises:
        MalformedError: not JSON that can be read one way only; neither a manifest nor an index, or
            both; Docker schema 1; or something else than ``media_type`` says.

    """
    fields = _document(data, "image manifest")
    version = fields.values.get("schemaVersion")
    if version != _SCHEMA_VERSION or isinstance(version, bool):
        raise fields.refuse(f"'schemaVersion' must be 2, found {version!r:.20}")
    written = fields.optional_text("mediaType")
    # 1. Said twice, it must be the same (image-spec: mediaType SHOULD match the descriptor).
    said = {kind for kind in (written, media_type) if kind is not None}
    if len(said) > 1:
        raise fields.refuse(f"is called {media_type!r:.100} and calls itself {written!r:.100}")
    # 2. One shape only (CVE-2021-41190).
    has_manifests = "manifests" in fields.values
    has_layers = "layers" in fields.values or "config" in fields.values
    if has_manifests == has_layers or "fsLayers" in fields.values:
        raise fields.refuse("must be either an index ('manifests') or a manifest ('config')")
    # 3. The shape is that of its type.
    default = OCI_INDEX if has_manifests else OCI_MANIFEST
    kind = said.pop() if said else default
    if kind not in (INDEX_TYPES if has_manifests else MANIFEST_TYPES):
        raise fields.refuse(f"media type {kind!r:.100} does not fit what is in it")
    subject = fields.optional_object("subject")
    parsed_subject = _descriptor(subject) if subject is not None else None
    artifact_type = fields.optional_text("artifactType")
    if has_manifests:
        return Index(
            media_type=kind,
            manifests=_descriptors(fields, "manifests"),
            subject=parsed_subject,
            artifact_type=artifact_type,
        )
    if "layers" not in fields.values:
        raise fields.refuse("'layers' is required")
    return Manifest(
        media_type=kind,
        config=_descriptor(fields.object("config")),
        layers=_descriptors(fields, "layers"),
        subject=parsed_subject,
        artifact_type=artifact_type,
        annotations=_annotations(fields),
    )


def select_platform(index: Index, platform: Platform) -> Descriptor:
    """Select the one manifest of ``index`` for ``platform``.

    Raises:
        NotFoundError: there is none.
        ManifestError: there are several, so that two readers could take different ones.

    """
    found = [item for item in index.manifests if item.platform == platform]
    if len(found) == 1:
        return found[0]
    if found:
        raise ManifestError(
            f"the index has {len(found)} manifests for {platform}", code="formats.platform-twice"
        )
    offered = sorted({str(item.platform) for item in index.manifests if item.platform is not None})
    raise NotFoundError(
        f"the index has no manifest for {platform}; it has {', '.join(offered[:20]) or 'none'}",
        code="formats.platform-missing",
    )


def _document(data: bytes, what: str) -> Fields:
    decoded = canonical.loads(data, what=what, max_bytes=MAX_DOCUMENT_BYTES, max_depth=_MAX_DEPTH)
    return Fields.of(decoded, what=what, code=ManifestError.code)


def _descriptors(fields: Fields, name: str) -> tuple[Descriptor, ...]:
    if len(fields.array(name)) > _MAX_DESCRIPTORS:
        raise fields.refuse(f"{name!r} has more than {_MAX_DESCRIPTORS} members")
    return tuple(_descriptor(item) for item in fields.objects(name))


def _descriptor(fields: Fields) -> Descriptor:
    media_type = fields.text("mediaType")
    if _MEDIA_TYPE.match(media_type) is None:
        raise fields.refuse(f"{media_type!r:.100} is not a media type (RFC 6838 §4.2)")
    size = fields.values.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise fields.refuse("'size' must be a number of bytes")
    platform = fields.optional_object("platform")
    urls = fields.array("urls")
    if not all(isinstance(text, str) for text in urls):
        raise fields.refuse("'urls' must hold strings")
    return Descriptor(
        media_type=media_type,
        digest=Digest.parse(fields.text("digest")),
        size=size,
        platform=_platform(platform) if platform is not None else None,
        annotations=_annotations(fields),
        urls=tuple(str(text) for text in urls),
    )


def _annotations(fields: Fields) -> Mapping[str, str]:
    notes = fields.optional_object("annotations")
    values = notes.values if notes is not None else {}
    if not all(isinstance(text, str) for text in values.values()):
        raise fields.refuse("'annotations' must hold strings")
    return MappingProxyType({key: str(text) for key, text in values.items()})


def _platform(fields: Fields) -> Platform:
    parts = (
        fields.text("os"),
        fields.text("architecture"),
        fields.optional_text("variant") or "",
    )
    if any(part and _PLATFORM.match(part) is None for part in parts):
        raise fields.refuse("'os', 'architecture' and 'variant' must be plain words")
    return Platform.of(*parts)
