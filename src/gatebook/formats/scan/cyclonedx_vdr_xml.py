"""The vulnerabilities of a CycloneDX XML document, brought into the shape of the JSON ones.

CycloneDX 1.4 and later have them in the document's namespace. Before, they were an extension
(``http://cyclonedx.org/schema/ext/vulnerability/1.0``), beside the components or inside them, with
another shape of ratings and ``ref`` instead of ``affects``. Only what a scan is read from is taken.
"""

from collections.abc import Iterator

from gatebook.canonical import Json, JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.xml import XmlElement, read_xml

__all__ = ["vulnerabilities_as_json"]


def vulnerabilities_as_json(document: Document) -> JsonObject:
    """The parts of the document that :func:`read_cyclonedx_vdr` looks at, as decoded JSON.

    Raises:
        XmlError: not well-formed, or beyond a limit.

    """
    root = read_xml(document.data, what="CycloneDX document")
    metadata = root.first("metadata")
    vulnerabilities: list[Json] = []
    components: list[Json] = []
    for owner in _owners(root):
        if owner is not root:
            components.append(_component(owner))
        for holder in owner.all("vulnerabilities"):
            vulnerabilities.extend(
                _vulnerability(each, None if owner is root else _reference(owner))
                for each in holder.all("vulnerability")
            )
    result: JsonObject = {"vulnerabilities": vulnerabilities, "components": components}
    if metadata is not None:
        result["metadata"] = _metadata(metadata)
    return result


def _owners(root: XmlElement) -> Iterator[XmlElement]:
    """The document and its components, nested ones as well."""
    stack = [root]
    while stack:
        owner = stack.pop()
        yield owner
        for holder in owner.all("components"):
            stack.extend(holder.all("component"))


def _texts(element: XmlElement | None, *names: str) -> JsonObject:
    if element is None:
        return {}
    return {name: text for name in names if (text := element.text_of(name))}


def _reference(component: XmlElement) -> str:
    written = component.attributes.get("bom-ref") or component.text_of("purl")
    # Before 1.1 components had no reference; their coordinates serve as one.
    parts = (component.text_of(name) for name in ("group", "name", "version"))
    return written or "/".join(part for part in parts if part)


def _component(component: XmlElement) -> JsonObject:
    shown = _texts(component, "group", "name", "version", "purl")
    shown["bom-ref"] = _reference(component)
    kind = component.attributes.get("type")
    if kind:
        shown["type"] = kind
    hashes = component.first("hashes")
    if hashes is not None:
        shown["hashes"] = [
            {"alg": each.attributes.get("alg"), "content": each.text.strip()}
            for each in hashes.all("hash")
        ]
    properties = component.first("properties")
    if properties is not None:
        shown["properties"] = [
            {"name": each.attributes.get("name"), "value": each.text.strip()}
            for each in properties.all("property")
        ]
    return shown


def _metadata(metadata: XmlElement) -> JsonObject:
    shown = _texts(metadata, "timestamp")
    subject = metadata.first("component")
    if subject is not None:
        shown["component"] = _component(subject)
    tools = metadata.first("tools")
    if tools is not None:
        found = [*tools.all("tool")]
        for holder, name in (("components", "component"), ("services", "service")):
            for each in tools.all(holder):
                found.extend(each.all(name))
        shown["tools"] = [_texts(each, "name", "version") for each in found]
    return shown


def _vulnerability(element: XmlElement, owner: str | None) -> JsonObject:
    shown = _texts(element, "id", "description", "detail", "published", "rejected")
    reference = element.attributes.get("bom-ref")
    if reference:
        shown["bom-ref"] = reference
    source = element.first("source")
    if source is not None:
        shown["source"] = _source(source)
    shown["ratings"] = [_rating(each, source) for each in _inside(element, "ratings", "rating")]
    shown["references"] = [
        _texts(each, "id") for each in _inside(element, "references", "reference")
    ]
    analysis = element.first("analysis")
    if analysis is not None:
        shown["analysis"] = _texts(analysis, "state", "justification", "detail")
    affects: list[Json] = [_target(each) for each in _inside(element, "affects", "target")]
    about = element.attributes.get("ref") or owner
    if not affects and about:
        affects = [{"ref": about}]
    shown["affects"] = affects
    return shown


def _inside(element: XmlElement, holder: str, name: str) -> Iterator[XmlElement]:
    for each in element.all(holder):
        yield from each.all(name)


def _source(source: XmlElement) -> JsonObject:
    shown = _texts(source, "name", "url")
    name = source.attributes.get("name")  # the extension
    if name:
        shown.setdefault("name", name)
    return shown


def _rating(rating: XmlElement, origin: XmlElement | None) -> JsonObject:
    shown = _texts(rating, "score", "severity", "method", "vector")
    score = rating.first("score")
    base = score.text_of("base") if score is not None else None
    if base:
        shown["score"] = base
    source = rating.first("source")
    if source is not None or origin is not None:
        shown["source"] = _source(source if source is not None else origin or rating)
    return shown


def _target(target: XmlElement) -> JsonObject:
    shown = _texts(target, "ref")
    shown["versions"] = [
        _texts(each, "version", "range", "status")
        for each in _inside(target, "versions", "version")
    ]
    return shown
