"""One match of a Grype report: a vulnerability, the package it is in, and the names it goes by."""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import (
    digest_in,
    line,
    names_of_flaw,
    probability,
    score,
    strings,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["GrypeError", "finding_of"]

_FIXES: Final[Mapping[str, FixState]] = {
    "fixed": FixState.FIXED,
    "not-fixed": FixState.NOT_FIXED,
    "wont-fix": FixState.WONT_FIX,
    "unknown": FixState.UNKNOWN,
    "": FixState.UNKNOWN,
}


class GrypeError(ScanError):
    """A document is not the report of Grype that it seems to be."""

    code = "formats.grype"


def finding_of(
    match: Fields, *, state: FindingState = FindingState.OPEN, reason: str | None = None
) -> ReportedFinding:
    """Read a match.

    Related vulnerabilities are the same flaw under other names when at most one of them is a CVE;
    an advisory of a distribution that bundles several covers them.

    Raises:
        GrypeError: a field is absent or of another type than Grype writes.

    """
    vulnerability = match.object("vulnerability")
    related = tuple(match.objects("relatedVulnerabilities"))
    known_as = vulnerability.text("id")
    aliases, covers = names_of_flaw(known_as, (each.text("id") for each in related))
    severity = vulnerability.optional_text("severity")
    fix, fixed_versions = _fix(vulnerability)
    exploited = [each.array("knownExploited") for each in (vulnerability, *related)]
    chances = [
        chance
        for each in (vulnerability, *related)
        for entry in each.objects("epss")
        if (chance := probability(entry, "epss")) is not None
    ]
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=_package(match.object("artifact")),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source=vulnerability.optional_text("namespace") or None,
        cvss=tuple(found for each in (vulnerability, *related) for found in _assessments(each)),
        fix=fix,
        fixed_versions=fixed_versions,
        state=state,
        state_reason=reason,
        # Grype lists the entries of CISA's catalogue and leaves the list out without any, and so
        # did all versions before there was one: silence says nothing.
        known_exploited=True if any(exploited) else None,
        epss=max(chances, default=None),
        title=line(vulnerability, "description"),
        url=vulnerability.optional_text("dataSource") or None,
    )


def _fix(vulnerability: Fields) -> tuple[FixState, tuple[str, ...]]:
    fix = vulnerability.optional_object("fix")
    if fix is None:
        # Before version 0.13.
        version = vulnerability.optional_text("fixedInVersion")
        return (FixState.FIXED, (version,)) if version else (FixState.UNKNOWN, ())
    state = fix.optional_text("state") or ""
    return _FIXES.get(state.lower(), FixState.UNKNOWN), strings(fix, "versions")


def _package(artifact: Fields) -> ReportedPackage:
    first = next(artifact.objects("locations"), None)
    return ReportedPackage(
        name=artifact.optional_text("name") or "",
        version=artifact.optional_text("version") or None,
        purl=artifact.optional_text("purl") or None,
        type=artifact.optional_text("type") or None,
        location=first.optional_text("path") if first is not None else None,
        layer=digest_in(first.optional_text("layerID")) if first is not None else None,
    )


def _assessments(vulnerability: Fields) -> Iterator[Cvss]:
    for entry in vulnerability.objects("cvss"):
        metrics = entry.optional_object("metrics")
        yield Cvss(
            version=entry.optional_text("version") or None,
            vector=entry.optional_text("vector") or None,
            score=score(metrics, "baseScore") if metrics is not None else None,
            source=entry.optional_text("source") or vulnerability.optional_text("namespace"),
        )
    for name, version in (("cvssV2", "2.0"), ("cvssV3", "3.0")):  # before version 0.13
        older = vulnerability.optional_object(name)
        if older is not None:
            yield Cvss(
                version=version,
                vector=older.optional_text("vector") or None,
                score=score(older, "baseScore"),
            )
