"""A vulnerability occurrence of Google Artifact Analysis, one finding for each package issue.

Source: Grafeas v1, ``VulnerabilityOccurrence.PackageIssue``, ``Version``, ``VexAssessment``.
"""

from collections.abc import Iterator
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import digest_in, flag, line, score, strings
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["occurrence_findings"]

_JUDGED: Final = frozenset({"NOT_AFFECTED", "FIXED"})
_UNSAID: Final = frozenset({"SEVERITY_UNSPECIFIED", "None"})


def occurrence_findings(occurrence: Fields, group: str | None) -> Iterator[ReportedFinding]:
    """Read an occurrence, which gcloud may have put into a group of one severity.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    flaw = occurrence.object("vulnerability")
    note = occurrence.text("noteName").rpartition("/")[2]
    issues: list[Fields | None] = list(flaw.objects("packageIssue"))
    for issue in issues or [None]:
        yield _finding(occurrence, flaw, issue, note, group)


def _finding(
    occurrence: Fields, flaw: Fields, issue: Fields | None, note: str, group: str | None
) -> ReportedFinding:
    written = (
        (issue.optional_text("effectiveSeverity") if issue is not None else None)
        or flaw.optional_text("effectiveSeverity")
        or flaw.optional_text("severity")
        or group
    )
    fixed = _version(issue.optional_object("fixedVersion")) if issue is not None else None
    links = list(flaw.objects("relatedUrls"))
    state, reason = _state(flaw)
    return ReportedFinding(
        id=note,
        package=_package(issue) if issue is not None else None,
        severity=severity_of_word(None if written in _UNSAID else written),
        severity_written=written,
        severity_source="google",
        cvss=tuple(_assessments(flaw)),
        fix=_fix(flaw, issue, fixed),
        fixed_versions=(fixed,) if fixed else (),
        state=state,
        state_reason=reason,
        title=line(flaw, "shortDescription"),
        url=links[0].optional_text("url") or None if links else None,
        published=time_at(occurrence, "createTime"),
        fingerprint=occurrence.optional_text("name") or None,
    )


def _version(version: Fields | None) -> str | None:
    # MINIMUM and MAXIMUM stand for "before all" and "after all", that is: for none.
    if version is None or version.optional_text("kind") not in {None, "NORMAL"}:
        return None
    full = version.optional_text("fullName")
    if full:
        return full
    name, revision = version.optional_text("name"), version.optional_text("revision")
    return f"{name}-{revision}" if name and revision else name or None


def _package(issue: Fields) -> ReportedPackage | None:
    name = issue.optional_text("affectedPackage")
    if not name:
        return None
    place = next(issue.objects("fileLocation"), None)
    layer = place.optional_object("layerDetails") if place is not None else None
    return ReportedPackage(
        name=name,
        version=_version(issue.optional_object("affectedVersion")),
        type=issue.optional_text("packageType") or issue.optional_text("affectedCpeUri") or None,
        location=place.optional_text("filePath") or None if place is not None else None,
        layer=digest_in(layer.optional_text("diffId")) if layer is not None else None,
    )


def _fix(flaw: Fields, issue: Fields | None, fixed: str | None) -> FixState:
    if fixed:
        return FixState.FIXED
    available = flag(issue, "fixAvailable") if issue is not None else None
    available = flag(flaw, "fixAvailable") if available is None else available
    if available:
        return FixState.FIXED
    # Protocol Buffers leave out what is false.
    return FixState.NOT_FIXED if issue is not None else FixState.UNKNOWN


def _state(flaw: Fields) -> tuple[FindingState, str | None]:
    judged = flaw.optional_object("vexAssessment")
    state = judged.optional_text("state") if judged is not None else None
    if judged is None or state not in _JUDGED:
        return FindingState.OPEN, None
    justification = judged.optional_object("justification")
    words: list[str | None] = [state, *strings(judged, "impacts")]
    if justification is not None:
        words.append(justification.optional_text("justificationType"))
        words.append(justification.optional_text("details"))
    return FindingState.SUPPRESSED, ": ".join(word for word in words if word)


def _assessments(flaw: Fields) -> Iterator[Cvss]:
    for name, version in (("cvssv3", "3.1"), ("cvssV2", "2.0")):
        rating = flaw.optional_object(name)
        points = score(rating, "baseScore") if rating is not None else None
        if points is not None:
            yield Cvss(version=version, score=points, source="nvd")
