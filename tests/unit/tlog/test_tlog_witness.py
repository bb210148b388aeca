"""A witness signs what extends the checkpoint it signed last, and refuses the rest."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import UsageError
from gatebook.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from gatebook.tlog.merkle import EMPTY_ROOT, prove_consistency
from gatebook.tlog.note import SignatureType, SignerKey, VerifierKey, open_note
from gatebook.tlog.witness import (
    AddCheckpoint,
    WitnessAnswer,
    answer_add_checkpoint,
    origin_hash,
    parse_add_checkpoint,
)

NOON = Instant.parse("2026-11-20T12:00:00Z")
WITNESS = SignerKey.from_seed("example.com/witness", b"w" * 32, cosigner=True)


class Witness:
    """A witness that remembers in memory."""

    def __init__(self, logs, signers=(WITNESS,)):
        self.logs, self.signers, self.kept = logs, signers, {}

    def post(self, body: bytes) -> WitnessAnswer:
        answer = answer_add_checkpoint(
            body, logs=self.logs, stored=self.kept.get, signers=self.signers, now=NOON
        )
        if answer.keep is not None:
            self.kept[answer.keep.origin] = answer.keep
        return answer


def test_the_conversation_with_another_witness_has_the_same_statuses(cases):
    talk = cases.load("witness-add-checkpoint-litewitness.json")
    facts = talk["log_public_key"]
    public = bytes.fromhex(facts.partition("key hex ")[2].partition(";")[0])
    origin = facts.partition("key name = ")[2]
    key = VerifierKey(name=origin, type=SignatureType.ED25519, public=public)
    witness = Witness({origin: [key]})
    answers = [witness.post(request["body"].encode()) for request in talk["requests_in_order"]]
    assert len(answers) == 9
    expected = [request["status"] for request in talk["requests_in_order"]]
    # tlog-witness has a status for an unknown log since: 404 in place of 403.
    assert expected[2] == 403
    expected[2] = 404
    assert [answer.status for answer in answers] == expected
    for answer, request in zip(answers, talk["requests_in_order"], strict=True):
        for rule in request["asserts"]:
            kind, _, quoted = rule.partition('"')
            text = quoted.rpartition('"')[0].replace("\\n", "\n")
            body = answer.body.decode()
            assert (text in body) if kind.startswith("body contains") else (text == body)
    assert answers[6].content_type == "text/x.tlog.size"


@pytest.fixture
def witness(log_signer):
    return Witness({log_signer.verifier.name: [log_signer.verifier]})


@pytest.fixture
def request_for(tree_of, log_signer):
    """A request that leads from one size of the log to another."""

    def build(old: int, new: int) -> AddCheckpoint:
        tree = tree_of(new)
        checkpoint = Checkpoint(origin=log_signer.verifier.name, size=new, root=tree.root)
        return AddCheckpoint(
            old_size=old,
            proof=prove_consistency(old, new, tree.reader()),
            note=sign_checkpoint(checkpoint, [log_signer]),
        )

    return build


def test_a_growing_log_is_cosigned_step_by_step(witness, request_for, log_signer):
    for old, new in ((0, 5), (5, 5), (5, 255), (255, 256), (256, 1000)):
        request = request_for(old, new)
        answer = witness.post(request.encode())
        assert answer.status == 200
        note = request.note + answer.body
        opened = open_checkpoint(note, log_signer.verifier, cosigners=[WITNESS.verifier])
        assert opened.note.signed_by(WITNESS.verifier).at == NOON
        kept = witness.kept[log_signer.verifier.name]
        assert (kept.size, kept.root) == (new, opened.checkpoint.root)
        assert open_note(kept.note, [log_signer.verifier, WITNESS.verifier]).unverified == ()


def test_a_witness_may_sign_with_two_keys(request_for, log_signer):
    second = SignerKey.of("example.com/witness", mldsa.MLDSA44PrivateKey.from_seed_bytes(b"m" * 32))
    witness = Witness({log_signer.verifier.name: [log_signer.verifier]}, (WITNESS, second))
    request = request_for(0, 7)
    answer = witness.post(request.encode())
    opened = open_note(request.note + answer.body, [WITNESS.verifier, second.verifier])
    assert [found.at for found in opened.verified] == [NOON, NOON]


def test_the_empty_log_is_cosigned_with_the_empty_root_only(witness, log_signer):
    origin = log_signer.verifier.name
    empty = sign_checkpoint(Checkpoint(origin=origin, size=0, root=EMPTY_ROOT), [log_signer])
    assert witness.post(b"old 0\n\n" + empty).status == 200
    assert witness.kept[origin].size == 0
    text = empty.decode().replace("47DEQ", "AAAAA").partition("\n\n")[0] + "\n"
    from gatebook.tlog.note import sign_note

    assert witness.post(b"old 0\n\n" + sign_note(text, [log_signer])).status == 422


def test_two_roots_at_one_size_are_refused(witness, request_for, log_signer):
    assert witness.post(request_for(0, 5).encode()).status == 200
    forked = Checkpoint(origin=log_signer.verifier.name, size=5, root=bytes(32))
    for proof in ((), (bytes(32),)):
        body = AddCheckpoint(old_size=5, proof=proof, note=sign_checkpoint(forked, [log_signer]))
        assert witness.post(body.encode()).status == 422
    assert witness.kept[log_signer.verifier.name].root != bytes(32)


def test_each_fault_has_its_status_and_changes_nothing(witness, request_for, log_signer):
    witness.post(request_for(0, 100).encode())
    before = dict(witness.kept)
    good = request_for(100, 300)
    stranger = SignerKey.from_seed("log.example/stranger", b"s" * 32)
    namesake = SignerKey.from_seed(log_signer.verifier.name, b"s" * 32)
    checkpoint = Checkpoint(origin=log_signer.verifier.name, size=300, root=bytes(32))
    other_log = Checkpoint(origin="log.example/stranger", size=300, root=bytes(32))
    rest = good.proof[1:]
    for wrong, status in (
        (replace(good, old_size=301), 400),
        (replace(good, old_size=99), 409),
        (replace(good, old_size=0, proof=()), 409),
        (replace(good, proof=rest), 422),
        (replace(good, proof=(bytes(32), *rest)), 422),
        (replace(good, proof=()), 422),
        (replace(good, note=sign_checkpoint(checkpoint, [log_signer])), 422),
        (replace(good, note=sign_checkpoint(checkpoint, [namesake])), 403),
        (replace(good, note=good.note.replace(b"\n300\n", b"\n301\n")), 403),
        (replace(good, note=sign_checkpoint(other_log, [stranger])), 404),
        (replace(good, note=sign_checkpoint(other_log, [log_signer])), 404),
        (replace(good, note=b"no note"), 400),
        (replace(good, note=b""), 400),
        (replace(request_for(10, 50), old_size=60), 400),
    ):
        answer = witness.post(wrong.encode())
        assert (answer.status, answer.keep) == (status, None), wrong
        if status == 409:
            assert (answer.body, answer.content_type) == (b"100\n", "text/x.tlog.size")
    assert witness.kept == before
    assert witness.post(good.encode()).status == 200


def test_a_proof_from_nothing_is_refused(witness, request_for):
    request = request_for(0, 5)
    assert witness.post(replace(request, proof=(bytes(32),)).encode()).status == 422
    assert witness.post(request.encode()).status == 200


@pytest.mark.parametrize(
    "head",
    [
        "",
        "new 1\n",
        "old\n",
        "old 01\n",
        "old -1\n",
        "old 18446744073709551616\n",
        "old 1\n" + ("A" * 43 + "=\n") * 64,
        "old 1\nAAAA\n",
        "old 1\n" + "A" * 43 + "=\r\n",
        "old 1\n\u00e9\n",
    ],
    ids=range(10),
)
def test_requests_that_are_almost_right_are_refused(witness, request_for, head):
    note = request_for(0, 5).note
    assert witness.post(f"{head}\n".encode() + note).status == 400


def test_a_request_reads_back_as_written(request_for):
    request = request_for(100, 300)
    assert parse_add_checkpoint(request.encode()) == request


@given(st.binary(max_size=300))
def test_random_requests_are_answered_with_a_refusal(data):
    witness = Witness({"log": [SignerKey.from_seed("log", b"l" * 32).verifier]})
    for body in (data, b"old 0\n\n" + data, b"old 0\n\nlog\n1\n" + data):
        assert witness.post(body).status in {400, 403, 404}


def test_a_witness_without_cosignature_keys_cannot_answer(request_for, log_signer):
    for signers in ((), (log_signer,)):
        with pytest.raises(UsageError):
            Witness({}, signers).post(request_for(0, 5).encode())


def test_monitors_find_a_log_by_the_hash_of_its_origin(cases):
    directory = "sunlight/cmd/skylight/testdata/witness2"
    path = next((cases.directory / directory).glob("*/checkpoint"))
    origin = path.read_text("utf-8").partition("\n")[0]
    assert origin_hash(origin) == path.parent.name
