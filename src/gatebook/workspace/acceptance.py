"""Hand in one document of several: what is refused does not keep the next one out."""

from dataclasses import dataclass, field

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.intake.book import Desk
from gatebook.intake.evidence import accept_attestation, record_refusal
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import decode_entry
from gatebook.ledger.kinds import EvidenceRefused
from gatebook.names import Actor

__all__ = ["HandedIn", "hand_in", "refuse_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What became of a document that was handed in.

    Attributes:
        document: the bytes as received.
        entry: the number of the entry that says what became of them.
        accepted: the appended entry, or ``None`` if the document was refused.
        refusal: why it was refused, or ``None``.

    """

    document: bytes = field(repr=False)
    entry: int
    accepted: Appended | None = None
    refusal: GatebookError | None = None


def hand_in(desk: Desk, document: bytes, *, subject: Digest | None, by: Actor) -> HandedIn:
    """Verify one attestation, and keep it or record that it is refused.

    Args:
        desk: where it is handed in.
        document: one attestation as received.
        subject: what it has to be about; the only artifact it names if not given.
        by: who hands it in.

    Raises:
        NoTrustRootError: nobody is believed yet.
        GatebookError: what became of the document could not be recorded; it counts for nothing.

    """
    start = desk.ledger.head().size
    try:
        appended, _ = accept_attestation(desk, document, subject=subject, by=by)
    except GatebookError as error:
        # A refusal is one when the book says so. Every other error is one of the book itself, and
        # the documents that follow would meet it too.
        entry = _find_refusal(desk, start, document, error)
        if entry is None:
            raise
        return HandedIn(document=document, entry=entry, refusal=error)
    return HandedIn(document=document, entry=appended.index, accepted=appended)


def refuse_document(
    desk: Desk, document: bytes, error: GatebookError, *, subject: Digest | None, by: Actor
) -> Appended:
    """Record that something handed in could not even be told apart.

    Raises:
        NoTrustRootError: nobody is believed yet; nothing is recorded.

    """
    desk.trust_root()
    return record_refusal(desk, document, subject=subject, by=by, error=error)


def _find_refusal(desk: Desk, start: int, document: bytes, error: GatebookError) -> int | None:
    expected = EvidenceRefused(bytes_digest=sha256(document), code=error.code)
    for index in range(start, desk.ledger.head().size):
        if decode_entry(desk.ledger.entry_bytes(index)).body == expected:
            return index
    return None
