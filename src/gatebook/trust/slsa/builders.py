"""Builders: how their ids are written and compared, and which are believed without being named."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook.trust.slsa.refusals import BuilderMismatchError, BuilderRefError, ExpectationError
from gatebook.trust.slsa.versions import Version, split_ref

__all__ = [
    "BUILD_TYPES",
    "DELEGATORS",
    "GENERATOR_WORKFLOWS",
    "NPM_BUILDERS",
    "NPM_HOSTED",
    "NPM_LEGACY",
    "NPM_SELF_HOSTED",
    "TRUSTED_WORKFLOWS",
    "WORKFLOW_BUILD_TYPES",
    "BuildStyle",
    "BuilderId",
    "check_builder_tag",
]

_GENERATOR: Final = "https://github.com/slsa-framework/slsa-github-generator"
GENERATOR_WORKFLOWS: Final = f"{_GENERATOR}/.github/workflows/"
_DELEGATOR: Final = f"{GENERATOR_WORKFLOWS}delegator_generic_slsa3.yml"
_LOW_PERMISSIONS: Final = f"{GENERATOR_WORKFLOWS}delegator_lowperms-generic_slsa3.yml"
_CONTAINER_BASED: Final = f"{GENERATOR_WORKFLOWS}builder_container-based_slsa3.yml"
_GO: Final = f"{GENERATOR_WORKFLOWS}builder_go_slsa3.yml"
_GENERIC: Final = f"{GENERATOR_WORKFLOWS}generator_generic_slsa3.yml"
_CONTAINER: Final = f"{GENERATOR_WORKFLOWS}generator_container_slsa3.yml"
_JRELEASER: Final = "https://github.com/jreleaser/release-action/"

DELEGATORS: Final = frozenset({_DELEGATOR, _LOW_PERMISSIONS})
"""They sign for a builder that calls them ("bring your own builder"); the id is in the payload."""

TRUSTED_WORKFLOWS: Final = frozenset({_GENERIC, _GO, _CONTAINER_BASED, _CONTAINER}) | DELEGATORS
"""Believed when the caller names no builder (slsa-verifier, verifiers/internal/gha/builder.go)."""

NPM_LEGACY: Final = "https://github.com/actions/runner"
NPM_HOSTED: Final = f"{NPM_LEGACY}/github-hosted"
NPM_SELF_HOSTED: Final = f"{NPM_LEGACY}/self-hosted"
NPM_BUILDERS: Final = frozenset({NPM_LEGACY, NPM_HOSTED, NPM_SELF_HOSTED})

WORKFLOW_BUILD_TYPES: Final = frozenset(
    {
        "https://actions.github.io/buildtypes/workflow/v1",
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStyle:
    """Where provenance of a build type states its trigger and ref.

    Attributes:
        environment: how the GitHub variables are written: ``lower``, ``upper``, or ``None`` when
            there are none and the workflow parameters say it.
        delegated: whether another builder than the signer made the artifact.

    """

    environment: str | None
    delegated: bool = False


_BYOB: Final = BuildStyle(environment="upper", delegated=True)
_LOWER: Final = BuildStyle(environment="lower")

BUILD_TYPES: Final[Mapping[tuple[str, str], Mapping[str, BuildStyle]]] = MappingProxyType(
    {
        ("v0.2", _DELEGATOR): {f"{_GENERATOR}/delegator-generic@v0": _BYOB},
        ("v0.2", _LOW_PERMISSIONS): {f"{_GENERATOR}/delegator-generic@v0": _BYOB},
        ("v0.2", _GO): {
            f"{_GENERATOR}/go@v1": _LOWER,
            f"{_GENERATOR}@v1": _LOWER,
            f"{_GENERATOR}-go@v1": _LOWER,
        },
        ("v0.2", _GENERIC): {f"{_GENERATOR}/generic@v1": _LOWER},
        ("v0.2", _CONTAINER): {f"{_GENERATOR}/container@v1": _LOWER},
        ("v1", _DELEGATOR): {f"{_GENERATOR}/delegator-generic@v0": _BYOB},
        ("v1", _LOW_PERMISSIONS): {f"{_GENERATOR}/delegator-generic@v0": _BYOB},
        ("v1", _CONTAINER_BASED): {
            "https://slsa.dev/container-based-build/v0.1?draft": BuildStyle(environment="upper")
        },
    }
)
"""Which build types a builder makes (slsa-verifier, slsaprovenance/v0.2 and v1.0)."""


@dataclass(frozen=True, slots=True)
class BuilderId:
    """``name@version``, or a name alone.

    Attributes:
        name: what stands before ``@``.
        version: what stands after it: a ref, or a bare tag when a person wrote it.

    """

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> "BuilderId":
        """Parse an id.

        Raises:
            BuilderMismatchError: empty, more than one ``@``, or nothing after it.

        """
        name, at, version = text.partition("@")
        if not name or (at and not version) or "@" in version:
            raise BuilderMismatchError(f"{text[:200]!r} is not a builder id")
        return cls(name, version or None)

    @classmethod
    def expected(cls, text: str) -> "BuilderId":
        """Parse an id the caller expects.

        Raises:
            ExpectationError: it is not one.

        """
        try:
            return cls.parse(text)
        except BuilderMismatchError as error:
            raise ExpectationError(error.message) from None

    def check_loosely(self, expected: "BuilderId") -> None:
        """Check that this is ``expected``: the same name, and the version if one is expected.

        An expected ``v1.2.3`` is the same as ``refs/tags/v1.2.3``.

        Raises:
            BuilderMismatchError: it is not.

        """
        versions = {None, self.version}
        if self.version is not None and self.version.startswith("refs/tags/"):
            versions.add(self.version.removeprefix("refs/tags/"))
        if self.name != expected.name or expected.version not in versions:
            raise BuilderMismatchError(f"expected the builder {expected}, found {self}")

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


def check_builder_tag(builder: BuilderId) -> None:
    """Check that a builder ran at a release: ``refs/tags/vX.Y.Z``.

    A branch or a moving tag is whatever it was that day, and whoever may push it may sign.

    Raises:
        BuilderRefError: it ran at something else.

    """
    parts = split_ref(builder.version or "")
    version = Version.parse(parts[1]) if parts is not None and parts[0] == "tags" else None
    if version is not None and version.is_release:
        return
    # slsa-verifier IsValidJreleaserBuilderTag: its builders are released as vX.Y.Z-java.
    jreleaser = builder.name.startswith(_JRELEASER)
    if jreleaser and version is not None and (version.prerelease, version.build) == ("java", None):
        return
    raise BuilderRefError(
        f"the builder {builder.name} ran at {builder.version!r}, which is not a release "
        "refs/tags/vX.Y.Z",
        hint="call the builder at a release tag; a workflow of your own is named by an identity "
        "constraint rather than by a builder id",
    )
