"""Private keys: read from the bytes of a file, made, and written.

Forms read: PKCS #8, SEC 1 and PKCS #1 in PEM, plain or encrypted; cosign's; OpenSSH's. Which one a
file is, its PEM label says. The room reads and writes no files: whoever calls keeps them readable
by their owner only, and asks for passwords where nobody else sees them.
"""

import binascii
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatebook.errors import UsageError
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import KeyMalformedError, public_key
from gatebook.trust.signing.cosign_key import decrypt_cosign_key, encrypt_cosign_key, is_cosign_key
from gatebook.trust.signing.password import PasswordNeededError, PasswordWrongError

__all__ = [
    "KeyFileForm",
    "LocalKey",
    "encode_private_key",
    "generate_private_key",
    "load_private_key",
]

LocalKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""A private key in memory, of the ``cryptography`` library."""

_MAX_BYTES: Final = 65_536
_RSA_BITS: Final = 3072  # NIST SP 800-57 part 1, table 2: 128 bits of strength
_RSA_EXPONENT: Final = 65537
_OPENSSH: Final = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----")
_SECURITY_KEY: Final = re.compile(rb"sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com")


class KeyFileForm(StrEnum):
    """How a private key is written."""

    PKCS8 = "pkcs8"
    COSIGN = "cosign"
    OPENSSH = "openssh"


def load_private_key(data: bytes, *, password: Callable[[], bytes] | None = None) -> LocalKey:
    """Read a private key.

    Args:
        data: the bytes of the key file.
        password: asked once, and only if the key is encrypted.

    Raises:
        PasswordNeededError: the key is encrypted, and there is no password; its subclass
            PasswordWrongError: or a wrong one.
        KeyMalformedError: not a private key, or one of another algorithm, curve or size.
        CosignKeyError: looks like cosign's and is not.
        UsageError: a security key (``trust.security-key``), or an encrypted OpenSSH key and the
            library that decrypts those is missing (``trust.bcrypt-missing``).

    """
    if len(data) > _MAX_BYTES:
        raise KeyMalformedError(f"a private key file has at most {_MAX_BYTES} bytes")
    try:
        loaded = _load(data, password)
    except (ValueError, UnsupportedAlgorithm, InternalError):
        raise KeyMalformedError(
            "the private key cannot be read: expected PEM, or an OpenSSH or cosign key"
        ) from None
    if not isinstance(
        loaded, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    ):
        raise KeyMalformedError(
            f"a private key of type {type(loaded).__name__} signs nothing here",
            code="trust.unsupported-key",
        )
    public_key(loaded.public_key())  # refuses curves and sizes that are not believed
    return loaded


def generate_private_key(algorithm: KeyAlgorithm = KeyAlgorithm.ED25519) -> LocalKey:
    """Make a new private key; an RSA one has 3072 bits."""
    match algorithm:
        case KeyAlgorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case KeyAlgorithm.ECDSA_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyAlgorithm.ECDSA_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeyAlgorithm.ECDSA_P521:
            return ec.generate_private_key(ec.SECP521R1())
        case KeyAlgorithm.RSA_PKCS1 | KeyAlgorithm.RSA_PSS:
            return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)


def encode_private_key(
    key: LocalKey, *, form: KeyFileForm = KeyFileForm.PKCS8, password: bytes | None = None
) -> bytes:
    """Write a private key.

    Args:
        key: the key.
        form: cosign's is always encrypted, if need be with an empty password, as cosign does it.
        password: encrypts the file; ``None`` or empty leaves it plain.

    Raises:
        UsageError: an encrypted OpenSSH key, and the library for that is missing
            (``trust.bcrypt-missing``).

    """
    plain = serialization.NoEncryption()
    if form is KeyFileForm.COSIGN:
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain
        )
        return encrypt_cosign_key(pkcs8, password or b"")
    written = (
        serialization.PrivateFormat.PKCS8
        if form is KeyFileForm.PKCS8
        else serialization.PrivateFormat.OpenSSH
    )
    encryption = serialization.BestAvailableEncryption(password) if password else plain
    try:
        return key.private_bytes(serialization.Encoding.PEM, written, encryption)
    except UnsupportedAlgorithm:
        raise _without_bcrypt() from None


def _load(data: bytes, password: Callable[[], bytes] | None) -> object:
    if is_cosign_key(data):
        der = decrypt_cosign_key(data, _ask(password))
        return serialization.load_der_private_key(der, None)
    load: Callable[[bytes, bytes | None], object] = serialization.load_pem_private_key
    if _OPENSSH.search(data):
        load = _load_openssh
    try:
        return load(data, None)
    except TypeError:  # how the library says that the key is encrypted
        given = _ask(password)
    try:
        return load(data, given)
    except (ValueError, TypeError, InternalError):
        raise PasswordWrongError("the private key cannot be decrypted with this password") from None


def _ask(password: Callable[[], bytes] | None) -> bytes:
    if password is None:
        raise PasswordNeededError("the private key is encrypted")
    return password()


def _load_openssh(data: bytes, password: bytes | None) -> object:
    if _is_security_key(data):
        raise UsageError(
            "the private key is on a security key, which signs only by itself",
            code="trust.security-key",
            hint="write what is to be signed to a file, and run ssh-keygen -Y sign -n gatebook",
        )
    try:
        return serialization.load_ssh_private_key(data, password)
    except UnsupportedAlgorithm:
        if password is not None:
            raise _without_bcrypt() from None
        raise


def _is_security_key(data: bytes) -> bool:
    body = re.sub(rb"-----[A-Z ]+-----|\s", b"", data)
    try:
        return _SECURITY_KEY.search(binascii.a2b_base64(body)) is not None
    except binascii.Error:
        return False


def _without_bcrypt() -> UsageError:
    return UsageError(
        "encrypted OpenSSH keys need the library bcrypt, which is not installed",
        code="trust.bcrypt-missing",
        hint="install bcrypt, or let OpenSSH sign: ssh-keygen -Y sign -n gatebook",
    )
