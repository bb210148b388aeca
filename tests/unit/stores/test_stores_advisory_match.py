"""Components are matched with what was imported, as the algorithm says word for word."""

import json
import random

import pytest

from gatebook.clock import Instant
from gatebook.stores.advisory_import import import_advisories, load_advisories
from gatebook.stores.advisory_store import AdvisoryStore
from gatebook.stores.occurrence_store import SqliteOccurrences
from gatebook.vulnerabilities.match import Matcher
from gatebook.vulnerabilities.occurrences import range_questions
from gatebook.vulnerabilities.package_identity import identify_purl

NOW = Instant.parse("2026-11-20T12:00:00Z")
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def advisory(identifier, name="flask", ecosystem="PyPI", events=(), **more):
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    said = {key: more.pop(key) for key in ("versions", "severity_here") if key in more}
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}
    if "versions" in said:
        affected["versions"] = said["versions"]
    return {
        "id": identifier,
        "modified": "2026-01-01T00:00:00Z",
        "affected": [affected],
        **more,
    }


def between(low, high=None):
    return [{"introduced": low}, *([] if high is None else [{"fixed": high}])]


@pytest.fixture
def believe(tmp_path):
    """Import records, and hand out a matcher."""
    opened = []

    def believe(*records, extra=()):
        file = tmp_path / f"records-{len(opened)}"
        file.write_text("\n".join(map(json.dumps, records)))
        paths = [file]
        for number, data in enumerate(extra):
            paths.append(tmp_path / f"extra-{len(opened)}-{number}")
            paths[-1].write_bytes(data)
        store = tmp_path / f"store-{len(opened)}"
        import_advisories(paths, into=store, now=NOW)
        opened.append(AdvisoryStore(store))
        return Matcher(opened[-1])

    yield believe
    for each in opened:
        each.close()


def match(matcher, *purls, **more):
    return matcher.match(map(identify_purl, purls), **more)


def ids(matched):
    return sorted({each for finding in matched.findings for each in finding.advisories})


# -- against the vectors and an oracle -------------------------------------------------------------


def test_every_case_of_the_vectors_matches(vectors, tmp_path):
    cases = json.loads((vectors / "sbom" / "osv-match-cases.json").read_bytes())["cases"]
    import_advisories([vectors / "sbom" / "osv"], into=tmp_path / "store", now=NOW)
    with AdvisoryStore(tmp_path / "store") as store:
        matcher = Matcher(store)
        wrong = []
        for case in cases:
            matched = match(matcher, case["purl"])
            if ids(matched) != sorted(case["expected"]) or matched.unjudged:
                wrong.append(case["purl"])
        assert (wrong, len(cases)) == ([], 961)
        # All at once gives what each one gave.
        together = match(matcher, *(case["purl"] for case in cases))
        found = {}
        for finding in together.findings:
            found.setdefault(finding.purl, set()).update(finding.advisories)
        assert found == {c["purl"]: set(c["expected"]) for c in cases if c["expected"]}


def literally_affected(record, name, version):
    """OSV schema, "Evaluation", on versions that are pairs of numbers."""

    def number(text):
        return tuple(map(int, text.split(".")))

    for affected in record["affected"]:
        if affected["package"]["name"] != name:
            continue
        if version in affected.get("versions", ()):
            return True
        for each in affected["ranges"]:
            vulnerable = False
            for event in sorted(
                each["events"], key=lambda event: number(next(iter(event.values())))
            ):
                kind, at = next(iter(event.items()))
                asked, when = number(version), number(at)
                if asked > when or (asked == when and kind != "last_affected"):
                    vulnerable = kind == "introduced"
            if vulnerable:
                return True
    return False


