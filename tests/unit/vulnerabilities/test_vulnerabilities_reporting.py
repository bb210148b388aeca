"""A match report says since when each finding is known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.vulnerabilities.assessment import Assessment
from gatebook.vulnerabilities.findings import Finding, Matched, Unjudged
from gatebook.vulnerabilities.match_report import MatchReport
from gatebook.vulnerabilities.reporting import make_report
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

NOON = Instant.parse("2026-11-20T12:00:00Z")
LATER = Instant.parse("2026-11-21T12:00:00Z")
SNAPSHOT = AdvisorySnapshot.of([], imported=NOON, records=0, withdrawn=0, oversized=0)


def finding(identifier="CVE-2026-0001", purl="pkg:pypi/flask@1.0", aliases=(), advisories=("A",)):
    return Finding(
        id=identifier,
        purl=purl,
        component="flask",
        version="1.0",
        advisories=advisories,
        affected="<2.0",
        fixed=("2.0",),
        assessment=Assessment(id=identifier, aliases=aliases),
        assumed_source=False,
    )


def report(*findings, at=NOON, earlier=(), unjudged=()):
    return make_report(
        Matched(components=3, findings=findings, unjudged=unjudged),
        subject=sha256(b"api"),
        sbom=sha256(b"sbom"),
        snapshot=SNAPSHOT,
        at=at,
        earlier=earlier,
    )


def since(made):
    return [each.first_seen for each in made.findings]


@pytest.mark.parametrize(
    ("again", "known"),
    [
        (finding(), True),
        (finding(purl="pkg:pypi/flask@1.1"), True),
        (finding(purl="pkg:pypi/flask@1.1?x=y#z"), True),
        (finding("GHSA-1", aliases=("CVE-2026-0001",), advisories=("GHSA-1",)), True),
        (finding("CVE-2026-0002", advisories=("A",)), True),
        (finding("CVE-2026-0002", advisories=("B",)), False),
        (finding(purl="pkg:pypi/flask-login@1.0"), False),
        (finding(purl="pkg:npm/flask@1.0"), False),
    ],
)
def test_the_same_flaw_of_the_same_package_is_known_since_before(again, known):
    before = report(finding())
    made = report(again, at=LATER, earlier=[before])
    assert since(made) == [str(NOON if known else LATER)]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("pkg:npm/%40acme/a@1.0", "pkg:npm/%40acme/a@2.0", True),
        ("pkg:npm/@acme/a", "pkg:npm/@acme/a@2.0", True),
        ("pkg:npm/@acme/a@1.0", "pkg:npm/@acme/b@1.0", False),
        ("pkg:deb/debian/a@1.0?distro=debian-12", "pkg:deb/debian/a@1.1?distro=debian-13", True),
    ],
)
def test_a_version_is_told_from_a_scope(first, second, same):
    before = report(finding(purl=first))
    made = report(finding(purl=second), at=LATER, earlier=[before])
    assert since(made) == [str(NOON if same else LATER)]


def test_the_earliest_of_several_reports_counts():
    reports = [report(finding(), at=LATER), report(finding(), at=NOON)]
    much_later = Instant.parse("2026-12-01T00:00:00Z")
    assert since(report(finding(), at=much_later, earlier=reports)) == [str(NOON)]


def test_what_nobody_can_judge_is_listed_once():
    doubt = Unjudged("pkg:generic/x@1", "x", "vulnerabilities.no-ecosystem", "why", ("A",))
    made = report(unjudged=(doubt, doubt._replace(advisories=("B",))))
    assert [(each.component, each.code) for each in made.unevaluated] == [
        ("x", "vulnerabilities.no-ecosystem")
    ]


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(4)))
def test_the_order_of_findings_changes_nothing(order):
    findings = [finding(f"CVE-2026-{number:04}") for number in order]
    made = report(*findings)
    assert made == report(*sorted(findings))
    assert MatchReport.parse(made.encode()) == made
