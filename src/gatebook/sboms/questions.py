"""What the elements of standards ask of a document and of a component.

An answer is ``True``, ``False``, or ``None`` where the question does not apply.
"""

import re
from collections.abc import Callable
from typing import Final

from gatebook.formats.sbom.components import Component, Sbom, SbomFormat
from gatebook.formats.sbom.parts import Contact, ContactRole, LicenseSource
from gatebook.sboms.graph import completeness_claims, reach
from gatebook.sboms.identity import has_identifier
from gatebook.sboms.inventory import is_package, refs_of
from gatebook.sboms.licences.expression import (
    ExpressionError,
    LeafKind,
    Licence,
    leaves,
    parse_expression,
)
from gatebook.sboms.licences.known import id_of_name

__all__ = [
    "DISTRIBUTION",
    "NOT_OBSERVED",
    "ORIGINAL",
    "SOURCE",
    "STRONG",
    "URI",
    "creator_or_tool",
    "dependencies_with_completeness",
    "deployable_sha512",
    "distribution_licence",
    "filename",
    "format_of_bsi_20",
    "format_of_bsi_21",
    "graph_resolves",
    "has_reference",
    "in_package",
    "is_licence",
    "is_spdx",
    "is_value",
    "licence_of_fsct",
    "licence_sources",
    "named_people",
    "of_roles",
    "property_of",
    "reachable_contact",
    "root_described",
    "source_hash",
    "supplier",
    "unique_identifier",
]

_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>.]+(?:\.[^@\s<>.]+)+\Z")
_URL: Final = re.compile(r"https?://[A-Za-z0-9\[][^\s<>]*\Z")
URI: Final = re.compile(
    r"(?:https?|ftp|git|ssh|git\+\w+|oci|s3|urn|spdx|file):\S+\Z", re.IGNORECASE
)
_ABSENT: Final = frozenset({"", "noassertion", "none", "unknown"})
DISTRIBUTION: Final = ("distribution", "distribution-intake")
SOURCE: Final = ("vcs", "source-distribution")
STRONG: Final = frozenset(
    {
        *("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"),
        *("blake2b_256", "blake2b_384", "blake2b", "blake3"),
    }
)


def is_value(text: str | None) -> bool:
    """Whether a text says something; NOASSERTION, NONE and unknown do not."""
    return text is not None and text.strip().lower() not in _ABSENT


def reachable_contact(contact: Contact | None) -> bool:
    """Whether somebody can be written to or looked up: an email address or a URL, well-formed."""
    if contact is None:
        return False
    return any(_EMAIL.match(each) for each in contact.emails) or any(
        _URL.match(each) for each in contact.urls
    )


def of_roles(component: Component, *roles: ContactRole) -> bool:
    """Whether somebody in one of the roles can be reached."""
    return any(reachable_contact(each) for each in component.contacts if each.role in roles)


def named_people(sbom: Sbom) -> bool:
    """Whether a person or organisation is named as the author of the document."""
    people = (*sbom.authors, sbom.manufacturer, *(() if is_spdx(sbom) else (sbom.supplier,)))
    return any(
        each is not None and (is_value(each.name) or reachable_contact(each)) for each in people
    )


def is_spdx(sbom: Sbom) -> bool:
    """Whether the document is SPDX of any version."""
    return sbom.format is SbomFormat.SPDX


def creator_or_tool(sbom: Sbom) -> bool:
    """Whether anybody or any tool is named as who made the document."""
    # SPDX 2.3 §6.8: a tool is a creator; NTIA's element is met by any creator.
    return named_people(sbom) or any(is_value(each.name) for each in sbom.generators)


def root_described(sbom: Sbom) -> bool:
    """SPDX: a DESCRIBES of a package; elsewhere: an entry of the root in the graph."""
    if is_spdx(sbom):
        refs = {each.ref for each in sbom.components}
        # A package without an identifier may be the one; that is another element's to say.
        return any(root in refs for root in sbom.roots) or (bool(sbom.roots) and None in refs)
    return reach(sbom).told


def in_package(ask: Callable[[Component], bool]) -> Callable[[Sbom, Component], bool | None]:
    """Ask of packages only; to files and systems the question does not apply."""

    def asked(sbom: Sbom, component: Component) -> bool | None:
        return ask(component) if is_package(sbom, component) else None

    return asked


def supplier(sbom: Sbom, component: Component) -> bool | None:
    """Whether the supplier of a package is named, in the field the format has for it."""
    if not is_package(sbom, component):
        return None
    if is_spdx(sbom):
        # SPDX 2.3 §7.5; the originator (§7.6) is another question.
        return is_value(component.supplier)
    return is_value(component.supplier) or is_value(component.manufacturer)


def unique_identifier(sbom: Sbom, component: Component) -> bool | None:
    """Whether a package has an identifier that is its own."""
    if not is_package(sbom, component):
        return None
    if is_spdx(sbom):
        return bool(component.ref)  # SPDX 2.3 §7.2; what databases know is another element
    return has_identifier(component)


def licence_sources(
    component: Component, sources: frozenset[LicenseSource], *, names: bool
) -> bool:
    """Whether there are licences of some sources, and all of them can be told."""
    claims = [each for each in component.license_claims if each.source in sources]
    return bool(claims) and all(is_licence(each.text, names=names) for each in claims)


