"""Checkpoints and the signatures of log and witnesses on them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError
from gatebook.tlog.checkpoint import (
    Checkpoint,
    CheckpointError,
    OriginError,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from gatebook.tlog.cosignature import (
    CosignatureError,
    check_cosignature,
    check_subtree_cosignature,
    sign_cosignature,
    sign_subtree,
)
from gatebook.tlog.merkle import EMPTY_ROOT, ProofError, leaf_hash, root_of
from gatebook.tlog.note import SignatureError, SignatureType, SignerKey, VerifierKey, open_note
from gatebook.tlog.tiles import decode_bundle

LOG = SignerKey.from_seed("log.example/book", b"\1" * 32)
WITNESS = SignerKey.from_seed("w1.example", b"\2" * 32, cosigner=True)
POST_QUANTUM = SignerKey.of("w2.example", mldsa.MLDSA44PrivateKey.from_seed_bytes(b"\3" * 32))
ROOT = leaf_hash(b"the only entry")
CHECKPOINT = Checkpoint(origin="log.example/book", size=1, root=ROOT)
NOON = Instant.parse("2026-11-20T12:00:00Z")


def test_checkpoint_bodies_of_other_implementations_get_their_verdicts(cases):
    found = cases.load("checkpoint-body-parse.json")
    assert len(found) == 10
    wrong = []
    for case in found:
        try:
            valid = parse_checkpoint(case["body"]).text == case["body"]
        except MalformedError:
            valid = False
        if valid is not case["valid"]:
            wrong.append(case["body"])
    assert wrong == []


def test_all_checkpoints_of_another_log_verify_with_their_entries(cases):
    log = "tessera-log/testdata/log"
    key = VerifierKey.parse(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    )
    words = (
        b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
    ).split()
    for size in range(16):
        opened = open_checkpoint(cases.read(f"{log}/checkpoint.{size}"), key)
        leaves = [leaf_hash(word) for word in words[:size]]
        assert (opened.checkpoint.size, opened.checkpoint.root) == (size, root_of(leaves))
        if size:
            assert cases.read(f"{log}/tile/0/000.p/{size}") == b"".join(leaves)
            bundle = cases.read(f"{log}/tile/entries/000.p/{size}")
            assert decode_bundle(bundle, count=size) == words[:size]


@pytest.mark.parametrize(
    ("path", "vkey"),
    [
        (
            "witness/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706",
            "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
        ),
        (
            "witness2/88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482",
            "witness2.example.org+2e55b896+BIZ7fpceQWd60IfqQeS9IAnmNOCZjMDne8lZuguz/bi9",
        ),
        (
            "witness/mirror/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706",
            "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
        ),
    ],
    ids=["witness", "witness2", "mirror"],
)
def test_cosignatures_of_another_witness_verify(cases, path, vkey):
    data = cases.read(f"sunlight/cmd/skylight/testdata/{path}/checkpoint")
    key = VerifierKey.parse(vkey)
    note = open_note(data, [key])
    checkpoint = parse_checkpoint(note.text)
    assert checkpoint.size == 300
    at = note.signed_by(key).at
    assert at is not None
    assert str(at).startswith("20")
    if "mirror" in path:
        tiles = f"sunlight/cmd/skylight/testdata/{path}/tile/0"
        hashes = cases.read(f"{tiles}/000") + cases.read(f"{tiles}/001.p/44")
        leaves = [hashes[place : place + 32] for place in range(0, len(hashes), 32)]
        assert root_of(leaves) == checkpoint.root


def test_a_decoy_is_no_checkpoint(cases):
    for path in ("witness/checkpoint", "witness/mirror/checkpoint"):
        with pytest.raises(MalformedError):
            open_checkpoint(cases.read(f"sunlight/cmd/skylight/testdata/{path}"), LOG.verifier)


@given(
    st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), min_size=1, max_size=40),
    st.integers(1, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), min_size=1), max_size=3
    ),
)
def test_a_checkpoint_reads_back_as_written(origin, size, root, extensions):
    checkpoint = Checkpoint(origin=origin, size=size, root=root, extensions=tuple(extensions))
    assert parse_checkpoint(checkpoint.text) == checkpoint


ROOT_LINE = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        f"log\n1\n{ROOT_LINE}",
        f"\n1\n{ROOT_LINE}\n",
        f"log\n01\n{ROOT_LINE}\n",
        f"log\n+1\n{ROOT_LINE}\n",
        f"log\n1_0\n{ROOT_LINE}\n",
        f"log\n 1\n{ROOT_LINE}\n",
        f"log\n\u0661\n{ROOT_LINE}\n",
        f"log\n{2**64}\n{ROOT_LINE}\n",
        f"log\n1\n{ROOT_LINE}\n\n",
        f"log\n1\n{ROOT_LINE}\n\nextension\n",
        f"log\n1\n{ROOT_LINE[:-1]}\n",
        f"log\n1\n {ROOT_LINE}\n",
        f"log\n1\n{ROOT_LINE[:40]}\n",
        f"log\n0\n{ROOT_LINE}\n",
        f"lo\tg\n1\n{ROOT_LINE}\n",
    ],
    ids=range(18),
)
def test_texts_that_are_almost_checkpoints_are_refused(text):
    assert parse_checkpoint(f"log\n1\n{ROOT_LINE}\n").size == 1
    with pytest.raises(MalformedError):
        parse_checkpoint(text)


@given(st.text(max_size=80))
def test_random_text_is_no_checkpoint(text):
    for hostile in (text, f"log\n{text}\n{ROOT_LINE}\n", f"log\n1\n{text}\n"):
        try:
            assert parse_checkpoint(hostile).text == hostile
        except GatebookError:
            continue


def test_impossible_checkpoints_cannot_be_built():
    for change in ({"origin": ""}, {"size": -1}, {"root": b""}, {"extensions": ("a\nb",)}):
        fields = {"origin": "log", "size": 1, "root": ROOT} | change
        with pytest.raises(CheckpointError):
            Checkpoint(**fields)
    with pytest.raises(CheckpointError) as caught:
        Checkpoint(origin="log", size=0, root=ROOT)
    assert caught.value.code == "tlog.empty-root"
    assert Checkpoint(origin="log", size=0, root=EMPTY_ROOT).size == 0


def test_a_checkpoint_of_another_log_is_refused():
    stranger = Checkpoint(origin="log.example/other", size=1, root=ROOT)
    data = sign_checkpoint(stranger, [LOG])
    with pytest.raises(OriginError):
        open_checkpoint(data, LOG.verifier)
    assert open_checkpoint(data, LOG.verifier, origin="log.example/other").checkpoint == stranger
    with pytest.raises(OriginError):
        open_checkpoint(
            sign_checkpoint(CHECKPOINT, [LOG]), LOG.verifier, origin="log.example/other"
        )


def test_a_witness_cannot_speak_for_the_log():
    data = sign_checkpoint(CHECKPOINT, [WITNESS], at=NOON)
    with pytest.raises(SignatureError) as caught:
        open_checkpoint(data, LOG.verifier, cosigners=[WITNESS.verifier])
    assert caught.value.code == "tlog.not-signed-by"


def test_cosignatures_of_both_kinds_state_their_time():
    data = sign_checkpoint(CHECKPOINT, [LOG, WITNESS, POST_QUANTUM], at=NOON)
    keys = [VerifierKey.parse(signer.verifier.vkey) for signer in (WITNESS, POST_QUANTUM)]
    opened = open_checkpoint(data, LOG.verifier, cosigners=keys)
    assert [found.at for found in opened.note.verified] == [None, NOON, NOON]
    assert keys[1].type is SignatureType.ML_DSA_44_COSIGNATURE
    assert len(opened.note.verified[2].signature.signature) == 8 + 2420


def test_a_log_may_sign_with_ml_dsa_alone():
    signer = SignerKey.of("log.example/book", mldsa.MLDSA44PrivateKey.generate())
    data = sign_checkpoint(CHECKPOINT, [signer], at=NOON)
    assert open_checkpoint(data, signer.verifier).checkpoint == CHECKPOINT


@pytest.mark.parametrize("cosigner", [WITNESS, POST_QUANTUM], ids=["ed25519", "ml-dsa-44"])
@pytest.mark.parametrize(
    "text",
    [
        Checkpoint(origin="log.example/boot", size=1, root=ROOT).text,
        Checkpoint(origin="log.example/book", size=2, root=ROOT).text,
        Checkpoint(origin="log.example/book", size=1, root=leaf_hash(b"")).text,
    ],
    ids=["origin", "size", "root"],
)
def test_a_cosignature_covers_origin_size_and_root(cosigner, text):
    signature = sign_cosignature(CHECKPOINT.text, cosigner, at=NOON)
    assert check_cosignature(CHECKPOINT.text, cosigner.verifier, signature) == NOON
    with pytest.raises(SignatureError):
        check_cosignature(text, cosigner.verifier, signature)


@pytest.mark.parametrize("cosigner", [WITNESS, POST_QUANTUM], ids=["ed25519", "ml-dsa-44"])
def test_a_cosignature_with_any_part_changed_is_refused(cosigner):
    signature = sign_cosignature(CHECKPOINT.text, cosigner, at=NOON)
    for place in (0, 3, 7, 8, 40, len(signature) - 1):
        changed = bytearray(signature)
        changed[place] ^= 1
        with pytest.raises(SignatureError):
            check_cosignature(CHECKPOINT.text, cosigner.verifier, bytes(changed))
    for hostile in (b"", signature[:8], signature[:-1], signature + b"\0", b"\xff" * 72):
        with pytest.raises(SignatureError):
            check_cosignature(CHECKPOINT.text, cosigner.verifier, hostile)


def test_extension_lines_are_covered_by_ed25519_only():
    extended = Checkpoint(origin="log.example/book", size=1, root=ROOT, extensions=("ext",)).text
    signature = sign_cosignature(CHECKPOINT.text, WITNESS, at=NOON)
    with pytest.raises(SignatureError):
        check_cosignature(extended, WITNESS.verifier, signature)
    signature = sign_cosignature(CHECKPOINT.text, POST_QUANTUM, at=NOON)
    assert check_cosignature(extended, POST_QUANTUM.verifier, signature) == NOON


def test_an_ml_dsa_cosignature_names_its_cosigner():
    namesake = SignerKey.of("w3.example", POST_QUANTUM.private)
    signature = sign_cosignature(CHECKPOINT.text, POST_QUANTUM, at=NOON)
    with pytest.raises(SignatureError):
        check_cosignature(CHECKPOINT.text, namesake.verifier, signature)


def test_a_subtree_is_cosigned_without_a_time():
    fields = {"origin": "log.example/book", "start": 8, "end": 13, "root": ROOT}
    signature = sign_subtree(POST_QUANTUM, **fields)
    key = POST_QUANTUM.verifier
    assert check_subtree_cosignature(key, signature, **fields) is None
    for change in ({"origin": "log"}, {"start": 0, "end": 5}, {"end": 12}, {"root": bytes(32)}):
        with pytest.raises(SignatureError):
            check_subtree_cosignature(key, signature, **(fields | change))
    with pytest.raises(SignatureError):
        check_subtree_cosignature(key, b"\0" * 7 + b"\1" + signature[8:], **fields)
    with pytest.raises(ProofError):
        check_subtree_cosignature(key, signature, **(fields | {"start": 7}))


def test_what_cannot_be_cosigned_is_refused():
    fields = {"origin": "log", "start": 8, "end": 13, "root": ROOT}
    with pytest.raises(CosignatureError):
        sign_subtree(POST_QUANTUM, **fields, at=NOON)
    with pytest.raises(CosignatureError):
        sign_subtree(WITNESS, **fields)
    with pytest.raises(ProofError):
        sign_subtree(POST_QUANTUM, **(fields | {"end": 7}))
    with pytest.raises(CosignatureError):
        sign_subtree(POST_QUANTUM, **(fields | {"origin": "o" * 256}))
    with pytest.raises(CosignatureError):
        sign_subtree(POST_QUANTUM, **(fields | {"root": b""}))
    for at in (Instant(0), Instant(-1000), Instant(253_402_300_800_000)):
        with pytest.raises(CosignatureError):
            sign_cosignature(CHECKPOINT.text, WITNESS, at=at)
    with pytest.raises(CosignatureError):
        sign_cosignature(CHECKPOINT.text, LOG, at=NOON)
