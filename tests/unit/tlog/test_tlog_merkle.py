"""Proofs: what is in the tree can be shown, and nothing else."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.tlog.merkle import (
    EMPTY_ROOT,
    Node,
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    perfect_nodes,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from gatebook.tlog.subtree import check_subtree_consistency

LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]


class RowReader:
    """Answers nodes by hashing the leaves below them: slow, and independent of tiles."""

    def hashes(self, nodes):
        return [root_of(LEAVES[index << level : (index + 1) << level]) for level, index in nodes]


def rfc6962_root(leaves):
    """MTH as RFC 6962 §2.1 writes it, recursion and all."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(rfc6962_root(leaves[:split]), rfc6962_root(leaves[split:]))


def hashes(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def verdicts(cases: list[tuple[str, Any]], check) -> list[str]:
    """The names of the cases in which ``check`` does not do what ``wantErr`` says."""
    wrong = []
    for name, case in cases:
        try:
            check(case)
        except ProofError:
            refused = True
        else:
            refused = False
        if refused is not case["wantErr"]:
            wrong.append(name)
    return wrong


def inclusion_case(case):
    check_inclusion(
        index=case["leafIdx"],
        size=case["treeSize"],
        leaf=base64.b64decode(case["leafHash"]),
        proof=hashes(case["proof"]),
        root=base64.b64decode(case["root"]),
    )


def consistency_case(case):
    check_consistency(
        old_size=case["size1"],
        new_size=case["size2"],
        old_root=base64.b64decode(case["root1"]),
        new_root=base64.b64decode(case["root2"]),
        proof=hashes(case["proof"]),
    )


def subtree_case(case):
    check_subtree_consistency(
        start=case["start"],
        end=case["end"],
        size=case["size"],
        subtree_root=base64.b64decode(case["root1"]),
        root=base64.b64decode(case["root2"]),
        proof=hashes(case["proof"]),
    )


def test_inclusion_proofs_of_another_implementation_get_its_verdicts(cases):
    found = cases.load_all("merkle-proofs/testdata/inclusion")
    assert len(found) == 65
    assert verdicts(found, inclusion_case) == []


def test_consistency_proofs_of_another_implementation_get_its_verdicts(cases):
    found = cases.load_all("merkle-proofs/testdata/consistency")
    assert len(found) == 57
    assert verdicts(found, consistency_case) == []
    from_empty = [case for _, case in found if case["size1"] == 0]
    assert len(from_empty) >= 3
    assert all(case["wantErr"] for case in from_empty)


def test_subtree_proofs_of_another_implementation_get_its_verdicts(cases):
    found = cases.load_all("merkle-proofs/testdata/subtreeconsistency")
    assert len(found) == 75
    assert verdicts(found, subtree_case) == []


def test_hashes_are_those_other_implementations_compute(cases):
    computed = {
        "empty root": EMPTY_ROOT,
        "leaf of empty": leaf_hash(b""),
        'leaf "L123456"': leaf_hash(b"L123456"),
        'node("N123","N456")': node_hash(b"N123", b"N456"),
        'leaf "hello world" base64': leaf_hash(b"hello world"),
    }
    found = cases.load("rfc6962-hashes.json")
    assert {case["what"] for case in found} == set(computed)
    for case in found:
        expected = bytes.fromhex(case["hex"]) if "hex" in case else base64.b64decode(case["b64"])
        assert computed[case["what"]] == expected, case["what"]


def test_shared_inclusion_and_consistency_cases_get_their_verdicts(cases):
    inclusion = [
        (
            str(number),
            {
                **case,
                "leafIdx": case["index"],
                "treeSize": case["size"],
                "wantErr": not case["valid"],
            },
        )
        for number, case in enumerate(cases.load("generated-shared-a/inclusion.json"))
    ]
    consistency = [
        (str(number), {**case, "wantErr": not case["valid"]})
        for number, case in enumerate(cases.load("generated-shared-a/consistency.json"))
    ]
    assert (len(inclusion), len(consistency)) == (98, 169)
    assert verdicts(inclusion, inclusion_case) == []
    assert verdicts(consistency, consistency_case) == []


@given(st.integers(0, 200))
def test_root_is_that_of_the_recursive_definition(size):
    assert root_of(LEAVES[:size]) == rfc6962_root(LEAVES[:size])


@given(st.data())
@settings(max_examples=150)
def test_each_entry_can_be_proved_in_each_tree(data):
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, RowReader())
    check_inclusion(
        index=index, size=size, leaf=LEAVES[index], proof=proof, root=root_of(LEAVES[:size])
    )


@given(st.data())
@settings(max_examples=150)
def test_each_tree_is_consistent_with_each_older_one(data):
    new = data.draw(st.integers(1, len(LEAVES)))
    old = data.draw(st.integers(1, new))
    check_consistency(
        old_size=old,
        new_size=new,
        old_root=root_of(LEAVES[:old]),
        new_root=root_of(LEAVES[:new]),
        proof=prove_consistency(old, new, RowReader()),
    )


