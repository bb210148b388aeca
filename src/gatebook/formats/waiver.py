"""Our predicate ``waiver/v1``: a control need not pass for an artifact, for a while, and why.

The subject of the statement is the artifact the waiver is for. Whether a waiver may be granted, by
whom, and whether it is active at some instant, is not said here.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.clock import Instant
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.own_predicates import OwnPredicateError, own_fields, parsed
from gatebook.names import Actor, ControlId, EnvironmentName

__all__ = ["WAIVER_V1", "WaiverError", "WaiverPredicate"]

WAIVER_V1: Final = "https://gatebook.dev/predicates/waiver/v1"

_MAX_EVIDENCE: Final = 64
_FIELDS: Final = frozenset(
    {
        "environment",
        "control",
        "owner",
        "reason",
        "starts",
        "expires",
        "vulnerability",
        "evidence",
    }
)


class WaiverError(OwnPredicateError):
    """A predicate is not the waiver it claims to be."""

    code = "formats.waiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverPredicate:
    """What a waiver waives.

    Attributes:
        environment: where.
        control: which control.
        owner: who answers for it.
        reason: why, in their words.
        starts: from when; from the moment it is accepted if not given.
        expires: until when; there is none without an end.
        vulnerability: the one vulnerability it is about; the whole control if not given.
        evidence: where the grounds can be read, such as a ticket.

    """

    environment: EnvironmentName
    control: ControlId
    owner: Actor
    reason: str
    starts: Instant | None = None
    expires: Instant
    vulnerability: str | None = None
    evidence: tuple[str, ...] = ()

    @classmethod
    def from_statement(cls, statement: Statement) -> "WaiverPredicate":
        """Read the predicate of a waiver.

        Raises:
            MalformedError: another predicate type, an unknown field, one that is missing or
                malformed, or an end that is not after the start.

        """
        fields = own_fields(statement, WAIVER_V1, _FIELDS, what="waiver", code=WaiverError.code)
        environment = parsed(fields, "environment", EnvironmentName.parse)
        control = parsed(fields, "control", ControlId.parse)
        owner = parsed(fields, "owner", Actor.parse)
        starts, expires = fields.optional_instant("starts"), fields.optional_instant("expires")
        if environment is None or control is None or owner is None or expires is None:
            raise fields.refuse("'environment', 'control', 'owner' and 'expires' are required")
        if starts is not None and expires <= starts:
            raise fields.refuse(f"expires at {expires}, not after it starts at {starts}")
        evidence = fields.array("evidence")
        texts = tuple(item for item in evidence if isinstance(item, str) and item)
        if len(texts) != len(evidence) or len(texts) > _MAX_EVIDENCE:
            raise fields.refuse(f"'evidence' must list at most {_MAX_EVIDENCE} texts")
        reason = fields.text("reason")
        if not reason.strip():
            raise fields.refuse("'reason' must say something")
        return cls(
            environment=environment,
            control=control,
            owner=owner,
            reason=reason,
            starts=starts,
            expires=expires,
            vulnerability=fields.text("vulnerability") if fields.has("vulnerability") else None,
            evidence=texts,
        )

    def to_predicate(self) -> JsonObject:
        """Write the predicate; what is not given is left out."""
        written: JsonObject = {
            "environment": str(self.environment),
            "control": str(self.control),
            "owner": str(self.owner),
            "reason": self.reason,
            "expires": str(self.expires),
        }
        if self.starts is not None:
            written["starts"] = str(self.starts)
        if self.vulnerability is not None:
            written["vulnerability"] = self.vulnerability
        if self.evidence:
            written["evidence"] = list(self.evidence)
        return written

    def statement(self, subject: Subject) -> Statement:
        """Bind the waiver to the artifact it is for."""
        return Statement(
            subjects=(subject,), predicate_type=WAIVER_V1, predicate=self.to_predicate()
        )
