"""CycloneDX JSON 1.2 to 1.7, read into the neutral component list.

Reads what a control needs and checks the form of what it reads; it is not a schema validator.
Nested components are listed after the one that contains them (DependencyTrack counts them alike).
"""

import re
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.components import Component, Defects, Sbom, SbomError, SbomFormat
from gatebook.formats.fields import Fields
from gatebook.formats.hashes import read_hashes

__all__ = ["SPEC_VERSIONS", "CycloneDxError", "is_cyclonedx", "read_cyclonedx"]

SPEC_VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
"""1.0 and 1.1 exist in XML only."""

_VERSION_REQUIRED: Final = frozenset({"1.2", "1.3"})
_SERIAL: Final = re.compile(
    r"urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"
)
_SCOPES: Final = frozenset({"required", "optional", "excluded"})
_MAX_TOOLS: Final = 256


class CycloneDxError(SbomError):
    """A document says it is CycloneDX and is not."""

    code = "formats.cyclonedx"


def is_cyclonedx(document: JsonObject) -> bool:
    """Whether a JSON document claims to be CycloneDX."""
    return document.get("bomFormat") == "CycloneDX"


def read_cyclonedx(document: JsonObject) -> Sbom:
    """Read a decoded document.

    A missing name or type, and a malformed hash, licence, scope, serial number or time are defects
    of the document that is read nevertheless.

    Raises:
        MalformedError: an unsupported version, or a field of another JSON type than it must have.

    """
    root = Fields(document, "CycloneDX", CycloneDxError.code)
    if not is_cyclonedx(document):
        raise root.refuse("'bomFormat' is not \"CycloneDX\"")
    version = root.text("specVersion")
    if version not in SPEC_VERSIONS:
        raise CycloneDxError(
            f"CycloneDX {version[:20]!r} is not read; {', '.join(SPEC_VERSIONS)} are",
            code="formats.sbom-version",
        )
    defects = Defects()
    serial = root.optional_text("serialNumber")
    if serial and _SERIAL.match(serial) is None:
        defects.add("'serialNumber' is not urn:uuid:…")
        serial = None
    metadata = root.optional_object("metadata") or Fields({}, "CycloneDX.metadata", root.code)
    about = metadata.optional_object("component")
    subject = None
    if about is not None:
        subject = _component(about.values, version, defects)
    return Sbom(
        format=SbomFormat.CYCLONEDX,
        spec_version=version,
        serial=serial or None,
        created=_created(metadata, defects),
        tools=_tools(metadata),
        subject=subject,
        components=_components(root.array("components"), version, defects),
        relationships=_dependencies(root, defects),
        defects=defects.texts(),
    )


def _created(metadata: Fields, defects: Defects) -> Instant | None:
    text = metadata.optional_text("timestamp")
    if text is None:
        return None
    try:
        return Instant.parse(text)
    except MalformedError as error:
        defects.add(f"'metadata.timestamp': {error.message}")
        return None


def _components(roots: list[Json], version: str, defects: Defects) -> tuple[Component, ...]:
    found: list[Component] = []
    pending = list(reversed(roots))
    while pending:
        item = pending.pop()
        if not isinstance(item, dict):
            raise CycloneDxError("CycloneDX: a component must be an object")
        found.append(_component(item, version, defects))
        nested = item.get("components")
        if nested is not None:
            if not isinstance(nested, list):
                raise CycloneDxError("CycloneDX: nested 'components' must be an array")
            pending.extend(reversed(nested))
    return tuple(found)


def _component(item: JsonObject, spec_version: str, defects: Defects) -> Component:
    name, kind, version = _text(item, "name"), _text(item, "type"), _text(item, "version")
    if name is None:
        # The empty string satisfies the schema, and names nothing either.
        defects.add("a component has no 'name'")
        name = ""
    if kind is None:
        defects.add(f"the component {name[:80]!r} has no 'type'")
    if spec_version in _VERSION_REQUIRED and item.get("version") is None:
        defects.add(f"the component {name[:80]!r} has no 'version', required in {spec_version}")
    scope = _text(item, "scope")
    if scope is not None and scope not in _SCOPES:
        defects.add(f"the component {name[:80]!r} has the unknown scope {scope[:40]!r}")
    hashes, licenses = item.get("hashes"), item.get("licenses")
    return Component(
        name=name,
        group=_text(item, "group"),
        version=version,
        purl=_text(item, "purl"),
        type=None if kind is None else kind.lower(),
        licenses=() if not licenses else _licenses(licenses, name, defects),
        hashes=() if not hashes else read_hashes(hashes, "alg", "content", name, defects),
        supplier=_supplier(item),
        ref=_text(item, "bom-ref"),
    )


def _text(item: JsonObject, key: str) -> str | None:
    value = item.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CycloneDxError(f"CycloneDX: {key!r} of a component must be a string")
    return value


def _supplier(item: JsonObject) -> str | None:
    supplier = item.get("supplier")
    if isinstance(supplier, dict):
        return _text(supplier, "name")
    if supplier is not None:
        raise CycloneDxError("CycloneDX: 'supplier' of a component must be an object")
    return _text(item, "publisher")


def _licenses(licenses: Json, name: str, defects: Defects) -> tuple[str, ...]:
    # licenseChoice: each entry is {"license": {"id" or "name"}} or {"expression"}, never both.
    if not isinstance(licenses, list):
        raise CycloneDxError(f"CycloneDX: 'licenses' of {name[:80]!r} must be an array")
    found: list[str] = []
    for item in licenses:
        if not isinstance(item, dict):
            raise CycloneDxError(f"CycloneDX: a licence of {name[:80]!r} must be an object")
        choice = item.get("license")
        said = [item.get("expression")]
        if isinstance(choice, dict):
            said += [choice.get("id"), choice.get("name")]
        texts = [text for text in said if isinstance(text, str)]
        if len(texts) != 1:
            defects.add(f"a licence of {name[:80]!r} must have one of id, name and expression")
        found.extend(text for text in texts[:1] if text)
    return tuple(found)


def _tools(metadata: Fields) -> tuple[str, ...]:
    # A list of tools up to 1.4; since 1.5 also an object of components and services.
    value = metadata.values.get("tools")
    if value is None:
        return ()
    if isinstance(value, list):
        tools = list(metadata.objects("tools"))
    else:
        made_by = metadata.object("tools")
        tools = [*made_by.objects("components"), *made_by.objects("services")]
    names = (
        f"{tool.optional_text('name') or ''} {tool.optional_text('version') or ''}".strip()
        for tool in tools[:_MAX_TOOLS]
    )
    return tuple(name for name in names if name)


def _dependencies(root: Fields, defects: Defects) -> int:
    listed = root.array("dependencies")
    for item in listed:
        if not isinstance(item, dict):
            raise root.refuse("a dependency must be an object")
        if not isinstance(item.get("ref"), str):
            defects.add("a dependency has no 'ref'")
        depends_on = item.get("dependsOn")
        if depends_on is not None and not isinstance(depends_on, list):
            raise root.refuse("'dependsOn' must be an array")
    return len(listed)
