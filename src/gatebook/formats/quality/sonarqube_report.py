"""The report that the tool ``sonar-report`` exports of a project in SonarQube.

Source: soprasteria/sonar-report. Issues have no status of their own but that of the export, and the
``summary`` counts by severity. A quality gate is there where it was asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.quality.report import GateCondition, GateStatus, QualityIssue, QualityReport
from gatebook.formats.quality.sonarqube_gate import conditions_of, gate_status
from gatebook.formats.quality.sonarqube_issues import SonarIssuesError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.entries import line, strings, whole

__all__ = ["READER"]

_WHAT: Final = "SonarQube report"
_MARKS: Final = frozenset({"sonarBaseURL", "onlyDetectedRules", "noRulesInReport", "hotspotKeys"})


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and isinstance(root.get("issues"), list)
        and isinstance(root.get("rules"), dict | list)
        and not _MARKS.isdisjoint(root)
    )


def _read(document: Document) -> QualityReport:
    if document.root is None:
        raise SonarIssuesError("a report must be a JSON object")
    root = Fields(document.root, _WHAT, SonarIssuesError.code)
    gate: GateStatus | None = None
    conditions: tuple[GateCondition, ...] = ()
    if isinstance(root.values.get("qualityGateStatus"), dict):
        status = root.object("qualityGateStatus").object("projectStatus")
        gate, conditions = gate_status(status), conditions_of(status)
    if not root.has("issues"):
        raise root.refuse("'issues' is required, as [] when there is none")
    hotspots = frozenset(strings(root, "hotspotKeys"))
    issues = tuple(_issue(each, hotspots) for each in root.objects("issues"))
    return QualityReport(
        format=DocumentFormat.SONARQUBE_REPORT,
        gate=gate,
        conditions=conditions,
        project=root.optional_text("sonarComponent") or root.optional_text("projectName") or None,
        branch=root.optional_text("branch") or None,
        issues=issues,
        incomplete=tuple(_doubts(root, gate, len(issues))),
    )


def _doubts(root: Fields, gate: GateStatus | None, shown: int) -> Iterator[str]:
    summary = root.optional_object("summary")
    if summary is not None:
        counted = sum(whole(summary, name) or 0 for name in summary.values)
        if counted > shown:
            yield f"{counted} issues are counted and {shown} are listed"
    if gate is GateStatus.NONE:
        yield "no gate was computed"


def _issue(item: Fields, hotspots: frozenset[str]) -> QualityIssue:
    key = item.text("key")
    return QualityIssue(
        key=key,
        rule=item.text("rule"),
        type="SECURITY_HOTSPOT" if key in hotspots else None,
        severity=item.optional_text("severity") or None,
        status=item.optional_text("status") or None,
        component=item.optional_text("component") or None,
        line=_line(item),
        message=line(item, "message"),
    )


def _line(item: Fields) -> int | None:
    # Issues of a whole file have the text "-".
    return None if isinstance(item.values.get("line"), str) else whole(item, "line")


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    found = listed(root, "issues")
    return {
        "keys": [*sorted(root)[:8]],
        "issues": len(found),
        "severity": count_words(member(item, "severity") for item in found),
        "status": count_words(member(item, "status") for item in found),
    }


READER: Final[Reader[QualityReport]] = Reader(
    format=DocumentFormat.SONARQUBE_REPORT,
    family=Family.QUALITY,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
