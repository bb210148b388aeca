"""What became known since, and what happened before: chosen and read like all other facts."""

import pytest

from gatebook.digest import sha256
from gatebook.facts.facts import History
from gatebook.facts.select import select_entries, select_unindexed
from gatebook.index.tables import MatchRow
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    EvidenceEvaluated,
    EvidenceTypePublished,
)
from gatebook.names import Actor, EnvironmentName
from gatebook.vulnerabilities.match_report import MatchReport


def chosen(book, company):
    return select_entries(book.index, company.api, company.prod, book.index.applied())


def test_the_past_is_the_newest_allow_and_the_first_deployment(company, approved):
    assert approved.facts().history == History()
    first = approved.judge()
    approved.later("1h").deploy(first)
    second = approved.later("1h").judge()
    approved.later("1h").deploy(second)
    approved.demand(company.demand("sbom"), company.demand("approval", role="auditor"))
    assert approved.later("1h").judge().decision.verdict != "allow"
    assert [str(each) for each in (approved.facts().history.allowed, second.decision.instant)] == [
        "2026-11-20T14:00:00Z"
    ] * 2
    assert str(approved.facts().history.deployed) == "2026-11-20T13:00:00Z"
    elsewhere = approved.facts(environment=EnvironmentName.parse("staging"))
    assert elsewhere.history == History()
    assert approved.facts(company.other).history == History()


def test_what_became_known_a_moment_ago_counts_although_the_index_is_behind(company, approved):
    applied = approved.index.applied()
    snapshot, sbom = sha256(b"snapshot"), sha256(b"sbom")
    bodies = [
        (AdvisoriesImported(snapshot=snapshot, records=1), ()),
        (
            AdvisoriesMatched(
                snapshot=snapshot, sbom=sbom, components=0, findings=0, unevaluated=0
            ),
            (company.api,),
        ),
        (EvidenceTypePublished(name="x", definition=snapshot), ()),
        (
            EvidenceEvaluated(name="x", definition=snapshot, document=sbom, compliant=False),
            (company.api,),
        ),
        (
            AdvisoriesMatched(
                snapshot=snapshot, sbom=sbom, components=0, findings=0, unevaluated=0
            ),
            (company.other,),
        ),
    ]
    drafts = [
        Draft(actor=Actor.parse("key#ci"), body=body, subjects=subjects)
        for body, subjects in bodies
    ]
    approved.ledger.append(*drafts)
    behind = approved.ledger.entries(applied)
    unseen = select_unindexed(behind, company.api, company.prod)
    assert unseen == (applied, applied + 1, applied + 3)
    facts = approved.facts()
    assert facts.advisories.snapshot == snapshot
    (match,) = facts.matches
    assert (match.report, match.problem.code) == (None, "facts.no-document")
    approved.catch_up()
    assert approved.facts() == facts


def test_a_match_that_one_table_hides_is_found_by_the_other(company, approved):
    def matched(sbom):
        return approved.append(
            AdvisoriesMatched(snapshot=sbom, sbom=sbom, components=0, findings=0, unevaluated=0),
            subject=company.api,
        ).index

    first, second = matched(sha256(b"a")), matched(sha256(b"b"))
    assert {first, second} <= set(chosen(approved, company))
    with approved.index.writing():
        rows = approved.index._tables[MatchRow]  # damage
        rows[:] = [row for row in rows if row.at != second]
    assert {first, second} <= set(chosen(approved, company))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"subject": sha256(b"other")}, "facts.match-differs"),
        ({"sbom": sha256(b"other")}, "facts.match-differs"),
        ({"snapshot": sha256(b"other")}, "facts.match-differs"),
        ({"components": 9}, "facts.match-differs"),
        ({"document": b"{}"}, "vulnerabilities.match-report"),
    ],
)
def test_a_match_report_says_what_its_entry_says(company, approved, change, code):
    document = change.pop("document", None)
    about = {
        "subject": company.api,
        "sbom": sha256(b"sbom"),
        "snapshot": sha256(b"snapshot"),
        "components": 3,
        **change,
    }
    report = MatchReport(
        v=1,
        subject=str(about["subject"]),
        sbom=str(about["sbom"]),
        snapshot=str(about["snapshot"]),
        imported="2026-11-20T12:00:00Z",
        at="2026-11-20T12:00:00Z",
        components=about["components"],
    )
    approved.append(
        AdvisoriesMatched(
            snapshot=sha256(b"snapshot"),
            sbom=sha256(b"sbom"),
            components=3,
            findings=0,
            unevaluated=0,
        ),
        subject=company.api,
        evidence=(approved.keep(document or report.encode(), "x/y"),),
    )
    (match,) = approved.facts().matches
    assert (None if match.problem is None else match.problem.code) == code
    assert match.report == (report if code is None else None)