def random_record(dice, number):
    def version():
        return f"{dice.randrange(1, 6)}.{dice.randrange(4)}"

    affected = []
    for _ in range(dice.randrange(1, 3)):
        ranges = []
        for _ in range(dice.randrange(3)):
            points = sorted({version() for _ in range(dice.randrange(1, 6))})
            end = dice.choice(["fixed", "last_affected"])
            events = [
                {("introduced" if place % 2 == 0 else end): point}
                for place, point in enumerate(points)
            ]
            dice.shuffle(events)
            ranges.append({"type": "ECOSYSTEM", "events": events})
        affected.append(
            {
                "package": {"ecosystem": "PyPI", "name": dice.choice(["a", "b", "c"])},
                "ranges": ranges,
                "versions": [version() for _ in range(dice.randrange(1, 4))],
            }
        )
    return {"id": f"X-{number}", "modified": "2026-01-01T00:00:00Z", "affected": affected}


def test_random_records_match_as_the_algorithm_says_and_backwards_as_well(believe, tmp_path):
    dice = random.Random(7)  # noqa: S311  # repeatable
    records = [random_record(dice, number) for number in range(400)]
    components = [(name, f"{x}.{y}") for name in "abc" for x in range(7) for y in range(4)]
    expected = {
        (f"pkg:pypi/{name}@{version}", record["id"])
        for name, version in components
        for record in records
        if literally_affected(record, name, version)
    }
    assert len(expected) > 5000
    matcher = believe(*records)
    matched = match(matcher, *(f"pkg:pypi/{name}@{version}" for name, version in components))
    assert {(each.purl, one) for each in matched.findings for one in each.advisories} == expected
    assert matched.unjudged == ()
    # The same the other way round: one advisory after the other, and all at once.
    store = matcher._index
    with SqliteOccurrences(tmp_path / "occurrences") as kept:
        for name, version in components:
            purl = f"pkg:pypi/{name}@{version}"
            kept.put(f"owner of {purl}", [identify_purl(purl)])
        numbers = store.numbers([each["id"] for each in records])
        asked = {
            (found.purl, record.id)
            for record in store.records(numbers.values()).values()
            for found in kept.having(range_questions(record))
        }
        names = {number: identifier for identifier, number in numbers.items()}
        again = {
            (kept.purl_of(touched.component), names[touched.record])
            for touched in kept.rematch(store)
        }
        assert (asked, again) == (expected, expected)
        assert kept.left_out(store) == ()


# -- what a finding says ---------------------------------------------------------------------------


def test_a_finding_says_why_and_what_to_do(believe):
    matcher = believe(advisory("PYSEC-1", events=between("3.0", "3.1.12")))
    (finding,) = match(matcher, "pkg:pypi/flask@3.1.5").findings
    assert finding.explanation == "affected: >=3.0,<3.1.12; you run 3.1.5; fixed in 3.1.12"
    known = finding.known(NOW)
    assert (known.id, known.affected, known.fixed) == ("PYSEC-1", ">=3.0,<3.1.12", ("3.1.12",))


def test_aliases_are_one_finding_with_every_severity_and_the_other_names(believe):
    matcher = believe(
        advisory(
            "GHSA-1",
            events=between("0", "2.0"),
            aliases=["CVE-2024-1000"],
            database_specific={"severity": "MODERATE"},
        ),
        advisory("PYSEC-1", events=between("0", "2.0.1"), aliases=["CVE-2024-1000"]),
        {
            "id": "CVE-2024-1000",
            "modified": "2026-02-01T00:00:00Z",
            "severity": [{"type": "CVSS_V3", "score": VECTOR}],
        },
    )
    (finding,) = match(matcher, "pkg:pypi/flask@1.0").findings
    assert (finding.id, finding.advisories) == ("CVE-2024-1000", ("GHSA-1", "PYSEC-1"))
    assert finding.fixed == ("2.0",)
    said = [(each.source, each.severity, each.score) for each in finding.assessment.severities]
    assert said == [("cve", "critical", "9.8"), ("ghsa", "medium", None)]


def test_related_and_upstream_join_nothing(believe):
    matcher = believe(
        advisory("A-1", events=between("0"), related=["CVE-2024-1"], upstream=["CVE-2024-1000"]),
        advisory("A-2", events=between("0"), related=["CVE-2024-1"], upstream=["CVE-2024-1000"]),
    )
    assert [each.id for each in match(matcher, "pkg:pypi/flask@1").findings] == ["A-1", "A-2"]


