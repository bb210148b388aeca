"""npm's publish attestation v0.1: the registry says that it accepted a version of a package.

Source: https://github.com/npm/attestation/tree/main/specs/publish/v0.1. The registry signs it with
a key of its own; it says nothing about how the package was built.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.purl import PackageUrl

__all__ = ["NPM_PUBLISH_V0_1", "NpmPublish", "NpmPublishError"]

NPM_PUBLISH_V0_1: Final = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"


class NpmPublishError(MalformedError):
    """A statement is not the npm publish attestation it claims to be.

    ``formats.npm-publish`` is a field that is missing or of the wrong form,
    ``formats.npm-publish-subject`` a subject that is not the package the predicate names.
    """

    code = "formats.npm-publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmPublish:
    """A published version of an npm package.

    Attributes:
        name: the package, with its scope: ``@acme/api``.
        version: the version.
        registry: the registry that published it.
        package: the same as a package URL.
        digest: SHA-512 of the tarball.

    """

    name: str
    version: str
    registry: str | None
    package: PackageUrl
    digest: Digest

    @classmethod
    def from_statement(cls, statement: Statement) -> "NpmPublish":
        """Read a publish attestation.

        Name and version stand in the predicate and in the subject's name; both must be the same,
        or the digest would be taken for another package than it is of.

        Raises:
            MalformedError: another predicate type, a missing field, not exactly one subject, no
                SHA-512 digest, or a subject that is another package or version.

        """
        fields = Fields(statement.predicate, "npm publish", NpmPublishError.code)
        if statement.predicate_type != NPM_PUBLISH_V0_1:
            raise NpmPublishError(
                f"{statement.predicate_type[:80]!r} is not npm's publish attestation v0.1"
            )
        name, version = fields.text("name"), fields.text("version")
        if len(statement.subjects) != 1:
            raise _differs(f"has {len(statement.subjects)} subjects, not one")
        (subject,) = statement.subjects
        try:
            package = PackageUrl.parse(subject.name or "")
        except MalformedError as error:
            raise _differs(f"the subject is no package URL: {error.message}") from None
        subject_name = f"{package.namespace}/{package.name}" if package.namespace else package.name
        if (package.type, subject_name, package.version) != ("npm", name, version):
            raise _differs(f"the subject is {package}, the predicate says {name} {version}")
        digest = subject.digests.get("sha512")
        if digest is None:
            raise _differs("the subject has no SHA-512 digest")
        return cls(
            name=name,
            version=version,
            registry=fields.optional_text("registry"),
            package=package,
            digest=Digest("sha512", digest),
        )


def _differs(message: str) -> NpmPublishError:
    return NpmPublishError(f"npm publish: {message}", code="formats.npm-publish-subject")
