"""Reports made from Clair 2: those of clair-scanner and of klar.

Source: arminc/clair-scanner, ``vulnerabilityReport``; optiopay/klar, ``jsonOutput``. Clair-scanner
lists under ``unapproved`` what neither its allow list nor its threshold let pass: what is not there
is somebody's judgement.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, object_at
from gatebook.formats.scan.document_fields import fix_of, only_if_given, root_of
from gatebook.formats.scan.entries import digest_in, line, strings, whole
from gatebook.formats.scan.report import (
    FindingState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["KLAR_READER", "READER", "ClairError"]


class ClairError(ScanError):
    """A document is not the report on Clair's findings that it seems to be."""

    code = "formats.clair"


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and "image" in root
        and isinstance(root.get("unapproved"), list | None)
        and "unapproved" in root
        and isinstance(root.get("vulnerabilities"), list | None)
        and "vulnerabilities" in root
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, "clair-scanner report", ClairError)
    image = root.optional_text("image")
    digest = digest_in(image)
    if "vulnerabilities" not in root.values:
        raise root.refuse("'vulnerabilities' is required, as null or [] when nothing was found")
    unapproved = set(strings(root, "unapproved"))
    return ScanReport(
        format=DocumentFormat.CLAIR_SCANNER,
        scanners=("clair-scanner",),
        targets=(digest,) if digest is not None else (),
        target_names=only_if_given(image),
        findings=tuple(_finding(each, unapproved) for each in root.objects("vulnerabilities")),
    )


def _finding(item: Fields, unapproved: set[str]) -> ReportedFinding:
    known_as = item.text("vulnerability")
    written = item.optional_text("severity") or None
    fixed = only_if_given(item.optional_text("fixedby"))
    approved = known_as not in unapproved
    name = item.optional_text("featurename")
    return ReportedFinding(
        id=known_as,
        package=ReportedPackage(
            name=name,
            version=item.optional_text("featureversion") or None,
            type=item.optional_text("namespace") or None,
        )
        if name
        else None,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=item.optional_text("namespace") or None,
        fix=fix_of(fixed),
        fixed_versions=fixed,
        state=FindingState.SUPPRESSED if approved else FindingState.OPEN,
        state_reason="not under 'unapproved': allowed by name, or below the threshold"
        if approved
        else None,
        title=line(item, "description"),
        url=item.optional_text("link") or None,
    )


def _describe(document: Document) -> Mapping[str, Json]:
    found = listed(document.root, "vulnerabilities")
    return {
        "findings": len(found),
        "severity": count_words(member(each, "severity") for each in found),
        "unapproved": len(listed(document.root, "unapproved")),
    }


def _recognises_klar(document: Document) -> bool:
    root = document.root
    return root is not None and "LayerCount" in root and "Vulnerabilities" in root


def _read_klar(document: Document) -> ScanReport:
    root = root_of(document, "klar report", ClairError)
    groups = root.optional_object("Vulnerabilities") or Fields({}, "Vulnerabilities", root.code)
    return ScanReport(
        format=DocumentFormat.CLAIR_KLAR,
        scanners=("klar",),
        findings=tuple(
            _klar_finding(item, group) for group in groups.values for item in groups.objects(group)
        ),
        incomplete=() if whole(root, "LayerCount") else ("no layer was looked at",),
    )


def _klar_finding(item: Fields, group: str) -> ReportedFinding:
    written = item.optional_text("Severity") or group
    fixed = only_if_given(item.optional_text("FixedBy"))
    name = item.optional_text("FeatureName")
    return ReportedFinding(
        id=item.text("Name"),
        package=ReportedPackage(
            name=name,
            version=item.optional_text("FeatureVersion") or None,
            type=item.optional_text("NamespaceName") or None,
        )
        if name
        else None,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=item.optional_text("NamespaceName") or None,
        fix=fix_of(fixed),
        fixed_versions=fixed,
        title=line(item, "Description"),
        url=item.optional_text("Link") or None,
    )


def _describe_klar(document: Document) -> Mapping[str, Json]:
    groups = object_at(document.root, "Vulnerabilities")
    words = [
        member(item, "Severity") or group for group in groups for item in listed(groups, group)
    ]
    return {"findings": len(words), "severity": count_words(words)}


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CLAIR_SCANNER,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
KLAR_READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CLAIR_KLAR,
    family=Family.SCAN,
    recognises=_recognises_klar,
    read=_read_klar,
    describe=_describe_klar,
)
