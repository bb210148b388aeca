"""Notes: the text counts when a trusted key has signed it, and not before."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError, UsageError
from gatebook.tlog.checkpoint import open_checkpoint
from gatebook.tlog.note import (
    KeyFormatError,
    NoteError,
    SignatureError,
    SignatureType,
    SignerKey,
    VerifierKey,
    add_signatures,
    open_note,
    parse_note,
    sign_note,
    signature_line,
)

SIGNER = SignerKey.from_seed("log.example/book", b"\1" * 32)
OTHER = SignerKey.from_seed("other.example", b"\2" * 32)
TEXT = "first line\n\nthird line, after an empty one: è\n"


def test_third_party_notes_open_with_their_keys(cases):
    found = cases.load("notes-thirdparty.json")
    assert len(found["notes"]) == 3
    for case in found["notes"]:
        key = VerifierKey.parse(case["vkey"])
        assert key.vkey == case["vkey"]
        note = open_note(case["note"].encode(), [key])
        assert case["note"].startswith(note.text)
        assert [verified.key for verified in note.verified] == [key]


def test_third_party_bad_keys_are_refused(cases):
    found = cases.load("notes-thirdparty.json")["bad_vkeys"]
    assert len(found) == 2
    for case in found:
        with pytest.raises(MalformedError):
            VerifierKey.parse(case["vkey"])


def test_shared_notes_get_their_verdicts(cases):
    facts = cases.load("generated-shared-a/roots.json")
    log_key = VerifierKey.parse(facts["log_vkey"])
    witnesses = [VerifierKey.parse(vkey) for vkey in facts["witnesses"]]
    found = cases.load("generated-shared-a/notes.json")
    assert len(found) == 19
    wrong = []
    for case in found:
        try:
            opened = open_checkpoint(case["note"].encode(), log_key, cosigners=witnesses)
        except GatebookError:
            verdict = False
        else:
            root = base64.b64encode(opened.checkpoint.root).decode()
            expected = facts["roots"][str(opened.checkpoint.size)]
            # Another root at the same size is signed validly: the log shows two faces.
            forked = root != expected and not opened.checkpoint.extensions
            verdict = "fork" if forked else True
        if verdict != case["valid"]:
            wrong.append((case["name"], verdict))
    assert wrong == []


def test_a_note_opens_with_the_key_that_signed_it():
    note = open_note(sign_note(TEXT, [SIGNER, OTHER]), [SIGNER.verifier])
    assert note.text == TEXT
    assert [found.key for found in note.verified] == [SIGNER.verifier]
    assert [found.name for found in note.unverified] == ["other.example"]
    assert note.signed_by(SIGNER.verifier).at is None
    with pytest.raises(SignatureError) as caught:
        note.signed_by(OTHER.verifier)
    assert caught.value.code == "tlog.not-signed-by"


def test_signatures_of_strangers_are_ignored_even_under_a_known_name():
    namesake = SignerKey.from_seed(SIGNER.verifier.name, b"\3" * 32)
    note = open_note(sign_note(TEXT, [namesake, SIGNER]), [SIGNER.verifier])
    assert len(note.verified) == len(note.unverified) == 1
    for keys in ([], [SIGNER.verifier]):
        with pytest.raises(SignatureError) as caught:
            open_note(sign_note(TEXT, [namesake]), keys)
        assert caught.value.code == "tlog.no-trusted-signature"


def test_one_bad_signature_of_a_known_key_refuses_the_note():
    data = sign_note(TEXT, [SIGNER, OTHER])
    bad = sign_note("another text\n", [OTHER]).rpartition(b"\n\n")[2]
    forged = sign_note(TEXT, [SIGNER]) + bad
    assert open_note(data, [SIGNER.verifier, OTHER.verifier]).text == TEXT
    assert open_note(forged, [SIGNER.verifier]).text == TEXT
    with pytest.raises(SignatureError) as caught:
        open_note(forged, [SIGNER.verifier, OTHER.verifier])
    assert caught.value.code == "tlog.bad-signature"


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=300)
def test_any_changed_byte_is_refused(place, mask):
    data = bytearray(sign_note(TEXT, [SIGNER]))
    data[place % len(data)] ^= mask
    with pytest.raises(GatebookError):
        open_note(bytes(data), [SIGNER.verifier])


@given(st.binary(max_size=400))
@example(b"\xe2\x80\x94 ")
def test_random_bytes_are_refused_as_malformed(data):
    for hostile in (data, TEXT.encode() + b"\n\xe2\x80\x94 " + data, TEXT.encode() + b"\n" + data):
        with pytest.raises(MalformedError):
            parse_note(hostile)


GOOD_LINE = signature_line(TEXT, SIGNER).line


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        TEXT + GOOD_LINE,
        TEXT + "\n" + GOOD_LINE[:-1],
        TEXT + "\n" + GOOD_LINE + "\n",
        TEXT + "\n" + GOOD_LINE.replace("\u2014", "-"),
        TEXT + "\n" + GOOD_LINE.replace("\u2014 ", "\u2014\u00a0"),
        TEXT + "\n" + GOOD_LINE.replace(" log", "  log"),
        TEXT + "\n" + GOOD_LINE.replace("log.example", "log+example"),
        TEXT + "\n" + GOOD_LINE.replace("log.example", "log\u2003example"),
        TEXT + "\n" + GOOD_LINE.replace("\n", " \n"),
        TEXT + "\n" + GOOD_LINE.replace("=\n", "\n"),
        TEXT + "\n\u2014 name AAAAAA==\n",
        TEXT + "\n\u2014 name\n",
        TEXT.replace("first", "fi\trst") + "\n" + GOOD_LINE,
        TEXT.replace("\n", "\r\n") + "\r\n" + GOOD_LINE,
        TEXT + "\n" + GOOD_LINE * 101,
        "x" * 1024 * 1024 + TEXT + "\n" + GOOD_LINE,
    ],
    ids=range(18),
)
def test_notes_that_are_almost_right_are_refused(note):
    parse_note(f"{TEXT}\n{GOOD_LINE}".encode())
    with pytest.raises(MalformedError):
        parse_note(note.encode())


def test_a_note_that_is_not_utf8_is_refused():
    data = sign_note(TEXT, [SIGNER])
    with pytest.raises(NoteError):
        parse_note(data.replace("è".encode(), b"\xe8"))
    with pytest.raises(NoteError):
        parse_note(data.replace("è".encode(), b"\xed\xa0\x80"))


def test_sixteen_signatures_and_more_are_read():
    signers = [
        SignerKey.from_seed(f"w{number}.example", bytes([number] * 32)) for number in range(100)
    ]
    note = open_note(sign_note(TEXT, signers), [signer.verifier for signer in signers])
    assert len(note.verified) == 100
    with pytest.raises(NoteError):
        add_signatures(sign_note(TEXT, signers), [signature_line(TEXT, SIGNER)])


def test_a_misspelt_signature_counts_as_wrong_and_a_strangers_is_ignored():
    data = sign_note(TEXT, [SIGNER, OTHER])
    misspelt = data[:-3] + bytes([data[-3] + 1]) + data[-2:]
    assert base64.b64decode(misspelt.split()[-1]) == base64.b64decode(data.split()[-1])
    assert open_note(misspelt, [SIGNER.verifier]).text == TEXT
    with pytest.raises(SignatureError):
        open_note(misspelt, [SIGNER.verifier, OTHER.verifier])


def test_signatures_are_added_once():
    data = sign_note(TEXT, [SIGNER])
    line = signature_line(TEXT, OTHER)
    twice = add_signatures(add_signatures(data, [line, line]), [line])
    assert twice == sign_note(TEXT, [SIGNER, OTHER])


def test_ecdsa_signatures_verify_on_the_curves_that_notes_use():
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        signer = SignerKey.of("ecdsa.example", ec.generate_private_key(curve))
        key = VerifierKey.parse(signer.verifier.vkey)
        assert key.type is SignatureType.ECDSA
        data = sign_note(TEXT, [signer])
        assert open_note(data, [key]).text == TEXT
        with pytest.raises(SignatureError):
            open_note(data.replace(b"first", b"First"), [key])
    with pytest.raises(KeyFormatError):
        SignerKey.of("ecdsa.example", ec.generate_private_key(ec.SECP256K1()))


def test_an_ecdsa_key_is_identified_by_its_spki_alone():
    private = ec.generate_private_key(ec.SECP256R1())
    one, two = SignerKey.of("a.example", private), SignerKey.of("b.example", private)
    assert one.verifier.key_id == two.verifier.key_id


def vkey(name: str, material: bytes) -> str:
    from hashlib import sha256

    key_id = sha256(name.encode() + b"\n" + material).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(material).decode()}"


PUBLIC = SIGNER.verifier.public


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "tlog.key-malformed"),
        ("name", "tlog.key-malformed"),
        ("name+0badc0de", "tlog.key-malformed"),
        ("name+0BADC0DE+AQ==", "tlog.key-malformed"),
        ("name+0badc0de+" + "A" * 5000, "tlog.key-malformed"),
        ("name+0badc0de+!", "tlog.not-base64"),
        ("name+0badc0de+", "tlog.key-type"),
        (vkey("name", b"\1" + PUBLIC)[:-1], "tlog.not-base64"),
        (vkey("name", b"\1" + PUBLIC[:-1]), "tlog.key-length"),
        (vkey("name", b"\1" + PUBLIC + b"\0"), "tlog.key-length"),
        (vkey("name", b"\4" + PUBLIC[:-1]), "tlog.key-length"),
        (vkey("name", b"\6" + PUBLIC), "tlog.key-length"),
        (vkey("name", b"\2" + PUBLIC), "tlog.key-malformed"),
        (vkey("name", b"\3" + PUBLIC), "tlog.key-type"),
        (vkey("name", b"\5" + PUBLIC), "tlog.key-type"),
        (vkey("name", b"\xff" + PUBLIC), "tlog.key-type"),
        (vkey("", b"\1" + PUBLIC), "tlog.key-name"),
        (vkey("a name", b"\1" + PUBLIC), "tlog.key-name"),
        (vkey("a\u2003name", b"\1" + PUBLIC), "tlog.key-name"),
        (vkey("name", b"\1" + PUBLIC).replace("name", "same"), "tlog.key-id"),
    ],
    ids=range(20),
)
def test_keys_that_are_almost_right_are_refused_by_name(text, code):
    assert VerifierKey.parse(vkey("name", b"\1" + PUBLIC)).name == "name"
    with pytest.raises(MalformedError) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == code


def test_an_ecdsa_key_in_another_encoding_is_refused():
    private = ec.generate_private_key(ec.SECP256R1())
    compressed = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    ed25519_spki = (
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    spki = SignerKey.of("name", private).verifier.public
    for public in (compressed, ed25519_spki, spki + b"\0", spki[:-1]):
        with pytest.raises(KeyFormatError):
            VerifierKey(name="name", type=SignatureType.ECDSA, public=public)


@given(st.text(max_size=60))
def test_random_text_is_no_key(text):
    with pytest.raises(MalformedError):
        VerifierKey.parse(text)
    with pytest.raises(MalformedError):
        VerifierKey.parse(f"name+0badc0de+{text}")


def test_a_key_given_twice_is_one_key():
    assert open_note(sign_note(TEXT, [SIGNER]), [SIGNER.verifier, SIGNER.verifier]).text == TEXT


def test_private_keys_are_never_printed():
    seed = bytes(range(32))
    signer = SignerKey.from_seed("log.example", seed)
    shown = repr(signer) + str(signer)
    assert seed.hex() not in shown
    assert repr(seed)[2:-1] not in shown
    assert "PrivateKey" not in shown


def test_keys_that_cannot_sign_notes_are_refused():
    with pytest.raises(KeyFormatError):
        SignerKey.from_seed("log.example", b"short")
    with pytest.raises(KeyFormatError):
        SignerKey.from_seed("log example", b"\1" * 32)
    with pytest.raises(KeyFormatError):
        SignerKey.of("log.example", x25519.X25519PrivateKey.generate())
    with pytest.raises(KeyFormatError):
        SignerKey.of("log.example", ec.generate_private_key(ec.SECP256R1()), cosigner=True)


@pytest.mark.parametrize(
    "text", ["", "no newline", "a\tb\n", "a\x00\n", "lone \ud800\n"], ids=range(5)
)
def test_text_that_cannot_be_a_note_is_not_signed(text):
    with pytest.raises(NoteError):
        sign_note(text, [SIGNER])
    with pytest.raises(NoteError):
        signature_line(text, SIGNER)


def test_a_note_is_signed_by_somebody_and_cosigned_at_some_time():
    with pytest.raises(NoteError):
        sign_note(TEXT, [])
    cosigner = SignerKey.from_seed("w.example", b"\4" * 32, cosigner=True)
    with pytest.raises(UsageError) as caught:
        sign_note("log\n1\n" + "A" * 43 + "=\n", [cosigner])
    assert caught.value.code == "tlog.no-time"
    with pytest.raises(MalformedError):
        sign_note(TEXT, [cosigner], at=Instant(1_700_000_000_000))
