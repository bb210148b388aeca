"""OWASP Dependency-Check's report in JSON, schema 1.0 and 1.1."""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.dependency_check import (
    DependencyCheckError,
    checked_finding,
    checked_package,
    database_of,
    failures,
)
from gatebook.formats.scan.document_fields import only_if_given, root_of
from gatebook.formats.scan.entries import assessment, line, score
from gatebook.formats.scan.report import Cvss, ReportedFinding, ReportedPackage, ScanReport
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER"]

_WHAT: Final = "Dependency-Check report"
_RATINGS: Final = (
    ("cvssv4", "baseScore", "4.0"),
    ("cvssv3", "baseScore", "3.1"),
    ("cvssv2", "score", "2.0"),
)


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and "reportSchema" in root
        and "scanInfo" in root
        and isinstance(root.get("dependencies"), list)
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, DependencyCheckError)
    info = root.object("scanInfo")
    project = root.optional_object("projectInfo") or Fields({}, "projectInfo", root.code)
    version = info.optional_text("engineVersion")
    if not root.has("dependencies"):
        raise root.refuse("'dependencies' is required")
    dependencies = list(root.objects("dependencies"))
    return ScanReport(
        format=DocumentFormat.DEPENDENCY_CHECK_JSON,
        scanners=(f"Dependency-Check {version}" if version else "Dependency-Check",),
        database=database_of(
            (each.text("name"), each.optional_text("timestamp"))
            for each in info.objects("dataSource")
        ),
        created=time_at(project, "reportDate"),
        target_names=only_if_given(project.optional_text("name")),
        findings=tuple(finding for each in dependencies for finding in _findings(each)),
        incomplete=failures(
            [_message(each) for each in info.objects("analysisExceptions")], len(dependencies)
        ),
    )


def _message(entry: Fields) -> str | None:
    exception = entry.optional_object("exception") or entry
    return line(exception, "message")


def _findings(dependency: Fields) -> Iterator[ReportedFinding]:
    package = checked_package(
        dependency.optional_text("fileName"),
        dependency.optional_text("filePath"),
        [each.optional_text("id") for each in dependency.objects("packages")],
    )
    for item in dependency.objects("vulnerabilities"):
        yield _finding(item, package, suppressed=False)
    for item in dependency.objects("suppressedVulnerabilities"):
        yield _finding(item, package, suppressed=True)


def _finding(item: Fields, package: ReportedPackage | None, *, suppressed: bool) -> ReportedFinding:
    return checked_finding(
        name=item.text("name"),
        package=package,
        severity=item.optional_text("severity"),
        source=item.optional_text("source"),
        cvss=tuple(_assessments(item)),
        description=line(item, "description"),
        known_exploited=item.optional_object("knownExploitedVulnerability") is not None,
        suppressed=suppressed,
        notes=line(item, "notes"),
    )


def _assessments(item: Fields) -> Iterator[Cvss]:
    for name, points, version in _RATINGS:
        rating = item.optional_object(name)
        if rating is None or rating.values.get(points) == -1:
            continue  # -1 stands for no score
        found = assessment(
            rating.optional_text("vectorString") or None, score(rating, points), None
        )
        if found is not None:
            yield Cvss(
                version=rating.optional_text("version") or version,
                vector=found.vector,
                score=found.score,
            )


def _describe(document: Document) -> Mapping[str, Json]:
    dependencies = listed(document.root, "dependencies")
    found = [item for each in dependencies for item in listed(each, "vulnerabilities")]
    return {
        "dependencies": len(dependencies),
        "vulnerabilities": len(found),
        "severity": count_words(member(item, "severity") for item in found),
        "suppressed": sum(len(listed(each, "suppressedVulnerabilities")) for each in dependencies),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.DEPENDENCY_CHECK_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
