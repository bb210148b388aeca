"""What was handed in, whatever it is wrapped in: what is signed, and what comes with it.

Reading proves nothing. The forms are told apart by content (:mod:`gatebook.formats.attestations`);
what they have in common is an envelope, or a signature over an artifact or a document about it.
"""

from dataclasses import replace
from typing import Final

import msgspec

from gatebook.digest import Digest, DigestSet, sha256
from gatebook.errors import MalformedError
from gatebook.formats.attestations import AttestationKind, recognise
from gatebook.formats.bundle import Bundle, CertificateChain, LeafCertificate, MessageSignature
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import (
    PAYLOAD_TYPE,
    Statement,
    Subject,
    is_statement_payload_type,
)
from gatebook.trust.refusals import PayloadTypeError

__all__ = ["SIGNATURE_TYPE", "Received", "read_attestation"]

SIGNATURE_TYPE: Final = "https://sigstore.dev/cosign/sign/v1"
"""The predicate type of a statement that says no more than that its subject was signed."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One attestation, read.

    Attributes:
        kind: the form it came in.
        content: what is signed: an envelope, or bytes outside of the attestation.
        bundle: what proves signer and time, or ``None`` for a bare envelope.
        document: the bytes that were signed, when they are neither an envelope nor the artifact
            itself: cosign's simple signing payload.

    """

    kind: AttestationKind
    content: Envelope | MessageSignature
    bundle: Bundle | None = None
    document: bytes | None = None

    @property
    def has_certificate(self) -> bool:
        """Whether the signer is named by a certificate rather than by a key that one knows."""
        return self.bundle is not None and isinstance(
            self.bundle.material, LeafCertificate | CertificateChain
        )

    def check_payload_type(self) -> None:
        """Refuse an envelope that carries something else than an in-toto statement.

        Raises:
            PayloadTypeError: it does.

        """
        if isinstance(self.content, MessageSignature):
            return
        if not is_statement_payload_type(self.content.payload_type):
            raise PayloadTypeError(
                f"expected the payload type {PAYLOAD_TYPE}, "
                f"found {self.content.payload_type[:80]!r}"
            )

    def statement(self, subject: Digest | None) -> Statement:
        """What is said: the statement of the payload, or that an artifact was signed.

        Args:
            subject: the artifact in question; for a signature over an artifact it is the one that
                was signed, and needed.

        Raises:
            MalformedError: the payload is not a statement, or nothing says what was signed.

        """
        if isinstance(self.content, Envelope):
            return Statement.parse(self.content.payload)
        if self.document is not None:
            from gatebook.formats.simple_signing import SimpleSigning  # noqa: PLC0415  # start-up

            return _signature_over(SimpleSigning.parse(self.document).image)
        named = subject or self.content.digest
        if named is None:
            raise MalformedError(
                "the signature does not say which artifact it is over", code="trust.subject-needed"
            )
        return _signature_over(named)


def read_attestation(data: bytes) -> Received:
    """Read one attestation of any form that is known.

    Raises:
        MalformedError: it is of no known form, or not what its form promises.

    """
    kind = recognise(data)
    match kind:
        case AttestationKind.ENVELOPE:
            return Received(kind=kind, content=Envelope.parse(data))
        case AttestationKind.BUNDLE:
            bundle = Bundle.parse(data)
            return Received(kind=kind, content=bundle.content, bundle=bundle)
        case AttestationKind.PEP740:
            from gatebook.formats.pep740 import read_pep740  # noqa: PLC0415  # start-up

            (bundle,) = read_pep740(data)
            return Received(kind=kind, content=bundle.content, bundle=bundle)
        case AttestationKind.COSIGN_RECORD | AttestationKind.COSIGN_BUNDLE:
            return _cosign(kind, data)
        case AttestationKind.GCB_PROVENANCE:
            raise MalformedError(
                "Cloud Build's answer is not an attestation by itself",
                code="trust.form-not-verified",
                hint="hand in the DSSE envelopes it holds",
            )


def _signature_over(digest: Digest) -> Statement:
    """Say in a statement that an artifact was signed, as cosign writes it since version 3."""
    subject = Subject(digests=DigestSet.of({digest.algorithm: digest.hex}))
    return Statement(subjects=(subject,), predicate_type=SIGNATURE_TYPE, predicate={})


def _cosign(kind: AttestationKind, data: bytes) -> Received:
    # Forms that most people never hand in take no time to load when they do not.
    from gatebook.formats.cosign_record import (  # noqa: PLC0415
        SIMPLE_SIGNING_TYPE,
        CosignSignature,
    )

    kept = CosignSignature.parse(data)
    # The bundle is derived; what has a digest is what was received.
    bundle = replace(Bundle.parse(kept.bundle()), received=sha256(data))
    if isinstance(bundle.content, Envelope) or kept.content is None:
        return Received(kind=kind, content=bundle.content, bundle=bundle)
    if kept.content_type != SIMPLE_SIGNING_TYPE:
        raise MalformedError(
            f"the signature is over {kept.content_type[:80]!r}, which is not read here",
            code="trust.form-not-verified",
        )
    return Received(kind=kind, content=bundle.content, bundle=bundle, document=kept.content)
