"""in-toto metadata with its signatures: a layout, a link or a statement, in either wrapping.

* A Metablock, ``{"signed": …, "signatures": […]}``, is signed over the canonical JSON of
  ``signed`` (the appendix of in-toto's ITE-5), with signatures in hexadecimal.
* A DSSE envelope is signed over its payload as it stands (ITE-5).

Nothing here says whether a signature is right; that is decided in another room.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.dsse import MAX_SIGNATURES, Envelope, Signature
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import is_statement_payload_type
from gatebook.formats.layout.json_text import encode_olpc

__all__ = ["LayoutMetadataError", "MetadataKind", "SignedMetadata", "Wrapping"]

_MAX_BYTES: Final = 64 * 1024 * 1024
_MAX_DEPTH: Final = 32
_MAX_SIGNATURE_HEX: Final = 8192
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+\Z")


class LayoutMetadataError(MalformedError):
    """Bytes are not signed in-toto metadata."""

    code = "formats.layout-metadata"


class Wrapping(StrEnum):
    """How the signatures are attached."""

    METABLOCK = "metablock"
    DSSE = "dsse"


class MetadataKind(StrEnum):
    """What the signed content says it is, by its ``_type``."""

    LAYOUT = "layout"
    LINK = "link"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMetadata:
    """Signed content and what was signed.

    Attributes:
        wrapping: how the signatures are attached.
        kind: what the content says it is.
        content: the object itself.
        payload: the bytes the content was read from; for a Metablock its canonical JSON.
        signed_bytes: the bytes each signature is made over.
        signatures: in the order received; signatures of OpenPGP are left out, so that there may be
            none.
        digest: SHA-256 of the bytes as received.

    """

    wrapping: Wrapping
    kind: MetadataKind
    content: JsonObject = field(repr=False)
    payload: bytes = field(repr=False)
    signed_bytes: bytes = field(repr=False)
    signatures: tuple[Signature, ...]
    digest: Digest

    @classmethod
    def parse(cls, data: bytes) -> "SignedMetadata":
        """Read a Metablock or an envelope; the wrapping is recognised by its fields.

        Raises:
            MalformedError: not strict JSON; neither wrapping, or both at once; another payload
                type; no signature or too many; content of an unknown ``_type``; content that has
                no canonical form.

        """
        decoded = canonical.loads(data, what="in-toto metadata", max_bytes=_MAX_BYTES)
        outer = Fields.of(decoded, what="in-toto metadata", code=LayoutMetadataError.code)
        if outer.has("signed") == outer.has("payload"):
            raise outer.refuse("expected exactly one of 'signed' (Metablock) and 'payload' (DSSE)")
        if outer.has("payload"):
            return _from_envelope(data)
        return _from_metablock(outer, data)


def _from_envelope(data: bytes) -> SignedMetadata:
    envelope = Envelope.parse(data)
    if not is_statement_payload_type(envelope.payload_type):
        raise LayoutMetadataError(
            f"expected the payload type application/vnd.in-toto+json, found "
            f"{envelope.payload_type[:80]!r}"
        )
    decoded = canonical.loads(envelope.payload, what="in-toto payload", max_depth=_MAX_DEPTH)
    content = Fields.of(decoded, what="in-toto payload", code=LayoutMetadataError.code)
    return SignedMetadata(
        wrapping=Wrapping.DSSE,
        kind=_kind(content),
        content=content.values,
        payload=envelope.payload,
        signed_bytes=envelope.signed_bytes,
        signatures=envelope.signatures,
        digest=sha256(data),
    )


def _from_metablock(outer: Fields, data: bytes) -> SignedMetadata:
    content = outer.object("signed")
    kind = _kind(content)
    if kind is MetadataKind.STATEMENT:
        raise content.refuse("a statement is signed in a DSSE envelope")
    signatures = outer.array("signatures")
    if not 0 < len(signatures) <= MAX_SIGNATURES:
        raise outer.refuse(f"has {len(signatures)} signatures; from 1 to {MAX_SIGNATURES} are read")
    signed = encode_olpc(content.values)
    found = [_signature(item) for item in outer.objects("signatures")]
    return SignedMetadata(
        wrapping=Wrapping.METABLOCK,
        kind=kind,
        content=content.values,
        payload=signed,
        signed_bytes=signed,
        signatures=tuple(item for item in found if item is not None),
        digest=sha256(data),
    )


def _signature(fields: Fields) -> Signature | None:
    keyid = fields.text("keyid")
    if fields.has("signature") and fields.has("other_headers"):
        return None  # OpenPGP; no key of ours makes one, and it counts for nothing
    sig = fields.text("sig")
    if len(sig) > _MAX_SIGNATURE_HEX or _HEX.match(sig) is None:
        raise fields.refuse("'sig' must be lower-case hexadecimal")
    return Signature(keyid=keyid, sig=bytes.fromhex(sig))


def _kind(content: Fields) -> MetadataKind:
    # Protocol Buffers read 'type' as another spelling of '_type' in a statement, and one of the
    # two published implementations writes it so.
    if content.has("_type") and content.has("type"):
        raise content.refuse("'_type' and 'type' both say what it is")
    name = content.optional_text("_type") or content.optional_text("type") or ""
    if name in {"layout", "link"} and content.has("_type"):
        return MetadataKind(name)
    if name.startswith("https://in-toto.io/Statement/"):
        return MetadataKind.STATEMENT
    raise content.refuse(f"'_type' is {name[:80]!r}; expected layout, link or a statement")
