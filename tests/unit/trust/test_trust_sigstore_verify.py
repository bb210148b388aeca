"""A bundle is believed when everything in it verifies, and refused when one thing is changed."""

import base64
import copy
import dataclasses
import datetime as dt
import json
from types import ModuleType
from typing import Any

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats.bundle import Bundle
from gatebook.tlog.checkpoint_body import Checkpoint
from gatebook.tlog.note import SignerKey
from gatebook.trust.keys import PublicKey
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import (
    CertificateSigner,
    KeySigner,
    SignedDigest,
    SignedPayload,
    TimeSource,
    VerifiedBundle,
)
from gatebook.trust.sigstore.verify import verify_bundle

Kit = ModuleType
Json = dict[str, Any]
ARTIFACT = b"acme/api 1.0"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def a_statement(digest: bytes = ARTIFACT) -> bytes:
    subject = {"name": "api", "digest": {"sha256": sha256(digest).hex}}
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "other", "digest": {"sha256": "0" * 64}}, subject],
            "predicateType": "https://acme.test/built/v1",
            "predicate": {},
        }
    ).encode()


STATEMENT = a_statement()


def judge(
    sigstore: Any,
    bundle: Json | bytes,
    *,
    profile: ProfileName = ProfileName.PUBLIC_GOOD,
    artifact: bytes | Digest | None = None,
    key: ManagedKey | None = None,
    root: bytes | None = None,
    changes: Json | None = None,
    **switches: bool,
) -> VerifiedBundle:
    believed = SigstoreRoot.parse(root or sigstore.trusted_root())
    named = Profile.named(profile, believed, **switches)
    return verify_bundle(
        bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode(),
        artifact=artifact,
        root=believed,
        profile=msgspec.structs.replace(named, **(changes or {})),
        key=key,
    )


def code(sigstore: Any, bundle: Json | bytes, **named: Any) -> str | None:
    try:
        judge(sigstore, bundle, **named)
    except GatebookError as refusal:
        return refusal.code
    return None


def entry_of(bundle: Json) -> Json:
    entry: Json = bundle["verificationMaterial"]["tlogEntries"][0]
    return entry


def flipped(encoded: str, place: int = -1) -> str:
    raw = bytearray(base64.b64decode(encoded))
    raw[place] ^= 1
    return base64.b64encode(bytes(raw)).decode()


# -- good ones -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
@pytest.mark.parametrize("entries", [("dsse",), ("intoto",)])
def test_a_statement_in_a_log_that_signs_times(
    sigstore: Any, version: str, entries: tuple[str, ...]
) -> None:
    bundle = sigstore.sign_statement(STATEMENT, version=version, entries=entries)
    verified = judge(sigstore, bundle, artifact=ARTIFACT)
    assert verified.content == SignedPayload(
        payload_type="application/vnd.in-toto+json", payload=STATEMENT
    )
    assert isinstance(verified.signer, CertificateSigner)
    assert verified.signer.der in base64.b64decode(json.dumps(bundle)) or verified.signer.der
    (at,) = verified.times
    assert (str(at.at), at.source) == ("2026-03-01T12:00:00Z", TimeSource.LOG)
    assert verified.earliest_time == at.at
    (entry,) = verified.log_entries
    assert entry.url == "https://rekor.test"
    assert (entry.index, entry.log_index, entry.integrated) == (5, 1000, at.at)
    assert verified.bundle_digest == sha256(json.dumps(bundle).encode())
    assert verified.root_digest == SigstoreRoot.parse(sigstore.trusted_root()).digest
    names = [check.name for check in verified.checks]
    assert names == [
        "bundle",
        "signer",
        "signature",
        "log entry",
        "log",
        "times",
        "certificate usage",
        "certificate chain",
        "certificate log",
    ]


@pytest.mark.parametrize("entries", [("hashedrekord-v2",), ("dsse-v2",)])
@pytest.mark.parametrize("profile", [ProfileName.PUBLIC_GOOD, ProfileName.REKOR_V2])
def test_a_statement_in_a_log_without_times(
    sigstore: Any, entries: tuple[str, ...], profile: ProfileName
) -> None:
    verified = judge(sigstore, sigstore.sign_statement(STATEMENT, entries=entries), profile=profile)
    (at,) = verified.times
    assert at.source is TimeSource.TIMESTAMP_AUTHORITY
    assert verified.log_entries[0].integrated is None
    assert verified.log_entries[0].log_index is None


@pytest.mark.parametrize("entries", [("hashedrekord",), ("hashedrekord-v2",)])
@pytest.mark.parametrize("given", [ARTIFACT, sha256(ARTIFACT)])
def test_an_artifact(sigstore: Any, entries: tuple[str, ...], given: bytes | Digest) -> None:
    bundle = sigstore.sign_artifact(ARTIFACT, entries=entries)
    verified = judge(sigstore, bundle, artifact=given)
    assert verified.content == SignedDigest(digest=sha256(ARTIFACT))


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa"])
def test_a_certificate_may_be_for_any_key_that_is_believed(sigstore: Any, kind: str) -> None:
    leaf = sigstore.leaf(key=kind)
    verified = judge(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf))
    assert isinstance(verified.signer, CertificateSigner)
    assert verified.signer.certificate == leaf.certificate


def test_a_leaf_may_be_issued_by_any_certificate_of_a_chain(sigstore: Any) -> None:
    leaf = sigstore.leaf(by=sigstore.anchor)
    assert code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf)) is None


