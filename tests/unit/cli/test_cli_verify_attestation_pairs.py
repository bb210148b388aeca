"""``gatebook verify attestation`` for npm packages and for verification summaries."""

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatebook.cli.main import cli
from gatebook.clock import Instant
from gatebook.errors import GatebookError, VerificationError
from gatebook.formats.dsse import Envelope, Signature
from gatebook.trust.keys import PublicKey
from gatebook.trust.request.package import PackageRequest, verify_package
from gatebook.trust.request.root import RequestRoot
from gatebook.trust.request.subject import RequestSubject
from gatebook.trust.request.verification import VerificationRequest
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.vsa import ExpectedDigest, VsaExpectations

HOSTED = "https://github.com/actions/runner/github-hosted"
NODEJS = (
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/"
    "builder_nodejs_slsa3.yml"
)
PACKAGES = {
    "gundam-visor-cli-v1-tag": ("ramonpetgrave64/gundam-visor", "gundam-visor", "1.0.1", HOSTED),
    "provenance-npm-test-cli-v02-prega": (
        *("laurentsimon/provenance-npm-test", "@laurentsimon/provenance-npm-test", "1.0.3"),
        HOSTED,
    ),
    "provenance-npm-test-ossf": (
        *("laurentsimon/provenance-npm-test", "@laurentsimon/provenance-npm-test", "1.0.5"),
        NODEJS,
    ),
}
PUBLISH, BUILD = 0, 1


def verify(*arguments: str | Path) -> tuple[str, dict[str, Any]]:
    """Run the command: the code of the refusal, empty if none, and the answer."""
    words = ["verify", "attestation", *map(str, arguments), "--json"]
    ran = CliRunner().invoke(cli, words)
    said = json.loads(ran.stdout) if ran.stdout else {}
    if ran.exit_code == 0:
        assert said["verified"] is True
        return "", said
    assert isinstance(ran.exception, GatebookError), ran.exception
    if isinstance(ran.exception, VerificationError):
        assert ran.exception.exit_status == 5
        assert said["verified"] is False
        assert said["reason"]["code"] == ran.exception.code
        assert not any(each["verified"] for each in said["documents"])
    else:
        assert ran.exception.exit_status == 2
        assert said == {}
    return ran.exception.code, said


class Shop:
    """Real packages, and what npm answers about them."""

    def __init__(self, attest: Path, place: Path) -> None:
        self.npm, self.roots, self.place = attest / "slsa" / "npm", attest / "trusted_roots", place

    def options(self, name: str, **changed: str | Path | None) -> list[str]:
        source, package, version, builder = PACKAGES[name]
        given: dict[str, str | Path | None] = {
            "--subject": self.npm / f"{name}.tgz",
            "--source-uri": f"github.com/{source}",
            "--builder-id": builder,
            "--package-name": package,
            "--package-version": version,
            **{f"--{key.replace('_', '-')}": value for key, value in changed.items()},
        }
        rest = [
            *("--trust-root", self.roots / "npm-keys.json"),
            *("--trust-root", self.roots / "public-good.json"),
            *("--allow", "legacy-chain", "--allow", "legacy-set-only"),
        ]
        named = [part for key, value in given.items() if value is not None for part in (key, value)]
        return [str(each) for each in (*named, *rest)]

    def answer(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.npm / f"{name}.tgz.json").read_bytes())
        return read

    def write(self, answer: dict[str, Any] | list[Any]) -> Path:
        path = self.place / "answer.json"
        path.write_text(json.dumps(answer))
        return path


