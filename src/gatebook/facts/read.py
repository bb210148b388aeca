"""Read the chosen entries and verify the documents they name again, from the stored bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError, UnreachableError, VerificationError
from gatebook.facts.documents import (
    COMMIT_PEOPLE_TYPE,
    SALT_BYTES,
    ApprovalPredicate,
    CommitPeople,
)
from gatebook.facts.facts import (
    ApprovalFact,
    ArtifactFact,
    EntryReference,
    EvidenceFact,
    Facts,
    Identity,
    Problem,
    SignerFact,
)
from gatebook.facts.identify import identify, identify_signer
from gatebook.facts.opened import (
    REMEMBERED,
    OpenedDocument,
    Question,
    fetch,
    trust_root_from,
)
from gatebook.formats.components import Sbom
from gatebook.formats.intoto import PredicateKind, Statement, predicate_kind
from gatebook.formats.junit import read_junit
from gatebook.formats.provenance import Provenance
from gatebook.formats.sbom import sbom_from
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.ledger.entry import BlobReference, Entry, Relation, decode_entry
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRevoked,
    ArtifactRecorded,
    ContractPublished,
    EvidenceAccepted,
    EvidenceReported,
    TrustRootPublished,
)
from gatebook.ledger.store import BlobMissingError, BlobStore
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

__all__ = ["JUNIT_TYPE", "FactReader", "read_content"]


JUNIT_TYPE: Final = "application/vnd.gatebook.junit+xml"
"""Media type of a JUnit report kept beside the test result that was signed over it."""


def read_content(statement: Statement) -> Provenance | Sbom | TestResult | None:
    """Read the predicate of the families that controls judge; ``None`` for every other.

    Raises:
        MalformedError: the predicate is not what its type says.

    """
    match statement.kind:
        case PredicateKind.PROVENANCE:
            return Provenance.from_statement(statement)
        case PredicateKind.SBOM:
            return sbom_from(statement.predicate)
        case PredicateKind.TEST_RESULT:
            return TestResult.from_statement(statement)
        case _:
            return None


@dataclass(slots=True)
class _Reading:
    """One judgement's reading: the entries by what they are, and what was opened on the way."""

    subject: Digest
    environment: EnvironmentName
    artifacts: list[tuple[EntryReference, Entry, ArtifactRecorded]] = field(default_factory=list)
    evidence: list[tuple[EntryReference, Entry, EvidenceAccepted | EvidenceReported]] = field(
        default_factory=list
    )
    approvals: list[tuple[EntryReference, Entry, ApprovalGranted]] = field(default_factory=list)
    revocations: dict[str, EntryReference] = field(default_factory=dict)
    contract: Digest | None = None
    trust_root: Digest | None = None
    root: TrustRoot | None = None
    repository: RepositoryUri | None = None
    documents: set[Digest] = field(default_factory=set)

    def sort(self, reference: EntryReference, entry: Entry) -> None:
        """Put an entry where it belongs; one about something else counts for nothing."""
        about = self.subject in entry.subjects
        match entry.body:
            case ArtifactRecorded() as body if about:
                self.artifacts.append((reference, entry, body))
            case EvidenceAccepted() | EvidenceReported() as body if about:
                self.evidence.append((reference, entry, body))
            case ApprovalGranted() as body if about and body.environment == self.environment:
                self.approvals.append((reference, entry, body))
            case ApprovalRevoked():
                for link in entry.links:
                    if link.rel is Relation.REVOKES:
                        self.revocations.setdefault(link.entry, reference)
            case ContractPublished() as body if body.environment == self.environment:
                self.contract = body.contract
            case TrustRootPublished() as body:
                self.trust_root = body.root
            case _:
                pass


