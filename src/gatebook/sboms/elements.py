"""The elements that standards ask for, each as a question about a document or a component.

What one standard means by a word ("author", "supplier") is another element than what the next one
means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatebook.formats.sbom.components import Component, Sbom
from gatebook.formats.sbom.parts import ContactRole
from gatebook.sboms.identity import has_identifier
from gatebook.sboms.questions import (
    DISTRIBUTION,
    NOT_OBSERVED,
    ORIGINAL,
    SOURCE,
    STRONG,
    URI,
    creator_or_tool,
    dependencies_with_completeness,
    deployable_sha512,
    distribution_licence,
    filename,
    format_of_bsi_20,
    format_of_bsi_21,
    graph_resolves,
    has_reference,
    in_package,
    is_licence,
    is_value,
    licence_of_fsct,
    licence_sources,
    named_people,
    of_roles,
    property_of,
    reachable_contact,
    root_described,
    source_hash,
    supplier,
    unique_identifier,
)

__all__ = [
    "ANY_VERSION",
    "ARCHIVE",
    "ASSOCIATED_LICENCE",
    "COMPONENT_DEPENDENCIES",
    "CONCLUDED_LICENCE",
    "COPYRIGHT",
    "CREATOR_CONTACT",
    "DEPLOYABLE_HASH",
    "DEPLOYABLE_URI",
    "DISTRIBUTION_LICENCE",
    "EFFECTIVE_LICENCE",
    "EXECUTABLE",
    "FILENAME",
    "FORMAT_BSI_20",
    "FORMAT_BSI_21",
    "GENERATION_CONTEXT",
    "GRAPH",
    "HASH",
    "LICENCE",
    "NAME",
    "NO_VULNERABILITIES",
    "ORIGINAL_LICENCE",
    "OTHER_IDENTIFIER",
    "PRIMARY_COMPONENT",
    "PRODUCER",
    "PURL",
    "RELATIONSHIPS",
    "SBOM_AUTHOR",
    "SBOM_CREATOR_CONTACT",
    "SBOM_CREATOR_OR_TOOL",
    "SBOM_URI",
    "SECURITY_TXT",
    "SOFTWARE_IDENTIFIER",
    "SOURCE_HASH",
    "SOURCE_URI",
    "STRUCTURED",
    "SUPPLIER",
    "TIMESTAMP",
    "TOOL_NAME",
    "TOOL_VERSION",
    "UNIQUE_IDENTIFIER",
    "VERSION",
    "ComponentElement",
    "DocumentElement",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentElement:
    """Something the document has to say.

    Attributes:
        id: stable, such as ``sbom-author``.
        fix: what to do when it is missing.
        ask: whether it is there.

    """

    id: str
    fix: str
    ask: Callable[[Sbom], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentElement:
    """Something the document has to say of each component.

    Attributes:
        id: stable, such as ``component-version``.
        fix: what to do when it is missing.
        ask: whether it is there.
        prepare: looks at the document once, and gives what answers for each component; in place of
            ``ask`` for questions that need the whole document.

    """

    id: str
    fix: str
    ask: Callable[[Sbom, Component], bool | None] | None = None
    prepare: Callable[[Sbom], Callable[[Component], bool | None]] | None = None

    def about(self, sbom: Sbom) -> Callable[[Component], bool | None]:
        """What answers for each component of a document."""
        if self.prepare is not None:
            return self.prepare(sbom)
        # An element without a question is there in no component.
        return lambda component: self.ask is not None and self.ask(sbom, component)


SBOM_CREATOR_OR_TOOL: Final = DocumentElement(
    id="sbom-author",
    fix="name who made the SBOM: metadata.authors (CycloneDX), creationInfo.creators (SPDX)",
    ask=creator_or_tool,
)
SBOM_AUTHOR: Final = DocumentElement(
    id="sbom-author",
    fix="name the person or organisation that made the SBOM; a tool is not an author",
    ask=named_people,
)
SBOM_CREATOR_CONTACT: Final = DocumentElement(
    id="sbom-creator-contact",
    fix="give an email address or URL of the author, manufacturer or supplier in the metadata",
    ask=lambda sbom: any(map(reachable_contact, (*sbom.authors, sbom.manufacturer, sbom.supplier))),
)
TIMESTAMP: Final = DocumentElement(
    id="timestamp",
    fix="write when the SBOM was made, as an RFC 3339 time",
    ask=lambda sbom: sbom.created is not None,
)
TOOL_NAME: Final = DocumentElement(
    id="tool-name",
    fix="name the tool: metadata.tools (CycloneDX), Tool: … (SPDX 2), createdUsing (SPDX 3)",
    ask=lambda sbom: any(is_value(each.name) for each in sbom.generators),
)
TOOL_VERSION: Final = DocumentElement(
    id="tool-version",
    fix="give the version of the tool",
    ask=lambda sbom: any(bool(each.version) for each in sbom.generators),
)
GENERATION_CONTEXT: Final = DocumentElement(
    id="generation-context",
    fix="write the phase: metadata.lifecycles (CycloneDX), sbomType (SPDX 3)",
    ask=lambda sbom: bool(sbom.lifecycles),
)
PRIMARY_COMPONENT: Final = DocumentElement(
    id="primary-component",
    fix="name what the SBOM is about: metadata.component (CycloneDX), DESCRIBES (SPDX)",
    ask=lambda sbom: sbom.subject is not None or bool(sbom.roots),
)
RELATIONSHIPS: Final = DocumentElement(
    id="dependency-relationships",
    fix="write what the root depends on: dependencies (CycloneDX), relationships (SPDX)",
    ask=root_described,
)
GRAPH: Final = DocumentElement(
    id="dependencies",
    fix="write what each component depends on, and only components that are listed",
    ask=graph_resolves,
)
SBOM_URI: Final = DocumentElement(
    id="sbom-uri",
    fix="give the document an identifier: serialNumber (CycloneDX), documentNamespace (SPDX)",
    ask=lambda sbom: sbom.serial is not None and URI.match(sbom.serial) is not None,
)
NO_VULNERABILITIES: Final = DocumentElement(
    id="no-vulnerabilities",
    fix="hand in vulnerabilities apart from the SBOM, as VEX or a scan report",
    ask=lambda sbom: sbom.vulnerabilities == 0,
)
FORMAT_BSI_20: Final = DocumentElement(
    id="format-version",
    fix="use CycloneDX 1.5 or SPDX 2.2.1, or later",
    ask=format_of_bsi_20,
)
FORMAT_BSI_21: Final = DocumentElement(
    id="format-version", fix="use CycloneDX 1.6 or SPDX 3.0.1, or later", ask=format_of_bsi_21
)
NAME: Final = ComponentElement(
    id="component-name",
    fix="name the component",
    ask=lambda _sbom, component: is_value(component.name),
)
VERSION: Final = ComponentElement(
    id="component-version",
    fix="give its version",
    ask=in_package(lambda component: is_value(component.version) or bool(component.version_range)),
)
UNIQUE_IDENTIFIER: Final = ComponentElement(
    id="unique-identifier",
    fix="give a package URL or a CPE",
    ask=unique_identifier,
)
SOFTWARE_IDENTIFIER: Final = ComponentElement(
    id="software-identifier",
    fix="give a package URL, a CPE or another identifier that databases know",
    ask=in_package(has_identifier),
)
PURL: Final = ComponentElement(
    id="package-url",
    fix="give a package URL",
    ask=in_package(lambda component: bool(component.purl)),
)
SUPPLIER: Final = ComponentElement(
    id="supplier-name",
    fix="name the supplier: supplier (CycloneDX), PackageSupplier (SPDX 2), suppliedBy (SPDX 3)",
    ask=supplier,
)
PRODUCER: Final = ComponentElement(
    id="software-producer",
    fix="name who makes it: manufacturer or authors (CycloneDX), originator or supplier (SPDX)",
    ask=in_package(
        lambda component: any(
            map(is_value, (component.supplier, component.manufacturer, component.author))
        )
    ),
)
HASH: Final = ComponentElement(
    id="component-hash",
    fix="give a hash of the component, SHA-256 or stronger",
    ask=in_package(lambda component: any(algorithm in STRONG for algorithm, _ in component.hashes)),
)
LICENCE: Final = ComponentElement(
    id="component-licence",
    fix="give its licence",
    ask=in_package(lambda component: licence_sources(component, NOT_OBSERVED, names=True)),
)
CONCLUDED_LICENCE: Final = ComponentElement(
    id="component-licence",
    fix="give its licence; in SPDX, the concluded one",
    ask=licence_of_fsct,
)
COPYRIGHT: Final = ComponentElement(
    id="component-copyright",
    fix="give its copyright notice",
    ask=in_package(lambda component: is_value(component.copyright)),
)
CREATOR_CONTACT: Final = ComponentElement(
    id="component-creator-contact",
    fix="give an email address or URL of its author, manufacturer or supplier",
    ask=lambda _sbom, component: of_roles(component, *ContactRole),
)
ANY_VERSION: Final = ComponentElement(
    id="component-version",
    fix="give its version; of a file without one, when it was last changed",
    ask=lambda _sbom, component: is_value(component.version),
)
FILENAME: Final = ComponentElement(
    id="component-filename",
    fix="give its file name: property bsi:component:filename (CycloneDX)",
    ask=filename,
)
COMPONENT_DEPENDENCIES: Final = ComponentElement(
    id="component-dependencies",
    fix="write what it depends on, and how complete that is (compositions, completeness)",
    prepare=dependencies_with_completeness,
)
DISTRIBUTION_LICENCE: Final = ComponentElement(
    id="distribution-licence",
    fix="give its licence as SPDX identifiers or LicenseRef-…",
    ask=distribution_licence,
)
ASSOCIATED_LICENCE: Final = ComponentElement(
    id="distribution-licence",
    fix="give its licence as SPDX identifiers or LicenseRef-…",
    ask=lambda _sbom, component: licence_sources(component, NOT_OBSERVED, names=False),
)
ORIGINAL_LICENCE: Final = ComponentElement(
    id="original-licence",
    fix="give the licence its creator declared",
    ask=lambda _sbom, component: licence_sources(component, ORIGINAL, names=False),
)
DEPLOYABLE_HASH: Final = ComponentElement(
    id="deployable-hash",
    fix="give the SHA-512 of its file",
    ask=deployable_sha512,
)
EXECUTABLE: Final = ComponentElement(
    id="executable-property",
    fix="say whether it is executable: property bsi:component:executable",
    ask=property_of("executable", "executable", "non-executable"),
)
ARCHIVE: Final = ComponentElement(
    id="archive-property",
    fix="say whether it is an archive: property bsi:component:archive",
    ask=property_of("archive", "archive", "no archive"),
)
STRUCTURED: Final = ComponentElement(
    id="structured-property",
    fix="say whether it is structured: property bsi:component:structured",
    ask=property_of("structured", "structured", "unstructured"),
)
SOURCE_URI: Final = ComponentElement(
    id="source-uri",
    fix="point to its source code",
    ask=has_reference(*SOURCE),
)
DEPLOYABLE_URI: Final = ComponentElement(
    id="deployable-uri",
    fix="point to where it can be downloaded",
    ask=has_reference(*DISTRIBUTION),
)
OTHER_IDENTIFIER: Final = ComponentElement(
    id="other-identifier",
    fix="give a package URL, a CPE or a SWID tag",
    ask=lambda _sbom, component: has_identifier(component),
)
SOURCE_HASH: Final = ComponentElement(
    id="source-hash",
    fix="give a hash of its source code, SHA-256 or stronger",
    ask=source_hash,
)
SECURITY_TXT: Final = ComponentElement(
    id="security-txt",
    fix="point to the security.txt of its creator",
    ask=has_reference("rfc-9116", "securityOther"),
)
EFFECTIVE_LICENCE: Final = ComponentElement(
    id="effective-licence",
    fix="give the licence you use it under: property bsi:component:effectiveLicense",
    ask=lambda _sbom, component: any(
        is_licence(each, names=False)
        for each in component.property_values("bsi:component:effectiveLicense")
    ),
)
