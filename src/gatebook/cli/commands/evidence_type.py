"""``gatebook evidence-type``: check the definitions of custom evidence types, and try them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import Argument, Option, json_option, read_file

if TYPE_CHECKING:
    from gatebook.formats.type_evaluation import TypeEvaluation

__all__ = ["command"]

_FINDINGS = 7


@click.group()
def command() -> None:
    """Check custom evidence types: a JSON Schema and rules that documents must meet."""


@command.command()
@click.argument("definition", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@click.option(
    "--document",
    "documents",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    cls=Option,
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