def test_githubs_way_has_a_timestamp_and_nothing_else(sigstore: Any) -> None:
    leaf = sigstore.leaf(promised_by=())
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf, entries=())
    root = sigstore.trusted_root(tlogs=None, ctlogs=None)
    verified = judge(sigstore, bundle, profile=ProfileName.GITHUB, root=root)
    assert verified.profile is ProfileName.GITHUB
    assert verified.log_entries == ()
    assert code(sigstore, bundle) == "trust.sigstore-no-log-entry"


def test_a_parsed_bundle_is_judged_like_its_bytes(sigstore: Any) -> None:
    data = json.dumps(sigstore.sign_statement(STATEMENT)).encode()
    root = SigstoreRoot.parse(sigstore.trusted_root())
    profile = Profile.named(ProfileName.PRIVATE, root)
    one = verify_bundle(data, artifact=None, root=root, profile=profile)
    two = verify_bundle(Bundle.parse(data), artifact=None, root=root, profile=profile)
    assert one == two
    made = dataclasses.replace(Bundle.parse(data), received=None)
    again = verify_bundle(made, artifact=None, root=root, profile=profile)
    assert again.bundle_digest == sha256(made.encode())


def test_a_verified_bundle_is_made_by_the_verifier_only(sigstore: Any) -> None:
    verified = judge(sigstore, sigstore.sign_statement(STATEMENT))
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(verified, content=SignedDigest(digest=sha256(b"")))
    with pytest.raises(TypeError):
        VerifiedBundle(
            content=verified.content,
            signer=verified.signer,
            times=verified.times,
            log_entries=(),
            profile=verified.profile,
            root_digest=None,
            bundle_digest=verified.bundle_digest,
            checks=(),
            _seal=object(),  # type: ignore[arg-type]
        )


# -- what is signed --------------------------------------------------------------------------------


def test_one_changed_byte_of_the_payload(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    envelope = bundle["dsseEnvelope"]
    envelope["payload"] = flipped(envelope["payload"])
    assert code(sigstore, bundle) == "trust.no-valid-signature"


def test_the_payload_is_kept_as_it_was_signed(sigstore: Any) -> None:
    """gitsign CVE-2026-44309: what is verified is what was received, never a tidier copy."""
    payload = STATEMENT.replace(b", ", b" ,\n ") + b"\n"
    bundle = sigstore.sign_statement(payload)
    verified = judge(sigstore, bundle, artifact=ARTIFACT)
    assert isinstance(verified.content, SignedPayload)
    assert verified.content.payload == payload
    spaced = json.dumps(bundle, indent=1).encode()
    assert judge(sigstore, spaced).bundle_digest == sha256(spaced) != verified.bundle_digest
    tidy = json.dumps(json.loads(payload)).encode()
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(tidy).decode()
    assert code(sigstore, bundle) == "trust.no-valid-signature"


def test_another_payload_type(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"
    assert code(sigstore, bundle) == "trust.no-valid-signature"
    signed_so = sigstore.sign_statement(STATEMENT, payload_type="text/plain")
    assert code(sigstore, signed_so, artifact=ARTIFACT) == "trust.payload-type"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", "canonical.not-json"),
        (b"{}", "formats.statement"),
        (b"\xef\xbb\xbf" + STATEMENT, "canonical.bom"),
        (STATEMENT.decode().encode("utf-16"), "canonical.not-utf8"),
        (STATEMENT + b"{}", "canonical.not-json"),
        (STATEMENT.replace(b'"subject"', b'"Subject"'), "formats.statement-key-case"),
        (STATEMENT.replace(b'"_type"', b'"subject": [], "_type"'), "canonical.duplicate-key"),
        (a_statement(b"another"), "trust.subject-mismatch"),
        (
            STATEMENT.replace(sha256(ARTIFACT).hex.encode(), sha256(ARTIFACT).hex.upper().encode()),
            None,
        ),
    ],
)
def test_a_signed_payload_that_is_no_statement_about_the_artifact(
    sigstore: Any, payload: bytes, expected: str | None
) -> None:
    bundle = sigstore.sign_statement(payload)
    found = code(sigstore, bundle, artifact=ARTIFACT)
    assert found is not None
    assert expected is None or found == expected
    assert code(sigstore, bundle) is None, "what it says is the caller's to judge"


def test_an_artifact_is_a_subject_by_every_digest_that_can_be_compared(sigstore: Any) -> None:
    """A subject that names the artifact by one algorithm and something else by another."""
    statement = json.loads(STATEMENT)
    digests = statement["subject"][1]["digest"]
    digests["sha512"] = "0" * 128
    bundle = sigstore.sign_statement(json.dumps(statement).encode())
    assert code(sigstore, bundle, artifact=ARTIFACT) == "trust.subject-mismatch"
    assert code(sigstore, bundle, artifact=sha256(ARTIFACT)) is None


def test_another_artifact(sigstore: Any) -> None:
    bundle = sigstore.sign_artifact(ARTIFACT)
    assert code(sigstore, bundle, artifact=b"another") == "trust.sigstore-message-digest"
    assert code(sigstore, bundle) == "trust.artifact-needed"
    del bundle["messageSignature"]["messageDigest"]
    assert code(sigstore, bundle, artifact=ARTIFACT) is None
    assert code(sigstore, bundle, artifact=b"another") == "trust.no-valid-signature"
    assert code(sigstore, bundle, artifact=sha256(b"another")) == "trust.no-valid-signature"


