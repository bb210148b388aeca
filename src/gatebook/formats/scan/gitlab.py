"""GitLab's security reports: container, dependency, static, secret and other scans.

Source: GitLab security-report-schemas 14 and 15; the reports of schemas 2 and 3 have the same
shape and may lack ``scan``. Times are UTC. Findings that GitLab dismissed are not in a report.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import once_each, rated, root_of
from gatebook.formats.scan.entries import digest_in, line, names_of_flaw, whole
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "GitlabError"]

_WHAT: Final = "GitLab security report"
_KINDS: Final = {
    "container_scanning": FindingKind.VULNERABILITY,
    "container_scanning_for_registry": FindingKind.VULNERABILITY,
    "cluster_image_scanning": FindingKind.VULNERABILITY,
    "dependency_scanning": FindingKind.VULNERABILITY,
    "secret_detection": FindingKind.SECRET,
}
# Classes of flaws and rules of a tool are not names of the flaw.
_FLAW_TYPES: Final = frozenset(
    {"cve", "ghsa", "osvdb", "usn", "rhsa", "gemnasium", "osv", "hackerone"}
)
_MARKS: Final = ("scan", "remediations", "dependency_files")
_ALARMING: Final = frozenset({"fatal", "error"})
_UPGRADE: Final = re.compile(r"Upgrade (?:\S+ )?to (\d\S*|v\d\S*)\Z")


class GitlabError(ScanError):
    """A document is not the security report of GitLab that it seems to be."""

    code = "formats.gitlab"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("version"), str):
        return False
    found = root.get("vulnerabilities")
    if not isinstance(found, list):
        return False
    if any(isinstance(root.get(mark), dict | list) for mark in _MARKS):
        return True
    first = found[0] if found else None
    return isinstance(first, dict) and "identifiers" in first and "location" in first


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, GitlabError)
    root.text("version")
    if not root.has("vulnerabilities"):
        raise root.refuse("'vulnerabilities' is required, as [] when nothing was found")
    scan = root.optional_object("scan") or Fields({}, "scan", root.code)
    managers = {
        each.text("path"): each.optional_text("package_manager")
        for each in root.objects("dependency_files")
    }
    fixable = _fixable(root)
    vulnerabilities = list(root.objects("vulnerabilities"))
    images = once_each(
        place.optional_text("image")
        for each in vulnerabilities
        if (place := each.optional_object("location")) is not None
    )
    digests = (digest_in(image) for image in images)
    return ScanReport(
        format=DocumentFormat.GITLAB_SECURITY_REPORT,
        scanners=once_each(_tool(scan, name) for name in ("scanner", "analyzer")),
        created=time_at(scan, "end_time"),
        started=time_at(scan, "start_time"),
        targets=tuple(dict.fromkeys(digest for digest in digests if digest is not None)),
        target_names=images,
        findings=tuple(
            _finding(each, scan.optional_text("type"), managers, fixable)
            for each in vulnerabilities
        ),
        incomplete=tuple(_doubts(root, scan)),
        notes=() if root.has("scan") else ("the report does not say how the scan ended",),
    )


def _tool(scan: Fields, name: str) -> str | None:
    tool = scan.optional_object(name)
    if tool is None:
        return None
    version = tool.optional_text("version")
    return f"{tool.text('name')} {version}" if version else tool.text("name")


def _doubts(root: Fields, scan: Fields) -> Iterator[str]:
    status = scan.optional_text("status")
    if root.has("scan") and status != "success":
        yield f"the scan's status is {status or 'not given'}"
    for message in scan.objects("messages"):
        if (message.optional_text("level") or "").lower() in _ALARMING:
            yield f"the scanner reports: {line(message, 'value') or 'an error'}"
    files = root.values.get("dependency_files")
    if files == [] and not root.array("vulnerabilities"):
        yield "no dependency file was found: nothing was scanned"


def _fixable(root: Fields) -> set[str]:
    # A remediation names what it fixes by "id", and before schema 14 by "cve".
    found: set[str] = set()
    for remediation in root.objects("remediations"):
        for fixed in remediation.objects("fixes"):
            found.update(
                name
                for name in (fixed.optional_text("id"), fixed.optional_text("cve"))
                if name is not None
            )
    return found


def _finding(
    item: Fields,
    scan_type: str | None,
    managers: Mapping[str, str | None],
    fixable: set[str],
) -> ReportedFinding:
    identifiers = list(item.objects("identifiers"))
    known_as, others = _names(item, identifiers)
    aliases, covers = names_of_flaw(known_as, others)
    kind = _KINDS.get(
        item.optional_text("category") or scan_type or "dependency_scanning", FindingKind.CODE
    )
    place = item.optional_object("location") or Fields({}, f"{item.what}.location", item.code)
    written = item.optional_text("severity") or None
    solution = line(item, "solution") or ""
    upgrade = _UPGRADE.match(solution)
    fixed = (upgrade[1].rstrip("."),) if upgrade is not None else ()
    links = list(item.objects("links"))
    named = {item.optional_text("id"), item.optional_text("cve")}
    fixes = bool(fixed) or solution.startswith("Upgrade ") or not fixable.isdisjoint(named)
    return ReportedFinding(
        id=known_as,
        kind=kind,
        aliases=aliases,
        covers=covers,
        package=_package(place, managers),
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=_scanner_id(item),
        cvss=tuple(_assessments(item)),
        fix=FixState.FIXED if fixes else FixState.UNKNOWN,
        fixed_versions=fixed,
        title=line(item, "name") or line(item, "message") or line(item, "description"),
        url=links[0].optional_text("url") or None if links else None,
        locations=_locations(place),
        fingerprint=item.optional_text("id") or item.optional_text("cve") or None,
    )


def _names(item: Fields, identifiers: list[Fields]) -> tuple[str, list[str]]:
    values = [(each.text("type").lower(), each.text("value")) for each in identifiers]
    flaws = [value for kind, value in values if kind in _FLAW_TYPES]
    cves = [value for kind, value in values if kind == "cve"]
    if cves:
        return cves[0], flaws
    if values:
        return values[0][1], flaws
    known_as = item.optional_text("cve") or item.optional_text("id")
    if not known_as:
        raise item.refuse("'identifiers' is required")
    return known_as, []


def _scanner_id(item: Fields) -> str | None:
    scanner = item.optional_object("scanner")
    return scanner.optional_text("id") or None if scanner is not None else None


def _package(place: Fields, managers: Mapping[str, str | None]) -> ReportedPackage | None:
    dependency = place.optional_object("dependency")
    package = dependency.optional_object("package") if dependency is not None else None
    name = package.optional_text("name") if package is not None else None
    if dependency is None or not name:
        return None
    file = place.optional_text("file") or None
    return ReportedPackage(
        name=name,
        version=dependency.optional_text("version") or None,
        type=place.optional_text("operating_system") or managers.get(file or "") or None,
        location=file,
    )


def _locations(place: Fields) -> tuple[str, ...]:
    file = place.optional_text("file")
    if not file:
        return ()
    start = whole(place, "start_line")
    return (f"{file}:{start}" if start else file,)


def _assessments(item: Fields) -> Iterator[Cvss]:
    for each in item.objects("cvss_vectors"):
        found = rated(each.optional_text("vector"), each.optional_text("vendor") or None)
        if found is not None:
            yield found


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    found = listed(root, "vulnerabilities")
    return {
        "schema": member(root, "version"),
        "findings": len(found),
        "severity": count_words(member(each, "severity") for each in found),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITLAB_SECURITY_REPORT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
