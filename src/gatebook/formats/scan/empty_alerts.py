"""Empty lists of alerts: what an interface or a tool answers when it has found nothing.

Nothing in ``[]`` says whose it is, so none of these is recognised by its content. A sender who
names the format makes it a report of no findings, and stands for that.
"""

from typing import Final

from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.report import ScanError, ScanReport

__all__ = ["EMPTY_ALERT_READERS"]

_NOTE: Final = "the list is empty; only its sender says what it is a list of"


def _is_empty(document: Document) -> bool:
    return document.items == []


def _reader(form: DocumentFormat, scanner: str) -> Reader[ScanReport]:
    def read(document: Document) -> ScanReport:
        if not _is_empty(document):
            raise ScanError("the list of alerts is not empty")
        return ScanReport(format=form, scanners=(scanner,), notes=(_NOTE,))

    return Reader(
        format=form,
        family=Family.SCAN,
        recognises=_is_empty,
        read=read,
        describe=lambda _: {"items": 0, "alerts": 0, "severity": {}},
    )


# pip-audit and Trivy list what they looked at, so that an empty list of theirs is no clean one.
EMPTY_ALERT_READERS: Final[tuple[Reader[ScanReport], ...]] = (
    _reader(DocumentFormat.GITHUB_DEPENDABOT_ALERTS, "Dependabot"),
    _reader(DocumentFormat.GITHUB_CODE_SCANNING_ALERTS, "GitHub code scanning"),
    _reader(DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS, "GitHub secret scanning"),
    _reader(DocumentFormat.GITLEAKS, "gitleaks"),
)
