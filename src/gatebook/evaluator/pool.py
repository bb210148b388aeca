"""The evaluator: programs run in children that are kept warm while they behave."""

import threading
from collections import deque
from types import TracebackType
from typing import Final, Self

import msgspec

from gatebook.canonical import Json
from gatebook.evaluator.frames import Answer, Request
from gatebook.evaluator.process import Child
from gatebook.programs.lint import check_program
from gatebook.programs.program import (
    DEFAULT_LIMITS,
    Engine,
    Evaluated,
    EvaluationError,
    Limits,
    Program,
)

__all__ = ["ProcessEvaluator"]

_MAX_INPUT: Final = 128 * 1024 * 1024
_USES: Final = 500
_KEPT: Final = 2
_SECOND: Final = 1000

# What a program may get wrong without any doubt about the child that says so.
_ORDERLY: Final = frozenset(
    {"programs.compile-error", "programs.refused-builtin", "programs.runtime-error"}
)


class ProcessEvaluator:
    """Evaluates in child processes; may be used by several threads at once.

    A child serves one evaluation at a time. It is ended after 500 of them, and after any that did
    not end with a value or an orderly error of the program. Use it as a context manager, or call
    :meth:`close`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Engine, deque[Child]] = {engine: deque() for engine in Engine}
        self._closed = False

    def evaluate(
        self,
        program: Program,
        value: Json,
        *,
        data: Json = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Evaluated:
        """Run ``program`` on ``value``; see :class:`gatebook.programs.program.Evaluator`.

        Raises:
            EvaluationError: there is no value.

        """
        document, extra = _encoded(value), _encoded(data)
        answer, engine = self._ask(program, document, extra, limits, check=False)
        return Evaluated(values=answer.values or (), engine=engine)

    def check(self, program: Program, *, limits: Limits = DEFAULT_LIMITS) -> str:
        """Compile ``program`` without running it, and return the engine with its version.

        Raises:
            EvaluationError: it does not compile, or asks for something that is refused.

        """
        return self._ask(program, b"null", b"null", limits, check=True)[1]

    def close(self) -> None:
        """End every child; the evaluator is of no use afterwards."""
        with self._lock:
            self._closed = True
            children = [child for idle in self._idle.values() for child in idle]
            for idle in self._idle.values():
                idle.clear()
        for child in children:
            child.kill()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every child."""
        self.close()

    def _ask(
        self, program: Program, document: bytes, data: bytes, limits: Limits, *, check: bool
    ) -> tuple[Answer, str]:
        check_program(program)
        request = Request(
            text=program.text,
            modules=program.modules,
            query=program.query,
            check=check,
            cpu_milliseconds=limits.cpu_milliseconds,
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
        )
        child = self._take(program.engine)
        good = False
        try:
            answer = child.ask(request, document, data, limits.wall_milliseconds / _SECOND)
            good = answer.code is None or answer.code in _ORDERLY
        finally:
            if good:
                self._give_back(program.engine, child)
            else:
                child.kill()
        if answer.code is not None or answer.values is None:
            raise EvaluationError(
                answer.message or "the engine gave no value",
                code=answer.code or "programs.engine-crash",
            )
        return answer, child.engine

    def _take(self, engine: Engine) -> Child:
        with self._lock:
            if self._closed:
                raise EvaluationError("the evaluator is closed", code="programs.engine-crash")
            if self._idle[engine]:
                return self._idle[engine].pop()
        return Child(engine)

    def _give_back(self, engine: Engine, child: Child) -> None:
        with self._lock:
            kept = self._idle[engine]
            if not self._closed and child.uses < _USES and len(kept) < _KEPT:
                kept.append(child)
                return
        child.kill()


def _encoded(value: Json) -> bytes:
    try:
        document = msgspec.json.encode(value)
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError) as error:
        raise EvaluationError(f"not JSON: {error}", code="programs.input") from None
    if len(document) > _MAX_INPUT:
        raise EvaluationError(
            f"a document of {len(document)} bytes is not evaluated; at most {_MAX_INPUT}",
            code="programs.input",
        )
    return document
