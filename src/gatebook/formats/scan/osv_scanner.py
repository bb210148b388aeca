"""OSV-Scanner's JSON report.

Source: google/osv-scanner, pkg/models/results.go. ``groups`` are what counts: each is one flaw
under all its names. A report before groups, or a vulnerability outside of them, counts by itself.
``results`` without members means that nothing was found to be vulnerable or that nothing was
found to look at; the report does not say which.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, objects_in
from gatebook.formats.scan.entries import digest_in
from gatebook.formats.scan.osv_scanner_findings import (
    OsvScannerError,
    generic_finding,
    package_findings,
)
from gatebook.formats.scan.report import ReportedFinding, ScanReport

__all__ = ["READER"]

_BESIDE: Final = frozenset(
    {
        "results",
        "experimental_config",
        "experimental_generic_findings",
        "image_metadata",
        "license_summary",
    }
)


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "results" not in root:
        return False
    results = root["results"]
    if not results:
        return (results is None or results == []) and root.keys() <= _BESIDE
    return isinstance(results, list) and all(
        isinstance(item, dict)
        and "packages" in item
        and ("source" in item or "packageSource" in item)
        for item in results
    )


def _read(document: Document) -> ScanReport:
    root = document.root
    if root is None:
        raise OsvScannerError("the document is not a JSON object")
    fields = Fields(root, "OSV-Scanner report", OsvScannerError.code)
    if "results" not in root:
        raise fields.refuse("'results' is required, as [] when nothing was found")
    names: dict[str, None] = {}
    findings: list[ReportedFinding] = []
    for result in fields.objects("results"):
        path = _path_of(result)
        if path:
            names[path] = None
        for package in result.objects("packages"):
            findings.extend(package_findings(package, path))
    findings.extend(generic_finding(each) for each in _generic(fields))
    return ScanReport(
        format=DocumentFormat.OSV_SCANNER_JSON,
        scanners=("osv-scanner",),
        targets=tuple(
            dict.fromkeys(found for name in names if (found := digest_in(name)) is not None)
        ),
        target_names=tuple(names),
        findings=tuple(findings),
        notes=() if fields.array("results") else ("the report names nothing that was scanned",),
    )


def _path_of(result: Fields) -> str | None:
    source = result.optional_object("source") or result.optional_object("packageSource")
    return source.optional_text("path") if source is not None else None


def _generic(fields: Fields) -> Iterator[Fields]:
    yield from fields.objects("experimental_generic_findings")


def _describe(document: Document) -> Mapping[str, Json]:
    root: JsonObject = document.root or {}
    packages = [
        package
        for result in objects_in(root, "results")
        for package in objects_in(result, "packages")
    ]
    return {
        "packages": len(packages),
        "vulnerabilities": sum(len(listed(each, "vulnerabilities")) for each in packages),
        "groups": sum(len(listed(each, "groups")) for each in packages),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.OSV_SCANNER_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
