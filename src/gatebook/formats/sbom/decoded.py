"""SBOMs that were decoded already, such as the predicates of attestations."""

from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.cyclonedx_json import is_cyclonedx, read_cyclonedx
from gatebook.formats.sbom.github_snapshot import is_snapshot, read_snapshot
from gatebook.formats.sbom.spdx2_json import is_spdx, read_spdx
from gatebook.formats.sbom.spdx3 import is_spdx3, read_spdx3
from gatebook.formats.sbom.strict_json import parse
from gatebook.formats.sbom.syft import is_syft, read_syft

__all__ = ["is_sbom", "sbom_from"]

_WRAPPER_MEMBERS: Final = 2  # cosign writes "Data" and "Timestamp"
_FORMS: Final = (
    (is_cyclonedx, read_cyclonedx),
    (is_spdx, read_spdx),
    (is_spdx3, read_spdx3),
    (is_syft, read_syft),
    (is_snapshot, read_snapshot),
)


def sbom_from(document: Json) -> Sbom:
    """Read an SBOM that was decoded already, such as the predicate of an attestation.

    Some tools put the SBOM into the predicate as a string, or as the string ``Data`` of an object
    (cosign before 2.0), or wrap an SPDX document into ``Document``.

    Raises:
        MalformedError: another format, an unsupported version, or broken.

    """
    if isinstance(document, str):
        return sbom_from(_unwrapped(parse(document.encode("utf-8", "replace"), what="SBOM")))
    if isinstance(document, dict):
        for claims, read in _FORMS:
            if claims(document):
                return read(document)
        inner = document.get("Data", document.get("Document"))
        if len(document) <= _WRAPPER_MEMBERS and isinstance(inner, str | dict):
            return sbom_from(_unwrapped(inner))
    raise SbomError(
        "the document is none of CycloneDX, SPDX and Syft JSON and GitHub dependency snapshots",
        code="formats.sbom-unknown",
        hint="CycloneDX has 'bomFormat', SPDX 2 has 'spdxVersion', SPDX 3 has '@context', Syft has "
        "'artifacts' and a snapshot 'detector' and 'manifests' at the top",
    )


def _unwrapped(inner: Json) -> Json:
    """What is inside a wrapper, which is not a wrapper again."""
    if isinstance(inner, str):
        inner = parse(inner.encode("utf-8", "replace"), what="SBOM")
    if isinstance(inner, dict) and any(claims(inner) for claims, _ in _FORMS):
        return inner
    raise SbomError("what is inside the wrapper is not an SBOM", code="formats.sbom-unknown")


def is_sbom(document: JsonObject) -> bool:
    """Whether a decoded document claims to be an SBOM."""
    return any(claims(document) for claims, _ in _FORMS)
