"""How a decision looks on a terminal."""

from typing import TYPE_CHECKING

import click

from gatebook.cli.output import style, wrapped
from gatebook.cli.plain import visible
from gatebook.errors import DeniedError, UndecidedError
from gatebook.gate.decision import Decision
from gatebook.ledger.kinds import Verdict
from gatebook.policy.outcome import Mode, Outcome, Status

if TYPE_CHECKING:
    from gatebook.workspace.open_book import OpenBook

__all__ = ["EXIT_STATUS", "show_decision"]

EXIT_STATUS = {
    Verdict.ALLOW: 0,
    Verdict.DENY: DeniedError.exit_status,
    Verdict.UNDECIDED: UndecidedError.exit_status,
}
_COLOURS = {Verdict.ALLOW: "good", Verdict.DENY: "bad", Verdict.UNDECIDED: "warn"}
_MARKS = {
    Status.PASS: ("✓", "good"),
    Status.WAIVED: ("~", "warn"),
    Status.FAIL: ("✗", "bad"),
    Status.MISSING: ("✗", "bad"),
    Status.ERROR: ("!", "warn"),
    Status.NOT_APPLICABLE: ("-", "dim"),
}


def show_decision(book: "OpenBook", decision: Decision, *, explain: bool) -> None:
    """Write verdict and controls; those that block are always explained.

    Args:
        book: tells the index of an entry that counted as evidence.
        decision: what to show.
        explain: explain every control.

    """
    verdict = style(decision.verdict.value.upper(), _COLOURS[decision.verdict], bold=True)
    name = decision.name or "unknown artifact"
    click.echo(f"{verdict}  {visible(str(name))} → {decision.environment}")
    click.echo(style(f"  {decision.subject}", "dim"))
    click.echo(wrapped("", decision.reason.message, indent=2))
    if decision.valid_until is not None:
        click.echo(f"  valid until {decision.valid_until}")
    width = max((len(str(outcome.control)) for outcome in decision.outcomes), default=0)
    for outcome in decision.outcomes:
        _show_outcome(book, outcome, width, explain=explain)


def _show_outcome(book: "OpenBook", outcome: Outcome, width: int, *, explain: bool) -> None:
    finding = outcome.finding
    mark, colour = _MARKS[finding.status]
    mode = "" if outcome.mode is Mode.ENFORCE else f" ({outcome.mode})"
    control = f"{outcome.control!s:<{width}}"
    brief = finding.status.satisfies and not explain
    summary = finding.found if brief else f"{finding.status}{mode}"
    if brief:
        lead = f"  {mark} {control}  "
        text = wrapped(lead, summary, indent=0)
        click.echo(style(lead, colour) + text[len(lead) :])
        return
    click.echo(style(f"  {mark} {control}", colour) + f"  {summary}  [{finding.code}]")
    click.echo(wrapped("expected  ", finding.expected, indent=6))
    click.echo(wrapped("found     ", finding.found, indent=6))
    if finding.evidence:
        indexes = [book.find(entry) for entry in finding.evidence]
        numbers = ", ".join("?" if index is None else str(index) for index in indexes)
        noun = "entry" if len(indexes) == 1 else "entries"
        click.echo(wrapped("evidence  ", f"{noun} {numbers}", indent=6))
    if finding.fix:
        click.echo(wrapped("fix       ", finding.fix, indent=6))
