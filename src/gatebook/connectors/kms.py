"""Keys in key management services and hardware tokens, named by a URI, through securesystemslib.

``awskms:KEY`` (id, ARN, ``alias/NAME``), ``gcpkms:projects/…/cryptoKeyVersions/N``,
``azurekms://VAULT.vault.azure.net/keys/NAME/VERSION``, ``hv:NAME[/VERSION]`` (Vault's transit
engine), ``hsm:[ID][?label=TOKEN]`` (PKCS #11). The forms ``awskms:///KEY`` and ``gcpkms://projects/…``
of cosign are read too. The libraries come with the extra ``kms``; credentials and addresses are
those each service's own library finds in its environment.

The public key is asked of the service once, unless it is given. Every signature is checked with it
before it is handed on.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gatebook.errors import GatebookError, UnreachableError, UsageError
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import KeyMalformedError, PublicKey, SignatureInvalidError
from gatebook.trust.signing.signers import PrivateKey

__all__ = ["KmsError", "KmsScheme", "KmsUri", "KmsUriError", "is_kms_uri", "open_kms_key"]

_MAX_URI: Final = 2048
_SCHEMES: Final[dict[KeyAlgorithm, str]] = {
    KeyAlgorithm.ED25519: "ed25519",
    KeyAlgorithm.ECDSA_P256: "ecdsa-sha2-nistp256",
    KeyAlgorithm.ECDSA_P384: "ecdsa-sha2-nistp384",
    KeyAlgorithm.ECDSA_P521: "ecdsa-sha2-nistp521",
    KeyAlgorithm.RSA_PKCS1: "rsa-pkcs1v15-sha256",
    KeyAlgorithm.RSA_PSS: "rsassa-pss-sha256",
}
"""What securesystemslib calls our algorithms."""


class KmsUriError(UsageError):
    """A key URI is not of a known form."""

    code = "connectors.kms-uri"


class KmsError(UnreachableError):
    """A key service or token cannot be reached, or does not sign."""

    code = "connectors.kms"


class KmsScheme(StrEnum):
    """The services that are known."""

    AWS = "awskms"
    GOOGLE = "gcpkms"
    AZURE = "azurekms"
    VAULT = "hv"
    PKCS11 = "hsm"


_FORMS: Final = {
    KmsScheme.AWS: re.compile(r"(?:///)?([A-Za-z0-9][A-Za-z0-9:/_.-]*)\Z"),
    KmsScheme.GOOGLE: re.compile(
        r"(?://)?(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+"
        r"/cryptoKeyVersions/[0-9]+)\Z"
    ),
    KmsScheme.AZURE: re.compile(
        r"//([A-Za-z0-9-]+)\.vault\.azure\.net/keys/([A-Za-z0-9-]+)(?:/([0-9a-f]{32}))?\Z"
    ),
    KmsScheme.VAULT: re.compile(r"([A-Za-z0-9_.-]+)(?:/([1-9][0-9]{0,8}))?\Z"),
    KmsScheme.PKCS11: re.compile(r"([0-9]{0,9})(?:\?label=([A-Za-z0-9%+._~-]{1,200}))?\Z"),
}
_EXAMPLES: Final = {
    KmsScheme.AWS: "awskms:alias/release, or a key id or ARN",
    KmsScheme.GOOGLE: "gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1",
    KmsScheme.AZURE: "azurekms://VAULT.vault.azure.net/keys/NAME/VERSION",
    KmsScheme.VAULT: "hv:NAME/VERSION",
    KmsScheme.PKCS11: "hsm:2?label=TOKEN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsUri:
    """Where a key is.

    Attributes:
        scheme: which kind of service.
        parts: what the URI names there, in the order of its form; a part left out is empty.

    """

    scheme: KmsScheme
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "KmsUri":
        """Read a key URI.

        Raises:
            KmsUriError: an unknown scheme, or not of the scheme's form.

        """
        name, _, rest = text.partition(":")
        known = {str(each): each for each in KmsScheme}
        if name not in known or len(text) > _MAX_URI:
            raise KmsUriError(
                f"{text[:80]!r} names no key service; known are {', '.join(known)}",
            )
        scheme = known[name]
        match = _FORMS[scheme].match(rest)
        if match is None:
            raise KmsUriError(
                f"{text[:80]!r} does not name a key of {scheme}",
                hint=f"expected {_EXAMPLES[scheme]}",
            )
        return cls(scheme=scheme, parts=tuple(part or "" for part in match.groups()))

    def __str__(self) -> str:
        """As securesystemslib writes it."""
        match self.scheme, self.parts:
            case KmsScheme.AZURE, (vault, name, version):
                tail = f"/{version}" if version else ""
                return f"azurekms://{vault}.vault.azure.net/keys/{name}{tail}"
            case KmsScheme.VAULT, (name, version):
                return f"hv:{name}/{version}" if version else f"hv:{name}"
            case KmsScheme.PKCS11, (number, label):
                return f"hsm:{number}?label={label}" if label else f"hsm:{number}"
            case _:
                return f"{self.scheme}:{self.parts[0]}"


def is_kms_uri(text: str) -> bool:
    """Whether a text means a key in a service rather than a file; it may still be refused."""
    return text.partition(":")[0] in set(KmsScheme) and ":" in text


def open_kms_key(
    uri: str,
    *,
    public_key: PublicKey | None = None,
    secret: Callable[[str], str] | None = None,
    pss: bool = False,
) -> PrivateKey:
    """Open a key in a service, ready to sign.

    Args:
        uri: names the key.
        public_key: its public half, if known; else the service is asked. Needed for a version of an
            Azure or Vault key that is not the newest.
        secret: asked for a token's PIN, by the name of what is wanted.
        pss: let an RSA key sign with PSS instead of PKCS #1 v1.5.

    Raises:
        KmsUriError: not a key URI.
        UsageError: the extra ``kms`` is not installed (``connectors.extra-missing``), or the
            service names another version of the key than the URI (``connectors.kms-version``).
        KmsError: the service cannot be reached or refuses.
        KeyMalformedError: a key that is not believed.

    """
    parsed = KmsUri.parse(uri)
    library = _library()
    key = public_key
    found = str(parsed)
    if key is None:
        asked, imported = _call(parsed, lambda: _import(library, parsed, secret))
        key = _public_key(parsed, imported, pss=pss)
        found = _check_version(parsed, str(asked))
    elif parsed.scheme in {KmsScheme.AZURE, KmsScheme.VAULT} and not parsed.parts[-1]:
        raise KmsUriError(f"{uri[:80]!r} does not say which version of the key it means")
    wire = _wire_key(library, key)
    signer = _call(
        parsed, lambda: library.Signer.from_priv_key_uri(found, wire, secret or _no_secret(parsed))
    )
    return _KmsSigner(parsed, signer, key)


class _KmsSigner:
    """A key that stays where it is."""

    __slots__ = ("_public", "_signer", "_uri")

    def __init__(self, uri: KmsUri, signer: Any, public: PublicKey) -> None:
        self._uri = uri
        self._signer = signer
        self._public = public

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Let the service sign exactly ``data``.

        Raises:
            KmsError: it does not, or what it says is not a signature of its key
                (``connectors.kms-signature``).

        """
        signature = _call(self._uri, lambda: bytes.fromhex(self._signer.sign(data).signature))
        try:
            self._public.check(signature, data)
        except SignatureInvalidError:
            raise KmsError(
                f"{self._uri} signed with another key than {self._public.spki.short}",
                code="connectors.kms-signature",
            ) from None
        return bytes(signature)

    def __repr__(self) -> str:
        return f"KmsSigner({self._uri}, {self._public.spki.short})"


