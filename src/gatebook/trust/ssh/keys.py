"""SSH public keys, and the wire encoding they and SSH signatures share (RFC 4251 §5).

An SSH key is the same key as its SubjectPublicKeyInfo: :func:`public_key_from_ssh` makes a
:class:`~gatebook.trust.keys.PublicKey` of a line as ``authorized_keys`` holds it, so that trust
roots know one kind of key. Security keys (FIDO) belong to an application besides; it is no part of
the ``PublicKey``, and is checked where a signature is.
"""

import base64
import binascii
import re
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gatebook.errors import MalformedError
from gatebook.trust.keys import KeyMalformedError, PublicKey, public_key

__all__ = [
    "SK_KINDS",
    "SshFormatError",
    "SshKey",
    "SshReader",
    "public_key_from_ssh",
    "ssh_line",
    "ssh_number",
    "ssh_string",
]

_MAX_BYTES: Final = 16_384
_MAX_LINE: Final = 32_768
_LINE: Final = re.compile(
    r"([a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t][^\x00-\x1f\x7f]*)?\Z"
)
_ED25519_BYTES: Final = 32
_UNCOMPRESSED: Final = 4

_ED25519: Final = "ssh-ed25519"
_RSA: Final = "ssh-rsa"
_SK_ED25519: Final = "sk-ssh-ed25519@openssh.com"
_SK_ECDSA: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "nistp256": ec.SECP256R1(),
    "nistp384": ec.SECP384R1(),
    "nistp521": ec.SECP521R1(),
}
_ECDSA: Final = {f"ecdsa-sha2-{name}": name for name in _CURVES}

SK_KINDS: Final = frozenset({_SK_ED25519, _SK_ECDSA})
"""The key types of security keys (OpenSSH PROTOCOL.u2f)."""


class SshFormatError(MalformedError):
    """Bytes are not what SSH would write."""

    code = "trust.ssh-malformed"


class SshReader:
    """Takes fields off the front of bytes in SSH's encoding (RFC 4251 §5)."""

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes, *, what: str) -> None:
        self._data = data
        self._what = what
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes.

        Raises:
            SshFormatError: there are fewer.

        """
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise SshFormatError(f"{self._what} ends in the middle of a field")
        self._at += count
        return taken

    def uint32(self) -> int:
        """The next four bytes as a number.

        Raises:
            SshFormatError: there are fewer.

        """
        return int.from_bytes(self.take(4))

    def string(self) -> bytes:
        """The next string: a length and as many bytes.

        Raises:
            SshFormatError: there are fewer.

        """
        return self.take(self.uint32())

    def text(self) -> str:
        """The next string as printable ASCII: a name.

        Raises:
            SshFormatError: it is cut off, or something else.

        """
        raw = self.string()
        if not raw.isascii() or not (shown := raw.decode("ascii")).isprintable():
            raise SshFormatError(f"{self._what} has a name that is not printable ASCII")
        return shown

    def number(self) -> int:
        """The next multiple-precision integer; it must be positive and in its shortest form.

        Raises:
            SshFormatError: it is cut off, zero, negative or longer than needed.

        """
        raw = self.string()
        value = int.from_bytes(raw)
        if not value or ssh_number(value) != len(raw).to_bytes(4) + raw:
            raise SshFormatError(f"{self._what} has a number not in its one form")
        return value

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            SshFormatError: something is.

        """
        if self._at != len(self._data):
            raise SshFormatError(f"{self._what} has {len(self._data) - self._at} bytes too many")


def ssh_string(value: bytes | str) -> bytes:
    """Write a string."""
    raw = value.encode("ascii") if isinstance(value, str) else value
    return len(raw).to_bytes(4) + raw


