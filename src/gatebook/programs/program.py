"""A program, the limits it runs in, what comes of it, and the port that runs it."""

from enum import StrEnum
from typing import Final, Protocol

from gatebook.canonical import Json
from gatebook.errors import UndecidedError
from gatebook.values import record

__all__ = [
    "DEFAULT_LIMITS",
    "Engine",
    "Evaluated",
    "EvaluationError",
    "Evaluator",
    "Limits",
    "Program",
]


class Engine(StrEnum):
    """What a program is written for."""

    JQ = "jq"
    REGO = "rego"
    JSON_SCHEMA = "json-schema"


class EvaluationError(UndecidedError):
    """A program yielded nothing that can be weighed; its question is undecided.

    The code is one of ``programs.compile-error``, ``programs.refused-builtin``,
    ``programs.runtime-error``, ``programs.input``, ``programs.timeout``, ``programs.memory``,
    ``programs.output-too-large``, ``programs.engine-crash`` and ``programs.engine-missing``.
    """

    code = "programs.failed"


@record
class Program:
    """A text that an engine runs.

    Attributes:
        engine: which engine.
        text: the jq expression, or the JSON Schema as JSON; empty for Rego.
        modules: Rego modules, as file name and text, in the order in which they are loaded.
        query: Rego only: the rule that is asked for, such as ``data.person.allow``.

    """

    engine: Engine
    text: str = ""
    modules: tuple[tuple[str, str], ...] = ()
    query: str = ""


@record
class Limits:
    """What one evaluation may use. Past any of them it is ended and has no value.

    Attributes:
        wall_milliseconds: time on the wall.
        cpu_milliseconds: time on the processor.
        memory_bytes: address space beyond what the engine needs to start.
        output_bytes: length of the value, as JSON.

    """

    wall_milliseconds: int = 5_000
    cpu_milliseconds: int = 4_000
    memory_bytes: int = 512 * 1024 * 1024
    output_bytes: int = 1024 * 1024


DEFAULT_LIMITS: Final = Limits()


@record
class Evaluated:
    """What a program yielded.

    Attributes:
        values: every result in order: jq may yield none or several; Rego yields one, or none when
            the rule is undefined; a JSON Schema yields one, the list of what is wrong.
        engine: the engine with its version, such as ``jq 1.7.1``.

    """

    values: tuple[Json, ...]
    engine: str


class Evaluator(Protocol):
    """Runs programs that nobody needs to trust."""

    def evaluate(
        self,
        program: Program,
        value: Json,
        *,
        data: Json = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Evaluated:
        """Run ``program`` on ``value``.

        Args:
            program: what is run.
            value: the document: jq's ``.``, Rego's ``input``, the schema's instance.
            data: Rego's ``data``; an object, or nothing.
            limits: what it may use.

        Raises:
            EvaluationError: there is no value, with the code of the reason.

        """
        ...

    def check(self, program: Program, *, limits: Limits = DEFAULT_LIMITS) -> str:
        """Compile ``program`` without running it, and return the engine with its version.

        Raises:
            EvaluationError: it does not compile, or asks for something that is refused.

        """
        ...
