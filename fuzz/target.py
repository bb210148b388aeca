"""What a target is, and the one property all of them hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gatebook.errors import GatebookError

__all__ = ["PropertyBrokenError", "Target", "expect"]


class PropertyBrokenError(AssertionError):
    """A reader or verifier gave something it must never give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader or verifier under test.

    Attributes:
        name: on the command line, and of the directory of its corpus.
        check: takes any bytes; raises what it must not.
        seeds: good inputs, made when asked.
        vectors: more inputs, as patterns below the directory of shared vectors; used when present,
            never recorded.
        max_len: the longest input tried.
        recordable: whether an input means the same in another process.

    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    vectors: tuple[str, ...] = ()
    max_len: int = 16_384
    recordable: bool = True

    def run(self, data: bytes) -> bool:
        """Check one input; whether it was accepted."""
        try:
            self.check(data)
        except GatebookError as error:
            expect(error.code.count(".") == 1, f"{error.code!r} is not a code of ours")
            return False
        return True


def expect(holds: bool, what: str) -> None:  # noqa: FBT001  # reads as a sentence
    """Raise :class:`PropertyBrokenError` unless ``holds``."""
    if not holds:
        raise PropertyBrokenError(what)
