"""Sigstore bundles signed with a managed key: version 0.3, as cosign writes and verifies them.

A bundle names the key by a hint, the base64 SHA-256 of its SubjectPublicKeyInfo, and may carry
trusted timestamps over the signature. Where a timestamp comes from is the caller's affair.
"""

import base64
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gatebook.digest import Digest, digest_of
from gatebook.errors import UsageError
from gatebook.formats.bundle import Bundle, BundleVersion, KeyHint, MessageSignature
from gatebook.formats.dsse import Envelope, Signature
from gatebook.trust.keys import PublicKey
from gatebook.trust.signing.signers import DigestSigner, PrivateKey, sign_statement

__all__ = ["Timestamper", "bundle_envelope", "key_hint", "sign_blob", "sign_bundle"]

Timestamper: TypeAlias = Callable[[bytes], bytes]
"""Whoever can say when a signature was there: the signature in, an RFC 3161 response in DER out."""


def key_hint(key: PublicKey) -> str:
    """How a bundle hints at its key (cosign's form)."""
    return base64.b64encode(key.spki.raw).decode("ascii")


def sign_bundle(
    statement: bytes, signer: PrivateKey, *, timestampers: Sequence[Timestamper] = ()
) -> bytes:
    """Sign an encoded in-toto statement; the bundle in JSON.

    Args:
        statement: the exact bytes to sign.
        signer: who signs.
        timestampers: each is asked once, in this order.

    Raises:
        MalformedError: the bytes are not a statement.
        GatebookError: what a signer or a timestamper raises.

    """
    envelope = sign_statement(statement, signer)
    return bundle_envelope(envelope, signer.public_key, timestampers=timestampers)


def bundle_envelope(
    envelope: Envelope, key: PublicKey, *, timestampers: Sequence[Timestamper] = ()
) -> bytes:
    """Put an envelope with one signature, made by ``key``, into a bundle.

    The key id is left out: verifiers of bundles go by the hint, and some compare key ids with names
    of their own.

    Raises:
        UsageError: the envelope has several signatures; a bundle has one (``trust.one-signature``).
        SignatureInvalidError: the signature is not by this key.

    """
    if len(envelope.signatures) != 1:
        raise UsageError(
            f"the envelope has {len(envelope.signatures)} signatures; in a bundle there is one",
            code="trust.one-signature",
        )
    signature = envelope.signatures[0].sig
    key.check(signature, envelope.signed_bytes)
    content = Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=(Signature(sig=signature),),
    )
    return _bundle(content, key, signature, timestampers)


def sign_blob(
    artifact: bytes | Digest, signer: PrivateKey, *, timestampers: Sequence[Timestamper] = ()
) -> bytes:
    """Sign an artifact itself, not a statement about it; the bundle in JSON.

    Args:
        artifact: its bytes; or its digest, when it is large and the key signs digests of that kind.
        signer: who signs.
        timestampers: each is asked once, in this order.

    Raises:
        UsageError: the key cannot sign this by its digest (``trust.artifact-needed``).
        GatebookError: what a signer or a timestamper raises.

    """
    if isinstance(artifact, Digest):
        if not isinstance(signer, DigestSigner):
            raise UsageError(
                "this key signs artifacts, not their digests",
                code="trust.artifact-needed",
                hint="give the artifact itself instead of its digest",
            )
        signature, digest = signer.sign_digest(artifact), artifact
    else:
        algorithm = signer.public_key.digest_algorithm or "sha256"
        signature = signer.sign(artifact)
        digest = digest_of(artifact, algorithm)
    content = MessageSignature(digest=digest, signature=signature)
    return _bundle(content, signer.public_key, signature, timestampers)


def _bundle(
    content: Envelope | MessageSignature,
    key: PublicKey,
    signature: bytes,
    timestampers: Sequence[Timestamper],
) -> bytes:
    return Bundle(
        version=BundleVersion.V0_3,
        content=content,
        material=KeyHint(hint=key_hint(key)),
        timestamps=tuple(ask(signature) for ask in timestampers),
    ).encode()
