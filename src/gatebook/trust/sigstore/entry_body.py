"""What a log entry says was signed, by which key, with which signature.

The body of an entry is what the log's tree is built of. It has to be about the very content,
signature and key that the bundle carries; an entry about anything else proves nothing
(CVE-2022-36056, CVE-2026-22703).
"""

import binascii
from enum import StrEnum
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.log_entry import LogEntry
from gatebook.formats.protobuf_json import decode_base64, raw_bytes
from gatebook.trust.sigstore.refusals import EntryKindError, EntryMalformedError

__all__ = ["ENTRY_KINDS", "Claim", "ClaimedKey", "EntryKind", "Logged", "read_claim"]

_MAX_BODY: Final = 16 * 1024 * 1024
_MAX_DEPTH: Final = 16
_MAX_SIGNATURE: Final = 4096
_MAX_KEY: Final = 256 * 1024
_ALGORITHMS: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_PEM_CERTIFICATE: Final = (b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----")
_PEM_KEY: Final = (b"-----BEGIN PUBLIC KEY-----\n", b"-----END PUBLIC KEY-----")


class Logged(StrEnum):
    """What the digest in an entry is a digest of."""

    ARTIFACT = "artifact"
    PAYLOAD = "payload"
    ARTIFACT_OR_ENVELOPE = "artifact-or-envelope"


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of entry that is read.

    Attributes:
        kind: its name.
        version: its version.
        rekor: which generation of logs has it; the second signs no times.
        logged: what its digest is a digest of.

    """

    kind: str
    version: str
    rekor: int
    logged: Logged

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class ClaimedKey(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate or public key an entry names, in DER."""

    is_certificate: bool
    der: bytes


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says.

    Attributes:
        kind: its kind.
        digest: of what was signed, see :attr:`EntryKind.logged`.
        signature: the signature; empty when the entry holds none that could be compared.
        key: who made it.
        payload_type: the type of the payload, where the entry has it.

    """

    kind: EntryKind
    digest: Digest
    signature: bytes
    key: ClaimedKey
    payload_type: str | None = None


_HASHEDREKORD_1: Final = EntryKind(
    kind="hashedrekord", version="0.0.1", rekor=1, logged=Logged.ARTIFACT
)
_DSSE_1: Final = EntryKind(kind="dsse", version="0.0.1", rekor=1, logged=Logged.PAYLOAD)
_INTOTO_2: Final = EntryKind(kind="intoto", version="0.0.2", rekor=1, logged=Logged.PAYLOAD)
_HASHEDREKORD_2: Final = EntryKind(
    kind="hashedrekord", version="0.0.2", rekor=2, logged=Logged.ARTIFACT_OR_ENVELOPE
)
_DSSE_2: Final = EntryKind(kind="dsse", version="0.0.2", rekor=2, logged=Logged.PAYLOAD)

ENTRY_KINDS: Final = (_HASHEDREKORD_1, _DSSE_1, _INTOTO_2, _HASHEDREKORD_2, _DSSE_2)
"""The kinds that are read; every other one is refused."""

_BY_NAME: Final = {(item.kind, item.version): item for item in ENTRY_KINDS}


def read_claim(entry: LogEntry) -> Claim:
    """Read the body of an entry.

    Raises:
        EntryKindError: a kind that is not read, or another one in the body than beside it.
        EntryMalformedError: the body is not of that kind.

    """
    kind = _BY_NAME.get((entry.kind, entry.version))
    if kind is None:
        raise EntryKindError(
            f"log entries of kind {entry.kind[:40]!r} {entry.version[:20]!r} are not read; those "
            f"of {', '.join(str(item) for item in ENTRY_KINDS)} are"
        )
    try:
        decoded = canonical.loads(
            entry.body, what="log entry", max_bytes=_MAX_BODY, max_depth=_MAX_DEPTH
        )
        fields = Fields.of(decoded, what="log entry", code=EntryMalformedError.code)
        found = (fields.text("kind"), fields.text("apiVersion"))
        if found != (kind.kind, kind.version):
            raise EntryKindError(
                f"the log entry is said to be {kind}, its body says {found[0][:40]} {found[1][:20]}"
            )
        return _read(kind, fields.object("spec"))
    except MalformedError as error:
        raise EntryMalformedError(f"the body of the log entry: {error.message}") from None


def _read(kind: EntryKind, spec: Fields) -> Claim:
    match kind.kind, kind.rekor:
        case "hashedrekord", 1:
            return _hashedrekord_1(spec)
        case "dsse", 1:
            return _dsse_1(spec)
        case "intoto", 1:
            return _intoto_2(spec)
        case "hashedrekord", 2:
            return _hashedrekord_2(spec.object("hashedRekordV002"))
        case _:
            return _dsse_2(spec.object("dsseV002"))


def _hashedrekord_1(spec: Fields) -> Claim:
    signature = spec.object("signature")
    return Claim(
        kind=_HASHEDREKORD_1,
        digest=_hash(spec.object("data").object("hash")),
        signature=raw_bytes(signature, "content", limit=_MAX_SIGNATURE),
        key=_pem(raw_bytes(signature.object("publicKey"), "content", limit=_MAX_KEY)),
    )


def _dsse_1(spec: Fields) -> Claim:
    only = _only(spec, "signatures")
    return Claim(
        kind=_DSSE_1,
        digest=_hash(spec.object("payloadHash")),
        signature=raw_bytes(only, "signature", limit=_MAX_SIGNATURE),
        key=_pem(raw_bytes(only, "verifier", limit=_MAX_KEY)),
    )


def _intoto_2(spec: Fields) -> Claim:
    content = spec.object("content")
    envelope = content.object("envelope")
    only = _only(envelope, "signatures")
    # Rekor encodes the envelope's base64 once more. What is not encoded twice is no signature that
    # a bundle could carry.
    inner = raw_bytes(only, "sig", limit=2 * _MAX_SIGNATURE).decode("ascii", "replace")
    try:
        signature = decode_base64(inner, what="signature", code=EntryMalformedError.code)
    except MalformedError:
        signature = b""
    return Claim(
        kind=_INTOTO_2,
        digest=_hash(content.object("payloadHash")),
        signature=signature,
        key=_pem(raw_bytes(only, "publicKey", limit=_MAX_KEY)),
        payload_type=envelope.optional_text("payloadType"),
    )


def _hashedrekord_2(spec: Fields) -> Claim:
    signature = spec.object("signature")
    return Claim(
        kind=_HASHEDREKORD_2,
        digest=_hash_output(spec.object("data")),
        signature=raw_bytes(signature, "content", limit=_MAX_SIGNATURE),
        key=_verifier(signature.object("verifier")),
    )


def _dsse_2(spec: Fields) -> Claim:
    only = _only(spec, "signatures")
    return Claim(
        kind=_DSSE_2,
        digest=_hash_output(spec.object("payloadHash")),
        signature=raw_bytes(only, "content", limit=_MAX_SIGNATURE),
        key=_verifier(only.object("verifier")),
    )


def _only(fields: Fields, name: str) -> Fields:
    found = list(fields.objects(name))
    if len(found) != 1:
        raise fields.refuse(f"{name!r} has {len(found)} members; expected one")
    return found[0]


def _hash(fields: Fields) -> Digest:
    return Digest(fields.text("algorithm"), fields.text("value"))


def _hash_output(fields: Fields) -> Digest:
    wire = fields.text("algorithm")
    algorithm = _ALGORITHMS.get(wire)
    if algorithm is None:
        raise fields.refuse(f"the algorithm {wire[:40]!r} is not one of {', '.join(_ALGORITHMS)}")
    return Digest(algorithm, raw_bytes(fields, "digest", limit=64).hex())


def _verifier(fields: Fields) -> ClaimedKey:
    certificate = fields.optional_object("x509Certificate")
    key = fields.optional_object("publicKey")
    if (certificate is None) is (key is None):
        raise fields.refuse("expected exactly one of 'x509Certificate' and 'publicKey'")
    if certificate is not None:
        der = raw_bytes(certificate, "rawBytes", limit=_MAX_KEY)
        return ClaimedKey(is_certificate=True, der=der)
    assert key is not None  # noqa: S101  # for the type checker: exactly one is there
    return ClaimedKey(is_certificate=False, der=raw_bytes(key, "rawBytes", limit=_MAX_KEY))


def _pem(text: bytes) -> ClaimedKey:
    for is_certificate, (begin, end) in ((True, _PEM_CERTIFICATE), (False, _PEM_KEY)):
        if text.startswith(begin):
            body = text.removeprefix(begin).rstrip(b"\n")
            if not body.endswith(end):
                break
            # RFC 7468 §3: lines of base64. A second block would leave dashes, which are refused.
            encoded = body.removesuffix(end).replace(b"\n", b"")
            try:
                der = binascii.a2b_base64(encoded, strict_mode=True)
            except binascii.Error:
                break
            return ClaimedKey(is_certificate=is_certificate, der=der)
    raise EntryMalformedError(
        "the body of the log entry: the key is not one PEM block of a certificate or public key"
    )
