"""Our predicate ``deployment/v1``: an artifact was put into an environment, or was not.

The subject of the statement is what was deployed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.own_predicates import OwnPredicateError, own_fields, parsed
from gatebook.names import Actor, ArtifactName, EnvironmentName

__all__ = ["DEPLOYMENT_V1", "DeploymentError", "DeploymentPredicate", "DeploymentState"]

DEPLOYMENT_V1: Final = "https://gatebook.dev/predicates/deployment/v1"

_FIELDS: Final = frozenset(
    {
        "environment",
        "state",
        "time",
        "name",
        "actor",
        "decision",
        "previous",
        "configuration",
        "run",
    }
)


class DeploymentError(OwnPredicateError):
    """A predicate is not the deployment it claims to be."""

    code = "formats.deployment"


class DeploymentState(StrEnum):
    """How far it got."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPredicate:
    """What somebody says about a deployment.

    Attributes:
        environment: where to.
        state: how far it got.
        time: when it got there.
        name: the name the artifact runs under.
        actor: who or what carried it out.
        decision: digest of the decision document it was done under.
        previous: what ran there before, by digest.
        configuration: digest of the manifest or configuration it was deployed with.
        run: URI of what carried it out.

    """

    environment: EnvironmentName
    state: DeploymentState
    time: Instant
    name: ArtifactName | None = None
    actor: Actor | None = None
    decision: Digest | None = None
    previous: Digest | None = None
    configuration: Digest | None = None
    run: str | None = None

    @classmethod
    def from_statement(cls, statement: Statement) -> "DeploymentPredicate":
        """Read the predicate of a deployment.

        Raises:
            MalformedError: another predicate type, an unknown field, or one that is missing or
                malformed.

        """
        fields = own_fields(
            statement, DEPLOYMENT_V1, _FIELDS, what="deployment", code=DeploymentError.code
        )
        environment = parsed(fields, "environment", EnvironmentName.parse)
        time = fields.optional_instant("time")
        if environment is None or time is None:
            raise fields.refuse("'environment' and 'time' are required")
        text = fields.text("state")
        try:
            state = DeploymentState(text)
        except ValueError:
            raise fields.refuse(
                f"'state' is {text[:40]!r}; expected started, finished or failed"
            ) from None
        return cls(
            environment=environment,
            state=state,
            time=time,
            name=parsed(fields, "name", ArtifactName.parse),
            actor=parsed(fields, "actor", Actor.parse),
            decision=parsed(fields, "decision", Digest.parse),
            previous=parsed(fields, "previous", Digest.parse),
            configuration=parsed(fields, "configuration", Digest.parse),
            run=fields.text("run") if fields.has("run") else None,
        )

    def to_predicate(self) -> JsonObject:
        """Write the predicate; what is not known is left out."""
        written: JsonObject = {
            "environment": str(self.environment),
            "state": str(self.state),
            "time": str(self.time),
        }
        for name, value in (
            ("name", self.name),
            ("actor", self.actor),
            ("decision", self.decision),
            ("previous", self.previous),
            ("configuration", self.configuration),
            ("run", self.run),
        ):
            if value is not None:
                written[name] = str(value)
        return written

    def statement(self, subject: Subject) -> Statement:
        """Bind the deployment to what was deployed."""
        return Statement(
            subjects=(subject,), predicate_type=DEPLOYMENT_V1, predicate=self.to_predicate()
        )
