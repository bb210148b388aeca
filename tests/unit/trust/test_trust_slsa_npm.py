"""npm packages: both attestations, one package, and no claim that nothing confirms."""

import copy
from typing import Any

import msgspec
import pytest

from gatebook.digest import Digest, DigestSet
from gatebook.errors import GatebookError
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.npm_publish import NPM_PUBLISH_V0_1
from gatebook.trust.identities.build_reference import Run, parse_github_reference
from gatebook.trust.identities.certificate import (
    GITHUB_ISSUER,
    CertificateIdentity,
    CertificateSubject,
    Provider,
    SubjectKind,
)
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.npm import verify_npm
from gatebook.trust.slsa.verified import SlsaBuild

TARBALL = Digest("sha512", "ab" * 64)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MAIN = "refs/heads/main"
SOURCE = "git+https://github.com/acme/js"
RUN = "https://github.com/acme/js/actions/runs/7/attempts/2"
RUNNER = "https://github.com/actions/runner"
HOSTED = f"{RUNNER}/github-hosted"
WORKFLOW = parse_github_reference(
    f"https://github.com/acme/js/.github/workflows/publish.yml@{MAIN}"
)
SIGNER = CertificateIdentity(
    subject=CertificateSubject(kind=SubjectKind.URI, value=WORKFLOW.uri),
    issuer=GITHUB_ISSUER,
    provider=Provider.GITHUB,
    signer=WORKFLOW,
    signer_digest=COMMIT,
    source=WORKFLOW.repository,
    source_digest=COMMIT,
    source_ref=MAIN,
    repository_id="1234",
    owner_id="99",
    build_config=WORKFLOW,
    build_config_digest=COMMIT,
    trigger="push",
    run=Run(uri=RUN, id="7", attempt="2"),
    runner_environment="github-hosted",
)
V0_2: dict[str, Any] = {
    "builder": {"id": HOSTED},
    "buildType": "https://github.com/npm/cli/gha/v2",
    "invocation": {
        "configSource": {
            "uri": f"{SOURCE}@{MAIN}",
            "digest": {"sha1": COMMIT},
            "entryPoint": ".github/workflows/publish.yml",
        },
        "parameters": {},
        "environment": {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": MAIN,
            "GITHUB_REPOSITORY": "acme/js",
            "GITHUB_REPOSITORY_ID": "1234",
            "GITHUB_REPOSITORY_OWNER_ID": "99",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_RUN_ID": "7",
            "GITHUB_SHA": COMMIT,
            "GITHUB_WORKFLOW_REF": f"acme/js/.github/workflows/publish.yml@{MAIN}",
            "GITHUB_WORKFLOW_SHA": COMMIT,
        },
    },
    "metadata": {
        "buildInvocationId": "7-2",
        "completeness": {"parameters": False, "environment": False, "materials": False},
        "reproducible": False,
    },
    "materials": [{"uri": f"{SOURCE}@{MAIN}", "digest": {"sha1": COMMIT}}],
}
V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {
                "ref": MAIN,
                "repository": "https://github.com/acme/js",
                "path": ".github/workflows/publish.yml",
            }
        },
        "internalParameters": {
            "github": {"event_name": "push", "repository_id": "1234", "repository_owner_id": "99"}
        },
        "resolvedDependencies": [{"uri": f"{SOURCE}@{MAIN}", "digest": {"gitCommit": COMMIT}}],
    },
    "runDetails": {"builder": {"id": HOSTED}, "metadata": {"invocationId": RUN}},
}
EVIL = "evil"


def provenance(predicate: dict[str, Any], purl: str = "pkg:npm/%40acme/js@1.0.0") -> Statement:
    version = "v1" if "runDetails" in predicate else "v0.2"
    return Statement(
        subjects=(Subject(name=purl, digests=DigestSet.of({"sha512": TARBALL.hex})),),
        predicate_type=f"https://slsa.dev/provenance/{version}",
        predicate=predicate,
    )


