"""Public keys: read from PEM, identified by their SPKI, and able to check a signature.

Algorithms: Ed25519 (RFC 8032); ECDSA over P-256, P-384 and P-521 with the hash of their strength
(FIPS 186-5), whose signatures are DER (RFC 3279 §2.2.3) or the two numbers side by side (IEEE
P1363, as Google's cloud signs); RSA from 2048 bits with SHA-256, in PKCS #1 v1.5 (RFC 8017 §8.2)
or, for keys configured so, PSS (§8.1). Nothing else is believed.
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError, VerificationError
from gatebook.trust.identity import KeyAlgorithm

__all__ = [
    "ARTIFACT_NEEDED",
    "KeyMalformedError",
    "PublicKey",
    "SignatureInvalidError",
    "ecdsa_hash",
    "public_key",
    "rsa_padding",
]

ARTIFACT_NEEDED: Final = "trust.artifact-needed"
"""The code of a refusal that having the artifact itself, instead of its digest, would answer."""

_SupportedKey: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_MAX_PEM: Final = 16_384
_ED25519_SIGNATURE_BYTES: Final = 64
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
# One block and nothing around it: text beside the block could be a second key to another reader.
_PEM: Final = re.compile(
    rb"\s*-----BEGIN (RSA )?PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END (RSA )?PUBLIC KEY-----\s*\Z"
)
_ECDSA: Final = {
    KeyAlgorithm.ECDSA_P256: "sha256",
    KeyAlgorithm.ECDSA_P384: "sha384",
    KeyAlgorithm.ECDSA_P521: "sha512",
}


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
    def parse(cls, pem: bytes, *, pss: bool = False) -> "PublicKey":
        """Read one PEM block ``PUBLIC KEY`` (RFC 7468 §13).

        Args:
            pem: the block, and nothing around it.
            pss: an RSA key that signs with PSS.

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
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            raise KeyMalformedError(f"the PUBLIC KEY block cannot be read: {error}") from None
        return public_key(loaded, pss=pss)

    @classmethod
    def from_der(cls, der: bytes, *, pss: bool = False) -> "PublicKey":
        """Read a SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7).

        Raises:
            KeyMalformedError: not one, or of an algorithm, curve or size that is not believed.

        """
        try:
            loaded = serialization.load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            raise KeyMalformedError(f"the public key cannot be read: {error}") from None
        return public_key(loaded, pss=pss)

    def check(self, signature: bytes, data: bytes) -> None:
        """Check that this key made ``signature`` over ``data``.

        Raises:
            SignatureInvalidError: it did not.

        """
        try:
            match self._key:
                case ed25519.Ed25519PublicKey() as key:
                    key.verify(signature, data)
                case ec.EllipticCurvePublicKey() as key:
                    _check_ecdsa(key, signature, data, ec.ECDSA(ecdsa_hash(key.curve)))
                case rsa.RSAPublicKey() as key:
                    key.verify(signature, data, _checked_padding(self.algorithm), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise self._invalid() from None

    def check_digest(self, signature: bytes, digest: Digest) -> None:
        """Check that this key made ``signature`` over bytes known by their digest only.

        Raises:
            SignatureInvalidError: it did not, or the key does not sign that kind of digest: Ed25519
                signs the bytes themselves, and the others each go with one hash.

        """
        wanted = self.digest_algorithm
        if wanted is None or digest.algorithm != wanted:
            raise SignatureInvalidError(
                f"a key of type {self.algorithm} does not sign {digest.algorithm} digests",
                code=ARTIFACT_NEEDED,
                hint="give the artifact itself instead of its digest",
            )
        value = bytes.fromhex(digest.hex)
        try:
            match self._key:
                case ec.EllipticCurvePublicKey() as key:
                    hashed = utils.Prehashed(ecdsa_hash(key.curve))
                    _check_ecdsa(key, signature, value, ec.ECDSA(hashed))
                case rsa.RSAPublicKey() as key:
                    hashed = utils.Prehashed(hashes.SHA256())
                    key.verify(signature, value, _checked_padding(self.algorithm), hashed)
                case _:
                    raise self._invalid()
        except (InvalidSignature, ValueError):
            raise self._invalid() from None

    @property
    def digest_algorithm(self) -> str | None:
        """The hash this key signs with, or ``None`` when it signs the bytes themselves."""
        if self.algorithm is KeyAlgorithm.ED25519:
            return None
        return _ECDSA.get(self.algorithm, "sha256")

    def may_have_made(self, signature: bytes) -> bool:
        """Whether a signature has the form this algorithm writes; saves checking, proves nothing.

        Ed25519 signatures are 64 bytes (RFC 8032 §5.1.6), RSA ones as long as the modulus; a DER
        sequence starts with 0x30.
        """
        match self._key:
            case ed25519.Ed25519PublicKey():
                return len(signature) == _ED25519_SIGNATURE_BYTES
            case rsa.RSAPublicKey() as key:
                return len(signature) == (key.key_size + 7) // 8
            case ec.EllipticCurvePublicKey() as key:
                return signature[:1] == b"\x30" or len(signature) == _p1363_bytes(key)

    def _invalid(self) -> SignatureInvalidError:
        return SignatureInvalidError(f"the signature was not made by the key {self.spki.short}")


def public_key(loaded: object, *, pss: bool = False) -> PublicKey:
    """Wrap a key of the ``cryptography`` library.

    Raises:
        KeyMalformedError: an algorithm, curve or size that is not believed.

    """
    match loaded:
        case ed25519.Ed25519PublicKey():
            algorithm = KeyAlgorithm.ED25519
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            algorithm = KeyAlgorithm.ECDSA_P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            algorithm = KeyAlgorithm.ECDSA_P384
        case ec.EllipticCurvePublicKey(curve=ec.SECP521R1()):
            algorithm = KeyAlgorithm.ECDSA_P521
        case rsa.RSAPublicKey(key_size=size) if _MIN_RSA_BITS <= size <= _MAX_RSA_BITS:
            algorithm = KeyAlgorithm.RSA_PSS if pss else KeyAlgorithm.RSA_PKCS1
        case _:
            raise KeyMalformedError(
                "expected an Ed25519 key, ECDSA on P-256, P-384 or P-521, or RSA of "
                f"{_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits; found {_describe(loaded)}",
                code="trust.unsupported-key",
            )
    if pss and algorithm is not KeyAlgorithm.RSA_PSS:
        raise KeyMalformedError("only an RSA key signs with PSS", code="trust.unsupported-key")
    der = loaded.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(algorithm, sha256(der), der, loaded)


def ecdsa_hash(curve: ec.EllipticCurve) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The hash that goes with a curve: as strong as the curve, and no choice left to the signer.

    Raises:
        KeyMalformedError: a curve that is not believed.

    """
    match curve:
        case ec.SECP256R1():
            return hashes.SHA256()
        case ec.SECP384R1():
            return hashes.SHA384()
        case ec.SECP521R1():
            return hashes.SHA512()
        case _:
            raise KeyMalformedError(
                f"the curve {curve.name} is not P-256, P-384 or P-521",
                code="trust.unsupported-key",
            )


def rsa_padding(algorithm: KeyAlgorithm) -> padding.PKCS1v15 | padding.PSS:
    """The padding an RSA key signs with: PSS with a salt as long as the hash, or v1.5."""
    if algorithm is KeyAlgorithm.RSA_PSS:
        return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def _checked_padding(algorithm: KeyAlgorithm) -> padding.PKCS1v15 | padding.PSS:
    # The salt's length is the signer's choice (RFC 8017 §9.1); signers in use differ.
    if algorithm is KeyAlgorithm.RSA_PSS:
        return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    return padding.PKCS1v15()


def _check_ecdsa(
    key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, scheme: ec.ECDSA
) -> None:
    try:
        key.verify(signature, data, scheme)
    except InvalidSignature:
        # IEEE P1363: r and s, each as long as the order. The library reads DER only.
        if len(signature) != _p1363_bytes(key):
            raise
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        key.verify(utils.encode_dss_signature(r, s), data, scheme)


def _p1363_bytes(key: ec.EllipticCurvePublicKey) -> int:
    return 2 * ((key.curve.key_size + 7) // 8)


def _describe(loaded: object) -> str:
    if isinstance(loaded, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return f"an ECDSA key on {loaded.curve.name}"
    name = type(loaded).__name__.removesuffix("PublicKey").removesuffix("PrivateKey").strip("_")
    size = getattr(loaded, "key_size", None)
    return f"a key of type {name}" + (f", {size} bits" if isinstance(size, int) else "")
