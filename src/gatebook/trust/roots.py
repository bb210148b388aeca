"""Trust roots: which keys are believed, for what, where and when, and whose they are.

A trust root is data (YAML or JSON), versioned in the book and named in every decision by the digest
of its bytes. It is read strictly: a misspelt field is refused, because to ignore it would widen
what is believed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats import strict_yaml
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind
from gatebook.names import Actor, EnvironmentName, Pattern, RepositoryUri
from gatebook.trust.identity import PersonId, Signer
from gatebook.trust.keys import PublicKey

__all__ = [
    "TRUST_ROOT_SCHEMA",
    "Anywhere",
    "Environments",
    "Person",
    "Repositories",
    "TrustRoot",
    "TrustRootError",
    "TrustedKey",
]

TRUST_ROOT_SCHEMA: Final = "gatebook/trust-root/v1"

_MAX_BYTES: Final = 1024 * 1024
_MAX_KEYS: Final = 256
_MAX_PEOPLE: Final = 65_536
_MAX_LIST: Final = 256
_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9])?\Z")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}\Z")


class TrustRootError(MalformedError):
    """A trust root is not one we would act on."""

    code = "trust.malformed-root"


class Anywhere(Enum):
    """A scope that was opened on purpose, with the word ``any``."""

    ANY = "any"


Repositories: TypeAlias = tuple[Pattern, ...] | Anywhere
Environments: TypeAlias = frozenset[EnvironmentName] | Anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """One key, and what it is believed about.

    Attributes:
        id: its name in the trust root.
        public_key: the key itself.
        holder: the actor it belongs to.
        person: the person behind the actor, when the root links one.
        not_before: the first instant at which it is believed, or ``None``.
        not_after: the last instant at which it is believed, or ``None``; both ends belong to it.
        predicate_types: the predicate type URIs it may attest.
        repositories: the source repositories it may speak about.
        environments: the environments it may speak for.

    """

    id: str
    public_key: PublicKey
    holder: Actor
    person: PersonId | None
    not_before: Instant | None
    not_after: Instant | None
    predicate_types: frozenset[str]
    repositories: Repositories
    environments: Environments

    @property
    def signer(self) -> Signer:
        """Who this key is, without what it may do."""
        return Signer(
            key_id=self.id,
            spki=self.public_key.spki,
            algorithm=self.public_key.algorithm,
            holder=self.holder,
            person=self.person,
            valid_until=self.not_after,
        )

    def covers_repository(self, repository: RepositoryUri) -> bool:
        """Whether the key may speak about ``repository``."""
        if self.repositories is Anywhere.ANY:
            return True
        return any(pattern.matches(str(repository)) for pattern in self.repositories)

    def covers_environment(self, environment: EnvironmentName) -> bool:
        """Whether the key may speak for ``environment``."""
        return self.environments is Anywhere.ANY or environment in self.environments


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Identities that are one person, for segregation of duties.

    Attributes:
        id: what the person is called in decisions; a pseudonym serves.
        actors: the actors that are this person.
        emails: the addresses that are this person, lower-case.

    """

    id: PersonId
    actors: tuple[Actor, ...]
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRoot:
    """Everything that is believed, as one document.

    Attributes:
        keys: at least one, in the order written.
        people: the linked identities.
        digest: SHA-256 of the bytes it was read from.

    """

    keys: tuple[TrustedKey, ...]
    people: tuple[Person, ...]
    digest: Digest
    _persons: dict[Actor | str, PersonId] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> "TrustRoot":
        """Read a trust root from YAML, or from JSON when the first character is ``{``.

        Raises:
            MalformedError: not strict YAML or JSON; an unknown or missing field; no key; an id or
                a public key twice; a key that is not believed; a validity that ends before it
                begins; an empty or misspelt scope; an identity that two persons claim.

        """
        if data.lstrip(b" \t\r\n").startswith(b"{"):
            decoded = canonical.loads(data, what="trust root", max_bytes=_MAX_BYTES)
        else:
            decoded = strict_yaml.loads(data, what="trust root", max_bytes=_MAX_BYTES)
        root = Fields.of(decoded, what="trust root", code=TrustRootError.code)
        schema = root.optional_text("trust-root")
        if schema != TRUST_ROOT_SCHEMA:
            raise TrustRootError(
                f"expected 'trust-root: {TRUST_ROOT_SCHEMA}', found {str(schema)[:80]!r}"
            )
        _only(root, {"trust-root", "keys", "people"})
        people = tuple(_person(item) for item in _bounded(root, "people", _MAX_PEOPLE))
        persons = _link(people)
        keys = tuple(_key(item, persons) for item in _bounded(root, "keys", _MAX_KEYS))
        if not keys:
            raise TrustRootError("a trust root needs at least one key")
        _refuse_twice("key id", (key.id for key in keys))
        _refuse_twice("public key", (str(key.public_key.spki) for key in keys))
        return cls(keys=keys, people=people, digest=sha256(data), _persons=persons)

    def person_of(self, identity: Actor | str) -> PersonId | None:
        """The person an actor or an email address belongs to, or ``None`` when nobody is linked.

        Addresses are compared without regard to case, actors exactly.
        """
        return self._persons.get(identity.lower() if isinstance(identity, str) else identity)

    def find_key(self, name: str) -> TrustedKey | None:
        """The key with this id or this hex SPKI digest, or ``None``."""
        for key in self.keys:
            if name in {key.id, key.public_key.spki.hex}:
                return key
        return None


