"""Trivy's JSON report before version 0.20: a bare array of results.

``null`` stood for no result at all; it names no scanner and is not recognised.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.report import ReportedFinding, ScanReport
from gatebook.formats.scan.trivy import TrivyError
from gatebook.formats.scan.trivy_results import count_results, findings_of

__all__ = ["READER"]

_HOLDS: Final = ("Vulnerabilities", "Misconfigurations", "Secrets", "Licenses", "Class")


def _recognises(document: Document) -> bool:
    items = document.items
    return bool(items) and all(
        isinstance(item, dict) and "Target" in item and any(name in item for name in _HOLDS)
        for item in items or ()
    )


def _read(document: Document) -> ScanReport:
    findings: list[ReportedFinding] = []
    names: list[str] = []
    for index, item in enumerate(document.items or ()):
        result = Fields.of(item, what=f"Trivy report[{index}]", code=TrivyError.code)
        names.append(result.text("Target"))
        findings.extend(findings_of(result))
    if not names:
        raise TrivyError("the report lists no result")
    return ScanReport(
        format=DocumentFormat.TRIVY_LEGACY_LIST,
        scanners=("trivy",),
        target_names=tuple(dict.fromkeys(names)),
        findings=tuple(findings),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {"items": len(items)} | count_results(items)


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.TRIVY_LEGACY_LIST,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
