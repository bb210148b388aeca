"""A receipt proves one entry, offline."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError, UsageError
from gatebook.tlog.checkpoint import Checkpoint, OriginError, sign_checkpoint
from gatebook.tlog.merkle import ProofError, leaf_hash, prove_inclusion
from gatebook.tlog.note import SignatureError, SignerKey, VerifierKey
from gatebook.tlog.quorum import QuorumError, TlogPolicy
from gatebook.tlog.receipt import Receipt, ReceiptError, check_receipt

NOON = Instant.parse("2026-11-20T12:00:00Z")


@pytest.fixture(scope="module")
def receipt(tree_of, log_signer, witness_signer):
    tree = tree_of(1000)
    checkpoint = Checkpoint(origin=log_signer.verifier.name, size=1000, root=tree.root)
    return Receipt(
        index=777,
        proof=prove_inclusion(777, 1000, tree.reader()),
        checkpoint=sign_checkpoint(checkpoint, [log_signer, witness_signer], at=NOON),
    )


def policy(*lines: str) -> TlogPolicy:
    return TlogPolicy.parse("".join(line + "\n" for line in lines).encode())


def test_receipts_of_other_implementations_get_their_verdicts(cases):
    found = cases.load("tlog-proof-parse.json")
    assert len(found) == 8
    wrong = []
    for case in found:
        try:
            valid = Receipt.parse(case["text"].encode()).encode() == case["text"].encode()
        except MalformedError:
            valid = False
        if valid is not case["valid"]:
            wrong.append(case["why"])
    assert wrong == []


def test_the_shared_receipt_verifies_with_its_witnesses(cases):
    facts = cases.load("generated-shared-a/roots.json")
    data = cases.read("generated-shared-a/good.tlog-proof")
    parsed = Receipt.parse(data)
    assert parsed.encode() == data
    assert parsed.extra == b"hello"
    log_key = VerifierKey.parse(facts["log_vkey"])
    w1, w2 = facts["witnesses"]
    both = policy(f"witness w1 {w1}", f"witness w2 {w2}", "group both all w1 w2", "quorum both")
    entry = b'{"i":998,"t":"shared-a"}'
    verified = check_receipt(parsed, entry, log_key, both)
    assert (verified.index, verified.checkpoint.size) == (998, 1000)
    assert [found.key.vkey for found in verified.cosignatures] == [w1, w2]
    with pytest.raises(ProofError):
        check_receipt(parsed, entry.replace(b"998", b"999"), log_key, both)


def test_a_receipt_verifies_without_and_with_a_policy(receipt, log_signer, witness_signer):
    log, witness = log_signer.verifier, witness_signer.verifier
    again = Receipt.parse(receipt.encode())
    assert again == receipt
    assert check_receipt(again, b"entry 777", log).cosignatures == ()
    listed = policy(f"log {log.vkey}", f"witness w {witness.vkey}", "quorum w")
    for key in (log, None):
        verified = check_receipt(again, b"entry 777", key, listed)
        assert [found.at for found in verified.cosignatures] == [NOON]


def test_a_receipt_with_one_thing_wrong_is_refused(receipt, log_signer):
    log = log_signer.verifier
    first, *others = receipt.proof
    for wrong, error in (
        (replace(receipt, index=776), ProofError),
        (replace(receipt, index=1000), ProofError),
        (replace(receipt, proof=tuple(others)), ProofError),
        (replace(receipt, proof=(bytes(32), *others)), ProofError),
        (replace(receipt, proof=(first, *others, first)), ProofError),
        (replace(receipt, checkpoint=receipt.checkpoint.replace(b"1000", b"1001")), SignatureError),
        (replace(receipt, checkpoint=b"checkpoint\n"), MalformedError),
    ):
        with pytest.raises(error):
            check_receipt(wrong, b"entry 777", log)
    with pytest.raises(ProofError):
        check_receipt(receipt, b"entry 778", log)
    with pytest.raises(ProofError):
        check_receipt(receipt, leaf_hash(b"entry 777"), log)
    with pytest.raises(OriginError):
        check_receipt(receipt, b"entry 777", log, origin="log.example/other")


def test_a_receipt_that_the_policy_does_not_cover_is_refused(receipt, log_signer, witness_signer):
    log, witness = log_signer.verifier, witness_signer.verifier
    stranger = SignerKey.from_seed("log.example/stranger", b"s" * 32).verifier
    absent = SignerKey.from_seed("w9.example", b"9" * 32, cosigner=True).verifier
    unlisted = policy(f"log {stranger.vkey}", "quorum none")
    for key in (log, None):
        with pytest.raises(QuorumError) as caught:
            check_receipt(receipt, b"entry 777", key, unlisted)
        assert caught.value.code == "tlog.log-not-listed"
    for lines in (
        (f"witness w9 {absent.vkey}", "quorum w9"),
        (f"witness w {witness.vkey}", f"witness w9 {absent.vkey}", "group g all w w9", "quorum g"),
    ):
        with pytest.raises(QuorumError) as caught:
            check_receipt(receipt, b"entry 777", log, policy(*lines))
        assert caught.value.code == "tlog.quorum-not-met"
    for nothing in (None, policy("quorum none")):
        with pytest.raises(UsageError):
            check_receipt(receipt, b"entry 777", None, nothing)


def test_the_key_of_a_policy_is_the_one_that_signed(receipt, log_signer):
    """While a log changes its key, a policy lists the old and the new under one name."""
    older = SignerKey.from_seed(log_signer.verifier.name, b"o" * 32).verifier
    both = policy(f"log {older.vkey}", f"log {log_signer.verifier.vkey}", "quorum none")
    assert check_receipt(receipt, b"entry 777", None, both).index == 777
    with pytest.raises(SignatureError):
        check_receipt(receipt, b"entry 777", None, policy(f"log {older.vkey}", "quorum none"))


def test_a_changed_cosignature_refuses_the_receipt(receipt, log_signer, witness_signer):
    """Even where the policy would be content without this witness."""
    lines = receipt.checkpoint.split(b"\n")
    line = bytearray(lines[-2])
    line[-10] = ord("A") if line[-10] != ord("A") else ord("B")
    changed = replace(receipt, checkpoint=b"\n".join([*lines[:-2], bytes(line), b""]))
    known = policy(f"witness w {witness_signer.verifier.vkey}", "quorum none")
    with pytest.raises(SignatureError):
        check_receipt(changed, b"entry 777", log_signer.verifier, known)
    assert check_receipt(changed, b"entry 777", log_signer.verifier).cosignatures == ()


@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64),
    st.binary(min_size=1),
    st.none() | st.binary(),
)
def test_a_receipt_reads_back_as_written(index, proof, checkpoint, extra):
    receipt = Receipt(index=index, proof=tuple(proof), checkpoint=checkpoint, extra=extra)
    assert Receipt.parse(receipt.encode()) == receipt


@given(st.binary(max_size=200))
def test_random_bytes_are_a_receipt_only_if_written_so(data):
    for hostile in (
        data,
        b"c2sp.org/tlog-proof@v1\n" + data,
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + data,
    ):
        try:
            assert Receipt.parse(hostile).encode() == hostile
        except GatebookError:
            continue


@pytest.mark.parametrize(
    "head",
    [
        "index 01\n",
        "index  1\n",
        "index 1 \n",
        "Index 1\n",
        "index 18446744073709551616\n",
        "extra aGk=\nextra aGk=\nindex 1\n",
        "index 1\nextra aGk=\n",
        "extra aGl=\nindex 1\n",
        "index 1\nindex 1\n",
        "index 1\n" + "A" * 43 + "\n",
        "index 1\n" + ("A" * 43 + "=\n") * 65,
        "index 1\n\u00e9\n",
    ],
    ids=range(12),
)
def test_receipts_that_are_almost_right_are_refused(head):
    assert Receipt.parse(b"c2sp.org/tlog-proof@v1\nindex 1\n\ncheckpoint\n").index == 1
    with pytest.raises(MalformedError):
        Receipt.parse(f"c2sp.org/tlog-proof@v1\n{head}\ncheckpoint\n".encode())


def test_oversized_and_cut_receipts_are_refused(receipt):
    data = receipt.encode()
    with pytest.raises(ReceiptError):
        Receipt.parse(data + b"x" * 4 * 1024 * 1024)
    for length in range(data.index(b"\n\n") + 2):
        with pytest.raises(MalformedError):
            Receipt.parse(data[:length])


def test_impossible_receipts_cannot_be_built(receipt):
    for change in (
        {"index": -1},
        {"index": 2**64},
        {"proof": (bytes(32),) * 65},
        {"proof": (b"short",)},
        {"checkpoint": b""},
    ):
        with pytest.raises(ReceiptError):
            replace(receipt, **change)
