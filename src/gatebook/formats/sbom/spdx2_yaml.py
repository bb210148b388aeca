"""SPDX 2 in YAML: the JSON shape in YAML's clothes (SPDX 2.3 §4.4).

Read through :mod:`gatebook.formats.strict_yaml`: no tags, no anchors, no second meaning.
"""

import re
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats import strict_yaml
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.spdx2_shape import (
    ARRAYS,
    INTEGERS,
    counts,
    document_of,
    read_shape,
    scalar,
)

__all__ = ["MAX_YAML_BYTES", "READER", "read_spdx_yaml"]

MAX_YAML_BYTES: Final = 64 * 1024 * 1024
_MAX_DEPTH: Final = 64

# The key may stand anywhere in the document: PyYAML sorts keys, and packages come before it then.
_CLAIM: Final = re.compile(
    rb"""^[ ]{0,8}(?:spdxVersion|"spdxVersion"|'spdxVersion')[ ]*:[ ]*["']?SPDX-""", re.MULTILINE
)


def read_spdx_yaml(document: Document) -> JsonObject:
    """Turn a document into the JSON shape of SPDX 2.

    Raises:
        MalformedError: not the YAML that is read, larger than :data:`MAX_YAML_BYTES`, or no
            mapping.

    """
    value = strict_yaml.loads(
        document.data,
        what="SPDX YAML document",
        max_bytes=MAX_YAML_BYTES,
        max_depth=_MAX_DEPTH,
        libyaml=True,
    )
    shape = document_of(value)
    if shape is None:
        raise SbomError("the SPDX YAML document is not a mapping", code="formats.spdx")
    _unquote(shape)
    return shape


def _unquote(shape: JsonObject) -> None:
    """Undo what writers of YAML do to values that are no texts.

    Booleans and numbers come in quotes from tools that quote everything, and a list that nobody
    filled in is the empty string (``creators: ''``). A number where a text belongs is refused: it
    has been rounded already (``versionInfo: 1.10``).
    """
    pending: list[Json] = [shape]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                if isinstance(item, str):
                    if key in ARRAYS and not item:
                        del value[key]
                    else:
                        value[key] = scalar(key, item)
                elif type(item) in {int, float} and key not in INTEGERS:
                    raise SbomError(
                        f"{key[:60]!r} is the number {item} in YAML; a text needs quotes there",
                        code="formats.spdx",
                    )
            pending.extend(value.values())


def _recognises(document: Document) -> bool:
    return not document.start.startswith((b"{", b"[", b"<")) and bool(_CLAIM.search(document.data))


def _read(document: Document) -> Sbom:
    return read_shape(document.once(read_spdx_yaml))


def _check(document: Document) -> None:
    from gatebook.formats.sbom.validity.spdx2 import check_spdx2  # noqa: PLC0415  # only to check

    check_spdx2(document.once(read_spdx_yaml))


READER: Final = Reader(
    format=DocumentFormat.SPDX2_YAML,
    family=Family.SBOM,
    recognises=_recognises,
    read=_read,
    describe=lambda document: counts(document.once(read_spdx_yaml)),
    check=_check,
)
