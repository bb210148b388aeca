"""``gatebook trust``: everything about trust roots; most of it without a book."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.commands.trust_change import add, rotate
from gatebook.cli.commands.trust_compare import age, diff
from gatebook.cli.commands.trust_pin import pin
from gatebook.cli.commands.trust_refresh import refresh
from gatebook.cli.commands.trust_show import show
from gatebook.cli.commands.trust_source import ROOT_LIMIT
from gatebook.cli.options import (
    Argument,
    actor_option,
    json_option,
    ledger_option,
    open_book,
    read_file,
    receipt_option,
)

if TYPE_CHECKING:
    from gatebook.trust.root.trust_root import TrustedSigner

__all__ = ["command"]


@click.group()
def command() -> None:
    """Check, show, change, compare, pin and publish trust roots: who is believed, for what."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@json_option
def check(*, file: Path, as_json: bool) -> None:
    """Read a trust root strictly and list its keys and identities, without a book."""
    from gatebook.cli.output import print_json, table
    from gatebook.trust.root.trust_root import TrustRoot

    root = TrustRoot.parse(read_file(file, limit=ROOT_LIMIT))
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
                    "not_after": None if key.scope.not_after is None else str(key.scope.not_after),
                }
                for key in root.keys
            ],
            authorities=[
                {
                    "id": each.id,
                    "profile": each.profile.name.value,
                    "trusted_root": str(each.material.digest),
                }
                for each in root.authorities
            ],
            identities=[
                {
                    "id": each.id,
                    "authority": each.authority.id,
                    "certificate": each.constraint.as_json(),
                    "holder": None if each.holder is None else str(each.holder),
                    "not_after": None
                    if each.scope.not_after is None
                    else str(each.scope.not_after),
                }
                for each in root.identities
            ],
            people=[person.id for person in root.people],
        )
        return
    click.echo(str(root.digest))
    if root.keys:
        rows = [
            (
                key.id,
                key.public_key.algorithm.value,
                str(key.holder),
                key.person or "",
                _may_attest(key),
                "" if key.scope.not_after is None else str(key.scope.not_after),
            )
            for key in root.keys
        ]
        head = ("key", "algorithm", "holder", "person", "may attest", "until")
        table(head, rows, shrink=(2, 3, 4))
    if root.identities:
        rows = [
            (
                each.id,
                each.authority.id,
                each.authority.profile.name.value,
                "as certified" if each.holder is None else str(each.holder),
                _may_attest(each),
                "" if each.scope.not_after is None else str(each.scope.not_after),
            )
            for each in root.identities
        ]
        head = ("identity", "authority", "profile", "holder", "may attest", "until")
        table(head, rows, shrink=(3, 4))


def _may_attest(signer: "TrustedSigner") -> str:
    from gatebook.cli.plain import counted
    from gatebook.trust.root.scope import Anywhere

    if signer.scope.predicate_types is Anywhere.ANY:
        return "anything"
    return counted(len(signer.scope.predicate_types), "predicate type")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@ledger_option
@actor_option
@receipt_option
@json_option
def publish(
    *, file: Path, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool
) -> None:
    """Believe these signers from now on, and no others."""
    from gatebook.cli.output import appended

    document = read_file(file)
    with open_book(ledger, actor) as book:
        entry = book.publish_trust_root(document)
        appended(book, entry, receipt, as_json=as_json, said="published the trust root")


for each in (show, add, rotate, refresh, diff, age, pin):
    command.add_command(each)
