"""Real bundles of other projects, each with the verdict its source gives it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats.bundle import Bundle
from gatebook.formats.pep740 import read_pep740
from gatebook.trust.sigstore.managed_key import ManagedKey, read_managed_keys
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import SignedPayload, VerifiedBundle
from gatebook.trust.sigstore.verify import verify_bundle

VALID = "valid"


@pytest.fixture
def attest(vectors: Path) -> Path:
    return vectors / "attest"


def a_root(attest: Path, name: str) -> SigstoreRoot:
    return SigstoreRoot.parse((attest / "trusted_roots" / f"{name}.json").read_bytes())


def judge(
    bundle: bytes | Bundle,
    root: SigstoreRoot,
    *,
    profile: ProfileName = ProfileName.PUBLIC_GOOD,
    artifact: bytes | Digest | None = None,
    key: ManagedKey | None = None,
    **switches: bool,
) -> VerifiedBundle:
    return verify_bundle(
        bundle,
        artifact=artifact,
        root=root,
        profile=Profile.named(profile, root, **switches),
        key=key,
    )


def verdict(*args: Any, **named: Any) -> str:
    try:
        judge(*args, **named)
    except GatebookError as refusal:
        return refusal.code
    return VALID


def lines(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data] if path.suffix == ".json" else [line for line in data.splitlines() if line]


def test_github_bundles(attest: Path) -> None:
    public, github = a_root(attest, "public-good"), a_root(attest, "github")
    demo = "github_provenance_demo-0.0.12-py3-none-any-bundle"
    expected = {
        f"{demo}-missing-cert.jsonl": "formats.bundle-content",
        f"{demo}-missing-verification-material.jsonl": "formats.bundle",
        f"{demo}.jsonl": "trust.sigstore-timestamp-unknown",
        "github-private-attestation.sigstore.json": "trust.sigstore-timestamp-unknown",
        "reusable-workflow-attestation.sigstore.json": VALID,
        "sigstore-js-2.1.0-bundle-v0.1.json": VALID,
        "sigstore-js-2.1.0-bundle.json": VALID,
        "sigstore-js-2.1.0_with_2_bundles.jsonl": VALID,
        "sigstoreBundle-invalid-signature.json": "trust.no-valid-signature",
    }
    by_github = {
        **expected,
        f"{demo}.jsonl": VALID,
        "github-private-attestation.sigstore.json": VALID,
        "reusable-workflow-attestation.sigstore.json": "trust.sigstore-log-unknown",
        "sigstore-js-2.1.0-bundle-v0.1.json": "trust.sigstore-log-unknown",
        "sigstore-js-2.1.0-bundle.json": "trust.sigstore-log-unknown",
        "sigstore-js-2.1.0_with_2_bundles.jsonl": "trust.sigstore-log-unknown",
    }
    folder = attest / "github"
    assert {name: verdict(lines(folder / name)[0], public) for name in expected} == expected
    assert {
        name: verdict(lines(folder / name)[0], github, profile=ProfileName.GITHUB)
        for name in by_github
    } == by_github
    both = lines(folder / "sigstore-js-2.1.0_with_2_bundles.jsonl")
    assert [verdict(line, public) for line in both] == [VALID, VALID]


def test_a_github_bundle_is_about_the_artifact_beside_it(attest: Path) -> None:
    root = a_root(attest, "github")
    folder = attest / "github"
    demo = "github_provenance_demo-0.0.12-py3-none-any"
    bundle = (folder / f"{demo}-bundle.jsonl").read_bytes()
    artifact = (folder / f"{demo}.whl").read_bytes()
    for given in (artifact, sha256(artifact)):
        assert verdict(bundle, root, profile=ProfileName.GITHUB, artifact=given) == VALID
    assert (
        verdict(bundle, root, profile=ProfileName.GITHUB, artifact=artifact + b"\0")
        == "trust.subject-mismatch"
    )


def test_a_bundle_of_githubs_kind_does_not_pass_for_a_public_one(attest: Path) -> None:
    """Leaving out the log entry must not choose the weaker profile (profile downgrade)."""
    public = a_root(attest, "public-good")
    with pytest.raises(GatebookError) as refusal:
        Profile.named(ProfileName.GITHUB, public)
    assert refusal.value.code == "trust.profile-root"
    with pytest.raises(GatebookError) as refusal:
        Profile.named(ProfileName.PUBLIC_GOOD, a_root(attest, "github"))
    assert refusal.value.code == "trust.profile-root"


def test_pypi_attestations(attest: Path) -> None:
    expected = {
        "pypi_attestation_models-0.0.4a2.tar.gz": "public-good",
        "rfc8785-0.1.2-py3-none-any.whl": "staging",
    }
    for name, home in expected.items():
        root = a_root(attest, home)
        other = a_root(attest, "staging" if home == "public-good" else "public-good")
        artifact = (attest / "pypi" / name).read_bytes()
        found = sorted((attest / "pypi").glob(f"{name}.*"))
        assert len(found) >= 2
        for path in found:
            data = path.read_bytes()
            bundle: bytes | Bundle = data
            if path.name.endswith(".attestation"):
                (bundle,) = read_pep740(data)
            assert verdict(bundle, root, artifact=artifact) == VALID, path.name
            assert verdict(bundle, other) == "trust.sigstore-log-unknown", path.name
            assert judge(bundle, root).bundle_digest == sha256(data)


def test_a_provenance_object_holds_the_same_attestations(attest: Path) -> None:
    name = "rfc8785-0.1.2-py3-none-any.whl.attestation"
    attestation = json.loads((attest / "pypi" / name).read_bytes())
    publisher = {"kind": "GitHub", "repository": "acme/api"}
    provenance = {
        "version": 1,
        "attestation_bundles": [{"publisher": publisher, "attestations": [attestation] * 2}],
    }
    found = read_pep740(json.dumps(provenance).encode())
    assert [verdict(item, a_root(attest, "staging")) for item in found] == [VALID, VALID]


def with_authority(attest: Path, **members: str) -> SigstoreRoot:
    """The staging root with members of another root."""
    written = json.loads((attest / "trusted_roots" / "staging.json").read_bytes())
    for member, name in members.items():
        other = json.loads((attest / name).read_bytes())
        written[member] = other[member] if member in other else [*written[member], other]
    return SigstoreRoot.parse(json.dumps(written).encode())


def test_sigstore_python_bundles(attest: Path) -> None:
    folder = attest / "sigstore-python-assets"
    root = a_root(attest, "staging")
    expected = {
        "bundle_v3.txt": ("bundle_v3.txt.sigstore", VALID),
        "bundle_v3_alt.txt": ("bundle_v3_alt.txt.sigstore", VALID),
        "bundle.txt": ("bundle.txt.sigstore", "trust.sigstore-timestamp-unknown"),
        "bundle_cve_2022_36056.txt": (
            "bundle_cve_2022_36056.txt.sigstore",
            "trust.sigstore-entry-signature",
        ),
    }
    for name, (bundle, code) in expected.items():
        artifact = (folder / name).read_bytes()
        assert verdict((folder / bundle).read_bytes(), root, artifact=artifact) == code, name
    second = folder / "a.dsse.staging-rekor-v2.txt.sigstore.json"
    artifact = (attest / "sigstore-conformance" / "a.txt").read_bytes()
    for profile in (ProfileName.PUBLIC_GOOD, ProfileName.REKOR_V2, ProfileName.PRIVATE):
        assert verdict(second.read_bytes(), root, profile=profile, artifact=artifact) == VALID


def test_an_entry_left_out_is_missing(attest: Path) -> None:
    folder = attest / "sigstore-python-assets"
    data = (folder / "bundle_no_log_entry.txt.sigstore").read_bytes()
    artifact = (folder / "bundle_no_log_entry.txt").read_bytes()
    root = a_root(attest, "staging")
    # Made by a signer of its time: SHA-256 with a P-384 key.
    assert verdict(data, root, artifact=artifact) == "trust.no-valid-signature"
    for given in (artifact, sha256(artifact)):
        assert (
            verdict(data, root, artifact=given, legacy_hash=True) == "trust.sigstore-no-log-entry"
        )
    assert (
        verdict(data, root, artifact=artifact + b"!", legacy_hash=True)
        == "trust.sigstore-message-digest"
    )
    good = json.loads((folder / "bundle_v3.txt.sigstore").read_bytes())
    good["verificationMaterial"]["tlogEntries"] = []
    artifact = (folder / "bundle_v3.txt").read_bytes()
    assert (
        verdict(json.dumps(good).encode(), root, artifact=artifact) == "trust.sigstore-no-log-entry"
    )


def test_an_unknown_timestamp_is_ignored_on_request_or_believed_with_its_authority(
    attest: Path,
) -> None:
    folder = attest / "sigstore-python-assets"
    data, artifact = (
        (folder / name).read_bytes() for name in ("bundle.txt.sigstore", "bundle.txt")
    )
    root = a_root(attest, "staging")
    ignoring = judge(data, root, artifact=artifact, ignore_unverifiable_timestamps=True)
    assert len(ignoring.times) == 1
    assert "timestamp ignored" in [check.name for check in ignoring.checks]
    knowing = with_authority(attest, timestampAuthorities="sigstore-python-assets/ca.json")
    # The second of its two timestamps is over something else, whoever made it.
    assert verdict(data, knowing, artifact=artifact) == "trust.sigstore-timestamp-imprint"
    bundle = json.loads(data)
    del bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][1]
    assert len(judge(json.dumps(bundle).encode(), knowing, artifact=artifact).times) == 2


def test_a_timestamp_after_the_certificate_ended_refuses(attest: Path) -> None:
    """The log's time alone would do: every verified time has to fit."""
    folder = attest / "sigstore-python-assets"
    data = (folder / "bundle.txt.late_timestamp.sigstore").read_bytes()
    artifact = (folder / "bundle.txt").read_bytes()
    public = "trusted_roots/public-good.json"
    root = with_authority(attest, certificateAuthorities=public, ctlogs=public)
    assert verdict(data, root, artifact=artifact) == "trust.sigstore-certificate-expired"
    bundle = json.loads(data)
    del bundle["verificationMaterial"]["timestampVerificationData"]
    assert verdict(json.dumps(bundle).encode(), root, artifact=artifact) == VALID


