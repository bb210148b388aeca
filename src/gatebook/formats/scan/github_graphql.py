"""Dependabot alerts as GitHub's GraphQL API answers for a repository, a search or an organisation.

Source: GitHub GraphQL API, ``RepositoryVulnerabilityAlert``. A connection that has a next page, or
an answer with errors, is not the whole list.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import fix_of, once_each, only_if_given, root_of
from gatebook.formats.scan.entries import assessment, flag, names_of_flaw, score, summed_up, whole
from gatebook.formats.scan.github_alert import outcome, person, said
from gatebook.formats.scan.report import (
    Cvss,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "DependabotAnswerError"]

_WHAT: Final = "answer on Dependabot alerts"
_CONNECTION: Final = "vulnerabilityAlerts"
_ROOTS: Final = ("data", "repository", "search", "organization", "viewer", "node", "nodes")


class DependabotAnswerError(ScanError):
    """A document is not the GraphQL answer on Dependabot alerts that it seems to be."""

    code = "formats.dependabot-graphql"


def _places(root: Json) -> Iterator[JsonObject]:
    # Every object down to the connections of alerts, in the order of the document.
    waiting: list[Json] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(
                child
                for name, child in reversed(value.items())
                if name != _CONNECTION and isinstance(child, dict | list)
            )
        elif isinstance(value, list):
            waiting.extend(reversed([child for child in value if isinstance(child, dict | list)]))


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not any(isinstance(root.get(name), dict | list) for name in _ROOTS):
        return False
    return any(_CONNECTION in place for place in _places(root))


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, DependabotAnswerError)
    findings: list[ReportedFinding] = []
    names: list[str | None] = []
    incomplete: list[str] = []
    for value in _places(root.values):
        place = Fields(value, _WHAT, root.code)
        if _CONNECTION in value:
            name = said(place, "nameWithOwner") or said(place, "name")
            names.append(name)
            connection = place.object(_CONNECTION)
            alerts, missing = _alerts(connection)
            findings.extend(_finding(alert) for alert in alerts)
            incomplete.extend(f"{name or 'the repository'}: {reason}" for reason in missing)
        elif "pageInfo" in value and _has_next_page(place):
            incomplete.append("a page of repositories is missing")
    if not names:
        raise root.refuse(f"{_CONNECTION!r} is nowhere in the answer")
    if root.array("errors"):
        messages = [each.optional_text("message") for each in root.objects("errors")]
        incomplete.append(f"the API answered with an error: {messages[0] or 'unnamed'}")
    return ScanReport(
        format=DocumentFormat.GITHUB_DEPENDABOT_GRAPHQL,
        scanners=("Dependabot",),
        target_names=once_each(names),
        findings=tuple(findings),
        incomplete=tuple(incomplete),
    )


def _has_next_page(connection: Fields) -> bool:
    page = connection.optional_object("pageInfo")
    return page is not None and bool(flag(page, "hasNextPage"))


def _alerts(connection: Fields) -> tuple[list[Fields], list[str]]:
    if not connection.has("nodes") and not connection.has("edges"):
        raise connection.refuse("'nodes' is required, as [] when there is none")
    missing: list[str] = []
    if connection.has("nodes"):
        given = connection.array("nodes")
    else:
        given = [each.values.get("node") for each in connection.objects("edges")]
    alerts = [
        Fields.of(value, what=f"{connection.what}.nodes[{number}]", code=connection.code)
        for number, value in enumerate(given)
        if value is not None
    ]
    if len(alerts) < len(given):
        missing.append(f"{len(given) - len(alerts)} alerts were not answered")
    if _has_next_page(connection):
        missing.append("a page of alerts is missing")
    total = whole(connection, "totalCount")
    if total is not None and total > len(given):
        missing.append(f"{total} alerts are counted and {len(given)} are listed")
    return alerts, missing


def _finding(alert: Fields) -> ReportedFinding:
    vulnerability = alert.object("securityVulnerability")
    advisory = (
        vulnerability.optional_object("advisory")
        or alert.optional_object("securityAdvisory")
        or Fields({}, f"{alert.what}.advisory", alert.code)
    )
    names = [each.text("value") for each in advisory.objects("identifiers")]
    if ghsa := said(advisory, "ghsaId"):
        names.insert(0, ghsa)
    if not names:
        names = [alert.text("id")]
    known_as = next((name for name in names if name.startswith("GHSA-")), names[0])
    aliases, covers = names_of_flaw(known_as, names)
    severity = said(vulnerability, "severity") or said(advisory, "severity")
    state, reason = outcome(
        _state(alert),
        reason=said(alert, "dismissReason"),
        comment=said(alert, "dismissComment"),
        who=person(alert, "dismisser"),
    )
    patched = vulnerability.optional_object("firstPatchedVersion")
    fixed = only_if_given(said(patched, "identifier") if patched is not None else None)
    package = vulnerability.optional_object("package")
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=None if package is None else _package(alert, package),
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="github",
        cvss=_assessments(advisory),
        # The query asked for what it names only: nothing there may mean not asked.
        fix=fix_of(fixed) if "firstPatchedVersion" in vulnerability.values else FixState.UNKNOWN,
        fixed_versions=fixed,
        state=state,
        state_reason=reason,
        title=summed_up(said(advisory, "summary")),
        url=said(advisory, "permalink"),
        published=time_at(advisory, "publishedAt"),
        fingerprint=said(alert, "id"),
    )


def _state(alert: Fields) -> str:
    if state := said(alert, "state"):
        return state
    if said(alert, "dismissedAt"):
        return "dismissed"
    return "fixed" if said(alert, "fixedAt") else "open"


def _package(alert: Fields, package: Fields) -> ReportedPackage:
    required = said(alert, "vulnerableRequirements")
    return ReportedPackage(
        name=package.text("name"),
        # "= 1.2.3" is the version of a lock file, anything else a range.
        version=required[2:] if required is not None and required.startswith("= ") else None,
        type=said(package, "ecosystem"),
        location=said(alert, "vulnerableManifestPath") or said(alert, "vulnerableManifestFilename"),
    )


def _assessments(advisory: Fields) -> tuple[Cvss, ...]:
    both = advisory.optional_object("cvssSeverities") or Fields({}, "cvssSeverities", advisory.code)
    found: list[Cvss] = []
    for each in (
        both.optional_object("cvssV3"),
        both.optional_object("cvssV4"),
        advisory.optional_object("cvss"),
    ):
        vector = said(each, "vectorString") if each is not None else None
        if each is None or vector is None:
            continue  # without a vector the API gives the score 0.0
        rated = assessment(vector, score(each, "score"), "github")
        if rated is not None and vector not in {other.vector for other in found}:
            found.append(rated)
    return tuple(found)


def _describe(document: Document) -> Mapping[str, Json]:
    nodes = [
        node
        for place in _places(document.root)
        for node in (
            listed(place, _CONNECTION, "nodes")
            or [member(edge, "node") for edge in listed(place, _CONNECTION, "edges")]
        )
    ]
    return {
        "alerts": len(nodes),
        "severity": count_words(
            member(node, "securityVulnerability", "severity")
            or member(node, "securityVulnerability", "advisory", "severity")
            for node in nodes
        ),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GITHUB_DEPENDABOT_GRAPHQL,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
