"""Advisories at the command line: imported, matched, shown, without a book and offline."""

import json

import pytest

FLASK = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-02T03:04:05Z",
    "published": "2026-01-01T00:00:00Z",
    "summary": "Flask runs \u001b[31mtoo hot",
    "aliases": ["CVE-2026-1000"],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "flask"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}, {"fixed": "3.1"}]}],
        }
    ],
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "references": [{"type": "WEB", "url": "https://advisories.example.com/1"}],
}
GONE = {**FLASK, "id": "PYSEC-2026-2", "aliases": [], "withdrawn": "2026-02-01T00:00:00Z"}
KEV = {
    "catalogVersion": "2026.11.20",
    "vulnerabilities": [
        {"cveID": "CVE-2026-1000", "dateAdded": "2026-05-01", "dueDate": "2026-05-22"}
    ],
}
BAD = "pkg:pypi/flask@3.0.5"
GOOD = "pkg:pypi/flask@3.1"
UNKNOWN = "pkg:npm/left-pad@1.0.0"


@pytest.fixture
def dump(desk):
    desk.write("dump.jsonl", json.dumps(FLASK) + "\n" + json.dumps(GONE))
    desk.write("kev.json", json.dumps(KEV))
    return desk


def test_what_was_imported_is_matched(dump):
    made = dump.json("advisories", "import", "dump.jsonl", "kev.json", "--into", "store")
    assert made["schema"] == "gatebook/advisories-imported/v1"
    assert (made["snapshot"]["records"], made["snapshot"]["withdrawn"]) == (2, 1)
    ran = dump.run("advisories", "match", BAD, GOOD, "--advisories", "store", "--json")
    found = ran.json()
    assert ran.status == 7
    assert found["schema"] == "gatebook/advisory-matches/v1"
    assert found["snapshot"]["digest"] == made["snapshot"]["digest"]
    assert found["matches"] == {BAD: ["PYSEC-2026-1"], GOOD: []}
    assert found["not_evaluable"] == []
    (finding,) = found["findings"]
    assert (finding["id"], finding["affected"], finding["fixed"]) == (
        "CVE-2026-1000",
        ">=3.0,<3.1",
        ["3.1"],
    )
    assert finding["known_exploited"] == "2026-05-01"
    assert finding["severities"][0] == {
        "source": "pysec",
        "severity": "critical",
        "score": "9.8",
        "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    }
    assert finding["explanation"] == "affected: >=3.0,<3.1; you run 3.0.5; fixed in 3.1"


def test_the_exit_status_says_found_unjudged_or_clean(dump):
    for purls, status in (
        ((BAD, UNKNOWN), 7),
        ((GOOD, UNKNOWN), 4),
        ((UNKNOWN,), 4),
        (("pkg:generic/x@1",), 4),
        (("pkg:pypi/flask@banana",), 4),
        (("pkg:nonsense",), 4),
        ((GOOD,), 0),
    ):
        ran = dump.run("advisories", "match", *purls, "--advisories", "dump.jsonl", "--json")
        assert ran.status == status, purls
    codes = [each["code"] for each in ran.json()["not_evaluable"]]
    assert codes == []


def test_a_dump_is_matched_in_memory_and_a_directory_as_well(dump):
    for source in ("dump.jsonl", "."):
        (dump.directory / "sbom.json").unlink(missing_ok=True)
        ran = dump.run("advisories", "match", BAD, "--advisories", source)
        assert ran.status == 7
        assert "affected: >=3.0,<3.1; you run 3.0.5; fixed in 3.1" in ran.out
        assert "CVE-2026-1000  critical 9.8 (pysec)" in ran.out


def test_the_file_without_a_name_is_found_again(dump):
    dump.do("advisories", "import", "dump.jsonl")
    assert dump.run("advisories", "match", BAD).status == 7
    assert dump.json("advisories", "status")["ecosystems"] == {"PyPI": 1}


def test_an_sbom_is_matched_component_by_component(dump):
    sbom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [
            {"type": "library", "name": "flask", "version": "3.0.5", "purl": BAD},
            {"type": "library", "name": "nameless", "version": "1"},
            {"type": "file", "name": "/etc/passwd"},
        ],
    }
    dump.write("sbom.json", json.dumps(sbom))
    ran = dump.run("advisories", "match", "sbom.json", "--advisories", "dump.jsonl", "--json")
    found = ran.json()
    assert (ran.status, found["components"], found["matches"]) == (7, 2, {BAD: ["PYSEC-2026-1"]})
    assert [(each["component"], each["code"]) for each in found["not_evaluable"]] == [
        ("nameless 1", "vulnerabilities.no-purl")
    ]
    empty = {**sbom, "components": []}
    dump.write("empty.json", json.dumps(empty))
    ran = dump.run("advisories", "match", "empty.json", "--advisories", "dump.jsonl")
    assert ran.status == 4, "nothing was looked up"