def test_a_digest_of_another_kind_is_not_enough(sigstore: Any) -> None:
    import hashlib

    digest = Digest("sha512", hashlib.sha512(ARTIFACT).hexdigest())
    bundle = sigstore.sign_artifact(ARTIFACT)
    assert code(sigstore, bundle, artifact=digest) == "trust.artifact-needed"
    leaf = sigstore.leaf(key="ed25519")
    whole = sigstore.sign_artifact(ARTIFACT, leaf=leaf)
    assert code(sigstore, whole, artifact=sha256(ARTIFACT)) == "trust.artifact-needed"
    assert code(sigstore, whole, artifact=ARTIFACT) is None


def test_a_signature_of_zeros_and_one_written_as_two_numbers(sigstore: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric import utils

    leaf = sigstore.leaf()
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf)
    written = bundle["dsseEnvelope"]["signatures"][0]
    for zeros in (utils.encode_dss_signature(0, 0), bytes(64)):
        changed = copy.deepcopy(bundle)
        changed["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(zeros).decode()
        assert code(sigstore, changed) == "trust.no-valid-signature"
    r, s = utils.decode_dss_signature(base64.b64decode(written["sig"]))
    written["sig"] = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    # The same signature in another form is not the one that was logged.
    assert code(sigstore, bundle) == "trust.sigstore-entry-signature"


# -- log entries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dsse", "intoto", "hashedrekord-v2", "dsse-v2"])
def test_an_entry_about_another_statement(sigstore: Any, kind: str) -> None:
    leaf = sigstore.leaf()
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf, entries=(kind,))
    other = sigstore.sign_statement(a_statement(b"another"), leaf=leaf, entries=(kind,))
    material = bundle["verificationMaterial"]
    material["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    assert code(sigstore, bundle) == "trust.sigstore-entry-digest"


@pytest.mark.parametrize("kind", ["hashedrekord", "hashedrekord-v2"])
def test_an_entry_about_another_artifact(sigstore: Any, kind: str) -> None:
    leaf = sigstore.leaf()
    bundle = sigstore.sign_artifact(ARTIFACT, leaf=leaf, entries=(kind,))
    other = sigstore.sign_artifact(b"another", leaf=leaf, entries=(kind,))
    material = bundle["verificationMaterial"]
    material["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    assert code(sigstore, bundle, artifact=ARTIFACT) == "trust.sigstore-entry-digest"


@pytest.mark.parametrize("kind", ["dsse", "intoto", "hashedrekord-v2", "dsse-v2"])
def test_an_entry_about_another_signature_by_the_same_key(sigstore: Any, kind: str) -> None:
    """ECDSA makes another signature each time; only one of them is in the log."""
    leaf = sigstore.leaf()
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf, entries=(kind,), stamps=1)
    again = sigstore.sign_statement(STATEMENT, leaf=leaf, entries=(kind,), stamps=1)
    material = bundle["verificationMaterial"]
    material["tlogEntries"] = again["verificationMaterial"]["tlogEntries"]
    assert code(sigstore, bundle) == "trust.sigstore-entry-signature"


@pytest.mark.parametrize("kind", ["dsse", "intoto", "hashedrekord-v2", "dsse-v2"])
def test_an_entry_about_another_certificate_for_the_same_key(sigstore: Any, kind: str) -> None:
    one = sigstore.leaf()
    two = sigstore.leaf(key=one.key, identity="mallory@example.com")
    bundle = sigstore.sign_statement(STATEMENT, leaf=one, entries=(kind,))
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = base64.b64encode(two.der).decode()
    assert code(sigstore, bundle) == "trust.sigstore-entry-key"


@pytest.mark.parametrize("kind", ["dsse", "hashedrekord-v2"])
def test_an_entry_about_the_bare_key_of_a_certificate(
    sigstore: Any, sigstore_kit: Kit, kind: str
) -> None:
    leaf = sigstore.leaf()
    key = sigstore_kit.pem(leaf.key)

    def bare(body: Json) -> Json:
        if kind == "dsse":
            body["spec"]["signatures"][0]["verifier"] = base64.b64encode(key).decode()
        else:
            signature = body["spec"]["hashedRekordV002"]["signature"]
            signature["verifier"] = {
                "publicKey": {"rawBytes": base64.b64encode(sigstore_kit.spki(leaf.key)).decode()}
            }
        return body

    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf, entries=(kind,), body=bare)
    assert code(sigstore, bundle) == "trust.sigstore-entry-key"


def test_an_intoto_entry_about_another_payload_type(sigstore: Any) -> None:
    def other_type(body: Json) -> Json:
        body["spec"]["content"]["envelope"]["payloadType"] = "text/plain"
        return body

    bundle = sigstore.sign_statement(STATEMENT, entries=("intoto",), body=other_type)
    assert code(sigstore, bundle) == "trust.sigstore-entry-digest"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "rfc3161"}, "trust.sigstore-entry-kind"),
        ({"kind": "dsse", "apiVersion": "0.0.9"}, "trust.sigstore-entry-kind"),
    ],
)
def test_an_entry_of_a_kind_that_is_not_read(sigstore: Any, change: Json, expected: str) -> None:
    bundle = sigstore.sign_statement(STATEMENT, body=lambda body: {**body, **change})
    assert code(sigstore, bundle) == expected


def test_an_entry_whose_body_is_of_another_kind_than_said(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    entry_of(bundle)["kindVersion"] = {"kind": "intoto", "version": "0.0.2"}
    assert code(sigstore, bundle) == "trust.sigstore-entry-kind"


def test_an_entry_of_a_kind_that_does_not_go_with_the_content(sigstore: Any) -> None:
    message = sigstore.sign_artifact(ARTIFACT, entries=("dsse",))
    assert code(sigstore, message, artifact=ARTIFACT) == "trust.sigstore-entry-kind"
    envelope = sigstore.sign_statement(STATEMENT, entries=("hashedrekord",))
    assert code(sigstore, envelope) == "trust.sigstore-entry-kind"


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {}},
        {"spec": {"payloadHash": {"algorithm": "md5", "value": "00"}, "signatures": []}},
        {"spec": None},
    ],
)
def test_an_entry_with_a_malformed_body(sigstore: Any, change: Json) -> None:
    bundle = sigstore.sign_statement(STATEMENT, body=lambda body: {**body, **change})
    assert code(sigstore, bundle) == "trust.sigstore-entry"


