"""SSH signatures (OpenSSH PROTOCOL.sshsig): people sign with the key they log in with.

A signature holds for one namespace, which whoever checks it names: an approval's is
:data:`GATEBOOK`, a git commit's is :data:`GIT`. A signature for the one is none for the other. As a
DSSE signature, ``sig`` is the signature's bytes without armor, over the pre-authentication encoding
like any other.

Making them is :mod:`gatebook.trust.ssh.signer`'s work.
"""

import base64
import binascii
import hashlib
import re
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gatebook.trust.keys import PublicKey, SignatureInvalidError, ecdsa_hash
from gatebook.trust.ssh.keys import (
    SK_KINDS,
    SshFormatError,
    SshKey,
    SshReader,
    ssh_string,
)

__all__ = [
    "GATEBOOK",
    "GIT",
    "MAGIC",
    "RSA_HASHES",
    "VERSION",
    "SshSignature",
    "SshSignatureRefusedError",
    "check_ssh_signature",
    "encode_armor",
    "signed_data",
]

GATEBOOK: Final = "gatebook"
"""The namespace of what is signed for Gatebook."""

GIT: Final = "git"
"""The namespace of git's commits and tags (git-config(1), ``gpg.ssh``)."""

MAGIC: Final = b"SSHSIG"
"""What an SSH signature without armor begins with."""

VERSION: Final = 1
"""The version of the form that is read and written."""

_MAX_BYTES: Final = 32_768
_HASHES: Final = frozenset({"sha256", "sha512"})
_USER_PRESENT: Final = 0x01
_USER_VERIFIED: Final = 0x04
_ED25519_SIGNATURE_BYTES: Final = 64
_LINE: Final = 70  # what ssh-keygen writes
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----"
_END: Final = b"-----END SSH SIGNATURE-----"
_ARMOR: Final = re.compile(
    re.escape(_BEGIN) + rb"\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)" + re.escape(_END) + rb"(?:\r?\n)?\Z"
)
# RFC 8332: an ssh-rsa key signs with SHA-2; the algorithm that is also called ssh-rsa is SHA-1.
RSA_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "rsa-sha2-256": hashes.SHA256(),
    "rsa-sha2-512": hashes.SHA512(),
}
"""The signature algorithms of an RSA key, with their hash."""


class SshSignatureRefusedError(SignatureInvalidError):
    """An SSH signature is well-formed, and not one that counts here."""

    code = "trust.ssh-refused"


class SshSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature, read; nothing is proven by it until :meth:`check` returns.

    Attributes:
        key: the key that claims to have made it.
        namespace: what it was made for.
        hash_algorithm: what the data was hashed with, ``sha256`` or ``sha512``.
        algorithm: the signature algorithm.
        value: the signature value as the algorithm writes it.
        flags: a security key's flags; else ``None``.
        counter: a security key's signature counter; else ``None``.
        reserved: to be ignored, but signed.
        blob: the exact bytes, without armor.

    """

    key: SshKey
    namespace: str
    hash_algorithm: str
    algorithm: str
    value: bytes
    flags: int | None = None
    counter: int | None = None
    reserved: bytes = b""
    blob: bytes

    @classmethod
    def parse(cls, data: bytes) -> "SshSignature":
        """Read a signature, armored (PROTOCOL.sshsig §1) or not (§2).

        Raises:
            SshFormatError: another form or version, or bytes too few or too many.
            KeyMalformedError: a key that is not believed.
            SshSignatureRefusedError: an algorithm or a hash that is not believed
                (``trust.ssh-algorithm``).

        """
        blob = data if data.startswith(MAGIC) else _dearmor(data)
        if len(blob) > _MAX_BYTES:
            raise SshFormatError(f"an SSH signature has at most {_MAX_BYTES} bytes")
        reader = SshReader(blob, what="the SSH signature")
        if reader.take(len(MAGIC)) != MAGIC:
            raise SshFormatError("an SSH signature begins with SSHSIG")
        if (version := reader.uint32()) != VERSION:
            raise SshFormatError(f"version {version} of SSH signatures is not known")
        key = SshKey.parse(reader.string())
        namespace = reader.text()
        if not namespace:
            raise SshFormatError("the SSH signature has an empty namespace")
        reserved = reader.string()
        hash_algorithm = reader.text()
        if hash_algorithm not in _HASHES:
            raise _algorithm_refused(hash_algorithm)
        inner = SshReader(reader.string(), what="the SSH signature's value")
        reader.end()
        algorithm = inner.text()
        if algorithm not in (RSA_HASHES if key.kind == "ssh-rsa" else {key.kind}):
            raise _algorithm_refused(algorithm)
        value = inner.string()
        flags: int | None = None
        counter: int | None = None
        if key.kind in SK_KINDS:  # PROTOCOL.u2f: flags and counter follow the signature itself
            flags, counter = inner.take(1)[0], inner.uint32()
        inner.end()
        return cls(
            key=key,
            namespace=namespace,
            hash_algorithm=hash_algorithm,
            algorithm=algorithm,
            value=value,
            flags=flags,
            counter=counter,
            reserved=reserved,
            blob=blob,
        )

    @property
    def user_verified(self) -> bool:
        """Whether a security key says that it asked its user for a PIN or a finger."""
        return self.flags is not None and bool(self.flags & _USER_VERIFIED)

    def armor(self) -> bytes:
        """Write it as ``ssh-keygen`` does."""
        return encode_armor(self.blob)

    def check(self, data: bytes, *, namespace: str) -> None:
        """Check that the key within made it over ``data``, for ``namespace``.

        Whose key that is remains to be asked: see :func:`check_ssh_signature`.

        Raises:
            SshSignatureRefusedError: it is for another namespace (``trust.ssh-namespace``), a
                security key was made for something else than SSH (``trust.ssh-application``) or
                says that nobody touched it (``trust.ssh-presence``).
            SignatureInvalidError: the key did not make it.
            SshFormatError: the signature value is not of the form of its algorithm.

        """
        if self.namespace != namespace:
            raise SshSignatureRefusedError(
                f"the SSH signature is for {self.namespace[:60]!r}, not for {namespace!r}",
                code="trust.ssh-namespace",
                hint=f"sign with: ssh-keygen -Y sign -n {namespace}",
            )
        signed = signed_data(namespace, self.hash_algorithm, data, reserved=self.reserved)
        if self.key.application is not None:
            signed = self._as_the_security_key_saw_it(signed)
        try:
            self._verify(signed)
        except (InvalidSignature, ValueError):
            raise SignatureInvalidError(
                f"the SSH signature was not made by the key {self.key.public_key.spki.short}"
            ) from None

    def _as_the_security_key_saw_it(self, signed: bytes) -> bytes:
        application, flags, counter = self.key.application, self.flags, self.counter
        if application is None or flags is None or counter is None:  # parse() reads all or none
            raise SshFormatError("a security key's signature has an application and flags")
        # A key pair of a web site must not sign for us, whatever the site made its users sign.
        if not application.startswith("ssh:"):
            raise SshSignatureRefusedError(
                f"the security key was made for {application[:60]!r}, not for SSH",
                code="trust.ssh-application",
            )
        if not flags & _USER_PRESENT:
            raise SshSignatureRefusedError(
                "the security key says that nobody touched it",
                code="trust.ssh-presence",
                hint="use a key that was made without the option no-touch-required",
            )
        # PROTOCOL.u2f, "SSH U2F Signatures".
        application_hash = hashlib.sha256(application.encode("ascii")).digest()
        ending = bytes((flags,)) + counter.to_bytes(4)
        return application_hash + ending + hashlib.sha256(signed).digest()

    def _verify(self, signed: bytes) -> None:
        match load_der_public_key(self.key.public_key.der):
            case ed25519.Ed25519PublicKey() as key:
                if len(self.value) != _ED25519_SIGNATURE_BYTES:
                    raise SshFormatError("an Ed25519 signature has 64 bytes")
                key.verify(self.value, signed)
            case ec.EllipticCurvePublicKey() as key:
                # RFC 5656 §3.1.2: two numbers, and the hash that goes with the curve (§6.2.1).
                reader = SshReader(self.value, what="the ECDSA signature")
                r, s = reader.number(), reader.number()
                reader.end()
                key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(ecdsa_hash(key.curve)))
            case rsa.RSAPublicKey() as key:
                if len(self.value) != (key.key_size + 7) // 8:
                    raise SshFormatError("an RSA signature is as long as the key")
                key.verify(self.value, signed, padding.PKCS1v15(), RSA_HASHES[self.algorithm])
            case _:  # pragma: no cover  # a PublicKey is of one of these
                raise InvalidSignature


def check_ssh_signature(signature: bytes, data: bytes, key: PublicKey, namespace: str) -> None:
    """Check that ``key`` made an SSH signature over ``data``, for ``namespace``.

    Args:
        signature: with or without armor.
        data: what was signed; for an envelope its ``signed_bytes``.
        key: who is asked for. An RSA key configured for PSS makes no SSH signatures.
        namespace: what it has to be for.

    Raises:
        SshFormatError: not an SSH signature.
        SshSignatureRefusedError: another key made it (``trust.ssh-other-key``), or see
            :meth:`SshSignature.check`.
        SignatureInvalidError: the key did not make it over these bytes.

    """
    parsed = SshSignature.parse(signature)
    if parsed.key.public_key != key:
        raise SshSignatureRefusedError(
            f"the SSH signature names the key {parsed.key.public_key.spki.short}, "
            f"not {key.spki.short}",
            code="trust.ssh-other-key",
        )
    parsed.check(data, namespace=namespace)


def signed_data(
    namespace: str, hash_algorithm: str, data: bytes, *, reserved: bytes = b""
) -> bytes:
    """The bytes an SSH signature is made over (PROTOCOL.sshsig §3)."""
    value = hashlib.sha512(data) if hash_algorithm == "sha512" else hashlib.sha256(data)
    fields = (namespace.encode("ascii"), reserved, hash_algorithm.encode("ascii"), value.digest())
    return MAGIC + b"".join(ssh_string(each) for each in fields)


def encode_armor(blob: bytes) -> bytes:
    """Write a signature as a file, as ``ssh-keygen`` does (PROTOCOL.sshsig §1)."""
    text = base64.b64encode(blob)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return b"\n".join((_BEGIN, *lines, _END, b""))


def _dearmor(data: bytes) -> bytes:
    match = _ARMOR.match(data) if len(data) <= 2 * _MAX_BYTES else None
    if match is None:
        raise SshFormatError(f"expected an SSH signature, which begins {_BEGIN.decode()!r}")
    text = match[1].replace(b"\r", b"").replace(b"\n", b"")
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SshFormatError("the SSH signature is not strict base64") from None
    if base64.b64encode(blob) != text:
        raise SshFormatError("the SSH signature is not strict base64: padding or unused bits")
    return blob


def _algorithm_refused(name: str) -> SshSignatureRefusedError:
    return SshSignatureRefusedError(
        f"the SSH signature uses {name[:60]!r}, which is not believed for its key",
        code="trust.ssh-algorithm",
        hint="SHA-1 (ssh-rsa) is not; rsa-sha2-256 and rsa-sha2-512 are" if "rsa" in name else None,
    )
