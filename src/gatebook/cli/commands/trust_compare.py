"""``gatebook trust diff`` and ``gatebook trust age``: what differs, and what is getting old."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.commands.trust_source import (
    FINDINGS,
    change_fields,
    read_source,
    show_changes,
)
from gatebook.cli.options import Argument, flag, json_option, ledger_option, option

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.trust.root.age import AgeReport

__all__ = ["age", "diff"]


@click.command()
@click.argument("old", cls=Argument)
@click.argument("new", cls=Argument)
@flag("--fail-on-widening", help="End with status 7 if NEW believes anything that OLD does not.")
@ledger_option
@json_option
@click.pass_context
def diff(
    ctx: click.Context, *, old: str, new: str, fail_on_widening: bool, ledger: Path, as_json: bool
) -> None:
    """Say what differs between two trust roots, and whether more or less is believed for it.

    OLD and NEW are files, or the word book for the book's trust root in force. Both are trust roots
    of Gatebook, or both Sigstore TrustedRoots.
    """
    from gatebook.cli.output import print_json
    from gatebook.trust.root.diff import diff_any_roots

    before, after = read_source(old, ledger), read_source(new, ledger)
    changes = diff_any_roots(before.root, after.root)
    widens = any(change.effect.widens for change in changes)
    if as_json:
        print_json(
            "gatebook/trust-diff/v1",
            old=str(before.root.digest),
            new=str(after.root.digest),
            widens=widens,
            narrows=any(change.effect.narrows for change in changes),
            changes=change_fields(changes),
        )
    else:
        click.echo(f"old  {before.root.digest}")
        click.echo(f"new  {after.root.digest}")
        show_changes(changes)
        if not changes:
            same = before.root.digest == after.root.digest
            click.echo("the same document" if same else "the same, written differently")
    if fail_on_widening and widens:
        ctx.exit(FINDINGS)


@click.command()
@click.argument("file", required=False, cls=Argument)
@option(
    "--within",
    default="30d",
    show_default=True,
    help="How far to look ahead for what ends, such as 30d.",
)
@option("--max-age", help="How old a root may be, such as 365d; not looked at if absent.")
@ledger_option
@json_option
@click.pass_context
def age(
    ctx: click.Context,
    *,
    file: str | None,
    within: str,
    max_age: str | None,
    ledger: Path,
    as_json: bool,
) -> None:
    """Say since when and until when everything in a trust root is believed.

    FILE is a trust root, a Sigstore TrustedRoot, or book or nothing for the book's trust root in
    force. Exit status 7: something has ended, or ends within the time looked ahead, and nothing is
    there to take its place; or the root is older than --max-age.
    """
    from gatebook.cli.output import print_json
    from gatebook.clock import Duration, SystemClock
    from gatebook.trust.root.age import age_of

    ahead = Duration.parse(within)
    limit = None if max_age is None else Duration.parse(max_age)
    source = read_source(file, ledger)
    now = SystemClock().now()
    report = age_of(source.root, now=now, within=ahead, max_age=limit, published=source.published)
    if as_json:
        published = None if source.published is None else str(source.published)
        print_json(
            "gatebook/trust-age/v1",
            digest=str(source.root.digest),
            now=str(now),
            published=published,
            **_fields(report),
        )
    else:
        click.echo(str(source.root.digest))
        if source.published is not None:
            click.echo(f"published {source.published}")
        _show(report)
    if report.has_findings:
        ctx.exit(FINDINGS)


def _text(instant: "Instant | None") -> str | None:
    return None if instant is None else str(instant)


def _fields(report: "AgeReport") -> dict[str, object]:
    return {
        "items": [
            {
                "kind": item.kind,
                "name": item.name,
                "where": item.where,
                "authority": item.authority,
                "since": _text(item.since),
                "until": _text(item.until),
                "state": item.state.value,
                "days_left": item.days_left,
                "finding": None if item.finding is None else item.finding.value,
            }
            for item in report.items
        ],
        "roots": [
            {
                "authority": each.authority,
                "newest_start": _text(each.newest_start),
                "days": each.days,
                "finding": None if each.finding is None else each.finding.value,
            }
            for each in report.materials
        ],
        "findings": report.has_findings,
    }


def _show(report: "AgeReport") -> None:
    from gatebook.cli.output import style, table, told
    from gatebook.cli.plain import counted

    rows = [
        (
            item.kind,
            item.where,
            item.authority or "",
            item.state.value,
            _text(item.since) or "",
            _text(item.until) or "",
            "" if item.days_left is None else f"{item.days_left:,}",
            "" if item.finding is None else item.finding.value.upper(),
        )
        for item in report.items
    ]
    head = ("kind", "which", "authority", "now", "from", "until", "days left", "")
    table(head, rows, shrink=(1, 0, 2))
    for each in report.materials:
        whose = "this root" if each.authority is None else f"the root of {each.authority}"
        if each.days is None:
            said = f"{whose}: nothing says how old it is"
        else:
            said = f"{whose}: its newest part began {counted(each.days, 'day')} ago"
            said += f", {each.newest_start}"
        told(said)
        if each.finding is not None:
            click.echo(style(f"  {each.finding.value.upper()}", "warn"))
