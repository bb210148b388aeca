"""Signatures as cosign kept them before its version 3: pieces in annotations, or in a small file.

A registry's ``.sig`` and ``.att`` tags hold a signed content as a layer and everything needed to
verify it (signature, certificate, Rekor's promise, timestamp) as annotations of that layer, as in
cosign ``specs/SIGNATURE_SPEC.md``. :func:`encode_record` keeps those texts together, byte for byte,
as one document that can be stored. :meth:`CosignSignature.bundle` writes the same facts as a
Sigstore bundle v0.1, so that there is one verifier only. That bundle is derived: it is never
evidence by itself, and has no digest that anybody may rely on.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.attestations import COSIGN_RECORD_TYPE
from gatebook.formats.fields import Fields

__all__ = [
    "DSSE_TYPE",
    "RECORD_ANNOTATIONS",
    "SIMPLE_SIGNING_TYPE",
    "CosignRecordError",
    "CosignSignature",
    "RekorPromise",
    "encode_record",
]

SIMPLE_SIGNING_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"

RECORD_ANNOTATIONS: Final[Mapping[str, str]] = {
    "signature": "dev.cosignproject.cosign/signature",
    "certificate": "dev.sigstore.cosign/certificate",
    "chain": "dev.sigstore.cosign/chain",
    "rekorBundle": "dev.sigstore.cosign/bundle",
    "rfc3161Timestamp": "dev.sigstore.cosign/rfc3161timestamp",
}
"""Which annotation becomes which field of a record (cosign ``specs/SIGNATURE_SPEC.md``)."""

_BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_MAX_RECORD: Final = 64 * 1024 * 1024
_MAX_TEXT: Final = 512 * 1024
_MAX_DEPTH: Final = 16
_PEM: Final = re.compile(
    rb"\s*-----BEGIN ([A-Z0-9 ]+)-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*\Z"
)
_LOG_ID: Final = re.compile(r"[0-9a-f]{64}\Z")


class CosignRecordError(MalformedError):
    """Bytes are not a signature as cosign keeps them."""

    code = "formats.cosign-record"


class RekorPromise(msgspec.Struct, frozen=True, kw_only=True):
    """What Rekor promised when it took the entry (``pkg/cosign/bundle/rekor.go``).

    Attributes:
        signed_entry_timestamp: Rekor's signature over the other four.
        body: the entry, canonical JSON.
        integrated_time: seconds since 1970.
        log_index: the number of the entry in the whole log.
        log_id: SHA-256 of the log's public key, 64 hex digits.

    """

    signed_entry_timestamp: bytes
    body: bytes
    integrated_time: int
    log_index: int
    log_id: str


class CosignSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature with what cosign kept beside it; nothing in it is believed.

    Attributes:
        content: the signed payload or the DSSE envelope; ``None`` for a signature over a file,
            which is not part of the signature.
        content_type: the media type of ``content``, or empty.
        signature: over ``content``; ``None`` when ``content`` is an envelope with its own.
        certificate: DER of the signer's certificate, or ``None`` when a key signed.
        promise: Rekor's, or ``None``.
        timestamps: RFC 3161 timestamp tokens in DER.

    """

    content: bytes | None = None
    content_type: str = ""
    signature: bytes | None = None
    certificate: bytes | None = None
    promise: RekorPromise | None = None
    timestamps: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "CosignSignature":
        """Read a record of :func:`encode_record`, or what ``cosign sign-blob --bundle`` wrote.

        Raises:
            MalformedError: not strict JSON, a field is missing, of the wrong type or no strict
                base64; the certificate is not one PEM certificate; the promise has no body that
                names its kind.

        """
        decoded = canonical.loads(
            data, what="cosign signature", max_bytes=_MAX_RECORD, max_depth=_MAX_DEPTH
        )
        fields = Fields.of(decoded, what="cosign signature", code=CosignRecordError.code)
        if fields.values.get("mediaType") == COSIGN_RECORD_TYPE:
            return cls._from_record(fields)
        return cls._from_blob_bundle(fields)

    @classmethod
    def _from_record(cls, fields: Fields) -> "CosignSignature":
        content_type = fields.text("contentType")
        signature = _optional(fields, "signature")
        if (content_type == DSSE_TYPE) == bool(signature):
            raise fields.refuse("an envelope has no signature beside it, a payload must have one")
        certificate = _optional(fields, "certificate")
        promise = _optional(fields, "rekorBundle")
        timestamp = _optional(fields, "rfc3161Timestamp")
        return cls(
            content=_bytes(fields, "content", limit=_MAX_RECORD),
            content_type=content_type,
            signature=_decode(signature, "signature") if signature else None,
            certificate=_certificate(certificate.encode()) if certificate else None,
            promise=_promise(_nested(promise, "rekorBundle")) if promise else None,
            timestamps=_timestamps(_nested(timestamp, "rfc3161Timestamp")) if timestamp else (),
        )

    @classmethod
    def _from_blob_bundle(cls, fields: Fields) -> "CosignSignature":
        certificate = _optional(fields, "cert")
        promise = fields.optional_object("rekorBundle")
        return cls(
            signature=_bytes(fields, "base64Signature"),
            certificate=_blob_certificate(certificate) if certificate else None,
            promise=_promise(promise) if promise is not None else None,
        )

    def bundle(self) -> bytes:
        """Write the facts as a Sigstore bundle v0.1 for the one verifier there is.

        The certificate chain is left out: a verifier has its own. A bundle made of a promise has
        no inclusion proof, so that it passes only where the caller allows that by name.

        Raises:
            MalformedError: the envelope cannot be read, or the promise's body names no kind.

        """
        material: JsonObject = {"tlogEntries": [] if self.promise is None else [self._log_entry()]}
        if self.certificate is None:
            material["publicKey"] = {"hint": ""}
        else:
            leaf: Json = {"rawBytes": _encode(self.certificate)}
            material["x509CertificateChain"] = {"certificates": [leaf]}
        if self.timestamps:
            tokens: list[Json] = [{"signedTimestamp": _encode(item)} for item in self.timestamps]
            material["timestampVerificationData"] = {"rfc3161Timestamps": tokens}
        made: JsonObject = {"mediaType": _BUNDLE_TYPE, "verificationMaterial": material}
        if self.signature is None:
            made["dsseEnvelope"] = self._envelope()
        else:
            signed: JsonObject = {"signature": _encode(self.signature)}
            if self.content is not None:
                value = _encode(hashlib.sha256(self.content).digest())
                signed["messageDigest"] = {"algorithm": "SHA2_256", "digest": value}
            made["messageSignature"] = signed
        return canonical.encode(made)

    def _envelope(self) -> JsonObject:
        decoded = canonical.loads(self.content or b"", what="envelope", max_depth=_MAX_DEPTH)
        fields = Fields.of(decoded, what="envelope", code=CosignRecordError.code)
        # keyid is kept out: nobody may decide by it (DSSE protocol.md).
        signatures: list[Json] = [
            {"sig": item.text("sig")} for item in fields.objects("signatures")
        ]
        payload = fields.values.get("payload")
        return {
            "payloadType": fields.text("payloadType"),
            "payload": payload if isinstance(payload, str) else "",
            "signatures": signatures,
        }

    def _log_entry(self) -> JsonObject:
        promise = self.promise
        if promise is None:
            raise CosignRecordError("there is no promise of a log")
        entry = _nested(promise.body, "the entry in the log")
        return {
            "logIndex": str(promise.log_index),
            "logId": {"keyId": _encode(bytes.fromhex(promise.log_id))},
            "kindVersion": {"kind": entry.text("kind"), "version": entry.text("apiVersion")},
            "integratedTime": str(promise.integrated_time),
            "inclusionPromise": {"signedEntryTimestamp": _encode(promise.signed_entry_timestamp)},
            "canonicalizedBody": _encode(promise.body),
        }


