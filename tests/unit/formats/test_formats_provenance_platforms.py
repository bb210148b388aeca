"""Provenance of build platforms: Cloud Build, GitLab, BuildKit and Tekton say it in their ways."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.digest import DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import PredicateKind, Statement, Subject
from gatebook.formats.provenance import (
    SLSA_V0_1,
    SLSA_V0_2,
    SLSA_V1,
    Provenance,
    SourceReference,
)
from gatebook.names import CommitId, RepositoryUri

COMMIT, OTHER_COMMIT = "c" * 40, "d" * 40
REPOSITORY = "https://gitlab.example/acme/api"
API = RepositoryUri("gitlab.example", "acme/api")
MAIN = "refs/heads/main"

CLOUD_BUILD_V0_1: dict[str, Any] = {
    "builder": {"id": "https://cloudbuild.googleapis.com/GoogleHostedWorker@v0.3"},
    "recipe": {
        "type": "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1",
        "definedInMaterial": "-1",  # Cloud Build writes a string for the integer
        "entryPoint": "cloudbuild.yaml",
        "arguments": {
            "substitutions": {
                "COMMIT_SHA": COMMIT,
                "REVISION_ID": COMMIT,
                "REF_NAME": "v1.0",
                "TAG_NAME": "v1.0",
                "REPO_FULL_NAME": "acme/api",
                "TRIGGER_BUILD_CONFIG_PATH": "cloudbuild.yaml",
            }
        },
    },
    "metadata": {"buildInvocationId": "run-7", "buildFinishedOn": "2026-11-20T14:05:00Z"},
    "materials": [{"uri": f"git+{REPOSITORY}", "digest": {"sha1": COMMIT}}],
}

CLOUD_BUILD_V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
        "externalParameters": {
            "buildConfigSource": {
                "path": "ci/cloudbuild.yaml",
                "ref": MAIN,
                "repository": f"git+{REPOSITORY}",
            },
            "substitutions": {},
        },
        "internalParameters": {
            "systemSubstitutions": {
                "BRANCH_NAME": "main",
                "COMMIT_SHA": COMMIT,
                "REPO_FULL_NAME": "acme/api",
                "TRIGGER_BUILD_CONFIG_PATH": "ci/cloudbuild.yaml",
            }
        },
        "resolvedDependencies": [
            {"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"gitCommit": COMMIT}},
            {"uri": "gcr.example/builder@sha256:aa", "digest": {"sha256": "a" * 64}},
        ],
    },
    "runDetails": {"builder": {"id": "https://cloudbuild.googleapis.com/GoogleHostedWorker"}},
}

RUNNER = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.1.0/PROVENANCE.md"

GITLAB_V0_2: dict[str, Any] = {
    "buildType": RUNNER,
    "builder": {"id": f"{REPOSITORY}/-/runners/7"},
    "invocation": {
        "configSource": {"uri": REPOSITORY, "digest": {"sha256": COMMIT}, "entryPoint": "build"},
        "environment": {"executor": "docker", "job": {"id": 4089072540}},
        "parameters": {"CI_COMMIT_SHA": "", "CI_COMMIT_BRANCH": ""},
    },
    "materials": [],
}

GITLAB_V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": RUNNER,
        "externalParameters": {
            "source": REPOSITORY,
            "entryPoint": "build",
            "variables": {"CI_COMMIT_SHA": COMMIT, "CI_COMMIT_BRANCH": "main"},
        },
        "internalParameters": {"executor": "docker"},
        "resolvedDependencies": [{"uri": REPOSITORY, "digest": {"gitCommit": COMMIT}}],
    },
    "runDetails": {
        "builder": {"id": f"{REPOSITORY}/-/runners/7"},
        "metadata": {"invocationId": "4089072540"},
    },
}

BUILDKIT_V0_2: dict[str, Any] = {
    "buildType": "https://mobyproject.org/buildkit@v1",
    "builder": {"id": ""},
    "invocation": {
        "configSource": {
            "uri": f"{REPOSITORY}.git#{MAIN}",
            "digest": {"sha1": COMMIT},
            "entryPoint": "Dockerfile",
        },
        "parameters": {"frontend": "dockerfile.v0", "args": {"build-arg:A": "1"}},
        "environment": {"platform": "linux/amd64"},
    },
    "buildConfig": {"llbDefinition": [{"id": "step0"}]},
    "metadata": {
        "buildInvocationID": "run-7",
        "https://mobyproject.org/buildkit@v1#metadata": {
            "vcs": {"source": "https://evil.example/x/y", "revision": OTHER_COMMIT}
        },
    },
    "materials": [
        {"uri": "pkg:docker/alpine@3.17?platform=linux%2Famd64", "digest": {"sha256": "a" * 64}},
        {"uri": f"{REPOSITORY}.git#{MAIN}", "digest": {"sha1": COMMIT}},
    ],
}

BUILDKIT_V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/"
        "slsa-definitions.md",
        "externalParameters": {
            "configSource": {
                "uri": f"{REPOSITORY}.git#{MAIN}:services/api",
                "digest": {"sha1": COMMIT},
                "path": "Dockerfile",
            },
            "request": {"frontend": "dockerfile.v0"},
        },
        "resolvedDependencies": [{"uri": f"{REPOSITORY}.git", "digest": {"sha1": COMMIT}}],
    },
    "runDetails": {
        "builder": {"id": "https://ci.acme.example/runs/7"},
        "metadata": {"invocationID": "run-7"},
    },
}

TEKTON_V0_2: dict[str, Any] = {
    "buildType": "tekton.dev/v1beta1/PipelineRun",
    "builder": {"id": "https://tekton.dev/chains/v2"},
    "invocation": {"configSource": {}, "parameters": {"git-revision": "main"}},
    "buildConfig": {
        "tasks": [
            {
                "name": "build",
                "invocation": {
                    "configSource": {
                        "uri": "oci://quay.example/catalog",
                        "digest": {"sha256": "a" * 64},
                    }
                },
            }
        ]
    },
    "metadata": {"buildStartedOn": "2026-11-20T14:00:00Z"},
    "materials": [
        {"uri": "oci://quay.example/tools", "digest": {"sha256": "a" * 64}},
        {"uri": f"git+{REPOSITORY}.git", "digest": {"sha1": COMMIT}},
    ],
}

TEKTON_V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://tekton.dev/chains/v2/slsa",
        "externalParameters": {
            "runSpec": {},
            "buildConfigSource": {
                "ref": f"sha1:{OTHER_COMMIT}",
                "repository": "git+https://git.example/catalog/pipelines.git",
                "path": "build.yaml",
            },
        },
        "resolvedDependencies": [
            {
                "name": "pipeline",
                "uri": "git+https://git.example/catalog/pipelines.git",
                "digest": {"sha1": OTHER_COMMIT},
            },
            {"uri": "oci://quay.example/tools", "digest": {"sha256": "a" * 64}},
            {
                "name": "inputs/result",
                "uri": f"git+{REPOSITORY}.git",
                "digest": {"sha1": COMMIT},
            },
        ],
    },
    "runDetails": {
        "builder": {"id": "https://tekton.dev/chains/v2"},
        "metadata": {"invocationId": "4a46e3b6", "finishedOn": "2026-11-20T14:05:00Z"},
    },
}

SAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "cloud-build-v0.1": (CLOUD_BUILD_V0_1, SLSA_V0_1),
    "cloud-build-v1": (CLOUD_BUILD_V1, SLSA_V1),
    "gitlab-v0.2": (GITLAB_V0_2, SLSA_V0_2),
    "gitlab-v1": (GITLAB_V1, SLSA_V1),
    "buildkit-v0.2": (BUILDKIT_V0_2, SLSA_V0_2),
    "buildkit-v1": (BUILDKIT_V1, SLSA_V1),
    "tekton-v0.2": (TEKTON_V0_2, SLSA_V0_2),
    "tekton-v1": (TEKTON_V1, SLSA_V1),
}


def read(predicate: dict[str, Any], predicate_type: str) -> Provenance:
    subject = Subject(digests=DigestSet.of({"sha256": "a" * 64}))
    return Provenance.from_statement(
        Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)
    )


def changed(name: str, path: str, value: Any = None) -> Provenance:
    """Read the sample with one place changed; ``None`` takes it away."""
    predicate, predicate_type = copy.deepcopy(SAMPLES[name])
    place: Any = predicate
    *parents, last = path.split("|")
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is None:
        del place[last]
    elif isinstance(place, list):
        place[int(last) :] = [value]
    else:
        place[last] = value
    return read(predicate, predicate_type)


def commit_of(provenance: Provenance) -> str | None:
    source = provenance.source
    return None if source is None or source.commit is None else str(source.commit)


# -- the source ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ref", "workflow"),
    [
        ("cloud-build-v0.1", "refs/tags/v1.0", "cloudbuild.yaml"),
        ("cloud-build-v1", MAIN, "ci/cloudbuild.yaml"),
        ("gitlab-v0.2", None, None),
        ("gitlab-v1", None, None),
        ("buildkit-v0.2", MAIN, "Dockerfile"),
        ("buildkit-v1", MAIN, "services/api/Dockerfile"),
        ("tekton-v0.2", None, None),
        ("tekton-v1", None, None),
    ],
)
def test_the_source_is_where_the_platform_puts_it(
    name: str, ref: str | None, workflow: str | None
) -> None:
    assert read(*SAMPLES[name]).source == SourceReference(
        repository=API, ref=ref, commit=CommitId(COMMIT), workflow=workflow
    )


def test_builder_invocation_times_and_parameters_of_v0_1() -> None:
    provenance = read(CLOUD_BUILD_V0_1, SLSA_V0_1)
    assert provenance.predicate_type == SLSA_V0_1
    assert provenance.build_type == "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1"
    assert provenance.builder_id.endswith("GoogleHostedWorker@v0.3")
    assert provenance.invocation_id == "run-7"
    assert (provenance.started, str(provenance.finished)) == (None, "2026-11-20T14:05:00Z")
    arguments = CLOUD_BUILD_V0_1["recipe"]["arguments"]
    assert canonical.loads(provenance.parameters.encode()) == arguments


def test_v0_1_without_a_recipe_still_names_its_builder() -> None:
    provenance = changed("cloud-build-v0.1", "recipe")
    assert (provenance.build_type, provenance.source) == ("", None)
    assert provenance.builder_id.endswith("GoogleHostedWorker@v0.3")
    assert provenance.parameters == "{}"


@pytest.mark.parametrize("place", ["builder", "builder|id", "recipe|type"])
def test_v0_1_has_required_fields(place: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        changed("cloud-build-v0.1", place)
    assert refusal.value.code == "formats.provenance"


# -- two places that disagree ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        (
            "cloud-build-v0.1",
            "recipe|arguments|substitutions|COMMIT_SHA",
            OTHER_COMMIT,
        ),
        ("cloud-build-v0.1", "recipe|arguments|substitutions|REVISION_ID", OTHER_COMMIT),
        ("cloud-build-v0.1", "recipe|arguments|substitutions|BRANCH_NAME", "main"),
        ("cloud-build-v0.1", "recipe|arguments|substitutions|REF_NAME", "v2.0"),
        ("cloud-build-v0.1", "recipe|arguments|substitutions|REPO_FULL_NAME", "eve/api"),
        ("cloud-build-v0.1", "recipe|entryPoint", "other.yaml"),
        ("cloud-build-v0.1", "materials|0|uri", f"git+{REPOSITORY}@{MAIN}"),
        (
            "cloud-build-v0.1",
            "materials|0|uri",
            f"{REPOSITORY}/commit/{OTHER_COMMIT}",
        ),
        (
            "cloud-build-v1",
            "buildDefinition|externalParameters|buildConfigSource|repository",
            "https://gitlab.example/eve/api",
        ),
        (
            "cloud-build-v1",
            "buildDefinition|externalParameters|buildConfigSource|ref",
            "refs/heads/dev",
        ),
        (
            "cloud-build-v1",
            "buildDefinition|externalParameters|buildConfigSource|path",
            "other.yaml",
        ),
        (
            "cloud-build-v1",
            "buildDefinition|internalParameters|systemSubstitutions|COMMIT_SHA",
            OTHER_COMMIT,
        ),
        (
            "cloud-build-v1",
            "buildDefinition|internalParameters|systemSubstitutions|TAG_NAME",
            "v1.0",
        ),
        ("gitlab-v0.2", "invocation|parameters|CI_COMMIT_SHA", OTHER_COMMIT),
        (
            "gitlab-v0.2",
            "materials",
            [{"uri": REPOSITORY, "digest": {"sha256": OTHER_COMMIT}}],
        ),
        (
            "gitlab-v0.2",
            "invocation|configSource|digest",
            {"sha256": COMMIT, "gitCommit": OTHER_COMMIT},
        ),
        (
            "gitlab-v1",
            "buildDefinition|externalParameters|variables|CI_COMMIT_SHA",
            OTHER_COMMIT,
        ),
        ("buildkit-v0.2", "materials|1|digest", {"sha1": OTHER_COMMIT}),
        ("buildkit-v0.2", "invocation|configSource|digest", {"sha1": OTHER_COMMIT}),
        (
            "buildkit-v1",
            "runDetails|metadata",
            {"invocationID": "run-7", "invocationId": "run-8"},
        ),
    ],
    ids=str,
)
def test_what_two_places_say_differently_is_refused(name: str, place: str, value: Any) -> None:
    read(*SAMPLES[name])
    with pytest.raises(MalformedError) as refusal:
        changed(name, place, value)
    assert refusal.value.code == "formats.provenance-conflict"


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("cloud-build-v0.1", "recipe|arguments|substitutions|TAG_NAME", 1234),
        ("cloud-build-v0.1", "recipe|arguments", []),
        ("cloud-build-v0.1", "materials|0|digest", {"sha1": "abc"}),
        ("cloud-build-v0.1", "materials|0|uri", "git+ftp://x"),
        ("cloud-build-v1", "buildDefinition|externalParameters|sourceToBuild", {"ref": MAIN}),
        ("gitlab-v0.2", "invocation|configSource|digest", {"sha256": COMMIT.upper()}),
        ("gitlab-v0.2", "invocation|configSource|digest", {"sha256": COMMIT[:-1]}),
        ("gitlab-v0.2", "invocation|configSource|digest", COMMIT),
        ("gitlab-v0.2", "invocation|configSource|uri", "gs://bucket/x"),
        ("buildkit-v0.2", "invocation|configSource|digest", {"sha1": COMMIT.upper()}),
        ("buildkit-v1", "runDetails|builder", {}),
        ("tekton-v0.2", "materials|1|digest", {"sha1": COMMIT.upper()}),
        ("tekton-v0.2", "builder|id", ""),
    ],
    ids=str,
)
def test_what_is_malformed_is_refused(name: str, place: str, value: Any) -> None:
    with pytest.raises(MalformedError) as refusal:
        changed(name, place, value)
    assert refusal.value.code == "formats.provenance"


# -- Cloud Build -----------------------------------------------------------------------------------


def test_an_old_worker_wrote_the_commit_into_the_address() -> None:
    predicate = copy.deepcopy(CLOUD_BUILD_V0_1)
    predicate["materials"] = [{"uri": f"{REPOSITORY}/commit/{COMMIT}"}]
    assert read(predicate, SLSA_V0_1).source == read(CLOUD_BUILD_V0_1, SLSA_V0_1).source


def test_a_source_in_a_bucket_is_no_repository() -> None:
    material = {"uri": "gs://acme/source.tgz#1663616635134845", "digest": {"sha256": "a" * 64}}
    provenance = changed("cloud-build-v0.1", "materials|0", material)
    assert provenance.source is None
    assert provenance.materials[0].uri == material["uri"]


@pytest.mark.parametrize(
    ("other", "known"),
    [
        ({"repository": REPOSITORY, "ref": MAIN, "dir": "/"}, True),
        ({"repository": "https://gitlab.example/acme/other", "ref": MAIN}, False),
        ({"repository": REPOSITORY, "ref": "refs/heads/dev"}, False),
        ({"repository": REPOSITORY}, False),
    ],
    ids=str,
)
def test_a_configuration_from_elsewhere_leaves_no_single_source(
    other: dict[str, str], known: object
) -> None:
    provenance = changed(
        "cloud-build-v1", "buildDefinition|externalParameters|sourceToBuild", other
    )
    assert (provenance.source is not None) == known


# -- GitLab ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build_type", "known"),
    [
        (RUNNER, True),
        ("https://gitlab.com/gitlab-org/gitlab-runner/-/blob/598a7c91/PROVENANCE.md", True),
        ("https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1", True),
        ("https://gitlab.com/gitlab-org/gitlab-runner/-/blob/a/b/PROVENANCE.md", False),
        ("https://gitlab.com/eve/gitlab-runner/-/blob/v17.1.0/PROVENANCE.md", False),
        (f"{RUNNER}x", False),
        (f"{RUNNER}\n", False),
    ],
)
def test_gitlab_is_known_by_the_page_of_its_runner(build_type: str, known: object) -> None:
    provenance = changed("gitlab-v1", "buildDefinition|buildType", build_type)
    assert (provenance.source is not None) == known


def test_a_job_cannot_say_its_own_branch() -> None:
    """CI variables can be set by the job: they may contradict, and never add anything."""
    variables = {"CI_COMMIT_BRANCH": "main", "CI_CONFIG_PATH": "ci.yml", "CI_COMMIT_SHA": COMMIT}
    provenance = changed("gitlab-v1", "buildDefinition|externalParameters|variables", variables)
    assert provenance.source == SourceReference(repository=API, commit=CommitId(COMMIT))
    alone = copy.deepcopy(GITLAB_V1)
    alone["buildDefinition"]["resolvedDependencies"] = []
    assert commit_of(read(alone, SLSA_V1)) is None


def test_a_masked_variable_says_nothing() -> None:
    place = "buildDefinition|externalParameters|variables|CI_COMMIT_SHA"
    assert commit_of(changed("gitlab-v1", place, "[MASKED]")) == COMMIT


def test_the_commit_under_a_wrong_name_is_kept_under_the_right_one() -> None:
    dependency = {"uri": REPOSITORY, "digest": {"sha256": COMMIT}}
    provenance = changed("gitlab-v1", "buildDefinition|resolvedDependencies|0", dependency)
    assert commit_of(provenance) == COMMIT
    assert provenance.materials[0].digests == DigestSet.of({"gitCommit": COMMIT})


def test_nobody_else_may_call_a_commit_sha256() -> None:
    with pytest.raises(MalformedError):
        changed("tekton-v0.2", "materials|1|digest", {"sha256": COMMIT})


# -- BuildKit --------------------------------------------------------------------------------------


def test_buildkit_need_not_name_itself() -> None:
    assert read(BUILDKIT_V0_2, SLSA_V0_2).builder_id == ""
    assert read(BUILDKIT_V1, SLSA_V1).builder_id == "https://ci.acme.example/runs/7"
    assert read(BUILDKIT_V1, SLSA_V1).invocation_id == "run-7"


@pytest.mark.parametrize(
    "config",
    [
        {"entryPoint": "Dockerfile"},
        {"uri": "https://acme.example/context.tar.gz", "digest": {"sha256": "a" * 64}},
        {"uri": f"{REPOSITORY}.git#{MAIN}"},
        {"uri": f"{REPOSITORY}.git?ref=main", "digest": {"sha1": COMMIT}},
        {"uri": "./context", "digest": {"sha1": COMMIT}},
    ],
    ids=str,
)
def test_a_context_that_is_no_git_repository_has_no_source(config: dict[str, Any]) -> None:
    """Nor has the client's unchecked word about version control any weight."""
    assert changed("buildkit-v0.2", "invocation|configSource", config).source is None


