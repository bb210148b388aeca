"""``gatebook approve``: approve an artifact for an environment."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    asked,
    environment_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
    parse_end,
    read_file,
    receipt_option,
)
from gatebook.cli.signing import Signing, signed_outside, signing_options
from gatebook.cli.subject import resolve_digest, subject_argument
from gatebook.errors import UsageError

if TYPE_CHECKING:
    from gatebook.digest import Digest
    from gatebook.workspace.book import Book

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_SIGNATURE_SUFFIX = ".sig"
_PUBLIC = 0o644


@click.command()
@subject_argument
@environment_option
@option("--role", help="The role you approve in; the only one the contract asks for if absent.")
@option("--reason", help="Why, in your words; signed.")
@option("--expires", help="When the approval ends: a time, or a duration such as 7d from now.")
@signing_options
@flag(
    "--print-statement",
    help="Sign nothing: write what is to be signed, to standard output or --output.",
)
@option(
    "--signature",
    type=_FILE,
    help="Hand in what `ssh-keygen -Y sign -n gatebook` made of --print-statement's file.",
)
@option(
    "--statement",
    type=_FILE,
    help="The file that --signature was made of; its name without .sig if absent.",
)
@option(
    "--attestation",
    type=_FILE,
    help="Hand in an approval signed elsewhere instead of signing one.",
)
@option("--output", "-o", type=_FILE, help="Write the signed approval to this file.")
@ledger_option
@actor_option
@receipt_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    subject: str,
    environment: str,
    role: str | None,
    reason: str | None,
    expires: str | None,
    key: str | None,
    keyless: bool,
    identity_token_file: Path | None,
    trust_config: Path | None,
    print_statement: bool,
    signature: Path | None,
    statement: Path | None,
    attestation: Path | None,
    output: Path | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Sign your consent that SUBJECT may enter an environment, under its present contract.

    It is void as soon as the contract changes. Authors of the commit and builders cannot approve;
    a refused approval is recorded.

    Whoever signs elsewhere, with a security key or an agent, takes three steps:

    \b
      gatebook approve SUBJECT -e prod --print-statement -o approval
      ssh-keygen -Y sign -n gatebook -f KEY approval
      gatebook approve SUBJECT -e prod --signature approval.sig
    """
    from gatebook.cli.output import appended
    from gatebook.stores.files import write_durably

    signing = Signing(
        key=key,
        keyless=keyless,
        identity_token_file=identity_token_file,
        trust_config=trust_config,
    ).settled(ctx)
    handed_in = _handed_in(ctx, attestation, signature, statement)
    if print_statement and as_json and output is None:
        raise UsageError(
            "--print-statement writes bytes that are no JSON document: name a file with --output",
            code="cli.output-needed",
        )
    digest = resolve_digest(subject)
    with open_book(ledger, actor) as book:
        if handed_in is not None:
            envelope = handed_in
        else:
            to_sign = _to_sign(book, digest, environment, role, reason, expires)
            if print_statement:
                _print_statement(to_sign, digest, environment, output, as_json=as_json)
                return
            envelope = signing.sign_statement(to_sign, bundle=False, ssh=True)
        if output is not None:
            write_durably(output, envelope, mode=_PUBLIC)
        entry = book.approve(envelope, digest, environment)
        said = f"approved {digest.short} for {environment}"
        appended(book, entry, receipt, as_json=as_json, said=said)


def _handed_in(
    ctx: click.Context, attestation: Path | None, signature: Path | None, statement: Path | None
) -> bytes | None:
    """Read what was signed elsewhere, if anything was."""
    ways = {
        "--attestation": attestation is not None,
        "--signature": signature is not None,
        "--print-statement": bool(ctx.params["print_statement"]),
    }
    taken = [name for name, is_taken in ways.items() if is_taken]
    if len(taken) > 1:
        raise UsageError(f"{taken[0]} and {taken[1]} exclude each other", code="cli.approve-how")
    if statement is not None and signature is None:
        raise UsageError("--statement goes with --signature", code="cli.approve-how")
    if attestation is None and signature is None:
        return None
    beside = asked(ctx, "role", "reason", "expires")
    if beside:
        raise UsageError(
            f"--{beside[0]} is part of what is signed, so it does not go with {taken[0]}",
            code="cli.signed-elsewhere",
        )
    if attestation is not None:
        return read_file(attestation)
    if signature is None:  # pragma: no cover  # one of the two is there
        return None
    if statement is None:
        if signature.suffix != _SIGNATURE_SUFFIX:
            raise UsageError(
                f"say with --statement which file {signature} was made of", code="cli.approve-how"
            )
        statement = signature.with_suffix("")
    return signed_outside(read_file(statement), read_file(signature))


def _to_sign(
    book: "Book",
    digest: "Digest",
    environment: str,
    role: str | None,
    reason: str | None,
    expires: str | None,
) -> bytes:
    from gatebook.policy.controls.approval import ApprovalControl

    if role is None:
        demands = book.contract(environment).demands_using(ApprovalControl)
        roles = {
            str(demand.control.role)
            for demand in demands
            if isinstance(demand.control, ApprovalControl)
        }
        if len(roles) != 1:
            raise UsageError(
                f"the contract asks for {len(roles)} roles: say which with --role",
                code="cli.role-needed",
            )
        role = roles.pop()
    until = None if expires is None else parse_end(expires, book.now())
    return book.approval_statement(digest, environment, role=role, reason=reason, expires=until)


def _print_statement(
    statement: bytes, digest: "Digest", environment: str, output: Path | None, *, as_json: bool
) -> None:
    from gatebook.cli.output import note, print_json
    from gatebook.stores.files import write_durably
    from gatebook.trust.ssh.signer import statement_to_sign

    signed = statement_to_sign(statement)
    if output is None:
        # No line feed is added: these bytes are signed as they are.
        click.echo(signed, nl=False)
        return
    write_durably(output, signed, mode=_PUBLIC)
    if as_json:
        print_json(
            "gatebook/to-sign/v1",
            file=str(output),
            subject=str(digest),
            environment=environment,
            namespace="gatebook",
        )
        return
    click.echo(f"wrote {output}; nothing is signed yet")
    note(
        f"next: ssh-keygen -Y sign -n gatebook -f KEY {output}, "
        f"then gatebook approve {digest.short} … --signature {output}.sig"
    )
