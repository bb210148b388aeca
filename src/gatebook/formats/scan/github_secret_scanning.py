"""Secret scanning alerts as GitHub's REST API lists them.

Source: GitHub REST API, "List secret scanning alerts for a repository". An alert has no severity.
The secret itself is never taken over.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, member
from gatebook.formats.scan.document_fields import root_items
from gatebook.formats.scan.entries import summed_up, whole
from gatebook.formats.scan.github_alert import full_page_note, person, said
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    ReportedFinding,
    ScanError,
    ScanReport,
)

__all__ = ["READER", "SecretScanningError", "secret_scanning_finding"]

_WHAT: Final = "list of secret scanning alerts"


class SecretScanningError(ScanError):
    """A document is not the list of secret scanning alerts that it seems to be."""

    code = "formats.secret-scanning"


def secret_scanning_finding(alert: Fields) -> ReportedFinding:
    """Read one alert; a resolution other than ``revoked`` is somebody's judgement.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    resolution = said(alert, "resolution")
    # The payloads of early webhooks have no state.
    state = said(alert, "state") or ("resolved" if resolution else "open")
    known = FindingState.OPEN
    if state == "resolved":
        known = FindingState.RESOLVED if resolution == "revoked" else FindingState.DISMISSED
    who = person(alert, "resolved_by")
    comment = said(alert, "resolution_comment")
    reason = ": ".join(part for part in (state, resolution, comment) if part)
    number = whole(alert, "number")
    if number is None:
        raise alert.refuse("'number' is required")
    return ReportedFinding(
        id=alert.text("secret_type"),
        kind=FindingKind.SECRET,
        state=known,
        state_reason=None
        if known is FindingState.OPEN
        else (f"{reason} (by {who})" if who else reason),
        title=summed_up(said(alert, "secret_type_display_name")),
        url=said(alert, "html_url") or said(alert, "url"),
        fingerprint=str(number),
    )


def _recognises(document: Document) -> bool:
    items = document.items
    if not items:
        return False
    first = items[0]
    return isinstance(first, dict) and "secret_type" in first and "number" in first


def _read(document: Document) -> ScanReport:
    alerts = list(root_items(document, _WHAT, SecretScanningError))
    return ScanReport(
        format=DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS,
        scanners=("GitHub secret scanning",),
        findings=tuple(secret_scanning_finding(alert) for alert in alerts),
        notes=full_page_note(alerts),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {
        "items": len(items),
        "alerts": len(items),
        "state": count_words(member(item, "state") for item in items),
        "secret_types": count_words(member(item, "secret_type") for item in items),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
