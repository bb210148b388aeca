r"""``gatebook-dir-v1``: a typed, framed, injective digest of a directory.

Specification with test vectors: ``docs/reference/fingerprints.md``. In short::

    digest(directory) = SHA-256("gatebook-dir-v1\n" || u64(number of entries) || entry …)
    entry             = type || u64(length of name) || name || SHA-256 value

with the types ``F`` file, ``X`` executable file, ``L`` symbolic link, ``D`` directory. Every
directory is opened below its parent without following links, and is listed again when it is done.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Final

from gatebook.digest import Digest
from gatebook.fingerprint.file import FileReader, FileStamp
from gatebook.fingerprint.patterns import Excludes
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    UnreadableError,
    WrongAlgorithmError,
    from_os_error,
    shown,
    special,
)

__all__ = ["DOMAIN", "MAX_DEPTH", "hash_tree", "open_directory"]

DOMAIN: Final = b"gatebook-dir-v1\n"
MAX_DEPTH: Final = 256
"""Deeper trees are refused: every level keeps a directory open."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK


def open_directory(name: str | bytes, *, within: int | None = None, what: str) -> int:
    """Open a directory: a root as it is named, a subdirectory never through a link.

    Raises:
        MissingPathError: nothing is there.
        WrongAlgorithmError: the root is not a directory.
        ChangedWhileReadError: a subdirectory stopped being one.
        UnreadableError: it cannot be opened.

    """
    flags = _DIRECTORY if within is None else _DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=within)
    except NotADirectoryError:
        if within is None:
            raise WrongAlgorithmError(
                f"{what} is not a directory", code="fingerprint.not-a-directory"
            ) from None
        raise ChangedWhileReadError(f"{what} stopped being a directory") from None
    except OSError as error:
        raise from_os_error(error, what) from None


def hash_tree(root: str | bytes, excludes: Excludes | None = None) -> Digest:
    """Hash the directory ``root``; its own name and a link leading to it do not count.

    Raises:
        MissingPathError: there is no such directory.
        WrongAlgorithmError: it is not a directory.
        SpecialFileError: a pipe, socket or device lies in it and is not excluded.
        UnreadableError: something in it cannot be read, or it is deeper than 256 levels.
        ChangedWhileReadError: something in it changed meanwhile.

    """
    descriptor = open_directory(root, what=shown(root))
    try:
        walk = _Walk(FileReader(), excludes if excludes is not None else Excludes())
        return Digest("sha256", walk.directory(descriptor, ()).hex())
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Walk:
    reader: FileReader
    excludes: Excludes

    def directory(self, descriptor: int, path: tuple[bytes, ...]) -> bytes:
        what = shown(b"/".join(path)) if path else "the directory"
        if len(path) > MAX_DEPTH:
            raise UnreadableError(
                f"{what} lies deeper than {MAX_DEPTH} levels", code="fingerprint.too-deep"
            )
        try:
            # 1. List, and leave out what is excluded, unread.
            listed = self._list(descriptor, path)
            hasher = hashlib.sha256(DOMAIN + len(listed).to_bytes(8))
            stamps: list[FileStamp] = []
            # 2. Hash the entries in the order of their names' bytes.
            for name, _ in listed:
                found = _look(descriptor, name)
                kind, value = self._entry(descriptor, name, (*path, name), found)
                hasher.update(kind + len(name).to_bytes(8) + name + value)
                stamps.append(_stamp(found))
            # 3. List again: names, types and stamps as before, or what was hashed
            #    never was one directory.
            unchanged = self._list(descriptor, path) == listed and all(
                _stamp(_look(descriptor, name)) == stamp
                for (name, _), stamp in zip(listed, stamps, strict=True)
            )
        except FileNotFoundError:
            raise ChangedWhileReadError(f"an entry of {what} vanished while it was read") from None
        except OSError as error:
            raise from_os_error(error, what) from None
        if not unchanged:
            raise ChangedWhileReadError(
                f"{what} changed while it was read",
                hint="fingerprint it once nothing writes to it any more",
            )
        return hasher.digest()

    def _list(self, descriptor: int, path: tuple[bytes, ...]) -> list[tuple[bytes, int]]:
        with os.scandir(descriptor) as entries:
            # os.scandir decodes by PEP 383, which os.fsencode undoes exactly.
            listed = [
                (name, _type_of(entry))
                for entry in entries
                if not self.excludes.match((*path, name := os.fsencode(entry.name)))
            ]
        return sorted(listed)

    def _entry(
        self, descriptor: int, name: bytes, path: tuple[bytes, ...], found: os.stat_result
    ) -> tuple[bytes, bytes]:
        what = shown(b"/".join(path))
        if stat.S_ISREG(found.st_mode):
            hashed = self.reader.read(name, within=descriptor, follow=False, what=what)
            if hashed.stamp != _stamp(found):
                raise ChangedWhileReadError(f"{what} changed while it was read")
            return (b"X" if found.st_mode & stat.S_IXUSR else b"F"), hashed.value
        if stat.S_ISLNK(found.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=descriptor))
            return b"L", hashlib.sha256(target).digest()
        if not stat.S_ISDIR(found.st_mode):
            raise special(found.st_mode, what)
        child = open_directory(name, within=descriptor, what=what)
        try:
            opened = os.fstat(child)
            if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino):
                raise ChangedWhileReadError(f"{what} was exchanged while it was being opened")
            return b"D", self.directory(child, path)
        finally:
            os.close(child)


def _type_of(entry: "os.DirEntry[str]") -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)


def _look(descriptor: int, name: bytes) -> os.stat_result:
    return os.stat(name, dir_fd=descriptor, follow_symlinks=False)


def _stamp(found: os.stat_result) -> FileStamp:
    if stat.S_ISDIR(found.st_mode):
        # Its times change with every name in it, also an excluded one; its names are compared.
        return FileStamp(found.st_dev, found.st_ino, found.st_mode, 0, 0, 0)
    return FileStamp.of(found)
