"""Attestations attached to images in an image layout, on a disk or in an archive.

The rules are those of a registry without the referrers API: ``index.json`` lists the manifests, a
name ``sha256-<hex>`` or ``sha256-<hex>.att`` is a tag (image-spec ``image-layout.md``). What
``cosign save`` writes is understood as well. How the bytes are reached is the caller's matter.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from gatebook.connectors.attestation_sources import AttachmentError, AttestationLimits
from gatebook.connectors.referrers import referrers_tag
from gatebook.connectors.registry import FetchedManifest
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.formats.oci import MAX_DOCUMENT_BYTES, Descriptor, Index, parse_document

__all__ = ["LayoutPlace", "PieceSource"]

_INDEX: Final = "index.json"
_CONTAINERD_NAME: Final = "io.containerd.image.name"
# cosign pkg/oci/layout/index.go: what `cosign save` calls the entries.
_KIND: Final = "kind"
_KIND_IMAGES: Final = frozenset(
    {"dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"}
)
_KIND_OF_SUFFIX: Final = {
    ".sig": "dev.cosignproject.cosign/sigs",
    ".att": "dev.cosignproject.cosign/atts",
    ".sbom": "dev.cosignproject.cosign/sboms",
}


class PieceSource(Protocol):
    """Where the files of the layout are read."""

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Read the file ``name`` whole, or return ``None`` if there is none.

        Raises:
            GatebookError: it has more than ``limit`` bytes, is a link, or cannot be read.

        """
        ...

    def blobs(self) -> Iterable[tuple[Digest, int]]:
        """List the blobs by their names, with their sizes; none where that cannot be done."""
        ...


class LayoutPlace:
    """An image layout as a place where documents are attached.

    Args:
        pieces: its files.
        name: what people call it.
        limits: how long a list may be.

    """

    def __init__(
        self, pieces: PieceSource, *, name: str, limits: AttestationLimits | None = None
    ) -> None:
        self._pieces = pieces
        self._name = name
        self._limits = limits if limits is not None else AttestationLimits()
        data = pieces.read(_INDEX, limit=MAX_DOCUMENT_BYTES)
        if data is None:
            raise NotFoundError(f"{name} has no {_INDEX}", code="connectors.layout")
        document = parse_document(data)
        if not isinstance(document, Index):
            raise AttachmentError(f"{_INDEX} of {name} is not an index", code="connectors.layout")
        if len(document.manifests) > self._limits.manifests:
            raise AttachmentError(
                f"{name} lists more than {self._limits.manifests} manifests",
                code="connectors.attachments-too-many",
            )
        self._entries = document.manifests

    @property
    def name(self) -> str:
        """What people call it."""
        return self._name

    @property
    def saved_image(self) -> Digest | None:
        """The one image or index that ``cosign save`` wrote the layout for, if it did."""
        images = {
            item.digest for item in self._entries if item.annotations.get(_KIND) in _KIND_IMAGES
        }
        return images.pop() if len(images) == 1 else None

    def manifest(self, descriptor: Descriptor) -> FetchedManifest:
        """Read a manifest; see :class:`AttachmentPlace`."""
        content = self._blob(descriptor, limit=MAX_DOCUMENT_BYTES)
        return FetchedManifest(
            digest=descriptor.digest,
            content=content,
            document=parse_document(content, media_type=descriptor.media_type),
        )

    def tagged(self, subject: Digest, suffix: str) -> FetchedManifest | None:
        """Read what the layout calls ``sha256-<hex><suffix>``, or what ``cosign save`` put there.

        Raises:
            AttachmentError: several things are called so.

        """
        tag = f"{subject.algorithm}-{subject.hex}{suffix}"
        found = {item.digest: item for item in self._called(tag)}
        if not found and self.saved_image == subject:
            kind = _KIND_OF_SUFFIX.get(suffix)
            found = {
                item.digest: item
                for item in self._entries
                if kind is not None and item.annotations.get(_KIND) == kind
            }
        if len(found) > 1:
            raise AttachmentError(
                f"{self._name} has {len(found)} different things called {tag}",
                code="connectors.layout",
            )
        return next((self.manifest(item) for item in found.values()), None)

    def blob(self, descriptor: Descriptor) -> bytes:
        """Read a blob; see :class:`AttachmentPlace`."""
        return self._blob(descriptor, limit=descriptor.size)

    def referrers(self, subject: Digest, artifact_type: str | None) -> tuple[Descriptor, ...]:
        """List the manifests that refer to ``subject``; see :class:`AttachmentPlace`.

        Other images in the same layout have referrers of their own, so that ``index.json`` is
        searched; a list under the tag of ``subject`` is handed on as it is.
        """
        del artifact_type  # whoever reads the manifests filters them
        found = list(self._referring(subject))
        if self.saved_image == subject:
            found.extend(self._unlisted(subject))
        for item in self._called(referrers_tag(subject)):
            listed = self.manifest(item).document
            if not isinstance(listed, Index):
                raise AttachmentError(
                    f"{referrers_tag(subject)} of {self._name} must be an index of referrers",
                    code="connectors.referrers-tag",
                )
            found.extend(listed.manifests)
        if len(found) > self._limits.manifests:
            raise AttachmentError(
                f"{self._name} lists more than {self._limits.manifests} manifests that refer to "
                f"{subject}",
                code="connectors.attachments-too-many",
            )
        return tuple(found)

    def _referring(self, subject: Digest) -> Iterator[Descriptor]:
        spent = 0
        for item in self._entries:
            if not (item.is_manifest or item.is_index):
                continue
            spent += item.size
            if spent > self._limits.total_bytes:
                raise AttachmentError(
                    f"{self._name}: the manifests have more than {self._limits.total_bytes} bytes",
                    code="connectors.attachments-too-large",
                )
            try:
                named = self.manifest(item).document.subject
            except NotFoundError:
                continue  # a layout need not be whole (image-spec image-layout.md)
            if named is not None and named.digest == subject:
                yield item

    def _unlisted(self, subject: Digest) -> Iterator[Descriptor]:
        # `cosign save` (3.1) lists neither bundles nor the manifests that refer to the image:
        # `cosign load` finds them by looking at every blob (pkg/oci/remote/write.go). So do we.
        candidates = [item for item in self._pieces.blobs() if item[1] <= MAX_DOCUMENT_BYTES]
        total = sum(size for _, size in candidates)
        if len(candidates) > self._limits.manifests or total > self._limits.total_bytes:
            raise AttachmentError(
                f"{self._name} has {len(candidates)} blobs of {total} bytes to look at",
                code="connectors.attachments-too-many",
            )
        for digest, size in sorted(candidates):
            content = self._pieces.read(_blob_name(digest), limit=MAX_DOCUMENT_BYTES)
            try:
                document = parse_document(content or b"")
            except MalformedError:
                continue  # a layer, a configuration, a bundle
            if document.subject is not None and document.subject.digest == subject:
                yield Descriptor(media_type=document.media_type, digest=digest, size=size)

    def _called(self, tag: str) -> list[Descriptor]:
        return [
            item
            for item in self._entries
            if item.ref_name == tag
            or item.annotations.get(_CONTAINERD_NAME, "").rpartition(":")[2] == tag
        ]

    def _blob(self, descriptor: Descriptor, *, limit: int) -> bytes:
        digest = descriptor.digest
        data = self._pieces.read(_blob_name(digest), limit=limit)
        if data is None:
            raise NotFoundError(f"{self._name} has no {digest}", code="connectors.image-not-found")
        descriptor.check(data)
        return data


def _blob_name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"