def test_sigstore_go_bundles(attest: Path) -> None:
    folder = attest / "sigstore-go"
    public = a_root(attest, "public-good")
    legacy = (folder / "dsse.sigstore.json").read_bytes()
    assert verdict(legacy, public) == "trust.sigstore-extra-certificates"
    assert verdict(legacy, public, legacy_chain=True) == "trust.sigstore-inclusion-missing"
    assert verdict(legacy, public, legacy_set_only=True) == "trust.sigstore-extra-certificates"
    assert verdict(legacy, public, legacy_chain=True, legacy_set_only=True) == VALID
    assert verdict((folder / "cosign-oci-attestation.sigstore.json").read_bytes(), public) == VALID
    private = SigstoreRoot.parse((folder / "scaffolding.json").read_bytes())
    other_name = (folder / "othername.sigstore.json").read_bytes()
    artifact = Digest.parse(
        "sha256:bc103b4a84971ef6459b294a2b98568a2bfb72cded09d4acd1e16366a401f95b"
    )
    assert verdict(other_name, private, profile=ProfileName.PRIVATE, artifact=artifact) == VALID
    assert (
        verdict(other_name, private, profile=ProfileName.PRIVATE, artifact=sha256(b""))
        == "trust.sigstore-message-digest"
    )


def test_slsa_generators(attest: Path) -> None:
    root = a_root(attest, "public-good")
    cases = json.loads((attest / "slsa" / "cases.json").read_bytes())
    wrong = []
    for case in cases:
        data = (attest / "slsa" / case["file"]).read_bytes()
        expected = VALID if case["crypto_offline"].startswith("valid") else "formats.bundle"
        found = verdict(data, root)
        if found != expected:
            wrong.append(f"{case['file']}: expected {expected}, found {found}")
            continue
        if found == VALID:
            for subject in case["subjects"][:1]:
                digest = Digest("sha256", subject["sha256"])
                assert verdict(data, root, artifact=digest) == VALID
                assert verdict(data, root, artifact=sha256(b"another")) == "trust.subject-mismatch"
    assert wrong == []
    assert len(cases) >= 32
    module = (attest / "slsa" / "bcr" / "MODULE.bazel").read_bytes()
    bundle = (attest / "slsa" / "bcr" / "MODULE.bazel.intoto.jsonl").read_bytes()
    assert verdict(bundle, root, artifact=module) == VALID