def _library() -> Any:
    try:
        from securesystemslib import (  # noqa: PLC0415  # an extra; loads every cloud's library
            signer,
        )
    except ImportError:
        raise _extra_missing("securesystemslib") from None
    # What it logs it raises as well; without a handler Python would print it to stderr.
    logging.getLogger("securesystemslib").addHandler(logging.NullHandler())
    return signer


def _import(library: Any, uri: KmsUri, secret: Callable[[str], str] | None) -> tuple[str, Any]:
    """Ask the service for the URI of the key it would sign with, and for its public half."""
    kinds = library.SIGNER_FOR_URI_SCHEME
    kind = kinds[str(uri.scheme)]
    answer: tuple[str, Any]
    match uri.scheme:
        case KmsScheme.PKCS11:
            from urllib.parse import unquote_plus  # noqa: PLC0415  # only here

            number, label = uri.parts
            answer = kind.import_(
                int(number) if number else None, unquote_plus(label) or None, secret
            )
        case KmsScheme.AZURE:
            answer = kind.import_(uri.parts[0], uri.parts[1])
        case KmsScheme.AWS | KmsScheme.GOOGLE | KmsScheme.VAULT:
            answer = kind.import_(uri.parts[0])
    return answer


def _public_key(uri: KmsUri, imported: Any, *, pss: bool) -> PublicKey:
    """Read the public half as the service said it."""
    text = str(imported.keyval["public"])
    if imported.keytype == "ed25519":
        # securesystemslib writes these as the raw key in hex.
        from cryptography.hazmat.primitives.asymmetric import (  # noqa: PLC0415  # only here
            ed25519,
        )

        from gatebook.trust.keys import public_key  # noqa: PLC0415  # only here

        try:
            raw = bytes.fromhex(text)
            return public_key(ed25519.Ed25519PublicKey.from_public_bytes(raw))
        except ValueError:
            raise KeyMalformedError(f"{uri} has a public key that is none") from None
    # Google fixes the padding with the key; others sign with either.
    fixed = uri.scheme is KmsScheme.GOOGLE and imported.keytype == "rsa"
    return PublicKey.parse(
        text.encode(), pss=imported.scheme.startswith("rsassa-pss") if fixed else pss
    )


