"""What a bundle's signature is over, checked with the key that the bundle's material names."""

from typing import TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from gatebook.digest import ALGORITHMS, Digest, digest_of, sha256
from gatebook.formats.bundle import Bundle, MessageSignature
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement, is_statement_payload_type
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey, SignatureInvalidError
from gatebook.trust.refusals import NoValidSignatureError, PayloadTypeError, SubjectMismatchError
from gatebook.trust.sigstore.refusals import ArtifactNeededError, MessageDigestError
from gatebook.trust.sigstore.verified import SignedDigest, SignedPayload

__all__ = ["Artifact", "SignedContent", "verify_content"]


class Artifact(msgspec.Struct, frozen=True):
    """The artifact in question: its bytes, or its digest only."""

    given: bytes | Digest

    def digest(self, algorithm: str) -> Digest:
        """Its digest by ``algorithm``.

        Raises:
            ArtifactNeededError: only a digest by another algorithm is given.

        """
        if isinstance(self.given, Digest):
            if self.given.algorithm == algorithm:
                return self.given
            raise ArtifactNeededError(
                f"the bundle is about a {algorithm} digest, and only {self.given.short} is given",
                hint="give the artifact itself instead of its digest",
            )
        return digest_of(self.given, algorithm)


class SignedContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the signature is over, as log entries are compared with it.

    Attributes:
        content: what was signed.
        signature: the signature.
        envelope: the bytes an envelope's signature is made over, or ``None`` for an artifact.
        artifact: the artifact, when one is given.

    """

    content: SignedPayload | SignedDigest
    signature: bytes
    envelope: bytes | None
    artifact: Artifact | None


Given: TypeAlias = bytes | Digest | None


class _Checker(msgspec.Struct, frozen=True):
    """A key, and whether it may have signed with the hash that early signers used."""

    key: PublicKey
    legacy_hash: bool

    def check(self, signature: bytes, signed: bytes | Digest) -> None:
        try:
            if isinstance(signed, Digest):
                self.key.check_digest(signature, signed)
            else:
                self.key.check(signature, signed)
        except SignatureInvalidError as error:
            if self.legacy_hash and self._is_legacy(signature, signed):
                return
            if error.code == ArtifactNeededError.code:
                raise ArtifactNeededError(error.message, hint=error.hint) from None
            raise NoValidSignatureError(error.message) from None

    def _is_legacy(self, signature: bytes, signed: bytes | Digest) -> bool:
        # sigstore_common.proto, PKIX_ECDSA_P384_SHA_256 and PKIX_ECDSA_P521_SHA_256: "should not
        # be used, but they were/are being used by most Sigstore clients implementations".
        if self.key.algorithm not in {KeyAlgorithm.ECDSA_P384, KeyAlgorithm.ECDSA_P521}:
            return False
        key = serialization.load_der_public_key(self.key.der)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        digest = signed if isinstance(signed, Digest) else sha256(signed)
        if digest.algorithm != "sha256":
            return False
        try:
            key.verify(signature, digest.raw, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        except (InvalidSignature, ValueError):
            return False
        return True


def verify_content(
    bundle: Bundle, key: PublicKey, artifact: Given, *, legacy_hash: bool = False
) -> SignedContent:
    """Verify the signature of a bundle with ``key``.

    An envelope's signature is over its type and payload; when an artifact is given, the payload
    must be a statement that names it as a subject. Any other signature is over the artifact.

    Args:
        bundle: the bundle.
        key: the key of its certificate, or the one the caller named.
        artifact: the artifact in question, or its digest, or nothing.
        legacy_hash: accept SHA-256 with a P-384 or P-521 key too.

    Raises:
        NoValidSignatureError: the key did not make the signature.
        ArtifactNeededError: the artifact is needed and not given.
        MessageDigestError: the bundle names another digest.
        PayloadTypeError: an artifact is given, and the payload is not a statement.
        SubjectMismatchError: the statement is about something else.
        MalformedError: the statement cannot be read.

    """
    given = None if artifact is None else Artifact(artifact)
    match bundle.content:
        case Envelope() as envelope:
            return _verify_envelope(envelope, _Checker(key, legacy_hash), given)
        case MessageSignature() as message:
            return _verify_message(message, _Checker(key, legacy_hash), given)


def _verify_envelope(
    envelope: Envelope, checker: _Checker, artifact: Artifact | None
) -> SignedContent:
    (only,) = envelope.signatures
    signed = envelope.signed_bytes
    checker.check(only.sig, signed)
    if artifact is not None:
        _check_subject(envelope, artifact)
    return SignedContent(
        content=SignedPayload(payload_type=envelope.payload_type, payload=envelope.payload),
        signature=only.sig,
        envelope=signed,
        artifact=artifact,
    )


def _check_subject(envelope: Envelope, artifact: Artifact) -> None:
    if not is_statement_payload_type(envelope.payload_type):
        raise PayloadTypeError(
            f"expected the payload type {PAYLOAD_TYPE}, found {envelope.payload_type[:80]!r}"
        )
    statement = Statement.parse(envelope.payload)
    if isinstance(artifact.given, Digest):
        digests = [artifact.given]
    else:
        named = {
            found.algorithm for subject in statement.subjects for found in subject.digests.digests
        }
        digests = [artifact.digest(algorithm) for algorithm in ALGORITHMS if algorithm in named]
    for subject in statement.subjects:
        shared = [found for found in digests if subject.digests.get(found.algorithm) is not None]
        # in-toto digest_set.md lets one match do. Where more can be compared, all have to agree:
        # one subject has one content.
        if shared and all(subject.digests.matches(found) for found in shared):
            return
    raise SubjectMismatchError("the statement is not about the artifact that was given")


def _verify_message(
    message: MessageSignature, checker: _Checker, artifact: Artifact | None
) -> SignedContent:
    if artifact is None:
        # sigstore_common.proto: "Clients MUST NOT attempt to use this digest to verify".
        raise ArtifactNeededError(
            "the bundle's signature is over an artifact that is not in it",
            hint="give the artifact, or its digest",
        )
    if message.digest is not None and artifact.digest(message.digest.algorithm) != message.digest:
        raise MessageDigestError(
            f"the bundle is about {message.digest.short}, not about the artifact"
        )
    checker.check(message.signature, artifact.given)
    algorithm = artifact.given.algorithm if isinstance(artifact.given, Digest) else "sha256"
    return SignedContent(
        content=SignedDigest(digest=artifact.digest(algorithm)),
        signature=message.signature,
        envelope=None,
        artifact=artifact,
    )
