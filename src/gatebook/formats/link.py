"""The in-toto link predicate v0.3: what a step ran, and what went into it.

Source: in-toto attestation framework, spec/predicates/link.md. Links as layouts use them, in every
wrapping, are read by :mod:`gatebook.formats.layout.links`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.resource_descriptor import ResourceDescriptor, read_descriptors

__all__ = ["LINK_V0_3", "LinkPredicate", "LinkPredicateError"]

LINK_V0_3: Final = "https://in-toto.io/attestation/link/v0.3"


class LinkPredicateError(MalformedError):
    """A statement is not the link it claims to be."""

    code = "formats.link"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPredicate:
    """One step; its products are the subjects of the statement.

    Attributes:
        name: the step.
        command: what was run; empty if that is not said.
        materials: what went in; each with a name of its own and a digest.
        byproducts: what else came of it, as canonical JSON text (RFC 8785).
        environment: what it ran in, as canonical JSON text (RFC 8785).

    """

    name: str
    command: tuple[str, ...] = ()
    materials: tuple[ResourceDescriptor, ...] = ()
    byproducts: str = "{}"
    environment: str = "{}"

    @classmethod
    def from_statement(cls, statement: Statement) -> "LinkPredicate":
        """Read the predicate of a link.

        Raises:
            MalformedError: another predicate type, a field that is missing or of the wrong form,
                or materials or subjects that share a name or have none.

        """
        fields = Fields(statement.predicate, "link", LinkPredicateError.code)
        if statement.predicate_type != LINK_V0_3:
            raise LinkPredicateError(f"{statement.predicate_type[:80]!r} is not a link v0.3")
        command = fields.array("command")
        if not all(isinstance(word, str) for word in command):
            raise fields.refuse("'command' must list strings")
        materials = read_descriptors(fields, "materials")
        if any(item.digests is None for item in materials):
            raise fields.refuse("each of 'materials' must have a digest")
        _check_names(fields, "materials", (item.name for item in materials))
        _check_names(fields, "subjects", (item.name for item in statement.subjects))
        return cls(
            name=fields.text("name"),
            command=tuple(str(word) for word in command),
            materials=materials,
            byproducts=_opaque(fields, "byproducts"),
            environment=_opaque(fields, "environment"),
        )


def _check_names(fields: Fields, what: str, names: Iterable[str | None]) -> None:
    # link.md: "name" MUST be set, and unique among the materials and among the subjects.
    seen: set[str] = set()
    for name in names:
        if not name or name in seen:
            raise fields.refuse(f"the {what} must each have a name of their own")
        seen.add(name)


def _opaque(fields: Fields, name: str) -> str:
    found = fields.optional_object(name)
    return canonical.canonicalize({} if found is None else found.values).decode("utf-8")
