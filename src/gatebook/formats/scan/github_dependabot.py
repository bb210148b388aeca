"""Dependabot alerts as GitHub's REST API lists them.

Source: GitHub REST API, "List Dependabot alerts for a repository". The list does not say when it
was asked for nor how many pages there are.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, member
from gatebook.formats.scan.document_fields import fix_of, once_each, only_if_given, root_items
from gatebook.formats.scan.entries import assessment, names_of_flaw, probability, score, summed_up
from gatebook.formats.scan.github_alert import full_page_note, outcome, person, said
from gatebook.formats.scan.report import (
    Cvss,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "DependabotError", "dependabot_finding", "dependabot_severity"]

_WHAT: Final = "list of Dependabot alerts"


class DependabotError(ScanError):
    """A document is not the list of Dependabot alerts that it seems to be."""

    code = "formats.dependabot"


def dependabot_finding(alert: Fields) -> ReportedFinding:
    """Read one alert.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    advisory = alert.object("security_advisory")
    vulnerability = alert.object("security_vulnerability")
    dependency = alert.optional_object("dependency") or Fields({}, "dependency", alert.code)
    ghsa, cve = said(advisory, "ghsa_id"), said(advisory, "cve_id")
    known_as = ghsa or cve
    if known_as is None:
        raise advisory.refuse("'ghsa_id' or 'cve_id' is required")
    names = [cve or "", *(each.text("value") for each in advisory.objects("identifiers"))]
    aliases, covers = names_of_flaw(known_as, names)
    severity = said(vulnerability, "severity") or said(advisory, "severity")
    patched = vulnerability.optional_object("first_patched_version")
    fixed = only_if_given(patched.optional_text("identifier") if patched is not None else None)
    state, reason = outcome(
        alert.text("state"),
        reason=said(alert, "dismissed_reason"),
        comment=said(alert, "dismissed_comment"),
        who=person(alert, "dismissed_by"),
    )
    package = dependency.optional_object("package") or vulnerability.object("package")
    number = alert.values.get("number")
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=ReportedPackage(
            name=package.text("name"),
            type=said(package, "ecosystem"),
            location=said(dependency, "manifest_path"),
        ),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="github",
        cvss=_assessments(advisory),
        fix=fix_of(fixed),
        fixed_versions=fixed,
        state=state,
        state_reason=reason,
        epss=_epss(advisory),
        title=summed_up(said(advisory, "summary")),
        url=said(alert, "html_url") or said(alert, "url"),
        published=time_at(advisory, "published_at"),
        fingerprint=str(number) if isinstance(number, int) else None,
    )


def _assessments(advisory: Fields) -> tuple[Cvss, ...]:
    rated = [advisory.optional_object("cvss")]
    both = advisory.optional_object("cvss_severities")
    if both is not None:
        rated = [both.optional_object("cvss_v3"), both.optional_object("cvss_v4"), *rated]
    found: dict[tuple[str | None, float | None], Cvss] = {}
    for each in rated:
        vector = said(each, "vector_string") if each is not None else None
        # Without a vector the API gives the score 0.0.
        if each is not None and vector is not None:
            points = score(each, "score")
            made = assessment(vector, points, "github")
            if made is not None:
                found[vector, points] = made
    return tuple(found.values())


def _epss(advisory: Fields) -> float | None:
    value = advisory.values.get("epss")
    if isinstance(value, list):
        ratings = [probability(each, "percentage") for each in advisory.objects("epss")]
        return max((each for each in ratings if each is not None), default=None)
    rating = advisory.optional_object("epss")
    return probability(rating, "percentage") if rating is not None else None


def _recognises(document: Document) -> bool:
    items = document.items
    if not items:
        return False
    first = items[0]
    return isinstance(first, dict) and "security_advisory" in first and "state" in first


def _read(document: Document) -> ScanReport:
    alerts = list(root_items(document, _WHAT, DependabotError))
    repositories = (each.optional_object("repository") for each in alerts)
    return ScanReport(
        format=DocumentFormat.GITHUB_DEPENDABOT_ALERTS,
        scanners=("Dependabot",),
        target_names=once_each(
            each.optional_text("full_name") for each in repositories if each is not None
        ),
        findings=tuple(dependabot_finding(alert) for alert in alerts),
        notes=full_page_note(alerts),
    )


def dependabot_severity(alert: Json) -> Json:
    """How bad an alert says it is, as written."""
    return member(alert, "security_vulnerability", "severity") or member(
        alert, "security_advisory", "severity"
    )


def _describe(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {
        "items": len(items),
        "alerts": len(items),
        "severity": count_words(dependabot_severity(item) for item in items),
        "state": count_words(member(item, "state") for item in items),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITHUB_DEPENDABOT_ALERTS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