def npm_keys(attest: Path) -> Iterator[ManagedKey]:
    for named in read_managed_keys((attest / "trusted_roots" / "npm-keys.json").read_bytes()):
        if named.usage == "npm:attestations":
            yield named.key


def test_npm_pairs(attest: Path) -> None:
    root = a_root(attest, "public-good")
    key = next(npm_keys(attest))
    files = sorted((attest / "slsa" / "npm").glob("*.json"))
    assert len(files) >= 9
    for path in files:
        for item in json.loads(path.read_bytes())["attestations"]:
            bundle = json.dumps(item["bundle"]).encode()
            artifact = path.with_suffix("").read_bytes()
            is_publish = "publicKey" in item["bundle"]["verificationMaterial"]
            name: dict[str, Any] = (
                {"profile": ProfileName.MANAGED_KEY, "key": key} if is_publish else {}
            )
            broken = "invalidsigpub" if is_publish else "invalidsigprov"
            expected = "trust.no-valid-signature" if broken in path.name else VALID
            strict = verdict(bundle, root, artifact=artifact, **name)
            lenient = verdict(
                bundle, root, artifact=artifact, legacy_chain=True, legacy_set_only=True, **name
            )
            assert lenient == expected, path.name
            if "gundam" in path.name:
                assert strict == expected, path.name
            else:
                # Made before version 0.2: roots in the chain, promises without proofs.
                assert strict in {
                    "trust.sigstore-extra-certificates",
                    "trust.sigstore-inclusion-missing",
                    "trust.no-valid-signature",
                }, path.name


