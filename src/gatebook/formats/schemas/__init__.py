"""Published JSON Schemas (draft 2020-12) of our own predicates and documents, one file for each.

``approval-v1.json``, ``decision-v1.json``, ``deployment-v1.json`` and ``waiver-v1.json`` say which
predicates are read. A schema cannot say everything: that a waiver ends after it starts, and that a
decision is in canonical form, is checked by the readers alone. ``evidence-type-v1.json`` is the
form of the definition of a custom evidence type.
"""

import pkgutil
from typing import Final

from gatebook.errors import NotFoundError

__all__ = ["DOCUMENT_SCHEMAS", "SCHEMAS", "read_schema"]

SCHEMAS: Final = ("approval-v1", "decision-v1", "deployment-v1", "waiver-v1")
"""The names of the schemas of predicates, as in their file names."""

DOCUMENT_SCHEMAS: Final = ("evidence-type-v1",)
"""The names of the schemas of documents people write, as in their file names."""


def read_schema(name: str) -> bytes:
    """Return a published schema, which is part of the package.

    Raises:
        NotFoundError: there is none of this name.

    """
    known = (*SCHEMAS, *DOCUMENT_SCHEMAS)
    data = pkgutil.get_data(__name__, f"{name}.json") if name in known else None
    if data is None:
        raise NotFoundError(
            f"there is no schema {name[:80]!r}; there are {', '.join(known)}",
            code="formats.no-schema",
        )
    return data
