"""What the gate says: when it allows, and everything that blocks."""

import itertools
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Duration
from gatebook.digest import sha256
from gatebook.facts.facts import Facts, Identity
from gatebook.gate.decide import decide, undecided
from gatebook.gate.decision import Decision
from gatebook.gate.gate import Gate, IndexBehindError
from gatebook.ledger.kinds import DecisionMade, Verdict
from gatebook.policy.contract import Contract
from gatebook.policy.control import Roles
from gatebook.policy.outcome import Finding, Mode, Status

ALLOW, DENY, UNDECIDED = Verdict.ALLOW, Verdict.DENY, Verdict.UNDECIDED


def said(book, subject=None) -> tuple[Verdict, str]:
    decision = book.consider() if subject is None else book.consider(subject)
    return decision.verdict, decision.reason.code


# -- the story -------------------------------------------------------------------------------------


def test_an_artifact_comes_in_when_everything_demanded_is_there(company):
    """Each step of the way is needed, and the last one opens the gate."""
    book = company.a_book()
    assert said(book) == (UNDECIDED, "gate.no-contract")
    book.trust()
    book.demand()
    assert said(book) == (UNDECIDED, "gate.unknown-artifact")
    book.record()
    assert said(book) == (DENY, "gate.controls-not-satisfied")
    book.accept(company.a_provenance())
    assert said(book)[0] is DENY
    book.accept(company.an_sbom())
    assert said(book)[0] is DENY
    book.accept(company.a_test_result())
    assert said(book)[0] is DENY
    book.approve("ana")
    assert said(book) == (ALLOW, "gate.all-satisfied")


def test_every_order_of_the_same_evidence_gives_the_same_answer(company):
    def hand_in(steps):
        book = company.a_book()
        book.trust()
        book.demand()
        book.record()
        for step in steps:
            step(book)
        return [(each.control, each.finding.status) for each in book.consider().outcomes]

    steps = [
        lambda book: book.accept(company.a_provenance()),
        lambda book: book.accept(company.an_sbom()),
        lambda book: book.accept(company.a_test_result()),
        lambda book: book.approve("ana"),
    ]
    answers = [hand_in(order) for order in itertools.permutations(steps)]
    assert all(answer == answers[0] for answer in answers)


def test_the_decision_is_recorded_whatever_it_is(company, book):
    denied = book.judge()
    book.approve("ana")
    allowed = book.judge()
    for recorded in (denied, allowed):
        body = recorded.entry.entry.body
        decision = recorded.decision
        assert isinstance(body, DecisionMade)
        assert (body.verdict, body.contract) == (decision.verdict, decision.contract)
        (reference,) = recorded.entry.entry.evidence
        assert book.blobs.get(reference.digest) == decision.encode()
        assert recorded.entry.entry.subjects == (company.api,)
    assert [str(control) for control in denied.entry.entry.body.failed] == ["approval"]
    assert allowed.entry.entry.body.failed == ()
    assert allowed.entry.entry.body.valid_until == allowed.decision.valid_until


def test_a_decision_names_everything_it_weighed(book):
    book.refuse_evidence()
    decision = book.approve("ana") and book.consider()
    kinds = [entry.kind for entry in decision.entries]
    assert kinds == [
        "trust-root.published",
        "contract.published",
        "artifact.recorded",
        "evidence.accepted",
        "evidence.accepted",
        "evidence.accepted",
        "approval.granted",
    ]
    assert decision.contract in decision.documents
    assert decision.trust_root in decision.documents
    assert len(decision.documents) == 7
    assert decision.size == book.ledger.head().size


# -- verdicts --------------------------------------------------------------------------------------


def test_a_contract_for_another_environment_says_nothing_here(company):
    book = company.a_book()
    book.trust()
    book.demand(environment="staging")
    book.built()
    assert said(book) == (UNDECIDED, "gate.no-contract")


