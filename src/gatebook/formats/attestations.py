"""What people hand over as "the attestations": one document or many, told apart by content.

A file name, an extension or a media type in a header decides nothing. What decides is which fields
an object has; an object that could be read as two kinds is refused. The bytes of each document are
kept as they were received, cut out of the input where it holds several: what was signed, hashed or
stored must never be what an encoder made of it (CVE-2026-44309).

Recognising a document says nothing about it being well-formed, let alone believed.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError

__all__ = [
    "COSIGN_RECORD_TYPE",
    "MAX_BYTES",
    "MAX_DOCUMENTS",
    "AttestationDocument",
    "AttestationDocumentError",
    "AttestationKind",
    "recognise",
    "split_attestations",
]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Longer input is refused unread."""

MAX_DOCUMENTS: Final = 1024
"""More documents in one input are refused before any is looked at: each costs work to verify."""

COSIGN_RECORD_TYPE: Final = "application/vnd.gatebook.cosign-signature.v1+json"
"""The ``mediaType`` of what :mod:`gatebook.formats.cosign_record` writes."""

_BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle"
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/"
_BLANK: Final = b" \t\r\n"  # RFC 8259 §2, ws
_LINES: Final = frozenset({"canonical.not-json", "canonical.not-utf8"})
_SEVERAL: Final = 2

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


class AttestationDocumentError(MalformedError):
    """Bytes are not attestations in any form that is known, or in more than one."""

    code = "formats.attestation"


class AttestationKind(StrEnum):
    """How one document has to be read."""

    BUNDLE = "sigstore-bundle"
    """A Sigstore bundle of any version (:mod:`gatebook.formats.bundle`)."""

    ENVELOPE = "dsse-envelope"
    """A bare DSSE envelope; also with ``signatures[].cert``, also a Witness collection."""

    PEP740 = "pep740-attestation"
    """A PEP 740 attestation object (:mod:`gatebook.formats.pep740`)."""

    COSIGN_BUNDLE = "cosign-blob-bundle"
    """What ``cosign sign-blob --bundle`` wrote before version 3."""

    COSIGN_RECORD = "cosign-registry-signature"
    """A signature with its annotations out of a registry's ``.sig`` or ``.att`` tag."""

    GCB_PROVENANCE = "gcb-provenance"
    """What ``gcloud artifacts docker images describe --show-provenance`` prints, whole."""


class _Shape(StrEnum):
    """What an object with these fields is taken for."""

    BUNDLE = "a Sigstore bundle"
    ENVELOPE = "a DSSE envelope"
    PEP740 = "a PEP 740 attestation"
    COSIGN_BUNDLE = "a cosign bundle"
    COSIGN_RECORD = "a cosign signature record"
    GCB_PROVENANCE = "Cloud Build provenance"
    ANSWER = "an answer of the GitHub or npm API"
    PEP740_PROVENANCE = "a PEP 740 provenance object"
    STATEMENT = "an unsigned in-toto statement"
    METABLOCK = "in-toto metadata"


_SINGLE: Final[Mapping[_Shape, AttestationKind]] = MappingProxyType(
    {
        _Shape.BUNDLE: AttestationKind.BUNDLE,
        _Shape.ENVELOPE: AttestationKind.ENVELOPE,
        _Shape.PEP740: AttestationKind.PEP740,
        _Shape.COSIGN_BUNDLE: AttestationKind.COSIGN_BUNDLE,
        _Shape.COSIGN_RECORD: AttestationKind.COSIGN_RECORD,
        _Shape.GCB_PROVENANCE: AttestationKind.GCB_PROVENANCE,
    }
)


class AttestationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One attestation as it was received.

    Attributes:
        kind: how it has to be read.
        data: its exact bytes. A document that is the whole input keeps every byte of it; one of
            several is cut out without the white space around it.
        position: its number among the documents of the input, from 0.
        place: where it lay, for people: ``document``, ``line 3``, ``attestations[1].bundle``.

    """

    kind: AttestationKind
    data: bytes
    position: int = 0
    place: str = "document"

    @property
    def digest(self) -> Digest:
        """SHA-256 of the exact bytes."""
        return sha256(self.data)


class _Piece(msgspec.Struct, frozen=True):
    data: bytes
    place: str


def split_attestations(data: bytes) -> tuple[AttestationDocument, ...]:
    """Recognise and separate the attestations in ``data``; at least one is returned.

    Understood are: one Sigstore bundle, DSSE envelope, PEP 740 attestation, cosign bundle, cosign
    signature record or Cloud Build answer; a JSON array or JSON lines of them (blank lines and CRLF
    are ignored); the answers of GitHub's and npm's attestation APIs; a PEP 740 provenance object.
    One document that is not understood refuses the whole input.

    Raises:
        MalformedError: from :mod:`gatebook.canonical`, with the number of the line, if the input is
            not strict JSON, too large or too deep; or ``formats.attestation-none``, ``-too-many``,
            ``-unknown``, ``-ambiguous``, ``-unsigned``, ``-not-included``, or
            ``formats.attestation`` for an answer that is not what its shape promises.

    """
    # 1. Nothing to look at is a refusal with its own code, never an empty success (CVE-2025-25204).
    if not data.strip(_BLANK):
        raise _none("the input is empty")
    # 2. One JSON document, or one on each line.
    try:
        value = canonical.loads(data, what="attestation document", max_bytes=MAX_BYTES)
    except MalformedError as error:
        if error.code not in _LINES or not _looks_like_lines(data):
            raise
        return _documents(_lines(data))
    # 3. An array holds single documents.
    if isinstance(value, list):
        members = _ARRAY.decode(data)
        return _documents(_Piece(bytes(raw), f"[{number}]") for number, raw in enumerate(members))
    # 4. An object is one of the single documents, or an answer that wraps several.
    fields = canonical.as_object(value, what="attestation document")
    shape = _shape(fields, "document")
    if shape is _Shape.ANSWER:
        return _documents(_answer(data), only=AttestationKind.BUNDLE)
    if shape is _Shape.PEP740_PROVENANCE:
        return _documents(_provenance(data), only=AttestationKind.PEP740)
    return (AttestationDocument(kind=_single(shape, "document"), data=data),)


def recognise(data: bytes) -> AttestationKind:
    """Say what kind the one document ``data`` is; an array, lines or an answer is refused.

    Raises:
        MalformedError: as for :func:`split_attestations`.

    """
    return _kind(data, "document")


def _documents(
    pieces: Iterator[_Piece], *, only: AttestationKind | None = None
) -> tuple[AttestationDocument, ...]:
    found: list[_Piece] = []
    for piece in pieces:
        if len(found) == MAX_DOCUMENTS:
            raise AttestationDocumentError(
                f"the input holds more than {MAX_DOCUMENTS} attestations",
                code="formats.attestation-too-many",
            )
        found.append(piece)
    if not found:
        raise _none("the input holds no attestation")
    documents = tuple(
        AttestationDocument(
            kind=_kind(piece.data, piece.place),
            data=piece.data,
            position=position,
            place=piece.place,
        )
        for position, piece in enumerate(found)
    )
    for document in documents:
        if only is not None and document.kind is not only:
            raise AttestationDocumentError(
                f"{document.place} must be a {only}, found a {document.kind}",
                code="formats.attestation-unknown",
            )
    return documents


def _kind(data: bytes, place: str) -> AttestationKind:
    try:
        value = canonical.loads(data, what="attestation", max_bytes=MAX_BYTES)
        fields = canonical.as_object(value, what="attestation")
    except MalformedError as error:
        raise MalformedError(f"{place}: {error.message}", code=error.code) from None
    return _single(_shape(fields, place), place)


def _single(shape: _Shape, place: str) -> AttestationKind:
    kind = _SINGLE.get(shape)
    if kind is not None:
        return kind
    if shape is _Shape.STATEMENT:
        raise AttestationDocumentError(
            f"{place} is {shape}; anyone could have written it",
            code="formats.attestation-unsigned",
            hint="sign it first: an attestation is a statement in a signed envelope",
        )
    raise AttestationDocumentError(
        f"{place} is {shape}, which is not read here", code="formats.attestation-unknown"
    )


def _shape(fields: JsonObject, place: str) -> _Shape:
    media_type = _text(fields.get("mediaType"))
    names = fields.keys()
    tests = {
        _Shape.BUNDLE: media_type.startswith(_BUNDLE_TYPE)
        or not names.isdisjoint({"verificationMaterial", "dsseEnvelope", "messageSignature"}),
        _Shape.ENVELOPE: "payloadType" in names or names >= {"payload", "signatures"},
        _Shape.PEP740: "verification_material" in names or names >= {"version", "envelope"},
        _Shape.COSIGN_BUNDLE: "base64Signature" in names,
        _Shape.COSIGN_RECORD: media_type == COSIGN_RECORD_TYPE,
        _Shape.GCB_PROVENANCE: "provenance_summary" in names,
        _Shape.ANSWER: "attestations" in names,
        _Shape.PEP740_PROVENANCE: "attestation_bundles" in names,
        _Shape.STATEMENT: _text(fields.get("_type")).startswith(_STATEMENT_TYPE),
        _Shape.METABLOCK: names >= {"signed", "signatures"},
    }
    fitting = [shape for shape, fits in tests.items() if fits]
    if not fitting:
        shown = ", ".join(repr(name)[:40] for name in list(names)[:6]) or "none"
        raise AttestationDocumentError(
            f"{place} is no attestation of a known form; its fields are {shown}",
            code="formats.attestation-unknown",
        )
    if len(fitting) > 1:
        # Two readers would take it for different things (attestations.md §1.3).
        raise AttestationDocumentError(
            f"{place} could be {' and '.join(fitting)} at once",
            code="formats.attestation-ambiguous",
        )
    return fitting[0]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _looks_like_lines(data: bytes) -> bool:
    # Written over several lines, one object opens one brace at the start of a line. So two such
    # braces, or a first line that is an object by itself, mean JSON lines.
    lines = [line for line in data.split(b"\n") if line.strip(_BLANK)]
    if len(lines) < _SEVERAL:
        return False
    if sum(line.startswith(b"{") for line in lines) >= _SEVERAL:
        return True
    try:
        return isinstance(msgspec.json.decode(lines[0]), dict)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _lines(data: bytes) -> Iterator[_Piece]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        if content := line.strip(_BLANK):
            yield _Piece(content, f"line {number}")


def _answer(data: bytes) -> Iterator[_Piece]:
    # docs.github.com/rest "List attestations"; npm registry "/-/npm/v1/attestations/".
    for number, member in enumerate(_members(data, "attestations", "document")):
        place = f"attestations[{number}]"
        fields = _object(member, place)
        bundle = fields.get("bundle")
        if bundle is not None and bytes(bundle) != b"null":
            yield _Piece(bytes(bundle), f"{place}.bundle")
            continue
        if "bundle_url" in fields:
            raise AttestationDocumentError(
                f"{place} names a bundle that is kept elsewhere",
                code="formats.attestation-not-included",
                hint="fetch the bundles first, for example with gh attestation download",
            )
        raise AttestationDocumentError(f"{place}: 'bundle' is required")


def _provenance(data: bytes) -> Iterator[_Piece]:
    # PEP 740, "Provenance objects".
    for outer, publisher in enumerate(_members(data, "attestation_bundles", "document")):
        place = f"attestation_bundles[{outer}]"
        for inner, member in enumerate(_members(publisher, "attestations", place)):
            yield _Piece(bytes(member), f"{place}.attestations[{inner}]")


def _members(data: bytes | msgspec.Raw, name: str, place: str) -> list[msgspec.Raw]:
    member = _object(data, place).get(name)
    try:
        return _ARRAY.decode(b"null" if member is None else member)
    except msgspec.DecodeError:
        raise AttestationDocumentError(f"{place}: {name!r} must be an array") from None


def _object(data: bytes | msgspec.Raw, place: str) -> dict[str, msgspec.Raw]:
    # The whole input was decoded strictly before: only the type can be wrong here.
    try:
        return _OBJECT.decode(data)
    except msgspec.DecodeError:
        raise AttestationDocumentError(f"{place} must be an object") from None


def _none(problem: str) -> AttestationDocumentError:
    return AttestationDocumentError(problem, code="formats.attestation-none")
