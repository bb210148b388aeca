"""The readers of coverage reports, in the order in which they are asked."""

from typing import Final

from gatebook.formats.coverage import (
    clover,
    cobertura,
    coverage_py,
    go_profile,
    jacoco,
    lcov,
    opencover,
    sonar_generic,
)
from gatebook.formats.coverage.report import CoverageReport
from gatebook.formats.reading.reader import Reader

__all__ = ["COVERAGE_READERS"]

COVERAGE_READERS: Final[tuple[Reader[CoverageReport], ...]] = (
    cobertura.READER,
    clover.READER,
    sonar_generic.READER,
    jacoco.READER,
    opencover.READER,
    lcov.READER,
    coverage_py.READER,
    go_profile.READER,
)
