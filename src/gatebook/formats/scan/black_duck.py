"""Black Duck's project version report, as its REST API exports it in JSON.

Only the vulnerabilities are read. A remediation status that takes a vulnerability off the list is
somebody's judgement.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import once_each, root_of
from gatebook.formats.scan.entries import assessment, flag, line, names_of_flaw, score
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "BlackDuckError"]

_WHAT: Final = "Black Duck report"
_LIST: Final = "detailedVulnerabilities"
_JUDGED: Final = frozenset(
    {"DUPLICATE", "IGNORED", "MITIGATED", "NOT_AFFECTED", "PATCHED", "REMEDIATION_COMPLETE"}
)


class BlackDuckError(ScanError):
    """A document is not the report of Black Duck that it seems to be."""

    code = "formats.black-duck"


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and (
        "aggregateBomViewEntries" in root
        or (_LIST in root and isinstance(root[_LIST], list | None))
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, BlackDuckError)
    found = list(root.objects(_LIST))
    return ScanReport(
        format=DocumentFormat.BLACK_DUCK,
        scanners=("Black Duck",),
        target_names=once_each(_project(each) for each in found),
        findings=tuple(_finding(each) for each in found),
        incomplete=tuple(_doubts(root)),
    )


def _doubts(root: Fields) -> Iterator[str]:
    if not root.has(_LIST):
        yield "the report was made without its list of vulnerabilities"
    elif not root.array(_LIST) and not root.array("aggregateBomViewEntries"):
        yield "the report lists no component: nothing was scanned"


def _project(item: Fields) -> str | None:
    path = item.optional_object("projectVersionPathSummary")
    return path.optional_text("projectVersionPath") if path is not None else None


def _finding(item: Fields) -> ReportedFinding:
    known_as = item.text("vulnerabilityId")
    related = item.optional_text("relatedVulnerabilityId") or ""
    aliases, covers = names_of_flaw(known_as, (related,))
    written = item.optional_text("severity") or None
    status = (item.optional_text("remediationStatus") or "").upper()
    judged = status in _JUDGED
    comment = line(item, "remediationComment")
    available = flag(item, "solutionAvailable")
    fix = FixState.UNKNOWN
    if available is not None:
        fix = FixState.FIXED if available else FixState.NOT_FIXED
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=ReportedPackage(
            name=item.text("producerProjectName"),
            version=item.optional_text("producerVersion") or None,
            type=item.optional_text("producerChannelVersionExternalNamespace") or None,
        ),
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=item.optional_text("vulnerabilitySource") or None,
        cvss=tuple(_assessments(item)),
        fix=fix,
        state=FindingState.SUPPRESSED if judged else FindingState.OPEN,
        state_reason=": ".join(part for part in (status.lower(), comment) if part)
        if judged
        else None,
        reachable=True if flag(item, "reachable") else None,
        title=line(item, "description"),
        url=item.optional_text("url") or None,
        published=time_at(item, "createdDate"),
    )


def _assessments(item: Fields) -> Iterator[Cvss]:
    rated = assessment(None, score(item, "baseScore"), item.optional_text("vulnerabilitySource"))
    if rated is not None:
        written = item.optional_text("cvssVersion") or ""
        version = next((each for each in ("2", "3", "4") if f" {each}" in written), None)
        yield Cvss(
            version={"2": "2.0", "3": None, "4": "4.0"}.get(version or ""),
            score=rated.score,
            source=rated.source,
        )


def _describe(document: Document) -> Mapping[str, Json]:
    found = listed(document.root, _LIST)
    return {
        "findings": len(found),
        "severity": count_words(member(item, "severity") for item in found),
        "status": count_words(member(item, "remediationStatus") for item in found),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.BLACK_DUCK,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
