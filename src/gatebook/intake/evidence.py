"""Accept signed evidence, keep unsigned reports as reported, record what is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook import canonical
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError, UsageError
from gatebook.facts.content import GUESSED, Beside, read_content, read_document
from gatebook.facts.documents import evidence_type_of
from gatebook.formats.attestations import COSIGN_RECORD_TYPE, AttestationKind
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.intake.book import Desk
from gatebook.intake.evidence_types import evaluate, evaluated_draft
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft, idempotent_id
from gatebook.ledger.kinds import (
    CertifiedAs,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    ProvedSignature,
    SignedBy,
)
from gatebook.names import Actor
from gatebook.trust.received import Received, read_attestation
from gatebook.trust.signer import Signer
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

__all__ = [
    "Attachment",
    "accept_attestation",
    "media_type",
    "record_refusal",
    "report_document",
    "signed_by",
]

_MEDIA_TYPES: Final[Mapping[AttestationKind, str]] = MappingProxyType(
    {
        AttestationKind.ENVELOPE: "application/vnd.dsse.envelope.v1+json",
        AttestationKind.BUNDLE: "application/vnd.dev.sigstore.bundle.v0.3+json",
        AttestationKind.PEP740: "application/vnd.gatebook.pep740-attestation+json",
        AttestationKind.COSIGN_RECORD: COSIGN_RECORD_TYPE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document kept beside an attestation, such as the report a test result stands on."""

    data: bytes
    media_type: str


def accept_attestation(
    desk: Desk,
    document: bytes,
    *,
    subject: Digest | None,
    by: Actor,
    attachments: Sequence[Attachment] = (),
) -> tuple[Appended, VerifiedStatement]:
    """Verify an attestation and append ``evidence.accepted``.

    One of a custom evidence type is judged by it, and ``evidence.evaluated`` appended with it,
    whether it complies or not. Refused bytes are recorded as ``evidence.refused``, with their
    digest and the code of the reason, and nothing else of them. Handing in the same bytes again
    appends nothing.

    Args:
        desk: where it is handed in.
        document: the attestation as received: an envelope, a bundle, a PEP 740 attestation or a
            signature out of a registry; one, not several.
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
        received = read_attestation(document)
        about = about or only_subject(received)
        statement = verify_attestation(
            document,
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
        _check_content(statement, attachments)
        evaluation = _evaluated(desk, statement)
    except GatebookError as error:
        record_refusal(desk, document, subject=about, by=by, error=error)
        raise
    references = [desk.keep(document, media_type(received.kind))]
    references.extend(desk.keep(each.data, each.media_type) for each in attachments)
    key = f"evidence {sha256(document)} {about} {root.digest}"
    drafts = [
        Draft(
            actor=by,
            subjects=(about,),
            body=EvidenceAccepted(
                predicate_type=statement.predicate_type,
                signers=signed_by(statement),
                root=root.digest,
                proved=_proved(statement),
            ),
            evidence=tuple(references),
            idempotency_key=key,
        )
    ]
    if evaluation is not None:
        evidence = idempotent_id(by, key)
        drafts.append(evaluated_draft(desk, evaluation, evidence=evidence, subject=about, by=by))
    return desk.append(*drafts)[0], statement


def _evaluated(desk: Desk, statement: VerifiedStatement) -> TypeEvaluation | None:
    """Judge a document of a custom evidence type."""
    name = evidence_type_of(statement.predicate_type)
    if name is None:
        return None
    return evaluate(desk, name, canonical.canonicalize(statement.statement.predicate))


def _check_content(statement: VerifiedStatement, attachments: Sequence[Attachment]) -> None:
    """Refuse what does not say what it claims to say.

    A report that was signed by its digest alone says nothing without the bytes. What else is kept
    beside an attestation does not change what was signed; judgements compare it.
    """
    beside = [
        Beside(media_type=each.media_type, data=each.data)
        for each in attachments
        if statement.kind is PredicateKind.REPORT
    ]
    try:
        read_content(statement.statement, beside)
    except MalformedError:
        # What a predicate of a type that nobody knows looks like is a guess.
        if statement.kind not in GUESSED:
            raise


def media_type(kind: AttestationKind) -> str:
    """The media type a received attestation is kept with."""
    return _MEDIA_TYPES.get(kind, "application/json")


def only_subject(received: Received) -> Digest:
    """Return the one digest an attestation is about, before anybody is believed.

    Raises:
        MalformedError: nothing says what it is about.
        UsageError: it names several digests, or none that is known.

    """
    statement = received.statement(None)
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
    desk: Desk, document: bytes, *, subject: Digest, form: str | None, media_type: str, by: Actor
) -> Appended:
    """Keep a document nobody signed; it is never confused with signed evidence.

    Args:
        desk: where it is handed in.
        document: as received.
        subject: what it is about.
        form: what it is called; the format its content has, if not given. Judgements read it by its
            content whatever it is called.
        media_type: what its tool calls it.
        by: who hands it in.

    Raises:
        MalformedError: nobody says what it is, and its content does not, or claims to be what it
            is not.

    """
    if form is None:
        found = read_document(document, media_type=media_type).format
        if found is None:
            raise MalformedError(
                "the document is of no format that is read",
                code="intake.report-unread",
                hint="say what it is with --format",
            )
        form = found.value
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
        SignedBy(
            key=signer.spki.hex,
            holder=signer.holder,
            person=signer.person,
            trusted_as=signer.id,
            certificate=_certified(signer),
        )
        for signer in statement.signers
    )


def _certified(signer: Signer) -> CertifiedAs | None:
    identity = signer.certificate
    if identity is None:
        return None
    return CertifiedAs(
        issuer=identity.issuer,
        subject=identity.subject.value,
        source=None if identity.source is None else identity.source.uri,
        ref=identity.source_ref,
        run=None if identity.run is None else identity.run.uri,
    )


def _proved(statement: VerifiedStatement) -> ProvedSignature | None:
    bundle = statement.bundle
    if bundle is None:
        return None
    return ProvedSignature(
        profile=bundle.profile.value,
        material=bundle.root_digest,
        times=tuple(time.at for time in bundle.times),
        logs=tuple(f"{each.log}/{each.leaf_hash.hex()}" for each in bundle.log_entries),
    )
