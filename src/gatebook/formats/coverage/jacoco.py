"""JaCoCo XML: counters at every level, and the lines of every source file.

Follows ``report.dtd`` of JaCoCo, which every report names in a document type; that one is passed
over and never fetched.
"""

import re
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable, count_in, instant_in
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml

__all__ = ["READER", "JacocoError"]

_SIGNS: Final = re.compile(
    rb"//JACOCO//|<sessioninfo\s|<counter\s+type=|<(?:group|package)\s+name="
)


class JacocoError(CoverageError):
    """Bytes are not a JaCoCo report."""

    code = "formats.jacoco"


def _recognises(document: Document) -> bool:
    # Many tools write a root element of this name.
    root = document.xml_root
    return root is not None and root.local == "report" and bool(_SIGNS.search(document.start))


def _read(document: Document) -> CoverageReport:
    root = read_xml(document.data, what="JaCoCo report", doctype=Doctype.EXTERNAL_ALLOWED)
    if root.tag != "report":
        raise JacocoError(f"expected the root element report, found {root.tag[:40]!r}")
    table = LineTable()
    # The same package may be in several groups, as modules have it.
    pending = [("", root)]
    while pending:
        path, element = pending.pop()
        for child in element.children:
            name = child.attributes.get("name", "")
            if child.tag in {"group", "package"}:
                pending.append((f"{path}{name}/", child))
            elif child.tag == "sourcefile":
                _count(f"{path}{name}", child, table)
    counters = {
        kind: _covered(counter)
        for kind, counter in (
            (each.attributes.get("type", ""), each) for each in root.all("counter")
        )
    }
    sessions = [instant_in(each.attributes.get("dump")) for each in root.all("sessioninfo")]
    return CoverageReport(
        format=DocumentFormat.JACOCO,
        files=table.files,
        lines=table.lines(),
        branches=table.branches(),
        statements=counters.get("INSTRUCTION"),
        functions=counters.get("METHOD"),
        declared_lines=counters.get("LINE"),
        declared_branches=counters.get("BRANCH"),
        tools=("JaCoCo",),
        created=max(
            (each for each in sessions if each is not None),
            key=lambda instant: instant.unix_ms,
            default=None,
        ),
    )


def _count(path: str, source: XmlElement, table: LineTable) -> None:
    table.file(path)
    for line in source.all("line"):
        number = _number(line, "nr")
        run, missed = _number(line, "ci"), _number(line, "mi")
        if run or missed:
            table.add(path, number, run=run > 0)
        covered, not_covered = _number(line, "cb"), _number(line, "mb")
        if covered or not_covered:
            table.add_branches(path, number, covered, covered + not_covered)


def _number(line: XmlElement, name: str) -> int:
    # All but the line's own number may be left out (report.dtd: IMPLIED).
    text = line.attributes.get(name, None if name == "nr" else "0")
    return count_in(text, f"line@{name}", code=JacocoError.code)


def _covered(counter: XmlElement) -> Covered:
    code = JacocoError.code
    covered = count_in(counter.attributes.get("covered"), "counter@covered", code=code)
    missed = count_in(counter.attributes.get("missed"), "counter@missed", code=code)
    return Covered(covered=covered, total=covered + missed)


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="JaCoCo report", doctype=Doctype.PASSED_OVER)
    return {
        "counters_root": {
            counter.attributes.get("type", ""): [
                counter.attributes.get("missed"),
                counter.attributes.get("covered"),
            ]
            for counter in root.all("counter")
        }
    }


READER: Final = Reader(
    format=DocumentFormat.JACOCO,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
