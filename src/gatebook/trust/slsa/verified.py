"""What a build turned out to be, once it satisfied the rules."""

from dataclasses import dataclass

from gatebook.canonical import JsonObject
from gatebook.digest import Digest
from gatebook.trust.slsa.builders import BuilderId

__all__ = ["SlsaBuild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlsaBuild:
    """A build that satisfies the expectations it was compared with.

    Attributes:
        builder: the builder that made the artifact.
        build_type: the build type of its provenance.
        source: ``git+https://host/owner/name`` or what else the builder built from.
        ref: the full ref that was built, when the provenance states it.
        commit: the commit that was built, when certificate or provenance state it.
        subject: the digest the provenance was asked about.
        checks: every rule that was applied, with what was found, in order.

    """

    builder: BuilderId
    build_type: str
    source: str | None
    ref: str | None
    commit: str | None
    subject: Digest
    checks: tuple[tuple[str, str], ...]

    def as_json(self) -> JsonObject:
        """The result for people and machines to read."""
        return {
            "builder": str(self.builder),
            "buildType": self.build_type,
            "source": self.source,
            "ref": self.ref,
            "commit": self.commit,
            "subject": str(self.subject),
            "checks": [{"rule": rule, "found": found} for rule, found in self.checks],
        }
