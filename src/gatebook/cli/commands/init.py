"""``gatebook init``: make a new book."""

import os
from pathlib import Path

import click

from gatebook.cli.options import actor_option, json_option, ledger_option, option

__all__ = ["command"]


@click.command()
@ledger_option
@option("--origin", help="The log's name for ever; made up from the directory if absent.")
@actor_option
@json_option
def command(*, ledger: Path, origin: str | None, actor: str | None, as_json: bool) -> None:
    """Make a new book in a directory that does not exist yet or is empty.

    The origin is the log's name in every checkpoint: a URL without its scheme that you control,
    such as ledger.example.com/acme.
    """
    from gatebook.cli.output import print_json, style
    from gatebook.names import Actor
    from gatebook.settings import local_actor
    from gatebook.workspace.book import Book

    who = Actor.parse(actor) if actor is not None else local_actor(os.environ)
    name = origin or f"gatebook.local/{ledger.absolute().parent.name.replace(' ', '-') or 'book'}"
    with Book.create(ledger, origin=name, actor=who) as book:
        if as_json:
            print_json(
                "gatebook/book/v1",
                directory=str(book.directory),
                origin=book.origin,
                log_key=book.log_key,
            )
            return
        click.echo(f"made a book in {ledger}")
        click.echo(f"  origin   {book.origin}")
        click.echo(f"  log key  {style(book.log_key, 'name')}")
        click.echo("  keep the log key elsewhere too: whoever verifies the book needs it")
