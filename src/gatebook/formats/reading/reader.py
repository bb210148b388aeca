"""The shape every reader of a format has, so that detection and ``inspect`` treat all alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gatebook.canonical import Json
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family

__all__ = ["Reader"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader(Generic[T_co]):
    """One format: how it is recognised, read, counted and checked.

    Attributes:
        format: its name.
        family: what it is evidence of.
        recognises: whether a document claims to be of this format: a look at root keys, the XML
            root or the first line. May raise the :class:`~gatebook.errors.MalformedError` of a
            document that cannot be decoded.
        read: the normal form, read strictly.

            Raises ``MalformedError`` with a stable code for everything that cannot be believed.
        describe: what is in the document, in the keys that ``inspect --json`` prints, counted
            leniently so that a refused document is described as well. Raises ``MalformedError``
            only when there is nothing to count.
        check: whether the document is valid by its format's whole schema; raises
            ``MalformedError`` naming the first places where it is not. ``None``: ``read`` is as
            strict as the schema.
        tolerated: codes of ``check`` for rules that documents in use break so often that breaking
            them makes a document one that does not conform, and not an invalid one.

    """

    format: DocumentFormat
    family: Family
    recognises: Callable[[Document], bool]
    read: Callable[[Document], T_co]
    describe: Callable[[Document], Mapping[str, Json]]
    check: Callable[[Document], None] | None = None
    tolerated: frozenset[str] = frozenset()
