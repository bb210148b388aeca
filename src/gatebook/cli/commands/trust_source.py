"""Where ``gatebook trust`` takes trust roots from, how it writes them, and how it tells changes."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import open_book, read_file

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.trust.root.any_root import AnyRoot
    from gatebook.trust.root.change import RootChange

__all__ = [
    "FINDINGS",
    "ROOT_LIMIT",
    "Source",
    "change_fields",
    "read_root",
    "read_source",
    "show_changes",
    "write_root",
]

FINDINGS = 7
"""The exit status of a command that was asked to look for something, and found it."""

ROOT_LIMIT = 4 * 1024 * 1024
_BOOK = "book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A trust root that a command was pointed at.

    Attributes:
        name: what it is called: the file's path, or ``book``.
        root: the trust root.
        published: when a book's was published.

    """

    name: str
    root: "AnyRoot"
    published: "Instant | None" = None


def read_root(path: Path) -> "AnyRoot":
    """Read a trust root of either form from a file."""
    from gatebook.trust.root.any_root import read_any_root

    return read_any_root(read_file(path, limit=ROOT_LIMIT))


def read_source(name: str | None, ledger: Path) -> Source:
    """Read a file, or the trust root that is in force in a book.

    Args:
        name: a path; ``book`` or nothing for the book. A file of that name is ``./book``.
        ledger: the book.

    """
    if name is not None and name != _BOOK:
        return Source(name=name, root=read_root(Path(name)))
    from gatebook.trust.root.any_root import read_any_root

    with open_book(ledger, None) as book:
        at, document = book.trust_root()
        published = book.entry(at).time
    return Source(name=_BOOK, root=read_any_root(document), published=published)


def write_root(path: Path, data: bytes) -> None:
    """Put a document in a file's place, whole or not at all; its permissions stay.

    Where the path is a link, what it leads to is replaced.
    """
    from gatebook.stores.files import write_durably

    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    write_durably(target, data, mode=mode)


def change_fields(changes: "Iterable[RootChange]") -> list[dict[str, Any]]:
    """Write changes for machines."""
    return [
        {
            "kind": change.kind.value,
            "member": change.member,
            "field": change.field,
            "old": change.old,
            "new": change.new,
            "widens": change.effect.widens,
            "narrows": change.effect.narrows,
        }
        for change in changes
    ]


def show_changes(changes: "Iterable[RootChange]") -> None:
    """Write changes for people."""
    from gatebook.cli.output import style, told, wrapped

    signs = {"added": "+", "removed": "-", "changed": "~"}
    for change in changes:
        what = change.member if change.field is None else f"{change.member}: {change.field}"
        colour = "warn" if change.effect.widens else "dim"
        told(f"{signs[change.kind.value]} {what}")
        click.echo(style(f"    {_EFFECTS[change.effect.value]}", colour))
        for label, text in (("old  ", change.old), ("new  ", change.new)):
            if text is not None:
                click.echo(wrapped(label, text))


_EFFECTS = {
    "widens": "widens what is believed",
    "narrows": "narrows what is believed",
    "widens and narrows": "may widen and narrow what is believed",
    "neither": "believes neither more nor less",
}
