"""Advisories in a book: imported, looked up before each decision, remembered since when."""

import json

import pytest

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, NotFoundError
from gatebook.ledger.kinds import AdvisoriesImported, AdvisoriesMatched
from gatebook.names import EnvironmentName
from gatebook.vulnerabilities.match_report import MatchReport
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot
from gatebook.workspace.advisory_book import NoAdvisoriesError

PROD = EnvironmentName.parse("prod")
FLASK = "pkg:pypi/flask@1.0"
JINJA = "pkg:pypi/jinja2@2.0"


def facts(shop, subject=None):
    book = shop.book
    book.query  # noqa: B018  # brings the index up to date
    return book._gate.facts(subject or shop.api, PROD, shop.clock.now())


def reports(shop):
    return [
        MatchReport.parse(shop.book.blob(entry.evidence[0].digest))
        for _, entry in shop.book.entries()
        if isinstance(entry.body, AdvisoriesMatched)
    ]


def snapshot_files(shop):
    return sorted(path.name for path in (shop.directory / "book" / "advisories").iterdir())


# -- importing -------------------------------------------------------------------------------------


def test_an_import_keeps_the_manifest_and_the_sources(shop):
    digest = shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    _, entry = list(shop.book.entries())[-1]
    assert entry.body == AdvisoriesImported(snapshot=digest, records=1, known=entry.body.known)
    assert str(entry.body.known) == "2026-11-01T00:00:00Z"
    manifest, source = entry.evidence
    assert AdvisorySnapshot.parse(shop.book.blob(manifest.digest)).digest == digest
    assert shop.book.blob(source.digest) == (shop.directory / "advisories.jsonl").read_bytes()
    assert shop.book.advisories().snapshot.digest == digest
    assert shop.book.query.advisories().snapshot == str(digest)


def test_loose_records_are_kept_as_one_document(shop):
    loose = shop.directory / "loose"
    loose.mkdir()
    for number in range(3):
        record = shop.advisory(f"PYSEC-{number}", "flask", "2.0")
        (loose / f"{number}.json").write_text(json.dumps(record))
    appended, made = shop.book.import_advisories([loose])
    assert [each.digest for each in appended.entry.evidence[1:]] == [
        each.digest for each in made.documents
    ]
    assert shop.book.blob(made.documents[0].digest).count(b"\n") == 3


def test_a_refused_import_leaves_what_was_there(shop):
    digest = shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    with pytest.raises(GatebookError):
        shop.advise({"id": "PYSEC-2", "modified": "yesterday", "affected": []})
    assert shop.book.advisories().snapshot.digest == digest
    assert shop.book.query.advisories().snapshot == str(digest)


def test_without_advisories_nothing_is_looked_up(shop):
    shop.accept_sbom(FLASK)
    assert shop.book.match(shop.api) == ()
    assert facts(shop).advisories is None
    with pytest.raises(NoAdvisoriesError):
        shop.book.advisories()


def test_two_snapshots_are_kept_and_older_ones_removed(shop):
    digests = []
    for number in range(4):
        digests.append(shop.advise(shop.advisory(f"PYSEC-{number}", "flask", "2.0")))
        shop.later("1h")
    assert snapshot_files(shop) == sorted(f"{each.hex}.sqlite" for each in digests[-2:])


def test_a_file_left_over_from_a_crash_goes_with_the_next_import(shop):
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    left = shop.directory / "book" / "advisories" / f"{64 * 'a'}.sqlite"
    left.write_bytes(b"left over")
    digest = shop.later("1h").advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    assert not left.exists()
    assert shop.book.advisories().snapshot.digest == digest


