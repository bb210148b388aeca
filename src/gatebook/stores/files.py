"""Blobs and the remembered checkpoint as files, written so that a power cut loses nothing.

The durable way to write a file, in order: write a temporary file beside it, fsync the file,
rename it into place, fsync the directory. A failed fsync is final: the kernel may have dropped
the pages, so writing goes on only after the book was opened again (model: Sunlight).
"""

import fcntl
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError, VerificationError
from gatebook.ledger.store import BlobMissingError, StoreError
from gatebook.stores.disk import DISK, Disk

__all__ = ["CheckpointFile", "FileBlobs", "sync_directory", "write_durably"]

_SECONDS_BETWEEN_CHECKPOINTS: Final = 1.0
_MAX_SIZE_DIGITS: Final = 19


def write_durably(path: Path, data: bytes, *, mode: int = 0o444, disk: Disk = DISK) -> None:
    """Put ``data`` at ``path``, whole or not at all, and durable when this returns.

    Raises:
        StoreError: the disk is full, an fsync failed, or the directory cannot be written.

    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        # 1. The bytes, under a name nobody looks at. 2. The name. Each durable before the next.
        disk.write_new(scratch, data, mode)
        disk.rename(scratch, path)
        disk.sync_directory(path.parent)
    except OSError as error:
        with suppress(OSError):
            disk.remove(scratch)
        raise StoreError(
            f"{path.name} could not be written: {error.strerror}", code="stores.write-failed"
        ) from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable.

    Raises:
        StoreError: the fsync failed.

    """
    try:
        DISK.sync_directory(path)
    except OSError as error:
        raise StoreError(f"{path} could not be synced: {error.strerror}") from error


