"""Every format of reports on quality that is read, in the order in which they are to be asked."""

from typing import Final

from gatebook.formats.quality import (
    scorecard,
    sonarqube_gate,
    sonarqube_issues,
    sonarqube_report,
)
from gatebook.formats.quality.report import QualityReport
from gatebook.formats.reading.reader import Reader

__all__ = ["QUALITY_READERS"]

QUALITY_READERS: Final[tuple[Reader[QualityReport], ...]] = (
    sonarqube_gate.READER,
    sonarqube_gate.WEBHOOK_READER,
    sonarqube_report.READER,
    sonarqube_issues.READER,
    sonarqube_issues.HOTSPOTS_READER,
    sonarqube_issues.LIST_READER,
    scorecard.READER,
)