def test_an_entry_with_two_signatures(sigstore: Any) -> None:
    def twice(body: Json) -> Json:
        body["spec"]["signatures"] *= 2
        return body

    assert code(sigstore, sigstore.sign_statement(STATEMENT, body=twice)) == "trust.sigstore-entry"


def test_the_same_entry_twice(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    bundle["verificationMaterial"]["tlogEntries"] *= 2
    assert code(sigstore, bundle) == "trust.sigstore-entry-duplicate"


def test_two_entries_of_one_operator_count_once(sigstore: Any, sigstore_kit: Kit) -> None:
    """CVE-2026-49834: a threshold of two is two operators."""
    bundle = sigstore.sign_statement(STATEMENT, entries=("dsse", "hashedrekord-v2"))
    assert len(judge(sigstore, bundle).log_entries) == 2
    two = {"log_operators": 2}
    assert code(sigstore, bundle, changes=two) == "trust.sigstore-no-log-entry"
    written = sigstore.root()
    for log, operator in zip(written["tlogs"], ("one.test", "two.test"), strict=True):
        log["operator"] = operator
    root = sigstore_kit.encode(written)
    assert code(sigstore, bundle, changes=two, root=root) is None
    written["tlogs"][1]["operator"] = "one.test"
    root = sigstore_kit.encode(written)
    assert code(sigstore, bundle, changes=two, root=root) == "trust.sigstore-no-log-entry"


def test_no_entry(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, entries=(), stamps=1)
    assert code(sigstore, bundle) == "trust.sigstore-no-log-entry"
    assert code(sigstore, bundle, profile=ProfileName.PRIVATE) == "trust.sigstore-no-log-entry"


def test_an_entry_of_a_log_that_the_root_does_not_have(sigstore: Any, sigstore_kit: Kit) -> None:
    bundle = sigstore.sign_statement(STATEMENT, log=sigstore_kit.FirstLog())
    assert code(sigstore, bundle) == "trust.sigstore-log-unknown"


def test_every_entry_has_to_verify(sigstore: Any, sigstore_kit: Kit) -> None:
    """One good entry does not make up for an unknown one."""
    leaf = sigstore.leaf()
    bundle = sigstore.sign_statement(STATEMENT, entries=("dsse", "dsse"), leaf=leaf)
    other = sigstore_kit.FirstLog()
    body = json.loads(base64.b64decode(entry_of(bundle)["canonicalizedBody"]))
    bundle["verificationMaterial"]["tlogEntries"][1] = other.entry(body, at=NOON)
    assert code(sigstore, bundle) == "trust.sigstore-log-unknown"


# -- times of logs, proofs, checkpoints ------------------------------------------------------------


def test_a_time_that_the_log_did_not_sign(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    entry_of(bundle)["integratedTime"] = str(int(NOON.timestamp()) + 1)
    assert code(sigstore, bundle) == "trust.sigstore-promise"
    del entry_of(bundle)["integratedTime"]
    assert code(sigstore, bundle) == "trust.sigstore-promise"


def test_a_time_without_a_signature_means_nothing(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    del entry_of(bundle)["inclusionPromise"]
    assert entry_of(bundle)["integratedTime"]
    assert code(sigstore, bundle) == "trust.sigstore-no-time"


def test_a_promise_by_another_key_or_for_another_index(sigstore: Any, sigstore_kit: Kit) -> None:
    forged = sigstore.sign_statement(STATEMENT, entry={"promise_by": sigstore_kit.make_key()})
    assert code(sigstore, forged) == "trust.sigstore-promise"
    bundle = sigstore.sign_statement(STATEMENT)
    entry_of(bundle)["logIndex"] = "1001"
    assert code(sigstore, bundle) == "trust.sigstore-promise"


def test_a_promise_alone_is_enough_on_request_only(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, version="0.1")
    del entry_of(bundle)["inclusionProof"]
    assert code(sigstore, bundle) == "trust.sigstore-inclusion-missing"
    assert code(sigstore, bundle, legacy_set_only=True) is None
    entry_of(bundle)["inclusionPromise"]["signedEntryTimestamp"] = flipped(
        entry_of(bundle)["inclusionPromise"]["signedEntryTimestamp"]
    )
    assert code(sigstore, bundle, legacy_set_only=True) == "trust.sigstore-promise"
    del entry_of(bundle)["inclusionPromise"]
    assert code(sigstore, bundle, legacy_set_only=True) == "trust.sigstore-inclusion-missing"


def test_a_proof_without_a_checkpoint(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    del entry_of(bundle)["inclusionProof"]["checkpoint"]
    assert code(sigstore, bundle) == "trust.sigstore-inclusion-missing"
    assert code(sigstore, bundle, legacy_set_only=True) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logIndex", "4"),
        ("logIndex", "9"),
        ("treeSize", "0"),
        ("hashes", []),
        ("hashes", [base64.b64encode(bytes(32)).decode()] * 9),
    ],
)
@pytest.mark.parametrize("kind", ["dsse", "hashedrekord-v2"])
def test_a_proof_for_another_place(sigstore: Any, name: str, value: Any, kind: str) -> None:
    bundle = sigstore.sign_statement(STATEMENT, entries=(kind,))
    entry_of(bundle)["inclusionProof"][name] = value
    assert code(sigstore, bundle) == "trust.sigstore-inclusion"


def test_a_proof_for_another_size(sigstore: Any) -> None:
    """The path would be the same; only the signed checkpoint tells the sizes apart."""
    bundle = sigstore.sign_statement(STATEMENT)
    entry_of(bundle)["inclusionProof"]["treeSize"] = "10"
    assert code(sigstore, bundle) == "trust.sigstore-checkpoint-mismatch"


def test_a_proof_with_one_changed_hash(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    hashes = entry_of(bundle)["inclusionProof"]["hashes"]
    hashes[0] = flipped(hashes[0])
    assert code(sigstore, bundle) == "trust.sigstore-inclusion"


def test_a_tree_of_one_entry(sigstore: Any, sigstore_kit: Kit) -> None:
    """The smallest proof there is: its root is the leaf, and only the checkpoint vouches for it."""
    log = dataclasses.replace(sigstore.second_log, tree=sigstore_kit.Tree(before=0, after=0))
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",), log=log)
    assert entry_of(bundle)["inclusionProof"]["hashes"] == []
    assert code(sigstore, bundle) is None


def test_a_checkpoint_of_another_size_or_root(sigstore: Any) -> None:
    def larger(stated: Any) -> Any:
        return Checkpoint(origin=stated.origin, size=stated.size + 1, root=stated.root)

    def another(stated: Any) -> Any:
        return Checkpoint(origin=stated.origin, size=stated.size, root=bytes(32))

    for kind in ("dsse", "hashedrekord-v2"):
        for change in (larger, another):
            bundle = sigstore.sign_statement(
                STATEMENT, entries=(kind,), entry={"checkpoint": change}
            )
            assert code(sigstore, bundle) == "trust.sigstore-checkpoint-mismatch"


def test_a_checkpoint_by_another_key(sigstore: Any, sigstore_kit: Kit) -> None:
    other = {"signed_by": sigstore_kit.make_key()}
    bundle = sigstore.sign_statement(STATEMENT, entry=other)
    assert code(sigstore, bundle) == "trust.sigstore-checkpoint-signature"
    hinted = sigstore.sign_statement(STATEMENT, entry={"hint": b"\0\0\0\0"})
    assert code(sigstore, hinted) == "trust.sigstore-checkpoint-signature"


def test_a_checkpoint_of_another_log(sigstore: Any) -> None:
    origin = {"origin": "log2027.rekor.test"}
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",), entry=origin)
    assert code(sigstore, bundle) == "trust.sigstore-checkpoint-origin"
    name = {"signed_as": "log2027.rekor.test"}
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",), entry=name)
    assert code(sigstore, bundle) == "trust.sigstore-checkpoint-signature"


def test_a_first_generation_log_signs_under_any_name(sigstore: Any) -> None:
    origin = {"origin": "rekor.internal - 17"}
    assert code(sigstore, sigstore.sign_statement(STATEMENT, entry=origin)) is None


def test_cosignatures_of_strangers_change_nothing(sigstore: Any) -> None:
    stranger = SignerKey.from_seed("witness.test", bytes(range(32)))
    again = SignerKey.from_seed(sigstore.second_log.host, bytes(range(32)))
    bundle = sigstore.sign_statement(
        STATEMENT, entries=("hashedrekord-v2",), entry={"cosigners": [stranger, again]}
    )
    assert code(sigstore, bundle) is None


def test_a_known_key_has_to_have_made_every_line_under_its_name(sigstore: Any) -> None:
    """C2SP signed-note: a second line with the key's id that does not verify refuses the note."""
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",))
    checkpoint = entry_of(bundle)["inclusionProof"]["checkpoint"]
    line = checkpoint["envelope"].splitlines()[-1]
    host, _, encoded = line.removeprefix("— ").partition(" ")
    checkpoint["envelope"] += f"— {host} {flipped(encoded)}\n"
    assert code(sigstore, bundle) == "trust.sigstore-checkpoint-signature"


def test_a_checkpoint_that_is_no_note(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    checkpoint = entry_of(bundle)["inclusionProof"]["checkpoint"]
    good = checkpoint["envelope"]
    for bad in (good[:-1], good.replace("\n\n", "\n"), "x", good.replace("\n9\n", "\n09\n")):
        checkpoint["envelope"] = bad
        assert code(sigstore, bundle) == "trust.sigstore-checkpoint"


def test_the_index_of_a_second_generation_entry_is_that_of_its_proof(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",))
    entry_of(bundle)["logIndex"] = "6"
    assert code(sigstore, bundle) == "trust.sigstore-inclusion"


# -- what the profile demands ----------------------------------------------------------------------


def test_the_second_generation_needs_a_timestamp(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, entries=("hashedrekord-v2",), stamps=0)
    assert code(sigstore, bundle) == "trust.sigstore-no-time"
    assert code(sigstore, bundle, profile=ProfileName.REKOR_V2) == "trust.sigstore-no-timestamp"


def test_the_profile_for_the_second_generation_refuses_the_first(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, stamps=1)
    assert code(sigstore, bundle, profile=ProfileName.REKOR_V2) == "trust.sigstore-entry-kind"


def test_githubs_profile_refuses_an_entry_it_cannot_check(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT, stamps=1)
    root = sigstore.trusted_root(tlogs=None, ctlogs=None)
    assert (
        code(sigstore, bundle, profile=ProfileName.GITHUB, root=root)
        == "trust.sigstore-log-unknown"
    )
    alone = sigstore.sign_statement(STATEMENT, entries=(), stamps=0)
    assert (
        code(sigstore, alone, profile=ProfileName.GITHUB, root=root)
        == "trust.sigstore-no-timestamp"
    )


def test_two_times_are_those_of_two_operators(sigstore: Any, sigstore_kit: Kit) -> None:
    bundle = sigstore.sign_statement(STATEMENT, stamps=2)
    two = {"times": 2}
    assert len(judge(sigstore, bundle).times) == 3
    assert code(sigstore, bundle, changes=two) == "trust.sigstore-no-time"
    written = sigstore.root()
    written["timestampAuthorities"][0]["operator"] = "tsa.test"
    root = sigstore_kit.encode(written)
    assert code(sigstore, bundle, changes=two, root=root) is None
    assert (
        code(sigstore, bundle, changes={"timestamp_operators": 2}, root=root)
        == "trust.sigstore-no-timestamp"
    )


def test_a_log_is_believed_in_its_window_ends_included(sigstore: Any, sigstore_kit: Kit) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    written = sigstore.root()
    window = written["tlogs"][0]["publicKey"]["validFor"]
    for start, end, expected in (
        (NOON, NOON, None),
        (NOON, None, None),
        (NOON - SECOND, NOON - SECOND / 1000, "trust.sigstore-log-expired"),
        (NOON + SECOND / 1000, None, "trust.sigstore-log-expired"),
    ):
        window["start"] = sigstore_kit.instant(start)
        window["end"] = None if end is None else sigstore_kit.instant(end)
        root = sigstore_kit.encode(written)
        assert code(sigstore, bundle, root=root) == expected


# -- managed keys ----------------------------------------------------------------------------------


def believed(kit: Kit, key: Any, **window: Instant | None) -> ManagedKey:
    return ManagedKey(public_key=PublicKey.parse(kit.pem(key)), **window)


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa"])
@pytest.mark.parametrize("entries", [(), ("dsse",), ("intoto",), ("hashedrekord-v2",)])
def test_a_managed_key(
    sigstore: Any, sigstore_kit: Kit, kind: str, entries: tuple[str, ...]
) -> None:
    private = sigstore_kit.make_key(kind)
    bundle = sigstore.sign_statement(STATEMENT, managed=private, entries=entries, stamps=0)
    key = believed(sigstore_kit, private)
    verified = judge(sigstore, bundle, profile=ProfileName.MANAGED_KEY, key=key, artifact=ARTIFACT)
    assert verified.signer == KeySigner(public_key=key.public_key)
    assert len(verified.log_entries) == len(entries)
    other = believed(sigstore_kit, sigstore_kit.make_key(kind))
    assert (
        code(sigstore, bundle, profile=ProfileName.MANAGED_KEY, key=other)
        == "trust.no-valid-signature"
    )


def test_a_managed_key_needs_no_root_when_nothing_needs_one(
    sigstore: Any, sigstore_kit: Kit
) -> None:
    private = sigstore_kit.make_key()
    profile = Profile.named(ProfileName.MANAGED_KEY, None)
    key = believed(sigstore_kit, private)

    def found(**knobs: Any) -> str | None:
        bundle = sigstore.sign_statement(STATEMENT, managed=private, **knobs)
        try:
            verify_bundle(
                json.dumps(bundle).encode(), artifact=None, root=None, profile=profile, key=key
            )
        except GatebookError as refusal:
            return refusal.code
        return None

    assert found(entries=(), stamps=0) is None
    assert found(entries=(), stamps=1) == "trust.sigstore-timestamp-unknown"
    assert found(entries=("dsse",)) == "trust.sigstore-log-unknown"


def test_a_managed_key_is_believed_at_the_signed_time(sigstore: Any, sigstore_kit: Kit) -> None:
    """CVE-2026-54787: the window is compared with every verified time."""
    private = sigstore_kit.make_key()
    noon = Instant.parse("2026-03-01T12:00:00Z")
    bundle = sigstore.sign_statement(STATEMENT, managed=private, stamps=2)

    def found(**window: Instant | None) -> str | None:
        key = believed(sigstore_kit, private, **window)
        return code(sigstore, bundle, profile=ProfileName.MANAGED_KEY, key=key)

    assert found(not_before=noon, not_after=Instant(noon.unix_ms + 1000)) is None
    assert found(not_before=noon, not_after=noon) == "trust.sigstore-key-expired"
    assert found(not_before=Instant(noon.unix_ms + 1)) == "trust.sigstore-key-expired"
    timeless = sigstore.sign_statement(STATEMENT, managed=private, entries=(), stamps=0)
    bounded = believed(sigstore_kit, private, not_after=noon)
    assert (
        code(sigstore, timeless, profile=ProfileName.MANAGED_KEY, key=bounded)
        == "trust.sigstore-no-time"
    )


def test_a_key_is_not_taken_from_the_bundle(sigstore: Any, sigstore_kit: Kit) -> None:
    """A hint that names the believed key does not make another key believed."""
    private, other = sigstore_kit.make_key(), sigstore_kit.make_key()
    bundle = sigstore.sign_statement(STATEMENT, managed=other, entries=())
    good = sigstore.sign_statement(STATEMENT, managed=private, entries=())
    bundle["verificationMaterial"]["publicKey"] = good["verificationMaterial"]["publicKey"]
    key = believed(sigstore_kit, private)
    assert (
        code(sigstore, bundle, profile=ProfileName.MANAGED_KEY, key=key)
        == "trust.no-valid-signature"
    )


def test_a_key_where_a_certificate_is_demanded_and_the_reverse(
    sigstore: Any, sigstore_kit: Kit
) -> None:
    private = sigstore_kit.make_key()
    by_key = sigstore.sign_statement(STATEMENT, managed=private)
    assert code(sigstore, by_key) == "trust.sigstore-signer-kind"
    by_certificate = sigstore.sign_statement(STATEMENT)
    key = believed(sigstore_kit, private)
    assert (
        code(sigstore, by_certificate, profile=ProfileName.MANAGED_KEY, key=key)
        == "trust.sigstore-signer-kind"
    )
    assert code(sigstore, by_certificate, key=key) == "trust.profile-key"
    assert code(sigstore, by_key, profile=ProfileName.MANAGED_KEY) == "trust.profile-key"


# -- certificates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({"usage": None}, "trust.sigstore-certificate-usage"),
        ({"usage": False}, "trust.sigstore-certificate-usage"),
        ({"purposes": None}, "trust.sigstore-certificate-usage"),
        (
            {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
            "trust.sigstore-certificate-usage",
        ),
        ({"is_authority": True}, "trust.sigstore-certificate-usage"),
        ({"is_authority": False}, None),
        ({"critical": ObjectIdentifier("1.2.3.4")}, "trust.sigstore-critical-extension"),
        (
            {"critical": ObjectIdentifier("1.3.6.1.4.1.11129.2.4.3")},
            "trust.sigstore-critical-extension",
        ),
        ({"key": "secp256k1"}, "trust.sigstore-certificate"),
    ],
)
def test_a_certificate_that_is_not_one_for_signing_code(
    sigstore: Any, knobs: Json, expected: str | None
) -> None:
    leaf = sigstore.leaf(**knobs)
    assert code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf)) == expected


def test_a_certificate_is_valid_at_its_ends_and_not_beyond(sigstore: Any) -> None:
    for start, end, expected in (
        (NOON, NOON + SECOND, None),
        (NOON - SECOND, NOON, None),
        (NOON + SECOND, NOON + 2 * SECOND, "trust.sigstore-certificate-expired"),
        (NOON - 2 * SECOND, NOON - SECOND, "trust.sigstore-certificate-expired"),
    ):
        leaf = sigstore.leaf(not_before=start, not_after=end)
        assert code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf)) == expected


