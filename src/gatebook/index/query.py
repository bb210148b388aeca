"""Questions the index answers, in parsed values.

Answers name entries by index; whoever needs proof reads the entry and its receipt from the ledger.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.index.store import IndexReader
from gatebook.index.tables import (
    AdvisoriesRow,
    ApprovalRow,
    ArtifactRow,
    ContractRow,
    DecisionRow,
    DeploymentRow,
    EvidenceRow,
    EvidenceTypeRow,
    LapseRow,
    MatchRow,
    SlotRow,
    SubjectRow,
    TrustRootRow,
)
from gatebook.names import ArtifactName, CommitId, EnvironmentName

__all__ = ["Query", "Running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What an environment ran under one name at an instant.

    Attributes:
        name: the name in the environment.
        digest: what ran.
        since: from when on.
        until: when something else took the name; ``None`` while it runs.
        opened_by: index of the entry that says so.
        decided_by: id of the decision it was deployed under, if one was named.

    """

    name: ArtifactName
    digest: Digest
    since: Instant
    until: Instant | None
    opened_by: int
    decided_by: str | None


class Query:
    """Looks things up in one index."""

    def __init__(self, store: IndexReader) -> None:
        self._store = store

    def applied(self) -> int:
        """How many entries the answers take into account."""
        return self._store.applied()

    def entries_about(self, digest: Digest) -> Iterator[int]:
        """Indexes of the entries about an artifact, in order."""
        for row in self._store.select(SubjectRow, {"digest": str(digest)}):
            yield row.at

    def artifacts(self, digest: Digest) -> tuple[ArtifactRow, ...]:
        """Every recording of an artifact, in order; a re-run is a recording of its own."""
        return tuple(self._store.select(ArtifactRow, {"digest": str(digest)}))

    def artifacts_of_commit(self, commit: CommitId) -> tuple[ArtifactRow, ...]:
        """Artifacts recorded as built from a commit."""
        return tuple(self._store.select(ArtifactRow, {"commit": str(commit)}))

    def artifacts_named(self, name: str) -> tuple[ArtifactRow, ...]:
        """Artifacts recorded under a name."""
        return tuple(self._store.select(ArtifactRow, {"name": name}))

    def evidence(self, digest: Digest) -> tuple[EvidenceRow, ...]:
        """Evidence handed in about an artifact, accepted or not, in order."""
        return tuple(self._store.select(EvidenceRow, {"digest": str(digest)}))

    def approvals(self, digest: Digest, environment: EnvironmentName) -> tuple[ApprovalRow, ...]:
        """Approvals of an artifact for an environment, refused and revoked ones too."""
        where = {"digest": str(digest), "environment": str(environment)}
        return tuple(self._store.select(ApprovalRow, where))

    def approval_at(self, index: int) -> ApprovalRow | None:
        """The approval an entry granted or refused."""
        return next(iter(self._store.select(ApprovalRow, {"at": index}, limit=1)), None)

    def contract(self, environment: EnvironmentName) -> ContractRow | None:
        """The contract published last for an environment."""
        where = {"environment": str(environment)}
        found = self._store.select(ContractRow, where, newest_first=True, limit=1)
        return next(iter(found), None)

    def trust_root(self) -> TrustRootRow | None:
        """The trust root published last."""
        return next(iter(self._store.select(TrustRootRow, {}, newest_first=True, limit=1)), None)

    def evidence_type(self, name: str) -> EvidenceTypeRow | None:
        """The definition of a custom evidence type published last."""
        found = self._store.select(EvidenceTypeRow, {"name": name}, newest_first=True, limit=1)
        return next(iter(found), None)

    def evidence_types(self) -> tuple[EvidenceTypeRow, ...]:
        """Every definition of a custom evidence type, in order."""
        return tuple(self._store.select(EvidenceTypeRow, {}))

    def advisories(self) -> AdvisoriesRow | None:
        """The snapshot of advisories imported last."""
        return next(iter(self._store.select(AdvisoriesRow, {}, newest_first=True, limit=1)), None)

    def matches(self, digest: Digest) -> tuple[MatchRow, ...]:
        """What snapshots of advisories said of an artifact, in order."""
        return tuple(self._store.select(MatchRow, {"digest": str(digest)}))

    def lapses(self, digest: Digest, environment: EnvironmentName) -> tuple[LapseRow, ...]:
        """Which allows of an artifact for an environment would not be given again, in order."""
        where = {"digest": str(digest), "environment": str(environment)}
        return tuple(self._store.select(LapseRow, where))

    def decisions(
        self,
        *,
        digest: Digest | None = None,
        environment: EnvironmentName | None = None,
        limit: int | None = None,
    ) -> tuple[DecisionRow, ...]:
        """Decisions about an artifact, for an environment or all of them, newest first."""
        where = _where(digest=digest, environment=environment)
        return tuple(self._store.select(DecisionRow, where, newest_first=True, limit=limit))

    def decision_at(self, index: int) -> DecisionRow | None:
        """The decision an entry records."""
        return next(iter(self._store.select(DecisionRow, {"at": index}, limit=1)), None)

    def deployments(
        self,
        *,
        digest: Digest | None = None,
        environment: EnvironmentName | None = None,
        limit: int | None = None,
    ) -> tuple[DeploymentRow, ...]:
        """Deployments of an artifact, into an environment or all of them, newest first."""
        where = _where(digest=digest, environment=environment)
        return tuple(self._store.select(DeploymentRow, where, newest_first=True, limit=limit))

    def running(self, environment: EnvironmentName, at: Instant) -> tuple[Running, ...]:
        """What ran in an environment at an instant, as known now, by name.

        Costs one look-up per name the environment ever ran, whatever the length of its history.
        """
        found: list[Running] = []
        for slot in self._store.select(SlotRow, {"environment": str(environment)}):
            where = {"environment": slot.environment, "name": slot.name, "status": "finished"}
            row = self._store.newest(DeploymentRow, where, "since", at.unix_ms)
            if row is None:
                continue
            found.append(
                Running(
                    name=ArtifactName.parse(row.name),
                    digest=Digest.parse(row.digest),
                    since=Instant(row.since),
                    until=None if row.until is None else Instant(row.until),
                    opened_by=row.at,
                    decided_by=row.decided_by,
                )
            )
        return tuple(sorted(found, key=lambda running: running.name))


def _where(*, digest: Digest | None, environment: EnvironmentName | None) -> dict[str, str]:
    where: dict[str, str] = {}
    if digest is not None:
        where["digest"] = str(digest)
    if environment is not None:
        where["environment"] = str(environment)
    return where
