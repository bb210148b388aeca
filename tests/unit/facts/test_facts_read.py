"""Facts: chosen entries, read and verified again from the stored bytes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.facts.content import ReadContent, read_content
from gatebook.facts.documents import APPROVAL_PREDICATE, ApprovalPredicate, CommitPeople
from gatebook.facts.facts import Identity
from gatebook.facts.identify import identify
from gatebook.facts.opened import REMEMBERED, Memory, OpenedDocument, Question, forget_documents
from gatebook.facts.read import FactReader
from gatebook.facts.select import select_entries, select_unindexed
from gatebook.formats.intoto import PredicateKind, Statement
from gatebook.formats.provenance import Provenance
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.test_result import TestResult
from gatebook.names import Actor, EnvironmentName, RoleName


def chosen(book, company, size=None):
    size = book.index.applied() if size is None else size
    return select_entries(book.index, company.api, company.prod, size)


# -- which entries ---------------------------------------------------------------------------------


def test_what_is_weighed_is_about_the_artifact_and_the_environment(company, approved):
    approved.record(company.other)
    approved.refuse_evidence()
    approved.refuse_approval()
    approved.approve("ben", environment="staging")
    approved.demand(environment="staging")
    approved.judge()  # 13, an allow: a later judgement asks when it was given
    approved.judge(company.other)
    assert chosen(approved, company) == (1, 2, 3, 4, 5, 6, 7, 13)


def test_the_newest_contract_and_trust_root_are_weighed(company, approved):
    approved.trust()
    approved.demand()
    assert chosen(approved, company) == (3, 4, 5, 6, 7, 8, 9)
    assert chosen(approved, company, size=8) == (1, 2, 3, 4, 5, 6, 7)


def test_a_revocation_is_weighed_with_its_approval(company, book):
    first = book.approve("ana")
    book.approve("ben")
    revocation = book.revoke(first)
    assert revocation.index in chosen(book, company)
    assert revocation.index not in chosen(book, company, size=revocation.index)


def test_what_the_index_has_not_seen_is_chosen_by_the_same_rule(company, approved):
    """At least what the index would choose, out of the entries alone."""
    approved.revoke(approved.approve("ben"))
    approved.record(company.other)
    approved.approve("cem", environment="staging")
    approved.refuse_evidence()
    found = select_unindexed(approved.ledger.entries(), company.api, company.prod)
    assert set(found) >= set(chosen(approved, company))
    assert set(found) == {1, 2, 3, 4, 5, 6, 7, 8, 9}


# -- what is read ----------------------------------------------------------------------------------


def test_facts_say_who_built_wrote_tested_and_approved_it(approved):
    approved.report()
    facts = approved.facts()

    (artifact,) = facts.artifacts
    assert str(artifact.name) == "acme/api"
    assert str(facts.repository()) == "https://git.example.com/acme/api"
    assert facts.authors == (Identity("person:dev"),)
    assert facts.authors_problem is None
    kinds = [(fact.kind, type(fact.content), fact.signed) for fact in facts.evidence]
    assert kinds == [
        (PredicateKind.PROVENANCE, Provenance, True),
        (PredicateKind.SBOM, Sbom, True),
        (PredicateKind.TEST_RESULT, TestResult, True),
        (None, type(None), False),
    ]
    (approval,) = facts.approvals
    assert approval.approver is not None
    assert approval.approver.identity == Identity("person:ana")
    assert facts.builders() == {Identity("key#ci")}
    assert facts.of_kind(PredicateKind.SBOM, PredicateKind.PROVENANCE) == facts.evidence[:2]


def test_the_same_entries_give_the_same_facts(approved):
    first = approved.facts()
    forget_documents()
    assert approved.facts() == first


def test_recordings_that_disagree_name_no_repository(book):
    book.record(repository="https://git.example.com/acme/web")
    assert book.facts().repository() is None


def test_an_entry_about_another_artifact_counts_for_nothing_however_it_was_chosen(
    company, approved
):
    reader = FactReader(
        origin=approved.origin, entry_bytes=approved.ledger.entry_bytes, blobs=approved.blobs
    )
    facts = reader.read(
        range(approved.ledger.head().size),
        subject=company.other,
        environment=company.prod,
        now=company.noon,
        size=8,
    )
    assert (facts.artifacts, facts.evidence, facts.approvals) == ((), (), ())
    elsewhere = reader.read(
        range(approved.ledger.head().size),
        subject=company.api,
        environment=EnvironmentName.parse("staging"),
        now=company.noon,
        size=8,
    )
    assert (elsewhere.contract, elsewhere.approvals) == (None, ())


def test_an_approval_handed_in_as_evidence_is_no_evidence_of_anything(company, book):
    """Nor is evidence kept as an approval an approval."""
    predicate = ApprovalPredicate(
        environment=company.prod,
        role=RoleName.parse("release-manager"),
        contract=sha256(book.contract_bytes),
    ).predicate()
    book.trust(keys={"ci": company.a_key("ci", "approval", "sbom")})
    book.accept(company.a_statement(APPROVAL_PREDICATE, predicate))
    facts = book.facts()
    assert facts.approvals == ()
    assert facts.evidence[-1].content is None


def test_evidence_kept_as_an_approval_approves_nothing(company, book):
    book.trust(keys={"ana": company.a_key("ana", "sbom", "approval")})
    granted = book.approve("ana").entry
    envelope = company.sign(company.an_sbom(), "ana")
    reference = book.keep(envelope, "application/vnd.dsse.envelope.v1+json")
    book.append(granted.body, subject=company.api, evidence=(reference,))
    last = book.facts().approvals[-1]
    assert last.approver is None
    assert last.problem is not None
    assert last.problem.code == "facts.approval-differs"


def test_an_entry_without_a_document_is_damaged(company, book):
    accepted = book.accept(company.an_sbom()).entry
    book.append(accepted.body, subject=company.api)
    problem = book.facts().evidence[-1].problem
    assert problem is not None
    assert (problem.code, problem.damaged) == ("facts.no-document", True)


@pytest.mark.parametrize(("harm", "damaged"), [("lose", True), ("change", True)])
def test_a_lost_or_changed_document_is_damaged_although_it_was_read_before(
    company, book, harm, damaged
):
    accepted = book.accept(company.an_sbom(7))
    assert book.facts().evidence[-1].problem is None
    digest = accepted.entry.evidence[0].digest
    if harm == "lose":
        book.blobs.lose(digest)
    else:
        book.blobs.change(digest, company.sign(company.an_sbom(8), "ci"))
    problem = book.facts().evidence[-1].problem
    assert problem is not None
    assert problem.damaged is damaged


def test_a_signature_that_is_not_believed_is_not_damage(book):
    book.trust(without=["ci"])
    problems = [fact.problem for fact in book.facts().evidence]
    assert [problem and problem.damaged for problem in problems] == [False] * 3


def test_the_authors_stand_behind_a_salt(book):
    recorded = next(e for _, e in book.ledger.entries() if e.kind == "artifact.recorded")
    (reference,) = recorded.evidence
    assert reference.salted
    assert book.blobs.get(reference.digest)[32:] == b'{"emails":["dev@example.com"],"v":1}'


def test_addresses_and_actors_of_one_person_are_one_identity(book):
    root = book.trust_root()
    names = ["ana@example.com", "Ana@Example.com", Actor.parse("key#ana")]
    assert {identify(root, name) for name in names} == {Identity("person:ana")}
    assert identify(root, "Else@Where.example") == Identity("mailto:else@where.example")
    assert identify(root, Actor.parse("key#ci")) == Identity("key#ci")


def test_a_predicate_no_control_judges_is_kept_and_not_read(company):
    statement = Statement.parse(company.a_statement("https://example.com/other/v1", {"x": 1}))
    assert read_content(statement) == ReadContent()


# -- remembering -----------------------------------------------------------------------------------


def test_nothing_is_remembered_across_differing_questions(company, book):
    """The same bytes mean something else under another trust root or for another artifact."""
    envelope = company.an_sbom()
    assert book.facts().evidence[1].problem is None
    book.trust(without=["ci"])
    assert book.facts().evidence[1].problem is not None
    book.trust()
    assert book.facts().evidence[1].problem is None
    book.record(company.other)
    book.accept(envelope, subject=company.other)
    assert book.facts(company.other).evidence[0].problem is not None


def test_a_refusal_is_not_remembered(book):
    forget_documents()
    book.trust(without=["ci"])
    book.facts()
    assert len(REMEMBERED) == 0


def question(number: int) -> Question:
    return Question(
        parts=((sha256(b"%d" % number), "x/y"),),
        subject=sha256(b"subject"),
        root=sha256(b"root"),
        at=Instant(0),
        repository=None,
        environment=None,
    )


OPENED = OpenedDocument(predicate_type="x", kind=None, signers=(), content=None)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), max_size=60))
def test_the_memory_stays_within_its_bounds(kept):
    memory = Memory(most_bytes=100, most=5)
    lengths: dict[int, int] = {}
    for number, length in kept:
        if memory.recall(question(number)) is None:
            lengths[number] = length
        memory.keep(question(number), OPENED, length)
        present = [n for n in lengths if memory.recall(question(n)) is not None]
        assert len(memory) == len(present) <= 5
        assert sum(lengths[n] for n in present) <= 100


def test_the_memory_keeps_what_was_used_last():
    memory = Memory(most_bytes=100, most=2)
    memory.keep(question(1), OPENED, 1)
    memory.keep(question(2), OPENED, 1)
    assert memory.recall(question(1)) is OPENED
    memory.keep(question(3), OPENED, 1)
    assert memory.recall(question(2)) is None
    assert memory.recall(question(1)) is OPENED
    memory.keep(question(4), OPENED, 101)
    assert memory.recall(question(4)) is None
    memory.clear()
    assert len(memory) == 0


# -- documents of our own --------------------------------------------------------------------------


def test_the_same_people_give_the_same_record():
    people = CommitPeople.of(["Ben@example.com", "ana@example.com ", "ben@example.com", ""])
    assert people.emails == ("ana@example.com", "ben@example.com")
    assert CommitPeople.parse(people.encode()) == people


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"emails":[]}', b'{"emails":[1]}', b'{"emails":[""]}', b'{"emails":"x"}'],
)
def test_a_record_of_nobody_is_refused(data):
    with pytest.raises(MalformedError):
        CommitPeople.parse(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_people_or_refused(data):
    with contextlib.suppress(GatebookError):
        assert CommitPeople.parse(data).emails


def approval(company, **changes) -> Statement:
    predicate = {
        "environment": "prod",
        "role": "release-manager",
        "contract": "sha256:" + 64 * "a",
        **changes,
    }
    return Statement.parse(
        company.a_statement(
            changes.pop("type", APPROVAL_PREDICATE),
            {name: found for name, found in predicate.items() if found is not ...},
        )
    )


def test_an_approval_says_what_was_approved(company):
    end = Instant.parse("2026-12-01T00:00:00Z")
    written = ApprovalPredicate(
        environment=company.prod,
        role=RoleName.parse("release-manager"),
        contract=Digest.parse("sha256:" + 64 * "a"),
        reason="tested by hand",
        expires=end,
    )
    statement = Statement.parse(company.a_statement(APPROVAL_PREDICATE, written.predicate()))
    assert ApprovalPredicate.from_statement(statement) == written


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": ...},
        {"environment": "Prod"},
        {"environment": ["prod"]},
        {"role": ...},
        {"role": ""},
        {"contract": ...},
        {"contract": "sha256:abc"},
        {"contract": "latest"},
        {"expires": "tomorrow"},
        {"expires": 5},
        {"reason": 5},
        {"only-before": "2026-12-01T00:00:00Z"},
    ],
    ids=str,
)
def test_an_approval_that_is_unclear_in_one_point_is_refused(company, changes):
    with pytest.raises(MalformedError):
        ApprovalPredicate.from_statement(approval(company, **changes))


def test_another_statement_is_no_approval(company):
    statement = Statement.parse(company.an_sbom())
    with pytest.raises(MalformedError):
        ApprovalPredicate.from_statement(statement)
