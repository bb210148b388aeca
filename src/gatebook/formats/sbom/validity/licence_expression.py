"""Whether a text is a licence expression, and which licences it names (SPDX 2.3 annex D).

One pass over the tokens with a counter for parentheses: an expression of any length or depth costs
no more than its length.
"""

import functools
import re
from enum import Enum, auto
from typing import Final

__all__ = ["MAX_EXPRESSION", "check_expression"]

MAX_EXPRESSION: Final = 65_536

_TOKEN: Final = re.compile(r"\s*(?:([()])|([A-Za-z0-9.:+-]+))")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9.-]+\+?\Z")
_REFERENCE: Final = re.compile(
    r"(?:DocumentRef-[A-Za-z0-9.-]+:)?(?:LicenseRef|AdditionRef)-[A-Za-z0-9.-]+\Z"
)
_OPERATORS: Final = frozenset({"AND", "OR"})


def check_expression(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Look at an expression.

    Returns:
        What is wrong with it (``None`` for nothing), and the ``LicenseRef-…`` and
        ``DocumentRef-…:LicenseRef-…`` that it names, which the document has to define.

    """
    if len(text) > MAX_EXPRESSION:
        return f"longer than {MAX_EXPRESSION} characters", ()
    tokens = _tokens(text)
    if tokens is None:
        return "a character that no licence expression has", ()
    state = _Expression()
    for token in tokens:
        problem = state.take(token)
        if problem is not None:
            return problem, tuple(state.references)
    return state.end(), tuple(state.references)


class _Wants(Enum):
    LICENCE = auto()
    EXCEPTION = auto()
    OPERATOR_OR_WITH = auto()
    OPERATOR = auto()


class _Expression:
    """The state between two tokens."""

    def __init__(self) -> None:
        self.references: list[str] = []
        self._open = 0
        self._wants = _Wants.LICENCE

    def take(self, token: str) -> str | None:
        """Take the next token; what is wrong with it, or ``None``."""
        match self._wants:
            case _Wants.LICENCE:
                return self._licence(token)
            case _Wants.EXCEPTION:
                self._wants = _Wants.OPERATOR
                return None if _is_exception(token) else f"{token[:60]!r} is no licence exception"
            case _:
                return self._operator(token)

    def end(self) -> str | None:
        """What is wrong with the end."""
        complete = self._wants in {_Wants.OPERATOR, _Wants.OPERATOR_OR_WITH} and not self._open
        return None if complete else "it ends before it is complete"

    def _licence(self, token: str) -> str | None:
        if token == "(":  # noqa: S105  # no password
            self._open += 1
            return None
        self._wants = _Wants.OPERATOR_OR_WITH
        if _REFERENCE.match(token):
            self.references.append(token)
            return None
        return _licence_problem(token)

    def _operator(self, token: str) -> str | None:
        if token in _OPERATORS:
            self._wants = _Wants.LICENCE
        elif token == "WITH" and self._wants is _Wants.OPERATOR_OR_WITH:  # noqa: S105
            self._wants = _Wants.EXCEPTION
        elif token == ")" and self._open:  # noqa: S105
            self._open -= 1
            self._wants = _Wants.OPERATOR
        else:
            return f"{token[:60]!r} stands where AND, OR or WITH is expected"
        return None


def _tokens(text: str) -> list[str] | None:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        tokens.append(match[1] or match[2])
        position = match.end()
    return tokens


def _licence_problem(token: str) -> str | None:
    if _IDENTIFIER.match(token) is None or token in {"AND", "OR", "WITH", ")"}:
        return f"{token[:60]!r} stands where a licence is expected"
    if _is_known(token) or _is_known(token.removesuffix("+")):
        return None
    return f"{token[:60]!r} is not on the SPDX licence list"


def _is_exception(token: str) -> bool:
    return _REFERENCE.match(token) is not None or _is_known(token)


def _is_known(identifier: str) -> bool:
    """Whether one of the two lists that are installed has a licence; each is updated alone."""
    from cyclonedx.spdx import fixup_id  # noqa: PLC0415  # heavy

    # Annex D.2: identifiers are matched without case.
    return identifier.lower() in _known() or fixup_id(identifier) is not None


@functools.lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from license_expression import get_spdx_licensing  # type: ignore[import-untyped]  # noqa: PLC0415

    known: set[str] = set()
    for key, symbol in get_spdx_licensing().known_symbols.items():
        known.add(str(key).lower())
        known.update(str(alias).lower() for alias in symbol.aliases)  # deprecated identifiers
    return frozenset(known)
