"""What a fingerprint is: a digest, and the algorithm that says which bytes it covers."""

from dataclasses import dataclass
from enum import StrEnum

from gatebook.digest import Digest
from gatebook.formats.image_reference import ImageReference

__all__ = ["Algorithm", "Fingerprint", "Kind"]


class Algorithm(StrEnum):
    """How bytes become a digest; the values are part of the compatibility promise."""

    FILE = "file"
    GATEBOOK_DIR_V1 = "gatebook-dir-v1"
    KOSLI_DIR_V1 = "kosli-dir-v1"
    OCI = "oci"


class Kind(StrEnum):
    """What the digest is the digest of."""

    CONTENT = "content"
    """The bytes of a file."""
    TREE = "tree"
    """A directory, by one of the two directory algorithms."""
    IMAGE_MANIFEST = "image-manifest"
    """One image, as a registry knows it."""
    IMAGE_INDEX = "image-index"
    """Several images for several platforms, as a registry knows them."""
    IMAGE_ID = "image-id"
    """An image's configuration; no registry knows the image by this digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The digest of one thing.

    Attributes:
        digest: the digest; it is what the command prints.
        algorithm: how it was made.
        kind: what it is the digest of.
        size: of the file, or of the manifest, index or configuration in bytes; ``None`` for trees.
        media_type: for images.
        index_digest: of the index that a platform was chosen from, if one was.
        reference: the image as asked for, if it came from a registry.
        via_link: whether the path was itself a symbolic link, which was resolved once.

    """

    digest: Digest
    algorithm: Algorithm
    kind: Kind
    size: int | None = None
    media_type: str | None = None
    index_digest: Digest | None = None
    reference: ImageReference | None = None
    via_link: bool = False

    @property
    def is_index(self) -> bool:
        """Whether the digest covers an image for several platforms."""
        return self.kind is Kind.IMAGE_INDEX