def publish(name: str = "@acme/js", version: str = "1.0.0") -> Statement:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    return Statement(
        subjects=(Subject(name=purl, digests=DigestSet.of({"sha512": TARBALL.hex})),),
        predicate_type=NPM_PUBLISH_V0_1,
        predicate={"name": name, "version": version, "registry": "https://registry.example"},
    )


def verify(
    built: Statement | None,
    published: Statement | None,
    signer: CertificateIdentity = SIGNER,
    *,
    name: str | None = "@acme/js",
    version: str | None = "1.0.0",
    tarball: Digest = TARBALL,
    **expected: Any,
) -> SlsaBuild:
    expectations = ProvenanceExpectations(
        **{"source_uri": "github.com/acme/js", "builder_id": HOSTED, **expected}
    )
    return verify_npm(
        published, built, signer, expectations, tarball=tarball, name=name, version=version
    )


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(GatebookError) as caught:
        verify(*args, **kwargs)
    return caught.value.code


def changed(predicate: dict[str, Any], place: str, value: Any) -> Statement:
    document: Any = copy.deepcopy(predicate)
    made = document
    *parents, last = [int(part) if part.isdecimal() else part for part in place.split(".")]
    for part in parents:
        document = document[part]
    if isinstance(document, list):
        document.append(value)
    else:
        document[last] = value
    return provenance(made)


@pytest.mark.parametrize("predicate", [V0_2, V1], ids=["v0.2", "v1"])
def test_a_pair_is_what_was_expected(predicate: dict[str, Any]) -> None:
    build = verify(provenance(predicate), publish(), source_branch="main")
    assert (build.source, build.ref, build.commit) == (SOURCE, MAIN, COMMIT)
    assert str(build.builder) == HOSTED
    verify(provenance(predicate), publish(), name=None, version=None)


def test_a_pair_is_two() -> None:
    assert refusal(provenance(V1), None) == "trust.npm-publish-missing"
    assert refusal(None, publish()) == "trust.npm-provenance-missing"
    assert refusal(provenance(V1), provenance(V1)) == "trust.npm-publish-predicate"
    assert refusal(publish(), publish()) == "trust.slsa-predicate"


@pytest.mark.parametrize(
    ("built", "published", "expected", "code"),
    [
        (None, publish(version="1.0.1"), {}, "trust.npm-version-mismatch"),
        (None, publish(name="@acme/jsx"), {}, "trust.npm-name-mismatch"),
        (None, publish(), {"version": "1.0.1"}, "trust.npm-version-mismatch"),
        (None, publish(), {"name": "@acme/JS"}, "trust.npm-name-mismatch"),
        (
            provenance(V1, "pkg:npm/%40acme/js@1.0.1"),
            publish(),
            {"version": None},
            "trust.npm-version-mismatch",
        ),
        (provenance(V1, "pkg:pypi/js@1.0.0"), publish(), {}, "trust.npm-subject"),
        (provenance(V1, "pkg:npm/%40acme/js"), publish(), {}, "trust.npm-subject"),
        (provenance(V1, "js"), publish(), {}, "trust.npm-subject"),
        (None, publish(), {"tarball": Digest("sha512", "cd" * 64)}, "trust.subject-mismatch"),
        (None, publish(), {"builder_id": None}, "trust.slsa-builder-required"),
        (None, publish(), {"builder_id": f"{RUNNER}2"}, "trust.slsa-builder-untrusted"),
        (None, publish(), {"builder_id": f"{HOSTED}2"}, "trust.slsa-builder-untrusted"),
        (None, publish(), {"builder_id": RUNNER}, "trust.slsa-builder-mismatch"),
        (
            None,
            publish(),
            {"builder_id": f"{RUNNER}/self-hosted"},
            "trust.slsa-builder-mismatch",
        ),
        (None, publish(), {"source_uri": "github.com/acme/jsx"}, "trust.slsa-source-mismatch"),
        (None, publish(), {"source_tag": "v1.0.0"}, "trust.slsa-invalid-ref"),
    ],
)
def test_one_changed_expectation_or_package_is_refused(
    built: Statement | None, published: Statement, expected: dict[str, Any], code: str
) -> None:
    assert refusal(built or provenance(V1), published, **expected) == code


