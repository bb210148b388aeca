"""CycloneDX protobuf 1.3 to 1.7, read as the CycloneDX JSON that says the same.

The binary encoding says nothing of what it encodes, so only the media type tells it. Its text
form, which test suites use, is recognised and named; it is not a form of exchange and is not read.
"""

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom, SbomError
from gatebook.formats.sbom.cyclonedx_json import read_cyclonedx
from gatebook.formats.sbom.cyclonedx_protobuf_fields import BOM
from gatebook.formats.sbom.protobuf_wire import ProtobufError, decode
from gatebook.formats.sbom.validity.problems import NotCheckedError

__all__ = ["MEDIA_TYPE", "READER", "TEXT_READER", "read_protobuf"]

MEDIA_TYPE: Final = "application/x.vnd.cyclonedx+protobuf"

_VERSIONS: Final = ("1.3", "1.4", "1.5", "1.6", "1.7")
_TEXT_CLAIM: Final = re.compile(rb"\A(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*[a-z_]+[ \t]*[:{]", re.ASCII)
_TEXT_HEADER: Final = b"# proto-message: Bom"
_TEXT_VERSION: Final = re.compile(rb'^spec_version[ \t]*:[ \t]*["\']1\.[0-9]+["\']', re.MULTILINE)


def read_protobuf(document: Document) -> JsonObject:
    """Turn a document into the shape of CycloneDX JSON.

    Raises:
        MalformedError: not the binary encoding, or of a version that is not read.

    """
    shape = decode(document.data, BOM)
    version = shape.get("specVersion")
    if version not in _VERSIONS:
        raise ProtobufError(
            f"CycloneDX protobuf {str(version)[:20]!r} is not read; {', '.join(_VERSIONS)} are",
            code="formats.sbom-version",
        )
    shape["bomFormat"] = "CycloneDX"
    _as_json(shape)
    dependencies = shape.get("dependencies")
    if isinstance(dependencies, list):
        shape["dependencies"] = _flat(dependencies)
    return shape


def _as_json(shape: JsonObject) -> None:
    """Write licences and tools, wherever they stand, as JSON does."""
    pending: list[Json] = [shape]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            licences = value.get("licenses")
            if isinstance(licences, list):
                value["licenses"] = [_licence(each) for each in licences]
            tools = value.get("tools")
            if isinstance(tools, list):
                value["tools"] = _tools(tools)
            pending.extend(value.values())


def _licence(choice: Json) -> Json:
    detailed = choice.get("detailed") if isinstance(choice, dict) else None
    return detailed if detailed is not None else choice


def _tools(tools: list[Json]) -> Json:
    """One message holds either a tool of 1.4 or, since 1.5, components and services."""
    gathered: JsonObject = {}
    for tool in tools:
        for key in ("components", "services"):
            inside = tool.get(key) if isinstance(tool, dict) else None
            if isinstance(inside, list):
                listed = gathered.setdefault(key, [])
                if isinstance(listed, list):
                    listed.extend(inside)
    return gathered or tools


def _flat(dependencies: list[Json]) -> list[Json]:
    """Every node of the graph, with the refs of those inside it."""
    found: list[Json] = []
    nodes = [node for node in dependencies if isinstance(node, dict)]
    for node in nodes:  # grows while it is gone through
        listed = node.get("dependencies")
        inner = (
            [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        )
        entry: JsonObject = {
            "ref": node.get("ref", ""),
            "dependsOn": [each.get("ref", "") for each in inner],
        }
        if "provides" in node:
            entry["provides"] = node["provides"]
        found.append(entry)
        nodes.extend(each for each in inner if each.get("dependencies"))
    return found


def _read(document: Document) -> Sbom:
    return read_cyclonedx(document.once(read_protobuf))


def _describe(document: Document) -> Mapping[str, Json]:
    shape = document.once(read_protobuf)
    components = shape.get("components")
    dependencies = shape.get("dependencies")
    top = components if isinstance(components, list) else []
    metadata = shape.get("metadata")
    return {
        "spec_version": shape["specVersion"],
        "components_all": _count(top),
        "components_top": len(top),
        "dependencies": len(dependencies) if isinstance(dependencies, list) else 0,
        "has_root": isinstance(metadata, dict) and "component" in metadata,
    }


def _count(components: list[Json]) -> int:
    count = 0
    pending = list(components)
    while pending:
        count += 1
        component = pending.pop()
        nested = component.get("components") if isinstance(component, dict) else None
        if isinstance(nested, list):
            pending.extend(nested)
    return count


def _is_text(document: Document) -> bool:
    return bool(_TEXT_CLAIM.match(document.start)) and (
        _TEXT_HEADER in document.start or bool(_TEXT_VERSION.search(document.data))
    )


def _refuse_text(_: Document) -> NoReturn:
    raise SbomError(
        "CycloneDX in protobuf's text form is not read",
        code="formats.cyclonedx-textproto",
        hint="convert it to JSON or XML, or send the binary form with its media type",
    )


def _leave_text(_: Document) -> NoReturn:
    raise NotCheckedError(
        "CycloneDX in protobuf's text form is not checked", code="formats.cyclonedx-textproto"
    )


READER: Final = Reader(
    format=DocumentFormat.CYCLONEDX_PROTOBUF,
    family=Family.SBOM,
    recognises=lambda document: (
        (document.media_type or "").partition(";")[0].strip().lower() == MEDIA_TYPE
    ),
    read=_read,
    describe=_describe,
)
TEXT_READER: Final[Reader[Sbom]] = Reader(
    format=DocumentFormat.CYCLONEDX_TEXTPROTO,
    family=Family.SBOM,
    recognises=_is_text,
    read=_refuse_text,
    describe=lambda _: {},
    check=_leave_text,
)
