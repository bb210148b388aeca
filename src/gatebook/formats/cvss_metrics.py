"""Which metrics and values each version of CVSS has, in the order of its specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["V2", "V3", "V4", "MetricTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTable:
    """The metrics of one version.

    Attributes:
        values: the values of each metric, the metrics in the specification's order.
        base: metrics that every vector has.
        temporal: metrics that change with time.
        environmental: metrics that depend on where the software runs.
        undefined: the value that means the same as leaving the metric out.

    """

    values: Mapping[str, frozenset[str]]
    base: tuple[str, ...]
    temporal: tuple[str, ...]
    environmental: tuple[str, ...]
    undefined: str


def _table(
    base: str, temporal: str, environmental: str, supplemental: str = "", *, undefined: str
) -> MetricTable:
    groups = [
        {name: values.split(",") for name, _, values in (item.partition("=") for item in text)}
        for text in (group.split() for group in (base, temporal, environmental, supplemental))
    ]
    for group in groups[1:]:
        for values in group.values():
            values.append(undefined)
    return MetricTable(
        values={name: frozenset(values) for group in groups for name, values in group.items()},
        base=tuple(groups[0]),
        temporal=tuple(groups[1]),
        environmental=tuple(groups[2]),
        undefined=undefined,
    )


# CVSS v2 guide §2.4.
V2: Final = _table(
    "AV=L,A,N AC=H,M,L Au=M,S,N C=N,P,C I=N,P,C A=N,P,C",
    "E=U,POC,F,H RL=OF,TF,W,U RC=UC,UR,C",
    "CDP=N,L,LM,MH,H TD=N,L,M,H CR=L,M,H IR=L,M,H AR=L,M,H",
    undefined="ND",
)

# CVSS v3.1 §6, "Vector String"; v3.0 has the same.
V3: Final = _table(
    "AV=N,A,L,P AC=L,H PR=N,L,H UI=N,R S=U,C C=H,L,N I=H,L,N A=H,L,N",
    "E=H,F,P,U RL=U,W,T,O RC=C,R,U",
    "CR=H,M,L IR=H,M,L AR=H,M,L MAV=N,A,L,P MAC=L,H MPR=N,L,H MUI=N,R MS=U,C "
    "MC=N,L,H MI=N,L,H MA=N,L,H",
    undefined="X",
)

# CVSS v4.0, "Vector String".
V4: Final = _table(
    "AV=N,A,L,P AC=L,H AT=N,P PR=N,L,H UI=N,P,A VC=H,L,N VI=H,L,N VA=H,L,N SC=H,L,N SI=H,L,N "
    "SA=H,L,N",
    "E=A,P,U",
    "CR=H,M,L IR=H,M,L AR=H,M,L MAV=N,A,L,P MAC=L,H MAT=N,P MPR=N,L,H MUI=N,P,A MVC=H,L,N "
    "MVI=H,L,N MVA=H,L,N MSC=H,L,N MSI=S,H,L,N MSA=S,H,L,N",
    "S=N,P AU=N,Y R=A,U,I V=D,C RE=L,M,H U=Clear,Green,Amber,Red",
    undefined="X",
)
