"""The baseline that Yelp's detect-secrets keeps.

Source: Yelp/detect-secrets, ``core/baseline.py``, ``core/potential_secret.py``. A secret that was
audited and found to be none (``is_secret`` false) is somebody's judgement.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, object_at
from gatebook.formats.scan.document_fields import root_of
from gatebook.formats.scan.entries import flag, whole
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    ReportedFinding,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "DetectSecretsError"]

_WHAT: Final = "detect-secrets baseline"


class DetectSecretsError(ScanError):
    """A document is not the baseline of detect-secrets that it seems to be."""

    code = "formats.detect-secrets"


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and isinstance(root.get("plugins_used"), list) and "results" in root


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, DetectSecretsError)
    version = root.optional_text("version")
    results = root.object("results")
    return ScanReport(
        format=DocumentFormat.DETECT_SECRETS,
        scanners=(f"detect-secrets {version}" if version else "detect-secrets",),
        created=time_at(root, "generated_at"),
        findings=tuple(
            _finding(item, path) for path in results.values for item in results.objects(path)
        ),
        incomplete=() if root.array("plugins_used") else ("no detector was used",),
    )


def _finding(item: Fields, path: str) -> ReportedFinding:
    start = whole(item, "line_number")
    none = flag(item, "is_secret") is False
    return ReportedFinding(
        id=item.text("type"),
        kind=FindingKind.SECRET,
        state=FindingState.SUPPRESSED if none else FindingState.OPEN,
        state_reason="audited: not a secret" if none else None,
        locations=(f"{path}:{start}" if start else path,),
        fingerprint=item.optional_text("hashed_secret") or None,
    )


def _describe(document: Document) -> Mapping[str, Json]:
    results = object_at(document.root, "results")
    found = [item for path in results for item in listed(results, path)]
    return {
        "findings": len(found),
        "files": len(results),
        "types": count_words(member(item, "type") for item in found),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.DETECT_SECRETS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
