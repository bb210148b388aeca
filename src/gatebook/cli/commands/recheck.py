"""``gatebook recheck``: decide again about everything that is in use."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import actor_option, json_option, ledger_option, open_book, option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatebook.workspace.recheck import Rechecked, RecheckReport

__all__ = ["command"]

_FINDINGS = 7


@click.command()
@option("--environment", "-e", help="Only this environment; all of them if absent.")
@ledger_option
@actor_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    environment: str | None,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Match and decide again everything that runs or may be deployed.

    To be run after `gatebook advisories import`. A decision that differs from the newest one is
    recorded, and an allow that would not be given again is recorded as lapsed; where nothing
    changed, nothing is recorded.

    Exit status: 0 every allow holds, 7 an allow of something in use has lapsed, in this run or in
    one before.
    """
    from gatebook.cli.output import print_json, progress

    with open_book(ledger, actor) as book:
        with progress("rechecking") as shown:
            report = book.recheck(environment=environment, progress=shown)
        if as_json:
            print_json(
                "gatebook/recheck/v1",
                size=book.size(),
                rechecked=[_json(each) for each in report.rechecked],
            )
        else:
            _show(report)
    ctx.exit(_FINDINGS if report.lapsed else 0)


def _json(each: "Rechecked") -> dict[str, Any]:
    return {
        "artifact": str(each.decision.subject),
        "environment": str(each.decision.environment),
        "used": [
            {"scope": use.scope.value, "name": use.name, "since": str(use.since)}
            for use in each.uses
        ],
        "result": each.result.value,
        "verdict": each.decision.verdict.value,
        "reason": {"code": each.decision.reason.code, "message": each.decision.reason.message},
        "causes": [
            {
                "control": str(cause.control),
                "status": cause.finding.status.value,
                "code": cause.finding.code,
                "found": cause.finding.found,
                "fix": cause.finding.fix,
            }
            for cause in each.causes
        ],
        "entry": each.entry,
        "recorded": each.recorded,
        "allow": each.allow,
        "lapse": each.lapse,
        "valid_until": None
        if each.decision.valid_until is None
        else str(each.decision.valid_until),
        "problem": each.problem,
    }


def _show(report: "RecheckReport") -> None:
    from gatebook.cli.output import note
    from gatebook.cli.plain import counted
    from gatebook.workspace.recheck import Result

    lapsed = report.of(Result.LAPSED, Result.LAPSED_BEFORE)
    if lapsed:
        _table(lapsed)
        for each in lapsed:
            _explain(each)
    for each in report.of(Result.NEVER_ALLOWED):
        note(
            f"{_name(each)} runs in {each.decision.environment} and was never allowed there: "
            f"{each.decision.reason.message}"
        )
    for each in report.rechecked:
        if each.problem is not None:
            note(f"{_name(each)}: advisories could not be looked up: {each.problem}")
    new = len(report.of(Result.LAPSED))
    recorded = sum(each.recorded for each in report.rechecked)
    held = len(report.of(Result.HOLDS))
    note(
        f"{counted(len(report.rechecked), 'artifact')} rechecked: {counted(held, 'allow')} "
        f"{'holds' if held == 1 else 'hold'}, {new} lapsed now, "
        f"{len(lapsed) - new} before; {counted(recorded, 'decision')} recorded"
    )


def _table(lapsed: "Sequence[Rechecked]") -> None:
    from gatebook.cli.output import narrow, table, without

    rows: list[tuple[str, ...]] = []
    for each in lapsed:
        causes = ", ".join(str(cause.control) for cause in each.causes)
        rows.append(
            (
                str(each.decision.environment),
                _name(each),
                each.decision.subject.short,
                each.uses[0].scope.value,
                each.decision.verdict.value.upper(),
                causes or each.decision.reason.code,
                "" if each.allow is None else str(each.allow),
                "" if each.lapse is None else str(each.lapse),
            )
        )
    head: tuple[str, ...] = (
        *("environment", "artifact", "digest", "in use", "now"),
        *("because of", "allow", "lapse"),
    )
    if narrow():
        head, rows = without(2, head), [without(2, row) for row in rows]
        table(head, rows, shrink=(4, 1, 0))
        return
    table(head, rows, shrink=(5, 1, 0))


def _explain(each: "Rechecked") -> None:
    from gatebook.cli.output import heading, wrapped
    from gatebook.cli.plain import visible

    click.echo()
    heading(visible(f"{_name(each)} in {each.decision.environment}"))
    if not each.causes:
        click.echo(wrapped("", f"{each.decision.reason.message} [{each.decision.reason.code}]"))
    for cause in each.causes:
        finding = cause.finding
        click.echo(wrapped("", f"{cause.control}: {finding.status} [{finding.code}]", indent=2))
        click.echo(wrapped("found  ", finding.found))
        if finding.fix:
            click.echo(wrapped("fix    ", finding.fix))


def _name(each: "Rechecked") -> str:
    return each.uses[0].name or each.decision.subject.short
