"""xUnit.net's XML, versions 1 to 3: ``assemblies`` with an ``assembly`` each, or one assembly.

Follows *xUnit.net v2+ XML format* of its documentation; version 1 has ``class`` where later ones
have ``collection``, and the same ``test`` elements inside.
"""

from collections import Counter
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml
from gatebook.formats.test_reports.report import (
    DeclaredTotals,
    Outcome,
    TestReport,
    TestReportError,
)
from gatebook.formats.test_reports.tally import Tally, count_of

__all__ = ["READER", "XunitError"]

# A result that is not known did not pass.
_OUTCOMES: Final = {
    "pass": Outcome.PASSED,
    "fail": Outcome.FAILED,
    "skip": Outcome.SKIPPED,
    "notrun": Outcome.SKIPPED,
}
_SIGNS: Final = (b"test-framework", b"<collection", b"run-date", b"environment=")


class XunitError(TestReportError):
    """Bytes are not an xUnit.net report."""

    code = "formats.xunit"


def _recognises(document: Document) -> bool:
    root = document.xml_root
    if root is None or root.namespace:
        return False
    if root.local == "assemblies":
        return True
    # Others write an assembly without a namespace too: Maven's descriptors, .NET's manifests.
    return root.local == "assembly" and any(sign in document.start for sign in _SIGNS)


def _read(document: Document) -> TestReport:
    root = read_xml(document.data, what="xUnit.net report")
    if root.tag not in {"assemblies", "assembly"}:
        raise XunitError(
            f"expected the root element assemblies or assembly, found {root.tag[:40]!r}"
        )
    tally = Tally(DocumentFormat.XUNIT2)
    assemblies = [root] if root.tag == "assembly" else list(root.all("assembly"))
    for assembly in assemblies:
        _count(assembly, tally)
    tally.started(root.attributes.get("start-rtf"))
    tally.declared = _declared(assemblies)
    return tally.report()


def _count(assembly: XmlElement, tally: Tally) -> None:
    name = assembly.attributes.get("name", "")
    tally.tool(assembly.attributes.get("test-framework"))
    tally.started(assembly.attributes.get("start-rtf"))
    before = tally.failures
    for element in assembly.walk():
        if element.tag in {"collection", "class"}:
            tally.suites += 1
        elif element.tag == "test":
            outcome = _OUTCOMES.get(
                element.attributes.get("result", "").strip().lower(), Outcome.ERROR
            )
            tally.case(outcome, element.attributes.get("name", ""))
            tally.add_seconds(element.attributes.get("time"))
    for errors in assembly.all("errors"):
        for error in errors.all("error"):
            tally.outside(error.attributes.get("name") or name or "an assembly")
    claimed = sum(count_of(assembly.attributes.get(each)) or 0 for each in ("failed", "errors"))
    tally.claimed_failures += claimed
    if claimed > tally.failures - before:
        tally.note(
            f"{name[:80]} claims {claimed} failures and errors, "
            f"{tally.failures - before} were found"
        )


def _declared(assemblies: list[XmlElement]) -> DeclaredTotals | None:
    def total(name: str) -> int | None:
        counts = [count_of(assembly.attributes.get(name)) for assembly in assemblies]
        known = [count for count in counts if count is not None]
        return sum(known) if known and len(known) == len(counts) else None

    # Errors are outside any test, so the number of failed tests is complete.
    return DeclaredTotals(total=total("total"), failed=total("failed")) if assemblies else None


def _describe(document: Document) -> JsonObject:
    root = read_xml(document.data, what="xUnit.net report", doctype=Doctype.PASSED_OVER)
    tests = [each for each in root.walk() if each.tag == "test"]
    results = Counter(each.attributes.get("result", "unknown").lower() for each in tests)
    return {"results": dict(results), "testcases": len(tests)}


READER: Final = Reader(
    format=DocumentFormat.XUNIT2,
    family=Family.TESTS,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
