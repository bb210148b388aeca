"""Our own predicates, each with its published JSON Schema.

in-toto has no predicate for a manual approval, a deployment, a waiver or a decision that denies.
Their schemas are in :mod:`gatebook.formats.schemas`. A field that is not known is refused in all
of them: whoever signed may have meant to limit something by it.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement

__all__ = ["DECISION_V1", "OwnPredicateError", "own_fields", "parsed"]

DECISION_V1: Final = "https://gatebook.dev/predicates/decision/v1"
"""Its predicate is the decision document itself, byte for byte the one that replays."""

_Parsed = TypeVar("_Parsed")


class OwnPredicateError(MalformedError):
    """A statement with one of our own predicate types does not have its form."""

    code = "formats.own-predicate"


def own_fields(
    statement: Statement, predicate_type: str, known: frozenset[str], *, what: str, code: str
) -> Fields:
    """Take the predicate of a statement of one of our own types.

    Raises:
        MalformedError: another predicate type, or a field that is not known.

    """
    fields = Fields(statement.predicate, what, code)
    if statement.predicate_type != predicate_type:
        raise fields.refuse(f"predicate type is {statement.predicate_type[:80]!r}")
    unknown = set(fields.values) - known
    if unknown:
        raise fields.refuse(f"unknown field {min(unknown)[:80]!r}")
    return fields


def parsed(fields: Fields, name: str, parse: Callable[[str], _Parsed]) -> _Parsed | None:
    """Parse the text ``name``; ``None`` when it is absent.

    Raises:
        MalformedError: present and empty, not a string, or not of its form.

    """
    if not fields.has(name):
        return None
    text = fields.text(name)
    try:
        return parse(text)
    except MalformedError as error:
        raise fields.refuse(f"{name!r}: {error.message}") from None