def test_every_time_has_to_fit_the_certificate(sigstore: Any) -> None:
    """A good time of a log does not make up for a timestamp an hour later."""
    later = NOON + dt.timedelta(hours=1)
    bundle = sigstore.sign_statement(STATEMENT, stamps=1, stamped_at=later)
    assert code(sigstore, bundle) == "trust.sigstore-certificate-expired"


def test_a_certificate_of_a_stranger(sigstore: Any, sigstore_kit: Kit) -> None:
    stranger = sigstore_kit.an_authority("acme intermediate")
    leaf = sigstore.leaf(by=stranger)
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf)
    assert code(sigstore, bundle) == "trust.sigstore-chain"
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf, version="0.2")
    chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    chain.append({"rawBytes": base64.b64encode(stranger.der).decode()})
    assert code(sigstore, bundle) == "trust.sigstore-extra-certificates"
    # Ignored means ignored: the authority in the bundle is still not believed.
    assert code(sigstore, bundle, legacy_chain=True) == "trust.sigstore-chain"


def test_a_signer_that_tries_to_issue(sigstore: Any, sigstore_kit: Kit) -> None:
    """An end-entity certificate of the right authority is no authority (RFC 5280 §6.1.4 (k))."""
    mallory = sigstore_kit.an_authority(
        "mallory", by=sigstore.intermediate, is_authority=False, may_sign=False
    )
    bundle = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(by=mallory), version="0.2")
    chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    chain.append({"rawBytes": base64.b64encode(mallory.der).decode()})
    assert code(sigstore, bundle, legacy_chain=True) == "trust.sigstore-chain"


