"""Keys that sign notes: their names, ids and text form (C2SP signed-note, tlog-cosignature).

A key is known by its name and a four-byte id derived from name, signature type and public key.
This module makes and checks raw signatures over given bytes; which bytes a signature type covers is
said in :mod:`gatebook.tlog.note` and :mod:`gatebook.tlog.cosignature`.
"""

import enum
import re
from hashlib import sha256
from typing import Any, ClassVar, Final, Protocol, Self, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.errors import MalformedError, UsageError, VerificationError
from gatebook.tlog.lines import decode_base64, encode_base64
from gatebook.values import record

__all__ = [
    "ID_BYTES",
    "KeyFormatError",
    "NoteSigner",
    "SignatureError",
    "SignatureType",
    "SignerKey",
    "UnsupportedKeyError",
    "VerifierKey",
    "check_key_name",
]

ID_BYTES: Final = 4
# In a str pattern \s is any Unicode space; lone surrogates are not text.
_KEY_NAME: Final = r"[^\s+\x00-\x1f\ud800-\udfff]+\Z"
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}\Z", re.ASCII)
_ED25519_BYTES: Final = 32
_ML_DSA_44_BYTES: Final = 1312
_MAX_VKEY: Final = 4096
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

PrivateKey: TypeAlias = "ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | Any"


class KeyFormatError(MalformedError):
    """A key, its name or its text form is not what it must be."""

    code = "tlog.key-malformed"


class UnsupportedKeyError(UsageError):
    """The installed cryptography library cannot use keys of this type."""

    code = "tlog.key-unsupported"


class SignatureError(VerificationError):
    """A signature was not made by the key over these bytes, or no trusted key signed at all."""

    code = "tlog.bad-signature"


class SignatureType(enum.IntEnum):
    """The signature types that can be checked (signed-note, "Signature types").

    0x05 (RFC 6962 tree heads) and 0xff (types without a byte) have no keys here: a signature by
    such a key is one by an unknown key, which verifiers must ignore.
    """

    ED25519 = 0x01
    ECDSA = 0x02
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06

    @property
    def is_cosignature(self) -> bool:
        """Whether signatures carry a time and cover a checkpoint rather than any text."""
        return self in {self.ED25519_COSIGNATURE, self.ML_DSA_44_COSIGNATURE}


