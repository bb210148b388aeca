"""Drift, recheck and questions about components, from the command line."""

import json
from xml.etree import ElementTree as ET

import pytest

from gatebook.digest import sha256

API = str(sha256(b"hello"))
SIX = "pkg:pypi/six@1.16.0"
CONTRACT = """contract: gatebook/contract/v1
environment: prod
controls:
  - id: vulnerabilities
    with: {accept: [reported], max-advisory-age: 3650d}
"""
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def advisory(identifier, fixed):
    events = [{"introduced": "0"}, {"fixed": fixed}]
    return {
        "id": identifier,
        "modified": "2026-05-01T00:00:00Z",
        "published": "2026-05-01T00:00:00Z",
        "aliases": [f"CVE-2026-{identifier[-1]}000"],
        "severity": [{"type": "CVSS_V3", "score": CRITICAL}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "six"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }


def advise(desk, *records):
    desk.write("advisories.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    desk.do("advisories", "import", "advisories.jsonl")


@pytest.fixture
def running(desk):
    """A desk with a book in which the app, with its SBOM, was allowed and runs in production."""
    desk.do("init", "--origin", "ledger.example.com/acme")
    desk.write("prod.yaml", CONTRACT)
    desk.do("contract", "publish", "prod.yaml")
    desk.record("app.bin", "--name", "acme/app")
    from gatebook.workspace.book import Book

    with Book.open(desk.directory / ".gatebook") as book:
        book.report(desk.read("sbom.json"), API, form="cyclonedx-json")
    advise(desk, advisory("PYSEC-2026-1", "1.0"))
    desk.do("gate", "app.bin", "--environment", "prod")
    desk.do("deploy", "record", "app.bin", "--environment", "prod", "--name", "acme/app")
    return desk


@pytest.fixture
def touched(running):
    """The same, and an advisory on a component of the app has arrived."""
    advise(running, advisory("PYSEC-2026-1", "1.0"), advisory("PYSEC-2026-9", "2.0"))
    return running


# -- recheck ---------------------------------------------------------------------------------------


def test_without_news_every_allow_holds(running):
    ran = running.do("recheck")
    assert (ran.out, "1 artifact rechecked: 1 allow holds" in ran.err) == ("", True)


def test_a_lapse_is_told_with_its_cause_and_status_7(touched):
    ran = touched.run("recheck")
    assert ran.status == 7
    head, row, *_ = ran.out.splitlines()
    assert head.split()[:2] == ["environment", "artifact"]
    assert row.split()[:2] == ["prod", "acme/app"]
    assert "DENY  vulnerabilities" in row
    assert "policy.vulnerabilities-found" in ran.out
    assert "CVE-2026-9000" in ran.out
    assert "1 lapsed now, 0 before; 1 decision recorded" in ran.err
    lapse = touched.entries()[0]
    assert lapse["kind"] == "decision.lapsed"


def test_a_second_recheck_records_nothing(touched):
    first = touched.run("recheck", "--json").json()
    size = len(touched.entries())
    ran = touched.run("recheck", "--environment", "prod", "--json")
    (again,) = ran.json()["rechecked"]
    assert (ran.status, len(touched.entries())) == (7, size)
    assert (again["result"], again["recorded"]) == ("lapsed-before", False)
    (before,) = first["rechecked"]
    assert first["schema"] == "gatebook/recheck/v1"
    assert before["result"] == "lapsed"
    for name in ("artifact", "lapse", "allow", "entry", "causes"):
        assert before[name] == again[name]
    assert before["causes"][0]["control"] == "vulnerabilities"


# -- drift -----------------------------------------------------------------------------------------


def test_drift_is_told_as_a_table_and_as_json(touched):
    touched.run("recheck")
    ran = touched.do("drift")
    head, row = ran.out.splitlines()
    assert head.split()[:3] == ["artifact", "finding", "severity"]
    assert row.split()[:5] == ["acme/app", "(prod)", "CVE-2026-9000", "critical", "9.8"]
    found = touched.json("drift", "--environment", "prod", "--artifact", API)
    assert found["schema"] == "gatebook/drift/v1"
    (artifact,) = found["artifacts"]
    assert (artifact["artifact"], artifact["scope"], artifact["total"]) == (API, "running", 1)
    (finding,) = artifact["findings"]
    assert (finding["id"], finding["purl"], finding["fixed"]) == ("CVE-2026-9000", SIX, ["2.0"])
    assert finding["standing"] == "fails"


def test_drift_before_anything_ran_is_empty(touched):
    assert touched.json("drift", "--at", "2020-01-01T00:00:00Z")["artifacts"] == []


def test_drift_is_drawn(touched):
    touched.run("recheck")
    touched.do("drift", "--since", "build", "--svg", "drift.svg")
    root = ET.fromstring(touched.read("drift.svg"))  # noqa: S314  # drawn a moment ago
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "acme/app in prod, running" in "".join(root.itertext())


def test_what_was_never_matched_is_said(running):
    running.write("other.bin", "other")
    running.record("other.bin", "--name", "acme/other")
    running.do("deploy", "record", "other.bin", "--environment", "prod", "--name", "acme/other")
    ran = running.do("drift")
    assert "acme/other in prod: no SBOM of it was matched with advisories" in ran.err


def test_a_malformed_time_is_refused(running):
    running.refused(5, "clock.malformed-instant", "drift", "--at", "yesterday")


# -- questions about components --------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        ("--package", "pkg:pypi/six"),
        ("--package", "six"),
        ("--package", "pkg:pypi/six", "--range", "vers:pypi/<2.0"),
        ("--vulnerability", "CVE-2026-9000"),
        ("--vulnerability", "PYSEC-2026-9"),
        ("--mentions", SIX, "--scope", "running"),
        ("--package", "six", "--environment", "prod"),
    ],
)
def test_what_contains_it_is_told(touched, asked):
    found = touched.json("query", *asked)
    assert found["schema"] == "gatebook/holdings/v1"
    (holding,) = found["found"]
    assert (holding["artifact"], holding["environment"]) == (API, "prod")
    assert (holding["component"], holding["version"], holding["certain"]) == (SIX, "1.16.0", True)
    assert touched.json("show", holding["entry"])["kind"] == "evidence.reported"
    (_, row) = touched.do("query", *asked).out.splitlines()
    assert row.split()[:2] == ["prod", "acme/app"]


def test_mentions_asks_every_recorded_artifact(touched):
    (holding,) = touched.json("query", "--mentions", "pkg:pypi/six")["found"]
    assert (holding["environment"], holding["scope"]) == (None, "recorded")


def test_nothing_found_is_an_empty_answer(touched):
    ran = touched.do("query", "--package", "pkg:pypi/nine")
    assert (ran.out, "package pkg:pypi/nine: 0 components" in ran.err) == ("", True)
    assert touched.json("query", "--license", "MIT")["found"] == []


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("cli.query-needed", ()),
        ("cli.query-needed", ("--package", "six", "--license", "MIT")),
        ("cli.query-needed", ("--package", "six", "--digest", API)),
        ("cli.query-needed", ("--package", "six", "--history")),
        ("cli.query-range", ("--license", "MIT", "--range", "vers:pypi/*")),
        ("cli.query-range", ("--digest", API, "--scope", "running")),
        ("workspace.version-and-range", ("--package", SIX, "--range", "vers:pypi/*")),
    ],
)
def test_questions_that_do_not_go_together_are_refused(touched, code, asked):
    touched.refused(2, code, "query", *asked)
