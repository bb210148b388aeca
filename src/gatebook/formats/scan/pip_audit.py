"""``pip-audit``: the object of version 2 and later, and the bare list of version 1.

Source: pypa/pip-audit, ``_format/json.py``. A dependency that was skipped was not audited, and the
report is incomplete by it. Severities are not given.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed
from gatebook.formats.scan.document_fields import fix_of, root_items, root_of
from gatebook.formats.scan.entries import line, names_of_flaw, strings, summed_up
from gatebook.formats.scan.report import ReportedFinding, ReportedPackage, ScanError, ScanReport

__all__ = ["LIST_READER", "READER", "PipAuditError"]

_WHAT: Final = "pip-audit report"


class PipAuditError(ScanError):
    """A document is not the report of pip-audit that it seems to be."""

    code = "formats.pip-audit"


def _is_dependency(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and "name" in value
        and ("skip_reason" in value or ("vulns" in value and "version" in value))
    )


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("dependencies"), list):
        return False
    found = listed(root, "dependencies")
    return _is_dependency(found[0]) if found else root.keys() == {"dependencies", "fixes"}


def _recognises_list(document: Document) -> bool:
    return bool(document.items) and _is_dependency((document.items or [None])[0])


def _report(form: DocumentFormat, dependencies: list[Fields]) -> ScanReport:
    incomplete = [
        f"{each.text('name')} was skipped: {summed_up(each.text('skip_reason'))}"
        for each in dependencies
        if each.has("skip_reason")
    ]
    if not dependencies:
        incomplete.append("no dependency was looked at")
    return ScanReport(
        format=form,
        scanners=("pip-audit",),
        findings=tuple(finding for each in dependencies for finding in _findings(each)),
        incomplete=tuple(incomplete),
    )


def _findings(dependency: Fields) -> Iterator[ReportedFinding]:
    name = dependency.text("name")
    if dependency.has("skip_reason"):
        return
    package = ReportedPackage(name=name, version=dependency.text("version"), type="pypi")
    if not dependency.has("vulns"):
        raise dependency.refuse("'vulns' is required, as [] when nothing was found")
    for item in dependency.objects("vulns"):
        known_as = item.text("id")
        aliases, covers = names_of_flaw(known_as, strings(item, "aliases"))
        fixed = strings(item, "fix_versions")
        yield ReportedFinding(
            id=known_as,
            aliases=aliases,
            covers=covers,
            package=package,
            fix=fix_of(fixed),
            fixed_versions=fixed,
            title=line(item, "description"),
        )


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, PipAuditError)
    if not root.has("dependencies"):
        raise root.refuse("'dependencies' is required")
    return _report(DocumentFormat.PIP_AUDIT, list(root.objects("dependencies")))


def _read_list(document: Document) -> ScanReport:
    return _report(
        DocumentFormat.PIP_AUDIT_LEGACY_LIST, list(root_items(document, _WHAT, PipAuditError))
    )


def _count(dependencies: list[Json]) -> dict[str, Json]:
    return {
        "dependencies": len(dependencies),
        "vulns": sum(len(listed(each, "vulns")) for each in dependencies),
    }


def _describe(document: Document) -> Mapping[str, Json]:
    return _count(listed(document.root, "dependencies"))


def _describe_list(document: Document) -> Mapping[str, Json]:
    return _count(document.items or [])


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.PIP_AUDIT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
LIST_READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.PIP_AUDIT_LEGACY_LIST,
    family=Family.SCAN,
    recognises=_recognises_list,
    read=_read_list,
    describe=_describe_list,
)
