"""OWASP Dependency-Check's report in XML, of any version of its schema.

Recognised by the root ``analysis`` in a namespace of Dependency-Check. Suppressed vulnerabilities
stand in the report as ``suppressedVulnerability``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.xml import Doctype, XmlElement, read_xml
from gatebook.formats.scan.counting import count_words
from gatebook.formats.scan.dependency_check import (
    DependencyCheckError,
    checked_finding,
    checked_package,
    database_of,
    failures,
)
from gatebook.formats.scan.document_fields import only_if_given
from gatebook.formats.scan.entries import assessment
from gatebook.formats.scan.report import Cvss, ReportedFinding, ReportedPackage, ScanReport
from gatebook.formats.scan.written_times import time_written

__all__ = ["READER"]

_MAX_SCORE: Final = 10.0
_RATINGS: Final = (
    ("cvssV4", "baseScore", "4.0"),
    ("cvssV3", "baseScore", "3.1"),
    ("cvssV2", "score", "2.0"),
)


def _recognises(document: Document) -> bool:
    root = document.xml_root
    if root is None or root.local != "analysis":
        return False
    namespace = root.namespace.lower().replace("-", "").replace("_", "")
    return "dependencycheck" in namespace


def _root(document: Document) -> XmlElement:
    return read_xml(document.data, what="Dependency-Check report")


def _counted_root(document: Document) -> XmlElement:
    # A document that is refused for its document type is counted as well.
    return read_xml(document.data, what="Dependency-Check report", doctype=Doctype.PASSED_OVER)


def _dependencies(root: XmlElement) -> list[XmlElement]:
    group = root.first("dependencies")
    return [] if group is None else list(group.all("dependency"))


def _read(document: Document) -> ScanReport:
    root = document.once(_root)
    if root.tag != "analysis" or root.first("dependencies") is None:
        raise DependencyCheckError("the report has no 'dependencies'")
    info = root.first("scanInfo") or XmlElement(root.name, {})
    project = root.first("projectInfo") or XmlElement(root.name, {})
    dependencies = _dependencies(root)
    version = info.text_of("engineVersion")
    exceptions = info.first("analysisExceptions")
    return ScanReport(
        format=DocumentFormat.DEPENDENCY_CHECK_XML,
        scanners=(f"Dependency-Check {version}" if version else "Dependency-Check",),
        database=database_of(
            (each.text_of("name") or "", each.text_of("timestamp"))
            for each in info.all("dataSource")
        ),
        created=time_written(project.text_of("reportDate")),
        target_names=only_if_given(project.text_of("name")),
        findings=tuple(finding for each in dependencies for finding in _findings(each)),
        incomplete=failures(
            [] if exceptions is None else [each.text_of("message") for each in exceptions.children],
            len(dependencies),
        ),
    )


def _findings(dependency: XmlElement) -> Iterator[ReportedFinding]:
    group = dependency.first("vulnerabilities")
    if group is None:
        return
    identifiers = dependency.first("identifiers")
    package = checked_package(
        dependency.text_of("fileName"),
        dependency.text_of("filePath"),
        [] if identifiers is None else [each.text_of("id") for each in identifiers.all("package")],
    )
    for item in group.children:
        if item.tag in {"vulnerability", "suppressedVulnerability"}:
            yield _finding(item, package, suppressed=item.tag == "suppressedVulnerability")


def _finding(
    item: XmlElement, package: ReportedPackage | None, *, suppressed: bool
) -> ReportedFinding:
    name = item.text_of("name")
    if not name:
        raise DependencyCheckError("a vulnerability has no name")
    return checked_finding(
        name=name,
        package=package,
        severity=item.text_of("severity"),
        source=item.attributes.get("source"),
        cvss=tuple(_assessments(item)),
        description=item.text_of("description"),
        known_exploited=item.first("knownExploitedVulnerability") is not None,
        suppressed=suppressed,
        notes=item.text_of("notes"),
    )


def _assessments(item: XmlElement) -> Iterator[Cvss]:
    for tag, score, version in _RATINGS:
        rating = item.first(tag)
        if rating is not None and (points := _points(rating.text_of(score))) is not None:
            found = assessment(rating.text_of("vectorString") or None, points, None)
            if found is not None:
                yield Cvss(
                    version=rating.text_of("version") or version, vector=found.vector, score=points
                )
    # Schemas before 2.0 have one score, of CVSS version 2.
    if (points := _points(item.text_of("cvssScore"))) is not None:
        yield Cvss(version="2.0", score=points)


def _points(text: str | None) -> float | None:
    # -1 stands for no score.
    if not text or text.startswith("-"):
        return None
    try:
        points = float(text)
    except ValueError:
        raise DependencyCheckError(f"{text[:40]!r} is not a score") from None
    if not 0 <= points <= _MAX_SCORE:
        raise DependencyCheckError(f"a score lies between 0 and 10, found {text[:40]}")
    return points


def _describe(document: Document) -> Mapping[str, Json]:
    dependencies = _dependencies(document.once(_counted_root))
    groups = [group for each in dependencies if (group := each.first("vulnerabilities"))]
    found = [item for group in groups for item in group.all("vulnerability")]
    return {
        "dependencies": len(dependencies),
        "vulnerabilities": len(found),
        "severity": count_words(item.text_of("severity") for item in found),
        "suppressed": sum(1 for group in groups for _ in group.all("suppressedVulnerability")),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.DEPENDENCY_CHECK_XML,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
