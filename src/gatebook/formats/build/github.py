"""Sources of builds on GitHub Actions: SLSA generators, delegators, npm, GitHub's own actions."""

from gatebook.formats.build.reference import (
    Build,
    Material,
    ProvenanceConflictError,
    SourceReference,
    agreed,
    commit_in,
    optional_digests,
    repository_at,
    settle,
    split_location,
)
from gatebook.names import RepositoryUri

__all__ = [
    "read_github_container_v1",
    "read_github_delegator_v1",
    "read_github_v0_2",
    "read_github_workflow_v1",
]


def read_github_v0_2(build: Build) -> SourceReference | None:
    """Read the SLSA generators and npm on GitHub Actions: ``invocation.configSource``.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("configSource"):
        return None
    config = build.external.object("configSource")
    repository, ref = split_location(config, config.text("uri"))
    digests = optional_digests(config)
    _check_repository(build, repository)
    entry = config.optional_text("entryPoint")
    if entry is not None and entry.startswith(f"{repository.path}/"):
        # npm 9 wrote GITHUB_WORKFLOW_REF here: owner/name/path@ref.
        entry = entry.removeprefix(f"{repository.path}/").partition("@")[0]
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=settle(build, repository, ref, commit_in(config, digests)),
        workflow=entry or None,
    )


def read_github_workflow_v1(build: Build) -> SourceReference | None:
    """Read ``https://actions.github.io/buildtypes/workflow/v1``.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("workflow"):
        return None
    workflow = build.external.object("workflow")
    repository = repository_at(workflow, workflow.text("repository"))
    ref = workflow.text("ref")
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=settle(build, repository, ref, None),
        workflow=workflow.text("path"),
    )


def read_github_delegator_v1(build: Build) -> SourceReference | None:
    """Read the SLSA delegator: the first resolved dependency is the source.

    Its commit may differ from ``GITHUB_SHA`` on purpose (input ``slsa-checkout-sha1``).

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    source = build.materials[0] if build.materials else Material()
    if source.uri is None:
        return None
    repository, ref = split_location(build.external, source.uri)
    _check_repository(build, repository)
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=settle(build, repository, ref, commit_in(build.external, source.digests)),
        workflow=_workflow_path(build, repository),
    )


def read_github_container_v1(build: Build) -> SourceReference | None:
    """Read the SLSA container-based builder: ``externalParameters.source``.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("source"):
        return None
    source = build.external.object("source")
    repository, ref = split_location(source, source.text("uri"))
    digests = optional_digests(source)
    _check_repository(build, repository)
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=settle(build, repository, ref, commit_in(source, digests)),
        workflow=_workflow_path(build, repository),
    )


def _check_repository(build: Build, repository: RepositoryUri) -> None:
    claimed = agreed(
        build.internal,
        "the repository",
        build.internal.optional_text("GITHUB_REPOSITORY"),
        build.internal.optional_text("github_repository"),
    )
    if claimed is not None and claimed != repository.path:
        raise ProvenanceConflictError(
            f"{build.internal.what}: the repository is {claimed[:120]!r}, the source is "
            f"{repository}"
        )


def _workflow_path(build: Build, repository: RepositoryUri) -> str | None:
    """Take ``path`` from ``GITHUB_WORKFLOW_REF`` = ``owner/name/path@ref``."""
    reference = build.internal.optional_text("GITHUB_WORKFLOW_REF")
    prefix = f"{repository.path}/"
    if reference is None or not reference.startswith(prefix):
        return None
    return reference.removeprefix(prefix).partition("@")[0] or None
