"""Sources of GitLab CI provenance v0.2 and v1, as the runner and as GitLab itself write it.

https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1
"""

import re
from typing import Final

from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.build.reference import (
    Build,
    SourceReference,
    agreed,
    commit_in,
    nothing,
    plain_commits,
    repository_at,
)
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import read_digests
from gatebook.names import CommitId

__all__ = ["is_gitlab", "read_gitlab_digests", "read_gitlab_v0_2", "read_gitlab_v1"]

_PUBLISHED: Final = frozenset(
    {
        "https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1",
        "https://docs.gitlab.com/ci/pipeline_security/slsa/level_3/provenance_v1",
    }
)
# The runner names itself by the page of its own version.
_RUNNER: Final = re.compile(
    r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[A-Za-z0-9._~-]+/PROVENANCE\.md\Z"
)
_SHA1_HEX: Final = re.compile(r"[0-9a-f]{40}\Z")


def is_gitlab(build_type: str) -> bool:
    """Whether a build type is one of GitLab's."""
    return build_type in _PUBLISHED or _RUNNER.match(build_type) is not None


def read_gitlab_digests(fields: Fields) -> DigestSet | None:
    """Read ``digest``, in which runners write the commit under the name ``sha256``.

    Forty hex digits are no SHA-256 value, so the two cannot be taken for each other.

    Raises:
        MalformedError: malformed.

    """
    digests = fields.values.get("digest")
    if not digests:
        return None
    if isinstance(digests, dict):
        text = digests.get("sha256")
        if isinstance(text, str) and _SHA1_HEX.match(text) is not None:
            renamed = {name: value for name, value in digests.items() if name != "sha256"}
            agreed(fields, "the commit", text, *_texts(renamed.get("gitCommit")))
            return read_digests(
                Fields({"digest": {**renamed, "gitCommit": text}}, fields.what, fields.code)
            )
    return read_digests(fields)


def read_gitlab_v0_2(build: Build) -> SourceReference | None:
    """Read v0.2: ``invocation.configSource``.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("configSource"):
        return None
    config = build.external.object("configSource")
    variables = build.external.optional_object("parameters") or nothing(
        build.external, "parameters"
    )
    digests = read_gitlab_digests(config)
    return _source(build, config.text("uri"), commit_in(config, digests), variables)


def read_gitlab_v1(build: Build) -> SourceReference | None:
    """Read v1: ``externalParameters.source``; the dependency that is the same has the commit.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    if not build.external.has("source"):
        return None
    variables = build.external.optional_object("variables") or nothing(build.external, "variables")
    return _source(build, build.external.text("source"), None, variables)


def _source(build: Build, uri: str, commit: CommitId | None, variables: Fields) -> SourceReference:
    # The ref and the path of the configuration stand in CI variables only, which a job may set
    # itself: whoever can push a branch could name another one there. They stay unknown.
    repository = repository_at(build.external, uri)
    claimed = variables.optional_text("CI_COMMIT_SHA") or None
    text = agreed(
        build.external,
        "the source commit",
        *(str(item) for item in plain_commits(build, repository)),
        None if commit is None else str(commit),
        None if claimed is None or not _is_commit(claimed) else claimed,
    )
    known = commit is not None or bool(plain_commits(build, repository))
    return SourceReference(
        repository=repository, commit=None if text is None or not known else CommitId(text)
    )


def _is_commit(text: str) -> bool:
    try:
        CommitId.parse(text)
    except MalformedError:
        return False  # empty, or "[MASKED]"
    return True


def _texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else ()
