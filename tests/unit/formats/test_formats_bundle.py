"""Bundles are read in one way only: what two readers could understand differently is refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats.bundle import (
    BUNDLE_MEDIA_TYPE,
    MAX_LOG_ENTRIES,
    MAX_TIMESTAMPS,
    Bundle,
    BundleVersion,
    CertificateChain,
    InclusionProof,
    KeyHint,
    LeafCertificate,
    LogEntry,
    MessageSignature,
)
from gatebook.formats.dsse import Envelope, Signature
from gatebook.formats.fields import Fields
from gatebook.formats.protobuf_json import decode_base64, required_int64

Json = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def an_entry(**changes: Any) -> Json:
    entry: Json = {
        "logIndex": "7",
        "logId": {"keyId": b64(bytes(32))},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": "1772366400",
        "inclusionPromise": {"signedEntryTimestamp": b64(b"promise")},
        "inclusionProof": {
            "logIndex": "3",
            "rootHash": b64(bytes(32)),
            "treeSize": "4",
            "hashes": [b64(bytes(32))],
            "checkpoint": {"envelope": "a note"},
        },
        "canonicalizedBody": b64(b"{}"),
    }
    return {**entry, **changes}


def a_bundle(**changes: Any) -> Json:
    bundle: Json = {
        "mediaType": BUNDLE_MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(b"der")},
            "tlogEntries": [an_entry()],
            "timestampVerificationData": {
                "rfc3161Timestamps": [{"signedTimestamp": b64(b"stamp")}]
            },
        },
        "dsseEnvelope": {
            "payload": b64(b"{}"),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": b64(b"sig"), "keyid": ""}],
        },
    }
    return {**bundle, **changes}


def code(bundle: Any) -> str | None:
    try:
        Bundle.parse(bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode())
    except GatebookError as refusal:
        return refusal.code
    return None


def material(**changes: Any) -> Json:
    inner = {**a_bundle()["verificationMaterial"], **changes}
    return a_bundle(verificationMaterial={k: v for k, v in inner.items() if v is not None})


def test_everything_in_a_bundle_is_read() -> None:
    data = json.dumps(a_bundle()).encode()
    bundle = Bundle.parse(data)
    assert bundle.version is BundleVersion.V0_3
    assert bundle.material == LeafCertificate(der=b"der")
    assert bundle.timestamps == (b"stamp",)
    assert bundle.received == sha256(data)
    assert isinstance(bundle.content, Envelope)
    (entry,) = bundle.log_entries
    assert (entry.log_index, entry.integrated_time, entry.body) == (7, 1772366400, b"{}")
    assert entry.proof is not None
    assert (entry.proof.index, entry.proof.size, entry.proof.checkpoint) == (3, 4, "a note")


def test_a_message_and_a_chain() -> None:
    bundle = material(certificate=None)
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    bundle["verificationMaterial"]["x509CertificateChain"] = {
        "certificates": [{"rawBytes": b64(b"leaf")}, {"rawBytes": b64(b"root")}]
    }
    del bundle["dsseEnvelope"]
    digest = {"algorithm": "SHA2_256", "digest": b64(sha256(b"x").raw)}
    bundle["messageSignature"] = {"messageDigest": digest, "signature": b64(b"sig")}
    read = Bundle.parse(json.dumps(bundle).encode())
    assert read.material == CertificateChain(certificates=(b"leaf", b"root"))
    assert read.content == MessageSignature(digest=sha256(b"x"), signature=b"sig")
    again = Bundle.parse(read.encode())
    assert again.material == LeafCertificate(der=b"leaf")
    assert again.content == read.content


def test_unknown_fields_and_nulls_are_as_if_absent() -> None:
    assert code(a_bundle(futureField=[1])) is None
    assert code(material(publicKey=None, tlogEntries=None)) is None
    bundle = a_bundle(messageSignature=None)
    assert code(bundle) is None


@pytest.mark.parametrize(
    ("bundle", "expected"),
    [
        (b"", "canonical.not-json"),
        (b"[]", "formats.bundle"),
        (b"{}", "formats.bundle"),
        (json.dumps(a_bundle()).encode()[:-1], "canonical.not-json"),
        (b"\xef\xbb\xbf" + json.dumps(a_bundle()).encode(), "canonical.bom"),
        (json.dumps(a_bundle()).encode("utf-16"), "canonical.not-utf8"),
        (b"[" * 100 + b"]" * 100, "canonical.too-deep"),
        (a_bundle(mediaType="application/json"), "formats.bundle-version"),
        (
            a_bundle(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"),
            "formats.bundle-version",
        ),
        (a_bundle(mediaType=3), "formats.bundle"),
        (a_bundle(dsseEnvelope=None), "formats.bundle-content"),
        (
            a_bundle(messageSignature={"signature": b64(b"x")}),
            "formats.bundle-content",
        ),
        (a_bundle(verificationMaterial=None), "formats.bundle"),
        (material(certificate=None), "formats.bundle-material"),
        (material(publicKey={"hint": "x"}), "formats.bundle-material"),
        (
            a_bundle(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2"),
            "formats.bundle-material",
        ),
        (
            material(certificate=None, x509CertificateChain={"certificates": []}),
            "formats.bundle-material",
        ),
        (material(certificate={"rawBytes": ""}), "formats.bundle"),
        (material(certificate={"rawBytes": 3}), "formats.bundle"),
        (material(tlogEntries=[an_entry()] * (MAX_LOG_ENTRIES + 1)), "formats.limit"),
        (
            material(
                timestampVerificationData={
                    "rfc3161Timestamps": [{"signedTimestamp": b64(b"x")}] * (MAX_TIMESTAMPS + 1)
                }
            ),
            "formats.limit",
        ),
        (material(tlogEntries={}), "formats.bundle"),
        (material(tlogEntries=[an_entry(logIndex="-1")]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(logIndex=7)]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(logIndex="07")]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(logIndex=str(2**63))]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(canonicalizedBody=None)]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(logId=None)]), "formats.log-entry"),
        (material(tlogEntries=[an_entry(log_index="1")]), "formats.field-spelling"),
        (material(TlogEntries=[]), "formats.field-spelling"),
        (a_bundle(media_type="x"), "formats.field-spelling"),
        (a_bundle(dsse_envelope={}), "formats.field-spelling"),
    ],
)
def test_one_thing_is_wrong(bundle: Any, expected: str) -> None:
    assert code(bundle) == expected


@pytest.mark.parametrize("count", [0, 2])
def test_an_envelope_in_a_bundle_has_one_signature(count: int) -> None:
    bundle = a_bundle()
    bundle["dsseEnvelope"]["signatures"] *= count
    assert code(bundle) == "formats.bundle-signatures"


def test_an_empty_signature_is_none() -> None:
    bundle = a_bundle()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = ""
    assert code(bundle) == "formats.bundle"


@pytest.mark.parametrize(
    "proof",
    [
        {"rootHash": b64(bytes(31))},
        {"hashes": [b64(bytes(33))]},
        {"hashes": [b64(bytes(32))] * 65},
        {"hashes": [3]},
        {"treeSize": None},
        {"checkpoint": {"envelope": ""}},
    ],
)
def test_a_proof_has_hashes_of_the_right_size(proof: Json) -> None:
    inner = {**an_entry()["inclusionProof"], **proof}
    assert code(material(tlogEntries=[an_entry(inclusionProof=inner)])) == "formats.log-entry"


def test_what_is_too_long_is_not_read() -> None:
    bundle = a_bundle()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = b64(bytes(4097))
    assert code(bundle) == "formats.bundle"
    bundle = a_bundle()
    bundle["dsseEnvelope"]["signatures"][0]["keyid"] = "k" * 1025
    assert code(bundle) == "formats.bundle"
    bundle = a_bundle()
    bundle["dsseEnvelope"]["payloadType"] = "t" * 257
    assert code(bundle) == "formats.bundle"
    assert code(material(certificate=None, publicKey={"hint": "h" * 1025})) == "formats.bundle"


def test_an_unknown_digest_of_a_message() -> None:
    for digest in (
        {"algorithm": "SHA3_256", "digest": b64(bytes(32))},
        {"algorithm": "SHA2_256", "digest": b64(bytes(31))},
    ):
        bundle = a_bundle(messageSignature={"messageDigest": digest, "signature": b64(b"x")})
        del bundle["dsseEnvelope"]
        assert code(bundle) is not None


@given(st.binary(max_size=60))
def test_base64_has_one_spelling(data: bytes) -> None:
    written = b64(data)
    assert decode_base64(written, what="x", code="c") == data


@given(st.text(alphabet="ABgQwxyz019+/=-_ \n*é", max_size=12))
def test_what_no_encoder_writes_is_refused(text: str) -> None:
    try:
        decoded = decode_base64(text, what="x", code="c")
    except GatebookError as refusal:
        assert refusal.code == "formats.not-base64"  # noqa: PT017  # one of two outcomes
    else:
        assert b64(decoded) == text


@given(st.integers(0, 2**63 - 1))
def test_integers_are_decimal_text(number: int) -> None:
    fields = Fields.of({"n": str(number)}, what="x", code="c")
    assert required_int64(fields, "n") == number


BYTES = st.binary(min_size=1, max_size=40)
HASH = st.binary(min_size=32, max_size=32)
NUMBER = st.integers(0, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
PROOFS = st.builds(
    InclusionProof,
    index=NUMBER,
    size=NUMBER,
    root=HASH,
    hashes=st.lists(HASH, max_size=3).map(tuple),
    checkpoint=st.none() | TEXT,
)
ENTRIES = st.builds(
    LogEntry,
    log_index=NUMBER,
    log_id=HASH,
    kind=TEXT,
    version=TEXT,
    integrated_time=st.none() | NUMBER,
    signed_entry_timestamp=st.none() | BYTES,
    proof=st.none() | PROOFS,
    body=BYTES,
)
BUNDLES = st.builds(
    Bundle,
    version=st.just(BundleVersion.V0_3),
    content=st.builds(
        Envelope,
        payload_type=TEXT,
        payload=st.binary(max_size=40),
        signatures=st.builds(Signature, keyid=st.none() | TEXT, sig=BYTES).map(lambda s: (s,)),
    )
    | st.builds(
        MessageSignature,
        digest=st.none() | HASH.map(lambda raw: Digest("sha256", raw.hex())),
        signature=BYTES,
    ),
    material=st.builds(LeafCertificate, der=BYTES) | st.builds(KeyHint, hint=TEXT),
    log_entries=st.lists(ENTRIES, max_size=2).map(tuple),
    timestamps=st.lists(BYTES, max_size=2).map(tuple),
)


@given(BUNDLES)
def test_what_is_written_is_read_again(bundle: Bundle) -> None:
    assert Bundle.parse(bundle.encode()) == bundle


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    assert code(data) is not None