def test_a_publish_attestation_of_another_tarball_is_refused() -> None:
    other = msgspec.structs.replace(
        publish(),
        subjects=(
            Subject(name="pkg:npm/%40acme/js@1.0.0", digests=DigestSet.of({"sha512": "cd" * 64})),
        ),
    )
    assert refusal(provenance(V1), other) == "trust.subject-mismatch"


def test_older_provenance_leaves_the_hosting_out() -> None:
    short = changed(V0_2, "builder.id", RUNNER)
    verify(short, publish(), builder_id=RUNNER)
    verify(short, publish(), builder_id=HOSTED)
    verify(provenance(V0_2), publish(), builder_id=RUNNER)
    self_hosted = msgspec.structs.replace(SIGNER, runner_environment="self-hosted")
    for signer in (self_hosted, msgspec.structs.replace(SIGNER, runner_environment=None)):
        code = refusal(short, publish(), signer, builder_id=RUNNER)
        assert code == "trust.slsa-builder-mismatch"


def test_npm_9_wrote_the_whole_reference_for_the_path() -> None:
    place = "invocation.configSource.entryPoint"
    verify(changed(V0_2, place, f"acme/js/.github/workflows/publish.yml@{MAIN}"), publish())
    other = changed(V0_2, place, f"acme/js/.github/workflows/publish.yml@{MAIN}2")
    assert refusal(other, publish()) == "trust.slsa-certificate-mismatch"


@pytest.mark.parametrize("name", sorted(V0_2["invocation"]["environment"]))
def test_every_variable_is_the_certificates(name: str) -> None:
    built = changed(V0_2, f"invocation.environment.{name}", EVIL)
    assert refusal(built, publish()) == "trust.slsa-certificate-mismatch"


@pytest.mark.parametrize("name", ["event_name", "repository_id", "repository_owner_id"])
def test_every_parameter_is_the_certificates(name: str) -> None:
    built = changed(V1, f"buildDefinition.internalParameters.github.{name}", EVIL)
    assert refusal(built, publish()) == "trust.slsa-certificate-mismatch"


