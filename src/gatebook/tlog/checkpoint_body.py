"""The text a log signs: origin, tree size, root hash (C2SP tlog-checkpoint).

Only the text; who signed it is the matter of :mod:`gatebook.tlog.checkpoint`.
"""

import re
from typing import Final

from gatebook.errors import MalformedError
from gatebook.tlog.lines import MAX_SIZE, decode_decimal, decode_hash, encode_base64
from gatebook.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from gatebook.values import record

__all__ = ["Checkpoint", "CheckpointError", "parse_checkpoint"]

_FIXED_LINES: Final = 3
_UNFIT: Final = r"[\x00-\x1f\ud800-\udfff]"


class CheckpointError(MalformedError):
    """A text is not that of a checkpoint."""

    code = "tlog.checkpoint-malformed"


@record
class Checkpoint:
    """The state of a log at one size.

    Attributes:
        origin: the identity of the log.
        size: the number of entries.
        root: the root hash over them.
        extensions: further lines; signed with the others, and not recommended.

    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            # signed-note: no control characters other than the newline that ends the line.
            if not line or (not line.isprintable() and re.search(_UNFIT, line)):
                raise CheckpointError(f"{line[:60]!r} cannot be a line of a checkpoint")
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError(f"{self.size} is not the size of a log")
        if len(self.root) != HASH_SIZE:
            raise CheckpointError(
                f"root hash has {len(self.root)} bytes; expected {HASH_SIZE}",
                code="tlog.hash-length",
            )
        # RFC 6962 §2.1: the empty tree has one root hash only.
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError(
                f"a log of size 0 has root {EMPTY_ROOT.hex()[:12]}, not {self.root.hex()[:12]}",
                code="tlog.empty-root",
            )

    @property
    def text(self) -> str:
        """The text that is signed, its final newline included."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """Parse the text of a checkpoint; its ``text`` is the same again.

    Raises:
        CheckpointError: fewer than three lines, an empty line, no final newline, or a root hash
            that an empty log does not have.
        LineError: the size is not a plain decimal, or the root not the base64 of 32 bytes.

    """
    if not text.endswith("\n"):
        raise CheckpointError("a checkpoint ends with a newline")
    lines = text[:-1].split("\n")
    if len(lines) < _FIXED_LINES:
        raise CheckpointError(f"a checkpoint has at least three lines, found {len(lines)}")
    if not all(lines):
        raise CheckpointError("a checkpoint has no empty line")
    return Checkpoint(
        origin=lines[0],
        size=decode_decimal(lines[1], what="tree size of the checkpoint"),
        root=decode_hash(lines[2], what="root hash of the checkpoint"),
        extensions=tuple(lines[_FIXED_LINES:]),
    )
