"""CycloneDX XML against the published schema of its version.

The schemas are those that come with cyclonedx-python-lib. Beside them stand the rules that only XSD
1.1 could say, and the extensions of 1.0 and 1.1, whose elements the schemas let pass.
"""

import functools
from collections.abc import Iterator
from typing import Any, Final

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.xml import refuse_doctype
from gatebook.formats.sbom.cyclonedx_xml_rules import NAMESPACE, VULNERABILITY_EXTENSION
from gatebook.formats.sbom.cyclonedx_xml_shape import DEPENDENCY_EXTENSION, spec_version_of
from gatebook.formats.sbom.validity.problems import MAX_NAMED, Problems, check_size

__all__ = ["CODE", "MAX_SCHEMA_BYTES", "check_cyclonedx_xml"]

CODE: Final = "formats.cyclonedx-invalid"
MAX_SCHEMA_BYTES: Final = 64 * 1024 * 1024

_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_EXTENSIONS: Final = b"http://cyclonedx.org/schema/ext/"
_EXTENSION_SEVERITIES: Final = frozenset({"None", "Low", "Medium", "High", "Critical", "Unknown"})
_TRUE: Final = frozenset({"true", "1"})


def check_cyclonedx_xml(document: Document, *, max_bytes: int = MAX_SCHEMA_BYTES) -> None:
    """Check a document against the schema of the version that its namespace names.

    Raises:
        MalformedError: not well-formed, a document type, an unknown version, or not valid (code
            :data:`CODE`).
        NotCheckedError: larger than ``max_bytes``.

    """
    check_size(len(document.data), max_bytes, "CycloneDX XML")
    # 1. No document type, and a version that there is.
    refuse_doctype(document.data)
    version = spec_version_of(document)
    if version is None:
        raise MalformedError("the document is not CycloneDX XML", code=CODE)
    if version not in _VERSIONS:
        raise MalformedError(
            f"the namespace names the version {version[:20]!r}, none of {', '.join(_VERSIONS)}",
            code=CODE,
        )
    # 2. The schema.
    problems = Problems()
    tree = _tree(document.data)
    schema = _schema(version)
    if not schema.validate(tree):
        for entry in schema.error_log:
            problems.add(f"line {entry.line}", str(entry.message).replace(f"{{{NAMESPACE}", "{"))
            if problems.count > MAX_NAMED:
                break
    # 3. What the schema does not say.
    for line, reason in _beside_the_schema(tree, NAMESPACE + version):
        problems.add(f"line {line}", reason)
    if _EXTENSIONS in document.data:
        for line, reason in _extensions(tree):
            problems.add(f"line {line}", reason)
    problems.refuse(f"CycloneDX {version} XML", CODE)


def _tree(data: bytes) -> Any:
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
    )
    try:
        return etree.fromstring(data, parser=parser)
    except etree.XMLSyntaxError as error:
        raise MalformedError(f"CycloneDX XML is not well-formed: {error.msg}", code=CODE) from None
    except (LookupError, ValueError) as error:
        raise MalformedError(f"CycloneDX XML cannot be decoded: {error}", code=CODE) from None


@functools.lru_cache(maxsize=len(_VERSIONS))
def _schema(version: str) -> Any:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415  # heavy
    from cyclonedx.validation.xml import XmlValidator  # noqa: PLC0415

    published = XmlValidator(SchemaVersion.from_version(version))
    return published._validator  # noqa: SLF001  # its method takes text only, and parses it again


def _beside_the_schema(tree: Any, namespace: str) -> Iterator[tuple[int, str]]:
    """The assertion that bom-1.7.xsd has in a comment, because it needs XSD 1.1."""
    version_range = f"{{{namespace}}}versionRange"
    for component in tree.iter(f"{{{namespace}}}component"):
        external = component.get("isExternal", "false").strip() in _TRUE
        if not external and component.find(version_range) is not None:
            yield component.sourceline, "'versionRange' stands in a component that is not external"


def _extensions(tree: Any) -> Iterator[tuple[int, str]]:
    """The rules of dependency-graph-1.0.xsd and vulnerability-1.0.xsd."""
    for node in tree.iter(f"{{{DEPENDENCY_EXTENSION}}}dependency"):
        if node.get("ref") is None:
            yield node.sourceline, "a dependency has no 'ref'"
    for listed in tree.iter(
        f"{{{DEPENDENCY_EXTENSION}}}dependencies", f"{{{DEPENDENCY_EXTENSION}}}dependency"
    ):
        if any(child.tag != f"{{{DEPENDENCY_EXTENSION}}}dependency" for child in listed):
            yield listed.sourceline, "only dependencies stand in a dependency graph"
    prefix = f"{{{VULNERABILITY_EXTENSION}}}"
    for vulnerability in tree.iter(f"{prefix}vulnerability"):
        if vulnerability.get("ref") is None:
            yield vulnerability.sourceline, "a vulnerability has no 'ref'"
        if vulnerability.find(f"{prefix}id") is None:
            yield vulnerability.sourceline, "a vulnerability has no 'id'"
        for severity in vulnerability.iter(f"{prefix}severity"):
            if (severity.text or "") not in _EXTENSION_SEVERITIES:
                yield severity.sourceline, f"{(severity.text or '')[:40]!r} is no severity"
