"""Say what a document of a custom evidence type was judged to be."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gatebook.formats.type_evaluation import TypeEvaluation

__all__ = ["tell_evaluation"]

_FINDINGS = 7


def tell_evaluation(evaluation: "TypeEvaluation | None", *, as_json: bool) -> int:
    """Say whether a document complies, and return the exit status; of other evidence say nothing.

    With JSON the entries say it, and the exit status.
    """
    if evaluation is None:
        return 0
    if not as_json:
        from gatebook.cli.output import style, wrapped
        from gatebook.cli.plain import visible

        good = evaluation.compliant
        word = style("complies", "good") if good else style("does not comply", "bad")
        name = f"{evaluation.name} {evaluation.version or ''}".rstrip()
        click.echo(f"{word}  {visible(name)}")
        for reason in evaluation.reasons:
            click.echo(wrapped("- ", reason))
    return 0 if evaluation.compliant else _FINDINGS
