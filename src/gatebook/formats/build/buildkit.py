"""Sources of BuildKit provenance v0.2 and v1: the remote git context, if there was one.

https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md

A local context leaves no trace of its repository but ``vcs`` metadata, which the client sends and
nobody checks: it is not read. The definition file of such a build has no repository to be in.
"""

import posixpath
import re
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.build.reference import (
    Build,
    ProvenanceConflictError,
    SourceReference,
    commit_in,
    full_ref,
    optional_digests,
    plain_commits,
)
from gatebook.formats.fields import Fields
from gatebook.names import RepositoryUri

__all__ = ["BUILDKIT_V0_2", "BUILDKIT_V1", "read_buildkit_v0_2", "read_buildkit_v1"]

BUILDKIT_V0_2: Final = "https://mobyproject.org/buildkit@v1"
BUILDKIT_V1: Final = (
    "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
)

# "https://…", "ssh://…", "git@host:…": anything else could be a directory of the machine.
_REMOTE: Final = re.compile(r"(?:https?|ssh|git)://|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:")


def read_buildkit_v0_2(build: Build) -> SourceReference | None:
    """Read v0.2: ``invocation.configSource``, whose ``entryPoint`` is the definition file.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    return _source(build, "entryPoint")


def read_buildkit_v1(build: Build) -> SourceReference | None:
    """Read v1: ``externalParameters.configSource``, whose ``path`` is the definition file.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    return _source(build, "path")


def _source(build: Build, path_field: str) -> SourceReference | None:
    config = build.external.optional_object("configSource")
    if config is None:
        return None
    uri, commit = config.optional_text("uri"), commit_in(config, optional_digests(config))
    if not uri or commit is None:
        return None  # a local context, or one that is no git repository
    # Dockerfile git contexts: <repository>#<ref>:<directory>, both parts optional.
    place, _, fragment = uri.partition("#")
    ref, _, directory = fragment.partition(":")
    if _REMOTE.match(place) is None:
        return None
    try:
        repository = RepositoryUri.parse(place)
    except MalformedError:
        return None  # a form with a query, for instance: what it names cannot be said
    found = plain_commits(build, repository)
    if found and commit not in found:
        raise ProvenanceConflictError(
            f"{config.what}: the commit is {commit}, but the materials have {min(found)} of "
            f"{repository}"
        )
    return SourceReference(
        repository=repository,
        ref=full_ref(ref),
        commit=commit,
        workflow=_workflow(config, directory, path_field),
    )


def _workflow(config: Fields, directory: str, path_field: str) -> str | None:
    """Return the definition file's path in the repository; ``None`` if it is outside of it."""
    path = config.optional_text(path_field)
    if not path or "://" in path:
        return None
    joined = posixpath.normpath(posixpath.join("/", directory, path.lstrip("/")))
    inside = posixpath.normpath(posixpath.join(directory, path)) == joined.lstrip("/")
    return joined.lstrip("/") if inside else None
