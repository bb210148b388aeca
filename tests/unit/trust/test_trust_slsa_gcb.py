"""Builds on Google Cloud Build: keys, builder, recipe, source and what stands around them."""

import base64
import copy
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats.dsse import pae
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement
from gatebook.trust.keys import PublicKey
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.gcb import GCB_BUILDER, GCB_V0_1, verify_gcb
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.verify import verify_provenance

IMAGE = sha256(b"image")
KEYS = "projects/verified-builder/locations"
REGIONAL = f"{KEYS}/us-west2/keyRings/attestor/cryptoKeys/builtByGCB/cryptoKeyVersions/1"
GLOBAL_V0_1 = f"{KEYS}/global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1"
GLOBAL_V1 = f"{KEYS}/global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1"
SOURCE = "https://github.com/acme/api"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PublicKey.parse(
    KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
)
TRUSTED = {REGIONAL: PUBLIC, GLOBAL_V0_1: PUBLIC, GLOBAL_V1: PUBLIC}

V0_1: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": GCB_V0_1,
    "subject": [{"name": "api", "digest": {"sha256": IMAGE.hex}}],
    "predicate": {
        "builder": {"id": f"{GCB_BUILDER}@v0.3"},
        "recipe": {
            "type": "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1",
            "arguments": {
                "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.Build",
                "substitutions": {"TAG_NAME": "v1.2.3"},
            },
        },
        "metadata": {"buildStartedOn": "2026-01-01T00:00:00Z"},
        "materials": [{"uri": SOURCE, "digest": {"sha1": "a" * 40}}],
    },
}
V1: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://slsa.dev/provenance/v1",
    "subject": [{"name": "api", "digest": {"sha256": IMAGE.hex}}],
    "predicate": {
        "buildDefinition": {
            "buildType": "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
            "externalParameters": {
                "buildConfigSource": {"repository": f"git+{SOURCE}", "ref": "refs/tags/v1.2.3"}
            },
            "internalParameters": {"systemSubstitutions": {"TAG_NAME": "v1.2.3"}},
        },
        "runDetails": {"builder": {"id": GCB_BUILDER}},
    },
}


def put(document: Any, place: str, value: Any) -> Any:
    """A copy with a value at a dotted place; ``None`` takes away what is there."""
    made = copy.deepcopy(document)
    here = made
    *parents, last = [int(part) if part.isdecimal() else part for part in place.split(".")]
    for part in parents:
        here = here[part]
    here[last] = value
    if value is None:
        del here[last]
    return made


def described(statement: dict[str, Any], keyid: str, **changes: Any) -> dict[str, Any]:
    """What gcloud would print about the image, signed with our own key."""
    payload = json.dumps(statement).encode()
    signed = payload if keyid == REGIONAL else pae(PAYLOAD_TYPE, payload)
    sig = KEY.sign(signed, ec.ECDSA(hashes.SHA256()))
    text = copy.deepcopy(statement)
    if statement["predicateType"] == GCB_V0_1:
        text["slsaProvenance"] = text.pop("predicate")
    name = "intotoStatement" if "slsaProvenance" in text else "inTotoSlsaProvenanceV1"
    made: dict[str, Any] = {
        "image_summary": {
            "digest": str(IMAGE),
            "fully_qualified_digest": f"us-docker.pkg.dev/acme/api@{IMAGE}",
        },
        "provenance_summary": {
            "provenance": [
                {
                    "kind": "BUILD",
                    "resourceUri": f"https://us-docker.pkg.dev/acme/api@{IMAGE}",
                    "build": {name: text},
                    "envelope": {
                        "payloadType": PAYLOAD_TYPE,
                        "payload": base64.urlsafe_b64encode(payload).decode(),
                        "signatures": [
                            {"keyid": keyid, "sig": base64.urlsafe_b64encode(sig).decode()}
                        ],
                    },
                }
            ]
        },
    }
    for place, value in changes.items():
        made = put(made, place.replace("__", "."), value)
    return made


def verify(
    document: dict[str, Any],
    keys: dict[str, PublicKey] | None = None,
    subject: Digest = IMAGE,
    **expected: Any,
) -> SlsaBuild:
    return verify_gcb(
        json.dumps(document).encode(),
        ProvenanceExpectations(**{"source_uri": "github.com/acme/api", **expected}),
        subject=subject,
        keys=TRUSTED if keys is None else keys,
    )


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(GatebookError) as caught:
        verify(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("statement", "keyid"),
    [(V0_1, REGIONAL), (V0_1, GLOBAL_V0_1), (V1, GLOBAL_V1)],
    ids=["regional", "global v0.1", "global v1"],
)
def test_a_build_is_what_was_expected(statement: dict[str, Any], keyid: str) -> None:
    build = verify(
        described(statement, keyid),
        builder_id=GCB_BUILDER,
        source_tag="v1.2.3",
        source_versioned_tag="v1",
    )
    assert build.source == SOURCE
    assert build.builder.name == GCB_BUILDER


