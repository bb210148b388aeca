"""Builds on GitHub Actions: each rule refuses what differs from a good build in one point."""

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gatebook.canonical import JsonObject
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.errors import GatebookError
from gatebook.formats.intoto import Statement, Subject
from gatebook.trust.identities.build_reference import Run, SourceRepository, parse_github_reference
from gatebook.trust.identities.certificate import (
    GITHUB_ISSUER,
    CertificateIdentity,
    CertificateSubject,
    Provider,
    SubjectKind,
)
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.refusals import ExpectationError
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.verify import verify_provenance

ARTIFACT = sha256(b"api-1.2.3.tar.gz")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = "git+https://github.com/acme/api"
TAG = "refs/tags/v1.2.3"
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator"
GENERIC = f"{GENERATOR}/.github/workflows/generator_generic_slsa3.yml"
DELEGATOR = f"{GENERATOR}/.github/workflows/delegator_generic_slsa3.yml"
SHARED = "https://github.com/acme/workflows/.github/workflows/build.yml"
TRW = "https://github.com/acme/builders/.github/workflows/builder_rust_slsa3.yml"

Change = Callable[[dict[str, Any]], object]


def put(place: str, value: Any) -> Change:
    """Put a value at a dotted place; ``None`` takes away what is there."""

    def change(document: Any) -> None:
        *parents, last = [int(part) if part.isdecimal() else part for part in place.split(".")]
        for part in parents:
            document = document[part]
        document[last] = value
        if value is None:
            del document[last]

    return change


def identity(workflow: str, ref: str = TAG, **changes: Any) -> CertificateIdentity:
    """The certificate of ``workflow``, called by acme/api at ``ref``."""
    own = "https://github.com/acme/api"
    made = CertificateIdentity(
        subject=CertificateSubject(kind=SubjectKind.URI, value=workflow),
        issuer=GITHUB_ISSUER,
        provider=Provider.GITHUB,
        signer=parse_github_reference(workflow),
        source=SourceRepository(host="github.com", owner="acme", name="api"),
        source_digest=COMMIT,
        source_ref=ref,
        build_config=parse_github_reference(f"{own}/.github/workflows/release.yml@{ref}"),
        trigger="push",
        run=Run(uri=f"{own}/actions/runs/7/attempts/1", id="7", attempt="1"),
        runner_environment="github-hosted",
    )
    return msgspec.structs.replace(made, **changes)


def statement(predicate: JsonObject, predicate_type: str) -> Statement:
    subject = Subject(name="api", digests=DigestSet.of({"sha256": ARTIFACT.hex}))
    return Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)


def generic(ref: str = TAG, event: str = "push") -> dict[str, Any]:
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    return {
        "builder": {"id": f"{GENERIC}@refs/tags/v2.1.0"},
        "buildType": f"{GENERATOR}/generic@v1",
        "invocation": {
            "configSource": {
                "uri": f"{SOURCE}@{ref}",
                "digest": {"sha1": COMMIT},
                "entryPoint": ".github/workflows/release.yml",
            },
            "parameters": {},
            "environment": {
                "github_event_name": event,
                "github_event_payload": {
                    "base_ref": "refs/heads/main",
                    "inputs": {"level": "3", "number": 3},
                    "release": {"target_commitish": "stable"},
                },
                "github_base_ref": "",
                "github_ref": ref,
                "github_ref_type": kind,
            },
        },
        "materials": [{"uri": f"{SOURCE}@{ref}", "digest": {"sha1": COMMIT}}],
    }


def delegated(ref: str = TAG) -> dict[str, Any]:
    return {
        "buildDefinition": {
            "buildType": f"{GENERATOR}/delegator-generic@v0",
            "externalParameters": {"inputs": {}},
            "internalParameters": {
                "GITHUB_WORKFLOW_REF": f"acme/api/.github/workflows/release.yml@{ref}",
                "GITHUB_EVENT_NAME": "push",
                "GITHUB_EVENT_PAYLOAD": {"base_ref": "refs/heads/main"},
                "GITHUB_BASE_REF": "",
                "GITHUB_REF": ref,
                "GITHUB_REF_TYPE": "tag",
            },
            "resolvedDependencies": [{"uri": f"{SOURCE}@{ref}", "digest": {"sha1": "a" * 40}}],
        },
        "runDetails": {"builder": {"id": f"{TRW}@refs/tags/v1.0.0"}},
    }


