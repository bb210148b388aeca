"""What a provenance says was built: the source repository, ref, commit and workflow.

Where they stand depends on the build type, so that they are read for the types in the tables here
and for no other: for an unknown type the source stays unknown rather than guessed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from gatebook.formats.build.buildkit import (
    BUILDKIT_V0_2,
    BUILDKIT_V1,
    read_buildkit_v0_2,
    read_buildkit_v1,
)
from gatebook.formats.build.gcb import read_gcb_v0_1, read_gcb_v1
from gatebook.formats.build.github import (
    read_github_container_v1,
    read_github_delegator_v1,
    read_github_v0_2,
    read_github_workflow_v1,
)
from gatebook.formats.build.gitlab import is_gitlab, read_gitlab_v0_2, read_gitlab_v1
from gatebook.formats.build.reference import (
    Build,
    Material,
    ProvenanceConflictError,
    ProvenanceError,
    SourceReference,
    agreed,
    repository_at,
    settle,
)
from gatebook.formats.build.tekton import (
    TEKTON_V0_2,
    TEKTON_V1,
    read_tekton_v0_2,
    read_tekton_v1,
)

__all__ = [
    "LOCAL_BUILD_TYPE",
    "Build",
    "Material",
    "ProvenanceConflictError",
    "ProvenanceError",
    "SourceReference",
    "agreed",
    "read_source_v0_1",
    "read_source_v0_2",
    "read_source_v1",
]

LOCAL_BUILD_TYPE: Final = "https://gatebook.dev/buildtypes/local/v1"
"""Our own build type. ``externalParameters`` = ``{repository, ref, workflow?, …}``;
``resolvedDependencies`` names the same repository with its ``gitCommit``."""

_Reader: TypeAlias = Callable[[Build], SourceReference | None]


def read_source_v0_1(build_type: str, build: Build) -> SourceReference | None:
    """Read the source of a SLSA v0.1 build; ``None`` for a build type that is not known.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    reader = _SOURCES_V0_1.get(build_type)
    return None if reader is None else reader(build)


def read_source_v0_2(build_type: str, build: Build) -> SourceReference | None:
    """Read the source of a SLSA v0.2 build; ``None`` for a build type that is not known.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    reader = read_gitlab_v0_2 if is_gitlab(build_type) else _SOURCES_V0_2.get(build_type)
    return None if reader is None else reader(build)


def read_source_v1(build_type: str, build: Build) -> SourceReference | None:
    """Read the source of a SLSA v1 build; ``None`` for a build type that is not known.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    reader = read_gitlab_v1 if is_gitlab(build_type) else _SOURCES_V1.get(build_type)
    return None if reader is None else reader(build)


def _local_v1(build: Build) -> SourceReference:
    """Read :data:`LOCAL_BUILD_TYPE`."""
    repository = repository_at(build.external, build.external.text("repository"))
    ref = build.external.text("ref")
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=settle(build, repository, ref, None),
        workflow=build.external.optional_text("workflow"),
    )


_GENERATOR: Final = "https://github.com/slsa-framework/slsa-github-generator"
_CLOUD_BUILD: Final = "https://cloudbuild.googleapis.com"

_SOURCES_V0_1: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        f"{_CLOUD_BUILD}/CloudBuildYaml@v0.1": read_gcb_v0_1,
        f"{_CLOUD_BUILD}/CloudBuildSteps@v0.1": read_gcb_v0_1,
        # Until worker v0.2 the build type was the builder's own name.
        f"{_CLOUD_BUILD}/GoogleHostedWorker@v0.1": read_gcb_v0_1,
        f"{_CLOUD_BUILD}/GoogleHostedWorker@v0.2": read_gcb_v0_1,
    }
)

_SOURCES_V0_2: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        f"{_GENERATOR}/generic@v1": read_github_v0_2,
        f"{_GENERATOR}/go@v1": read_github_v0_2,
        f"{_GENERATOR}/container@v1": read_github_v0_2,
        f"{_GENERATOR}/delegator-generic@v0": read_github_v0_2,
        # Two names the Go builder had before there were several generators.
        f"{_GENERATOR}-go@v1": read_github_v0_2,
        f"{_GENERATOR}@v1": read_github_v0_2,
        "https://github.com/npm/cli/gha@v1": read_github_v0_2,
        "https://github.com/npm/cli/gha/v2": read_github_v0_2,
        BUILDKIT_V0_2: read_buildkit_v0_2,
        **dict.fromkeys(TEKTON_V0_2, read_tekton_v0_2),
    }
)

_SOURCES_V1: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "https://actions.github.io/buildtypes/workflow/v1": read_github_workflow_v1,
        # The name GitHub used before it moved the build type to its own pages.
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1": (
            read_github_workflow_v1
        ),
        f"{_GENERATOR}/delegator-generic@v0": read_github_delegator_v1,
        "https://slsa.dev/container-based-build/v0.1?draft": read_github_container_v1,
        "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1": read_gcb_v1,
        BUILDKIT_V1: read_buildkit_v1,
        LOCAL_BUILD_TYPE: _local_v1,
        **dict.fromkeys(TEKTON_V1, read_tekton_v1),
    }
)
