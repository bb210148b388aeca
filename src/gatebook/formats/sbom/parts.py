"""The small records that components and documents are made of.

All of it is ``msgspec.Struct`` of strings and tuples: none can be part of a cycle that the garbage
collector would have to look for. What is called an entry is an object of CycloneDX as written.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec

from gatebook.formats.sbom.hashes import known_pairs
from gatebook.formats.sbom.opaque import Opaque

__all__ = [
    "ABSENT",
    "HASHES",
    "LICENSES",
    "PROPERTIES",
    "REFERENCES",
    "Contact",
    "ContactRole",
    "Entry",
    "EntryDecoder",
    "ExternalReference",
    "HashEntry",
    "LicenseClaim",
    "LicenseEntry",
    "LicenseForm",
    "LicenseSource",
    "NamedLicense",
    "Organization",
    "Person",
    "Property",
    "entries",
]

T = TypeVar("T")


class LicenseForm(StrEnum):
    """How a licence is named."""

    ID = "id"
    NAME = "name"
    EXPRESSION = "expression"


class LicenseSource(StrEnum):
    """Whose word a licence is."""

    DECLARED = "declared"
    CONCLUDED = "concluded"
    OBSERVED = "observed"
    UNSTATED = "unstated"


_SOURCES: Final = {"declared": LicenseSource.DECLARED, "concluded": LicenseSource.CONCLUDED}


class ContactRole(StrEnum):
    """What somebody has to do with a component or a document."""

    SUPPLIER = "supplier"
    MANUFACTURER = "manufacturer"
    ORIGINATOR = "originator"
    AUTHOR = "author"
    PUBLISHER = "publisher"


class LicenseClaim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One statement about the licence of a component.

    Attributes:
        text: an SPDX identifier, an SPDX expression or a name in free words, as written.
        form: which of them the format says it is. SPDX writes everything as an expression.
        source: whose word it is.

    """

    text: str
    form: LicenseForm
    source: LicenseSource = LicenseSource.UNSTATED


class Contact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person or an organisation.

    Attributes:
        role: what they have to do with it.
        name: as written.
        organization: whether it is an organisation; ``None`` where the format does not say.
        emails: where to write to.
        urls: where to read about them.

    """

    role: ContactRole
    name: str | None = None
    organization: bool | None = None
    emails: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An object of CycloneDX; ``None`` where a key is absent."""


class HashEntry(Entry, frozen=True, kw_only=True):
    """``hash``: as written."""

    alg: str | None = None
    content: str | None = None


class NamedLicense(Entry, frozen=True, kw_only=True):
    """``license``: one that is named, not an expression."""

    id: str | None = None
    name: str | None = None
    url: str | None = None
    acknowledgement: str | None = None
    text: Opaque | None = None
    bom_ref: str | None = msgspec.field(default=None, name="bom-ref")
    licensing: Opaque | None = None
    properties: Opaque | None = None


class LicenseEntry(Entry, frozen=True, kw_only=True):
    """``licenseChoice``: a named licence or an expression, never both."""

    license: NamedLicense | None = None
    expression: str | None = None
    acknowledgement: str | None = None
    bom_ref: str | None = msgspec.field(default=None, name="bom-ref")
    expression_details: Opaque | None = msgspec.field(default=None, name="expressionDetails")
    licensing: Opaque | None = None
    properties: Opaque | None = None

    def said(self) -> tuple[tuple[str, LicenseForm], ...]:
        """Every way in which it names a licence; one in a sound document."""
        found = []
        if self.expression is not None:
            found.append((self.expression, LicenseForm.EXPRESSION))
        if self.license is not None:
            if self.license.id is not None:
                found.append((self.license.id, LicenseForm.ID))
            if self.license.name is not None:
                found.append((self.license.name, LicenseForm.NAME))
        return tuple(found)

    def claims(self) -> tuple[LicenseClaim, ...]:
        """What it says; nothing when it says nothing."""
        word = self.acknowledgement or (self.license and self.license.acknowledgement) or ""
        source = _SOURCES.get(word, LicenseSource.UNSTATED)
        return tuple(
            LicenseClaim(text=text, form=form, source=source)
            for text, form in self.said()[:1]
            if text
        )


class ExternalReference(Entry, frozen=True, kw_only=True):
    """Something outside the document that it points to.

    Attributes:
        type: ``vcs``, ``distribution``, ``website``, … in CycloneDX's words where it has one.
        url: where it is.
        comment: as written.

    """

    type: str = ""
    url: str = ""
    comment: str | None = None
    hash_entries: tuple[HashEntry, ...] | None = msgspec.field(default=None, name="hashes")
    properties: Opaque | None = None

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]:
        """``(algorithm, lower-case hex)`` pairs of what is there; malformed ones are left out."""
        return known_pairs((each.alg, each.content) for each in self.hash_entries or ())


class Property(Entry, frozen=True, kw_only=True):
    """Something a tool says in words of its own.

    Attributes:
        name: such as ``aquasecurity:trivy:LayerDigest`` or ``syft:package:type``.
        value: as written; ``None`` where there is none.

    """

    name: str | None = None
    value: str | None = None


class Person(Entry, frozen=True, kw_only=True):
    """``organizationalContact``."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    bom_ref: str | None = msgspec.field(default=None, name="bom-ref")

    def contact(self, role: ContactRole) -> Contact:
        """The person in the normal form."""
        return Contact(
            role=role,
            name=self.name or None,
            organization=False,
            emails=(self.email,) if self.email else (),
        )


class Organization(Entry, frozen=True, kw_only=True):
    """``organizationalEntity``."""

    name: str | None = None
    url: tuple[str, ...] | None = None
    contact: tuple[Person, ...] | None = None
    address: Opaque | None = None
    bom_ref: str | None = msgspec.field(default=None, name="bom-ref")

    def as_contact(self, role: ContactRole) -> Contact:
        """The organisation in the normal form, with the addresses of its people."""
        persons = self.contact or ()
        return Contact(
            role=role,
            name=self.name or next((each.name for each in persons if each.name), None),
            organization=True,
            emails=tuple(each.email for each in persons if each.email),
            urls=tuple(url for url in self.url or () if url),
        )


class EntryDecoder(Generic[T]):
    """Decodes an array of entries that was left undecoded."""

    def __init__(self, kind: type[T]) -> None:
        self.decode: Callable[[msgspec.Raw | bytes], tuple[T, ...] | None] = msgspec.json.Decoder(
            tuple[kind, ...] | None,  # type: ignore[valid-type]  # a type made while running
            dec_hook=Opaque.of,
        ).decode


HASHES: Final = EntryDecoder(HashEntry)
LICENSES: Final = EntryDecoder(LicenseEntry)
REFERENCES: Final = EntryDecoder(ExternalReference)
PROPERTIES: Final = EntryDecoder(Property)


ABSENT: Final = msgspec.Raw(b"")
"""What stands for an array that is not there."""


def entries(decoder: EntryDecoder[T], raw: msgspec.Raw) -> tuple[T, ...]:
    """Decode what a reader has seen to be sound and left undecoded."""
    return () if raw is ABSENT else (decoder.decode(raw) or ())
