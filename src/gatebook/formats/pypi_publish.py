"""The Python package index's publish attestation v1: who published a distribution.

Source: PEP 740, and the page that is the predicate's type. The publisher is the signer's identity;
the predicate itself is empty.
"""

import re
from dataclasses import dataclass
from typing import Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.intoto import PYPI_PUBLISH_V1, Statement

__all__ = ["PyPiPublish", "PyPiPublishError"]

# https://packaging.python.org/specifications/binary-distribution-format/ and source-distribution…
_WHEEL: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-(?P<version>[A-Za-z0-9_.!+]+)"
    r"(?:-[0-9][A-Za-z0-9_.]*)?(?:-[A-Za-z0-9_.]+){3}\.whl\Z"
)
_SOURCE: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)-(?P<version>[A-Za-z0-9_.!+]+)"
    r"\.(?:tar\.gz|zip)\Z"
)


class PyPiPublishError(MalformedError):
    """A statement is not the publish attestation it claims to be."""

    code = "formats.pypi-publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class PyPiPublish:
    """A published distribution file.

    Attributes:
        filename: the wheel or source distribution.
        project: the project's normalised name (PEP 503).
        version: its version, as the file name writes it.
        digest: SHA-256 of the file.

    """

    filename: str
    project: str
    version: str
    digest: Digest

    @classmethod
    def from_statement(cls, statement: Statement) -> "PyPiPublish":
        """Read a publish attestation.

        Raises:
            MalformedError: another predicate type, not exactly one subject (PEP 740), a name that
                is no wheel or source distribution, or no SHA-256 digest.

        """
        if statement.predicate_type != PYPI_PUBLISH_V1:
            raise PyPiPublishError(
                f"{statement.predicate_type[:80]!r} is not the index's publish attestation v1"
            )
        if len(statement.subjects) != 1:
            raise PyPiPublishError(
                f"publish attestation: has {len(statement.subjects)} subjects, not one"
            )
        (subject,) = statement.subjects
        filename = subject.name or ""
        match = _WHEEL.match(filename) or _SOURCE.match(filename)
        if match is None:
            raise PyPiPublishError(
                f"publish attestation: {filename[:80]!r} is no wheel or source distribution"
            )
        digest = subject.digests.get("sha256")
        if digest is None:
            raise PyPiPublishError("publish attestation: the subject has no SHA-256 digest")
        return cls(
            filename=filename,
            project=re.sub(r"[-_.]+", "-", match["name"]).lower(),
            version=match["version"],
            digest=Digest("sha256", digest),
        )
