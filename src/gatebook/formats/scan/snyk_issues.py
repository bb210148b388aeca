"""Issues as Snyk's REST API lists them: ``GET /rest/orgs/{id}/issues`` and its like, JSON:API.

The list comes in pages; one with ``links.next`` is not the whole of it. An issue names one flaw
and all dependencies (or places in the code) that have it; here each of them is a finding.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, objects_in
from gatebook.formats.scan.entries import flag, instant, line, names_of_flaw, score
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.snyk_findings import SnykError, reachable

__all__ = ["READER"]

_KINDS: Final[Mapping[str, FindingKind]] = {
    "package_vulnerability": FindingKind.VULNERABILITY,
    "license": FindingKind.LICENSE,
    "code": FindingKind.CODE,
    "cloud": FindingKind.MISCONFIGURATION,
    "config": FindingKind.MISCONFIGURATION,
}


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("jsonapi"), dict):
        return False
    data = root.get("data")
    if not isinstance(data, list):
        return isinstance(root.get("errors"), list)
    return all(isinstance(item, dict) and item.get("type") == "issue" for item in data)


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise SnykError("the document is not a JSON object")
    fields = Fields(document.root, "Snyk issues", SnykError.code)
    incomplete: list[str] = []
    for error in fields.objects("errors"):
        said = line(error, "detail") or line(error, "title") or "an error"
        incomplete.append(f"Snyk answered: {said}")
    if not incomplete and not fields.has("data"):
        raise fields.refuse("'data' is required, as [] when there are no issues")
    links = fields.optional_object("links")
    if links is not None and links.has("next"):
        incomplete.append("the list goes on on another page")
    names: dict[str, None] = {}
    findings: list[ReportedFinding] = []
    for issue in fields.objects("data"):
        findings.extend(_findings(issue))
        scanned = member(issue.values, "relationships", "scan_item", "data", "id")
        if isinstance(scanned, str):
            names[scanned] = None
    return ScanReport(
        format=DocumentFormat.SNYK_ISSUES_REST,
        scanners=("snyk",),
        target_names=tuple(names),
        findings=tuple(findings),
        incomplete=tuple(incomplete),
    )


def _findings(issue: Fields) -> Iterator[ReportedFinding]:
    attributes = issue.object("attributes")
    names = [problem.text("id") for problem in attributes.objects("problems")]
    key = attributes.optional_text("key")
    known_as = key or (names[0] if names else issue.text("id"))
    aliases, covers = names_of_flaw(known_as, names)
    severity = attributes.optional_text("effective_severity_level")
    state, reason = _state(attributes)
    finding = ReportedFinding(
        id=known_as,
        kind=_KINDS.get(attributes.optional_text("type") or "", FindingKind.CODE),
        aliases=aliases,
        covers=covers,
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="snyk",
        cvss=tuple(_assessments(attributes)),
        state=state,
        state_reason=reason,
        title=line(attributes, "title"),
        published=instant(attributes, "created_at"),
        fingerprint=issue.optional_text("id"),
    )
    places = [
        _placed(finding, coordinate, representation)
        for coordinate in attributes.objects("coordinates")
        for representation in coordinate.objects("representations")
    ]
    yield from places or [finding]


def _state(attributes: Fields) -> tuple[FindingState, str | None]:
    if attributes.optional_text("status") == "resolved":
        resolution = attributes.optional_object("resolution")
        how = resolution.optional_text("type") if resolution is not None else None
        return FindingState.RESOLVED, how or "resolved"
    if flag(attributes, "ignored") is True:
        return FindingState.SUPPRESSED, "ignored"
    return FindingState.OPEN, None


def _placed(
    finding: ReportedFinding, coordinate: Fields, representation: Fields
) -> ReportedFinding:
    fixable = any(
        flag(coordinate, name) is True
        for name in ("is_fixable_manually", "is_fixable_snyk", "is_fixable_upstream")
    )
    dependency = representation.optional_object("dependency")
    source = representation.optional_object("sourceLocation")
    resource = representation.optional_text("resourcePath")
    locations: tuple[str, ...] = (resource,) if resource else ()
    if source is not None:
        start = member(source.values, "region", "start", "line")
        file = source.text("file")
        locations = (f"{file}:{start}",) if isinstance(start, int) else (file,)
    return msgspec.structs.replace(
        finding,
        package=None
        if dependency is None
        else ReportedPackage(
            name=dependency.text("package_name"),
            version=dependency.optional_text("package_version") or None,
        ),
        fix=FixState.FIXED if fixable else finding.fix,
        reachable=reachable(coordinate.optional_text("reachability")),
        locations=locations,
    )


def _assessments(attributes: Fields) -> Iterator[Cvss]:
    for each in attributes.objects("severities"):
        yield Cvss(
            version=each.optional_text("version") or None,
            vector=each.optional_text("vector") or None,
            score=score(each, "score"),
            source=each.optional_text("source"),
        )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    issues = list(objects_in(root, "data"))
    return {
        "issues": len(listed(root, "data")),
        "severity": count_words(
            member(each, "attributes", "effective_severity_level") for each in issues
        ),
        "status": count_words(member(each, "attributes", "status") for each in issues),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.SNYK_ISSUES_REST,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
