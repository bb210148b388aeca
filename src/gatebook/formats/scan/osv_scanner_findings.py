"""The findings in one package of an OSV-Scanner report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import (
    cvss_version,
    flag,
    instant,
    line,
    names_of_flaw,
    score,
    strings,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    Severity,
)
from gatebook.formats.scan.severity import (
    highest,
    severity_of_score,
    severity_of_vector,
    severity_of_word,
)

__all__ = ["OsvScannerError", "generic_finding", "package_findings"]

_MALICIOUS: Final = "MAL-"
# github.com/google/osv-scalibr, inventory.SeverityEnum.
_GENERIC_SEVERITIES: Final[Mapping[object, str]] = {
    1: "minimal",
    2: "low",
    3: "medium",
    4: "high",
    5: "critical",
}


class OsvScannerError(ScanError):
    """A document is not the report of OSV-Scanner that it seems to be."""

    code = "formats.osv-scanner"


def package_findings(entry: Fields, path: str | None) -> Iterator[ReportedFinding]:
    """The findings of an entry of ``packages``, found in the file at ``path``.

    Raises:
        OsvScannerError: a field is absent or of another type than OSV-Scanner writes.

    """
    package = _package(entry.object("package"), path)
    records = {record.text("id"): record for record in entry.objects("vulnerabilities")}
    grouped: set[str] = set()
    for group in entry.objects("groups"):
        names = strings(group, "ids")
        if not names:
            raise group.refuse("'ids' names no vulnerability")
        grouped.update(names)
        members = [records[name] for name in names if name in records]
        yield _finding(names, members, package, group)
    for name, record in records.items():
        if name not in grouped:
            yield _finding((name,), [record], package, None)
    for name in strings(entry, "license_violations"):
        yield ReportedFinding(
            id=name,
            kind=FindingKind.LICENSE,
            package=package,
            title=f"licence {name} is not on the list of allowed ones",
        )


def generic_finding(item: Fields) -> ReportedFinding:
    """A finding of a detector that is about no package, such as a weak credential.

    Raises:
        OsvScannerError: a field is absent or of another type than OSV-Scanner writes.

    """
    advisory = item.object("Adv")
    identity = advisory.object("ID")
    number = advisory.values.get("Sev")
    severity = _GENERIC_SEVERITIES.get(number) if isinstance(number, int) else None
    return ReportedFinding(
        id=identity.text("Reference"),
        kind=FindingKind.MISCONFIGURATION,
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source=identity.optional_text("Publisher"),
        title=line(advisory, "Title"),
    )


def _package(package: Fields, path: str | None) -> ReportedPackage:
    return ReportedPackage(
        name=package.optional_text("name") or "",
        # A git checkout is known by its commit instead.
        version=package.optional_text("version") or package.optional_text("commit") or None,
        type=package.optional_text("ecosystem") or None,
        location=path,
    )


def _finding(
    names: Sequence[str],
    records: Sequence[Fields],
    package: ReportedPackage,
    group: Fields | None,
) -> ReportedFinding:
    known_as = names[0]
    others = [*names[1:], *(name for record in records for name in strings(record, "aliases"))]
    if group is not None:
        others.extend(strings(group, "aliases"))
    aliases, covers = names_of_flaw(known_as, others)
    cvss = tuple(_assessments(records))
    severity, written, source = _severity(records, cvss, group)
    fix, fixed_versions = _fix(records, package)
    malicious = any(name.startswith(_MALICIOUS) for name in names)
    first = records[0] if records else None
    published = [when for record in records if (when := instant(record, "published")) is not None]
    return ReportedFinding(
        id=known_as,
        kind=FindingKind.MALWARE if malicious else FindingKind.VULNERABILITY,
        aliases=aliases,
        covers=covers,
        package=package,
        severity=severity,
        severity_written=written,
        severity_source=source,
        cvss=cvss,
        fix=fix,
        fixed_versions=fixed_versions,
        reachable=_called(group) if group is not None else None,
        title=(line(first, "summary") or line(first, "details")) if first is not None else None,
        published=min(published, default=None),
    )


def _assessments(records: Iterable[Fields]) -> Iterator[Cvss]:
    for record in records:
        for entry in record.objects("severity"):
            vector = entry.optional_text("score")
            if vector and (entry.optional_text("type") or "").startswith("CVSS"):
                yield Cvss(version=cvss_version(vector), vector=vector, source=record.text("id"))


def _severity(
    records: Sequence[Fields], cvss: Sequence[Cvss], group: Fields | None
) -> tuple[Severity, str | None, str | None]:
    """Choose: Debian's "unimportant", the group's score, else the worst word, else the vectors."""
    if group is not None:
        if _unimportant(group):
            return Severity.NEGLIGIBLE, "unimportant", "debian"
        base = score(group, "max_severity")
        if base is not None:
            return severity_of_score(base), str(group.values["max_severity"]), "osv-scanner"
    words = [
        word
        for record in records
        if (specific := record.optional_object("database_specific")) is not None
        and isinstance(word := specific.values.get("severity"), str)
    ]
    worst = max(words, key=lambda word: severity_of_word(word).rank, default=None)
    if severity_of_word(worst) is not Severity.UNKNOWN:
        return severity_of_word(worst), worst, "osv"
    computed = highest(severity_of_vector(each.vector) for each in cvss)
    return computed, worst, "cvss" if computed is not Severity.UNKNOWN else None


def _analyses(group: Fields) -> list[Fields]:
    # `experimentalAnalysis` until version 2.
    for name in ("experimental_analysis", "experimentalAnalysis"):
        found = group.optional_object(name)
        if found is not None:
            return [found.object(each) for each in sorted(found.values)]
    return []


def _called(group: Fields) -> bool | None:
    said = [flag(each, "called") for each in _analyses(group)]
    if any(each is True for each in said):
        return True
    return False if said and all(each is False for each in said) else None


def _unimportant(group: Fields) -> bool:
    return any(flag(each, "unimportant") is True for each in _analyses(group))


def _fix(records: Iterable[Fields], package: ReportedPackage) -> tuple[FixState, tuple[str, ...]]:
    fixed: dict[str, None] = {}
    named = False
    for record in records:
        for affected in record.objects("affected"):
            about = affected.optional_object("package")
            if about is None or about.optional_text("name") != package.name:
                continue
            for each in affected.objects("ranges"):
                if each.optional_text("type") == "GIT":
                    continue
                named = True
                for event in each.objects("events"):
                    version = event.optional_text("fixed")
                    if version:
                        fixed[version] = None
    if fixed:
        return FixState.FIXED, tuple(fixed)
    return (FixState.NOT_FIXED if named else FixState.UNKNOWN), ()
