"""How each element of CycloneDX XML is written in CycloneDX JSON.

The two serialisations have one model; the names are those of the JSON schema 1.7. Elements that no
reader asks for (services' data flows, model cards, release notes, texts of licences, …) have no
rule and are skipped.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

__all__ = ["NAMESPACE", "VULNERABILITY_EXTENSION", "Kind", "Rule", "Shape", "bom_shapes"]

NAMESPACE: Final = "http://cyclonedx.org/schema/bom/"
VULNERABILITY_EXTENSION: Final = "http://cyclonedx.org/schema/ext/vulnerability/1.0"


class Kind(Enum):
    """What becomes of an element."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    OBJECT = auto()
    TEXTS = auto()
    """A text of several, without an element around them."""
    OBJECTS = auto()
    """An object of several, without an element around them."""
    LIST = auto()
    """An element around several objects or texts."""
    COMPONENT = auto()
    COMPONENTS = auto()
    DEPENDENCIES = auto()
    TOOLS = auto()
    EXTENSION = auto()
    """Vulnerabilities of the extension of 1.0 and 1.1, which stand in a component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How an element becomes an object.

    Attributes:
        attributes: field by attribute.
        text: the field the element's own text goes to.
        children: rule by element.
        texts: field by element, for the children that are texts: most are, so they are found
            without looking at a rule.

    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    children: "Mapping[str, Rule]" = field(default_factory=dict)
    texts: Mapping[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find the children that are texts."""
        texts = {tag: rule.field for tag, rule in self.children.items() if rule.kind is Kind.TEXT}
        object.__setattr__(self, "texts", texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one element inside another is written in JSON.

    Attributes:
        kind: what becomes of it.
        field: the field it goes to.
        shape: of the object it becomes, or of each object in it.
        items: the elements inside a list that are its items; a list of texts has no shape.
        item_attribute: the attribute that is an item's text.

    """

    kind: Kind
    field: str
    shape: Shape | None = None
    items: frozenset[str] = frozenset()
    item_attribute: str | None = None


_REF: Final = {"bom-ref": "bom-ref"}
_CONTACT: Final = ("name", "email", "phone")


class _Names:
    """Builds rules for the element names of one namespace."""

    def __init__(self, namespace: str) -> None:
        self._prefix = f"{{{namespace}}}"

    def name(self, tag: str) -> str:
        return self._prefix + tag

    def rules(self, texts: Iterable[str] = (), **others: Rule) -> dict[str, Rule]:
        found = {self.name(tag): Rule(kind=Kind.TEXT, field=tag) for tag in texts}
        found.update((self.name(rule_tag), rule) for rule_tag, rule in others.items())
        return found

    def listed(self, field_name: str, *items: str, shape: Shape | None = None) -> Rule:
        names = frozenset(self.name(item) for item in items)
        return Rule(kind=Kind.LIST, field=field_name, shape=shape, items=names)

    def refs(self, field_name: str, item: str) -> Rule:
        names = frozenset({self.name(item)})
        return Rule(kind=Kind.LIST, field=field_name, items=names, item_attribute="ref")


def _object(field_name: str, shape: Shape) -> Rule:
    return Rule(kind=Kind.OBJECT, field=field_name, shape=shape)


def _flag(field_name: str) -> Rule:
    return Rule(kind=Kind.BOOLEAN, field=field_name)


@functools.lru_cache(maxsize=16)
def bom_shapes(namespace: str) -> tuple[Shape, Shape]:
    """The shapes of the root and of a component, for the namespace of one version."""
    names = _Names(namespace)
    contact = Shape(attributes=_REF, children=names.rules(_CONTACT))
    url = Rule(kind=Kind.TEXTS, field="url")
    entity = Shape(
        attributes=_REF,
        children=names.rules(
            ("name",), url=url, contact=Rule(kind=Kind.OBJECTS, field="contact", shape=contact)
        ),
    )
    hashes = names.listed("hashes", "hash", shape=Shape(attributes={"alg": "alg"}, text="content"))
    properties = names.listed(
        "properties", "property", shape=Shape(attributes={"name": "name"}, text="value")
    )
    references = names.listed(
        "externalReferences",
        "reference",
        shape=Shape(
            attributes={"type": "type"},
            children=names.rules(("url", "comment"), hashes=hashes, properties=properties),
        ),
    )
    licences = _licences(names, properties)
    component = Shape(
        attributes={
            "type": "type",
            "mime-type": "mime-type",
            "bom-ref": "bom-ref",
            "isExternal": "isExternal",
        },
        children=names.rules(
            (
                *("author", "publisher", "group", "name", "version", "versionRange"),
                *("description", "scope", "copyright", "cpe", "purl"),
            ),
            supplier=_object("supplier", entity),
            manufacturer=_object("manufacturer", entity),
            authors=names.listed("authors", "author", shape=contact),
            hashes=hashes,
            licenses=licences,
            omniborId=Rule(kind=Kind.TEXTS, field="omniborId"),
            swhid=Rule(kind=Kind.TEXTS, field="swhid"),
            swid=_object("swid", Shape(attributes={"tagId": "tagId", "name": "name"})),
            modified=_flag("modified"),
            externalReferences=references,
            properties=properties,
            tags=names.listed("tags", "tag"),
            components=Rule(kind=Kind.COMPONENTS, field="components"),
            evidence=_object("evidence", Shape(children=names.rules(licenses=licences))),
        )
        | {f"{{{VULNERABILITY_EXTENSION}}}vulnerabilities": Rule(kind=Kind.EXTENSION, field="")},
    )
    service = Shape(
        attributes=_REF,
        children=names.rules(("group", "name", "version"), provider=_object("provider", entity)),
    )
    parts = _Parts(
        contact=contact,
        entity=entity,
        service=service,
        licences=licences,
        properties=properties,
        hashes=hashes,
    )
    root = Shape(
        attributes={"serialNumber": "serialNumber", "version": "version"},
        children=names.rules(
            metadata=_object("metadata", _metadata(names, parts)),
            components=Rule(kind=Kind.COMPONENTS, field="components"),
            services=names.listed("services", "service", shape=service),
            externalReferences=references,
            dependencies=Rule(kind=Kind.DEPENDENCIES, field="dependencies"),
            compositions=_compositions(names),
            properties=properties,
            vulnerabilities=_vulnerabilities(names),
        ),
    )
    return root, component


def _licences(names: _Names, properties: Rule) -> Rule:
    acknowledged = {"bom-ref": "bom-ref", "acknowledgement": "acknowledgement"}
    # Each item says by its own name what it is; cyclonedx_xml writes it as JSON does.
    licence = Shape(
        attributes=acknowledged | {"expression": "expression"},
        text="#text",
        children=names.rules(("id", "name", "url"), properties=properties),
    )
    return names.listed("licenses", "license", "expression", "expression-detailed", shape=licence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What components and metadata both are made of."""

    contact: Shape
    entity: Shape
    service: Shape
    licences: Rule
    properties: Rule
    hashes: Rule


def _metadata(names: _Names, parts: _Parts) -> Shape:
    contact, entity, service = parts.contact, parts.entity, parts.service
    tool = Shape(children=names.rules(("vendor", "name", "version"), hashes=parts.hashes))
    tools = Shape(
        children=names.rules(
            tool=Rule(kind=Kind.OBJECTS, field="tool", shape=tool),
            components=Rule(kind=Kind.COMPONENTS, field="components"),
            services=names.listed("services", "service", shape=service),
        )
    )
    lifecycle = Shape(children=names.rules(("phase", "name", "description")))
    return Shape(
        children=names.rules(
            ("timestamp",),
            lifecycles=names.listed("lifecycles", "lifecycle", shape=lifecycle),
            tools=Rule(kind=Kind.TOOLS, field="tools", shape=tools),
            authors=names.listed("authors", "author", shape=contact),
            component=Rule(kind=Kind.COMPONENT, field="component"),
            manufacture=_object("manufacture", entity),
            manufacturer=_object("manufacturer", entity),
            supplier=_object("supplier", entity),
            licenses=parts.licences,
            properties=parts.properties,
        )
    )


def _compositions(names: _Names) -> Rule:
    composition = Shape(
        attributes=_REF,
        children=names.rules(
            ("aggregate",),
            assemblies=names.refs("assemblies", "assembly"),
            dependencies=names.refs("dependencies", "dependency"),
            vulnerabilities=names.refs("vulnerabilities", "vulnerability"),
        ),
    )
    return names.listed("compositions", "composition", shape=composition)


def _vulnerabilities(names: _Names) -> Rule:
    source = Shape(children=names.rules(("name", "url")))
    rating = Shape(
        children=names.rules(
            ("severity", "method", "vector", "justification"),
            source=_object("source", source),
            score=Rule(kind=Kind.NUMBER, field="score"),
        )
    )
    reference = Shape(children=names.rules(("id",), source=_object("source", source)))
    version = Shape(children=names.rules(("version", "range", "status")))
    target = Shape(
        children=names.rules(("ref",), versions=names.listed("versions", "version", shape=version))
    )
    analysis = Shape(
        children=names.rules(
            ("state", "justification", "detail", "firstIssued", "lastUpdated"),
            responses=names.listed("response", "response"),
        )
    )
    vulnerability = Shape(
        attributes=_REF,
        children=names.rules(
            (
                *("id", "description", "detail", "recommendation", "workaround"),
                *("created", "published", "updated", "rejected"),
            ),
            source=_object("source", source),
            references=names.listed("references", "reference", shape=reference),
            ratings=names.listed("ratings", "rating", shape=rating),
            cwes=names.listed("cwes", "cwe"),
            advisories=names.listed(
                "advisories", "advisory", shape=Shape(children=names.rules(("title", "url")))
            ),
            analysis=_object("analysis", analysis),
            affects=names.listed("affects", "target", shape=target),
        ),
    )
    return names.listed("vulnerabilities", "vulnerability", shape=vulnerability)