class FactReader:
    """Reads facts from one book.

    Args:
        origin: the log's name.
        entry_bytes: returns an entry's bytes by index.
        blobs: the documents.

    """

    def __init__(
        self, *, origin: str, entry_bytes: Callable[[int], bytes], blobs: BlobStore
    ) -> None:
        self._origin = origin
        self._entry_bytes = entry_bytes
        self._blobs = blobs

    def read(
        self,
        indexes: Iterable[int],
        *,
        subject: Digest,
        environment: EnvironmentName,
        now: Instant,
        size: int,
    ) -> Facts:
        """Read what some entries say about an artifact for an environment.

        Signatures are judged for the instant at which the ledger received them: a key that has
        expired since made a good signature then; a key that was removed is not believed at all.

        Raises:
            GatebookError: an entry cannot be read, or the trust root named by one is missing or
                damaged: then nothing can be judged.

        """
        reading = _Reading(subject=subject, environment=environment)
        weighed: list[EntryReference] = []
        for index in indexes:
            entry = decode_entry(self._entry_bytes(index))
            reference = EntryReference(index=index, id=entry.id, kind=entry.kind)
            weighed.append(reference)
            reading.sort(reference, entry)
        if reading.trust_root is not None:
            reading.documents.add(reading.trust_root)
            reading.root = trust_root_from(fetch(self._blobs, reading.trust_root))
        if reading.contract is not None:
            reading.documents.add(reading.contract)
        authors, authors_problem = self._authors(reading)
        facts = Facts(
            subject=subject,
            environment=environment,
            now=now,
            origin=self._origin,
            size=size,
            contract=reading.contract,
            trust_root=reading.trust_root,
            artifacts=tuple(_artifact(*item) for item in reading.artifacts),
            authors=authors,
            authors_problem=authors_problem,
            weighed=tuple(weighed),
        )
        reading.repository = facts.repository()
        evidence = tuple(self._evidence(reading, *item) for item in reading.evidence)
        approvals = tuple(self._approval(reading, *item) for item in reading.approvals)
        documents = tuple(sorted(reading.documents))
        return replace(facts, evidence=evidence, approvals=approvals, documents=documents)

    def _authors(self, reading: _Reading) -> tuple[tuple[Identity, ...], Problem | None]:
        identities: set[Identity] = set()
        problem: Problem | None = None
        for _, entry, body in reading.artifacts:
            references = [item for item in entry.evidence if item.media_type == COMMIT_PEOPLE_TYPE]
            if not references:
                problem = problem or Problem(
                    code="facts.authors-unknown",
                    message="a recording of the artifact does not say who made its commits",
                    damaged=False,
                )
            elif body.build is None or body.build.commit is None:
                # Provenance is compared with the recorded commit, and so proves whose it is.
                problem = problem or Problem(
                    code="facts.authors-unbound",
                    message="a recording of the artifact names people, but no commit of theirs",
                    damaged=False,
                )
            for reference in references:
                reading.documents.add(reference.digest)
                try:
                    people = CommitPeople.parse(self._unsalted(reference))
                except GatebookError as error:
                    problem = _problem(error)
                    continue
                if reading.root is not None:
                    identities.update(identify(reading.root, email) for email in people.emails)
        return tuple(sorted(identities)), problem

    def _unsalted(self, reference: BlobReference) -> bytes:
        data = fetch(self._blobs, reference.digest)
        return data[SALT_BYTES:] if reference.salted else data

    def _evidence(
        self,
        reading: _Reading,
        reference: EntryReference,
        entry: Entry,
        body: EvidenceAccepted | EvidenceReported,
    ) -> EvidenceFact:
        reading.documents.update(part.digest for part in entry.evidence)
        accepted = isinstance(body, EvidenceAccepted)
        named = body.predicate_type if isinstance(body, EvidenceAccepted) else body.format
        fact = EvidenceFact(
            entry=reference,
            document=entry.evidence[0].digest if entry.evidence else reading.subject,
            predicate_type=named,
            kind=predicate_kind(named) if accepted else None,
            signed=False,
            received=entry.time,
        )
        if not accepted:
            return fact
        try:
            opened = self._open(reading, entry, None)
        except GatebookError as error:
            return replace(fact, problem=_problem(error))
        content = opened.content
        return replace(
            fact,
            predicate_type=opened.predicate_type,
            kind=opened.kind,
            signed=True,
            signers=opened.signers,
            content=None if isinstance(content, ApprovalPredicate) else content,
        )

    def _approval(
        self, reading: _Reading, reference: EntryReference, entry: Entry, body: ApprovalGranted
    ) -> ApprovalFact:
        reading.documents.update(part.digest for part in entry.evidence)
        fact = ApprovalFact(
            entry=reference,
            document=entry.evidence[0].digest if entry.evidence else reading.subject,
            role=body.role,
            approver=None,
            contract=body.contract,
            granted=entry.time,
            revoked=reading.revocations.get(entry.id),
        )
        try:
            opened = self._open(reading, entry, body.environment)
            predicate = opened.content
            if not isinstance(predicate, ApprovalPredicate):
                raise VerificationError(
                    f"the document is no approval, but {opened.predicate_type[:80]!r}",
                    code="facts.approval-differs",
                )
            if (predicate.environment, predicate.role) != (body.environment, body.role):
                raise VerificationError(
                    "the signed approval names another environment or role than its entry",
                    code="facts.approval-differs",
                )
        except GatebookError as error:
            return replace(fact, problem=_problem(error))
        return replace(
            fact,
            approver=opened.signers[0],
            contract=predicate.contract,
            expires=predicate.expires,
        )

    def _open(
        self, reading: _Reading, entry: Entry, environment: EnvironmentName | None
    ) -> OpenedDocument:
        """Fetch an entry's documents, and verify and read the first one over the others."""
        if reading.root is None:
            raise VerificationError(
                "no trust root is published, so nobody is believed", code="facts.no-trust-root"
            )
        if not entry.evidence:
            raise BlobMissingError("the entry names no document", code="facts.no-document")
        parts = [(part, fetch(self._blobs, part.digest)) for part in entry.evidence]
        question = Question(
            parts=tuple((part.digest, part.media_type) for part, _ in parts),
            subject=reading.subject,
            root=reading.root.digest,
            at=entry.time,
            repository=reading.repository,
            environment=environment,
        )
        opened = REMEMBERED.recall(question)
        if opened is None:
            opened = _open_anew(question, reading.root, parts)
            REMEMBERED.keep(question, opened, sum(len(data) for _, data in parts))
        return opened


