"""Making SSH signatures, here or outside (OpenSSH PROTOCOL.sshsig).

Somebody whose key stays on a device or in an agent signs outside: ``ssh-keygen -Y sign -n gatebook
-f KEY FILE``, where FILE holds :func:`statement_to_sign`; :func:`envelope_signed_outside` puts what
comes back into an envelope.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gatebook.formats.dsse import Envelope, Signature, pae
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement
from gatebook.trust.keys import PublicKey, ecdsa_hash, public_key
from gatebook.trust.signing.private_keys import LocalKey, load_private_key
from gatebook.trust.ssh.keys import SshKey, ssh_number, ssh_string
from gatebook.trust.ssh.signature import (
    GATEBOOK,
    MAGIC,
    RSA_HASHES,
    VERSION,
    SshSignature,
    encode_armor,
    signed_data,
)

__all__ = ["SshSigner", "envelope_signed_outside", "statement_to_sign"]

_HASH: Final = "sha512"  # what ssh-keygen chooses
_RSA: Final = "rsa-sha2-512"


class SshSigner:
    """A private key in memory that makes SSH signatures; as good as any other private key."""

    __slots__ = ("_key", "_namespace", "_public")

    def __init__(self, key: LocalKey, *, namespace: str = GATEBOOK) -> None:
        self._key = key
        self._public = SshKey.of(public_key(key.public_key()))
        self._namespace = namespace

    @classmethod
    def from_key_file(
        cls,
        data: bytes,
        *,
        password: Callable[[], bytes] | None = None,
        namespace: str = GATEBOOK,
    ) -> "SshSigner":
        """Read a private key file: OpenSSH's own form, or PEM.

        Raises:
            PasswordNeededError: it is encrypted, and there is no password or a wrong one.
            KeyMalformedError: not a private key, or one that cannot sign here.
            UsageError: a security key, or encrypted and the library for that is missing.

        """
        return cls(load_private_key(data, password=password), namespace=namespace)

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public.public_key

    def sign(self, data: bytes) -> bytes:
        """Sign ``data``; the signature's bytes without armor."""
        algorithm, value = self._value(signed_data(self._namespace, _HASH, data))
        return b"".join(
            (
                MAGIC,
                VERSION.to_bytes(4),
                ssh_string(self._public.blob),
                ssh_string(self._namespace),
                ssh_string(b""),
                ssh_string(_HASH),
                ssh_string(ssh_string(algorithm) + ssh_string(value)),
            )
        )

    def sign_armored(self, data: bytes) -> bytes:
        """Sign ``data`` and write the signature as ``ssh-keygen`` does."""
        return encode_armor(self.sign(data))

    def _value(self, signed: bytes) -> tuple[str, bytes]:
        match self._key:
            case ed25519.Ed25519PrivateKey() as key:
                return self._public.kind, key.sign(signed)
            case ec.EllipticCurvePrivateKey() as key:
                r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(ecdsa_hash(key.curve))))
                return self._public.kind, ssh_number(r) + ssh_number(s)
            case rsa.RSAPrivateKey() as key:
                value = key.sign(signed, padding.PKCS1v15(), RSA_HASHES[_RSA])
                return _RSA, value

    def __repr__(self) -> str:
        return f"SshSigner({self._public.kind}, {self.public_key.spki.short})"


def statement_to_sign(statement: bytes) -> bytes:
    """The exact bytes of the file that ``ssh-keygen -Y sign -n gatebook`` has to be given.

    Raises:
        MalformedError: the bytes are not a statement; nothing else is signed here.

    """
    Statement.parse(statement)
    return pae(PAYLOAD_TYPE, statement)


def envelope_signed_outside(statement: bytes, signature: bytes) -> Envelope:
    """Put a statement and the SSH signature made over it elsewhere into an envelope.

    Whether the key is believed is the verifier's question; that it signed exactly this is checked
    here, so that a mix-up shows at once.

    Raises:
        MalformedError: not a statement, or not an SSH signature.
        SignatureInvalidError: the signature is not over :func:`statement_to_sign`, or not for
            Gatebook.

    """
    parsed = SshSignature.parse(signature)
    parsed.check(statement_to_sign(statement), namespace=GATEBOOK)
    return Envelope(
        payload_type=PAYLOAD_TYPE,
        payload=statement,
        signatures=(Signature(keyid=parsed.key.public_key.spki.hex, sig=parsed.blob),),
    )
