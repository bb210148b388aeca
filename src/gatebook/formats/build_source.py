"""What a provenance says was built: the source repository, ref, commit and workflow.

Where they stand depends on the build type, so that they are read for the types in the table at the
end and for no other: for an unknown type the source stays unknown rather than guessed.

Where a provenance says the same thing in two places, the two must agree: a reader that looked at
one only could be led to another repository or commit than the reader of the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import read_digests
from gatebook.names import CommitId, RepositoryUri

__all__ = [
    "LOCAL_BUILD_TYPE",
    "Build",
    "Material",
    "ProvenanceConflictError",
    "ProvenanceError",
    "SourceReference",
    "agreed",
    "read_source_v0_2",
    "read_source_v1",
]

LOCAL_BUILD_TYPE: Final = "https://gatebook.dev/buildtypes/local/v1"
"""Our own build type. ``externalParameters`` = ``{repository, ref, workflow?, …}``;
``resolvedDependencies`` names the same repository with its ``gitCommit``."""


class ProvenanceError(MalformedError):
    """A predicate is not the SLSA provenance it claims to be."""

    code = "formats.provenance"


class ProvenanceConflictError(ProvenanceError):
    """A provenance says two different things where both must be the same."""

    code = "formats.provenance-conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReference:
    """What was built: a repository, and as far as the provenance says, where in it.

    Attributes:
        repository: the source repository.
        ref: the full git ref that was asked for, such as ``refs/heads/main``.
        commit: the commit it resolved to.
        workflow: path of the build definition within the repository.

    """

    repository: RepositoryUri
    ref: str | None = None
    commit: CommitId | None = None
    workflow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Something the build used; v1 calls it a resolved dependency.

    Attributes:
        uri: where it came from.
        digests: what it was, when the builder said so.

    """

    uri: str | None = None
    digests: DigestSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a source reader may look at.

    Attributes:
        external: v1 ``externalParameters``, v0.2 ``invocation``.
        internal: v1 ``internalParameters``, v0.2 ``invocation.environment``.
        materials: what the build used.

    """

    external: Fields
    internal: Fields
    materials: tuple[Material, ...]


def read_source_v0_2(build_type: str, build: Build) -> SourceReference | None:
    """Read the source of a SLSA v0.2 build; ``None`` for a build type that is not known.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    reader = _SOURCES_V0_2.get(build_type)
    return None if reader is None else reader(build)


def read_source_v1(build_type: str, build: Build) -> SourceReference | None:
    """Read the source of a SLSA v1 build; ``None`` for a build type that is not known.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    reader = _SOURCES_V1.get(build_type)
    return None if reader is None else reader(build)


def agreed(fields: Fields, what: str, *claims: str | None) -> str | None:
    """Return what every claim that was made says, or ``None`` when none was.

    Raises:
        ProvenanceConflictError: two claims differ.

    """
    said = sorted({claim for claim in claims if claim is not None})
    if len(said) > 1:
        raise ProvenanceConflictError(
            f"{fields.what}: {what} is {said[0][:120]!r} in one place and {said[1][:120]!r} in "
            "another"
        )
    return said[0] if said else None


def _split_location(fields: Fields, uri: str) -> tuple[RepositoryUri, str | None]:
    """Split ``git+https://host/owner/name@refs/heads/main`` (SPDX download location)."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    if not mark or not slash:
        raise fields.refuse(f"{uri[:120]!r} is not a git location")
    # A repository path holds no "@", a ref may: only the first one separates them.
    path, at, ref = path.partition("@")
    if at and not ref:
        raise fields.refuse(f"{uri[:120]!r} names an empty ref")
    return _repository(fields, f"{scheme}://{host}/{path}"), ref or None


def _repository(fields: Fields, text: str) -> RepositoryUri:
    try:
        return RepositoryUri.parse(text)
    except MalformedError as error:
        raise fields.refuse(error.message) from None


def _commit(fields: Fields, digests: DigestSet | None) -> CommitId | None:
    """Read a commit: ``gitCommit`` is its name in v1, ``sha1`` in v0.2 (digest_set.md)."""
    if digests is None:
        return None
    text = agreed(fields, "the commit", digests.get("gitCommit"), digests.get("sha1"))
    if text is None:
        return None
    try:
        return CommitId.parse(text)
    except MalformedError as error:
        raise fields.refuse(error.message) from None


def _settle(
    build: Build, repository: RepositoryUri, ref: str | None, commit: CommitId | None
) -> CommitId | None:
    """Return the commit of ``repository`` at ``ref``, once the materials agree about it.

    If the build names git materials, one of them must be the source. Every material that is the
    source at the same ref, or at no stated ref, must be the same commit.

    Raises:
        ProvenanceConflictError: they do not agree.

    """
    found: list[CommitId] = [] if commit is None else [commit]
    located = False
    for material in build.materials:
        if material.uri is None or not material.uri.startswith("git+"):
            continue
        where, at = _split_location(build.external, material.uri)
        if where != repository:
            continue
        if ref is not None and at is not None and at != ref:
            continue
        located = True
        named = _commit(build.external, material.digests)
        if named is not None:
            found.append(named)
    if any((material.uri or "").startswith("git+") for material in build.materials) and not located:
        raise ProvenanceConflictError(
            f"{build.external.what} says the source is {repository} at {ref or 'no ref'}, "
            "but no git material is"
        )
    settled = agreed(build.external, "the source commit", *(str(item) for item in found))
    return None if settled is None else CommitId(settled)


