"""Attach a Sigstore bundle to an image in a registry, the way cosign does since its version 3.

The manifest follows cosign's ``specs/BUNDLE_SPEC.md``: the bundle is the only layer, the image is
the ``subject``. Where the registry does not say that it lists referrers itself, the tag in place of
the API is kept up to date (distribution-spec v1.1, "Pushing Manifests with Subject").
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.connectors.attached import BUNDLE_TYPE
from gatebook.connectors.attestation_sources import AttachmentError
from gatebook.connectors.http import HttpError, HttpResponse
from gatebook.connectors.referrers import RegistryPlace, referrers_tag
from gatebook.connectors.registry import RegistryClient
from gatebook.connectors.registry_auth import Access
from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, MalformedError, UsageError
from gatebook.formats.attestations import AttestationKind, recognise
from gatebook.formats.dsse import Envelope
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.intoto import Statement, is_statement_payload_type
from gatebook.formats.oci import MAX_DOCUMENT_BYTES, OCI_INDEX, OCI_MANIFEST, Descriptor

__all__ = ["PushedAttestation", "push_attestation"]

_EMPTY: Final = b"{}"
_EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
_BUNDLE_V0_3: Final = f"{BUNDLE_TYPE}.v0.3+json"
_MAX_ANSWER: Final = 64 * 1024
_ATTEMPTS: Final = 5
_OK: Final = 200
_CREATED: Final = 201
_ACCEPTED: Final = 202
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedAttestation:
    """Where a bundle was attached.

    Attributes:
        subject: the image or index it is attached to.
        manifest: digest of the manifest that refers to the subject.
        bundle: digest of the bundle, which is its layer.
        tag: the tag that lists it in place of the registry, or ``None``.

    """

    subject: Digest
    manifest: Digest
    bundle: Digest
    tag: str | None = None


def push_attestation(
    client: RegistryClient, reference: ImageReference, bundle: bytes, *, created: Instant
) -> PushedAttestation:
    """Attach ``bundle`` to what ``reference`` names by digest. Doing it twice is doing it once.

    Args:
        client: how to speak to the registry; its credentials must allow to push.
        reference: with a digest, so that nothing is attached to what a tag means by now.
        bundle: a Sigstore bundle v0.3, kept byte for byte. It is not verified here.
        created: the time written into the manifest.

    Raises:
        UsageError: ``reference`` has no digest, or the bundle is of another version.
        NotFoundError: the registry has no such image.
        MalformedError: ``bundle`` is none.
        ConflictError: others change the list of referrers faster than it can be written.
        UnreachableError: the registry did not answer, refused, or kept something else.

    """
    # 1. Only what has a digest can be referred to.
    if reference.digest is None:
        raise UsageError(
            f"{reference} has no digest; attestations are attached to digests",
            code="connectors.push-without-digest",
            hint="resolve the tag first, and attach to the digest that was verified",
        )
    annotations = _describe(bundle)
    annotations["org.opencontainers.image.created"] = str(created)
    image = client.manifest(reference)
    # 2. The blobs first: a registry refuses a manifest whose blobs it does not have.
    push = _Push(client, reference)
    push.blob(_EMPTY)
    push.blob(bundle)
    # 3. The manifest, under its digest.
    subject = Descriptor(
        media_type=image.document.media_type, digest=image.digest, size=len(image.content)
    )
    content = _manifest(bundle, subject, annotations)
    answer = push.manifest(content, str(sha256(content)), OCI_MANIFEST)
    # 4. Unless the registry says that it lists the manifest, the clients do.
    listed = answer.headers.get("oci-subject", "").strip() == str(image.digest)
    if not listed:
        _Listing(push, image.digest).add(content, annotations)
    return PushedAttestation(
        subject=image.digest,
        manifest=sha256(content),
        bundle=sha256(bundle),
        tag=None if listed else referrers_tag(image.digest),
    )


def _describe(bundle: bytes) -> JsonObject:
    # cosign pkg/oci/remote/write.go, WriteAttestationNewBundleFormat.
    if recognise(bundle) is not AttestationKind.BUNDLE:
        raise MalformedError("only Sigstore bundles are attached", code="connectors.push-kind")
    fields = canonical.as_object(canonical.loads(bundle, what="bundle"), what="bundle")
    if fields.get("mediaType") != _BUNDLE_V0_3:
        raise UsageError(
            f"only bundles of version 0.3 are attached, "
            f"found {str(fields.get('mediaType'))[:80]!r}",
            code="connectors.push-kind",
        )
    envelope = fields.get("dsseEnvelope")
    if envelope is None:
        return {"dev.sigstore.bundle.content": "message-signature"}
    annotations: JsonObject = {"dev.sigstore.bundle.content": "dsse-envelope"}
    parsed = Envelope.parse(canonical.canonicalize(envelope))
    if is_statement_payload_type(parsed.payload_type):
        statement = Statement.parse(parsed.payload)
        annotations["dev.sigstore.bundle.predicateType"] = statement.predicate_type
    return annotations


def _manifest(bundle: bytes, subject: Descriptor, annotations: JsonObject) -> bytes:
    return canonical.encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": _BUNDLE_V0_3,
            "config": _descriptor(_EMPTY_TYPE, _EMPTY),
            "layers": [_descriptor(_BUNDLE_V0_3, bundle)],
            "subject": {
                "mediaType": subject.media_type,
                "digest": str(subject.digest),
                "size": subject.size,
            },
            "annotations": annotations,
        }
    )


def _descriptor(media_type: str, content: bytes) -> JsonObject:
    return {"mediaType": media_type, "digest": str(sha256(content)), "size": len(content)}


@dataclass(frozen=True, slots=True)
class _Push:
    client: RegistryClient
    reference: ImageReference

    def blob(self, content: bytes) -> None:
        """Upload ``content`` unless it is there (distribution-spec, "POST then PUT")."""
        digest = sha256(content)
        known = self._call("HEAD", f"blobs/{digest}", expect={_OK, _NOT_FOUND})
        if known.status == _OK:
            return
        started = self._call("POST", "blobs/uploads/", expect={_ACCEPTED})
        location = started.headers.get("location")
        if not location:
            raise HttpError("the registry names no place to upload to", code="connectors.upload")
        try:
            url = urljoin(started.url, location)
        except ValueError:
            raise HttpError(
                "the registry names no URL to upload to", code="connectors.upload"
            ) from None
        mark = "&" if "?" in url else "?"
        self._call(
            "PUT",
            f"{url}{mark}digest={digest}",
            body=content,
            media_type="application/octet-stream",
            expect={_CREATED},
        )

    def manifest(self, content: bytes, selector: str, media_type: str) -> HttpResponse:
        """Put a manifest under a digest or a tag, and check what the registry made of it."""
        answer = self._call(
            "PUT", f"manifests/{selector}", body=content, media_type=media_type, expect={_CREATED}
        )
        kept = answer.headers.get("docker-content-digest")
        if kept is not None and kept.strip() != str(sha256(content)):
            raise HttpError(
                f"the registry kept {kept[:100]!r} instead of {sha256(content)}",
                code="connectors.push-changed",
            )
        return answer

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        media_type: str | None = None,
        expect: set[int],
    ) -> HttpResponse:
        return self.client.call(
            method,
            self.reference,
            path,
            headers={} if media_type is None else {"Content-Type": media_type},
            body=body,
            max_bytes=_MAX_ANSWER,
            expect=expect,
            access=Access.PUSH,
        )


@dataclass(frozen=True, slots=True)
class _Listing:
    """The index that clients keep under a tag where the registry keeps no list itself."""

    push: _Push
    subject: Digest

    def add(self, content: bytes, annotations: JsonObject) -> None:
        """List the manifest ``content``, and look whether the list was kept.

        Two writers may overwrite each other: the specification has no lock. So the list is read
        again after writing, and written again if the entry was lost.
        """
        entry: JsonObject = {
            **_descriptor(OCI_MANIFEST, content),
            "artifactType": _BUNDLE_V0_3,
            "annotations": annotations,
        }
        tag = referrers_tag(self.subject)
        for attempt in range(_ATTEMPTS + 1):
            current = self._current()
            manifests = current.get("manifests")
            if not isinstance(manifests, list):
                raise AttachmentError(
                    f"{tag} must be an index of referrers", code="connectors.referrers-tag"
                )
            known = {item.get("digest") for item in manifests if isinstance(item, dict)}
            if entry["digest"] in known:
                return
            if attempt == _ATTEMPTS:
                break
            listed: list[Json] = [*manifests, entry]
            made = canonical.canonicalize({**current, "manifests": listed})
            if len(made) > MAX_DOCUMENT_BYTES:
                raise AttachmentError(
                    f"{tag} would be longer than {MAX_DOCUMENT_BYTES} bytes",
                    code="connectors.attachments-too-many",
                )
            self.push.manifest(made, tag, OCI_INDEX)
        raise ConflictError(
            f"others keep changing {tag} of {self.push.reference.name}",
            code="connectors.referrers-busy",
            hint="try again; the attestation itself is there, only not listed",
        )

    def _current(self) -> JsonObject:
        place = RegistryPlace(self.push.client, self.push.reference)
        fetched = place.fallback(self.subject)
        if fetched is None:
            return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
        return canonical.as_object(canonical.loads(fetched.content, what="index"), what="index")