def attested(ref: str = TAG) -> dict[str, Any]:
    return {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": ref,
                    "repository": "https://github.com/acme/api",
                    "path": ".github/workflows/release.yml",
                },
                "inputs": {"level": "3"},
            },
            "internalParameters": {"github": {"event_name": "push"}},
            "resolvedDependencies": [{"uri": f"{SOURCE}@{ref}", "digest": {"gitCommit": COMMIT}}],
        },
        "runDetails": {"builder": {"id": f"{SHARED}@refs/tags/v3.0.0"}},
    }


GENERIC_SIGNER = identity(f"{GENERIC}@refs/tags/v2.1.0")
DELEGATOR_SIGNER = identity(f"{DELEGATOR}@refs/tags/v2.1.0")
SHARED_SIGNER = identity(f"{SHARED}@refs/tags/v3.0.0")
V0_2 = "https://slsa.dev/provenance/v0.2"
V1 = "https://slsa.dev/provenance/v1"


def verify(
    predicate: dict[str, Any],
    signer: CertificateIdentity,
    change: Change | None = None,
    subject: Digest = ARTIFACT,
    **expected: Any,
) -> SlsaBuild:
    predicate = copy.deepcopy(predicate)
    if change is not None:
        change(predicate)
    made = statement(predicate, V1 if "runDetails" in predicate else V0_2)
    expectations = ProvenanceExpectations(**{"source_uri": "github.com/acme/api", **expected})
    return verify_provenance(made, signer, expectations, subject=subject)


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(GatebookError) as caught:
        verify(*args, **kwargs)
    return caught.value.code


def test_a_generator_build_is_what_was_expected() -> None:
    build = verify(
        generic(),
        GENERIC_SIGNER,
        source_tag="v1.2.3",
        source_versioned_tag="v1.2",
        source_branch="main",
        builder_id=f"{GENERIC}@v2.1.0",
    )
    assert (build.source, build.ref, build.commit) == (SOURCE, TAG, COMMIT)
    assert str(build.builder) == f"{GENERIC}@refs/tags/v2.1.0"
    assert [rule for rule, _ in build.checks] == [
        *("issuer", "signer", "certificate source", "build type", "builder", "source", "subject"),
        *("branch", "tag", "versioned tag"),
    ]
    assert build.as_json()["ref"] == TAG