def _check_github_repository(build: Build, repository: RepositoryUri) -> None:
    for name in ("GITHUB_REPOSITORY", "github_repository"):
        claimed = build.internal.optional_text(name)
        if claimed is not None and claimed != repository.path:
            raise ProvenanceConflictError(
                f"{build.internal.what}: {name} is {claimed[:120]!r}, the source is {repository}"
            )


def _github_workflow_path(build: Build, repository: RepositoryUri) -> str | None:
    """Take ``path`` from ``GITHUB_WORKFLOW_REF`` = ``owner/name/path@ref``."""
    reference = build.internal.optional_text("GITHUB_WORKFLOW_REF")
    prefix = f"{repository.path}/"
    if reference is None or not reference.startswith(prefix):
        return None
    return reference.removeprefix(prefix).partition("@")[0] or None


def _github_v0_2(build: Build) -> SourceReference | None:
    """Read the SLSA generators and npm on GitHub Actions: ``invocation.configSource``."""
    if not build.external.has("configSource"):
        return None
    config = build.external.object("configSource")
    repository, ref = _split_location(config, config.text("uri"))
    digests = read_digests(config) if config.values.get("digest") else None
    _check_github_repository(build, repository)
    entry = config.optional_text("entryPoint")
    if entry is not None and entry.startswith(f"{repository.path}/"):
        # npm 9 wrote GITHUB_WORKFLOW_REF here: owner/name/path@ref.
        entry = entry.removeprefix(f"{repository.path}/").partition("@")[0]
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_settle(build, repository, ref, _commit(config, digests)),
        workflow=entry or None,
    )


def _github_workflow_v1(build: Build) -> SourceReference | None:
    """Read ``https://actions.github.io/buildtypes/workflow/v1``."""
    if not build.external.has("workflow"):
        return None
    workflow = build.external.object("workflow")
    repository = _repository(workflow, workflow.text("repository"))
    ref = workflow.text("ref")
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_settle(build, repository, ref, None),
        workflow=workflow.text("path"),
    )


def _github_delegator_v1(build: Build) -> SourceReference | None:
    """Read the SLSA delegator: the first resolved dependency is the source.

    Its commit may differ from ``GITHUB_SHA`` on purpose (input ``slsa-checkout-sha1``).
    """
    source = build.materials[0] if build.materials else Material()
    if source.uri is None:
        return None
    repository, ref = _split_location(build.external, source.uri)
    _check_github_repository(build, repository)
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_settle(build, repository, ref, _commit(build.external, source.digests)),
        workflow=_github_workflow_path(build, repository),
    )


def _github_container_v1(build: Build) -> SourceReference | None:
    """Read the SLSA container-based builder: ``externalParameters.source``."""
    if not build.external.has("source"):
        return None
    source = build.external.object("source")
    repository, ref = _split_location(source, source.text("uri"))
    digests = read_digests(source) if source.values.get("digest") else None
    _check_github_repository(build, repository)
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_settle(build, repository, ref, _commit(source, digests)),
        workflow=_github_workflow_path(build, repository),
    )


def _local_v1(build: Build) -> SourceReference:
    """Read :data:`LOCAL_BUILD_TYPE`."""
    repository = _repository(build.external, build.external.text("repository"))
    ref = build.external.text("ref")
    return SourceReference(
        repository=repository,
        ref=ref,
        commit=_settle(build, repository, ref, None),
        workflow=build.external.optional_text("workflow"),
    )


_GENERATOR: Final = "https://github.com/slsa-framework/slsa-github-generator"

_SOURCES_V0_2: Final[Mapping[str, Callable[[Build], SourceReference | None]]] = MappingProxyType(
    {
        f"{_GENERATOR}/generic@v1": _github_v0_2,
        f"{_GENERATOR}/go@v1": _github_v0_2,
        f"{_GENERATOR}/container@v1": _github_v0_2,
        f"{_GENERATOR}/delegator-generic@v0": _github_v0_2,
        "https://github.com/npm/cli/gha@v1": _github_v0_2,
        "https://github.com/npm/cli/gha/v2": _github_v0_2,
    }
)

_SOURCES_V1: Final[Mapping[str, Callable[[Build], SourceReference | None]]] = MappingProxyType(
    {
        "https://actions.github.io/buildtypes/workflow/v1": _github_workflow_v1,
        # The name GitHub used before it moved the build type to its own pages.
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1": (
            _github_workflow_v1
        ),
        f"{_GENERATOR}/delegator-generic@v0": _github_delegator_v1,
        "https://slsa.dev/container-based-build/v0.1?draft": _github_container_v1,
        LOCAL_BUILD_TYPE: _local_v1,
    }
)
