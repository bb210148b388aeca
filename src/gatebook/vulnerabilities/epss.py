"""EPSS scores (FIRST): how likely it is that a vulnerability is exploited in the next 30 days.

The daily file is CSV with a comment line on top::

    #model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z
    cve,epss,percentile
    CVE-1999-0001,0.01297,0.78955

Numbers stay text: they are compared as decimals and written as published.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.aliases import is_cve

__all__ = ["EpssError", "EpssScore", "EpssScores", "is_epss", "read_epss"]

_MAX_BYTES: Final = 256 * 1024 * 1024
_HEAD: Final = re.compile(
    r"#\s*model_version:(?P<model>[\w.+-]{1,40})\s*,\s*score_date:(?P<date>[\w:.+-]{10,40})\s*\Z",
    re.ASCII,
)
_COLUMNS: Final = "cve,epss,percentile"
_NUMBER: Final = re.compile(
    r"(?:0(?:\.\d{1,17})?|1(?:\.0{1,17})?|\d(?:\.\d{1,17})?[eE]-\d\d?)\Z", re.ASCII
)


class EpssError(MalformedError):
    """Bytes are not an EPSS file."""

    code = "vulnerabilities.epss"


class EpssScore(NamedTuple):
    """One score.

    Attributes:
        cve: whose.
        probability: between 0 and 1, as published.
        percentile: the share of all vulnerabilities that score no higher, as published.

    """

    cve: str
    probability: str
    percentile: str


class EpssScores(NamedTuple):
    """One day's scores.

    Attributes:
        model: version of the model.
        date: when they were computed, as written.
        lines: the text after the head; :meth:`scores` reads it.

    """

    model: str
    date: str
    lines: str

    def scores(self) -> Iterator[EpssScore]:
        """Yield the scores in the order of the file.

        Raises:
            EpssError: a line is not one.

        """
        for number, line in enumerate(self.lines.splitlines(), start=3):
            if not line:
                continue
            parts = line.split(",")
            if (
                len(parts) != 3  # noqa: PLR2004  # the columns
                or not is_cve(parts[0])
                or _NUMBER.match(parts[1]) is None
                or _NUMBER.match(parts[2]) is None
            ):
                raise EpssError(f"EPSS line {number} is not cve,epss,percentile: {line[:80]!r}")
            yield EpssScore(*parts)


def is_epss(start: bytes) -> bool:
    """Whether a document begins like an EPSS file."""
    return start.startswith(b"#") and b"model_version:" in start[:200]


def read_epss(data: bytes) -> EpssScores:
    """Read a day's file.

    Raises:
        EpssError: too large, not ASCII, or another head.

    """
    if len(data) > _MAX_BYTES:
        raise EpssError(f"an EPSS file of {len(data)} bytes is not read")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise EpssError("an EPSS file is ASCII") from None
    head, _, rest = text.partition("\n")
    columns, _, lines = rest.partition("\n")
    found = _HEAD.match(head.rstrip("\r"))
    if found is None:
        raise EpssError(f"an EPSS file names model and date on its first line, found {head[:80]!r}")
    if columns.strip() != _COLUMNS:
        raise EpssError(f"an EPSS file has the columns {_COLUMNS}, found {columns[:80]!r}")
    return EpssScores(found["model"], found["date"], lines)
