"""The words and scores of all scanners on one scale of severity.

Words differ by who writes them: Red Hat says ``Important``, Debian ``unimportant``, Clair
``Defcon1``, npm ``moderate``. A word nobody taught us is ``UNKNOWN``, which no rule takes for
harmless.
"""

from collections.abc import Iterable
from typing import Final

from gatebook.formats.cvss import CvssError, parse_vector
from gatebook.formats.scan.report import ScanError, Severity

__all__ = ["highest", "severity_of_score", "severity_of_vector", "severity_of_word"]

_MAX_SCORE: Final = 10.0

_WORDS: Final[dict[str, Severity]] = {
    **{severity.value: severity for severity in Severity},
    # https://access.redhat.com/security/updates/classification; also SUSE, Microsoft, Amazon Linux
    "important": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    # Clair and Klar (Quay): above critical
    "defcon1": Severity.CRITICAL,
    # CSAF and NVD records write "severe" and "urgent" in old feeds
    "severe": Severity.HIGH,
    "urgent": Severity.CRITICAL,
    # Debian security tracker, urgency; Google Artifact Analysis
    "unimportant": Severity.NEGLIGIBLE,
    "minimal": Severity.NEGLIGIBLE,
    # CycloneDX, npm, GitLab, Security Hub: below low and yet not "none"
    "info": Severity.NEGLIGIBLE,
    "information": Severity.NEGLIGIBLE,
    "informational": Severity.NEGLIGIBLE,
    # SARIF 2.1.0 §3.27.10; the levels of linters
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
}


def severity_of_word(word: str | None) -> Severity:
    """The severity a word means, whatever its case; ``UNKNOWN`` for none and for unknown ones.

    Also ``Severity.HIGH``, ``SEVERITY_HIGH`` and ``HIGH_SEVERITY`` are read, as enumerations of
    Protocol Buffers APIs are printed.
    """
    if word is None:
        return Severity.UNKNOWN
    known = word.strip().lower()
    for affix in ("severity.", "severity_"):
        known = known.removeprefix(affix)
    return _WORDS.get(known.removesuffix("_severity"), Severity.UNKNOWN)


def severity_of_score(score: float | None, *, version: str | None = None) -> Severity:
    """The severity of a CVSS score; ``UNKNOWN`` for no score.

    FIRST, CVSS v3.1 §5 and v4.0 §6: 0 none, 0.1 to 3.9 low, to 6.9 medium, to 8.9 high, to 10
    critical. Version 2 has no bands of its own; those of NVD are low, medium and, from 7.0, high.

    Raises:
        ScanError: the score is not between 0 and 10 (``formats.scan-score``).

    """
    if score is None:
        return Severity.UNKNOWN
    if not 0 <= score <= _MAX_SCORE:
        raise ScanError(
            f"a CVSS score lies between 0 and 10, found {score}", code="formats.scan-score"
        )
    if version is not None and version.startswith("2"):
        bands = ((7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.0, Severity.LOW))
        return next(severity for least, severity in bands if score >= least)
    if score == 0:
        return Severity.NONE
    for least, severity in ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM)):
        if score >= least:
            return severity
    return Severity.LOW


def severity_of_vector(vector: str | None) -> Severity:
    """The severity a CVSS vector's base score means; ``UNKNOWN`` where it cannot be computed."""
    if not vector:
        return Severity.UNKNOWN
    try:
        return Severity(parse_vector(vector).base_severity.value)
    except CvssError:
        return Severity.UNKNOWN


def highest(severities: Iterable[Severity]) -> Severity:
    """The worst of several; ``UNKNOWN`` only where nothing else is there."""
    return max(severities, key=lambda severity: severity.rank, default=Severity.UNKNOWN)
