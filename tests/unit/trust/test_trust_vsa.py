"""Verification summaries are believed only for what was asked: each rule by one change."""

import json
from pathlib import Path
from typing import Any

import pytest

from gatebook.digest import Digest, DigestSet
from gatebook.errors import GatebookError, MalformedError, UsageError, VerificationError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.vsa import VSA_V0_2, VSA_V1, VerificationSummary
from gatebook.trust.keys import PublicKey
from gatebook.trust.vsa import ExpectedDigest, check_vsa

A, B, C = "a" * 64, "b" * 64, "c" * 128
VERIFIER = "https://gate.acme.example/v1"
RESOURCE = "https://registry.acme.example/api"

PASSED: dict[str, Any] = {
    "verifier": {"id": VERIFIER},
    "resourceUri": RESOURCE,
    "policy": {"uri": "https://acme.example/policy/prod"},
    "verificationResult": "PASSED",
    "verifiedLevels": ["SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_UNEVALUATED", "ACME_RELEASED"],
}


def check(
    predicate: dict[str, Any] | None = None,
    *,
    predicate_type: str = VSA_V1,
    subjects: tuple[dict[str, str], ...] = ({"sha256": A, "sha512": C}, {"sha256": B}),
    verifier_id: str = VERIFIER,
    resource_uri: str = RESOURCE,
    levels: tuple[str, ...] = ("SLSA_BUILD_LEVEL_2",),
    digests: tuple[str, ...] = (f"sha256:{A}",),
) -> VerificationSummary:
    statement = Statement(
        subjects=tuple(Subject(digests=DigestSet.of(digest)) for digest in subjects),
        predicate_type=predicate_type,
        predicate={**PASSED, **(predicate or {})},
    )
    return check_vsa(
        statement,
        verifier_id=verifier_id,
        resource_uri=resource_uri,
        levels=levels,
        digests=tuple(ExpectedDigest.parse(text) for text in digests),
    )


def refusal(**question: Any) -> str:
    with pytest.raises(VerificationError) as refused:
        check(**question)
    return refused.value.code


def test_a_summary_that_says_everything_asked_for_passes() -> None:
    assert check().verifier_id == VERIFIER


@pytest.mark.parametrize("level", ["SLSA_BUILD_LEVEL_0", "SLSA_BUILD_LEVEL_1"])
def test_a_level_implies_those_below_it(level: str) -> None:
    check(levels=(level,))


@pytest.mark.parametrize(
    "digests", [(f"sha256:{A}", f"sha512:{C}"), (f"sha256:{B}",), (f"sha256:{A}", f"sha256:{B}")]
)
def test_every_digest_asked_for_is_a_subject(digests: tuple[str, ...]) -> None:
    check(digests=digests)


def test_properties_are_compared_exactly() -> None:
    check(levels=("ACME_RELEASED", "SLSA_SOURCE_LEVEL_UNEVALUATED", "SLSA_BUILD_LEVEL_1"))


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"digests": (f"sha256:{'d' * 64}",)}, "vsa-subject-mismatch"),
        ({"digests": (f"sha256:{A}", f"sha256:{'d' * 64}")}, "vsa-subject-mismatch"),
        ({"digests": (f"sha384:{'a' * 96}",)}, "vsa-subject-mismatch"),
        ({"subjects": ({"sha1": "a" * 40},)}, "vsa-subject-mismatch"),
        ({"verifier_id": f"{VERIFIER}/"}, "vsa-verifier-mismatch"),
        ({"predicate": {"verifier": {"id": "https://evil.example"}}}, "vsa-verifier-mismatch"),
        ({"resource_uri": f"{RESOURCE}/"}, "vsa-resource-mismatch"),
        ({"resource_uri": RESOURCE.upper()}, "vsa-resource-mismatch"),
        ({"predicate": {"verificationResult": "FAILED"}}, "vsa-not-passed"),
        ({"levels": ("SLSA_BUILD_LEVEL_3",)}, "vsa-level-too-low"),
        ({"levels": ("SLSA_SOURCE_LEVEL_0",)}, "vsa-level-too-low"),
        ({"levels": ("SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3")}, "vsa-level-too-low"),
        ({"levels": ("SLSA_DEPENDENCY_LEVEL_1",)}, "vsa-level-missing"),
        ({"levels": ("SLSA_BUILD_LEVEL_UNEVALUATED",)}, "vsa-level-missing"),
        ({"levels": ("acme_released",)}, "vsa-level-missing"),
        ({"levels": ("ACME",)}, "vsa-level-missing"),
        ({"levels": ("SLSA_BUILD_LEVEL2",)}, "vsa-level-missing"),
        ({"predicate": {"verifiedLevels": []}}, "vsa-level-missing"),
    ],
    ids=str,
)
def test_each_rule_refuses_for_its_own_reason(question: dict[str, Any], code: str) -> None:
    check()
    assert refusal(**question) == f"trust.{code}"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (
            {"predicate": {"verifiedLevels": ["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3"]}},
            "vsa-levels",
        ),
        ({"predicate": {"verifiedLevels": ["SLSA_BUILD_LEVEL_2", "FAILED"]}}, "vsa-result"),
        ({"predicate": {"policy": {}}}, "vsa"),
        ({"predicate_type": VSA_V0_2}, "vsa"),
        ({"predicate_type": "https://slsa.dev/provenance/v1"}, "vsa-version"),
    ],
    ids=str,
)
def test_what_is_no_summary_is_refused_as_such(question: dict[str, Any], code: str) -> None:
    assert refusal(**question) == f"formats.{code}"


