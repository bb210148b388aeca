"""Read all that is attached to one digest, wherever it lies, in one way.

Three customs are followed: manifests that refer to the image (OCI 1.1), cosign's tags named after
its digest, and BuildKit's attestation manifests inside the image's own index. What the place itself
does wrong (other bytes than asked for, a manifest about another image, more than the limits allow)
ends the reading. What somebody attached that cannot be read is named with its reason and left.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatebook.connectors.attestation_sources import (
    AttachedDocuments,
    AttachmentError,
    AttachmentPlace,
    AttestationLimits,
    FoundAttestation,
    UnreadAttachment,
    UnsignedDocument,
)
from gatebook.connectors.registry import FetchedManifest
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.formats.attestations import AttestationKind, recognise
from gatebook.formats.cosign_record import (
    DSSE_TYPE,
    RECORD_ANNOTATIONS,
    SIMPLE_SIGNING_TYPE,
    encode_record,
)
from gatebook.formats.oci import MAX_DOCUMENT_BYTES, Descriptor, Index, Manifest

__all__ = ["BUNDLE_TYPE", "read_attached"]

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle"
"""How the media type of a Sigstore bundle of any version begins."""

_STATEMENT_TYPE: Final = "application/vnd.in-toto+json"
_NOTATION_TYPE: Final = "application/vnd.cncf.notary.signature"
_SBOM_SUFFIX: Final = ".sbom"
_SUFFIXES: Final = (".sig", ".att", _SBOM_SUFFIX)
_SBOM_TYPES: Final = (
    "application/spdx",
    "application/vnd.cyclonedx",
    "application/vnd.syft",
    "text/spdx",
)
_BUILDKIT_TYPE: Final = "vnd.docker.reference.type"
_BUILDKIT_DIGEST: Final = "vnd.docker.reference.digest"
_ATTESTATION_MANIFEST: Final = "attestation-manifest"
_UNKNOWN: Final = "connectors.attachment-type"
_BESIDE_ENVELOPE: Final = frozenset(RECORD_ANNOTATIONS.values()) - {RECORD_ANNOTATIONS["signature"]}


def read_attached(
    place: AttachmentPlace,
    subject: Digest,
    *,
    index: FetchedManifest | None = None,
    artifact_type: str | None = None,
    limits: AttestationLimits | None = None,
) -> AttachedDocuments:
    """Read what is attached to ``subject`` in ``place``.

    Args:
        place: where to look.
        subject: the digest of an image or of an index: these have different attachments.
        index: the index with digest ``subject``, or the one the image was chosen from, whose
            BuildKit attestation manifests are then read as unsigned data.
        artifact_type: only of referring manifests that call themselves so.
        limits: how much is read.

    Raises:
        AttachmentError: a listed manifest refers to another image, or there is more than the
            limits allow.
        VerificationError: bytes have another digest or size than asked for.
        UnreachableError: the place did not answer.

    """
    reading = _Reading(place, subject, limits if limits is not None else AttestationLimits())
    # 1. Manifests that say they refer to the subject; each is read, the list is not believed.
    for descriptor in place.referrers(subject, artifact_type):
        reading.referrer(descriptor, artifact_type)
    # 2. cosign's tags. A tag is read once; from there on everything goes by digest.
    if artifact_type is None:
        for suffix in _SUFFIXES:
            tagged = place.tagged(subject, suffix)
            if tagged is not None:
                reading.tagged(tagged, suffix)
    # 3. BuildKit's, in the index itself.
    if artifact_type is None and index is not None:
        reading.buildkit(index)
    return AttachedDocuments(
        place=place.name,
        subject=subject,
        index_digest=index.digest if index is not None and index.digest != subject else None,
        attestations=tuple(reading.attestations.values()),
        unsigned=tuple(reading.unsigned),
        unread=tuple(reading.unread),
    )


@dataclass(slots=True)
class _Reading:
    place: AttachmentPlace
    subject: Digest
    limits: AttestationLimits
    attestations: dict[tuple[AttestationKind, Digest], FoundAttestation] = field(
        default_factory=dict
    )
    unsigned: list[UnsignedDocument] = field(default_factory=list)
    unread: list[UnreadAttachment] = field(default_factory=list)
    seen: set[Digest] = field(default_factory=set)
    layers: int = 0
    total: int = 0

    def referrer(self, descriptor: Descriptor, artifact_type: str | None) -> None:
        fetched = self._manifest(descriptor)
        if fetched is None:
            return
        document = fetched.document
        found = document.subject
        # The list may be wrong, or a lie (CVE-2023-33957): the manifest itself has to say it.
        if found is None or found.digest != self.subject:
            named = "nothing" if found is None else str(found.digest)
            raise AttachmentError(
                f"{self._origin(fetched.digest)} is listed as referring to {self.subject}, "
                f"but refers to {named}",
                code="connectors.referrer-subject",
            )
        if not isinstance(document, Manifest):
            self._leave(fetched.digest, document.media_type, _UNKNOWN, "an index of attachments")
            return
        if artifact_type is not None and document.kind != artifact_type:
            return
        self._layers(fetched.digest, document)

    def tagged(self, fetched: FetchedManifest, suffix: str) -> None:
        if fetched.digest in self.seen:
            return
        self._count(fetched.digest)
        self._spend(len(fetched.content))
        document = fetched.document
        if not isinstance(document, Manifest):
            self._leave(fetched.digest, document.media_type, _UNKNOWN, f"an index as {suffix}")
            return
        if suffix == _SBOM_SUFFIX:
            for layer in self._counted(fetched.digest, document):
                self._keep_unsigned(fetched.digest, layer, self.subject)
        else:
            self._layers(fetched.digest, document)

    def buildkit(self, index: FetchedManifest) -> None:
        document = index.document
        if not isinstance(document, Index):
            return
        known = {item.digest: item for item in document.manifests}
        for descriptor in document.manifests:
            if descriptor.annotations.get(_BUILDKIT_TYPE) != _ATTESTATION_MANIFEST:
                continue
            about = _digest(descriptor.annotations.get(_BUILDKIT_DIGEST))
            if about is None or about not in known or about == descriptor.digest:
                reason = "an attestation manifest about no manifest of its index"
                self._leave(descriptor.digest, descriptor.media_type, _UNKNOWN, reason)
                continue
            if self.subject not in {index.digest, about}:
                continue
            fetched = self._manifest(descriptor)
            if fetched is None:
                continue
            # Directly in the index or not at all: indexes are not followed any deeper.
            if not isinstance(fetched.document, Manifest):
                self._leave(fetched.digest, descriptor.media_type, _UNKNOWN, "a nested index")
                continue
            for layer in self._counted(fetched.digest, fetched.document):
                self._keep_unsigned(fetched.digest, layer, about)

    def _layers(self, digest: Digest, manifest: Manifest) -> None:
        if manifest.kind == _NOTATION_TYPE:
            self._leave(
                digest,
                manifest.kind,
                "connectors.notation-signature",
                "signatures of Notation (Notary Project) are not supported",
            )
            return
        for layer in self._counted(digest, manifest):
            if layer.media_type.startswith(_SBOM_TYPES):
                self._keep_unsigned(digest, layer, self.subject)
            else:
                self._layer(digest, manifest, layer)

    def _layer(self, digest: Digest, manifest: Manifest, layer: Descriptor) -> None:
        expected = _expected(layer)
        if expected is None:
            self._leave(digest, layer.media_type, _UNKNOWN, f"a layer of type {layer.media_type}")
            return
        data = self._blob(digest, layer)
        if data is None:
            return
        try:
            kind = _content_kind(data, layer, expected)
            if kind is AttestationKind.COSIGN_RECORD:
                signed = layer.media_type == SIMPLE_SIGNING_TYPE
                data = encode_record(
                    data,
                    content_type=SIMPLE_SIGNING_TYPE if signed else DSSE_TYPE,
                    annotations=layer.annotations,
                )
        except MalformedError as error:
            if error.code == "formats.attestation-unsigned":
                self._add_unsigned(digest, layer, self.subject, data)
            else:
                self._leave(digest, layer.media_type, error.code, error.message)
            return
        found = FoundAttestation(
            data=data,
            kind=kind,
            origin=self._origin(digest, layer.digest),
            subject=self.subject,
            artifact_type=manifest.kind,
            annotations=MappingProxyType({**manifest.annotations, **layer.annotations}),
        )
        self.attestations.setdefault((kind, found.digest), found)

    def _keep_unsigned(self, digest: Digest, layer: Descriptor, subject: Digest) -> None:
        data = self._blob(digest, layer)
        if data is not None:
            self._add_unsigned(digest, layer, subject, data)

    def _add_unsigned(
        self, digest: Digest, layer: Descriptor, subject: Digest, data: bytes
    ) -> None:
        self.unsigned.append(
            UnsignedDocument(
                data=data,
                media_type=layer.media_type,
                origin=self._origin(digest, layer.digest),
                subject=subject,
                annotations=layer.annotations,
            )
        )

    def _manifest(self, descriptor: Descriptor) -> FetchedManifest | None:
        if descriptor.digest in self.seen:
            return None
        self._count(descriptor.digest)
        if descriptor.size > MAX_DOCUMENT_BYTES:
            self._leave(
                descriptor.digest,
                descriptor.media_type,
                "connectors.attachment-too-large",
                f"a manifest of {descriptor.size} bytes; at most {MAX_DOCUMENT_BYTES} are read",
            )
            return None
        self._spend(descriptor.size)
        try:
            return self.place.manifest(descriptor)
        except NotFoundError as error:
            self._leave(descriptor.digest, descriptor.media_type, error.code, error.message)
            return None

    def _blob(self, digest: Digest, layer: Descriptor) -> bytes | None:
        if layer.size > self.limits.document_bytes:
            self._leave(
                digest,
                layer.media_type,
                "connectors.attachment-too-large",
                f"{layer.size} bytes; at most {self.limits.document_bytes} are read",
            )
            return None
        self._spend(layer.size)
        try:
            return self.place.blob(layer)
        except NotFoundError as error:
            self._leave(digest, layer.media_type, error.code, error.message)
            return None

    def _counted(self, digest: Digest, manifest: Manifest) -> tuple[Descriptor, ...]:
        # Counted before any is fetched.
        self.layers += len(manifest.layers)
        if self.layers > self.limits.layers:
            raise AttachmentError(
                f"{self._origin(digest)}: more than {self.limits.layers} layers are attached to "
                f"{self.subject}",
                code="connectors.attachments-too-many",
            )
        return manifest.layers

    def _count(self, digest: Digest) -> None:
        self.seen.add(digest)
        if len(self.seen) > self.limits.manifests:
            raise AttachmentError(
                f"{self.place.name}: more than {self.limits.manifests} manifests are attached to "
                f"{self.subject}",
                code="connectors.attachments-too-many",
            )

    def _spend(self, size: int) -> None:
        # The size that was announced; whoever sends more or less is refused while reading.
        self.total += size
        if self.total > self.limits.total_bytes:
            raise AttachmentError(
                f"{self.place.name}: more than {self.limits.total_bytes} bytes are attached to "
                f"{self.subject}",
                code="connectors.attachments-too-large",
            )

    def _leave(self, digest: Digest, artifact_type: str, code: str, reason: str) -> None:
        self.unread.append(
            UnreadAttachment(
                origin=self._origin(digest), artifact_type=artifact_type, code=code, reason=reason
            )
        )

    def _origin(self, digest: Digest, layer: Digest | None = None) -> str:
        return f"{self.place.name}@{digest}" + (f" layer {layer}" if layer is not None else "")


def _expected(layer: Descriptor) -> frozenset[AttestationKind] | None:
    if layer.media_type.startswith(BUNDLE_TYPE):
        return frozenset({AttestationKind.BUNDLE})
    if layer.media_type == SIMPLE_SIGNING_TYPE:
        return frozenset({AttestationKind.COSIGN_RECORD})
    if layer.media_type == DSSE_TYPE:
        return frozenset({AttestationKind.ENVELOPE})
    if layer.media_type == _STATEMENT_TYPE:
        # Some tools put signed envelopes under the type of the statement; the content decides.
        return frozenset({AttestationKind.ENVELOPE, AttestationKind.BUNDLE})
    return None


def _content_kind(
    data: bytes, layer: Descriptor, expected: frozenset[AttestationKind]
) -> AttestationKind:
    if layer.media_type == SIMPLE_SIGNING_TYPE:
        if not layer.annotations.get(RECORD_ANNOTATIONS["signature"]):
            raise MalformedError("the layer has no signature", code="connectors.attachment-content")
        return AttestationKind.COSIGN_RECORD
    kind = recognise(data)
    if kind not in expected:
        raise MalformedError(
            f"a layer of type {layer.media_type} holds a {kind}",
            code="connectors.attachment-content",
        )
    beside = any(layer.annotations.get(name) for name in _BESIDE_ENVELOPE)
    if kind is AttestationKind.ENVELOPE and beside:
        return AttestationKind.COSIGN_RECORD
    return kind


def _digest(text: str | None) -> Digest | None:
    if text is None:
        return None
    try:
        return Digest.parse(text)
    except GatebookError:
        return None
