"""Parsed names: strings that were looked at once, at the edge, and are types from then on.

Each class has ``parse`` (raises :class:`~gatebook.errors.MalformedError`) and prints one way.
"""

import re
from typing import ClassVar, Self
from urllib.parse import urlsplit

from gatebook.errors import MalformedError
from gatebook.values import value

__all__ = [
    "Actor",
    "ArtifactName",
    "CommitId",
    "ControlId",
    "EnvironmentName",
    "Pattern",
    "RepositoryUri",
    "RoleName",
]

_MAX_TEXT = 1024
_MAX_WILDCARDS = 8


@value
class _Name:
    text: str

    form: ClassVar[re.Pattern[str]]
    called: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse and keep the text.

        Raises:
            MalformedError: the text does not have the form.

        """
        if cls.form.match(text) is None:
            raise MalformedError(
                f"{text[:80]!r} is not {cls.called}", code=f"names.{cls.__name__.lower()}"
            )
        return cls(text)

    def __str__(self) -> str:
        return self.text


class EnvironmentName(_Name):
    """Where artifacts are deployed: ``staging``, ``prod``, ``eu/prod``."""

    __slots__ = ()
    form = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?(?:/[a-z0-9][a-z0-9._-]{0,62})*\Z")
    called = "an environment name such as prod or eu/prod (lower case, digits, . _ -)"


class ControlId(_Name):
    """One control of a contract."""

    __slots__ = ()
    form = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")
    called = "a control id such as tests-passed (lower case, digits, . _ -)"


class RoleName(_Name):
    """A role people hold in a contract."""

    __slots__ = ()
    form = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")
    called = "a role name such as release-manager (lower case, digits, . _ -)"


class CommitId(_Name):
    """A full git object name: 40 or 64 lower-case hex digits, never an abbreviation."""

    __slots__ = ()
    form = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
    called = "a full git commit id (40 or 64 lower-case hex digits)"


class ArtifactName(_Name):
    """What people call an artifact: ``acme/api``, ``gatebook-1.0-py3-none-any.whl``."""

    __slots__ = ()
    form = re.compile(
        r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f]{0,510}[^\s\x00-\x1f\x7f-\x9f])?\Z"
    )
    called = "an artifact name (1 to 512 characters, no control characters)"


@value
class RepositoryUri:
    """A source repository, normalised: ``https://host/owner/name`` without ``.git``.

    Attributes:
        host: lower-case host with the port, if one was given.
        path: everything after the host, no leading or trailing slash.

    """

    host: str
    path: str

    _FORM: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9._~/-]+\Z")
    _SCP: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:[\w.-]+@)?([\w.-]+):(?!//)([^:]+)\Z", re.ASCII
    )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a URL, an SPDX download location (``git+https://…@ref``) or ``git@host:path``.

        The scheme, user, ref and a final ``.git`` are dropped: they say how the repository is
        reached, not which one it is.

        Raises:
            MalformedError: no host or path, a query or fragment, ``..``, or odd characters.

        """
        location = text.removeprefix("git+")
        scp = cls._SCP.match(location)
        if scp is not None:
            host, path = scp[1], scp[2]
        else:
            if "://" not in location:
                location = "https://" + location
            try:
                parts = urlsplit(location)
                host, path = parts.hostname or "", parts.path
                port = parts.port
            except ValueError:
                raise cls._refuse(text) from None
            if parts.query or parts.fragment or parts.scheme not in {"https", "http", "ssh", "git"}:
                raise cls._refuse(text)
            if port is not None:
                host = f"{host}:{port}"
        path = path.strip("/").partition("@")[0].removesuffix(".git")
        bad = not host or not path or len(text) > _MAX_TEXT or cls._FORM.match(path) is None
        if bad or any(part in {"", ".", ".."} for part in path.split("/")):
            raise cls._refuse(text)
        return cls(host.lower(), path)

    @staticmethod
    def _refuse(text: str) -> MalformedError:
        return MalformedError(
            f"{text[:80]!r} is not a repository such as https://github.com/owner/name",
            code="names.repositoryuri",
        )

    def __str__(self) -> str:
        return f"https://{self.host}/{self.path}"


@value
class Actor:
    """Who did something, as the book knows them: an issuer and a pseudonymous subject.

    Attributes:
        issuer: who vouches for the subject: ``local``, ``key``, an OIDC issuer URL.
        subject: the name within the issuer.

    """

    issuer: str
    subject: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``issuer#subject``; without ``#`` the issuer is ``local``.

        Raises:
            MalformedError: an empty or overlong part, or control characters.

        """
        issuer, mark, subject = text.partition("#")
        if not mark:
            issuer, subject = "local", text
        for part in (issuer, subject):
            if not 0 < len(part) <= 256 or not part.isprintable():  # noqa: PLR2004
                raise MalformedError(
                    f"{text[:80]!r} is not an actor such as local#ana", code="names.actor"
                )
        return cls(issuer, subject)

    def __str__(self) -> str:
        return f"{self.issuer}#{self.subject}"


@value
class Pattern:
    """An explicit pattern over a parsed name: literal text in which ``*`` stands for one or more.

    ``*`` never crosses ``/``; ``**`` may. There is no other special character, and the whole text
    has to match. A pattern of wildcards alone is refused: it would allow anything by accident.

    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keep a pattern.

        Raises:
            MalformedError: empty, longer than 1,024 characters, more than eight wildcards (matching
                stays cheap), or made of wildcards only.

        """
        wildcards = len(re.findall(r"\*+", text))
        bad = len(text) > _MAX_TEXT or wildcards > _MAX_WILDCARDS or "***" in text
        if bad or not text.strip("*/ ") or not text.isprintable():
            raise MalformedError(
                f"{text[:80]!r} is not a pattern: it needs some literal text",
                code="names.pattern",
            )
        return cls(text)

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` matches, compared case by case."""
        parts = re.split(r"(\*\*|\*)", self.text)
        wild = {"**": ".+", "*": "[^/]+"}
        expression = "".join(wild.get(part) or re.escape(part) for part in parts)
        return re.fullmatch(expression, text, re.DOTALL) is not None

    def __str__(self) -> str:
        return self.text
