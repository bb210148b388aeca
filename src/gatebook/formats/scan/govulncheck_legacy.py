"""The JSON object of govulncheck before its version 1.

Two generations: a call graph with ``Vulns`` pointing into it (``CallSink``, ``ImportSink``,
``RequireSink``), and a plain ``Vulns`` with the modules and call stacks of each flaw.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, member, object_at, objects_in
from gatebook.formats.scan.document_fields import only_if_given, root_of
from gatebook.formats.scan.entries import whole
from gatebook.formats.scan.govulncheck import GovulncheckError, go_finding
from gatebook.formats.scan.report import ReportedFinding, ReportedPackage, ScanReport

__all__ = ["READER"]

_WHAT: Final = "govulncheck report"
_GRAPH: Final = ("Calls", "Imports", "Requires", "Modules")


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "Vulns" not in root:
        return False
    if any(isinstance(root.get(name), dict | list) for name in _GRAPH):
        return True
    return any("OSV" in each for each in objects_in(root, "Vulns"))


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, GovulncheckError)
    versions = _versions(root)
    grouped: dict[tuple[str, str], list[ReportedFinding]] = {}
    for vulnerability in root.objects("Vulns"):
        for finding in _findings(vulnerability, versions):
            name = finding.package.name if finding.package is not None else ""
            grouped.setdefault((finding.id, name), []).append(finding)
    # Nothing is written where there is none, so that an absent list is as good as an empty one.
    return ScanReport(
        format=DocumentFormat.GOVULNCHECK_LEGACY,
        scanners=("govulncheck",),
        findings=tuple(_called_first(found) for found in grouped.values()),
        incomplete=()
        if any(root.has(name) for name in _GRAPH) or grouped
        else ("no module was looked at",),
    )


def _called_first(found: list[ReportedFinding]) -> ReportedFinding:
    return max(found, key=lambda each: each.reachable is True)


def _versions(root: Fields) -> dict[str, str]:
    if isinstance(root.values.get("Modules"), dict):
        modules = root.object("Modules")
        every = [modules.object(name) for name in modules.values]
    else:
        every = list(root.objects("Modules"))
    graph = root.optional_object("Requires")
    required = graph.optional_object("Modules") if graph is not None else None
    if required is not None:
        every.extend(required.object(name) for name in required.values)
    versions = {}
    for module in every:
        version = module.optional_text("Version")
        if version:
            versions[module.text("Path")] = version
    return versions


def _findings(vulnerability: Fields, versions: Mapping[str, str]) -> Iterator[ReportedFinding]:
    entry = vulnerability.object("OSV")
    known_as = entry.text("id")
    if vulnerability.has("Modules"):
        for module in vulnerability.objects("Modules"):
            fixed = only_if_given(module.optional_text("FixedVersion"))
            packages = list(module.objects("Packages"))
            called = any(package.array("CallStacks") for package in packages)
            yield go_finding(
                known_as,
                entry,
                package=ReportedPackage(
                    name=module.text("Path"),
                    version=module.optional_text("FoundVersion") or None,
                    type="golang",
                ),
                reachable=called,
                fixed=fixed,
                locations=(),
                occurrences=max(1, len(packages)),
            )
        return
    path = vulnerability.optional_text("ModPath") or vulnerability.text("PkgPath")
    yield go_finding(
        known_as,
        entry,
        package=ReportedPackage(name=path, version=versions.get(path), type="golang"),
        reachable=bool(whole(vulnerability, "CallSink")),
        fixed=tuple(dict.fromkeys(_fixed(entry, path))),
        locations=(),
        occurrences=1,
    )


def _fixed(entry: Fields, path: str) -> Iterator[str]:
    for affected in entry.objects("affected"):
        package = affected.optional_object("package")
        if package is None or package.optional_text("name") != path:
            continue
        for versions in affected.objects("ranges"):
            for event in versions.objects("events"):
                if fixed := event.optional_text("fixed"):
                    yield fixed


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    return {
        "vulns": len(listed(root, "Vulns")),
        "modules": len(object_at(root, "Modules")) or len(listed(root, "Modules")),
        "unique_osv": len(
            {
                name
                for each in listed(root, "Vulns")
                if isinstance(name := member(each, "OSV", "id"), str)
            }
        ),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GOVULNCHECK_LEGACY,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
