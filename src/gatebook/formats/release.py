"""Releases: the in-toto predicate v0.1 and v0.2, by which a registry says what it published.

Source: in-toto attestation framework, spec/predicates/release.md.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.purl import PackageUrl

__all__ = ["RELEASE_V0_1", "RELEASE_V0_2", "Release", "ReleaseError"]

RELEASE_V0_1: Final = "https://in-toto.io/attestation/release/v0.1"
RELEASE_V0_2: Final = "https://in-toto.io/attestation/release/v0.2"


class ReleaseError(MalformedError):
    """A predicate is not the release it claims to be."""

    code = "formats.release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A published version of a package.

    Attributes:
        predicate_type: :data:`RELEASE_V0_1` or :data:`RELEASE_V0_2`.
        package: the package with its version.
        package_id: what the registry calls the package through all its versions; v0.1 named the
            field ``releaseId``.

    """

    predicate_type: str
    package: PackageUrl
    package_id: str | None = None

    @classmethod
    def from_statement(cls, statement: Statement) -> "Release":
        """Read the predicate of a release.

        Raises:
            MalformedError: another predicate type, or the package URL is missing, malformed or
                without a version.

        """
        fields = Fields(statement.predicate, "release", ReleaseError.code)
        if statement.predicate_type not in {RELEASE_V0_1, RELEASE_V0_2}:
            raise ReleaseError(f"{statement.predicate_type[:80]!r} is not a release v0.1 or v0.2")
        try:
            package = PackageUrl.parse(fields.text("purl"))
        except ReleaseError:
            raise
        except MalformedError as error:
            raise fields.refuse(f"'purl': {error.message}") from None
        # release.md: "It MUST include a purl version".
        if package.version is None:
            raise fields.refuse(f"'purl' names no version: {package}")
        old = statement.predicate_type == RELEASE_V0_1
        identifier = fields.optional_text("releaseId") if old else None
        return cls(
            predicate_type=statement.predicate_type,
            package=package,
            package_id=identifier or fields.optional_text("packageId") or None,
        )
