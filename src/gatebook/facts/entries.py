"""The entries one judgement weighs, put where they belong by what their bytes say."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.facts.facts import AdvisoriesFact, EntryReference, History
from gatebook.ledger.entry import Entry, Relation
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    ApprovalGranted,
    ApprovalRevoked,
    ArtifactRecorded,
    Body,
    ContractPublished,
    DecisionMade,
    DeploymentFinished,
    EvidenceAccepted,
    EvidenceEvaluated,
    EvidenceReported,
    TrustRootPublished,
    Verdict,
)
from gatebook.names import EnvironmentName

__all__ = ["Sorted", "Weighed"]

_BodyT = TypeVar("_BodyT", bound=Body)


@dataclass(frozen=True, slots=True)
class Weighed(Generic[_BodyT]):
    """One entry with its place and its body."""

    reference: EntryReference
    entry: Entry
    body: _BodyT


@dataclass(slots=True)
class Sorted:
    """Entries by what they are; one about something else counts for nothing.

    Attributes:
        subject: the artifact.
        environment: where it wants to go; ``None`` when only what was said of it is asked.

    """

    subject: Digest
    environment: EnvironmentName | None
    weighed: list[EntryReference] = field(default_factory=list)
    artifacts: list[Weighed[ArtifactRecorded]] = field(default_factory=list)
    evidence: list[Weighed[EvidenceAccepted | EvidenceReported]] = field(default_factory=list)
    evaluations: list[Weighed[EvidenceEvaluated]] = field(default_factory=list)
    approvals: list[Weighed[ApprovalGranted]] = field(default_factory=list)
    revocations: dict[str, EntryReference] = field(default_factory=dict)
    matches: dict[Digest, Weighed[AdvisoriesMatched]] = field(default_factory=dict)
    advisories: AdvisoriesFact | None = None
    allowed: Instant | None = None
    deployed: Instant | None = None
    contract: Digest | None = None
    trust_root: Digest | None = None

    def add(self, index: int, entry: Entry) -> None:
        """Put the next entry where it belongs; of what replaces each other, the last one stands."""
        reference = EntryReference(index=index, id=entry.id, kind=entry.kind)
        self.weighed.append(reference)
        match entry.body:
            case AdvisoriesImported() as body:
                self.advisories = AdvisoriesFact(
                    entry=reference,
                    snapshot=body.snapshot,
                    records=body.records,
                    known=body.known,
                    imported=entry.time,
                )
            case ApprovalRevoked():
                for link in entry.links:
                    if link.rel is Relation.REVOKES:
                        self.revocations.setdefault(link.entry, reference)
            case ContractPublished() as body if body.environment == self.environment:
                self.contract = body.contract
            case TrustRootPublished() as body:
                self.trust_root = body.root
            case _ if self.subject in entry.subjects:
                self._add_about(reference, entry)
            case _:
                pass

    def _add_about(self, reference: EntryReference, entry: Entry) -> None:
        match entry.body:
            case ArtifactRecorded() as body:
                self.artifacts.append(Weighed(reference, entry, body))
            case EvidenceAccepted() | EvidenceReported() as body:
                self.evidence.append(Weighed(reference, entry, body))
            case EvidenceEvaluated() as body:
                self.evaluations.append(Weighed(reference, entry, body))
            case AdvisoriesMatched() as body:
                self.matches[body.sbom] = Weighed(reference, entry, body)
            case ApprovalGranted() as body if body.environment == self.environment:
                self.approvals.append(Weighed(reference, entry, body))
            case DecisionMade() as body if body.environment == self.environment:
                if body.verdict is Verdict.ALLOW:
                    self.allowed = entry.time
            case DeploymentFinished() as body if body.environment == self.environment:
                if self.deployed is None or entry.happened < self.deployed:
                    self.deployed = entry.happened
            case _:
                pass

    @property
    def history(self) -> History:
        """What happened to the artifact before."""
        return History(allowed=self.allowed, deployed=self.deployed)
