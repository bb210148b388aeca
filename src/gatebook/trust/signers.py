"""Making signatures: private keys from PEM bytes, and signed statements.

The room reads no files: whoever calls has the bytes. A key that never leaves a device or a service
implements :class:`PrivateKey` elsewhere.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.errors import UsageError
from gatebook.formats.dsse import Envelope, Signature, pae
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement
from gatebook.trust.keys import KeyMalformedError, PublicKey, ecdsa_hash, public_key

__all__ = [
    "LocalSigner",
    "PasswordNeededError",
    "PrivateKey",
    "generate_ed25519",
    "sign_statement",
]

_LocalKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class PasswordNeededError(UsageError):
    """The private key is encrypted, and the password is missing or wrong."""

    code = "trust.password-needed"


class PrivateKey(Protocol):
    """Whoever can sign; where the key lives is its own affair."""

    @property
    def public_key(self) -> PublicKey:
        """The public half; signatures are checked with it."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign exactly ``data``; ECDSA in DER, hashed as the curve demands."""
        ...


class LocalSigner:
    """A private key held in memory: Ed25519, ECDSA P-256 or P-384."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: _LocalKey) -> None:
        self._key = key
        self._public = public_key(key.public_key())

    @classmethod
    def from_pem(cls, pem: bytes, *, password: Callable[[], bytes] | None = None) -> "LocalSigner":
        """Read a private key in PEM (PKCS #8, or SEC 1 for ECDSA).

        Args:
            pem: the bytes of the key file.
            password: asked once, and only if the key is encrypted.

        Raises:
            PasswordNeededError: the key is encrypted, and there is no password or a wrong one.
            KeyMalformedError: not a private key, or one of another algorithm or curve.

        """
        try:
            loaded = _load(pem, password)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyMalformedError("the private key cannot be read: expected PEM") from None
        if not isinstance(loaded, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
            public_key(loaded)  # says which algorithm it is
            raise KeyMalformedError("the private key is of another algorithm")
        return cls(loaded)

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
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, ec.ECDSA(ecdsa_hash(self._key.curve)))

    def __repr__(self) -> str:
        return f"LocalSigner({self._public.algorithm}, {self._public.spki.short})"


def _load(pem: bytes, password: Callable[[], bytes] | None) -> object:
    try:
        return serialization.load_pem_private_key(pem, None)
    except TypeError:  # how the library says that the key is encrypted
        if password is None:
            raise PasswordNeededError("the private key is encrypted") from None
    try:
        return serialization.load_pem_private_key(pem, password())
    except (ValueError, TypeError):
        raise PasswordNeededError(
            "the private key cannot be decrypted with this password"
        ) from None


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


def generate_ed25519() -> tuple[bytes, bytes]:
    """Make a new key pair: private PKCS #8 PEM without a password, and public PEM."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, LocalSigner(key).public_pem
