"""One component of an SBOM, in the words of the normal form.

The readers make two kinds of it. What CycloneDX says is kept in CycloneDX's own shape
(:mod:`gatebook.formats.sbom.cyclonedx_component`); what the other formats say is turned into a
:class:`ConvertedComponent`. Both answer the same questions, and are equal when they answer alike.
"""

import msgspec

from gatebook.digest import ALGORITHMS, Digest
from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.parts import (
    Contact,
    Entry,
    ExternalReference,
    LicenseClaim,
    LicenseSource,
    Property,
)

__all__ = ["Component", "ConvertedComponent"]


class Component(Entry, frozen=True, kw_only=True):
    """One component of an SBOM.

    Attributes:
        name: its name, with the group or namespace in ``group``; empty when none is given, which is
            a defect.
        type: ``library``, ``application``, … in the words of the format, lower case.
        ref: its identifier within the document (``bom-ref``, ``SPDXID``).
        group: the group, vendor or scope it belongs to.
        version: as written; ``None`` when the document gives none.
        purl: the package URL as written; :meth:`package_url` parses it.
        description: as written.
        scope: ``required``, ``optional`` or ``excluded`` (CycloneDX); ``runtime``, ``dev``,
            ``test``, ``build``, ``optional`` or ``provided`` where the format says what kind of
            dependency it is.
        copyright: as written; NOASSERTION and NONE are absent.
        version_range: a ``vers:`` range in place of a version (CycloneDX 1.7).
        is_external: whether it is expected to be there but is not part (CycloneDX 1.7).

    """

    type: str | None = None
    ref: str | None = msgspec.field(default=None, name="bom-ref")
    name: str = ""
    group: str | None = None
    version: str | None = None
    description: str | None = None
    scope: str | None = None
    purl: str | None = None
    copyright: str | None = None
    version_range: str | None = msgspec.field(default=None, name="versionRange")
    is_external: bool | None = msgspec.field(default=None, name="isExternal")

    def said(self) -> tuple[object, ...]:
        """What it says, whatever way it was written in; two components are compared by it."""
        return (
            *(self.name, self.ref, self.type, self.group, self.version, self.purl, self.scope),
            *(self.cpes, self.hashes, self.license_claims, self.supplier, self.manufacturer),
            *(self.author, self.contacts, self.copyright, self.description, self.identifiers),
            *(self.external_references, self.properties, self.filename, self.source_info),
            *(self.version_range, bool(self.is_external)),
        )

    def __eq__(self, other: object) -> bool:
        return self.said() == other.said() if isinstance(other, Component) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.ref, self.version, self.purl))

    def package_url(self) -> PackageUrl | None:
        """Parse the package URL, or ``None`` when there is none.

        Raises:
            MalformedError: there is one, and it is not a package URL.

        """
        return None if self.purl is None else PackageUrl.parse(self.purl)

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]:
        """``(algorithm, lower-case hex)`` pairs with in-toto's algorithm names.

        Malformed ones are left out, and of an algorithm with two different values both.
        """
        return ()

    @property
    def license_claims(self) -> tuple[LicenseClaim, ...]:
        """Every statement about its licence, with whose word it is; those observed come last."""
        return ()

    @property
    def licenses(self) -> tuple[str, ...]:
        """Identifiers, names or expressions as written; NOASSERTION and NONE are absent.

        Where a document has both (SPDX), what was concluded and not what was declared.
        """
        return ()

    @property
    def external_references(self) -> tuple[ExternalReference, ...]:
        """What the document points to about it."""
        return ()

    @property
    def properties(self) -> tuple[Property, ...]:
        """What the tool says of it in words of its own."""
        return ()

    @property
    def supplier(self) -> str | None:
        """Who supplies it, as written; the publisher where no supplier is given."""
        return None

    @property
    def manufacturer(self) -> str | None:
        """Who makes it (CycloneDX), or whom it originates from (SPDX)."""
        return None

    @property
    def author(self) -> str | None:
        """Who wrote it."""
        return None

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The people and organisations around it, with where they can be reached."""
        return ()

    @property
    def cpes(self) -> tuple[str, ...]:
        """Its names in the Common Platform Enumeration, as written."""
        return ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Further names for it: SWID tag ids, SWHIDs, gitoids, as written."""
        return ()

    @property
    def filename(self) -> str | None:
        """The name of the file it is or comes in."""
        return None

    @property
    def source_info(self) -> str | None:
        """From which source package it was built, as written (SPDX)."""
        return None

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The hashes that identify an artifact."""
        return tuple(Digest(name, text) for name, text in self.hashes if name in ALGORITHMS)

    def property_values(self, name: str) -> tuple[str, ...]:
        """The values of a property, which may come several times."""
        return tuple(
            each.value for each in self.properties if each.name == name and each.value is not None
        )

    def references(self, *types: str) -> tuple[str, ...]:
        """The addresses of what it points to, of the given types."""
        return tuple(each.url for each in self.external_references if each.type in types)


class ConvertedComponent(Component, frozen=True, kw_only=True):
    """A component of a format that says more than CycloneDX, or says it otherwise.

    Attributes:
        hash_pairs: what :attr:`hashes` answers.
        claims: what :attr:`license_claims` answers.
        pointers: what :attr:`external_references` answers.
        notes: what :attr:`properties` answers.
        people: what :attr:`contacts` answers.
        supplied_by: what :attr:`supplier` answers.
        originator: what :attr:`manufacturer` answers.
        writer: what :attr:`author` answers.
        all_cpes: what :attr:`cpes` answers.
        other_names: what :attr:`identifiers` answers.
        file: what :attr:`filename` answers.
        source: what :attr:`source_info` answers.

    """

    hash_pairs: tuple[tuple[str, str], ...] = ()
    claims: tuple[LicenseClaim, ...] = ()
    pointers: tuple[ExternalReference, ...] = ()
    notes: tuple[Property, ...] = ()
    people: tuple[Contact, ...] = ()
    supplied_by: str | None = None
    originator: str | None = None
    writer: str | None = None
    all_cpes: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    file: str | None = None
    source: str | None = None

    hashes = property(lambda self: self.hash_pairs)
    license_claims = property(lambda self: self.claims)
    external_references = property(lambda self: self.pointers)
    properties = property(lambda self: self.notes)
    contacts = property(lambda self: self.people)
    author = property(lambda self: self.writer)
    supplier = property(lambda self: self.supplied_by)
    manufacturer = property(lambda self: self.originator)
    cpes = property(lambda self: self.all_cpes)
    identifiers = property(lambda self: self.other_names)
    filename = property(lambda self: self.file)
    source_info = property(lambda self: self.source)

    @property
    def licenses(self) -> tuple[str, ...]:
        """What was concluded or, where nothing was, what was declared."""
        for source in (LicenseSource.CONCLUDED, LicenseSource.DECLARED, LicenseSource.UNSTATED):
            found = tuple(claim.text for claim in self.claims if claim.source is source)
            if found:
                return found
        return ()
