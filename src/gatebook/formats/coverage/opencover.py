"""OpenCover XML, as OpenCover, coverlet and AltCover write it.

Follows OpenCover's ``CoverageSession`` model. Sequence points stand for statements; the lines they
begin on are the lines, so that files share them across modules.
"""

from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.coverage.line_table import LineTable, count_in, pair_in
from gatebook.formats.coverage.report import CoverageError, CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml

__all__ = ["READER", "OpenCoverError"]


class OpenCoverError(CoverageError):
    """Bytes are not an OpenCover report."""

    code = "formats.opencover"


def _recognises(document: Document) -> bool:
    root = document.xml_root
    return root is not None and root.local == "CoverageSession"


def _read(document: Document) -> CoverageReport:
    root = read_xml(document.data, what="OpenCover report")
    if root.tag != "CoverageSession":
        raise OpenCoverError(f"expected the root element CoverageSession, found {root.tag[:40]!r}")
    table = LineTable()
    for modules in root.all("Modules"):
        for module in modules.all("Module"):
            _count(module, table)
    summary = root.first("Summary")
    return CoverageReport(
        format=DocumentFormat.OPENCOVER,
        files=table.files,
        lines=table.lines(),
        statements=_total(summary, "visitedSequencePoints", "numSequencePoints"),
        functions=_total(summary, "visitedMethods", "numMethods"),
        declared_branches=_total(summary, "visitedBranchPoints", "numBranchPoints"),
    )


def _count(module: XmlElement, table: LineTable) -> None:
    code = OpenCoverError.code
    paths: dict[str, str] = {}
    for files in module.all("Files"):
        for file in files.all("File"):
            path = file.attributes.get("fullPath", "")
            paths[file.attributes.get("uid", "")] = path
            table.file(path)
    for method in (each for each in module.walk() if each.tag == "Method"):
        reference = method.first("FileRef")
        own = "" if reference is None else reference.attributes.get("uid", "")
        for points in method.all("SequencePoints"):
            for point in points.all("SequencePoint"):
                uid = point.attributes.get("fileid") or own
                if uid not in paths:
                    continue  # code that has no source
                line = count_in(point.attributes.get("sl"), "SequencePoint@sl", code=code)
                visits = count_in(point.attributes.get("vc"), "SequencePoint@vc", code=code)
                table.add(paths[uid], line, run=visits > 0)


def _total(summary: XmlElement | None, covered: str, total: str) -> Covered | None:
    if summary is None:
        return None
    return pair_in(
        summary.attributes.get(covered),
        summary.attributes.get(total),
        f"Summary@{total}",
        code=OpenCoverError.code,
    )


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="OpenCover report", doctype=Doctype.PASSED_OVER)
    summary = root.first("Summary")
    return {"summary": {} if summary is None else dict(summary.attributes)}


READER: Final = Reader(
    format=DocumentFormat.OPENCOVER,
    family=Family.COVERAGE,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
