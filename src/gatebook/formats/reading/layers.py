"""Taking envelopes off a document: what is signed, what it is about, and what is inside.

Nothing is verified here. An envelope is opened to see what it holds, whoever signed it; what is
wrong with its form is said beside what was found.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.attestations import (
    MAX_BYTES,
    AttestationDocument,
    AttestationKind,
    split_attestations,
)
from gatebook.formats.bundle import Bundle
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import Statement, StatementError, is_statement_payload_type
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.form import root_names

__all__ = ["Layer", "Opened", "open_document"]

_ATTESTATION_NAMES: Final = frozenset(
    {
        *("payloadType", "payload", "signatures"),
        *("dsseEnvelope", "messageSignature", "verificationMaterial", "mediaType"),
        *("verification_material", "envelope", "base64Signature"),
        *("provenance_summary", "attestations", "attestation_bundles"),
    }
)
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/"
_FORMATS: Final = {
    AttestationKind.BUNDLE: DocumentFormat.SIGSTORE_BUNDLE,
    AttestationKind.ENVELOPE: DocumentFormat.DSSE,
    AttestationKind.PEP740: DocumentFormat.PEP740_ATTESTATION,
    AttestationKind.COSIGN_BUNDLE: DocumentFormat.COSIGN_BLOB_BUNDLE,
    AttestationKind.COSIGN_RECORD: DocumentFormat.COSIGN_SIGNATURE,
    AttestationKind.GCB_PROVENANCE: DocumentFormat.GCB_PROVENANCE,
}
_DATA: Final = "Data"
_WRAPPER_NAMES: Final = frozenset({_DATA, "Timestamp"})
_BLANK: Final = b" \t\r\n"
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Something that was taken off a document.

    Attributes:
        format: what it is.
        family: ``CONTAINER`` for compression, ``ATTESTATION`` for envelopes and statements.
        counts: what ``inspect`` prints of it.
        error: what is wrong with its form; what is inside could be seen nevertheless, or not.
        is_judged: whether its form was judged; some are only read where they are verified.

    """

    format: DocumentFormat
    family: Family
    counts: Mapping[str, Json] = field(default_factory=dict)
    error: MalformedError | None = None
    is_judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of opening a document.

    Attributes:
        layers: what was taken off, the outermost first.
        inside: what was inside; ``None`` when nothing can be seen.
        parts: several attestations, each with its own layers; nothing else is set then.

    """

    layers: tuple[Layer, ...] = ()
    inside: Document | None = None
    parts: tuple[bytes, ...] = ()


def open_document(document: Document) -> Opened | None:
    """Open the outermost envelopes of a document; ``None`` when it is in none."""
    names = _names(document)
    if names is None:
        return None
    if _is_statement(document):
        return _opened_statement(document.data)
    if _ATTESTATION_NAMES.isdisjoint(names):
        return None
    try:
        found = split_attestations(document.data)
    except MalformedError:
        return None  # nothing that can be opened; a reader may know it, or nobody
    if len(found) > 1 or found[0].place != "document":
        return Opened(parts=tuple(each.data for each in found))
    return _opened(found[0])


def _names(document: Document) -> frozenset[str] | None:
    """The names of the object a document is, or that it begins with as an item or on a line."""
    if document.start.startswith(b"["):
        return _first_names(document)
    names = document.once(root_names)
    if names is None and document.start.startswith(b"{"):
        line, _, rest = document.data.lstrip(_BLANK).partition(b"\n")
        return root_names(Document(line)) if rest and len(line) <= MAX_BYTES else None
    return names


def _first_names(document: Document) -> frozenset[str] | None:
    if len(document.data) > MAX_BYTES:
        return None
    try:
        items = document.items
    except MalformedError:
        return None
    first = items[0] if items else None
    return frozenset(first) if isinstance(first, dict) else None


def _is_statement(document: Document) -> bool:
    """Whether a document claims to be an in-toto statement."""
    names = document.once(root_names)
    if names is None or "_type" not in names:
        return False
    claimed = _member(document.data, "_type")
    return isinstance(claimed, str) and claimed.startswith(_STATEMENT_TYPE)


def _opened(found: AttestationDocument) -> Opened:
    form = _FORMATS[found.kind]
    try:
        envelope = _envelope(found)
    except MalformedError as error:
        return _opened_leniently(found, form, error)
    if envelope is None:
        is_judged = found.kind is AttestationKind.BUNDLE
        layer = Layer(format=form, family=Family.ATTESTATION, is_judged=is_judged)
        return Opened(layers=(layer,))
    return _opened_payload(form, envelope.payload_type, envelope.payload)


def _envelope(found: AttestationDocument) -> Envelope | None:
    match found.kind:
        case AttestationKind.ENVELOPE:
            return Envelope.parse(found.data)
        case AttestationKind.BUNDLE:
            content = Bundle.parse(found.data).content
            return content if isinstance(content, Envelope) else None
        case _:
            return None  # these hold a signature, or an envelope that only its verifier opens


def _opened_leniently(
    found: AttestationDocument, form: DocumentFormat, error: MalformedError
) -> Opened:
    """Say what an envelope is about that is not well-formed."""
    members = _object(found.data)
    if found.kind is AttestationKind.BUNDLE:
        members = _object(bytes(members.get("dsseEnvelope", b"{}")))
    payload_type, written = _value(members.get("payloadType")), _value(members.get("payload"))
    try:
        payload = base64.b64decode(written) if isinstance(written, str) else b""
    except (binascii.Error, ValueError):
        payload = b""
    opened = _opened_payload(form, payload_type if isinstance(payload_type, str) else "", payload)
    return replace(opened, layers=(replace(opened.layers[0], error=error), *opened.layers[1:]))


def _opened_payload(form: DocumentFormat, payload_type: str, payload: bytes) -> Opened:
    try:
        inside = Document(payload)
    except MalformedError as error:
        return Opened(layers=(Layer(format=form, family=Family.ATTESTATION, error=error),))
    if _is_statement(inside):
        opened = _opened_statement(inside.data)
        statement = opened.layers[0]
        problem = statement.error
        if not is_statement_payload_type(payload_type):
            problem = StatementError(
                f"a statement comes as {payload_type[:80]!r}; other readers pass it over",
                code="formats.statement-payload-type",
            )
        outer = Layer(
            format=form, family=Family.ATTESTATION, counts=statement.counts, error=problem
        )
        return replace(opened, layers=(outer, *opened.layers))
    counts: JsonObject = {"payloadType": payload_type}
    broken = None
    if is_statement_payload_type(payload_type):
        broken = StatementError(
            "the payload is said to be an in-toto statement and is none",
            code="formats.statement-type",
        )
    layer = Layer(format=form, family=Family.ATTESTATION, counts=counts, error=broken)
    return Opened(layers=(layer,), inside=inside if payload else None)


def _opened_statement(data: bytes) -> Opened:
    error: MalformedError | None = None
    try:
        Statement.parse(data)
    except MalformedError as refused:
        error = refused
    members = _object(data)
    kind = _value(members.get("predicateType"))
    subjects = _value(members.get("subject"))
    layer = Layer(
        format=DocumentFormat.IN_TOTO_STATEMENT,
        family=Family.ATTESTATION,
        counts={
            "predicateType": kind if isinstance(kind, str) else None,
            "subjects": len(subjects) if isinstance(subjects, list) else 0,
        },
        error=error,
    )
    predicate = members.get("predicate")
    return Opened(
        layers=(layer,), inside=None if predicate is None else _predicate(bytes(predicate))
    )


def _predicate(data: bytes) -> Document | None:
    """The document that a predicate is or holds.

    Syft wrote it as a text, cosign before 2.0 as ``{"Data": …}``, as a text or not
    (cosign, specs/COSIGN_PREDICATE_SPEC.md).
    """
    members = _object(data) if data.startswith(b"{") else {}
    if _DATA in members and members.keys() <= _WRAPPER_NAMES:
        data = bytes(members[_DATA])
    if data.startswith(b'"'):
        text = _value(data)
        data = text.encode("utf-8", "replace") if isinstance(text, str) else b""
    try:
        return Document(data) if data else None
    except MalformedError:
        return None


def _member(data: bytes, name: str) -> Json:
    return _value(_object(data).get(name))


def _object(data: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _value(raw: msgspec.Raw | bytes | None) -> Json:
    if raw is None:
        return None
    try:
        value: Json = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value
