"""CycloneDX JSON 1.2 to 1.7, read into the neutral component list.

Reads what a control needs and checks the form of what it reads; it is not a schema validator.
Nested components are listed after the one that contains them (DependencyTrack counts them alike).
"""

import re
from collections.abc import Iterable
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import (
    Completeness,
    Defects,
    Distribution,
    Sbom,
    SbomFormat,
    Tool,
)
from gatebook.formats.sbom.counting import count_cyclonedx, has_members
from gatebook.formats.sbom.cyclonedx_component import CycloneDxComponent
from gatebook.formats.sbom.cyclonedx_components import (
    ComponentList,
    CycloneDxError,
    license_claims,
)
from gatebook.formats.sbom.cyclonedx_wire import (
    WireDependency,
    WireDocument,
    WireMetadata,
)
from gatebook.formats.sbom.parts import ContactRole
from gatebook.formats.sbom.strict_json import (
    Reading,
    TypedDecoder,
    collection_paused,
    encode,
)

__all__ = [
    "READER",
    "SPEC_VERSIONS",
    "CycloneDxBuilder",
    "CycloneDxError",
    "is_cyclonedx",
    "read_cyclonedx",
    "read_cyclonedx_bytes",
]

SPEC_VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
"""1.0 and 1.1 exist in XML only."""

_SERIAL: Final = re.compile(
    r"urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"
)
_MAX_TOOLS: Final = 256
_CODE: Final = CycloneDxError.code
_WHAT: Final = "CycloneDX"
_ROOT: Final = TypedDecoder(WireDocument)


def is_cyclonedx(document: JsonObject) -> bool:
    """Whether a JSON document claims to be CycloneDX; with another name it is refused by name."""
    return "bomFormat" in document


def read_cyclonedx(document: JsonObject) -> Sbom:
    """Read a decoded document.

    A missing name or type, and a malformed hash, licence, scope, serial number or time are defects
    of the document that is read nevertheless.

    Raises:
        MalformedError: an unsupported version, or a field of another JSON type than it must have.

    """
    return read_cyclonedx_bytes(encode(document, what=_WHAT))


def read_cyclonedx_bytes(data: bytes) -> Sbom:
    """Read a document.

    Raises:
        MalformedError: not strict JSON, an unsupported version, or a field of another JSON type
            than it must have.

    """
    with collection_paused():
        reading = Reading(data, what=_WHAT, code=_CODE)
        root = reading.decode(_ROOT)
        builder = CycloneDxBuilder()
        builder.check_version(root)
        components, dependencies = root.components or [], root.dependencies or []
        vulnerabilities = root.vulnerabilities or []
        # What is taken out leaves an empty array, whose key is counted as it was.
        root.components = root.components and []
        root.dependencies = root.dependencies and []
        root.vulnerabilities = root.vulnerabilities and []
        reading.count(root)
        for batch in reading.batches(components):
            builder.add_components(batch)
        for dependent in reading.batches(dependencies):
            builder.add_dependencies(dependent)
        builder.vulnerabilities = reading.skim(vulnerabilities, "$.vulnerabilities")
        reading.finish()
        return builder.finish(root)


class CycloneDxBuilder:
    """Puts a component list together from the parts of a document, in whatever order they come.

    Attributes:
        vulnerabilities: how many the document lists.

    """

    ITEMS: Final = {"components": CycloneDxComponent, "dependencies": WireDependency}

    def __init__(self) -> None:
        self.vulnerabilities = 0
        self._defects = Defects()
        self._list = ComponentList(self._defects)
        self._edges: dict[str, tuple[str, ...]] = {}
        self._dependencies = 0

    def check_version(self, root: WireDocument) -> None:
        """Refuse what is not CycloneDX of a known version.

        Raises:
            MalformedError: it is not.

        """
        if root.bom_format != "CycloneDX":
            raise CycloneDxError(
                "CycloneDX: 'bomFormat' is not \"CycloneDX\"", code="formats.sbom-unknown"
            )
        version = root.spec_version
        if not version:
            raise CycloneDxError("CycloneDX: 'specVersion' is required and must not be empty")
        if version not in SPEC_VERSIONS:
            raise CycloneDxError(
                f"CycloneDX {version[:20]!r} is not read; {', '.join(SPEC_VERSIONS)} are",
                code="formats.sbom-version",
            )

    def add_components(self, found: list[CycloneDxComponent]) -> None:
        """Take top-level components.

        Raises:
            MalformedError: nested too deep, or malformed.

        """
        self._list.add(found)

    def add_dependencies(self, found: Iterable[WireDependency]) -> None:
        """Take entries of the dependency graph."""
        edges = self._edges
        for each in found:
            self._dependencies += 1
            ref, depends_on = each.ref, each.depends_on
            if not isinstance(ref, str):
                self._defects.add("a dependency has no 'ref'")
            elif ref in edges:
                merged = dict.fromkeys((*edges[ref], *(depends_on or ())))
                edges[ref] = tuple(merged)
            else:
                # An entry without dependsOn says, as one with an empty list, that there are none
                # (CycloneDX, "dependencies that do not have dependencies of their own").
                edges[ref] = depends_on or ()

    def finish(self, root: WireDocument) -> Sbom:
        """What all of it is.

        Raises:
            MalformedError: a field is malformed beyond use.

        """
        defects = self._defects
        spec_version = root.spec_version or ""
        metadata = root.metadata or WireMetadata()
        about = metadata.component
        if about is not None:
            self._list.look_at([about])
        subject = about
        self._list.note_versions(spec_version)
        components = tuple(self._list.components)
        _note_refs(components, subject, defects)
        serial = root.serial_number
        if serial and _SERIAL.match(serial) is None:
            defects.add("'serialNumber' is not urn:uuid:…")
            serial = None
        made_by = metadata.manufacturer or metadata.manufacture
        version = root.version.value if root.version else None
        return Sbom(
            format=SbomFormat.CYCLONEDX,
            spec_version=spec_version,
            serial=serial or None,
            doc_version=version if type(version) is int else None,
            created=_created(metadata, defects),
            generators=_tools(metadata.tools.value if metadata.tools else None),
            authors=tuple(each.contact(ContactRole.AUTHOR) for each in metadata.authors or ()),
            supplier=metadata.supplier.as_contact(ContactRole.SUPPLIER)
            if metadata.supplier
            else None,
            manufacturer=made_by.as_contact(ContactRole.MANUFACTURER) if made_by else None,
            lifecycles=_lifecycles(metadata.lifecycles.value if metadata.lifecycles else None),
            data_licenses=license_claims(metadata.licenses, "the document", defects)
            if metadata.licenses
            else (),
            completeness=tuple(
                Completeness(
                    aggregate=each.aggregate or "unknown",
                    assemblies=each.assemblies or (),
                    dependencies=each.dependencies or (),
                    vulnerabilities=each.vulnerabilities or (),
                )
                for each in root.compositions or ()
            ),
            subject=subject,
            roots=(subject.ref,) if subject is not None and subject.ref else (),
            components=components,
            top_level=self._list.top_level,
            edges=self._edges,
            contains=self._list.contains,
            services=_service_refs(root.services.value if root.services else None),
            relationships=self._dependencies,
            files=0,
            vulnerabilities=self.vulnerabilities,
            external_references=root.external_references or (),
            properties=(*(metadata.properties or ()), *(root.properties or ())),
            distribution=_distribution(components),
            defects=defects.texts(),
        )


