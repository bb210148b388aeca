"""Where packages are: folded from the SBOMs of the log, and made anew from them."""

import gzip
import json

import pytest

from gatebook.digest import sha256
from gatebook.errors import MalformedError
from gatebook.intake.evidence import Attachment
from gatebook.intake.statements import report_statement, subject_of
from gatebook.vulnerabilities.versions.vers import VersRange
from gatebook.workspace.inventory import UnknownPackageError

WEB = sha256(b"web 1.0")
FLASK = "pkg:pypi/flask@1.0"
NEWER = "pkg:pypi/flask@2.0"
OPENSSL = "pkg:generic/openssl@3.0"


@pytest.fixture
def stocked(shop):
    """Two artifacts, of which one has an older flask."""
    shop.record(WEB)
    shop.accept_sbom(FLASK, OPENSSL)
    shop.accept_sbom(NEWER, subject=WEB)
    return shop


def who(found):
    return [(each.subject, each.purl, each.certain) for each in found]


def rows(shop):
    inventory = shop.book.inventory()
    return (
        inventory._packages.counts(),
        inventory._packages.owners(),
        inventory._licenses.names(),
    )


def licensed_sbom(shop, *licenses):
    document = shop.sbom(FLASK)
    document["components"][0]["licenses"] = [{"expression": each} for each in licenses[:1]] or []
    return document


# -- asking ----------------------------------------------------------------------------------------


def test_a_package_is_found_in_any_version_in_one_and_in_a_range(stocked):
    inventory = stocked.book.inventory()
    everywhere = {(stocked.api, FLASK, True), (WEB, NEWER, True)}
    assert set(who(inventory.containing("pkg:pypi/flask"))) == everywhere
    assert who(inventory.containing("pkg:pypi/Flask@1.0.0")) == [(stocked.api, FLASK, True)]
    within = VersRange.parse("vers:pypi/>=1.5")
    assert who(inventory.containing("pkg:pypi/flask", within=within)) == [(WEB, NEWER, True)]
    assert inventory.containing("pkg:pypi/flask@9.9") == ()
    assert inventory.containing("pkg:npm/flask") == ()


def test_the_answer_names_the_evidence(stocked):
    (found,) = stocked.book.inventory().containing(FLASK)
    (row,) = stocked.book.query.evidence(stocked.api)
    assert str(found.document) == row.document
    inventory = stocked.book.inventory()
    assert inventory.components_of(found.subject, found.document) == (OPENSSL, FLASK)


def test_a_package_without_an_order_of_versions_is_found_as_it_is_written(stocked):
    inventory = stocked.book.inventory()
    assert who(inventory.containing(OPENSSL)) == [(stocked.api, OPENSSL, True)]
    assert who(inventory.mentioning(OPENSSL)) == [(stocked.api, OPENSSL, True)]
    with pytest.raises(UnknownPackageError):
        inventory.containing("pkg:generic/openssl")


@pytest.mark.parametrize("text", ["", "flask", "pkg:", "pkg:pypi/"])
def test_what_is_no_package_url_is_refused(stocked, text):
    with pytest.raises(MalformedError):
        stocked.book.inventory().containing(text)


def test_an_advisory_says_whom_it_touches_by_any_of_its_names(stocked):
    stocked.advise(stocked.advisory("PYSEC-1", "flask", "2.0", aliases=["CVE-2026-0001"]))
    inventory, advisories = stocked.book.inventory(), stocked.book.advisories()
    for name in ("PYSEC-1", "CVE-2026-0001"):
        assert who(inventory.touched_by(name, advisories)) == [(stocked.api, FLASK, True)]
    assert inventory.touched_by("CVE-2026-9999", advisories) == ()


def test_a_licence_is_found_in_any_expression(shop):
    document = licensed_sbom(shop, "MIT OR (GPL-2.0-only WITH Classpath-exception-2.0)")
    shop.book.accept(shop.signed("https://cyclonedx.org/bom", document), shop.api)
    inventory = shop.book.inventory()
    for name in ("MIT", "mit", "GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0"):
        (found,) = inventory.licensed(name)
        assert (found.subject, found.component) == (shop.api, FLASK)
        assert found.written.startswith("MIT OR")
    assert inventory.licensed("Apache-2.0") == ()


# -- following -------------------------------------------------------------------------------------


def test_what_is_handed_in_later_is_there_when_it_is_asked(stocked):
    assert stocked.book.inventory().containing("pkg:pypi/jinja2") == ()
    stocked.accept_sbom("pkg:pypi/jinja2@3.0", subject=WEB, serial=2)
    assert len(stocked.book.inventory().containing("pkg:pypi/jinja2")) == 1


def test_reported_sboms_and_reports_with_sboms_are_there_too(shop):
    document = json.dumps(shop.sbom(FLASK)).encode()
    shop.book.report(document, shop.api)
    packed = gzip.compress(json.dumps(shop.sbom(NEWER)).encode())
    statement, attachment = report_statement(packed, subject_of(shop.api, ["api"]))
    shop.book.accept(
        shop.signed(statement.predicate_type, statement.predicate),
        shop.api,
        attachments=[Attachment(data=attachment.data, media_type=attachment.media_type)],
    )
    found = shop.book.inventory().containing("pkg:pypi/flask")
    assert {each.purl for each in found} == {FLASK, NEWER}


def test_the_rows_are_the_same_when_they_are_made_anew(stocked):
    document = licensed_sbom(stocked, "MIT")
    stocked.book.accept(stocked.signed("https://cyclonedx.org/bom", document), stocked.api)
    before = rows(stocked)
    stocked.book.reindex()
    assert rows(stocked) == before
    stocked.book.close()
    for name in ("inventory.db", "licences.db"):
        for path in (stocked.directory / "book").glob(f"{name}*"):
            path.unlink()
    assert rows(stocked.reopen()) == before


@pytest.mark.parametrize("name", ["inventory.db", "licences.db"])
@pytest.mark.parametrize("harm", ["removed", "garbage"])
def test_a_lost_or_damaged_file_is_made_anew(stocked, name, harm):
    before = rows(stocked)
    stocked.book.close()
    for path in (stocked.directory / "book").glob(f"{name}*"):
        path.unlink()
    if harm == "garbage":
        (stocked.directory / "book" / name).write_bytes(b"garbage" * 1000)
    assert rows(stocked.reopen()) == before


def test_who_is_believed_today_changes_nothing(stocked):
    before = rows(stocked)
    stocked.trust("provenance").book.reindex()
    assert rows(stocked) == before


def test_a_document_that_is_lost_has_no_rows_and_stops_nobody(stocked):
    (row,) = stocked.book.query.evidence(stocked.api)
    hexadecimal = row.document.removeprefix("sha256:")
    (stocked.directory / "book/blobs/sha256" / hexadecimal[:2] / hexadecimal).unlink()
    found = stocked.book.inventory().containing("pkg:pypi/flask")
    assert [each.subject for each in found] == [WEB]


def test_an_inventory_of_another_log_is_forgotten(stocked):
    before = rows(stocked)
    stocked.book.close()
    from gatebook.stores.license_store import Followed, SqliteLicenses

    with SqliteLicenses(stocked.directory / "book" / "licences.db") as licences:
        licences.set_followed(Followed(2, "another entry"))
    assert rows(stocked.reopen()) == before
    stocked.book.close()
    with SqliteLicenses(stocked.directory / "book" / "licences.db") as licences:
        licences.set_followed(Followed(10_000, "from the future"))
    assert rows(stocked.reopen()) == before