@pytest.mark.parametrize("harm", ["missing", "damaged", "another"])
def test_a_lost_snapshot_is_made_again_from_the_book(shop, harm):
    """The files below advisories/ are a cache: the log and the blobs say everything."""
    shop.accept_sbom(FLASK)
    older = shop.advise(shop.advisory("PYSEC-0", "jinja2", "2.0"))
    shop.later("1h")
    digest = shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.book.close()
    directory = shop.directory / "book" / "advisories"
    path = directory / f"{digest.hex}.sqlite"
    if harm == "missing":
        path.unlink()
    elif harm == "damaged":
        path.write_bytes(b"SQLite format 3\x00" + bytes(200))
    else:
        path.write_bytes((directory / f"{older.hex}.sqlite").read_bytes())
    shop.reopen()
    shop.book.match(shop.api)
    assert [each.id for each in reports(shop)[-1].findings] == ["PYSEC-1"]
    assert shop.book.advisories().snapshot.digest == digest


def test_a_snapshot_whose_sources_are_gone_too_is_not_guessed(shop):
    shop.accept_sbom(FLASK)
    digest = shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    source = shop.book.advisories().snapshot.sources[0].digest
    shop.book.close()
    (shop.directory / "book" / "advisories" / f"{digest.hex}.sqlite").unlink()
    hexadecimal = source.removeprefix("sha256:")
    (shop.directory / "book/blobs/sha256" / hexadecimal[:2] / hexadecimal).unlink()
    shop.reopen()
    with pytest.raises(NotFoundError):
        shop.book.match(shop.api)
    shop.demand()
    decided = shop.book.gate(shop.api, "prod").decision
    assert decided.advisories == digest
    assert facts(shop).matches == ()


# -- looking up ------------------------------------------------------------------------------------


def test_a_decision_weighs_what_is_known_when_it_is_made(shop):
    sbom = shop.accept_sbom(FLASK, JINJA)
    shop.demand()
    first = shop.book.gate(shop.api, "prod").decision
    assert first.advisories is None
    digest = shop.later("1h").advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    second = shop.book.gate(shop.api, "prod").decision
    assert second.advisories == digest
    kinds = [each.kind for each in second.entries]
    assert kinds.count("advisories.matched") == kinds.count("advisories.imported") == 1
    (match,) = facts(shop).matches
    assert (match.sbom, match.snapshot, match.problem) == (sbom, digest, None)
    assert [(each.id, each.component) for each in match.report.findings] == [("PYSEC-1", "flask")]
    assert facts(shop).advisories.snapshot == digest


def test_the_same_snapshot_is_asked_once(shop):
    shop.accept_sbom(FLASK)
    shop.demand()
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.book.gate(shop.api, "prod")
    size = shop.book.size()
    shop.book.gate(shop.api, "prod")
    assert shop.book.size() == size + 1
    assert shop.book.match(shop.api) == ()


def test_an_sbom_that_comes_later_is_looked_up_too(shop):
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    first = shop.accept_sbom(FLASK)
    shop.book.match(shop.api)
    second = shop.accept_sbom(FLASK, JINJA)
    shop.book.match(shop.api)
    assert [each.sbom for each in facts(shop).matches] == [first, second]
    assert [each.report.components for each in facts(shop).matches] == [1, 2]


def test_only_the_newest_report_about_each_sbom_counts(shop):
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.book.match(shop.api)
    newest = shop.later("1d").advise(
        shop.advisory("PYSEC-1", "flask", "2.0"), shop.advisory("PYSEC-2", "flask", "3.0")
    )
    shop.book.match(shop.api)
    (match,) = facts(shop).matches
    assert match.snapshot == newest
    assert [each.id for each in match.report.findings] == ["PYSEC-1", "PYSEC-2"]


def test_a_component_nobody_can_judge_is_counted(shop):
    shop.accept_sbom(FLASK, "pkg:generic/openssl@3.0")
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    (appended,) = shop.book.match(shop.api)
    body = appended.entry.body
    assert (body.components, body.findings, body.unevaluated) == (2, 1, 1)


def test_an_sbom_nobody_is_believed_to_have_signed_is_passed_over(shop):
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.trust("provenance")
    assert shop.book.match(shop.api) == ()