def test_near_misses_are_explained_when_asked_for(dump):
    asked = ("advisories", "match", GOOD, "--advisories", "dump.jsonl")
    ran = dump.run(*asked, "--explain", "--json")
    assert [(each["advisory"], each["code"]) for each in ran.json()["near_misses"]] == [
        ("PYSEC-2026-1", "not-in-range"),
        ("PYSEC-2026-2", "withdrawn"),
    ]
    assert "near_misses" not in dump.run(*asked, "--json").json()
    said = dump.run(*asked, "--explain").out
    assert "PYSEC-2026-1 does not match: affected: >=3.0,<3.1; you run 3.1" in said


def test_an_advisory_is_shown_by_any_of_its_names(dump):
    dump.do("advisories", "import", "dump.jsonl", "kev.json")
    for name in ("CVE-2026-1000", "PYSEC-2026-1"):
        shown = dump.json("advisories", "show", name)
        assert (shown["id"], shown["records"]) == ("CVE-2026-1000", [FLASK])
    said = dump.do("advisories", "show", "CVE-2026-1000").out
    assert "\\x1b[31m" in said
    assert "exploited: listed 2026-05-01, due 2026-05-22" in said
    assert "withdrawn 2026-02-01" in dump.do("advisories", "show", "PYSEC-2026-2").out
    dump.refused(2, "cli.no-advisory", "advisories", "show", "CVE-1999-0001")


def test_the_status_says_how_old_the_snapshot_is(dump):
    made = dump.json("advisories", "import", "dump.jsonl", "kev.json")
    status = dump.json("advisories", "status")
    assert status["snapshot"] == made["snapshot"]
    assert status["snapshot"]["known"] == "2026-02-01T00:00:00Z"
    assert status["age_days"] >= 0
    assert [each["kind"] for each in status["sources"]] == ["kev", "osv"]
    assert "newest advisory 2026-02-01T00:00:00Z" in dump.do("advisories", "status").out


def test_a_malformed_record_refuses_unless_it_may_be_left_out(dump):
    dump.write("bad.jsonl", json.dumps(FLASK) + '\n{"id": 1}\n')
    dump.refused(5, "stores.malformed-advisories", "advisories", "import", "bad.jsonl")
    assert not (dump.directory / "advisories.gatebook").exists()
    ran = dump.do("advisories", "import", "bad.jsonl", "--skip-malformed")
    assert "left out 1 malformed record" in ran.err
    match = ("advisories", "match", BAD, "--advisories", "bad.jsonl")
    dump.refused(5, "stores.malformed-advisories", *match)
    assert dump.run(*match, "--skip-malformed").status == 7


def test_without_advisories_nothing_is_clean(dump):
    dump.refused(2, "stores.no-advisories", "advisories", "match", GOOD)
    dump.refused(2, "stores.no-advisories", "advisories", "import", "nowhere")
    dump.refused(
        5, "stores.advisory-source", "advisories", "match", GOOD, "--advisories", "app.bin"
    )
    dump.refused(2, "cli.file", "advisories", "match", "missing.json", "--advisories", "dump.jsonl")
