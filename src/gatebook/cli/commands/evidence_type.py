"""``gatebook evidence-type``: check, try and publish the definitions of custom evidence types."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    json_option,
    ledger_option,
    open_book,
    option,
    read_file,
    receipt_option,
)

if TYPE_CHECKING:
    from gatebook.formats.type_evaluation import TypeEvaluation

__all__ = ["command"]

_FINDINGS = 7


@click.group()
def command() -> None:
    """Check and publish custom evidence types: a schema and rules that documents must meet."""


@command.command()
@click.argument("definition", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@option(
    "--document",
    "documents",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Judge this document by the definition; may be given several times.",
)
@json_option
@click.pass_context
def check(
    ctx: click.Context, *, definition: Path, documents: tuple[Path, ...], as_json: bool
) -> None:
    """Read a definition, compile its schema and rules, and try it on documents, without a book.

    Exit status 7 if a document does not comply.
    """
    from gatebook.cli.output import print_json
    from gatebook.evaluator.pool import ProcessEvaluator
    from gatebook.formats.evidence_type import TypeDefinition
    from gatebook.formats.type_judging import check_definition, evaluate_document

    read = TypeDefinition.parse(read_file(definition))
    with ProcessEvaluator() as evaluator:
        engines = check_definition(read, evaluator)
        judged = [(path, evaluate_document(read, read_file(path), evaluator)) for path in documents]
    if as_json:
        print_json(
            "gatebook/evidence-type-check/v1",
            name=read.name,
            version=read.version,
            digest=str(read.digest),
            engines=list(engines),
            rules=[{"id": rule.id, "engine": rule.program.engine.value} for rule in read.rules],
            documents=[{"file": str(path), **_written(each)} for path, each in judged],
        )
    else:
        _show(f"{read.name}  {read.digest}", judged)
    if not all(each.compliant for _, each in judged):
        ctx.exit(_FINDINGS)


@command.command()
@click.argument("definition", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@ledger_option
@actor_option
@receipt_option
@json_option
def publish(
    *, definition: Path, ledger: Path, actor: str | None, receipt: Path | None, as_json: bool
) -> None:
    """Judge documents of the type by this definition from now on.

    Hand them in with `gatebook attest --type evidence:NAME`, signed, or with `gatebook accept
    --unsigned --evidence-type NAME`.
    """
    from gatebook.cli.output import appended
    from gatebook.ledger.kinds import EvidenceTypePublished

    document = read_file(definition)
    with open_book(ledger, actor) as book:
        entry = book.publish_evidence_type(document)
        body = entry.entry.body
        name = body.name if isinstance(body, EvidenceTypePublished) else ""
        said = f"published the evidence type {name}"
        appended(book, entry, receipt, as_json=as_json, said=said)


@command.command("list")
@ledger_option
@actor_option
@json_option
def list_(*, ledger: Path, actor: str | None, as_json: bool) -> None:
    """List the evidence types of the book, each by the definition in force."""
    from gatebook.cli.output import print_json, table

    with open_book(ledger, actor) as book:
        newest = {row.name: row for row in book.query.evidence_types()}
        rows = sorted(newest.values())
    if as_json:
        print_json(
            "gatebook/evidence-types/v1",
            types=[
                {"name": row.name, "definition": row.definition, "entry": row.at} for row in rows
            ],
        )
        return
    table(
        ("type", "definition", "entry"),
        [(row.name, row.definition[:19], str(row.at)) for row in rows],
    )


@command.command()
@click.argument("name", cls=Argument)
@ledger_option
@actor_option
@json_option
def show(*, name: str, ledger: Path, actor: str | None, as_json: bool) -> None:
    """Print the definition of a type in force, in the form it is stored and identified by."""
    from gatebook.canonical import loads
    from gatebook.cli.output import print_json

    with open_book(ledger, actor) as book:
        definition = book.evidence_type(name)
    if as_json:
        print_json(
            "gatebook/evidence-type/v1",
            name=definition.name,
            digest=str(definition.digest),
            definition=loads(definition.encode()),
        )
        return
    click.echo(definition.encode().decode("utf-8"))


def _written(evaluation: "TypeEvaluation") -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(evaluation)
    lists: dict[str, Any] = {"schema_errors": [], "rules": [], "engines": []}
    return {**lists, **{name: value for name, value in plain.items() if name != "v"}}


def _show(head: str, judged: list[tuple[Path, "TypeEvaluation"]]) -> None:
    from gatebook.cli.output import style, told, wrapped
    from gatebook.cli.plain import visible

    told(head)
    for path, evaluation in judged:
        good = evaluation.compliant
        word = style("complies", "good") if good else style("does not comply", "bad")
        click.echo(f"{word}  {visible(str(path))}")
        for reason in evaluation.reasons:
            click.echo(wrapped("- ", reason))
        for rule in evaluation.rules:
            if rule.code is not None and rule.fix is not None:
                click.echo(wrapped(f"fix for {rule.id}: ", rule.fix))
