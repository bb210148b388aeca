"""Go's cover profile (``go test -coverprofile``): blocks of statements, each with a count.

Follows ``golang.org/x/tools/cover``. A block that is listed again, as when the profiles of several
packages are put together, counts once and as run when any listing says so.
"""

import re
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader

__all__ = ["READER", "GoProfileError"]

_MODE: Final = re.compile(r"mode: (set|count|atomic)\Z")
_BLOCK: Final = re.compile(
    r"(.+):([0-9]{1,9}\.[0-9]{1,9},[0-9]{1,9}\.[0-9]{1,9}) ([0-9]{1,9}) ([0-9]{1,19})\Z", re.ASCII
)
_FIRST: Final = re.compile(rb"mode: (?:set|count|atomic)\s*(?:\n|\Z)")


class GoProfileError(CoverageError):
    """Bytes are not a Go cover profile."""

    code = "formats.go-profile"


def _blocks(document: Document) -> tuple[str, dict[tuple[str, str], tuple[int, bool]]]:
    """The mode, and the statements of each block with whether they were run."""
    try:
        text = document.data.decode()
    except UnicodeDecodeError as error:
        raise GoProfileError(f"the profile is not UTF-8: byte {error.start}") from None
    mode: str | None = None
    blocks: dict[tuple[str, str], tuple[int, bool]] = {}
    for number, written in enumerate(text.split("\n"), 1):
        line = written.rstrip("\r")
        if not line:
            continue
        named = _MODE.match(line)
        if named is not None:
            if mode not in {None, named[1]}:
                raise GoProfileError(f"line {number}: the mode {named[1]} follows {mode}")
            mode = named[1]
            continue
        block = _BLOCK.match(line)
        if block is None or mode is None:
            raise GoProfileError(f"line {number}: expected a block, found {line[:60]!r}")
        place, statements = (block[1], block[2]), int(block[3])
        before = blocks.get(place)
        if before is not None and before[0] != statements:
            raise GoProfileError(
                f"line {number}: the block had {before[0]} statements before, now {statements}"
            )
        blocks[place] = statements, int(block[4]) > 0 or (before is not None and before[1])
    if mode is None:
        raise GoProfileError("the profile has no mode")
    return mode, blocks


def _statements(blocks: dict[tuple[str, str], tuple[int, bool]]) -> Covered:
    return Covered(
        covered=sum(count for count, run in blocks.values() if run),
        total=sum(count for count, _ in blocks.values()),
    )


def _recognises(document: Document) -> bool:
    return _FIRST.match(document.start) is not None


def _read(document: Document) -> CoverageReport:
    _, blocks = document.once(_blocks)
    return CoverageReport(
        format=DocumentFormat.GO_COVERPROFILE,
        files=len({path for path, _ in blocks}),
        statements=_statements(blocks),
        tools=("go",),
    )


def _describe(document: Document) -> JsonObject:
    mode, blocks = document.once(_blocks)
    statements = _statements(blocks)
    return {
        "mode": mode,
        "files": len({path for path, _ in blocks}),
        "statements": statements.total,
        "covered": statements.covered,
    }


READER: Final = Reader(
    format=DocumentFormat.GO_COVERPROFILE,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
