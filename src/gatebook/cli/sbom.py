"""What the ``sbom`` commands share: reading files, running checks, printing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

from gatebook.cli.options import read_file
from gatebook.cli.output import print_json, style, table, told, wrapped
from gatebook.cli.plain import counted
from gatebook.cli.version_order import in_range, version_order
from gatebook.clock import SystemClock
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.read import Sbom, read_sbom, reader_of
from gatebook.sboms.checks.registry import CHECKS, WARNINGS, run_checks
from gatebook.sboms.comparison import Comparison, Likeness, compare_sboms
from gatebook.sboms.context import SbomContext
from gatebook.sboms.diff import ChangeKind, SbomDiff
from gatebook.sboms.examination import CheckResult, CheckStatus
from gatebook.sboms.licences.policy import LicencePolicy, LicenceRules
from gatebook.sboms.profiles import ProfileResult, judge_profile, profile_named

__all__ = [
    "AskedChecks",
    "checked_status",
    "compare_files",
    "compared_status",
    "diff_status",
    "licence_policy",
    "print_checks",
    "print_comparison",
    "print_diff",
    "read_sbom_file",
    "run_asked_checks",
]

_FINDINGS: Final = 7
_UNDECIDED: Final = 4
_NAMED: Final = 5
_STATUS: Final = {
    CheckStatus.PASS: "good",
    CheckStatus.FAIL: "bad",
    CheckStatus.NOT_EVALUABLE: "dim",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedChecks:
    """What was asked of an SBOM, and the answers.

    Attributes:
        results: of the checks.
        profiles: of the profiles.
        asked: numbers of the checks somebody gave something for, so that no answer is one, too.

    """

    results: tuple[CheckResult, ...]
    profiles: tuple[ProfileResult, ...]
    asked: frozenset[str]


def read_sbom_file(path: Path) -> Sbom:
    """Read an SBOM the user named; ``-`` is standard input."""
    return read_sbom(read_file(path))


def licence_policy(allowed: Sequence[str], denied: Sequence[str]) -> LicencePolicy | None:
    """Make one rule out of two lists; nothing out of none."""
    if not allowed and not denied:
        return None
    rules = LicenceRules(allowed=frozenset(allowed) if allowed else None, denied=frozenset(denied))
    return LicencePolicy(rules=(rules,))


def run_asked_checks(
    path: Path,
    *,
    profiles: Sequence[str],
    subject: str | None,
    attested: Path | None,
    previous: Path | None,
    only: Sequence[str],
    allowed: Sequence[str],
    denied: Sequence[str],
) -> AskedChecks:
    """Run the checks on a file with what the command line gives."""
    data = read_file(path)
    sbom = read_sbom(data)
    named = [profile_named(name) for name in profiles]
    policy = licence_policy(allowed, denied)
    context = SbomContext(
        artifact=Digest.parse(subject) if subject else None,
        document=sha256(data),
        attested_document=sha256(read_file(attested)) if attested else None,
        schema_problems=_schema_problems(data),
        now=SystemClock().now(),
        previous=read_sbom_file(previous) if previous else None,
        order=version_order,
        in_range=in_range,
        licences=policy,
        profiles=tuple(profiles),
    )
    results = run_checks(sbom, context, only=only or None)
    given = {"S08", "S09"}
    given |= {"S02"} if subject else set()
    given |= {"S01"} if attested else set()
    given |= {"S16", "S22"} if previous else set()
    given |= {"S15"} if policy else set()
    return AskedChecks(
        results=results,
        profiles=tuple(judge_profile(each, sbom) for each in named),
        asked=frozenset({each.id for each in results} if only else given),
    )


def _schema_problems(data: bytes) -> tuple[str, ...] | None:
    document = Document(data)
    check = reader_of(document).check
    if check is None:
        return None
    try:
        check(document)
    except MalformedError as error:
        return (error.message,)
    return ()


def checked_status(asked: AskedChecks) -> int:
    """The exit status: a failure comes before doubt, and nothing judged is doubt."""
    statuses = [each.status for each in asked.results]
    if CheckStatus.FAIL in statuses:
        return _FINDINGS
    undecided = any(
        each.status is CheckStatus.NOT_EVALUABLE and each.id in asked.asked
        for each in asked.results
    )
    return _UNDECIDED if undecided or CheckStatus.PASS not in statuses else 0


def print_checks(asked: AskedChecks, *, as_json: bool) -> None:
    """Write a table of the checks, and what is wrong with which components."""
    if as_json:
        print_json(
            "gatebook/sbom-checks/v1",
            checks=[_check_document(each) for each in asked.results],
            profiles=[_profile_document(each) for each in asked.profiles],
        )
        return
    rows = [(each.id, each.name, _word(each), each.found, each.fix) for each in asked.results]
    table(("Check", "Name", "Status", "Found", "Fix"), rows, shrink=(4, 3))
    for each in asked.results:
        if each.status is CheckStatus.FAIL and each.affected:
            click.echo()
            told(f"{each.id} {each.name}: {counted(each.count, 'component')}")
            for one in each.affected[:_NAMED]:
                told(wrapped("", f"{one.name}: {one.problem}" if one.problem else one.name))
            if each.count > _NAMED:
                told(f"    and {each.count - _NAMED:,} more; --json lists them")
    counts = {
        status: sum(each.status is status for each in asked.results) for status in CheckStatus
    }
    click.echo()
    click.echo(
        ", ".join(
            style(f"{count} {status.value}", _STATUS[status]) for status, count in counts.items()
        )
    )


def _word(result: CheckResult) -> str:
    if result.status is CheckStatus.FAIL and result.id in WARNINGS:
        return "warn"
    return result.status.value


def _check_document(result: CheckResult) -> dict[str, Any]:
    document = asdict(result)
    document["status"] = result.status.value
    document["purpose"] = CHECKS[result.id].purpose
    document["level"] = "warn" if result.id in WARNINGS else "fail"
    document["components"] = [
        {name: text for name, text in each.items() if text} for each in document.pop("affected")
    ]
    return document


def _profile_document(result: ProfileResult) -> dict[str, Any]:
    return {
        "profile": result.profile,
        "status": result.status.value,
        "percent": result.percent,
        "elements": [
            {
                "id": each.id,
                "required": each.required,
                "present": each.present,
                "applicable": each.applicable,
                "percent": each.percent,
                "fix": "" if each.complete else each.fix,
                "lacking": [
                    {"name": one.name, **({"ref": one.ref} if one.ref else {})}
                    for one in each.lacking
                ],
            }
            for each in result.elements
        ],
    }


def diff_status(diff: SbomDiff) -> int:
    """The exit status: other bytes under the same version are a finding."""
    return _FINDINGS if diff.of_kind(ChangeKind.HASH_CHANGED) else 0


def print_diff(diff: SbomDiff, *, as_json: bool) -> None:
    """Write what changed, one line for each change."""
    if as_json:
        print_json(
            "gatebook/sbom-diff/v1",
            unchanged=diff.unchanged,
            new_ecosystems=list(diff.new_ecosystems),
            new_direct=None if diff.new_direct is None else [str(each) for each in diff.new_direct],
            changes=[
                {
                    "kind": each.kind.value,
                    "package": str(each.package),
                    "before": each.before,
                    "after": each.after,
                    "version": each.version,
                    "major": each.major,
                    "direct": each.direct,
                }
                for each in diff.changes
            ],
        )
        return
    if diff.is_empty:
        told(f"nothing changed: {counted(diff.unchanged, 'component')} in the same versions")
        return
    table(
        ("Change", "Package", "Before", "After", "Note"),
        [
            (
                each.kind.value,
                str(each.package),
                each.before or "-",
                each.after or "-",
                ", ".join(
                    word for word, so in (("major", each.major), ("direct", each.direct)) if so
                ),
            )
            for each in diff.changes
        ],
        shrink=(3, 2, 1),
    )
    told()
    told(
        f"{counted(len(diff.changes), 'change')}; {counted(diff.unchanged, 'component')} unchanged"
        + (f"; new ecosystems: {', '.join(diff.new_ecosystems)}" if diff.new_ecosystems else "")
    )


def compare_files(presented: Path, attested: Path) -> Comparison:
    """Compare two SBOMs the user named."""
    ours, theirs = read_file(presented), read_file(attested)
    return compare_sboms(
        read_sbom(ours),
        read_sbom(theirs),
        presented_bytes=ours,
        attested_digest=sha256(theirs),
    )


def compared_status(comparison: Comparison) -> int:
    """The exit status: whatever differs is a finding."""
    return _FINDINGS if comparison.likeness is Likeness.DIFFERENT else 0


def print_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Write how alike two SBOMs are, and what differs."""
    if as_json:
        print_json(
            "gatebook/sbom-comparison/v1",
            likeness=comparison.likeness.value,
            shared=comparison.shared,
            left_out=comparison.left_out,
            presented_only={str(each): count for each, count in comparison.presented_only},
            attested_only={str(each): count for each, count in comparison.attested_only},
            hashes=[
                {
                    "component": str(each.component),
                    "algorithm": each.algorithm,
                    "presented": list(each.presented),
                    "attested": list(each.attested),
                }
                for each in comparison.hashes
            ],
            subjects=None
            if comparison.other_subject is None
            else [str(each) for each in comparison.other_subject],
        )
        return
    told(
        {
            Likeness.SAME_BYTES: "the same bytes",
            Likeness.SAME_COMPONENTS: "other bytes, the same components",
            Likeness.DIFFERENT: "different",
        }[comparison.likeness]
        + f": {counted(comparison.shared, 'component')} in both"
    )
    for component, count in comparison.presented_only:
        told(f"  only presented  {component}" + (f" ({count} times)" if count > 1 else ""))
    for component, count in comparison.attested_only:
        told(f"  only attested   {component}" + (f" ({count} times)" if count > 1 else ""))
    for each in comparison.hashes:
        told(f"  other {each.algorithm}    {each.component}")
    if comparison.other_subject is not None:
        ours, theirs = comparison.other_subject
        told(f"  about {ours}, attested about {theirs}")
