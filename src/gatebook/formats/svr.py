"""Simple verification results v0.1 and v0.2: the properties a verifier found to hold.

Source: in-toto attestation framework, spec/predicates/svr.md. Only properties that hold are
listed: a result never says that something does not.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.resource_descriptor import ResourceDescriptor, read_descriptors

__all__ = ["SVR_V0_1", "SVR_V0_2", "SimpleResultError", "SimpleVerificationResult"]

SVR_V0_1: Final = "https://in-toto.io/attestation/svr/v0.1"
SVR_V0_2: Final = "https://in-toto.io/attestation/svr/v0.2"

_MAX_PROPERTIES: Final = 4096
_MAX_POLICIES: Final = 4096


class SimpleResultError(MalformedError):
    """A predicate is not the simple verification result it claims to be."""

    code = "formats.svr"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleVerificationResult:
    """What a verifier says holds for an artifact.

    Attributes:
        predicate_type: :data:`SVR_V0_1` or :data:`SVR_V0_2`.
        verifier_id: who verified.
        policies: what was applied; empty when none can be named.
        time_created: when.
        properties: what holds, in the order given.

    """

    predicate_type: str = SVR_V0_2
    verifier_id: str
    policies: tuple[ResourceDescriptor, ...] = ()
    time_created: Instant
    properties: tuple[str, ...]

    @classmethod
    def from_statement(cls, statement: Statement) -> "SimpleVerificationResult":
        """Read the predicate of a result.

        Raises:
            MalformedError: another predicate type, or a required field is missing or of the wrong
                type; v0.2 requires ``verifier.policies``, be it empty.

        """
        fields = Fields(statement.predicate, "verification result", SimpleResultError.code)
        if statement.predicate_type not in {SVR_V0_1, SVR_V0_2}:
            raise SimpleResultError(
                f"{statement.predicate_type[:80]!r} is not a verification result that is read"
            )
        verifier = fields.object("verifier")
        if statement.predicate_type == SVR_V0_2 and not verifier.has("policies"):
            raise verifier.refuse("'policies' is required, as [] when there is none to name")
        time = fields.optional_instant("timeCreated")
        if time is None or not fields.has("properties"):
            raise fields.refuse("'timeCreated' and 'properties' are required")
        values = fields.array("properties")
        properties = tuple(value for value in values if isinstance(value, str) and value)
        if len(properties) != len(values) or len(values) > _MAX_PROPERTIES:
            raise fields.refuse(f"'properties' must list at most {_MAX_PROPERTIES} strings")
        return cls(
            predicate_type=statement.predicate_type,
            verifier_id=verifier.text("id"),
            policies=read_descriptors(verifier, "policies", at_most=_MAX_POLICIES),
            time_created=time,
            properties=properties,
        )

    def to_predicate(self) -> JsonObject:
        """Write the predicate; v0.1 and v0.2 differ in what is required only."""
        policies: list[Json] = [policy.encode() for policy in self.policies]
        return {
            "verifier": {"id": self.verifier_id, "policies": policies},
            "timeCreated": str(self.time_created),
            "properties": list(self.properties),
        }

    def statement(self, *subjects: Subject) -> Statement:
        """Bind the result to the artifacts it is about.

        Raises:
            MalformedError: no subject is given.

        """
        if not subjects:
            raise SimpleResultError("a verification result needs a subject")
        return Statement(
            subjects=subjects, predicate_type=self.predicate_type, predicate=self.to_predicate()
        )
