"""Clover XML, as OpenClover, PHPUnit and istanbul write it.

Follows ``clover.xsd`` of OpenClover. A conditional line counts as run when it was evaluated at all;
its two branches are counted where both counts are given.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable, count_in, instant_in, pair_in
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml

__all__ = ["READER", "CloverError"]

_SIGNS: Final = re.compile(rb"<coverage\s[^>]*\b(?:clover|generated)=|<(?:test)?project[\s>]")


class CloverError(CoverageError):
    """Bytes are not a Clover report."""

    code = "formats.clover"


def _recognises(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == "coverage" and bool(_SIGNS.search(document.start))


def _read(document: Document) -> CoverageReport:
    root = read_xml(document.data, what="Clover report", doctype=Doctype.EXTERNAL_ALLOWED)
    project = root.first("project")
    if root.tag != "coverage" or project is None:
        raise CloverError("expected the root element coverage with a project")
    table = LineTable()
    for path, file in _files(project):
        table.file(path)
        for line in file.all("line"):
            _count(path, line, table)
    metrics = project.first("metrics")
    version = root.attributes.get("clover")
    return CoverageReport(
        format=DocumentFormat.CLOVER,
        files=table.files,
        lines=table.lines(),
        branches=table.branches(),
        statements=_metric(metrics, "statements"),
        functions=_metric(metrics, "methods"),
        declared_branches=_metric(metrics, "conditionals"),
        tools=(f"Clover {version}",) if version else (),
        created=instant_in(root.attributes.get("generated") or project.attributes.get("timestamp")),
    )


def _files(project: XmlElement) -> Iterator[tuple[str, XmlElement]]:
    for element in project.walk():
        if element.tag == "file":
            yield element.attributes.get("path") or element.attributes.get("name", ""), element


def _count(path: str, line: XmlElement, table: LineTable) -> None:
    code = CloverError.code
    number = count_in(line.attributes.get("num"), "line@num", code=code)
    branches = [
        line.attributes[name] for name in ("truecount", "falsecount") if name in line.attributes
    ]
    outcomes = [count_in(text, "line@truecount", code=code) for text in branches]
    if line.attributes.get("type") == "cond" and outcomes:
        table.add_branches(path, number, sum(each > 0 for each in outcomes), len(outcomes))
    count = line.attributes.get("count")
    hits = sum(outcomes) if count is None and outcomes else count_in(count, "line@count", code=code)
    table.add(path, number, run=hits > 0)


def _metric(metrics: XmlElement | None, name: str) -> Covered | None:
    if metrics is None:
        return None
    return pair_in(
        metrics.attributes.get(f"covered{name}"),
        metrics.attributes.get(name),
        f"metrics@{name}",
        code=CloverError.code,
    )


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="Clover report", doctype=Doctype.PASSED_OVER)
    project = root.first("project")
    if project is None:
        raise CloverError("the report has no project")
    metrics = project.first("metrics")
    return {
        "files": sum(1 for _ in _files(project)),
        "metrics": {} if metrics is None else dict(metrics.attributes),
    }


READER: Final = Reader(
    format=DocumentFormat.CLOVER,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
