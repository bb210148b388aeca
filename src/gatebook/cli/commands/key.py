"""``gatebook key``: make, show and rotate keys."""

from pathlib import Path

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    json_option,
    ledger_option,
    open_book,
    option,
    receipt_option,
)

__all__ = ["command"]

_ALGORITHMS = {
    "ed25519": "ed25519",
    "ecdsa-p256": "ecdsa-p256-sha256",
    "ecdsa-p384": "ecdsa-p384-sha384",
    "ecdsa-p521": "ecdsa-p521-sha512",
    "rsa-3072": "rsa-pkcs1v15-sha256",
}
_FORMS = {"pem": "pkcs8", "cosign": "cosign", "openssh": "openssh"}


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
@option(
    "--algorithm",
    type=click.Choice(list(_ALGORITHMS)),
    default="ed25519",
    show_default=True,
    help="How the key signs.",
)
@option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    default="pem",
    show_default=True,
    help="How the files are written: PKCS #8, as cosign does (encrypted), or as OpenSSH does.",
)
@option(
    "--encrypt",
    is_flag=True,
    help="Encrypt the private key with a password: asked for, or GATEBOOK_KEY_PASSWORD.",
)
@json_option
def generate(*, output: Path, algorithm: str, form: str, encrypt: bool, as_json: bool) -> None:
    """Make a key pair to sign evidence or approvals with.

    A key in cosign's form is always encrypted; its password may also come from COSIGN_PASSWORD.
    """
    from gatebook.cli.output import print_json
    from gatebook.cli.private_key import new_password
    from gatebook.errors import UsageError
    from gatebook.stores.files import write_durably
    from gatebook.trust.identity import KeyAlgorithm
    from gatebook.trust.keys import PublicKey
    from gatebook.trust.signing.private_keys import KeyFileForm
    from gatebook.trust.signing.signers import generate_key_pair
    from gatebook.trust.ssh.keys import ssh_line
    from gatebook.workspace.layout import write_key

    password = None
    if encrypt or form == "cosign":
        password = new_password(str(output), cosign=form == "cosign")
        if encrypt and not password:
            raise UsageError("an empty password encrypts nothing", code="cli.password")
    private, public = generate_key_pair(
        KeyAlgorithm(_ALGORITHMS[algorithm]), form=KeyFileForm(_FORMS[form]), password=password
    )
    key = PublicKey.parse(public)
    if form == "openssh":
        public = f"{ssh_line(key)}\n".encode()
    write_key(output, private)
    public_file = output.with_name(output.name + ".pub")
    write_durably(public_file, public, mode=0o644)
    if as_json:
        print_json(
            "gatebook/key/v1",
            private=str(output),
            public=str(public_file),
            key_id=key.spki.hex,
            algorithm=key.algorithm.value,
            encrypted=password is not None,
        )
        return
    click.echo(f"wrote {output} (private) and {public_file}")
    click.echo(f"  key id {key.spki.hex}")
    click.echo("  put the public key into a trust root, with what it may attest")


@command.command()
@click.argument("key", metavar="FILE|URI", cls=Argument)
@option(
    "--format",
    "form",
    type=click.Choice(["pem", "ssh", "id"]),
    default="pem",
    show_default=True,
    help="PEM, a line of OpenSSH's authorized_keys, or the key id.",
)
@json_option
def public(*, key: str, form: str, as_json: bool) -> None:
    """Print a key's public half: in PEM, as OpenSSH writes it, or its key id.

    FILE holds a private or a public key; URI names one in a service, such as awskms:alias/release.
    """
    from cryptography.hazmat.primitives import serialization

    from gatebook.cli.output import print_json
    from gatebook.cli.private_key import load_public_key
    from gatebook.trust.ssh.keys import ssh_line

    found = load_public_key(key)
    pem = (
        serialization.load_der_public_key(found.der)
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )
    if as_json:
        print_json(
            "gatebook/public-key/v1",
            key_id=found.spki.hex,
            algorithm=found.algorithm.value,
            pem=pem,
            ssh=ssh_line(found),
        )
        return
    match form:
        case "pem":
            click.echo(pem, nl=False)
        case "ssh":
            click.echo(ssh_line(found))
        case _:
            click.echo(found.spki.hex)


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
