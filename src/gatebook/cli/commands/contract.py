"""``gatebook contract``: check and publish contracts."""

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
    """Check and publish contracts: what an environment demands."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@json_option
def check(*, file: Path, as_json: bool) -> None:
    """Read a contract and say what it demands, without a book."""
    from gatebook.cli.output import print_json, table
    from gatebook.policy.contract import Contract

    contract = Contract.parse(read_file(file))
    if as_json:
        print_json(
            "gatebook/contract-check/v1",
            environment=str(contract.environment),
            digest=str(contract.digest),
            controls=[
                {"id": str(each.id), "use": each.control.name, "mode": each.mode.value}
                for each in contract.demands
            ],
        )
        return
    click.echo(f"{contract.environment}  {contract.digest}")
    rows = [
        (str(each.id), each.control.name, each.mode.value, each.control.purpose)
        for each in contract.demands
    ]
    table(("control", "uses", "mode", "purpose"), rows)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@ledger_option
@actor_option
@receipt_option
@json_option
def publish(
    *, file: Path, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool
) -> None:
    """Let an environment demand this from now on; approvals under another contract are void."""
    from gatebook.cli.output import appended
    from gatebook.ledger.kinds import ContractPublished

    document = read_file(file)
    with open_book(ledger, actor) as book:
        entry = book.publish_contract(document)
        body = entry.entry.body
        where = body.environment if isinstance(body, ContractPublished) else ""
        said = f"published the contract of {where}"
        appended(book, entry, receipt, as_json=as_json, said=said)
