"""Image registries: which digest a reference has, checked against the bytes.

A registry is believed in nothing that can be computed: the digest is that of the bytes received,
and must equal the one asked for and the one the registry claims. Plain HTTP is spoken to this
machine and to hosts named by the caller only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatebook.connectors.credentials import Anonymous, CredentialSource
from gatebook.connectors.http import HttpClient, HttpError, HttpResponse, HttpStatusError, Origin
from gatebook.connectors.registry_auth import Access, RegistryAuth
from gatebook.digest import Digest, digest_of
from gatebook.errors import NotFoundError, VerificationError
from gatebook.formats.image_reference import DOCKER_HUB, ImageReference
from gatebook.formats.oci import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    MAX_DOCUMENT_BYTES,
    ImageConfig,
    ImageDocument,
    Index,
    Manifest,
    Platform,
    parse_document,
    select_platform,
)

__all__ = ["FetchedManifest", "RegistryClient", "ResolvedImage"]

_ACCEPT: Final = ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))
_HUB_HOST: Final = "registry-1.docker.io"
_CONTENT_DIGEST: Final = "docker-content-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedManifest:
    """A manifest or index as received, its digest checked.

    Attributes:
        digest: of the bytes.
        content: the exact bytes.
        document: what they say.

    """

    digest: Digest
    content: bytes
    document: ImageDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedImage:
    """What a reference stood for at the moment it was asked.

    Attributes:
        reference: what was asked for.
        digest: of the manifest or index; with a platform chosen, of that platform's manifest.
        media_type: what ``digest`` is the digest of.
        is_index: whether it covers several platforms.
        size: of the manifest or index in bytes.
        index_digest: of the index the platform was chosen from, or ``None``.

    """

    reference: ImageReference
    digest: Digest
    media_type: str
    is_index: bool
    size: int
    index_digest: Digest | None = None

    @property
    def pinned(self) -> ImageReference:
        """The reference that keeps its meaning: the repository at the digest."""
        return self.reference.at(self.digest)


class RegistryClient:
    """Speaks to registries.

    Args:
        http: how to speak to them.
        credentials: who knows the credentials; nobody unless given.
        plain_http: hosts (with port) that are spoken to without TLS, besides this machine.

    """

    def __init__(
        self,
        http: HttpClient,
        credentials: CredentialSource | None = None,
        *,
        plain_http: Collection[str] = (),
    ) -> None:
        self._http = http
        self._plain = frozenset(plain_http)
        self._auth = RegistryAuth(http, credentials if credentials is not None else Anonymous())

    def resolve(
        self, reference: ImageReference, *, platform: Platform | None = None
    ) -> ResolvedImage:
        """Find the digest that ``reference`` stands for now.

        A tag is asked for once. Without ``platform`` the answer is whatever the reference names,
        which for most public images is an index.

        Raises:
            NotFoundError: the registry has no such image, or not for ``platform``.
            VerificationError: the bytes have another digest than asked for or claimed.
            MalformedError: the bytes are neither a manifest nor an index.
            UnreachableError: the registry did not answer, or refused.

        """
        # 1. Read once what the reference names, and check its bytes.
        top = self.manifest(reference)
        if platform is None:
            return _resolved(reference, top, index=None)
        # 2. Within an index, follow the digest that the checked bytes give.
        if isinstance(top.document, Index):
            chosen = select_platform(top.document, platform)
            found = self.manifest(reference.at(chosen.digest))
            chosen.check(found.content)
            if isinstance(found.document, Index):
                raise VerificationError(
                    f"{chosen.digest} is an index within an index", code="connectors.nested-index"
                )
            return _resolved(reference, found, index=top.digest)
        # 3. A single manifest does not say its platform; its configuration does.
        config = top.document.config
        content = self.blob(reference, config.digest, limit=MAX_DOCUMENT_BYTES)
        config.check(content)
        actual = ImageConfig.parse(content).platform
        if actual != platform:
            raise NotFoundError(
                f"{reference} is for {actual}, not for {platform}", code="formats.platform-missing"
            )
        return _resolved(reference, top, index=None)

    def manifest(self, reference: ImageReference) -> FetchedManifest:
        """Read a manifest or index and check its digest.

        Raises:
            NotFoundError: the registry has none of that name.
            VerificationError: the bytes have another digest than asked for or claimed.
            MalformedError: the bytes are neither a manifest nor an index.
            UnreachableError: the registry did not answer, or refused.

        """
        response = self._get(
            reference,
            f"manifests/{reference.selector}",
            accept=_ACCEPT,
            max_bytes=MAX_DOCUMENT_BYTES,
        )
        content = response.body
        wanted = reference.digest
        digest = _digest_as(wanted.algorithm if wanted is not None else "sha256", content)
        if wanted is not None and digest != wanted:
            raise _mismatch(f"{reference} was asked for", digest)
        claimed = response.headers.get(_CONTENT_DIGEST)
        if claimed is not None:
            claim = Digest.parse(claimed.strip())
            if _digest_as(claim.algorithm, content) != claim:
                raise _mismatch(f"the registry claims {claim} for {reference}", digest)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        return FetchedManifest(
            digest=digest,
            content=content,
            document=parse_document(content, media_type=media_type or None),
        )

    def blob(self, reference: ImageReference, digest: Digest, *, limit: int) -> bytes:
        """Read a blob of the repository of ``reference``, at most ``limit`` bytes, and check it.

        Raises:
            NotFoundError: the registry does not have it.
            VerificationError: the bytes have another digest.
            UnreachableError: the registry did not answer, refused, or sent more than ``limit``.

        """
        response = self._get(
            reference, f"blobs/{digest}", accept="application/octet-stream, */*", max_bytes=limit
        )
        found = _digest_as(digest.algorithm, response.body)
        if found != digest:
            raise _mismatch(f"blob {digest} of {reference.name} was asked for", found)
        return response.body

    def _get(
        self, reference: ImageReference, path: str, *, accept: str, max_bytes: int
    ) -> HttpResponse:
        return self.call("GET", reference, path, headers={"Accept": accept}, max_bytes=max_bytes)

    def call(
        self,
        method: str,
        reference: ImageReference,
        path: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
        max_bytes: int,
        expect: Collection[int] = (200,),
        access: Access = Access.PULL,
    ) -> HttpResponse:
        """Send one request about the repository of ``reference``, answering who asks who is there.

        Args:
            method: in capitals.
            reference: whose repository.
            path: below ``/v2/<repository>/``, or a URL of the registry's own origin, as it gives
                them for further pages and uploads.
            headers: sent besides the credentials.
            body: sent with the request.
            max_bytes: refuse a longer answer.
            expect: the statuses the caller can handle.
            access: what the credentials have to allow.

        Raises:
            NotFoundError: the registry has nothing there.
            UnreachableError: the registry did not answer, or refused, or the URL is not its own.

        """
        base = self._base(reference.registry)
        url = path if "://" in path else f"{base}/v2/{reference.repository}/{path}"
        if Origin.of(url) != Origin.of(base):
            raise HttpError(
                f"{reference.registry} sends to another server: {url[:120]!r}",
                code="connectors.foreign-url",
            )
        sent = dict(headers)
        if (known := self._auth.known(reference, access)) is not None:
            sent["Authorization"] = known
        try:
            response = self._http.request(
                method, url, headers=sent, body=body, max_bytes=max_bytes, expect={*expect, 401}
            )
            if response.status == 401:  # noqa: PLR2004  # RFC 9110 §15.5.2
                sent["Authorization"] = self._auth.answer(reference, url, response, access)
                response = self._http.request(
                    method, url, headers=sent, body=body, max_bytes=max_bytes, expect=expect
                )
        except HttpStatusError as error:
            raise self._explain(reference, error) from None
        return response

    def _base(self, registry: str) -> str:
        host = _HUB_HOST if registry == DOCKER_HUB else registry
        plain = registry in self._plain or Origin.of(f"http://{host}").is_loopback
        return f"{'http' if plain else 'https'}://{host}"

    @staticmethod
    def _explain(reference: ImageReference, error: HttpStatusError) -> NotFoundError | HttpError:
        status = error.response.status
        if status == 404:  # noqa: PLR2004  # RFC 9110 §15.5.5
            return NotFoundError(
                f"the registry has no {reference}", code="connectors.image-not-found"
            )
        if status in {401, 403}:
            return HttpError(
                f"the registry refuses {reference}: {error.message}",
                code="connectors.unauthorized",
                hint=f"log in to {reference.registry}, for example with docker login",
            )
        return error


def _resolved(
    reference: ImageReference, found: FetchedManifest, *, index: Digest | None
) -> ResolvedImage:
    return ResolvedImage(
        reference=reference,
        digest=found.digest,
        media_type=found.document.media_type,
        is_index=not isinstance(found.document, Manifest),
        size=len(found.content),
        index_digest=index,
    )


def _digest_as(algorithm: str, content: bytes) -> Digest:
    return digest_of(content, algorithm)


def _mismatch(expected: str, found: Digest) -> VerificationError:
    return VerificationError(
        f"{expected}; the bytes received have {found}", code="connectors.digest-mismatch"
    )
