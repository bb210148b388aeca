"""What a document is, how much is in it, and whether it is valid: what ``gatebook inspect`` says.

The answer never depends on the file's name, and a refused document is described as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gatebook.canonical import Json, JsonObject
from gatebook.errors import GatebookError, MalformedError, UndecidedError
from gatebook.formats.reading.compressed import compression_of
from gatebook.formats.reading.detect import Identified, UnlikeNamedError, identify, read_large
from gatebook.formats.reading.document import MAX_DOCUMENT_BYTES, Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.form import Form, form_of
from gatebook.formats.reading.layers import Layer
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.sketch import LARGE

__all__ = ["MAX_INSPECTED_BYTES", "Inspection", "inspect"]

MAX_INSPECTED_BYTES: Final = 1024 * 1024 * 1024
"""As large as a component list may be that is read piece by piece."""

# Formats that hardly anybody tells apart; they are also counted as what they are to the others.
_ALSO_COUNTED: Final = frozenset(
    {
        *(DocumentFormat.TWISTCLI, DocumentFormat.BLACK_DUCK, DocumentFormat.CHECKMARX),
        *(DocumentFormat.DETECT_SECRETS, DocumentFormat.GITLEAKS, DocumentFormat.YARN_AUDIT),
        *(DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS, DocumentFormat.CLAIR_V4),
        *(DocumentFormat.OPENSSF_SCORECARD, DocumentFormat.JEST_JSON),
        *(DocumentFormat.COVERAGE_PY_JSON, DocumentFormat.DEPENDENCY_CHECK_JSON),
        *(DocumentFormat.SONARQUBE_QUALITY_GATE, DocumentFormat.SONARQUBE_WEBHOOK),
        *(DocumentFormat.IN_TOTO_VULNS, DocumentFormat.COSIGN_VULN),
        *(DocumentFormat.TRIVY_OPERATOR_OTHER, DocumentFormat.OSV_RECORD),
        DocumentFormat.KEV_CATALOGUE,
    }
)
_ENVELOPES: Final = frozenset({DocumentFormat.DSSE, DocumentFormat.SIGSTORE_BUNDLE})
_UNREAD: Final = "no format that is read; only its form was judged"
_UNOPENED: Final = "read and verified in one go only; see gatebook verify attestation"
_UNVERIFIED: Final = "only its form was judged; no signature was verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found out about one document, or about one layer around another.

    Attributes:
        format: what it is.
        family: what it is evidence of.
        counts: what is in it, in the words of its format.
        valid: whether it keeps the rules of its format; ``None`` where that was not judged.
        reason: why it is refused.
        conforms: whether it keeps the rules of its specification that a valid document may break;
            ``None`` where that was not judged, or where there are none.
        problem: the first places where it does not conform.
        notes: what else there is to say.
        parses: whether it can be read, valid or not; ``None`` where nobody tried.
        content: the normal form, where it was read.
        claims: the format it claims to be of, when it cannot even be decoded as that.
        inner: what is inside.
        parts: the documents in it, where it holds several.

    """

    format: DocumentFormat
    family: Family
    counts: Mapping[str, Json] = field(default_factory=dict)
    valid: bool | None = None
    parses: bool | None = None
    reason: GatebookError | None = None
    conforms: bool | None = None
    problem: GatebookError | None = None
    notes: tuple[str, ...] = ()
    content: Any = None
    claims: DocumentFormat | None = None
    inner: "Inspection | None" = None
    parts: tuple["Inspection", ...] = ()

    @property
    def innermost(self) -> "Inspection":
        """What is inside of all layers."""
        return self if self.inner is None else self.inner.innermost

    @property
    def is_refused(self) -> bool:
        """Whether it, or something inside, is refused."""
        inside = (*self.parts, *(() if self.inner is None else (self.inner,)))
        return self.valid is False or self.reason is not None or any(i.is_refused for i in inside)

    @property
    def is_known(self) -> bool:
        """Whether it, and all that is inside, is of a format that is read."""
        if self.parts:
            return all(each.is_known for each in self.parts)
        return self.innermost.family is not Family.OTHER

    def to_json(self) -> JsonObject:
        """Write it for machines; the counts stand beside ``format``, as their format names them."""
        written: JsonObject = {"format": self.format.value, "family": self.family.value}
        written |= self.counts
        written["valid"] = self.valid
        written["parses"] = self.parses
        if self.conforms is not None:
            written["conforms"] = self.conforms
        if self.problem is not None:
            written["problem"] = {"code": self.problem.code, "message": self.problem.message}
        if self.claims is not None:
            written["claims"] = self.claims.value
        if self.reason is not None:
            reason: JsonObject = {"code": self.reason.code, "message": self.reason.message}
            if self.reason.hint is not None:
                reason["hint"] = self.reason.hint
            written["reason"] = reason
        if self.notes:
            written["notes"] = [*self.notes]
        if self.inner is not None:
            written["inner"] = self.inner.to_json()
        if self.parts:
            written["documents"] = [each.to_json() for each in self.parts]
        return written


def inspect(
    data: bytes,
    *,
    media_type: str | None = None,
    as_format: DocumentFormat | None = None,
    schema: bool = True,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    others: Callable[[], Sequence[Reader[Any]]] = tuple,
) -> Inspection:
    """Find out what a document is, without trusting any of it.

    Args:
        data: the bytes as received.
        media_type: what the sender called them.
        as_format: what the sender says it is (:func:`~gatebook.formats.reading.detect.identify`).
        schema: also check the whole schema of the format, which may take longer than reading.
        max_bytes: how large a compressed document may become.
        others: what gives the readers of rooms above; they are asked last.

    Returns:
        Also of what cannot be read: the reason is in it.

    """
    try:
        found = identify(
            data, media_type=media_type, as_format=as_format, max_bytes=max_bytes, others=others
        )
    except UnlikeNamedError as unlike:
        found = identify(data, media_type=media_type, max_bytes=max_bytes, others=others)
        return replace(_inspected(found, schema=False), valid=False, reason=unlike)
    except MalformedError as error:
        return _unidentified(data, error)
    return _inspected(found, schema=schema)


