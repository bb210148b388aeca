"""The report for people: complete, safe to open, readable without colour, mouse or network."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from gatebook.audit.archive import read_archive
from gatebook.audit.report import report_version
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded
from gatebook.names import ArtifactName

VOID = {"meta", "br", "line", "path", "rect"}


class Page(HTMLParser):
    """A page taken apart; complains about elements that are not closed in order."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def report_of(book, recorded=None) -> bytes:
    return read_archive(book.package(recorded or book.judge()))["report.html"]


@pytest.fixture
def page(approved) -> Page:
    approved.refuse_evidence()
    recorded = approved.judge()
    approved.deploy(recorded)
    return Page(report_of(approved, recorded))


def test_the_report_says_what_was_decided_and_why(page, company):
    for text in (
        "Allowed",
        "all 7 enforced controls are satisfied",
        str(company.api),
        "acme/api",
        "https://git.example.com/acme/api",
        "c" * 40,
        "It lapses after 2026-12-20T12:00:00Z",
        "person:ana (key#ana)",
        "release-manager",
        "person:dev",
        "author or committer of the recorded commits",
        "key#ci",
        "signed as the builder",
        "deployment.finished",
        "evidence.refused",
        "trust.unknown-key",
        "gatebook verify PACKAGE --log-key 'book.example/acme+",
    ):
        assert text in page.text, text


def test_a_report_of_a_denial_says_what_to_do(book):
    page = Page(report_of(book))

    assert "Denied" in page.text
    assert "policy.approval-missing" in page.text
    assert "ask ana or ben or cem to run `gatebook approve" in page.text
    assert "Nobody had approved it." in page.text
    assert "None is recorded." in page.text


def test_a_report_of_a_decision_about_nothing_is_still_a_report(company):
    page = Page(report_of(company.a_book()))

    assert "Undecided, which blocks" in page.text
    assert "No control was judged." in page.text


def test_approvals_that_do_not_count_say_so(approved, company):
    approved.revoke(approved.approve("ben"))
    approved.approve("cem", contract=company.a_contract(company.demand("sbom")))
    approved.approve("ana", expires=company.noon)
    approved.later("1h")
    approved.demand(company.demand("artifact-identified"))

    text = Page(report_of(approved)).text

    assert "revoked by entry 9" in text
    assert "void: given for another contract" in text


def test_nothing_in_a_report_runs_or_is_fetched(page, approved):
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "base", "a:href"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert b"@import" not in report_of(approved)
    assert b"url(" not in report_of(approved)


def test_the_content_security_policy_allows_the_pages_own_style_only(approved):
    page = report_of(approved)
    style = re.search(rb"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    (policy,) = [
        attributes["content"]
        for attributes in Page(page).all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_what_people_wrote_is_shown_as_text(company):
    hostile = "<script>alert('x')</script>\"&{{ 7 * 7 }}{% raise %}"
    book = company.a_book()
    book.trust()
    book.demand()
    body = ArtifactRecorded(
        name=ArtifactName.parse(hostile), artifact=ArtifactKind.FILE, algorithm="<b>file</b>"
    )
    book.append(body, subject=company.api)

    page = report_of(book)

    assert b"<script" not in page
    assert b"<b>" not in page
    assert hostile in Page(page).text
    assert "<b>file</b>" in Page(page).text


def test_tables_have_captions_and_headings(page):
    tables = len(page.all("table"))
    assert tables >= 7
    assert len(page.all("caption")) == tables
    for attributes in page.all("th"):
        assert attributes.get("scope") in {"row", "col"}


def test_the_picture_says_in_words_what_it_shows(page):
    (picture,) = page.all("svg")
    (title,) = [found for found in page.all("title") if "id" in found]
    assert (picture["role"], picture["aria-labelledby"]) == ("img", title["id"])
    assert (
        "Build: commit cccccccccc at 2026-11-20T12:00:00Z. Evidence: 3 of 3 signed at "
        "2026-11-20T12:00:00Z. Approval: 1 of 1 given at 2026-11-20T12:00:00Z. Decision: allow "
        "at 2026-11-20T12:00:00Z. Deployment: finished at 2026-11-20T12:00:00Z." in page.text
    )


def test_every_reference_to_an_entry_leads_to_one(page):
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = page.all("a")
    assert links
    for link in links:
        assert str(link["href"])[1:] in ids


def test_a_page_says_which_version_it_is(approved):
    assert report_version(report_of(approved)) == "gatebook/audit-report/v1"
    assert report_version(b"<html>") == ""
