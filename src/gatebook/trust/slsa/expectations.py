"""What the caller expects of a build; never taken from the provenance."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatebook.trust.identities.certificate import GITHUB_ISSUER
from gatebook.trust.slsa.builders import BuilderId
from gatebook.trust.slsa.refusals import ExpectationError
from gatebook.trust.slsa.versions import Version

__all__ = ["ProvenanceExpectations", "normalise_source"]

_SOURCE: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[^\s/]+/[^\s]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceExpectations:
    """What slsa-verifier's options say, with the same meaning.

    What is not given is not compared, but never contradicts: the provenance still has to agree
    with the certificate that signed it.

    Attributes:
        source_uri: ``--source-uri``: the repository, with or without ``git+https://``.
        source_branch: ``--source-branch``: the exact branch.
        source_tag: ``--source-tag``: the exact tag.
        source_versioned_tag: ``--source-versioned-tag``: the version, as far as given.
        builder_id: ``--builder-id``: the builder, with or without its version.
        workflow_inputs: ``--build-workflow-input``: inputs of a workflow started by hand.
        issuers: identity providers that may vouch for a GitHub workflow; more than the public one
            only for GitHub Enterprise.
        signer_is_expected: the caller has compared the signer with an identity constraint. Then the
            signer needs not be a trusted builder at a release; the provenance has to name the
            signer, or the runner it ran on, as the builder.

    """

    source_uri: str | None = None
    source_branch: str | None = None
    source_tag: str | None = None
    source_versioned_tag: str | None = None
    builder_id: str | None = None
    workflow_inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    issuers: frozenset[str] = frozenset({GITHUB_ISSUER})
    signer_is_expected: bool = False

    def __post_init__(self) -> None:
        """Refuse what no build could satisfy.

        Raises:
            ExpectationError: an empty value, a malformed source, builder or version.

        """
        for name in ("source_branch", "source_tag", "source_versioned_tag", "builder_id"):
            if getattr(self, name) == "":
                raise ExpectationError(f"{name} is empty")
        if self.source_uri is not None and _SOURCE.match(self.source_uri) is None:
            raise ExpectationError(
                f"{self.source_uri[:120]!r} is not a source such as github.com/owner/name"
            )
        if self.builder_id is not None:
            BuilderId.expected(self.builder_id)
        tag = self.source_versioned_tag
        if tag is not None and Version.parse(tag) is None:
            raise ExpectationError(f"{tag[:80]!r} is not a semantic version such as v1 or v1.2.3")

    @property
    def builder(self) -> BuilderId | None:
        """The expected builder, parsed."""
        return None if self.builder_id is None else BuilderId.expected(self.builder_id)

    @property
    def git_source(self) -> str | None:
        """The expected source as provenance writes it: ``git+https://host/owner/name``."""
        return None if self.source_uri is None else normalise_source(self.source_uri)


def normalise_source(uri: str) -> str:
    """Put ``git+https://`` before a source that lacks it (slsa-verifier NormalizeGitURI).

    Nothing else is changed: ``.git``, a trailing slash and case all count.
    """
    if uri.startswith("git+"):
        return uri
    return f"git+{uri}" if "://" in uri else f"git+https://{uri}"
