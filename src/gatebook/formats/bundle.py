"""Sigstore bundles: a signature, what was signed, and what is needed to check it offline.

The form is that of ``sigstore_bundle.proto``, versions 0.1 to 0.3, in Protocol Buffers JSON read
strictly (:mod:`gatebook.formats.protobuf_json`). A bundle proves nothing by being well-formed, and
the version it states is not signed: nothing may be demanded less because of it.
"""

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.dsse import Envelope, Signature
from gatebook.formats.fields import Fields
from gatebook.formats.log_entry import (
    MAX_LOG_ENTRIES,
    InclusionProof,
    LogEntry,
    encode_log_entry,
    read_log_entries,
)
from gatebook.formats.protobuf_json import KnownFields, raw_bytes

__all__ = [
    "BUNDLE_MEDIA_TYPE",
    "MAX_BUNDLE_BYTES",
    "MAX_LOG_ENTRIES",
    "MAX_TIMESTAMPS",
    "Bundle",
    "BundleError",
    "BundleVersion",
    "CertificateChain",
    "Content",
    "InclusionProof",
    "KeyHint",
    "LeafCertificate",
    "LogEntry",
    "Material",
    "MessageSignature",
]

BUNDLE_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""The media type that is written."""

MAX_BUNDLE_BYTES: Final = 64 * 1024 * 1024
"""A longer bundle is refused unread; as for envelopes, an SBOM of 40 MB still fits."""

MAX_TIMESTAMPS: Final = 32
"""More timestamps in one bundle are refused before any is looked at (as sigstore-python does)."""

_MAX_DEPTH: Final = 16
_MAX_CERTIFICATE: Final = 64 * 1024
_MAX_CHAIN: Final = 10
_MAX_SIGNATURE: Final = 4096
_MAX_TIMESTAMP: Final = 64 * 1024
_MAX_KEYID: Final = 1024
_MAX_HINT: Final = 1024
_MAX_PAYLOAD_TYPE: Final = 256

_BUNDLE: Final = KnownFields(
    ("mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope")
)
_MATERIAL: Final = KnownFields(
    ("publicKey", "x509CertificateChain", "certificate", "tlogEntries", "timestampVerificationData")
)
_MESSAGE: Final = KnownFields(("messageDigest", "signature"))
_MESSAGE_DIGEST: Final = KnownFields(("algorithm", "digest"))
_ENVELOPE: Final = KnownFields(("payload", "payloadType", "signatures"))
_SIGNATURE: Final = KnownFields(("sig", "keyid"))
_CERTIFICATE: Final = KnownFields(("rawBytes",))
_CHAIN: Final = KnownFields(("certificates",))
_KEY: Final = KnownFields(("hint",))
_TIMES: Final = KnownFields(("rfc3161Timestamps",))
_TIME: Final = KnownFields(("signedTimestamp",))
_ALGORITHMS: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_NAMES: Final = {name: wire for wire, name in _ALGORITHMS.items()}


class BundleError(MalformedError):
    """Bytes are not a Sigstore bundle."""

    code = "formats.bundle"


class BundleVersion(StrEnum):
    """The versions that are read."""

    V0_1 = "0.1"
    V0_2 = "0.2"
    V0_3 = "0.3"


_MEDIA_TYPES: Final = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": BundleVersion.V0_1,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": BundleVersion.V0_2,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": BundleVersion.V0_3,
    BUNDLE_MEDIA_TYPE: BundleVersion.V0_3,
}


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature over an artifact that is not in the bundle.

    Attributes:
        digest: what the bundle says the artifact's digest is, or ``None``; unsigned, and good for
            telling what the bundle is about only (``sigstore_common.proto``, MessageSignature).
        signature: the raw signature bytes.

    """

    digest: Digest | None
    signature: bytes


class LeafCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of the key that signed, in DER."""

    der: bytes


class CertificateChain(msgspec.Struct, frozen=True, kw_only=True):
    """How versions 0.1 and 0.2 carry the certificate: the first one is the signer's."""

    certificates: tuple[bytes, ...]

    @property
    def der(self) -> bytes:
        """The signer's certificate in DER."""
        return self.certificates[0]


class KeyHint(msgspec.Struct, frozen=True, kw_only=True):
    """A hint which public key signed; never a reason to believe it."""

    hint: str