@pytest.mark.parametrize(
    "source", ["github.com/acme/api", "https://github.com/acme/api", SOURCE, None]
)
def test_a_source_may_be_written_in_three_ways_or_left_out(source: str | None) -> None:
    assert verify(generic(), GENERIC_SIGNER, source_uri=source).source == SOURCE


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        ({"issuer": "https://token.actions.githubusercontent.com/evil"}, "trust.slsa-issuer"),
        ({"issuer": None}, "trust.slsa-issuer"),
        (
            {"signer": parse_github_reference(f"{GENERIC}x@refs/tags/v2.1.0")},
            "trust.slsa-builder-untrusted",
        ),
        (
            {
                "signer": parse_github_reference(
                    f"{GENERIC.replace('slsa-framework', 'evil')}@refs/tags/v2.1.0"
                )
            },
            "trust.slsa-builder-untrusted",
        ),
        ({"signer": None}, "trust.slsa-builder-untrusted"),
        *(
            ({"signer": parse_github_reference(f"{GENERIC}@{ref}")}, "trust.slsa-builder-ref")
            for ref in (
                *("refs/heads/main", "refs/heads/v2.1.0", "refs/tags/v2.1.0-rc.1", "v2.1.0"),
                *("refs/tags/v2.1.0+1", "refs/tags/v2.1", "refs/tags/main", "refs/tags/2.1.0"),
                *("refs/tags/v02.1.0", "refs/pull/1/merge", COMMIT),
            )
        ),
        (
            {"signer": parse_github_reference(f"{GENERIC}@refs/heads/x@refs/tags/v2.1.0")},
            "trust.slsa-builder-untrusted",
        ),
        (
            {"source": SourceRepository(host="github.com", owner="evil", name="api")},
            "trust.slsa-source-mismatch",
        ),
        (
            {"source": SourceRepository(host="ghes.example", owner="acme", name="api")},
            "trust.slsa-source-mismatch",
        ),
        ({"source": None}, "trust.slsa-source-mismatch"),
        ({"source_ref": "refs/tags/v1.2.4"}, "trust.slsa-certificate-mismatch"),
        ({"source_digest": COMMIT[::-1]}, "trust.slsa-certificate-mismatch"),
        (
            {"signer": parse_github_reference(f"{GENERIC}@refs/tags/v2.1.1")},
            "trust.slsa-builder-mismatch",
        ),
    ],
)
def test_one_changed_part_of_the_certificate_is_refused(signer: dict[str, Any], code: str) -> None:
    assert refusal(generic(), msgspec.structs.replace(GENERIC_SIGNER, **signer)) == code


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("builder.id", GENERIC, "trust.slsa-builder-mismatch"),
        ("builder.id", f"{GENERIC}@v2.1.0", "trust.slsa-builder-mismatch"),
        ("builder.id", f"{GENERIC}@a@b", "trust.slsa-builder-mismatch"),
        ("builder.id", None, "trust.slsa-malformed"),
        ("builder", None, "trust.slsa-malformed"),
        ("buildType", f"{GENERATOR}/go@v1", "trust.slsa-build-type"),
        ("materials", [], "trust.slsa-malformed"),
        ("materials.0.uri", "", "trust.slsa-malformed"),
        ("materials.0.uri", SOURCE, "trust.slsa-malformed"),
        ("materials.0.uri", f"{SOURCE}@refs/tags/v1.2.4", "trust.slsa-source-mismatch"),
        ("materials.0.uri", f"{SOURCE}x@{TAG}", "trust.slsa-source-mismatch"),
        ("materials.0.uri", f"https://github.com/acme/api@{TAG}", "trust.slsa-source-mismatch"),
        ("materials.0.uri", "pkg:docker/alpine", "trust.slsa-source-mismatch"),
        ("materials.0.digest.sha1", COMMIT[::-1], "trust.slsa-certificate-mismatch"),
        ("materials.0.digest.gitCommit", "a" * 40, "trust.slsa-malformed"),
        (
            "invocation.configSource.uri",
            f"git+https://evil.example/acme/api@{TAG}",
            "trust.slsa-source-mismatch",
        ),
        ("invocation.configSource.uri", SOURCE, "trust.slsa-malformed"),
        ("invocation.configSource", None, "trust.slsa-malformed"),
    ],
)
def test_one_changed_claim_is_refused(place: str, value: Any, code: str) -> None:
    assert refusal(generic(), GENERIC_SIGNER, put(place, value)) == code


def test_another_artifact_is_refused() -> None:
    assert refusal(generic(), GENERIC_SIGNER, subject=sha256(b"x")) == "trust.subject-mismatch"


def test_another_predicate_is_refused() -> None:
    for predicate_type in ("https://slsa.dev/provenance/v1.0?draft", "https://spdx.dev/Document"):
        made = statement(generic(), predicate_type)
        with pytest.raises(GatebookError) as caught:
            verify_provenance(made, GENERIC_SIGNER, ProvenanceExpectations(), subject=ARTIFACT)
        assert caught.value.code == "trust.slsa-predicate"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"source_uri": "github.com/acme/apis"}, "trust.slsa-source-mismatch"),
        ({"source_uri": "github.com/Acme/api"}, "trust.slsa-source-mismatch"),
        ({"source_uri": "github.com/acme/api.git"}, "trust.slsa-source-mismatch"),
        ({"builder_id": f"{GENERIC}@v2.1.1"}, "trust.slsa-builder-untrusted"),
        ({"builder_id": DELEGATOR}, "trust.slsa-builder-untrusted"),
        ({"source_tag": "v1.2"}, "trust.slsa-tag-mismatch"),
        ({"source_tag": TAG}, "trust.slsa-tag-mismatch"),
        ({"source_branch": "stable"}, "trust.slsa-branch-mismatch"),
        ({"source_versioned_tag": "v1.3"}, "trust.slsa-versioned-tag-mismatch"),
        ({"workflow_inputs": {"level": "3"}}, "trust.slsa-workflow-input-mismatch"),
    ],
)
def test_one_changed_expectation_is_refused(expected: dict[str, Any], code: str) -> None:
    assert refusal(generic(), GENERIC_SIGNER, **expected) == code


