"""Linked identities: which actors and addresses are one person, for segregation of duties."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.names import Actor
from gatebook.trust.identity import PersonId
from gatebook.trust.root.scope import TrustRootError, refuse_unknown_fields

__all__ = ["Person", "link_people", "read_identifier"]

_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9])?\Z")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}\Z")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Identities that are one person, for segregation of duties.

    Attributes:
        id: what the person is called in decisions; a pseudonym serves.
        actors: the actors that are this person.
        emails: the addresses that are this person, lower-case.

    """

    id: PersonId
    actors: tuple[Actor, ...]
    emails: tuple[str, ...]

    @classmethod
    def read(cls, fields: Fields) -> "Person":
        """Read one member of ``people``.

        Raises:
            MalformedError: an unknown field, a bad id, or nobody linked.

        """
        refuse_unknown_fields(fields, {"id", "actors", "emails"})
        person = PersonId(read_identifier(fields))
        actors = tuple(
            Actor.parse(_word(fields, "actors", item)) for item in fields.array("actors")
        )
        emails = tuple(_word(fields, "emails", item).lower() for item in fields.array("emails"))
        for email in emails:
            if _EMAIL.match(email) is None:
                raise fields.refuse(f"{email[:80]!r} is not an email address")
        if not actors and not emails:
            raise fields.refuse("links no actor and no email")
        return cls(id=person, actors=actors, emails=emails)


def link_people(people: Iterable[Person]) -> dict[Actor | str, PersonId]:
    """Index people by their identities.

    Raises:
        TrustRootError: a person described twice, or an identity that two claim.

    """
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


def read_identifier(fields: Fields) -> str:
    """Read the field ``id``: letters, digits and ``. _ @ -``.

    Raises:
        MalformedError: it is missing, or holds anything else.

    """
    text = fields.text("id")
    if _ID.match(text) is None:
        raise fields.refuse(f"{text[:80]!r} is not an id (letters, digits, . _ @ -)")
    return text


def _word(fields: Fields, name: str, value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise fields.refuse(f"{name!r} must list non-empty strings")
    return value
