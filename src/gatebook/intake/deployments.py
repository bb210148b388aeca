"""Record what was put into an environment, by whatever carried it out."""

from enum import StrEnum

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import NotFoundError
from gatebook.index.query import Query
from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft, Link, Relation
from gatebook.ledger.kinds import (
    DecisionMade,
    Deployment,
    DeploymentFailed,
    DeploymentFinished,
    DeploymentStarted,
    Verdict,
)
from gatebook.names import Actor, ArtifactName, EnvironmentName

__all__ = ["DeploymentStatus", "record_deployment"]


class DeploymentStatus(StrEnum):
    """How far a deployment got."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


_BODIES: dict[DeploymentStatus, type[Deployment]] = {
    DeploymentStatus.STARTED: DeploymentStarted,
    DeploymentStatus.FINISHED: DeploymentFinished,
    DeploymentStatus.FAILED: DeploymentFailed,
}


def record_deployment(
    desk: Desk,
    subject: Digest,
    *,
    environment: EnvironmentName,
    name: ArtifactName | None,
    status: DeploymentStatus,
    by: Actor,
    decision: int | None = None,
    run: str | None = None,
    occurred: Instant | None = None,
    idempotency_key: str | None = None,
) -> Appended:
    """Append a deployment entry; what happened is recorded, whether or not it was allowed.

    Args:
        desk: where it is handed in.
        subject: the artifact.
        environment: where.
        name: the name it runs under there; the artifact's recorded name if not given.
        status: how far it got.
        by: who reports it.
        decision: index of the decision it was done under. If not given, the newest one before it
            happened, provided that this is an allow which had not lapsed; none otherwise.
        run: URI of what carried it out.
        occurred: when it happened, if that is not now.
        idempotency_key: makes a retry append nothing.

    Raises:
        NotFoundError: the decision named is none about this artifact and environment, or no name
            is known.

    """
    query = Query(desk.index)
    if name is None:
        recorded = query.artifacts(subject)
        if not recorded:
            raise NotFoundError(
                f"nothing is recorded under {subject}, so the deployment needs a name",
                hint="give --name, and find out where the artifact came from",
            )
        name = ArtifactName.parse(recorded[-1].name)
    happened = occurred or desk.clock.now()
    decided = _decision(desk, subject, environment, decision, happened)
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=(subject,),
            occurred=occurred,
            body=_BODIES[status](environment=environment, name=name, run=run),
            links=() if decided is None else (Link(rel=Relation.DECIDED_BY, entry=decided),),
            idempotency_key=idempotency_key,
        )
    )
    return appended


def _decision(
    desk: Desk,
    subject: Digest,
    environment: EnvironmentName,
    index: int | None,
    happened: Instant,
) -> str | None:
    if index is None:
        for row in Query(desk.index).decisions(digest=subject, environment=environment):
            made = desk.entry(row.at)
            if made.time > happened:
                continue
            lapsed = row.valid_until is not None and row.valid_until < happened.unix_ms
            allowed = row.verdict == Verdict.ALLOW and not lapsed
            # A later deny takes an earlier allow back.
            return made.id if allowed else None
        return None
    entry = desk.entry(index)
    body = entry.body
    fits = isinstance(body, DecisionMade) and body.environment == environment
    if not fits or subject not in entry.subjects:
        raise NotFoundError(
            f"entry {index} is no decision about {subject.short} for {environment}",
            code="intake.not-the-decision",
        )
    return entry.id