_KEY_FIELDS: Final = {
    "id",
    "public-key",
    "holder",
    "not-before",
    "not-after",
    "may-attest",
    "repositories",
    "environments",
}


def _key(fields: Fields, persons: dict[Actor | str, PersonId]) -> TrustedKey:
    _only(fields, _KEY_FIELDS)
    name = _identifier(fields)
    key = Fields(fields.values, f"key {name!r}", fields.code)
    try:
        public = PublicKey.parse(key.text("public-key").encode("utf-8", "replace"))
        holder = Actor.parse(key.optional_text("holder") or f"key#{name}")
    except MalformedError as error:
        raise TrustRootError(
            f"key {name!r}: {error.message}", code=error.code, hint=error.hint
        ) from None
    not_before = key.optional_instant("not-before")
    not_after = key.optional_instant("not-after")
    if not_before is not None and not_after is not None and not_after < not_before:
        raise key.refuse(f"'not-after' {not_after} lies before 'not-before' {not_before}")
    return TrustedKey(
        id=name,
        public_key=public,
        holder=holder,
        person=persons.get(holder),
        not_before=not_before,
        not_after=not_after,
        predicate_types=_predicate_types(key),
        repositories=_repositories(key),
        environments=_environments(key),
    )


def _predicate_types(key: Fields) -> frozenset[str]:
    types: set[str] = set()
    for text in _words(key, "may-attest"):
        if "://" in text:
            types.add(text)
            continue
        try:
            types |= PREDICATE_TYPES[PredicateKind(text)]
        except ValueError:
            raise key.refuse(
                f"'may-attest' names {text[:80]!r}",
                hint=f"use a predicate type URI or one of {', '.join(PredicateKind)}",
            ) from None
    return frozenset(types)


def _repositories(key: Fields) -> Repositories:
    if key.values.get("repositories") == Anywhere.ANY.value:
        return Anywhere.ANY
    return tuple(Pattern.parse(text) for text in _scope(key, "repositories"))


def _environments(key: Fields) -> Environments:
    if key.values.get("environments") == Anywhere.ANY.value:
        return Anywhere.ANY
    return frozenset(EnvironmentName.parse(text) for text in _scope(key, "environments"))


def _scope(key: Fields, name: str) -> list[str]:
    words = _words(key, name)
    if Anywhere.ANY.value in words:
        raise key.refuse(
            f"{name!r} lists the word any", hint=f"write '{name}: any' to open the scope"
        )
    return words


def _words(key: Fields, name: str) -> list[str]:
    if not key.has(name):
        raise key.refuse(f"{name!r} is required; nothing is believed by default")
    values = key.array(name)
    if not 0 < len(values) <= _MAX_LIST:
        raise key.refuse(f"{name!r} has {len(values)} members; from 1 to {_MAX_LIST} are read")
    words = [value for value in values if isinstance(value, str) and value]
    if len(words) != len(values):
        raise key.refuse(f"{name!r} must list non-empty strings")
    return words


def _person(fields: Fields) -> Person:
    _only(fields, {"id", "actors", "emails"})
    person = PersonId(_identifier(fields))
    actors = tuple(Actor.parse(_word(fields, "actors", item)) for item in fields.array("actors"))
    emails = tuple(_word(fields, "emails", item).lower() for item in fields.array("emails"))
    for email in emails:
        if _EMAIL.match(email) is None:
            raise fields.refuse(f"{email[:80]!r} is not an email address")
    if not actors and not emails:
        raise fields.refuse("links no actor and no email")
    return Person(id=person, actors=actors, emails=emails)


def _link(people: Iterable[Person]) -> dict[Actor | str, PersonId]:
    persons: dict[Actor | str, PersonId] = {}
    seen: set[PersonId] = set()
    for person in people:
        if person.id in seen:
            raise TrustRootError(f"the person {person.id!r} is described twice")
        seen.add(person.id)
        identities: tuple[Actor | str, ...] = (*person.actors, *person.emails)
        for identity in identities:
            if identity in persons:
                raise TrustRootError(
                    f"{str(identity)!r} is claimed by {persons[identity]!r} and by {person.id!r}",
                    hint="an identity belongs to one person, and is listed once",
                )
            persons[identity] = person.id
    return persons


def _identifier(fields: Fields) -> str:
    text = fields.text("id")
    if _ID.match(text) is None:
        raise fields.refuse(f"{text[:80]!r} is not an id (letters, digits, . _ @ -)")
    return text


def _word(fields: Fields, name: str, value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise fields.refuse(f"{name!r} must list non-empty strings")
    return value


def _bounded(root: Fields, name: str, limit: int) -> Iterable[Fields]:
    if len(root.array(name)) > limit:
        raise root.refuse(f"{name!r} has more than {limit} members")
    return root.objects(name)


def _only(fields: Fields, known: set[str]) -> None:
    unknown = sorted(set(fields.values) - known)
    if unknown:
        raise fields.refuse(
            f"unknown field {unknown[0][:80]!r}", hint=f"known fields: {', '.join(sorted(known))}"
        )


def _refuse_twice(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise TrustRootError(f"the {what} {value!r} comes twice")
        seen.add(value)
