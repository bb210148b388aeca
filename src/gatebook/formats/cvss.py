"""CVSS vectors: read strictly, scored exactly.

A score is computed from the metrics and never taken from whoever wrote the vector. Arithmetic is
decimal, so that a score on the edge of a band falls on the side on which the specification puts it.

Sources: FIRST, *A Complete Guide to the Common Vulnerability Scoring System Version 2.0*;
*CVSS v3.0*, *v3.1* and *v4.0 Specification Document*.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats import cvss_equations, cvss_macrovectors
from gatebook.formats.cvss_metrics import V2, V3, V4, MetricTable

__all__ = [
    "CvssError",
    "CvssSeverity",
    "CvssVector",
    "CvssVersion",
    "parse_vector",
    "severity_of",
]

_MAX_TEXT: Final = 500


class CvssError(MalformedError):
    """A text is not a CVSS vector."""

    code = "formats.cvss"


class CvssVersion(StrEnum):
    """The specification a vector follows."""

    V2_0 = "2.0"
    V3_0 = "3.0"
    V3_1 = "3.1"
    V4_0 = "4.0"


class CvssSeverity(StrEnum):
    """The qualitative rating of a score."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class CvssVector:
    """A vector and what it comes to.

    Scores are between 0.0 and 10.0 and have one decimal place.

    Attributes:
        version: the specification it follows.
        text: the vector as written, without parentheses.
        metrics: the values by the metrics' names, in the order written; those left out are absent.
        base_score: what the base metrics come to.
        temporal_score: with the temporal (version 4: threat) metrics; ``None`` when all are
            undefined.
        environmental_score: with all metrics; ``None`` when all environmental ones are undefined.

    """

    version: CvssVersion
    text: str
    metrics: Mapping[str, str]
    base_score: Decimal
    temporal_score: Decimal | None = None
    environmental_score: Decimal | None = None

    @property
    def score(self) -> Decimal:
        """What all metrics of the vector come to."""
        if self.environmental_score is not None:
            return self.environmental_score
        return self.base_score if self.temporal_score is None else self.temporal_score

    @property
    def score_tenths(self) -> int:
        """The score times ten, for where fractions are not written."""
        return int(self.score * 10)

    @property
    def severity(self) -> CvssSeverity:
        """The rating of the score."""
        return severity_of(self.score, self.version)

    @property
    def base_severity(self) -> CvssSeverity:
        """The rating of the base score."""
        return severity_of(self.base_score, self.version)


def severity_of(score: Decimal, version: CvssVersion = CvssVersion.V3_1) -> CvssSeverity:
    """Rate a score between 0 and 10.

    Version 2 has no scale of its own; NVD's is used, which knows neither none nor critical.

    Raises:
        CvssError: the score is not between 0 and 10.

    """
    if not 0 <= score <= 10:  # noqa: PLR2004  # the ends of the scale
        raise CvssError(f"a CVSS score is between 0 and 10, found {score}")
    # CVSS v3.1 §5; v4.0 has the same: 0.0, 0.1-3.9, 4.0-6.9, 7.0-8.9, 9.0-10.0.
    old = version is CvssVersion.V2_0
    if score == 0 and not old:
        return CvssSeverity.NONE
    if score < 4:  # noqa: PLR2004  # as above
        return CvssSeverity.LOW
    if score < 7:  # noqa: PLR2004  # as above
        return CvssSeverity.MEDIUM
    if score < 9 or old:  # noqa: PLR2004  # as above
        return CvssSeverity.HIGH
    return CvssSeverity.CRITICAL


