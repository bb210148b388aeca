"""How a registry is answered when it asks who is there.

Challenges are read by RFC 9110 §11.6.1; the scheme Bearer by the distribution project's token
specification (``docs/content/spec/auth``). The scope asked for is always ours, pull from one
repository or push to it, whatever the challenge suggests. A token lives in memory only.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from gatebook import canonical
from gatebook.connectors.credentials import Credential, CredentialSource
from gatebook.connectors.http import HttpClient, HttpError, HttpResponse, HttpStatusError, Origin
from gatebook.errors import MalformedError
from gatebook.formats.image_reference import ImageReference

__all__ = ["Access", "Challenge", "RegistryAuth", "parse_challenges"]

_MAX_HEADER: Final = 8192
_MAX_ANSWER: Final = 64 * 1024
_MAX_TOKEN: Final = 32 * 1024
_CLIENT_ID: Final = "gatebook"
_TOKEN_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")  # RFC 6750 §2.1, b64token
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 §5.6.2, token
_SCHEME: Final = re.compile(rf"\s*({_WORD})(?:\s+|\s*(?=,|$))")
_PARAMETER: Final = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*(?:,|$)')


class Access(StrEnum):
    """What is wanted of a repository; the value is what a token's scope says."""

    PULL = "pull"
    PUSH = "pull,push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way in which a server would like to be answered.

    Attributes:
        scheme: lower case: ``bearer``, ``basic``.
        parameters: by lower-case name.

    """

    scheme: str
    parameters: MappingProxyType[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a ``WWW-Authenticate`` header.

    Raises:
        MalformedError: it is not one, or longer than 8,192 characters.

    """
    if len(header) > _MAX_HEADER:
        raise _refuse("it is too long")
    challenges: list[Challenge] = []
    place = 0
    while place < len(header):
        scheme = _SCHEME.match(header, place)
        if scheme is None:
            raise _refuse(f"found {header[place : place + 40]!r}")
        place = scheme.end()
        parameters: dict[str, str] = {}
        while (found := _PARAMETER.match(header, place)) is not None:
            name = found[1].lower()
            if name in parameters:
                raise _refuse(f"{name!r} twice")
            quoted = found[2]
            parameters[name] = found[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            place = found.end()
        if header[place : place + 1] == ",":
            place += 1
        challenges.append(
            Challenge(scheme=scheme[1].lower(), parameters=MappingProxyType(parameters))
        )
    return tuple(challenges)


class RegistryAuth:
    """Answers challenges and remembers the answers, one for each repository and access."""

    def __init__(self, http: HttpClient, credentials: CredentialSource) -> None:
        self._http = http
        self._credentials = credentials
        self._answers: dict[tuple[str, Access], str] = {}

    def known(self, reference: ImageReference, access: Access = Access.PULL) -> str | None:
        """The value of ``Authorization`` that was accepted for the repository before."""
        return self._answers.get((reference.name, access))

    def answer(
        self,
        reference: ImageReference,
        url: str,
        refusal: HttpResponse,
        access: Access = Access.PULL,
    ) -> str:
        """Return the value of ``Authorization`` that answers ``refusal``.

        Raises:
            UnreachableError: no challenge can be answered, no credential is known, or the token
                service refuses.
            MalformedError: the challenge, the token or a credential file.

        """
        self._answers.pop((reference.name, access), None)
        if Origin.of(refusal.url) != Origin.of(url):
            # Who is redirected to must not ask for what was meant for the registry.
            raise _unauthorized(reference, "another server than the registry asks for credentials")
        header = refusal.headers.get("www-authenticate", "")
        challenges = {item.scheme: item for item in reversed(parse_challenges(header))}
        credential = self._credentials.find(reference)
        if (bearer := challenges.get("bearer")) is not None:
            authorization = "Bearer " + self._token(reference, url, bearer, credential, access)
        elif "basic" in challenges:
            if credential is None or not credential.password:
                raise _unauthorized(reference, "the registry wants a user name and password")
            authorization = credential.basic()
        else:
            raise _unauthorized(reference, "the registry asks in no way that is understood")
        self._answers[reference.name, access] = authorization
        return authorization

    def _token(
        self,
        reference: ImageReference,
        url: str,
        challenge: Challenge,
        credential: Credential | None,
        access: Access,
    ) -> str:
        realm = challenge.parameters.get("realm", "")
        # 1. The realm must be as protected as the registry is: a token, and what it is bought
        #    with, never go over a plainer connection.
        asked, registry = Origin.of(realm), Origin.of(url)
        same_machine = asked.is_loopback and registry.is_loopback
        if asked.scheme != "https" and not (
            registry.scheme == "http" and (asked.host == registry.host or same_machine)
        ):
            raise HttpError(
                f"{reference.registry} sends to a token service without TLS: {realm[:120]!r}",
                code="connectors.token-realm",
            )
        # 2. Ask for the one right needed, whatever the challenge proposes.
        wanted = {"scope": f"repository:{reference.repository}:{access}"}
        if service := challenge.parameters.get("service"):
            wanted["service"] = service
        try:
            response = self._ask(realm, wanted, credential)
        except HttpStatusError as error:
            if error.response.status in {400, 401, 403}:
                raise _unauthorized(reference, f"the token service says: {error.message}") from None
            raise
        # 3. Believe nothing about the answer but its form.
        answer = canonical.as_object(
            canonical.loads(response.body, what="token answer", max_bytes=_MAX_ANSWER, max_depth=8),
            what="token answer",
        )
        token = answer.get("token") or answer.get("access_token")
        if (
            not isinstance(token, str)
            or len(token) > _MAX_TOKEN
            or _TOKEN_CHARACTERS.match(token) is None
        ):
            raise MalformedError(
                f"the token service of {reference.registry} gave no token that could be sent",
                code="connectors.token",
            )
        return token

    def _ask(
        self, realm: str, wanted: dict[str, str], credential: Credential | None
    ) -> HttpResponse:
        if credential is not None and credential.identity_token:
            form = {
                **wanted,
                "grant_type": "refresh_token",
                "refresh_token": credential.identity_token,
                "client_id": _CLIENT_ID,
            }
            return self._http.request(
                "POST",
                realm,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode("ascii"),
                max_bytes=_MAX_ANSWER,
            )
        headers = {} if credential is None else {"Authorization": credential.basic()}
        mark = "&" if "?" in realm else "?"
        return self._http.get(
            f"{realm}{mark}{urlencode(wanted)}", headers=headers, max_bytes=_MAX_ANSWER
        )


def _refuse(problem: str) -> MalformedError:
    return MalformedError(
        f"WWW-Authenticate cannot be read: {problem}", code="connectors.challenge"
    )


def _unauthorized(reference: ImageReference, problem: str) -> HttpError:
    return HttpError(
        f"no access to {reference.name}: {problem}",
        code="connectors.unauthorized",
        hint=f"log in to {reference.registry}, for example with docker login",
    )
