"""Version ranges in one notation: ``vers:npm/>=1.0.0|<2.0.0`` (package-url/vers-spec, clause 5).

A range is read strictly and printed one way. What it contains is decided by the keys of its type's
scheme; a range of a type without one (``example``, a private type) can be read, not judged.
"""

import enum
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.versions.ecosystem import scheme_of_vers_type
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions, version_key

__all__ = ["Comparator", "Constraint", "VersRange", "VersRangeError"]

_MAX_LENGTH: Final = 1024 * 1024
_SHOWN: Final = 80
_TYPE: Final = re.compile(r"[a-z][a-z0-9.-]*\Z", re.ASCII)
_CONSTRAINT: Final = re.compile(r"(>=|<=|!=|<|>)?([^<>=!*|\s]+)\Z", re.ASCII)
_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_TRIPLET: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
# §5.3.3.2; a space is the one kind of white space that may be there, encoded.
_ENCODED: Final = re.compile(r"[><=!*|% ]|[^\x21-\x7e]")


class VersRangeError(MalformedError):
    """Text is not a version range, or its constraints are not in the order they must have."""

    code = "versions.vers"


class Comparator(enum.Enum):
    """What a constraint says of its version; equality is written as nothing."""

    EQUAL = ""
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="

    @property
    def is_upper(self) -> bool:
        """Whether it ends an interval."""
        return self in _UPPER

    @property
    def is_lower(self) -> bool:
        """Whether it starts an interval."""
        return self in _LOWER

    @property
    def takes_its_version(self) -> bool:
        """Whether the version itself is inside."""
        return self in _CLOSED


