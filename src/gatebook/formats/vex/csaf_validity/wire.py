"""The schema of CSAF 2.0 as types (CSAF 2.0 §3, csaf_json_schema.json).

A property nobody knows is allowed everywhere (§6.2.20 only advises against it). ``null`` is never
the same as an absent property here. How many properties or items an object has, and that items
differ, is checked in :mod:`cardinality`.
"""

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

__all__ = [
    "Branch",
    "Csaf",
    "FileHashes",
    "Flag",
    "FullProductName",
    "Group",
    "Head",
    "Involvement",
    "ProductTree",
    "Reference",
    "Relationship",
    "Remediation",
    "Score",
    "Threat",
    "Tracking",
    "Vulnerability",
]

_Text = Annotated[str, Meta(min_length=1)]
_Moment = Annotated[dt.datetime, Meta(tz=True)]
# RFC 3986, appendix A, as far as characters go: an absolute URI.
_Uri = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
        r"(?:#(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?\Z"
    ),
]
# §3.1.5: the well-formed tags of RFC 5646 §2.1, with its two grandfathered ones.
_Language = Annotated[
    str,
    Meta(
        pattern=r"(?i)\A(?:(?:[A-Z]{2,3}(?:-[A-Z]{3}){0,3}|[A-Z]{4,8})(?:-[A-Z]{4})?"
        r"(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-(?:[A-Z0-9]{5,8}|[0-9][A-Z0-9]{3}))*"
        r"(?:-[A-WY-Z0-9](?:-[A-Z0-9]{2,8})+)*(?:-X(?:-[A-Z0-9]{1,8})+)?"
        r"|X(?:-[A-Z0-9]{1,8})+|I-DEFAULT|I-MINGO)\Z"
    ),
]
# §3.1.11: an integer, or a semantic version.
_Version = Annotated[
    str,
    Meta(
        pattern=r"(?a)\A(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
        r"(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
        r"(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
        r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?\Z"
    ),
]
# §3.1.3.3.1. The published pattern is anchored in front only for CPE 2.3 and behind only for 2.2.
_CPE_ATOM = r"(?:[\w.-]|\\[\\*?!\"#$%&'()+,/:;<=>@\[\]^`{|}~])"
_CPE_VALUE = rf"(?:(?:\?*|\*?){_CPE_ATOM}+(?:\?*|\*?)|[*-])"
_Cpe = Annotated[
    str,
    Meta(
        min_length=5,
        pattern=rf"(?a)\Acpe:2\.3:[aho*-](?::{_CPE_VALUE}){{5}}"
        rf"(?::(?:[a-zA-Z]{{2,3}}(?:-(?:[a-zA-Z]{{2}}|[0-9]{{3}}))?|[*-]))(?::{_CPE_VALUE}){{4}}"
        r"|[cC][pP][eE]:/[AHOaho]?(?::[A-Za-z0-9._~%-]*){0,6}\Z",
    ),
]
_Purl = Annotated[_Uri, Meta(min_length=7)]
_Products = Annotated[list[_Text], Meta(min_length=1)]

