"""``gatebook audit``: export packages and logs for auditors."""

from pathlib import Path

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    asked,
    json_option,
    ledger_option,
    open_book,
    option,
)

__all__ = ["command"]


@click.group()
def command() -> None:
    """Export what an auditor takes away and verifies without you."""


@command.command()
@click.argument("decision", metavar="[ENTRY|SUBJECT]", required=False, cls=Argument)
@option("--environment", "-e", help="With SUBJECT: the newest decision for this environment.")
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the package; named after the decision if absent.",
)
@option(
    "--log",
    type=click.Path(path_type=Path, file_okay=False),
    help="Export the whole log as a C2SP tile tree to this directory instead.",
)
@ledger_option
@actor_option
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    *,
    decision: str | None,
    environment: str | None,
    output: Path | None,
    log: Path | None,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Write one package with everything behind a decision; `gatebook verify` checks it offline."""
    from gatebook.cli.output import print_json
    from gatebook.cli.plain import counted
    from gatebook.cli.subject import is_number, resolve_digest
    from gatebook.errors import NotFoundError, UsageError
    from gatebook.names import EnvironmentName
    from gatebook.stores.files import write_durably
    from gatebook.workspace.log_export import export_log

    wanted = asked(ctx, "decision", "log")
    if len(wanted) != 1:
        raise UsageError("name a decision, or --log DIRECTORY", code="cli.export-what")
    if wanted == ["decision"]:
        log = None
    with open_book(ledger, actor) as book:
        if log is not None:
            files = export_log(book.log_resources(), log)
            if as_json:
                print_json("gatebook/exported-log/v1", directory=str(log), files=files)
                return
            click.echo(f"wrote {counted(files, 'file')} of {book.origin} to {log}")
            click.echo(f"verify with: gatebook verify --log {log} --log-key {book.log_key}")
            return
        if decision is not None and is_number(decision):
            index = int(decision)
        else:
            if environment is None:
                raise UsageError("a SUBJECT needs --environment", code="cli.environment-needed")
            where = EnvironmentName.parse(environment)
            rows = book.query.decisions(
                digest=resolve_digest(str(decision)), environment=where, limit=1
            )
            if not rows:
                raise NotFoundError(
                    f"no decision about {decision} for {where}", code="cli.no-decision"
                )
            index = rows[0].at
        package = book.package(index)
        target = output or Path(f"decision-{index}.gatebook.zip")
        write_durably(target, package, mode=0o644)
        if as_json:
            print_json(
                "gatebook/exported-package/v1", file=str(target), decision=index, size=len(package)
            )
            return
        click.echo(f"wrote {target}, {len(package):,} bytes: everything behind entry {index}")
        click.echo(f"verify with: gatebook verify {target} --log-key {book.log_key}")
