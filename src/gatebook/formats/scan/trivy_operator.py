"""The custom resources that the Trivy operator writes into a cluster.

Source: aquasecurity/trivy-operator, pkg/apis/aquasecurity/v1alpha1. One reader per kind for single
resources; lists of them (``kubectl get … -o json``, a bare array, or an object with one array per
resource name) are read by one more. Kinds without findings (SBOM reports) are passed over there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, distinct, object_at
from gatebook.formats.scan.entries import digest_in, instant
from gatebook.formats.scan.report import ReportedFinding, ScanReport
from gatebook.formats.scan.trivy_operator_findings import (
    OperatorError,
    check_findings,
    compliance_findings,
    listed_checks,
    listed_failed_controls,
    listed_secrets,
    listed_vulnerabilities,
    secret_findings,
    vulnerability_findings,
)

__all__ = ["LIST_READER", "READERS"]

_GROUP: Final = "aquasecurity.github.io/"
_RESOURCE_SUFFIX: Final = ".aquasecurity.github.io"
_Findings = Callable[[Fields], Iterator[ReportedFinding]]

_FORMATS: Final[Mapping[str, tuple[DocumentFormat, _Findings]]] = {
    "VulnerabilityReport": (
        DocumentFormat.TRIVY_OPERATOR_VULNERABILITIES,
        vulnerability_findings,
    ),
    "ClusterVulnerabilityReport": (
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_VULNERABILITIES,
        vulnerability_findings,
    ),
    "NodeVulnerabilityReport": (
        DocumentFormat.TRIVY_OPERATOR_NODE_VULNERABILITIES,
        vulnerability_findings,
    ),
    "ImageVulnerabilityReport": (
        DocumentFormat.TRIVY_OPERATOR_IMAGE_VULNERABILITIES,
        vulnerability_findings,
    ),
    "ConfigAuditReport": (DocumentFormat.TRIVY_OPERATOR_CONFIG_AUDIT, check_findings),
    "ClusterConfigAuditReport": (
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_CONFIG_AUDIT,
        check_findings,
    ),
    "RbacAssessmentReport": (DocumentFormat.TRIVY_OPERATOR_RBAC, check_findings),
    "ClusterRbacAssessmentReport": (
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_RBAC,
        check_findings,
    ),
    "InfraAssessmentReport": (DocumentFormat.TRIVY_OPERATOR_INFRA, check_findings),
    "ClusterInfraAssessmentReport": (
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_INFRA,
        check_findings,
    ),
    "ExposedSecretReport": (DocumentFormat.TRIVY_OPERATOR_SECRETS, secret_findings),
    "ClusterComplianceReport": (
        DocumentFormat.TRIVY_OPERATOR_COMPLIANCE,
        compliance_findings,
    ),
}
_WITHOUT_FINDINGS: Final = frozenset({"SbomReport", "ClusterSbomReport"})


def _kind_of(value: Json) -> str | None:
    if not isinstance(value, dict):
        return None
    version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(version, str) and version.startswith(_GROUP) and isinstance(kind, str):
        return kind
    return None


def _read_one(root: JsonObject, kind: str) -> ScanReport:
    document_format, findings = _FORMATS[kind]
    resource = Fields(root, kind, OperatorError.code)
    # A compliance report has its data in `status`, all others in `report`.
    holds = "status" if kind == "ClusterComplianceReport" else "report"
    report = resource.optional_object(holds)
    if report is None:
        raise resource.refuse(f"{holds!r} is required; the operator has not written it yet")
    artifact = report.optional_object("artifact")
    digest = artifact.optional_text("digest") if artifact is not None else None
    found = digest_in(digest)
    return ScanReport(
        format=document_format,
        scanners=(_scanner(report),),
        created=instant(report, "updateTimestamp"),
        targets=() if found is None else (found,),
        target_names=_names(resource, report, artifact),
        findings=tuple(findings(report)),
        notes=_notes(report),
    )


def _scanner(report: Fields) -> str:
    scanner = report.optional_object("scanner")
    if scanner is None:
        return "trivy-operator"
    name = scanner.optional_text("name") or "Trivy"
    version = scanner.optional_text("version")
    return f"{name.lower()} {version}" if version else name.lower()


def _names(resource: Fields, report: Fields, artifact: Fields | None) -> tuple[str, ...]:
    names: list[str] = []
    if artifact is not None:
        registry = report.optional_object("registry")
        server = registry.optional_text("server") if registry is not None else None
        repository = artifact.optional_text("repository")
        tag = artifact.optional_text("tag")
        if repository:
            image = "/".join(part for part in (server, repository) if part)
            names.append(f"{image}:{tag}" if tag else image)
        node = artifact.optional_text("nodeName")
        if node:
            names.append(node)
    metadata = resource.optional_object("metadata")
    if metadata is not None:
        parts = (metadata.optional_text(name) for name in ("namespace", "name"))
        names.append("/".join(part for part in parts if part))
    return tuple(name for name in names if name)


def _notes(report: Fields) -> tuple[str, ...]:
    system = report.optional_object("os")
    if system is None or system.values.get("eosl") is not True:
        return ()
    family = system.optional_text("family") or "the operating system"
    return (f"{family} {system.optional_text('name') or ''}".strip() + " is no longer supported",)


def _describe_one(root: JsonObject, kind: str) -> dict[str, Json]:
    report = object_at(root, "report")
    if kind.endswith("VulnerabilityReport"):
        items = listed_vulnerabilities(report)
        shown: dict[str, Json] = {
            "findings": len(items),
            "severity": count_words(item.get("severity") for item in items),
            "unique_ids": distinct(item.get("vulnerabilityID") for item in items),
        }
    elif kind == "ExposedSecretReport":
        items = listed_secrets(report)
        shown = {
            "findings": len(items),
            "severity": count_words(item.get("severity") for item in items),
        }
    else:
        report = object_at(root, "status") if kind == "ClusterComplianceReport" else report
        items = listed_checks(report)
        failed = [item for item in items if item.get("success") is not True]
        failed.extend(listed_failed_controls(report))
        shown = {
            "checks": len(items),
            "findings": len(failed),
            "severity": count_words(item.get("severity") for item in failed),
        }
    summary = report.get("summary")
    return shown | ({"summary": summary} if summary is not None else {})


def _reader(kind: str) -> Reader[ScanReport]:
    def recognises(document: Document) -> bool:
        return _kind_of(document.root) == kind

    def read(document: Document) -> ScanReport:
        if document.root is None:
            raise OperatorError("the document is not a JSON object")
        return _read_one(document.root, kind)

    def describe(document: Document) -> Mapping[str, Json]:
        return _describe_one(document.root or {}, kind)

    return Reader(
        format=_FORMATS[kind][0],
        family=Family.SCAN,
        recognises=recognises,
        read=read,
        describe=describe,
    )


READERS: Final[tuple[Reader[ScanReport], ...]] = tuple(_reader(kind) for kind in _FORMATS)


def _resources(document: Document) -> list[Json] | None:
    """The resources a list of them holds; ``None`` when the document is no such list."""
    items = document.items
    if items is not None:
        return items if items and all(_kind_of(item) for item in items) else None
    root = document.root
    if not root:
        return None
    if all(name.endswith(_RESOURCE_SUFFIX) for name in root):
        return [item for value in root.values() for item in _as_list(value)]
    kind, inside = root.get("kind"), root.get("items")
    if not isinstance(kind, str) or not kind.endswith("List") or not isinstance(inside, list):
        return None
    # Of an empty list only its own version tells what it is a list of.
    ours = _kind_of(root) if not inside else all(_kind_of(item) for item in inside)
    return inside if ours else None


def _as_list(value: Json) -> list[Json]:
    # `kubectl get` under a resource name gives a list or a List object.
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    if not isinstance(value, list):
        raise OperatorError("a resource name must lead to an array of resources")
    return value


def _recognises_list(document: Document) -> bool:
    try:
        return _resources(document) is not None
    except OperatorError:
        return False


def _read_list(document: Document) -> ScanReport:
    resources = _resources(document)
    if resources is None:
        raise OperatorError("the document is no list of the operator's resources")
    reports = []
    skipped: dict[str, int] = {}
    for index, resource in enumerate(resources):
        kind = _kind_of(resource)
        if kind is None or not isinstance(resource, dict):
            raise OperatorError(f"resource {index} is none of the Trivy operator's")
        if kind in _FORMATS:
            reports.append(_read_one(resource, kind))
        elif kind in _WITHOUT_FINDINGS:
            skipped[kind] = skipped.get(kind, 0) + 1
        else:
            raise OperatorError(
                f"resource {index} is a {kind[:60]!r}, which is not read",
                code="formats.trivy-operator-kind",
            )
    return _together(reports, _page_missing(document), skipped)


def _page_missing(document: Document) -> bool:
    # Kubernetes API: metadata.continue is set when the list goes on.
    return bool(object_at(document.root, "metadata").get("continue"))


def _together(reports: list[ScanReport], partial: object, skipped: dict[str, int]) -> ScanReport:
    incomplete = [] if reports else ["the list holds no report: nothing was scanned"]
    if partial:
        incomplete.append("the list goes on on another page")
    digests: dict[Digest, None] = {}
    names: dict[str, None] = {}
    scanners: dict[str, None] = {}
    times: list[Instant] = []
    for report in reports:
        digests.update(dict.fromkeys(report.targets))
        names.update(dict.fromkeys(report.target_names))
        scanners.update(dict.fromkeys(report.scanners))
        times.extend(() if report.created is None else (report.created,))
    return ScanReport(
        format=DocumentFormat.TRIVY_OPERATOR_OTHER,
        scanners=tuple(scanners),
        # A list is as old as its oldest report, and of unknown age when one does not say.
        created=min(times) if times and len(times) == len(reports) else None,
        targets=tuple(digests),
        target_names=tuple(names),
        findings=tuple(finding for report in reports for finding in report.findings),
        incomplete=tuple(incomplete),
        notes=(
            *dict.fromkeys(note for report in reports for note in report.notes),
            *(f"{count} {kind} passed over" for kind, count in sorted(skipped.items())),
        ),
    )


def _describe_list(document: Document) -> Mapping[str, Json]:
    resources = _resources(document) or []
    kinds = [(each, _kind_of(each)) for each in resources if isinstance(each, dict)]
    shown = [_describe_one(each, kind) for each, kind in kinds if kind and kind in _FORMATS]
    severities: dict[str, int] = {}
    findings = 0
    for each in shown:
        counted = each["findings"]
        findings += counted if isinstance(counted, int) else 0
        for name, count in object_at(each, "severity").items():
            severities[name] = severities.get(name, 0) + (count if isinstance(count, int) else 0)
    coarse: dict[str, Json] = (
        {"items": len(document.items)}
        if document.items is not None
        else {"keys": list(sorted(document.root or {})[:8])}
    )
    return coarse | {
        "findings": findings,
        "severity": dict(sorted(severities.items())),
        "resources": len(resources),
        "kinds": dict(sorted(_count(kind for _, kind in kinds).items())),
    }


def _count(kinds: Iterator[str | None]) -> dict[str, Json]:
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind or "other"] = counts.get(kind or "other", 0) + 1
    return dict(counts)


LIST_READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.TRIVY_OPERATOR_OTHER,
    family=Family.SCAN,
    recognises=_recognises_list,
    read=_read_list,
    describe=_describe_list,
)
