"""``gatebook deploy``: record deployments."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    ENTRY,
    actor_option,
    environment_option,
    json_option,
    ledger_option,
    open_book,
    option,
    receipt_option,
)
from gatebook.cli.subject import resolve_digest, subject_argument

if TYPE_CHECKING:
    from gatebook.ledger.entry import Entry
    from gatebook.workspace.book import Book

__all__ = ["command"]


@click.group()
def command() -> None:
    """Record what was put into an environment."""


@command.command()
@subject_argument
@environment_option
@option("--name", help="The name it runs under there; its recorded name if absent.")
@option(
    "--status",
    type=click.Choice(["started", "finished", "failed"]),
    default="finished",
    show_default=True,
    help="How far it got.",
)
@option(
    "--decision",
    type=ENTRY,
    help="Entry of the decision it was done under; the newest one if absent, if that allows.",
)
@option("--run", help="URI of what carried it out.")
@option("--occurred", help="When it happened, if that is not now.")
@option("--idempotency-key", help="Makes a retry append nothing.")
@ledger_option
@actor_option
@receipt_option
@json_option
def record(
    *,
    subject: str,
    environment: str,
    name: str | None,
    status: str,
    decision: int | None,
    run: str | None,
    occurred: str | None,
    idempotency_key: str | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Record that SUBJECT was deployed, by whatever did it, and whether or not it was allowed."""
    from gatebook.cli.output import appended, note
    from gatebook.clock import Instant
    from gatebook.intake.deployments import DeploymentStatus

    digest = resolve_digest(subject)
    with open_book(ledger, actor) as book:
        entry = book.deploy(
            digest,
            environment,
            name=name,
            status=DeploymentStatus(status),
            decision=decision,
            run=run,
            occurred=None if occurred is None else Instant.parse(occurred),
            idempotency_key=idempotency_key,
        )
        warning = _warning(book, entry.entry, digest.short, environment)
        if warning is not None:
            note(f"warning: {warning}; recorded as it is")
        said = f"recorded: deployment of {digest.short} to {environment} {status}"
        appended(book, entry, receipt, as_json=as_json, said=said)


def _warning(book: "Book", entry: "Entry", subject: str, environment: str) -> str | None:
    """Say what is odd about the decision a deployment was done under."""
    if not entry.links:
        return f"no decision in force allows {subject} in {environment}"
    index = book.find(entry.links[0].entry)
    decision = None if index is None else book.query.decision_at(index)
    if decision is None or decision.verdict != "allow":
        verdict = "unknown" if decision is None else decision.verdict
        return f"the decision of entry {index} about {subject} in {environment} is {verdict}"
    if decision.valid_until is not None and decision.valid_until < entry.happened.unix_ms:
        return f"the decision of entry {index} about {subject} in {environment} had lapsed"
    return None
