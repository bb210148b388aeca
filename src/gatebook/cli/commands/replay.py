"""``gatebook replay``: decide again and compare, byte for byte."""

from pathlib import Path

import click

from gatebook.cli.options import (
    ENTRY,
    Argument,
    actor_option,
    flag,
    json_option,
    ledger_option,
    open_book,
)

__all__ = ["command"]


@click.command()
@click.argument("entry", type=ENTRY, required=False, cls=Argument)
@flag("--all", "every", help="Replay every decision of the book.")
@ledger_option
@actor_option
@json_option
def command(
    *, entry: int | None, every: bool, ledger: Path, actor: str | None, as_json: bool
) -> None:
    """Decide again what ENTRY recorded, from what it weighed; the result has to be equal."""
    from gatebook.cli.output import note, print_json, style
    from gatebook.cli.plain import counted
    from gatebook.errors import GatebookError, UsageError, VerificationError

    if every == (entry is not None):
        raise UsageError("name the entry of a decision, or --all", code="cli.replay-what")
    with open_book(ledger, actor) as book:
        rows = book.query.decisions() if every else ()
        indexes = sorted({row.at for row in rows}) if entry is None else [entry]
        results: list[tuple[int, str, str | None]] = []
        for index in indexes:
            try:
                replayed = book.replay(index)
                results.append((index, replayed.decision.verdict.value, None))
            except GatebookError as error:
                if not every:
                    raise
                results.append((index, "differs", f"{error.message} [{error.code}]"))
    failed = [(index, why) for index, _, why in results if why is not None]
    if as_json:
        print_json(
            "gatebook/replay/v1",
            replayed=len(results),
            equal=len(results) - len(failed),
            failed=[{"entry": index, "reason": why} for index, why in failed],
        )
    else:
        for index, why in failed:
            note(f"  entry {index}: {why}")
        equal = style("equal", "good", bold=True)
        replayed_equal = len(results) - len(failed)
        click.echo(f"{equal}: {replayed_equal} of {counted(len(results), 'decision')} replayed")
    if failed:
        raise VerificationError(
            f"{counted(len(failed), 'decision')} did not replay equal", code="gate.replay-differs"
        )
