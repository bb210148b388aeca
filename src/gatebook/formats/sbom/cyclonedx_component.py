"""A component of CycloneDX, kept in the shape it is written in.

Most documents are CycloneDX, they have tens of thousands of components, and copying each into
another shape takes longer than reading it. Hashes, licences, references and properties are most of
a component's bytes; they stay bytes, seen to be sound by the reader
(:mod:`gatebook.formats.sbom.raw_parts`), and are decoded when somebody asks.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gatebook.formats.sbom.component import Component
from gatebook.formats.sbom.hashes import known_pairs
from gatebook.formats.sbom.opaque import Opaque
from gatebook.formats.sbom.parts import (
    ABSENT,
    HASHES,
    LICENSES,
    PROPERTIES,
    REFERENCES,
    Contact,
    ContactRole,
    ExternalReference,
    LicenseClaim,
    LicenseEntry,
    LicenseSource,
    Organization,
    Person,
    Property,
    entries,
)

__all__ = ["CycloneDxComponent", "let_go"]

_RAW: Final = ("raw_hashes", "raw_licenses", "raw_references", "raw_properties")
_FILENAME: Final = "bsi:component:filename"  # BSI TR-03183-2, property taxonomy for CycloneDX


class CycloneDxComponent(Component, frozen=True, kw_only=True):
    """``component`` of CycloneDX 1.0 to 1.7.

    Attributes:
        components: what is inside it; the list of the document has these as well.
        publisher: who publishes it.
        cpe: its name in the Common Platform Enumeration.
        evidence: how it was found, as written.
        pedigree: what it was made from, as written.

    """

    raw_hashes: msgspec.Raw = msgspec.field(default=ABSENT, name="hashes")
    raw_licenses: msgspec.Raw = msgspec.field(default=ABSENT, name="licenses")
    raw_references: msgspec.Raw = msgspec.field(default=ABSENT, name="externalReferences")
    raw_properties: msgspec.Raw = msgspec.field(default=ABSENT, name="properties")
    components: "tuple[CycloneDxComponent, ...] | None" = None
    author_text: str | None = msgspec.field(default=None, name="author")
    publisher: str | None = None
    cpe: str | None = None
    supplier_entry: Organization | None = msgspec.field(default=None, name="supplier")
    manufacturer_entry: Organization | None = msgspec.field(default=None, name="manufacturer")
    author_entries: tuple[Person, ...] | None = msgspec.field(default=None, name="authors")
    evidence: Opaque | None = None
    pedigree: Opaque | None = None
    swid: Opaque | None = None
    swhid: tuple[str, ...] | None = None
    omnibor_id: tuple[str, ...] | None = msgspec.field(default=None, name="omniborId")
    mime_type: str | None = msgspec.field(default=None, name="mime-type")
    # Looked at only to see that no key in them comes twice.
    modified: Opaque | None = None
    release_notes: Opaque | None = msgspec.field(default=None, name="releaseNotes")
    model_card: Opaque | None = msgspec.field(default=None, name="modelCard")
    data: Opaque | None = None
    crypto_properties: Opaque | None = msgspec.field(default=None, name="cryptoProperties")
    patent_assertions: Opaque | None = msgspec.field(default=None, name="patentAssertions")
    tags: Opaque | None = None
    signature: Opaque | None = None

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]:
        """``(algorithm, lower-case hex)`` pairs with in-toto's algorithm names.

        Malformed ones are left out, and of an algorithm with two different values both.
        """
        return known_pairs((each.alg, each.content) for each in entries(HASHES, self.raw_hashes))

    @property
    def license_claims(self) -> tuple[LicenseClaim, ...]:
        """Every statement about its licence, with whose word it is; those observed come last."""
        stated = entries(LICENSES, self.raw_licenses)
        return (*(claim for each in stated for claim in each.claims()), *_observed(self.evidence))

    @property
    def licenses(self) -> tuple[str, ...]:
        """Identifiers, names or expressions as written; NOASSERTION and NONE are absent.

        Where a document has both (SPDX), what was concluded and not what was declared.
        """
        stated = entries(LICENSES, self.raw_licenses)
        return tuple(claim.text for each in stated for claim in each.claims())

    @property
    def external_references(self) -> tuple[ExternalReference, ...]:
        """What the document points to about it."""
        return entries(REFERENCES, self.raw_references)

    @property
    def properties(self) -> tuple[Property, ...]:
        """What the tool says of it in words of its own."""
        return entries(PROPERTIES, self.raw_properties)

    @property
    def supplier(self) -> str | None:
        """Who supplies it, as written; the publisher where no supplier is given."""
        entry = self.supplier_entry
        return (self.publisher if entry is None else entry.name) or None

    @property
    def manufacturer(self) -> str | None:
        """Who makes it (CycloneDX), or whom it originates from (SPDX)."""
        return (self.manufacturer_entry and self.manufacturer_entry.name) or None

    @property
    def author(self) -> str | None:
        """Who wrote it."""
        names = [self.author_text, *(each.name for each in self.author_entries or ())]
        return ", ".join(name for name in names if name) or None

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The people and organisations around it, with where they can be reached."""
        found = []
        if self.supplier_entry is not None:
            found.append(self.supplier_entry.as_contact(ContactRole.SUPPLIER))
        if self.manufacturer_entry is not None:
            found.append(self.manufacturer_entry.as_contact(ContactRole.MANUFACTURER))
        if self.publisher:
            found.append(Contact(role=ContactRole.PUBLISHER, name=self.publisher))
        if self.author_text:
            found.append(Contact(role=ContactRole.AUTHOR, name=self.author_text))
        found.extend(each.contact(ContactRole.AUTHOR) for each in self.author_entries or ())
        return tuple(found)

    @property
    def cpes(self) -> tuple[str, ...]:
        """Its names in the Common Platform Enumeration, as written."""
        return (self.cpe,) if self.cpe else ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Further names for it: SWID tag ids, SWHIDs, gitoids, as written."""
        tag = self.swid.value.get("tagId") if self.swid and type(self.swid.value) is dict else None
        found = (*(self.swhid or ()), *(self.omnibor_id or ()))
        return (*found, tag) if isinstance(tag, str) and tag else found

    @property
    def filename(self) -> str | None:
        """The name of the file it is or comes in."""
        if self.raw_properties is ABSENT:
            return None
        return next(iter(self.property_values(_FILENAME)), None)

    @property
    def source_info(self) -> str | None:
        """From which source package it was built, as written (SPDX)."""
        return None


def _observed(evidence: Opaque | None) -> tuple[LicenseClaim, ...]:
    """The licences that were found in a component (``evidence.licenses``)."""
    found: Any = evidence.value if evidence is not None else None
    listed = found.get("licenses") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        return ()
    try:
        entries = msgspec.convert(listed, list[LicenseEntry], dec_hook=Opaque.of)
    except msgspec.ValidationError:
        return ()
    return tuple(
        msgspec.structs.replace(claim, source=LicenseSource.OBSERVED)
        for each in entries
        for claim in each.claims()
    )


def let_go(found: Iterable[CycloneDxComponent]) -> None:
    """Copy what is left undecoded, so that the bytes components were decoded from can go."""
    for each in found:
        for name in _RAW:
            raw = getattr(each, name)
            if raw is not ABSENT:
                msgspec.structs.force_setattr(each, name, raw.copy())
        let_go(each.components or ())
