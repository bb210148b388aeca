"""Read the chosen entries and verify the documents they name again, from the stored bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, VerificationError
from gatebook.facts.authority import within_authority
from gatebook.facts.content import Beside, ReadContent, read_content, read_document
from gatebook.facts.derived import evaluated_entries, read_evaluation, read_match
from gatebook.facts.documents import (
    COMMIT_PEOPLE_TYPE,
    SALT_BYTES,
    ApprovalPredicate,
    CommitPeople,
    evidence_type_of,
)
from gatebook.facts.entries import Sorted, Weighed
from gatebook.facts.facts import (
    ApprovalFact,
    ArtifactFact,
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
    problem_of,
    trust_root_from,
)
from gatebook.formats.intoto import PredicateKind, predicate_kind
from gatebook.ledger.entry import BlobReference, Entry, decode_entry
from gatebook.ledger.kinds import (
    AdvisoriesMatched,
    ApprovalGranted,
    ArtifactRecorded,
    EvidenceAccepted,
    EvidenceReported,
)
from gatebook.ledger.store import BlobMissingError, BlobStore
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

__all__ = ["FactReader"]


@dataclass(slots=True)
class _Reading:
    """One judgement's reading: the entries by what they are, and what was opened on the way."""

    entries: Sorted
    root: TrustRoot | None = None
    repository: RepositoryUri | None = None
    documents: set[Digest] = field(default_factory=set)
    evidence: dict[str, EvidenceFact] = field(default_factory=dict)
    judged: dict[str, Digest | None] = field(default_factory=dict)

    @property
    def subject(self) -> Digest:
        """The artifact."""
        return self.entries.subject


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
        reading = self._open_entries(indexes, subject, environment)
        entries = reading.entries
        if entries.contract is not None:
            reading.documents.add(entries.contract)
        authors, authors_problem = self._authors(reading)
        evidence = self._all_evidence(reading)
        approvals = tuple(self._approval(reading, item) for item in entries.approvals)
        matched = _in_order(entries.matches.values())
        for item in matched:
            reading.documents.update(part.digest for part in item.entry.evidence)
        matches = tuple(read_match(item, subject, self._blobs) for item in matched)
        return Facts(
            subject=subject,
            environment=environment,
            now=now,
            origin=self._origin,
            size=size,
            contract=entries.contract,
            trust_root=entries.trust_root,
            artifacts=_artifacts(entries),
            authors=authors,
            authors_problem=authors_problem,
            evidence=evidence,
            approvals=approvals,
            advisories=entries.advisories,
            matches=matches,
            history=entries.history,
            weighed=tuple(entries.weighed),
            documents=tuple(sorted(reading.documents)),
        )

    def read_evidence(self, indexes: Iterable[int], subject: Digest) -> tuple[EvidenceFact, ...]:
        """Read what was accepted or reported about an artifact, for whatever environment.

        Raises:
            GatebookError: an entry or the trust root cannot be read.

        """
        return self._all_evidence(self._open_entries(indexes, subject, None))

    def _open_entries(
        self, indexes: Iterable[int], subject: Digest, environment: EnvironmentName | None
    ) -> _Reading:
        entries = Sorted(subject, environment)
        for index in indexes:
            entries.add(index, decode_entry(self._entry_bytes(index)))
        reading = _Reading(entries)
        if entries.trust_root is not None:
            reading.documents.add(entries.trust_root)
            reading.root = trust_root_from(fetch(self._blobs, entries.trust_root))
        reading.repository = _repository(entries)
        return reading

    def _authors(self, reading: _Reading) -> tuple[tuple[Identity, ...], Problem | None]:
        identities: set[Identity] = set()
        problem: Problem | None = None
        for recorded in reading.entries.artifacts:
            entry, body = recorded.entry, recorded.body
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
                    problem = problem_of(error)
                    continue
                if reading.root is not None:
                    identities.update(identify(reading.root, email) for email in people.emails)
        return tuple(sorted(identities)), problem

    def _unsalted(self, reference: BlobReference) -> bytes:
        data = fetch(self._blobs, reference.digest)
        return data[SALT_BYTES:] if reference.salted else data

    def _all_evidence(self, reading: _Reading) -> tuple[EvidenceFact, ...]:
        for item in reading.entries.evidence:
            reading.evidence[item.entry.id] = self._evidence(reading, item)
        for evaluated in reading.entries.evaluations:
            reading.documents.update(part.digest for part in evaluated.entry.evidence)
            judged = next(
                (each for each in evaluated_entries(evaluated.entry) if each in reading.evidence),
                None,
            )
            reading.evidence[evaluated.entry.id] = read_evaluation(
                evaluated,
                self._blobs,
                evidence=None if judged is None else reading.evidence[judged],
                document=None if judged is None else reading.judged.get(judged),
            )
        return tuple(sorted(reading.evidence.values(), key=lambda each: each.entry.index))

    def _evidence(
        self, reading: _Reading, item: Weighed[EvidenceAccepted | EvidenceReported]
    ) -> EvidenceFact:
        entry, body = item.entry, item.body
        reading.documents.update(part.digest for part in entry.evidence)
        accepted = isinstance(body, EvidenceAccepted)
        named = body.predicate_type if isinstance(body, EvidenceAccepted) else body.format
        fact = EvidenceFact(
            entry=item.reference,
            document=entry.evidence[0].digest if entry.evidence else reading.subject,
            predicate_type=named,
            kind=predicate_kind(named) if accepted else None,
            signed=False,
            received=entry.time,
        )
        try:
            opened = (
                self._open(reading, entry, None) if accepted else self._look(reading, entry, named)
            )
        except GatebookError as error:
            return replace(fact, problem=problem_of(error))
        if accepted:
            fact = replace(
                fact,
                predicate_type=opened.predicate_type,
                kind=opened.kind,
                signed=True,
                signers=opened.signers,
            )
        reading.judged[entry.id] = opened.predicate if accepted else fact.document
        return replace(fact, format=opened.format, content=opened.content, further=opened.further)

    def _look(self, reading: _Reading, entry: Entry, named: str) -> OpenedDocument:
        """Read a document nobody signed."""
        if not entry.evidence:
            raise BlobMissingError("the entry names no document", code="facts.no-document")
        part = entry.evidence[0]
        data = fetch(self._blobs, part.digest)
        question = Question(
            parts=((part.digest, f"{part.media_type} {named}"),),
            subject=reading.subject,
            root=None,
            at=entry.time,
            repository=None,
            environment=None,
        )
        opened = REMEMBERED.recall(question)
        if opened is None:
            # What a document of a custom type says is in its evaluation.
            custom = evidence_type_of(named) is not None
            read = ReadContent() if custom else read_document(data, media_type=part.media_type)
            opened = OpenedDocument(content=read.content, format=read.format, further=read.further)
            REMEMBERED.keep(question, opened, len(data))
        return opened

    def _approval(self, reading: _Reading, item: Weighed[ApprovalGranted]) -> ApprovalFact:
        entry, body = item.entry, item.body
        reading.documents.update(part.digest for part in entry.evidence)
        fact = ApprovalFact(
            entry=item.reference,
            document=entry.evidence[0].digest if entry.evidence else reading.subject,
            role=body.role,
            approver=None,
            contract=body.contract,
            granted=entry.time,
            revoked=reading.entries.revocations.get(entry.id),
        )
        try:
            opened = self._open(reading, entry, body.environment)
            predicate = opened.approval
            if predicate is None:
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
            return replace(fact, problem=problem_of(error))
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
    opened = OpenedDocument(
        predicate_type=statement.predicate_type,
        kind=statement.kind,
        signers=_signers(statement),
    )
    if statement.kind is PredicateKind.APPROVAL:
        return replace(opened, approval=ApprovalPredicate.from_statement(statement.statement))
    beside = [Beside(media_type=part.media_type, data=data) for part, data in attachments]
    read = read_content(statement.statement, beside)
    read = within_authority(read, statement.kind, statement.signers, root)
    predicate = None
    if evidence_type_of(statement.predicate_type) is not None:
        predicate = sha256(canonical.canonicalize(statement.statement.predicate))
    return replace(
        opened, content=read.content, format=read.format, further=read.further, predicate=predicate
    )


def _in_order(
    matches: Iterable[Weighed[AdvisoriesMatched]],
) -> list[Weighed[AdvisoriesMatched]]:
    return sorted(matches, key=lambda each: each.reference.index)


def _artifacts(entries: Sorted) -> tuple[ArtifactFact, ...]:
    return tuple(_artifact(each) for each in entries.artifacts)


def _artifact(item: Weighed[ArtifactRecorded]) -> ArtifactFact:
    return ArtifactFact(
        entry=item.reference,
        name=item.body.name,
        artifact=item.body.artifact,
        build=item.body.build,
        recorded_by=item.entry.actor,
        recorded=item.entry.time,
    )


def _repository(entries: Sorted) -> RepositoryUri | None:
    """The repository the artifact is recorded with, when its recordings agree on one."""
    builds = [each.body.build for each in entries.artifacts]
    named = {each.repository for each in builds if each is not None and each.repository is not None}
    return named.pop() if len(named) == 1 else None


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
