"""The ``Results`` that every report of Trivy is made of, whatever wraps them.

Source: aquasecurity/trivy, pkg/types (Result, DetectedVulnerability, DetectedMisconfiguration,
SecretFinding, DetectedLicense, ModifiedFinding) and docs/guide/configuration/filtering.md for the
words of ``Status``. The matched text of a secret is never taken over.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.scan.counting import count_words, distinct, listed, objects_in
from gatebook.formats.scan.entries import (
    assessment,
    cvss_version,
    digest_in,
    instant,
    line,
    score,
    strings,
    summed_up,
    whole,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["count_results", "findings_of", "target_digests"]

_FIXES: Final[Mapping[str, FixState]] = {
    "fixed": FixState.FIXED,
    "affected": FixState.NOT_FIXED,
    "fix_deferred": FixState.NOT_FIXED,
    "will_not_fix": FixState.WONT_FIX,
    "end_of_life": FixState.WONT_FIX,
}
_NOT_AFFECTED: Final = "not_affected"
_SCORES: Final = (("V40Score", "V40Vector"), ("V3Score", "V3Vector"), ("V2Score", "V2Vector"))
_UNPREFIXED: Final = {"V40Vector": "4.0", "V3Vector": None, "V2Vector": "2.0"}
# What takes a finding away; "affected" and "under_investigation" are modifications as well.
_SUPPRESSING: Final = frozenset({"ignored", _NOT_AFFECTED, "fixed"})


def findings_of(result: Fields) -> Iterator[ReportedFinding]:
    """All findings of one result: vulnerabilities, misconfigurations, secrets, licences, modified.

    Checks that passed are no findings.

    Raises:
        MalformedError: a field is of another type than Trivy writes.

    """
    target = result.optional_text("Target")
    package_type = result.optional_text("Type")
    for item in result.objects("Vulnerabilities"):
        yield _vulnerability(item, target, package_type)
    for item in result.objects("Misconfigurations"):
        found = _misconfiguration(item, target)
        if found is not None:
            yield found
    for item in result.objects("Secrets"):
        yield _secret(item, target)
    for item in result.objects("Licenses"):
        yield _license(item, target)
    for item in result.objects("ExperimentalModifiedFindings"):
        found = _modified(item, target, package_type)
        if found is not None:
            yield found


def target_digests(metadata: Fields) -> tuple[Digest, ...]:
    """The digests an image is known by: those of its repositories, then its image ID.

    Raises:
        MalformedError: a field is of the wrong type.

    """
    written = (*strings(metadata, "RepoDigests"), metadata.optional_text("ImageID"))
    found = (digest_in(text) for text in written)
    return tuple(dict.fromkeys(digest for digest in found if digest is not None))


def _vulnerability(item: Fields, target: str | None, package_type: str | None) -> ReportedFinding:
    known_as = item.optional_text("VulnerabilityID") or "unnamed vulnerability"
    status = (item.optional_text("Status") or "").lower()
    fixed = tuple(
        version.strip()
        for version in (item.optional_text("FixedVersion") or "").split(",")
        if version.strip()
    )
    severity = item.optional_text("Severity")
    # Reports before `Status` existed (0.41) only have the fixed version.
    unsaid = FixState.FIXED if fixed else FixState.UNKNOWN
    return ReportedFinding(
        id=known_as,
        package=_package(item, target, package_type),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source=item.optional_text("SeveritySource"),
        cvss=tuple(_assessments(item)),
        fix=_FIXES.get(status, FixState.UNKNOWN) if status else unsaid,
        fixed_versions=fixed,
        state=FindingState.SUPPRESSED if status == _NOT_AFFECTED else FindingState.OPEN,
        state_reason=_NOT_AFFECTED if status == _NOT_AFFECTED else None,
        title=line(item, "Title"),
        url=item.optional_text("PrimaryURL"),
        published=instant(item, "PublishedDate"),
        fingerprint=item.optional_text("Fingerprint"),
    )


def _package(item: Fields, target: str | None, package_type: str | None) -> ReportedPackage | None:
    name = item.optional_text("PkgName")
    identifier = item.optional_object("PkgIdentifier")
    purl = identifier.optional_text("PURL") if identifier is not None else None
    if not name and not purl:
        return None
    return ReportedPackage(
        name=name or "",
        version=item.optional_text("InstalledVersion") or None,
        purl=purl,
        type=package_type,
        location=item.optional_text("PkgPath") or target,
        layer=_layer(item),
    )


def _layer(item: Fields) -> Digest | None:
    layer = item.optional_object("Layer")
    if layer is None:
        return None
    return digest_in(layer.optional_text("DiffID")) or digest_in(layer.optional_text("Digest"))


def _assessments(item: Fields) -> Iterator[Cvss]:
    vendors = item.optional_object("CVSS")
    if vendors is None:
        return
    for source in sorted(vendors.values):
        vendor = vendors.optional_object(source)
        if vendor is None:
            continue
        for score_name, vector_name in _SCORES:
            vector = vendor.optional_text(vector_name)
            # Go writes 0 where a vendor gives a vector of a version and no score.
            base = score(vendor, score_name) or None
            found = assessment(vector, base, source)
            if found is not None:
                yield Cvss(
                    version=cvss_version(vector) or _UNPREFIXED[vector_name],
                    vector=found.vector,
                    score=found.score,
                    source=source,
                )


def _misconfiguration(item: Fields, target: str | None) -> ReportedFinding | None:
    status = (item.optional_text("Status") or "FAIL").upper()
    if status == "PASS":
        return None
    severity = item.optional_text("Severity")
    known_as = item.optional_text("ID") or item.text("AVDID")
    older = item.optional_text("AVDID")
    excepted = status == "EXCEPTION"
    return ReportedFinding(
        id=known_as,
        kind=FindingKind.MISCONFIGURATION,
        aliases=(older,) if older and older != known_as else (),
        severity=severity_of_word(severity),
        severity_written=severity,
        state=FindingState.SUPPRESSED if excepted else FindingState.OPEN,
        state_reason="exception" if excepted else None,
        title=line(item, "Title") or line(item, "Message"),
        url=item.optional_text("PrimaryURL"),
        locations=_locations(target, item.optional_object("CauseMetadata")),
    )


def _secret(item: Fields, target: str | None) -> ReportedFinding:
    severity = item.optional_text("Severity")
    return ReportedFinding(
        id=item.text("RuleID"),
        kind=FindingKind.SECRET,
        severity=severity_of_word(severity),
        severity_written=severity,
        title=line(item, "Title"),
        locations=_locations(target, item),
    )


def _license(item: Fields, target: str | None) -> ReportedFinding:
    severity = item.optional_text("Severity")
    name = item.optional_text("PkgName")
    path = item.optional_text("FilePath")
    return ReportedFinding(
        id=item.optional_text("Name") or "unnamed licence",
        kind=FindingKind.LICENSE,
        package=ReportedPackage(name=name, location=path or target) if name else None,
        severity=severity_of_word(severity),
        severity_written=severity,
        title=summed_up(item.optional_text("Category")),
        url=item.optional_text("Link") or None,
        locations=(path,) if path else (),
    )


def _locations(target: str | None, place: Fields | None) -> tuple[str, ...]:
    if target is None:
        return ()
    start = whole(place, "StartLine") if place is not None else None
    return (f"{target}:{start}",) if start else (target,)


def _modified(item: Fields, target: str | None, package_type: str | None) -> ReportedFinding | None:
    kind = item.text("Type")
    finding = item.object("Finding")
    found: ReportedFinding | None
    if kind == "vulnerability":
        found = _vulnerability(finding, target, package_type)
    elif kind == "misconfiguration":
        found = _misconfiguration(finding, target)
    elif kind == "secret":
        found = _secret(finding, target)
    elif kind == "license":
        found = _license(finding, target)
    else:
        raise item.refuse(f"'Type' {kind[:40]!r} is not a kind of finding")
    status = item.text("Status")
    if found is None or status not in _SUPPRESSING:
        return found
    statement = item.optional_text("Statement")
    source = item.optional_text("Source")
    reason = ": ".join(part for part in (status, statement) if part)
    return msgspec.structs.replace(
        found,
        state=FindingState.SUPPRESSED,
        state_reason=f"{reason} ({source})" if source else reason,
    )


def count_results(results: list[Json]) -> JsonObject:
    """What a list of results holds, in the keys that ``inspect`` prints."""
    shown = [result for result in results if isinstance(result, dict)]
    vulnerabilities = [item for result in shown for item in objects_in(result, "Vulnerabilities")]
    return {
        "findings": len(vulnerabilities),
        "misconfigurations": sum(len(listed(each, "Misconfigurations")) for each in shown),
        "secrets": sum(len(listed(each, "Secrets")) for each in shown),
        "licenses": sum(len(listed(each, "Licenses")) for each in shown),
        "severity": count_words(item.get("Severity") for item in vulnerabilities),
        "status": count_words(item.get("Status") for item in vulnerabilities),
        "suppressed": sum(len(listed(each, "ExperimentalModifiedFindings")) for each in shown),
        "unique_ids": distinct(item.get("VulnerabilityID") for item in vulnerabilities),
    }
