"""LCOV's tracefile, as lcov, llvm-cov, c8, nyc, grcov and many others write it.

Follows *geninfo(1)*, "FILES". Records of one file, such as those of several tests or of several
tracefiles put one after the other, are taken together.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable, count_in
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader

__all__ = ["READER", "LcovError"]

_SOURCE: Final = re.compile(rb"^SF:", re.MULTILINE)
_DATA: Final = re.compile(r"DA:([0-9]{1,18}),([0-9]{1,18})(?:,.*)?\Z", re.ASCII)
_SUMS: Final = ("LF", "LH", "BRF", "BRH", "FNF", "FNH")


class LcovError(CoverageError):
    """Bytes are not an LCOV tracefile."""

    code = "formats.lcov"


@dataclass(slots=True)
class _Record:
    """One file's section.

    Attributes:
        path: the source file.
        sums: what it claims, by the keyword.
        listed: how many lines it lists, and how many of them were run.

    """

    path: str
    sums: dict[str, int] = field(default_factory=dict)
    listed: list[bool] = field(default_factory=list)


class _Tracefile:
    """Follows the lines of a tracefile."""

    def __init__(self) -> None:
        self.table = LineTable()
        self.records: list[_Record] = []
        self.branches: dict[tuple[str, str], bool] = {}
        self.functions: dict[tuple[str, str], bool] = {}
        self._open: _Record | None = None
        self._where = ""

    def take(self, number: int, line: str) -> None:
        # DA:<line number>,<execution count>[,<checksum>]; nearly all lines are such.
        data = _DATA.match(line)
        if data is not None and self._open is not None:
            run = int(data[2]) > 0
            self.table.add(self._open.path, int(data[1]), run=run)
            self._open.listed.append(run)
            return
        self._where = f"line {number}"
        if line == "end_of_record":
            self._open = None
            return
        keyword, colon, rest = line.partition(":")
        if not colon or not keyword.isupper():
            raise LcovError(f"{self._where}: expected KEYWORD:value, found {line[:40]!r}")
        if keyword == "SF":
            if self._open is not None:
                raise LcovError(f"{self._where}: the record before is not ended")
            self._open = _Record(rest)
            self.records.append(self._open)
            self.table.file(rest)
        elif keyword in {"DA", "BRDA", "FNDA", "FNA", *_SUMS}:
            if self._open is None:
                raise LcovError(f"{self._where}: {keyword} is outside of any record")
            self._take_count(self._open, keyword, rest)

    def _take_count(self, record: _Record, keyword: str, rest: str) -> None:
        if keyword in _SUMS:
            record.sums[keyword] = record.sums.get(keyword, 0) + self._number(rest)
            return
        if keyword == "DA":
            raise LcovError(f"{self._where}: expected DA:<line>,<count>, found DA:{rest[:40]!r}")
        if keyword == "BRDA":
            # BRDA:<line number>,[<exception>]<block>,<branch>,<taken>; a branch may hold commas.
            place, taken = rest.rpartition(",")[::2]
            run = taken != "-" and self._number(taken) > 0
            key = (record.path, place)
            self.branches[key] = run or self.branches.get(key, False)
        elif keyword == "FNDA":
            # FNDA:<execution count>,<function name>
            count, _, name = rest.partition(",")
            self._take_function(record, name, count)
        else:
            # FNA:<index>,<execution count>,<function alias>
            _, _, counted = rest.partition(",")
            count, _, name = counted.partition(",")
            self._take_function(record, name, count)

    def _take_function(self, record: _Record, name: str, count: str) -> None:
        key = (record.path, name)
        self.functions[key] = self._number(count) > 0 or self.functions.get(key, False)

    def _number(self, text: str) -> int:
        return count_in(text, self._where, code=LcovError.code)

    def finish(self) -> None:
        if self._open is not None:
            raise LcovError(
                f"the record of {self._open.path[:80]!r} is not ended; the file was cut off",
                code="formats.lcov-truncated",
            )
        if not self.records:
            raise LcovError("the tracefile names no source file")

    def claimed(self, hit: str, found: str) -> Covered | None:
        """A total of all records, if any has it."""
        if not any(found in record.sums for record in self.records):
            return None
        return Covered(
            covered=sum(record.sums.get(hit, 0) for record in self.records),
            total=sum(record.sums.get(found, 0) for record in self.records),
        )


def _follow(document: Document) -> _Tracefile:
    tracefile = _Tracefile()
    # Paths may be in any encoding; only numbers are read.
    for number, line in enumerate(document.data.split(b"\n"), 1):
        text = line.decode("utf-8", "surrogateescape").strip()
        if text and not text.startswith("#"):
            tracefile.take(number, text)
    return tracefile


def _recognises(document: Document) -> bool:
    for line in document.start.split(b"\n"):
        if line.strip() and not line.startswith(b"#"):
            return line.startswith((b"TN:", b"SF:")) and bool(_SOURCE.search(document.start))
    return False


def _read(document: Document) -> CoverageReport:
    tracefile = document.once(_follow)
    tracefile.finish()
    branches, functions = tracefile.branches, tracefile.functions
    return CoverageReport(
        format=DocumentFormat.LCOV,
        files=tracefile.table.files,
        lines=tracefile.table.lines(),
        branches=Covered(covered=sum(branches.values()), total=len(branches)) if branches else None,
        functions=Covered(covered=sum(functions.values()), total=len(functions))
        if functions
        else None,
        declared_lines=tracefile.claimed("LH", "LF"),
        declared_branches=tracefile.claimed("BRH", "BRF"),
    )


def _describe(document: Document) -> JsonObject:
    """Count lines as the records claim; those of a record without totals are counted."""
    records = document.once(_follow).records
    return {
        "files": len(records),
        "lines_found": sum(each.sums.get("LF", len(each.listed)) for each in records),
        "lines_hit": sum(each.sums.get("LH", sum(each.listed)) for each in records),
    }


READER: Final = Reader(
    format=DocumentFormat.LCOV,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
