"""The readers of test reports, in the order in which they are asked."""

from typing import Final

from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports import (
    ctrf,
    dart,
    go_test,
    jest,
    junit,
    mocha,
    nunit,
    rspec,
    tap,
    trx,
    xunit,
)
from gatebook.formats.test_reports.report import TestReport

__all__ = ["TEST_READERS"]

TEST_READERS: Final[tuple[Reader[TestReport], ...]] = (
    junit.READER,
    trx.READER,
    nunit.NUNIT3_READER,
    nunit.NUNIT2_READER,
    xunit.READER,
    ctrf.READER,
    ctrf.NORMATIVE_SUITE_READER,
    jest.READER,
    mocha.READER,
    rspec.READER,
    go_test.READER,
    dart.READER,
    tap.READER,
)