def _note_refs(
    components: tuple[CycloneDxComponent, ...], subject: CycloneDxComponent | None, defects: Defects
) -> None:
    refs = [each.ref for each in components if each.ref is not None]
    if subject is not None and subject.ref is not None:
        refs.append(subject.ref)
    if len(set(refs)) == len(refs):
        return
    seen: set[str] = set()
    for ref in refs:
        if ref in seen:
            defects.add(f"the bom-ref {ref[:80]!r} is not unique")
        seen.add(ref)


def _distribution(components: tuple[CycloneDxComponent, ...]) -> Distribution | None:
    for each in components:
        if each.type == "operating-system" and each.name:
            ids = each.property_values("syft:distro:id")
            versions = each.property_values("syft:distro:versionID")
            return Distribution(
                id=ids[0] if ids else each.name,
                version=versions[0] if versions else each.version,
                like=each.property_values("syft:distro:idLike:0"),
            )
    return None


def _service_refs(services: Json) -> tuple[str, ...]:
    """The refs of services, those inside others included; whatever is malformed is left out."""
    found: list[str] = []
    waiting: list[Json] = [services]
    while waiting:
        listed = waiting.pop()
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                ref = each.get("bom-ref")
                found += [ref] if isinstance(ref, str) else []
                waiting.append(each.get("services"))
    return tuple(found)


def _created(metadata: WireMetadata, defects: Defects) -> Instant | None:
    if not isinstance(metadata.timestamp, str):
        return None
    try:
        return Instant.parse(metadata.timestamp)
    except MalformedError as error:
        defects.add(f"'metadata.timestamp': {error.message}")
        return None


def _tools(value: Json) -> tuple[Tool, ...]:
    # A list of tools up to 1.4; since 1.5 also an object of components and services.
    listed: list[Json] = []
    if isinstance(value, list):
        listed = value
    elif isinstance(value, dict):
        for kind in ("components", "services"):
            part = value.get(kind)
            if part is not None and not isinstance(part, list):
                raise CycloneDxError(f"CycloneDX: 'metadata.tools.{kind}' must be an array")
            listed.extend(part or ())
    elif value is not None:
        raise CycloneDxError("CycloneDX: 'metadata.tools' must be an array or an object")
    found = []
    for tool in listed[:_MAX_TOOLS]:
        if not isinstance(tool, dict):
            raise CycloneDxError("CycloneDX: an item of 'metadata.tools' must be an object")
        name, version = _text(tool, "name"), _text(tool, "version")
        if name or version:
            vendor = _text(tool, "vendor") or _text(tool, "group") or _text(tool, "publisher")
            found.append(Tool(name=name or "", version=version, vendor=vendor))
    return tuple(found)


def _text(tool: JsonObject, key: str) -> str | None:
    value = tool.get(key)
    if value is not None and not isinstance(value, str):
        raise CycloneDxError(f"CycloneDX: {key!r} of a tool must be a string")
    return value or None


def _lifecycles(value: Json) -> tuple[str, ...]:
    found = []
    for each in value if isinstance(value, list) else ():
        said = (each.get("phase") or each.get("name")) if isinstance(each, dict) else None
        if isinstance(said, str):
            found.append(said)
    return tuple(found)


READER: Final = Reader(
    format=DocumentFormat.CYCLONEDX_JSON,
    family=Family.SBOM,
    recognises=lambda document: has_members(document, "bomFormat"),
    read=lambda document: read_cyclonedx_bytes(document.data),
    describe=count_cyclonedx,
)
"""CycloneDX JSON: ``bomFormat`` at the top."""
