"""SLSA provenance: where the builder, the source and the commit are, and when two places differ."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.provenance import (
    LOCAL_BUILD_TYPE,
    SLSA_V0_2,
    SLSA_V1,
    Provenance,
    SourceReference,
)
from gatebook.names import CommitId, RepositoryUri

COMMIT, OTHER_COMMIT = "c" * 40, "d" * 40
REPOSITORY = "https://github.com/acme/api"
MAIN = "refs/heads/main"
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator"

LOCAL: dict[str, Any] = {
    "buildDefinition": {
        "buildType": LOCAL_BUILD_TYPE,
        "externalParameters": {"repository": REPOSITORY, "ref": MAIN, "workflow": "ci.yml"},
        "resolvedDependencies": [
            {"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"gitCommit": COMMIT}},
            {"uri": "pkg:pypi/click@8.2", "digest": {"sha256": "a" * 64}},
        ],
    },
    "runDetails": {
        "builder": {"id": "https://ci.acme.example/builders/1"},
        "metadata": {
            "invocationId": "run-7",
            "startedOn": "2026-11-20T14:00:00Z",
            "finishedOn": "2026-11-20T14:05:00Z",
        },
    },
}

GITHUB: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"repository": REPOSITORY, "ref": MAIN, "path": ".github/workflows/ci.yml"}
        },
        "resolvedDependencies": [
            {"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"gitCommit": COMMIT}}
        ],
    },
    "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
}

GENERIC: dict[str, Any] = {
    "buildType": f"{GENERATOR}/generic@v1",
    "builder": {"id": f"{GENERATOR}/.github/workflows/generator.yml@refs/tags/v2.1.0"},
    "invocation": {
        "configSource": {
            "uri": f"git+{REPOSITORY}@{MAIN}",
            "digest": {"sha1": COMMIT},
            "entryPoint": ".github/workflows/ci.yml",
        },
        "parameters": {"b": 1.5, "a": None},
        "environment": {"GITHUB_REPOSITORY": "acme/api"},
    },
    "metadata": {"buildInvocationID": "7-1", "buildStartedOn": "2026-11-20T14:00:00Z"},
    "materials": [{"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"sha1": COMMIT}}],
}


def read(predicate: dict[str, Any], predicate_type: str = SLSA_V1) -> Provenance:
    subject = Subject(digests=DigestSet.of({"sha256": "a" * 64}))
    return Provenance.from_statement(
        Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)
    )


def changed(predicate: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(predicate)
    place: Any = result
    *parents, last = path.split(".")
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    if value == "ABSENT":
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return result


SOURCE = SourceReference(
    repository=RepositoryUri("github.com", "acme/api"),
    ref=MAIN,
    commit=CommitId(COMMIT),
    workflow=".github/workflows/ci.yml",
)


def test_our_own_build_type() -> None:
    provenance = read(LOCAL)
    assert provenance.builder_id == "https://ci.acme.example/builders/1"
    assert provenance.invocation_id == "run-7"
    assert provenance.source is not None
    assert provenance.source.workflow == "ci.yml"
    assert provenance.source.commit == CommitId(COMMIT)
    assert provenance.started == Instant.parse("2026-11-20T14:00:00Z")
    assert provenance.finished == Instant.parse("2026-11-20T14:05:00Z")
    assert [material.uri for material in provenance.materials][1] == "pkg:pypi/click@8.2"
    assert (
        canonical.loads(provenance.parameters.encode())
        == LOCAL["buildDefinition"]["externalParameters"]
    )


def test_a_github_workflow() -> None:
    assert read(GITHUB).source == SOURCE


def test_a_generator_of_v0_2() -> None:
    provenance = read(GENERIC, SLSA_V0_2)
    assert provenance.source == SOURCE
    assert provenance.invocation_id == "7-1"
    assert provenance.parameters == '{"a":null,"b":1.5}'


def test_an_unknown_build_type_keeps_the_builder_and_guesses_no_source() -> None:
    unknown = changed(LOCAL, "buildDefinition.buildType", "https://example.com/build/v1")
    provenance = read(unknown)
    assert provenance.builder_id == "https://ci.acme.example/builders/1"
    assert provenance.source is None


def test_without_dependencies_the_commit_is_unknown() -> None:
    provenance = read(changed(LOCAL, "buildDefinition.resolvedDependencies", []))
    assert provenance.source is not None
    assert provenance.source.commit is None


def test_a_ref_may_hold_an_at_sign_and_a_hash() -> None:
    odd = "refs/tags/@acme/api@1.0#2"
    moved = changed(GENERIC, "invocation.configSource.uri", f"git+{REPOSITORY}@{odd}")
    moved = changed(moved, "materials", [])
    source = read(moved, SLSA_V0_2).source
    assert source is not None
    assert (str(source.repository), source.ref) == (REPOSITORY, odd)


@pytest.mark.parametrize(
    ("predicate", "path", "value"),
    [
        (LOCAL, "buildDefinition.resolvedDependencies.0.uri", f"git+{REPOSITORY}-evil@{MAIN}"),
        (LOCAL, "buildDefinition.resolvedDependencies.0.uri", f"git+{REPOSITORY}@refs/heads/evil"),
        (LOCAL, "buildDefinition.externalParameters.repository", REPOSITORY + "-evil"),
        (GITHUB, "buildDefinition.externalParameters.workflow.ref", "refs/heads/evil"),
        (
            LOCAL,
            "buildDefinition.resolvedDependencies.1",
            {"uri": f"git+{REPOSITORY}", "digest": {"gitCommit": OTHER_COMMIT}},
        ),
        (
            LOCAL,
            "buildDefinition.resolvedDependencies.0.digest",
            {"gitCommit": COMMIT, "sha1": OTHER_COMMIT},
        ),
        (GENERIC, "materials.0.digest.sha1", OTHER_COMMIT),
        (GENERIC, "invocation.configSource.digest.sha1", OTHER_COMMIT),
        (GENERIC, "invocation.environment.GITHUB_REPOSITORY", "acme/evil"),
        (GENERIC, "metadata.buildInvocationId", "8-1"),
    ],
)
def test_two_places_that_disagree_are_refused(
    predicate: dict[str, Any], path: str, value: Any
) -> None:
    predicate_type = SLSA_V0_2 if predicate is GENERIC else SLSA_V1
    with pytest.raises(MalformedError) as refusal:
        read(changed(predicate, path, value), predicate_type)
    assert refusal.value.code == "formats.provenance-conflict"


@pytest.mark.parametrize(
    ("predicate", "path", "value"),
    [
        (LOCAL, "runDetails.builder.id", ""),
        (LOCAL, "runDetails.builder", "ABSENT"),
        (LOCAL, "runDetails", "ABSENT"),
        (LOCAL, "buildDefinition", "ABSENT"),
        (LOCAL, "buildDefinition.buildType", 7),
        (LOCAL, "buildDefinition.externalParameters.repository", "ABSENT"),
        (LOCAL, "buildDefinition.externalParameters.repository", "https://github.com"),
        (LOCAL, "buildDefinition.resolvedDependencies", {}),
        (LOCAL, "buildDefinition.resolvedDependencies.0.digest.gitCommit", "abc1234"),
        (LOCAL, "buildDefinition.resolvedDependencies.1.digest.sha256", "A" * 64),
        (LOCAL, "runDetails.metadata.startedOn", "yesterday"),
        (GENERIC, "builder.id", "ABSENT"),
        (GENERIC, "buildType", "ABSENT"),
        (GENERIC, "invocation.configSource.uri", "github.com/acme/api"),
        (GENERIC, "invocation.configSource.uri", f"git+{REPOSITORY}@"),
    ],
)
def test_a_broken_provenance_is_refused(predicate: dict[str, Any], path: str, value: Any) -> None:
    predicate_type = SLSA_V0_2 if predicate is GENERIC else SLSA_V1
    with pytest.raises(MalformedError) as refusal:
        read(changed(predicate, path, value), predicate_type)
    assert refusal.value.code == "formats.provenance"


def test_other_versions_are_refused_by_version() -> None:
    with pytest.raises(MalformedError) as refusal:
        read(LOCAL, "https://slsa.dev/provenance/v1.0?draft")
    assert refusal.value.code == "formats.provenance-version"


def _statement(path: Path) -> Statement:
    document = canonical.loads(path.read_bytes().splitlines()[0])
    envelope = document.get("dsseEnvelope", document)
    return Statement.parse(Envelope.parse(json.dumps(envelope).encode()).payload)


def test_provenance_of_the_slsa_verifier_project_is_read(vectors: Path) -> None:
    cases = canonical.loads((vectors / "attest/slsa/cases.json").read_bytes())
    wrong: list[str] = []
    for case in cases:
        if case["predicate"] not in {SLSA_V0_2, SLSA_V1}:
            continue
        try:
            provenance = Provenance.from_statement(
                _statement(vectors / "attest/slsa" / case["file"])
            )
        except GatebookError as error:
            wrong.append(f"{case['file']}: {error}")
            continue
        source = provenance.source
        if provenance.builder_id != case["builder_id"]:
            wrong.append(f"{case['file']}: builder {provenance.builder_id}")
        passing = {
            check["source"] for check in case.get("policy_checks", []) if check["expect"] == "pass"
        }
        if (
            source is None
            or source.commit is None
            or not source.ref
            or not source.workflow
            or (passing and str(source.repository).removeprefix("https://") not in passing)
        ):
            wrong.append(f"{case['file']}: source {source}")
    assert wrong == []
    assert len(cases) > 0


@pytest.mark.parametrize(
    ("build_type", "external"),
    [
        ("https://actions.github.io/buildtypes/workflow/v1", {}),
        ("https://slsa.dev/container-based-build/v0.1?draft", {}),
        (f"{GENERATOR}/delegator-generic@v0", {"inputs": {}}),
    ],
)
def test_a_known_build_type_that_does_not_say_what_was_built_has_no_source(
    build_type: str, external: dict[str, Any]
) -> None:
    predicate = changed(LOCAL, "buildDefinition.buildType", build_type)
    predicate = changed(predicate, "buildDefinition.externalParameters", external)
    predicate = changed(predicate, "buildDefinition.resolvedDependencies", [])
    assert read(predicate).source is None


def test_a_v0_2_build_without_a_config_source_has_no_source() -> None:
    assert read(changed(GENERIC, "invocation.configSource", "ABSENT"), SLSA_V0_2).source is None


def test_the_delegator_builds_its_first_dependency() -> None:
    predicate = changed(LOCAL, "buildDefinition.buildType", f"{GENERATOR}/delegator-generic@v0")
    predicate = changed(
        predicate,
        "buildDefinition.internalParameters",
        {
            "GITHUB_REPOSITORY": "acme/api",
            "GITHUB_WORKFLOW_REF": f"acme/api/.github/workflows/ci.yml@{MAIN}",
            "GITHUB_SHA": OTHER_COMMIT,  # a delegator may check out another commit
        },
    )
    assert read(predicate).source == SOURCE
    foreign = changed(
        predicate, "buildDefinition.internalParameters.GITHUB_WORKFLOW_REF", f"eve/api/x@{MAIN}"
    )
    source = read(foreign).source
    assert source is not None
    assert source.workflow is None


def test_npm_named_the_workflow_with_its_repository_and_ref() -> None:
    predicate = changed(
        GENERIC,
        "invocation.configSource.entryPoint",
        f"acme/api/.github/workflows/ci.yml@{MAIN}",
    )
    assert read(predicate, SLSA_V0_2).source == SOURCE