@pytest.mark.parametrize(
    ("fragment", "ref"),
    [("", None), ("#main", None), (f"#{COMMIT}", None), ("#refs/tags/v1", "refs/tags/v1")],
)
def test_only_a_full_ref_is_a_ref(fragment: str, ref: str | None) -> None:
    provenance = changed("buildkit-v0.2", "invocation|configSource|uri", REPOSITORY + fragment)
    assert provenance.source is not None
    assert provenance.source.ref == ref


@pytest.mark.parametrize(
    ("directory", "path", "workflow"),
    [
        ("", "Dockerfile", "Dockerfile"),
        ("a/b", "c/Dockerfile", "a/b/c/Dockerfile"),
        ("a", "../Dockerfile", "Dockerfile"),
        ("a", "../../Dockerfile", None),
        ("..", "Dockerfile", None),
        ("", "https://evil.example/Dockerfile", None),
        ("", None, None),
    ],
)
def test_a_definition_file_is_inside_the_repository(
    directory: str, path: str | None, workflow: str | None
) -> None:
    config: dict[str, Any] = {
        "uri": f"{REPOSITORY}#{MAIN}:{directory}",
        "digest": {"sha1": COMMIT},
        "entryPoint": path,
    }
    provenance = changed("buildkit-v0.2", "invocation|configSource", config)
    assert provenance.source is not None
    assert provenance.source.workflow == workflow


