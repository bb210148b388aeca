"""What ``gcloud artifacts docker images describe --show-provenance --format json`` writes.

The envelopes inside are signed; what stands around them (summary, kind, resource, a copy of each
statement as text) is not, and has to say the same.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.formats.dsse import pae
from gatebook.formats.fields import Fields
from gatebook.trust.slsa.refusals import GcbMalformedError

__all__ = ["GcbDescription", "GcbProvenance", "GcbSignature"]

_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_PROVENANCES: Final = 64
_MAX_SIGNATURES: Final = 16
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class GcbSignature:
    """One signature of an envelope.

    Attributes:
        keyid: the resource name of the key, empty when there is none.
        sig: the signature, empty when it cannot be decoded.

    """

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GcbProvenance:
    """One provenance of the list.

    Attributes:
        kind: what the service calls it; ``BUILD`` for a build.
        resource_uri: the image, by digest.
        payload_type: the type the envelope claims.
        payload: the signed bytes; empty when they cannot be decoded.
        signatures: those of the envelope, in order.
        text_v0_1: the readable copy of a v0.1 statement.
        text_v1: the readable copy of a v1 statement.

    """

    kind: str
    resource_uri: str
    payload_type: str
    payload: bytes
    signatures: tuple[GcbSignature, ...]
    text_v0_1: JsonObject | None
    text_v1: JsonObject | None

    @property
    def pae(self) -> bytes:
        """What a key that signs the DSSE way signs."""
        return pae(self.payload_type, self.payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcbDescription:
    """The whole answer.

    Attributes:
        digest: ``image_summary.digest``.
        qualified: ``image_summary.fully_qualified_digest``.
        provenances: at least one.

    """

    digest: str
    qualified: str
    provenances: tuple[GcbProvenance, ...]

    @classmethod
    def parse(cls, data: bytes) -> "GcbDescription":
        """Read it strictly.

        Raises:
            MalformedError: not strict JSON, no summary, no provenance, or a field of another type.

        """
        decoded = canonical.loads(data, what="image description", max_bytes=_MAX_BYTES)
        root = Fields.of(decoded, what="image description", code=GcbMalformedError.code)
        summary = root.object("image_summary")
        listed = root.object("provenance_summary")
        if not 0 < len(listed.array("provenance")) <= _MAX_PROVENANCES:
            raise listed.refuse(f"needs from 1 to {_MAX_PROVENANCES} provenances")
        return cls(
            digest=summary.text("digest"),
            qualified=summary.text("fully_qualified_digest"),
            provenances=tuple(_provenance(item) for item in listed.objects("provenance")),
        )


def _provenance(fields: Fields) -> GcbProvenance:
    envelope = fields.object("envelope")
    if len(envelope.array("signatures")) > _MAX_SIGNATURES:
        raise envelope.refuse(f"has more than {_MAX_SIGNATURES} signatures")
    build = fields.object("build")
    return GcbProvenance(
        kind=fields.optional_text("kind") or "",
        resource_uri=fields.optional_text("resourceUri") or "",
        payload_type=envelope.optional_text("payloadType") or "",
        payload=_decode(_payload(envelope)),
        signatures=tuple(
            GcbSignature(
                keyid=item.optional_text("keyid") or "",
                sig=_decode(item.optional_text("sig") or ""),
            )
            for item in envelope.objects("signatures")
        ),
        text_v0_1=_text(build, "intotoStatement"),
        text_v1=_text(build, "inTotoSlsaProvenanceV1"),
    )


def _payload(envelope: Fields) -> str:
    # Statements grow beyond the length other texts may have.
    value: Json = envelope.values.get("payload")
    if value is not None and not isinstance(value, str):
        raise envelope.refuse("'payload' must be a string")
    return value or ""


def _text(build: Fields, name: str) -> JsonObject | None:
    fields = build.optional_object(name)
    return None if fields is None else fields.values


def _decode(text: str) -> bytes:
    """Decode base64 of either alphabet; nothing for what is neither, so that no key has made it."""
    if _BASE64.match(text) is None:
        return b""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return b""
