"""What a jq program may not use, and which fields it takes for granted."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from gatebook.programs.jq_tokens import Token, TokenKind, jq_tokens
from gatebook.programs.program import EvaluationError

__all__ = ["JqPath", "assumed_paths", "check_jq"]

JqPath: TypeAlias = tuple[str | int | None, ...]
"""Keys and positions from the root of the document; ``None`` is each member."""

_REFUSED: Final = {
    "debug": "writes to standard error",
    "env": "reads the environment",
    "get_search_list": "reads where modules are",
    "halt": "ends the engine",
    "halt_error": "ends the engine",
    "import": "reads files",
    "include": "reads files",
    "input": "reads other documents",
    "input_filename": "reads where the document is",
    "input_line_number": "reads where the document is",
    "inputs": "reads other documents",
    "localtime": "depends on the time zone",
    "module": "belongs to a module",
    "modulemeta": "reads files",
    "now": "reads the clock",
    "rand": "is chance",
    "random": "is chance",
    "stderr": "writes to standard error",
    "strflocaltime": "depends on the time zone",
}
_REFUSED_BINDINGS: Final = {
    "ENV": "reads the environment",
    "__loc__": "depends on how the program is written",
    "__prog_args": "reads the arguments of the engine",
}
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}

# With these a program speaks of absence itself, or `.` is not the document in what follows.
_OWN_BUSINESS: Final = frozenset(
    {"has", "in", "if", "try", "reduce", "foreach", "def", "label", "isvalid", "input", "path"}
)


def check_jq(program: str) -> None:
    """Refuse a program that uses anything but its document.

    A name is refused wherever it is called, also where the program defines a function of that
    name; as a field (``.now``) or a key (``{now: 1}``) it is only a name.

    Raises:
        EvaluationError: ``programs.refused-builtin`` or ``programs.compile-error``.

    """
    for token in _called(jq_tokens(program)):
        table = _REFUSED if token.kind is TokenKind.NAME else _REFUSED_BINDINGS
        last = token.text.rpartition("::")[2]
        reason = table.get(last)
        if reason is not None or last != token.text:
            name = token.text if token.kind is TokenKind.NAME else f"${token.text}"
            raise EvaluationError(
                f"the jq program uses {name}, which {reason or 'is of another module'}",
                code="programs.refused-builtin",
                hint="a program may use the document and nothing else",
            )


def _called(tokens: tuple[Token, ...]) -> Iterator[Token]:
    """Names that stand for functions, and bindings; keys of objects are neither."""
    open_ones: list[str] = []
    before = ""
    for token in tokens:
        if token.kind is TokenKind.SIGN:
            if token.text in _OPEN:
                open_ones.append(token.text)
            elif token.text in _OPEN.values() and open_ones:
                open_ones.pop()
        is_key = bool(open_ones) and open_ones[-1] == "{" and before in {"{", ","}
        if token.kind is TokenKind.NAME and not is_key:
            if token.text == "if":  # a term, so that commas in it are not those of the object
                open_ones.append("if")
            elif token.text == "end" and open_ones and open_ones[-1] == "if":
                open_ones.pop()
            yield token
        elif token.kind is TokenKind.BINDING:
            yield token
        before = token.text if token.kind is TokenKind.SIGN else ""


def assumed_paths(program: str) -> tuple[JqPath, ...]:
    """Paths into the document that a program reads without saying what their absence means.

    In jq a field that is absent is ``null``, ``null`` is less than every number, and ``null | not``
    is true: a rule could hold of a document that says nothing. Only paths that surely start at the
    document are named: not those behind ``|``, in the arguments of a function or in an object. A
    path that is followed by ``?``, ``//``, ``== null`` or ``!= null`` is the program's own
    business, and so is everything in a program with ``has``, ``in``, ``if``, ``try``, ``reduce``,
    ``foreach``, ``def`` or ``path``.

    Raises:
        EvaluationError: ``programs.compile-error``.

    """
    tokens = jq_tokens(program)
    names = {each.text for each in tokens if each.kind is TokenKind.NAME}
    if names & _OWN_BUSINESS:
        return ()
    found: dict[JqPath, None] = {}
    rooted: list[bool] = [True]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        starts = token.kind is TokenKind.FIELD or _is(token, ".")
        if starts and not _continues(tokens, at):
            path, at = _path(tokens, at)
            if rooted[-1] and path and not _optional(tokens, at):
                found[path] = None
            continue
        if token.kind is TokenKind.SIGN:
            if token.text in _OPEN:
                rooted.append(rooted[-1] and _groups(tokens, at))
            elif token.text in _OPEN.values():
                if len(rooted) > 1:
                    rooted.pop()
            elif token.text == "|":
                rooted[-1] = False
        at += 1
    return tuple(found)


def _is(token: Token, *signs: str) -> bool:
    return token.kind is TokenKind.SIGN and token.text in signs


def _continues(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the dot at ``at`` goes on from a term before it: ``$x.a``, ``f.a``, ``{…}.a``."""
    if at == 0:
        return False
    before = tokens[at - 1]
    if before.kind is TokenKind.NAME:
        return before.text not in {"and", "or", "as", "then", "else", "elif", "not"}
    return before.kind is not TokenKind.SIGN or before.text in {")", "]", "}", "?", ".."}


def _groups(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the bracket at ``at`` only groups, so that ``.`` is in it what it is around it."""
    if tokens[at].text == "{":
        return False
    if at == 0:
        return True
    before = tokens[at - 1]
    if before.kind is TokenKind.NAME:
        return before.text in {"and", "or"}
    return before.kind is TokenKind.SIGN and before.text not in {")", "]", "}", "?", ".", ".."}


def _path(tokens: tuple[Token, ...], start: int) -> tuple[JqPath, int]:
    """Read ``.a.b[0]["c"][]`` from ``start``: its keys, as far as they are plain, and its end."""
    keys: list[str | int | None] = []
    at = start
    while at < len(tokens):
        token = tokens[at]
        if token.kind is TokenKind.FIELD:
            keys.append(token.text)
            at += 1
        elif _is(token, "."):
            at += 1
            if at < len(tokens) and tokens[at].kind is TokenKind.STRING:
                if not tokens[at].plain:
                    break
                keys.append(tokens[at].text)
                at += 1
        elif _is(token, "[") and at > start:
            step = _index(tokens, at)
            if step is None:
                break
            keys.append(step[0])
            at = step[1]
        else:
            break
    return tuple(keys), at


def _index(tokens: tuple[Token, ...], at: int) -> tuple[str | int | None, int] | None:
    """Read ``[]``, ``["a"]`` or ``[0]``."""
    inside = tokens[at + 1 : at + 3]
    if inside and _is(inside[0], "]"):
        return None, at + 2
    if len(inside) == 2 and _is(inside[1], "]"):  # noqa: PLR2004  # an index and its bracket
        if inside[0].kind is TokenKind.STRING and inside[0].plain:
            return inside[0].text, at + 3
        if inside[0].kind is TokenKind.NUMBER and inside[0].text.isdecimal():
            return int(inside[0].text), at + 3
    return None


def _optional(tokens: tuple[Token, ...], at: int) -> bool:
    after = tokens[at : at + 2]
    if not after:
        return False
    if _is(after[0], "?", "//", "?//"):
        return True
    return (
        len(after) == 2  # noqa: PLR2004  # the comparison and what is compared with
        and _is(after[0], "==", "!=")
        and after[1].kind is TokenKind.NAME
        and after[1].text == "null"
    )
