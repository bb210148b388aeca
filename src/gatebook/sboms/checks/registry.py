"""Every check, in the order of their numbers, and how they are run."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from gatebook.errors import UsageError
from gatebook.formats.sbom.components import Sbom
from gatebook.sboms.checks import baseline, contents, document, policy, surroundings
from gatebook.sboms.context import SbomContext
from gatebook.sboms.examination import Check, CheckResult, Examination

__all__ = ["CHECKS", "WARNINGS", "UnknownCheckError", "run_checks"]


class UnknownCheckError(UsageError):
    """There is no check of that number or name."""

    code = "sboms.check-unknown"


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        each.id: each
        for each in sorted(
            (
                *document.CHECKS,
                *contents.CHECKS,
                *policy.CHECKS,
                *baseline.CHECKS,
                *surroundings.CHECKS,
            ),
            key=lambda check: check.id,
        )
    }
)
"""By number. S03, who signed it, is answered where signatures are verified."""

WARNINGS: Final = frozenset({"S07", "S11", "S12", "S13", "S14", "S16", "S20", "S24"})
"""Checks whose failure alone is no reason to stop a promotion; a contract may say otherwise."""


def run_checks(
    sbom: Sbom, context: SbomContext | None = None, *, only: Collection[str] | None = None
) -> tuple[CheckResult, ...]:
    """Ask every check, or those of some numbers or names.

    Raises:
        UnknownCheckError: a number or name that no check has, or none at all.

    """
    examination = Examination(sbom=sbom, context=context or SbomContext())
    if only is None:
        return tuple(check.run(examination) for check in CHECKS.values())
    if not only:
        raise UnknownCheckError("no check is named", hint="leave the list out to run all")
    names = {each.id for each in CHECKS.values()} | {each.name for each in CHECKS.values()}
    for name in only:
        if name not in names:
            raise UnknownCheckError(
                f"{name[:60]!r} is not a check",
                hint=", ".join(f"{each.id} {each.name}" for each in CHECKS.values()),
            )
    return tuple(
        check.run(examination)
        for check in CHECKS.values()
        if check.id in only or check.name in only
    )