@functools.lru_cache(maxsize=8192)
def parse_vector(text: str) -> CvssVector:
    """Read a vector and compute its scores.

    Version 2 has no prefix and may stand in parentheses, as NVD writes it. Metrics of versions 2
    and 3 may come in any order (CVSS v3.1 §6); those of version 4 have a fixed one (v4.0,
    "Vector String").

    Raises:
        CvssError: ``formats.cvss`` not the form of a vector, ``formats.cvss-version`` a version
            that is not known, ``formats.cvss-metric`` a metric or a value that the version does
            not know, ``formats.cvss-duplicate`` a metric given twice, ``formats.cvss-missing`` a
            base metric not given, ``formats.cvss-order`` a metric of version 4 out of order.

    """
    if len(text) > _MAX_TEXT:
        raise CvssError(f"a CVSS vector has at most {_MAX_TEXT} characters, found {len(text)}")
    version, body, plain = _split_version(text)
    metrics = _read_metrics(body, version)
    scores = _score(metrics, version)
    return CvssVector(
        version=version,
        text=plain,
        metrics=MappingProxyType(metrics),
        base_score=scores[0],
        temporal_score=scores[1],
        environmental_score=scores[2],
    )


def _split_version(text: str) -> tuple[CvssVersion, str, str]:
    """Return the version, the metrics, and the vector without parentheses."""
    if not text.startswith("CVSS:"):
        plain = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        return CvssVersion.V2_0, plain, plain
    prefix, slash, body = text.partition("/")
    number = prefix.removeprefix("CVSS:")
    # Version 2 has no prefix, so one that names it was not written by its rules.
    if number not in {"3.0", "3.1", "4.0"}:
        raise CvssError(
            f"CVSS version {number[:20]!r} is not known; 2.0 (no prefix), 3.0, 3.1, 4.0 are",
            code="formats.cvss-version",
        )
    if not slash:
        raise CvssError(f"the CVSS vector {text!r} has no metrics")
    return CvssVersion(number), body, text


def _table(version: CvssVersion) -> MetricTable:
    match version:
        case CvssVersion.V2_0:
            return V2
        case CvssVersion.V3_0 | CvssVersion.V3_1:
            return V3
        case CvssVersion.V4_0:
            return V4


def _read_metrics(body: str, version: CvssVersion) -> dict[str, str]:
    table = _table(version)
    places = {name: place for place, name in enumerate(table.values)}
    metrics: dict[str, str] = {}
    last = -1
    for part in body.split("/"):
        name, colon, value = part.partition(":")
        if not colon:
            raise CvssError(f"expected metric:value in a CVSS vector, found {part[:40]!r}")
        if name in metrics:
            raise CvssError(
                f"the CVSS metric {name[:20]!r} is given twice", code="formats.cvss-duplicate"
            )
        if value not in table.values.get(name, ()):
            raise CvssError(
                f"CVSS {version} knows no {part[:40]!r}",
                code="formats.cvss-metric",
            )
        if version is CvssVersion.V4_0 and places[name] < last:
            raise CvssError(
                f"the metric {name} is out of order; CVSS 4.0 fixes the order",
                code="formats.cvss-order",
            )
        last = places[name]
        metrics[name] = value
    missing = [name for name in table.base if name not in metrics]
    if missing:
        raise CvssError(
            f"CVSS {version} requires {', '.join(missing)}", code="formats.cvss-missing"
        )
    return metrics


def _score(
    metrics: dict[str, str], version: CvssVersion
) -> tuple[Decimal, Decimal | None, Decimal | None]:
    table = _table(version)
    defined = {name for name, value in metrics.items() if value != table.undefined}
    timed = not defined.isdisjoint(table.temporal)
    placed = not defined.isdisjoint(table.environmental)
    base, temporal, environmental = _equations(metrics, version)
    return base, temporal if timed else None, environmental if placed else None


def _equations(metrics: dict[str, str], version: CvssVersion) -> tuple[Decimal, Decimal, Decimal]:
    match version:
        case CvssVersion.V2_0:
            return cvss_equations.score_v2(metrics)
        case CvssVersion.V3_0:
            return cvss_equations.score_v3(metrics, minor=0)
        case CvssVersion.V3_1:
            return cvss_equations.score_v3(metrics, minor=1)
        case CvssVersion.V4_0:
            base = {name: metrics[name] for name in V4.base}
            threat = {**base, "E": metrics["E"]} if "E" in metrics else base
            base_score = cvss_macrovectors.score_v4(base)
            threat_score = base_score if threat is base else cvss_macrovectors.score_v4(threat)
            if len(metrics) == len(threat):
                return base_score, threat_score, threat_score
            return base_score, threat_score, cvss_macrovectors.score_v4(metrics)