def test_exploitation_is_found_through_aliases_and_upstream(believe):
    kev = json.dumps(
        {
            "catalogVersion": "1",
            "vulnerabilities": [
                {"cveID": "CVE-2024-1000", "dateAdded": "2024-05-01", "dueDate": "2024-05-22"}
            ],
        }
    ).encode()
    epss = (
        b"#model_version:v1,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\n"
        b"CVE-2024-1000,0.5,0.9\nCVE-2024-2000,0.75,0.95\n"
    )
    matcher = believe(
        advisory("DSA-1", "flask", "Debian:12", events=between("0"), upstream=["DEBIAN-1"]),
        advisory("DEBIAN-1", "other", "Debian:12", upstream=["CVE-2024-1000", "DSA-1"]),
        advisory("GHSA-1", events=between("0"), aliases=["CVE-2024-2000", "CVE-2024-1000"]),
        advisory("GHSA-2", "safe", events=between("0"), aliases=["CVE-2024-3000"]),
        extra=[kev, epss],
    )
    matched = match(
        matcher,
        *("pkg:deb/debian/flask@1?distro=debian-12", "pkg:pypi/flask@1", "pkg:pypi/safe@1"),
    )
    about = {each.advisories[0]: each.assessment for each in matched.findings}
    assert (about["DSA-1"].known_exploited, about["DSA-1"].epss) == ("2024-05-01", "0.5")
    assert about["DSA-1"].upstream == ("CVE-2024-1000", "DEBIAN-1", "DSA-1")[:2]
    assert (about["GHSA-1"].exploited_due, about["GHSA-1"].epss) == ("2024-05-22", "0.75")
    assert (about["GHSA-2"].known_exploited, about["GHSA-2"].epss) == (None, None)


def test_malware_is_said(believe):
    matcher = believe(advisory("MAL-2026-1", "evil", "npm", versions=["1.0.0"]))
    (finding,) = match(matcher, "pkg:npm/evil@1.0.0").findings
    assert finding.assessment.malicious
    assert match(matcher, "pkg:npm/evil@1.0.1").findings == ()


# -- what must not pass ----------------------------------------------------------------------------


def test_a_withdrawn_record_never_matches_and_is_a_near_miss(believe):
    gone = advisory("A-1", events=between("0"), withdrawn="2026-02-02T00:00:00Z")
    matched = match(
        believe(gone, advisory("A-2", "other", events=between("0"))),
        "pkg:pypi/flask@1",
        near_misses=True,
    )
    assert (matched.findings, matched.unjudged) == ((), ())
    assert [(each.advisory, each.code) for each in matched.near_misses] == [("A-1", "withdrawn")]


def test_what_the_snapshot_does_not_cover_is_not_clean(believe):
    matcher = believe(advisory("A-1", "x", "Debian:12", events=between("0", "1")))
    for purl in ("pkg:npm/a@1.0.0", "pkg:deb/debian/x@5?distro=debian-11", "pkg:pypi/x@1"):
        matched = match(matcher, purl)
        assert [each.code for each in matched.unjudged] == ["vulnerabilities.not-covered"], purl
    clean = match(matcher, "pkg:deb/debian/y@1?distro=debian-12")
    assert (clean.findings, clean.unjudged, clean.components) == ((), (), 1)


def test_an_ecosystem_of_which_all_records_are_withdrawn_is_not_covered(believe):
    gone = advisory("A-1", events=between("0"), withdrawn="2026-02-02T00:00:00Z")
    matcher = believe(gone, advisory("A-2", "x", "npm", events=between("0")))
    codes = [each.code for each in match(matcher, "pkg:pypi/other@1").unjudged]
    assert codes == ["vulnerabilities.not-covered"]