class FileBlobs:
    """Documents as read-only files ``sha256/ab/abcd…`` below a directory.

    Args:
        directory: made, with its name durable, if its parent exists.
        disk: makes the calls that have to happen in order.

    """

    def __init__(self, directory: Path, *, disk: Disk = DISK) -> None:
        self._directory = directory
        self._root = directory / "sha256"
        self._disk = disk
        self._durable: set[Digest] = set()
        self._shards: set[Path] = set()
        self._failed = False

    def put(self, data: bytes) -> Digest:
        """Store durably and return the digest.

        Raises:
            StoreError: it is not certain to be durable. Nothing is stored through this object any
                more after that.
            VerificationError: other bytes are stored under the digest already.

        """
        digest = sha256(data)
        self._check_sound()
        if digest in self._durable:
            return digest
        path = self._path(digest)
        try:
            self._make_shard(path.parent)
            if path.exists():
                # Its bytes were durable before it got its name; the name may not be yet.
                self.get(digest)
                self._disk.sync_directory(path.parent)
            else:
                write_durably(path, data, disk=self._disk)
        except StoreError:
            self._failed = True
            raise
        except OSError as error:
            self._failed = True
            raise StoreError(
                f"blob {digest} could not be written: {error.strerror}", code="stores.write-failed"
            ) from error
        self._durable.add(digest)
        return digest

    def put_file(self, source: Path, digest: Digest) -> None:
        """Store a file too large to be held in memory, durably.

        Raises:
            StoreError: it cannot be read, or is not certain to be durable.
            VerificationError: its bytes are not what the digest says: it was changed since.

        """
        self._check_sound()
        if digest in self._durable:
            return
        path = self._path(digest)
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            self._make_shard(path.parent)
            if path.exists():
                with path.open("rb") as stored:
                    _check_copied(path, hashlib.file_digest(stored, "sha256").hexdigest(), digest)
            else:
                found = self._disk.copy_new(source, scratch, 0o444)
                _check_copied(source, found, digest)
                self._disk.rename(scratch, path)
            self._disk.sync_directory(path.parent)
        except OSError as error:
            self._failed = True
            raise StoreError(
                f"blob {digest} could not be written: {error.strerror}", code="stores.write-failed"
            ) from error
        finally:
            with suppress(OSError):
                self._disk.remove(scratch)
        self._durable.add(digest)

    def path_of(self, digest: Digest) -> Path:
        """Where a document is, for those who read large ones in parts.

        Raises:
            BlobMissingError: nothing is stored under it.

        """
        path = self._path(digest)
        if not path.exists():
            raise BlobMissingError(f"no blob {digest} is stored")
        return path

    def get(self, digest: Digest) -> bytes:
        """Return the bytes stored under ``digest``, after comparing their hash.

        Raises:
            BlobMissingError: nothing is stored under it.
            VerificationError: what is stored is not what the digest says.

        """
        if digest.algorithm != "sha256":
            raise BlobMissingError(f"blobs are stored by sha256, not {digest.algorithm}")
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise BlobMissingError(f"no blob {digest} is stored") from None
        except OSError as error:
            raise StoreError(f"blob {digest} cannot be read: {error.strerror}") from error
        if sha256(data) != digest:
            raise VerificationError(
                f"the bytes stored as blob {digest} hash to {sha256(data)}",
                code="stores.blob-corrupt",
            )
        return data

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of every stored blob, in order."""
        for path in self._files():
            with suppress(MalformedError):
                yield Digest("sha256", path.name)

    def structure_faults(self) -> Iterator[str]:
        """Yield files that are not where a blob of their name would be."""
        for path in self._files():
            try:
                expected = self._path(Digest("sha256", path.name))
            except MalformedError:
                expected = None
            if path != expected:
                yield f"{path.relative_to(self._directory)} is not a blob"

    def _check_sound(self) -> None:
        if self._failed:
            raise StoreError(
                "an earlier blob could not be written; nothing is stored any more",
                code="stores.write-failed",
                hint="see to the disk, then open the book again",
            )

    def _files(self) -> Iterator[Path]:
        """Files and other things below the directory, without scratch files left by a crash."""
        try:
            for shard in sorted(self._root.iterdir()) if self._root.is_dir() else ():
                for path in sorted(shard.iterdir()) if shard.is_dir() else (shard,):
                    if not path.name.startswith("."):
                        yield path
        except OSError as error:
            raise StoreError(f"the blobs cannot be listed: {error.strerror}") from error

    def _path(self, digest: Digest) -> Path:
        return self._root / digest.hex[:2] / digest.hex

    def _make_shard(self, shard: Path) -> None:
        # Once per shard and process, even where it exists: whoever made it may have been killed
        # before its name was durable.
        if shard in self._shards:
            return
        if not self._shards:
            self._disk.make_directory(self._directory)
            self._disk.sync_directory(self._directory.parent)
            self._disk.make_directory(self._root)
            self._disk.sync_directory(self._directory)
        self._disk.make_directory(shard)
        self._disk.sync_directory(self._root)
        self._shards.add(shard)


class CheckpointFile:
    """The highest checkpoint, in a file beside the database.

    Written durably when the book is closed and now and then meanwhile: it may lag behind the log,
    which is harmless, and never leads it, because it is written after the commit.

    Args:
        path: the file.
        seconds: how long it may lag while the log is written to.
        disk: makes the calls that have to happen in order.

    """

    def __init__(
        self, path: Path, *, seconds: float = _SECONDS_BETWEEN_CHECKPOINTS, disk: Disk = DISK
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._disk = disk
        self._lock = threading.Lock()
        self._newest: bytes | None = None
        self._due = 0.0

    def remember(self, note: bytes) -> None:
        """Keep a newer checkpoint; the file follows in time or on :meth:`flush`."""
        with self._lock:
            if self._newest is None or _size(note) > _size(self._newest):
                self._newest = note
            due = time.monotonic() >= self._due
        if due:
            self.flush()

    def recall(self) -> bytes | None:
        """Return the checkpoint in the file, or a newer one not yet written.

        Raises:
            StoreError: the file cannot be read.

        """
        stored = self._read()
        with self._lock:
            newest = self._newest
        if stored is None or (newest is not None and _size(newest) > _size(stored)):
            return newest
        return stored

    def flush(self) -> None:
        """Write the newest checkpoint, unless the file holds one as high.

        Raises:
            StoreError: it is not certain to be durable.

        """
        with self._lock:
            newest = self._newest
            if newest is None:
                return
            with self._only_writer():
                stored = self._read()
                if stored is None or _size(newest) > _size(stored):
                    write_durably(self._path, newest, mode=0o644, disk=self._disk)
            self._newest = None
            self._due = time.monotonic() + self._seconds

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self._path.name} cannot be read: {error.strerror}") from error

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        # Between comparing and replacing, no other process may write a higher one.
        try:
            descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"{self._path.parent} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _check_copied(source: Path, found: str, digest: Digest) -> None:
    if found != digest.hex:
        raise VerificationError(
            f"the bytes of {source} hash to sha256:{found}, not {digest}: they were changed",
            code="stores.source-changed",
        )


def _size(note: bytes) -> int:
    """The size line of a checkpoint; -1 for what is not one, so that it never wins."""
    lines = note.split(b"\n", 2)
    if len(lines) > 2 and lines[1].isdigit() and len(lines[1]) <= _MAX_SIZE_DIGITS:  # noqa: PLR2004  # origin, size, rest
        return int(lines[1])
    return -1
