"""``gatebook show``: show an entry, a decision or an artifact."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
)

if TYPE_CHECKING:
    from gatebook.workspace.book import Book

__all__ = ["command"]


@click.command()
@click.argument("thing", metavar="ENTRY|SUBJECT", cls=Argument)
@flag("--explain", help="Explain every control of a decision.")
@option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the entry's receipt to this file (.tlog-proof).",
)
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the entry's exact bytes to this file, to check a receipt against.",
)
@ledger_option
@actor_option
@json_option
def command(
    *,
    thing: str,
    explain: bool,
    receipt: Path | None,
    output: Path | None,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Show one entry by number or id, or everything about an artifact."""
    from gatebook.cli.subject import resolve_digest
    from gatebook.errors import UsageError
    from gatebook.stores.files import write_durably

    with open_book(ledger, actor) as book:
        index = _entry_index(book, thing)
        if index is None:
            if receipt is not None or output is not None:
                raise UsageError("--receipt and --output want an entry", code="cli.entry-needed")
            _show_artifact(book, resolve_digest(thing), as_json=as_json)
            return
        data = book.entry_bytes(index)
        if receipt is not None:
            write_durably(receipt, book.receipt(index).encode(), mode=0o644)
        if output is not None:
            write_durably(output, data, mode=0o644)
        _show_entry(book, index, explain=explain, as_json=as_json)


def _entry_index(book: "Book", thing: str) -> int | None:
    from gatebook.cli.subject import is_number

    if is_number(thing) and not Path(thing).exists():
        return int(thing)
    hyphens = thing.count("-")
    if hyphens == 4 and len(thing) == 36:  # noqa: PLR2004  # the form of a UUID
        return book.find(thing)
    return None


def _show_entry(book: "Book", index: int, *, explain: bool, as_json: bool) -> None:
    from gatebook.cli.decisions import show_decision
    from gatebook.cli.entries import entry_json
    from gatebook.cli.output import print_json, style, told
    from gatebook.cli.plain import counted
    from gatebook.gate.decision import Decision
    from gatebook.ledger.kinds import DecisionMade

    entry = book.entry(index)
    if as_json:
        print_json("gatebook/entry/v1", **entry_json(index, entry))
        return
    click.echo(style(f"entry {index}  {entry.id}", "dim"))
    told(f"kind     {entry.kind}")
    told(f"time     {entry.time}")
    if entry.occurred is not None:
        told(f"occurred {entry.occurred}")
    told(f"actor    {entry.actor}")
    for subject in entry.subjects:
        told(f"subject  {subject}")
    for name, text in _flatten("", entry_json(index, entry)["body"]):
        told(f"  {name}: {text}")
    for reference in entry.evidence:
        salted = ", salted" if reference.salted else ""
        told(f"evidence {reference.digest}")
        told(f"         {reference.media_type}, {counted(reference.size, 'byte')}{salted}")
    for link in entry.links:
        told(f"link     {link.rel} entry {book.find(link.entry)}")
    if isinstance(entry.body, DecisionMade) and entry.evidence:
        told()
        document = book.blob(entry.evidence[0].digest)
        show_decision(book, Decision.parse(document), explain=explain)


def _flatten(prefix: str, value: object) -> "list[tuple[str, str]]":
    if isinstance(value, dict):
        return [
            pair
            for key, item in value.items()
            for pair in _flatten(f"{prefix}.{key}" if prefix else str(key), item)
        ]
    if isinstance(value, list):
        return [
            pair
            for number, item in enumerate(value)
            for pair in _flatten(f"{prefix}[{number}]", item)
        ]
    return [(prefix, str(value))]


def _show_artifact(book: "Book", digest: object, *, as_json: bool) -> None:
    from gatebook.cli.entries import entry_json, summarise
    from gatebook.cli.output import narrow, print_json, table, told, without
    from gatebook.digest import Digest
    from gatebook.errors import NotFoundError

    assert isinstance(digest, Digest)  # noqa: S101  # resolve_digest returns nothing else
    indexes = list(book.query.entries_about(digest))
    if not indexes:
        raise NotFoundError(f"the book says nothing about {digest}", code="cli.unknown-artifact")
    entries = [(index, book.entry(index)) for index in indexes]
    if as_json:
        print_json(
            "gatebook/artifact/v1",
            digest=str(digest),
            entries=[entry_json(index, entry) for index, entry in entries],
        )
        return
    recordings = book.query.artifacts(digest)
    if recordings:
        last = recordings[-1]
        told(f"{last.name}  {digest}")
        for label, text in (
            ("repository", last.repository),
            ("commit", last.commit),
            ("ref", last.ref),
            ("run", last.run),
        ):
            if text:
                told(f"  {label:<10}  {text}")
    else:
        told(f"{digest}, never recorded as an artifact")
    told()
    rows: list[tuple[str, ...]] = [
        (
            str(index),
            str(entry.happened),
            entry.kind,
            str(entry.actor),
            summarise(entry, about=False),
        )
        for index, entry in entries
    ]
    head: tuple[str, ...] = ("entry", "time", "kind", "actor", "what")
    if narrow():
        head, rows = without(3, head), [without(3, row) for row in rows]
    table(head, rows, shrink=(-1, -2))
