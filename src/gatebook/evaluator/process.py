"""A child process, as its parent sees it: started, asked, and killed with all it started."""

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import IO, Final

import msgspec

from gatebook import canonical
from gatebook.errors import MalformedError
from gatebook.evaluator.frames import HEADER, Answer, Ready, Request, frame
from gatebook.programs.program import Engine, EvaluationError

__all__ = ["Child"]

_START_SECONDS: Final = 60.0
_MAX_DEPTH: Final = 64
_CHUNK: Final = 65_536
_KEPT_COMPLAINTS: Final = 4_096
_EXIT_SECONDS: Final = 5.0
_SPARE: Final = 65_536  # an answer is a little longer than its value

# HOME, because jq would otherwise ask who runs it and read their ~/.jq (jq manual, "Modules").
_ENVIRONMENT: Final = {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

_READY: Final = msgspec.json.Decoder(Ready)


class Child:
    """One child, of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Start it and wait until its engine is loaded.

        Raises:
            EvaluationError: ``programs.engine-missing`` or ``programs.engine-crash``.

        """
        self._complaints = b""
        command = [sys.executable, "-I", "-B", "-m", "gatebook.evaluator.child", engine.value]
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise EvaluationError(
                f"no process for {engine} can be started: {error.strerror}",
                code="programs.engine-crash",
            ) from None
        try:
            for pipe in self._pipes:
                os.set_blocking(pipe.fileno(), False)
            ready = _READY.decode(self._exchange(b"", time.monotonic() + _START_SECONDS, _SPARE))
        except msgspec.MsgspecError:
            self.kill()
            raise EvaluationError(
                f"the {engine} engine does not answer as expected", code="programs.engine-crash"
            ) from None
        except BaseException:
            self.kill()
            raise
        if ready.engine is None:
            self.kill()
            raise EvaluationError(
                f"the {engine} engine is not installed: {ready.missing}",
                code="programs.engine-missing",
            )
        self.engine = ready.engine
        self.uses = 0

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise EvaluationError("the process has no pipes", code="programs.engine-crash")
        return process.stdin, process.stdout, process.stderr

    def ask(self, request: Request, document: bytes, data: bytes, wall: float) -> Answer:
        """Ask it once.

        Args:
            request: what is asked.
            document: the document, JSON.
            data: the data, JSON.
            wall: how many seconds it may take.

        Raises:
            EvaluationError: it gave no whole answer in time; it must be killed then.

        """
        self.uses += 1
        self._complaints = b""
        asked = frame(msgspec.json.encode(request)) + frame(document) + frame(data)
        answer = self._exchange(asked, time.monotonic() + wall, request.output_bytes + _SPARE)
        try:
            # Strictly, because an engine wrote what it holds; the values lie two levels deep in it.
            return msgspec.convert(canonical.loads(answer, max_depth=_MAX_DEPTH + 2), Answer)
        except (msgspec.MsgspecError, MalformedError):
            raise EvaluationError(
                "the value cannot be read: it is nested too deeply or not JSON",
                code="programs.output-too-large",
            ) from None

    def kill(self) -> None:
        """End it and everything of its group, at once."""
        # Not reaped yet, so its number and that of its group are still its own.
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _exchange(self, asked: bytes, deadline: float, most: int) -> bytes:
        """Write ``asked`` while reading, until one frame is whole."""
        stdin, stdout, stderr = self._pipes
        left = memoryview(asked)
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stderr, selectors.EVENT_READ)
            if left:
                selector.register(stdin, selectors.EVENT_WRITE)
            while True:
                remaining = deadline - time.monotonic()
                events = selector.select(remaining) if remaining > 0 else []
                if not events and deadline <= time.monotonic():
                    raise EvaluationError(
                        "the program took longer than it may", code="programs.timeout"
                    )
                for key, _ in events:
                    if key.fileobj is stdin:
                        left = self._written(left)
                        if not left:
                            selector.unregister(stdin)
                    elif key.fileobj is stderr:
                        if not self._listened():
                            selector.unregister(stderr)
                    elif _read_into(stdout, answer):
                        whole = _whole(answer, most)
                        if whole is not None:
                            return whole
                    else:
                        raise self._death()

    def _written(self, left: memoryview) -> memoryview:
        stdin, _, _ = self._pipes
        try:
            return left[os.write(stdin.fileno(), left[:_CHUNK]) :]
        except BlockingIOError:
            return left
        except OSError:
            raise self._death() from None

    def _listened(self) -> bool:
        """Take what it writes to standard error; the last of it may say why it died."""
        _, _, stderr = self._pipes
        with suppress(BlockingIOError):
            said = os.read(stderr.fileno(), _CHUNK)
            self._complaints = (self._complaints + said)[-_KEPT_COMPLAINTS:]
            return bool(said)
        return True

    def _death(self) -> EvaluationError:
        """Say why there is no answer, as far as the process tells."""
        try:
            status = self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return EvaluationError(
                "the engine closed its pipe and went on", code="programs.engine-crash"
            )
        with suppress(OSError):
            while self._listened() and len(self._complaints) < _KEPT_COMPLAINTS:
                if not _has_more(self._pipes[2]):
                    break
        return _why(status, self._complaints)


def _has_more(pipe: IO[bytes]) -> bool:
    """Whether there is something to read at once."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(0))


def _why(status: int, complaints: bytes) -> EvaluationError:
    if status == -signal.SIGXCPU:
        return EvaluationError(
            "the program used more processor time than it may", code="programs.timeout"
        )
    if any(word in complaints for word in (b"memory alloc", b"allocate memory", b"MemoryError")):
        return EvaluationError("the program used more memory than it may", code="programs.memory")
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"status {status}"
    return EvaluationError(f"the engine ended with {name}", code="programs.engine-crash")


def _read_into(pipe: IO[bytes], answer: bytearray) -> bool:
    try:
        received = os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return True
    answer += received
    return bool(received)


def _whole(answer: bytearray, most: int) -> bytes | None:
    if len(answer) < HEADER.size:
        return None
    (length,) = HEADER.unpack_from(answer)
    if length > most:
        raise EvaluationError(
            f"an answer of {length} bytes is not read", code="programs.output-too-large"
        )
    if len(answer) < HEADER.size + length:
        return None
    if len(answer) > HEADER.size + length:
        raise EvaluationError("the engine answered twice", code="programs.engine-crash")
    return bytes(answer[HEADER.size :])
