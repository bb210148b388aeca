"""Where build instructions live: the URIs that CI systems put into certificates, in parts.

Each CI system writes them its own way (fulcio config/identity/config.yaml); the parts have one
meaning: host, owner, repository, path within the repository, ref.
"""

import re
from typing import Final

import msgspec

from gatebook.trust.identities.fulcio import CertificateIdentityError

__all__ = [
    "BuildReference",
    "Run",
    "SourceRepository",
    "parse_github_reference",
    "parse_gitlab_reference",
    "parse_repository",
    "parse_run",
    "percent_decode",
]

_HOST: Final = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?)"
_NAME: Final = r"[A-Za-z0-9._-]+"
# The reference ends at the LAST "@": a path or a ref that holds one more leaves parts that equal
# no path and no ref anyone would have named.
_GITHUB: Final = (
    rf"https://{_HOST}/(?P<owner>{_NAME})/(?P<name>{_NAME})/(?P<path>.+)@(?P<ref>[^@]+)\Z"
)
# GitLab's ci_config_ref_uri separates the project from the file with "//".
_GITLAB: Final = (
    rf"https://{_HOST}/(?P<owner>{_NAME}(?:/{_NAME})*)/(?P<name>{_NAME})//(?P<path>.+)"
    r"@(?P<ref>[^@]+)\Z"
)
_REPOSITORY: Final = re.compile(
    rf"https://{_HOST}/(?P<owner>{_NAME}(?:/{_NAME})*)/(?P<name>{_NAME})\Z"
)
_GITHUB_RUN: Final = re.compile(
    r"(?P<repository>.+)/actions/runs/(?P<id>\d+)/attempts/(?P<n>\d+)\Z", re.ASCII
)
_GITLAB_RUN: Final = re.compile(r"(?P<repository>.+)/-/jobs/(?P<id>\d+)\Z", re.ASCII)
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


class SourceRepository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository as a certificate names it; compared case by case.

    Attributes:
        host: lower-case, with the port when there is one.
        owner: the account or organisation; on GitLab the whole group path.
        name: the repository's own name.

    """

    host: str
    owner: str
    name: str

    @property
    def path(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def uri(self) -> str:
        """``https://host/owner/name``."""
        return f"https://{self.host}/{self.path}"

    def __str__(self) -> str:
        return self.uri


class BuildReference(msgspec.Struct, frozen=True, kw_only=True):
    """Build instructions: in which repository, which file, at which ref.

    Attributes:
        uri: as written.
        host: lower-case.
        owner: who they belong to; a Buildkite organisation, a GitLab group path.
        repository: the repository they are in; ``None`` where the CI system keeps them itself.
        path: the file within the repository, or what the CI system calls the pipeline.
        ref: what stands after the last ``@``: a full git ref, or a commit.

    """

    uri: str
    host: str
    owner: str | None = None
    repository: SourceRepository | None = None
    path: str | None = None
    ref: str | None = None

    @property
    def name(self) -> str:
        """The reference without ``@ref``; what SLSA calls the builder's name."""
        return self.uri if self.ref is None else self.uri.rpartition("@")[0]

    def __str__(self) -> str:
        return self.uri


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of the build.

    Attributes:
        uri: as written.
        id: the run's or job's number, where the URI has one.
        attempt: which attempt, where the URI says it.

    """

    uri: str
    id: str | None = None
    attempt: str | None = None

    def __str__(self) -> str:
        return self.uri


def parse_github_reference(uri: str) -> BuildReference:
    """Split ``https://host/owner/name/path@ref`` (``job_workflow_ref``, ``workflow_ref``).

    Raises:
        CertificateIdentityError: another form (``trust.identity-workflow-uri``).

    """
    return _reference(_GITHUB, uri, "https://host/owner/name/.github/workflows/file.yml@ref")


def parse_gitlab_reference(uri: str) -> BuildReference:
    """Split ``https://host/group/name//path@ref`` (``ci_config_ref_uri``).

    Raises:
        CertificateIdentityError: another form (``trust.identity-workflow-uri``).

    """
    return _reference(_GITLAB, uri, "https://host/group/name//.gitlab-ci.yml@ref")


def parse_repository(uri: str) -> SourceRepository:
    """Split ``https://host/owner/name``; groups may be nested.

    Raises:
        CertificateIdentityError: another form (``trust.identity-repository-uri``).

    """
    match = _REPOSITORY.match(uri)
    if match is None or _climbs(match["owner"], match["name"]):
        raise CertificateIdentityError(
            f"{uri[:200]!r} is not a repository such as https://host/owner/name",
            code="trust.identity-repository-uri",
        )
    return SourceRepository(host=match["host"].lower(), owner=match["owner"], name=match["name"])


def parse_run(uri: str) -> tuple[Run, str | None]:
    """Split a run's URI; the second value is the repository part, where the form is known."""
    for form in (_GITHUB_RUN, _GITLAB_RUN):
        match = form.match(uri)
        if match is not None:
            attempt = match.groupdict().get("n")
            return Run(uri=uri, id=match["id"], attempt=attempt), match["repository"]
    return Run(uri=uri), None


def percent_decode(uri: str) -> str:
    """``uri`` with its percent-encoding undone; as it is when that gives no UTF-8.

    A URI in a certificate is ASCII (RFC 5280 §4.2.1.6), an extension is not: a ref with letters
    beyond ASCII is percent-encoded in one and plain in the other.
    """
    data = _PERCENT.sub(lambda match: bytes.fromhex(match[1].decode()), uri.encode("utf-8"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return uri


def _reference(form: str, uri: str, example: str) -> BuildReference:
    match = re.match(form, uri)
    if match is None or _climbs(match["owner"], match["name"], match["path"]):
        raise CertificateIdentityError(
            f"{uri[:200]!r} is not a build definition such as {example}",
            code="trust.identity-workflow-uri",
        )
    host = match["host"].lower()
    return BuildReference(
        uri=uri,
        host=host,
        owner=match["owner"],
        repository=SourceRepository(host=host, owner=match["owner"], name=match["name"]),
        path=match["path"],
        ref=match["ref"],
    )


def _climbs(*parts: str) -> bool:
    return any(segment in {"", ".", ".."} for part in parts for segment in part.split("/"))
