"""What came of judging one document by the definition of its custom evidence type.

The evaluation is made once, on reception, written in canonical form, stored by its digest and named
by an ``evidence.evaluated`` entry. A gate reads it again from the stored bytes; it never evaluates
programs of others itself.
"""

from enum import StrEnum
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError

__all__ = [
    "TYPE_EVALUATION_TYPE",
    "EvidenceTypeError",
    "RuleOutcome",
    "RuleResult",
    "SchemaError",
    "TypeEvaluation",
    "TypeEvaluationError",
]

TYPE_EVALUATION_TYPE: Final = "application/vnd.gatebook.type-evaluation+json"
_VERSION: Final = 1
_MAX_BYTES: Final = 16 * 1024 * 1024


class EvidenceTypeError(MalformedError):
    """Bytes are not the definition of a custom evidence type."""

    code = "formats.evidence-type"


class TypeEvaluationError(MalformedError):
    """Bytes are not an evaluation of a document."""

    code = "formats.type-evaluation"


class RuleOutcome(StrEnum):
    """Whether a rule held."""

    PASS = "pass"  # noqa: S105  # a word for an outcome
    FAIL = "fail"
    ERROR = "error"


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    pass


class SchemaError(_Part, frozen=True, kw_only=True):
    """One place where a document is not what the schema says.

    Attributes:
        at: JSON pointer into the document; empty for the whole of it.
        keyword: JSON pointer to the keyword of the schema.
        message: what is wrong.

    """

    at: str
    keyword: str
    message: str


class RuleResult(_Part, frozen=True, kw_only=True):
    """What came of one rule.

    Attributes:
        id: the rule.
        engine: what evaluated it: ``jq`` or ``rego``.
        outcome: whether it held.
        code: stable name of the reason, unless it held.
        message: what that means, in the words of the definition where it has some.
        fix: what to do, in the words of the definition.

    """

    id: str
    engine: str
    outcome: RuleOutcome
    code: str | None = None
    message: str | None = None
    fix: str | None = None


class TypeEvaluation(_Part, frozen=True, kw_only=True):
    """The evaluation.

    Attributes:
        v: version of the document's form.
        name: the type.
        version: what people call the version of the type.
        definition: digest of the definition.
        document: digest of the document.
        failure: stable code of why the document could not be judged at all, such as not being
            JSON or a schema that does not compile; no rule was asked then.
        failed: the same for people.
        schema_errors: where the document is not what the schema says, in order of place; no rule
            was asked then.
        rules: what came of each rule, in the order of the definition.
        engines: the engines that were used, with their versions, sorted.
        compliant: whether the document could be judged and the schema and every rule held.

    """

    v: int = _VERSION
    name: str
    version: str | None = None
    definition: str
    document: str
    failure: str | None = None
    failed: str | None = None
    schema_errors: tuple[SchemaError, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    engines: tuple[str, ...] = ()
    compliant: bool

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the document does not comply, for people; empty if it does."""
        whole = () if self.failure is None else (self.failed or self.failure,)
        schema = tuple(f"{each.at or '/'}: {each.message}" for each in self.schema_errors)
        rules = tuple(
            f"{each.id}: {each.message or each.code}"
            for each in self.rules
            if each.outcome is not RuleOutcome.PASS
        )
        return whole + schema + rules

    def encode(self) -> bytes:
        """Write the document in canonical form."""
        return canonical.encode(self)

    @classmethod
    def parse(cls, data: bytes) -> "TypeEvaluation":
        """Read what :meth:`encode` wrote.

        Raises:
            TypeEvaluationError: another document, not in canonical form, or one that calls
                compliant what its own results do not say.

        """
        if len(data) > _MAX_BYTES:
            raise TypeEvaluationError(f"an evaluation of {len(data)} bytes is not read")
        try:
            found = _DECODER.decode(data)
            Digest.parse(found.definition)
            Digest.parse(found.document)
            again = found.encode()
        except (msgspec.MsgspecError, RecursionError, UnicodeError, GatebookError) as error:
            raise TypeEvaluationError(f"not an evaluation: {error}") from None
        if found.v != _VERSION:
            raise TypeEvaluationError(f"an evaluation of version {found.v} is not read")
        if again != data:
            raise TypeEvaluationError("the evaluation is not in canonical form")
        if found.compliant is not found.holds:
            raise TypeEvaluationError("the evaluation calls compliant what its results do not say")
        return found

    @property
    def holds(self) -> bool:
        """Whether the results say that the document complies; nothing asked is never yes."""
        return (
            self.failure is None
            and not self.schema_errors
            and bool(self.engines)
            and all(each.outcome is RuleOutcome.PASS for each in self.rules)
        )


_DECODER: Final = msgspec.json.Decoder(TypeEvaluation)
