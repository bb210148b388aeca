"""CycloneDX XML 1.0 to 1.7, rewritten as CycloneDX JSON.

The document is parsed in pieces by the C tree builder; each component is written as JSON when its
element ends and its tree is dropped, so that memory holds the JSON and one component. That is twice
as fast as callbacks for every element. A document type cannot come: it would have to stand before
the root element, which :func:`~gatebook.formats.reading.xml.root_name` finds with document types
refused.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.xml import MAX_XML_BYTES, XmlError, refuse_doctype
from gatebook.formats.sbom.cyclonedx_xml_rules import (
    NAMESPACE,
    VULNERABILITY_EXTENSION,
    Kind,
    Rule,
    Shape,
    bom_shapes,
)
from gatebook.formats.sbom.strict_json import collection_paused

__all__ = [
    "DEPENDENCY_EXTENSION",
    "XmlBom",
    "cyclonedx_json_shape",
    "spec_version_of",
    "xml_bom",
]

DEPENDENCY_EXTENSION: Final = "http://cyclonedx.org/schema/ext/dependency-graph/1.0"
_PIECE: Final = 128 * 1024
_MAX_NESTED: Final = 64
_MAX_DIGITS: Final = 16
_TYPED: Final = frozenset({"isExternal", "version"})
"""Attributes that are no text in JSON."""

# The schema writes vulnerabilityScore/score; the samples and the tools of the time ratings/rating.
_EXTENSION_RATINGS: Final = tuple(
    f"{{{VULNERABILITY_EXTENSION}}}{wrapper}/{{{VULNERABILITY_EXTENSION}}}{item}"
    for wrapper, item in (
        ("ratings", "rating"),
        ("scores", "score"),
        ("vulnerabilityScore", "score"),
    )
)


_Object: TypeAlias = dict[str, Any]
"""A JSON object in which components are written already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlBom:
    """A document rewritten as JSON, and what was counted in it.

    Attributes:
        json: the document as CycloneDX JSON, with every field that a reader asks for.
        spec_version: as the namespace names it, which may be no version that there is.
        components: how many there are, nested ones included.
        top: how many of them are not inside another.
        dependencies: how many nodes the dependency graph lists.
        vulnerabilities: the vulnerabilities it lists, in JSON's shape.
        repeated: the first element that comes twice where it may come once; its first value is
            in the JSON, and a reader that wants to be sure refuses the document.

    """

    json: bytes
    spec_version: str
    components: int
    top: int
    dependencies: int
    vulnerabilities: list[Json]
    repeated: str | None


def spec_version_of(document: Document) -> str | None:
    """The version in the namespace of the root; ``None`` for what is no CycloneDX XML."""
    name = document.xml_root
    if name is None or name.local != "bom" or not name.namespace.startswith(NAMESPACE):
        return None
    return name.namespace.removeprefix(NAMESPACE)


def cyclonedx_json_shape(document: Document) -> JsonObject:
    """The document as CycloneDX JSON says it, for readers of one part of it.

    Raises:
        MalformedError: not well-formed, or beyond a limit.

    """
    shape: JsonObject = msgspec.json.decode(document.once(xml_bom).json)
    return shape


def xml_bom(document: Document) -> XmlBom:
    """Rewrite a document; call it through ``document.once``.

    Raises:
        MalformedError: not well-formed, or beyond a limit.

    """
    version = spec_version_of(document)
    if version is None:
        raise XmlError("the document is not CycloneDX XML", code="formats.cyclonedx")
    data = document.data
    if len(data) > MAX_XML_BYTES:
        raise XmlError(
            f"CycloneDX XML has {len(data)} bytes; at most {MAX_XML_BYTES} are read",
            code="formats.xml-limit",
        )
    refuse_doctype(data)
    builder = _Builder(NAMESPACE + version)
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(("end",))
    try:
        with collection_paused():
            for start in range(0, len(data), _PIECE):
                parser.feed(data[start : start + _PIECE])
                builder.take(parser.read_events())
            parser.close()
            builder.take(parser.read_events())
    except ET.ParseError as error:
        raise XmlError(f"CycloneDX XML is not well-formed: {error}") from None
    except (LookupError, ValueError) as error:
        raise XmlError(
            f"CycloneDX XML has an encoding that is not read: {error}", code="formats.xml-encoding"
        ) from None
    return builder.bom(version)


