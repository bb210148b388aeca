"""The equations of CVSS 2.0, 3.0 and 3.1, in exact decimals.

Metrics have been checked before; nothing here is asked for an unknown one.
"""

import decimal
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

__all__ = ["score_v2", "score_v3"]

# The longest product, a number of six decimal places to the power of 15, is exact in 100 digits.
_EXACT: Final = Context(prec=160, traps=[decimal.Inexact, decimal.InvalidOperation])
_ROUNDING: Final = Context(prec=160)
_TENTH: Final = Decimal("0.1")
_HUNDRED_THOUSANDTH: Final = Decimal("0.00001")
_ONE: Final = Decimal(1)
_TEN: Final = Decimal(10)
_ZERO: Final = Decimal("0.0")

_Weights = Mapping[str, Mapping[str, Decimal]]


def _weights(text: str) -> _Weights:
    table: dict[str, dict[str, Decimal]] = {}
    for item in text.split():
        names, _, values = item.partition("=")
        pairs = (value.split(":") for value in values.split(","))
        weights = {value: Decimal(number) for value, number in pairs}
        table.update(dict.fromkeys(names.split("|"), weights))
    return table


# CVSS v2 guide §3.2.
_V2: Final = _weights(
    "AV=L:0.395,A:0.646,N:1 AC=H:0.35,M:0.61,L:0.71 Au=M:0.45,S:0.56,N:0.704 "
    "C|I|A=N:0,P:0.275,C:0.660 "
    "E=U:0.85,POC:0.9,F:0.95,H:1,ND:1 RL=OF:0.87,TF:0.90,W:0.95,U:1,ND:1 "
    "RC=UC:0.90,UR:0.95,C:1,ND:1 "
    "CDP=N:0,L:0.1,LM:0.3,MH:0.4,H:0.5,ND:0 TD=N:0,L:0.25,M:0.75,H:1,ND:1 "
    "CR|IR|AR=L:0.5,M:1,H:1.51,ND:1"
)
# CVSS v3.1 §7.4; v3.0 has the same.
_V3: Final = _weights(
    "AV=N:0.85,A:0.62,L:0.55,P:0.2 AC=L:0.77,H:0.44 UI=N:0.85,R:0.62 C|I|A=H:0.56,L:0.22,N:0 "
    "E=X:1,H:1,F:0.97,P:0.94,U:0.91 RL=X:1,U:1,W:0.97,T:0.96,O:0.95 RC=X:1,C:1,R:0.96,U:0.92 "
    "CR|IR|AR=X:1,H:1.5,M:1,L:0.5"
)
_V3_PRIVILEGES: Final = _weights("U=N:0.85,L:0.62,H:0.27 C=N:0.85,L:0.68,H:0.5")


def score_v2(metrics: Mapping[str, str]) -> tuple[Decimal, Decimal, Decimal]:
    """Base, temporal and environmental score; a metric left out is not defined."""

    def weight(name: str) -> Decimal:
        return _V2[name][metrics.get(name, "ND")]

    with localcontext(_EXACT):
        # CVSS v2 guide §3.2.1.
        flaws = [weight("C"), weight("I"), weight("A")]
        requirements = [weight("CR"), weight("IR"), weight("AR")]
        exploitability = Decimal(20) * weight("AV") * weight("AC") * weight("Au")
        impact = Decimal("10.41") * (_ONE - _product(_ONE - flaw for flaw in flaws))
        base = _base_v2(impact, exploitability)
        # §3.2.2.
        time = weight("E") * weight("RL") * weight("RC")
        temporal = _half_up(base * time)
        # §3.2.3: the temporal score again, with the impact weighed by the requirements.
        weighed = (flaw * need for flaw, need in zip(flaws, requirements, strict=True))
        adjusted_impact = min(
            _TEN, Decimal("10.41") * (_ONE - _product(_ONE - flaw for flaw in weighed))
        )
        adjusted = _half_up(_base_v2(adjusted_impact, exploitability) * time)
        environmental = _half_up((adjusted + (_TEN - adjusted) * weight("CDP")) * weight("TD"))
        # With a low requirement the adjusted score can fall below the scale; it stays so until
        # here, as the equations have no floor inside.
        return base, temporal, max(environmental, _ZERO)


