"""The records a judgement is made of."""

from dataclasses import dataclass
from typing import TypeAlias

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.coverage.report import CoverageReport
from gatebook.formats.evidence_type import TypeEvaluation
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.formats.quality.report import QualityReport
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.scan.report import ScanReport
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import TestResult
from gatebook.formats.vex.statement import VexDocument
from gatebook.formats.waiver import WaiverPredicate
from gatebook.ledger.kinds import ArtifactKind, BuildInformation
from gatebook.names import Actor, ArtifactName, EnvironmentName, RepositoryUri, RoleName
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.sigstore.profile import ProfileName
from gatebook.values import value
from gatebook.vulnerabilities.match_report import MatchReport

__all__ = [
    "AdvisoriesFact",
    "ApprovalFact",
    "ArtifactFact",
    "Content",
    "EntryReference",
    "EvidenceFact",
    "Facts",
    "History",
    "Identity",
    "MatchFact",
    "Problem",
    "SignerFact",
]

Content: TypeAlias = (
    Provenance
    | Sbom
    | TestResult
    | TestReport
    | ScanReport
    | VexDocument
    | CoverageReport
    | QualityReport
    | WaiverPredicate
    | TypeEvaluation
)
"""What the documents say that are read: one record for each family of evidence."""


@value
class Identity:
    """Somebody, linked as far as the trust root links: two equal identities are one person.

    Written ``person:ana`` when the trust root knows the person, else as the actor
    (``key#ci``) or address (``mailto:ana@example.com``) itself.
    """

    text: str

    @property
    def is_person(self) -> bool:
        """Whether the trust root knows the person behind it.

        An actor is written with ``#``, which no person's id holds: one whose issuer is spelt
        ``person:…`` is nobody the trust root knows.
        """
        return self.text.startswith("person:") and "#" not in self.text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReference:
    """An entry of the ledger that was weighed."""

    index: int
    id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a document does not count, although an entry names it.

    Attributes:
        code: stable name of the reason.
        message: the reason for people.
        damaged: the stored bytes are gone or changed, so that nobody can say what they said;
            otherwise they are there and no longer believed, or cannot be read.

    """

    code: str
    message: str
    damaged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFact:
    """One recording of the artifact."""

    entry: EntryReference
    name: ArtifactName
    artifact: ArtifactKind
    build: BuildInformation | None
    recorded_by: Actor
    recorded: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFact:
    """Somebody believed who signed: the holder of a key, or of a certificate.

    Attributes:
        key: hex SHA-256 of the public key's SPKI; a certificate's key signs once.
        holder: the actor it belongs to.
        identity: who that is, as far as the trust root links.
        certificate: what the certificate says of its holder; ``None`` for a plain key.
        profile: what had to be proved about the certificate's signature.
        trusted_as: the id of the key or identity in the trust root.

    """

    key: str
    holder: Actor
    identity: Identity
    certificate: CertificateIdentity | None = None
    profile: ProfileName | None = None
    trusted_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFact:
    """One piece of evidence about the artifact.

    Attributes:
        entry: the entry that accepted or reported it.
        document: digest of the document as received.
        predicate_type: what it claims to be.
        kind: the family of the predicate, when known by name.
        format: the format of the report inside, for documents read by their content.
        signed: whether a believed key signed it; a reported document is not.
        signers: the believed keys; empty unless ``signed``.
        content: what it says, for the families that are read; ``None`` when it could not be.
        further: what else the same document says: a component list may hold vulnerabilities and
            statements about them.
        problem: why it does not count.
        received: when the ledger received it.

    """

    entry: EntryReference
    document: Digest
    predicate_type: str
    kind: PredicateKind | None
    format: DocumentFormat | None = None
    signed: bool
    signers: tuple[SignerFact, ...] = ()
    content: Content | None = None
    further: tuple[Content, ...] = ()
    problem: Problem | None = None
    received: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFact:
    """One granted approval, verified again.

    Attributes:
        entry: the entry that granted it.
        document: digest of the signed approval.
        role: the role it was given in.
        approver: who gave it; absent when the signature is no longer believed.
        contract: the contract it was given for.
        granted: when the ledger received it.
        expires: when the approver wanted it to end.
        revoked: the entry that revoked it.
        problem: why it does not count.

    """

    entry: EntryReference
    document: Digest
    role: RoleName
    approver: SignerFact | None
    contract: Digest
    granted: Instant
    expires: Instant | None = None
    revoked: EntryReference | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoriesFact:
    """The snapshot of advisories that was the newest at the judgement.

    Attributes:
        entry: the entry that imported it.
        snapshot: digest of its manifest.
        records: how many advisories it holds.
        known: the newest change of any of them.
        imported: when the ledger received it.

    """

    entry: EntryReference
    snapshot: Digest
    records: int
    known: Instant | None
    imported: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFact:
    """What a snapshot of advisories says of one of the artifact's SBOMs.

    Attributes:
        entry: the entry that keeps the report.
        sbom: digest of the document that held the SBOM.
        snapshot: digest of the snapshot's manifest.
        report: the report; ``None`` when it cannot be read.
        problem: why it does not count.
        received: when the ledger received it.

    """

    entry: EntryReference
    sbom: Digest
    snapshot: Digest
    report: MatchReport | None
    problem: Problem | None = None
    received: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to the artifact before the judgement, as far as its windows need it.

    Attributes:
        allowed: when the newest ``allow`` for the environment before this judgement was given.
        deployed: when it was first deployed into the environment.

    """

    allowed: Instant | None = None
    deployed: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known about one artifact for one environment at one instant.

    Attributes:
        subject: the artifact.
        environment: where it wants to go.
        now: the one reading of the clock of this judgement.
        origin: the log the entries are of.
        size: how many entries of the log were taken into account.
        contract: digest of the environment's contract.
        trust_root: digest of what is believed.
        artifacts: its recordings, in order.
        authors: identities of the authors and committers of the recorded commits.
        authors_problem: why they are not known, or not all of them.
        evidence: what was accepted or reported about it, in order.
        approvals: approvals for this environment, in order.
        advisories: the newest snapshot of advisories; ``None`` when none was imported.
        matches: the newest report about each of the artifact's SBOMs, in order.
        history: what happened to the artifact before.
        weighed: every entry that was read, in order.
        documents: digests of every document that was read, sorted.

    """

    subject: Digest
    environment: EnvironmentName
    now: Instant
    origin: str
    size: int
    contract: Digest | None
    trust_root: Digest | None
    artifacts: tuple[ArtifactFact, ...] = ()
    authors: tuple[Identity, ...] = ()
    authors_problem: Problem | None = None
    evidence: tuple[EvidenceFact, ...] = ()
    approvals: tuple[ApprovalFact, ...] = ()
    advisories: AdvisoriesFact | None = None
    matches: tuple[MatchFact, ...] = ()
    history: History = History()
    weighed: tuple[EntryReference, ...] = ()
    documents: tuple[Digest, ...] = ()

    def repository(self) -> RepositoryUri | None:
        """The repository the artifact is recorded with, when its recordings agree on one."""
        named = {
            fact.build.repository
            for fact in self.artifacts
            if fact.build is not None and fact.build.repository is not None
        }
        return named.pop() if len(named) == 1 else None

    def of_kind(self, *kinds: PredicateKind) -> tuple[EvidenceFact, ...]:
        """Evidence of some families, in order."""
        return tuple(fact for fact in self.evidence if fact.kind in kinds)

    def builders(self) -> frozenset[Identity]:
        """Identities whose keys signed provenance of the artifact."""
        return frozenset(
            signer.identity
            for fact in self.of_kind(PredicateKind.PROVENANCE)
            for signer in fact.signers
        )