def _check_version(uri: KmsUri, found: str) -> str:
    wanted = uri.parts[-1] if uri.scheme in {KmsScheme.AZURE, KmsScheme.VAULT} else ""
    if wanted and found.rsplit("/", 1)[-1] != wanted:
        raise UsageError(
            f"the service names {found[:120]!r}, the newest version, instead of {uri}",
            code="connectors.kms-version",
            hint="name the newest version, or give the public key of this one",
        )
    return found


def _wire_key(library: Any, key: PublicKey) -> Any:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # only here
        load_der_public_key,
    )

    scheme = _SCHEMES[key.algorithm]
    return library.SSlibKey.from_crypto(load_der_public_key(key.der), scheme=scheme)


def _no_secret(uri: KmsUri) -> Callable[[str], str]:
    def ask(name: str) -> str:
        raise UsageError(
            f"{uri} wants a {name[:40]}, and there is nobody to ask", code="connectors.kms-secret"
        )

    return ask


def _call(uri: KmsUri, ask: Callable[[], Any]) -> Any:
    """Ask a service through its library, whose errors are as many as there are libraries.

    Raises:
        UsageError: a library is missing, or a secret.
        KmsError: everything else.

    """
    try:
        return ask()
    except GatebookError:
        raise
    except Exception as error:  # noqa: BLE001  # securesystemslib: "should use generic try-except"
        if type(error).__name__ == "UnsupportedLibraryError":
            raise _extra_missing(str(error)) from None
        said = str(error).replace("\n", " ")[:300]
        raise KmsError(f"{uri}: {type(error).__name__}: {said}") from None


def _extra_missing(what: str) -> UsageError:
    return UsageError(
        f"keys in a service need libraries that are not installed: {what[:120]}",
        code="connectors.extra-missing",
        hint="install gatebook[kms]",
    )