@pytest.fixture
def shop(vectors: Path, tmp_path: Path) -> Shop:
    return Shop(vectors / "attest", tmp_path)


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_package_is_what_both_halves_say(shop: Shop, name: str) -> None:
    file = shop.npm / f"{name}.tgz.json"
    _, package, version, builder = PACKAGES[name]
    code, said = verify(file, *shop.options(name))
    assert code == ""
    assert said["package"] == {"name": package, "version": version}
    publish, build = said["documents"]
    assert publish["verified"] is build["verified"] is True
    assert (publish["signer"]["kind"], build["signer"]["kind"]) == ("key", "certificate")
    assert publish["builder"] is None
    # The npm command left the hosting out before provenance v1.
    assert builder.startswith(build["builder"].partition("@")[0])
    assert build["source"]["uri"].startswith("git+https://github.com/")
    assert publish["times"]
    assert build["times"]
    # Half of the question is answered as well: the other half has to agree all the same.
    for half in ({"package_name": None}, {"package_version": None}):
        assert verify(file, *shop.options(name, **half))[1]["package"] == said["package"]
    digest = f"sha512:{hashlib.sha512((shop.npm / f'{name}.tgz').read_bytes()).hexdigest()}"
    assert verify(file, *shop.options(name, subject=digest))[0] == ""


@pytest.mark.parametrize("name", sorted(PACKAGES))
@pytest.mark.parametrize(
    ("damaged", "codes"),
    [
        ("invalidsigprov", {"trust.no-valid-signature"}),
        ("invalidsigpub", {"trust.no-valid-signature", "trust.unknown-key"}),
    ],
)
def test_a_half_with_a_wrong_signature_refuses_the_pair(
    shop: Shop, name: str, damaged: str, codes: set[str]
) -> None:
    code, said = verify(shop.npm / f"{name}-{damaged}.tgz.json", *shop.options(name))
    assert code in codes
    found = {each["reason"]["code"] for each in said["documents"]}
    assert found == {code, "trust.npm-package"}
    assert said["package"]["name"] == PACKAGES[name][1]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"package_name": "gundam"}, "trust.npm-name-mismatch"),
        ({"package_version": "1.0.2"}, "trust.npm-version-mismatch"),
        ({"package_version": "1.0"}, "trust.npm-version-mismatch"),
        ({"subject": f"sha512:{'0' * 128}"}, "trust.subject-mismatch"),
        ({"source_uri": "github.com/ramonpetgrave64/gundam"}, "trust.slsa-source-mismatch"),
        ({"source_tag": "v1.0.2"}, "trust.slsa-tag-mismatch"),
        ({"source_tag": "v1.0.1"}, ""),
        ({"source_branch": "main"}, "trust.slsa-invalid-ref"),
        ({"builder_id": f"{HOSTED}2"}, "trust.slsa-builder-untrusted"),
        ({"builder_id": HOSTED.replace("github-", "self-")}, "trust.slsa-builder-mismatch"),
        ({"subject": f"sha256:{'0' * 64}"}, "trust.request-subject"),
        ({"builder_id": None}, "cli.builder-needed"),
        ({"source_uri": None}, "cli.signer-needed"),
        ({"predicate_type": "provenance"}, "cli.attestation-options"),
        ({"verifier_id": "https://verifier.example"}, "cli.attestation-options"),
        ({"profile": "managed-key"}, "cli.attestation-options"),
    ],
    ids=str,
)
def test_a_package_that_differs_in_one_point(
    shop: Shop, changed: dict[str, str | None], code: str
) -> None:
    name = "gundam-visor-cli-v1-tag"
    file = shop.npm / f"{name}.tgz.json"
    assert verify(file, *shop.options(name))[0] == ""
    assert verify(file, *shop.options(name, **changed))[0] == code


def test_the_caller_may_name_the_workflow_in_place_of_the_source(shop: Shop) -> None:
    name = "gundam-visor-cli-v1-tag"
    workflow = (
        "https://github.com/ramonpetgrave64/gundam-visor/.github/workflows/npm-publish.yml"
        "@refs/tags/v1.0.1"
    )
    by = {
        "source_uri": None,
        "certificate_identity": workflow,
        "certificate_oidc_issuer": "https://token.actions.githubusercontent.com",
    }
    file = shop.npm / f"{name}.tgz.json"
    assert verify(file, *shop.options(name, **by))[0] == ""
    other = {**by, "certificate_identity": workflow.replace("1.0.1", "1.0.2")}
    assert verify(file, *shop.options(name, **other))[0] == "trust.identity-subject"


