"""Making signatures: with a private key in memory, or with whoever else can sign.

The room reads no files and asks nobody: whoever calls has the bytes. A key that never leaves a
device or a service implements :class:`PrivateKey` elsewhere.

Keys are rotated with overlap: the new public key goes into the trust root while the old one is
believed (the windows ``not-before`` to ``not-after`` of both cover the change); signing moves over;
then the old key's ``not-after`` is set to when it last signed, and its entry stays for as long as
what it signed is to be verified.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils

from gatebook.digest import Digest
from gatebook.errors import UsageError
from gatebook.formats.dsse import Envelope, Signature, pae
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey, ecdsa_hash, public_key, rsa_padding
from gatebook.trust.signing.password import PasswordNeededError, PasswordWrongError
from gatebook.trust.signing.private_keys import (
    KeyFileForm,
    LocalKey,
    encode_private_key,
    generate_private_key,
    load_private_key,
)

__all__ = [
    "DigestSigner",
    "LocalSigner",
    "PasswordNeededError",
    "PasswordWrongError",
    "PrivateKey",
    "generate_ed25519",
    "generate_key_pair",
    "sign_statement",
]


class PrivateKey(Protocol):
    """Whoever can sign; where the key lives is its own affair."""

    @property
    def public_key(self) -> PublicKey:
        """The public half; signatures are checked with it."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign exactly ``data``; ECDSA in DER, hashed as the key demands."""
        ...


@runtime_checkable
class DigestSigner(Protocol):
    """A private key that can also sign bytes it is told the digest of."""

    @property
    def public_key(self) -> PublicKey:
        """The public half; signatures are checked with it."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign exactly ``data``."""
        ...

    def sign_digest(self, digest: Digest) -> bytes:
        """Sign the bytes that ``digest`` is of; the same signature as over the bytes."""
        ...


class LocalSigner:
    """A private key held in memory: Ed25519, ECDSA P-256, P-384 or P-521, or RSA."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: LocalKey, *, pss: bool = False) -> None:
        self._key = key
        self._public = public_key(key.public_key(), pss=pss)

    @classmethod
    def from_pem(
        cls, pem: bytes, *, password: Callable[[], bytes] | None = None, pss: bool = False
    ) -> "LocalSigner":
        """Read a private key file: PEM, cosign's or OpenSSH's form.

        Args:
            pem: the bytes of the key file.
            password: asked once, and only if the key is encrypted.
            pss: let an RSA key sign with PSS instead of PKCS #1 v1.5.

        Raises:
            PasswordNeededError: the key is encrypted, and there is no password; its subclass
                PasswordWrongError: or a wrong one.
            KeyMalformedError: not a private key, or one of another algorithm, curve or size; or
                PSS with a key that is not RSA.
            UsageError: see :func:`~gatebook.trust.signing.private_keys.load_private_key`.

        """
        return cls(load_private_key(pem, password=password), pss=pss)

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public

    @property
    def public_pem(self) -> bytes:
        """The public half as a PEM block ``PUBLIC KEY``, as trust roots want it."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """Sign exactly ``data``."""
        match self._key:
            case ed25519.Ed25519PrivateKey() as key:
                return key.sign(data)
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(data, ec.ECDSA(ecdsa_hash(key.curve)))
            case rsa.RSAPrivateKey() as key:
                return key.sign(data, rsa_padding(self._public.algorithm), hashes.SHA256())

    def sign_digest(self, digest: Digest) -> bytes:
        """Sign the bytes that ``digest`` is of.

        Raises:
            UsageError: the key does not sign that kind of digest (``trust.artifact-needed``).

        """
        if digest.algorithm != self._public.digest_algorithm:
            raise _artifact_needed(self._public, digest)
        match self._key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(digest.raw, ec.ECDSA(utils.Prehashed(ecdsa_hash(key.curve))))
            case rsa.RSAPrivateKey() as key:
                hashed = utils.Prehashed(hashes.SHA256())
                return key.sign(digest.raw, rsa_padding(self._public.algorithm), hashed)
            case _:  # pragma: no cover  # Ed25519 has no digest algorithm
                raise _artifact_needed(self._public, digest)

    def __repr__(self) -> str:
        return f"LocalSigner({self._public.algorithm}, {self._public.spki.short})"


def _artifact_needed(key: PublicKey, digest: Digest) -> UsageError:
    return UsageError(
        f"a key of type {key.algorithm} does not sign {digest.algorithm} digests",
        code="trust.artifact-needed",
        hint="give the artifact itself instead of its digest",
    )


def sign_statement(statement: bytes, signer: PrivateKey) -> Envelope:
    """Put an encoded in-toto statement into an envelope with one signature.

    The key id is the hex SHA-256 of the SPKI: a hint for whoever looks for the key.

    Raises:
        MalformedError: the bytes are not a statement; nothing else is signed here.

    """
    Statement.parse(statement)
    signature = signer.sign(pae(PAYLOAD_TYPE, statement))
    return Envelope(
        payload_type=PAYLOAD_TYPE,
        payload=statement,
        signatures=(Signature(keyid=signer.public_key.spki.hex, sig=signature),),
    )


def generate_key_pair(
    algorithm: KeyAlgorithm = KeyAlgorithm.ED25519,
    *,
    form: KeyFileForm = KeyFileForm.PKCS8,
    password: bytes | None = None,
) -> tuple[bytes, bytes]:
    """Make a new key pair: the private key file, and the public key in PEM.

    Raises:
        UsageError: see :func:`~gatebook.trust.signing.private_keys.encode_private_key`.

    """
    key = generate_private_key(algorithm)
    return encode_private_key(key, form=form, password=password), LocalSigner(key).public_pem


def generate_ed25519() -> tuple[bytes, bytes]:
    """Make a new key pair: private PKCS #8 PEM without a password, and public PEM."""
    return generate_key_pair()
