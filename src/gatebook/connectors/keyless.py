"""Signing without a key of one's own: an identity token buys a certificate for minutes.

Done by sigstore-python, which comes with the extra ``sigstore``: it asks Fulcio for the
certificate, and Rekor and time-stamping authorities for the proof of when. Which instance is asked
is said by the caller, never assumed; asking the public ones first fetches their configuration over
TUF, into sigstore's cache.

The token is a secret for as long as it is valid: it is neither printed nor kept.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.errors import GatebookError, MalformedError, UnreachableError, UsageError
from gatebook.formats.intoto import Statement

__all__ = [
    "IdentityTokenError",
    "KeylessError",
    "KeylessInstance",
    "PublicInstance",
    "ambient_identity_token",
    "sign_blob_keyless",
    "sign_keyless",
]

_AUDIENCE: Final = "sigstore"
_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_MAX_CONFIG: Final = 4 * 1024 * 1024
_MAX_TOKEN: Final = 32_768
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


class IdentityTokenError(UsageError):
    """There is no identity token, or it is none that a certificate is given for."""

    code = "connectors.identity-token"


class KeylessError(UnreachableError):
    """A Sigstore instance cannot be reached, or does not do what it was asked."""

    code = "connectors.keyless"


class PublicInstance(StrEnum):
    """The instances that the Sigstore project runs."""

    PRODUCTION = "production"
    STAGING = "staging"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessInstance:
    """Whom to ask for certificate, log entry and time.

    Attributes:
        source: one of the public instances, or a ClientTrustConfig in JSON.

    """

    source: PublicInstance | bytes

    @classmethod
    def public(cls, instance: PublicInstance = PublicInstance.PRODUCTION) -> "KeylessInstance":
        """An instance that the Sigstore project runs; its configuration comes over TUF."""
        return cls(source=instance)

    @classmethod
    def from_file(cls, path: Path) -> "KeylessInstance":
        """An instance described by a ClientTrustConfig file.

        Raises:
            UsageError: the file cannot be read.
            MalformedError: it is not strict JSON.

        """
        data = _read(path)
        canonical.as_object(_json(data, path), what=str(path))
        return cls(source=data)

    @classmethod
    def from_files(cls, *, trusted_root: Path, signing_config: Path) -> "KeylessInstance":
        """An instance described by its TrustedRoot and its SigningConfig.

        Raises:
            UsageError: a file cannot be read.
            MalformedError: one is not strict JSON.

        """
        root, config = _read(trusted_root), _read(signing_config)
        for data, path in ((root, trusted_root), (config, signing_config)):
            canonical.as_object(_json(data, path), what=str(path))
        both = b'{"mediaType":"%b","trustedRoot":%b,"signingConfig":%b}'
        return cls(source=both % (_MEDIA_TYPE.encode(), root, config))


def sign_keyless(statement: bytes, *, instance: KeylessInstance, identity_token: str) -> bytes:
    """Sign an encoded in-toto statement; the bundle in JSON.

    Args:
        statement: the exact bytes to sign.
        instance: whom to ask.
        identity_token: an OpenID Connect token for the audience ``sigstore``.

    Raises:
        MalformedError: not a statement, or not an instance's configuration.
        UsageError: the extra ``sigstore`` is not installed (``connectors.extra-missing``), or
            sigstore signs fewer statements than we read (``connectors.keyless-statement``).
        IdentityTokenError: the token is malformed or not valid now.
        KeylessError: the instance cannot be reached (``connectors.keyless-unreachable``), or does
            not do all of it; a bundle without a trusted time is not handed out.

    """
    Statement.parse(statement)
    library = _library()
    try:
        made = library.dsse.Statement(statement)
    except library.errors.Error as error:
        raise UsageError(
            f"sigstore does not sign this statement: {_line(error)}",
            code="connectors.keyless-statement",
            hint="it wants a v1 statement whose subjects have names and SHA-2 digests",
        ) from None
    return _sign(library, instance, identity_token, lambda signer: signer.sign_dsse(made))


def sign_blob_keyless(artifact: bytes, *, instance: KeylessInstance, identity_token: str) -> bytes:
    """Sign an artifact itself, not a statement about it; the bundle in JSON.

    Raises:
        GatebookError: see :func:`sign_keyless`.

    """
    return _sign(
        _library(), instance, identity_token, lambda signer: signer.sign_artifact(artifact)
    )


def ambient_identity_token() -> str:
    """Find the identity token that a CI system gives its jobs.

    GitHub Actions, GitLab, Buildkite, CircleCI and Google Cloud are known (the library ``id``).

    Raises:
        UsageError: the extra ``sigstore`` is not installed.
        IdentityTokenError: none is given here (``connectors.no-identity-token``), or there is one
            that cannot be had.

    """
    library = _library()
    try:
        token = library.detect_credential(_AUDIENCE)
    except Exception as error:  # noqa: BLE001  # each CI system's detector fails in its own way
        raise IdentityTokenError(
            f"the CI system's identity token cannot be had: {_line(error)}",
            hint="on GitHub the job needs the permission id-token: write",
        ) from None
    if not token:
        raise IdentityTokenError(
            "no CI system gives an identity token here",
            code="connectors.no-identity-token",
            hint="give one with the audience sigstore, or sign with a key",
        )
    return str(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    dsse: Any
    errors: Any
    models: Any
    oidc: Any
    sign: Any
    detect_credential: Callable[[str], str | None]


def _library() -> _Library:
    try:
        # An extra, and slow to start: only who signs by it pays.
        from id import detect_credential  # noqa: PLC0415  # as above
        from sigstore import dsse, errors, models, oidc, sign
    except ImportError as error:
        raise UsageError(
            f"keyless signing needs libraries that are not installed: {_line(error)}",
            code="connectors.extra-missing",
            hint="install gatebook[sigstore]",
        ) from None
    # What matters of its warnings is raised; without a handler Python would print them to stderr.
    logging.getLogger("sigstore").addHandler(logging.NullHandler())
    return _Library(
        dsse=dsse,
        errors=errors,
        models=models,
        oidc=oidc,
        sign=sign,
        detect_credential=detect_credential,
    )


def _sign(
    library: _Library, instance: KeylessInstance, token: str, ask: Callable[[Any], Any]
) -> bytes:
    # The token first: it is cheap to look at, and nobody is asked in vain.
    identity = _identity(library, token)
    config = _config(library, instance)
    bundle: bytes = _call(library, lambda: _ask(library, config, identity, ask))
    return bundle


def _ask(library: _Library, config: Any, identity: Any, ask: Callable[[Any], Any]) -> bytes:
    context = library.sign.SigningContext.from_trust_config(config)
    with context.signer(identity) as signer:
        made = ask(signer).to_json()
    return str(made).encode()


def _identity(library: _Library, token: str) -> Any:
    if len(token) > _MAX_TOKEN or _TOKEN.match(token) is None:
        raise IdentityTokenError("an identity token has three parts in base64url, joined by dots")
    try:
        identity = library.oidc.IdentityToken(token)
    except Exception as error:  # noqa: BLE001  # jwt's claims are read without a schema
        raise IdentityTokenError(
            f"the identity token is of no use: {_line(error)}",
            hint="it needs the audience sigstore, and lives for minutes only",
        ) from None
    if not isinstance(identity.issuer, str):
        raise IdentityTokenError("the identity token's issuer is not a text")
    return identity


def _config(library: _Library, instance: KeylessInstance) -> Any:
    kind = library.models.ClientTrustConfig
    match instance.source:
        case PublicInstance.PRODUCTION:
            return _call(library, kind.production)
        case PublicInstance.STAGING:
            return _call(library, kind.staging)
        case bytes() as data:
            try:
                return kind.from_json(data)
            except Exception as error:  # noqa: BLE001  # pydantic's, and those of its validators
                raise MalformedError(
                    f"not a ClientTrustConfig with a signing configuration: {_line(error)}",
                    code="connectors.keyless-config",
                ) from None


def _call(library: _Library, ask: Callable[[], Any]) -> Any:
    """Ask an instance through sigstore-python, which lets its own libraries' errors through.

    Raises:
        IdentityTokenError: the token ended meanwhile.
        KeylessError: everything else.

    """
    try:
        return ask()
    except GatebookError:
        raise
    except (library.oidc.ExpiredIdentity, library.oidc.IdentityError):
        raise IdentityTokenError("the identity token is no longer valid") from None
    except Exception as error:  # noqa: BLE001  # requests', pydantic's and tuf's come through
        name = type(error).__name__
        reached = _reached(library, error)
        raise KeylessError(
            f"the Sigstore instance {'refused' if reached else 'did not answer'}: "
            f"{name}: {_line(error)}",
            code=KeylessError.code if reached else "connectors.keyless-unreachable",
        ) from None


def _reached(library: _Library, error: BaseException) -> bool:
    """Whether an instance answered, going by the first cause that says."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        if isinstance(each, library.errors.NetworkError | ConnectionError | TimeoutError):
            return False
        if type(each).__name__ in {"ConnectionError", "ConnectTimeout", "ReadTimeout"}:
            return False
        if type(each).__name__ == "DownloadError":  # tuf's
            return False
        seen.append(each)
        each = each.__cause__ or each.__context__
    return True


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_CONFIG + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", code="connectors.keyless-file"
        ) from None
    return data


def _json(data: bytes, path: Path) -> Json:
    return canonical.loads(data, what=str(path), max_bytes=_MAX_CONFIG)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
