"""SPDX 3.0 JSON-LD, read into the neutral component list.

A document is a flat graph of elements that name each other by identifier. It is read as the
compacted JSON that its fixed context describes (SPDX 3.0.1, "Serialization"); a context is never
fetched. What the relationships mean is in :mod:`gatebook.formats.sbom.spdx3_graph`.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Defects, Sbom, SbomFormat, Tool
from gatebook.formats.sbom.counting import has_members, items_of, members_of, value_of
from gatebook.formats.sbom.parts import ContactRole
from gatebook.formats.sbom.spdx3_elements import Elements, Spdx3Error, kind_of, type_of
from gatebook.formats.sbom.spdx3_graph import Graph
from gatebook.formats.sbom.strict_json import collection_paused, encode, members_strictly

__all__ = ["READER", "Spdx3Error", "is_spdx3", "read_spdx3", "read_spdx3_bytes"]

_CONTEXT: Final = "spdx.org/rdf/3"
_GRAPH: Final = "@graph"
_WHAT: Final = "SPDX 3"


def is_spdx3(document: JsonObject) -> bool:
    """Whether a JSON document claims to be SPDX 3."""
    return _is_context(document.get("@context"))


def _is_context(context: Json) -> bool:
    listed = context if isinstance(context, list) else [context]
    return any(isinstance(each, str) and _CONTEXT in each for each in listed)


def read_spdx3(document: JsonObject) -> Sbom:
    """Read a decoded document.

    Raises:
        MalformedError: an unsupported version, or a field of another JSON type than it must have.

    """
    return read_spdx3_bytes(encode(document, what=_WHAT))


def read_spdx3_bytes(data: bytes) -> Sbom:
    """Read a document.

    A missing name or time and a malformed hash or package URL are defects of the document that is
    read nevertheless.

    Raises:
        MalformedError: not strict JSON, an unsupported version, or a field of another JSON type
            than it must have.

    """
    builder = Spdx3Builder()
    with collection_paused():
        root = members_strictly(
            data, what=_WHAT, code=Spdx3Error.code, arrays={_GRAPH: builder.add_element}
        )
        return builder.finish(root)


class Spdx3Builder:
    """Puts a component list together from the elements of a graph, in whatever order they come."""

    def __init__(self) -> None:
        self._defects = Defects()
        self._elements = Elements(self._defects)

    def add_element(self, item: Json) -> None:
        """Take an element.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        self._elements.add(item)

    def finish(self, root: JsonObject) -> Sbom:
        """What all of it is.

        Raises:
            MalformedError: an unsupported version, or a field of another JSON type than it must
                have.

        """
        if not is_spdx3(root):
            raise Spdx3Error("SPDX 3: '@context' is not that of SPDX 3")
        Fields(root, _WHAT, Spdx3Error.code).array(_GRAPH)
        if _GRAPH not in root:
            # A document of one element needs no graph.
            self._elements.add({key: value for key, value in root.items() if key != "@context"})
        elements, defects = self._elements, self._defects
        creation = elements.creation()
        version = (creation.optional_text("specVersion") if creation is not None else None) or ""
        if version and not version.startswith("3.0"):
            raise Spdx3Error(
                f"SPDX {version[:20]!r} is not read; 3.0 and 3.0.1 are", code="formats.sbom-version"
            )
        if not version:
            defects.add("no CreationInfo says which version of SPDX this is")
        graph = Graph(elements)
        components = graph.components()
        refs = {each.ref for each in components}
        roots = graph.roots()
        subjects = [each for each in components if each.ref in roots]
        document = elements.document()
        created_by = elements.texts(creation, "createdBy") if creation is not None else ()
        created_using = elements.texts(creation, "createdUsing") if creation is not None else ()
        return Sbom(
            format=SbomFormat.SPDX,
            spec_version=version,
            serial=elements.id_of(document) if document is not None else None,
            name=document.optional_text("name") if document is not None else None,
            created=_created(creation, defects),
            generators=tuple(_tool(name) for name in elements.names(created_using) if name),
            authors=tuple(
                contact
                for ref in created_by
                if (contact := elements.contact(ref, ContactRole.AUTHOR)) is not None
            ),
            lifecycles=graph.lifecycles(),
            data_licenses=graph.data_licenses(document),
            completeness=graph.completeness(refs),
            subject=subjects[0] if len(subjects) == 1 else None,
            roots=roots,
            components=components,
            top_level=len(components),
            edges=graph.edges(refs),
            contains=graph.contained(refs),
            relationships=len(elements.relationships),
            files=elements.files,
            vulnerabilities=elements.vulnerabilities,
            defects=defects.texts(),
        )


def _created(creation: Fields | None, defects: Defects) -> Instant | None:
    try:
        return Instant.parse((creation.optional_text("created") if creation else None) or "")
    except MalformedError as error:
        defects.add(f"'CreationInfo.created': {error.message}")
        return None


def _tool(name: str) -> Tool:
    # SPDX 3 has no field for a tool's version; tools write "name-version" as in SPDX 2.
    before, hyphen, version = name.rpartition("-")
    if hyphen and version.removeprefix("v")[:1].isdigit():
        return Tool(name=before, version=version, written=name)
    return Tool(name=name, written=name)


def _recognises(document: Document) -> bool:
    return has_members(document, "@context") and _is_context(
        value_of(members_of(document), "@context")
    )


def _describe(document: Document) -> Mapping[str, Json]:
    members = members_of(document)
    raws = items_of(members, _GRAPH)
    counts = {"packages": 0, "files": 0, "relationships": 0, "vulnerabilities": 0}
    version: Json = None
    elements = (
        [value_of({"": raw}, "") for raw in raws]
        if _GRAPH in members
        else [{key: value_of(members, key) for key in members}]
    )
    for element in elements:
        if not isinstance(element, dict):
            continue
        kind = kind_of(type_of(element))
        if kind in counts:
            counts[kind] += 1
        inline = element.get("creationInfo")
        for each in (element, inline):
            if version is None and isinstance(each, dict):
                version = each.get("specVersion")
    return {"spec_version": version, "elements": len(elements), **counts}


READER: Final = Reader(
    format=DocumentFormat.SPDX3_JSON_LD,
    family=Family.SBOM,
    recognises=_recognises,
    read=lambda document: read_spdx3_bytes(document.data),
    describe=_describe,
)
"""SPDX 3 JSON-LD: an SPDX 3 ``@context`` at the top."""
