"""What a trusted signer may say: predicate types, repositories, environments, and when.

The scope of a key and of a certificate's identity is written and read the same way.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind
from gatebook.names import EnvironmentName, Pattern, RepositoryUri

__all__ = [
    "SCOPE_FIELDS",
    "Anywhere",
    "Environments",
    "PredicateTypes",
    "Repositories",
    "Scope",
    "TrustRootError",
    "refuse_unknown_fields",
    "types_named",
]

SCOPE_FIELDS: Final = frozenset(
    {"not-before", "not-after", "may-attest", "repositories", "environments"}
)
"""The fields of a trusted signer that make its scope."""

_MAX_LIST: Final = 256


class TrustRootError(MalformedError):
    """A trust root is not one we would act on."""

    code = "trust.malformed-root"


class Anywhere(Enum):
    """A scope that was opened on purpose, with the word ``any``."""

    ANY = "any"


Repositories: TypeAlias = tuple[Pattern, ...] | Anywhere
Environments: TypeAlias = frozenset[EnvironmentName] | Anywhere
PredicateTypes: TypeAlias = frozenset[str] | Anywhere


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a signer is believed about.

    Attributes:
        not_before: the first instant at which it is believed, or ``None``.
        not_after: the last instant at which it is believed, or ``None``; both ends belong to it.
        predicate_types: the predicate type URIs it may attest.
        repositories: the source repositories it may speak about.
        environments: the environments it may speak for.

    """

    not_before: Instant | None = None
    not_after: Instant | None = None
    predicate_types: PredicateTypes
    repositories: Repositories
    environments: Environments

    @classmethod
    def read(cls, fields: Fields) -> "Scope":
        """Read the fields :data:`SCOPE_FIELDS`; the three lists are required.

        Raises:
            MalformedError: a missing, empty or misspelt list, or a validity that ends before it
                begins.

        """
        not_before = fields.optional_instant("not-before")
        not_after = fields.optional_instant("not-after")
        if not_before is not None and not_after is not None and not_after < not_before:
            raise fields.refuse(f"'not-after' {not_after} lies before 'not-before' {not_before}")
        return cls(
            not_before=not_before,
            not_after=not_after,
            predicate_types=_predicate_types(fields),
            repositories=_repositories(fields),
            environments=_environments(fields),
        )

    def covers_predicate(self, predicate_type: str) -> bool:
        """Whether it may attest this type; types are compared exactly: the URI has the version."""
        return self.predicate_types is Anywhere.ANY or predicate_type in self.predicate_types

    def covers_repository(self, repository: RepositoryUri) -> bool:
        """Whether it may speak about ``repository``."""
        if self.repositories is Anywhere.ANY:
            return True
        return any(pattern.matches(str(repository)) for pattern in self.repositories)

    def covers_environment(self, environment: EnvironmentName) -> bool:
        """Whether it may speak for ``environment``."""
        return self.environments is Anywhere.ANY or environment in self.environments


def types_named(text: str) -> frozenset[str] | None:
    """The predicate types somebody means by a type URI or a kind; ``None`` for neither."""
    if "://" in text:
        return frozenset({text})
    try:
        return PREDICATE_TYPES[PredicateKind(text)]
    except ValueError:
        return None


def _predicate_types(fields: Fields) -> frozenset[str]:
    types: set[str] = set()
    for text in _words(fields, "may-attest"):
        named = types_named(text)
        if named is None:
            raise fields.refuse(
                f"'may-attest' names {text[:80]!r}",
                hint=f"use a predicate type URI or one of {', '.join(PredicateKind)}",
            )
        types |= named
    return frozenset(types)


def _repositories(fields: Fields) -> Repositories:
    if fields.values.get("repositories") == Anywhere.ANY.value:
        return Anywhere.ANY
    return tuple(Pattern.parse(text) for text in _listed(fields, "repositories"))


def _environments(fields: Fields) -> Environments:
    if fields.values.get("environments") == Anywhere.ANY.value:
        return Anywhere.ANY
    return frozenset(EnvironmentName.parse(text) for text in _listed(fields, "environments"))


def _listed(fields: Fields, name: str) -> list[str]:
    words = _words(fields, name)
    if Anywhere.ANY.value in words:
        raise fields.refuse(
            f"{name!r} lists the word any", hint=f"write '{name}: any' to open the scope"
        )
    return words


def _words(fields: Fields, name: str) -> list[str]:
    if not fields.has(name):
        raise fields.refuse(f"{name!r} is required; nothing is believed by default")
    values = fields.array(name)
    if not 0 < len(values) <= _MAX_LIST:
        raise fields.refuse(f"{name!r} has {len(values)} members; from 1 to {_MAX_LIST} are read")
    words = [value for value in values if isinstance(value, str) and value]
    if len(words) != len(values):
        raise fields.refuse(f"{name!r} must list non-empty strings")
    return words


def refuse_unknown_fields(fields: Fields, known: Iterable[str]) -> None:
    """Refuse a field that nobody reads: to ignore it would widen what is believed.

    Raises:
        MalformedError: there is one.

    """
    names = set(known)
    unknown = sorted(set(fields.values) - names)
    if unknown:
        raise fields.refuse(
            f"unknown field {unknown[0][:80]!r}", hint=f"known fields: {', '.join(sorted(names))}"
        )
