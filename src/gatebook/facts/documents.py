"""Documents of our own that facts are read from: commit people, approvals, custom evidence."""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.names import EnvironmentName, RoleName

__all__ = [
    "APPROVAL_PREDICATE",
    "COMMIT_PEOPLE_TYPE",
    "EVIDENCE_TYPE_PREDICATES",
    "SALT_BYTES",
    "ApprovalPredicate",
    "CommitPeople",
    "evidence_type_of",
    "predicate_type_of",
]

APPROVAL_PREDICATE: Final = "https://gatebook.dev/predicates/approval/v1"
COMMIT_PEOPLE_TYPE: Final = "application/vnd.gatebook.commit-people+json"
SALT_BYTES: Final = 32
EVIDENCE_TYPE_PREDICATES: Final = "https://gatebook.dev/evidence-types/"
"""What the predicate type of a document of a custom evidence type begins with; its name follows."""

_MAX_PEOPLE: Final = 1000


def predicate_type_of(evidence_type: str) -> str:
    """The predicate type of signed documents of a custom evidence type."""
    return f"{EVIDENCE_TYPE_PREDICATES}{evidence_type}"


def evidence_type_of(predicate_type: str) -> str | None:
    """The custom evidence type that a predicate type names, if it names one."""
    name = predicate_type.removeprefix(EVIDENCE_TYPE_PREDICATES)
    return None if name == predicate_type else name


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPeople:
    """Who made the commits an artifact was built from: personal, so kept in a salted blob.

    Attributes:
        emails: addresses of authors and committers, sorted, lower case.

    """

    emails: tuple[str, ...]

    @classmethod
    def of(cls, emails: "list[str] | tuple[str, ...]") -> "CommitPeople":
        """Normalise addresses; the same people give the same record."""
        return cls(emails=tuple(sorted({email.strip().lower() for email in emails} - {""})))

    def encode(self) -> bytes:
        """Write the document that goes behind the salt."""
        emails: list[Json] = list(self.emails)
        return canonical.encode({"emails": emails, "v": 1})

    @classmethod
    def parse(cls, data: bytes) -> "CommitPeople":
        """Read the document.

        Raises:
            MalformedError: not the document :meth:`encode` writes.

        """
        fields = Fields.of(
            canonical.loads(data, what="commit people", max_bytes=1024 * 1024),
            what="commit people",
            code="facts.commit-people",
        )
        emails = fields.array("emails")
        texts = [email for email in emails if isinstance(email, str) and email]
        if len(texts) != len(emails) or not 0 < len(texts) <= _MAX_PEOPLE:
            raise fields.refuse("'emails' must hold 1 to 1000 addresses")
        return cls(emails=tuple(texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPredicate:
    """What an approver signs: this artifact may enter this environment under this contract.

    Attributes:
        environment: where to.
        role: the role the approver acts in.
        contract: digest of the contract they had before them; another contract voids it.
        reason: why, in their words.
        expires: when the consent ends.

    """

    environment: EnvironmentName
    role: RoleName
    contract: Digest
    reason: str | None = None
    expires: Instant | None = None

    def predicate(self) -> dict[str, Json]:
        """The predicate of the statement."""
        written: dict[str, Json] = {
            "environment": str(self.environment),
            "role": str(self.role),
            "contract": str(self.contract),
        }
        if self.reason is not None:
            written["reason"] = self.reason
        if self.expires is not None:
            written["expires"] = str(self.expires)
        return written

    @classmethod
    def from_statement(cls, statement: Statement) -> "ApprovalPredicate":
        """Read an approval.

        Raises:
            MalformedError: another predicate type, or a field is missing or malformed. A field
                that is not known is refused: an approver may have meant to limit something by it.

        """
        fields = Fields(statement.predicate, "approval", "facts.approval")
        if statement.predicate_type != APPROVAL_PREDICATE:
            raise fields.refuse(f"predicate type is {statement.predicate_type[:80]!r}")
        unknown = set(fields.values) - {"environment", "role", "contract", "reason", "expires"}
        if unknown:
            raise fields.refuse(f"unknown field {min(unknown)[:80]!r}")
        return cls(
            environment=EnvironmentName.parse(fields.text("environment")),
            role=RoleName.parse(fields.text("role")),
            contract=Digest.parse(fields.text("contract")),
            reason=fields.optional_text("reason"),
            expires=fields.optional_instant("expires"),
        )
