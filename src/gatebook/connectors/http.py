"""One HTTP client for every connector: bounded in time, size, retries and where it may be sent.

It hands over bytes exactly as the peer sent them (no content encoding is asked for or undone), so
that their digest can be checked. Redirects keep the scheme and lose the credentials as soon as
they leave the origin.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urljoin, urlsplit

from gatebook.errors import UnreachableError

__all__ = ["HttpClient", "HttpError", "HttpLimits", "HttpResponse", "HttpStatusError", "Origin"]

_RETRIED: Final = frozenset({429, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REPEATABLE: Final = frozenset({"GET", "HEAD"})
_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_MAX_URL: Final = 8192
_EXCERPT: Final = 200
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class HttpError(UnreachableError):
    """A peer did not answer, or not in a way that can be used."""

    code = "connectors.unreachable"


class HttpStatusError(HttpError):
    """A peer answered with a status that was not expected.

    Attributes:
        response: the answer; its body is cut off at the limit for the request.

    """

    code = "connectors.http-status"

    def __init__(self, message: str, *, response: "HttpResponse") -> None:
        super().__init__(message)
        self.response = response


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port: the borders credentials do not cross (RFC 6454 §4)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Read the origin of an absolute ``http`` or ``https`` URL.

        Raises:
            HttpError: another scheme, no host, user information, or an impossible port.

        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        plain = len(url) <= _MAX_URL and url.isascii() and url.isprintable() and " " not in url
        if not plain or parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
            raise HttpError(f"{url[:120]!r} is not an http or https URL", code="connectors.url")
        return cls(
            scheme=parts.scheme,
            host=host.lower(),
            port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        )

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine, as registries' tools understand it."""
        return self.host in {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """How long and how often a peer is waited for.

    Attributes:
        connect_seconds: for a connection.
        read_seconds: between two parts of an answer.
        total_seconds: for one request with its redirects and retries.
        redirects: how many are followed.
        attempts: how often a GET or HEAD is sent at most.
        backoff_seconds: the first pause; each further one is twice as long.
        longest_pause_seconds: the most that a ``Retry-After`` is obeyed.

    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 300.0
    redirects: int = 5
    attempts: int = 3
    backoff_seconds: float = 0.5
    longest_pause_seconds: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer, read to its end.

    Attributes:
        url: where it came from, after redirects.
        status: the status code.
        headers: by lower-case name; lines of the same name are joined by ``, `` (RFC 9110 §5.3).
        body: the exact bytes.

    """

    url: str
    status: int
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes | None
    max_bytes: int
    deadline: float


class HttpClient:
    """Sends requests one after the other over kept connections.

    Args:
        limits: how long and how often.
        use_environment: whether proxies and certificate files named by the environment are used.
        ca_file: believe the certificate authorities of this file instead of the system's.
        sleep: how to pause between attempts.
        user_agent: what the client calls itself.

    """

    def __init__(
        self,
        *,
        limits: HttpLimits | None = None,
        use_environment: bool = True,
        ca_file: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        user_agent: str = "gatebook",
    ) -> None:
        self._limits = limits if limits is not None else HttpLimits()
        self._use_environment = use_environment
        self._ca_file = ca_file
        self._sleep = sleep
        self._user_agent = user_agent
        self._client: Any = None  # httpx2.Client, which is imported when first needed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        max_bytes: int,
        expect: Collection[int] = (200,),
    ) -> HttpResponse:
        """Send a GET; see :meth:`request`."""
        return self.request("GET", url, headers=headers, max_bytes=max_bytes, expect=expect)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
        max_bytes: int,
        expect: Collection[int] = (200,),
    ) -> HttpResponse:
        """Send one request and read the answer.

        GET and HEAD are sent again when no connection comes about, the answer stops half-way, or
        the peer says 429, 502, 503 or 504. Redirects are followed for GET and HEAD only, and only
        to the same scheme; credentials stay with the first origin.

        Args:
            method: in capitals.
            url: absolute, ``http`` or ``https``.
            headers: sent as they are.
            body: sent with the request.
            max_bytes: refuse a longer answer while reading it.
            expect: the statuses the caller can handle.

        Raises:
            HttpStatusError: another status than expected.
            HttpError: ``connectors.timeout``, ``connectors.too-large``, ``connectors.redirect``,
                ``connectors.encoding``, ``connectors.protocol``, ``connectors.url`` or
                ``connectors.unreachable``.

        """
        deadline = time.monotonic() + self._limits.total_seconds
        wanted = _Request(
            method=method,
            url=url,
            headers=headers,
            body=body,
            max_bytes=max_bytes,
            deadline=deadline,
        )
        attempts = max(1, self._limits.attempts) if method in _REPEATABLE else 1
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            pause = self._limits.backoff_seconds * 2 ** (attempt - 1)
            try:
                response = self._follow(wanted)
            except HttpError as error:
                if last or error.code not in {"connectors.unreachable", "connectors.timeout"}:
                    raise
            else:
                if response.status in expect:
                    return response
                if last or response.status not in _RETRIED:
                    raise _unexpected(method, response)
                pause = max(pause, _retry_after(response))
            pause = min(pause, self._limits.longest_pause_seconds)
            if time.monotonic() + pause > deadline:
                raise HttpError(f"{method} {url}: out of time", code="connectors.timeout")
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _follow(self, wanted: "_Request") -> HttpResponse:
        url, first = wanted.url, Origin.of(wanted.url)
        for _ in range(self._limits.redirects + 1):
            origin = Origin.of(url)
            headers = {
                name: text
                for name, text in wanted.headers.items()
                # RFC 9110 §15.4: credentials are for the origin they were given for.
                if origin == first or name.lower() not in _CREDENTIAL_HEADERS
            }
            response = self._send(wanted, url, headers)
            location = response.headers.get("location")
            follows = response.status in _REDIRECTS and wanted.method in _REPEATABLE
            if not follows or location is None:
                return response
            url = _target(url, location)
            if Origin.of(url).scheme != first.scheme:
                raise HttpError(
                    f"{response.url[:200]} redirects from {first.scheme} to another scheme",
                    code="connectors.redirect",
                )
        raise HttpError(
            f"{wanted.url[:200]} redirects more than {self._limits.redirects} times",
            code="connectors.redirect",
        )

    def _send(self, wanted: "_Request", url: str, headers: Mapping[str, str]) -> HttpResponse:
        import httpx2  # start-up time: only who speaks HTTP pays for it

        try:
            client = self._connect()
            with client.stream(
                wanted.method, url, headers=dict(headers), content=wanted.body
            ) as answer:
                received = self._read(answer, url, wanted)
                return HttpResponse(
                    url=url,
                    status=answer.status_code,
                    headers=MappingProxyType(
                        {name.lower(): text for name, text in answer.headers.items()}
                    ),
                    body=received,
                )
        except httpx2.TimeoutException:
            raise HttpError(
                f"{wanted.method} {url[:200]}: no answer in time", code="connectors.timeout"
            ) from None
        except (httpx2.RemoteProtocolError, httpx2.LocalProtocolError) as error:
            # A connection the peer closed while idle shows up here as well: worth another attempt.
            closed = "disconnected" in str(error) or "closed" in str(error)
            code = "connectors.unreachable" if closed else "connectors.protocol"
            raise HttpError(f"{wanted.method} {url[:200]}: {error}", code=code) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise HttpError(f"{wanted.method} {url[:200]}: {error}") from None

    def _read(self, answer: Any, url: str, wanted: "_Request") -> bytes:
        encoding = answer.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise HttpError(
                f"{url[:200]} sends {encoding[:40]!r} though no encoding was asked for",
                code="connectors.encoding",
            )
        parts: list[bytes] = []
        total = 0
        for part in answer.iter_raw():
            total += len(part)
            if total > wanted.max_bytes:
                raise HttpError(
                    f"{url[:200]} sends more than {wanted.max_bytes} bytes",
                    code="connectors.too-large",
                )
            if time.monotonic() > wanted.deadline:
                raise HttpError(f"{url[:200]}: out of time", code="connectors.timeout")
            parts.append(part)
        return b"".join(parts)

    def _connect(self) -> Any:
        if self._client is None:
            import ssl  # noqa: PLC0415  # start-up time, as above

            import httpx2

            verify: Any = True
            if self._ca_file is not None:
                verify = ssl.create_default_context(cafile=self._ca_file)
            self._client = httpx2.Client(
                verify=verify,
                trust_env=self._use_environment,
                follow_redirects=False,
                timeout=httpx2.Timeout(
                    self._limits.read_seconds, connect=self._limits.connect_seconds
                ),
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            )
        return self._client


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise HttpError(
            f"{url[:200]} redirects to {location[:80]!r}", code="connectors.redirect"
        ) from None


def _retry_after(response: HttpResponse) -> float:
    # RFC 9110 §10.2.3; the form with a date is not obeyed, it would need a second clock.
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else 0.0  # noqa: PLR2004  # eleven days are enough


def _unexpected(method: str, response: HttpResponse) -> HttpStatusError:
    text = response.body[:_EXCERPT].decode("utf-8", "replace")
    shown = "".join(mark if mark.isprintable() else " " for mark in text).strip()
    return HttpStatusError(
        f"{method} {response.url[:200]} answered {response.status}"
        + (f": {shown}" if shown else ""),
        response=response,
    )