@pytest.mark.parametrize(
    ("statement", "keyid"),
    [(V1, REGIONAL), (V1, GLOBAL_V0_1), (V0_1, GLOBAL_V1), (V0_1, f"{REGIONAL}0"), (V0_1, "")],
    ids=["v1 regional", "v1 by v0.1", "v0.1 by v1", "another key", "no key"],
)
def test_a_key_signs_its_own_version_only(statement: dict[str, Any], keyid: str) -> None:
    assert refusal(described(statement, keyid)) == "trust.no-valid-signature"


def test_only_keys_that_were_given_count() -> None:
    assert refusal(described(V0_1, REGIONAL), {}) == "trust.no-valid-signature"
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = other.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    keys = {REGIONAL: PublicKey.parse(pem)}
    assert refusal(described(V0_1, REGIONAL), keys) == "trust.no-valid-signature"


def test_a_payload_signature_does_not_pass_for_a_dsse_one() -> None:
    # The regional keys sign the payload alone; the global ones bind its type.
    document = described(V0_1, REGIONAL)
    signature = document["provenance_summary"]["provenance"][0]["envelope"]["signatures"][0]
    signature["keyid"] = GLOBAL_V0_1
    assert refusal(document) == "trust.no-valid-signature"


PROVENANCE = "provenance_summary__provenance__0"


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (f"{PROVENANCE}__kind", "IMAGE", "trust.gcb-kind"),
        (f"{PROVENANCE}__kind", None, "trust.gcb-kind"),
        (f"{PROVENANCE}__resourceUri", f"https://x@{sha256(b'x')}", "trust.gcb-resource"),
        ("image_summary__digest", str(sha256(b"x")), "trust.gcb-summary"),
        ("image_summary__fully_qualified_digest", f"x@{sha256(b'x')}", "trust.gcb-summary"),
        ("image_summary", None, "trust.gcb-malformed"),
        (
            f"{PROVENANCE}__build__intotoStatement__slsaProvenance__materials",
            [],
            "trust.gcb-text",
        ),
        (f"{PROVENANCE}__build__intotoStatement__subject", [], "trust.gcb-text"),
        (f"{PROVENANCE}__build__intotoStatement", None, "trust.gcb-text"),
        (f"{PROVENANCE}__envelope__payloadType", "text/plain", "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope__payload", None, "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope__payload", 7, "trust.gcb-malformed"),
        (f"{PROVENANCE}__envelope__signatures", [], "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope__signatures__0__sig", "", "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope__signatures__0__sig", "*", "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope__signatures__0__sig", "A", "trust.no-valid-signature"),
        (f"{PROVENANCE}__envelope", None, "trust.gcb-malformed"),
        ("provenance_summary__provenance", [], "trust.gcb-malformed"),
        ("provenance_summary__provenance", {}, "trust.gcb-malformed"),
    ],
)
def test_one_change_around_the_statement_is_refused(place: str, value: Any, code: str) -> None:
    assert refusal(described(V0_1, REGIONAL, **{place: value})) == code


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("predicate.builder.id", f"{GCB_BUILDER}@v0.1", "trust.slsa-builder-untrusted"),
        ("predicate.builder.id", GCB_BUILDER, "trust.slsa-builder-untrusted"),
        ("predicate.builder.id", f"{GCB_BUILDER}@v0.2", "trust.slsa-build-type"),
        ("predicate.recipe.type", "https://acme.example/x@v0.1", "trust.slsa-build-type"),
        ("predicate.recipe.type", None, "trust.slsa-malformed"),
        ("predicate.recipe.arguments.@type", "x", "trust.slsa-builder-mismatch"),
        ("predicate.recipe.arguments.@type", None, "trust.slsa-malformed"),
        ("predicate.recipe.arguments.substitutions.TAG_NAME", 123, "trust.slsa-malformed"),
        ("predicate.recipe.arguments.substitutions.TAG_NAME", None, "trust.slsa-tag-mismatch"),
        ("predicate.recipe.arguments.substitutions", None, "trust.slsa-tag-mismatch"),
        ("predicate.materials", [], "trust.slsa-malformed"),
        ("predicate.materials.0.uri", f"{SOURCE}/commit/aa", "trust.slsa-source-mismatch"),
        ("predicate.materials.0.uri", f"{SOURCE}x", "trust.slsa-source-mismatch"),
        ("subject.0.digest.sha256", "0" * 64, "trust.subject-mismatch"),
    ],
)
def test_one_changed_claim_of_v0_1_is_refused(place: str, value: Any, code: str) -> None:
    document = described(put(V0_1, place, value), REGIONAL)
    assert refusal(document, source_tag="v1.2.3") == code


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("runDetails.builder.id", f"{GCB_BUILDER}@v1", "trust.slsa-builder-untrusted"),
        ("buildDefinition.buildType", "https://x", "trust.slsa-build-type"),
        (
            "buildDefinition.externalParameters.buildConfigSource.repository",
            f"git+{SOURCE}x",
            "trust.slsa-source-mismatch",
        ),
        (
            "buildDefinition.externalParameters.buildConfigSource.ref",
            "refs/heads/v1.2.3",
            "trust.slsa-tag-mismatch",
        ),
        (
            "buildDefinition.internalParameters.systemSubstitutions.TAG_NAME",
            "v1.2.4",
            "trust.slsa-tag-mismatch",
        ),
        ("buildDefinition.externalParameters", None, "trust.slsa-malformed"),
    ],
)
def test_one_changed_claim_of_v1_is_refused(place: str, value: Any, code: str) -> None:
    document = described(put(V1, f"predicate.{place}", value), GLOBAL_V1)
    assert refusal(document, source_tag="v1.2.3") == code


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"builder_id": f"{GCB_BUILDER}@v0.2"}, "trust.slsa-builder-mismatch"),
        ({"builder_id": f"{GCB_BUILDER}2"}, "trust.slsa-builder-mismatch"),
        ({"source_uri": "github.com/acme/web"}, "trust.slsa-source-mismatch"),
        ({"source_uri": "http://github.com/acme/api"}, "trust.slsa-source-mismatch"),
        ({"source_tag": "v1.2"}, "trust.slsa-tag-mismatch"),
        ({"source_versioned_tag": "v2"}, "trust.slsa-versioned-tag-mismatch"),
        ({"source_branch": "main"}, "trust.slsa-invalid-ref"),
        ({"workflow_inputs": {"a": "b"}}, "trust.slsa-workflow-input-mismatch"),
    ],
)
def test_one_changed_expectation_is_refused(expected: dict[str, Any], code: str) -> None:
    assert refusal(described(V0_1, REGIONAL), **expected) == code