def test_a_pair_is_two_and_each_half_has_its_signer(shop: Shop) -> None:
    name = "gundam-visor-cli-v1-tag"
    options = shop.options(name)
    publish, build = shop.answer(name)["attestations"]

    def code(*halves: dict[str, Any]) -> str:
        return verify(shop.write({"attestations": list(halves)}), *options)[0]

    assert code(publish, build) == code(build, publish) == ""
    assert code(publish, build, publish) == ""
    assert code(publish) == code(publish, publish) == "trust.npm-provenance-missing"
    assert code(build) == code(build, build) == "trust.npm-publish-missing"
    # The wrapper's word for what a half is counts for nothing.
    lying = {**publish, "predicateType": build["predicateType"]}
    assert code(lying, {**build, "predicateType": publish["predicateType"]}) == ""
    # One half of another package.
    other = shop.answer("provenance-npm-test-ossf")["attestations"]
    assert code(other[PUBLISH], build) == "trust.subject-mismatch"
    assert code(publish, other[BUILD]) == "trust.subject-mismatch"
    # What is said was changed after it was signed.
    for half, place in ((publish, PUBLISH), (build, BUILD)):
        changed = copy.deepcopy(half)
        envelope = changed["bundle"]["dsseEnvelope"]
        said = base64.b64decode(envelope["payload"]).replace(b"1.0.1", b"1.0.2")
        envelope["payload"] = base64.b64encode(said).decode()
        pair = [publish, build]
        pair[place] = changed
        assert code(*pair) in {"trust.no-valid-signature", "trust.unknown-key"}
    # More than anybody publishes.
    assert code(*([publish] * 17), build) == "trust.npm-package"
    # A form that is not read hides no half: its own fault is told.
    unread = {"bundle": {**build["bundle"], "mediaType": "application/vnd.dev.sigstore.bundle"}}
    assert code(publish, unread).startswith("formats.")


