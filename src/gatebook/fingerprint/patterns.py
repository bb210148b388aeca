r"""Patterns for names, in the syntax of Go's ``path.Match``, and sets of excluded paths.

``*`` stands for any characters, ``?`` for one, ``[a-z]`` for one of a class, ``[^a-z]`` for one
outside it, ``\x`` for ``x`` itself. None of them crosses ``/``. Names that are not UTF-8 are
compared with each undecodable byte as one character (PEP 383).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatebook.errors import UsageError

__all__ = ["Excludes", "NamePattern", "PatternError"]

_META: Final = frozenset("*?[\\")
_MAX_PATTERN: Final = 4096
_ANY_DEPTH: Final = "**"


class PatternError(UsageError):
    """An exclude pattern cannot be read."""

    code = "fingerprint.pattern"


@dataclass(frozen=True, slots=True)
class _Class:
    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def matches(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) != self.negated


_STAR: Final = None
_ANY: Final = _Class(negated=True, ranges=())


@dataclass(frozen=True, slots=True)
class NamePattern:
    """One compiled pattern; it has to match the whole of a name without ``/``."""

    tokens: tuple[str | _Class | None, ...]

    @classmethod
    def parse(cls, text: str) -> "NamePattern":
        """Compile ``text``.

        Raises:
            PatternError: a bracket is not closed or empty, a range has no end, a backslash stands
                at the end, or it is longer than 4,096 characters.

        """
        if len(text) > _MAX_PATTERN:
            raise PatternError(f"a pattern is longer than {_MAX_PATTERN} characters")
        tokens: list[str | _Class | None] = []
        place = 0
        while place < len(text):
            character = text[place]
            if character == "*":
                if not tokens or tokens[-1] is not _STAR:
                    tokens.append(_STAR)
                place += 1
            elif character == "?":
                tokens.append(_ANY)
                place += 1
            elif character == "[":
                found, place = _read_class(text, place + 1)
                tokens.append(found)
            else:
                literal, place = _read_character(text, place, within_class=False)
                tokens.append(literal)
        return cls(tuple(tokens))

    def matches(self, name: str) -> bool:
        """Whether the whole of ``name`` matches, in time at most length times tokens."""
        at, token, star, star_at = 0, 0, -1, 0
        while at < len(name):
            if token < len(self.tokens):
                current = self.tokens[token]
                if current is _STAR:
                    star, star_at = token, at
                    token += 1
                    continue
                if _matches_one(current, name[at]):
                    at += 1
                    token += 1
                    continue
            if star < 0:
                return False
            star_at += 1
            at, token = star_at, star + 1
        return all(left is _STAR for left in self.tokens[token:])


@dataclass(frozen=True, slots=True)
class Excludes:
    """Paths of a tree that are treated as if they were absent.

    A pattern is matched against the path relative to the root, part by part from the root; ``**``
    as a whole part stands for any number of parts, also none. A directory that matches takes its
    subtree with it.
    """

    patterns: tuple[tuple[NamePattern | None, ...], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Excludes":
        """Compile the patterns.

        Raises:
            PatternError: a pattern is empty, absolute, ends in ``/``, has an empty part, ``.`` or
                ``..``, has ``**`` within a part, would exclude everything, or cannot be read.

        """
        return cls(tuple(cls._parse_one(text) for text in texts))

    @staticmethod
    def _parse_one(text: str) -> tuple[NamePattern | None, ...]:
        parts = text.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise PatternError(
                f"{text[:120]!r} is not an exclude pattern",
                hint="write a path relative to the directory, such as logs or **/*.pyc",
            )
        if any(_ANY_DEPTH in part and part != _ANY_DEPTH for part in parts):
            raise PatternError(f"{text[:120]!r}: '**' must be a whole part of the path")
        if all(part == _ANY_DEPTH for part in parts):
            raise PatternError(f"{text[:120]!r} would exclude everything")
        return tuple(None if part == _ANY_DEPTH else NamePattern.parse(part) for part in parts)

    def match(self, path: tuple[bytes, ...]) -> bool:
        """Whether the entry at ``path``, its names from the root down, is excluded."""
        if not self.patterns:
            return False
        names = [os.fsdecode(name) for name in path]
        return any(_match_parts(pattern, names) for pattern in self.patterns)


def _match_parts(pattern: tuple[NamePattern | None, ...], names: list[str]) -> bool:
    # reachable[i]: the names up to i are covered by the parts seen so far.
    reachable = [True] + [False] * len(names)
    for part in pattern:
        if part is None:
            first = reachable.index(True) if True in reachable else len(reachable)
            reachable = [place >= first for place in range(len(reachable))]
        else:
            reachable = [False] + [
                before and part.matches(name)
                for before, name in zip(reachable[:-1], names, strict=True)
            ]
    return reachable[-1]


def has_meta(text: str) -> bool:
    """Whether ``text`` is more than a literal name."""
    return not _META.isdisjoint(text)


def _matches_one(token: "str | _Class | None", character: str) -> bool:
    if isinstance(token, _Class):
        return token.matches(character)
    return token == character


def _read_class(text: str, place: int) -> tuple[_Class, int]:
    negated = text[place : place + 1] == "^"
    place += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and text[place : place + 1] == "]"):
        low, place = _read_character(text, place, within_class=True)
        high = low
        if text[place : place + 1] == "-":
            high, place = _read_character(text, place + 1, within_class=True)
        ranges.append((low, high))
    return _Class(negated, tuple(ranges)), place + 1


def _read_character(text: str, place: int, *, within_class: bool) -> tuple[str, int]:
    # Go, path/match.go, getEsc: within a class, '-' and ']' need a backslash.
    character = text[place : place + 1]
    if not character or (within_class and character in "-]"):
        raise PatternError(f"{text[:120]!r}: a class is empty or not closed")
    if character == "\\":
        place += 1
        character = text[place : place + 1]
        if not character:
            raise PatternError(f"{text[:120]!r} ends in a backslash")
    return character, place + 1
