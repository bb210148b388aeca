"""Attribute reports (SCAI) v0.2 and v0.3: attributes of an artifact, and evidence for them.

Source: in-toto attestation framework, spec/predicates/scai.md.
"""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.resource_descriptor import ResourceDescriptor

__all__ = ["SCAI_V0_2", "SCAI_V0_3", "Attribute", "AttributeReport", "AttributeReportError"]

SCAI_V0_2: Final = "https://in-toto.io/attestation/scai/attribute-report/v0.2"
SCAI_V0_3: Final = "https://in-toto.io/attestation/scai/v0.3"

_MAX_ATTRIBUTES: Final = 65_536


class AttributeReportError(MalformedError):
    """A predicate is not the attribute report it claims to be."""

    code = "formats.scai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One assertion.

    Attributes:
        attribute: what is asserted, in the producer's words.
        target: what it is about, if not the subject as a whole.
        conditions: when it holds, as canonical JSON text (RFC 8785); ``None`` when always.
        evidence: what it rests on.

    """

    attribute: str
    target: ResourceDescriptor | None = None
    conditions: str | None = None
    evidence: ResourceDescriptor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeReport:
    """Assertions about a subject.

    Attributes:
        predicate_type: :data:`SCAI_V0_2` or :data:`SCAI_V0_3`.
        attributes: what is asserted; at least one.
        producer: what produced the subject.

    """

    predicate_type: str
    attributes: tuple[Attribute, ...]
    producer: ResourceDescriptor | None = None

    @classmethod
    def from_statement(cls, statement: Statement) -> "AttributeReport":
        """Read the predicate of a report.

        Raises:
            MalformedError: another predicate type, no attribute, or a field of the wrong form.

        """
        fields = Fields(statement.predicate, "attribute report", AttributeReportError.code)
        if statement.predicate_type not in {SCAI_V0_2, SCAI_V0_3}:
            raise AttributeReportError(
                f"{statement.predicate_type[:80]!r} is not a SCAI attribute report v0.2 or v0.3"
            )
        # scai.md: "An array of one or more SCAI Attribute Assertions".
        if not 0 < len(fields.array("attributes")) <= _MAX_ATTRIBUTES:
            raise fields.refuse(f"'attributes' must hold 1 to {_MAX_ATTRIBUTES} assertions")
        return cls(
            predicate_type=statement.predicate_type,
            attributes=tuple(_attribute(item) for item in fields.objects("attributes")),
            producer=_descriptor(fields, "producer"),
        )


def _attribute(fields: Fields) -> Attribute:
    conditions = fields.optional_object("conditions")
    return Attribute(
        attribute=fields.text("attribute"),
        target=_descriptor(fields, "target"),
        conditions=None
        if conditions is None
        else canonical.canonicalize(conditions.values).decode("utf-8"),
        evidence=_descriptor(fields, "evidence"),
    )


def _descriptor(fields: Fields, name: str) -> ResourceDescriptor | None:
    found = fields.optional_object(name)
    return None if found is None else ResourceDescriptor.read(found)
