"""Attestations on disk: a file, a directory of files, or what an image layout holds.

Files are told apart by content, whatever they are called. Everything is read in place with the
readers of this room: no special file, no link that leads out of the directory, nothing that changes
meanwhile. What is found is handed on unverified.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from gatebook.connectors.attached import read_attached
from gatebook.connectors.attestation_sources import (
    AttachedDocuments,
    AttestationLimits,
    FoundAttestation,
    NoAttestationError,
)
from gatebook.connectors.layout_attachments import LayoutPlace
from gatebook.connectors.registry import FetchedManifest
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.fingerprint.content import ImageContent, LayoutDirectory, read_piece
from gatebook.fingerprint.fingerprint import fingerprint_path
from gatebook.fingerprint.identity import Algorithm
from gatebook.fingerprint.image_layout import MARKER
from gatebook.fingerprint.refusals import LayoutError, MissingPathError, from_os_error, shown
from gatebook.fingerprint.tar_archive import TarArchive
from gatebook.fingerprint.tree import open_directory
from gatebook.formats.attestations import MAX_BYTES, split_attestations
from gatebook.formats.oci import MAX_DOCUMENT_BYTES, Index, Platform, parse_document

__all__ = ["attestations_at", "attestations_in_layout"]

_MAX_FILES: Final = 1024
_MAX_MARKER: Final = 4096
_HIDDEN: Final = "."
_BLOBS: Final = "blobs/sha256"
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")


def attestations_at(
    path: Path, *, limits: AttestationLimits | None = None
) -> tuple[FoundAttestation, ...]:
    """Read the attestations in the file ``path``, or in all files of the directory ``path``.

    Of a directory, files are read in the order of their names; hidden ones (``.name``) are left
    out. A link is followed if it leads to a file in the same directory or below, as in a volume of
    Kubernetes. A file that holds no attestation refuses the whole directory, as does a
    subdirectory: what is overlooked in silence would look as if it had never been there.

    Raises:
        MissingPathError: nothing is there.
        NoAttestationError: the directory holds no file.
        MalformedError: a file is no attestation; there are too many files or bytes; a link leads
            elsewhere.
        UnreadableError: something cannot be read.

    """
    limits = limits if limits is not None else AttestationLimits()
    if not path.is_dir():
        return _split(_read_file(path), shown(path))
    descriptor = open_directory(str(path), what=shown(path))
    try:
        return _directory(path, descriptor, limits)
    finally:
        os.close(descriptor)


def attestations_in_layout(
    path: Path,
    subject: Digest | None = None,
    *,
    image_name: str | None = None,
    platform: Platform | None = None,
    limits: AttestationLimits | None = None,
) -> AttachedDocuments:
    """Read what an image layout, or an archive of one, holds attached to an image.

    Args:
        path: the directory with ``index.json``, or the archive.
        subject: the image or index; if not given, the one image of the layout, or the one that
            ``cosign save`` wrote it for, whole and checked.
        image_name: which image, if there are several and no ``subject`` is given.
        platform: of an index, choose this platform's manifest.
        limits: how much is read.

    Raises:
        GatebookError: as :func:`gatebook.fingerprint.fingerprint.fingerprint_path` and
            :func:`gatebook.connectors.attached.read_attached`.

    """
    limits = limits if limits is not None else AttestationLimits()
    with _content(path) as content:
        pieces = _Pieces(content, path)
        if pieces.read(MARKER, limit=_MAX_MARKER) is None:
            raise LayoutError(f"{shown(path)} has no {MARKER} file: it is no image layout")
        place = LayoutPlace(pieces, name=shown(path), limits=limits)
        index_digest: Digest | None = None
        if subject is None:
            saved = place.saved_image
            if image_name is None and saved is not None:
                image_name = str(saved)
            found = fingerprint_path(
                path, algorithm=Algorithm.OCI, image_name=image_name, platform=platform
            )
            subject, index_digest = found.digest, found.index_digest
        index = _index(pieces, index_digest if index_digest is not None else subject)
        return read_attached(place, subject, index=index, limits=limits)


@dataclass(frozen=True, slots=True)
class _Pieces:
    content: ImageContent
    path: Path

    def read(self, name: str, *, limit: int) -> bytes | None:
        return read_piece(self.content, name, limit=limit)

    def blobs(self) -> Iterator[tuple[Digest, int]]:
        """List the blobs of a directory; an archive is not searched."""
        if not isinstance(self.content, LayoutDirectory):
            return
        below = self.path / _BLOBS
        try:
            with os.scandir(below) as entries:
                for entry in entries:
                    if _SHA256.match(entry.name) is not None and entry.is_file(
                        follow_symlinks=False
                    ):
                        size = entry.stat(follow_symlinks=False).st_size
                        yield Digest("sha256", entry.name), size
        except OSError as error:
            raise from_os_error(error, shown(below)) from None


@contextmanager
def _content(path: Path) -> Iterator[ImageContent]:
    directory = path.is_dir()
    called = shown(path)
    descriptor = open_directory(str(path), what=called) if directory else _open_file(path)
    try:
        yield LayoutDirectory(descriptor) if directory else TarArchive(descriptor)
    finally:
        os.close(descriptor)


def _open_file(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise from_os_error(error, shown(path)) from None


def _index(pieces: _Pieces, digest: Digest) -> FetchedManifest | None:
    content = pieces.read(f"blobs/{digest.algorithm}/{digest.hex}", limit=MAX_DOCUMENT_BYTES)
    if content is None:
        raise NotFoundError(f"the image layout has no {digest}", code="connectors.image-not-found")
    document = parse_document(content)
    if not isinstance(document, Index):
        return None
    return FetchedManifest(digest=digest, content=content, document=document)


def _directory(
    path: Path, descriptor: int, limits: AttestationLimits
) -> tuple[FoundAttestation, ...]:
    try:
        names = sorted(name for name in os.listdir(descriptor) if not name.startswith(_HIDDEN))
    except OSError as error:
        raise from_os_error(error, shown(path)) from None
    if len(names) > _MAX_FILES:
        raise MalformedError(
            f"{shown(path)} has {len(names)} files; at most {_MAX_FILES} are read",
            code="fingerprint.attestation-files",
        )
    content = LayoutDirectory(descriptor)
    found: list[FoundAttestation] = []
    total = 0
    for name in names:
        called = shown(path / name)
        data = read_piece(content, _inside(descriptor, path, name), limit=MAX_BYTES)
        if data is None:
            raise LayoutError(f"{called} is gone", code="fingerprint.attestation-link")
        total += len(data)
        found.extend(_split(data, called))
        if total > limits.total_bytes or len(found) > limits.layers:
            raise MalformedError(
                f"{shown(path)} holds more than {limits.layers} attestations or "
                f"{limits.total_bytes} bytes",
                code="fingerprint.attestation-files",
            )
    if not found:
        raise NoAttestationError(f"{shown(path)} holds no attestation")
    return tuple(found)


def _inside(descriptor: int, path: Path, name: str) -> str:
    # A link is resolved here and then opened step by step without following any: should it be
    # changed in between, the opening refuses.
    called = shown(path / name)
    try:
        mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            raise LayoutError(
                f"{called} is a directory; only the files of one directory are read",
                code="fingerprint.attestation-files",
            )
        if not stat.S_ISLNK(mode):
            return name
        root = os.path.realpath(path)
        target = os.path.realpath(path / name, strict=True)
    except OSError as error:
        raise from_os_error(error, called) from None
    if not PurePosixPath(target).is_relative_to(root) or target == root:
        raise LayoutError(
            f"{called} is a link that leads out of the directory",
            code="fingerprint.attestation-link",
        )
    return str(PurePosixPath(target).relative_to(root))


def _read_file(path: Path) -> bytes:
    # A file that is named directly may be a link: its name was given, not found.
    target = Path(os.path.realpath(path))
    descriptor = open_directory(str(target.parent), what=shown(path))
    try:
        data = read_piece(LayoutDirectory(descriptor), target.name, limit=MAX_BYTES)
    finally:
        os.close(descriptor)
    if data is None:
        raise MissingPathError(f"{shown(path)} does not exist")
    return data


def _split(data: bytes, called: str) -> tuple[FoundAttestation, ...]:
    try:
        documents = split_attestations(data)
    except GatebookError as error:
        raise MalformedError(
            f"{called}: {error.message}", code=error.code, hint=error.hint
        ) from None
    return tuple(
        FoundAttestation(
            data=document.data,
            kind=document.kind,
            origin=called if document.place == "document" else f"{called}, {document.place}",
        )
        for document in documents
    )
