"""``gatebook log``: list the entries of the book."""

from pathlib import Path

import click

from gatebook.cli.options import (
    ENTRY,
    actor_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
)

__all__ = ["command"]


@click.command()
@option("--start", type=ENTRY, help="First entry; the last ones if absent.")
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="How many entries at most.",
)
@option("--kind", help="Only entries of this kind, such as decision.made.")
@flag("--cdevents", help="Write each entry as a CDEvent, one JSON document a line.")
@ledger_option
@actor_option
@json_option
def command(
    *,
    start: int | None,
    limit: int,
    kind: str | None,
    cdevents: bool,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """List entries, oldest first: number, time, kind, actor and what it is about."""
    from gatebook.cli.entries import entry_json, summarise
    from gatebook.cli.output import narrow, note, print_json, print_line, table, without
    from gatebook.cli.plain import counted
    from gatebook.errors import UsageError
    from gatebook.ledger.cdevents import to_cdevent
    from gatebook.ledger.kinds import KINDS

    if cdevents and as_json:
        raise UsageError("--cdevents is JSON already: leave out --json", code="cli.format")
    if kind is not None and kind not in KINDS:
        raise UsageError(
            f"there is no kind {kind!r}", hint=f"kinds: {', '.join(KINDS)}", code="cli.kind"
        )
    with open_book(ledger, actor) as book:
        size = book.size()
        if kind is None:
            first = max(0, size - limit) if start is None else min(start, size)
            entries = list(book.entries(first, min(size, first + limit)))
        else:
            wanted = (
                (index, each)
                for index, each in book.entries(min(start or 0, size))
                if each.kind == kind
            )
            entries = list(wanted)
            entries = entries[:limit] if start is not None else entries[-limit:]
        if cdevents:
            for index, entry in entries:
                print_line(to_cdevent(index, entry, origin=book.origin))
            return
        if as_json:
            print_json(
                "gatebook/entries/v1",
                origin=book.origin,
                size=size,
                entries=[entry_json(index, entry) for index, entry in entries],
            )
            return
        rows: list[tuple[str, ...]] = [
            (str(index), str(entry.time), entry.kind, str(entry.actor), summarise(entry))
            for index, entry in entries
        ]
        head: tuple[str, ...] = ("entry", "time", "kind", "actor", "what")
        if narrow():
            # What an entry is about says more than who wrote it; `show` has both.
            head, rows = without(3, head), [without(3, row) for row in rows]
        table(head, rows, shrink=(-1, -2))
        note(f"{len(entries)} of {counted(size, 'entry', 'entries')} of {book.origin}")
