"""The neutral component list that every SBOM format is read into.

A document with no components is readable: whether an empty list is acceptable is for the gate to
say. The formats are read in modules of their own; :mod:`gatebook.formats.sbom.read` finds the right
one. What a component is made of is in :mod:`gatebook.formats.sbom.component`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.sbom.component import Component, ConvertedComponent
from gatebook.formats.sbom.parts import Contact, ExternalReference, LicenseClaim, Property

__all__ = [
    "MAX_DEFECTS",
    "Completeness",
    "Component",
    "ConvertedComponent",
    "Defects",
    "Distribution",
    "Sbom",
    "SbomError",
    "SbomFormat",
    "Tool",
]


MAX_DEFECTS: Final = 50


class SbomError(MalformedError):
    """Bytes are not an SBOM that can be read."""

    code = "formats.sbom"


class SbomFormat(StrEnum):
    """The family of formats a component list was read from."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"
    SYFT = "syft"
    GITHUB_SNAPSHOT = "github-dependency-snapshot"


class Defects:
    """Collects where a readable document breaks the rules of its format.

    The first :data:`MAX_DEFECTS` are kept in words; the rest are counted in the last one.
    """

    __slots__ = ("_count", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._count = 0

    def add(self, text: str) -> None:
        """Note one more."""
        self._count += 1
        if len(self._texts) < MAX_DEFECTS:
            self._texts.append(text)

    def texts(self) -> tuple[str, ...]:
        """What was collected."""
        more = self._count - len(self._texts)
        return (*self._texts, f"and {more} more") if more else tuple(self._texts)


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What made a document, or took part in it.

    Attributes:
        name: its name; of SPDX's ``Tool: syft-1.2.0`` what stands before the version.
        version: as written, or ``None``.
        vendor: who makes it, where the format says so.
        written: as the document writes it in one text (SPDX), or ``None``.

    """

    name: str
    version: str | None = None
    vendor: str | None = None
    written: str | None = None

    def __str__(self) -> str:
        return self.written or f"{self.name} {self.version or ''}".strip()


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """A claim about how much is known: CycloneDX's compositions, SPDX 3's ``completeness``.

    Attributes:
        aggregate: ``complete``, ``incomplete``, ``unknown``, ``not_specified``,
            ``incomplete_first_party_only``, … in CycloneDX's words.
        assemblies: refs of components whose parts the claim is about.
        dependencies: refs of components whose dependencies the claim is about.
        vulnerabilities: refs of vulnerabilities whose description the claim is about.

    """

    aggregate: str
    assemblies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """The operating system distribution that packages belong to.

    Attributes:
        id: ``debian``, ``alpine``, …, as in ``/etc/os-release``.
        version: ``VERSION_ID``, as written.
        like: what it is derived from.

    """

    id: str
    version: str | None = None
    like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbom:
    """A component list and what it is a list of.

    Attributes:
        format: the family of formats.
        spec_version: the version of the format, as the document says; empty where the format has
            none to say.
        serial: the document's own identifier.
        doc_version: which edition of that document it is (CycloneDX ``version``).
        name: the document's name (SPDX).
        created: when it was made.
        generators: the tools that made it.
        authors: the people and organisations that made it.
        supplier: who supplies what the document is about, where the document says it for the whole.
        manufacturer: who makes it, likewise.
        lifecycles: in which phase it was made (``build``, ``operations``, …), in CycloneDX's words.
        data_licenses: the licences of the document itself.
        completeness: what it claims about how much it lists.
        subject: the component the document is about, when it says so and it is one.
        roots: refs of all the components it says it is about.
        components: every component, nested ones included. CycloneDX keeps the subject apart; in
            SPDX it is one of the packages, and stays in the list.
        top_level: how many of them are not inside another.
        edges: which components each one depends on, by ref. A ref that is here with nothing is
            known to depend on nothing; of one that is not here nothing is known.
        contains: which components each one contains, by ref.
        services: refs of the services it lists, which are no components and may be depended on.
        relationships: how many relationships the document lists.
        files: how many files it lists (they are not components, except in CycloneDX).
        vulnerabilities: how many vulnerabilities it lists.
        licenses_defined: identifiers of the licences whose text the document brings itself
            (``LicenseRef-…``).
        external_references: what the document as a whole points to.
        properties: what the tool says of the document in words of its own.
        distribution: the operating system distribution its packages are from.
        defects: where the document breaks the rules of its format in what was read; such a value
            is left out. Empty for a sound document. Whether defects are acceptable is for the gate
            to say.

    """

    format: SbomFormat
    spec_version: str
    serial: str | None = None
    doc_version: int | None = None
    name: str | None = None
    created: Instant | None = None
    generators: tuple[Tool, ...] = ()
    authors: tuple[Contact, ...] = ()
    supplier: Contact | None = None
    manufacturer: Contact | None = None
    lifecycles: tuple[str, ...] = ()
    data_licenses: tuple[LicenseClaim, ...] = ()
    completeness: tuple[Completeness, ...] = ()
    subject: Component | None = None
    roots: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    top_level: int = 0
    edges: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    contains: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    services: tuple[str, ...] = ()
    relationships: int = 0
    files: int = 0
    vulnerabilities: int = 0
    licenses_defined: tuple[str, ...] = ()
    external_references: tuple[ExternalReference, ...] = ()
    properties: tuple[Property, ...] = ()
    distribution: Distribution | None = None
    defects: tuple[str, ...] = ()

    @property
    def tools(self) -> tuple[str, ...]:
        """What made it, in words: ``name version``."""
        return tuple(str(tool) for tool in self.generators)

    @property
    def subject_digests(self) -> tuple[Digest, ...]:
        """What the document says it describes, by digest; empty when it does not say.

        From the subject's hashes, and for images from its version or package URL version
        (``pkg:oci/name@sha256:…``), where tools put the manifest digest.
        """
        if self.subject is None:
            return ()
        found = list(self.subject.digests)
        texts = [self.subject.version]
        try:
            purl = self.subject.package_url()
        except MalformedError:
            purl = None
        if purl is not None:
            texts.append(purl.version)
        for text in texts:
            try:
                digest = Digest.parse(text or "")
            except MalformedError:
                continue
            if digest not in found:
                found.append(digest)
        return tuple(found)
