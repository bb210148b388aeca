"""Parts that every reader of a build's source shares: the records, and how two places must agree.

Where a provenance says the same thing in two places, the two must agree: a reader that looked at
one only could be led to another repository or commit than the reader of the other.
"""

import re
from dataclasses import dataclass
from typing import Final

from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import read_digests
from gatebook.names import CommitId, RepositoryUri

__all__ = [
    "Build",
    "Material",
    "ProvenanceConflictError",
    "ProvenanceError",
    "SourceReference",
    "agreed",
    "commit_in",
    "full_ref",
    "nothing",
    "optional_digests",
    "plain_commits",
    "repository_at",
    "settle",
    "split_location",
]

_OBJECT_NAME: Final = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")


class ProvenanceError(MalformedError):
    """A predicate is not the provenance it claims to be."""

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
        name: what the build platform calls it, where that has a meaning (Tekton, Witness).

    """

    uri: str | None = None
    digests: DigestSet | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a source reader may look at.

    Attributes:
        external: v1 ``externalParameters``, v0.2 ``invocation``, v0.1 ``recipe``.
        internal: v1 ``internalParameters``, v0.2 ``invocation.environment``.
        materials: what the build used.
        steps: v0.2 ``buildConfig``.

    """

    external: Fields
    internal: Fields
    materials: tuple[Material, ...]
    steps: Fields = Fields({}, "provenance.buildConfig", ProvenanceError.code)  # noqa: RUF009  # a frozen value


def nothing(parent: Fields, name: str) -> Fields:
    """Stand in for an object that is not there, so that its fields are all absent."""
    return Fields({}, f"{parent.what}.{name}", parent.code)


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


def split_location(fields: Fields, uri: str) -> tuple[RepositoryUri, str | None]:
    """Split ``git+https://host/owner/name@refs/heads/main`` (SPDX download location).

    Raises:
        MalformedError: not such a location, or one with an empty ref.

    """
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    if not mark or not slash:
        raise fields.refuse(f"{uri[:120]!r} is not a git location")
    # A repository path holds no "@", a ref may: only the first one separates them.
    path, at, ref = path.partition("@")
    if at and not ref:
        raise fields.refuse(f"{uri[:120]!r} names an empty ref")
    return repository_at(fields, f"{scheme}://{host}/{path}"), ref or None


def repository_at(fields: Fields, text: str) -> RepositoryUri:
    """Read a repository.

    Raises:
        MalformedError: the text names none.

    """
    try:
        return RepositoryUri.parse(text)
    except MalformedError as error:
        raise fields.refuse(error.message) from None


def full_ref(ref: str | None) -> str | None:
    """Return a full git ref; a short one could be a branch, a tag or a commit, so is not kept."""
    return ref if ref is not None and ref.startswith("refs/") else None


def optional_digests(fields: Fields) -> DigestSet | None:
    """Read ``digest``; absent or empty, nothing was said.

    Raises:
        MalformedError: malformed.

    """
    return read_digests(fields) if fields.values.get("digest") else None


def commit_in(fields: Fields, digests: DigestSet | None) -> CommitId | None:
    """Read a commit: ``gitCommit`` is its name in v1, ``sha1`` in v0.2 (digest_set.md).

    Raises:
        MalformedError: not a full commit id.
        ProvenanceConflictError: the two names differ.

    """
    if digests is None:
        return None
    text = agreed(fields, "the commit", digests.get("gitCommit"), digests.get("sha1"))
    if text is None:
        return None
    try:
        return CommitId.parse(text)
    except MalformedError as error:
        raise fields.refuse(error.message) from None


def settle(
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
        where, at = split_location(build.external, material.uri)
        if where != repository:
            continue
        if ref is not None and at is not None and at != ref:
            continue
        located = True
        named = commit_in(build.external, material.digests)
        if named is not None:
            found.append(named)
    if any((material.uri or "").startswith("git+") for material in build.materials) and not located:
        raise ProvenanceConflictError(
            f"{build.external.what} says the source is {repository} at {ref or 'no ref'}, "
            "but no git material is"
        )
    settled = agreed(build.external, "the source commit", *(str(item) for item in found))
    return None if settled is None else CommitId(settled)


def plain_commits(build: Build, repository: RepositoryUri) -> set[CommitId]:
    """Return the commits of ``repository`` among materials whose URI carries no ``git+``.

    A material that is no repository, or has no commit among its digests, is something else: a
    package, an image, a tarball.
    """
    found: set[CommitId] = set()
    for material in build.materials:
        if material.uri is None or material.digests is None:
            continue
        place = material.uri.removeprefix("git+").partition("#")[0]
        try:
            where = RepositoryUri.parse(place)
        except MalformedError:
            continue
        text = material.digests.get("gitCommit") or material.digests.get("sha1")
        if where == repository and text is not None and _OBJECT_NAME.match(text) is not None:
            named = commit_in(build.external, material.digests)
            if named is not None:
                found.add(named)
    return found
