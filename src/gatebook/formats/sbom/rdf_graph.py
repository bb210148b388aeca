"""The part of RDF/XML that SPDX tools write, read into nodes with properties.

Typed node elements and ``rdf:Description``; ``rdf:about``, ``rdf:ID``, ``rdf:nodeID`` and
``rdf:resource``; property attributes; ``rdf:parseType="Resource"``; ``xml:base`` for references
that begin with ``#``. Containers, collections, reification and XML literals are refused, because
nothing in SPDX 2 is written with them. Source: W3C RDF 1.1 XML Syntax, §2 and §7.
"""

from dataclasses import dataclass, field
from typing import Final

from gatebook.formats.reading.xml import XmlElement, read_xml
from gatebook.formats.sbom.components import SbomError

__all__ = ["MAX_RDF_BYTES", "RDF", "Node", "RdfError", "read_rdf"]

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MAX_RDF_BYTES: Final = 64 * 1024 * 1024

# Tools nest a node where it is first named, so a chain of relationships becomes as deep as it is
# long; nothing here recurses.
_MAX_DEPTH: Final = 20_000
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_SEPARATOR: Final = "\x1f"
_ABOUT: Final = f"{RDF}{_SEPARATOR}about"
_ID: Final = f"{RDF}{_SEPARATOR}ID"
_NODE_ID: Final = f"{RDF}{_SEPARATOR}nodeID"
_RESOURCE: Final = f"{RDF}{_SEPARATOR}resource"
_PARSE_TYPE: Final = f"{RDF}{_SEPARATOR}parseType"
_DATATYPE: Final = f"{RDF}{_SEPARATOR}datatype"
_BASE: Final = f"{_XML}{_SEPARATOR}base"
_NAMES_A_NODE: Final = (_ABOUT, _ID, _NODE_ID)
_SYNTAX: Final = frozenset({*_NAMES_A_NODE, _RESOURCE, _PARSE_TYPE, _DATATYPE, _BASE})


class RdfError(SbomError):
    """A document is not in the part of RDF/XML that is read."""

    code = "formats.rdf"


@dataclass(slots=True, eq=False)
class Node:
    """A resource.

    Attributes:
        iri: what it is called; ``None`` for a blank node.
        types: what it says it is.
        properties: values by predicate, in the order written; a text or another node.

    """

    iri: str | None = None
    types: set[str] = field(default_factory=set)
    properties: "dict[str, list[str | Node]]" = field(default_factory=dict)

    def add(self, predicate: str, value: "str | Node") -> None:
        """State one more property."""
        self.properties.setdefault(predicate, []).append(value)

    def all(self, predicate: str) -> "list[str | Node]":
        """The values of a property."""
        return self.properties.get(predicate, [])

    def nodes(self, predicate: str) -> "list[Node]":
        """The values of a property that are nodes."""
        return [value for value in self.all(predicate) if isinstance(value, Node)]


class _Graph:
    def __init__(self, base: str) -> None:
        self.named: dict[str, Node] = {}
        self.blank: dict[str, Node] = {}
        self.nodes: list[Node] = []
        self._base = base.partition("#")[0]

    def node(self, iri: str | None = None, label: str | None = None) -> Node:
        if iri is not None:
            known = self.named.get(iri)
            if known is None:
                known = self.named[iri] = self._new(iri)
            return known
        if label is not None:
            known = self.blank.get(label)
            if known is None:
                known = self.blank[label] = self._new(None)
            return known
        return self._new(None)

    def _new(self, iri: str | None) -> Node:
        node = Node(iri)
        self.nodes.append(node)
        return node

    def absolute(self, reference: str) -> str:
        return self._base + reference if reference.startswith("#") else reference

    def named_by(self, attributes: dict[str, str]) -> Node:
        if sum(name in attributes for name in _NAMES_A_NODE) > 1:
            raise RdfError("a node has more than one name")
        if _ABOUT in attributes:
            return self.node(iri=self.absolute(attributes[_ABOUT]))
        if _ID in attributes:
            return self.node(iri=self.absolute(f"#{attributes[_ID]}"))
        return self.node(label=attributes.get(_NODE_ID))


def read_rdf(data: bytes) -> list[Node]:
    """Read all nodes of an RDF/XML document, in the order in which they are first named.

    Raises:
        MalformedError: not the XML that is read, or not the part of RDF/XML that is read.

    """
    root = read_xml(data, what="RDF document", max_bytes=MAX_RDF_BYTES, max_depth=_MAX_DEPTH)
    if root.name.namespace != RDF or root.tag != "RDF":
        raise RdfError(f"the root is <{root.tag[:60]}> and not <rdf:RDF>")
    graph = _Graph(root.attributes.get(_BASE, ""))
    pending: list[tuple[XmlElement, Node]] = [
        (child, _begin(graph, child)) for child in root.children
    ]
    pending.reverse()
    while pending:
        element, node = pending.pop()
        inner: list[tuple[XmlElement, Node]] = []
        for child in element.children:
            _property(graph, node, child, inner)
        pending.extend(reversed(inner))
    return graph.nodes


def _begin(graph: _Graph, element: XmlElement) -> Node:
    """Name and type the node that a node element describes."""
    node = graph.named_by(element.attributes)
    if element.name.namespace == RDF and element.tag != "Description":
        raise RdfError(f"<rdf:{element.tag[:60]}> is not read")
    if element.name.namespace != RDF:
        node.types.add(element.name.namespace + element.tag)
    _attributes(graph, node, element)
    return node


def _attributes(graph: _Graph, node: Node, element: XmlElement) -> None:
    for name, text in element.attributes.items():
        namespace, _, local = name.rpartition(_SEPARATOR)
        if name in _SYNTAX or namespace in {"", _XML}:
            continue
        if namespace + local == f"{RDF}type":
            node.types.add(graph.absolute(text))
        else:
            node.add(namespace + local, text)


def _property(
    graph: _Graph, node: Node, element: XmlElement, inner: list[tuple[XmlElement, Node]]
) -> None:
    """Read one property element; nodes described inside it go into ``inner``."""
    predicate = element.name.namespace + element.tag
    attributes = element.attributes
    if predicate == f"{RDF}li" or _ID in attributes:
        raise RdfError(f"<{element.tag[:60]}> is a container item or reified; neither is read")
    parse_type = attributes.get(_PARSE_TYPE)
    if parse_type not in {None, "Resource"}:
        raise RdfError(f'rdf:parseType="{str(parse_type)[:40]}" is not read')
    value: str | Node
    if parse_type == "Resource":
        value = described = graph.node()
        inner.append((element, described))
    elif _RESOURCE in attributes or _NODE_ID in attributes:
        if element.children:
            raise RdfError(f"<{element.tag[:60]}> names a node and describes another")
        value = (
            graph.node(iri=graph.absolute(attributes[_RESOURCE]))
            if _RESOURCE in attributes
            else graph.node(label=attributes[_NODE_ID])
        )
        _attributes(graph, value, element)
    elif len(element.children) == 1:
        child = element.children[0]
        value = described = _begin(graph, child)
        inner.append((child, described))
    elif element.children:
        raise RdfError(f"<{element.tag[:60]}> has more than one value in it")
    elif any(name not in _SYNTAX and _SEPARATOR in name for name in attributes):
        value = graph.node()  # §2.12: property attributes describe a blank node
        _attributes(graph, value, element)
    else:
        value = element.text.strip()
    if predicate == f"{RDF}type":
        node.types.add(value.iri or "" if isinstance(value, Node) else value)
    else:
        node.add(predicate, value)
