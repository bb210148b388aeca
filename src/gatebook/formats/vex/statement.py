"""The normal form that every format of exploitability statements is read into.

A statement joins a vulnerability, products, a status and a time. Who signed the document is not in
it: what a document says of its author is carried as written and believed by nobody here.
"""

from enum import StrEnum
from typing import Final

import msgspec

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = [
    "MAX_STATEMENTS",
    "Justification",
    "VersionClaim",
    "VersionStatus",
    "VexComponent",
    "VexDocument",
    "VexError",
    "VexProduct",
    "VexStatement",
    "VexStatus",
]

MAX_STATEMENTS: Final = 200_000


class VexError(MalformedError):
    """Bytes are not a document of exploitability statements that can be read."""

    code = "formats.vex"


class VexStatus(StrEnum):
    """What a vulnerability means for a product, in one vocabulary for every format."""

    NOT_AFFECTED = "not-affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under-investigation"


class Justification(StrEnum):
    """Why a product is not affected (CISA, *VEX Status Justifications*, June 2022)."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    VULNERABLE_CODE_NOT_PRESENT = "vulnerable_code_not_present"
    VULNERABLE_CODE_NOT_IN_EXECUTE_PATH = "vulnerable_code_not_in_execute_path"
    VULNERABLE_CODE_CANNOT_BE_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
    INLINE_MITIGATIONS_ALREADY_EXIST = "inline_mitigations_already_exist"


class VersionStatus(StrEnum):
    """What is said of one version or range of a product."""

    AFFECTED = "affected"
    UNAFFECTED = "unaffected"
    UNKNOWN = "unknown"


class VersionClaim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a statement says of some versions of its product; exactly one of the two is given.

    Attributes:
        version: one version, as written.
        range: several of them, as written; ``vers:…`` where the author could say it so.
        status: what holds for them.

    """

    version: str | None = None
    range: str | None = None
    status: VersionStatus = VersionStatus.AFFECTED


class VexComponent(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of software as a statement names it; any one identifier names it.

    Attributes:
        purls: package URLs.
        hashes: ``(algorithm, lower-case hex)`` pairs with in-toto's algorithm names.
        cpes: CPE names, as written.
        bom_links: ``urn:cdx:serial/version#ref``: a component of one CycloneDX document.
        other: identifiers of other kinds, and those that could not be parsed, as written.
        name: what people call it.
        version: its version, as written.

    """

    purls: tuple[PackageUrl, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    cpes: tuple[str, ...] = ()
    bom_links: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    name: str | None = None
    version: str | None = None


class VexProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product, and where inside it the vulnerability would be.

    Attributes:
        identity: what names it.
        subcomponents: the parts the statement is about; empty for the product as a whole.
        versions: versions of the product the statement is about; empty for the one named, or any.
        component_versions: the same of the subcomponents.

    """

    identity: VexComponent
    subcomponents: tuple[VexComponent, ...] = ()
    versions: tuple[VersionClaim, ...] = ()
    component_versions: tuple[VersionClaim, ...] = ()


class VexStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement.

    Attributes:
        pointer: where in the document it stands (RFC 6901).
        id: the statement's own identifier.
        vulnerability: the vulnerability's identifier.
        aliases: other names the statement gives it, sorted, without ``vulnerability``.
        products: what it is about; empty where the document leaves that to its envelope.
        status: what it says.
        status_written: the same in the words of the format.
        justification: why a product is not affected.
        justification_written: the same in the words of the format, also where we know no such word.
        impact: the same in the author's words.
        action: what to do about it, in the author's words.
        notes: how the status was found.
        time: since when it holds: the statement's own time, else the document's; ``None`` where
            neither is given, which is a defect.
        supplier: of the product, as written.
        defects: where it breaks the rules of its format.

    """

    pointer: str
    vulnerability: str
    status: VexStatus
    status_written: str
    id: str | None = None
    aliases: tuple[str, ...] = ()
    products: tuple[VexProduct, ...] = ()
    justification: Justification | None = None
    justification_written: str | None = None
    impact: str | None = None
    action: str | None = None
    notes: str | None = None
    time: Instant | None = None
    supplier: str | None = None
    defects: tuple[str, ...] = ()

    @property
    def is_justified(self) -> bool:
        """Whether a reason is given, in a known word or in the author's."""
        return self.justification is not None or bool((self.impact or "").strip())


class VexDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One document.

    Attributes:
        format: what it was read from.
        spec_version: the version of the format.
        id: the document's own identifier.
        author: who the document says wrote it.
        role: in which capacity.
        created: when it was first issued.
        updated: when it was last changed.
        version: the document's own version, as written.
        revision_state: ``draft``, ``interim`` or ``final``, where the format says so.
        distribution: to whom it may be given: the label of the traffic light protocol.
        statements: what it says.
        defects: where the document itself breaks the rules of its format.

    """

    format: DocumentFormat
    spec_version: str
    id: str | None = None
    author: str | None = None
    role: str | None = None
    created: Instant | None = None
    updated: Instant | None = None
    version: str | None = None
    revision_state: str | None = None
    distribution: str | None = None
    statements: tuple[VexStatement, ...] = ()
    defects: tuple[str, ...] = ()

    @property
    def time(self) -> Instant | None:
        """When what it says was last changed."""
        return self.updated or self.created