PublisherCategory = Literal["coordinator", "discoverer", "other", "translator", "user", "vendor"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the document."""


class _Acknowledgment(_Part, frozen=True, kw_only=True):
    names: Annotated[list[_Text], Meta(min_length=1)] | UnsetType = UNSET
    organization: _Text | UnsetType = UNSET
    summary: _Text | UnsetType = UNSET
    urls: Annotated[list[_Uri], Meta(min_length=1)] | UnsetType = UNSET


_Acknowledgments = Annotated[list[_Acknowledgment], Meta(min_length=1)]


class Note(_Part, frozen=True, kw_only=True):
    """A note (§3.1.5)."""

    category: Literal[
        "description", "details", "faq", "general", "legal_disclaimer", "other", "summary"
    ]
    text: _Text
    audience: _Text | UnsetType = UNSET
    title: _Text | UnsetType = UNSET


_Notes = Annotated[list[Note], Meta(min_length=1)]


class Reference(_Part, frozen=True, kw_only=True):
    """A reference; external unless it says otherwise (§3.1.10)."""

    summary: _Text
    url: _Uri
    category: Literal["external", "self"] = "external"


_References = Annotated[list[Reference], Meta(min_length=1)]


class _FileHash(_Part, frozen=True, kw_only=True):
    algorithm: _Text
    value: Annotated[str, Meta(min_length=32, pattern=r"\A[0-9a-fA-F]{32,}\Z")]


class FileHashes(_Part, frozen=True, kw_only=True):
    """The hashes of one file (§3.1.3.3.2)."""

    file_hashes: Annotated[list[_FileHash], Meta(min_length=1)]
    filename: _Text


class _GenericUri(_Part, frozen=True, kw_only=True):
    namespace: _Uri
    uri: _Uri


class Helper(_Part, frozen=True, kw_only=True):
    """What identifies a product outside the document (§3.1.3.3)."""

    cpe: _Cpe | UnsetType = UNSET
    hashes: Annotated[list[FileHashes], Meta(min_length=1)] | UnsetType = UNSET
    model_numbers: _Products | UnsetType = UNSET
    purl: _Purl | UnsetType = UNSET
    sbom_urls: Annotated[list[_Uri], Meta(min_length=1)] | UnsetType = UNSET
    serial_numbers: _Products | UnsetType = UNSET
    skus: _Products | UnsetType = UNSET
    x_generic_uris: Annotated[list[_GenericUri], Meta(min_length=1)] | UnsetType = UNSET


class FullProductName(_Part, frozen=True, kw_only=True):
    """A product with its id (§3.1.3)."""

    name: _Text
    product_id: _Text
    product_identification_helper: Helper | UnsetType = UNSET


class Branch(_Part, frozen=True, kw_only=True):
    """A branch of the product tree (§3.1.2)."""

    category: Literal[
        "architecture",
        "host_name",
        "language",
        "legacy",
        "patch_level",
        "product_family",
        "product_name",
        "product_version",
        "product_version_range",
        "service_pack",
        "specification",
        "vendor",
    ]
    name: _Text
    branches: Annotated[list["Branch"], Meta(min_length=1)] | UnsetType = UNSET
    product: FullProductName | UnsetType = UNSET


class Group(_Part, frozen=True, kw_only=True):
    """Products of which the same is said (§3.2.2.3)."""

    group_id: _Text
    product_ids: Annotated[list[_Text], Meta(min_length=2)]
    summary: _Text | UnsetType = UNSET


class Relationship(_Part, frozen=True, kw_only=True):
    """A product made of two (§3.2.2.4)."""

    category: Literal[
        "default_component_of",
        "external_component_of",
        "installed_on",
        "installed_with",
        "optional_component_of",
    ]
    full_product_name: FullProductName
    product_reference: _Text
    relates_to_product_reference: _Text


class ProductTree(_Part, frozen=True, kw_only=True):
    """Every product the document speaks of (§3.2.2)."""

    branches: Annotated[list[Branch], Meta(min_length=1)] | UnsetType = UNSET
    full_product_names: Annotated[list[FullProductName], Meta(min_length=1)] | UnsetType = UNSET
    product_groups: Annotated[list[Group], Meta(min_length=1)] | UnsetType = UNSET
    relationships: Annotated[list[Relationship], Meta(min_length=1)] | UnsetType = UNSET


class _AggregateSeverity(_Part, frozen=True, kw_only=True):
    text: _Text
    namespace: _Uri | UnsetType = UNSET


class _Tlp(_Part, frozen=True, kw_only=True):
    label: Literal["AMBER", "GREEN", "RED", "WHITE"]
    url: _Uri | UnsetType = UNSET


class _Distribution(_Part, frozen=True, kw_only=True):
    text: _Text | UnsetType = UNSET
    tlp: _Tlp | UnsetType = UNSET


class _Publisher(_Part, frozen=True, kw_only=True):
    category: PublisherCategory
    name: _Text
    namespace: _Uri
    contact_details: _Text | UnsetType = UNSET
    issuing_authority: _Text | UnsetType = UNSET


class _Engine(_Part, frozen=True, kw_only=True):
    name: _Text
    version: _Text | UnsetType = UNSET


class _Generator(_Part, frozen=True, kw_only=True):
    engine: _Engine
    date: _Moment | UnsetType = UNSET


class Revision(_Part, frozen=True, kw_only=True):
    """One version of the document (§3.2.1.12.6)."""

    date: _Moment
    number: _Version
    summary: _Text
    legacy_version: _Text | UnsetType = UNSET


class Tracking(_Part, frozen=True, kw_only=True):
    """Which document it is, and which version of it (§3.2.1.12)."""

    current_release_date: _Moment
    id: Annotated[str, Meta(pattern=r"\A\S(?:.*\S)?\Z")]
    initial_release_date: _Moment
    revision_history: Annotated[list[Revision], Meta(min_length=1)]
    status: Literal["draft", "final", "interim"]
    version: _Version
    aliases: _Products | UnsetType = UNSET
    generator: _Generator | UnsetType = UNSET


class Head(_Part, frozen=True, kw_only=True):
    """What is said of the document itself (§3.2.1)."""

    category: Annotated[str, Meta(pattern=r"\A[^\s\-_.](?:.*[^\s\-_.])?\Z")]
    csaf_version: Literal["2.0"]
    publisher: _Publisher
    title: _Text
    tracking: Tracking
    acknowledgments: _Acknowledgments | UnsetType = UNSET
    aggregate_severity: _AggregateSeverity | UnsetType = UNSET
    distribution: _Distribution | UnsetType = UNSET
    lang: _Language | UnsetType = UNSET
    notes: _Notes | UnsetType = UNSET
    references: _References | UnsetType = UNSET
    source_lang: _Language | UnsetType = UNSET


class _Cwe(_Part, frozen=True, kw_only=True):
    id: Annotated[str, Meta(pattern=r"(?a)\ACWE-[1-9]\d{0,5}\Z")]
    name: _Text


class Flag(_Part, frozen=True, kw_only=True):
    """A machine-readable word about products (§3.2.3.5)."""

    label: Literal[
        "component_not_present",
        "inline_mitigations_already_exist",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_present",
    ]
    date: _Moment | UnsetType = UNSET
    group_ids: _Products | UnsetType = UNSET
    product_ids: _Products | UnsetType = UNSET


class _Id(_Part, frozen=True, kw_only=True):
    system_name: _Text
    text: _Text


class Involvement(_Part, frozen=True, kw_only=True):
    """What a party did about the vulnerability (§3.2.3.8)."""

    party: Literal["coordinator", "discoverer", "other", "user", "vendor"]
    status: Literal[
        "completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open"
    ]
    date: _Moment | UnsetType = UNSET
    summary: _Text | UnsetType = UNSET


class ProductStatus(_Part, frozen=True, kw_only=True):
    """What the vulnerability means for which products (§3.2.3.9)."""

    first_affected: _Products | UnsetType = UNSET
    first_fixed: _Products | UnsetType = UNSET
    fixed: _Products | UnsetType = UNSET
    known_affected: _Products | UnsetType = UNSET
    known_not_affected: _Products | UnsetType = UNSET
    last_affected: _Products | UnsetType = UNSET
    recommended: _Products | UnsetType = UNSET
    under_investigation: _Products | UnsetType = UNSET


class _Restart(_Part, frozen=True, kw_only=True):
    category: Literal[
        "connected",
        "dependencies",
        "machine",
        "none",
        "parent",
        "service",
        "system",
        "vulnerable_component",
        "zone",
    ]
    details: _Text | UnsetType = UNSET


class Remediation(_Part, frozen=True, kw_only=True):
    """What can be done (§3.2.3.12)."""

    category: Literal["mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"]
    details: _Text
    date: _Moment | UnsetType = UNSET
    entitlements: _Products | UnsetType = UNSET
    group_ids: _Products | UnsetType = UNSET
    product_ids: _Products | UnsetType = UNSET
    restart_required: _Restart | UnsetType = UNSET
    url: _Uri | UnsetType = UNSET


class Score(_Part, frozen=True, kw_only=True):
    """A CVSS assessment for some products (§3.2.3.13); its objects are read by test 6.1.8."""

    products: _Products
    cvss_v2: dict[str, Any] | UnsetType = UNSET
    cvss_v3: dict[str, Any] | UnsetType = UNSET


class Threat(_Part, frozen=True, kw_only=True):
    """What the vulnerability leads to (§3.2.3.14)."""

    category: Literal["exploit_status", "impact", "target_set"]
    details: _Text
    date: _Moment | UnsetType = UNSET
    group_ids: _Products | UnsetType = UNSET
    product_ids: _Products | UnsetType = UNSET


class Vulnerability(_Part, frozen=True, kw_only=True):
    """One vulnerability (§3.2.3)."""

    acknowledgments: _Acknowledgments | UnsetType = UNSET
    cve: Annotated[str, Meta(pattern=r"(?a)\ACVE-\d{4}-\d{4,}\Z")] | UnsetType = UNSET
    cwe: _Cwe | UnsetType = UNSET
    discovery_date: _Moment | UnsetType = UNSET
    flags: Annotated[list[Flag], Meta(min_length=1)] | UnsetType = UNSET
    ids: Annotated[list[_Id], Meta(min_length=1)] | UnsetType = UNSET
    involvements: Annotated[list[Involvement], Meta(min_length=1)] | UnsetType = UNSET
    notes: _Notes | UnsetType = UNSET
    product_status: ProductStatus | UnsetType = UNSET
    references: _References | UnsetType = UNSET
    release_date: _Moment | UnsetType = UNSET
    remediations: Annotated[list[Remediation], Meta(min_length=1)] | UnsetType = UNSET
    scores: Annotated[list[Score], Meta(min_length=1)] | UnsetType = UNSET
    threats: Annotated[list[Threat], Meta(min_length=1)] | UnsetType = UNSET
    title: _Text | UnsetType = UNSET


class Csaf(_Part, frozen=True, kw_only=True):
    """A CSAF document."""

    document: Head
    product_tree: ProductTree | UnsetType = UNSET
    vulnerabilities: Annotated[list[Vulnerability], Meta(min_length=1)] | UnsetType = UNSET
