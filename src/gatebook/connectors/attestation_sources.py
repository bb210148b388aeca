"""What was found where attestations live: documents as received, and what could not be read.

Found is not verified. Three things are kept apart by type: an attestation that somebody claims to
have signed, data that nobody signed, and what was attached but cannot be read here, with the
reason. Whatever a place says about a document (artifact types, annotations, names) is not
authenticated; only the bytes that a signature covers will ever count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from gatebook.connectors.registry import FetchedManifest
from gatebook.digest import Digest, sha256
from gatebook.errors import NotFoundError, VerificationError
from gatebook.formats.attestations import AttestationKind
from gatebook.formats.oci import Descriptor

__all__ = [
    "AttachedDocuments",
    "AttachmentError",
    "AttachmentPlace",
    "AttestationLimits",
    "FoundAttestation",
    "NoAttestationError",
    "UnreadAttachment",
    "UnsignedDocument",
]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_SHOWN: Final = 5


class AttachmentError(VerificationError):
    """A place says of an image's attachments what is not so, or more than is read."""

    code = "connectors.attachment"


class NoAttestationError(NotFoundError):
    """Nothing that could be verified was found."""

    code = "connectors.no-attestation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationLimits:
    """How much of what is attached to one image is looked at (CVE-2024-29902, CVE-2024-29903).

    Attributes:
        pages: of the list of referrers.
        manifests: attached to one image.
        layers: in all of these manifests together.
        document_bytes: of one attestation; a larger one is left alone, and named.
        total_bytes: of all attestations together.

    """

    pages: int = 64
    manifests: int = 1024
    layers: int = 1024
    document_bytes: int = 32 * 1024 * 1024
    total_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAttestation:
    """Bytes that claim to be an attestation; nothing about them was verified.

    Attributes:
        data: the exact bytes, with which a verifier has all it needs.
        kind: how they have to be read.
        origin: where they were found, for people.
        subject: what they were attached to, or ``None`` for a file. The statement inside decides.
        artifact_type: what the place calls them; not authenticated.
        annotations: what the place says of them; not authenticated.

    """

    data: bytes = field(repr=False)
    kind: AttestationKind
    origin: str
    subject: Digest | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)

    @property
    def digest(self) -> Digest:
        """SHA-256 of the exact bytes."""
        return sha256(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedDocument:
    """Data that lies beside an image and that nobody signed: never evidence by itself.

    BuildKit's attestation manifests and ``.sbom`` tags hold such. Whoever can push to the
    repository could have written it.

    Attributes:
        data: the exact bytes.
        media_type: what the place calls them.
        origin: where they were found, for people.
        subject: what the place says they are about.
        annotations: what the place says of them.

    """

    data: bytes = field(repr=False)
    media_type: str
    origin: str
    subject: Digest
    annotations: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadAttachment:
    """Something attached that is not read, and why.

    Attributes:
        origin: where it lies, for people.
        artifact_type: what the place calls it.
        code: stable name of the reason.
        reason: for people.

    """

    origin: str
    artifact_type: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedDocuments:
    """All that is attached to one digest in one place.

    Attributes:
        place: the repository or layout, for people.
        subject: what was asked for; a tag was resolved once, and this is what it stood for.
        index_digest: of the index the subject was chosen from, or ``None``. What is attached to
            the index is another question with another answer.
        attestations: each once; may be empty, see :meth:`require`.
        unsigned: data that nobody signed.
        unread: what was attached besides.

    """

    place: str
    subject: Digest
    index_digest: Digest | None = None
    attestations: tuple[FoundAttestation, ...]
    unsigned: tuple[UnsignedDocument, ...] = ()
    unread: tuple[UnreadAttachment, ...] = ()

    def require(self) -> tuple[FoundAttestation, ...]:
        """Return the attestations, at least one (CVE-2025-25204: none found is no success).

        Raises:
            NoAttestationError: there is none; the message says what was there instead.

        """
        if self.attestations:
            return self.attestations
        instead = [f"{item.artifact_type} ({item.code})" for item in self.unread[:_SHOWN]]
        if self.unsigned:
            instead.append(f"{len(self.unsigned)} unsigned documents")
        beside = f"; found instead: {', '.join(instead)}" if instead else ""
        hint = None
        if self.index_digest is not None:
            hint = f"attestations may be attached to the index {self.index_digest} instead"
        raise NoAttestationError(
            f"{self.place} holds no attestation for {self.subject}{beside}", hint=hint
        )


class AttachmentPlace(Protocol):
    """A repository, or an image layout, in which documents are attached to digests."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def manifest(self, descriptor: Descriptor) -> FetchedManifest:
        """Read the manifest or index ``descriptor`` points to, its size and digest checked.

        Raises:
            NotFoundError: it is not there.
            VerificationError: the bytes are not those meant.

        """
        ...

    def tagged(self, subject: Digest, suffix: str) -> FetchedManifest | None:
        """Read what cosign's tag for ``subject`` with ``suffix`` stands for, if there is one."""
        ...

    def blob(self, descriptor: Descriptor) -> bytes:
        """Read a blob, its size and digest checked.

        Raises:
            NotFoundError: it is not there.
            VerificationError: the bytes are not those meant.

        """
        ...

    def referrers(self, subject: Digest, artifact_type: str | None) -> Sequence[Descriptor]:
        """List the manifests that are said to refer to ``subject``.

        ``artifact_type`` is passed on as a wish; the list may hold others.

        Raises:
            AttachmentError: it is longer than the limits allow.

        """
        ...