Content: TypeAlias = Envelope | MessageSignature
Material: TypeAlias = LeafCertificate | CertificateChain | KeyHint


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle says, none of it checked.

    Attributes:
        version: the version it states.
        content: an envelope with exactly one signature, or a signature over an artifact.
        material: the certificate of the signer, or a hint at the key.
        log_entries: at most :data:`MAX_LOG_ENTRIES`, in the order received.
        timestamps: RFC 3161 responses in DER, at most :data:`MAX_TIMESTAMPS`.
        received: SHA-256 of the bytes it was read from, or ``None`` when it was made here.

    """

    version: BundleVersion
    content: Content
    material: Material
    log_entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    received: Digest | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> "Bundle":
        """Read the JSON form.

        Unknown fields are ignored; another spelling of a known field is refused.

        Raises:
            MalformedError: not strict JSON; an unknown version; a field is missing or of another
                type; base64 is not strict; not exactly one kind of content or of verification
                material; an envelope without exactly one signature; too many of anything.

        """
        decoded = canonical.loads(
            data, what="bundle", max_bytes=MAX_BUNDLE_BYTES, max_depth=_MAX_DEPTH
        )
        fields = Fields.of(decoded, what="bundle", code=BundleError.code)
        _BUNDLE.check_spelling(fields)
        media_type = fields.text("mediaType")
        version = _MEDIA_TYPES.get(media_type)
        if version is None:
            raise BundleError(
                f"the media type {media_type[:80]!r} is not one of a bundle 0.1, 0.2 or 0.3",
                code="formats.bundle-version",
            )
        material = fields.object("verificationMaterial")
        _MATERIAL.check_spelling(material)
        return cls(
            version=version,
            content=_content(fields),
            material=_material(material, version),
            log_entries=read_log_entries(material, "tlogEntries"),
            timestamps=_timestamps(material),
            received=sha256(data),
        )

    def encode(self) -> bytes:
        """Write the JSON form of version 0.3: one line, fields in a fixed order.

        Of a certificate chain only the first certificate is written, as version 0.3 demands.
        """
        material: JsonObject = {}
        match self.material:
            case KeyHint(hint=hint):
                material["publicKey"] = {"hint": hint}
            case LeafCertificate(der=der):
                material["certificate"] = {"rawBytes": _base64(der)}
            case CertificateChain() as chain:
                material["certificate"] = {"rawBytes": _base64(chain.der)}
        if self.log_entries:
            material["tlogEntries"] = [encode_log_entry(entry) for entry in self.log_entries]
        if self.timestamps:
            stamps: list[Json] = [{"signedTimestamp": _base64(item)} for item in self.timestamps]
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
        written: JsonObject = {"mediaType": BUNDLE_MEDIA_TYPE, "verificationMaterial": material}
        match self.content:
            case Envelope() as envelope:
                written["dsseEnvelope"] = _encode_envelope(envelope)
            case MessageSignature() as message:
                written["messageSignature"] = _encode_message(message)
        return canonical.encode(written)


def _content(fields: Fields) -> Content:
    message = fields.optional_object("messageSignature")
    envelope = fields.optional_object("dsseEnvelope")
    if (message is None) is (envelope is None):
        raise BundleError(
            "a bundle holds exactly one of 'messageSignature' and 'dsseEnvelope', found "
            + ("neither" if message is None else "both"),
            code="formats.bundle-content",
        )
    if envelope is not None:
        return _envelope(envelope)
    assert message is not None  # noqa: S101  # for the type checker: exactly one is there
    return _message(message)


def _message(fields: Fields) -> MessageSignature:
    _MESSAGE.check_spelling(fields)
    claimed = fields.optional_object("messageDigest")
    return MessageSignature(
        digest=None if claimed is None else _digest(claimed),
        signature=raw_bytes(fields, "signature", limit=_MAX_SIGNATURE),
    )


def _digest(fields: Fields) -> Digest:
    _MESSAGE_DIGEST.check_spelling(fields)
    wire = fields.text("algorithm")
    algorithm = _ALGORITHMS.get(wire)
    if algorithm is None:
        raise fields.refuse(f"the algorithm {wire[:40]!r} is not one of {', '.join(_ALGORITHMS)}")
    return Digest(algorithm, raw_bytes(fields, "digest", limit=64).hex())


def _envelope(fields: Fields) -> Envelope:
    _ENVELOPE.check_spelling(fields)
    payload_type = fields.text("payloadType")
    if len(payload_type) > _MAX_PAYLOAD_TYPE:
        raise fields.refuse(f"'payloadType' is longer than {_MAX_PAYLOAD_TYPE}")
    payload = raw_bytes(fields, "payload", limit=MAX_BUNDLE_BYTES, may_be_empty=True)
    signatures = tuple(fields.objects("signatures"))
    # The limit to exactly one signature is that of sigstore_bundle.proto, field dsse_envelope.
    if len(signatures) != 1:
        raise BundleError(
            f"the envelope in a bundle has exactly one signature, found {len(signatures)}",
            code="formats.bundle-signatures",
        )
    (only,) = signatures
    _SIGNATURE.check_spelling(only)
    keyid = only.optional_text("keyid")
    if keyid is not None and len(keyid) > _MAX_KEYID:
        raise only.refuse(f"'keyid' is longer than {_MAX_KEYID} characters")
    signature = Signature(keyid=keyid or None, sig=raw_bytes(only, "sig", limit=_MAX_SIGNATURE))
    return Envelope(payload_type=payload_type, payload=payload, signatures=(signature,))


def _material(fields: Fields, version: BundleVersion) -> Material:
    found = [
        name
        for name in ("publicKey", "x509CertificateChain", "certificate")
        if fields.values.get(name) is not None
    ]
    if len(found) != 1:
        raise BundleError(
            "a bundle holds exactly one of 'certificate', 'x509CertificateChain' and 'publicKey', "
            f"found {' and '.join(found) or 'none'}",
            code="formats.bundle-material",
        )
    (name,) = found
    inner = fields.object(name)
    if name == "publicKey":
        _KEY.check_spelling(inner)
        hint = inner.optional_text("hint") or ""
        if len(hint) > _MAX_HINT:
            raise inner.refuse(f"'hint' is longer than {_MAX_HINT} characters")
        return KeyHint(hint=hint)
    # sigstore_bundle.proto, VerificationMaterial: form (2) up to 0.2, form (3) from 0.3 on.
    if (name == "certificate") is not (version is BundleVersion.V0_3):
        raise BundleError(
            f"a bundle of version {version} does not hold {name!r}",
            code="formats.bundle-material",
        )
    if name == "certificate":
        return LeafCertificate(der=_certificate(inner))
    _CHAIN.check_spelling(inner)
    chain = tuple(_certificate(item) for item in inner.objects("certificates"))
    if not 0 < len(chain) <= _MAX_CHAIN:
        raise BundleError(
            f"a certificate chain has 1 to {_MAX_CHAIN} certificates, found {len(chain)}",
            code="formats.bundle-material",
        )
    return CertificateChain(certificates=chain)


def _certificate(fields: Fields) -> bytes:
    _CERTIFICATE.check_spelling(fields)
    return raw_bytes(fields, "rawBytes", limit=_MAX_CERTIFICATE)


def _timestamps(fields: Fields) -> tuple[bytes, ...]:
    data = fields.optional_object("timestampVerificationData")
    if data is None:
        return ()
    _TIMES.check_spelling(data)
    if len(data.array("rfc3161Timestamps")) > MAX_TIMESTAMPS:
        raise BundleError(f"a bundle has at most {MAX_TIMESTAMPS} timestamps", code="formats.limit")
    stamps: list[bytes] = []
    for item in data.objects("rfc3161Timestamps"):
        _TIME.check_spelling(item)
        stamps.append(raw_bytes(item, "signedTimestamp", limit=_MAX_TIMESTAMP))
    return tuple(stamps)


def _encode_envelope(envelope: Envelope) -> JsonObject:
    signatures: list[Json] = []
    for signature in envelope.signatures:
        written: JsonObject = {"sig": _base64(signature.sig)}
        if signature.keyid is not None:
            written["keyid"] = signature.keyid
        signatures.append(written)
    return {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": signatures,
    }


def _encode_message(message: MessageSignature) -> JsonObject:
    written: JsonObject = {"signature": _base64(message.signature)}
    if message.digest is not None:
        written["messageDigest"] = {
            "algorithm": _NAMES[message.digest.algorithm],
            "digest": _base64(message.digest.raw),
        }
    return written


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
