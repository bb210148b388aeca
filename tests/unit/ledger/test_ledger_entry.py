"""An entry has one form; whatever else comes is refused with a code, and never with a crash."""

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.ledger.entry import (
    MAX_ENTRY_BYTES,
    BlobReference,
    Entry,
    EntryMalformedError,
    Link,
    Relation,
    decode_entry,
    encode_entry,
    entry_key,
    idempotent_id,
    time_ordered_id,
)
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ArtifactKind,
    ArtifactRecorded,
    BookCreated,
    BuildInformation,
    DecisionMade,
    DeploymentFinished,
    EvidenceReported,
    Parameter,
    SignedBy,
    Verdict,
)
from gatebook.names import (
    Actor,
    ArtifactName,
    CommitId,
    ControlId,
    EnvironmentName,
    RepositoryUri,
    RoleName,
)

NOW = Instant.parse("2026-11-20T14:30:00.123Z")
ID = "01234567-89ab-7def-8123-456789abcdef"

digests = st.binary(max_size=8).map(sha256)
texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
instants = st.integers(0, 253_402_300_799_999).map(Instant)
environments = st.sampled_from(["prod", "eu/prod", "a"]).map(EnvironmentName.parse)
actors = st.sampled_from(["local#ana", "https://idp.example#ümit", "ci"]).map(Actor.parse)
signers = st.builds(
    SignedBy,
    key=st.just("ab" * 32),
    holder=actors,
    person=st.none() | texts,
)
builds = st.builds(
    BuildInformation,
    repository=st.none() | st.just(RepositoryUri.parse("https://git.example/acme/api")),
    commit=st.none() | st.just(CommitId.parse("a1" * 20)),
    ref=st.none() | texts,
    parameters=st.lists(st.builds(Parameter, name=texts, value=texts), max_size=3).map(tuple),
    finished=st.none() | instants,
)
bodies = st.one_of(
    st.builds(BookCreated, origin=texts, log_key=texts),
    st.builds(
        ArtifactRecorded,
        name=st.just(ArtifactName.parse("acme/api \u20ac")),
        artifact=st.sampled_from(ArtifactKind),
        algorithm=texts,
        build=st.none() | builds,
    ),
    st.builds(EvidenceReported, format=texts),
    st.builds(
        ApprovalGranted,
        environment=environments,
        role=st.just(RoleName.parse("release-manager")),
        approver=signers,
        contract=digests,
        root=digests,
    ),
    st.builds(
        DecisionMade,
        environment=environments,
        verdict=st.sampled_from(Verdict),
        contract=st.none() | digests,
        failed=st.lists(st.just(ControlId.parse("sbom")), max_size=2).map(tuple),
        valid_until=st.none() | instants,
    ),
    st.builds(
        DeploymentFinished,
        environment=environments,
        name=st.just(ArtifactName.parse("api")),
        run=st.none() | texts,
    ),
)
entries = st.builds(
    Entry,
    id=st.builds(
        time_ordered_id,
        instants,
        st.binary(min_size=10, max_size=10).map(lambda drawn: lambda _length: drawn),
    ),
    time=instants,
    actor=actors,
    body=bodies,
    subjects=st.lists(digests, max_size=3).map(tuple),
    occurred=st.none() | instants,
    evidence=st.lists(
        st.builds(
            BlobReference,
            digest=digests,
            size=st.integers(0, 2**53 - 1),
            media_type=texts,
            salted=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    links=st.lists(
        st.builds(Link, rel=st.sampled_from(Relation), entry=st.just(ID)), max_size=2
    ).map(tuple),
)


def an_entry(**more):
    return Entry(
        id=ID,
        time=NOW,
        actor=Actor("local", "ana"),
        body=EvidenceReported(format="junit"),
        subjects=(Digest("sha256", "ab" * 32),),
        **more,
    )


GOOD = encode_entry(an_entry())


def refused(data):
    with pytest.raises(EntryMalformedError) as caught:
        decode_entry(data)
    assert caught.value.code.startswith("ledger.")
    assert caught.value.exit_status == 5
    return caught.value.code


@given(entries)
@settings(max_examples=150)
def test_every_entry_is_read_back_as_it_was_written(entry):
    data = encode_entry(entry)
    assert decode_entry(data) == entry
    assert encode_entry(decode_entry(data)) == data


@given(entries)
@settings(max_examples=150)
def test_the_written_form_is_that_of_rfc_8785(entry):
    data = encode_entry(entry)
    assert rfc8785.dumps(json.loads(data)) == data


def test_the_good_entry_is_good():
    assert decode_entry(GOOD) == an_entry()


HOSTILE = {
    "nothing": b"",
    "a byte-order mark": b"\xef\xbb\xbf" + GOOD,
    "a space before": b" " + GOOD,
    "a newline after": GOOD + b"\n",
    "another value after": GOOD + b"{}",
    "a space inside": GOOD.replace(b'":', b'": ', 1),
    "cut": GOOD[:-1],
    "an array": b"[" + GOOD + b"]",
    "a string": b'"entry"',
    "null": b"null",
    "a key twice": GOOD[:-1] + b',"v":1}',
    "a key twice in the body": GOOD.replace(b'"format":', b'"format":"x","format":'),
    "keys out of order": GOOD.replace(b'"v":1', b'"v":1').replace(
        b'{"actor":"local#ana",', b"{", 1
    )[:-1]
    + b',"actor":"local#ana"}',
    "an unknown field": GOOD.replace(b'{"actor"', b'{"aaa":1,"actor"', 1),
    "an unknown field of the body": GOOD.replace(b'{"format"', b'{"aaa":1,"format"', 1),
    "a missing field": GOOD.replace(b'"actor":"local#ana",', b"", 1),
    "an explicit null": GOOD.replace(b'"subjects"', b'"occurred":null,"subjects"'),
    "an empty list": GOOD.replace(b'"id"', b'"evidence":[],"id"'),
    "an unknown kind": GOOD.replace(b"evidence.reported", b"evidence.imagined"),
    "a kind of another type": GOOD.replace(b'"evidence.reported"', b"7"),
    "another version": GOOD.replace(b'"v":1', b'"v":2'),
    "a version as text": GOOD.replace(b'"v":1', b'"v":"1"'),
    "a version as a float": GOOD.replace(b'"v":1', b'"v":1.0'),
    "a version with an exponent": GOOD.replace(b'"v":1', b'"v":1e0'),
    "a huge version": GOOD.replace(b'"v":1', b'"v":1' + b"0" * 400),
    "not a number": GOOD.replace(b'"v":1', b'"v":NaN'),
    "infinity": GOOD.replace(b'"v":1', b'"v":Infinity'),
    "minus zero": GOOD.replace(b'"v":1', b'"v":-0'),
    "a boolean": GOOD.replace(b'"v":1', b'"v":true'),
    "an escape that is not needed": GOOD.replace(b"junit", b"\\u006aunit"),
    "an upper-case escape": encode_entry(
        an_entry().__class__(
            id=ID, time=NOW, actor=Actor("local", "ana"), body=EvidenceReported(format="\x1f")
        )
    ).replace(b"\\u001f", b"\\u001F"),
    "half a surrogate pair": GOOD.replace(b"junit", b"\\ud800"),
    "bytes that are not UTF-8": GOOD.replace(b"junit", b"\xff\xfe"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "an overlong encoding": GOOD.replace(b"junit", b"\xc0\xaf"),
    "a control character": GOOD.replace(b"junit", b"a\x01b"),
    "deep nesting": b'{"body":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a deep body": GOOD.replace(b'{"format":"junit"}', b'{"format":' + b"[" * 20_000),
    "an id of version 4": GOOD.replace(b"-7def-", b"-4def-"),
    "an id in upper case": GOOD.replace(b"abcdef", b"ABCDEF"),
    "an id that is none": GOOD.replace(ID.encode(), b"x"),
    "a time without a zone": GOOD.replace(b"00.123Z", b"00.123"),
    "a time in another zone": GOOD.replace(b"00.123Z", b"00.123+00:00"),
    "a time with more digits": GOOD.replace(b"00.123Z", b"00.1230Z"),
    "a time that never was": GOOD.replace(b"2026-11-20", b"2026-13-20"),
    "a time as a number": GOOD.replace(b'"2026-11-20T14:30:00.123Z"', b"1795185000123"),
    "a digest in upper case": GOOD.replace(b"ab" * 32, b"AB" * 32),
    "a short digest": GOOD.replace(b"ab" * 32, b"ab" * 31),
    "a digest that is a number": GOOD.replace(b'"sha256:' + b"ab" * 32 + b'"', b"7"),
    "an actor without an issuer": GOOD.replace(b"local#ana", b"ana"),
    "an empty actor": GOOD.replace(b"local#ana", b"local#"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_entry_is_refused(what):
    assert HOSTILE[what] != GOOD, "the case does not differ from the good entry"
    refused(HOSTILE[what])


def test_the_reasons_have_codes_of_their_own():
    assert refused(HOSTILE["another version"]) == "ledger.entry-version"
    assert refused(HOSTILE["an unknown kind"]) == "ledger.unknown-kind"
    assert refused(HOSTILE["a space inside"]) == "ledger.entry-not-canonical"
    assert refused(b"x" * (MAX_ENTRY_BYTES + 1)) == "ledger.entry-too-large"


def test_an_entry_fits_up_to_65535_bytes_and_not_one_more():
    def of(length):
        return Entry(
            id=ID, time=NOW, actor=Actor("local", "a"), body=EvidenceReported(format="x" * length)
        )

    overhead = len(encode_entry(of(0)))
    full = encode_entry(of(MAX_ENTRY_BYTES - overhead))
    assert len(full) == MAX_ENTRY_BYTES
    assert encode_entry(decode_entry(full)) == full
    with pytest.raises(EntryMalformedError) as caught:
        encode_entry(of(MAX_ENTRY_BYTES - overhead + 1))
    assert caught.value.code == "ledger.entry-too-large"


def test_text_that_is_not_unicode_is_not_written():
    with pytest.raises(EntryMalformedError):
        encode_entry(
            Entry(
                id=ID, time=NOW, actor=Actor("local", "a"), body=EvidenceReported(format="\ud800")
            )
        )


@given(st.data())
@settings(max_examples=400)
def test_whatever_is_accepted_after_a_mutation_is_still_in_the_one_form(data):
    bytes_ = bytearray(encode_entry(data.draw(entries)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(bytes_) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "double"])):
            case "flip":
                bytes_[place] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del bytes_[place : place + data.draw(st.integers(1, 9))]
            case "insert":
                bytes_[place:place] = data.draw(
                    st.sampled_from([b'"', b"{", b"]", b"\\", b"null", b",", b"1e9", b"\xff", b" "])
                )
            case "double":
                bytes_ += bytes_[place:]
        if not bytes_:
            return
    try:
        entry = decode_entry(bytes(bytes_))
    except EntryMalformedError:
        return
    assert encode_entry(entry) == bytes(bytes_)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_bytes_at_random_are_refused(data):
    with pytest.raises(EntryMalformedError):
        decode_entry(data)


def test_an_idempotency_key_makes_the_same_id_everywhere():
    ana = Actor("local", "ana")
    assert idempotent_id(ana, "run 7") == idempotent_id(ana, "run 7")
    assert idempotent_id(ana, "run 7") != idempotent_id(ana, "run 8")
    assert idempotent_id(ana, "run 7") != idempotent_id(Actor("local", "ben"), "run 7")
    assert idempotent_id(ana, "run 7")[14] == "8"
    assert len(entry_key(idempotent_id(ana, "run 7"))) == 16


def test_ids_made_later_sort_later():
    earlier = time_ordered_id(NOW, lambda length: b"\xff" * length)
    later = time_ordered_id(Instant(NOW.unix_ms + 1), lambda length: b"\x00" * length)
    assert earlier < later
    assert earlier[14] == "7"
