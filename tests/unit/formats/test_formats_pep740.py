"""PEP 740 objects hold the same as a bundle, and are read into the same record."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.formats.bundle import LeafCertificate
from gatebook.formats.dsse import Envelope
from gatebook.formats.pep740 import MAX_ATTESTATIONS, is_pep740, read_pep740

Json = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def an_attestation(**changes: Any) -> Json:
    attestation: Json = {
        "version": 1,
        "verification_material": {"certificate": b64(b"der"), "transparency_entries": []},
        "envelope": {"statement": b64(b"{}"), "signature": b64(b"sig")},
    }
    return {**attestation, **changes}


def a_provenance(*attestations: Json, **changes: Any) -> Json:
    bundle = {"publisher": {"kind": "GitHub"}, "attestations": list(attestations)}
    return {"version": 1, "attestation_bundles": [bundle], **changes}


def code(value: Any) -> str | None:
    try:
        read_pep740(value if isinstance(value, bytes) else json.dumps(value).encode())
    except GatebookError as refusal:
        return refusal.code
    return None


def test_an_attestation() -> None:
    data = json.dumps(an_attestation()).encode()
    assert is_pep740(json.loads(data))
    (bundle,) = read_pep740(data)
    assert bundle.material == LeafCertificate(der=b"der")
    assert isinstance(bundle.content, Envelope)
    assert bundle.content.payload_type == "application/vnd.in-toto+json"
    assert bundle.content.payload == b"{}"
    assert bundle.received == sha256(data)


def test_a_provenance_object() -> None:
    written = a_provenance(an_attestation(), an_attestation())
    assert is_pep740(written)
    found = read_pep740(json.dumps(written).encode())
    assert len(found) == 2
    assert found[0].received is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (an_attestation(version=2), "formats.pep740"),
        (an_attestation(version=True), "formats.pep740"),
        (an_attestation(version="1"), "formats.pep740"),
        (an_attestation(envelope=None), "formats.pep740"),
        (an_attestation(envelope={"statement": b64(b"{}")}), "formats.pep740"),
        (
            an_attestation(envelope={"statement": "e30", "signature": b64(b"x")}),
            "formats.not-base64",
        ),
        (an_attestation(verificationMaterial={}), "formats.field-spelling"),
        (a_provenance(), "formats.pep740"),
        (a_provenance(*[an_attestation()] * (MAX_ATTESTATIONS + 1)), "formats.limit"),
        (a_provenance(an_attestation(), version=2), "formats.pep740"),
        (a_provenance(an_attestation(version=3)), "formats.pep740"),
        (b"[]", "formats.pep740"),
        (b"{}", "formats.pep740"),
    ],
)
def test_one_thing_is_wrong(value: Any, expected: str) -> None:
    assert code(value) == expected


def test_other_documents_are_not_of_this_kind() -> None:
    for other in ([], {}, {"mediaType": "x"}, {"envelope": {}}):
        assert not is_pep740(other)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    assert code(data) is not None
