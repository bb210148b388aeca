"""Named pieces of content: an image layout in a directory, or the members of a tar archive.

Both are read in place; nothing is extracted. Names are relative, with ``/``, and parsed: no ``.``,
``..`` or empty part. A link is never followed.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Final, Protocol

from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    LayoutError,
    from_os_error,
    shown,
    special,
)
from gatebook.formats.oci import Descriptor

__all__ = ["ImageContent", "LayoutDirectory", "PieceReader", "check_blob", "hash_piece"]

_CHUNK: Final = 1024 * 1024


class PieceReader(Protocol):
    """One piece of content, open for reading."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    def read(self, count: int) -> bytes:
        """Return up to ``count`` further bytes; none at the end.

        Raises:
            ChangedWhileReadError: at the end, if it is not the same as at the beginning.

        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class ImageContent(Protocol):
    """Where the pieces of an image lie."""

    def open(self, name: str) -> PieceReader | None:
        """Open the piece ``name``, or return ``None`` if there is none.

        Raises:
            UnreadableError: it cannot be read.
            LayoutError: it is a link.

        """
        ...


@dataclass(slots=True)
class _OpenFile:
    descriptor: int
    called: str
    before: os.stat_result
    total: int = 0

    @property
    def size(self) -> int:
        return self.before.st_size

    def read(self, count: int) -> bytes:
        try:
            data = os.read(self.descriptor, count)
            after = os.fstat(self.descriptor)
        except OSError as error:
            raise from_os_error(error, self.called) from None
        self.total += len(data)
        before = self.before
        same = (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        if not same or (not data and count and self.total != before.st_size):
            raise ChangedWhileReadError(f"{self.called} changed while it was read")
        return data

    def close(self) -> None:
        os.close(self.descriptor)


class LayoutDirectory:
    """An image layout in an open directory.

    Args:
        descriptor: of the directory; the caller closes it.

    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def open(self, name: str) -> PieceReader | None:
        """Open the file ``name`` below the directory, through no link at any step."""
        *parents, last = name.split("/")
        place = os.dup(self._descriptor)
        try:
            for parent in parents:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                below = os.open(parent, flags, dir_fd=place)
                os.close(place)
                place = below
            mode = os.stat(last, dir_fd=place, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode) or stat.S_ISDIR(mode):
                raise LayoutError(f"{shown(name)} in the image layout must be a file")
            if not stat.S_ISREG(mode):
                raise special(mode, shown(name))
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            opened = os.open(last, flags, dir_fd=place)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise LayoutError(f"{shown(name)} lies behind a link or a file") from None
        except OSError as error:
            raise from_os_error(error, shown(name)) from None
        finally:
            os.close(place)
        return _OpenFile(opened, shown(name), os.fstat(opened))


def read_piece(content: ImageContent, name: str, *, limit: int) -> bytes | None:
    """Read the piece ``name`` whole, or return ``None`` if there is none.

    Raises:
        LayoutError: it has more than ``limit`` bytes, or is a link.
        UnreadableError: it cannot be read.

    """
    piece = content.open(name)
    if piece is None:
        return None
    try:
        if piece.size > limit:
            raise LayoutError(
                f"{shown(name)} has {piece.size} bytes; at most {limit} are read",
                code="fingerprint.too-large",
            )
        parts: list[bytes] = []
        while data := piece.read(_CHUNK):
            parts.append(data)
        return b"".join(parts)
    finally:
        piece.close()


def hash_piece(piece: PieceReader, algorithm: str) -> str:
    """Hash a piece to its end and return the value in hexadecimal."""
    hasher = hashlib.new(algorithm)
    while data := piece.read(_CHUNK):
        hasher.update(data)
    return hasher.hexdigest()


def blob_name(descriptor: Descriptor) -> str:
    """Where a layout keeps what ``descriptor`` points to (image-spec ``image-layout.md``)."""
    return f"blobs/{descriptor.digest.algorithm}/{descriptor.digest.hex}"


def check_blob(content: ImageContent, descriptor: Descriptor) -> None:
    """Verify that the blob is there with its size and digest; layers kept elsewhere may be absent.

    Raises:
        LayoutError: it is absent, or has another size or digest.

    """
    name = blob_name(descriptor)
    piece = content.open(name)
    if piece is None:
        if descriptor.urls:
            return  # image-spec descriptor.md: content with urls is fetched from there.
        raise missing_blob(descriptor)
    try:
        if piece.size != descriptor.size:
            raise LayoutError(
                f"blob {descriptor.digest.short} must have {descriptor.size} bytes, "
                f"found {piece.size}",
                code="fingerprint.blob-size",
            )
        found = hash_piece(piece, descriptor.digest.algorithm)
    finally:
        piece.close()
    if found != descriptor.digest.hex:
        raise LayoutError(
            f"blob {descriptor.digest} has the digest {descriptor.digest.algorithm}:{found}",
            code="fingerprint.blob-digest",
        )


def missing_blob(descriptor: Descriptor) -> LayoutError:
    """Make (not raise) the error that says which blob is absent."""
    return LayoutError(
        f"blob {descriptor.digest} ({descriptor.media_type}) is not in the image layout",
        code="fingerprint.blob-missing",
        hint="export the image whole, or choose the platform whose blobs are there",
    )
