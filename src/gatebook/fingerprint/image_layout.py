"""OCI image layouts: which digest a registry would know the image by, every blob checked.

The rules are those of image-spec v1.1, ``image-layout.md``. ``index.json`` only says where to
begin: the identity is the digest of the manifest or index it points to, once the bytes are there.
"""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.fingerprint.content import (
    ImageContent,
    blob_name,
    check_blob,
    missing_blob,
    read_piece,
)
from gatebook.fingerprint.identity import Algorithm, Fingerprint, Kind
from gatebook.fingerprint.refusals import LayoutError
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.oci import (
    MAX_DOCUMENT_BYTES,
    Descriptor,
    ImageConfig,
    ImageDocument,
    Index,
    Manifest,
    Platform,
    parse_document,
    select_platform,
)

__all__ = ["INDEX", "MARKER", "identify_layout"]

MARKER: Final = "oci-layout"
INDEX: Final = "index.json"

_VERSION: Final = "1.0.0"
_MAX_MARKER: Final = 4096
_MAX_BLOBS: Final = 20_000
_MAX_NESTING: Final = 4
_CONTAINERD_NAME: Final = "io.containerd.image.name"


def identify_layout(
    content: ImageContent, *, name: str | None = None, platform: Platform | None = None
) -> Fingerprint:
    """Identify the one image of a layout.

    Args:
        content: the layout.
        name: which image, if there are several: its ``org.opencontainers.image.ref.name``, its
            full reference, or its digest.
        platform: choose this platform's manifest instead of the index.

    Raises:
        LayoutError: no layout, several images and none chosen, or a blob that is absent or not
            what its descriptor says.
        NotFoundError: no image of that name or platform.

    """
    # 1. It is a layout of the one version there is.
    _check_marker(read_piece(content, MARKER, limit=_MAX_MARKER))
    data = read_piece(content, INDEX, limit=MAX_DOCUMENT_BYTES)
    if data is None:
        raise LayoutError(f"the image layout has no {INDEX}")
    entry = parse_document(data)
    if not isinstance(entry, Index):
        raise LayoutError(f"{INDEX} is not an index")
    # 2. Exactly one image is meant.
    chosen = _choose(content, entry, name)
    index_digest: Digest | None = None
    document = _read(content, chosen)
    # 3. A platform leads one step further, through bytes that were just checked.
    if platform is not None:
        if isinstance(document, Index):
            index_digest = chosen.digest
            chosen = select_platform(document, platform)
            document = _read(content, chosen)
        if isinstance(document, Index):
            raise LayoutError(f"{chosen.digest} is an index within an index")
        _check_platform(content, document, platform)
    # 4. All that the digest covers is there, byte for byte.
    _Closure(content).check(document)
    return Fingerprint(
        digest=chosen.digest,
        algorithm=Algorithm.OCI,
        kind=Kind.IMAGE_INDEX if isinstance(document, Index) else Kind.IMAGE_MANIFEST,
        size=chosen.size,
        media_type=document.media_type,
        index_digest=index_digest,
    )


def _check_marker(data: bytes | None) -> None:
    if data is None:
        raise LayoutError(f"there is no {MARKER} file: this is no image layout")
    marker = canonical.as_object(canonical.loads(data, what=MARKER), what=MARKER)
    version = marker.get("imageLayoutVersion")
    if version != _VERSION:
        raise LayoutError(f"image layout version {version!r:.40} is not {_VERSION}")


def _choose(content: ImageContent, entry: Index, name: str | None) -> Descriptor:
    offered = _unique(entry)
    if name is not None:
        found = [item for item in offered if _is_called(item, name)]
        if len({item.digest for item in found}) == 1:
            return found[0]
        problem = "several images" if found else "no image"
        raise NotFoundError(
            f"the image layout has {problem} called {name[:120]!r}; it has {_listing(offered)}",
            code="fingerprint.image-name",
        )
    if len(offered) > 1:
        offered = _roots(content, offered)
    if len(offered) != 1:
        raise LayoutError(
            f"the image layout must hold one image, it has {_listing(offered)}",
            code="fingerprint.image-ambiguous",
            hint="choose one by its name or digest",
        )
    return offered[0]


def _unique(entry: Index) -> list[Descriptor]:
    images = [item for item in entry.manifests if item.is_index or item.is_manifest]
    if len(entry.manifests) != len(images):
        raise LayoutError(f"{INDEX} points to something that is neither a manifest nor an index")
    return images


def _roots(content: ImageContent, offered: list[Descriptor]) -> list[Descriptor]:
    # Some tools list, beside an index, the manifests it points to (oras), one image under several
    # names (docker save), or artifacts attached to an image. None of these is another image.
    below: set[Digest] = set()
    for item in offered:
        document = _read(content, item)
        if isinstance(document, Index):
            below.update(child.digest for child in document.manifests)
    known = {item.digest for item in offered}
    roots: dict[Digest, Descriptor] = {}
    for item in offered:
        subject = _read(content, item).subject
        attached = subject is not None and subject.digest in known
        if item.digest not in below and not attached:
            roots.setdefault(item.digest, item)
    return list(roots.values())


def _is_called(item: Descriptor, name: str) -> bool:
    if name in {item.ref_name, str(item.digest)}:
        return True
    full = item.annotations.get(_CONTAINERD_NAME)
    if full is None:
        return False
    try:
        return ImageReference.parse(full) == ImageReference.parse(name)
    except MalformedError:
        return full == name


def _listing(offered: list[Descriptor]) -> str:
    shown = [
        f"{item.annotations.get(_CONTAINERD_NAME) or item.ref_name or '(no name)'}={item.digest}"
        for item in offered[:10]
    ]
    return (", ".join(shown) or "none") + (" …" if len(offered) > len(shown) else "")


def _read(content: ImageContent, descriptor: Descriptor) -> ImageDocument:
    data = read_piece(content, blob_name(descriptor), limit=MAX_DOCUMENT_BYTES)
    if data is None:
        raise missing_blob(descriptor)
    descriptor.check(data)
    return parse_document(data, media_type=descriptor.media_type)


def _check_platform(content: ImageContent, manifest: Manifest, platform: Platform) -> None:
    config = manifest.config
    data = read_piece(content, blob_name(config), limit=MAX_DOCUMENT_BYTES)
    if data is None:
        raise missing_blob(config)
    config.check(data)
    actual = ImageConfig.parse(data).platform
    if actual != platform:
        raise NotFoundError(
            f"the image is for {actual}, not for {platform}", code="formats.platform-missing"
        )


@dataclass(slots=True)
class _Closure:
    """Everything a digest covers, each blob read once."""

    content: ImageContent
    seen: "set[Digest] | None" = None

    def check(self, document: ImageDocument, nesting: int = 0) -> None:
        seen = self.seen = self.seen if self.seen is not None else set()
        if nesting > _MAX_NESTING:
            raise LayoutError(f"indexes are nested deeper than {_MAX_NESTING} levels")
        below = (
            document.manifests
            if isinstance(document, Index)
            else (document.config, *document.layers)
        )
        for descriptor in below:
            if descriptor.digest in seen:
                continue
            seen.add(descriptor.digest)
            if len(seen) > _MAX_BLOBS:
                raise LayoutError(f"the image has more than {_MAX_BLOBS} blobs")
            if isinstance(document, Index) and (descriptor.is_index or descriptor.is_manifest):
                self.check(_read(self.content, descriptor), nesting + 1)
            else:
                check_blob(self.content, descriptor)
