"""One finding in the AWS Security Finding Format, divided into one for each flaw and package.

Source: AWS Security Hub, ASFF ``Vulnerabilities``, ``Severity``, ``RecordState``, ``Workflow``,
``Compliance``. Trivy's template puts what it knows of a package into ``Details.Other`` instead.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gatebook.formats.fields import Fields
from gatebook.formats.scan.aws_packages import fix_by_word, fixed_in, vulnerable_package
from gatebook.formats.scan.entries import (
    assessment,
    line,
    names_of_flaw,
    score,
    strings,
    text_or_number,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    Severity,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["asff_findings"]

# ASFF, "Severity": Normalized and its labels.
_BANDS: Final = (
    (90, Severity.CRITICAL),
    (70, Severity.HIGH),
    (40, Severity.MEDIUM),
    (1, Severity.LOW),
    (0, Severity.NEGLIGIBLE),
)
_RATINGS: Final = (("NvdCvssScoreV3", "NvdCvssVectorV3"), ("NvdCvssScoreV2", "NvdCvssVectorV2"))


def asff_findings(finding: Fields) -> Iterator[ReportedFinding]:
    """Read a finding: one for each vulnerability and each package that has it.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    whole = _whole(finding)
    vulnerabilities = list(finding.objects("Vulnerabilities"))
    if not vulnerabilities:
        yield whole
    for vulnerability in vulnerabilities:
        packages: list[Fields | None] = list(vulnerability.objects("VulnerablePackages"))
        for package in packages or [None]:
            yield _vulnerability(whole, vulnerability, package)


def _whole(finding: Fields) -> ReportedFinding:
    state, reason = _state(finding)
    severity, written = _severity(finding)
    product = finding.optional_object("ProductFields") or Fields({}, "ProductFields", finding.code)
    other = _other_details(finding)
    known_as = (
        _text_of(other, "CVE ID")
        or product.optional_text("ControlId")
        or finding.text("GeneratorId").rpartition("/")[2]
        or finding.text("Id")
    )
    name = _text_of(other, "PkgName")
    fixed = fixed_in(_text_of(other, "Patched Package"))
    return ReportedFinding(
        id=known_as,
        kind=_kind(finding),
        package=ReportedPackage(name=name, version=_text_of(other, "Installed Package"))
        if name
        else None,
        severity=severity,
        severity_written=written,
        severity_source=finding.optional_text("ProductName") or None,
        cvss=tuple(_trivy_ratings(other)),
        fix=FixState.FIXED if fixed else FixState.UNKNOWN,
        fixed_versions=fixed,
        state=state,
        state_reason=reason,
        title=line(finding, "Title"),
        url=finding.optional_text("SourceUrl") or None,
        fingerprint=finding.text("Id"),
    )


def _other_details(finding: Fields) -> Fields | None:
    for resource in finding.objects("Resources"):
        details = resource.optional_object("Details")
        other = details.optional_object("Other") if details is not None else None
        if other is not None:
            return other
    return None


def _text_of(fields: Fields | None, name: str) -> str | None:
    return (fields.optional_text(name) or None) if fields is not None else None


def _trivy_ratings(other: Fields | None) -> Iterator[Cvss]:
    if other is None:
        return
    for points, vector in _RATINGS:
        rated = assessment(_text_of(other, vector), score(other, points), "nvd")
        if rated is not None:
            yield rated


def _kind(finding: Fields) -> FindingKind:
    if finding.array("Vulnerabilities"):
        return FindingKind.VULNERABILITY
    types = " ".join(strings(finding, "Types")).lower()
    if "/vulnerabilities/" in types:
        return FindingKind.VULNERABILITY
    if finding.array("Malware"):
        return FindingKind.MALWARE
    return FindingKind.SECRET if "sensitive data" in types else FindingKind.MISCONFIGURATION


def _state(finding: Fields) -> tuple[FindingState, str | None]:
    workflow = finding.optional_object("Workflow")
    status = _text_of(workflow, "Status")
    note = finding.optional_object("Note")
    compliance = _text_of(finding.optional_object("Compliance"), "Status")
    product = finding.optional_object("ProductFields")
    inspector = (_text_of(product, "aws/inspector/FindingStatus") or "").upper()
    if status == "SUPPRESSED" or inspector == "SUPPRESSED":
        said = _text_of(note, "Text")
        who = _text_of(note, "UpdatedBy")
        reason = ": ".join(part for part in ("suppressed", said) if part)
        return FindingState.SUPPRESSED, f"{reason} (by {who})" if who else reason
    if finding.optional_text("RecordState") == "ARCHIVED":
        return FindingState.RESOLVED, "record archived"
    if status == "RESOLVED":
        return FindingState.RESOLVED, "workflow resolved"
    if inspector == "CLOSED":
        return FindingState.RESOLVED, "closed by Inspector"
    if compliance == "PASSED":
        return FindingState.RESOLVED, "compliance passed"
    return FindingState.OPEN, None


def _severity(finding: Fields) -> tuple[Severity, str | None]:
    rating = finding.optional_object("Severity")
    if rating is None:
        return Severity.UNKNOWN, None
    label = rating.optional_text("Label")
    if label:
        return severity_of_word(label), label
    normalized = text_or_number(rating, "Normalized")
    if normalized is None:
        return Severity.UNKNOWN, None
    band = next((each for least, each in _BANDS if normalized >= least), Severity.UNKNOWN)
    return band, f"{normalized:g}"


def _vulnerability(
    whole: ReportedFinding, vulnerability: Fields, package: Fields | None
) -> ReportedFinding:
    known_as = vulnerability.text("Id")
    aliases, covers = names_of_flaw(known_as, strings(vulnerability, "RelatedVulnerabilities"))
    vendor = vulnerability.optional_object("Vendor")
    changes: Mapping[str, object] = {
        "id": known_as,
        "aliases": aliases,
        "covers": covers,
        "cvss": tuple(_ratings(vulnerability)),
        "url": _text_of(vendor, "Url") or whole.url,
        "epss": _epss(vulnerability),
        "published": time_at(vendor, "VendorCreatedAt") if vendor is not None else None,
    }
    found = msgspec.structs.replace(whole, **changes)
    written = vulnerability.optional_text("FixAvailable")
    if package is None:
        return msgspec.structs.replace(found, fix=fix_by_word(written, ()))
    fixed = fixed_in(package.optional_text("FixedInVersion"))
    return msgspec.structs.replace(
        found,
        package=vulnerable_package(package, capital=True),
        fix=fix_by_word(written, fixed),
        fixed_versions=fixed,
    )


def _ratings(vulnerability: Fields) -> Iterator[Cvss]:
    for item in vulnerability.objects("Cvss"):
        rated = assessment(
            item.optional_text("BaseVector") or None,
            score(item, "BaseScore"),
            item.optional_text("Source") or None,
        )
        if rated is not None:
            yield rated


def _epss(vulnerability: Fields) -> float | None:
    written = text_or_number(vulnerability, "EpssScore")
    return written if written is not None and 0 <= written <= 1 else None