def is_licence(text: str, *, names: bool) -> bool:
    """Whether a text is a licence: any words with ``names``, otherwise SPDX or LicenseRef."""
    if not is_value(text):
        return False
    if names or id_of_name(text) is not None:
        return True
    try:
        found = parse_expression(text)
    except ExpressionError:
        return False
    return all(
        (each if isinstance(each, Licence) else each.licence).kind is not LeafKind.UNKNOWN
        and (isinstance(each, Licence) or each.known)
        for each in leaves(found)
    )


_CONCLUDED: Final = frozenset({LicenseSource.CONCLUDED})
ORIGINAL: Final = frozenset({LicenseSource.DECLARED})
NOT_OBSERVED: Final = frozenset(
    {LicenseSource.CONCLUDED, LicenseSource.DECLARED, LicenseSource.UNSTATED}
)
_NOT_DECLARED: Final = frozenset({LicenseSource.CONCLUDED, LicenseSource.UNSTATED})


def licence_of_fsct(sbom: Sbom, component: Component) -> bool | None:
    """Whether the licence of a package is stated; in SPDX, the concluded one."""
    if not is_package(sbom, component):
        return None
    sources = _CONCLUDED if is_spdx(sbom) else NOT_OBSERVED
    return licence_sources(component, sources, names=True)


def distribution_licence(sbom: Sbom, component: Component) -> bool:
    """Whether the licence it may be used under is stated by identifiers."""
    found = frozenset(each.source for each in component.license_claims)
    # TR-03183-2 v2.1 table 9: "concluded"; before there was only one kind of licence.
    sources = _CONCLUDED if LicenseSource.CONCLUDED in found else _NOT_DECLARED
    del sbom
    return licence_sources(component, sources, names=False)


def deployable_sha512(_sbom: Sbom, component: Component) -> bool:
    """Whether the SHA-512 of its file is given, with it or with its download."""
    pairs = list(component.hashes)
    for reference in component.external_references:
        if reference.type in DISTRIBUTION:
            pairs += reference.hashes
    return any(algorithm == "sha512" for algorithm, _ in pairs)


def filename(_sbom: Sbom, component: Component) -> bool:
    """Whether the name of its file is given."""
    name = component.filename
    return name is not None and is_value(name)


def property_of(name: str, *words: str) -> Callable[[Sbom, Component], bool]:
    """Ask for a property of the BSI's taxonomy with one of its words as the value."""
    accepted = frozenset({*words, "true", "false"})

    def ask(_sbom: Sbom, component: Component) -> bool:
        values = component.property_values(f"bsi:component:{name}")
        return bool(values) and all(each.strip().lower() in accepted for each in values)

    return ask


def graph_resolves(sbom: Sbom) -> bool:
    """There is a graph unless there is nothing it could say, and its ends are components."""
    refs = refs_of(sbom)
    ends = {ref for links in (sbom.edges, sbom.contains) for pair in links.items()
            for ref in (pair[0], *pair[1])}  # fmt: skip
    told = bool(sbom.edges or sbom.contains) or len(refs) <= 1
    return told and ends <= refs


def dependencies_with_completeness(sbom: Sbom) -> Callable[[Component], bool]:
    """Ask whether it is said what a component depends on, and how complete that is."""
    refs, claims = refs_of(sbom), completeness_claims(sbom)

    def ask(component: Component) -> bool:
        ref = component.ref or ""
        ends = (*sbom.edges.get(ref, ()), *sbom.contains.get(ref, ()))
        # CycloneDX 1.6: what depends on nothing has an empty entry. In SPDX 3 a claim is one.
        said = is_spdx(sbom) or ref in sbom.edges or ref in sbom.contains
        return said and claims(ref) is not None and refs.issuperset(ends)

    return ask


def has_reference(*types: str) -> Callable[[Sbom, Component], bool]:
    """Ask for a reference of one of the types to a well-formed address."""

    def ask(_sbom: Sbom, component: Component) -> bool:
        return any(URI.match(each) for each in component.references(*types))

    return ask


def source_hash(_sbom: Sbom, component: Component) -> bool:
    """Whether a strong hash of its source code is given."""
    return any(
        algorithm in STRONG
        for each in component.external_references
        if each.type in SOURCE
        for algorithm, _ in each.hashes
    )


def _at_least(version: str, lowest: tuple[int, ...]) -> bool:
    parts = re.findall(r"\d+", version)[:3]
    return tuple(map(int, parts)) >= lowest


def format_of_bsi_21(sbom: Sbom) -> bool:
    """Whether the format is one that TR-03183-2 version 2.1.0 §4 takes."""
    match sbom.format:
        case SbomFormat.CYCLONEDX:
            return _at_least(sbom.spec_version, (1, 6))
        case SbomFormat.SPDX:
            return _at_least(sbom.spec_version, (3, 0, 1))
        case _:
            return False


def format_of_bsi_20(sbom: Sbom) -> bool:
    """Whether the format is one that TR-03183-2 version 2.0.0 §4 takes."""
    match sbom.format:
        case SbomFormat.CYCLONEDX:
            return _at_least(sbom.spec_version, (1, 5))
        case SbomFormat.SPDX:
            return _at_least(sbom.spec_version, (2, 2))
        case _:
            return False
