"""Dependency-Track's Finding Packaging Format (FPF), 1.0 to 1.3.

Source: Dependency-Track documentation, "File formats"; its ``Finding`` model. Only ``isSuppressed``
takes a finding off Dependency-Track's own counts, so that a state without it leaves the finding
open; ``RESOLVED`` is an analyst's word about a component that still matches.
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
from gatebook.formats.scan.entries import assessment, flag, line, names_of_flaw, probability, score
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "DependencyTrackError"]

_WHAT: Final = "Dependency-Track findings"
_ALIASES: Final = (
    *("cveId", "ghsaId", "osvId", "snykId", "gsdId", "sonatypeId", "vulnDbId", "internalId"),
)
_RATINGS: Final = (
    ("cvssV4Score", "cvssV4Vector", "4.0"),
    ("cvssV3BaseScore", "cvssV3Vector", None),
    ("cvssV2BaseScore", "cvssV2Vector", "2.0"),
)
_UNJUDGED: Final = frozenset({None, "", "NOT_SET"})


class DependencyTrackError(ScanError):
    """A document is not the findings of Dependency-Track that it seems to be."""

    code = "formats.dependency-track"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "findings" not in root:
        return False
    if member(root, "meta", "application") == "Dependency-Track":
        return True
    return isinstance(root.get("meta"), dict) and isinstance(root.get("project"), dict)


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, DependencyTrackError)
    meta = root.optional_object("meta") or Fields({}, "meta", root.code)
    project = root.optional_object("project") or Fields({}, "project", root.code)
    version = meta.optional_text("version")
    name, release = project.optional_text("name"), project.optional_text("version")
    return ScanReport(
        format=DocumentFormat.DEPENDENCY_TRACK_FPF,
        scanners=(f"Dependency-Track {version}" if version else "Dependency-Track",),
        created=time_at(meta, "timestamp"),
        target_names=only_if_given(
            f"{name} {release}" if name and release else name,
            project.optional_text("purl"),
        ),
        findings=tuple(_finding(each) for each in root.objects("findings")),
        incomplete=()
        if root.has("findings")
        else ("the list of findings is null: nothing says that there are none",),
    )


def _finding(item: Fields) -> ReportedFinding:
    component = item.object("component")
    flaw = item.object("vulnerability")
    known_as = flaw.text("vulnId")
    aliases, covers = names_of_flaw(known_as, _names(flaw))
    written = flaw.optional_text("severity") or None
    state, reason = _state(item)
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=_package(component),
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=flaw.optional_text("source") or None,
        cvss=tuple(_assessments(flaw)),
        state=state,
        state_reason=reason,
        epss=probability(flaw, "epssScore"),
        title=line(flaw, "title") or line(flaw, "description"),
        published=time_at(flaw, "published"),
        fingerprint=item.optional_text("matrix") or None,
    )


def _names(flaw: Fields) -> Iterator[str]:
    for alias in flaw.objects("aliases"):
        for name in _ALIASES:
            if found := alias.optional_text(name):
                yield found
        sources = alias.optional_object("allBySource")
        if sources is not None:
            for name in sources.values:
                yield sources.text(name)


def _package(component: Fields) -> ReportedPackage:
    name, group = component.text("name"), component.optional_text("group")
    purl = component.optional_text("purl") or None
    if group:
        name = f"{group}:{name}" if (purl or "").startswith("pkg:maven/") else f"{group}/{name}"
    kind = purl.removeprefix("pkg:").partition("/")[0] if purl else None
    return ReportedPackage(
        name=name, version=component.optional_text("version") or None, purl=purl, type=kind
    )


def _state(item: Fields) -> tuple[FindingState, str | None]:
    analysis = item.optional_object("analysis")
    if analysis is None:
        return FindingState.OPEN, None
    state = analysis.optional_text("state")
    words = (
        None if state in _UNJUDGED else state,
        analysis.optional_text("justification"),
        analysis.optional_text("detail") or analysis.optional_text("details"),
    )
    reason = ": ".join(part for part in words if part) or None
    if flag(analysis, "isSuppressed"):
        return FindingState.SUPPRESSED, reason or "suppressed"
    return FindingState.OPEN, reason


def _assessments(flaw: Fields) -> Iterator[Cvss]:
    for points, vector, version in _RATINGS:
        rated = assessment(flaw.optional_text(vector) or None, score(flaw, points), None)
        if rated is not None:
            yield Cvss(version=rated.version or version, vector=rated.vector, score=rated.score)


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    findings = listed(root, "findings")
    counted: dict[str, Json] = {"findings": len(findings)}
    if isinstance(member(root, "findings"), list):
        counted["severity"] = count_words(
            member(each, "vulnerability", "severity") for each in findings
        )
        counted["suppressed"] = sum(
            member(each, "analysis", "isSuppressed") is True for each in findings
        )
    return counted


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.DEPENDENCY_TRACK_FPF,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
