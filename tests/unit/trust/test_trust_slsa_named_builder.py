"""Builds whose builder only the caller can vouch for: a key signed, or another CI system."""

from typing import Any

import msgspec
import pytest

from gatebook.digest import DigestSet, sha256
from gatebook.errors import GatebookError
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.trust.identities.build_reference import SourceRepository
from gatebook.trust.identities.certificate import (
    CertificateIdentity,
    CertificateSubject,
    Provider,
    SubjectKind,
)
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.verify import verify_provenance

ARTIFACT = sha256(b"api-1.2.3.tar.gz")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUILDER = "https://ci.acme.example/builders/linux"
TAG = "refs/tags/v1.2.3"
GITLAB = CertificateIdentity(
    subject=CertificateSubject(
        kind=SubjectKind.URI, value=f"https://gitlab.com/acme/api//.gitlab-ci.yml@{TAG}"
    ),
    issuer="https://gitlab.com",
    provider=Provider.GITLAB,
    source=SourceRepository(host="git.acme.example", owner="acme", name="api"),
    source_ref=TAG,
    source_digest=COMMIT,
)


def built(builder: str = f"{BUILDER}@v2", *, sourced: bool = True) -> Statement:
    repository = "https://git.acme.example/acme/api"
    return Statement(
        subjects=(Subject(digests=DigestSet.of({"sha256": ARTIFACT.hex})),),
        predicate_type=SLSA_V1,
        predicate={
            "buildDefinition": {
                "buildType": LOCAL_BUILD_TYPE if sourced else "https://acme.example/own/v1",
                "externalParameters": {
                    "repository": repository,
                    "ref": TAG,
                    "inputs": {"level": "3"},
                },
                "resolvedDependencies": [
                    {"uri": f"git+{repository}@{TAG}", "digest": {"gitCommit": COMMIT}}
                ],
            },
            "runDetails": {"builder": {"id": builder}},
        },
    )


def verify(
    statement: Statement | None = None, signer: CertificateIdentity | None = None, **expected: Any
) -> SlsaBuild:
    expectations = ProvenanceExpectations(
        **{"builder_id": BUILDER, "source_uri": "git.acme.example/acme/api", **expected}
    )
    return verify_provenance(statement or built(), signer, expectations, subject=ARTIFACT)


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(GatebookError) as caught:
        verify(*args, **kwargs)
    return caught.value.code


def test_a_key_signed_build_is_what_was_expected() -> None:
    build = verify(
        builder_id=f"{BUILDER}@v2",
        source_tag="v1.2.3",
        source_versioned_tag="v1",
        workflow_inputs={"level": "3"},
    )
    assert (build.source, build.ref, build.commit) == (
        "git+https://git.acme.example/acme/api",
        TAG,
        COMMIT,
    )


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"builder_id": None}, "trust.slsa-builder-required"),
        ({"builder_id": f"{BUILDER}@v1"}, "trust.slsa-builder-mismatch"),
        ({"builder_id": BUILDER[:-1]}, "trust.slsa-builder-mismatch"),
        ({"source_uri": "git.acme.example/acme/web"}, "trust.slsa-source-mismatch"),
        ({"source_uri": "git.acme.example/acme"}, "trust.slsa-source-mismatch"),
        ({"source_uri": "gs://bucket/archive.tgz"}, "trust.slsa-expectation"),
        ({"source_branch": "main"}, "trust.slsa-invalid-ref"),
        ({"source_tag": "v1.2"}, "trust.slsa-tag-mismatch"),
        ({"source_versioned_tag": "v2"}, "trust.slsa-versioned-tag-mismatch"),
        ({"workflow_inputs": {"level": "4"}}, "trust.slsa-workflow-input-mismatch"),
    ],
)
def test_one_changed_expectation_is_refused(expected: dict[str, Any], code: str) -> None:
    assert refusal(**expected) == code


def test_a_source_nobody_can_read_is_not_the_expected_one() -> None:
    assert refusal(built(sourced=False)) == "trust.slsa-source-mismatch"
    assert verify(built(sourced=False), source_uri=None).source is None
    code = refusal(built(sourced=False), source_uri=None, source_tag="v1.2.3")
    assert code == "trust.slsa-invalid-ref"


def test_another_artifact_is_refused() -> None:
    with pytest.raises(GatebookError) as caught:
        verify_provenance(
            built(), None, ProvenanceExpectations(builder_id=BUILDER), subject=sha256(b"x")
        )
    assert caught.value.code == "trust.subject-mismatch"


def test_a_certificate_of_another_system_has_to_be_known_by_identity() -> None:
    assert refusal(signer=GITLAB) == "trust.slsa-issuer"
    verify(signer=GITLAB, signer_is_expected=True, source_tag="v1.2.3")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            {"source": SourceRepository(host="git.acme.example", owner="acme", name="web")},
            "trust.slsa-certificate-mismatch",
        ),
        ({"source_ref": "refs/heads/main"}, "trust.slsa-certificate-mismatch"),
        ({"source_digest": COMMIT[::-1]}, "trust.slsa-certificate-mismatch"),
        ({"source": None}, "trust.slsa-source-mismatch"),
    ],
)
def test_provenance_and_certificate_are_of_one_source(change: dict[str, Any], code: str) -> None:
    signer = msgspec.structs.replace(GITLAB, **change)
    assert refusal(signer=signer, signer_is_expected=True) == code
