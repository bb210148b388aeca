"""``yarn audit --json`` of Yarn 1: a stream of lines, one for each path to an advisory.

Source: yarnpkg/yarn 1, ``JSONReporter.auditAdvisory`` and ``auditSummary``. The summary is the last
line: a stream without one was cut off.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, member
from gatebook.formats.scan.document_fields import each_of
from gatebook.formats.scan.entries import whole
from gatebook.formats.scan.json_stream import json_values
from gatebook.formats.scan.npm_audit import findings_of_advisory
from gatebook.formats.scan.report import ReportedFinding, ScanError, ScanReport

__all__ = ["READER", "YarnAuditError"]

_WHAT: Final = "Yarn audit"
_STARTS: Final = (b'{"type":"auditAdvisory"', b'{"type":"auditSummary"', b'{"type":"auditAction"')
_WARNINGS: Final = (b'{"type":"warning"', b'{"type":"info"', b'{"type":"error"')


class YarnAuditError(ScanError):
    """A document is not the stream of a Yarn audit that it seems to be."""

    code = "formats.yarn-audit"


def _recognises(document: Document) -> bool:
    if document.start.startswith(_STARTS):
        return True
    return document.start.startswith(_WARNINGS) and any(
        b"\n" + start in document.data for start in _STARTS
    )


def _values(document: Document) -> list[Json]:
    return list(json_values(document.data, what=_WHAT))


def _read(document: Document) -> ScanReport:
    found: dict[tuple[str, str | None, str], ReportedFinding] = {}
    incomplete = ["the stream has no summary: it was cut off"]
    for event in each_of(document.once(_values), _WHAT, YarnAuditError.code):
        kind = event.text("type")
        if kind == "auditAdvisory":
            for finding in findings_of_advisory(event.object("data").object("advisory")):
                package = finding.package
                key = (
                    finding.id,
                    package.version if package is not None else None,
                    package.name if package is not None else "",
                )
                # Every path repeats the advisory with all of its paths.
                found[key] = finding
        elif kind == "auditSummary":
            summary = event.object("data")
            incomplete = incomplete[1:]
            if not whole(summary, "totalDependencies"):
                incomplete.append("no dependency was looked at")
        elif kind == "error":
            data = event.values.get("data")
            incomplete.append(
                f"yarn reports: {data[:200] if isinstance(data, str) else 'an error'}"
            )
    return ScanReport(
        format=DocumentFormat.YARN_AUDIT,
        scanners=("yarn audit",),
        findings=tuple(found.values()),
        incomplete=tuple(incomplete),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    try:
        events = document.once(_values)
    except MalformedError:
        return {"docs": 0}
    advisories = [each for each in events if member(each, "type") == "auditAdvisory"]
    return {
        "docs": len(events),
        "findings": len(advisories),
        "severity": count_words(
            member(each, "data", "advisory", "severity") for each in advisories
        ),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.YARN_AUDIT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