@pytest.mark.parametrize(
    "expected",
    [
        {"source_uri": ""},
        {"source_uri": "api"},
        {"source_branch": ""},
        {"source_tag": ""},
        {"builder_id": ""},
        {"builder_id": "a@b@c"},
        {"builder_id": "a@"},
        {"source_versioned_tag": "1.2"},
        {"source_versioned_tag": "v1-rc"},
    ],
)
def test_an_expectation_nothing_could_satisfy_is_a_wrong_question(expected: dict[str, str]) -> None:
    with pytest.raises(ExpectationError):
        ProvenanceExpectations(**expected)  # type: ignore[arg-type]


def test_a_build_of_a_branch_never_satisfies_a_tag() -> None:
    main = "refs/heads/main"
    signer = msgspec.structs.replace(GENERIC_SIGNER, source_ref=main)
    verify(generic(main), signer, source_branch="main")
    assert refusal(generic(main), signer, source_tag="main") == "trust.slsa-invalid-ref"
    assert refusal(generic(main), signer, source_versioned_tag="v1") == "trust.slsa-invalid-ref"
    assert refusal(generic(main), signer, source_branch="mai") == "trust.slsa-branch-mismatch"


def test_the_type_of_a_ref_has_to_be_true() -> None:
    def lie(predicate: dict[str, Any]) -> None:
        predicate["invocation"]["environment"]["github_ref_type"] = "branch"

    assert refusal(generic(), GENERIC_SIGNER, lie, source_tag="v1.2.3") == "trust.slsa-malformed"


@pytest.mark.parametrize(
    ("event", "place", "value", "branch"),
    [
        ("push", "github_base_ref", "", "main"),
        ("release", "github_base_ref", "", "stable"),
        ("push", "github_base_ref", "refs/heads/next", "next"),
        ("push", "github_event_payload.base_ref", None, None),
        ("schedule", "github_base_ref", "", None),
    ],
)
def test_the_branch_of_a_tag_is_the_one_the_event_names(
    event: str, place: str, value: str | None, branch: str | None
) -> None:
    change = put(f"invocation.environment.{place}", value)
    made = generic(event=event)
    if branch is None:
        code = refusal(made, GENERIC_SIGNER, change, source_branch="main")
        assert code == "trust.slsa-invalid-ref"
    else:
        verify(made, GENERIC_SIGNER, change, source_branch=branch)


@pytest.mark.parametrize(
    ("inputs", "holds"),
    [
        ({"level": "3"}, True),
        ({"level": "4"}, False),
        ({"missing": "3"}, False),
        ({"number": "3"}, False),
        ({"level": "3", "missing": ""}, False),
    ],
)
def test_workflow_inputs_are_equal_texts(inputs: dict[str, str], *, holds: bool) -> None:
    made = generic(event="workflow_dispatch")
    if holds:
        verify(made, GENERIC_SIGNER, workflow_inputs=inputs)
    else:
        code = refusal(made, GENERIC_SIGNER, workflow_inputs=inputs)
        assert code == "trust.slsa-workflow-input-mismatch"


def test_the_project_of_the_generators_may_use_them_unreleased() -> None:
    unreleased = identity(f"{GENERIC}@refs/heads/main")
    example = SourceRepository(host="github.com", owner="slsa-framework", name="example-package")

    def theirs(predicate: dict[str, Any]) -> None:
        predicate["builder"]["id"] = f"{GENERIC}@refs/heads/main"
        where = f"git+{example}@{TAG}"
        predicate["invocation"]["configSource"]["uri"] = where
        predicate["materials"][0]["uri"] = where

    own = msgspec.structs.replace(unreleased, source=example)
    verify(generic(), own, theirs, source_uri=example.uri)
    assert refusal(generic(), unreleased) == "trust.slsa-builder-ref"
    moved = msgspec.structs.replace(own, signer=parse_github_reference(f"{GENERIC}@refs/heads/x"))
    assert refusal(generic(), moved, theirs, source_uri=example.uri) == "trust.slsa-builder-ref"


def test_a_delegated_build_names_its_own_builder() -> None:
    build = verify(delegated(), DELEGATOR_SIGNER, builder_id=TRW, source_tag="v1.2.3")
    assert str(build.builder) == f"{TRW}@refs/tags/v1.0.0"
    assert build.commit == "a" * 40  # it may check out another commit than the trigger's
    verify(delegated(), DELEGATOR_SIGNER, builder_id=f"{TRW}@v1.0.0", source_branch="main")


