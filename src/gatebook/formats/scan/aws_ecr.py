"""The scan findings of one image in Amazon ECR, basic and enhanced.

Source: Amazon ECR API, ``DescribeImageScanFindings``, ``ImageScanStatus``. A basic scan is over
when its status is ``COMPLETE``; an enhanced one stays ``ACTIVE`` and has a time of completion.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.aws_findings import findings_of
from gatebook.formats.scan.counting import count_words, listed, member, word
from gatebook.formats.scan.document_fields import only_if_given, root_of
from gatebook.formats.scan.entries import assessment, digest_in, score, whole
from gatebook.formats.scan.report import (
    Cvss,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScannerDatabase,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "EcrError"]

_WHAT: Final = "ECR scan findings"


class EcrError(ScanError):
    """A document is not the scan of an image in ECR that it seems to be."""

    code = "formats.aws-ecr"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None:
        return False
    return isinstance(root.get("imageScanFindings"), dict) or (
        isinstance(root.get("imageScanStatus"), dict) and ("imageId" in root)
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, EcrError)
    scan = root.optional_object("imageScanFindings")
    status = root.optional_object("imageScanStatus")
    image = root.optional_object("imageId") or Fields({}, "imageId", root.code)
    findings: list[ReportedFinding] = []
    listed_entries = 0
    if scan is not None:
        for item in scan.objects("findings"):
            listed_entries += 1
            findings.append(_basic(item))
        for item in scan.objects("enhancedFindings"):
            listed_entries += 1
            findings.extend(findings_of(item))
    digest = digest_in(image.optional_text("imageDigest"))
    built = time_at(scan, "vulnerabilitySourceUpdatedAt") if scan is not None else None
    incomplete, notes = _doubts(root, scan, status, listed_entries)
    return ScanReport(
        format=DocumentFormat.AWS_ECR,
        scanners=("Amazon ECR",),
        database=ScannerDatabase(built=built) if built is not None else None,
        created=time_at(scan, "imageScanCompletedAt") if scan is not None else None,
        targets=(digest,) if digest is not None else (),
        target_names=only_if_given(
            root.optional_text("repositoryName"), image.optional_text("imageTag")
        ),
        findings=tuple(findings),
        incomplete=tuple(incomplete),
        notes=tuple(notes),
    )


def _doubts(
    root: Fields, scan: Fields | None, status: Fields | None, listed_entries: int
) -> tuple[list[str], list[str]]:
    incomplete: list[str] = []
    notes: list[str] = []
    state = (status.optional_text("status") if status is not None else None) or "unknown"
    over = state == "COMPLETE" or (
        state == "ACTIVE" and scan is not None and scan.has("imageScanCompletedAt")
    )
    if not over:
        described = status.optional_text("description") if status is not None else None
        incomplete.append(f"the scan is {state}: {described}" if described else f"it is {state}")
    if scan is None:
        incomplete.append("the answer holds no findings, not even an empty list")
        return incomplete, notes
    if root.optional_text("nextToken"):
        incomplete.append("'nextToken' says that a page is missing")
    counts = scan.optional_object("findingSeverityCounts")
    if counts is not None:
        counted = sum(whole(counts, name) or 0 for name in counts.values)
        if counted > listed_entries:
            incomplete.append(f"{counted} findings are counted and {listed_entries} are listed")
        elif counted < listed_entries:
            notes.append(f"{counted} findings are counted and {listed_entries} are listed")
    return incomplete, notes


def _basic(item: Fields) -> ReportedFinding:
    attributes = {each.text("key"): each for each in item.objects("attributes")}

    def attribute(name: str) -> str | None:
        found = attributes.get(name)
        return (found.optional_text("value") or None) if found is not None else None

    written = item.optional_text("severity") or None
    name = attribute("package_name")
    return ReportedFinding(
        id=item.text("name"),
        package=ReportedPackage(name=name, version=attribute("package_version")) if name else None,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source="amazon-ecr",
        cvss=tuple(_assessments(attributes, attribute("CVSS3_VECTOR"), attribute("CVSS2_VECTOR"))),
        url=item.optional_text("uri") or None,
    )


def _assessments(
    attributes: Mapping[str, Fields], vector3: str | None, vector2: str | None
) -> Iterator[Cvss]:
    for name, vector, version in (
        ("CVSS3_SCORE", vector3, "3.1"),
        ("CVSS2_SCORE", vector2, "2.0"),
    ):
        written = attributes.get(name)
        points = score(written, "value") if written is not None else None
        rated = assessment(vector, points, None)
        if rated is not None:
            yield Cvss(version=rated.version or version, vector=vector, score=points)


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    findings = [
        *listed(root, "imageScanFindings", "findings"),
        *listed(root, "imageScanFindings", "enhancedFindings"),
    ]
    return {
        "findings": len(findings),
        "severity": count_words(member(each, "severity") for each in findings),
        "scan_status": word(member(root, "imageScanStatus", "status")),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.AWS_ECR,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
