"""The JSON report of coverage.py (``coverage json``), formats 2 and 3."""

from collections.abc import Iterator
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader

__all__ = ["READER", "CoveragePyError"]

_MAX_KEYS: Final = 8
_TOTALS: Final = ("covered_lines", "num_statements", "covered_branches", "num_branches")


class CoveragePyError(CoverageError):
    """JSON is not coverage.py's report."""

    code = "formats.coverage-py"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None:
        return False
    totals = root.get("totals")
    return isinstance(totals, dict) and "covered_lines" in totals and "files" in root


def _read(document: Document) -> CoverageReport:
    report = Fields.of(document.root, what="coverage.py report", code=CoveragePyError.code)
    table = LineTable()
    files = report.object("files")
    for path in files.values:
        file = files.object(path)
        lines = table.file(path)
        for name, run in (("missing_lines", False), ("executed_lines", True)):
            if not file.has(name):
                raise file.refuse(f"the list {name!r} is required")
            lines.update(dict.fromkeys(_numbers(file, name), run))
    totals = report.object("totals")
    meta = report.optional_object("meta")
    version = None if meta is None else meta.optional_text("version")
    return CoverageReport(
        format=DocumentFormat.COVERAGE_PY_JSON,
        files=table.files,
        lines=table.lines(),
        declared_lines=_covered(totals, "covered_lines", "num_statements"),
        declared_branches=_covered(totals, "covered_branches", "num_branches")
        if totals.has("num_branches")
        else None,
        tools=(f"coverage.py {version}",) if version else (),
    )


def _numbers(file: Fields, name: str) -> Iterator[int]:
    for number in file.array(name):
        if type(number) is not int or number < 0:
            raise file.refuse(f"{name!r} must hold line numbers")
        yield number


def _covered(totals: Fields, covered: str, total: str) -> Covered:
    counts = [totals.values.get(name) for name in (covered, total)]
    numbers = [count for count in counts if type(count) is int]
    if len(numbers) != len(counts):
        raise totals.refuse(f"{covered!r} and {total!r} must be counts")
    return Covered(covered=numbers[0], total=numbers[1])


def _describe(document: Document) -> JsonObject:
    root = document.root or {}
    files, totals = root.get("files"), root.get("totals")
    counts = totals if isinstance(totals, dict) else {}
    return {
        "keys": list(sorted(root)[:_MAX_KEYS]),
        "files": len(files) if isinstance(files, dict) else 0,
        "totals": {name: counts[name] for name in _TOTALS if name in counts},
    }


READER: Final = Reader(
    format=DocumentFormat.COVERAGE_PY_JSON,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
