"""``cargo audit --json``: vulnerabilities, and warnings about crates that are no vulnerabilities.

Source: rustsec/rustsec, ``report.rs``, ``warning.rs``. A severity is not written: it is that of the
CVSS vector. Warnings of unsound crates are flaws; those of unmaintained, yanked or noted ones are
kept as findings of negligible severity. What was ignored is not in the report and is noted.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, member, object_at
from gatebook.formats.scan.document_fields import rated, root_of, severity_of_cvss
from gatebook.formats.scan.entries import flag, line, names_of_flaw, strings, whole
from gatebook.formats.scan.report import (
    FindingKind,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScannerDatabase,
    ScanReport,
    Severity,
)
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "CargoAuditError"]

_WHAT: Final = "cargo-audit report"
_UNSOUND: Final = "unsound"


class CargoAuditError(ScanError):
    """A document is not the report of cargo-audit that it seems to be."""

    code = "formats.cargo-audit"


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and isinstance(root.get("lockfile"), dict)
        and isinstance(root.get("vulnerabilities"), dict)
        and "dependency-count" in object_at(root, "lockfile")
    )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, CargoAuditError)
    found = root.object("vulnerabilities")
    if not found.has("list"):
        raise found.refuse("'list' is required, as [] when nothing was found")
    database = root.optional_object("database")
    vulnerabilities = [_finding(each, None) for each in found.objects("list")]
    return ScanReport(
        format=DocumentFormat.CARGO_AUDIT,
        scanners=("cargo-audit",),
        database=None
        if database is None
        else ScannerDatabase(
            version=database.optional_text("last-commit") or None,
            built=time_at(database, "last-updated"),
        ),
        findings=(*vulnerabilities, *_warnings(root)),
        incomplete=tuple(_doubts(root, found, len(vulnerabilities))),
        notes=tuple(_notes(root)),
    )


def _doubts(root: Fields, found: Fields, listed_entries: int) -> Iterator[str]:
    if not whole(root.object("lockfile"), "dependency-count"):
        yield "no dependency was looked at"
    count = whole(found, "count")
    if count is not None and count > listed_entries:
        yield f"{count} vulnerabilities are counted and {listed_entries} are listed"
    if flag(found, "found") and not listed_entries:
        yield "vulnerabilities were found and none is listed"


def _notes(root: Fields) -> Iterator[str]:
    settings = root.optional_object("settings")
    if settings is None:
        return
    ignored = strings(settings, "ignore")
    if ignored:
        yield f"ignored and not listed: {', '.join(ignored[:20])}"
    for name in ("severity", "target_arch", "target_os"):
        value = settings.values.get(name)
        if value:
            yield f"only what matches {name} {str(value)[:100]} is listed"


def _warnings(root: Fields) -> Iterator[ReportedFinding]:
    # A list until cargo-audit 0.12, then a map from the kind to a list.
    if isinstance(root.values.get("warnings"), list):
        for item in root.objects("warnings"):
            yield _finding(item, item.text("kind"))
        return
    warnings = root.optional_object("warnings")
    if warnings is not None:
        for kind in warnings.values:
            for item in warnings.objects(kind):
                yield _finding(item, kind)


def _finding(item: Fields, warning: str | None) -> ReportedFinding:
    package = item.object("package")
    advisory = item.optional_object("advisory")
    if advisory is None and warning is None:
        raise item.refuse("'advisory' is required")
    name, version = package.text("name"), package.text("version")
    known_as = advisory.text("id") if advisory is not None else f"{warning}:{name}"
    vector = advisory.optional_text("cvss") if advisory is not None else None
    assessed = rated(vector, "rustsec")
    cvss = (assessed,) if assessed is not None else ()
    severity = severity_of_cvss(cvss)
    if warning not in {None, _UNSOUND} and severity is Severity.UNKNOWN:
        severity = Severity.NEGLIGIBLE
    aliases, covers = names_of_flaw(
        known_as, strings(advisory, "aliases") if advisory is not None else ()
    )
    versions = item.optional_object("versions")
    patched = strings(versions, "patched") if versions is not None else ()
    fix = FixState.UNKNOWN
    if versions is not None:
        fix = FixState.FIXED if patched else FixState.NOT_FIXED
    return ReportedFinding(
        id=known_as,
        kind=FindingKind.VULNERABILITY
        if warning in {None, _UNSOUND}
        else FindingKind.MISCONFIGURATION,
        aliases=aliases,
        covers=covers,
        package=ReportedPackage(name=name, version=version, type="cargo"),
        severity=severity,
        severity_written=warning,
        severity_source="rustsec" if cvss else None,
        cvss=cvss,
        fix=fix,
        fixed_versions=patched,
        title=line(advisory, "title") if advisory is not None else f"{name} {version} is {warning}",
        url=advisory.optional_text("url") or None if advisory is not None else None,
        published=time_at(advisory, "date") if advisory is not None else None,
    )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    warnings = member(root, "warnings")
    entries = warnings if isinstance(warnings, list) else []
    if isinstance(warnings, dict):
        entries = [each for kind in warnings for each in listed(warnings, kind)]
    return {
        "vulnerabilities": len(listed(root, "vulnerabilities", "list")),
        "warnings": len(entries),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CARGO_AUDIT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