def test_an_authority_is_believed_in_its_window_ends_included(
    sigstore: Any, sigstore_kit: Kit
) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    written = sigstore.root()
    window = written["certificateAuthorities"][0]["validFor"]
    for start, end, expected in (
        (NOON, NOON, None),
        (NOON - SECOND, NOON - SECOND / 1000, "trust.sigstore-authority-expired"),
        (NOON + SECOND / 1000, None, "trust.sigstore-authority-expired"),
    ):
        window["start"] = sigstore_kit.instant(start)
        window["end"] = None if end is None else sigstore_kit.instant(end)
        assert code(sigstore, bundle, root=sigstore_kit.encode(written)) == expected


def test_an_intermediate_that_had_ended(sigstore: Any, sigstore_kit: Kit) -> None:
    """CVE-2026-24122: an expired intermediate, with a root that is still good."""
    ended = sigstore_kit.an_authority(
        "acme intermediate", by=sigstore.anchor, not_after=NOON - SECOND
    )
    bundle = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(by=ended))
    record = sigstore.authority_record(ended.der, sigstore.anchor.der)
    root = sigstore.trusted_root(certificateAuthorities=[record])
    assert code(sigstore, bundle, root=root) == "trust.sigstore-authority-expired"


def test_a_later_generation_of_an_authority_takes_over(sigstore: Any, sigstore_kit: Kit) -> None:
    """Two generations with one name: whichever issued the leaf and is good counts."""
    newer = sigstore_kit.an_authority("acme intermediate", by=sigstore.anchor)
    old = sigstore.authority_record(
        sigstore.intermediate.der, sigstore.anchor.der, end=sigstore_kit.instant(NOON - SECOND)
    )
    new = sigstore.authority_record(newer.der, sigstore.anchor.der)
    root = sigstore.trusted_root(certificateAuthorities=[old, new])
    by_new = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(by=newer))
    assert code(sigstore, by_new, root=root) is None
    by_old = sigstore.sign_statement(STATEMENT)
    assert code(sigstore, by_old, root=root) == "trust.sigstore-authority-expired"
    again = sigstore.authority_record(sigstore.intermediate.der, sigstore.anchor.der)
    root = sigstore.trusted_root(certificateAuthorities=[old, again])
    assert code(sigstore, by_old, root=root) is None


