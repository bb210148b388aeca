"""Sigstore trusted roots from outside: what the extra ``sigstore`` ships, and TUF on request.

Nothing here is done unless somebody asks. The extra's files are found and read, its code is not
imported. A refresh follows The Update Framework by ``python-tuf``, which comes with the extra: it
proves that a root is signed, newest and not expired; what it has seen is kept, so that an older one
is refused later.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gatebook.connectors.http import HttpClient, HttpError, HttpStatusError, Origin
from gatebook.errors import GatebookError, UnreachableError, UsageError, VerificationError

__all__ = [
    "PUBLIC_TUF",
    "STAGING_TUF",
    "TRUSTED_ROOT_TARGET",
    "ExtraMissingError",
    "TufError",
    "TufUnreachableError",
    "TufUsageError",
    "default_tuf_state",
    "fetch_trusted_root",
    "installed_trusted_root",
]

PUBLIC_TUF: Final = "https://tuf-repo-cdn.sigstore.dev"
"""Where the Sigstore project publishes the trusted root of its public-good instance."""

STAGING_TUF: Final = "https://tuf-repo-cdn.sigstage.dev"
"""The same for its staging instance."""

TRUSTED_ROOT_TARGET: Final = "trusted_root.json"
"""What repositories of Sigstore call their trusted root."""

_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_ANSWER: Final = 8 * 1024 * 1024
_MAX_NAME: Final = 255
_ODD: Final = frozenset('\\%?#:*"<>|')


class ExtraMissingError(UsageError):
    """The extra ``sigstore`` is needed and not installed."""

    code = "workspace.sigstore-extra"


class TufUsageError(UsageError):
    """A refresh was asked for that cannot be made: its URL, first root or target name is none."""

    code = "workspace.tuf-usage"


class TufError(VerificationError):
    """A TUF repository does not prove what it offers."""

    code = "workspace.tuf-metadata"


class TufUnreachableError(UnreachableError):
    """A TUF repository did not answer, or what it proved could not be kept."""

    code = "workspace.tuf-unreachable"


def installed_trusted_root(*, staging: bool = False, search: Sequence[str] | None = None) -> bytes:
    """Return the trusted root that the installed extra ``sigstore`` ships, without a network.

    It is as old as the installed package.

    Args:
        staging: that of the staging instance, for tests.
        search: where to look for the package, if not where Python does.

    Raises:
        ExtraMissingError: the extra is not installed, or ships no such root.

    """
    data = _shipped(STAGING_TUF if staging else PUBLIC_TUF, TRUSTED_ROOT_TARGET, search)
    if data is None:
        raise ExtraMissingError(
            "no trusted root comes with this installation",
            hint="install gatebook[sigstore], or name a trusted root with --trust-root FILE",
        )
    return data


def default_tuf_state(environ: dict[str, str] | os._Environ[str] = os.environ) -> Path:
    """Where to keep what was seen of TUF repositories (XDG Base Directory Specification)."""
    base = environ.get("XDG_DATA_HOME") or ""
    place = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return place / "gatebook" / "tuf"


def fetch_trusted_root(
    url: str = PUBLIC_TUF,
    *,
    state: Path,
    bootstrap: bytes | None = None,
    target: str = TRUSTED_ROOT_TARGET,
    http: HttpClient | None = None,
) -> bytes:
    """Fetch the newest trusted root of a TUF repository.

    1. The URL is ``https``, or ``http`` on this machine; the target is a plain relative name.
    2. The first root of the repository is given, or the extra ships it for this URL. It is never
       taken from the network.
    3. TUF: every further root is signed by the one before; timestamp, snapshot and targets are
       signed, not expired and not older than those seen before (specification §5).
    4. The target has the length and the hashes that the targets' metadata state.

    Args:
        url: where the repository's metadata is; targets are in ``targets/`` below.
        state: where the metadata of repositories is kept between refreshes; without what was seen
            before, an older repository could pass for the newest until it expires.
        bootstrap: the repository's first root metadata.
        target: what to fetch.
        http: how to fetch.

    Raises:
        ExtraMissingError: the extra ``sigstore`` is not installed.
        TufUsageError: see (1) and (2).
        TufError: ``workspace.tuf-expired``, ``workspace.tuf-rollback``,
            ``workspace.tuf-signature``, ``workspace.tuf-target``, ``workspace.tuf-hash`` or
            ``workspace.tuf-metadata``.
        TufUnreachableError: no answer (``workspace.tuf-unreachable``), or the state cannot be
            written (``workspace.tuf-state``).

    """
    # (1) go-tuf CVE-2026-24686, sigstore CVE-2026-24137: a name must not leave its directory.
    base = url.rstrip("/")
    origin = _origin(base)
    if origin.scheme != "https" and not origin.is_loopback:
        raise TufUsageError(f"{url[:200]!r} is not an https URL", code="workspace.tuf-url")
    _check_target(target)
    # (2) Whoever answers first would be believed for ever.
    root = bootstrap if bootstrap is not None else _shipped(base, "root.json", None)
    if root is None:
        raise TufUsageError(
            f"the first root of {base} is not known",
            code="workspace.tuf-bootstrap",
            hint="name its root.json with --bootstrap, from a source you believe; the extra "
            "sigstore ships those of the public instances",
        )
    place = state / quote(base, safe="")
    with _locked(place):
        if http is not None:
            return _fetch(http, base, place, root, target)
        with HttpClient() as client:
            return _fetch(client, base, place, root, target)


def _fetch(http: HttpClient, base: str, place: Path, root: bytes, target: str) -> bytes:
    library = _Library()
    try:
        with tempfile.TemporaryDirectory(prefix=".target-", dir=place) as scratch:
            # (3) Done by python-tuf.
            updater = library.ngclient.Updater(
                metadata_dir=str(place),
                metadata_base_url=base,
                target_base_url=f"{base}/targets/",
                fetcher=library.fetcher(http),
                bootstrap=root,
            )
            updater.refresh()
            found = updater.get_targetinfo(target)
            if found is None or found.path != target:
                raise TufError(f"{base} has no target {target!r}", code="workspace.tuf-target")
            if found.length > _MAX_BYTES:
                raise TufError(
                    f"the target {target!r} has {found.length} bytes; at most {_MAX_BYTES}",
                    code="workspace.tuf-target",
                )
            # (4) Done too. The file's name is ours, whatever the target is called.
            file = Path(scratch) / "target"
            updater.download_target(found, filepath=str(file))
            return file.read_bytes()
    except GatebookError:
        raise
    except OSError as error:
        raise _state_error(place, error) from error
    except Exception as error:  # noqa: BLE001  # every error of the library becomes one of ours
        raise library.translate(base, error) from None


class _Library:
    """The parts of ``python-tuf``; made when needed."""

    def __init__(self) -> None:
        try:
            from tuf import ngclient  # noqa: PLC0415  # an extra
            from tuf.api import exceptions  # noqa: PLC0415  # an extra
        except ImportError:
            raise ExtraMissingError(
                "a refresh over TUF needs the extra sigstore, which brings python-tuf",
                hint="install gatebook[sigstore]",
            ) from None
        self.ngclient: Any = ngclient
        self.exceptions: Any = exceptions

    def fetcher(self, http: HttpClient) -> Any:
        """Let TUF fetch through our client, with its limits."""
        exceptions = self.exceptions

        class Fetcher(self.ngclient.FetcherInterface):  # type: ignore[misc, name-defined]
            def _fetch(self, url: str) -> Iterator[bytes]:
                try:
                    yield http.get(url, max_bytes=_MAX_ANSWER).body
                except HttpStatusError as error:
                    raise exceptions.DownloadHTTPError(
                        error.message, error.response.status
                    ) from None
                except HttpError as error:
                    raise exceptions.DownloadError(error.message) from None

        return Fetcher()

    def translate(self, base: str, error: Exception) -> GatebookError:
        """Say in our words why a refresh failed."""
        known = self.exceptions
        text = f"{base}: {' '.join(str(error).split())[:300] or type(error).__name__}"
        for kind, code in (
            (known.ExpiredMetadataError, "workspace.tuf-expired"),
            (known.BadVersionNumberError, "workspace.tuf-rollback"),
            (known.UnsignedMetadataError, "workspace.tuf-signature"),
            (known.LengthOrHashMismatchError, "workspace.tuf-hash"),
            (known.DownloadLengthMismatchError, "workspace.tuf-hash"),
        ):
            if isinstance(error, kind):
                return TufError(text, code=code, hint=_HINTS.get(code))
        if isinstance(error, known.DownloadError):
            return TufUnreachableError(text)
        return TufError(text)


_HINTS: Final = {
    "workspace.tuf-expired": "the repository was not kept up, or somebody withholds newer metadata",
    "workspace.tuf-rollback": "newer metadata was seen before: somebody offers an older state",
}


def _shipped(url: str, name: str, search: Sequence[str] | None) -> bytes | None:
    """Read a file the extra ships for a repository, without importing the extra."""
    found = PathFinder.find_spec("sigstore", search)
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        file = Path(place) / "_store" / quote(url, safe="") / name
        try:
            return file.read_bytes()
        except OSError:
            continue
    return None


def _origin(url: str) -> Origin:
    try:
        return Origin.of(url)
    except HttpError as error:
        raise TufUsageError(error.message, code="workspace.tuf-url") from None


def _check_target(name: str) -> None:
    parts = name.split("/")
    plain = name.isascii() and name.isprintable() and not _ODD & set(name)
    if not plain or len(name) > _MAX_NAME or any(part.strip(". ") == "" for part in parts):
        raise TufUsageError(
            f"{name[:120]!r} is not a plain name of a target", code="workspace.tuf-target-name"
        )


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Let one refresh of a repository run at a time."""
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _state_error(place, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _state_error(place: Path, error: OSError) -> TufUnreachableError:
    return TufUnreachableError(
        f"{place} cannot be used to keep TUF metadata: {error.strerror or error}",
        code="workspace.tuf-state",
    )
