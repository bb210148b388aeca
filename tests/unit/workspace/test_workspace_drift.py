"""What became known about what is in use: read from a book, and drawn."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import msgspec
import pytest

from gatebook.clock import Duration, Instant
from gatebook.digest import sha256
from gatebook.errors import MalformedError
from gatebook.vulnerabilities.drift import Since, Standing, Window
from gatebook.workspace.drift_picture import COLUMNS, draw_drift, drift_rows
from gatebook.workspace.portfolio import Scope

FLASK = "pkg:pypi/flask@1.0"
JINJA = "pkg:pypi/jinja2@2.0"
CRITICAL = {
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
}
SVG = "{http://www.w3.org/2000/svg}"
NOON = Instant.parse("2026-11-20T12:00:00Z")


def after(duration):
    return NOON + Duration.parse(duration)


def demand(shop, **more):
    parameters = {"max-advisory-age": "90d", **{k.replace("_", "-"): v for k, v in more.items()}}
    return shop.demand({"id": "vulnerabilities", "with": parameters})


@pytest.fixture
def running(shop):
    """The api: recorded at noon, allowed two hours later, deployed another two hours later."""
    demand(shop).accept_sbom(FLASK, JINJA)
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5"))
    shop.later("2h").book.gate(shop.api, "prod")
    shop.later("2h").book.deploy(shop.api, "prod", name="api")
    return shop.later("1d")


def news(shop, *advisories):
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5"), *advisories)
    shop.later("1m").book.match(shop.api)
    return shop.later("1h")


def published(shop, identifier, at, package="flask", **more):
    text = str(after(at))
    return shop.advisory(
        identifier, package, "9.9", published=text, modified=text, **(more or CRITICAL)
    )


def only(report):
    (drift,) = report.drifts
    return drift


# -- reading ---------------------------------------------------------------------------------------


def test_without_news_nothing_drifted(running):
    drift = only(running.book.drift())
    assert (drift.findings, drift.total, drift.sboms) == ((), 0, 1)
    assert drift.use.scope is Scope.RUNNING
    marks = drift.marks
    assert (marks.built, marks.gated, marks.deployed) == (NOON, after("2h"), after("4h"))


def test_each_finding_is_in_its_window(running):
    news(
        running,
        published(running, "PYSEC-1", "1h"),
        published(running, "PYSEC-2", "3h"),
        published(running, "PYSEC-3", "5h", "jinja2"),
    )
    drift = only(running.book.drift())
    assert [(each.known.id, each.window) for each in drift.findings] == [
        ("PYSEC-3", Window.SINCE_DEPLOYMENT),
        ("PYSEC-2", Window.SINCE_GATE),
        ("PYSEC-1", Window.SINCE_BUILD),
    ]
    assert all(each.fix_available for each in drift.findings)
    assert {each.standing for each in drift.findings} == {Standing.FAILS}


@pytest.mark.parametrize(
    ("since", "ids"),
    [
        (Since.BUILD, ["PYSEC-3", "PYSEC-2", "PYSEC-1"]),
        (Since.GATE, ["PYSEC-3", "PYSEC-2"]),
        (Since.DEPLOYMENT, ["PYSEC-3"]),
    ],
)
def test_one_may_ask_for_what_came_after_a_mark(running, since, ids):
    news(
        running,
        published(running, "PYSEC-1", "1h"),
        published(running, "PYSEC-2", "3h"),
        published(running, "PYSEC-3", "5h"),
    )
    drift = only(running.book.drift(since=since))
    assert [each.known.id for each in drift.findings] == ids
    assert drift.total == 3


def test_what_was_published_before_and_not_found_is_news(running):
    """The first snapshot knew of nothing; the range was widened afterwards."""
    old = running.advisory("PYSEC-1", "flask", "9.9", published="2020-01-01T00:00:00Z")
    (found,) = only(news(running, old).book.drift()).findings
    assert found.first_seen > after("1d")
    # The snapshot in which it was not yet knew what was known on the first of November.
    assert str(found.became_known) == "2026-11-01T00:00:00Z"
    assert found.window is Window.KNOWN_AT_BUILD


def test_an_instant_in_the_past_shows_what_was_known_then(running):
    news(running, published(running, "PYSEC-1", "5h"))
    assert only(running.book.drift(at=after("5h"))).findings == ()
    assert len(only(running.book.drift()).findings) == 1
    # Before the deployment it was eligible, and before the gate neither.
    assert only(running.book.drift(at=after("3h"))).use.scope is Scope.ELIGIBLE
    assert running.book.drift(at=after("1h")).drifts == ()


def test_an_instant_in_the_past_is_judged_by_the_contract_of_then(running):
    news(running, published(running, "PYSEC-1", "5h"))
    then = running.clock.instant
    demand(running.later("1h"), severity="critical", known_exploited=False, cvss="10.0")
    running.demand({"id": "artifact-identified"})
    (before,) = only(running.book.drift(at=then)).findings
    (today,) = only(running.book.drift()).findings
    assert (before.standing, today.standing) == (Standing.FAILS, Standing.NOT_JUDGED)


def test_time_to_mend_ends_next(running):
    demand(running, grace={"critical": "7d"})
    drift = only(news(running, published(running, "PYSEC-1", "5h")).book.drift())
    (found,) = drift.findings
    assert found.standing is Standing.GRACE
    assert found.judgement.until == found.first_seen + Duration.parse("7d")
    assert drift.lapses_next is not None
    assert drift.lapses_next.finding == found
    running.later("8d")
    assert only(running.book.drift()).findings[0].standing is Standing.FAILS


def test_the_severity_is_that_of_the_configured_source(running):
    demand(running, severity_sources=["pysec"])
    (found,) = only(news(running, published(running, "PYSEC-1", "5h")).book.drift()).findings
    assert (found.judgement.source, str(found.judgement.score)) == ("pysec", "9.8")


def test_what_is_eligible_drifts_too(shop):
    demand(shop).accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5"))
    shop.later("1h").book.gate(shop.api, "prod")
    news(shop.later("1d"), published(shop, "PYSEC-1", "5h"))
    drift = only(shop.book.drift())
    assert (drift.use.scope, drift.marks.deployed) == (Scope.ELIGIBLE, None)
    assert [each.window for each in drift.findings] == [Window.SINCE_GATE]
    assert only(shop.book.drift(since=Since.DEPLOYMENT)).findings == ()


def test_what_was_never_matched_is_said_to_be_unknown(shop):
    shop.book.deploy(shop.api, "prod", name="api")
    drift = only(shop.book.drift())
    assert (drift.sboms, drift.known, drift.total) == (0, None, 0)


def test_only_the_artifact_or_environment_asked_for(running):
    web = sha256(b"web")
    running.record(web).book.deploy(web, "staging", name="web")
    assert len(running.book.drift().drifts) == 2
    assert only(running.book.drift(environment="staging")).use.digest == web
    assert only(running.book.drift(artifact=running.api)).use.digest == running.api
    assert running.book.drift(artifact=web, environment="prod").drifts == ()


def test_a_name_no_environment_can_have_is_refused(running):
    with pytest.raises(MalformedError):
        running.book.drift(environment="no such/place")


def test_a_lost_report_is_a_problem_and_no_absence(running):
    news(running, published(running, "PYSEC-1", "5h"))
    row = running.book.query.matches(running.api)[-1]
    hexadecimal = row.document.removeprefix("sha256:")
    (blob,) = (running.directory / "book" / "blobs").glob(f"**/*{hexadecimal[2:]}")
    blob.chmod(0o600)
    blob.write_bytes(b"{}")
    drift = only(running.book.drift())
    assert drift.problem is not None
    assert (drift.findings, drift.sboms) == ((), 0)


# -- drawing ---------------------------------------------------------------------------------------


def test_the_picture_shows_the_rows_of_the_table(running):
    news(
        running,
        published(running, "PYSEC-1", "1h"),
        published(running, "PYSEC-2", "5h", "jinja2"),
    )
    report = running.book.drift()
    root = ET.fromstring(draw_drift(report))  # noqa: S314  # drawn a moment ago
    rows = [
        tuple(cell.findtext(f"{SVG}title") for cell in row.findall(f"{SVG}text"))
        for row in root.iter(f"{SVG}g")
        if row.get("role") == "row"
    ]
    assert rows == [COLUMNS, *drift_rows(only(report))]
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    assert len([each for each in root.iter() if each.get("class") == "critical"]) == 2


def test_the_picture_is_sound_where_there_is_nothing(shop):
    root = ET.fromstring(draw_drift(shop.book.drift()))  # noqa: S314  # drawn a moment ago
    assert "nothing runs or may be deployed" in "".join(root.itertext())


def test_names_of_others_stay_text(running):
    """An SBOM may say anything, also markup and control characters."""
    news(running, published(running, "PYSEC-1", "5h"))
    report = running.book.drift()
    drift = only(report)
    (found,) = drift.findings
    hostile = msgspec.structs.replace(
        found.known, component='<script>alert("1")</script>\x07\ud800', fixed=("&lt;]]>",)
    )
    drift = replace(drift, findings=(replace(found, known=hostile),))
    drawn = draw_drift(replace(report, drifts=(drift,)))
    root = ET.fromstring(drawn)  # noqa: S314  # drawn a moment ago
    assert "script" not in {each.tag.removeprefix(SVG) for each in root.iter()}
    assert b"<script" not in drawn
    assert not re.search(rb"\son\w+=|href|url\(|@import|http://(?!www\.w3\.org/2000/svg)", drawn)
    assert b"prefers-color-scheme:dark" in drawn
