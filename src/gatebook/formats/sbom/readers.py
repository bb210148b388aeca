"""The formats of SBOMs, in the order in which they are asked."""

from dataclasses import replace
from typing import Final

from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom import (
    cyclonedx_json,
    cyclonedx_protobuf,
    cyclonedx_xml,
    github_snapshot,
    spdx2_json,
    spdx2_rdf,
    spdx2_tag_value,
    spdx2_xml,
    spdx2_yaml,
    spdx3,
    syft,
)
from gatebook.formats.sbom.components import Sbom

__all__ = ["SBOM_READERS"]


# Most published SPDX breaks some rule of the specification; it is read, and said not to conform.
_SPDX_RULES: Final = frozenset({"formats.spdx-invalid", "formats.spdx3-invalid"})


def _check_cyclonedx(document: Document) -> None:
    from gatebook.formats.sbom.validity.cyclonedx_json import (  # noqa: PLC0415  # only to check
        check_cyclonedx_json,
    )

    check_cyclonedx_json(document)


def _check_spdx2(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import (  # noqa: PLC0415  # only to check
        check_spdx2_json,
    )

    check_spdx2_json(document)


def _check_spdx3(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx3 import (  # noqa: PLC0415  # only to check
        check_spdx3_json,
    )

    check_spdx3_json(document)


SBOM_READERS: Final[tuple[Reader[Sbom], ...]] = (
    # A media type is asked first, because the bytes of protobuf may look like anything.
    cyclonedx_protobuf.READER,
    replace(cyclonedx_json.READER, check=_check_cyclonedx),
    replace(spdx2_json.READER, check=_check_spdx2, tolerated=_SPDX_RULES),
    replace(spdx3.READER, check=_check_spdx3, tolerated=_SPDX_RULES),
    syft.READER,
    github_snapshot.READER,
    cyclonedx_xml.EXTENSION_READER,
    cyclonedx_xml.READER,
    replace(spdx2_rdf.READER, tolerated=_SPDX_RULES),
    replace(spdx2_xml.READER, tolerated=_SPDX_RULES),
    replace(spdx2_xml.DOCUMENT_READER, tolerated=_SPDX_RULES),
    replace(spdx2_tag_value.READER, tolerated=_SPDX_RULES),
    cyclonedx_protobuf.TEXT_READER,
    # YAML is looked for in the whole document, so it is asked last.
    replace(spdx2_yaml.READER, tolerated=_SPDX_RULES),
)