def test_a_registry_is_not_believed_by_default(shop: Shop) -> None:
    name = "gundam-visor-cli-v1-tag"
    file, options = shop.npm / f"{name}.tgz.json", shop.options(name)
    at = options.index("--trust-root")
    assert verify(file, *options[:at], *options[at + 2 :])[0] == "cli.signer-needed"
    # Another registry's key, in place of the list.
    pem = shop.place / "key.pem"
    pem.write_bytes(public_pem(Ed25519PrivateKey.generate()))
    without = [*options[:at], *options[at + 2 :]]
    assert verify(file, *without, "--key", pem)[0] == "trust.unknown-key"
    assert verify(file, *options, "--key", pem)[0] == "cli.attestation-options"
    # The same by its key alone.
    listed = json.loads((shop.roots / "npm-keys.json").read_bytes())["keys"]
    key = next(each for each in listed if each["keyUsage"] == "npm:attestations")
    raw = base64.b64decode(key["publicKey"]["rawBytes"])
    pem.write_bytes(
        serialization.load_der_public_key(raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert verify(file, *without, "--key", pem)[0] == ""


def test_a_package_for_people(shop: Shop) -> None:
    name = "gundam-visor-cli-v1-tag"
    file = shop.npm / f"{name}.tgz.json"
    ran = CliRunner().invoke(cli, ["verify", "attestation", str(file), *shop.options(name)])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("package gundam-visor 1.0.1\n")
    assert ran.stdout.count("verified:") == 2


# -- verification summaries ----------------------------------------------------------------------

IMAGE = "gce_image_id:8970095005306000053"
GKE = {
    "--subject": IMAGE,
    "--verifier-id": "https://bcid.corp.google.com/verifier/bcid_package_enforcer/v0.1",
    "--resource-uri": (
        "gce_image://gke-node-images:gke-12615-gke1418000-cos-101-17162-463-29-c-cgpv1-pre"
    ),
    "--verified-level": "SLSA_BUILD_LEVEL_2",
}


@pytest.mark.parametrize("empty", ["verifier_id", "resource_uri", "levels"])
def test_a_summary_of_nothing_cannot_be_asked_for(empty: str) -> None:
    good: dict[str, Any] = {"verifier_id": "v", "resource_uri": "r", "levels": ("L",)}
    VsaExpectations(**good)
    for nothing in [(), ("",), ("L", "")] if empty == "levels" else [""]:
        with pytest.raises(GatebookError) as refusal:
            VsaExpectations(**{**good, empty: nothing})
        assert refusal.value.code == "trust.vsa-expectation"


def test_requests_that_nothing_could_satisfy() -> None:
    key = ManagedKey(public_key=PublicKey.parse(public_pem(Ed25519PrivateKey.generate())))
    root, tarball = RequestRoot.of_keys([key]), RequestSubject.of_bytes(b"tarball")
    summary = VsaExpectations(verifier_id="v", resource_uri="r", levels=("L",))
    build = ProvenanceExpectations(builder_id=HOSTED, signer_is_expected=True)

    def request(**more: Any) -> VerificationRequest:
        given = {"subject": tarball, "root": root, "at": Instant.parse("2026-11-20T00:00:00Z")}
        return VerificationRequest(**{**given, **more})

    def code(make: Callable[[], object]) -> str:
        with pytest.raises(GatebookError) as refusal:
            make()
        return refusal.value.code

    named = RequestSubject(named=ExpectedDigest.parse("acme_id:7"))
    request(summary=summary, subject=named)
    assert code(lambda: request(subject=named)) == "trust.request-subject"
    assert code(lambda: request(summary=summary, build=build)) == "trust.request-summary"
    other = frozenset({"https://cyclonedx.org/bom"})
    assert code(lambda: request(summary=summary, predicate_types=other)) == "trust.request-summary"
    assert code(lambda: RequestSubject(named=named.named, digests=tarball.digests)) == (
        "trust.request-subject"
    )
    good = request(build=build)
    assert code(lambda: verify_package((), PackageRequest(request=good))) == "trust.no-attestation"
    for bad in (
        lambda: PackageRequest(request=request()),
        lambda: PackageRequest(request=request(summary=summary)),
        lambda: PackageRequest(request=request(build=build, predicate_types=other)),
        lambda: PackageRequest(request=good, name=""),
        lambda: PackageRequest(request=good, version=""),
    ):
        assert code(bad) == "trust.request-package"
    weak = request(build=build, subject=RequestSubject.of(tarball.by("sha256")))
    assert code(lambda: PackageRequest(request=weak)) == "trust.request-subject"


def listed(options: dict[str, str]) -> list[str]:
    return [part for pair in options.items() for part in pair]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, ""),
        ({"--verified-level": "BCID_L1"}, ""),
        ({"--verified-level": "SLSA_BUILD_LEVEL_1"}, ""),
        ({"--verified-level": "SLSA_BUILD_LEVEL_3"}, "trust.vsa-level-too-low"),
        ({"--verified-level": "SLSA_SOURCE_LEVEL_1"}, "trust.vsa-level-missing"),
        ({"--verified-level": "BCID_L0"}, "trust.vsa-level-missing"),
        ({"--verifier-id": "https://bcid.corp.google.com"}, "trust.vsa-verifier-mismatch"),
        ({"--resource-uri": "gce_image://gke-node-images"}, "trust.vsa-resource-mismatch"),
        ({"--subject": IMAGE[:-1]}, "trust.subject-mismatch"),
        ({"--subject": "gce_image_ID:8970095005306000053"}, "trust.subject-mismatch"),
        ({"--subject": f"sha256:{'0' * 64}"}, "trust.subject-mismatch"),
        ({"--subject": f"sha1:{'0' * 40}"}, "trust.vsa-digest"),
        ({"--subject": "gce_image_id:"}, "trust.vsa-digest"),
        ({"--predicate-type": "verification-summary"}, "cli.attestation-options"),
        ({"--source-uri": "github.com/a/b"}, "cli.attestation-options"),
        ({"--builder-id": "https://builder.example"}, "cli.attestation-options"),
    ],
    ids=str,
)
def test_a_summary_of_an_image_of_machines(
    vectors: Path, changed: dict[str, str], code: str
) -> None:
    place = vectors / "attest" / "slsa" / "vsa"
    file = place / "gke-gce-pre.bcid-vsa.jsonl"
    key = ("--key", place / "vsa_signing_public_key.pem")
    found, said = verify(file, *key, *listed({**GKE, **changed}))
    assert found == code
    if not code:
        assert said["subject"] == IMAGE
        assert said["digests"] == [IMAGE]
        assert said["documents"][0]["subject"] == IMAGE
        names = [check["name"] for check in said["documents"][0]["checks"]]
        assert names[-4:] == [f"summary: {rule}" for rule in RULES]