def test_a_certificate_that_cannot_be_read(sigstore: Any) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    certificate = bundle["verificationMaterial"]["certificate"]
    good = base64.b64decode(certificate["rawBytes"])
    for bad in (b"x", good[:-1], good + b"\0"):
        certificate["rawBytes"] = base64.b64encode(bad).decode()
        assert code(sigstore, bundle) == "trust.sigstore-certificate"


# -- signed certificate timestamps -----------------------------------------------------------------


def test_a_certificate_that_no_log_has_promised_to_show(sigstore: Any, sigstore_kit: Kit) -> None:
    none = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(promised_by=()))
    assert code(sigstore, none) == "trust.sigstore-no-sct"
    stranger = sigstore_kit.CertificateLog()
    unknown = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(promised_by=(stranger,)))
    assert code(sigstore, unknown) == "trust.sigstore-no-sct"
    both = sigstore.leaf(promised_by=(stranger, sigstore.certificate_log))
    assert code(sigstore, sigstore.sign_statement(STATEMENT, leaf=both)) is None


def test_two_promises_by_one_log_count_once(sigstore: Any) -> None:
    leaf = sigstore.leaf(promised_by=(sigstore.certificate_log,) * 2)
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf)
    assert code(sigstore, bundle) is None
    assert code(sigstore, bundle, changes={"sct_operators": 2}) == "trust.sigstore-no-sct"


