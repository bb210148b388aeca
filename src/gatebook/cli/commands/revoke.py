"""``gatebook revoke``: revoke an approval."""

from pathlib import Path

import click

from gatebook.cli.options import (
    ENTRY,
    Argument,
    actor_option,
    json_option,
    ledger_option,
    open_book,
    receipt_option,
)

__all__ = ["command"]


@click.command()
@click.argument("entry", type=ENTRY, cls=Argument)
@ledger_option
@actor_option
@receipt_option
@json_option
def command(
    *, entry: int, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool
) -> None:
    """Revoke the approval that ENTRY granted; from now on it counts no longer."""
    from gatebook.cli.output import appended

    with open_book(ledger, actor) as book:
        done = book.revoke(entry)
        appended(
            book, done, receipt, as_json=as_json, said=f"revoked the approval of entry {entry}"
        )