def test_an_sbom_that_was_only_reported_is_looked_up_too(shop):
    document = json.dumps(shop.sbom(FLASK)).encode()
    shop.book.report(document, shop.api, form="sbom")
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    (appended,) = shop.book.match(shop.api)
    assert appended.entry.body.sbom == sha256(document)
    (fact,) = facts(shop).evidence
    assert (fact.signed, fact.format, fact.problem) == (False, "cyclonedx-json", None)


# -- since when ------------------------------------------------------------------------------------


def seen(shop):
    return {each.id: each.first_seen for each in reports(shop)[-1].findings}


def test_a_finding_is_known_since_it_was_first_reported(shop):
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.book.match(shop.api)
    shop.later("3d").advise(
        shop.advisory("PYSEC-1", "flask", "2.0"), shop.advisory("PYSEC-2", "flask", "2.0")
    )
    shop.book.match(shop.api)
    assert seen(shop) == {
        "PYSEC-1": "2026-11-20T12:00:00Z",
        "PYSEC-2": "2026-11-23T12:00:00Z",
    }


def test_neither_another_sbom_nor_another_name_makes_a_finding_new(shop):
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    shop.book.match(shop.api)
    shop.later("3d").accept_sbom("pkg:pypi/flask@1.1", JINJA)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0", aliases=["CVE-2026-0001"]))
    shop.book.match(shop.api)
    assert seen(shop) == {"CVE-2026-0001": "2026-11-20T12:00:00Z"}


def test_a_finding_that_was_withdrawn_meanwhile_is_new(shop):
    shop.accept_sbom(FLASK)
    for withdrawn in (False, True, False):
        more = {"withdrawn": "2026-11-20T00:00:00Z"} if withdrawn else {}
        shop.advise(shop.advisory("PYSEC-1", "flask", "2.0", **more))
        shop.book.match(shop.api)
        shop.later("1d")
    assert seen(shop) == {"PYSEC-1": "2026-11-22T12:00:00Z"}


def test_nobody_says_since_when_once_the_earlier_report_is_lost(shop):
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    (appended,) = shop.book.match(shop.api)
    hexadecimal = appended.entry.evidence[0].digest.hex
    (shop.directory / "book/blobs/sha256" / hexadecimal[:2] / hexadecimal).unlink()
    shop.later("1d").advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    with pytest.raises(NotFoundError):
        shop.book.match(shop.api)
    (match,) = facts(shop).matches
    assert match.report is None
    assert match.problem is not None
    assert match.problem.damaged


# -- replay and audit ------------------------------------------------------------------------------


def test_a_decision_replays_without_the_advisories_at_hand(shop):
    shop.accept_sbom(FLASK)
    shop.demand()
    shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    recorded = shop.book.gate(shop.api, "prod")
    shop.later("1d").advise(shop.advisory("PYSEC-2", "flask", "2.0"))
    shop.book.match(shop.api)
    for path in (shop.directory / "book" / "advisories").iterdir():
        path.unlink()
    assert shop.book.replay(recorded.entry.index).decision == recorded.decision


def test_an_audit_package_holds_the_report_and_the_manifest_but_not_the_sources(shop):
    from gatebook.audit.archive import read_archive
    from gatebook.audit.verify import verify_package

    shop.accept_sbom(FLASK)
    shop.demand()
    digest = shop.advise(shop.advisory("PYSEC-1", "flask", "2.0"))
    source = Digest.parse(shop.book.advisories().snapshot.sources[0].digest)
    recorded = shop.book.gate(shop.api, "prod")
    data = shop.book.package(recorded.entry.index)
    report = verify_package(data, log_key=None)
    assert report.decision == recorded.decision
    assert report.absent == ()
    assert digest in report.blobs
    assert source not in report.blobs
    (matched,) = (e for _, e in shop.book.entries() if isinstance(e.body, AdvisoriesMatched))
    assert matched.evidence[0].digest in report.blobs
    assert f"blobs/sha256/{source.hex}" not in read_archive(data)
