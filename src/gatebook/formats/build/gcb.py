"""Sources of Google Cloud Build provenance v0.1 and v1.

Build types: ``https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1``, ``…/CloudBuildSteps@v0.1``
and the workers before them (v0.1), ``https://cloud.google.com/build/gcb-buildtypes/google-worker/v1``.
A source in a storage bucket (``gs://…``) is no repository: it stays among the materials.
"""

import re
from typing import Final

from gatebook.formats.build.reference import (
    Build,
    Material,
    ProvenanceConflictError,
    SourceReference,
    agreed,
    commit_in,
    nothing,
    repository_at,
    settle,
    split_location,
)
from gatebook.formats.fields import Fields
from gatebook.names import CommitId, RepositoryUri

__all__ = ["read_gcb_v0_1", "read_gcb_v1"]

# Workers before v0.3 wrote the commit into the URI instead of a digest.
_COMMIT_PAGE: Final = re.compile(r"(https://[^@#?]+)/commit/([0-9a-f]{40})\Z")


def read_gcb_v0_1(build: Build) -> SourceReference | None:
    """Read v0.1: the first material is the source, the substitutions say the ref.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    material = build.materials[0] if build.materials else Material()
    if material.uri is None or not material.uri.startswith(("https://", "git+")):
        return None
    recipe = build.external
    page = _COMMIT_PAGE.match(material.uri)
    place = page[1] if page is not None else material.uri
    repository, at = split_location(recipe, place)
    arguments = recipe.optional_object("arguments") or nothing(recipe, "arguments")
    substitutions = arguments.optional_object("substitutions") or nothing(
        arguments, "substitutions"
    )
    ref = agreed(substitutions, "the ref", at, _ref(substitutions))
    commit = commit_in(recipe, material.digests)
    if page is not None:
        text = agreed(recipe, "the commit", page[2], None if commit is None else str(commit))
        commit = None if text is None else CommitId(text)
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_checked(substitutions, repository, commit),
        workflow=agreed(
            recipe,
            "the build configuration",
            recipe.optional_text("entryPoint") or None,
            substitutions.optional_text("TRIGGER_BUILD_CONFIG_PATH"),
        ),
    )


def read_gcb_v1(build: Build) -> SourceReference | None:
    """Read v1: ``externalParameters.buildConfigSource``, and ``sourceToBuild`` if it is the same.

    A build whose configuration stands in another repository, or at another ref, than what it
    builds has two sources; one reference cannot name both, so it names neither.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("buildConfigSource"):
        return None
    config = build.external.object("buildConfigSource")
    repository = repository_at(config, config.text("repository"))
    ref = config.optional_text("ref")
    other = build.external.optional_object("sourceToBuild")
    if other is not None:
        where = repository_at(other, other.text("repository"))
        if (where, other.optional_text("ref")) != (repository, ref):
            return None
    substitutions = build.internal.optional_object("systemSubstitutions") or nothing(
        build.internal, "systemSubstitutions"
    )
    return SourceReference(
        repository=repository,
        ref=agreed(substitutions, "the ref", ref, _ref(substitutions)),
        commit=_checked(substitutions, repository, settle(build, repository, ref, None)),
        workflow=agreed(
            config,
            "the build configuration",
            config.optional_text("path"),
            substitutions.optional_text("TRIGGER_BUILD_CONFIG_PATH"),
        ),
    )


def _ref(substitutions: Fields) -> str | None:
    """Read the ref from the substitutions Cloud Build itself sets.

    https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values
    """
    tag = substitutions.optional_text("TAG_NAME")
    branch = substitutions.optional_text("BRANCH_NAME")
    agreed(substitutions, "the name of the ref", substitutions.optional_text("REF_NAME"), tag)
    agreed(substitutions, "the name of the ref", substitutions.optional_text("REF_NAME"), branch)
    return agreed(
        substitutions,
        "the ref",
        f"refs/tags/{tag}" if tag else None,
        f"refs/heads/{branch}" if branch else None,
    )


def _checked(
    substitutions: Fields, repository: RepositoryUri, commit: CommitId | None
) -> CommitId | None:
    """Return the commit once the substitutions do not contradict it, nor the repository."""
    agreed(
        substitutions,
        "the commit",
        None if commit is None else str(commit),
        substitutions.optional_text("COMMIT_SHA"),
        substitutions.optional_text("REVISION_ID"),
    )
    named = substitutions.optional_text("REPO_FULL_NAME")
    if named is not None and not f"/{repository.path}".endswith(f"/{named}"):
        raise ProvenanceConflictError(
            f"{substitutions.what}: the repository is {named[:120]!r}, the source is {repository}"
        )
    return commit
