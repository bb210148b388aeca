"""Artifact rules of in-toto layouts: their syntax, and patterns that mean one thing only.

The rules are those of the in-toto specification v1.0 §4.3.3. A pattern is what every published
implementation reads alike: literal text, ``*`` for any run of characters, ``?`` for any one
character, and ``[abc]`` or ``[a-z]`` for one character of a class. ``*`` and ``?`` match ``/`` too,
as they do in the reference implementation.

The rest differs between implementations and is refused: a negated class is ``[!a]`` to one and
``[^a]`` to the other, so that a rule which disallows for one allows for the other
(GHSA-pmwq-pjrm-6p5r); a backslash escapes for one and stands for itself for the other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from gatebook.errors import MalformedError

__all__ = [
    "ArtifactRule",
    "GlobPattern",
    "LayoutRuleError",
    "MatchRule",
    "PatternRule",
    "RequireRule",
    "RuleKind",
    "Side",
    "read_rule",
    "resolve_parameters",
    "substitute",
]

_MAX_PATTERN: Final = 1024
_MAX_TOKEN: Final = 1024
_MAX_DETOURS: Final = 8
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z0-9_-]{1,64})\}")
_PARAMETER_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CLASS: Final = re.compile(r"[A-Za-z0-9_.+@~]-[A-Za-z0-9_.+@~]|[A-Za-z0-9_.+@~]")


class LayoutRuleError(MalformedError):
    """A rule, a pattern or a parameter of a layout is not one that can mean one thing only."""

    code = "formats.layout-rule"


class Side(StrEnum):
    """Which artifacts of a step a rule looks at."""

    MATERIALS = "materials"
    PRODUCTS = "products"


class RuleKind(StrEnum):
    """The rules that have a pattern and nothing else."""

    CREATE = "create"
    DELETE = "delete"
    MODIFY = "modify"
    ALLOW = "allow"
    DISALLOW = "disallow"


@dataclass(frozen=True, slots=True)
class GlobPattern:
    """A pattern over artifact names; the whole name has to match.

    Attributes:
        text: the pattern as written.

    """

    text: str
    _parts: tuple[str | frozenset[str] | None, ...]

    @classmethod
    def parse(cls, text: str) -> "GlobPattern":
        """Read a pattern.

        Raises:
            LayoutRuleError: empty, too long, or with something implementations read differently.

        """
        if not 0 < len(text) <= _MAX_PATTERN or not text.isprintable():
            raise _pattern_error(text, "expected 1 to 1024 printable characters")
        parts: list[str | frozenset[str] | None] = []
        position = 0
        while position < len(text):
            character = text[position]
            position += 1
            if character == "\\":
                raise _pattern_error(text, "a backslash escapes for some and not for others")
            if character == "[":
                end = text.find("]", position)
                parts.append(_characters(text, text[position:end] if end > 0 else ""))
                position = end + 1
            elif character != "*":
                parts.append("" if character == "?" else character)
            elif not parts or parts[-1] is not None:
                parts.append(None)  # a run of stars means one
        return cls(text, tuple(parts))

    def matches(self, name: str) -> bool:
        """Whether the whole of ``name`` matches, in time that is never exponential."""
        parts, at, star, resume = self._parts, 0, -1, 0
        position = 0
        while position < len(name):
            if at < len(parts) and parts[at] is None:
                star, resume = at, position
                at += 1
            elif at < len(parts) and _fits(parts[at], name[position]):
                at += 1
                position += 1
            elif star >= 0:
                resume += 1
                at, position = star + 1, resume
            else:
                return False
        return all(part is None for part in parts[at:])

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule:
    """``CREATE``, ``DELETE``, ``MODIFY``, ``ALLOW`` or ``DISALLOW`` and a pattern."""

    kind: RuleKind
    pattern: GlobPattern

    def __str__(self) -> str:
        return f"{self.kind.upper()} {self.pattern}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequireRule:
    """``REQUIRE`` and a name, which is literal text (in-toto spec §4.3.3.3)."""

    name: str

    def __str__(self) -> str:
        return f"REQUIRE {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRule:
    """``MATCH pattern [IN prefix] WITH (MATERIALS|PRODUCTS) [IN prefix] FROM step``.

    Attributes:
        pattern: matched against the name without its prefix.
        source_prefix: the directory in the step that has the rule, without a final slash, or "".
        side: which artifacts of the other step.
        target_prefix: the directory in the other step, likewise.
        step: the other step.

    """

    pattern: GlobPattern
    source_prefix: str
    side: Side
    target_prefix: str
    step: str

    def __str__(self) -> str:
        source = f" IN {self.source_prefix}" if self.source_prefix else ""
        target = f" IN {self.target_prefix}" if self.target_prefix else ""
        return f"MATCH {self.pattern}{source} WITH {self.side.upper()}{target} FROM {self.step}"


ArtifactRule: TypeAlias = PatternRule | RequireRule | MatchRule

_PATTERN_RULES: Final[Mapping[str, RuleKind]] = MappingProxyType(
    {str(kind): kind for kind in RuleKind}
)


def read_rule(words: Sequence[str]) -> ArtifactRule:
    """Read one rule from its words; keywords are compared without regard to case.

    Raises:
        LayoutRuleError: an unknown rule, a wrong number of words, or a pattern that is refused.

    """
    shown = " ".join(words)[:160]
    if any(not 0 < len(word) <= _MAX_TOKEN for word in words):
        raise LayoutRuleError(f"the rule {shown!r} has an empty or overlong word")
    match [word.lower() for word in words]:
        case [word, _] if word in _PATTERN_RULES:
            return PatternRule(kind=_PATTERN_RULES[word], pattern=GlobPattern.parse(words[1]))
        case ["require", _]:
            return RequireRule(name=words[1])
        case ["match", _, "with", side, "from", _]:
            return _match(words[1], "", side, "", words[5])
        case ["match", _, "in", _, "with", side, "from", _]:
            return _match(words[1], words[3], side, "", words[7])
        case ["match", _, "with", side, "in", _, "from", _]:
            return _match(words[1], "", side, words[5], words[7])
        case ["match", _, "in", _, "with", side, "in", _, "from", _]:
            return _match(words[1], words[3], side, words[7], words[9])
        case _:
            raise LayoutRuleError(
                f"{shown!r} is not an artifact rule",
                hint="CREATE, DELETE, MODIFY, ALLOW, DISALLOW or REQUIRE with one word, or MATCH "
                "pattern [IN prefix] WITH (MATERIALS|PRODUCTS) [IN prefix] FROM step",
            )


def substitute(text: str, parameters: Mapping[str, str], *, expression: bool = False) -> str:
    """Put the values of ``parameters`` in place of ``{name}``, once, not again in the result.

    A placeholder without a value is refused rather than left standing: a rule that disallows
    ``{name}`` would disallow nothing.

    Args:
        text: one word of a rule or of a command, or an attribute rule.
        parameters: the values by name.
        expression: the text is an attribute rule, where braces may also stand for a map.

    Raises:
        LayoutRuleError: a placeholder without a value; a doubled brace, which one implementation
            reads as an escape and another does not; a name or a value that is not plain text.

    """
    for name, value in parameters.items():
        # A value fills a place; it must not bring wildcards, quotes or placeholders of its own.
        if _PARAMETER_NAME.match(name) is None:
            raise LayoutRuleError(
                f"the parameter {name[:80]!r} is not a name of letters, digits, _ and -",
                code="formats.layout-parameter",
            )
        plain = value.isprintable() and not set(value) & set("*?[]{}\\'\"`")
        if not 0 < len(value) <= _MAX_TOKEN or not plain:
            raise LayoutRuleError(
                f"the value of the parameter {name!r} is not plain text: 1 to 1024 printable "
                "characters without wildcards, braces, quotes and backslashes",
                code="formats.layout-parameter",
            )
    if not expression and ("{{" in text or "}}" in text):
        raise LayoutRuleError(f"{text[:80]!r} doubles a brace", code="formats.layout-parameter")

    def value_of(found: re.Match[str]) -> str:
        if found[1] not in parameters:
            raise LayoutRuleError(
                f"no value is given for the parameter {found[1]!r}",
                code="formats.layout-parameter",
                hint="give every parameter that the layout names",
            )
        return parameters[found[1]]

    return _PLACEHOLDER.sub(value_of, text)


def resolve_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Put parameters into the values of others, as layouts over attestations (ITE-10) have it.

    Raises:
        LayoutRuleError: a value names an unknown parameter, or itself by any detour.

    """
    values = dict(parameters)
    waiting: set[str] = set()
    for _ in range(_MAX_DETOURS):
        waiting = {name for name, text in values.items() if _PLACEHOLDER.search(text)}
        if not waiting:
            return values
        plain = {name: text for name, text in values.items() if name not in waiting}
        for name in waiting:
            if set(_PLACEHOLDER.findall(values[name])) <= plain.keys():
                values[name] = substitute(values[name], plain)
    raise LayoutRuleError(
        "parameters name unknown ones, or each other without end: "
        + ", ".join(sorted(waiting))[:160],
        code="formats.layout-parameter",
    )


