"""Attestations attached to images in a registry: listed, read and checked.

The list comes from the referrers API of the distribution-spec v1.1 ("Listing Referrers"), or,
where a registry has none, from the tag that clients keep in its place ("Referrers Tag Schema").
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from gatebook.connectors.attached import read_attached
from gatebook.connectors.attestation_sources import (
    AttachedDocuments,
    AttachmentError,
    AttestationLimits,
)
from gatebook.connectors.http import HttpResponse, Origin
from gatebook.connectors.registry import FetchedManifest, RegistryClient
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.oci import (
    INDEX_TYPES,
    MAX_DOCUMENT_BYTES,
    OCI_INDEX,
    Descriptor,
    Index,
    Platform,
    parse_document,
)

__all__ = ["RegistryPlace", "attestations_of", "referrers_tag"]

_OK: Final = 200
_UNSUPPORTED: Final = frozenset({400, 404, 405, 406})
"""How registries without the API answer: 404 by the specification; the others exist in the wild
(go-containerregistry ``pkg/v1/remote/referrers.go``)."""

_MAX_LINK: Final = 8192
_MAX_TAG: Final = 128
_LINK: Final = re.compile(
    r'\s*<([^<>"\s]*)>((?:\s*;\s*[^\s;,="]+\s*=\s*(?:"[^"]*"|[^\s;,"]*))*)\s*'
)
_NEXT: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))', re.IGNORECASE)


def attestations_of(
    client: RegistryClient,
    reference: ImageReference,
    *,
    platform: Platform | None = None,
    artifact_type: str | None = None,
    kept_in: ImageReference | None = None,
    limits: AttestationLimits | None = None,
) -> AttachedDocuments:
    """Read what is attached to the image or index that ``reference`` stands for now.

    A tag is resolved once; everything after that goes by the digest, which the answer names. An
    index and the manifests in it have different attachments: without ``platform`` those of what the
    reference names are read, with it those of that platform's manifest. The answer then names the
    index as well, so that it can be asked for too.

    Args:
        client: how to speak to the registry.
        reference: the image.
        platform: of an index, choose this platform's manifest.
        artifact_type: only what calls itself so, and nothing from cosign's tags.
        kept_in: the repository the attachments are kept in, if not beside the image
            (``COSIGN_REPOSITORY``).
        limits: how much is read.

    Raises:
        NotFoundError: the registry has no such image, or not for ``platform``. That nothing is
            attached to it is no error here: see :meth:`AttachedDocuments.require`.
        AttachmentError: the registry's lists are false or too long.
        VerificationError: bytes have another digest than asked for.
        UnreachableError: the registry did not answer, or refused.

    """
    limits = limits if limits is not None else AttestationLimits()
    top = client.manifest(reference)
    pinned = reference.at(top.digest)
    subject = top.digest
    if platform is not None:
        subject = client.resolve(pinned, platform=platform).digest
    place = RegistryPlace(client, kept_in if kept_in is not None else pinned, limits=limits)
    return read_attached(
        place,
        subject,
        index=top if isinstance(top.document, Index) else None,
        artifact_type=artifact_type,
        limits=limits,
    )


def referrers_tag(subject: Digest) -> str:
    """The tag that stands in for the API (distribution-spec, "Referrers Tag Schema").

    The digest with ``-`` for ``:``, its parts cut to 32 and 64 characters.
    """
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"


class RegistryPlace:
    """A repository of a registry as a place where documents are attached.

    Args:
        client: how to speak to the registry.
        reference: whose repository.
        limits: how long a list may be.

    """

    def __init__(
        self,
        client: RegistryClient,
        reference: ImageReference,
        *,
        limits: AttestationLimits | None = None,
    ) -> None:
        self._client = client
        self._repository = reference
        self._limits = limits if limits is not None else AttestationLimits()

    @property
    def name(self) -> str:
        """Registry and repository."""
        return self._repository.name

    def manifest(self, descriptor: Descriptor) -> FetchedManifest:
        """Read a manifest; see :class:`AttachmentPlace`."""
        fetched = self._client.manifest(self._repository.at(descriptor.digest))
        descriptor.check(fetched.content)
        return fetched

    def tagged(self, subject: Digest, suffix: str) -> FetchedManifest | None:
        """Read what the tag ``sha256-<hex><suffix>`` stands for now, if there is one."""
        tag = f"{subject.algorithm}-{subject.hex}{suffix}"
        return self._tag(tag) if len(tag) <= _MAX_TAG else None

    def blob(self, descriptor: Descriptor) -> bytes:
        """Read a blob of exactly the announced size; see :class:`AttachmentPlace`."""
        data = self._client.blob(self._repository, descriptor.digest, limit=descriptor.size)
        descriptor.check(data)
        return data

    def referrers(self, subject: Digest, artifact_type: str | None) -> tuple[Descriptor, ...]:
        """List the manifests said to refer to ``subject``; see :class:`AttachmentPlace`."""
        found: list[Descriptor] = []
        for page in self._pages(subject, artifact_type):
            found.extend(page.manifests)
            if len(found) > self._limits.manifests:
                raise AttachmentError(
                    f"{self.name} lists more than {self._limits.manifests} manifests that refer "
                    f"to {subject}",
                    code="connectors.attachments-too-many",
                )
        return tuple(found)

    def fallback(self, subject: Digest) -> FetchedManifest | None:
        """Read the index that the tag in place of the API stands for now, if there is one.

        Raises:
            AttachmentError: there is something else under the tag.

        """
        tag = referrers_tag(subject)
        fetched = self._tag(tag)
        if fetched is not None and not isinstance(fetched.document, Index):
            raise AttachmentError(
                f"{self.name}:{tag} must be an index of referrers",
                code="connectors.referrers-tag",
            )
        return fetched

    def _pages(self, subject: Digest, artifact_type: str | None) -> Iterator[Index]:
        path = f"referrers/{subject}"
        query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
        response = self._page(path + query, first=True)
        if not _is_list(response):
            # Docker's registry answers 404; some front ends answer every path with a web page.
            tagged = self.fallback(subject)
            if tagged is not None and isinstance(tagged.document, Index):
                yield tagged.document
            return
        asked: set[str] = set()
        for _ in range(self._limits.pages):
            yield self._index(response, subject)
            following = _next_page(response, self._expected_path(path))
            if following is None:
                return
            if following in asked:
                raise AttachmentError(
                    f"{self.name} lists its referrers in a circle",
                    code="connectors.referrers-pages",
                )
            asked.add(following)
            response = self._page(following, first=False)
        raise AttachmentError(
            f"{self.name} lists the referrers of {subject} on more than {self._limits.pages} pages",
            code="connectors.referrers-pages",
        )

    def _page(self, path: str, *, first: bool) -> HttpResponse:
        return self._client.call(
            "GET",
            self._repository,
            path,
            headers={"Accept": OCI_INDEX},
            max_bytes=MAX_DOCUMENT_BYTES,
            expect={_OK, *_UNSUPPORTED} if first else {_OK},
        )

    def _index(self, response: HttpResponse, subject: Digest) -> Index:
        document = parse_document(response.body, media_type=_media_type(response))
        if not isinstance(document, Index):
            raise AttachmentError(
                f"{self.name} answers no index of the referrers of {subject}",
                code="connectors.referrers-list",
            )
        return document

    def _expected_path(self, path: str) -> str:
        return f"/v2/{self._repository.repository}/{path}"

    def _tag(self, tag: str) -> FetchedManifest | None:
        wanted = ImageReference(self._repository.registry, self._repository.repository, tag)
        try:
            return self._client.manifest(wanted)
        except NotFoundError:
            return None


def _media_type(response: HttpResponse) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_list(response: HttpResponse) -> bool:
    return response.status == _OK and _media_type(response) in INDEX_TYPES


def _next_page(response: HttpResponse, path: str) -> str | None:
    # distribution-spec, "Listing Referrers": Link with rel="next" as in RFC 5988 (now RFC 8288).
    header = response.headers.get("link")
    if header is None:
        return None
    place = 0
    target: str | None = None
    while place < len(header):
        match = _LINK.match(header, place)
        if match is None or len(header) > _MAX_LINK:
            raise MalformedError(
                f"Link cannot be read: found {header[place : place + 40]!r}", code="connectors.link"
            )
        relation = _NEXT.search(match[2])
        if relation is not None and "next" in (relation[1] or relation[2] or "").lower().split():
            if target is not None:
                raise MalformedError("Link names two next pages", code="connectors.link")
            target = match[1]
        place = match.end()
        if header[place : place + 1] == ",":
            place += 1
        elif place < len(header):
            raise MalformedError(
                f"Link cannot be read: found {header[place : place + 40]!r}", code="connectors.link"
            )
    if target is None:
        return None
    try:
        url = urljoin(response.url, target)
        parts = urlsplit(url)
    except ValueError:
        raise MalformedError("Link names no URL", code="connectors.link") from None
    if Origin.of(url) != Origin.of(response.url) or unquote(parts.path) != path:
        # A list of another image, or of another server, is not a page of this one.
        raise AttachmentError(
            f"the next page of referrers lies elsewhere: {target[:120]!r}",
            code="connectors.referrers-link",
        )
    return url
