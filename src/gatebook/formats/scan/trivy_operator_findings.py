"""The findings in the Trivy operator's reports: vulnerabilities, secrets, checks, compliance."""

from collections.abc import Iterator

from gatebook.canonical import JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.scan.counting import objects_in
from gatebook.formats.scan.entries import flag, instant, line, score, strings, summed_up, whole
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
)
from gatebook.formats.scan.severity import severity_of_word

__all__ = [
    "OperatorError",
    "check_findings",
    "compliance_findings",
    "listed_checks",
    "listed_failed_controls",
    "listed_secrets",
    "listed_vulnerabilities",
    "secret_findings",
    "vulnerability_findings",
]


class OperatorError(ScanError):
    """A resource is not the report of the Trivy operator that it seems to be."""

    code = "formats.trivy-operator"


def vulnerability_findings(report: Fields) -> Iterator[ReportedFinding]:
    """The findings of ``report`` in a vulnerability report of any scope.

    Raises:
        MalformedError: ``vulnerabilities`` is absent, or a field is of the wrong type.

    """
    if "vulnerabilities" not in report.values:
        raise report.refuse("'vulnerabilities' is required, as [] when nothing was found")
    for item in report.objects("vulnerabilities"):
        severity = item.optional_text("severity")
        fixed = [part.strip() for part in (item.optional_text("fixedVersion") or "").split(",")]
        fixed_versions = tuple(part for part in fixed if part)
        base = score(item, "score")
        name = item.optional_text("resource")
        purl = item.optional_text("packagePURL") or None
        yield ReportedFinding(
            id=item.text("vulnerabilityID"),
            package=None
            if not name and not purl
            else ReportedPackage(
                name=name or "",
                version=item.optional_text("installedVersion") or None,
                purl=purl,
                type=item.optional_text("packageType") or None,
                location=item.optional_text("packagePath") or item.optional_text("target") or None,
            ),
            severity=severity_of_word(severity),
            severity_written=severity,
            cvss=()
            if base is None
            else (Cvss(score=base, source=item.optional_text("cvsssource") or None),),
            # The report has no status: without a version it is not known whether a fix exists.
            fix=FixState.FIXED if fixed_versions else FixState.UNKNOWN,
            fixed_versions=fixed_versions,
            title=line(item, "title"),
            url=item.optional_text("primaryLink") or None,
            published=instant(item, "publishedDate"),
        )


def secret_findings(report: Fields) -> Iterator[ReportedFinding]:
    """The findings of ``report`` in an exposed-secret report, without what was matched.

    Raises:
        MalformedError: ``secrets`` is absent, or a field is of the wrong type.

    """
    if "secrets" not in report.values:
        raise report.refuse("'secrets' is required, as [] when nothing was found")
    for item in report.objects("secrets"):
        severity = item.optional_text("severity")
        target = item.optional_text("target")
        yield ReportedFinding(
            id=item.text("ruleID"),
            kind=FindingKind.SECRET,
            severity=severity_of_word(severity),
            severity_written=severity,
            title=line(item, "title"),
            locations=(target,) if target else (),
        )


def check_findings(report: Fields) -> Iterator[ReportedFinding]:
    """The failed checks of ``report`` in an audit or assessment.

    Raises:
        MalformedError: ``checks`` is absent, or a field is of the wrong type.

    """
    if "checks" not in report.values:
        raise report.refuse("'checks' is required, as [] when nothing was checked")
    for item in report.objects("checks"):
        found = _failed_check(item, None)
        if found is not None:
            yield found


def compliance_findings(status: Fields) -> Iterator[ReportedFinding]:
    """The failed checks of a compliance report's ``status``, or its controls when summed up.

    A check without a severity of its own has that of its control.

    Raises:
        MalformedError: neither a detailed nor a summary report, or a field of the wrong type.

    """
    detailed = status.optional_object("detailReport")
    summary = status.optional_object("summaryReport")
    if detailed is None and summary is None:
        raise status.refuse("neither 'detailReport' nor 'summaryReport' is there")
    if detailed is not None:
        for control in detailed.objects("results"):
            severity = control.optional_text("severity")
            for item in control.objects("checks"):
                found = _failed_check(item, severity, control.optional_text("id"))
                if found is not None:
                    yield found
        return
    if summary is not None:
        for control in summary.objects("controlCheck"):
            if not whole(control, "totalFail"):
                continue
            severity = control.optional_text("severity")
            yield ReportedFinding(
                id=control.text("id"),
                kind=FindingKind.MISCONFIGURATION,
                severity=severity_of_word(severity),
                severity_written=severity,
                title=line(control, "name"),
                occurrences=whole(control, "totalFail") or 1,
            )


def _failed_check(
    item: Fields, default_severity: str | None, control: str | None = None
) -> ReportedFinding | None:
    # A check that does not say that it passed has not passed.
    if flag(item, "success") is True:
        return None
    severity = item.optional_text("severity") or default_severity
    target = item.optional_text("target")
    messages = strings(item, "messages")
    known_as = item.optional_text("checkID") or control
    title = line(item, "title") or (summed_up(messages[0]) if messages else None)
    if not known_as and title is None:
        raise item.refuse("a failed check has neither 'checkID' nor 'title'")
    return ReportedFinding(
        id=known_as or str(title),
        kind=FindingKind.MISCONFIGURATION,
        severity=severity_of_word(severity),
        severity_written=severity,
        title=title,
        locations=(target,) if target else (),
    )


def listed_vulnerabilities(report: JsonObject) -> list[JsonObject]:
    """The vulnerabilities listed, for counting."""
    return list(objects_in(report, "vulnerabilities"))


def listed_secrets(report: JsonObject) -> list[JsonObject]:
    """The secrets listed, for counting."""
    return list(objects_in(report, "secrets"))


def listed_checks(report: JsonObject) -> list[JsonObject]:
    """The checks listed, for counting; those of all controls of a compliance report."""
    controls = objects_in(report, "detailReport", "results")
    inside = [check for control in controls for check in objects_in(control, "checks")]
    return [*objects_in(report, "checks"), *inside]


def listed_failed_controls(status: JsonObject) -> list[JsonObject]:
    """The controls with failures of a compliance report that only sums up, for counting."""
    if isinstance(status.get("detailReport"), dict):
        return []
    return [
        control
        for control in objects_in(status, "summaryReport", "controlCheck")
        if control.get("totalFail")
    ]