def _base_v2(impact: Decimal, exploitability: Decimal) -> Decimal:
    factor = Decimal("1.176") if impact else Decimal(0)
    weighed = Decimal("0.6") * impact + Decimal("0.4") * exploitability - Decimal("1.5")
    return _half_up(weighed * factor)


def score_v3(metrics: Mapping[str, str], *, minor: int) -> tuple[Decimal, Decimal, Decimal]:
    """Base, temporal and environmental score by version 3.0 or 3.1."""
    round_up = _ceiling_v3_0 if minor == 0 else _round_up_v3_1

    def modified(name: str) -> str:
        value = metrics.get(f"M{name}", "X")
        return metrics[name] if value == "X" else value

    with localcontext(_EXACT):
        # CVSS v3.1 §7.1.
        impact_base = _ONE - _product(_ONE - _V3[name][metrics[name]] for name in "CIA")
        changed = metrics["S"] == "C"
        impact = _impact_v3(impact_base, changed=changed)
        base = _total_v3(impact, _exploitability_v3(metrics.__getitem__), round_up, changed=changed)
        # §7.2.
        time = _product(_V3[name][metrics.get(name, "X")] for name in ("E", "RL", "RC"))
        temporal = round_up(base * time)
        # §7.3.
        weighed = (
            _V3[f"{name}R"][metrics.get(f"{name}R", "X")] * _V3[name][modified(name)]
            for name in "CIA"
        )
        modified_base = min(_ONE - _product(_ONE - flaw for flaw in weighed), Decimal("0.915"))
        changed = modified("S") == "C"
        if minor == 0 or not changed:
            impact = _impact_v3(modified_base, changed=changed)
        else:
            # v3.1 differs from v3.0 in this one equation.
            impact = (
                Decimal("7.52") * (modified_base - Decimal("0.029"))
                - Decimal("3.25") * (modified_base * Decimal("0.9731") - Decimal("0.02")) ** 13
            )
        total = _total_v3(impact, _exploitability_v3(modified), round_up, changed=changed)
        return base, temporal, round_up(total * time)


def _impact_v3(impact_base: Decimal, *, changed: bool) -> Decimal:
    if not changed:
        return Decimal("6.42") * impact_base
    return (
        Decimal("7.52") * (impact_base - Decimal("0.029"))
        - Decimal("3.25") * (impact_base - Decimal("0.02")) ** 15
    )


def _exploitability_v3(metric: Callable[[str], str]) -> Decimal:
    factors = (_V3[name][metric(name)] for name in ("AV", "AC", "UI"))
    privileges = _V3_PRIVILEGES[metric("S")][metric("PR")]
    return Decimal("8.22") * _product(factors) * privileges


def _total_v3(
    impact: Decimal,
    exploitability: Decimal,
    round_up: Callable[[Decimal], Decimal],
    *,
    changed: bool,
) -> Decimal:
    if impact <= 0:
        return _ZERO
    total = impact + exploitability
    return round_up(min(total * Decimal("1.08") if changed else total, _TEN))


def _product(factors: Iterable[Decimal]) -> Decimal:
    result = _ONE
    for factor in factors:
        result *= factor
    return result


def _half_up(value: Decimal) -> Decimal:
    return value.quantize(_TENTH, ROUND_HALF_UP, _ROUNDING)


def _ceiling_v3_0(value: Decimal) -> Decimal:
    # CVSS v3.0 §8.1: the smallest number of one decimal place that is not smaller.
    return value.quantize(_TENTH, ROUND_CEILING, _ROUNDING)


def _round_up_v3_1(value: Decimal) -> Decimal:
    # CVSS v3.1, appendix A: what is beyond the fifth decimal place is taken for noise.
    noiseless = value.quantize(_HUNDRED_THOUSANDTH, ROUND_HALF_EVEN, _ROUNDING)
    return noiseless.quantize(_TENTH, ROUND_CEILING, _ROUNDING)
