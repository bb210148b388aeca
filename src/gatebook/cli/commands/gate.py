"""``gatebook gate``: decide whether an artifact may be deployed."""

from pathlib import Path

import click

from gatebook.cli.options import (
    actor_option,
    environment_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
    receipt_option,
)
from gatebook.cli.subject import resolve_digest, subject_argument

__all__ = ["command"]


@click.command()
@subject_argument
@environment_option
@flag(
    "--explain",
    help="Show for each control what was expected, found, by which evidence, and the fix.",
)
@option(
    "--trust-root-digest",
    help="The only trust root to decide under (sha256:…); under another one nothing is decided.",
)
@ledger_option
@actor_option
@receipt_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    subject: str,
    environment: str,
    explain: bool,
    trust_root_digest: str | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Judge SUBJECT for an environment and record the decision, whatever it is.

    Everything is verified again from the stored bytes. Exit status: 0 allow, 3 deny, 4 undecided.
    """
    from gatebook.cli.decisions import EXIT_STATUS, show_decision
    from gatebook.cli.output import note
    from gatebook.stores.files import write_durably

    digest = resolve_digest(subject)
    with open_book(ledger, actor) as book:
        recorded = book.gate(digest, environment, trust_root=trust_root_digest)
        if receipt is not None:
            write_durably(receipt, book.receipt(recorded.entry.index).encode(), mode=0o644)
        if as_json:
            click.echo(recorded.decision.encode())
            note(f"recorded as entry {recorded.entry.index} of {recorded.entry.size}")
        else:
            show_decision(book, recorded.decision, explain=explain)
            click.echo(f"recorded as entry {recorded.entry.index} of {recorded.entry.size}")
    ctx.exit(EXIT_STATUS[recorded.decision.verdict])