class _Builder:
    """Writes elements in JSON's shape as they end."""

    def __init__(self, namespace: str) -> None:
        prefix = f"{{{namespace}}}"
        self._root, self._component = bom_shapes(namespace)
        self._component_tag = f"{prefix}component"
        self._bom_tag = f"{prefix}bom"
        self._expression_tag = f"{prefix}expression"
        self._detailed_tag = f"{prefix}expression-detailed"
        self._dependency_tags = frozenset(
            {f"{prefix}dependency", f"{{{DEPENDENCY_EXTENSION}}}dependency"}
        )
        self._provides_tag = f"{prefix}provides"
        self._extension_tag = f"{{{DEPENDENCY_EXTENSION}}}dependencies"
        self._done: dict[ET.Element, tuple[msgspec.Raw, int, int]] = {}
        self._deepest = 0
        self._inside = 0
        self._findings: list[Json] = []
        self._shape: _Object = {}
        self._counted = 0
        self._dependencies = 0
        self._repeated: str | None = None

    def take(self, events: Iterable[Any]) -> None:
        """Write what ended; a component's tree is dropped, and its children were before."""
        component_tag, bom_tag, shape = self._component_tag, self._bom_tag, self._component
        for _, element in events:
            tag = element.tag
            if tag == component_tag:
                self._deepest = self._inside = 0
                written = self._object(element, shape)
                self._done[element] = (
                    msgspec.Raw(msgspec.json.encode(written)),
                    self._deepest + 1,
                    self._inside + 1,
                )
                element.clear()
            elif tag == bom_tag:
                self._finish(element)

    def bom(self, version: str) -> XmlBom:
        """What was written, when the document has ended."""
        shape = self._shape
        vulnerabilities = shape.get("vulnerabilities")
        return XmlBom(
            json=msgspec.json.encode({"bomFormat": "CycloneDX", "specVersion": version, **shape}),
            spec_version=version,
            components=self._counted,
            top=len(shape.get("components", ())),
            dependencies=self._dependencies,
            vulnerabilities=vulnerabilities if isinstance(vulnerabilities, list) else [],
            repeated=self._repeated,
        )

    def _finish(self, root: ET.Element) -> None:
        self._dependencies = 0
        self._shape = self._object(root, self._root)
        extension = root.find(self._extension_tag)
        if extension is not None and "dependencies" not in self._shape:
            self._shape["dependencies"] = self._dependency_list(extension)
        if self._findings:
            listed = self._shape.setdefault("vulnerabilities", [])
            if isinstance(listed, list):
                listed.extend(self._findings)

    def _take_components(self, element: ET.Element) -> tuple[list[msgspec.Raw], int]:
        """The components in an element, which were written when they ended, and their number."""
        found: list[msgspec.Raw] = []
        total = 0
        for child in element:
            if child.tag == self._component_tag:
                component, depth, count = self._done.pop(child)
                found.append(component)
                self._deepest = max(self._deepest, depth)
                total += count
        if self._deepest > _MAX_NESTED:
            raise XmlError(
                f"components are nested deeper than {_MAX_NESTED}", code="formats.xml-limit"
            )
        return found, total

    def _object(self, element: ET.Element, shape: Shape) -> _Object:
        found: _Object = {}
        attributes, texts, rules = shape.attributes, shape.texts, shape.children
        if attributes:
            for name, value in element.items():
                field = attributes.get(name)
                if field is not None:
                    found[field] = _attribute(name, value) if name in _TYPED else value
        if shape.text is not None:
            found[shape.text] = (element.text or "").strip()
        for child in element:
            field = texts.get(child.tag)
            if field is not None:
                if field in found:
                    self._repeated = self._repeated or field
                else:
                    found[field] = (child.text or "").strip()
            elif (rule := rules.get(child.tag)) is not None:
                self._field(child, rule, found, element)
        return found

    def _field(  # noqa: PLR0912  # one branch for each kind of rule
        self, child: ET.Element, rule: Rule, found: _Object, element: ET.Element
    ) -> None:
        field = rule.field
        value: Any
        match rule.kind:
            case Kind.TEXTS | Kind.OBJECTS:
                listed = found.setdefault(field, [])
                if isinstance(listed, list):
                    listed.append(self._item(child, rule))
                return
            case Kind.EXTENSION:
                self._findings.extend(_extension_findings(child, element))
                return
            case Kind.LIST:
                value = [self._item(item, rule) for item in child if item.tag in rule.items]
            case Kind.COMPONENTS:
                value, count = self._take_components(child)
                if element.tag == self._bom_tag:
                    self._counted = count
                self._inside += count
            case Kind.COMPONENT:
                value = self._done.pop(child)[0]
            case Kind.DEPENDENCIES:
                value = self._dependency_list(child)
            case Kind.TOOLS if rule.shape is not None:
                tools = self._object(child, rule.shape)
                value = tools.pop("tool", []) if "components" not in tools else tools
                if tools and not isinstance(value, dict) and not value:
                    value = tools
            case Kind.OBJECT if rule.shape is not None:
                value = self._object(child, rule.shape)
            case Kind.NUMBER:
                value = _number((child.text or "").strip())
            case Kind.BOOLEAN:
                value = _boolean((child.text or "").strip())
            case _:
                value = (child.text or "").strip()
        if field in found:
            self._repeated = self._repeated or field
        else:
            found[field] = value

    def _item(self, element: ET.Element, rule: Rule) -> Json:
        if rule.item_attribute is not None:
            return element.get(rule.item_attribute, "")
        if rule.shape is None:
            return (element.text or "").strip()
        item = self._object(element, rule.shape)
        if rule.field != "licenses":
            return item
        text = item.pop("#text")
        if element.tag == self._expression_tag:
            item["expression"] = text
            return item
        if element.tag == self._detailed_tag:
            return item
        item.pop("expression", None)
        return {"license": item}

    def _dependency_list(self, element: ET.Element) -> list[Json]:
        """Every node of the graph; one inside another is written as a node of its own as well."""
        found: list[Json] = []
        nodes = [child for child in element if child.tag in self._dependency_tags]
        self._dependencies += len(nodes)
        for node in nodes:  # grows while it is gone through
            inner = [child for child in node if child.tag in self._dependency_tags]
            found.append(self._dependency(node, inner))
            nodes.extend(child for child in inner if len(child))
        return found

    def _dependency(self, node: ET.Element, inner: list[ET.Element]) -> _Object:
        depends: list[Json] = [child.get("ref", "") for child in inner]
        entry: _Object = {"dependsOn": depends}
        reference = node.get("ref")
        if reference is not None:
            entry["ref"] = reference
        provides: list[Json] = [
            child.get("ref", "") for child in node if child.tag == self._provides_tag
        ]
        if provides:
            entry["provides"] = provides
        return entry


