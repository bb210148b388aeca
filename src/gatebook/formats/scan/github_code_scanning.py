"""Code scanning alerts as GitHub's REST API lists them.

Source: GitHub REST API, "List code scanning alerts for a repository". The severity of a security
rule is its ``security_severity_level``; ``severity`` is the level of a linter and counts only where
there is no other.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, member
from gatebook.formats.scan.document_fields import once_each, root_items
from gatebook.formats.scan.entries import summed_up, whole
from gatebook.formats.scan.github_alert import full_page_note, outcome, person, said
from gatebook.formats.scan.report import FindingKind, ReportedFinding, ScanError, ScanReport
from gatebook.formats.scan.severity import severity_of_word

__all__ = [
    "READER",
    "CodeScanningError",
    "code_scanning_finding",
    "code_scanning_severity",
    "tool_of",
]

_WHAT: Final = "list of code scanning alerts"


class CodeScanningError(ScanError):
    """A document is not the list of code scanning alerts that it seems to be."""

    code = "formats.code-scanning"


def code_scanning_finding(alert: Fields) -> ReportedFinding:
    """Read one alert.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    rule = alert.object("rule")
    known_as = said(rule, "id") or said(rule, "name")
    if known_as is None:
        raise rule.refuse("'id' or 'name' is required")
    level = said(rule, "security_severity_level")
    severity = level or said(rule, "severity")
    number = whole(alert, "number")
    if number is None:
        raise alert.refuse("'number' is required")
    tool_of(alert)
    state, reason = outcome(
        alert.text("state"),
        reason=said(alert, "dismissed_reason"),
        comment=said(alert, "dismissed_comment"),
        who=person(alert, "dismissed_by"),
    )
    return ReportedFinding(
        id=known_as,
        kind=FindingKind.CODE,
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="security_severity_level" if level else "severity" if severity else None,
        state=state,
        state_reason=reason,
        title=summed_up(said(rule, "description")),
        url=said(alert, "html_url") or said(alert, "url"),
        locations=_locations(alert),
        fingerprint=str(number),
    )


def tool_of(alert: Fields) -> str:
    """The name and version of the tool that found an alert.

    Raises:
        MalformedError: the tool is not named.

    """
    tool = alert.object("tool")
    version = said(tool, "version")
    return f"{tool.text('name')} {version}" if version else tool.text("name")


def _instances(alert: Fields) -> list[Fields]:
    latest = alert.optional_object("most_recent_instance")
    return [latest] if latest is not None else list(alert.objects("instances"))


def _locations(alert: Fields) -> tuple[str, ...]:
    found = []
    for instance in _instances(alert):
        place = instance.optional_object("location")
        path = said(place, "path") if place is not None else None
        if place is not None and path is not None:
            start = whole(place, "start_line")
            found.append(f"{path}:{start}" if start else path)
    return once_each(found)


def _recognises(document: Document) -> bool:
    items = document.items
    if not items:
        return False
    first = items[0]
    return (
        isinstance(first, dict)
        and isinstance(first.get("rule"), dict)
        and "number" in first
        and ("most_recent_instance" in first or "tool" in first)
    )


def _read(document: Document) -> ScanReport:
    alerts = list(root_items(document, _WHAT, CodeScanningError))
    commits = (
        said(instance, "commit_sha")
        for alert in alerts
        for instance in _instances(alert)
        if said(alert, "state") == "open"
    )
    return ScanReport(
        format=DocumentFormat.GITHUB_CODE_SCANNING_ALERTS,
        scanners=once_each(tool_of(alert) for alert in alerts),
        target_names=once_each(commits),
        findings=tuple(code_scanning_finding(alert) for alert in alerts),
        notes=full_page_note(alerts),
    )


def code_scanning_severity(alert: Json) -> Json:
    """How bad an alert says it is, as written."""
    return member(alert, "rule", "security_severity_level") or member(alert, "rule", "severity")


def _describe(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {
        "alerts": len(items),
        "severity": count_words(code_scanning_severity(item) for item in items),
        "state": count_words(member(item, "state") for item in items),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITHUB_CODE_SCANNING_ALERTS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