RULES = ("verifier", "resource", "result", "level")


def test_each_level_that_is_asked_for_counts(vectors: Path) -> None:
    place = vectors / "attest" / "slsa" / "vsa"
    asked = (
        *(place / "gke-gce-pre.bcid-vsa.jsonl", "--key", place / "vsa_signing_public_key.pem"),
        *listed(GKE),
    )
    assert verify(*asked, "--verified-level", "BCID_L1")[0] == ""
    assert verify(*asked, "--verified-level", "BCID_L2")[0] == "trust.vsa-level-missing"


@pytest.mark.parametrize("option", ["--verifier-id", "--resource-uri", "--verified-level"])
def test_a_summary_is_judged_by_all_three(vectors: Path, option: str) -> None:
    place = vectors / "attest" / "slsa" / "vsa"
    asked = {name: value for name, value in GKE.items() if name != option}
    key = ("--key", place / "vsa_signing_public_key.pem")
    code, _ = verify(place / "gke-gce-pre.bcid-vsa.jsonl", *key, *listed(asked))
    assert code == "cli.summary-incomplete"


def test_only_a_summary_is_about_other_names(vectors: Path) -> None:
    place = vectors / "attest" / "slsa" / "vsa"
    key = ("--key", place / "vsa_signing_public_key.pem")
    ran = CliRunner().invoke(
        cli,
        [
            *("verify", "attestation", str(place / "gke-gce-pre.bcid-vsa.jsonl")),
            *map(str, key),
            *("--subject", "gce_image_id:8970095005306000053"),
        ],
    )
    assert ran.exit_code != 0
    assert isinstance(ran.exception, GatebookError)
    assert not isinstance(ran.exception, VerificationError)


REASONS = {
    "ok.dsse.json": "",
    "unknown-field.dsse.json": "",
    "failed-result.dsse.json": "trust.vsa-not-passed",
    "wrong-digest.dsse.json": "trust.subject-mismatch",
    "wrong-verifier.dsse.json": "trust.vsa-verifier-mismatch",
    "wrong-key.dsse.json": "trust.no-valid-signature",
    "lower-level.dsse.json": "trust.vsa-level-too-low",
    "two-build-levels.dsse.json": "formats.vsa-levels",
}


def test_summaries_made_for_each_step(vectors: Path) -> None:
    place = vectors / "gates" / "vsa" / "made"
    described = json.loads((place / "expected.json").read_bytes())
    wanted = described["expect"]
    asked = [
        *("--key", place / described["public_key"]),
        *("--subject", f"sha256:{wanted['subject_sha256']}"),
        *("--verifier-id", wanted["verifier_id"], "--resource-uri", wanted["resource_uri"]),
        *("--verified-level", wanted["required_level"]),
    ]
    found = {name: verify(place / name, *asked)[0] for name in described["cases"]}
    assert set(found) == set(REASONS)
    for name, case in described["cases"].items():
        assert (found[name] == "") is (case["verdict"] == "valid"), name
    assert {
        name: code.replace("unknown-key", "no-valid-signature") for name, code in found.items()
    } == REASONS


