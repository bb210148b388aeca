"""The results of Checkmarx One: code, dependencies, infrastructure and secrets in one list.

Source: Checkmarx/ast-cli, ``ScanResultsCollection``, ``ScanResult``. ``totalCount`` counts what the
list is a page of.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import only_if_given, root_of
from gatebook.formats.scan.entries import line, whole
from gatebook.formats.scan.npm_advisory import ghsa_in
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "CheckmarxError"]

_WHAT: Final = "Checkmarx results"
_KINDS: Final = {
    "sast": FindingKind.CODE,
    "sca": FindingKind.VULNERABILITY,
    "kics": FindingKind.MISCONFIGURATION,
    "containers": FindingKind.VULNERABILITY,
    "sscs-secret-detection": FindingKind.SECRET,
    "sscs-scorecard": FindingKind.MISCONFIGURATION,
}
_JUDGED: Final = frozenset({"NOT_EXPLOITABLE", "IGNORED"})


class CheckmarxError(ScanError):
    """A document is not the list of Checkmarx results that it seems to be."""

    code = "formats.checkmarx"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "scanID" not in root or "totalCount" not in root:
        return False
    return isinstance(root.get("results"), list | None)


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, CheckmarxError)
    found = list(root.objects("results"))
    total = whole(root, "totalCount")
    if total is None:
        raise root.refuse("'totalCount' is required")
    times = [time for each in found if (time := time_at(each, "foundAt")) is not None]
    return ScanReport(
        format=DocumentFormat.CHECKMARX,
        scanners=("Checkmarx One",),
        created=max(times, default=None),
        target_names=only_if_given(root.optional_text("scanID")),
        findings=tuple(_finding(each) for each in found),
        incomplete=(f"{total} results are counted and {len(found)} are listed",)
        if total > len(found)
        else (),
    )


def _finding(item: Fields) -> ReportedFinding:
    kind = _KINDS.get(item.text("type"), FindingKind.CODE)
    data = item.optional_object("data") or Fields({}, f"{item.what}.data", item.code)
    written = item.optional_text("severity") or None
    state, reason = _state(item)
    known_as = item.text("id")
    aliases: tuple[str, ...] = ()
    package, fixed = None, None
    if kind is FindingKind.VULNERABILITY:
        package, fixed = _package(data)
        urls = (each.optional_text("url") for each in data.objects("packageData"))
        found = {ghsa for url in urls if (ghsa := ghsa_in(url)) is not None} - {known_as}
        # Advisories on several flaws are named alike: only a single one is this flaw's.
        aliases = tuple(found) if len(found) == 1 else ()
    else:
        known_as = data.optional_text("queryName") or data.optional_text("ruleName") or known_as
    return ReportedFinding(
        id=known_as,
        kind=kind,
        aliases=aliases,
        package=package,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source="checkmarx",
        fix=FixState.FIXED if fixed else FixState.UNKNOWN,
        fixed_versions=only_if_given(fixed),
        state=state,
        state_reason=reason,
        title=line(item, "description"),
        locations=tuple(_locations(data)),
        fingerprint=item.optional_text("similarityId") or None,
    )


def _state(item: Fields) -> tuple[FindingState, str | None]:
    if item.optional_text("status") == "FIXED":
        return FindingState.RESOLVED, "fixed"
    state = item.optional_text("state") or ""
    if state in _JUDGED:
        return FindingState.SUPPRESSED, state.lower()
    return FindingState.OPEN, None


def _package(data: Fields) -> tuple[ReportedPackage | None, str | None]:
    name = data.optional_text("packageIdentifier") or data.optional_text("packageName")
    fixed = data.optional_text("recommendedVersion") or None
    version = data.optional_text("packageVersion") or None
    details = data.optional_object("scaPackageData")
    if details is not None:
        for path in details.array("dependencyPaths"):
            steps = path if isinstance(path, list) else []
            for step in steps:
                if member(step, "id") == name and isinstance(step, dict):
                    found = Fields(step, "dependencyPaths", data.code)
                    name, version = found.text("name"), found.optional_text("version")
                    return ReportedPackage(name=name, version=version or None), fixed
    return (ReportedPackage(name=name, version=version) if name else None), fixed


def _locations(data: Fields) -> Iterator[str]:
    nodes = list(data.objects("nodes"))
    file, start = data.optional_text("filename"), whole(data, "line")
    if nodes:
        file, start = nodes[0].optional_text("fileName"), whole(nodes[0], "line")
    if file:
        yield f"{file}:{start}" if start else file


def _describe(document: Document) -> Mapping[str, Json]:
    found = listed(document.root, "results")
    return {
        "findings": len(found),
        "severity": count_words(member(item, "severity") for item in found),
        "types": count_words(member(item, "type") for item in found),
        "status": count_words(member(item, "status") for item in found),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CHECKMARX,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
