"""SPDX licence expressions as trees (SPDX 2.3 annex D, SPDX 3.0 annex B), read within bounds.

The tree keeps every branch as it was written: nothing is simplified, so that a verdict can name the
branch that decided it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gatebook.errors import MalformedError
from gatebook.sboms.licences.known import known_ids

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TERMS",
    "AllOf",
    "AnyOf",
    "Expression",
    "ExpressionError",
    "LeafKind",
    "Licence",
    "WithException",
    "leaves",
    "parse_expression",
]

MAX_LENGTH: Final = 16_384
MAX_TERMS: Final = 1_000
MAX_DEPTH: Final = 64

_SHOWN: Final = 60
_TOKEN: Final = re.compile(r"\s*(?:([()])|([A-Za-z0-9.:+_-]+))")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9.-]+\+?\Z")
_REFERENCE: Final = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9._-]+\Z")
_ADDITION: Final = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?AdditionRef-[A-Za-z0-9._-]+\Z")
_WORDS: Final = frozenset({"AND", "OR", "WITH"})


class ExpressionError(MalformedError):
    """Text is not a licence expression, or too large for one."""

    code = "sboms.licence-expression"


class LeafKind(StrEnum):
    """How a licence is known."""

    LISTED = "listed"
    REFERENCE = "reference"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One licence.

    Attributes:
        id: as the SPDX list writes it today, without a final ``+``.
        written: as the document writes it.
        kind: whether it is on the list, defined by a document, or neither.
        or_later: whether any later version may be chosen too.
        deprecated: whether the document uses an identifier that is out of use.

    """

    id: str
    written: str
    kind: LeafKind
    or_later: bool = False
    deprecated: bool = False

    def __str__(self) -> str:
        plus = "+" if self.or_later and not self.id.endswith("-or-later") else ""
        return f"{self.id}{plus}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithException:
    """A licence with something it permits in addition.

    Attributes:
        licence: the licence.
        exception: as the list writes it, or as written where the list does not have it.
        known: whether the list has it.

    """

    licence: Licence
    exception: str
    known: bool

    def __str__(self) -> str:
        return f"{self.licence} WITH {self.exception}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Every one of them holds: ``AND``."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " AND ".join(
            f"({each})" if isinstance(each, AnyOf) else str(each) for each in self.parts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """One of them may be chosen: ``OR``."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Expression = Licence | WithException | AllOf | AnyOf


def leaves(expression: Expression) -> Iterator[Licence | WithException]:
    """Every licence in it, from left to right."""
    match expression:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for each in parts:
                yield from leaves(each)
        case _:
            yield expression


@lru_cache(maxsize=8_192)
def parse_expression(text: str) -> Expression:
    """Read an expression; an identifier that is on no list is kept as unknown.

    Raises:
        ExpressionError: not an expression, or longer, deeper or of more terms than is read.

    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"a licence expression has at most {MAX_LENGTH} characters, found {len(text)}",
            code="sboms.licence-expression-too-large",
        )
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; ``WITH`` binds closer than ``AND``, and that closer than ``OR``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Expression:
        found = self._any_of()
        if self._next != len(self._tokens):
            raise self._refuse(f"{self._tokens[self._next][:_SHOWN]!r} cannot stand there")
        return found

    def _any_of(self) -> Expression:
        parts = [self._all_of()]
        while self._takes("OR"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(parts=tuple(parts))

    def _all_of(self) -> Expression:
        parts = [self._term()]
        while self._takes("AND"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))

    def _term(self) -> Expression:
        if self._takes("("):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._too_large(f"more than {MAX_DEPTH} parentheses inside each other")
            inside = self._any_of()
            if not self._takes(")"):
                raise self._refuse("a parenthesis is not closed")
            self._depth -= 1
            return inside
        licence = self._licence()
        if not self._takes("WITH"):
            return licence
        if not isinstance(licence, Licence):
            raise self._refuse("a licence has two exceptions")
        return self._with_exception(licence)

    def _licence(self) -> Licence | WithException:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._too_large(f"more than {MAX_TERMS} licences")
        return _leaf(self._identifier("a licence"))

    def _with_exception(self, licence: Licence) -> WithException:
        written = self._identifier("an exception")
        ids = known_ids()
        listed = ids.exceptions.get(written.lower())
        current = ids.deprecated.get(written.lower(), listed or written)
        if listed is None and _ADDITION.match(written) is None and written.endswith("+"):
            raise self._refuse(f"{written[:_SHOWN]!r} is no exception")
        return WithException(licence=licence, exception=current, known=listed is not None)

    def _identifier(self, called: str) -> str:
        if self._next == len(self._tokens):
            raise self._refuse(f"it ends where {called} is expected")
        token = self._tokens[self._next]
        shaped = _IDENTIFIER.match(token) or _REFERENCE.match(token) or _ADDITION.match(token)
        if shaped is None or token.upper() in _WORDS:
            raise self._refuse(f"{token[:_SHOWN]!r} stands where {called} is expected")
        self._next += 1
        return token

    def _takes(self, word: str) -> bool:
        # SPDX 3.0 annex B.2: operators are all upper case or all lower case.
        if self._next < len(self._tokens) and self._tokens[self._next] in {word, word.lower()}:
            self._next += 1
            return True
        return False

    def _refuse(self, problem: str) -> ExpressionError:
        return ExpressionError(f"{self._text[:_SHOWN]!r} is not a licence expression: {problem}")

    def _too_large(self, problem: str) -> ExpressionError:
        return ExpressionError(
            f"the licence expression has {problem}", code="sboms.licence-expression-too-large"
        )


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(
                f"{text[:_SHOWN]!r} is not a licence expression: it has a character that none has"
            )
        tokens.append(match[1] or match[2])
        position = match.end()
    return tokens


def _leaf(written: str) -> Licence | WithException:
    if _REFERENCE.match(written):
        return Licence(id=written, written=written, kind=LeafKind.REFERENCE)
    ids = known_ids()
    # Annex D.2: identifiers are compared without regard to case.
    lower = written.lower()
    current = ids.deprecated.get(lower)
    if current is not None and " WITH " in current:
        base, _, exception = current.partition(" WITH ")
        licence = Licence(
            id=base,
            written=written,
            kind=LeafKind.LISTED,
            or_later=base.endswith("-or-later"),
            deprecated=True,
        )
        return WithException(licence=licence, exception=exception, known=True)
    listed = current or ids.licences.get(lower)
    plus = listed is None and lower.endswith("+")
    if plus:
        listed = ids.deprecated.get(lower[:-1]) or ids.licences.get(lower[:-1])
    if listed is None:
        return Licence(
            id=written.removesuffix("+"), written=written, kind=LeafKind.UNKNOWN, or_later=plus
        )
    return Licence(
        id=listed,
        written=written,
        kind=LeafKind.LISTED,
        or_later=plus or listed.endswith("-or-later"),
        deprecated=current is not None,
    )
