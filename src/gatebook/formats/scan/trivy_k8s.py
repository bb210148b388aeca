"""What ``trivy k8s`` writes about a cluster: results per resource.

Sources: aquasecurity/trivy, pkg/k8s/report. Full reports list ``Resources`` (before version 0.35
``Vulnerabilities`` and ``Misconfigurations``); consolidated ones list ``Findings``. A resource
that could not be scanned carries ``Error``, and then the report is not whole.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, objects_in
from gatebook.formats.scan.entries import summed_up
from gatebook.formats.scan.report import ReportedFinding, ScanReport
from gatebook.formats.scan.trivy import TrivyError
from gatebook.formats.scan.trivy_results import count_results, findings_of, target_digests

__all__ = ["READER"]

_LISTS: Final = ("Resources", "Vulnerabilities", "Misconfigurations", "Findings")
_KEYS: Final = frozenset({"SchemaVersion", "ClusterName", *_LISTS})


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "ClusterName" not in root:
        return False
    return any(name in root for name in _LISTS) or root.keys() <= _KEYS


def _read(document: Document) -> ScanReport:
    root = document.root
    if root is None:
        raise TrivyError("the document is not a JSON object")
    fields = Fields(root, "Trivy cluster report", TrivyError.code)
    cluster = fields.optional_text("ClusterName")
    names: dict[str, None] = {}
    digests: dict[Digest, None] = {}
    findings: list[ReportedFinding] = []
    incomplete: list[str] = []
    for resource in (each for name in _LISTS for each in fields.objects(name)):
        name = _name_of(resource)
        names[name] = None
        for metadata in _metadata(resource):
            digests.update(dict.fromkeys(target_digests(metadata)))
        error = summed_up(resource.optional_text("Error"))
        if error:
            incomplete.append(f"{name} was not scanned: {error}")
        for result in resource.objects("Results"):
            findings.extend(findings_of(result))
    if not names:
        incomplete.append("the report lists no resource: nothing was scanned")
    return ScanReport(
        format=DocumentFormat.TRIVY_K8S,
        scanners=("trivy",),
        targets=tuple(digests),
        target_names=((cluster,) if cluster else ()) + tuple(names),
        findings=tuple(findings),
        incomplete=tuple(incomplete),
    )


def _name_of(resource: Fields) -> str:
    parts = (resource.optional_text(name) for name in ("Namespace", "Kind", "Name"))
    return "/".join(part for part in parts if part) or "an unnamed resource"


def _metadata(resource: Fields) -> Iterator[Fields]:
    # One object until version 0.50, then one per image of the resource.
    if isinstance(resource.values.get("Metadata"), list):
        yield from resource.objects("Metadata")
    elif resource.has("Metadata"):
        yield resource.object("Metadata")


def _describe(document: Document) -> Mapping[str, Json]:
    root: JsonObject = document.root or {}
    resources = [each for name in _LISTS for each in objects_in(root, name)]
    results = [result for each in resources for result in listed(each, "Results")]
    return {"resources": len(resources)} | count_results(results)


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.TRIVY_K8S,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
