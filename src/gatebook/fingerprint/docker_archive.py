"""Archives of images: ``docker save``, OCI archives, and the older form without registry digest.

An archive with an image layout inside is read as one. An older ``docker save`` archive holds the
configuration and unpacked layers only: the manifest, and so the digest a registry would know, does
not exist in it. Its identity is the image ID, the digest of the configuration, and is called so.
"""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.fingerprint.content import hash_piece, read_piece
from gatebook.fingerprint.identity import Algorithm, Fingerprint, Kind
from gatebook.fingerprint.image_layout import MARKER, identify_layout
from gatebook.fingerprint.refusals import ArchiveError
from gatebook.fingerprint.tar_archive import MemberType, TarArchive
from gatebook.formats.fields import Fields
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.oci import MAX_DOCUMENT_BYTES, ImageConfig, Platform

__all__ = ["DOCKER_MANIFEST", "identify_archive"]

DOCKER_MANIFEST: Final = "manifest.json"

_CONFIG_TYPE: Final = "application/vnd.docker.container.image.v1+json"
_MAX_IMAGES: Final = 1000
_MAX_LAYERS: Final = 1000
_CONFIG_NAME: Final = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.json)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


def identify_archive(
    archive: TarArchive, *, name: str | None = None, platform: Platform | None = None
) -> Fingerprint:
    """Identify the one image of an archive.

    Args:
        archive: the archive.
        name: which image, if there are several: as in an image layout, or one of its tags.
        platform: choose, or require, this platform.

    Raises:
        ArchiveError: no image, several and none chosen, or content that is absent or not what the
            configuration says.
        LayoutError: as for an image layout.
        NotFoundError: no image of that name or platform.

    """
    if MARKER in archive.members:
        return identify_layout(archive, name=name, platform=platform)
    data = read_piece(archive, DOCKER_MANIFEST, limit=MAX_DOCUMENT_BYTES)
    if data is None:
        raise ArchiveError(
            f"the archive holds neither {MARKER} nor {DOCKER_MANIFEST}: no image",
            hint="use the algorithm file for an archive of something else",
        )
    # 1. One image is meant.
    image = _choose(_parse(data), name)
    # 2. Its configuration is there, and has the digest that it is named by.
    config = read_piece(archive, image.config, limit=MAX_DOCUMENT_BYTES)
    if config is None:
        raise ArchiveError(f"the archive lacks the configuration {image.config[:120]!r}")
    digest = Digest("sha256", hashlib.sha256(config).hexdigest())
    named = _CONFIG_NAME.match(image.config)
    if named is None or named[1] != digest.hex:
        raise ArchiveError(
            f"the configuration {image.config[:120]!r} has the digest {digest}",
            code="fingerprint.blob-digest",
        )
    # 3. The layers are those that the configuration names.
    parsed = ImageConfig.parse(config)
    if platform is not None and parsed.platform != platform:
        raise NotFoundError(
            f"the image is for {parsed.platform}, not for {platform}",
            code="formats.platform-missing",
        )
    _check_layers(archive, image, parsed)
    return Fingerprint(
        digest=digest,
        algorithm=Algorithm.OCI,
        kind=Kind.IMAGE_ID,
        size=len(config),
        media_type=_CONFIG_TYPE,
    )


def _parse(data: bytes) -> list[_Image]:
    decoded = canonical.loads(data, what=DOCKER_MANIFEST, max_bytes=MAX_DOCUMENT_BYTES, max_depth=8)
    if not isinstance(decoded, list) or not 0 < len(decoded) <= _MAX_IMAGES:
        raise ArchiveError(f"{DOCKER_MANIFEST} must list 1 to {_MAX_IMAGES} images")
    images: list[_Image] = []
    for number, item in enumerate(decoded):
        fields = Fields.of(item, what=f"{DOCKER_MANIFEST}[{number}]", code=ArchiveError.code)
        images.append(
            _Image(
                config=fields.text("Config"),
                tags=_texts(fields, "RepoTags"),
                layers=_texts(fields, "Layers"),
            )
        )
    return images


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    found = fields.array(name)
    if len(found) > _MAX_LAYERS or not all(isinstance(item, str) for item in found):
        raise fields.refuse(f"{name!r} must be a list of at most {_MAX_LAYERS} strings")
    return tuple(str(item) for item in found)


def _choose(images: list[_Image], name: str | None) -> _Image:
    if name is not None:
        found = [image for image in images if any(_same(tag, name) for tag in image.tags)]
        if len(found) == 1:
            return found[0]
        raise NotFoundError(
            f"the archive has {len(found)} images called {name[:120]!r}",
            code="fingerprint.image-name",
        )
    if len(images) == 1:
        return images[0]
    tags = sorted(tag for image in images for tag in image.tags)
    raise ArchiveError(
        f"the archive must hold one image, it has {len(images)}: {', '.join(tags[:10])[:400]}",
        code="fingerprint.image-ambiguous",
        hint="choose one by its name",
    )


def _same(tag: str, name: str) -> bool:
    try:
        return ImageReference.parse(tag) == ImageReference.parse(name)
    except MalformedError:
        return tag == name


def _check_layers(archive: TarArchive, image: _Image, config: ImageConfig) -> None:
    if len(image.layers) != len(config.diff_ids):
        raise ArchiveError(
            f"the archive lists {len(image.layers)} layers, "
            f"the configuration {len(config.diff_ids)}"
        )
    checked: dict[str, Digest] = {}
    for written, diff_id in zip(image.layers, config.diff_ids, strict=True):
        name = _layer(archive, written)
        found = checked.get(name)
        if found is None or found.algorithm != diff_id.algorithm:
            piece = archive.open(name)
            if piece is None:
                raise ArchiveError(f"the archive lacks the layer {written[:120]!r}")
            value = hash_piece(piece, diff_id.algorithm)
            found = checked[name] = Digest(diff_id.algorithm, value)
        if found != diff_id:
            raise ArchiveError(
                f"the layer {written[:120]!r} must have the digest {diff_id}, found {found}",
                code="fingerprint.blob-digest",
            )


def _layer(archive: TarArchive, written: str) -> str:
    # docker save wrote a layer that occurs twice as a symbolic link to the first. One step, by
    # name, within the archive; the digest decides whether it is the right one.
    member = archive.members.get(written)
    if member is None or member.type is not MemberType.LINK or member.target is None:
        return written
    start = posixpath.dirname(written) if member.is_symbolic else ""
    return posixpath.normpath(posixpath.join(start, member.target))
