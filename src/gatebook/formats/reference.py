"""References: the in-toto predicate v0.1 that points to documents about an artifact.

Source: in-toto attestation framework, spec/predicates/reference.md.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.resource_descriptor import ResourceDescriptor, read_descriptors

__all__ = ["REFERENCE_V0_1", "Reference", "ReferencePredicateError"]

REFERENCE_V0_1: Final = "https://in-toto.io/attestation/reference/v0.1"

_MAX_REFERENCES: Final = 4096


class ReferencePredicateError(MalformedError):
    """A predicate is not the reference it claims to be."""

    code = "formats.reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Documents about the subjects as a whole.

    Attributes:
        attester: the system that provides the documents.
        documents: where each is, and of what type; at least one.

    """

    attester: str
    documents: tuple[ResourceDescriptor, ...]

    @classmethod
    def from_statement(cls, statement: Statement) -> "Reference":
        """Read the predicate of a reference.

        Raises:
            MalformedError: another predicate type, no document, or one without its location, media
                type, or any of URI, digest and content.

        """
        fields = Fields(statement.predicate, "reference", ReferencePredicateError.code)
        if statement.predicate_type != REFERENCE_V0_1:
            raise ReferencePredicateError(
                f"{statement.predicate_type[:80]!r} is not a reference v0.1"
            )
        documents = read_descriptors(fields, "references", at_most=_MAX_REFERENCES)
        if not documents:
            raise fields.refuse("'references' must hold at least one document")
        # reference.md: "downloadLocation and mediaType MUST be provided for each".
        if any(item.download_location is None or item.media_type is None for item in documents):
            raise fields.refuse("each of 'references' needs 'downloadLocation' and 'mediaType'")
        return cls(attester=fields.object("attester").text("id"), documents=documents)