def test_a_version_without_order_is_unjudged_with_the_records_in_question(believe):
    matcher = believe(
        advisory("A-1", events=between("0", "2")),
        advisory("A-2", events=between("0"), aliases=["CVE-2024-1000"]),
        advisory("A-3", events=between("0", "1"), aliases=["CVE-2024-1000"]),
        advisory("A-4", "other", events=between("0")),
    )
    matched = match(matcher, "pkg:pypi/flask@banana")
    assert ids(matched) == ["A-2"], "every version is affected, ordered or not"
    (doubt,) = matched.unjudged
    assert (doubt.code, doubt.advisories) == ("vulnerabilities.unordered-version", ("A-1",))
    assert match(matcher, "pkg:pypi/unknown@banana").unjudged == ()


def test_a_package_of_an_unknown_release_is_judged_only_when_all_releases_agree(believe):
    matcher = believe(
        advisory("A-1", "x", "Debian:11", events=between("0", "2")),
        advisory("A-2", "x", "Debian:12", events=between("0", "3")),
        advisory("A-3", "x", "Debian", events=between("0", "1")),
    )
    assert match(matcher, "pkg:deb/debian/x@5").unjudged == ()
    (doubt,) = match(matcher, "pkg:deb/debian/x@2.5").unjudged
    assert (doubt.code, doubt.advisories) == ("vulnerabilities.unknown-release", ("A-2",))
    assert ids(match(matcher, "pkg:deb/debian/x@0.5")) == ["A-3"], "it holds for every release"


def test_a_record_of_another_release_is_a_near_miss(believe):
    matcher = believe(
        advisory("A-1", "x", "Debian:11", events=between("0", "2")),
        advisory("A-2", "x", "Debian:12", events=between("0", "1")),
    )
    matched = match(matcher, "pkg:deb/debian/x@1.5?distro=debian-12", near_misses=True)
    assert matched.findings == ()
    told = [(each.advisory, each.code, each.reason) for each in matched.near_misses]
    assert told == [
        ("A-1", "other-release", "about Debian:11; you run Debian:12"),
        ("A-2", "not-in-range", "affected: <1; you run 1.5"),
    ]


def test_the_same_component_twice_is_one(believe):
    matcher = believe(advisory("A-1", events=between("0")))
    matched = match(matcher, "pkg:pypi/flask@1", "pkg:pypi/flask@1")
    assert (matched.components, len(matched.findings)) == (1, 1)
    assert match(matcher).components == 0


def test_a_semver_range_in_another_ecosystem_is_found(believe):
    record = advisory("A-1", "x", "Maven")
    record["affected"][0]["package"]["name"] = "g:x"
    record["affected"][0]["ranges"] = [{"type": "SEMVER", "events": between("1.0.0", "2.0.0")}]
    matcher = believe(record)
    assert ids(match(matcher, "pkg:maven/g/x@1.5.0")) == ["A-1"]
    assert match(matcher, "pkg:maven/g/x@2.0.0").findings == ()
    (doubt,) = match(matcher, "pkg:maven/g/x@banana").unjudged
    assert doubt.code == "vulnerabilities.unordered-version"


def test_a_hostile_cluster_of_aliases_joins_nothing(believe):
    evil = advisory("EVIL-1", "evil", events=between("0"))
    evil["aliases"] = [f"CVE-2024-{number}" for number in range(1000, 3000)]
    matcher = believe(
        evil,
        advisory("A-1", events=between("0"), aliases=["CVE-2024-1001"]),
        advisory("A-2", events=between("0"), aliases=["CVE-2024-1002"]),
    )
    assert [each.id for each in match(matcher, "pkg:pypi/flask@1").findings] == ["A-1", "A-2"]
    assert matcher._index.snapshot.oversized == 1


def test_in_memory_and_on_disk_say_the_same(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(advisory("A-1", events=between("0", "2"))))
    made = import_advisories([file], into=tmp_path / "store", now=NOW)
    loaded, same = load_advisories([file], now=NOW)
    with loaded:
        assert same.snapshot.digest == made.snapshot.digest
        assert ids(match(Matcher(loaded), "pkg:pypi/flask@1")) == ["A-1"]
