"""The fields of SPDX 2.2 and 2.3 JSON, as they are written (spdx-schema.json of SPDX 2.3).

Fields that nobody reads are named too, so that :mod:`gatebook.formats.sbom.strict_json` can see
that no key came twice without looking at a sound document again.
"""

import msgspec
from msgspec import Raw, field

from gatebook.formats.sbom.opaque import Opaque

__all__ = [
    "WireChecksum",
    "WireCreation",
    "WireDocument",
    "WireExternalRef",
    "WireFile",
    "WirePackage",
    "WireRelationship",
]


class _Wire(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """An object of the schema; ``None`` where a key is absent."""


class WireChecksum(_Wire):
    """``checksum``."""

    algorithm: str | None = None
    checksum_value: str | None = None


class WireExternalRef(_Wire):
    """``externalRef``."""

    reference_category: str | None = None
    reference_type: str | None = None
    reference_locator: str | None = None
    comment: str | None = None


class WirePackage(_Wire):
    """``package``."""

    name: str | None = None
    spdx_id: str | None = field(default=None, name="SPDXID")
    version_info: str | None = None
    supplier: str | None = None
    originator: str | None = None
    download_location: str | None = None
    files_analyzed: bool | None = None
    source_info: str | None = None
    license_concluded: str | None = None
    license_declared: str | None = None
    copyright_text: str | None = None
    external_refs: list[WireExternalRef] | None = None
    checksums: list[WireChecksum] | None = None
    primary_package_purpose: str | None = None
    description: str | None = None
    summary: str | None = None
    homepage: str | None = None
    package_file_name: str | None = None
    has_files: list[str] | None = None
    license_info_from_files: list[str] | None = None
    license_comments: str | None = None
    comment: str | None = None
    attribution_texts: list[str] | None = None
    release_date: str | None = None
    built_date: str | None = None
    valid_until_date: str | None = None
    package_verification_code: Opaque | None = None
    annotations: Opaque | None = None


class WireFile(_Wire):
    """``file``."""

    file_name: str | None = None
    spdx_id: str | None = field(default=None, name="SPDXID")
    checksums: list[WireChecksum] | None = None
    file_types: list[str] | None = None
    license_concluded: str | None = None
    license_info_in_files: list[str] | None = None
    copyright_text: str | None = None
    comment: str | None = None
    license_comments: str | None = None
    notice_text: str | None = None
    file_contributors: list[str] | None = None
    attribution_texts: list[str] | None = None
    file_dependencies: list[str] | None = None
    annotations: Opaque | None = None
    artifact_ofs: Opaque | None = None


class WireRelationship(_Wire):
    """``relationship``."""

    spdx_element_id: str
    relationship_type: str
    related_spdx_element: str
    comment: str | None = None


class WireCreation(_Wire):
    """``creationInfo``."""

    created: str | None = None
    creators: Opaque | None = None
    comment: str | None = None
    license_list_version: str | None = None


class WireDocument(_Wire):
    """The document; its files are left undecoded."""

    spdx_version: str | None = None
    spdx_id: str | None = field(default=None, name="SPDXID")
    name: str | None = None
    document_namespace: str | None = None
    data_license: str | None = None
    comment: str | None = None
    creation_info: WireCreation | None = None
    document_describes: Opaque | None = None
    packages: list[WirePackage] | None = None
    relationships: list[WireRelationship] | None = None
    files: list[Raw] | None = None
    snippets: Opaque | None = None
    has_extracted_licensing_infos: Opaque | None = None
    external_document_refs: Opaque | None = None
    annotations: Opaque | None = None
    revieweds: Opaque | None = None
    schema: Opaque | None = field(default=None, name="$schema")
