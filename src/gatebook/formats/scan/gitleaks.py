"""The JSON report of gitleaks, version 8 and version 7.

Source: gitleaks/gitleaks, ``report/finding.go`` and ``report/leak.go``. The secret itself is never
taken over. A clean report is the empty list, which nothing tells from any other empty list.
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
from gatebook.formats.scan.entries import line, whole
from gatebook.formats.scan.report import FindingKind, ReportedFinding, ScanError, ScanReport

__all__ = ["READER", "GitleaksError"]

_WHAT: Final = "gitleaks report"
_NEW: Final = frozenset({"RuleID", "File", "StartLine"})
_OLD: Final = frozenset({"rule", "file", "offender"})


class GitleaksError(ScanError):
    """A document is not the report of gitleaks that it seems to be."""

    code = "formats.gitleaks"


def _recognises(document: Document) -> bool:
    first = document.items[0] if document.items else None
    return isinstance(first, dict) and (first.keys() >= _NEW or first.keys() >= _OLD)


def _read(document: Document) -> ScanReport:
    leaks = list(root_items(document, _WHAT, GitleaksError))
    return ScanReport(
        format=DocumentFormat.GITLEAKS,
        scanners=("gitleaks",),
        target_names=once_each(
            each.optional_text("Commit") or each.optional_text("commit") for each in leaks
        ),
        findings=tuple(_finding(each) for each in leaks),
    )


def _finding(leak: Fields) -> ReportedFinding:
    old = "RuleID" not in leak.values
    path = leak.text("file" if old else "File")
    start = whole(leak, "lineNumber" if old else "StartLine")
    return ReportedFinding(
        id=leak.text("rule" if old else "RuleID"),
        kind=FindingKind.SECRET,
        title=None if old else line(leak, "Description"),
        url=leak.optional_text("leakURL" if old else "Link") or None,
        locations=(f"{path}:{start}" if start else path,),
        fingerprint=None if old else leak.optional_text("Fingerprint") or None,
    )


def _describe(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {
        "items": len(items),
        "findings": len(items),
        "rules": count_words(member(item, "RuleID") or member(item, "rule") for item in items),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITLEAKS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
