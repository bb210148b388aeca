"""SBOMs: which format a document has, by its content, and the component list in it."""

import re
from typing import Final

from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom import cyclonedx_json, spdx2_json
from gatebook.formats.sbom.component import Component
from gatebook.formats.sbom.components import Sbom, SbomError, SbomFormat
from gatebook.formats.sbom.decoded import sbom_from
from gatebook.formats.sbom.readers import SBOM_READERS
from gatebook.formats.sbom.streaming import stream_sbom

__all__ = [
    "MAX_SBOM_BYTES",
    "STREAM_ABOVE",
    "Component",
    "Sbom",
    "SbomError",
    "SbomFormat",
    "hash_and_read",
    "read_sbom",
    "reader_of",
    "sbom_from",
]

MAX_SBOM_BYTES: Final = 256 * 1024 * 1024
STREAM_ABOVE: Final = 64 * 1024 * 1024

_THREAD_ABOVE: Final = 1024 * 1024
_USUAL: Final = (
    (re.compile(rb'"bomFormat"\s*:\s*"CycloneDX"').search, cyclonedx_json.READER),
    (re.compile(rb'"spdxVersion"\s*:\s*"SPDX-2').search, spdx2_json.READER),
)


def read_sbom(
    data: bytes,
    *,
    media_type: str | None = None,
    max_bytes: int = MAX_SBOM_BYTES,
    stream_above: int = STREAM_ABOVE,
) -> Sbom:
    """Read an SBOM of any format that is read; the content tells which.

    Args:
        data: the document.
        media_type: what the sender called it; only CycloneDX's protobuf needs it.
        max_bytes: refuse a larger document before looking at it.
        stream_above: read a larger JSON document piece by piece, in memory for what is kept only.

    Raises:
        MalformedError: too large, of no format that is read, an unsupported version, or broken.

    """
    if len(data) > max_bytes:
        raise MalformedError(
            f"the SBOM has {len(data)} bytes; at most {max_bytes} are read",
            code="canonical.too-large",
        )
    document = Document(data, media_type=media_type)
    if len(data) > stream_above and document.start.startswith(b"{"):
        return stream_sbom(document.data)
    usual = _usual_reader(document)
    if usual is not None:
        try:
            return usual.read(document)
        except MalformedError:
            # The words at the start may have been inside something else.
            if usual.recognises(document):
                raise
    return reader_of(document).read(document)


def _usual_reader(document: Document) -> Reader[Sbom] | None:
    """Who reads a document that names its format in its first bytes, so that no pass is lost."""
    for names_itself, reader in _USUAL:
        if names_itself(document.start):
            return reader
    return None


def hash_and_read(data: bytes) -> tuple[Digest, Sbom]:
    """Take the digest of an SBOM while it is read.

    Hashing lets go of the interpreter, so that on two processors it costs next to nothing.

    Raises:
        MalformedError: as :func:`read_sbom` does.

    """
    if len(data) < _THREAD_ABOVE:
        return sha256(data), read_sbom(data)
    import threading  # noqa: PLC0415  # large documents are rare

    found: list[Digest] = []
    hashing = threading.Thread(target=lambda: found.append(sha256(data)))
    hashing.start()
    try:
        sbom = read_sbom(data)
    finally:
        hashing.join()
    return found[0], sbom


def reader_of(document: Document) -> Reader[Sbom]:
    """Find the reader of a document.

    Raises:
        MalformedError: no format that is read, or it cannot be decoded.

    """
    for reader in SBOM_READERS:
        if reader.recognises(document):
            return reader
    raise SbomError(
        "the document is of no SBOM format that is read",
        code="formats.sbom-unknown",
        hint="CycloneDX JSON has 'bomFormat', SPDX 2 has 'spdxVersion', SPDX 3 has '@context', "
        "Syft has 'artifacts' at the top; `gatebook inspect` says what a document is",
    )
