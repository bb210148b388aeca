"""Image references: the text by which people name an image, read the way registries' tools do.

The grammar is that of the distribution project (``reference/regexp.go``) with the defaults of
Docker: a name without a registry belongs to ``docker.io``, one without a namespace there to
``library/``. Which digest a name stands for is not known here; a registry says so.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import ClassVar, Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.values import value

__all__ = ["DOCKER_HUB", "ImageReference", "select_repo_digest"]

DOCKER_HUB: Final = "docker.io"
DEFAULT_TAG: Final = "latest"

_MAX_NAME: Final = 255  # distribution: NameTotalLengthMax
_MAX_TEXT: Final = 1024
_HOST: Final = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?\Z"
)
_PATH_PART: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\Z")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_IDENTIFIER: Final = re.compile(r"(?:sha256:)?[0-9a-f]{64}\Z")
_MAX_PORT: Final = 65_535


@value
class ImageReference:
    """One image, or all images of a repository, as named by a registry.

    Attributes:
        registry: host with the port if one was given, lower case; ``docker.io`` for Docker Hub.
        repository: the name within the registry, such as ``library/alpine``.
        tag: the tag, or ``None`` if none was written.
        digest: the digest, or ``None``; where both are given the digest decides.

    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    code: ClassVar[str] = "formats.image-reference"

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Parse ``[registry/]repository[:tag][@digest]``.

        Raises:
            MalformedError: another form, a bare image ID, or a digest that identifies nothing.

        """
        if len(text) > _MAX_TEXT:
            raise cls._refuse(text, f"longer than {_MAX_TEXT} characters")
        if _IDENTIFIER.match(text) is not None:
            # distribution refuses 64 hex digits as a name: it would be taken for an image ID.
            raise cls._refuse(text, "an image ID names no repository")
        named, at, digest_text = text.partition("@")
        digest = Digest.parse(digest_text) if at else None
        slash = named.rfind("/")
        colon = named.find(":", slash + 1)
        tag = None
        if colon >= 0:
            named, tag = named[:colon], named[colon + 1 :]
            if _TAG.match(tag) is None:
                raise cls._refuse(text, "the tag is not [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
        registry, repository = cls._split(named, text)
        return cls(registry, repository, tag, digest)

    @classmethod
    def _split(cls, named: str, text: str) -> tuple[str, str]:
        first, slash, rest = named.partition("/")
        # distribution, splitDockerDomain: only these marks make the first part a registry.
        is_registry = bool(slash) and (
            "." in first or ":" in first or first == "localhost" or first.lower() != first
        )
        if is_registry:
            registry, repository = cls._registry(first, text), rest
        else:
            registry, repository = DOCKER_HUB, named
        if registry in {"index.docker.io", "registry-1.docker.io"}:
            registry = DOCKER_HUB
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        if any(_PATH_PART.match(part) is None for part in repository.split("/")):
            raise cls._refuse(text, "the repository has an empty, upper-case or odd part")
        if len(registry) + 1 + len(repository) > _MAX_NAME:
            raise cls._refuse(text, f"the name is longer than {_MAX_NAME} characters")
        return registry, repository

    @classmethod
    def _registry(cls, host: str, text: str) -> str:
        if _HOST.match(host) is None:
            raise cls._refuse(text, "the registry is not a host with an optional port")
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if port and name and not 0 < int(port) <= _MAX_PORT:
            raise cls._refuse(text, f"port {port} does not exist")
        if host.startswith("["):
            try:
                address = ipaddress.IPv6Address(host[1 : host.index("]")])
            except ValueError:
                raise cls._refuse(text, "the registry is not an IPv6 address") from None
            return f"[{address}]" + host[host.index("]") + 1 :]
        lower = host.lower()
        if "." not in lower and ":" not in lower and lower != "localhost":
            # In lower case it would be read as a namespace of Docker Hub.
            raise cls._refuse(text, "the registry needs a dot or a port")
        return lower

    @classmethod
    def _refuse(cls, text: str, reason: str) -> MalformedError:
        return MalformedError(
            f"{text[:120]!r} is not an image reference: {reason}",
            code=cls.code,
            hint="write it as registry.example/team/app@sha256:… or registry.example/team/app:tag",
        )

    @property
    def selector(self) -> str:
        """What a registry is asked for: the digest, else the tag, else ``latest``."""
        return str(self.digest) if self.digest is not None else self.tag or DEFAULT_TAG

    @property
    def name(self) -> str:
        """Registry and repository: ``docker.io/library/alpine``."""
        return f"{self.registry}/{self.repository}"

    def at(self, digest: Digest) -> "ImageReference":
        """The same repository pinned to ``digest``, without a tag."""
        return ImageReference(self.registry, self.repository, None, digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.name}{tag}{digest}"


def select_repo_digest(image: str, repo_digests: Sequence[str]) -> Digest:
    """Select, of what a container engine knows an image by, the digest in the named repository.

    ``repo_digests`` are entries such as ``alpine@sha256:…`` (Docker's ``RepoDigests``).
    Repositories are compared whole, after the defaults of Docker are filled in, so a registry with
    a port or a common prefix never selects another one's digest. For an image ID, which names no
    repository, all entries must agree.

    Raises:
        MalformedError: the image or an entry is not a reference, or an entry has no digest.
        NotFoundError: no entry is of that repository, or not with the digest the image names.
            The image has been neither pushed to nor pulled from a registry.

    """
    entries = [ImageReference.parse(entry) for entry in repo_digests]
    if any(entry.digest is None for entry in entries):
        raise MalformedError("a repository digest without digest", code=ImageReference.code)
    if _IDENTIFIER.match(image) is not None:
        found = {entry.digest for entry in entries}
    else:
        wanted = ImageReference.parse(image)
        found = {
            entry.digest
            for entry in entries
            if entry.name == wanted.name and wanted.digest in {None, entry.digest}
        }
    digests = [digest for digest in found if digest is not None]
    if len(digests) == 1:
        return digests[0]
    problem = f"{len(digests)} different digests" if digests else "no digest"
    raise NotFoundError(
        f"{image[:120]!r} has {problem} among the {len(entries)} known by the engine",
        code="formats.repository-digest",
        hint="push the image, or name it with its digest",
    )