@given(st.data())
@settings(max_examples=200)
def test_an_inclusion_proof_with_one_bit_flipped_is_refused(data):
    size = data.draw(st.integers(2, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    proof = [*prove_inclusion(index, size, RowReader()), LEAVES[index], root_of(LEAVES[:size])]
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << bit % 8
    proof[place] = bytes(flipped)
    with pytest.raises(ProofError) as caught:
        check_inclusion(index=index, size=size, leaf=proof[-2], proof=proof[:-2], root=proof[-1])
    assert caught.value.code == "tlog.proof-mismatch"


@given(st.data())
@settings(max_examples=200)
def test_a_consistency_proof_with_one_bit_flipped_is_refused(data):
    new = data.draw(st.integers(2, len(LEAVES)))
    old = data.draw(st.integers(1, new - 1))
    parts = [
        *prove_consistency(old, new, RowReader()),
        root_of(LEAVES[:old]),
        root_of(LEAVES[:new]),
    ]
    place = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = bytearray(parts[place])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[place] = bytes(flipped)
    with pytest.raises(ProofError):
        check_consistency(
            old_size=old, new_size=new, old_root=parts[-2], new_root=parts[-1], proof=parts[:-2]
        )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"index": 7}, "tlog.index-out-of-range"),
        ({"index": -1}, "tlog.index-out-of-range"),
        ({"size": 0}, "tlog.index-out-of-range"),
        ({"size": -7}, "tlog.index-out-of-range"),
        ({"index": 2}, "tlog.proof-mismatch"),
        ({"size": 9}, "tlog.proof-length"),
        ({"leaf": LEAVES[4]}, "tlog.proof-mismatch"),
        ({"leaf": LEAVES[3][:31]}, "tlog.hash-length"),
        ({"root": LEAVES[3][:31]}, "tlog.hash-length"),
    ],
)
def test_inclusion_with_one_thing_wrong_is_refused_by_name(change, code):
    good = {
        "index": 3,
        "size": 7,
        "leaf": LEAVES[3],
        "proof": prove_inclusion(3, 7, RowReader()),
        "root": root_of(LEAVES[:7]),
    }
    check_inclusion(**good)
    with pytest.raises(ProofError) as caught:
        check_inclusion(**(good | change))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [lambda p: p[:-1], lambda p: (*p, p[0]), lambda p: (p[0][:31], *p[1:])],
    ids=["one too few", "one too many", "one too short"],
)
def test_a_proof_of_another_length_is_refused(change):
    proof = change(prove_inclusion(3, 7, RowReader()))
    with pytest.raises(ProofError):
        check_inclusion(index=3, size=7, leaf=LEAVES[3], proof=proof, root=root_of(LEAVES[:7]))
    proof = change(prove_consistency(3, 7, RowReader()))
    with pytest.raises(ProofError):
        check_consistency(
            old_size=3,
            new_size=7,
            old_root=root_of(LEAVES[:3]),
            new_root=root_of(LEAVES[:7]),
            proof=proof,
        )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (0, 5, "tlog.consistency-from-empty"),
        (0, 0, "tlog.consistency-from-empty"),
        (6, 5, "tlog.size-out-of-range"),
        (-1, 5, "tlog.size-out-of-range"),
    ],
)
def test_consistency_of_impossible_sizes_is_refused(old, new, code):
    with pytest.raises(ProofError) as caught:
        check_consistency(
            old_size=old, new_size=new, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[]
        )
    assert caught.value.code == code


def test_nothing_is_proved_outside_the_tree():
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ProofError):
            prove_inclusion(index, size, RowReader())
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ProofError):
            prove_consistency(old, new, RowReader())


def test_the_proof_a_witness_expects_from_nothing_is_empty():
    assert prove_consistency(0, 5, RowReader()) == ()
    assert prove_consistency(5, 5, RowReader()) == ()


def test_a_range_is_cut_into_perfect_subtrees():
    assert list(perfect_nodes(0, 7)) == [Node(2, 0), Node(1, 2), Node(0, 6)]
    assert list(perfect_nodes(8, 11)) == [Node(1, 4), Node(0, 10)]
    assert list(perfect_nodes(4, 4)) == []


def subtree_proof(start, end, size):
    """SUBTREE_PROOF of draft-ietf-plants-merkle-tree-certs §4.4.1, as it is written there."""

    def proof(start, end, low, high, known):
        if (start, end) == (low, high):
            return [] if known else [root_of(LEAVES[low:high])]
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= split:
            return [*proof(start, end, low, split, known), root_of(LEAVES[split:high])]
        if start >= split:
            return [*proof(start, end, split, high, known), root_of(LEAVES[low:split])]
        return [*proof(split, end, split, high, known=False), root_of(LEAVES[low:split])]

    return proof(start, end, 0, size, known=True)


@given(st.data())
@settings(max_examples=200)
def test_each_subtree_can_be_shown_in_its_tree(data):
    size = data.draw(st.integers(1, 200))
    end = data.draw(st.integers(1, size))
    height = data.draw(st.integers(0, 8))
    start = (end - 1) >> height << height
    proof = subtree_proof(start, end, size)
    good = {
        "start": start,
        "end": end,
        "size": size,
        "subtree_root": root_of(LEAVES[start:end]),
        "root": root_of(LEAVES[:size]),
    }
    check_subtree_consistency(**good, proof=proof)
    with pytest.raises(ProofError):
        check_subtree_consistency(**good, proof=[*proof, LEAVES[0]])
    for place in range(len(proof)):
        changed = [*proof]
        changed[place] = bytes(32)
        with pytest.raises(ProofError):
            check_subtree_consistency(**good, proof=changed)
