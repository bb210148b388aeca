"""A book that takes evidence: signed attestations, and documents nobody signed."""

from collections.abc import Iterable, Sequence

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import Statement, encode_statement
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.intake.evidence import Attachment, accept_attestation, report_document
from gatebook.intake.evidence_types import (
    ReportedEvidence,
    publish_evidence_type,
    report_of_type,
)
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Entry, Link, Relation
from gatebook.ledger.kinds import EvidenceEvaluated
from gatebook.names import Actor
from gatebook.trust.signing.signers import PrivateKey, sign_statement
from gatebook.workspace.acceptance import HandedIn, hand_in, refuse_document
from gatebook.workspace.open_book import OpenBook, parse_digest

__all__ = ["EvidenceBook"]


class EvidenceBook(OpenBook):
    """The part of a book that receives evidence; :class:`~gatebook.workspace.book.Book` is all."""

    def accept(
        self,
        document: bytes,
        subject: Digest | str | None = None,
        *,
        attachments: Sequence[Attachment] = (),
        by: Actor | None = None,
    ) -> Appended:
        """Verify a signed attestation about an artifact and keep it.

        Args:
            document: one attestation as received: a DSSE envelope, a Sigstore bundle, a PEP 740
                attestation or a signature out of a registry.
            subject: what it has to be about; the only artifact it names if not given.
            attachments: documents to keep beside it.
            by: who hands it in.

        Raises:
            GatebookError: why it is refused; the refusal is recorded.

        """
        self._check_key()
        appended, _ = accept_attestation(
            self._desk,
            document,
            subject=None if subject is None else parse_digest(subject),
            by=by or self.actor,
            attachments=attachments,
        )
        return appended

    def accept_all(
        self,
        documents: Iterable[bytes],
        subject: Digest | str | None = None,
        *,
        by: Actor | None = None,
    ) -> tuple[HandedIn, ...]:
        """Accept or refuse several attestations, each on its own, and say what became of each.

        Args:
            documents: one attestation each, as received.
            subject: what all of them have to be about; else each the only artifact it names.
            by: who hands them in.

        Raises:
            NoTrustRootError: nobody is believed yet.
            GatebookError: the book could not record what became of a document; those before it
                are in the book.

        """
        self._check_key()
        about = None if subject is None else parse_digest(subject)
        return tuple(
            hand_in(self._desk, document, subject=about, by=by or self.actor)
            for document in documents
        )

    def refuse(
        self,
        document: bytes,
        error: GatebookError,
        subject: Digest | str | None = None,
        *,
        by: Actor | None = None,
    ) -> Appended:
        """Record that something handed in holds no attestations that could be told apart.

        Raises:
            NoTrustRootError: nobody is believed yet; nothing is recorded.

        """
        self._check_key()
        about = None if subject is None else parse_digest(subject)
        return refuse_document(self._desk, document, error, subject=about, by=by or self.actor)

    def report(
        self,
        document: bytes,
        subject: Digest | str,
        *,
        form: str | None = None,
        media_type: str = "application/octet-stream",
        by: Actor | None = None,
    ) -> Appended:
        """Keep a document nobody signed; it satisfies no control that wants signed evidence.

        Args:
            document: as received.
            subject: what it is about.
            form: what it is called; the format its content has, if not given.
            media_type: what its tool calls it.
            by: who hands it in.

        Raises:
            MalformedError: nobody says what it is, and its content does not either.

        """
        self._check_key()
        return report_document(
            self._desk,
            document,
            subject=parse_digest(subject),
            form=form,
            media_type=media_type,
            by=by or self.actor,
        )

    def publish_evidence_type(self, document: bytes, *, by: Actor | None = None) -> Appended:
        """Let documents of a custom type be judged by this definition from here on.

        Raises:
            MalformedError: the document is not a definition, or one of its programs is refused.

        """
        self._check_key()
        return publish_evidence_type(self._desk, document, by=by or self.actor)[0]

    def report_evidence(
        self,
        document: bytes,
        subject: Digest | str,
        *,
        name: str,
        media_type: str = "application/json",
        by: Actor | None = None,
    ) -> ReportedEvidence:
        """Keep a document of a custom evidence type that nobody signed, and judge it.

        Signed ones are judged when they are accepted; see :meth:`evaluation_of`.

        Raises:
            NoEvidenceTypeError: no such type is published.

        """
        self._check_key()
        return report_of_type(
            self._desk,
            document,
            name=name,
            subject=parse_digest(subject),
            media_type=media_type,
            by=by or self.actor,
        )

    def evaluation_of(self, evidence: Entry) -> TypeEvaluation | None:
        """Return what evidence of a custom type was judged to be last; ``None`` for all other.

        Raises:
            BlobMissingError: the evaluation is not stored any more.

        """
        link = Link(rel=Relation.EVALUATES, entry=evidence.id)
        found: Entry | None = None
        for subject in evidence.subjects[:1]:
            for index in self.query.entries_about(subject):
                entry = self.entry(index)
                if isinstance(entry.body, EvidenceEvaluated) and link in entry.links:
                    found = entry
        return None if found is None else TypeEvaluation.parse(self.blob(found.evidence[0].digest))

    def attest(
        self,
        statement: Statement,
        subject: Digest | str,
        signer: PrivateKey,
        *,
        attachments: Sequence[Attachment] = (),
        by: Actor | None = None,
    ) -> tuple[Envelope, Appended]:
        """Sign a statement and accept it, as :meth:`accept` does."""
        envelope = sign_statement(encode_statement(statement), signer)
        appended = self.accept(envelope.encode(), subject, attachments=attachments, by=by)
        return envelope, appended