def encode_record(content: bytes, *, content_type: str, annotations: Mapping[str, str]) -> bytes:
    """Keep a layer of a ``.sig`` or ``.att`` manifest and its annotations as one document.

    The texts of the annotations of :data:`RECORD_ANNOTATIONS` are kept exactly; others, which
    nothing signs, are left out.

    Raises:
        MalformedError: an annotation is longer than 512 KiB.

    """
    record: JsonObject = {
        "mediaType": COSIGN_RECORD_TYPE,
        "contentType": content_type,
        "content": _encode(content),
    }
    for name, annotation in RECORD_ANNOTATIONS.items():
        text = annotations.get(annotation)
        if not text or (name == "signature" and content_type == DSSE_TYPE):
            continue  # cosign writes an empty signature beside an envelope
        if len(text) > _MAX_TEXT:
            raise CosignRecordError(f"the annotation {annotation} is longer than {_MAX_TEXT}")
        record[name] = text
    return canonical.encode(record)


def _nested(text: str | bytes, what: str) -> Fields:
    data = text.encode() if isinstance(text, str) else text
    decoded = canonical.loads(data, what=what, max_bytes=_MAX_RECORD, max_depth=_MAX_DEPTH)
    return Fields.of(decoded, what=what, code=CosignRecordError.code)