def _extension_findings(listed: ET.Element, component: ET.Element) -> Iterator[_Object]:
    """Vulnerabilities of the extension, in the shape that 1.4 gave them."""
    prefix = f"{{{VULNERABILITY_EXTENSION}}}"
    for element in listed.findall(f"{prefix}vulnerability"):
        found: _Object = {"id": (element.findtext(f"{prefix}id") or "").strip()}
        source = element.find(f"{prefix}source")
        if source is not None:
            found["source"] = {
                "name": source.get("name", ""),
                "url": (source.findtext(f"{prefix}url") or "").strip(),
            }
        ratings: list[Json] = [
            _extension_rating(rating, prefix)
            for path in _EXTENSION_RATINGS
            for rating in element.findall(path)
        ]
        if ratings:
            found["ratings"] = ratings
        description = element.findtext(f"{prefix}description")
        if description is not None:
            found["description"] = description.strip()
        reference = element.get("ref") or component.get("bom-ref")
        if reference:
            found["affects"] = [{"ref": reference}]
        yield found


def _extension_rating(rating: ET.Element, prefix: str) -> _Object:
    found: _Object = {}
    base = rating.findtext(f"{prefix}score/{prefix}base")
    if base is not None:
        found["score"] = _number(base.strip())
    for name, field in (("severity", "severity"), ("method", "method"), ("vector", "vector")):
        text = rating.findtext(f"{prefix}{name}")
        if text is not None:
            found[field] = text.strip().lower() if name == "severity" else text.strip()
    return found


def _attribute(name: str, text: str) -> Json:
    if name == "isExternal":
        return _boolean(text.strip())
    return int(text) if text.strip().isdecimal() and len(text) < _MAX_DIGITS else text


def _boolean(text: str) -> Json:
    # xs:boolean: true, false, 1, 0.
    return {"true": True, "1": True, "false": False, "0": False}.get(text, text)


def _number(text: str) -> Json:
    try:
        return float(text)
    except ValueError:
        return text
