"""What cosign kept before version 3 is stored text by text, and read back as one bundle."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError, VerificationError
from gatebook.formats.attestations import AttestationKind, recognise
from gatebook.formats.bundle import Bundle
from gatebook.formats.cosign_record import (
    DSSE_TYPE,
    RECORD_ANNOTATIONS,
    SIMPLE_SIGNING_TYPE,
    CosignSignature,
    encode_record,
)
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verify import verify_bundle


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def pem(data: bytes, label: str = "CERTIFICATE") -> str:
    body = "\n".join(b64(data)[at : at + 64] for at in range(0, len(b64(data)), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


PAYLOAD = b'{"critical":{"image":{"docker-manifest-digest":"sha256:00"}},"optional":null}'
ENVELOPE = json.dumps(
    {
        "payload": b64(b"{}"),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"keyid": "anything", "sig": b64(b"signature"), "cert": "more"}],
    }
).encode()
CERTIFICATE = b"0" * 200
ENTRY = json.dumps({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {}}).encode()
PROMISE = {
    "SignedEntryTimestamp": b64(b"promise"),
    "Payload": {
        "body": b64(ENTRY),
        "integratedTime": 1700000000,
        "logIndex": 12,
        "logID": "ab" * 32,
    },
}
TEXTS = {
    "signature": b64(b"signature"),
    "certificate": pem(CERTIFICATE),
    "chain": pem(b"1" * 100) + pem(b"2" * 100),
    "rekorBundle": json.dumps(PROMISE),
    "rfc3161Timestamp": json.dumps({"SignedRFC3161Timestamp": b64(b"token")}),
}


def annotations(**changed: str | None) -> dict[str, str]:
    texts = {**TEXTS, **changed}
    return {RECORD_ANNOTATIONS[name]: text for name, text in texts.items() if text is not None}


def record(
    content: bytes = PAYLOAD, content_type: str = SIMPLE_SIGNING_TYPE, **changed: str | None
) -> bytes:
    return encode_record(content, content_type=content_type, annotations=annotations(**changed))


def test_a_record_keeps_the_exact_texts_and_nothing_that_is_not_needed():
    odd = json.dumps(PROMISE, indent=7)
    data = encode_record(
        PAYLOAD,
        content_type=SIMPLE_SIGNING_TYPE,
        annotations=annotations(rekorBundle=odd) | {"org.example.verified": "yes"},
    )
    kept = json.loads(data)

    assert kept["rekorBundle"] == odd
    assert base64.b64decode(kept["content"]) == PAYLOAD
    assert b"org.example" not in data
    assert recognise(data) is AttestationKind.COSIGN_RECORD


def test_a_record_holds_all_that_a_verifier_needs():
    found = CosignSignature.parse(record())

    assert found.content == PAYLOAD
    assert found.signature == b"signature"
    assert found.certificate == CERTIFICATE
    assert found.timestamps == (b"token",)
    assert found.promise is not None
    assert found.promise.body == ENTRY
    assert found.promise.signed_entry_timestamp == b"promise"
    assert (found.promise.integrated_time, found.promise.log_index) == (1700000000, 12)
    assert found.promise.log_id == "ab" * 32


def test_a_signed_payload_becomes_a_bundle_with_a_message_signature():
    made = CosignSignature.parse(record()).bundle()
    written = json.loads(made)

    Bundle.parse(made)
    signed = written["messageSignature"]
    assert signed["messageDigest"]["digest"] == b64(hashlib.sha256(PAYLOAD).digest())
    assert signed["signature"] == b64(b"signature")
    material = written["verificationMaterial"]
    assert material["x509CertificateChain"]["certificates"] == [{"rawBytes": b64(CERTIFICATE)}]
    (entry,) = material["tlogEntries"]
    assert entry["kindVersion"] == {"kind": "hashedrekord", "version": "0.0.1"}
    assert entry["logId"]["keyId"] == b64(bytes.fromhex("ab" * 32))
    assert entry["canonicalizedBody"] == b64(ENTRY)
    assert entry["inclusionPromise"]["signedEntryTimestamp"] == b64(b"promise")
    (stamp,) = material["timestampVerificationData"]["rfc3161Timestamps"]
    assert stamp["signedTimestamp"] == b64(b"token")


def test_an_envelope_becomes_a_bundle_with_an_envelope():
    made = CosignSignature.parse(record(ENVELOPE, DSSE_TYPE, signature="")).bundle()

    Bundle.parse(made)
    envelope = json.loads(made)["dsseEnvelope"]
    assert envelope == {
        "payload": b64(b"{}"),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": b64(b"signature")}],
    }


def test_a_signature_by_a_key_names_no_key():
    bare = record(certificate=None, chain=None, rekorBundle=None, rfc3161Timestamp=None)
    made = CosignSignature.parse(bare).bundle()

    Bundle.parse(made)
    material = json.loads(made)["verificationMaterial"]
    assert material == {"publicKey": {"hint": ""}, "tlogEntries": []}


def test_the_file_of_sign_blob_is_read_as_well():
    written = {
        "base64Signature": b64(b"signature"),
        "cert": b64(TEXTS["certificate"].encode()),
        "rekorBundle": PROMISE,
    }
    data = json.dumps(written).encode()
    found = CosignSignature.parse(data)

    assert recognise(data) is AttestationKind.COSIGN_BUNDLE
    assert found.content is None
    assert found.signature == b"signature"
    assert found.certificate == CERTIFICATE
    Bundle.parse(found.bundle())
    assert "messageDigest" not in json.loads(found.bundle())["messageSignature"]


def test_a_public_key_in_the_file_of_sign_blob_is_not_handed_on():
    written = {
        "base64Signature": b64(b"signature"),
        "cert": b64(pem(b"key" * 30, "PUBLIC KEY").encode()),
    }
    found = CosignSignature.parse(json.dumps(written).encode())

    assert found.certificate is None
    assert b64(b"key" * 30).encode() not in found.bundle()


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": None},
        {"signature": "not base64"},
        {"signature": "AAAB="},
        {"signature": "AAB="},
        {"certificate": "no PEM"},
        {"certificate": TEXTS["certificate"] * 2},
        {"certificate": pem(CERTIFICATE, "PUBLIC KEY")},
        {"rekorBundle": "[]"},
        {"rekorBundle": "{"},
        {"rekorBundle": "{}"},
        {"rekorBundle": json.dumps(PROMISE)[:-1] + ',"Payload":{}}'},
        {"rekorBundle": json.dumps(PROMISE).replace("abab", "ABAB")},
        {"rekorBundle": json.dumps(PROMISE).replace("12", "-12")},
        {"rekorBundle": json.dumps(PROMISE).replace("12", '"12"')},
        {"rekorBundle": json.dumps(PROMISE).replace(b64(ENTRY), b64(b"{}"))},
        {"rekorBundle": json.dumps(PROMISE).replace(b64(ENTRY), b64(b"no JSON"))},
        {"rfc3161Timestamp": "{}"},
        {"rfc3161Timestamp": '{"SignedRFC3161Timestamp":"***"}'},
    ],
)
def test_a_record_with_one_broken_piece_is_refused(changed):
    CosignSignature.parse(record())
    with pytest.raises(MalformedError):
        CosignSignature.parse(record(**changed))


def test_an_envelope_has_its_signature_inside_and_a_payload_beside():
    kept = json.loads(record(ENVELOPE, DSSE_TYPE))
    assert "signature" not in kept
    with pytest.raises(MalformedError):
        CosignSignature.parse(json.dumps(kept | {"signature": TEXTS["signature"]}).encode())


def test_an_annotation_of_a_megabyte_is_not_kept():
    with pytest.raises(MalformedError) as caught:
        record(chain="x" * 1_000_000)
    assert caught.value.code == "formats.cosign-record"


@given(
    st.sampled_from([*TEXTS]),
    st.text(max_size=30) | st.sampled_from(["{}", "[]", "null", '{"Payload":null}']),
)
def test_any_annotation_gives_a_bundle_or_our_own_error(name, text):
    try:
        made = CosignSignature.parse(record(**{name: text})).bundle()
    except GatebookError:
        return
    assert recognise(made) is AttestationKind.BUNDLE


def as_cosign_kept_it(bundle: dict) -> dict[str, str]:
    """The annotations that cosign 2 would have written for what a bundle says."""
    material = bundle["verificationMaterial"]
    chain = material.get("x509CertificateChain", {}).get("certificates")
    leaf = chain[0] if chain else material["certificate"]
    (entry,) = material["tlogEntries"]
    promise = {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        },
    }
    texts = {
        "certificate": pem(base64.b64decode(leaf["rawBytes"])),
        "rekorBundle": json.dumps(promise),
        "signature": bundle.get("messageSignature", {}).get("signature", ""),
    }
    return {RECORD_ANNOTATIONS[name]: text for name, text in texts.items()}


def test_what_cosign_kept_of_real_signatures_verifies_where_promises_are_enough(vectors):
    cases = vectors / "attest" / "sigstore-conformance"
    root = SigstoreRoot.parse((cases / "prod_trusted_root.json").read_bytes())
    lenient = Profile.named(ProfileName.PUBLIC_GOOD, root, legacy_set_only=True)
    strict = Profile.named(ProfileName.PUBLIC_GOOD, root)
    payload = (cases / "a.txt").read_bytes()

    for case, content_type in (
        ("happy-path-v0.1", SIMPLE_SIGNING_TYPE),
        ("happy-path-intoto-in-dsse-v3", DSSE_TYPE),
    ):
        original = json.loads((cases / case / "bundle.sigstore.json").read_bytes())
        kept = as_cosign_kept_it(original)
        signed = payload
        if content_type == DSSE_TYPE:
            signed = json.dumps(original["dsseEnvelope"]).encode()
        data = encode_record(signed, content_type=content_type, annotations=kept)
        bundle = CosignSignature.parse(data).bundle()
        artifact = None if content_type == DSSE_TYPE else signed

        verify_bundle(bundle, artifact=artifact, root=root, profile=lenient)
        with pytest.raises(VerificationError):
            verify_bundle(bundle, artifact=artifact, root=root, profile=strict)
        for changed in (
            {
                RECORD_ANNOTATIONS["rekorBundle"]: kept[RECORD_ANNOTATIONS["rekorBundle"]].replace(
                    '"logIndex": ', '"logIndex": 1'
                )
            },
            {RECORD_ANNOTATIONS["rekorBundle"]: ""},
            {RECORD_ANNOTATIONS["certificate"]: pem(CERTIFICATE)},
        ):
            other = encode_record(signed, content_type=content_type, annotations=kept | changed)
            made = CosignSignature.parse(other).bundle()
            with pytest.raises(VerificationError):
                verify_bundle(made, artifact=artifact, root=root, profile=lenient)
