"""Who has which component, forwards and backwards, however often it changes."""

import json
import random

import pytest

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.stores.advisory_import import import_advisories
from gatebook.stores.advisory_store import AdvisoryStore
from gatebook.stores.occurrence_store import SqliteOccurrences
from gatebook.vulnerabilities.exposure import exposed_to, having_package
from gatebook.vulnerabilities.occurrences import range_questions
from gatebook.vulnerabilities.osv import read_record
from gatebook.vulnerabilities.package_identity import identify_purl
from gatebook.vulnerabilities.versions.vers import VersRange

NOW = Instant.parse("2026-11-20T12:00:00Z")


def a_record(ecosystem, name, *events, identifier="A-1", **more):
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}] if events else [],
        **more.pop("said", {}),
    }
    made = {"id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}
    return json.dumps(made).encode()


@pytest.fixture
def kept(tmp_path):
    with SqliteOccurrences(tmp_path / "occurrences") as store:
        yield store


def put(kept, owner, *purls):
    kept.put(owner, map(identify_purl, purls))


def asked(kept, record):
    found = kept.having(range_questions(read_record(record)))
    return [(each.owner, each.purl, each.certain) for each in found]


BELOW_2 = ({"introduced": "0"}, {"fixed": "2"})


def test_a_new_advisory_finds_the_owners_of_affected_versions(kept):
    put(kept, "api", "pkg:pypi/flask@1.0", "pkg:pypi/other@1.0")
    put(kept, "web", "pkg:pypi/Flask@1.0.0", "pkg:pypi/flask@2.0")
    put(kept, "cli", "pkg:pypi/flask@3.0")
    assert asked(kept, a_record("PyPI", "flask", *BELOW_2)) == [
        ("api", "pkg:pypi/flask@1.0", True),
        ("web", "pkg:pypi/Flask@1.0.0", True),
    ]
    gone = a_record("PyPI", "flask", *BELOW_2, withdrawn="2026-02-01T00:00:00Z")
    assert asked(kept, gone) == []


def test_a_listed_version_is_found_with_and_without_order(kept):
    put(kept, "api", "pkg:pypi/flask@1.0", "pkg:pypi/flask@banana", "pkg:pypi/flask@cherry")
    record = a_record("PyPI", "flask", said={"versions": ["1.0.0", "banana"]})
    assert asked(kept, record) == [
        ("api", "pkg:pypi/flask@1.0", True),
        ("api", "pkg:pypi/flask@banana", True),
    ]


def test_a_version_without_order_is_asked_about_and_not_forgotten(kept):
    put(kept, "api", "pkg:pypi/flask@banana")
    assert asked(kept, a_record("PyPI", "flask", *BELOW_2)) == [
        ("api", "pkg:pypi/flask@banana", False)
    ]
    assert asked(kept, a_record("PyPI", "flask", {"introduced": "0"})) == [
        ("api", "pkg:pypi/flask@banana", True)
    ]


def test_a_range_nobody_can_order_asks_about_every_version(kept):
    put(kept, "api", "pkg:pypi/flask@1.0")
    record = a_record("PyPI", "flask", {"introduced": "0"}, {"fixed": "banana"})
    assert asked(kept, record) == [("api", "pkg:pypi/flask@1.0", False)]


def test_a_release_is_told_apart_and_an_unknown_one_is_in_doubt(kept):
    put(kept, "bookworm", "pkg:deb/debian/x@1?distro=debian-12")
    put(kept, "bullseye", "pkg:deb/debian/x@1?distro=debian-11")
    put(kept, "someone", "pkg:deb/debian/x@1")
    found = asked(kept, a_record("Debian:12", "x", *BELOW_2))
    assert [(owner, certain) for owner, _, certain in found] == [
        ("bookworm", True),
        ("someone", False),
    ]
    found = asked(kept, a_record("Debian", "x", *BELOW_2))
    assert [(owner, certain) for owner, _, certain in found] == [
        ("bookworm", True),
        ("bullseye", True),
        ("someone", True),
    ]


def test_an_owner_is_replaced_and_forgotten(kept):
    put(kept, "api", "pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:generic/c@1", "no purl")
    assert kept.counts() == (1, 4, 4)
    put(kept, "api", "pkg:pypi/a@1", "pkg:pypi/d@1", "pkg:pypi/d@1")
    put(kept, "web", "pkg:pypi/a@1")
    assert kept.components_of("api") == ("pkg:pypi/a@1", "pkg:pypi/d@1")
    assert (kept.owners(), kept.counts()) == (("api", "web"), (2, 5, 3))
    assert kept.tidy() == 3
    kept.remove("api")
    kept.remove("nobody")
    assert (kept.owners(), kept.counts().occurrences) == (("web",), 1)
    assert asked(kept, a_record("PyPI", "a", *BELOW_2)) == [("web", "pkg:pypi/a@1", True)]
    assert asked(kept, a_record("PyPI", "d", *BELOW_2)) == []


def test_changing_owners_in_any_order_ends_in_the_same(tmp_path):
    dice = random.Random(5)  # noqa: S311  # repeatable
    wanted = {}
    with SqliteOccurrences(tmp_path / "changed") as changed:
        for _ in range(120):
            owner = f"owner-{dice.randrange(8)}"
            if dice.random() < 0.2:
                changed.remove(owner)
                wanted.pop(owner, None)
            else:
                purls = [f"pkg:pypi/p{dice.randrange(9)}@{dice.randrange(4)}" for _ in range(6)]
                put(changed, owner, *purls)
                wanted[owner] = purls
        with SqliteOccurrences(tmp_path / "fresh") as fresh:
            for owner, purls in wanted.items():
                put(fresh, owner, *purls)
            assert changed.owners() == fresh.owners()
            for number in range(9):
                record = a_record("PyPI", f"p{number}", *BELOW_2)
                assert asked(changed, record) == asked(fresh, record)


def test_all_is_matched_again_in_one_go_and_what_is_left_out_is_named(kept, tmp_path):
    records = [
        a_record("PyPI", "flask", *BELOW_2, identifier="A-1"),
        a_record("Debian:12", "x", *BELOW_2, identifier="A-2"),
        a_record("Debian", "x", {"introduced": "5"}, identifier="A-3"),
        a_record("PyPI", "odd", {"introduced": "0"}, {"fixed": "banana"}, identifier="A-4"),
    ]
    (tmp_path / "records").write_bytes(b"\n".join(records))
    import_advisories([tmp_path / "records"], into=tmp_path / "store", now=NOW)
    put(kept, "api", "pkg:pypi/flask@1", "pkg:pypi/flask@3", "pkg:pypi/flask@banana")
    put(kept, "web", "pkg:deb/debian/x@1?distro=debian-12", "pkg:deb/debian/x@6?distro=debian-12")
    put(kept, "cli", "pkg:deb/debian/x@1", "pkg:pypi/odd@1", "pkg:generic/c@1")
    with AdvisoryStore(tmp_path / "store") as store:
        names = {number: each for each, number in store.numbers(["A-1", "A-2", "A-3"]).items()}
        touched = {
            (kept.purl_of(each.component), names[each.record], each.certain)
            for each in kept.rematch(store)
        }
        assert touched == {
            ("pkg:pypi/flask@1", "A-1", True),
            ("pkg:deb/debian/x@1?distro=debian-12", "A-2", True),
            ("pkg:deb/debian/x@6?distro=debian-12", "A-3", True),
        }
        assert kept.left_out(store) == (
            "pkg:deb/debian/x@1",
            "pkg:generic/c@1",
            "pkg:pypi/flask@banana",
            "pkg:pypi/odd@1",
        )
        assert kept.owners_of(next(iter(kept.rematch(store))).component)


def test_a_vulnerability_is_asked_by_any_name_and_through_distributions(kept, tmp_path):
    records = [
        a_record("PyPI", "flask", *BELOW_2, identifier="GHSA-1", aliases=["CVE-2024-1000"]),
        a_record("Debian:12", "x", *BELOW_2, identifier="DSA-1", upstream=["CVE-2024-1000"]),
        a_record("PyPI", "other", *BELOW_2, identifier="GHSA-2", aliases=["CVE-2024-2000"]),
    ]
    (tmp_path / "records").write_bytes(b"\n".join(records))
    import_advisories([tmp_path / "records"], into=tmp_path / "store", now=NOW)
    put(kept, "api", "pkg:pypi/flask@1")
    put(kept, "web", "pkg:deb/debian/x@1?distro=debian-12")
    put(kept, "cli", "pkg:pypi/other@1")
    with AdvisoryStore(tmp_path / "store") as store:
        for name in ("CVE-2024-1000", "GHSA-1"):
            assert [each.owner for each in exposed_to(name, store, kept)] == ["api", "web"]
        assert exposed_to("CVE-1999-1000", store, kept) == []


def test_a_package_is_asked_for_in_a_range(kept):
    put(kept, "api", "pkg:pypi/flask@1.0", "pkg:pypi/flask@3.0", "pkg:pypi/flask@banana")
    put(kept, "web", "pkg:pypi/Flask@1.5")
    found = having_package("PyPI", "FLASK", kept, within=VersRange.parse("vers:pypi/<2|>=4"))
    assert [(each.owner, each.version, each.certain) for each in found] == [
        ("api", "1.0", True),
        ("api", "banana", False),
        ("web", "1.5", True),
    ]
    assert len(having_package("PyPI", "flask", kept)) == 4
    assert having_package("npm", "flask", kept) == []


def test_a_failed_change_changes_nothing(kept):
    put(kept, "api", "pkg:pypi/a@1")

    def failing():
        yield identify_purl("pkg:pypi/b@1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.put("api", failing())
    assert kept.components_of("api") == ("pkg:pypi/a@1",)


def test_another_file_is_not_taken_for_one(tmp_path):
    (tmp_path / "text").write_bytes(b"no database" * 100)
    with pytest.raises(GatebookError) as refused:
        SqliteOccurrences(tmp_path / "text")
    assert refused.value.code == "stores.corrupt"
