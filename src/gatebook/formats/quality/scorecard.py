"""OpenSSF Scorecard's result for one repository.

Source: ossf/scorecard, ``cron/data/json.v2.schema`` and ``pkg/scorecard/json.go``. A check's score
lies between 0 and 10; -1 says that it could not be judged.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.quality.report import (
    GateCondition,
    GateStatus,
    QualityError,
    QualityReport,
)
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, member
from gatebook.formats.scan.entries import line, number
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "ScorecardError"]

_UNJUDGED: Final = -1
_BEST: Final = 10


class ScorecardError(QualityError):
    """A document is not the result of Scorecard that it seems to be."""

    code = "formats.scorecard"


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and isinstance(root.get("scorecard"), dict)
        and isinstance(root.get("repo"), dict)
        and isinstance(root.get("checks"), list | None)
    )


def _score(fields: Fields) -> float:
    found = number(fields, "score")
    if found is None or not _UNJUDGED <= found <= _BEST:
        raise fields.refuse("'score' must be a number from -1 to 10")
    return found


def _read(document: Document) -> QualityReport:
    if document.root is None:
        raise ScorecardError("a result must be a JSON object")
    root = Fields(document.root, "Scorecard result", ScorecardError.code)
    repository = root.object("repo")
    total = _score(root)
    checks = [(check, _score(check)) for check in root.objects("checks")]
    unjudged = [check.text("name") for check, score in checks if score == _UNJUDGED]
    incomplete = [f"not judged: {', '.join(unjudged)}"] if unjudged else []
    if not checks:
        incomplete.append("no check was made")
    return QualityReport(
        format=DocumentFormat.OPENSSF_SCORECARD,
        conditions=tuple(
            GateCondition(
                metric=check.text("name"),
                status=GateStatus.NO_VALUE if score == _UNJUDGED else GateStatus.NONE,
                actual=f"{score:g}",
            )
            for check, score in checks
        ),
        revision=repository.optional_text("commit") or None,
        analysed=time_at(root, "date"),
        project=repository.text("name"),
        score=None if total == _UNJUDGED else total,
        incomplete=tuple(incomplete),
        notes=tuple(
            f"{check.text('name')}: {line(check, 'reason') or 'no reason given'}"
            for check, score in checks
            if score < _BEST
        ),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    checks = listed(document.root, "checks")
    score = member(document.root, "score")
    return {
        "score": score if isinstance(score, int | float) else None,
        "checks": len(checks),
        "not_judged": sum(member(each, "score") == _UNJUDGED for each in checks),
    }


READER: Final[Reader[QualityReport]] = Reader(
    format=DocumentFormat.OPENSSF_SCORECARD,
    family=Family.QUALITY,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
