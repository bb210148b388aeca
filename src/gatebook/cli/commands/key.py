"""``gatebook key``: make, show and rotate keys."""

from pathlib import Path

import click

from gatebook.cli.options import (
    actor_option,
    json_option,
    ledger_option,
    open_book,
    option,
    receipt_option,
)

__all__ = ["command"]


@click.group()
def command() -> None:
    """Make signing keys; show and rotate the log's key."""


@command.command()
@option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the private key; the public key goes beside it, with .pub.",
)
@json_option
def generate(*, output: Path, as_json: bool) -> None:
    """Make an Ed25519 key pair to sign evidence or approvals with."""
    from gatebook.cli.output import print_json
    from gatebook.stores.files import write_durably
    from gatebook.trust.signers import LocalSigner, generate_ed25519
    from gatebook.workspace.layout import write_key

    private, public = generate_ed25519()
    write_key(output, private)
    public_file = output.with_name(output.name + ".pub")
    write_durably(public_file, public, mode=0o644)
    key_id = LocalSigner.from_pem(private).public_key.spki.hex
    if as_json:
        print_json("gatebook/key/v1", private=str(output), public=str(public_file), key_id=key_id)
        return
    click.echo(f"wrote {output} (private) and {public_file}")
    click.echo(f"  key id {key_id}")
    click.echo("  put the public key into a trust root, with what it may attest")


@command.command()
@ledger_option
@actor_option
@json_option
def show(*, ledger: Path, actor: str | None, as_json: bool) -> None:
    """Print the log's verifier key and origin."""
    from gatebook.cli.output import print_json

    with open_book(ledger, actor) as book:
        if as_json:
            print_json("gatebook/log-key/v1", origin=book.origin, log_key=book.log_key)
            return
        click.echo(book.log_key)


@command.command()
@ledger_option
@actor_option
@receipt_option
@json_option
def rotate(*, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool) -> None:
    """Let a new key sign the log; who knows the old one can follow to it."""
    from gatebook.cli.output import appended

    with open_book(ledger, actor) as book:
        entry = book.rotate_log_key()
        said = f"the log is signed by {book.log_key} from here on"
        appended(book, entry, receipt, as_json=as_json, said=said)