_UPPER: Final = frozenset({Comparator.LESS, Comparator.AT_MOST})
_LOWER: Final = frozenset({Comparator.GREATER, Comparator.AT_LEAST})
_CLOSED: Final = frozenset({Comparator.EQUAL, Comparator.AT_MOST, Comparator.AT_LEAST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One comparator and the version it is about, decoded."""

    comparator: Comparator
    version: str

    def __str__(self) -> str:
        return self.comparator.value + _ENCODED.sub(_percent, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersRange:
    """Versions of one type, as constraints in a row.

    Attributes:
        type: the VERS type, mostly that of a package URL.
        constraints: in the order in which they were written; none for ``*``.

    """

    type: str
    constraints: tuple[Constraint, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range without correcting it; its order is for :meth:`validate`.

        Raises:
            VersRangeError: not a range in the form of the specification.

        """
        if len(text) > _MAX_LENGTH or not text.isascii():
            raise VersRangeError("a version range is ASCII text of at most 1 MiB")
        if any(each.isspace() or not each.isprintable() for each in text):
            raise _refuse(text, "white space or a control character", "whitespace")
        scheme, colon, specifier = text.partition(":")
        vers_type, slash, constraints = specifier.partition("/")
        if scheme != "vers" or not colon:
            raise _refuse(text, "it does not begin with vers:", "scheme")
        if not slash or _TYPE.match(vers_type) is None or vers_type == "invalid":
            raise _refuse(text, "its type is not lower-case letters, digits, . and -", "type")
        if constraints == "*":
            return cls(type=vers_type, constraints=())
        if vers_type in {"all", "none"}:
            raise _refuse(text, f"vers:{vers_type}/* is the one form of its type", "constraint")
        if not constraints:
            raise _refuse(text, "it has no constraint", "constraint")
        found = tuple(_constraint(each, text) for each in constraints.split("|"))
        if vers_type == "datetime":
            if "%" in constraints:
                raise _refuse(text, "nothing in an instant may be encoded", "percent")
            for each in found:
                version_key(Scheme.DATETIME, each.version)
        return cls(type=vers_type, constraints=found)

    def __str__(self) -> str:
        return f"vers:{self.type}/{'|'.join(map(str, self.constraints)) or '*'}"

    @property
    def scheme(self) -> Scheme:
        """How the versions of this type are ordered.

        Raises:
            VersRangeError: nobody knows.

        """
        scheme = scheme_of_vers_type(self.type)
        if scheme is None:
            raise VersRangeError(
                f"versions of type {self.type[:_SHOWN]!r} have no known order",
                code="versions.vers-no-order",
            )
        return scheme

    def validate(self) -> None:
        """Check the order and the sequence of the constraints (§5.4).

        Raises:
            VersRangeError: not sorted, a version twice, or comparators that cannot follow another.
            UnorderedVersionError: a version that the type does not know.

        """
        for one, other in pairwise(self.constraints):
            if compare_versions(self.scheme, one.version, other.version) > 0:
                raise _refuse(str(self), f"{other.version!r} is out of order", "unsorted")
        self._refuse_duplicates(self.constraints)
        for one, other in pairwise(_without_unequal(self.constraints)):
            if (other.comparator.is_upper and not one.comparator.is_lower) or (
                one.comparator.is_lower and not other.comparator.is_upper
            ):
                problem = f"{str(other)!r} cannot follow {str(one)!r}"
                raise _refuse(str(self), problem, "sequence")

    def in_order(self) -> Self:
        """The same constraints sorted by version.

        Raises:
            VersRangeError: a version twice, or a type without an order.
            UnorderedVersionError: a version that the type does not know.

        """
        if len(self.constraints) <= 1:
            return self
        key = functools.partial(version_key, self.scheme)
        ordered = sorted(self.constraints, key=lambda each: key(each.version))
        self._refuse_duplicates(ordered)
        return type(self)(type=self.type, constraints=tuple(ordered))

    def simplified(self) -> Self:
        """The same versions by sorted constraints, none of which is covered by another.

        Raises:
            VersRangeError: a version twice, or a type without an order.
            UnorderedVersionError: a version that the type does not know.

        """
        ordered = self.in_order().constraints
        kept: list[Constraint] = []
        for each in _without_unequal(ordered):
            # "=", "<" or "<=" and then "<" or "<=": the later one covers the earlier.
            while each.comparator.is_upper and kept and not kept[-1].comparator.is_lower:
                kept.pop()
            # ">" or ">=" and then "=", ">" or ">=": the earlier one covers the later.
            if kept and kept[-1].comparator.is_lower and not each.comparator.is_upper:
                continue
            kept.append(each)
        remaining = frozenset(kept)
        return type(self)(
            type=self.type,
            constraints=tuple(
                each
                for each in ordered
                if each.comparator is Comparator.NOT_EQUAL or each in remaining
            ),
        )

    def contains(self, version: str) -> bool:
        """Whether a version is in the range; constraints need not be sorted.

        Constraints that only exclude versions leave all others in the range.

        Raises:
            VersRangeError: a version twice, or a type without an order.
            UnorderedVersionError: a version that the type does not know.

        """
        if self.type in {"all", "none"}:
            return self.type == "all"
        scheme = self.scheme
        if not self.constraints:
            version_key(scheme, version)
            return True
        sides = [
            (compare_versions(scheme, version, each.version), each.comparator)
            for each in self.simplified().constraints
        ]
        at = next((comparator for side, comparator in sides if side == 0), None)
        if at is not None:
            return at.takes_its_version
        if all(comparator is Comparator.NOT_EQUAL for _, comparator in sides):
            return True
        # Sorted and simplified, intervals start and end by turns: the version is in one of them if
        # the next bound above it ends an interval, or the last bound of all starts one.
        bounds = [each for each in sides if each[1].is_lower or each[1].is_upper]
        above = next((comparator for side, comparator in bounds if side < 0), None)
        if above is not None:
            return above.is_upper
        return bool(bounds) and bounds[-1][1].is_lower

    def _refuse_duplicates(self, constraints: Iterable[Constraint]) -> None:
        seen: set[bytes] = set()
        for each in constraints:
            key = version_key(self.scheme, each.version)
            if key in seen:
                raise _refuse(str(self), f"version {each.version!r} occurs twice", "duplicate")
            seen.add(key)


def _without_unequal(constraints: Iterable[Constraint]) -> Iterator[Constraint]:
    return (each for each in constraints if each.comparator is not Comparator.NOT_EQUAL)


def _constraint(text: str, whole: str) -> Constraint:
    match = _CONSTRAINT.match(text)
    if match is None:
        raise _refuse(whole, f"{text[:_SHOWN]!r} is not a constraint", "constraint")
    encoded = match[2]
    if "%" not in encoded:
        return Constraint(comparator=Comparator(match[1] or ""), version=encoded)
    if _BROKEN_PERCENT.search(encoded) is not None:
        raise _refuse(whole, "invalid percent-encoding", "percent")
    try:
        version = _TRIPLET.sub(_byte, encoded.encode("ascii")).decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse(whole, "percent-encoded bytes that are not UTF-8", "percent") from None
    if not version.isprintable():
        raise _refuse(whole, "an encoded control character", "percent")
    return Constraint(comparator=Comparator(match[1] or ""), version=version)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8"))


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _refuse(text: str, problem: str, code: str) -> VersRangeError:
    return VersRangeError(
        f"{text[:_SHOWN]!r} is not a version range: {problem}", code=f"versions.vers-{code}"
    )
