"""``gatebook sbom licenses``: the licence of each component, and what lists say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatebook.cli.output import print_json, table, told
from gatebook.cli.plain import counted
from gatebook.cli.sbom import licence_policy, read_sbom_file
from gatebook.formats.sbom.components import Component
from gatebook.sboms.inventory import described, is_package, label
from gatebook.sboms.licences.expression import ExpressionError
from gatebook.sboms.licences.policy import LicenceJudgement, LicenceVerdict, claimed_expression

__all__ = ["JudgedComponent", "judge_licences", "licences_status", "print_licences"]

_FINDINGS: Final = 7
_UNDECIDED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedComponent:
    """A component, its licence as one expression, and what the lists say; ``None`` without any."""

    component: Component
    expression: str
    judgement: LicenceJudgement | None


def judge_licences(
    path: Path, *, allowed: Sequence[str], denied: Sequence[str]
) -> tuple[JudgedComponent, ...]:
    """Read an SBOM and judge each package in it."""
    policy = licence_policy(allowed, denied)
    sbom = read_sbom_file(path)
    found = []
    for component in described(sbom):
        if not is_package(sbom, component):
            continue
        rules = None if policy is None else policy.rules_for(component)
        found.append(
            JudgedComponent(
                component=component,
                expression=_written(component),
                judgement=None if rules is None else rules.judge_component(component),
            )
        )
    return tuple(found)


def _written(component: Component) -> str:
    try:
        expression = claimed_expression(component)
    except ExpressionError:
        return "; ".join(each.text for each in component.license_claims)
    return "" if expression is None else str(expression)


def licences_status(found: Sequence[JudgedComponent]) -> int:
    """The exit status: denied comes before unknown."""
    verdicts = {each.judgement.verdict for each in found if each.judgement is not None}
    if LicenceVerdict.DENIED in verdicts:
        return _FINDINGS
    return _UNDECIDED if LicenceVerdict.UNKNOWN in verdicts or not found else 0


def print_licences(found: Sequence[JudgedComponent], *, as_json: bool) -> None:
    """Write one line for each component."""
    if as_json:
        print_json(
            "gatebook/sbom-licenses/v1",
            components=[
                {
                    "name": label(each.component),
                    "scope": each.component.scope,
                    "licenses": [claim.text for claim in each.component.license_claims],
                    "expression": each.expression,
                    **(
                        {}
                        if each.judgement is None
                        else {
                            "verdict": each.judgement.verdict.value,
                            "branch": each.judgement.branch,
                            "reason": each.judgement.reason,
                            "deprecated": list(each.judgement.deprecated),
                        }
                    ),
                }
                for each in found
            ],
        )
        return
    table(
        ("Component", "Licence", "Verdict", "Why"),
        [
            (
                label(each.component),
                each.expression or "-",
                each.judgement.verdict.value if each.judgement else "-",
                each.judgement.reason if each.judgement else "-",
            )
            for each in found
        ],
        shrink=(3, 1, 0),
    )
    told()
    told(counted(len(found), "component"))
