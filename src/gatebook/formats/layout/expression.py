"""Attribute rules of ITE-10 layouts: a closed part of CEL, the Common Expression Language.

A rule is one expression over ``subject``, ``predicateType``, ``predicate`` and ``type``. Read are
literals (strings, numbers, booleans, null, lists), fields and indices, ``==``, ``!=``, ``<``,
``<=``, ``>``, ``>=``, ``in``, ``!``, ``&&``, ``||``, parentheses, ``size(x)``, ``has(a.b)``, and
the methods ``startsWith``, ``endsWith`` and ``contains`` of strings. Everything else of the
language (arithmetic, macros over lists, regular expressions, conversions) is refused as not
evaluable, which is never taken for a yes.

Why not a library: those that exist bring between five and thirteen further packages, or fifty
megabytes of machine code, for a rule format that one prototype uses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError, VerificationError

__all__ = ["AttributeRule", "ExpressionError", "NoClaimError"]

_MAX_TEXT: Final = 4096
_MAX_DEPTH: Final = 12
_MAX_PATH: Final = 16
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?)(?![A-Za-z0-9_.])
      | (?P<string>'(?:[^'\\\n]|\\['"\\nrt])*'|"(?:[^"\\\n]|\\['"\\nrt])*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>==|!=|<=|>=|&&|\|\||[<>!().,\[\]])
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_WORDS: Final[Mapping[str, Json]] = {"true": True, "false": False, "null": None}
_METHODS: Final = frozenset({"startsWith", "endsWith", "contains"})
_VARIABLES: Final = frozenset({"subject", "predicateType", "predicate", "type"})


class ExpressionError(MalformedError):
    """An attribute rule is not one that is evaluated here."""

    code = "formats.layout-expression"


class NoClaimError(VerificationError):
    """The statement does not say what the rule asks about."""

    code = "formats.layout-no-claim"


@dataclass(frozen=True, slots=True)
class _Term:
    """A node: what is done, and with what."""

    verb: str
    value: Json = None
    parts: tuple["_Term", ...] = ()


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One expression that has to be true of a statement.

    Attributes:
        text: the expression as written.

    """

    text: str
    _term: _Term

    @classmethod
    def parse(cls, text: str) -> "AttributeRule":
        """Read an expression.

        Raises:
            ExpressionError: not an expression, or one outside the part of the language read here.

        """
        if not 0 < len(text) <= _MAX_TEXT:
            raise ExpressionError(f"an attribute rule has 1 to {_MAX_TEXT} characters")
        return cls(text, _Parser(text).parse())

    def holds(self, statement: Mapping[str, Json]) -> bool:
        """Whether the expression is true of a statement.

        Args:
            statement: the values of the variables.

        Raises:
            NoClaimError: a field it asks about is not there.
            ExpressionError: it compares what cannot be compared, or is neither true nor false.

        """
        result = _evaluate(self._term, statement)
        if not isinstance(result, bool):
            raise ExpressionError(f"{self.text[:120]!r} is neither true nor false")
        return result


