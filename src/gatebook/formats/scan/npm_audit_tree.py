"""``npm audit`` since npm 7: what is vulnerable, by package, with the reasons in ``via``.

Source: npm/npm-audit-report 2 and later, @npmcli/arborist ``AuditReport.toJSON``. An entry whose
``via`` only names other packages repeats their findings for whoever depends on them; it becomes no
finding of its own unless the package it names is missing. ``fixAvailable.version`` is the version
of the direct dependency to move to, not one of the vulnerable package.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import member, object_at
from gatebook.formats.scan.document_fields import once_each, root_of
from gatebook.formats.scan.entries import assessment, line, names_of_flaw, score, strings, whole
from gatebook.formats.scan.npm_advisory import NpmAuditError, advisory_name
from gatebook.formats.scan.report import (
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["READER"]

_WHAT: Final = "npm audit report"
_VERSIONS: Final = (2, 3)


def _is_failure(root: Mapping[str, Json]) -> bool:
    # {"error": {"code", "summary", "detail"}}, in npm 7 and later with "message" beside it.
    error = root.get("error")
    return (
        isinstance(error, dict)
        and ("summary" in error or "detail" in error)
        and root.keys() <= {"error", "message", "method", "uri", "headers", "statusCode", "body"}
    )


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and ("auditReportVersion" in root or _is_failure(root))


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, NpmAuditError)
    if not root.has("auditReportVersion"):
        error = root.object("error")
        reason = line(error, "summary") or line(error, "detail") or error.optional_text("code")
        raise NpmAuditError(
            f"npm could not audit: {reason or 'it does not say why'}",
            code="formats.npm-audit-failed",
        )
    if whole(root, "auditReportVersion") not in _VERSIONS:
        raise NpmAuditError(
            f"audit report version {str(root.values['auditReportVersion'])[:20]} is not read",
            code="formats.npm-audit-version",
        )
    packages = root.object("vulnerabilities")
    findings = tuple(
        finding
        for name in packages.values
        for finding in _findings(packages, packages.object(name))
    )
    metadata = root.optional_object("metadata") or Fields({}, "metadata", root.code)
    counts = metadata.optional_object("dependencies")
    total = whole(counts, "total") if counts is not None else None
    return ScanReport(
        format=DocumentFormat.NPM_AUDIT_V2,
        scanners=("npm audit",),
        findings=findings,
        incomplete=("no dependency was looked at",) if total == 0 and not findings else (),
        notes=tuple(_notes(metadata, packages)),
    )


def _notes(metadata: Fields, packages: Fields) -> Iterator[str]:
    counts = metadata.optional_object("vulnerabilities")
    total = whole(counts, "total") if counts is not None else None
    if total is not None and total != len(packages.values):
        yield f"{total} packages are counted and {len(packages.values)} are listed"


def _findings(packages: Fields, package: Fields) -> Iterator[ReportedFinding]:
    name = package.text("name")
    nodes = strings(package, "nodes")
    fix = _fix(package)
    for index, cause in enumerate(package.array("via")):
        if isinstance(cause, str):
            if cause in packages.values:
                continue
            written = package.optional_text("severity") or None
            yield ReportedFinding(
                id=cause,
                package=_installed(name, nodes),
                severity=severity_of_word(written),
                severity_written=written,
                severity_source="npm",
                fix=fix,
                title=f"{name} depends on vulnerable versions of {cause}",
                locations=nodes,
                occurrences=max(1, len(nodes)),
            )
            continue
        advisory = Fields.of(cause, what=f"{package.what}.via[{index}]", code=package.code)
        yield _finding(
            advisory, _installed(advisory.optional_text("name") or name, nodes), nodes, fix
        )


def _installed(name: str, nodes: tuple[str, ...]) -> ReportedPackage:
    return ReportedPackage(name=name, type="npm", location=nodes[0] if nodes else None)


def _finding(
    advisory: Fields, package: ReportedPackage, nodes: tuple[str, ...], fix: FixState
) -> ReportedFinding:
    known_as, names = advisory_name(advisory)
    aliases, covers = names_of_flaw(known_as, names)
    written = advisory.optional_text("severity") or None
    rating = advisory.optional_object("cvss")
    vector = rating.optional_text("vectorString") if rating is not None else None
    # Without a vector npm writes the score 0.
    points = score(rating, "score") if rating is not None and vector else None
    found = assessment(vector, points, "ghsa")
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=package,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source="npm",
        cvss=(found,) if found is not None else (),
        fix=fix,
        title=line(advisory, "title"),
        url=advisory.optional_text("url") or None,
        locations=once_each(nodes),
        occurrences=max(1, len(nodes)),
    )


def _fix(package: Fields) -> FixState:
    available = package.values.get("fixAvailable")
    if available is None:
        return FixState.UNKNOWN
    if isinstance(available, dict):
        return FixState.FIXED
    if not isinstance(available, bool):
        raise package.refuse("'fixAvailable' must be an object, true or false")
    return FixState.FIXED if available else FixState.NOT_FIXED


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    if "auditReportVersion" not in root:
        return {"keys": [*sorted(root)[:8]]}
    return {
        "packages": len(object_at(root, "vulnerabilities")),
        "metadata": member(root, "metadata", "vulnerabilities"),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.NPM_AUDIT_V2,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