def _open_anew(
    question: Question, root: TrustRoot, parts: list[tuple[BlobReference, bytes]]
) -> OpenedDocument:
    (_, envelope), *attachments = parts
    statement = verify_attestation(
        envelope,
        subject=question.subject,
        root=root,
        at=question.at,
        repository=question.repository,
        environment=question.environment,
    )
    content: Provenance | Sbom | TestResult | ApprovalPredicate | None
    if statement.kind is PredicateKind.APPROVAL:
        content = ApprovalPredicate.from_statement(statement.statement)
    else:
        content = read_content(statement.statement)
    if isinstance(content, TestResult):
        for part, data in attachments:
            if part.media_type == JUNIT_TYPE:
                _check_report(content, part, data)
    return OpenedDocument(
        predicate_type=statement.predicate_type,
        kind=statement.kind,
        signers=_signers(statement),
        content=content,
    )


def _check_report(result: TestResult, part: BlobReference, data: bytes) -> None:
    """Compare a report kept beside a test result with what the result says of it."""
    if not any(item.digests.matches(part.digest) for item in result.configuration):
        raise VerificationError(
            f"the test result was not signed over the report {part.digest.short}",
            code="facts.report-differs",
        )
    report = read_junit(data)
    passed = result.result is not TestOutcome.FAILED
    if passed != report.is_clean or report.passed != len(result.passed_tests):
        raise VerificationError(
            f"the test result says {result.result} with {len(result.passed_tests)} passed; "
            f"the report it was signed over has {report.passed} passed, "
            f"{report.failed + report.errors} failed",
            code="facts.report-differs",
        )


def _artifact(reference: EntryReference, entry: Entry, body: ArtifactRecorded) -> ArtifactFact:
    return ArtifactFact(
        entry=reference,
        name=body.name,
        artifact=body.artifact,
        build=body.build,
        recorded_by=entry.actor,
        recorded=entry.time,
    )


def _signers(statement: VerifiedStatement) -> tuple[SignerFact, ...]:
    return tuple(
        SignerFact(
            key=signer.spki.hex,
            holder=signer.holder,
            identity=identify_signer(signer),
            certificate=signer.certificate,
            profile=signer.profile,
            trusted_as=signer.id,
        )
        for signer in statement.signers
    )


def _problem(error: GatebookError) -> Problem:
    lost = isinstance(error, BlobMissingError | UnreachableError)
    return Problem(
        code=error.code,
        message=error.message,
        damaged=lost or error.code == "stores.blob-corrupt",
    )