# -- Tekton ----------------------------------------------------------------------------------------


def test_a_material_that_defines_the_pipeline_is_not_what_was_built() -> None:
    config = {"uri": f"git+{REPOSITORY}.git", "digest": {"sha1": COMMIT}}
    assert changed("tekton-v0.2", "invocation|configSource", config).source is None
    task = {"name": "build", "invocation": {"configSource": config}}
    assert changed("tekton-v0.2", "buildConfig|tasks|0", task).source is None


def test_of_several_git_materials_none_is_picked() -> None:
    more = copy.deepcopy(TEKTON_V0_2)
    more["materials"].append({"uri": "git+https://git.example/a/b", "digest": {"sha1": COMMIT}})
    assert read(more, SLSA_V0_2).source is None
    other = copy.deepcopy(TEKTON_V1)
    other["buildDefinition"]["resolvedDependencies"].append(
        {"name": "inputs/result", "uri": f"git+{REPOSITORY}", "digest": {"sha1": OTHER_COMMIT}}
    )
    assert read(other, SLSA_V1).source is None


def test_only_a_hinted_input_of_v1_is_the_source() -> None:
    dependencies = TEKTON_V1["buildDefinition"]["resolvedDependencies"][:2]
    alone = copy.deepcopy(TEKTON_V1)
    alone["buildDefinition"]["resolvedDependencies"] = dependencies
    assert read(alone, SLSA_V1).source is None


