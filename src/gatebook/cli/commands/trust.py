"""``gatebook trust``: check and publish trust roots."""

from pathlib import Path

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    json_option,
    ledger_option,
    open_book,
    read_file,
    receipt_option,
)

__all__ = ["command"]


@click.group()
def command() -> None:
    """Check and publish trust roots: who is believed, and for what."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@json_option
def check(*, file: Path, as_json: bool) -> None:
    """Read a trust root and list its keys, without a book."""
    from gatebook.cli.output import print_json, table
    from gatebook.cli.plain import counted
    from gatebook.trust.roots import TrustRoot

    root = TrustRoot.parse(read_file(file))
    if as_json:
        print_json(
            "gatebook/trust-root-check/v1",
            digest=str(root.digest),
            keys=[
                {
                    "id": key.id,
                    "spki": key.public_key.spki.hex,
                    "holder": str(key.holder),
                    "person": key.person,
                    "not_after": None if key.not_after is None else str(key.not_after),
                }
                for key in root.keys
            ],
            people=[person.id for person in root.people],
        )
        return
    click.echo(str(root.digest))
    rows = [
        (
            key.id,
            key.public_key.algorithm.value,
            str(key.holder),
            key.person or "",
            counted(len(key.predicate_types), "predicate type"),
            "" if key.not_after is None else str(key.not_after),
        )
        for key in root.keys
    ]
    table(("key", "algorithm", "holder", "person", "may attest", "until"), rows, shrink=(2, 3, 4))


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@ledger_option
@actor_option
@receipt_option
@json_option
def publish(
    *, file: Path, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool
) -> None:
    """Believe these keys from now on, and no others."""
    from gatebook.cli.output import appended

    document = read_file(file)
    with open_book(ledger, actor) as book:
        entry = book.publish_trust_root(document)
        appended(book, entry, receipt, as_json=as_json, said="published the trust root")
