"""``npm audit`` up to npm 6, and pnpm and Yarn 2 and 3, which write the same.

Recognised by ``advisories``. Source: npm's audit API of version 6 (npm/npm-audit-report 1). A run
that failed writes ``{"error": …}``; it is refused with npm's reason.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import member, object_at
from gatebook.formats.scan.document_fields import fix_of, rated, root_of
from gatebook.formats.scan.entries import (
    assessment,
    line,
    names_of_flaw,
    score,
    strings,
    whole,
)
from gatebook.formats.scan.npm_advisory import NpmAuditError, advisory_name
from gatebook.formats.scan.report import ReportedFinding, ReportedPackage, ScanReport
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "findings_of_advisory"]

_WHAT: Final = "npm audit report"
_NEVER_PATCHED: Final = "<0.0.0"


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and isinstance(root.get("advisories"), dict)
        and any(name in root for name in ("metadata", "actions", "muted"))
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, NpmAuditError)
    advisories = root.object("advisories")
    metadata = root.optional_object("metadata") or Fields({}, "metadata", root.code)
    muted = len(root.array("muted"))
    return ScanReport(
        format=DocumentFormat.NPM_AUDIT_V1,
        scanners=("npm audit",),
        findings=tuple(
            finding
            for name in advisories.values
            for finding in findings_of_advisory(advisories.object(name))
        ),
        incomplete=("no dependency was looked at",)
        if metadata.has("totalDependencies") and not whole(metadata, "totalDependencies")
        else (),
        notes=(f"{muted} findings are muted and not listed",) if muted else (),
    )


def findings_of_advisory(advisory: Fields) -> Iterator[ReportedFinding]:
    """Read an advisory: one finding for each version of the package that is installed.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    known_as, names = advisory_name(advisory)
    aliases, covers = names_of_flaw(known_as, [*names, *strings(advisory, "cves")])
    written = advisory.optional_text("severity") or None
    patched = advisory.optional_text("patched_versions") or ""
    fixed = (patched,) if patched and patched.replace(" ", "") != _NEVER_PATCHED else ()
    rating = advisory.optional_object("cvss")
    vector = rating.optional_text("vectorString") if rating is not None else None
    points = score(rating, "score") if rating is not None and vector else None
    found = rated(vector, "ghsa") if points is None else assessment(vector, points, "ghsa")
    installed: dict[str | None, list[str]] = {}
    for each in advisory.objects("findings"):
        version = each.optional_text("version") or None
        installed.setdefault(version, []).extend(strings(each, "paths"))
    for version, paths in (installed or {None: []}).items():
        yield ReportedFinding(
            id=known_as,
            aliases=aliases,
            covers=covers,
            package=ReportedPackage(
                name=advisory.text("module_name"),
                version=version,
                type="npm",
                location=paths[0] if paths else None,
            ),
            severity=severity_of_word(written),
            severity_written=written,
            severity_source="npm",
            cvss=(found,) if found is not None else (),
            fix=fix_of(fixed),
            fixed_versions=fixed,
            title=line(advisory, "title"),
            url=advisory.optional_text("url") or None,
            published=time_at(advisory, "created"),
            occurrences=max(1, len(paths)),
        )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    return {
        "advisories": len(object_at(root, "advisories")),
        "metadata": member(root, "metadata", "vulnerabilities"),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.NPM_AUDIT_V1,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