@pytest.mark.parametrize(
    ("repository", "commit", "workflow"),
    [
        (f"git+{REPOSITORY}", COMMIT, ".tekton/build.yaml"),
        (f"git+{REPOSITORY}", OTHER_COMMIT, None),
        ("git+https://git.example/a/b", COMMIT, None),
        ("oci://quay.example/pipelines", COMMIT, None),
    ],
)
def test_the_pipeline_is_named_when_it_is_part_of_what_was_built(
    repository: str, commit: str, workflow: str | None
) -> None:
    config = {"repository": repository, "ref": f"sha1:{commit}", "path": ".tekton/build.yaml"}
    provenance = changed(
        "tekton-v1", "buildDefinition|externalParameters|buildConfigSource", config
    )
    assert provenance.source is not None
    assert provenance.source.workflow == workflow


def test_a_run_config_of_another_form_is_not_looked_into() -> None:
    assert commit_of(changed("tekton-v0.2", "buildConfig", "opaque")) == COMMIT


# -- hostile and real ------------------------------------------------------------------------------


_ODD = st.sampled_from(
    [
        None,
        "",
        0,
        -1,
        1.5,
        True,
        [],
        {},
        [[]],
        [{}],
        {"": ""},
        "git+",
        "x" * 70_000,
        "\x00",
        "@",
        "#",
    ]
)


