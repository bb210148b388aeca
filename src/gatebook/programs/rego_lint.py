"""What a Rego policy may not use.

The text is looked at here, before anything runs; the engine's own syntax tree is looked at once
more when it is compiled.
"""

import re
from typing import Final

from gatebook.programs.program import EvaluationError, Program

__all__ = ["check_rego", "refused_reference"]

_QUERY: Final = re.compile(r"data(?:\.[A-Za-z_][A-Za-z_0-9]*)+\Z")
_MAX_MODULES: Final = 1_000

_REFUSED: Final = {
    "http.send": "uses the network",
    "net.lookup_ip_addr": "uses the network",
    "opa.runtime": "reads the environment",
    "rand.intn": "is chance",
    "rego.parse_module": "compiles another policy",
    "strings.count": "counts overlapping matches otherwise than OPA does, and may end the engine",
    "time.now_ns": "reads the clock",
    "trace": "writes a trace",
    "uuid.rfc4122": "is chance",
}
_REFUSED_NAMESPACES: Final = frozenset({"http", "opa", "rand"})

_PIECES: Final = re.compile(
    r"(?P<skip>[ \t\r\n]+|\#[^\n]*)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r'|(?P<string>\$?"(?:[^"\\\n]|\\.)*"|\$?`[^`]*`)'
    r"|(?P<number>[0-9][0-9.]*(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign>[^A-Za-z_0-9])",
    re.DOTALL,
)


def refused_reference(path: tuple[str, ...]) -> str | None:
    """Say why a reference to ``path``, such as ``("time", "now_ns")``, is refused, if it is."""
    if path[0] in _REFUSED_NAMESPACES and len(path) > 1:
        return _REFUSED.get(".".join(path[:2]), "is not deterministic")
    return _REFUSED.get(".".join(path[:2])) or (_REFUSED.get(path[0]) if len(path) == 1 else None)


def check_rego(program: Program) -> None:
    """Refuse policies that use the clock, chance, the network or the environment.

    Raises:
        EvaluationError: ``programs.refused-builtin`` with the name, or ``programs.compile-error``
            for a query that is not the path of a rule.

    """
    if _QUERY.match(program.query) is None:
        raise EvaluationError(
            f"a Rego query is the path of a rule such as data.person.allow, "
            f"found {program.query[:80]!r}",
            code="programs.compile-error",
        )
    if not program.modules or len(program.modules) > _MAX_MODULES:
        raise EvaluationError(
            f"a Rego program has from 1 to {_MAX_MODULES} modules", code="programs.compile-error"
        )
    for name, text in program.modules:
        for path in _references(text):
            reason = refused_reference(path)
            if reason is not None:
                raise EvaluationError(
                    f"{name} uses {'.'.join(path[:2])}, which {reason}",
                    code="programs.refused-builtin",
                    hint="a policy may use its input and its data and nothing else",
                )


def _references(text: str) -> set[tuple[str, ...]]:
    """Every name with what it is asked for: ``a.b`` and ``a["b"]``, where no dot stands before.

    The name of the module itself is none. A name alone is a reference where it is called. Text
    within strings and comments is none.
    """
    pieces = [
        (str(each.lastgroup), each[0])
        for each in _PIECES.finditer(text)
        if each.lastgroup != "skip"
    ]
    found: set[tuple[str, ...]] = set()
    for at, (kind, word) in enumerate(pieces):
        if kind != "name" or (at > 0 and pieces[at - 1][1] in {".", "package"}):
            continue
        following = [*pieces[at + 1 : at + 4], ("", ""), ("", ""), ("", "")]
        if following[0][1] == "." and following[1][0] == "name":
            found.add((word, following[1][1]))
        elif following[0][1] == "[" and following[1][0] == "string" and following[2][1] == "]":
            found.add((word, following[1][1].strip('$"`')))
        elif following[0][1] == "(":
            found.add((word,))
    return found