def _unidentified(data: bytes, error: MalformedError) -> Inspection:
    compression = compression_of(data)
    return Inspection(
        format=compression or DocumentFormat.UNPARSEABLE,
        family=Family.OTHER if compression is None else Family.CONTAINER,
        counts={} if compression is not None else {"error": error.message},
        valid=False,
        parses=False,
        reason=error,
    )


def _inspected(found: Identified, *, schema: bool) -> Inspection:
    layers = [*found.layers]
    inner: Inspection | None
    if found.parts:
        parts = tuple(_inspected(each, schema=schema) for each in found.parts)
        form = found.document.once(form_of)
        inner = Inspection(
            format=form.format,
            family=Family.ATTESTATION,
            counts=form.counts,
            valid=form.error is None,
            parses=form.error is None,
            reason=form.error,
            parts=parts,
        )
    elif found.reader is not None:
        inner = _of_reader(found.document, found.reader, schema=schema)
    elif layers and layers[-1].family is Family.ATTESTATION:
        inner = None
    else:
        inner = _of_form(found.document, found.undecoded)
    while layers:
        layer = layers.pop()
        if layer.format is DocumentFormat.IN_TOTO_STATEMENT and _is_in_envelope(layers):
            continue  # the envelope says what its statement says
        inner = _of_layer(layer, inner)
    assert inner is not None  # noqa: S101  # no layers and nobody to read it: its form was told
    return inner


def _is_in_envelope(layers: Sequence[Layer]) -> bool:
    return bool(layers) and layers[-1].format in _ENVELOPES


def _of_layer(layer: Layer, inner: Inspection | None) -> Inspection:
    return Inspection(
        format=layer.format,
        family=layer.family,
        counts=layer.counts,
        valid=layer.error is None if layer.is_judged else None,
        parses=layer.error is None if layer.is_judged else None,
        reason=layer.error,
        notes=_layer_notes(layer),
        inner=inner,
    )


def _layer_notes(layer: Layer) -> tuple[str, ...]:
    if layer.family is not Family.ATTESTATION:
        return ()
    return (_UNVERIFIED if layer.is_judged else _UNOPENED,)


def _of_form(document: Document, undecoded: MalformedError | None) -> Inspection:
    form: Form = document.once(form_of)
    error = form.error
    if error is not None:
        # What a reader said of it is nearer to what it was meant to be.
        reason = undecoded or error
        return Inspection(
            format=DocumentFormat.UNPARSEABLE,
            family=Family.OTHER,
            counts={"error": reason.message},
            valid=False,
            parses=False,
            reason=reason,
        )
    return Inspection(
        format=form.format,
        family=Family.OTHER,
        counts=form.counts,
        valid=True if form.is_judged else None,
        parses=True if form.is_judged else None,
        notes=(_UNREAD,) if form.is_judged else ("no format that is read",),
    )


def _of_reader(document: Document, reader: Reader[Any], *, schema: bool) -> Inspection:
    try:
        counts = {**_coarsely(document, reader), **reader.describe(document)}
    except MalformedError as error:
        return Inspection(
            format=DocumentFormat.UNPARSEABLE,
            family=reader.family,
            counts={"error": error.message},
            valid=False,
            parses=False,
            reason=error,
            claims=reader.format,
        )
    content, refused = _read(document, reader)
    unchecked: GatebookError | None = None
    problem: GatebookError | None = None
    if schema and reader.check is not None:
        try:
            reader.check(document)
        except MalformedError as error:
            if error.code in reader.tolerated:
                problem = error
            else:
                refused = refused or error
        except UndecidedError as error:
            unchecked = error
    notes = _notes(unchecked, refused, reader, schema=schema)
    # A form that nobody reads is refused as such; whether it is valid is another question.
    is_open = refused is not None and unchecked is not None and refused.code == unchecked.code
    is_judged = refused is not None or (unchecked is None and (schema or reader.check is None))
    return Inspection(
        format=reader.format,
        family=reader.family,
        counts=counts,
        valid=refused is None if is_judged and not is_open else None,
        parses=None if is_open else content is not None,
        conforms=problem is None if reader.tolerated and schema and unchecked is None else None,
        problem=problem,
        reason=refused,
        notes=notes,
        content=content,
    )


def _coarsely(document: Document, reader: Reader[Any]) -> Mapping[str, Json]:
    return document.once(form_of).counts if reader.format in _ALSO_COUNTED else {}


def _notes(
    unchecked: GatebookError | None,
    refused: GatebookError | None,
    reader: Reader[Any],
    *,
    schema: bool,
) -> tuple[str, ...]:
    if unchecked is not None and (refused is None or refused.code != unchecked.code):
        return (unchecked.message,)
    if not schema and reader.check is not None and refused is None:
        return ("read; not checked against the schema",)
    return ()


def _read(document: Document, reader: Reader[Any]) -> tuple[Any, MalformedError | None]:
    try:
        if reader.family is Family.SBOM and _is_streamed(document):
            return read_large(document), None
        return reader.read(document), None
    except MalformedError as error:
        return None, error


def _is_streamed(document: Document) -> bool:
    return len(document.data) > LARGE and document.start.startswith(b"{")
