"""Refuse, before anything runs, programs that ask for what no evaluation may have."""

from gatebook.programs.jq_lint import check_jq
from gatebook.programs.program import Engine, EvaluationError, Program
from gatebook.programs.rego_lint import check_rego

__all__ = ["check_program"]

_MAX_BYTES = 1024 * 1024


def check_program(program: Program) -> None:
    """Refuse a program that uses the time, chance, the network, files or the environment.

    Raises:
        EvaluationError: ``programs.refused-builtin`` with the name, or ``programs.compile-error``
            for a text that cannot be a program at all.

    """
    texts = [program.text, program.query, *(part for module in program.modules for part in module)]
    try:
        size = sum(len(text.encode()) for text in texts)
    except UnicodeEncodeError:
        raise EvaluationError(
            "the program holds half a character", code="programs.compile-error"
        ) from None
    if size > _MAX_BYTES:
        raise EvaluationError(
            f"a program of {size} bytes is not run; at most {_MAX_BYTES}",
            code="programs.compile-error",
        )
    match program.engine:
        case Engine.JQ:
            check_jq(program.text)
        case Engine.REGO:
            check_rego(program)
        case Engine.JSON_SCHEMA:
            pass  # the engine resolves references within the schema only
