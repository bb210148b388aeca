"""Public keys: read from PEM, identified by their SPKI, and able to check a signature.

Algorithms: Ed25519 (RFC 8032), ECDSA over P-256 with SHA-256 and over P-384 with SHA-384
(FIPS 186-5), whose signatures are DER (RFC 3279 §2.2.3). Nothing else is believed.
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError, VerificationError
from gatebook.trust.identity import KeyAlgorithm

__all__ = ["KeyMalformedError", "PublicKey", "SignatureInvalidError", "ecdsa_hash", "public_key"]

_SupportedKey: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

_MAX_PEM: Final = 16_384
_ED25519_SIGNATURE_BYTES: Final = 64
# One block and nothing around it: text beside the block could be a second key to another reader.
_PEM: Final = re.compile(
    rb"\s*-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*\Z"
)


class KeyMalformedError(MalformedError):
    """Text is not a public key that can be believed."""

    code = "trust.malformed-key"


class SignatureInvalidError(VerificationError):
    """The signature was not made by this key over these bytes."""

    code = "trust.no-valid-signature"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of a supported algorithm.

    Attributes:
        algorithm: how it signs.
        spki: SHA-256 of the SubjectPublicKeyInfo in DER; equal for equal keys however written.
        der: the SubjectPublicKeyInfo itself.

    """

    algorithm: KeyAlgorithm
    spki: Digest
    der: bytes = field(repr=False)
    _key: _SupportedKey = field(repr=False, compare=False)

    @classmethod
    def parse(cls, pem: bytes) -> "PublicKey":
        """Read one PEM block ``PUBLIC KEY`` (RFC 7468 §13).

        Raises:
            KeyMalformedError: a private key, a certificate or anything else; or a key of an
                algorithm, curve or size that is not believed.

        """
        if b"PRIVATE KEY" in pem:
            raise KeyMalformedError(
                "a private key stands where a public key belongs",
                code="trust.private-key",
                hint="treat that key as disclosed: make a new one, and put only its PUBLIC KEY "
                "block here",
            )
        if len(pem) > _MAX_PEM or _PEM.match(pem) is None:
            raise KeyMalformedError(
                "expected one PEM block 'BEGIN PUBLIC KEY' and nothing else",
                hint="openssl pkey -in key.pem -pubout writes one",
            )
        try:
            loaded = serialization.load_pem_public_key(pem.strip())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyMalformedError(f"the PUBLIC KEY block cannot be read: {error}") from None
        return public_key(loaded)

    def check(self, signature: bytes, data: bytes) -> None:
        """Check that this key made ``signature`` over ``data``.

        Raises:
            SignatureInvalidError: it did not.

        """
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(signature, data, ec.ECDSA(ecdsa_hash(self._key.curve)))
        except (InvalidSignature, ValueError):
            raise SignatureInvalidError(
                f"the signature was not made by the key {self.spki.short}"
            ) from None

    def may_have_made(self, signature: bytes) -> bool:
        """Whether a signature has the form this algorithm writes; saves checking, proves nothing.

        Ed25519 signatures are 64 bytes (RFC 8032 §5.1.6); a DER sequence starts with 0x30.
        """
        if self.algorithm is KeyAlgorithm.ED25519:
            return len(signature) == _ED25519_SIGNATURE_BYTES
        return signature[:1] == b"\x30"


def public_key(loaded: object) -> PublicKey:
    """Wrap a key of the ``cryptography`` library.

    Raises:
        KeyMalformedError: an algorithm or curve that is not believed.

    """
    match loaded:
        case ed25519.Ed25519PublicKey():
            algorithm = KeyAlgorithm.ED25519
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            algorithm = KeyAlgorithm.ECDSA_P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            algorithm = KeyAlgorithm.ECDSA_P384
        case _:
            raise KeyMalformedError(
                f"expected an Ed25519, ECDSA P-256 or P-384 key, found {_describe(loaded)}",
                code="trust.unsupported-key",
            )
    der = loaded.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(algorithm, sha256(der), der, loaded)


def ecdsa_hash(curve: ec.EllipticCurve) -> hashes.HashAlgorithm:
    """The hash that goes with a curve: as strong as the curve, and no choice left to the signer.

    Raises:
        KeyMalformedError: a curve that is not believed.

    """
    match curve:
        case ec.SECP256R1():
            return hashes.SHA256()
        case ec.SECP384R1():
            return hashes.SHA384()
        case _:
            raise KeyMalformedError(
                f"the curve {curve.name} is not P-256 or P-384", code="trust.unsupported-key"
            )


def _describe(loaded: object) -> str:
    if isinstance(loaded, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return f"an ECDSA key on {loaded.curve.name}"
    name = type(loaded).__name__.removesuffix("PublicKey").removesuffix("PrivateKey").strip("_")
    size = getattr(loaded, "key_size", None)
    return f"a key of type {name}" + (f", {size} bits" if isinstance(size, int) else "")
