"""How answers look: tables that fit the terminal, JSON documents, colours where they help.

Words carry the meaning; colour only repeats it, and is absent where output is not a terminal,
``NO_COLOR`` is set or ``TERM`` is ``dumb``.
"""

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import click

from gatebook.cli.plain import fitted, terminal_width, visible

if TYPE_CHECKING:
    from pathlib import Path

    from gatebook.ledger.batch import Appended
    from gatebook.workspace.book import Book

__all__ = [
    "appended",
    "heading",
    "narrow",
    "note",
    "print_json",
    "print_line",
    "progress",
    "style",
    "table",
    "terminal_width",
    "told",
    "without",
    "wrapped",
]

_NARROW = 100
_COLOURS = {
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "dim": "bright_black",
    "name": "cyan",
}


def _coloured() -> bool:
    context = click.get_current_context(silent=True)
    if context is not None and context.find_root().color is False:
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, kind: str, *, bold: bool = False) -> str:
    """Colour a text; click strips it again where standard output is no terminal."""
    return click.style(text, fg=_COLOURS[kind], bold=bold) if _coloured() else text


def heading(text: str) -> None:
    """Write a heading to standard output."""
    click.echo(click.style(text, bold=True) if _coloured() else text)


def note(text: str) -> None:
    """Write something beside the answer to standard error."""
    click.echo(fitted(visible(text)), err=True)


def told(text: str = "") -> None:
    """Write a line of the answer that holds text of others."""
    click.echo(visible(text))


def print_line(document: dict[str, Any]) -> None:
    """Write one JSON document on a line of its own."""
    click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def print_json(schema: str, **fields: Any) -> None:
    """Write one JSON document with its schema first."""
    click.echo(json.dumps({"schema": schema, **fields}, ensure_ascii=False, indent=2))


def wrapped(label: str, text: str, *, indent: int = 4) -> str:
    """Write ``label`` and a text that continues below itself."""
    start = " " * indent + label
    return textwrap.fill(
        visible(text),
        width=terminal_width(),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def narrow() -> bool:
    """Whether standard output is a terminal of fewer than 100 columns."""
    return sys.stdout.isatty() and terminal_width() < _NARROW


def without(column: int, row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row without one of its cells."""
    return (*row[:column], *row[column + 1 :])


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, shrink: Sequence[int] = (-1,)
) -> None:
    """Write a table to standard output.

    Args:
        head: names of the columns.
        rows: the cells, as text.
        shrink: columns that are cut, one after the other, while the table is wider than the
            terminal; nothing is cut where output is no terminal.

    """
    lines = [list(head), *([visible(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    spare = terminal_width() - sum(widths) - 2 * (len(widths) - 1)
    if sys.stdout.isatty():
        for column in shrink:
            kept = max(min(widths[column], 8), widths[column] + min(spare, 0))
            spare += widths[column] - kept
            widths[column] = kept
    for number, line in enumerate(lines):
        cells = [
            cell if len(cell) <= width else cell[: width - 1] + "…"
            for cell, width in zip(line, widths, strict=True)
        ]
        text = "  ".join(
            cell.ljust(width) for cell, width in zip(cells, widths, strict=True)
        ).rstrip()
        click.echo(style(text, "dim") if number == 0 else text)


def appended(
    book: "Book", entry: "Appended", receipt_file: "Path | None", *, as_json: bool, said: str
) -> None:
    """Say that an entry was appended, and write its receipt if a file was named."""
    from gatebook.stores.files import write_durably

    if receipt_file is not None:
        write_durably(receipt_file, book.receipt(entry.index).encode(), mode=0o644)
    if as_json:
        print_json(
            "gatebook/appended/v1",
            index=entry.index,
            id=entry.entry.id,
            kind=entry.entry.kind,
            size=entry.size,
            duplicate=entry.duplicate,
            subjects=[str(subject) for subject in entry.entry.subjects],
            checkpoint=entry.checkpoint.decode("utf-8"),
        )
        return
    known = " (was there already)" if entry.duplicate else ""
    told(f"{said}{known}")
    click.echo(style(f"  entry {entry.index} of {entry.size}  {entry.entry.id}", "dim"))


def progress(label: str) -> "Progress":
    """Show how far long work is, on standard error, where that is a terminal."""
    return Progress(label)


class Progress:
    """A line on standard error that is written over; nothing where that is no terminal."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._shown = False
        self._active = sys.stderr.isatty() and not os.environ.get("GATEBOOK_NO_PROGRESS")

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total``."""
        if self._active:
            share = 100 * done // max(1, total)
            click.echo(f"\r{self._label} {done:,} of {total:,} ({share} %)", err=True, nl=False)
            self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