def _promise(fields: Fields) -> RekorPromise:
    payload = fields.object("Payload")
    log_id = payload.text("logID")
    if _LOG_ID.match(log_id) is None:
        raise payload.refuse("'logID' must be 64 hex digits")
    promise = RekorPromise(
        signed_entry_timestamp=_bytes(fields, "SignedEntryTimestamp"),
        body=_bytes(payload, "body", limit=_MAX_RECORD),
        integrated_time=_number(payload, "integratedTime"),
        log_index=_number(payload, "logIndex"),
        log_id=log_id,
    )
    entry = _nested(promise.body, "the entry in the log")
    entry.text("kind")
    entry.text("apiVersion")
    return promise


def _timestamps(fields: Fields) -> tuple[bytes, ...]:
    # pkg/cosign/bundle/tsa.go: one token.
    return (_bytes(fields, "SignedRFC3161Timestamp"),)


def _blob_certificate(text: str) -> bytes | None:
    # cosign writes base64 of the PEM; a public key in its place is no more than a hint.
    pem = _decode(text, "cert")
    match = _PEM.match(pem)
    if match is not None and match[1] == b"PUBLIC KEY":
        return None
    return _certificate(pem)


def _certificate(pem: bytes) -> bytes:
    match = _PEM.match(pem)
    if match is None or match[1] != b"CERTIFICATE":
        raise CosignRecordError("'certificate' must be exactly one certificate in PEM (RFC 7468)")
    return _decode(b"".join(match[2].split()).decode("ascii"), "certificate")


def _number(fields: Fields, name: str) -> int:
    value = fields.values.get(name)
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not 0 <= value <= canonical.MAX_INTEGER
    ):
        raise fields.refuse(f"{name!r} must be a number from 0 to 2^53-1")
    return value


def _optional(fields: Fields, name: str) -> str | None:
    value = fields.values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise fields.refuse(f"{name!r} must be a string of at most {_MAX_TEXT} characters")
    return value


def _bytes(fields: Fields, name: str, *, limit: int = _MAX_TEXT) -> bytes:
    value = fields.values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise fields.refuse(f"{name!r} must be base64 of 1 to {limit} characters")
    return _decode(value, name)


def _decode(text: str, what: str) -> bytes:
    # RFC 4648 §3.5: one text for one value; what an encoder would have written.
    try:
        plain = text.encode("ascii")
        decoded = base64.b64decode(plain, validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise CosignRecordError(f"{what!r} is not strict base64") from None
    if base64.b64encode(decoded) != plain:
        raise CosignRecordError(f"{what!r} is not strict base64: padding or unused bits")
    return decoded


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
