"""DSSE envelopes: what is read, what is refused, and the bytes that are signed."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import MAX_SIGNATURES, Envelope, Signature, pae

PAYLOAD = b"\xfb\xff\xfe hello"  # its base64 needs the characters in which the alphabets differ


def an_envelope(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "payloadType": "text/plain",
        "payload": base64.b64encode(PAYLOAD).decode(),
        "signatures": [{"keyid": "ana", "sig": "c2ln"}],
    }
    fields.update(changes)
    return json.dumps({name: value for name, value in fields.items() if value != "ABSENT"}).encode()


def test_an_envelope_is_read() -> None:
    envelope = Envelope.parse(an_envelope())
    assert envelope == Envelope(
        payload_type="text/plain",
        payload=PAYLOAD,
        signatures=(Signature(keyid="ana", sig=b"sig"),),
    )


def test_url_safe_base64_is_read_alike() -> None:
    url_safe = an_envelope(payload=base64.urlsafe_b64encode(PAYLOAD).decode())
    assert url_safe != an_envelope()
    assert Envelope.parse(url_safe) == Envelope.parse(an_envelope())


def test_unknown_fields_are_ignored() -> None:
    envelope = an_envelope(extra=1, signatures=[{"sig": "c2ln", "cert": "…"}])
    assert Envelope.parse(envelope).signatures == (Signature(sig=b"sig"),)


@pytest.mark.parametrize(
    "changes",
    [
        {"payloadType": "ABSENT"},
        {"payloadType": ""},
        {"payloadType": 7},
        {"payloadType": "x" * 257},
        {"payload": "ABSENT"},
        {"payload": None},
        {"payload": "+/+_"},  # both alphabets
        {"payload": "aGk"},  # no padding
        {"payload": "aGl="},  # unused bits set: the canonical text is aGk=
        {"payload": "aG k="},
        {"payload": "aGk=\n"},
        {"payload": "aGk*="},
        {"payload": "aGk=aGk="},
        {"payload": "äGk="},
        {"signatures": "ABSENT"},
        {"signatures": []},
        {"signatures": {}},
        {"signatures": ["c2ln"]},
        {"signatures": [{"keyid": "ana"}]},
        {"signatures": [{"sig": ""}]},
        {"signatures": [{"sig": "c2ln="}]},
        {"signatures": [{"sig": "c2ln", "keyid": 7}]},
        {"signatures": [{"sig": "c2ln"}] * (MAX_SIGNATURES + 1)},
        {"signatures": [{"sig": base64.b64encode(b"x" * 4097).decode()}]},
    ],
)
def test_a_malformed_envelope_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedError) as refusal:
        Envelope.parse(an_envelope(**changes))
    assert refusal.value.code == "formats.envelope"


def test_as_many_signatures_as_allowed_are_read() -> None:
    envelope = Envelope.parse(an_envelope(signatures=[{"sig": "c2ln"}] * MAX_SIGNATURES))
    assert len(envelope.signatures) == MAX_SIGNATURES


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (an_envelope().replace(b'"payload"', b'"payload":"aGk=","payload"'), None),
        (an_envelope().replace(b'"sig"', b'"sig":"c2ln","sig"'), "canonical.duplicate-key"),
        (an_envelope() + b"{}", "canonical.not-json"),
        (an_envelope()[:-1], "canonical.not-json"),
        (b"\xef\xbb\xbf" + an_envelope(), "canonical.bom"),
        (an_envelope().decode().encode("utf-16"), "canonical.not-utf8"),
        (b"[" * 100_000, None),
        (b"[]", "formats.envelope"),
        (b"", "canonical.not-json"),
    ],
)
def test_bytes_that_two_parsers_could_read_differently_are_refused(
    data: bytes, code: str | None
) -> None:
    with pytest.raises(MalformedError) as refusal:
        Envelope.parse(data)
    assert code is None or refusal.value.code == code


def test_field_names_are_compared_exactly() -> None:
    with pytest.raises(MalformedError):
        Envelope.parse(an_envelope().replace(b'"payload"', b'"Payload"'))


def test_the_signed_bytes_are_those_of_the_specification() -> None:
    # DSSE protocol.md, "Test Vectors".
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_in_the_signed_bytes_count_bytes_not_characters() -> None:
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


@given(
    envelope=st.builds(
        Envelope,
        payload_type=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
        payload=st.binary(max_size=200),
        signatures=st.lists(
            st.builds(
                Signature,
                keyid=st.none() | st.text("abc123", min_size=1),
                sig=st.binary(min_size=1, max_size=80),
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
    )
)
def test_what_is_written_is_read_back(envelope: Envelope) -> None:
    assert Envelope.parse(envelope.encode()) == envelope


@settings(max_examples=200)
@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(GatebookError):
        Envelope.parse(data)
