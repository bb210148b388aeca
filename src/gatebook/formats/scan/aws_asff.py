"""Findings in the AWS Security Finding Format, as Security Hub and its producers write them.

Source: AWS Security Hub, "AWS Security Finding Format (ASFF)" 2018-10-08. A finding that Security
Hub archived, resolved or found compliant does not stand; a suppressed one is somebody's judgement.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.asff_finding import asff_findings
from gatebook.formats.scan.aws_packages import code_digest
from gatebook.formats.scan.counting import count_words, member
from gatebook.formats.scan.document_fields import each_of, once_each
from gatebook.formats.scan.entries import digest_in
from gatebook.formats.scan.report import ScanError, ScanReport
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "AsffError"]

_WHAT: Final = "security findings"
_SCHEMA: Final = "2018-10-08"


class AsffError(ScanError):
    """A document is not the list of security findings that it seems to be."""

    code = "formats.aws-asff"


def _given(document: Document) -> list[Json] | None:
    if document.items is not None:
        return document.items
    root = document.root or {}
    for place in (root, root.get("detail")):
        if isinstance(place, dict):
            for name in ("Findings", "findings"):
                findings = place.get(name)
                if isinstance(findings, list):
                    return findings
    return [root] if root.get("SchemaVersion") == _SCHEMA else None


def _recognises(document: Document) -> bool:
    given = _given(document)
    if given is None:
        return False
    if not given:
        return document.root is not None and document.root.keys() <= {"Findings", "NextToken"}
    first = given[0]
    return (
        isinstance(first, dict)
        and "ProductArn" in first
        and ("SchemaVersion" in first or "GeneratorId" in first)
    )


def _read(document: Document) -> ScanReport:
    given = _given(document)
    if given is None or document.items == []:
        raise AsffError("the document holds no list of findings")
    root = Fields(document.root or {}, _WHAT, AsffError.code)
    findings = list(each_of(given, "Findings", root.code))
    for each in findings:
        version = each.optional_text("SchemaVersion")
        if version not in {None, _SCHEMA}:
            raise each.refuse(f"'SchemaVersion' must be {_SCHEMA}, found {str(version)[:40]!r}")
    places = [place for each in findings for place in _resources(each)]
    seen = [time for each in findings if (time := time_at(each, "LastObservedAt")) is not None]
    incomplete = []
    if root.optional_text("NextToken") or root.optional_text("nextToken"):
        incomplete.append("'NextToken' says that a page is missing")
    if root.has("detail"):
        incomplete.append("the findings of an event are not the list of all findings")
    return ScanReport(
        format=DocumentFormat.AWS_ASFF,
        scanners=once_each(_product(each) for each in findings),
        created=time_at(root, "time") or max(seen, default=None),
        targets=tuple(dict.fromkeys(digest for digest, _ in places if digest is not None)),
        target_names=once_each(name for _, name in places),
        findings=tuple(finding for each in findings for finding in asff_findings(each)),
        incomplete=tuple(incomplete),
        notes=() if findings else ("the list is empty and does not say what was scanned",),
    )


def _product(finding: Fields) -> str:
    name = finding.optional_text("ProductName")
    return name or finding.text("ProductArn").rpartition(":")[2].removeprefix("product/")


def _resources(finding: Fields) -> Iterator[tuple[Digest | None, str | None]]:
    for resource in finding.objects("Resources"):
        name = resource.optional_text("Id")
        found = digest_in(name)
        details = resource.optional_object("Details")
        if details is not None:
            image = details.optional_object("AwsEcrContainerImage")
            function = details.optional_object("AwsLambdaFunction")
            if image is not None:
                found = digest_in(image.optional_text("ImageDigest")) or found
            if function is not None:
                found = code_digest(function.optional_text("CodeSha256")) or found
        yield found, name


def _describe(document: Document) -> Mapping[str, Json]:
    given = _given(document) or []
    return {
        "findings": len(given),
        "severity": count_words(member(each, "Severity", "Label") for each in given),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.AWS_ASFF,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
