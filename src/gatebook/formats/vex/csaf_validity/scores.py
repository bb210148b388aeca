"""Tests of CVSS: 6.1.7 to 6.1.10.

Sources: FIRST, JSON schemas of CVSS 2.0, 3.0 and 3.1, and the specifications they belong to. Scores
are computed from the vector.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from gatebook.errors import MalformedError
from gatebook.formats import cvss_equations
from gatebook.formats.cvss import CvssVector, CvssVersion, parse_vector, severity_of
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.wire import Csaf

__all__ = ["check_scores"]

_Words = Mapping[str, str]


def _words(text: str) -> _Words:
    return dict(pair.split("=") for pair in text.split())


_LEVEL: Final = _words("N=NONE L=LOW H=HIGH")
_REQUIREMENT: Final = _words("L=LOW M=MEDIUM H=HIGH X=NOT_DEFINED")
_VECTOR: Final = _words("N=NETWORK A=ADJACENT_NETWORK L=LOCAL P=PHYSICAL")
_X: Final = _words("X=NOT_DEFINED")
_ND: Final = _words("ND=NOT_DEFINED")
_PARTIAL: Final = _words("N=NONE P=PARTIAL C=COMPLETE")
_REQUIREMENT_2: Final = _words("L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED")
_COMPLEXITY: Final = _words("L=LOW H=HIGH")
_INTERACTION: Final = _words("N=NONE R=REQUIRED")
_SCOPE: Final = _words("U=UNCHANGED C=CHANGED")

# Each property: the metric of the vector, and the words for its values.
_V3: Final[Mapping[str, tuple[str, _Words]]] = {
    "attackVector": ("AV", _VECTOR),
    "attackComplexity": ("AC", _COMPLEXITY),
    "privilegesRequired": ("PR", _LEVEL),
    "userInteraction": ("UI", _INTERACTION),
    "scope": ("S", _SCOPE),
    "confidentialityImpact": ("C", _LEVEL),
    "integrityImpact": ("I", _LEVEL),
    "availabilityImpact": ("A", _LEVEL),
    "exploitCodeMaturity": (
        "E",
        _words("U=UNPROVEN P=PROOF_OF_CONCEPT F=FUNCTIONAL H=HIGH X=NOT_DEFINED"),
    ),
    "remediationLevel": (
        "RL",
        _words("O=OFFICIAL_FIX T=TEMPORARY_FIX W=WORKAROUND U=UNAVAILABLE X=NOT_DEFINED"),
    ),
    "reportConfidence": ("RC", _words("U=UNKNOWN R=REASONABLE C=CONFIRMED X=NOT_DEFINED")),
    "confidentialityRequirement": ("CR", _REQUIREMENT),
    "integrityRequirement": ("IR", _REQUIREMENT),
    "availabilityRequirement": ("AR", _REQUIREMENT),
    "modifiedAttackVector": ("MAV", {**_VECTOR, **_X}),
    "modifiedAttackComplexity": ("MAC", {**_COMPLEXITY, **_X}),
    "modifiedPrivilegesRequired": ("MPR", {**_LEVEL, **_X}),
    "modifiedUserInteraction": ("MUI", {**_INTERACTION, **_X}),
    "modifiedScope": ("MS", {**_SCOPE, **_X}),
    "modifiedConfidentialityImpact": ("MC", {**_LEVEL, **_X}),
    "modifiedIntegrityImpact": ("MI", {**_LEVEL, **_X}),
    "modifiedAvailabilityImpact": ("MA", {**_LEVEL, **_X}),
}
_V2: Final[Mapping[str, tuple[str, _Words]]] = {
    "accessVector": ("AV", _words("L=LOCAL A=ADJACENT_NETWORK N=NETWORK")),
    "accessComplexity": ("AC", _words("L=LOW M=MEDIUM H=HIGH")),
    "authentication": ("Au", _words("M=MULTIPLE S=SINGLE N=NONE")),
    "confidentialityImpact": ("C", _PARTIAL),
    "integrityImpact": ("I", _PARTIAL),
    "availabilityImpact": ("A", _PARTIAL),
    "exploitability": (
        "E",
        _words("U=UNPROVEN POC=PROOF_OF_CONCEPT F=FUNCTIONAL H=HIGH ND=NOT_DEFINED"),
    ),
    "remediationLevel": (
        "RL",
        _words("OF=OFFICIAL_FIX TF=TEMPORARY_FIX W=WORKAROUND U=UNAVAILABLE ND=NOT_DEFINED"),
    ),
    "reportConfidence": (
        "RC",
        _words("UC=UNCONFIRMED UR=UNCORROBORATED C=CONFIRMED ND=NOT_DEFINED"),
    ),
    "collateralDamagePotential": (
        "CDP",
        _words("N=NONE L=LOW LM=LOW_MEDIUM MH=MEDIUM_HIGH H=HIGH ND=NOT_DEFINED"),
    ),
    "targetDistribution": ("TD", _words("N=NONE L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED")),
    "confidentialityRequirement": ("CR", _REQUIREMENT_2),
    "integrityRequirement": ("IR", _REQUIREMENT_2),
    "availabilityRequirement": ("AR", _REQUIREMENT_2),
}
_SCORES: Final = ("baseScore", "temporalScore", "environmentalScore")
_SEVERITIES: Final = ("baseSeverity", "temporalSeverity", "environmentalSeverity")
_SEVERITY_WORDS: Final = frozenset({"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"})


def check_scores(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of every score."""
    for number, vulnerability in enumerate(csaf.vulnerabilities or ()):
        scored: set[tuple[str, str]] = set()
        for place, score in enumerate(vulnerability.scores or ()):
            pointer = f"/vulnerabilities/{number}/scores/{place}"
            for name, cvss in (("cvss_v2", score.cvss_v2), ("cvss_v3", score.cvss_v3)):
                if not isinstance(cvss, dict):
                    continue
                yield from _check(f"{pointer}/{name}", cvss, old=name == "cvss_v2")
                # §6.1.7: versions 3.0 and 3.1 are different ones.
                version = str(cvss.get("version"))
                for product_id in score.products:
                    if (product_id, version) in scored:
                        yield Violation(
                            test="6.1.7",
                            pointer=pointer,
                            message=f"{product_id!r} has another score by version {version}",
                        )
                scored.update((product_id, version) for product_id in score.products)


