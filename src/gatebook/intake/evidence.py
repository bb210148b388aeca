"""Accept signed evidence, keep unsigned reports as reported, record what is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, UsageError
from gatebook.facts.read import read_content
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import PredicateKind, Statement
from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import EvidenceAccepted, EvidenceRefused, EvidenceReported, SignedBy
from gatebook.names import Actor
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

__all__ = ["ENVELOPE_TYPE", "Attachment", "accept_attestation", "record_refusal", "report_document"]

ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document kept beside an attestation, such as the report a test result stands on."""

    data: bytes
    media_type: str


def accept_attestation(
    desk: Desk,
    envelope: bytes,
    *,
    subject: Digest | None,
    by: Actor,
    attachments: Sequence[Attachment] = (),
) -> tuple[Appended, VerifiedStatement]:
    """Verify an attestation and append ``evidence.accepted``.

    Refused bytes are recorded as ``evidence.refused``, with their digest and the code of the
    reason, and nothing else of them. Handing in the same bytes again appends nothing.

    Args:
        desk: where it is handed in.
        envelope: the attestation as received.
        subject: the artifact it has to be about; the only one it names if not given.
        by: who hands it in.
        attachments: documents to keep beside it.

    Raises:
        GatebookError: why it is refused; the refusal is in the book by then.
        NoTrustRootError: nobody is believed yet; nothing is recorded.

    """
    root = desk.trust_root()
    about = subject
    try:
        about = about or only_subject(envelope)
        statement = verify_attestation(
            envelope,
            subject=about,
            root=root,
            at=desk.clock.now(),
            repository=desk.repository_of(about),
        )
        if statement.kind is PredicateKind.APPROVAL:
            raise UsageError(
                "this is an approval, which says for which environment it is",
                code="intake.is-approval",
                hint="hand it in with `gatebook approve --attestation FILE`",
            )
        read_content(statement.statement)
    except GatebookError as error:
        record_refusal(desk, envelope, subject=about, by=by, error=error)
        raise
    references = [desk.keep(envelope, ENVELOPE_TYPE)]
    references.extend(desk.keep(each.data, each.media_type) for each in attachments)
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=(about,),
            body=EvidenceAccepted(
                predicate_type=statement.predicate_type,
                signers=signed_by(statement),
                root=root.digest,
            ),
            evidence=tuple(references),
            idempotency_key=f"evidence {sha256(envelope)} {about} {root.digest}",
        )
    )
    return appended, statement


def only_subject(envelope: bytes) -> Digest:
    """Return the one digest a statement is about, before anybody is believed.

    Raises:
        MalformedError: the bytes are not a statement in an envelope.
        UsageError: it names several, or none that is known.

    """
    statement = Statement.parse(Envelope.parse(envelope).payload)
    digests = {digest for item in statement.subjects for digest in item.digests.digests}
    named = [digest for digest in digests if digest.algorithm == "sha256"]
    if len(named) != 1:
        raise UsageError(
            f"the statement names {len(named)} sha256 digests: say which one is meant",
            code="intake.subject-needed",
            hint="say it with --subject",
        )
    return named[0]


def report_document(
    desk: Desk, document: bytes, *, subject: Digest, form: str, media_type: str, by: Actor
) -> Appended:
    """Keep a document nobody signed; it is never confused with signed evidence."""
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=(subject,),
            body=EvidenceReported(format=form),
            evidence=(desk.keep(document, media_type),),
            idempotency_key=f"report {sha256(document)} {subject} {form}",
        )
    )
    return appended


def record_refusal(
    desk: Desk, data: bytes, *, subject: Digest | None, by: Actor, error: GatebookError
) -> Appended:
    """Append ``evidence.refused``; about no artifact, when nobody can say which it is about."""
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=() if subject is None else (subject,),
            body=EvidenceRefused(bytes_digest=sha256(data), code=error.code),
        )
    )
    return appended


def signed_by(statement: VerifiedStatement) -> tuple[SignedBy, ...]:
    """Write the signers of a verified statement as an entry keeps them."""
    return tuple(
        SignedBy(key=signer.spki.hex, holder=signer.holder, person=signer.person)
        for signer in statement.signers
    )
