"""Refs, tags and semantic versions, compared as slsa-verifier compares them."""

import re
from dataclasses import dataclass
from typing import Final

from gatebook.trust.slsa.refusals import (
    BranchMismatchError,
    ExpectationError,
    InvalidRefError,
    TagMismatchError,
    VersionedTagInvalidError,
    VersionedTagMismatchError,
)

__all__ = [
    "Version",
    "check_branch",
    "check_tag",
    "check_versioned_tag",
    "split_ref",
]

_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_LABEL: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
# semver.org 2.0.0 with a leading "v" (golang.org/x/mod/semver); v1 and v1.2 are short for v1.0.0
# and v1.2.0, and take no pre-release or build.
_VERSION: Final = re.compile(
    rf"v(?P<major>{_NUMBER})(?:\.(?P<minor>{_NUMBER})(?:\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<pre>{_LABEL}(?:\.{_LABEL})*))?(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?)?)?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A semantic version as written; parts left out are ``None``."""

    major: str
    minor: str | None
    patch: str | None
    prerelease: str | None
    build: str | None

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """Parse ``v1``, ``v1.2`` or ``v1.2.3[-pre][+build]``; ``None`` for anything else."""
        match = _VERSION.match(text)
        if match is None:
            return None
        return cls(
            major=match["major"],
            minor=match["minor"],
            patch=match["patch"],
            prerelease=match["pre"],
            build=match["build"],
        )

    @property
    def is_release(self) -> bool:
        """Whether it is ``vX.Y.Z`` and nothing more."""
        return self.patch is not None and self.prerelease is None and self.build is None


def split_ref(ref: str) -> tuple[str, str] | None:
    """Split ``refs/<kind>/<name>``; ``None`` for anything else."""
    refs, _, rest = ref.partition("/")
    kind, _, name = rest.partition("/")
    return (kind, name) if refs == "refs" and kind and name else None


def check_branch(ref: str | None, expected: str) -> None:
    """Check that ``ref`` is the branch ``expected``, compared exactly.

    Raises:
        InvalidRefError: it is no branch.
        BranchMismatchError: it is another one.

    """
    name = _name(ref, "heads", "branch")
    if name != expected:
        raise BranchMismatchError(f"expected the branch {expected!r}, found {name!r}")


def check_tag(ref: str | None, expected: str) -> None:
    """Check that ``ref`` is the tag ``expected``, compared exactly.

    Raises:
        InvalidRefError: it is no tag; a build of a branch never satisfies an expected tag.
        TagMismatchError: it is another one.

    """
    name = _name(ref, "tags", "tag")
    if name != expected:
        raise TagMismatchError(f"expected the tag {expected!r}, found {name!r}")


def check_versioned_tag(ref: str | None, expected: str) -> None:
    """Check that ``ref`` is a tag of the version ``expected``.

    ``v1`` is any ``v1.…``, ``v1.2`` any ``v1.2.…``; with a patch the pre-release has to be equal
    too. Build metadata is ignored (semver.org, item 10).

    Raises:
        ExpectationError: ``expected`` is no semantic version.
        InvalidRefError: ``ref`` is no tag.
        VersionedTagInvalidError: the tag is no semantic version.
        VersionedTagMismatchError: it is another version.

    """
    wanted = Version.parse(expected)
    if wanted is None:
        raise ExpectationError(
            f"{expected[:80]!r} is not a semantic version such as v1, v1.2 or v1.2.3"
        )
    name = _name(ref, "tags", "tag")
    found = Version.parse(name)
    if found is None:
        raise VersionedTagInvalidError(f"the tag {name[:120]!r} is not a semantic version")
    # v14 as a tag is v14.0.0 (semver.Canonical).
    same = (
        found.major == wanted.major
        and (wanted.minor is None or (found.minor or "0") == wanted.minor)
        and (wanted.patch is None or (found.patch or "0") == wanted.patch)
        and (wanted.patch is None or found.prerelease == wanted.prerelease)
    )
    if not same:
        raise VersionedTagMismatchError(f"expected a tag of version {expected}, found {name!r}")


def _name(ref: str | None, kind: str, called: str) -> str:
    parts = None if ref is None else split_ref(ref)
    if parts is None or parts[0] != kind:
        raise InvalidRefError(
            f"expected a build of a {called}, found {ref!r}"
            if ref
            else f"expected a build of a {called}; the provenance names none"
        )
    return parts[1]
