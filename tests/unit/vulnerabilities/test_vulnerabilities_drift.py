"""When something became known, and in which window of an artifact's life that lies."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Duration, Instant
from gatebook.digest import sha256
from gatebook.formats.scan.report import Severity
from gatebook.vulnerabilities.drift import (
    Judgement,
    Marks,
    Since,
    Standing,
    Window,
    became_known,
    drift_findings,
    next_lapse,
)
from gatebook.vulnerabilities.match_report import KnownVulnerability, MatchReport, Unevaluated

FLASK = "pkg:pypi/flask@1.0"


def day(number: int) -> Instant:
    """A day of November, at noon."""
    return Instant.parse("2026-11-01T12:00:00Z") + Duration.parse(f"{number - 1}d")


MARKS = Marks(built=day(5), gated=day(10), deployed=day(15), now=day(25))


def known(identifier="CVE-2026-1", *, seen, published=None, purl=FLASK, **more):
    return KnownVulnerability(
        id=identifier,
        advisories=(identifier,),
        purl=purl,
        component="flask",
        version="1.0",
        affected="<2.0",
        first_seen=str(day(seen)),
        published=None if published is None else str(day(published)),
        **more,
    )


def report(at, *findings, knows=None, sbom="one", unevaluated=()):
    return MatchReport(
        v=1,
        subject=str(sha256(b"api")),
        sbom=str(sha256(sbom.encode())),
        snapshot=str(sha256(b"%d" % at)),
        known=str(day(at if knows is None else knows)),
        imported=str(day(at)),
        at=str(day(at)),
        components=1,
        findings=findings,
        unevaluated=unevaluated,
    )


def tolerant(_):
    return Judgement(severity=Severity.HIGH, standing=Standing.TOLERATED)


def one(*reports, marks=MARKS, judge=tolerant):
    (found,) = drift_findings(reports, marks, judge)
    return found


# -- windows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "window"),
    [
        (day(1), Window.KNOWN_AT_BUILD),
        (day(5), Window.KNOWN_AT_BUILD),
        (day(6), Window.SINCE_BUILD),
        (day(10), Window.SINCE_BUILD),
        (day(11), Window.SINCE_GATE),
        (day(15), Window.SINCE_GATE),
        (day(16), Window.SINCE_DEPLOYMENT),
    ],
)
def test_a_window_begins_after_its_mark(instant, window):
    """What became known at the very instant of the build, the gate or the deployment was known."""
    assert MARKS.window_of(instant) is window


def test_what_never_happened_opens_no_window():
    only_built = Marks(built=day(5), gated=None, deployed=None, now=day(25))
    assert only_built.window_of(day(20)) is Window.SINCE_BUILD
    eligible = Marks(built=day(5), gated=day(10), deployed=None, now=day(25))
    assert eligible.window_of(day(20)) is Window.SINCE_GATE
    assert eligible.at(Since.DEPLOYMENT) is None


def test_an_allow_after_the_deployment_opens_the_last_window():
    again = Marks(built=day(5), gated=day(18), deployed=day(15), now=day(25))
    assert again.window_of(day(17)) is Window.SINCE_DEPLOYMENT
    assert again.window_of(day(19)) is Window.SINCE_GATE


@given(st.lists(st.integers(1, 28), min_size=4, max_size=4))
@settings(deadline=None, max_examples=200)
def test_every_instant_lies_in_the_window_of_the_newest_mark_before_it(days):
    built, gated, deployed, instant = days
    marks = Marks(built=day(built), gated=day(gated), deployed=day(deployed), now=day(28))
    window = marks.window_of(day(instant))
    before = [each for each in (built, gated, deployed) if each < instant]
    expected = {
        Window.SINCE_BUILD: built,
        Window.SINCE_GATE: gated,
        Window.SINCE_DEPLOYMENT: deployed,
    }
    if not before:
        assert window is Window.KNOWN_AT_BUILD
    else:
        assert expected[window] == max(before)


# -- when it became known --------------------------------------------------------------------------


def test_the_world_knows_from_the_publication_on():
    """The first import finds what was known for years: that is not news of today."""
    found = one(report(20, known(seen=20, published=3)))
    assert (found.became_known, found.window) == (day(3), Window.KNOWN_AT_BUILD)
    assert found.first_seen == day(20)


def test_a_record_without_a_publication_is_known_since_it_was_seen():
    found = one(report(20, known(seen=20)))
    assert (found.became_known, found.window) == (day(20), Window.SINCE_DEPLOYMENT)


def test_a_publication_after_it_was_seen_is_not_believed():
    assert one(report(20, known(seen=20, published=24))).became_known == day(20)


def test_a_snapshot_that_did_not_hold_it_proves_that_it_was_not_known():
    """The record of day 3 did not touch this version until somebody widened its range."""
    found = one(report(16), report(20, known(seen=20, published=3)))
    assert (found.became_known, found.window) == (day(16), Window.SINCE_DEPLOYMENT)


def test_what_such_a_snapshot_knew_counts_and_not_when_it_was_imported():
    found = one(report(16, knows=8), report(20, known(seen=20, published=3)))
    assert (found.became_known, found.window) == (day(8), Window.SINCE_BUILD)


def test_the_order_of_the_reports_does_not_matter():
    reports = [report(8), report(12), report(20, known(seen=20, published=3))]
    assert one(*reports).became_known == day(12)
    assert one(*reversed(reports)).became_known == day(12)


def test_a_component_that_nobody_could_judge_was_not_clear():
    doubt = Unevaluated(component="flask 1.0", purl=FLASK, code="vulnerabilities.not-covered")
    clear = one(report(16), report(20, known(seen=20, published=3)))
    doubted = one(report(16, unevaluated=(doubt,)), report(20, known(seen=20, published=3)))
    assert (clear.became_known, doubted.became_known) == (day(16), day(3))


def test_another_sbom_proves_nothing():
    """What its SBOM does not list, a snapshot could not find in it."""
    found = one(report(16, sbom="two"), report(20, known(seen=20, published=3)))
    assert found.became_known == day(3)


@given(st.integers(1, 28), st.none() | st.integers(1, 28), st.none() | st.integers(1, 28))
@settings(deadline=None, max_examples=200)
def test_it_never_became_known_after_it_was_seen(seen, published, clear):
    told = None if published is None else day(published)
    until = None if clear is None else day(clear)
    instant = became_known(day(seen), told, until)
    assert instant <= day(seen)
    assert told is None or instant >= min(told, day(seen))


# -- findings --------------------------------------------------------------------------------------


def test_only_the_newest_report_counts():
    """A record that was withdrawn is no finding any more."""
    assert drift_findings([report(16, known(seen=16)), report(20)], MARKS, tolerant) == ()


def test_two_sboms_that_name_it_give_one_finding():
    reports = [
        report(20, known(seen=20, published=14)),
        report(20, known(seen=20, published=12), sbom="two"),
    ]
    assert one(*reports).became_known == day(12)


def test_the_same_vulnerability_in_two_components_is_two_findings():
    other = known(seen=20, purl="pkg:pypi/flask@1.1")
    assert len(drift_findings([report(20, known(seen=20), other)], MARKS, tolerant)) == 2


def test_the_newest_knowledge_comes_first_then_the_worst():
    findings = [
        known("CVE-2026-1", seen=20, published=12),
        known("CVE-2026-2", seen=20, published=14),
        known("CVE-2026-3", seen=20, published=14, malicious=True),
    ]

    def judge(each):
        return Judgement(severity=Severity.CRITICAL if each.malicious else Severity.LOW)

    found = drift_findings([report(20, *findings)], MARKS, judge)
    assert [each.known.id for each in found] == ["CVE-2026-3", "CVE-2026-2", "CVE-2026-1"]


def test_an_unreadable_publication_says_nothing():
    odd = msgspec.structs.replace(known(seen=20), published="last Tuesday")
    assert one(report(20, odd)).published is None


# -- what ends next --------------------------------------------------------------------------------


def in_grace(until):
    return Judgement(
        severity=Severity.HIGH, reasons=("severity high",), standing=Standing.GRACE, until=until
    )


def test_the_first_end_comes_next():
    found = drift_findings([report(20, known(seen=20))], MARKS, lambda _: in_grace(day(27)))
    lapse = next_lapse(found, MARKS.now, day(28))
    assert lapse is not None
    assert (lapse.at, lapse.finding) == (day(27), found[0])
    lapse = next_lapse(found, MARKS.now, day(26))
    assert lapse is not None
    assert (lapse.at, lapse.finding) == (day(26), None)


def test_what_has_ended_does_not_end_again():
    found = drift_findings([report(20, known(seen=20))], MARKS, lambda _: in_grace(day(24)))
    assert next_lapse(found, MARKS.now, day(23)) is None


def test_nothing_ends_where_nothing_has_an_end():
    assert next_lapse(drift_findings([report(20)], MARKS, tolerant), MARKS.now, None) is None