def test_an_artifact_the_book_does_not_know_is_not_judged(approved, company):
    assert said(approved, company.other) == (UNDECIDED, "gate.unknown-artifact")


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_a_control_that_is_not_enforced_never_blocks(company, mode):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("artifact-identified"), company.demand("sbom", mode))
    book.record()
    assert said(book) == (ALLOW, "gate.all-satisfied")
    assert book.finding("sbom").status is Status.MISSING


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_a_contract_that_enforces_nothing_allows_nothing(company, mode):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("artifact-identified", mode))
    book.record()
    assert said(book) == (UNDECIDED, "gate.nothing-enforced")


def a_finding(status: Status, until=None) -> Finding:
    return Finding(status=status, code="test.made-up", expected="this", found="that", until=until)


class MadeUp:
    """A control that comes out as told."""

    name = "made-up"
    purpose = satisfied_by = ""
    parameters: ClassVar[dict[str, str]] = {}

    def __init__(self, finding: Finding) -> None:
        self.finding = finding

    @classmethod
    def read(cls, parameters, roles):
        raise NotImplementedError

    def judge(self, facts: Facts, roles: Roles) -> Finding:  # noqa: ARG002  # as controls do
        return self.finding


class Breaking(MadeUp):
    """A control that breaks."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def judge(self, facts: Facts, roles: Roles) -> Finding:  # noqa: ARG002  # as controls do
        raise self.error


def decided(book, *controls, modes=None) -> Decision:
    facts = book.facts()
    contract = Contract.parse(book.blobs.get(facts.contract))
    first = contract.demands[0]
    demands = tuple(
        replace(first, control=control, mode=mode)
        for control, mode in zip(controls, modes or [Mode.ENFORCE] * len(controls), strict=True)
    )
    return decide(facts, replace(contract, demands=demands))


@settings(max_examples=200)
@given(
    outcomes=st.lists(
        st.tuples(st.sampled_from(list(Status)), st.sampled_from(list(Mode))), max_size=6
    )
)
def test_the_verdict_follows_from_the_enforced_outcomes_alone(book, outcomes):
    controls = [MadeUp(a_finding(status)) for status, _ in outcomes]
    decision = decided(book, *controls, modes=[mode for _, mode in outcomes])

    enforced = [status for status, mode in outcomes if mode is Mode.ENFORCE]
    good = {Status.PASS, Status.WAIVED}
    if not enforced:
        expected = UNDECIDED
    elif set(enforced) <= good:
        expected = ALLOW
    elif {Status.FAIL, Status.MISSING} & set(enforced):
        expected = DENY
    else:
        expected = UNDECIDED
    assert decision.verdict is expected
    assert Decision.parse(decision.encode()) == decision


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        RecursionError(),
        MemoryError(),
        KeyError("x"),
        AssertionError("\ud800"),
        RuntimeError("x" * 100_000),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_control_that_breaks_blocks(book, error):
    decision = decided(book, MadeUp(a_finding(Status.PASS)), Breaking(error))
    assert (decision.verdict, decision.reason.code) == (UNDECIDED, "gate.controls-not-judged")
    assert decision.outcomes[1].finding.code == "gate.control-failed"
    assert Decision.parse(decision.encode()) == decision


def test_a_control_that_fails_denies_although_another_breaks(book):
    decision = decided(book, MadeUp(a_finding(Status.FAIL)), Breaking(ValueError()))
    assert decision.verdict is DENY


def test_a_contract_other_than_the_one_the_facts_name_decides_nothing(company, approved):
    facts = approved.facts()
    other = Contract.parse(company.a_contract(company.demand("artifact-identified")))
    decision = decide(facts, other)
    assert (decision.verdict, decision.reason.code) == (UNDECIDED, "gate.contract-differs")
    elsewhere = Contract.parse(
        company.a_contract(company.demand("artifact-identified"), environment="staging")
    )
    same = decide(replace(facts, contract=elsewhere.digest), elsewhere)
    assert same.reason.code == "gate.contract-differs"


# -- how long it holds -----------------------------------------------------------------------------


def test_an_allow_holds_until_the_first_thing_it_rests_on_ends(company, book):
    soon = company.noon + Duration.parse("2h")
    book.approve("ana", expires=soon)
    assert book.consider().valid_until == soon
    book.later("2h")
    assert said(book)[0] is ALLOW
    book.clock.instant += Duration(1)
    assert said(book)[0] is DENY


def test_the_build_age_ends_it_when_nothing_ends_before(approved, company):
    assert approved.consider().valid_until == company.noon + Duration.parse("30d")


def test_a_decision_that_blocks_has_no_end(book):
    assert book.consider().valid_until is None


def test_an_end_that_is_not_enforced_ends_nothing(company):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("artifact-identified"), company.demand("build-age", "warn"))
    book.built()
    decision = book.consider()
    assert (decision.verdict, decision.valid_until) == (ALLOW, None)


@given(ends=st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=5))
def test_valid_until_is_the_earliest_end(book, ends):
    now = book.clock.now()
    controls = [
        MadeUp(a_finding(Status.PASS, None if end is None else now + Duration(end))) for end in ends
    ]
    given_ends = [now + Duration(end) for end in ends if end is not None]
    assert decided(book, *controls).valid_until == min(given_ends, default=None)


# -- fail closed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["trust-root.published", "contract.published"])
@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_without_what_the_judgement_rests_on_nothing_is_decided(approved, kind, harm):
    entry = next(each for _, each in approved.ledger.entries() if each.kind == kind)
    digest = entry.evidence[0].digest
    if harm == "lost":
        approved.blobs.lose(digest)
    else:
        approved.blobs.change(digest, approved.blobs.get(digest).replace(b"ana", b"eve"))
    decision = approved.judge().decision
    assert decision.verdict is UNDECIDED
    assert Decision.parse(decision.encode()) == decision


def test_no_single_document_can_be_lost_unnoticed(approved):
    for digest in approved.consider().documents:
        data = approved.blobs.get(digest)
        approved.blobs.lose(digest)
        assert approved.consider().verdict is not ALLOW, digest
        approved.blobs.change(digest, data + b" ")
        assert approved.consider().verdict is not ALLOW, digest
        approved.blobs.change(digest, data)
    assert approved.consider().verdict is ALLOW


def test_without_a_trust_root_nobody_is_believed(company):
    book = company.a_book()
    book.demand()
    book.built()
    assert book.consider().verdict is DENY
    assert "facts.no-trust-root" in book.finding("sbom").found


def test_a_builder_whose_key_was_removed_is_not_believed_any_more(approved):
    assert said(approved)[0] is ALLOW
    approved.trust(without=["ci"])
    assert said(approved)[0] is DENY


def test_a_contract_that_cannot_be_read_any_more_decides_nothing(company):
    """A release that knows a control less than the one that published it."""
    book = company.a_book()
    book.trust()
    book.demand(document=company.a_contract().replace(b'"build-age"', b'"built-age"'))
    book.built().approve("ana")
    recorded = book.judge()
    assert recorded.decision.verdict is UNDECIDED
    assert recorded.decision.reason.code == "policy.unknown-control"
    assert book.replay(recorded.decision.encode()).decision == recorded.decision


def test_a_document_that_is_no_trust_root_decides_nothing(book):
    book.trust(document=b"trust-root: everybody\n")
    assert said(book) == (UNDECIDED, "trust.malformed-root")


def test_an_index_that_is_behind_hides_no_revocation(book):
    """Whatever the index has not seen yet is read from the log itself."""
    granted = book.approve("ana")
    assert said(book)[0] is ALLOW
    book.catch_up = lambda: None
    revocation = book.revoke(granted)

    decision = book.consider()

    assert book.index.applied() < book.ledger.head().size
    assert decision.verdict is DENY
    assert revocation.index in [each.index for each in decision.entries]
    assert decision.size == book.ledger.head().size


def test_an_index_that_is_behind_misses_nothing_else_either(company):
    book = company.a_book()
    book.catch_up = lambda: None
    book.trust_root_digest = lambda: sha256(b"not asked here")
    book.ready().approve("ana")
    assert book.index.applied() == 1
    assert book.consider().verdict is ALLOW
    book.accept(company.a_test_result(failed=["test_three"]))
    assert book.consider().verdict is DENY


def test_an_index_that_is_far_behind_decides_nothing(approved, company):
    approved.catch_up = lambda: None
    for _ in range(2001):
        approved.refuse_evidence(company.other)
    assert said(approved) == (UNDECIDED, "gate.index-behind")


def test_an_index_that_knows_more_than_the_log_decides_nothing(company, approved):
    smaller = company.a_book()
    gate = Gate(
        ledger=smaller.ledger, blobs=approved.blobs, index=approved.index, clock=approved.clock
    )
    decision = gate.consider(company.api, company.prod, company.noon)
    assert (decision.verdict, decision.reason.code) == (UNDECIDED, "gate.index-behind")
    with pytest.raises(IndexBehindError):
        gate.facts(company.api, company.prod, company.noon)


def test_a_store_that_breaks_decides_nothing(approved, company):
    class Broken:
        def get(self, digest):
            raise OSError(f"the disk with {digest} is gone")

    gate = Gate(ledger=approved.ledger, blobs=Broken(), index=approved.index, clock=approved.clock)
    decision = gate.consider(company.api, company.prod, company.noon)
    assert (decision.verdict, decision.reason.code) == (UNDECIDED, "gate.internal-error")


def test_undecided_says_why_in_words_that_can_be_written(approved):
    decision = undecided(approved.facts(), "gate.test", "")
    assert decision.reason.message
    assert Decision.parse(decision.encode()) == decision


# -- more is never less ----------------------------------------------------------------------------

STEPS = {
    "provenance": lambda book, company: book.accept(company.a_provenance()),
    "foreign provenance": lambda book, company: book.accept(
        company.a_provenance(builder="https://ci.example.com/other")
    ),
    "unsigned": lambda book, company: book.report(company.a_test_result()),
    "stranger": lambda book, company: book.accept(company.an_sbom(), signer="stranger"),
    "sbom": lambda book, company: book.accept(company.an_sbom()),
    "foreign sbom": lambda book, company: book.accept(company.an_sbom(describes=company.other)),
    "passed": lambda book, company: book.accept(company.a_test_result()),
    "failed": lambda book, company: book.accept(company.a_test_result(failed=["t"])),
    "ana": lambda book, company: book.approve("ana", subject=company.api),
    "dev": lambda book, company: book.approve("dev", subject=company.api),
    "wrong role": lambda book, company: book.approve("ana", role="auditor", subject=company.api),
    "elsewhere": lambda book, company: book.approve(
        "ana", environment="staging", subject=company.api
    ),
    "other": lambda book, company: book.record(company.other),
    "refused": lambda book, company: book.refuse_evidence(company.api),
}
BAD = {name for name in STEPS if name not in {"provenance", "sbom", "passed", "ana"}}


@settings(max_examples=40)
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=9),
    more=st.sampled_from(sorted(BAD)),
)
def test_whatever_is_handed_in_allow_needs_all_of_it(company, steps, more):
    book = company.a_book()
    book.trust()
    book.demand()
    book.record()
    for step in steps:
        STEPS[step](book, company)
    before = book.consider()

    needed = {"provenance", "sbom", "passed", "ana"}
    assert (before.verdict is ALLOW) == (needed <= set(steps) and "failed" not in steps)

    STEPS[more](book, company)
    after = book.consider()
    assert not (before.verdict is not ALLOW and after.verdict is ALLOW)
    recorded = book.judge()
    assert book.replay(recorded.decision.encode()).decision == recorded.decision


def test_somebody_the_trust_root_does_not_link_is_themselves(book):
    facts = book.facts()
    assert facts.authors == (Identity("person:dev"),)
    assert facts.builders() == {Identity("key#ci")}