def ssh_number(value: int) -> bytes:
    """Write a positive multiple-precision integer: big-endian, the top bit of the first byte 0."""
    return ssh_string(value.to_bytes(value.bit_length() // 8 + 1))


class SshKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as SSH writes it.

    Attributes:
        kind: the type SSH gives it, such as ``ssh-ed25519``.
        public_key: the key itself.
        application: what a security key was made for, ``ssh:`` or longer; else ``None``.
        blob: the exact bytes it was read from.

    """

    kind: str
    public_key: PublicKey
    application: str | None = None
    blob: bytes

    @classmethod
    def parse(cls, blob: bytes) -> "SshKey":
        """Read a key blob (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, PROTOCOL.u2f).

        Raises:
            SshFormatError: cut off, too long, or with bytes left over.
            KeyMalformedError: a certificate, another type of key, a number that is none, or a key
                that is not believed.

        """
        if len(blob) > _MAX_BYTES:
            raise SshFormatError(f"an SSH key has at most {_MAX_BYTES} bytes")
        reader = SshReader(blob, what="the SSH key")
        kind = reader.text()
        application: str | None = None
        try:
            loaded = _load(kind, reader)
        except ValueError:
            raise KeyMalformedError(f"the {kind} key is not a point or number it can be") from None
        if kind in SK_KINDS:
            application = reader.text()
        reader.end()
        return cls(kind=kind, public_key=public_key(loaded), application=application, blob=blob)

    @classmethod
    def of(cls, key: PublicKey) -> "SshKey":
        """Write a key as SSH does; never as a security key."""
        match load_der_public_key(key.der):
            case ed25519.Ed25519PublicKey() as loaded:
                kind, rest = _ED25519, ssh_string(loaded.public_bytes_raw())
            case rsa.RSAPublicKey() as loaded:
                numbers = loaded.public_numbers()
                kind, rest = _RSA, ssh_number(numbers.e) + ssh_number(numbers.n)
            case ec.EllipticCurvePublicKey() as loaded:
                curve = f"nistp{loaded.curve.key_size}"
                point = loaded.public_numbers()
                size = (loaded.curve.key_size + 7) // 8
                raw = bytes((_UNCOMPRESSED,)) + point.x.to_bytes(size) + point.y.to_bytes(size)
                kind, rest = f"ecdsa-sha2-{curve}", ssh_string(curve) + ssh_string(raw)
            case _:  # pragma: no cover  # a PublicKey is of one of these
                raise KeyMalformedError("SSH has no such key", code="trust.unsupported-key")
        return cls(kind=kind, public_key=key, blob=ssh_string(kind) + rest)


def _load(kind: str, reader: SshReader) -> object:
    if kind in {_ED25519, _SK_ED25519}:
        raw = reader.string()
        if len(raw) != _ED25519_BYTES:
            raise SshFormatError(f"an Ed25519 key has {_ED25519_BYTES} bytes, not {len(raw)}")
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)
    if kind == _RSA:
        e, n = reader.number(), reader.number()
        return rsa.RSAPublicNumbers(e, n).public_key()
    if kind in _ECDSA or kind == _SK_ECDSA:
        curve, point = reader.text(), reader.string()
        if curve != _ECDSA.get(kind, "nistp256"):
            raise SshFormatError(f"a key of type {kind} says it is on the curve {curve[:40]!r}")
        if point[:1] != bytes((_UNCOMPRESSED,)):
            raise SshFormatError(f"the point of a key of type {kind} is not written in full")
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)
    raise KeyMalformedError(
        f"SSH keys of type {kind[:60]!r} are not believed",
        code="trust.unsupported-key",
        hint="ssh-ed25519, ecdsa-sha2-nistp256, -384 and -521, ssh-rsa from 2048 bits, and their "
        "security-key types are",
    )


def public_key_from_ssh(line: str) -> PublicKey:
    """Read a public key from the line of an ``id_*.pub`` or ``authorized_keys`` file.

    The comment is ignored. Options in front of the key, the principals of an ``allowed_signers``
    line and certificates are refused: they say more than which key it is.

    Raises:
        SshFormatError: another form, or the type in front is not the type within.
        KeyMalformedError: a type, curve or size that is not believed.

    """
    match = _LINE.match(line.strip()) if len(line) <= _MAX_LINE else None
    if match is None:
        raise SshFormatError(
            f"expected one SSH public key such as 'ssh-ed25519 AAAA…', found {line[:40]!r}"
        )
    try:
        blob = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        raise SshFormatError("the SSH public key is not strict base64") from None
    if base64.b64encode(blob).decode("ascii") != match[2]:
        raise SshFormatError("the SSH public key is not strict base64: padding or unused bits")
    key = SshKey.parse(blob)
    if key.kind != match[1]:
        raise SshFormatError(f"the line says {match[1][:60]!r}, the key says {key.kind!r}")
    return key.public_key


def ssh_line(key: PublicKey) -> str:
    """Write a public key as one line for ``authorized_keys`` or ``allowed_signers``."""
    written = SshKey.of(key)
    return f"{written.kind} {base64.b64encode(written.blob).decode('ascii')}"