@pytest.mark.parametrize(
    ("uri", "source", "holds"),
    [
        (f"{SOURCE}/commit/{'a' * 40}", "github.com/acme/api", True),
        (f"{SOURCE}/commit/{'a' * 40}", "github.com/acme", False),
        (SOURCE, "github.com/acme/api", False),
        ("gs://bucket/source/a.tgz#1", "gs://bucket/source/a.tgz", True),
        ("gs://bucket/source/a.tgz#1", "gs://bucket/source", False),
    ],
)
def test_builder_v0_2_adds_the_commit_or_the_generation(
    uri: str, source: str, *, holds: bool
) -> None:
    old = put(V0_1, "predicate.builder.id", f"{GCB_BUILDER}@v0.2")
    old = put(old, "predicate.recipe.type", f"{GCB_BUILDER}@v0.2")
    document = described(put(old, "predicate.materials.0.uri", uri), REGIONAL)
    if holds:
        verify(document, source_uri=source)
    else:
        assert refusal(document, source_uri=source) == "trust.slsa-source-mismatch"


def test_a_build_without_a_tag_has_no_version() -> None:
    untagged = put(V0_1, "predicate.recipe.arguments.substitutions.TAG_NAME", None)
    document = described(untagged, REGIONAL)
    verify(document)
    code = refusal(document, source_versioned_tag="v1")
    assert code == "trust.slsa-versioned-tag-mismatch"


def test_signatures_are_counted() -> None:
    document = described(V0_1, REGIONAL)
    envelope = document["provenance_summary"]["provenance"][0]["envelope"]
    envelope["signatures"] *= 17
    assert refusal(document) == "trust.gcb-malformed"


def test_a_key_given_under_a_name_that_is_not_googles_is_not_used() -> None:
    keys = {"acme": PUBLIC}
    assert refusal(described(V0_1, "acme"), keys) == "trust.no-valid-signature"


def test_the_second_provenance_may_be_the_signed_one() -> None:
    document = described(V0_1, REGIONAL)
    good = document["provenance_summary"]["provenance"][0]
    bad = put(good, "envelope.signatures.0.keyid", "")
    document["provenance_summary"]["provenance"] = [bad, good]
    verify(document)
    document["provenance_summary"]["provenance"] = [bad, bad]
    assert refusal(document) == "trust.no-valid-signature"


def test_a_statement_verified_by_a_key_of_the_trust_root_follows_the_same_rules() -> None:
    statement = Statement.parse(json.dumps(V1).encode())
    expectations = ProvenanceExpectations(
        source_uri="github.com/acme/api", builder_id=GCB_BUILDER, source_tag="v1.2.3"
    )
    build = verify_provenance(statement, None, expectations, subject=IMAGE)
    assert build.ref == "refs/tags/v1.2.3"
