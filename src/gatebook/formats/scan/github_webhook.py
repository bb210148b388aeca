"""One alert as GitHub sends it to a webhook: Dependabot, code scanning, secret scanning.

Source: GitHub webhook events ``dependabot_alert``, ``code_scanning_alert``,
``secret_scanning_alert`` and the retired ``repository_vulnerability_alert``. One alert is never
the whole list, so that a report read from it is always incomplete.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import member
from gatebook.formats.scan.document_fields import fix_of, only_if_given, root_of
from gatebook.formats.scan.entries import names_of_flaw
from gatebook.formats.scan.github_alert import outcome, person, said
from gatebook.formats.scan.github_code_scanning import (
    code_scanning_finding,
    code_scanning_severity,
    tool_of,
)
from gatebook.formats.scan.github_dependabot import dependabot_finding, dependabot_severity
from gatebook.formats.scan.github_secret_scanning import secret_scanning_finding
from gatebook.formats.scan.report import ReportedFinding, ReportedPackage, ScanError, ScanReport
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["READER", "WebhookAlertError"]

_WHAT: Final = "webhook alert"


class WebhookAlertError(ScanError):
    """A document is not the alert of a webhook that it seems to be."""

    code = "formats.github-webhook"


def _is_alert(alert: JsonObject) -> bool:
    return (
        isinstance(alert.get("rule"), dict)
        or "security_advisory" in alert
        or "secret_type" in alert
        or "affected_package_name" in alert
    )


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "action" not in root:
        return False
    alert = root.get("alert")
    return isinstance(alert, dict) and _is_alert(alert)


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, WebhookAlertError)
    root.text("action")
    alert = root.object("alert")
    scanner = "Dependabot"
    if alert.has("rule"):
        finding, scanner = code_scanning_finding(alert), tool_of(alert)
    elif alert.has("security_advisory"):
        finding = dependabot_finding(alert)
    elif alert.has("secret_type"):
        finding, scanner = secret_scanning_finding(alert), "GitHub secret scanning"
    else:
        finding = _retired(alert)
    repository = root.optional_object("repository")
    name = said(repository, "full_name") if repository is not None else None
    return ScanReport(
        format=DocumentFormat.GITHUB_WEBHOOK_ALERT,
        scanners=(scanner,),
        target_names=only_if_given(name, said(root, "commit_oid")),
        findings=(finding,),
        incomplete=("one alert is not the list of all alerts",),
    )


def _retired(alert: Fields) -> ReportedFinding:
    ghsa, cve = said(alert, "ghsa_id"), said(alert, "external_identifier")
    known_as = ghsa or cve
    if known_as is None:
        raise alert.refuse("'ghsa_id' or 'external_identifier' is required")
    aliases, covers = names_of_flaw(known_as, only_if_given(cve))
    severity = said(alert, "severity")
    state, reason = outcome(
        said(alert, "state") or ("dismissed" if said(alert, "dismissed_at") else "open"),
        reason=said(alert, "dismiss_reason"),
        comment=None,
        who=person(alert, "dismisser"),
    )
    fixed = only_if_given(said(alert, "fixed_in"))
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=ReportedPackage(name=alert.text("affected_package_name")),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="github",
        fix=fix_of(fixed),
        fixed_versions=fixed,
        state=state,
        state_reason=reason,
        url=said(alert, "external_reference"),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    alert = root.get("alert")
    severity = (
        code_scanning_severity(alert) or dependabot_severity(alert) or member(alert, "severity")
    )
    state = member(alert, "state")
    return {
        "action": root.get("action") if isinstance(root.get("action"), str) else None,
        "severity": severity.lower() if isinstance(severity, str) else None,
        "state": state.lower() if isinstance(state, str) else None,
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITHUB_WEBHOOK_ALERT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