def test_an_npm_key_is_believed_in_its_window_only(attest: Path) -> None:
    root = a_root(attest, "public-good")
    old, new = npm_keys(attest)
    path = attest / "slsa" / "npm" / "gundam-visor-cli-v1-tag.tgz.json"
    publish = json.dumps(json.loads(path.read_bytes())["attestations"][0]["bundle"]).encode()
    at = judge(publish, root, profile=ProfileName.MANAGED_KEY, key=old).times[0].at
    for window, code in (
        ({"not_before": at, "not_after": at}, VALID),
        ({"not_before": at, "not_after": None}, VALID),
        ({"not_after": type(at)(at.unix_ms - 1)}, "trust.sigstore-key-expired"),
        ({"not_before": type(at)(at.unix_ms + 1)}, "trust.sigstore-key-expired"),
    ):
        key = ManagedKey(public_key=old.public_key, **window)
        assert verdict(publish, root, profile=ProfileName.MANAGED_KEY, key=key) == code
    assert (
        verdict(publish, root, profile=ProfileName.MANAGED_KEY, key=new)
        == "trust.no-valid-signature"
    )


def test_the_payload_is_what_was_signed(attest: Path) -> None:
    path = attest / "github" / "reusable-workflow-attestation.sigstore.json"
    verified = judge(path.read_bytes(), a_root(attest, "public-good"))
    assert isinstance(verified.content, SignedPayload)
    assert json.loads(verified.content.payload)["predicateType"].startswith("https://slsa.dev/")


def test_certificates_of_leaves_and_authorities(attest: Path) -> None:
    from gatebook.trust.sigstore.certificates import (
        CODE_SIGNING,
        check_code_signing,
        read_authority_certificate,
        read_certificate,
    )

    def der(name: str) -> bytes:
        found = x509.load_pem_x509_certificate((attest / "x509" / name).read_bytes())
        from cryptography.hazmat.primitives.serialization import Encoding

        return found.public_bytes(Encoding.DER)

    def as_leaf(name: str) -> str:
        try:
            check_code_signing(read_certificate(der(name)))
        except GatebookError as refusal:
            return refusal.code
        return VALID

    def as_authority(name: str) -> str:
        try:
            read_authority_certificate(der(name), purpose=CODE_SIGNING)
        except GatebookError as refusal:
            return refusal.code
        return VALID

    names = sorted(path.name for path in (attest / "x509").glob("*.pem"))
    leaves = {name: as_leaf(name) for name in names}
    assert [name for name, found in leaves.items() if found == VALID] == ["bogus-leaf.pem"]
    assert set(leaves.values()) == {VALID, "trust.sigstore-certificate-usage"}
    authorities = {name: as_authority(name) for name in names}
    assert [name for name, found in authorities.items() if found == VALID] == [
        "bogus-intermediate-with-eku.pem",
        "bogus-intermediate.pem",
        "bogus-root.pem",
    ]
    assert set(authorities.values()) == {VALID, "trust.sigstore-root-certificate"}
