"""Credentials for registries, from the files and helpers that Docker and Podman keep.

Looked for in this order, the first file that knows the registry wins: ``$REGISTRY_AUTH_FILE`` (then
no other), ``$XDG_RUNTIME_DIR/containers/auth.json``, ``~/.config/containers/auth.json``,
``$DOCKER_CONFIG/config.json`` or else ``~/.docker/config.json``. Within a file a helper for the
registry comes before an entry, and an entry before the general store, as in Docker and Podman
(containers-auth.json(5)). Secrets are never printed, logged or kept longer than the call.
"""

import base64
import binascii
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.errors import MalformedError, UnreachableError
from gatebook.formats.image_reference import DOCKER_HUB, ImageReference

__all__ = ["Anonymous", "Credential", "CredentialFiles", "CredentialSource", "FixedCredential"]

_MAX_FILE: Final = 1024 * 1024
_MAX_ANSWER: Final = 64 * 1024
_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_HELPER_SECONDS: Final = 30.0
_HUB_SERVER: Final = "https://index.docker.io/v1/"
_IDENTITY_USER: Final = "<token>"  # docker-credential-helpers: the secret is an identity token


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a registry, or its token service, is shown.

    Attributes:
        username: may be empty with an identity token.
        password: may be empty with an identity token.
        identity_token: an OAuth2 refresh token, or empty.

    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    def basic(self) -> str:
        """The value of an ``Authorization`` header of the scheme Basic (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


class CredentialSource(Protocol):
    """Whoever may know a credential."""

    def find(self, reference: ImageReference) -> Credential | None:
        """Return the credential for the repository, or ``None`` to go without."""
        ...


class Anonymous:
    """Knows nothing: no credential ever reaches a registry."""

    def find(self, reference: ImageReference) -> Credential | None:  # noqa: ARG002  # the protocol's
        """Return ``None``."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCredential:
    """One credential, for one registry only.

    Attributes:
        registry: the host it is for, with its port.
        credential: the credential.

    """

    registry: str
    credential: Credential

    def find(self, reference: ImageReference) -> Credential | None:
        """Return the credential if ``reference`` is of its registry."""
        return self.credential if reference.registry == self.registry else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFiles:
    """The credential files of Docker and Podman.

    Attributes:
        paths: in the order in which they are asked; one that does not exist knows nothing.
        environment: what helpers are run with; ``PATH`` says where they are found.

    """

    paths: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @classmethod
    def of(cls, environment: Mapping[str, str], *, home: Path) -> "CredentialFiles":
        """Find where ``environment`` says that the files are."""
        if chosen := environment.get("REGISTRY_AUTH_FILE"):
            return cls(paths=(Path(chosen),), environment=environment)
        paths: list[Path] = []
        if runtime := environment.get("XDG_RUNTIME_DIR"):
            paths.append(Path(runtime) / "containers" / "auth.json")
        configuration = environment.get("XDG_CONFIG_HOME")
        place = Path(configuration) if configuration else home / ".config"
        paths.append(place / "containers" / "auth.json")
        docker = environment.get("DOCKER_CONFIG")
        paths.append((Path(docker) if docker else home / ".docker") / "config.json")
        return cls(paths=tuple(paths), environment=environment)

    def find(self, reference: ImageReference) -> Credential | None:
        """Return the credential of the first file that has one for the repository.

        Raises:
            MalformedError: a file, or a helper's answer, is not what it must be.
            UnreachableError: a file is unreadable, or a helper fails; going on without a
                credential would ask another question than the caller meant.

        """
        for path in self.paths:
            content = _read(path)
            if content is None:
                continue
            credential = self._from_file(content, reference, path)
            if credential is not None:
                return credential
        return None

    def _from_file(
        self, content: JsonObject, reference: ImageReference, path: Path
    ) -> Credential | None:
        helpers = _objects(content, "credHelpers", path)
        for server in _servers(reference.registry):
            if server in helpers:
                return self._ask(helpers[server], server, path)
        entries = {_key(key): entry for key, entry in _objects(content, "auths", path).items()}
        for key in _keys(reference):
            entry = entries.get(key)
            if isinstance(entry, dict) and (credential := _entry(entry, path)) is not None:
                return credential
        store = content.get("credsStore")
        if store:
            for server in _servers(reference.registry):
                if (credential := self._ask(store, server, path)) is not None:
                    return credential
        return None

    def _ask(self, helper: object, server: str, path: Path) -> Credential | None:
        if not isinstance(helper, str) or _HELPER.match(helper) is None:
            raise _malformed(path, "a helper's name is not [A-Za-z0-9._-]+")
        program = f"docker-credential-{helper}"
        try:
            # The name was checked, there is no shell, and the server goes in over stdin.
            done = subprocess.run(  # noqa: S603  # see above
                [program, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=_HELPER_SECONDS,
                check=False,
                env=dict(self.environment),
            )
        except FileNotFoundError:
            raise _failed(program, "it is not installed") from None
        except subprocess.TimeoutExpired:
            raise _failed(program, f"no answer within {_HELPER_SECONDS:.0f} s") from None
        except OSError as error:
            raise _failed(program, error.strerror or "it cannot be run") from None
        if done.returncode != 0:
            if b"credentials not found" in done.stdout[:_MAX_ANSWER]:
                return None
            raise _failed(program, f"exit status {done.returncode}")
        answer = canonical.as_object(
            canonical.loads(done.stdout, what=f"answer of {program}", max_bytes=_MAX_ANSWER),
            what=f"answer of {program}",
        )
        username, secret = answer.get("Username"), answer.get("Secret")
        if not isinstance(username, str) or not isinstance(secret, str) or not secret:
            raise _failed(program, "its answer has no Username and Secret")
        if username == _IDENTITY_USER:
            return Credential(identity_token=secret)
        return Credential(username=username, password=secret)


def _read(path: Path) -> JsonObject | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreachableError(
            f"credential file {path} cannot be read: {error.strerror}",
            code="connectors.credential-file",
        ) from None
    if not data.strip():
        return None
    decoded = canonical.loads(data, what=f"credential file {path}", max_bytes=_MAX_FILE)
    return canonical.as_object(decoded, what=f"credential file {path}")


def _objects(content: JsonObject, name: str, path: Path) -> JsonObject:
    found = content.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _malformed(path, f"{name!r} must be an object")
    return found


def _servers(registry: str) -> tuple[str, ...]:
    return (_HUB_SERVER, DOCKER_HUB) if registry == DOCKER_HUB else (registry,)


def _keys(reference: ImageReference) -> list[str]:
    # containers-auth.json(5): the most specific namespace wins, the registry alone comes last.
    parts = reference.name.split("/")
    keys = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
    if reference.registry == DOCKER_HUB:
        keys += ["index.docker.io", "registry-1.docker.io"]
    return keys


def _key(written: str) -> str:
    # Docker writes keys as URLs with an API version ("https://index.docker.io/v1/").
    bare = written.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix("/v1").removesuffix("/v2")


def _entry(entry: JsonObject, path: Path) -> Credential | None:
    token = entry.get("identitytoken") or ""
    encoded = entry.get("auth") or ""
    username, password = entry.get("username") or "", entry.get("password") or ""
    if not all(isinstance(text, str) for text in (token, encoded, username, password)):
        raise _malformed(path, "an entry of 'auths' holds something else than strings")
    if encoded:
        try:
            pair = base64.b64decode(str(encoded), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise _malformed(path, "an 'auth' is not base64 of user:password") from None
        username, colon, password = pair.rstrip("\0").partition(":")
        if not colon:
            raise _malformed(path, "an 'auth' is not base64 of user:password")
    if not token and not username:
        return None
    return Credential(username=str(username), password=str(password), identity_token=str(token))


def _malformed(path: Path, problem: str) -> MalformedError:
    return MalformedError(f"credential file {path}: {problem}", code="connectors.credential-file")


def _failed(program: str, problem: str) -> UnreachableError:
    return UnreachableError(
        f"{program} did not give a credential: {problem}",
        code="connectors.credential-helper",
        hint="log in to the registry again, or remove the helper from the credential file",
    )
