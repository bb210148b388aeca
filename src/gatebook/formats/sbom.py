"""SBOMs: which format a document has, by its content, and the component list in it."""

from typing import Final

from gatebook import canonical
from gatebook.formats.components import Component, Sbom, SbomError, SbomFormat
from gatebook.formats.cyclonedx import is_cyclonedx, read_cyclonedx
from gatebook.formats.spdx import is_spdx, read_spdx

__all__ = [
    "MAX_SBOM_BYTES",
    "Component",
    "Sbom",
    "SbomError",
    "SbomFormat",
    "read_sbom",
    "sbom_from",
]

MAX_SBOM_BYTES: Final = 256 * 1024 * 1024
_MAX_DEPTH: Final = 128


def read_sbom(data: bytes) -> Sbom:
    """Read an SBOM: CycloneDX JSON 1.2 to 1.7, SPDX JSON 2.2 and 2.3.

    Raises:
        MalformedError: not strict JSON, larger than :data:`MAX_SBOM_BYTES`, another format, an
            unsupported version, or broken.

    """
    decoded = canonical.loads(data, what="SBOM", max_bytes=MAX_SBOM_BYTES, max_depth=_MAX_DEPTH)
    return sbom_from(canonical.as_object(decoded, what="SBOM"))


def sbom_from(document: canonical.JsonObject) -> Sbom:
    """Read an SBOM that was decoded already, such as the predicate of an attestation.

    Raises:
        MalformedError: another format, an unsupported version, or broken.

    """
    if is_cyclonedx(document):
        return read_cyclonedx(document)
    if is_spdx(document):
        return read_spdx(document)
    raise SbomError(
        "the document is neither CycloneDX JSON nor SPDX 2 JSON",
        code="formats.sbom-unknown",
        hint="CycloneDX has 'bomFormat', SPDX 2 has 'spdxVersion' at the top",
    )
