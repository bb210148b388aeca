"""The child process: one engine, one request after the other, each within its limits.

Started as ``python -I -B -m gatebook.evaluator.child ENGINE`` with an empty environment and nothing
open but three pipes. Requests come on what was standard input and answers go to what was standard
output; before the engine sees a program, both are moved away, so that nothing it prints is ever
read as an answer. The child ends at the end of its input.
"""

import os
import resource
import sys
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO, Final, Never

import msgspec

from gatebook.canonical import Json
from gatebook.evaluator.engines import ENGINES, Compiled, LoadedEngine
from gatebook.evaluator.failures import ProgramError
from gatebook.evaluator.frames import HEADER, Answer, Ready, Request, frame
from gatebook.programs.program import Engine

__all__ = ["main"]

_KEPT_PROGRAMS: Final = 16
_MAX_MESSAGE: Final = 500
_SECOND: Final = 1000
_MAX_FRAME: Final = 256 * 1024 * 1024
_CAN_LIMIT_MEMORY: Final = sys.platform.startswith("linux")

_REQUEST: Final = msgspec.json.Decoder(Request)


def main() -> Never:
    """Serve requests until there are no more."""
    requests, answers = _private_pipes()
    try:
        engine = ENGINES[Engine(sys.argv[1])]()
    except ImportError as error:
        _send(answers, msgspec.json.encode(Ready(missing=str(error))))
        os._exit(0)
    _forbid()
    _send(answers, msgspec.json.encode(Ready(engine=engine.version)))
    kept: OrderedDict[bytes, Compiled] = OrderedDict()
    while True:
        asked, document, data = _receive(requests), _receive(requests), _receive(requests)
        request = _REQUEST.decode(asked)
        answer = _answer(engine, kept, request, document, data)
        _send(answers, answer)


def _answer(
    engine: LoadedEngine,
    kept: "OrderedDict[bytes, Compiled]",
    request: Request,
    document: bytes,
    data: bytes,
) -> bytes:
    try:
        _limit(request)
        run = _compiled(engine, kept, request)
        values = () if request.check else _collected(run(document, data), request.output_bytes)
        return msgspec.json.encode(Answer(values=values))
    except ProgramError as error:
        return _failure(error.code, str(error))
    except MemoryError:
        return _failure("programs.memory", "the program used more memory than it may")
    except RecursionError:
        return _failure("programs.output-too-large", "the value is nested too deeply")
    except BaseException as error:  # noqa: BLE001  # an engine's panic is no Exception
        return _failure("programs.engine-crash", f"{type(error).__name__}: {error}")


def _compiled(
    engine: LoadedEngine, kept: "OrderedDict[bytes, Compiled]", request: Request
) -> Compiled:
    key = msgspec.json.encode((request.text, request.modules, request.query))
    run = kept.get(key)
    if run is None:
        run = engine.compile(request)
        if len(kept) >= _KEPT_PROGRAMS:
            kept.popitem(last=False)
        kept[key] = run
    kept.move_to_end(key)
    return run


def _collected(results: Iterable[Json], limit: int) -> tuple[Json, ...]:
    values: list[Json] = []
    size = 0
    for value in results:
        size += len(msgspec.json.encode(value)) + 1
        if size > limit:
            raise ProgramError(
                "programs.output-too-large", f"the value is longer than {limit} bytes of JSON"
            )
        values.append(value)
    return tuple(values)


def _failure(code: str, message: str) -> bytes:
    text = message.encode("utf-8", "replace").decode()
    return msgspec.json.encode(Answer(code=code, message=text[:_MAX_MESSAGE]))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes to numbers nobody writes to, and leave nothing behind them."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _receive(requests: BinaryIO) -> bytes:
    head = requests.read(HEADER.size)
    if len(head) < HEADER.size:
        os._exit(0)
    (length,) = HEADER.unpack(head)
    document = requests.read(length)
    if length > _MAX_FRAME or len(document) < length:
        os._exit(1)
    return document


def _send(answers: BinaryIO, document: bytes) -> None:
    answers.write(frame(document))
    answers.flush()


def _forbid() -> None:
    """No file, no core, no other process or thread from here on."""
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        with suppress(OSError, ValueError):  # a system without this limit
            resource.setrlimit(kind, (0, 0))


def _limit(request: Request) -> None:
    """Allow this request its time and memory on top of what was used before it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime + request.cpu_milliseconds / _SECOND
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, most))
    if _CAN_LIMIT_MEMORY:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # the child loads no pathlib
            pages = int(file.read().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        size = pages * resource.getpagesize() + request.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (size, most))


if __name__ == "__main__":
    main()
