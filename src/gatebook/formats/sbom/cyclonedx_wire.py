"""The fields of CycloneDX JSON 1.2 to 1.7, as they are written (bom-1.2 to bom-1.7.schema.json).

Fields that nobody reads are named too, so that :mod:`gatebook.formats.sbom.strict_json` can see
that no key came twice without looking at a sound document again.
"""

import msgspec
from msgspec import Raw, field

from gatebook.formats.sbom.cyclonedx_component import CycloneDxComponent
from gatebook.formats.sbom.opaque import Opaque
from gatebook.formats.sbom.parts import (
    ExternalReference,
    LicenseEntry,
    Organization,
    Person,
    Property,
)

__all__ = ["WireComposition", "WireDependency", "WireDocument", "WireMetadata"]


class _Wire(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """An object of the schema."""


class WireDependency(_Wire):
    """``dependency``."""

    ref: str | None = None
    depends_on: tuple[str, ...] | None = None
    provides: tuple[str, ...] | None = None


class WireComposition(_Wire):
    """``compositions``."""

    aggregate: str | None = None
    assemblies: tuple[str, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    vulnerabilities: tuple[str, ...] | None = None
    bom_ref: str | None = field(default=None, name="bom-ref")
    signature: Opaque | None = None


class WireMetadata(_Wire):
    """``metadata``."""

    timestamp: str | None = None
    lifecycles: Opaque | None = None
    tools: Opaque | None = None
    authors: tuple[Person, ...] | None = None
    component: CycloneDxComponent | None = None
    manufacture: Organization | None = None
    manufacturer: Organization | None = None
    supplier: Organization | None = None
    licenses: tuple[LicenseEntry, ...] | None = None
    properties: tuple[Property, ...] | None = None
    distribution_constraints: Opaque | None = None


class WireDocument(_Wire):
    """The document; its long arrays are left undecoded."""

    spec_version: str | None = None
    schema: str | None = field(default=None, name="$schema")
    bom_format: str | None = None
    serial_number: str | None = None
    version: Opaque | None = None
    metadata: WireMetadata | None = None
    components: list[CycloneDxComponent] | None = None
    dependencies: list[WireDependency] | None = None
    vulnerabilities: list[Raw] | None = None
    services: Opaque | None = None
    external_references: tuple[ExternalReference, ...] | None = None
    compositions: list[WireComposition] | None = None
    properties: tuple[Property, ...] | None = None
    annotations: Opaque | None = None
    formulation: Opaque | None = None
    declarations: Opaque | None = None
    definitions: Opaque | None = None
    citations: Opaque | None = None
    patents: Opaque | None = None
    signature: Opaque | None = None
