"""SonarQube's generic coverage: the lines of each file, and their branches.

Follows *Generic test data* of SonarQube's documentation, version 1 of the format.
"""

import re
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable, count_in
from gatebook.formats.coverage.report import CoverageError, CoverageReport
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml

__all__ = ["READER", "SonarCoverageError"]

_SIGNS: Final = re.compile(rb"""<coverage\s+version\s*=\s*["']1["']\s*/?>|<lineToCover[\s/>]""")


class SonarCoverageError(CoverageError):
    """Bytes are not SonarQube's generic coverage."""

    code = "formats.sonar-coverage"


def _recognises(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == "coverage" and bool(_SIGNS.search(document.start))


def _read(document: Document) -> CoverageReport:
    root = read_xml(document.data, what="generic coverage")
    version = root.attributes.get("version")
    if root.tag != "coverage" or version != "1":
        raise SonarCoverageError(f"expected coverage of version 1, found {str(version)[:40]!r}")
    table = LineTable()
    for file in root.all("file"):
        path = file.attributes.get("path")
        if not path:
            raise SonarCoverageError("a file has no path")
        table.file(path)
        for line in file.all("lineToCover"):
            _count(path, line, table)
    return CoverageReport(
        format=DocumentFormat.SONAR_GENERIC_COVERAGE,
        files=table.files,
        lines=table.lines(),
        branches=table.branches(),
    )


def _count(path: str, line: XmlElement, table: LineTable) -> None:
    code = SonarCoverageError.code
    number = count_in(line.attributes.get("lineNumber"), "lineNumber", code=code)
    covered = line.attributes.get("covered", "").strip().lower()
    if covered not in {"true", "false"}:
        raise SonarCoverageError(f"'covered' must be true or false, found {covered[:40]!r}")
    table.add(path, number, run=covered == "true")
    total = line.attributes.get("branchesToCover")
    if total is not None:
        run = count_in(line.attributes.get("coveredBranches", "0"), "coveredBranches", code=code)
        table.add_branches(path, number, run, count_in(total, "branchesToCover", code=code))


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="generic coverage", doctype=Doctype.PASSED_OVER)
    return {"files": sum(1 for _ in root.all("file"))}


READER: Final = Reader(
    format=DocumentFormat.SONAR_GENERIC_COVERAGE,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
