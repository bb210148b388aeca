"""One vulnerability or licence issue as Snyk's CLI lists it, and the merging of its paths."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import (
    assessment,
    instant,
    line,
    names_of_flaw,
    probability,
    score,
    strings,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["SnykError", "merged", "reachable", "suppressed", "vulnerability"]

_SOURCE: Final = "snyk"
_REACHABILITY: Final[Mapping[str, bool]] = {
    "function": True,
    "package": True,
    "reachable": True,
    "no-path-found": False,
    "not-reachable": False,
}


class SnykError(ScanError):
    """A document is not the report of Snyk that it seems to be."""

    code = "formats.snyk"


def reachable(word: str | None) -> bool | None:
    """Whether vulnerable code is called, in Snyk's words; ``None`` for all that say nothing."""
    return None if word is None else _REACHABILITY.get(word.lower().replace("_", "-"))


def vulnerability(item: Fields, file: str | None, manager: str | None) -> ReportedFinding:
    """Read an entry of ``vulnerabilities`` or ``filtered``.

    Raises:
        SnykError: a field is absent or of another type than Snyk writes.

    """
    known_as = item.text("id")
    identifiers = item.optional_object("identifiers")
    others = () if identifiers is None else _identifiers(identifiers)
    aliases, covers = names_of_flaw(known_as, others)
    severity = item.optional_text("severityWithCritical") or item.optional_text("severity")
    fixed = strings(item, "fixedIn")
    nearest = item.optional_text("nearestFixedInVersion")
    fixed_versions = fixed or ((nearest,) if nearest else ())
    unfixed = FixState.NOT_FIXED if item.has("fixedIn") else FixState.UNKNOWN
    epss = item.optional_object("epssDetails")
    return ReportedFinding(
        id=known_as,
        kind=_kind(item),
        aliases=aliases,
        covers=covers,
        package=_package(item, file, manager),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source=_SOURCE,
        cvss=tuple(_assessments(item)),
        fix=FixState.FIXED if fixed_versions else unfixed,
        fixed_versions=fixed_versions,
        epss=probability(epss, "probability") if epss is not None else None,
        reachable=reachable(item.optional_text("reachability")),
        title=line(item, "title"),
        published=instant(item, "publicationTime") or instant(item, "disclosureTime"),
    )


def suppressed(finding: ReportedFinding, item: Fields, how: str) -> ReportedFinding:
    """Mark a finding that Snyk's policy filtered out: ``how`` is ``ignore`` or ``patch``.

    Raises:
        SnykError: a field is of another type than Snyk writes.

    """
    filtered = item.optional_object("filtered")
    reasons: dict[str, None] = {}
    if filtered is not None:
        for rule in (*filtered.objects("ignored"), *filtered.objects("patches")):
            reason = line(rule, "reason")
            expires = rule.optional_text("expires")
            said = [reason, f"until {expires}" if expires else None]
            text = ", ".join(part for part in said if part)
            if text:
                reasons[text] = None
    word = "ignored" if how == "ignore" else "patched"
    return msgspec.structs.replace(
        finding,
        state=FindingState.SUPPRESSED,
        state_reason=f"{word}: {'; '.join(reasons)}" if reasons else word,
    )


def merged(findings: Iterable[ReportedFinding]) -> Iterator[ReportedFinding]:
    """Make one finding of those that differ in their dependency path only.

    An open one and an ignored one stay two: the policy ignored some of the paths.
    """
    first: dict[tuple[object, ...], ReportedFinding] = {}
    counts: dict[tuple[object, ...], int] = {}
    for finding in findings:
        package = finding.package
        key: tuple[object, ...] = (
            finding.id,
            finding.kind,
            None if package is None else (package.name, package.version, package.location),
            finding.state,
            finding.state_reason,
            finding.severity,
            finding.locations,
        )
        first.setdefault(key, finding)
        counts[key] = counts.get(key, 0) + 1
    for key, finding in first.items():
        count = counts[key]
        yield finding if count == 1 else msgspec.structs.replace(finding, occurrences=count)


def _kind(item: Fields) -> FindingKind:
    if item.optional_text("type") == "license":
        return FindingKind.LICENSE
    return (
        FindingKind.MALWARE if item.values.get("malicious") is True else (FindingKind.VULNERABILITY)
    )


def _identifiers(identifiers: Fields) -> tuple[str, ...]:
    # CWE is a class of flaws and no name of one.
    names = (*strings(identifiers, "CVE"), *strings(identifiers, "GHSA"))
    return names + tuple(
        name
        for kind in sorted(identifiers.values)
        if kind in {"RHSA", "ELSA", "ALAS", "DSA", "USN", "RUSTSEC", "GO", "PYSEC", "OSVDB"}
        for name in strings(identifiers, kind)
    )


def _package(item: Fields, file: str | None, manager: str | None) -> ReportedPackage | None:
    name = (
        item.optional_text("name")
        or item.optional_text("packageName")
        or item.optional_text("moduleName")
    )
    if not name:
        return None
    return ReportedPackage(
        name=name,
        version=item.optional_text("version") or None,
        type=item.optional_text("packageManager") or manager,
        location=file,
    )


def _assessments(item: Fields) -> Iterator[Cvss]:
    own = assessment(
        item.optional_text("CVSSv3") or None,
        score(item, "cvssScore"),
        _SOURCE,
    )
    if own is not None:
        yield own
    for each in item.objects("cvssSources"):
        source = each.optional_text("assigner")
        if source is not None and source.lower() == _SOURCE and own is not None:
            continue
        yield Cvss(
            version=each.optional_text("cvssVersion") or None,
            vector=each.optional_text("vector") or None,
            score=score(each, "baseScore"),
            source=source,
        )
    if item.has("cvssSources"):
        return
    for each in item.objects("cvssDetails"):
        found = assessment(
            each.optional_text("cvssV3Vector") or None,
            score(each, "cvssV3BaseScore"),
            each.optional_text("assigner"),
        )
        if found is not None:
            yield found
