"""Findings of Amazon Inspector v2: the API's list, bare lists of it, and EventBridge events.

Source: Amazon Inspector API, ``ListFindings``; "Amazon EventBridge event schema for Amazon
Inspector". The list does not say when it was made: the latest observation in it is the moment by
which a scan had run.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.aws_findings import findings_of, targets_of
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import each_of, once_each
from gatebook.formats.scan.report import ScanError, ScanReport
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "InspectorError"]

_WHAT: Final = "Inspector findings"
_PAGE: Final = frozenset({"findings", "nextToken"})


class InspectorError(ScanError):
    """A document is not the list of Inspector findings that it seems to be."""

    code = "formats.aws-inspector"


def _given(document: Document) -> list[Json] | None:
    # The findings, wherever the document has them; None when it has none.
    if document.items is not None:
        return document.items
    root = document.root or {}
    if isinstance(detail := root.get("detail"), dict) and "findingArn" in detail:
        return [detail]
    if "findingArn" in root:
        return [root]
    findings = root.get("findings")
    return findings if isinstance(findings, list) else None


def _recognises(document: Document) -> bool:
    given = _given(document)
    if given is None:
        return False
    if not given:
        # An empty page of the API's answer has nothing else that would name it.
        return document.root is not None and document.root.keys() <= _PAGE
    return isinstance(given[0], dict) and "findingArn" in given[0]


def _read(document: Document) -> ScanReport:
    given = _given(document)
    if given is None or document.items == []:
        raise InspectorError("the document holds no list of findings")
    root = Fields(document.root or {}, _WHAT, InspectorError.code)
    findings = list(each_of(given, "findings", root.code))
    places = [targets_of(each) for each in findings]
    seen = [time for each in findings if (time := time_at(each, "lastObservedAt")) is not None]
    incomplete = []
    if root.optional_text("nextToken"):
        incomplete.append("'nextToken' says that a page is missing")
    if not root.has("findings") and document.root is not None:
        incomplete.append("one finding of an event is not the list of all findings")
    return ScanReport(
        format=DocumentFormat.AWS_INSPECTOR2,
        scanners=("Amazon Inspector",),
        created=time_at(root, "time") or max(seen, default=None),
        targets=tuple(dict.fromkeys(digest for digests, _ in places for digest in digests)),
        target_names=once_each(name for _, names in places for name in names),
        findings=tuple(finding for each in findings for finding in findings_of(each)),
        incomplete=tuple(incomplete),
        notes=() if findings else ("the list is empty and does not say what was scanned",),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    given = _given(document) or listed(document.root, "findings")
    return {
        "findings": len(given),
        "severity": count_words(member(each, "severity") for each in given),
        "status": count_words(member(each, "status") for each in given),
        "types": count_words(member(each, "type") for each in given),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.AWS_INSPECTOR2,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