@pytest.mark.parametrize(
    ("place", "value", "expected", "code"),
    [
        ("runDetails.builder.id", f"{TRW}@refs/tags/v1.0.0", {}, "trust.slsa-builder-mismatch"),
        (
            "runDetails.builder.id",
            f"{TRW}@refs/tags/v1.0.1",
            {"builder_id": f"{TRW}@v1.0.0"},
            "trust.slsa-builder-mismatch",
        ),
        (
            "runDetails.builder.id",
            f"{DELEGATOR}@refs/tags/v2.1.0",
            {"builder_id": TRW},
            "trust.slsa-builder-mismatch",
        ),
        (
            "runDetails.builder.id",
            f"{TRW}@refs/heads/main",
            {"builder_id": TRW},
            "trust.slsa-builder-ref",
        ),
        ("runDetails.builder.id", TRW, {"builder_id": TRW}, "trust.slsa-builder-ref"),
        (
            "buildDefinition.resolvedDependencies.0.uri",
            SOURCE,
            {"builder_id": TRW, "source_tag": "v1.2.3"},
            "trust.slsa-invalid-ref",
        ),
        (
            "buildDefinition.internalParameters.GITHUB_WORKFLOW_REF",
            None,
            {"builder_id": TRW},
            "trust.slsa-malformed",
        ),
        (
            "buildDefinition.internalParameters.GITHUB_WORKFLOW_REF",
            "acme",
            {"builder_id": TRW},
            "trust.slsa-malformed",
        ),
    ],
)
def test_one_change_to_a_delegated_build_is_refused(
    place: str, value: str | None, expected: dict[str, str], code: str
) -> None:
    assert refusal(delegated(), DELEGATOR_SIGNER, put(place, value), **expected) == code


def test_the_generators_own_delegated_builders_need_not_be_named() -> None:
    def maven(predicate: dict[str, Any]) -> None:
        workflow = f"{GENERATOR}/.github/workflows/builder_maven_slsa3.yml@refs/tags/v2.1.0"
        predicate["runDetails"]["builder"]["id"] = workflow

    verify(delegated(), DELEGATOR_SIGNER, maven)


def test_a_reusable_workflow_with_githubs_attestation_has_to_be_named() -> None:
    build = verify(
        attested(),
        SHARED_SIGNER,
        builder_id=SHARED,
        source_tag="v1.2.3",
        workflow_inputs={"level": "3"},
    )
    assert str(build.builder) == f"{SHARED}@refs/tags/v3.0.0"
    assert refusal(attested(), SHARED_SIGNER) == "trust.slsa-builder-untrusted"
    code = refusal(attested(), SHARED_SIGNER, builder_id=SHARED, source_branch="v1.2.3")
    assert code == "trust.slsa-invalid-ref"


def test_a_workflow_named_with_its_full_commit_needs_no_release() -> None:
    pinned = identity(f"{SHARED}@{COMMIT}")

    def named(predicate: dict[str, Any]) -> None:
        predicate["runDetails"]["builder"]["id"] = f"{SHARED}@{COMMIT}"

    verify(attested(), pinned, named, builder_id=f"{SHARED}@{COMMIT}")
    assert refusal(attested(), pinned, named, builder_id=SHARED) == "trust.slsa-builder-ref"


def test_a_signer_known_by_its_identity_may_build_for_itself() -> None:
    own = identity(f"https://github.com/acme/api/.github/workflows/release.yml@{TAG}")
    runner = "https://github.com/actions/runner/github-hosted"

    def by_runner(predicate: dict[str, Any]) -> None:
        predicate["runDetails"]["builder"]["id"] = runner

    assert refusal(attested(), own, by_runner) == "trust.slsa-builder-untrusted"
    verify(attested(), own, by_runner, signer_is_expected=True)
    self_hosted = msgspec.structs.replace(own, runner_environment="self-hosted")
    code = refusal(attested(), self_hosted, by_runner, signer_is_expected=True)
    assert code == "trust.slsa-builder-mismatch"
    code = refusal(attested(), own, signer_is_expected=True)
    assert code == "trust.slsa-builder-mismatch"
    code = refusal(attested(), own, by_runner, signer_is_expected=True, builder_id=SHARED)
    assert code == "trust.slsa-builder-mismatch"
