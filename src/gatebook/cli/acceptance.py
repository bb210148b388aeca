"""What became of each document that was handed in: a row for people, an object for machines."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatebook.errors import GatebookError

if TYPE_CHECKING:
    from gatebook.cli.attestation_source import Found
    from gatebook.digest import Digest
    from gatebook.ledger.batch import Appended
    from gatebook.workspace.acceptance import HandedIn
    from gatebook.workspace.book import Book

__all__ = ["Outcome", "accept_found"]

_MAX_FORM = 200
_PREDICATE_TYPE = "in-toto.io/predicate-type"
"""How BuildKit annotates its statements (its ``docs/attestations/attestation-storage.md``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one document.

    Attributes:
        origin: where it was found.
        verdict: ``accepted``, ``refused``, ``reported`` or ``unread``.
        kind: the form it came in, or what the place calls it.
        digest: of its bytes, if they were read.
        entry: the number of the entry about it.
        duplicate: the entry was there before.
        predicate_type: what it says; of a refused document nobody vouches for that.
        signers: who signed, if it was accepted.
        refusal: why it was refused or not read.

    """

    origin: str
    verdict: str
    kind: str
    digest: "Digest | None" = None
    entry: int | None = None
    duplicate: bool = False
    predicate_type: str | None = None
    signers: tuple[Any, ...] = ()
    refusal: GatebookError | None = None
    unread: tuple[str, str] | None = None

    @property
    def reason(self) -> str:
        """Why it was refused, after where it was found."""
        if self.refusal is None:
            return self.origin
        return f"{self.origin}: {self.refusal.message} [{self.refusal.code}]"

    def row(self, source: str) -> tuple[str, str, str, str]:
        """The cells of a table whose source is named above it."""
        from gatebook.cli.entries import evidence_name

        signers = ", ".join(str(each.person or each.holder) for each in self.signers)
        named = "-" if self.predicate_type is None else evidence_name(self.predicate_type)
        return (_shorter(self.origin, source), named, signers or "-", self._said())

    def to_json(self) -> dict[str, Any]:
        """The object of a JSON answer."""
        reason = None
        if self.refusal is not None:
            reason = {
                "code": self.refusal.code,
                "message": self.refusal.message,
                "hint": self.refusal.hint,
            }
        elif self.unread is not None:
            reason = {"code": self.unread[0], "message": self.unread[1], "hint": None}
        return {
            "document": self.origin,
            "kind": self.kind,
            "digest": None if self.digest is None else str(self.digest),
            "verdict": self.verdict,
            "entry": self.entry,
            "duplicate": self.duplicate,
            "predicate_type": self.predicate_type,
            "signers": [
                {"id": each.trusted_as, "holder": str(each.holder), "person": each.person}
                for each in self.signers
            ],
            "reason": reason,
        }

    def _said(self) -> str:
        if self.refusal is not None:
            return f"refused {self.refusal.code}"
        if self.unread is not None:
            return f"not read {self.unread[0]}"
        known = ", was there already" if self.duplicate else ""
        said = "reported, unsigned" if self.verdict == "reported" else self.verdict
        return f"{said}, entry {self.entry}{known}"


def accept_found(book: "Book", found: "Found", subject: "Digest | None") -> list[Outcome]:
    """Hand in every document of a source, and say what became of each.

    Raises:
        NoTrustRootError: nobody is believed yet.
        GatebookError: the book could not record what became of a document.

    """
    outcomes: list[Outcome] = []
    documents = [each.data for each in found.attestations]
    handed_in = book.accept_all(documents, subject)
    for attestation, each in zip(found.attestations, handed_in, strict=True):
        outcomes.append(_outcome(attestation.origin, attestation.kind.value, each))
    for unsigned in found.unsigned:
        form = _form(unsigned.annotations.get(_PREDICATE_TYPE), unsigned.media_type)
        entry = book.report(
            unsigned.data, unsigned.subject, form=form, media_type=unsigned.media_type
        )
        outcomes.append(_reported(unsigned.origin, unsigned.media_type, form, entry))
    outcomes.extend(
        Outcome(
            origin=item.origin,
            verdict="unread",
            kind=item.artifact_type,
            unread=(item.code, item.reason),
        )
        for item in found.unread
    )
    return outcomes


def _outcome(origin: str, kind: str, handed_in: "HandedIn") -> Outcome:
    from gatebook.digest import sha256
    from gatebook.ledger.kinds import EvidenceAccepted

    digest = sha256(handed_in.document)
    if handed_in.accepted is None:
        return Outcome(
            origin=origin,
            verdict="refused",
            kind=kind,
            digest=digest,
            entry=handed_in.entry,
            predicate_type=_claimed(handed_in.document),
            refusal=handed_in.refusal,
        )
    body = handed_in.accepted.entry.body
    known = body if isinstance(body, EvidenceAccepted) else None
    return Outcome(
        origin=origin,
        verdict="accepted",
        kind=kind,
        digest=digest,
        entry=handed_in.entry,
        duplicate=handed_in.accepted.duplicate,
        predicate_type=None if known is None else known.predicate_type,
        signers=() if known is None else known.signers,
    )


def _reported(origin: str, media_type: str, form: str, entry: "Appended") -> Outcome:
    return Outcome(
        origin=origin,
        verdict="reported",
        kind=media_type,
        digest=entry.entry.evidence[0].digest,
        entry=entry.index,
        duplicate=entry.duplicate,
        predicate_type=form,
    )


def _claimed(document: bytes) -> str | None:
    """What a document that is not believed says it is; for finding it again only."""
    from gatebook.trust.received import read_attestation

    try:
        return read_attestation(document).statement(None).predicate_type
    except GatebookError:
        return None


def _form(annotation: str | None, media_type: str) -> str:
    plain = annotation and annotation.isprintable() and len(annotation) <= _MAX_FORM
    return annotation if annotation and plain else media_type


def _shorter(origin: str, source: str) -> str:
    """Leave out of an origin what the heading says, and cut digests short."""
    for prefix in (f"{source}/", f"{source}, ", source.partition("@")[0] + "@"):
        if origin.startswith(prefix):
            origin = origin.removeprefix(prefix)
            break
    words = [word[:19] if word.startswith("sha256:") else word for word in origin.split(" ")]
    return " ".join(words)
