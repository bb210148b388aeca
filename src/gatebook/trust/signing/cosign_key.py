"""cosign's private key files: PKCS #8 in a NaCl secret box, its key derived by scrypt.

The PEM block holds JSON as ``go-securesystemslib/encrypted`` writes it. Its scrypt parameters are
one of the three sets that library knows: others would let a file take all memory, or give a
password away cheaply.
"""

import base64
import binascii
import re
import secrets
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gatebook import canonical
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.trust.signing.password import PasswordWrongError

__all__ = ["CosignKeyError", "decrypt_cosign_key", "encrypt_cosign_key", "is_cosign_key"]

_LABEL: Final = b"ENCRYPTED SIGSTORE PRIVATE KEY"
_BLOCK: Final = re.compile(
    rb"\s*-----BEGIN (ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY)-----\r?\n"
    rb"([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*\Z"
)
_BEGIN: Final = re.compile(rb"-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----")
_MAX_BYTES: Final = 65_536
# encrypted.go: legacy, standard and OWASP; r and p are the same for all. 128 N r bytes of memory.
_COSTS: Final = frozenset({2**15, 2**16, 2**17})
_COST: Final = 2**16
_BLOCK_SIZE: Final = 8
_PARALLEL: Final = 1
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 32
_NONCE_BYTES: Final = 24
_TAG_BYTES: Final = 16
_LINE: Final = 64  # RFC 7468 §2


class CosignKeyError(MalformedError):
    """Bytes are not a private key file as cosign writes it."""

    code = "trust.cosign-key"


def is_cosign_key(data: bytes) -> bool:
    """Whether a file claims to be a private key of cosign."""
    return _BEGIN.search(data[:_MAX_BYTES]) is not None


def decrypt_cosign_key(data: bytes, password: bytes) -> bytes:
    """Decrypt a block ``ENCRYPTED SIGSTORE PRIVATE KEY`` or ``ENCRYPTED COSIGN PRIVATE KEY``.

    Returns:
        The private key as PKCS #8 in DER.

    Raises:
        MalformedError: another form, another cipher, or scrypt parameters that cosign never writes
            (CosignKeyError, ``trust.cosign-key-cost``).
        PasswordWrongError: the box does not open: another password, or changed bytes.

    """
    from nacl.bindings import (  # noqa: PLC0415  # start-up time: only who has such a key pays
        crypto_secretbox_open,
    )
    from nacl.exceptions import CryptoError  # noqa: PLC0415  # as above

    match = _BLOCK.match(data) if len(data) <= _MAX_BYTES else None
    if match is None:
        raise CosignKeyError("expected one PEM block ENCRYPTED SIGSTORE PRIVATE KEY, and no more")
    content = _decode(re.sub(rb"[\r\n]", b"", match[2]), "the PEM block")
    decoded = canonical.loads(content, what="cosign key", max_bytes=_MAX_BYTES, max_depth=4)
    fields = Fields.of(decoded, what="cosign key", code=CosignKeyError.code)
    kdf, cipher = fields.object("kdf"), fields.object("cipher")
    if kdf.text("name") != "scrypt" or cipher.text("name") != "nacl/secretbox":
        raise CosignKeyError("a cosign key is derived by scrypt and kept in nacl/secretbox")
    cost = _check_cost(kdf.object("params"))
    salt = _decode(kdf.text("salt").encode(), "the salt")
    nonce = _decode(cipher.text("nonce").encode(), "the nonce")
    box = _decode(fields.text("ciphertext").encode(), "the ciphertext")
    if len(nonce) != _NONCE_BYTES or len(box) < _TAG_BYTES or len(salt) != _SALT_BYTES:
        raise CosignKeyError("the salt, the nonce or the ciphertext is of another length")
    try:
        opened: bytes = crypto_secretbox_open(box, nonce, _derive(password, salt, cost))
    except CryptoError:
        raise PasswordWrongError("the private key cannot be decrypted with this password") from None
    return opened


def encrypt_cosign_key(pkcs8: bytes, password: bytes) -> bytes:
    """Encrypt a private key (PKCS #8 in DER) to a block ``ENCRYPTED SIGSTORE PRIVATE KEY``."""
    from nacl.bindings import crypto_secretbox  # noqa: PLC0415  # start-up time, as above

    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    box: bytes = crypto_secretbox(pkcs8, nonce, _derive(password, salt, _COST))
    content = canonical.encode(
        {
            "kdf": {
                "name": "scrypt",
                "params": {"N": _COST, "r": _BLOCK_SIZE, "p": _PARALLEL},
                "salt": base64.b64encode(salt).decode("ascii"),
            },
            "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(nonce).decode("ascii")},
            "ciphertext": base64.b64encode(box).decode("ascii"),
        }
    )
    text = base64.b64encode(content)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    begin, end = b"-----BEGIN %b-----" % _LABEL, b"-----END %b-----" % _LABEL
    return b"\n".join((begin, *lines, end, b""))


def _check_cost(parameters: Fields) -> int:
    cost, size, parallel = (parameters.values.get(name) for name in ("N", "r", "p"))
    plain = all(type(each) is int for each in (cost, size, parallel))
    if not plain or cost not in _COSTS or size != _BLOCK_SIZE or parallel != _PARALLEL:
        raise CosignKeyError(
            "the cosign key asks for scrypt parameters that cosign never writes",
            code="trust.cosign-key-cost",
        )
    return int(cost)


def _derive(password: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=_KEY_BYTES, n=cost, r=_BLOCK_SIZE, p=_PARALLEL).derive(password)


def _decode(text: bytes, what: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CosignKeyError(f"{what} of the cosign key is not base64") from None
    if base64.b64encode(decoded) != text:
        raise CosignKeyError(f"{what} of the cosign key is not strict base64")
    return decoded
