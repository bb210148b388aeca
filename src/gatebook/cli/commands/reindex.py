"""``gatebook reindex``: fold the index anew from the ledger."""

from pathlib import Path

import click

from gatebook.cli.options import actor_option, json_option, ledger_option, open_book

__all__ = ["command"]


@click.command()
@ledger_option
@actor_option
@json_option
def command(*, ledger: Path, actor: str | None, as_json: bool) -> None:
    """Forget the index and fold it anew; nothing is lost, because it holds no facts of its own."""
    from gatebook.cli.output import print_json
    from gatebook.cli.plain import counted

    with open_book(ledger, actor) as book:
        count = book.reindex()
        if as_json:
            print_json("gatebook/reindexed/v1", entries=count)
            return
        click.echo(f"folded {counted(count, 'entry', 'entries')}")
