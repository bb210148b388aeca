"""Functionaries' keys, and which of them signed a piece of metadata."""

import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from gatebook.errors import GatebookError
from gatebook.formats.layout.document import LayoutKey
from gatebook.formats.layout.metadata import SignedMetadata
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey, SignatureInvalidError, public_key
from gatebook.trust.layout.refusals import LayoutKeyError

__all__ = ["Functionary", "layout_owner_key", "load_functionaries", "load_key", "signed_by"]

_ED25519_BYTES: Final = 32
# in-toto spec §4.2.1 and securesystemslib; the older keytype names the curve as well.
_SCHEMES: Final[Mapping[tuple[str, str], KeyAlgorithm]] = {
    ("ed25519", "ed25519"): KeyAlgorithm.ED25519,
    ("ecdsa", "ecdsa-sha2-nistp256"): KeyAlgorithm.ECDSA_P256,
    ("ecdsa", "ecdsa-sha2-nistp384"): KeyAlgorithm.ECDSA_P384,
    ("ecdsa", "ecdsa-sha2-nistp521"): KeyAlgorithm.ECDSA_P521,
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"): KeyAlgorithm.ECDSA_P256,
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"): KeyAlgorithm.ECDSA_P384,
    ("rsa", "rsassa-pss-sha256"): KeyAlgorithm.RSA_PSS,
    ("rsa", "rsa-pkcs1v15-sha256"): KeyAlgorithm.RSA_PKCS1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Functionary:
    """A key that may sign for steps, under the name the layout gives it.

    Attributes:
        keyid: the name in the layout.
        key: the key itself; equal keys are one functionary, whatever they are called.

    """

    keyid: str
    key: PublicKey


def layout_owner_key(pem: bytes) -> PublicKey:
    """Read the public key of a layout's owner; an RSA key signs with PSS (in-toto spec §4.2.1).

    Raises:
        KeyMalformedError: not a public key, or one that is not believed.

    """
    key = PublicKey.parse(pem)
    if key.algorithm is KeyAlgorithm.RSA_PKCS1:
        return PublicKey.from_der(key.der, pss=True)
    return key


def load_key(key: LayoutKey) -> PublicKey:
    """Read a functionary's key.

    Raises:
        LayoutKeyError: an unknown type or scheme (OpenPGP among them), a malformed key, or one of
            another algorithm than it says.

    """
    algorithm = _SCHEMES.get((key.keytype, key.scheme))
    if algorithm is None:
        raise LayoutKeyError(
            f"the key {key.keyid[:16]!r} is of the type {key.keytype[:40]!r} and the scheme "
            f"{key.scheme[:40]!r}, which is not believed",
            hint="ed25519, ecdsa-sha2-nistp256/384/521, rsassa-pss-sha256, rsa-pkcs1v15-sha256",
        )
    try:
        if algorithm is KeyAlgorithm.ED25519:
            raw = binascii.unhexlify(key.public)
            if len(raw) != _ED25519_BYTES:
                raise ValueError  # as the library would for another length
            loaded = public_key(ed25519.Ed25519PublicKey.from_public_bytes(raw))
        else:
            pss = algorithm is KeyAlgorithm.RSA_PSS
            loaded = PublicKey.parse(key.public.encode("utf-8"), pss=pss)
    except ValueError:
        raise LayoutKeyError(f"the key {key.keyid[:16]!r} is not 32 bytes in hexadecimal") from None
    except GatebookError as error:
        raise LayoutKeyError(f"the key {key.keyid[:16]!r}: {error.message}") from None
    if loaded.algorithm is not algorithm:
        raise LayoutKeyError(
            f"the key {key.keyid[:16]!r} says {key.scheme}, and is a key of type {loaded.algorithm}"
        )
    return loaded


def load_functionaries(
    keys: Iterable[LayoutKey],
) -> tuple[dict[str, Functionary], dict[str, LayoutKeyError]]:
    """Read every key; those that are not believed are set aside with the reason.

    A key nobody can use counts for nothing, and does not stand in the way of the others.
    """
    loaded: dict[str, Functionary] = {}
    refused: dict[str, LayoutKeyError] = {}
    for key in keys:
        try:
            loaded[key.keyid] = Functionary(keyid=key.keyid, key=load_key(key))
        except LayoutKeyError as refusal:
            refused[key.keyid] = refusal
    return loaded, refused


def signed_by(metadata: SignedMetadata, key: PublicKey, keyid: str | None = None) -> bool:
    """Whether one of the signatures was made by ``key``.

    A key id only says which signatures to look at (DSSE protocol.md: it is not authenticated):
    one that names another key is passed over, one that names none is tried.

    Args:
        metadata: the signed bytes and the signatures over them.
        key: the key.
        keyid: what the key is called in a layout; ``None`` tries every signature.

    """
    for signature in metadata.signatures:
        if keyid is not None and signature.keyid not in {None, keyid}:
            continue
        if not key.may_have_made(signature.sig):
            continue
        try:
            key.check(signature.sig, metadata.signed_bytes)
        except SignatureInvalidError:
            continue
        return True
    return False