class NoteSigner(Protocol):
    """Whoever can sign with one key, be it in memory or in a key service."""

    @property
    def verifier(self) -> "VerifierKey":
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature over ``message``."""
        ...


@record
class VerifierKey:
    """A public key that signs notes under a name.

    Attributes:
        name: the key's name, as signature lines carry it.
        type: what its signatures cover and how they are made.
        public: the public key: 32 bytes for Ed25519, 1,312 for ML-DSA-44, SPKI DER for ECDSA.

    """

    name: str
    type: SignatureType
    public: bytes

    _hidden: ClassVar = ("public",)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        _load_public(self.type, self.public)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Parse ``<name>+<id in hex>+<base64 of type and public key>``.

        Raises:
            KeyFormatError: another form, an unknown type, a public key of the wrong length, or an
                id that does not belong to name, type and public key.
            UnsupportedKeyError: ML-DSA-44, and the installed library does not have it.

        """
        # A key name has no plus, base64 may: split from the left.
        name, mark, rest = vkey.partition("+") if len(vkey) <= _MAX_VKEY else ("", "", "")
        key_id, second, material = rest.partition("+")
        if not mark or not second or _KEY_ID.match(key_id) is None:
            raise KeyFormatError(f"expected a key as <name>+<id>+<base64>, found {vkey[:80]!r}")
        decoded = decode_base64(material, what=f"verifier key {name!r}")
        known = {int(member): member for member in SignatureType}
        if not decoded or decoded[0] not in known:
            raise KeyFormatError(
                f"verifier key {name!r} has signature type {decoded[:1].hex() or 'none'}; "
                "supported are 01, 02, 04 and 06",
                code="tlog.key-type",
            )
        key = cls(name=name, type=known[decoded[0]], public=decoded[1:])
        if key.key_id.hex() != key_id:
            raise KeyFormatError(
                f"verifier key {name!r} says id {key_id}, its public key has id {key.key_id.hex()}",
                code="tlog.key-id",
            )
        return key

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, identify the key in a signature line."""
        if self.type is SignatureType.ECDSA:
            # signed-note: for type 0x02 the id is taken over the SPKI DER alone.
            return sha256(self.public).digest()[:ID_BYTES]
        prefix = self.name.encode() + b"\n" + bytes((self.type,))
        return sha256(prefix + self.public).digest()[:ID_BYTES]

    @property
    def vkey(self) -> str:
        """The text form, which :meth:`parse` reads."""
        material = encode_base64(bytes((self.type,)) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}"

    def check(self, message: bytes, signature: bytes) -> None:
        """Check a raw signature over ``message``.

        Raises:
            SignatureError: it is not by this key over these bytes.

        """
        public = _load_public(self.type, self.public)
        try:
            if isinstance(public, ec.EllipticCurvePublicKey):
                public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            else:
                public.verify(signature, message)
        except (InvalidSignature, ValueError):
            raise SignatureError(f"signature by {self} does not verify") from None


@record
class SignerKey:
    """A private key in memory, with the name it signs under; never printed."""

    verifier: VerifierKey
    private: PrivateKey

    _private: ClassVar = ("private",)

    @classmethod
    def of(cls, name: str, private: PrivateKey, *, cosigner: bool = False) -> Self:
        """Name a private key of the cryptography library.

        ``cosigner`` makes an Ed25519 key sign cosignatures (type 0x04) instead of plain notes;
        ML-DSA-44 keys always do.

        Raises:
            KeyFormatError: another kind of key, a curve that notes do not use, or a bad name.

        """
        material: bytes
        if isinstance(private, ed25519.Ed25519PrivateKey):
            kind = SignatureType.ED25519_COSIGNATURE if cosigner else SignatureType.ED25519
            material = private.public_key().public_bytes_raw()
        elif isinstance(private, ec.EllipticCurvePrivateKey) and not cosigner:
            kind = SignatureType.ECDSA
            material = _spki(private.public_key())
        elif isinstance(private, _ml_dsa().MLDSA44PrivateKey):
            kind = SignatureType.ML_DSA_44_COSIGNATURE
            material = private.public_key().public_bytes_raw()
        else:
            raise KeyFormatError(f"keys of type {type(private).__name__} cannot sign this")
        return cls(verifier=VerifierKey(name=name, type=kind, public=material), private=private)

    @classmethod
    def from_seed(cls, name: str, seed: bytes, *, cosigner: bool = False) -> Self:
        """Name the Ed25519 key with this 32-byte seed (RFC 8032 §5.1.5).

        Raises:
            KeyFormatError: the seed is not 32 bytes, or the name cannot name a key.

        """
        if len(seed) != _ED25519_BYTES:
            raise KeyFormatError(f"an Ed25519 seed has {_ED25519_BYTES} bytes, not {len(seed)}")
        return cls.of(name, ed25519.Ed25519PrivateKey.from_private_bytes(seed), cosigner=cosigner)

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature over ``message``."""
        signature: bytes
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            signature = self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        else:
            signature = self.private.sign(message)
        return signature


def check_key_name(name: str) -> None:
    """Check that a name can name a key: not empty, no Unicode space, no plus (signed-note).

    Raises:
        KeyFormatError: it cannot.

    """
    plain = name.isascii() and name.isprintable() and " " not in name and "+" not in name
    if not name or not (plain or re.match(_KEY_NAME, name)):
        raise KeyFormatError(f"{name[:80]!r} cannot name a key", code="tlog.key-name")


def _load_public(kind: SignatureType, public: bytes) -> Any:
    match kind:
        case SignatureType.ED25519 | SignatureType.ED25519_COSIGNATURE:
            _check_length(public, _ED25519_BYTES)
            return ed25519.Ed25519PublicKey.from_public_bytes(public)
        case SignatureType.ML_DSA_44_COSIGNATURE:
            _check_length(public, _ML_DSA_44_BYTES)
            try:
                return _ml_dsa().MLDSA44PublicKey.from_public_bytes(public)
            except UnsupportedAlgorithm:
                raise _without_ml_dsa() from None
        case SignatureType.ECDSA:
            try:
                loaded = serialization.load_der_public_key(public)
            except (ValueError, UnsupportedAlgorithm):
                raise KeyFormatError("not an ECDSA public key in SPKI DER") from None
            if not isinstance(loaded, ec.EllipticCurvePublicKey) or _spki(loaded) != public:
                raise KeyFormatError("not an ECDSA public key in SPKI DER")
            if not isinstance(loaded.curve, _CURVES):
                raise KeyFormatError(f"notes are not signed on curve {loaded.curve.name}")
            return loaded


def _spki(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _check_length(public: bytes, expected: int) -> None:
    if len(public) != expected:
        raise KeyFormatError(
            f"public key has {len(public)} bytes; expected {expected}", code="tlog.key-length"
        )


def _ml_dsa() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import (  # noqa: PLC0415  # not in all builds
            mldsa,
        )
    except ImportError:
        raise _without_ml_dsa() from None
    return mldsa


def _without_ml_dsa() -> UnsupportedKeyError:
    return UnsupportedKeyError(
        "the installed cryptography library has no ML-DSA-44",
        hint="install a build of cryptography with post-quantum support, or use an Ed25519 key",
    )
