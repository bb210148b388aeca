"""``gatebook trust pin``: let a book believe under the trust roots of one's choice only."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.commands.trust_source import ROOT_LIMIT
from gatebook.cli.options import (
    Argument,
    flag,
    json_option,
    ledger_option,
    open_book,
    read_file,
)

if TYPE_CHECKING:
    from gatebook.digest import Digest
    from gatebook.workspace.book import Book

__all__ = ["pin"]


@click.command()
@click.argument("root", required=False, cls=Argument)
@flag("--show", help="Show what is pinned, and change nothing.")
@flag("--clear", help="Take the pin of ROOT away; all pins without ROOT.")
@ledger_option
@json_option
def pin(*, root: str | None, show: bool, clear: bool, ledger: Path, as_json: bool) -> None:
    """Pin a trust root: under any other one nothing is published and nothing decided.

    ROOT is a trust root's file or its digest (sha256:…); without one, the trust root in force.
    Several can be pinned, so that the next one can be prepared. The pins are kept in the book's
    directory, outside its log.
    """
    from gatebook.errors import UsageError

    if show and (clear or root is not None):
        raise UsageError("--show goes alone", code="cli.trust-pin")
    with open_book(ledger, None) as book:
        pins = book.trust_root_pins
        if clear and root is None:
            pins.clear()
        elif clear and root is not None:
            pins.remove(_digest(root))
        elif not show:
            pins.add(_digest(root) if root is not None else _in_force(book))
        _tell(book, as_json=as_json)


def _digest(root: str) -> "Digest":
    from gatebook.digest import Digest
    from gatebook.trust.root.trust_root import TrustRoot

    if root.startswith("sha256:"):
        return Digest.parse(root)
    return TrustRoot.parse(read_file(Path(root), limit=ROOT_LIMIT)).digest


def _in_force(book: "Book") -> "Digest":
    from gatebook.digest import sha256

    return sha256(book.trust_root()[1])


def _tell(book: "Book", *, as_json: bool) -> None:
    from gatebook.cli.output import note, print_json

    pins = book.trust_root_pins.read()
    row = book.query.trust_root()
    current = None if row is None else row.root
    allowed = not pins or current in {str(each) for each in pins}
    if as_json:
        print_json(
            "gatebook/trust-pins/v1",
            pins=[str(each) for each in pins],
            in_force=current,
            in_force_is_allowed=allowed,
        )
    else:
        for each in pins:
            where = "  in force" if str(each) == current else ""
            click.echo(f"{each}{where}")
        if not pins:
            click.echo("nothing is pinned: any trust root may be published")
    if not allowed:
        told = "no trust root is published" if current is None else f"{current} is in force"
        note(f"{told}, and not pinned: nothing is decided until a pinned one is published")
