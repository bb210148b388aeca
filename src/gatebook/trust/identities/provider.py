"""Which kind of system a certificate was issued for, and how it writes build references."""

import re
from enum import StrEnum
from typing import Final

import msgspec

from gatebook.trust.identities.build_reference import (
    BuildReference,
    parse_github_reference,
    parse_gitlab_reference,
)
from gatebook.trust.identities.fulcio import CertificateIdentityError

__all__ = [
    "GITHUB_ISSUER",
    "CertificateSubject",
    "Provider",
    "SubjectKind",
    "identify_provider",
    "split_page",
    "split_reference",
]

GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"

_PLAIN_PATH: Final = re.compile(r"https://(?P<host>[A-Za-z0-9.-]+(?::\d+)?)/(?P<path>[^?]+)\Z")


class SubjectKind(StrEnum):
    """Which kind of name the subject alternative name holds."""

    EMAIL = "email"
    URI = "uri"
    USERNAME = "username"


class Provider(StrEnum):
    """The kind of system whose token the certificate was issued for.

    It says how the parts are written, not who is believed: that is the issuer.
    """

    GITHUB = "github"
    GITLAB = "gitlab"
    BUILDKITE = "buildkite"
    CIRCLECI = "circleci"
    CODEFRESH = "codefresh"
    BUDDY = "buddy"
    GOOGLE = "google"
    EMAIL = "email"
    KUBERNETES = "kubernetes"
    SPIFFE = "spiffe"
    OTHER = "other"


_ISSUERS: Final = (
    # The second form is an enterprise with an issuer of its own.
    (re.compile(r"https://token\.actions\.githubusercontent\.com(?:/[^/]+)?\Z"), Provider.GITHUB),
    # GitHub Enterprise Cloud with data residency; GitHub Enterprise Server.
    (re.compile(r"https://token\.actions\.[a-z0-9-]+\.ghe\.com(?:/[^/]+)?\Z"), Provider.GITHUB),
    (re.compile(r"https://[^/]+/_services/token(?:/[^/]+)?\Z"), Provider.GITHUB),
    (re.compile(r"https://gitlab\.com\Z"), Provider.GITLAB),
    (re.compile(r"https://agent\.buildkite\.com\Z"), Provider.BUILDKITE),
    (re.compile(r"https://oidc\.circleci\.com(?:/org/[^/]+)?\Z"), Provider.CIRCLECI),
    (re.compile(r"https://oidc\.codefresh\.io\Z"), Provider.CODEFRESH),
    (re.compile(r"https://(?:[a-z0-9-]+-)?oidc\.buddyusercontent\.com\Z"), Provider.BUDDY),
)
"""Fulcio's issuers (config/identity/config.yaml) and those of GitHub's other products."""


class CertificateSubject(msgspec.Struct, frozen=True, kw_only=True):
    """The one subject alternative name.

    Attributes:
        kind: which kind of name it is.
        value: the name as written; compared byte by byte.

    """

    kind: SubjectKind
    value: str

    def __str__(self) -> str:
        return self.value


def identify_provider(subject: CertificateSubject, issuer: str | None) -> Provider:
    """Tell from the issuer, or else from the subject's form, how the other parts are written."""
    match subject.kind:
        case SubjectKind.EMAIL:
            google = issuer == "https://accounts.google.com"
            return Provider.GOOGLE if google else Provider.EMAIL
        case SubjectKind.USERNAME:
            return Provider.OTHER
        case SubjectKind.URI:
            return _uri_provider(subject.value, issuer or "")


def _uri_provider(uri: str, issuer: str) -> Provider:
    if uri.startswith("spiffe://"):
        return Provider.SPIFFE
    if uri.startswith("https://kubernetes.io/namespaces/"):
        return Provider.KUBERNETES
    for form, provider in _ISSUERS:
        if form.match(issuer) is not None:
            return provider
    # A host of one's own behind an issuer of one's own: only the form is left to tell.
    path = uri.rpartition("@")[0].partition("://")[2]
    if "//" in path:
        return Provider.GITLAB
    return Provider.GITHUB if "/.github/workflows/" in path else Provider.OTHER


def split_reference(provider: Provider, uri: str) -> BuildReference:
    """Split the build definition a certificate of ``provider`` names.

    Raises:
        CertificateIdentityError: another form (``trust.identity-workflow-uri``).

    """
    match provider:
        case Provider.GITHUB:
            return parse_github_reference(uri)
        case Provider.GITLAB:
            return parse_gitlab_reference(uri)
        case _:
            return _ci_reference(provider, uri)


def split_page(uri: str) -> BuildReference | None:
    """``https://host/path`` as host and path, or ``None``."""
    match = _PLAIN_PATH.match(uri)
    if match is None:
        return None
    return BuildReference(uri=uri, host=match["host"].lower(), path=match["path"])


def _ci_reference(provider: Provider, uri: str) -> BuildReference:
    """Split the subject of a CI system that keeps its build definitions itself."""
    match = _PLAIN_PATH.match(uri)
    if match is None:
        raise CertificateIdentityError(
            f"{uri[:200]!r} is not a pipeline of {provider}", code="trust.identity-workflow-uri"
        )
    host = match["host"].lower()
    if provider is Provider.CIRCLECI:
        path = match["path"].removeprefix("api/v2/")
        return BuildReference(uri=uri, host=host, path=path)
    owner, _, path = match["path"].partition("/")
    return BuildReference(uri=uri, host=host, owner=owner, path=path or None)
