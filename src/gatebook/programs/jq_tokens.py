"""The tokens of a jq program: enough of jq's lexer to tell names from text and comments.

Source: jq 1.7, ``src/lexer.l``. Where jq's versions disagree (a comment line that ends with a
backslash goes on in jq 1.7.1 and does not in 1.6), the program is refused rather than guessed.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from gatebook.programs.program import EvaluationError
from gatebook.values import record

__all__ = ["Token", "TokenKind", "jq_tokens"]

_MAX_NESTED_STRINGS: Final = 32

_PIECES: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<field>\.[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<binding>\$(?:[A-Za-z_][A-Za-z_0-9]*::)*[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<name>(?:[A-Za-z_][A-Za-z_0-9]*::)*[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<format>@[A-Za-z0-9_]+)"
    r'|(?P<quote>")'
    r"|(?P<sign>\?//=|\?//|//=|\.\.|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//"
    r"|[.,:;|=<>+\-*/%()\[\]{}?$])"
)
_TEXT: Final = re.compile(r'[^"\\]+|\\[^(]', re.DOTALL)


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    FIELD = "field"
    BINDING = "binding"
    NAME = "name"
    FORMAT = "format"
    STRING = "string"
    SIGN = "sign"


@record
class Token:
    """One token.

    Attributes:
        kind: what it is.
        text: as written, without the dot of a field, the dollar of a binding and the quotes.
        plain: of a string: whether nothing is interpolated and nothing escaped in it.

    """

    kind: TokenKind
    text: str
    plain: bool = True


def jq_tokens(program: str) -> tuple[Token, ...]:
    """Split a program; what a string interpolates follows it, in parentheses.

    Raises:
        EvaluationError: ``programs.compile-error``: a character jq does not know, or a string that
            does not end.

    """
    if "\0" in program:
        raise _refused("holds a NUL character")
    return tuple(_read(program))


def _read(program: str) -> Iterator[Token]:
    at = 0
    parentheses: list[int] = []  # how many are open in each interpolation that is being read
    while at < len(program):
        piece = _PIECES.match(program, at)
        if piece is None:
            raise _refused(f"holds {program[at]!r} at character {at + 1}")
        kind, text, at = str(piece.lastgroup), piece[0], piece.end()
        if kind == "quote":
            at, tokens, inside = _string(program, at)
            yield from tokens
            if inside:
                parentheses.append(0)
            if len(parentheses) > _MAX_NESTED_STRINGS:
                raise _refused("interpolates strings in strings too deeply")
        elif text == ")" and parentheses and parentheses[-1] == 0:
            at, tokens, inside = _string(program, at)
            yield Token(kind=TokenKind.SIGN, text=")")
            yield from tokens
            if not inside:
                parentheses.pop()
        elif kind == "comment":
            if text.rstrip("\r").endswith("\\"):
                raise _refused("has a comment whose line ends with a backslash")
        elif kind != "space":
            if parentheses and text in {"(", ")"}:
                parentheses[-1] += 1 if text == "(" else -1
            yield Token(kind=TokenKind(kind), text=text.lstrip(".$") if kind in _MARKED else text)
    if parentheses:
        raise _refused("has a string that does not end")


_MARKED: Final = frozenset({"field", "binding"})


def _string(program: str, start: int) -> tuple[int, list[Token], bool]:
    """Read on in a string: where it ends or interpolates, the tokens, and whether it did."""
    at = start
    while (piece := _TEXT.match(program, at)) is not None:
        at = piece.end()
    text = program[start:at]
    rest = program[at : at + 2]
    if rest == "\\(":
        found = [
            Token(kind=TokenKind.STRING, text=text, plain=False),
            Token(kind=TokenKind.SIGN, text="("),
        ]
        return at + 2, found, True
    if not rest.startswith('"'):
        raise _refused("has a string that does not end")
    return at + 1, [Token(kind=TokenKind.STRING, text=text, plain="\\" not in text)], False


def _refused(message: str) -> EvaluationError:
    return EvaluationError(f"the jq program {message}", code="programs.compile-error")
