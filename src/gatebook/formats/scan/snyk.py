"""What ``snyk test``, ``snyk container test`` and ``snyk iac test`` write with ``--json``.

One project is an object, several (``--all-projects``) are an array of such objects. The CLI lists a
vulnerability once per dependency path; here it is one finding per identifier, package and version
that counts its paths. A project that could not be tested is an object with ``error``. Snyk Code
writes SARIF.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, distinct, listed, objects_in
from gatebook.formats.scan.entries import digest_in, summed_up, whole
from gatebook.formats.scan.report import ReportedFinding, ScanReport
from gatebook.formats.scan.snyk_findings import SnykError, merged, suppressed, vulnerability
from gatebook.formats.scan.snyk_iac import iac_issue

__all__ = ["ALL_PROJECTS_READER", "READER"]

_MARKS: Final = ("dependencyCount", "packageManager", "licensesPolicy", "severityMap")


def _is_project(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("infrastructureAsCodeIssues"), list):
        return True
    if isinstance(value.get("vulnerabilities"), list) and any(mark in value for mark in _MARKS):
        return True
    return _is_failure(value)


def _is_failure(value: JsonObject) -> bool:
    return value.get("ok") is False and isinstance(value.get("error"), str) and "path" in value


def _recognises(document: Document) -> bool:
    return _is_project(document.root)


def _recognises_list(document: Document) -> bool:
    items = document.items
    return bool(items) and all(_is_project(item) for item in items or ())


class _Collected:
    """What the projects of a report add up to."""

    def __init__(self) -> None:
        self.findings: list[ReportedFinding] = []
        self.digests: dict[Digest, None] = {}
        self.names: dict[str, None] = {}
        self.incomplete: list[str] = []
        self.notes: list[str] = []

    def add(self, project: Fields) -> None:
        name = _name_of(project)
        if name is not None:
            self.names[name] = None
            found = digest_in(project.optional_text("path")) or digest_in(name)
            if found is not None:
                self.digests[found] = None
        shown = name or "a project"
        error = summed_up(project.optional_text("error"))
        if error is not None:
            self.incomplete.append(f"{shown} was not tested: {error}")
            return
        if not project.has("vulnerabilities") and not project.has("infrastructureAsCodeIssues"):
            raise project.refuse(
                "neither 'vulnerabilities' nor 'infrastructureAsCodeIssues' is there"
            )
        if whole(project, "dependencyCount") == 0:
            self.incomplete.append(f"{shown} has no dependencies: nothing was tested")
        if project.values.get("hasUnknownVersions") is True:
            self.notes.append(f"{shown} has dependencies of unknown versions")
        self.findings.extend(merged(_findings(project)))
        for application in project.objects("applications"):
            self.add(application)

    def report(self, document_format: DocumentFormat) -> ScanReport:
        return ScanReport(
            format=document_format,
            scanners=("snyk",),
            targets=tuple(self.digests),
            target_names=tuple(self.names),
            findings=tuple(self.findings),
            incomplete=tuple(self.incomplete),
            notes=tuple(self.notes),
        )


def _name_of(project: Fields) -> str | None:
    name = project.optional_text("projectName")
    file = project.optional_text("displayTargetFile") or project.optional_text("targetFile")
    if name and file:
        return f"{name}:{file}"
    return name or file or project.optional_text("path") or None


def _findings(project: Fields) -> Iterator[ReportedFinding]:
    file = project.optional_text("displayTargetFile") or project.optional_text("targetFile")
    manager = project.optional_text("packageManager")
    for item in project.objects("vulnerabilities"):
        yield vulnerability(item, file, manager)
    filtered = project.optional_object("filtered")
    if filtered is not None:
        for name in ("ignore", "patch"):
            for item in filtered.objects(name):
                yield suppressed(vulnerability(item, file, manager), item, name)
    target = project.optional_text("targetFile") or file
    for item in project.objects("infrastructureAsCodeIssues"):
        yield iac_issue(item, target)


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise SnykError("the document is not a JSON object")
    collected = _Collected()
    collected.add(Fields(document.root, "Snyk report", SnykError.code))
    return collected.report(DocumentFormat.SNYK_JSON)


def _read_list(document: Document) -> ScanReport:
    if not document.items:
        raise SnykError("the report lists no project")
    collected = _Collected()
    for index, item in enumerate(document.items):
        collected.add(Fields.of(item, what=f"Snyk report[{index}]", code=SnykError.code))
    return collected.report(DocumentFormat.SNYK_ALL_PROJECTS)


def _issues(project: Json) -> list[JsonObject]:
    return [
        *objects_in(project, "vulnerabilities"),
        *objects_in(project, "infrastructureAsCodeIssues"),
    ]


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    issues = _issues(root)
    ok = root.get("ok")
    return {
        "findings": len(issues),
        "severity": count_words(item.get("severity") for item in issues),
        "unique_ids": distinct(item.get("id") for item in issues),
        "ok": ok if isinstance(ok, bool) else None,
        "applications": len(listed(root, "applications")),
        "ignored": len(listed(root, "filtered", "ignore")),
    }


def _describe_list(document: Document) -> Mapping[str, Json]:
    projects = document.items or []
    issues = [item for project in projects for item in _issues(project)]
    return {
        "projects": len(projects),
        "findings": len(issues),
        "severity": count_words(item.get("severity") for item in issues),
        "unique_ids": distinct(item.get("id") for item in issues),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.SNYK_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)

ALL_PROJECTS_READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.SNYK_ALL_PROJECTS,
    family=Family.SCAN,
    recognises=_recognises_list,
    read=_read_list,
    describe=_describe_list,
)