@pytest.mark.parametrize(
    "question",
    [{"levels": ()}, {"digests": ()}, {"verifier_id": ""}, {"resource_uri": ""}],
    ids=str,
)
def test_nothing_asked_is_no_answer(question: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        check(**question)
    assert refused.value.code == "trust.vsa-expectation"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        ":abc",
        f"sha256:{A.upper()}",
        f"sha256:{A[:-1]}",
        f"sha1:{'a' * 40}",
        f"SHA1:{'a' * 40}",
        f"md5:{'a' * 32}",
        "gce_image_id:7\n",
        f"gce_image_id:{'7' * 1025}",
    ],
    ids=lambda text: text[:20],
)
def test_a_digest_that_identifies_nothing_cannot_be_asked_for(text: str) -> None:
    with pytest.raises(MalformedError):
        ExpectedDigest.parse(text)


def test_an_image_may_be_known_by_its_id_and_a_source_by_its_commit() -> None:
    image, commit = "gce_image_id:8970095005306000053", f"gitCommit:{'c' * 40}"
    subjects = ({"gce_image_id": "8970095005306000053"}, {"gitCommit": "c" * 40})
    check(subjects=subjects, digests=(image, commit))
    assert str(ExpectedDigest.parse(image)) == image
    assert ExpectedDigest.of(Digest("sha256", A)) == ExpectedDigest.parse(f"sha256:{A}")


# -- real ones -------------------------------------------------------------------------------------


STEPS = {
    "ok.dsse.json": None,
    "unknown-field.dsse.json": None,
    "wrong-key.dsse.json": "trust.no-valid-signature",
    "wrong-digest.dsse.json": "trust.vsa-subject-mismatch",
    "wrong-verifier.dsse.json": "trust.vsa-verifier-mismatch",
    "failed-result.dsse.json": "trust.vsa-not-passed",
    "lower-level.dsse.json": "trust.vsa-level-too-low",
    "two-build-levels.dsse.json": "formats.vsa-levels",
}


def _verify(envelope: bytes, key: PublicKey, **expected: Any) -> VerificationSummary:
    read = Envelope.parse(envelope)
    (signature,) = read.signatures
    key.check(signature.sig, read.signed_bytes)
    return check_vsa(Statement.parse(read.payload), **expected)


def test_each_made_summary_gets_its_verdict_for_its_reason(vectors: Path) -> None:
    folder = vectors / "gates/vsa/made"
    expected = json.loads((folder / "expected.json").read_bytes())
    key = PublicKey.parse((folder / expected["public_key"]).read_bytes())
    asked = expected["expect"]
    found: dict[str, str | None] = {}
    for name in expected["cases"]:
        try:
            _verify(
                (folder / name).read_bytes(),
                key,
                verifier_id=asked["verifier_id"],
                resource_uri=asked["resource_uri"],
                levels=(asked["required_level"],),
                digests=(ExpectedDigest.parse(f"sha256:{asked['subject_sha256']}"),),
            )
            found[name] = None
        except GatebookError as error:
            found[name] = error.code
    valid = {name for name, case in expected["cases"].items() if case["verdict"] == "valid"}
    assert {name for name, code in found.items() if code is None} == valid
    assert found == STEPS


GOOGLE = {
    "verifier_id": "https://bcid.corp.google.com/verifier/bcid_package_enforcer/v0.1",
    "resource_uri": "gce_image://gke-node-images:gke-12615-gke1418000-cos-101-17162-463-29-c-cgpv1-pre",
    "levels": ("BCID_L1", "SLSA_BUILD_LEVEL_2"),
    "digests": (ExpectedDigest.parse("gce_image_id:8970095005306000053"),),
}


@pytest.mark.parametrize("folder", ["attest/slsa/vsa", "gates/vsa"])
def test_googles_summary_has_a_raw_signature(vectors: Path, folder: str) -> None:
    key = PublicKey.parse((vectors / folder / "vsa_signing_public_key.pem").read_bytes())
    envelope = (vectors / folder / "gke-gce-pre.bcid-vsa.jsonl").read_bytes()
    summary = _verify(envelope, key, **GOOGLE)
    assert summary.verified_levels == GOOGLE["levels"]
    changes: list[tuple[dict[str, Any], str]] = [
        ({"levels": ("SLSA_BUILD_LEVEL_3",)}, "trust.vsa-level-too-low"),
        ({"levels": ("BCID_L0",)}, "trust.vsa-level-missing"),
        ({"verifier_id": "https://bcid.corp.google.com"}, "trust.vsa-verifier-mismatch"),
        ({"resource_uri": "gce_image://gke-node-images"}, "trust.vsa-resource-mismatch"),
        ({"digests": (ExpectedDigest.parse("gce_image_id:8"),)}, "trust.vsa-subject-mismatch"),
    ]
    for change, code in changes:
        with pytest.raises(VerificationError) as refused:
            _verify(envelope, key, **{**GOOGLE, **change})
        assert refused.value.code == code
