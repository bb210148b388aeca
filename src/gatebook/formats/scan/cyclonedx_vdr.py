"""A CycloneDX document read as a scan: its vulnerabilities and the components they affect.

Source: CycloneDX 1.4 to 1.7, ``vulnerabilities``. Scanners (Trivy, Grype) and vendors write such
documents. An empty list says nothing of whether vulnerabilities were looked for: Trivy writes one
into every SBOM. Statements about exploitability are carried as states here; applying those of
somebody else's document is for the readers of VEX.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, objects_in
from gatebook.formats.scan.cyclonedx_vdr_findings import VdrError, components_of, findings_of
from gatebook.formats.scan.cyclonedx_vdr_xml import vulnerabilities_as_json
from gatebook.formats.scan.entries import digest_in, instant, percent_decoded
from gatebook.formats.scan.report import ReportedFinding, ScanReport
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["READER", "XML_READER", "read_cyclonedx_vdr"]

_NAMESPACE: Final = "http://cyclonedx.org/schema/bom/"
_IMAGE_PROPERTIES: Final = frozenset(
    {"aquasecurity:trivy:ImageID", "aquasecurity:trivy:RepoDigest"}
)
_NOTHING_LISTED: Final = (
    "the list of vulnerabilities is empty, which does not say that any were looked for"
)
_HASHES: Final = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and root.get("bomFormat") == "CycloneDX"
        and isinstance(root.get("vulnerabilities"), list)
    )


def _recognises_xml(document: Document) -> bool:
    name = document.xml_root
    return (
        name is not None
        and name.local == "bom"
        and name.namespace.startswith(_NAMESPACE)
        and b"vulnerability" in document.data
    )


def read_cyclonedx_vdr(
    root: JsonObject,
    *,
    document_format: DocumentFormat = DocumentFormat.CYCLONEDX_JSON,
    severity_sources: Sequence[str] = (),
) -> ScanReport:
    """Read the vulnerabilities of a decoded document, one finding per affected component.

    Args:
        root: the document.
        document_format: what it was decoded from.
        severity_sources: names of sources of ratings, the preferred one first; the first that
            rated a vulnerability decides. Without any, the worst rating does.

    Raises:
        VdrError: ``vulnerabilities`` is not an array, or a field is absent or of another type than
            CycloneDX allows.

    """
    fields = Fields(root, "CycloneDX document", VdrError.code)
    if not fields.has("vulnerabilities"):
        raise fields.refuse("'vulnerabilities' is required for a scan")
    metadata = fields.optional_object("metadata") or Fields({}, "metadata", VdrError.code)
    components = components_of(fields)
    findings: list[ReportedFinding] = []
    for vulnerability in fields.objects("vulnerabilities"):
        findings.extend(findings_of(vulnerability, components, severity_sources))
    subject = metadata.optional_object("component")
    return ScanReport(
        format=document_format,
        scanners=tuple(dict.fromkeys(_tools(metadata))),
        created=instant(metadata, "timestamp"),
        targets=() if subject is None else tuple(dict.fromkeys(_digests(subject))),
        target_names=() if subject is None else tuple(dict.fromkeys(_names(subject))),
        findings=tuple(findings),
        incomplete=() if findings else (_NOTHING_LISTED,),
    )


def _tools(metadata: Fields) -> Iterator[str]:
    # An array until 1.4, then also an object of components and services.
    if isinstance(metadata.values.get("tools"), dict):
        tools = metadata.object("tools")
        listed_tools = (*tools.objects("components"), *tools.objects("services"))
    else:
        listed_tools = tuple(metadata.objects("tools"))
    for tool in listed_tools:
        name = tool.optional_text("name")
        version = tool.optional_text("version")
        if name:
            yield f"{name} {version}" if version else name


def _digests(subject: Fields) -> Iterator[Digest]:
    for each in subject.objects("hashes"):
        algorithm = _HASHES.get(each.optional_text("alg") or "")
        found = digest_in(f"{algorithm}:{(each.optional_text('content') or '').lower()}")
        if found is not None:
            yield found
    # Syft gives an image's digest as its version, Trivy in the purl and in properties.
    named = (
        each.optional_text("value")
        for each in subject.objects("properties")
        if each.optional_text("name") in _IMAGE_PROPERTIES
    )
    for text in (subject.optional_text("version"), subject.optional_text("purl"), *named):
        found = digest_in(percent_decoded(text)) if text else None
        if found is not None:
            yield found


def _names(subject: Fields) -> Iterator[str]:
    name = subject.optional_text("name")
    version = subject.optional_text("version")
    if name:
        yield f"{name}@{version}" if version else name
    purl = subject.optional_text("purl")
    if purl:
        yield purl


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise VdrError("the document is not a JSON object")
    return read_cyclonedx_vdr(document.root)


def _read_xml(document: Document) -> ScanReport:
    return read_cyclonedx_vdr(
        document.once(vulnerabilities_as_json), document_format=DocumentFormat.CYCLONEDX_XML
    )


def _describe(document: Document) -> Mapping[str, Json]:
    return _count(document.root or {})


def _describe_xml(document: Document) -> Mapping[str, Json]:
    return _count(document.once(vulnerabilities_as_json))


def _count(root: JsonObject) -> Mapping[str, Json]:
    found = list(objects_in(root, "vulnerabilities"))
    return {
        "vulnerabilities": len(listed(root, "vulnerabilities")),
        "severity_highest_rating": count_words(_worst_word(each) for each in found),
        "analysis_states": count_words(
            member(each, "analysis", "state") or "none" for each in found
        ),
    }


def _worst_word(vulnerability: JsonObject) -> Json:
    words = [
        word
        for rating in objects_in(vulnerability, "ratings")
        if isinstance(word := rating.get("severity"), str)
    ]
    return max(words, key=lambda word: severity_of_word(word).rank, default=None)


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CYCLONEDX_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)

XML_READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CYCLONEDX_XML,
    family=Family.SCAN,
    recognises=_recognises_xml,
    read=_read_xml,
    describe=_describe_xml,
)
