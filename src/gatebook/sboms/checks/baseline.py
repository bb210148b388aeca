"""What changed since the previous release or the approved baseline (S16, S22)."""

from typing import Final

from gatebook.sboms.diff import Change, ChangeKind, SbomDiff, diff_sboms
from gatebook.sboms.examination import (
    Affected,
    Answer,
    Check,
    Examination,
    failed,
    not_evaluable,
    passed,
)

__all__ = ["CHECKS"]

_NO_BASELINE: Final = "no earlier SBOM is given"


def _diff(examination: Examination) -> SbomDiff | None:
    previous = examination.context.previous
    if previous is None:
        return None
    return diff_sboms(previous, examination.sbom, order=examination.context.order)


def _affected(change: Change) -> Affected:
    version = f"@{change.version}" if change.version else ""
    return Affected(
        name=f"{change.package}{version}",
        problem=f"{change.before or 'nothing'} → {change.after or 'nothing'}",
    )


def _licences(examination: Examination) -> Answer:
    diff = _diff(examination)
    if diff is None:
        return not_evaluable(_NO_BASELINE)
    changed = diff.of_kind(ChangeKind.LICENCE_CHANGED)
    if changed:
        return failed(f"the licence of {len(changed)} packages changed", map(_affected, changed))
    return passed("no licence changed")


def _baseline(examination: Examination) -> Answer:
    diff = _diff(examination)
    if diff is None:
        return not_evaluable(_NO_BASELINE)
    tampered = diff.of_kind(ChangeKind.HASH_CHANGED)
    if tampered:
        return failed(
            f"{len(tampered)} packages have other bytes in the same version",
            map(_affected, tampered),
            fix="find out why: a release was replaced, a registry or a build was tampered with",
        )
    counts = {kind: len(diff.of_kind(kind)) for kind in ChangeKind}
    words = [f"{count} {kind.value}" for kind, count in counts.items() if count]
    major = sum(each.major for each in diff.changes)
    words += [f"{major} to another major version"] if major else []
    words += [f"{len(diff.new_direct)} new direct"] if diff.new_direct else []
    words += [f"new: {', '.join(diff.new_ecosystems)}"] if diff.new_ecosystems else []
    return passed(", ".join(words) or "nothing changed")


CHECKS: Final = (
    Check(
        id="S16",
        name="licence-changes",
        purpose="No package changed its licence unnoticed.",
        expected="the licences of the previous release",
        fix="look at the new licence, and approve it or go back",
        judge=_licences,
    ),
    Check(
        id="S22",
        name="baseline",
        purpose="What is the same version has the same bytes; what changed is named.",
        expected="no other hash under the same version",
        fix="look at the changes with `gatebook sbom diff`",
        judge=_baseline,
    ),
)
