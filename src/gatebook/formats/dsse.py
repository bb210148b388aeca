"""DSSE envelopes: a payload, its type, and signatures over both.

The form is that of the DSSE specification v1.0.2 (envelope.md, protocol.md). An envelope proves
nothing by being well-formed; whether a signature is believed is decided in another room.
"""

import base64
import binascii
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "MAX_SIGNATURES",
    "Envelope",
    "EnvelopeError",
    "Signature",
    "pae",
]

MAX_ENVELOPE_BYTES: Final = 64 * 1024 * 1024
"""A longer envelope is refused unread; an SBOM of 40 MB still fits when base64-encoded."""

MAX_SIGNATURES: Final = 16
"""More signatures are refused before any is looked at: each costs work to check."""

_MAX_DEPTH: Final = 16
_MAX_SIGNATURE_BYTES: Final = 4096
_MAX_KEYID: Final = 1024
_MAX_PAYLOAD_TYPE: Final = 256


class EnvelopeError(MalformedError):
    """Bytes are not a DSSE envelope."""

    code = "formats.envelope"


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of an envelope.

    Attributes:
        keyid: an unauthenticated hint which key made it (DSSE protocol.md: "MUST NOT be used for
            security decisions"), or ``None``.
        sig: the raw signature bytes.

    """

    keyid: str | None = None
    sig: bytes


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A payload with its type and at least one signature.

    Attributes:
        payload_type: what the payload claims to be, a media type or URI.
        payload: the exact signed bytes.
        signatures: in the order received; 1 to :data:`MAX_SIGNATURES`.

    """

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Envelope":
        """Read the JSON form.

        Unknown fields are ignored (in-toto attestation spec v1, "Parsing rules"). Field names are
        compared exactly: ``Payload`` is not ``payload``.

        Raises:
            MalformedError: not strict JSON; a field is missing or of the wrong type; base64 is not
                strict; there is no signature, an empty one, or more than :data:`MAX_SIGNATURES`.

        """
        decoded = canonical.loads(
            data, what="envelope", max_bytes=MAX_ENVELOPE_BYTES, max_depth=_MAX_DEPTH
        )
        fields = Fields.of(decoded, what="envelope", code=EnvelopeError.code)
        payload_type = fields.text("payloadType")
        if len(payload_type) > _MAX_PAYLOAD_TYPE:
            raise EnvelopeError(f"envelope: 'payloadType' is longer than {_MAX_PAYLOAD_TYPE}")
        payload = _decode(fields.values.get("payload"), "payload")
        signatures = fields.array("signatures")
        if not 0 < len(signatures) <= MAX_SIGNATURES:
            raise EnvelopeError(
                f"envelope has {len(signatures)} signatures; from 1 to {MAX_SIGNATURES} are read"
            )
        return cls(
            payload_type=payload_type,
            payload=payload,
            signatures=tuple(_signature(item) for item in fields.objects("signatures")),
        )

    def encode(self) -> bytes:
        """Write the JSON form: standard base64, one line, fields in a fixed order."""
        signatures: list[Json] = []
        for signature in self.signatures:
            entry: dict[str, Json] = {"sig": base64.b64encode(signature.sig).decode("ascii")}
            if signature.keyid is not None:
                entry["keyid"] = signature.keyid
            signatures.append(entry)
        return canonical.encode(
            {
                "payload": base64.b64encode(self.payload).decode("ascii"),
                "payloadType": self.payload_type,
                "signatures": signatures,
            }
        )

    @property
    def signed_bytes(self) -> bytes:
        """The bytes each signature is made over."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding (DSSE protocol.md, "Signature Definition").

    ``"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body``; both lengths count bytes, not
    characters, in ASCII decimal without leading zeros.

    Raises:
        MalformedError: the type holds an unpaired surrogate.

    """
    try:
        kind = payload_type.encode("utf-8")
    except UnicodeEncodeError:
        raise EnvelopeError("the payload type is not Unicode text") from None
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signature(fields: Fields) -> Signature:
    keyid = fields.optional_text("keyid")
    if keyid is not None and len(keyid) > _MAX_KEYID:
        raise fields.refuse(f"'keyid' is longer than {_MAX_KEYID} characters")
    sig = _decode(fields.values.get("sig"), f"{fields.what}.sig")
    if not 0 < len(sig) <= _MAX_SIGNATURE_BYTES:
        raise fields.refuse(f"a signature has 1 to {_MAX_SIGNATURE_BYTES} bytes, found {len(sig)}")
    return Signature(keyid=keyid or None, sig=sig)


def _decode(value: Json, what: str) -> bytes:
    # DSSE envelope.md: "Base64(): Either standard or URL-safe encoding is allowed". One text must
    # have one meaning, so that the two alphabets may not be mixed, padding is required, and unused
    # bits must be zero (RFC 4648 §3.5): the text has to be what an encoder would write.
    if not isinstance(value, str):
        raise EnvelopeError(f"{what} must be a base64 string")
    standard = value
    if "-" in value or "_" in value:
        if "+" in value or "/" in value:
            raise EnvelopeError(f"{what} mixes the two base64 alphabets")
        standard = value.replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(standard.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise EnvelopeError(f"{what} is not strict base64") from None
    if base64.b64encode(decoded) != standard.encode("ascii"):
        raise EnvelopeError(f"{what} is not strict base64: padding or unused bits")
    return decoded
