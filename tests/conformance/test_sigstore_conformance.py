"""The public Sigstore conformance cases: every stated verdict, for the stated reason."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.trust.keys import PublicKey
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import CertificateSigner, KeySigner, VerifiedBundle
from gatebook.trust.sigstore.verify import verify_bundle

REASONS = {
    "bundle-empty-certificate-chain_fail": "formats.bundle-material",
    "bundle-malformed-json_fail": "canonical.not-json",
    "bundle-unknown-version_fail": "formats.bundle-version",
    "checkpoint-bad-keyhint_fail": "trust.sigstore-checkpoint-signature",
    "dsse-invalid-sig_fail": "trust.no-valid-signature",
    "dsse-mismatch-sig_fail": "trust.sigstore-entry-signature",
    "inclusion-proof-corrupted-hash_fail": "trust.sigstore-inclusion",
    "incorrect-public-key_fail": "trust.sigstore-entry-key",
    "intoto-log-entry-mismatch_fail": "trust.sigstore-entry-signature",
    "intoto-set-outside-signing-cert-validity_fail": "trust.sigstore-certificate-expired",
    "invalid-checkpoint-signature_fail": "trust.sigstore-checkpoint-signature",
    "managed-key-no-key_fail": "trust.sigstore-signer-kind",
    "message-digest-mismatch_fail": "trust.sigstore-message-digest",
    "rekor2-checkpoint-missing-log-signature_fail": "trust.sigstore-checkpoint-signature",
    "rekor2-checkpoint-missing-size_fail": "trust.sigstore-checkpoint",
    "rekor2-checkpoint-no-matching-signature_fail": "trust.sigstore-checkpoint-origin",
    "rekor2-dsse-invalid-sig_fail": "trust.no-valid-signature",
    "rekor2-dsse-mismatch-envelope_fail": "trust.sigstore-entry-digest",
    "rekor2-no-inclusion-proof_fail": "trust.sigstore-inclusion-missing",
    "rekor2-no-timestamp_fail": "trust.sigstore-no-time",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "trust.sigstore-timestamp-expired",
    # Its certificates are not in the order DER demands, so that nobody's name is read from it.
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "trust.sigstore-timestamp",
    # A line break in its base64 is refused before the time is looked at; see below.
    "rekor2-timestamp-with-incorrect-time_fail": "formats.not-base64",
    "set-invalid-signature_fail": "trust.sigstore-promise",
    "signature-mismatch_fail": "trust.no-valid-signature",
    "trust-root-tlog-missing-validity-start_fail": "formats.trusted-root-validity",
    "wrong-hashedrekord-artifact_fail": "trust.sigstore-entry-digest",
    "wrong-hashedrekord-cert-and-sig_fail": "trust.sigstore-entry-signature",
    "wrong-hashedrekord-entry_fail": "trust.sigstore-entry-digest",
    "wrong-material_fail": "trust.sigstore-message-digest",
}


@pytest.fixture
def suite(vectors: Path) -> Path:
    return vectors / "attest" / "sigstore-conformance"


def judge(case: dict[str, Any], folder: Path, *, by_digest: bool) -> VerifiedBundle:
    """Verify a case as the suite's client is asked to."""
    artifact = (folder / case["artifact"]).read_bytes()
    root = SigstoreRoot.parse((folder / case["trusted_root"]).read_bytes())
    key = None
    if case["key"] is not None:
        key = ManagedKey(public_key=PublicKey.parse((folder / case["key"]).read_bytes()))
    name = ProfileName.PUBLIC_GOOD if key is None else ProfileName.MANAGED_KEY
    return verify_bundle(
        (folder / "bundle.sigstore.json").read_bytes(),
        artifact=sha256(artifact) if by_digest else artifact,
        root=root,
        profile=Profile.named(name, root),
        key=key,
    )


@pytest.mark.parametrize("by_digest", [False, True], ids=["artifact", "digest"])
def test_every_case_is_judged_as_stated_and_for_the_stated_reason(
    suite: Path, *, by_digest: bool
) -> None:
    cases = json.loads((suite / "cases.json").read_bytes())
    wrong: list[str] = []
    for case in cases:
        name = case["case"]
        expected = None if case["expect"] == "pass" else REASONS.get(name, "a reason")
        try:
            verified = judge(case, suite / name, by_digest=by_digest)
        except GatebookError as refusal:
            found: str | None = refusal.code
        else:
            found = None
            kind = KeySigner if case["key"] else CertificateSigner
            if not isinstance(verified.signer, kind) or not verified.times:
                wrong.append(f"{name}: verified by {verified.signer} at {verified.times}")
        if found != expected and not (expected == "a reason" and found is not None):
            wrong.append(f"{name}: expected {expected}, found {found}")
    assert wrong == []
    assert len(cases) >= 42
    assert sum(case["expect"] == "pass" for case in cases) >= 12


def test_a_profile_of_the_roots_own_demands_agrees(suite: Path) -> None:
    """The profile ``private`` demands what these roots offer, which is the same."""
    wrong = []
    for case in json.loads((suite / "cases.json").read_bytes()):
        if case["expect"] != "pass" or case["key"] is not None:
            continue
        folder = suite / case["case"]
        root = SigstoreRoot.parse((folder / case["trusted_root"]).read_bytes())
        try:
            verify_bundle(
                (folder / "bundle.sigstore.json").read_bytes(),
                artifact=(folder / case["artifact"]).read_bytes(),
                root=root,
                profile=Profile.named(ProfileName.PRIVATE, root),
            )
        except GatebookError as refusal:
            wrong.append(f"{case['case']}: {refusal.code}")
    assert wrong == []