class _Parser:
    """Reads an expression by descent; the depth is bounded."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._refuse(f"not read at character {position + 1}")
            self._tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            position = found.end()
        self._at = 0
        self._depth = 0

    def parse(self) -> _Term:
        term = self._either()
        if self._at != len(self._tokens):
            raise self._refuse(f"unexpected {self._peek()!r}")
        return term

    def _either(self) -> _Term:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._refuse("nested too deep")
        terms = [self._both()]
        while self._take("||"):
            terms.append(self._both())
        self._depth -= 1
        return terms[0] if len(terms) == 1 else _Term("||", None, tuple(terms))

    def _both(self) -> _Term:
        terms = [self._comparison()]
        while self._take("&&"):
            terms.append(self._comparison())
        return terms[0] if len(terms) == 1 else _Term("&&", None, tuple(terms))

    def _comparison(self) -> _Term:
        left = self._negation()
        if self._peek() not in _COMPARISONS:
            return left
        verb = self._next()[1]
        term = _Term(verb, None, (left, self._negation()))
        if self._peek() in _COMPARISONS:
            raise self._refuse("write parentheses between two comparisons")
        return term

    def _negation(self) -> _Term:
        times = 0
        while self._take("!"):
            times += 1
        term = self._member()
        return _Term("!", None, (term,)) if times % 2 else term

    def _member(self) -> _Term:
        term = self._primary()
        links = 0
        while self._peek() in {".", "["}:
            links += 1
            if links > _MAX_PATH:
                raise self._refuse("a path is too long")
            if self._take("["):
                term = _Term("index", None, (term, self._either()))
                self._expect("]")
                continue
            self._expect(".")
            name = self._name()
            if not self._take("("):
                term = _Term("field", name, (term,))
            elif name in _METHODS:
                term = _Term(name, None, (term, self._either()))
                self._expect(")")
            else:
                raise self._refuse(f"the method {name!r} is not evaluated")
        return term

    def _primary(self) -> _Term:
        kind, text = self._next()
        if kind == "number":
            return _Term("value", float(text) if "." in text else int(text))
        if kind == "string":
            return _Term("value", _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), text[1:-1]))
        if text == "(":
            term = self._either()
            self._expect(")")
            return term
        if text == "[":
            return self._list()
        if kind == "name":
            return self._named(text)
        raise self._refuse(f"unexpected {text!r}")

    def _list(self) -> _Term:
        members: list[_Term] = []
        while not self._take("]"):
            if members:
                self._expect(",")
            members.append(self._either())
        return _Term("list", None, tuple(members))

    def _named(self, name: str) -> _Term:
        if name in _WORDS:
            return _Term("value", _WORDS[name])
        if self._take("("):
            if name not in {"size", "has"}:
                raise self._refuse(f"the function {name!r} is not evaluated")
            term = self._either()
            self._expect(")")
            if name == "has" and term.verb != "field":
                raise self._refuse("has() asks about a field")
            return _Term(name, None, (term,))
        if name not in _VARIABLES:
            raise self._refuse(f"the variable {name!r} is not known")
        return _Term("variable", name)

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name" or text in {*_WORDS, "in"}:
            raise self._refuse(f"expected the name of a field, found {text!r}")
        return text

    def _peek(self) -> str:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        return text if kind in {"mark", "name"} else ""

    def _take(self, mark: str) -> bool:
        if self._peek() != mark:
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._refuse(f"expected {mark!r}")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._refuse("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _refuse(self, reason: str) -> ExpressionError:
        return ExpressionError(f"the attribute rule {self._text[:120]!r}: {reason}")


def _evaluate(term: _Term, variables: Mapping[str, Json]) -> Json:
    match term.verb:
        case "value":
            return term.value
        case "variable":
            return _lookup(dict(variables), term.value)
        case "&&" | "||":
            return _logical(term, variables)
        case "has":
            holder = _evaluate(term.parts[0].parts[0], variables)
            return str(term.parts[0].value) in _mapping(holder)
        case "field":
            return _lookup(_mapping(_evaluate(term.parts[0], variables)), term.value)
        case verb:
            return _apply(verb, [_evaluate(part, variables) for part in term.parts])


def _apply(verb: str, values: list[Json]) -> Json:  # noqa: PLR0911  # one line for each operator
    match verb, values:
        case "list", _:
            return values
        case "!", [bool(value)]:
            return not value
        case "size", [str() | list() | dict() as value]:
            return len(value)
        case "index", [holder, key]:
            return _member(holder, key)
        case "==" | "!=", [left, right]:
            return _equal(left, right) is (verb == "==")
        case "in", [value, list() as members]:
            return any(_equal(value, member) for member in members)
        case "in", [str(key), dict() as holder]:
            return key in holder
        case "<" | "<=" | ">" | ">=", [left, right]:
            return _ordered(verb, left, right)
        case "startsWith", [str(text), str(part)]:
            return text.startswith(part)
        case "endsWith", [str(text), str(part)]:
            return text.endswith(part)
        case "contains", [str(text), str(part)]:
            return part in text
        case _:
            raise ExpressionError(f"{verb!r} is not defined for these values")


def _member(holder: Json, key: Json) -> Json:
    if isinstance(holder, dict) and isinstance(key, str):
        return _lookup(holder, key)
    if not isinstance(holder, list) or type(key) is not int:
        raise ExpressionError("an index is the name of a field or the number of a member")
    if key >= len(holder):
        raise NoClaimError(f"there is no member {key}")
    return holder[key]


def _logical(term: _Term, variables: Mapping[str, Json]) -> bool:
    # CEL: && and || are commutative, and the deciding side wins over an error on the other.
    deciding = term.verb == "||"
    failure: MalformedError | NoClaimError | None = None
    for part in term.parts:
        try:
            value = _evaluate(part, variables)
            if not isinstance(value, bool):
                raise ExpressionError(f"{term.verb!r} joins what is neither true nor false")
        except (ExpressionError, NoClaimError) as error:
            failure = failure or error
            continue
        if value is deciding:
            return deciding
    if failure is not None:
        raise failure
    return not deciding


def _mapping(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise NoClaimError("a field is asked of something that has none")
    return value


def _lookup(holder: dict[str, Json], key: Json) -> Json:
    name = str(key)
    if name not in holder:
        raise NoClaimError(f"the statement has no {name[:80]!r}")
    return holder[name]


def _equal(left: Json, right: Json) -> bool:
    # Numbers of either kind compare by value; a boolean is no number, and unlike kinds differ.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    return left == right


def _ordered(verb: str, left: Json, right: Json) -> bool:
    match left, right:
        case (bool(), _) | (_, bool()):
            raise ExpressionError(f"{verb!r} does not order booleans here")
        case (int() | float() as first, int() | float() as second):
            below, same = first < second, first == second
        case (str(first_text), str(second_text)):
            below, same = first_text < second_text, first_text == second_text
        case _:
            raise ExpressionError(f"{verb!r} is not defined for these values")
    return {"<": below, "<=": below or same, ">": not below and not same, ">=": not below}[verb]