def test_a_promise_for_another_certificate(sigstore: Any) -> None:
    other = sigstore.leaf(promised_by=()).certificate.tbs_certificate_bytes
    leaf = sigstore.leaf(promised_for=lambda _: other)
    bundle = sigstore.sign_statement(STATEMENT, leaf=leaf)
    assert code(sigstore, bundle) == "trust.sigstore-sct-signature"


def test_a_promise_with_one_changed_bit(sigstore: Any) -> None:
    leaf = sigstore.leaf(promise=lambda sct: sct[:-1] + bytes((sct[-1] ^ 1,)))
    assert (
        code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf))
        == "trust.sigstore-sct-signature"
    )


def test_a_promise_with_another_time_or_hash(sigstore: Any) -> None:
    later = sigstore.leaf(promise=lambda sct: sct[:40] + bytes((sct[40] ^ 1,)) + sct[41:])
    assert (
        code(sigstore, sigstore.sign_statement(STATEMENT, leaf=later))
        == "trust.sigstore-sct-signature"
    )

    def with_sha1(sct: bytes) -> bytes:
        place = sct.index(b"\x04\x03", 41)
        return sct[:place] + b"\x02" + sct[place + 1 :]

    weak = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(promise=with_sha1))
    assert code(sigstore, weak) == "trust.sigstore-sct"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        # The library reads these two with the certificate, and the time when asked for it.
        ("hash", "trust.sigstore-certificate"),
        ("algorithm", "trust.sigstore-certificate"),
        ("time", "trust.sigstore-sct"),
    ],
)
def test_a_promise_that_cannot_be_read(sigstore: Any, place: str, expected: str) -> None:
    def changed(sct: bytes) -> bytes:
        if place == "time":
            return sct[:33] + b"\xff" * 8 + sct[41:]
        start = sct.index(b"\x04\x03", 41) + (place == "algorithm")
        return sct[:start] + b"\x63" + sct[start + 1 :]

    bundle = sigstore.sign_statement(STATEMENT, leaf=sigstore.leaf(promise=changed))
    assert code(sigstore, bundle) == expected


def test_a_promise_cut_short(sigstore: Any) -> None:
    leaf = sigstore.leaf(promise=lambda sct: sct[:-10])
    found = code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf))
    assert found in {"trust.sigstore-certificate", "trust.sigstore-sct"}


def test_a_promise_with_extensions(sigstore: Any) -> None:
    """Static CT logs write the index of the leaf there."""
    leaf = sigstore.leaf(promise_extensions=b"\x00\x00\x05\x00\x00\x00\x00\x01")
    assert code(sigstore, sigstore.sign_statement(STATEMENT, leaf=leaf)) is None


def test_a_log_of_certificates_is_believed_in_its_window(sigstore: Any, sigstore_kit: Kit) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    written = sigstore.root()
    window = written["ctlogs"][0]["publicKey"]["validFor"]
    for end, expected in ((NOON, None), (NOON - SECOND / 1000, "trust.sigstore-sct-expired")):
        window["end"] = sigstore_kit.instant(end)
        assert code(sigstore, bundle, root=sigstore_kit.encode(written)) == expected


def test_the_key_of_a_log_of_certificates_is_that_of_the_root(
    sigstore: Any, sigstore_kit: Kit
) -> None:
    bundle = sigstore.sign_statement(STATEMENT)
    written = sigstore.root()
    other = sigstore_kit.make_key()
    raw = base64.b64encode(sigstore_kit.spki(other)).decode()
    written["ctlogs"][0]["publicKey"]["rawBytes"] = raw
    root = sigstore_kit.encode(written)
    assert code(sigstore, bundle, root=root) == "trust.sigstore-sct-signature"