@pytest.mark.parametrize(
    ("version", "place", "value", "code"),
    [
        ("v0.2", "builder.id", "https://github.com/evil", "trust.slsa-builder-mismatch"),
        ("v0.2", "buildType", "https://github.com/npm/cli/gha/v3", "trust.slsa-build-type"),
        ("v0.2", "metadata.buildInvocationId", "7-3", "trust.slsa-certificate-mismatch"),
        (
            "v0.2",
            "metadata.buildStartedOn",
            "2026-01-01T00:00:00Z",
            "trust.slsa-unverifiable-claim",
        ),
        ("v0.2", "metadata.reproducible", True, "trust.slsa-unverifiable-claim"),
        ("v0.2", "metadata.completeness.materials", True, "trust.slsa-unverifiable-claim"),
        ("v0.2", "metadata.note", EVIL, "trust.slsa-unverifiable-claim"),
        ("v0.2", "invocation.parameters", {"a": "b"}, "trust.slsa-unverifiable-claim"),
        ("v0.2", "buildConfig", {"a": "b"}, "trust.slsa-unverifiable-claim"),
        ("v0.2", "invocation.environment.GITHUB_ACTOR", EVIL, "trust.slsa-unverifiable-claim"),
        ("v0.2", "materials.1", {"uri": "pkg:npm/a@1"}, "trust.slsa-unverifiable-claim"),
        ("v0.2", "materials.0.digest.sha1", COMMIT[::-1], "trust.slsa-certificate-mismatch"),
        ("v0.2", "materials.0.name", EVIL, "trust.slsa-unverifiable-claim"),
        ("v0.2", "note", EVIL, "trust.slsa-unverifiable-claim"),
        (
            "v0.2",
            "invocation.configSource.uri",
            f"{SOURCE}@refs/heads/x",
            "trust.slsa-source-mismatch",
        ),
        ("v1", "runDetails.metadata.invocationId", f"{RUN}1", "trust.slsa-certificate-mismatch"),
        (
            "v1",
            "runDetails.metadata.finishedOn",
            "2026-01-01T00:00:00Z",
            "trust.slsa-unverifiable-claim",
        ),
        ("v1", "runDetails.byproducts", [], "trust.slsa-unverifiable-claim"),
        ("v1", "runDetails.builder.version", {"a": "b"}, "trust.slsa-unverifiable-claim"),
        (
            "v1",
            "buildDefinition.externalParameters.workflow.path",
            ".github/workflows/x.yml",
            "trust.slsa-certificate-mismatch",
        ),
        ("v1", "buildDefinition.externalParameters.inputs", {}, "trust.slsa-unverifiable-claim"),
        (
            "v1",
            "buildDefinition.internalParameters.github.actor",
            EVIL,
            "trust.slsa-unverifiable-claim",
        ),
        ("v1", "buildDefinition.internalParameters.other", {}, "trust.slsa-unverifiable-claim"),
        (
            "v1",
            "buildDefinition.internalParameters.github.repository_id",
            1234,
            "trust.slsa-malformed",
        ),
    ],
)
def test_one_changed_claim_is_refused(version: str, place: str, value: Any, code: str) -> None:
    predicate = V0_2 if version == "v0.2" else V1
    assert refusal(changed(predicate, place, value), publish()) == code


@pytest.mark.parametrize(
    "absent", ["trigger", "repository_id", "owner_id", "run", "build_config_digest"]
)
def test_what_the_certificate_does_not_state_confirms_nothing(absent: str) -> None:
    signer = msgspec.structs.replace(SIGNER, signer_digest=None, **{absent: None})
    assert refusal(provenance(V0_2), publish(), signer) == "trust.slsa-certificate-mismatch"


def test_provenance_of_two_packages_is_refused() -> None:
    built = provenance(V1)
    two = msgspec.structs.replace(built, subjects=built.subjects * 2)
    assert refusal(two, publish()) == "trust.slsa-unverifiable-claim"


def test_a_time_that_is_null_is_no_claim() -> None:
    verify(changed(V0_2, "metadata.buildStartedOn", None), publish())


def test_a_delegated_builder_runs_on_githubs_machines() -> None:
    generator = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows"
    nodejs = f"{generator}/builder_nodejs_slsa3.yml"
    signer = msgspec.structs.replace(
        SIGNER,
        signer=parse_github_reference(
            f"{generator}/delegator_lowperms-generic_slsa3.yml@refs/tags/v1.6.0"
        ),
    )
    built = provenance(
        {
            "buildDefinition": {
                "buildType": "https://github.com/slsa-framework/slsa-github-generator/"
                "delegator-generic@v0",
                "internalParameters": {
                    "GITHUB_WORKFLOW_REF": f"acme/js/.github/workflows/publish.yml@{MAIN}"
                },
                "resolvedDependencies": [{"uri": f"{SOURCE}@{MAIN}", "digest": {"sha1": COMMIT}}],
            },
            "runDetails": {"builder": {"id": f"{nodejs}@refs/tags/v1.6.0"}},
        }
    )
    verify(built, publish(), signer, builder_id=nodejs)
    code = refusal(built, publish(), signer, builder_id=nodejs.replace("slsa3", "slsa"))
    assert code == "trust.slsa-builder-mismatch"
    self_hosted = msgspec.structs.replace(signer, runner_environment="self-hosted")
    code = refusal(built, publish(), self_hosted, builder_id=nodejs)
    assert code == "trust.slsa-builder-mismatch"
