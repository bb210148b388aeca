"""``gatebook approve``: approve an artifact for an environment."""

from pathlib import Path

import click

from gatebook.cli.options import (
    actor_option,
    environment_option,
    json_option,
    key_option,
    ledger_option,
    open_book,
    option,
    parse_end,
    read_file,
    receipt_option,
)
from gatebook.cli.subject import resolve_digest, subject_argument

__all__ = ["command"]


@click.command()
@subject_argument
@environment_option
@option("--role", help="The role you approve in; the only one the contract asks for if absent.")
@option("--reason", help="Why, in your words; signed.")
@option("--expires", help="When the approval ends: a time, or a duration such as 7d from now.")
@key_option
@option(
    "--attestation",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Hand in an approval signed elsewhere instead of signing one.",
)
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the signed approval to this file.",
)
@ledger_option
@actor_option
@receipt_option
@json_option
def command(
    *,
    subject: str,
    environment: str,
    role: str | None,
    reason: str | None,
    expires: str | None,
    key: Path | None,
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
    """
    from gatebook.cli.output import appended
    from gatebook.cli.signing import load_signer
    from gatebook.errors import UsageError
    from gatebook.policy.controls.approval import ApprovalControl
    from gatebook.stores.files import write_durably

    digest = resolve_digest(subject)
    if attestation is not None:
        given = {"--role": role, "--reason": reason, "--expires": expires}
        beside = [name for name, each in given.items() if each is not None]
        if beside:
            raise UsageError(
                f"{beside[0]} is part of what is signed, so it does not go with --attestation",
                code="cli.signed-elsewhere",
            )
    with open_book(ledger, actor) as book:
        if attestation is not None:
            envelope = read_file(attestation)
        else:
            signer = load_signer(key)
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
            until = None
            if expires is not None:
                until = parse_end(expires, book.now())
            envelope = book.sign_approval(
                digest, environment, role=role, signer=signer, reason=reason, expires=until
            )
        if output is not None:
            write_durably(output, envelope, mode=0o644)
        entry = book.approve(envelope, digest, environment)
        said = f"approved {digest.short} for {environment}"
        appended(book, entry, receipt, as_json=as_json, said=said)
