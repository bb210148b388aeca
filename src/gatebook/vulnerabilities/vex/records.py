"""What goes into the application of statements, and what comes out."""

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

import msgspec

from gatebook.clock import Duration, Instant
from gatebook.digest import Digest
from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.statement import VexStatement, VexStatus

__all__ = [
    "AliasIndex",
    "AppliedStatement",
    "AuthorRule",
    "AuthorScope",
    "ComponentIdentity",
    "NotApplied",
    "ProductIdentity",
    "Reason",
    "TrustedStatement",
    "VersionRanges",
    "VexFinding",
    "VexRules",
    "VexVerdict",
]


class AliasIndex(Protocol):
    """Knows which identifiers mean the same vulnerability."""

    def aliases_of(self, identifier: str) -> Collection[str]:
        """Every other name of a vulnerability; none for one nobody knows."""
        ...


class VersionRanges(Protocol):
    """Knows which versions a range holds."""

    def contains(self, versions: str, version: str) -> bool | None:
        """Whether a range (``vers:…``) holds a version; ``None`` when that cannot be said."""
        ...


class AuthorScope(StrEnum):
    """In which capacity an author speaks."""

    VENDOR = "vendor"
    OWN = "own"


class AuthorRule(msgspec.Struct, frozen=True, kw_only=True):
    """One author who is believed; there may be several rules for one signer.

    Attributes:
        signer: who has to have signed the document, exactly as the caller names signers.
        scope: whether that is who made the software, or we ourselves.
        speaks_for: package URLs without a version that begin what the author may speak of
            (``pkg:apk/wolfi``), whole segments; empty for everything.

    """

    signer: str
    scope: AuthorScope
    speaks_for: tuple[str, ...] = ()


class VexRules(msgspec.Struct, frozen=True, kw_only=True):
    """What statements have to be like to count.

    Attributes:
        authors: who is believed; nobody when empty.
        max_age: how old a statement may be that suppresses a finding.
        needs_version: whether a suppressing statement has to name a version or a digest of the
            product.
        needs_justification: whether a not-affected has to say why.
        precedence: whose word counts first among those that apply.
        own_may_object: whether our own, newer statement that says affected or under investigation
            stands against an older suppressing one of a vendor.

    """

    authors: tuple[AuthorRule, ...] = ()
    max_age: Duration | None = None
    needs_version: bool = False
    needs_justification: bool = True
    precedence: tuple[AuthorScope, ...] = (AuthorScope.VENDOR, AuthorScope.OWN)
    own_may_object: bool = True


class ComponentIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The component a finding is in.

    Attributes:
        purl: its package URL.
        version: its version, where the package URL has none.
        hashes: ``(algorithm, lower-case hex)`` pairs with in-toto's algorithm names.
        cpes: CPE names.
        bom_links: ``urn:cdx:serial/version#ref`` in component lists that are bound to the artifact.

    """

    purl: PackageUrl | None = None
    version: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    cpes: tuple[str, ...] = ()
    bom_links: tuple[str, ...] = ()


class ProductIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact that is judged, and what it goes by.

    Only what is known of the artifact itself belongs here, not what a document claims of it.

    Attributes:
        digests: of its bytes: manifest, index, file.
        purls: its package URLs.
        version: its version, where the package URLs have none.
        cpes: CPE names of it, and of the platform it is built on.
        names: what it is called, with the version; compared exactly.
        bom_links: ``urn:cdx:serial/version#ref`` of its root, in component lists bound to it.

    """

    digests: tuple[Digest, ...] = ()
    purls: tuple[PackageUrl, ...] = ()
    version: str | None = None
    cpes: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    bom_links: tuple[str, ...] = ()


class VexFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A vulnerability found in a component.

    Attributes:
        vulnerability: its identifier.
        aliases: other names the report gives it.
        component: where it is; ``None`` for one of the product as a whole.

    """

    vulnerability: str
    aliases: tuple[str, ...] = ()
    component: ComponentIdentity | None = None


class TrustedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement, the document it stands in, and who signed that.

    Attributes:
        statement: what is said.
        document: digest of the document's bytes.
        document_time: when the document was last changed.
        signer: who signed the document, as the caller names signers; ``None`` for nobody known.
        is_draft: whether the document says that it is not released.
        replaced_by: digest of a newer version of the document.

    """

    statement: VexStatement
    document: Digest
    document_time: Instant | None = None
    signer: str | None = None
    is_draft: bool = False
    replaced_by: Digest | None = None


class Reason(StrEnum):
    """Why a statement that names the vulnerability does not answer a finding."""

    AUTHOR_UNTRUSTED = "vex.author-untrusted"
    AUTHOR_OUT_OF_SCOPE = "vex.author-out-of-scope"
    DRAFT = "vex.draft"
    DOCUMENT_REPLACED = "vex.document-replaced"
    NO_TIME = "vex.no-time"
    FROM_THE_FUTURE = "vex.from-the-future"
    TOO_OLD = "vex.too-old"
    UNJUSTIFIED = "vex.unjustified"
    NO_PRODUCT = "vex.no-product"
    PRODUCT_UNIDENTIFIED = "vex.product-unidentified"
    PRODUCT_DIFFERS = "vex.product-differs"
    PRODUCT_DIGEST_DIFFERS = "vex.product-digest-differs"
    PRODUCT_VERSION_DIFFERS = "vex.product-version-differs"
    PRODUCT_QUALIFIER_DIFFERS = "vex.product-qualifier-differs"
    COMPONENT_UNIDENTIFIED = "vex.component-unidentified"
    COMPONENT_DIFFERS = "vex.component-differs"
    COMPONENT_VERSION_DIFFERS = "vex.component-version-differs"
    COMPONENT_QUALIFIER_DIFFERS = "vex.component-qualifier-differs"
    VERSION_NOT_COVERED = "vex.version-not-covered"
    VERSION_NOT_EVALUABLE = "vex.version-not-evaluable"
    NOT_SCOPED = "vex.not-scoped"
    FIXED_NEEDS_VERSION = "vex.fixed-needs-version"
    OUTRANKED = "vex.outranked"
    SUPERSEDED = "vex.superseded"


class NotApplied(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that names the vulnerability and does not answer the finding.

    Attributes:
        document: digest of the document.
        pointer: where in it the statement stands.
        status: what it says.
        reason: why it does not apply.
        detail: the same for people: what was expected, what was found.

    """

    document: Digest
    pointer: str
    status: VexStatus
    reason: Reason
    detail: str


class AppliedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The statement that answers a finding.

    Attributes:
        document: digest of the document.
        pointer: where in it the statement stands.
        signer: who signed the document.
        scope: in which capacity.
        status: what it says.
        justification: why, in the words of the format or of the author.
        time: since when it holds.
        versioned: whether it is about a digest, a version or a range of the product.
        matched: the product, and the component if it names one, as the statement names them.

    """

    document: Digest
    pointer: str
    signer: str
    scope: AuthorScope
    status: VexStatus
    justification: str | None
    time: Instant
    versioned: bool
    matched: str


class VexVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What statements make of a finding. It stays a finding either way.

    Attributes:
        applied: the statement that answers it; ``None`` when none does.
        suppressed: whether the finding no longer stands: not affected, or fixed.
        not_applied: every other statement that names the vulnerability, sorted.
        conflicts: where applicable statements contradict each other, and how that was resolved.
        warnings: what about the applied statement deserves a look.

    """

    applied: AppliedStatement | None = None
    suppressed: bool = False
    not_applied: tuple[NotApplied, ...] = ()
    conflicts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
