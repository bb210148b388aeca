"""Cobertura XML, as Cobertura, coverage.py, gcovr, coverlet and many others write it.

Follows ``coverage-04.dtd`` of Cobertura, which its writers name in a document type; that one is
passed over and never fetched. Classes that share a file share its lines.
"""

import re
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import (
    LineTable,
    count_in,
    instant_in,
    pair_in,
    rate_in,
)
from gatebook.formats.coverage.report import CoverageError, CoverageReport
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml

__all__ = ["READER", "CoberturaError"]

_SIGNS: Final = re.compile(
    rb"line-rate=|branch-rate=|lines-valid=|<packages[\s/>]|coverage-0\d\.dtd"
)
_CONDITIONS: Final = re.compile(r"\s*[0-9.,]+\s*%\s*\(([0-9]{1,9})/([0-9]{1,9})\)\s*\Z", re.ASCII)


class CoberturaError(CoverageError):
    """Bytes are not a Cobertura report."""

    code = "formats.cobertura"


def _recognises(document: Document) -> bool:
    # Clover's and SonarQube's reports have the same root.
    root = document.xml_root
    return root is not None and root.local == "coverage" and bool(_SIGNS.search(document.start))


def _read(document: Document) -> CoverageReport:
    root = read_xml(document.data, what="Cobertura report", doctype=Doctype.EXTERNAL_ALLOWED)
    if root.tag != "coverage":
        raise CoberturaError(f"expected the root element coverage, found {root.tag[:40]!r}")
    table = LineTable()
    for element in root.walk():
        if element.tag == "class":
            _count(element, table)
    written = root.attributes
    code = CoberturaError.code
    return CoverageReport(
        format=DocumentFormat.COBERTURA,
        files=table.files,
        lines=table.lines(),
        branches=table.branches(),
        declared_lines=pair_in(
            written.get("lines-covered"), written.get("lines-valid"), "lines-valid", code=code
        ),
        declared_branches=pair_in(
            written.get("branches-covered"),
            written.get("branches-valid"),
            "branches-valid",
            code=code,
        ),
        declared_line_rate=rate_in(written.get("line-rate"), "line-rate", code=code),
        declared_branch_rate=rate_in(written.get("branch-rate"), "branch-rate", code=code),
        created=instant_in(written.get("timestamp")),
    )


def _count(element: XmlElement, table: LineTable) -> None:
    # A class without a file is its own.
    path = element.attributes.get("filename") or element.attributes.get("name", "")
    table.file(path)
    for line in element.walk():
        if line.tag != "line":
            continue
        number = count_in(line.attributes.get("number"), "line number", code=CoberturaError.code)
        hits = count_in(line.attributes.get("hits"), "hits", code=CoberturaError.code)
        table.add(path, number, run=hits > 0)
        conditions = _CONDITIONS.match(line.attributes.get("condition-coverage", ""))
        if conditions is not None:
            table.add_branches(path, number, int(conditions[1]), int(conditions[2]))


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="Cobertura report", doctype=Doctype.PASSED_OVER)
    names = ("branch-rate", "line-rate", "lines-covered", "lines-valid")
    return {name.replace("-", "_"): root.attributes.get(name) for name in names}


READER: Final = Reader(
    format=DocumentFormat.COBERTURA,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
