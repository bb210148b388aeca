"""Who may approve what, until when, and who may not."""

import pytest

from gatebook.clock import Duration
from gatebook.facts.facts import Identity
from gatebook.policy.duties import Duty, conflict
from gatebook.policy.outcome import Status

BOTH = frozenset(Duty)
GIVEN = (Status.PASS, "policy.approved")
VOID = (Status.FAIL, "policy.approval-void")


def came_out(book) -> tuple[Status, str]:
    finding = book.finding("approval")
    assert finding.expected
    assert finding.found
    return finding.status, finding.code


def demanding(company, **parameters):
    """A ready book whose contract demands nothing but approvals."""
    book = company.a_book()
    book.trust()
    book.demand(company.demand("approval", **parameters))
    return book.built()


def test_a_release_manager_who_had_no_hand_in_it_approves(book):
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")
    book.approve("ana")
    assert came_out(book) == GIVEN
    assert "person:ana" in book.finding("approval").found


@pytest.mark.parametrize(
    ("who", "changes", "why"),
    [
        ("stranger", {}, "does not hold the role"),
        ("dev", {}, "does not hold the role"),
        ("ana", {"signed_environment": "staging"}, "another environment or role"),
        ("ana", {"entry_role": "release-manager", "role": "auditor"}, "another environment or"),
        ("ana", {"signed_subject": "other"}, "not about"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_approval_that_differs_in_one_point_is_void(company, book, who, changes, why):
    if "signed_subject" in changes:
        changes = {"signed_subject": company.other}
    book.approve(who, **changes)
    assert came_out(book) == VOID
    assert why in book.finding("approval").found


def test_an_approval_of_another_artifact_does_not_count(company, book):
    book.record(company.other)
    book.approve("ana", subject=company.other)
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")


def test_an_approval_for_another_environment_does_not_count(book):
    book.approve("ana", environment="staging")
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")


def test_an_approval_in_another_role_does_not_count(book):
    book.approve("ana", role="auditor")
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")


def test_a_changed_contract_voids_the_approvals_given_under_the_old_one(company, approved):
    assert came_out(approved) == GIVEN
    approved.demand(company.demand("approval"), description="one word changed")
    assert came_out(approved) == VOID
    assert "another contract" in approved.finding("approval").found
    approved.approve("ben")
    assert came_out(approved) == GIVEN


def test_an_approval_signed_for_another_contract_than_its_entry_says_is_void(company, book):
    other = company.a_contract(company.demand("sbom"))
    book.approve("ana", contract=other)
    assert came_out(book) == VOID


def test_a_revoked_approval_does_not_count(book):
    first = book.approve("ana")
    assert came_out(book) == GIVEN
    revocation = book.revoke(first)
    assert came_out(book) == VOID
    assert f"revoked by entry {revocation.index}" in book.finding("approval").found


def test_an_approval_counts_to_the_last_instant_the_approver_named(company, book):
    end = company.noon + Duration.parse("2h")
    book.approve("ana", expires=end)
    book.later("2h")
    assert came_out(book) == GIVEN
    assert book.finding("approval").until == end
    book.clock.instant += Duration(1)
    assert came_out(book) == VOID
    assert f"expired at {end}" in book.finding("approval").found


def test_an_approval_counts_no_longer_than_the_contract_allows(company):
    book = demanding(company, max_age="7d")
    book.approve("ana")
    book.later("7d")
    assert came_out(book) == GIVEN
    assert book.finding("approval").until == company.noon + Duration.parse("7d")
    book.clock.instant += Duration(1)
    assert came_out(book) == VOID


def test_an_approval_given_after_the_instant_of_the_judgement_does_not_count(company, book):
    """The clock of the machine went backwards between the two."""
    book.later("1h").approve("ana")
    book.clock.instant = company.noon
    assert came_out(book) == VOID
    assert "after the judgement" in book.finding("approval").found


# -- how many --------------------------------------------------------------------------------------


def test_two_approvals_by_one_person_are_one_person(company):
    book = demanding(company, count=2)
    book.approve("ana")
    book.approve("ana")
    book.approve("ana-laptop")
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")
    assert "1 of 2" in book.finding("approval").found
    book.approve("ben")
    assert came_out(book) == GIVEN


def test_the_approval_lapses_when_too_few_are_left(company):
    hours = {"ana": "1h", "ben": "3h", "cem": "2h"}
    book = demanding(company, count=2)
    for who, length in hours.items():
        book.approve(who, expires=company.noon + Duration.parse(length))
    end = company.noon + Duration.parse("2h")
    assert book.finding("approval").until == end
    book.later("2h")
    assert came_out(book) == GIVEN
    book.clock.instant += Duration(1)
    assert came_out(book)[0] is Status.FAIL


def test_the_longest_approval_of_a_person_counts(company, book):
    book.approve("ana", expires=company.noon + Duration.parse("1h"))
    book.approve("ana")
    assert book.finding("approval").until is None


# -- segregation of duties -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "author", ["cem@example.com", "CEM@Example.COM", " cem@example.com ", "cem@home.example"]
)
def test_an_author_may_not_approve_under_any_address(company, author):
    book = company.a_book()
    book.trust()
    book.demand()
    book.record(authors=["dev@example.com", author])
    book.approve("cem")
    assert came_out(book) == VOID
    assert "person:cem is an author" in book.finding("approval").found
    book.approve("ben")
    assert came_out(book) == GIVEN


def test_an_author_may_not_approve_with_another_key(company):
    book = company.a_book()
    book.trust()
    book.demand()
    book.record(authors=["ana@example.com"])
    book.approve("ana-laptop")
    assert came_out(book) == VOID


def test_an_author_of_any_recording_is_an_author(company):
    book = company.a_book()
    book.trust()
    book.demand()
    book.record(authors=["ana@example.com"])
    book.record(authors=["dev@example.com"])
    book.approve("ana")
    assert came_out(book) == VOID


@pytest.mark.parametrize("authors", [None, []])
def test_where_the_authors_are_not_known_nobody_can_be_shown_to_be_none(company, authors):
    book = company.a_book()
    book.trust()
    book.demand()
    book.record(authors=authors)
    book.approve("ana")
    assert came_out(book) == VOID
    assert "authors are not known" in book.finding("approval").found
    book.record(authors=["dev@example.com"])
    assert came_out(book) == VOID


def test_where_the_authors_are_lost_nobody_may_approve(company):
    book = company.a_book()
    book.trust()
    book.demand()
    recorded = book.record()
    book.approve("ana")
    assert came_out(book) == GIVEN
    book.blobs.lose(recorded.entry.evidence[0].digest)
    assert came_out(book) == VOID


def builder_book(company, **parameters):
    """A book in which Ana's laptop signs the builds."""
    book = company.a_book()
    keys = {"ana-laptop": company.a_key("ana-laptop", "provenance", "approval")}
    book.trust(keys=keys)
    book.demand(company.demand("approval", **parameters))
    book.record()
    return book


def test_the_builder_may_not_approve(company):
    book = builder_book(company)
    book.approve("ana")
    assert came_out(book) == GIVEN
    book.accept(company.a_provenance(), signer="ana-laptop")
    assert came_out(book) == VOID
    assert "person:ana signed as the builder" in book.finding("approval").found


def test_a_builder_whose_provenance_is_lost_cannot_approve_because_of_that(company):
    book = builder_book(company)
    book.approve("ana")
    accepted = book.accept(company.a_provenance(), signer="ana-laptop")
    book.blobs.lose(accepted.entry.evidence[0].digest)
    assert came_out(book)[0] is not Status.PASS
    assert "builders are not known" in book.finding("approval").found


def test_a_contract_may_bar_authors_only(company):
    book = builder_book(company, not_by=["author"])
    book.accept(company.a_provenance(), signer="ana-laptop")
    book.approve("ana")
    assert came_out(book) == GIVEN


def test_a_contract_may_bar_builders_only(company):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("approval", not_by=["builder"]))
    book.record(authors=["ana@example.com"])
    book.approve("ana")
    assert came_out(book) == GIVEN


def test_one_rule_says_who_may_not_approve(book):
    facts = book.facts()

    def code(text: str, duties=BOTH):
        found = conflict(Identity(text), facts, duties)
        return None if found is None else found[0]

    assert code("person:dev") == "policy.approver-is-author"
    assert code("key#ci") == "policy.approver-is-builder"
    assert code("person:ana") is None
    assert code("person:dev", frozenset()) is None


def test_an_approver_who_is_linked_to_no_person_may_be_an_author(company):
    """The key holds the role by itself; only the link to a person is missing."""
    strangers = {name: each for name, each in company.people.items() if name != "ana"}
    roles = {"release-manager": ["ana", "key#ana"]}
    book = company.a_book()
    book.trust()
    book.demand(company.demand("approval"), roles=roles)
    book.record()
    book.trust(people=strangers)
    book.approve("ana")
    assert came_out(book) == VOID
    assert "links key#ana to no person" in book.finding("approval").found


def test_an_actor_spelt_like_a_person_is_not_one():
    assert Identity("person:ana").is_person
    assert not Identity("person:ana#laptop").is_person
    assert not Identity("mailto:ana@example.com").is_person


def test_an_author_who_is_linked_to_no_person_may_be_the_approver(company):
    """Ana may well commit under an address that nobody has told the trust root about."""
    book = company.a_book()
    book.trust()
    book.demand(company.demand("approval"))
    book.record(authors=["ana@home.example"])
    book.approve("ana")
    assert came_out(book) == VOID
    found = book.finding("approval").found
    assert "links 1 of 1 authors to no person" in found
    assert "ana@home.example" not in found


def test_people_of_no_commit_are_not_known_to_be_the_authors(company):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("approval"))
    book.record(commit=None)
    book.approve("ana")
    assert came_out(book) == VOID
    assert "no commit of theirs" in book.finding("approval").found