def _check(pointer: str, cvss: Mapping[str, Any], *, old: bool) -> Iterator[Violation]:
    wrong = list(_schema(cvss, old=old))
    if wrong:
        for name, message in wrong:
            yield Violation(test="6.1.8", pointer=f"{pointer}/{name}", message=message)
        return
    try:
        vector = parse_vector(cvss["vectorString"])
    except MalformedError as error:
        yield Violation(test="6.1.8", pointer=f"{pointer}/vectorString", message=error.message)
        return
    yield from _computation(pointer, cvss, vector)
    properties = _V2 if old else _V3
    for name, (metric, words) in properties.items():
        if name not in cvss:
            continue
        value = vector.metrics.get(metric, "ND" if old else "X")
        if words.get(value) != cvss[name]:
            yield Violation(
                test="6.1.10",
                pointer=f"{pointer}/{name}",
                message=f"{cvss[name]!r}, while the vector says {metric}:{value}",
            )


def _schema(cvss: Mapping[str, Any], *, old: bool) -> Iterator[tuple[str, str]]:
    """Say which properties break the schema of FIRST."""
    required = ("version", "vectorString", "baseScore") + (() if old else ("baseSeverity",))
    for name in required:
        if name not in cvss:
            yield name, "it is missing"
    versions = ("2.0",) if old else ("3.0", "3.1")
    version, vector = cvss.get("version"), cvss.get("vectorString")
    if "version" in cvss and version not in versions:
        yield "version", f"{str(version)[:20]!r} is not one of {', '.join(versions)}"
    prefix = "" if old else f"CVSS:{version}/"
    if "vectorString" in cvss and not (isinstance(vector, str) and vector.startswith(prefix)):
        yield "vectorString", f"it does not begin with {prefix!r}"
    # The schema of version 2 knows no parentheses and no prefix.
    if old and isinstance(vector, str) and not vector.startswith("A"):
        yield from _first_metric(vector)
    for name in _SCORES:
        if name in cvss and not _is_score(cvss[name]):
            yield name, "a score is a number from 0 to 10"
    for name in () if old else _SEVERITIES:
        if name in cvss and cvss[name] not in _SEVERITY_WORDS:
            yield name, f"{str(cvss[name])[:20]!r} is not a severity"
    for name, (_, words) in (_V2 if old else _V3).items():
        if name in cvss and cvss[name] not in words.values():
            yield name, f"{str(cvss[name])[:20]!r} is not one of {', '.join(words.values())}"


def _first_metric(vector: str) -> Iterator[tuple[str, str]]:
    if vector.startswith(("(", "CVSS")):
        yield "vectorString", "a vector of version 2 has neither parentheses nor a prefix"


def _is_score(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= 10  # type: ignore[operator]  # noqa: PLR2004  # a number


def _computation(pointer: str, cvss: Mapping[str, Any], vector: CvssVector) -> Iterator[Violation]:
    for name, severity, score in zip(_SCORES, _SEVERITIES, _computed(vector), strict=True):
        if name in cvss and Decimal(str(cvss[name])) != score:
            yield Violation(
                test="6.1.9",
                pointer=f"{pointer}/{name}",
                message=f"{cvss[name]}, computed {score}",
            )
        if vector.version is CvssVersion.V2_0 or severity not in cvss:
            continue
        expected = severity_of(score, vector.version).value.upper()
        if cvss[severity] != expected:
            yield Violation(
                test="6.1.9",
                pointer=f"{pointer}/{severity}",
                message=f"{cvss[severity]}, computed {expected}",
            )


def _computed(vector: CvssVector) -> tuple[Decimal, Decimal, Decimal]:
    """Compute all three scores, also where no metric of a kind is defined."""
    metrics = dict(vector.metrics)
    match vector.version:
        case CvssVersion.V2_0:
            return cvss_equations.score_v2(metrics)
        case CvssVersion.V3_0:
            return cvss_equations.score_v3(metrics, minor=0)
        case _:
            return cvss_equations.score_v3(metrics, minor=1)
