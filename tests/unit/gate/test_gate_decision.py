"""The decision document, and that judging again gives it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.errors import GatebookError, MalformedError
from gatebook.gate.decision import DECISION_SCHEMA, ENGINE, Decision
from gatebook.gate.replay import EngineDiffersError, ReplayDiffersError
from gatebook.ledger.kinds import Verdict


@pytest.fixture
def document(approved) -> bytes:
    return approved.judge().decision.encode()


def decoded(document: bytes):
    return canonical.as_object(canonical.loads(document))


def test_a_decision_is_a_canonical_document(approved, document):
    decision = Decision.parse(document)
    assert decision.encode() == document
    assert canonical.encode(decoded(document)) == document
    fields = decoded(document)
    assert (fields["schema"], fields["engine"]) == (DECISION_SCHEMA, ENGINE)
    assert fields["ledger"] == {"origin": approved.origin, "size": decision.size}


def test_absent_facts_are_explicit(company):
    fields = decoded(company.a_book().judge().decision.encode())
    for name in ("contract", "trust_root", "valid_until"):
        assert fields[name] is None
    assert fields["candidate"]["name"] is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "gatebook/decision/v2"),
        (("verdict",), "allowed"),
        (("verdict",), "ALLOW"),
        (("verdict",), None),
        (("instant",), "yesterday"),
        (("instant",), "2026-11-20T12:00:00+00:00"),
        (("contract",), "sha256:abc"),
        (("ledger", "size"), -1),
        (("ledger", "size"), "3"),
        (("ledger", "size"), True),
        (("ledger",), []),
        (("candidate", "subject"), "acme/api"),
        (("candidate", "environment"), "Prod"),
        (("candidate", "more"), 1),
        (("more",), 1),
        (("documents",), ["x"]),
        (("documents",), None),
        (("entries",), [1]),
        (("entries",), [{"index": 0, "id": "x"}]),
        (("entries", 0, "more"), 1),
        (("outcomes", 0, "status"), "passed"),
        (("outcomes", 0, "mode"), "off"),
        (("outcomes", 0, "control"), "A B"),
        (("outcomes", 0, "fix"), None),
        (("outcomes", 0, "until"), "never"),
        (("outcomes", 0, "evidence"), [1]),
        (("outcomes", 0, "found"), ""),
        (("reason", "code"), 1),
        (("valid_until",), 5),
    ],
    ids=str,
)
def test_a_document_that_differs_in_one_point_is_no_decision(document, path, value):
    fields = decoded(document)
    place = fields
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(MalformedError):
        Decision.parse(canonical.encode(fields))


@pytest.mark.parametrize("name", ["verdict", "candidate", "outcomes", "reason", "entries"])
def test_a_document_without_a_field_is_no_decision(document, name):
    fields = decoded(document)
    del fields[name]
    with pytest.raises(MalformedError):
        Decision.parse(canonical.encode(fields))


def test_a_document_written_differently_is_no_decision(document):
    for changed in (document + b"\n", document.replace(b":", b": ", 1), b"", b"{}", b"\xff"):
        with pytest.raises(MalformedError):
            Decision.parse(changed)


@given(data=st.data())
def test_a_damaged_document_is_refused_or_another_decision(data, approved):
    document = bytearray(approved.consider().encode())
    document[data.draw(st.integers(0, len(document) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed = Decision.parse(bytes(document))
    except MalformedError:
        return
    assert changed.encode() == bytes(document)
    try:
        approved.replay(bytes(document))
    except GatebookError:
        return
    # What comes out equal was judged at another instant or size of the log: another decision, which
    # nobody recorded.
    original = approved.consider()
    assert (changed.instant, changed.size) != (original.instant, original.size)


# -- replay ----------------------------------------------------------------------------------------


def test_a_decision_comes_out_equal_again_however_much_later(approved, company):
    recorded = approved.judge()
    approved.later("300d")
    approved.accept(company.a_test_result(failed=["test_three"]))
    approved.trust(without=["ci", "ana"])
    approved.demand(company.demand("sbom"))
    assert approved.consider().verdict is not Verdict.ALLOW

    replayed = approved.replay(recorded.decision.encode())

    assert replayed.decision == recorded.decision
    assert replayed.entries == len(recorded.decision.entries)
    assert replayed.documents == len(recorded.decision.documents)


def test_a_decision_comes_out_equal_from_the_stored_bytes_alone(approved, company):
    recorded = approved.judge()
    stored = {index: approved.ledger.entry_bytes(index) for index in range(recorded.entry.index)}
    opened = company.a_book(blobs=approved.blobs)
    opened.ledger.entry_bytes = stored.__getitem__
    assert opened.replay(recorded.decision.encode()).decision == recorded.decision


@pytest.mark.parametrize(
    "make",
    [
        lambda book: book,
        lambda book: book.trust() and book,
        lambda book: book.demand() and book,
        lambda book: book.ready(),
        lambda book: book.demand() and book.built(),
    ],
    ids=["nothing", "no contract", "unknown artifact", "denied", "nobody believed"],
)
def test_decisions_that_block_come_out_again_too(company, make):
    recorded = make(company.a_book()).judge
    book = recorded.__self__
    decision = recorded().decision
    assert decision.verdict is not Verdict.ALLOW
    assert book.replay(decision.encode()).decision == decision


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"verdict":"allow"', b'"verdict":"deny"'),
        (b"approved by person:ana", b"approved by person:ben"),
        (b'"status":"pass"', b'"status":"waived"'),
        (b'"valid_until":"2026-12-20T12:00:00Z"', b'"valid_until":null'),
        (b'"instant":"2026-11-20T12:00:00Z"', b'"instant":"2026-11-20T12:00:01Z"'),
        (b'"name":"acme/api"', b'"name":"acme/app"'),
        (b'"code":"gate.all-satisfied"', b'"code":"gate.fine"'),
        (b'"mode":"enforce"', b'"mode":"audit"'),
        (b'"environment":"prod"', b'"environment":"test"'),
    ],
    ids=lambda text: text.decode()[:40],
)
def test_a_changed_decision_does_not_come_out(approved, document, before, after):
    changed = document.replace(before, after, 1)
    assert changed != document
    with pytest.raises(ReplayDiffersError) as refused:
        approved.replay(changed)
    assert refused.value.code == "gate.replay-differs"


def test_an_entry_of_another_id_is_not_the_one_that_was_weighed(approved, document):
    fields = decoded(document)
    fields["entries"][0]["id"] = fields["entries"][1]["id"]
    with pytest.raises(ReplayDiffersError, match="entry 1 is"):
        approved.replay(canonical.encode(fields))


def test_a_weighed_entry_cannot_be_left_out(approved, document):
    for number in range(len(decoded(document)["entries"])):
        fields = decoded(document)
        del fields["entries"][number]
        with pytest.raises(GatebookError):
            approved.replay(canonical.encode(fields))


def test_an_entry_beyond_the_book_cannot_be_weighed(approved, document):
    fields = decoded(document)
    fields["entries"][-1]["index"] = 400
    with pytest.raises(GatebookError):
        approved.replay(canonical.encode(fields))


def test_a_decision_of_another_engine_is_not_approximated(approved, document):
    fields = {**decoded(document), "engine": "gatebook-controls/0"}
    with pytest.raises(EngineDiffersError) as refused:
        approved.replay(canonical.encode(fields))
    assert refused.value.code == "gate.engine-differs"


def test_a_decision_that_weighed_nothing_cannot_have_allowed(approved, document):
    fields = {**decoded(document), "entries": []}
    with pytest.raises(ReplayDiffersError):
        approved.replay(canonical.encode(fields))


def test_lost_documents_are_named(approved, document):
    decision = Decision.parse(document)
    for digest in decision.documents:
        data = approved.blobs.get(digest)
        approved.blobs.lose(digest)
        with pytest.raises(GatebookError):
            approved.replay(document)
        approved.blobs.put(data)
    approved.blobs.lose(decision.contract)
    with pytest.raises(GatebookError, match=decision.contract.hex):
        approved.replay(document)


def test_a_decision_made_without_a_document_comes_out_as_long_as_it_stays_lost(approved):
    lost = approved.consider().documents[0]
    data = approved.blobs.get(lost)
    approved.blobs.lose(lost)
    document = approved.judge().decision.encode()
    assert approved.replay(document).decision.verdict is not Verdict.ALLOW
    approved.blobs.put(data)
    if Decision.parse(document).entries:
        with pytest.raises(ReplayDiffersError):
            approved.replay(document)
