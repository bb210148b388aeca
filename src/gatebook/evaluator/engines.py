"""The engines a child may be of: what compiles a program, and what runs it then."""

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any, Final, Protocol, TypeAlias, cast

import msgspec

from gatebook.canonical import Json
from gatebook.evaluator.failures import ProgramError
from gatebook.evaluator.frames import Request
from gatebook.evaluator.rego_tree import check_tree
from gatebook.programs.program import Engine

__all__ = ["ENGINES", "Compiled", "LoadedEngine"]

Compiled: TypeAlias = Callable[[bytes, bytes], Iterable[Json]]
"""Takes the document and the data, both JSON, and gives the results one by one."""


class LoadedEngine(Protocol):
    """An engine that is ready."""

    version: str

    def compile(self, request: Request) -> Compiled:
        """Compile the program.

        Raises:
            ProgramError: it is not one.

        """
        ...


class _Jq:
    """jq, as a library; each result is a value."""

    def __init__(self) -> None:
        self._jq: Any = import_module("jq")
        self.version = f"jq.py {version('jq')}"

    def compile(self, request: Request) -> Compiled:
        try:
            program = self._jq.compile(request.text)
        except ValueError as error:
            raise ProgramError("programs.compile-error", _first_line(error)) from None

        def run(document: bytes, _data: bytes) -> Iterator[Json]:
            try:
                yield from program.input_text(document.decode())
            except ValueError as error:
                raise ProgramError("programs.runtime-error", _first_line(error)) from None

        return run


class _Rego:
    """regorus; an undefined rule has no value."""

    def __init__(self) -> None:
        self._regorus: Any = import_module("regorus")
        self.version = f"regorus {version('gordon-to-regorus')}"

    def compile(self, request: Request) -> Compiled:
        ready = self._regorus.Engine()
        ready.set_gather_prints(True)
        ready.set_policy_length_config(max_col=100_000, max_file_bytes=1 << 21, max_lines=100_000)
        try:
            for name, text in request.modules:
                ready.add_policy(name, text)
            tree = ready.get_ast_as_json()
        except RuntimeError as error:
            raise ProgramError("programs.compile-error", _rego_error(error)) from None
        check_tree(msgspec.json.decode(tree))

        def run(document: bytes, data: bytes) -> Iterator[Json]:
            engine = ready.clone()
            try:
                if data != b"null":
                    engine.add_data_json(data.decode())
                engine.set_input_json(document.decode())
                found: str = engine.eval_rule_as_json(request.query)
            except RuntimeError as error:
                raise ProgramError("programs.runtime-error", _rego_error(error)) from None
            value = msgspec.json.decode(found)
            if value != "<undefined>":  # how the engine writes that there is no value
                yield value

        return run


class _JsonSchema:
    """jsonschema; the one value is the list of what is wrong."""

    def __init__(self) -> None:
        # jsonschema loads all that can check a format; this takes a second, and none is checked.
        sys.modules.setdefault("rfc3987_syntax", cast("ModuleType", None))
        from gatebook.evaluator import schema  # noqa: PLC0415  # in the child of this engine only

        self._schema = schema
        self.version = f"jsonschema {version('jsonschema')}"

    def compile(self, request: Request) -> Compiled:
        validator = self._schema.compile_schema(request.text)

        def run(document: bytes, _data: bytes) -> Iterator[Json]:
            yield self._schema.violations(validator, document)

        return run


ENGINES: Final[dict[Engine, Callable[[], LoadedEngine]]] = {
    Engine.JQ: _Jq,
    Engine.REGO: _Rego,
    Engine.JSON_SCHEMA: _JsonSchema,
}
"""What loads each engine; loading one that is not installed raises ``ImportError``."""


def _first_line(error: Exception) -> str:
    lines = str(error).removeprefix("jq: error: ").strip().splitlines()
    return lines[0] if lines else "the engine gives no reason"


def _rego_error(error: Exception) -> str:
    """The engine's message without its pictures and its stack."""
    text = str(error).partition("\n\nStack backtrace:")[0]
    lines = [line.strip() for line in text.splitlines()]
    place = next((line.removeprefix("-->").strip() for line in lines if line.startswith("-->")), "")
    said = next((line.removeprefix("error:").strip() for line in lines if "error:" in line), "")
    said = said or next((line for line in lines if line), "the engine gives no reason")
    return f"{place}: {said}" if place and place not in said else said