Sign = Callable[..., Path]


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture
def sign(tmp_path: Path) -> Sign:
    """Sign a statement about a file; the key lies beside it."""
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(public_pem(key))
    (tmp_path / "app.bin").write_bytes(b"the artifact")

    def write(predicate_type: str, digest: dict[str, str], **predicate: Any) -> Path:
        payload = json.dumps(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"digest": digest}],
                "predicateType": predicate_type,
                "predicate": {
                    "verifier": {"id": "https://verifier.example"},
                    "resourceUri": "https://resource.example",
                    "policy": {"uri": "https://policy.example"},
                    "verificationResult": "PASSED",
                    "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
                    **predicate,
                },
            }
        ).encode()
        media_type = "application/vnd.in-toto+json"
        unsigned = Envelope(
            payload_type=media_type, payload=payload, signatures=(Signature(sig=b"-"),)
        )
        made = Envelope(
            payload_type=media_type,
            payload=payload,
            signatures=(Signature(sig=key.sign(unsigned.signed_bytes)),),
        )
        path = tmp_path / "summary.json"
        path.write_bytes(made.encode())
        return path

    return write


ASKED = (
    *("--verifier-id", "https://verifier.example", "--resource-uri", "https://resource.example"),
    *("--verified-level", "SLSA_BUILD_LEVEL_2"),
)
VSA = "https://slsa.dev/verification_summary/v1"


def test_a_summary_of_a_file(sign: Sign, tmp_path: Path) -> None:
    digests = {
        name: hashlib.new(name, b"the artifact").hexdigest() for name in ("sha256", "sha512")
    }
    asked = ("--key", tmp_path / "key.pem", *ASKED, "--subject", tmp_path / "app.bin")
    code, said = verify(sign(VSA, digests), *asked)
    assert code == ""
    assert said["documents"][0]["subject"] == f"sha512:{digests['sha512']}"
    # All that both sides know has to agree.
    lie = {**digests, "sha256": "0" * 64}
    assert verify(sign(VSA, lie), *asked)[0] == "trust.subject-mismatch"
    assert verify(sign(f"{VSA}.1", digests), *asked)[0] == "trust.predicate-type"
    failed = sign(VSA, digests, verificationResult="FAILED")
    assert verify(failed, *asked)[0] == "trust.vsa-not-passed"


def test_a_trust_root_is_asked_about_digests_only(sign: Sign, tmp_path: Path) -> None:
    file = sign(VSA, {"sha256": hashlib.sha256(b"the artifact").hexdigest(), "acme_id": "7"})
    pem = (tmp_path / "key.pem").read_text()
    indented = "".join(f"      {line}\n" for line in pem.splitlines())
    root = tmp_path / "root.yaml"
    root.write_text(
        "trust-root: gatebook/trust-root/v1\n"
        "keys:\n"
        "  - id: verifier\n"
        f"    public-key: |\n{indented}"
        "    holder: key#verifier\n"
        "    may-attest: [verification-summary]\n"
        "    repositories: any\n"
        "    environments: any\n"
    )
    asked = ("--trust-root", root, *ASKED)
    assert verify(file, *asked, "--subject", tmp_path / "app.bin")[0] == ""
    assert verify(file, *asked, "--subject", "acme_id:7")[0] == "trust.request-subject"
    by_key = ("--key", tmp_path / "key.pem", *ASKED)
    assert verify(file, *by_key, "--subject", "acme_id:7")[0] == ""
    assert verify(file, *by_key, "--subject", "acme_id:8")[0] == "trust.subject-mismatch"