@settings(max_examples=300)
@given(st.data())
def test_any_value_anywhere_gives_a_provenance_or_an_error_of_ours(data: st.DataObject) -> None:
    predicate, predicate_type = copy.deepcopy(SAMPLES[data.draw(st.sampled_from(list(SAMPLES)))])
    place: Any = predicate
    while True:
        keys = list(range(len(place))) if isinstance(place, list) else list(place)
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, list | dict) and inner and data.draw(st.booleans()):
            place = inner
            continue
        place[key] = data.draw(_ODD)
        break
    try:
        provenance = read(predicate, predicate_type)
    except GatebookError:
        return
    assert isinstance(provenance, Provenance)


def _envelopes(value: object) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        if isinstance(value.get("payload"), str) and "payloadType" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _envelopes(item)


def test_provenance_of_cloud_build_is_read(vectors: Path) -> None:
    """Names of files say which of them contradict themselves."""
    refused = {
        "gates/provenance-gcb/gcloud-container-tag-notstring.json": "formats.provenance",
        "gates/provenance-gcb/v1.0-gcloud-container-github-inline.json": (
            "formats.provenance-conflict"
        ),
        "gates/provenance-gcb/v1.0-gcloud-container-github-sourcediff.json": (
            "formats.provenance-conflict"
        ),
    }
    found: dict[str, str] = {}
    wrong: list[str] = []
    count = 0
    folders = [vectors / "gates/provenance-gcb", vectors / "attest/slsa/gcb_v0.3"]
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        name = str(path.relative_to(vectors))
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        for value in _envelopes(document):
            try:
                statement = Statement.parse(Envelope.parse(json.dumps(value).encode()).payload)
            except GatebookError:
                continue  # an envelope that is broken on purpose
            count += 1
            try:
                provenance = Provenance.from_statement(statement)
            except GatebookError as error:
                found[name] = error.code
                continue
            gcs = path.name.endswith("gcs.json")
            if (provenance.source is None) != gcs:
                wrong.append(f"{name}: source {provenance.source}")
            elif not gcs and commit_of(provenance) is None:
                wrong.append(f"{name}: no commit")
            if not (provenance.invocation_id and provenance.started and provenance.finished):
                wrong.append(f"{name}: invocation or times")
    assert wrong == []
    assert found == refused
    assert count > 40


def test_provenance_of_tekton_is_read(vectors: Path) -> None:
    document = canonical.loads(
        (vectors / "gates/conforma/policy-input/policy-input-golden-container.json").read_bytes()
    )
    statements = [
        Statement.parse(json.dumps(item["statement"]).encode())
        for item in document["attestations"]
        if item["statement"]["predicateType"] == SLSA_V0_2
    ]
    (statement,) = statements
    assert statement.kind is PredicateKind.PROVENANCE
    provenance = Provenance.from_statement(statement)
    assert provenance.source is not None
    assert str(provenance.source.repository) == "https://github.com/conforma/golden-container"
    assert commit_of(provenance) == "d11c0ada39f18f631ff4f54beafa72a9b62dcd7c"