def _match(pattern: str, source_prefix: str, side: str, target_prefix: str, step: str) -> MatchRule:
    if side not in set(Side):
        raise LayoutRuleError(f"MATCH … WITH {side[:40]!r}: expected MATERIALS or PRODUCTS")
    return MatchRule(
        pattern=GlobPattern.parse(pattern),
        source_prefix=_prefix(source_prefix),
        side=Side(side),
        target_prefix=_prefix(target_prefix),
        step=step,
    )


def _prefix(text: str) -> str:
    # A prefix is literal text, never a pattern (reference implementation, "to prevent globbing in
    # the prefix"). One final slash may be written or not.
    prefix = text.removesuffix("/")
    if text and (not prefix or prefix.endswith("/") or "\\" in prefix):
        raise LayoutRuleError(f"MATCH … IN {text[:80]!r}: expected a directory such as build/lib")
    return prefix


def _fits(part: str | frozenset[str] | None, character: str) -> bool:
    if isinstance(part, frozenset):
        return character in part
    return part in {"", character}


def _characters(text: str, body: str) -> frozenset[str]:
    if not body or body[0] in "!^":
        raise _pattern_error(text, "a class is [abc] or [a-z]; negated ones are read differently")
    found: set[str] = set()
    position = 0
    while position < len(body):
        item = _CLASS.match(body, position)
        if item is None or item[0][0] > item[0][-1]:
            raise _pattern_error(text, "a class lists letters, digits, _ . + @ ~ and their ranges")
        found.update(map(chr, range(ord(item[0][0]), ord(item[0][-1]) + 1)))
        position = item.end()
    return frozenset(found)


def _pattern_error(text: str, reason: str) -> LayoutRuleError:
    return LayoutRuleError(
        f"the pattern {text[:80]!r} is not read: {reason}", code="formats.layout-pattern"
    )