def test_the_incorrect_time_is_what_remains_once_the_line_break_is_gone(suite: Path) -> None:
    folder = suite / "rekor2-timestamp-with-incorrect-time_fail"
    bundle = json.loads((folder / "bundle.sigstore.json").read_bytes())
    times = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    times[0]["signedTimestamp"] = times[0]["signedTimestamp"].replace("\n", "")
    root = SigstoreRoot.parse((folder / "trusted_root.json").read_bytes())
    with pytest.raises(GatebookError) as refusal:
        verify_bundle(
            json.dumps(bundle).encode(),
            artifact=(suite / "a.txt").read_bytes(),
            root=root,
            profile=Profile.named(ProfileName.PUBLIC_GOOD, root),
        )
    assert refusal.value.code == "trust.sigstore-certificate-expired"


@pytest.fixture
def happy(suite: Path) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(
        (suite / "happy-path-intoto-in-dsse-v3" / "bundle.sigstore.json").read_bytes()
    )
    return bundle


def code_of(data: bytes, root: SigstoreRoot) -> str | None:
    profile = Profile.named(ProfileName.PUBLIC_GOOD, root)
    try:
        verify_bundle(data, artifact=None, root=root, profile=profile)
    except GatebookError as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (("tlogs", "publicKey"), "trust.sigstore-log-expired"),
        (("certificateAuthorities", None), "trust.sigstore-authority-expired"),
        (("ctlogs", "publicKey"), "trust.sigstore-sct-expired"),
    ],
)
def test_retired_trust_material_is_not_believed(
    suite: Path, happy: dict[str, Any], place: tuple[str, str | None], code: str
) -> None:
    written = json.loads((suite / "prod_trusted_root.json").read_bytes())
    name, inner = place
    for item in written[name]:
        window = (item if inner is None else item[inner])["validFor"]
        window["start"] = min(window["start"], "2021-01-01T00:00:00Z")
        window["end"] = "2021-06-01T00:00:00Z"
    root = SigstoreRoot.parse(json.dumps(written).encode())
    assert code_of(json.dumps(happy).encode(), root) == code


def test_what_two_readers_could_read_differently_is_refused(
    suite: Path, happy: dict[str, Any]
) -> None:
    root = SigstoreRoot.parse((suite / "prod_trusted_root.json").read_bytes())
    good = json.dumps(happy).encode()
    assert code_of(good, root) is None
    evil = b'{"dsseEnvelope": {"payload": "e30="}, ' + good[1:]
    twice = b'{"mediaType": "other", ' + good[1:]
    payload = happy["dsseEnvelope"]["payload"]
    probes = {
        evil: "canonical.duplicate-key",
        twice: "canonical.duplicate-key",
        good.replace(b'"mediaType"', b'"media_type"', 1): "formats.field-spelling",
        good.replace(payload[:8].encode(), payload[:8].encode() + b"*", 1): "formats.not-base64",
        good.replace(payload[:8].encode(), payload[:8].encode() + b"\\n", 1): "formats.not-base64",
        good.replace(
            b"application/vnd.in-toto+json", b"application/vnd.in-toto+jsom"
        ): "trust.no-valid-signature",
    }
    assert {code_of(data, root) for data in probes} == set(probes.values())
    assert {data: code_of(data, root) for data in probes} == probes


def test_an_unsigned_key_id_changes_nothing(suite: Path, happy: dict[str, Any]) -> None:
    root = SigstoreRoot.parse((suite / "prod_trusted_root.json").read_bytes())
    happy["dsseEnvelope"]["signatures"][0]["keyid"] = "somebody else"
    assert code_of(json.dumps(happy).encode(), root) is None


def test_changes_to_structure_are_refused(suite: Path, happy: dict[str, Any]) -> None:
    root = SigstoreRoot.parse((suite / "prod_trusted_root.json").read_bytes())
    good = json.dumps(happy)

    def code(change: Any) -> str | None:
        bundle = json.loads(good)
        change(bundle, bundle["verificationMaterial"])
        return code_of(json.dumps(bundle).encode(), root)

    def second_signature(bundle: Any, _: Any) -> None:
        bundle["dsseEnvelope"]["signatures"] *= 2

    def both_contents(bundle: Any, _: Any) -> None:
        bundle["messageSignature"] = {"signature": base64.b64encode(b"x").decode()}

    def no_promise(_: Any, material: Any) -> None:
        del material["tlogEntries"][0]["inclusionPromise"]

    def other_index(_: Any, material: Any) -> None:
        material["tlogEntries"][0]["logIndex"] = "1"

    def same_entry_twice(_: Any, material: Any) -> None:
        material["tlogEntries"] *= 2

    def no_entry(_: Any, material: Any) -> None:
        material["tlogEntries"] = []

    assert code(second_signature) == "formats.bundle-signatures"
    assert code(both_contents) == "formats.bundle-content"
    assert code(no_promise) == "trust.sigstore-no-time"
    assert code(other_index) == "trust.sigstore-promise"
    assert code(same_entry_twice) == "trust.sigstore-entry-duplicate"
    assert code(no_entry) == "trust.sigstore-no-log-entry"
