"""CVSS 4.0: a score is that of its macro-vector, less its distance from the worst vector in it.

Follows the *CVSS v4.0 Specification Document*, "CVSS v4.0 Scoring". Metrics have been checked
before.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

__all__ = ["score_v4"]

# The scores, in tenths, that FIRST's experts gave each macro-vector. A row is named by the
# levels of EQ1, EQ2, EQ3 and EQ6; its nine values run through EQ4, and inside that through EQ5.
_SCORES: Final[Mapping[str, tuple[int, ...]]] = {
    "0000": (100, 98, 95, 100, 93, 91, 93, 89, 81),
    "0001": (99, 95, 92, 96, 87, 81, 90, 80, 68),
    "0010": (98, 95, 90, 93, 89, 81, 88, 78, 69),
    "0011": (95, 92, 84, 92, 81, 65, 80, 70, 48),
    "0021": (92, 82, 72, 79, 69, 50, 69, 55, 27),
    "0100": (99, 95, 92, 95, 90, 84, 92, 82, 72),
    "0101": (97, 92, 85, 91, 83, 71, 81, 71, 53),
    "0110": (95, 92, 85, 92, 80, 70, 84, 71, 50),
    "0111": (93, 85, 73, 82, 72, 59, 70, 52, 30),
    "0121": (86, 75, 52, 71, 52, 29, 63, 29, 17),
    "1000": (98, 94, 91, 94, 86, 77, 87, 74, 63),
    "1001": (95, 87, 81, 89, 74, 64, 75, 63, 49),
    "1010": (94, 88, 76, 86, 74, 59, 72, 57, 52),
    "1011": (89, 77, 67, 76, 58, 50, 57, 52, 25),
    "1021": (83, 70, 54, 65, 58, 26, 53, 21, 13),
    "1100": (95, 88, 76, 90, 75, 61, 77, 68, 52),
    "1101": (90, 76, 70, 77, 62, 53, 66, 59, 30),
    "1110": (89, 76, 62, 74, 57, 47, 61, 57, 24),
    "1111": (78, 67, 58, 59, 57, 23, 52, 29, 16),
    "1121": (71, 59, 30, 58, 26, 15, 23, 13, 6),
    "2000": (93, 86, 75, 86, 74, 56, 70, 52, 40),
    "2001": (87, 72, 58, 74, 61, 34, 54, 40, 22),
    "2010": (85, 74, 62, 72, 55, 46, 53, 34, 19),
    "2011": (75, 55, 51, 57, 41, 19, 36, 19, 8),
    "2021": (64, 51, 20, 47, 21, 11, 24, 9, 4),
    "2100": (88, 73, 60, 73, 59, 41, 54, 45, 20),
    "2101": (75, 53, 50, 55, 40, 20, 43, 22, 11),
    "2110": (75, 58, 40, 61, 48, 20, 46, 17, 8),
    "2111": (55, 45, 21, 51, 18, 9, 18, 7, 2),
    "2121": (53, 24, 14, 24, 12, 5, 10, 3, 1),
}

# How far each value lies below the worst one of its metric ("CVSS v4.0 Scoring").
_LEVELS: Final[Mapping[str, str]] = {
    "AV": "NALP",
    "PR": "NLH",
    "UI": "NPA",
    "AC": "LH",
    "AT": "NP",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "SHLN",
    "SI": "SHLN",
    "SA": "SHLN",
    "CR": "HML",
    "IR": "HML",
    "AR": "HML",
}

# For each level of an equivalence class: the distance of its worst vectors from the worst of all,
# and how many steps lie between its worst vectors and the next level (its depth).
_EQ1: Final = ((0, 1), (1, 4), (3, 5))
_EQ2: Final = ((0, 1), (1, 2))
_EQ3_EQ6: Final = {"00": (0, 7), "01": (3, 6), "10": (1, 8), "11": (3, 8), "21": (3, 10)}
_EQ4: Final = ((1, 6), (3, 5), (6, 4))

# A multiple of every depth and every number of equivalence classes, so that integers suffice.
_UNIT: Final = 840


def score_v4(metrics: Mapping[str, str]) -> Decimal:
    """The score with all metrics that are given."""

    def effective(name: str) -> str:
        modified = metrics.get(f"M{name}", "X")
        value = metrics.get(name, "X") if modified == "X" else modified
        # What is not defined counts as the worst.
        return {"E": "A", "CR": "H", "IR": "H", "AR": "H"}[name] if value == "X" else value

    value = {name: effective(name) for name in (*_LEVELS, "E")}
    if all(value[name] == "N" for name in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return Decimal("0.0")
    levels = _levels(value)
    score = _lookup(levels)
    if score is None:  # pragma: no cover  # EQ3 at level 2 has no requirement that could be met
        raise AssertionError(levels)
    # For each class: the next lower macro-vector's score, the distance covered, and the depth.
    steps = (
        (_lookup(levels, eq1=1), _distance(value, "AV PR UI"), _EQ1[levels.eq1]),
        (_lookup(levels, eq2=1), _distance(value, "AC AT"), _EQ2[levels.eq2]),
        (
            _next_in_eq3_eq6(levels),
            _distance(value, "VC VI VA CR IR AR"),
            _EQ3_EQ6[f"{levels.eq3}{levels.eq6}"],
        ),
        (_lookup(levels, eq4=1), _distance(value, "SC SI SA"), _EQ4[levels.eq4]),
        # A level of EQ5 holds one value, so nothing lies between its worst vector and any other.
        (_lookup(levels, eq5=1), 0, (0, 1)),
    )
    lower = [
        (score - below) * (distance - worst) * (_UNIT // depth)
        for below, distance, (worst, depth) in steps
        if below is not None
    ]
    # The mean of the proportional distances is taken off, and the result rounded half up.
    count = max(len(lower), 1)
    numerator = score * _UNIT * count - sum(lower)
    denominator = _UNIT * count
    tenths = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(min(max(tenths, 0), 100)).scaleb(-1)


class _Levels(NamedTuple):
    """The macro-vector: the level of each equivalence class."""

    eq1: int
    eq2: int
    eq3: int
    eq4: int
    eq5: int
    eq6: int


def _levels(value: Mapping[str, str]) -> _Levels:
    # The equivalence classes of "CVSS v4.0 Scoring".
    easiest = [value["AV"] == "N", value["PR"] == "N", value["UI"] == "N"]
    reachable = any(easiest) and value["AV"] != "P"
    eq1 = 0 if all(easiest) else 1 if reachable else 2
    eq2 = 0 if value["AC"] == "L" and value["AT"] == "N" else 1
    if value["VC"] == value["VI"] == "H":
        eq3 = 0
    else:
        eq3 = 1 if "H" in {value["VC"], value["VI"], value["VA"]} else 2
    if "S" in {value["SI"], value["SA"]}:
        eq4 = 0
    else:
        eq4 = 1 if "H" in {value["SC"], value["SI"], value["SA"]} else 2
    eq5 = "APU".index(value["E"])
    needed = (("CR", "VC"), ("IR", "VI"), ("AR", "VA"))
    eq6 = 0 if any(value[need] == value[flaw] == "H" for need, flaw in needed) else 1
    return _Levels(eq1, eq2, eq3, eq4, eq5, eq6)


def _lookup(levels: _Levels, **steps: int) -> int | None:
    """The score of a macro-vector some steps below; ``None`` when there is none."""
    below = levels._replace(**{name: getattr(levels, name) + step for name, step in steps.items()})
    row = _SCORES.get(f"{below.eq1}{below.eq2}{below.eq3}{below.eq6}")
    if row is None or below.eq4 >= len(_EQ4) or below.eq5 >= len("APU"):
        return None
    return row[3 * below.eq4 + below.eq5]


def _next_in_eq3_eq6(levels: _Levels) -> int | None:
    """The next lower score; EQ3 and EQ6 depend on each other and are one step together."""
    by_requirement = _lookup(levels, eq6=1)
    by_impact = _lookup(levels, eq3=1)
    if by_requirement is not None and by_impact is not None:
        return max(by_requirement, by_impact)
    return by_impact if levels.eq6 == 1 else by_requirement


def _distance(value: Mapping[str, str], names: str) -> int:
    return sum(_LEVELS[name].index(value[name]) for name in names.split())