# -- whom the trust root believes ------------------------------------------------------------------


def test_an_approval_by_a_key_that_was_removed_does_not_count(approved):
    assert came_out(approved) == GIVEN
    approved.trust(without=["ana"])
    assert came_out(approved) == VOID


def test_an_approval_by_a_key_that_has_expired_since_still_counts(company, book):
    end = company.noon + Duration.parse("1h")
    book.trust(keys={"ana": company.a_key("ana", "approval", not_after=str(end))})
    book.approve("ana")
    book.later("2d")
    assert came_out(book) == GIVEN
    book.approve("ana")
    assert came_out(book) == GIVEN


def test_an_approval_signed_with_a_key_after_its_end_does_not_count(company, book):
    end = company.noon + Duration.parse("1h")
    book.trust(keys={"ana": company.a_key("ana", "approval", not_after=str(end))})
    book.later("2h").approve("ana")
    assert came_out(book) == VOID


def test_a_key_for_another_environment_may_not_approve_for_this_one(company, book):
    book.trust(keys={"ana": company.a_key("ana", "approval", environments=["staging"])})
    book.approve("ana")
    assert came_out(book) == VOID


def test_a_person_who_lost_the_link_loses_the_role(company, approved):
    people = {name: who for name, who in company.people.items() if name != "ana"}
    approved.trust(people=people)
    assert came_out(approved) == VOID
    assert "key#ana does not hold the role" in approved.finding("approval").found


def test_a_lost_approval_is_an_error(book):
    granted = book.approve("ana")
    book.blobs.lose(granted.entry.evidence[0].digest)
    assert came_out(book) == (Status.ERROR, "policy.evidence-damaged")
    book.approve("ben")
    assert came_out(book) == GIVEN


def test_a_lost_approval_in_another_role_has_nothing_to_do_with_it(book):
    granted = book.approve("dev", role="auditor")
    book.blobs.lose(granted.entry.evidence[0].digest)
    assert came_out(book) == (Status.MISSING, "policy.approval-missing")
