"""``kosli-dir-v1``: the directory fingerprint of Kosli's command line, for compatibility only.

It hashes the concatenation of hex digests of names and contents, in the order of Go's
``filepath.WalkDir``, without types or lengths. Three classes of different directories have the
same digest (``docs/reference/fingerprints.md``); nothing new should rely on it.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from typing import Final

from gatebook.digest import Digest
from gatebook.fingerprint.file import FileReader
from gatebook.fingerprint.kosli_globs import ROOT, Names, excluded_paths
from gatebook.fingerprint.patterns import PatternError
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    MissingPathError,
    UnreadableError,
    from_os_error,
    shown,
    special,
)
from gatebook.fingerprint.tree import MAX_DEPTH, open_directory

__all__ = ["IGNORE_FILE", "hash_kosli_tree"]

IGNORE_FILE: Final = ".kosli_ignore"

_MAX_IGNORE_FILE: Final = 1024 * 1024
_MAX_LINE: Final = 64 * 1024  # Go, bufio.MaxScanTokenSize
_GO_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's ``strings.TrimSpace`` removes."""


def hash_kosli_tree(root: str | bytes, exclude: Sequence[str] = ()) -> Digest:
    """Hash the directory ``root`` as Kosli does.

    Links to files count as their target's content, links to directories as their target's text.
    Where Kosli's answer would depend on how the path is written, ours does not: a root that is a
    link is resolved once, and wildcards in the path of the root have no meaning.

    Raises:
        MissingPathError: there is no such directory, or a link leads nowhere.
        WrongAlgorithmError: it is not a directory.
        SpecialFileError: a pipe, socket or device lies in it and is not excluded.
        UnreadableError: something in it cannot be read, or it is deeper than 256 levels.
        ChangedWhileReadError: something in it changed meanwhile.
        PatternError: an exclude pattern, or a line of ``.kosli_ignore``, cannot be read.

    """
    if any(not pattern for pattern in exclude):
        raise PatternError("an exclude pattern is empty")
    descriptor = open_directory(root, what=shown(root))
    try:
        reader = FileReader()
        patterns = [*exclude, *_ignored(descriptor)]
        excluded = excluded_paths(_names(descriptor, 0), patterns) if patterns else frozenset[str]()
        hasher = hashlib.sha256()
        _Walk(reader, excluded, hasher).directory(descriptor, ROOT, 0)
        return Digest("sha256", hasher.hexdigest())
    except OSError as error:
        raise from_os_error(error, shown(root)) from None
    finally:
        os.close(descriptor)


class _Walk:
    def __init__(
        self, reader: FileReader, excluded: frozenset[str], hasher: "hashlib._Hash"
    ) -> None:
        self._reader = reader
        self._excluded = excluded
        self._hasher = hasher

    def directory(self, descriptor: int, path: str, depth: int) -> None:
        _check_depth(depth, path)
        names = _listed(descriptor)
        for name in names:
            below = f"{path}/{os.fsdecode(name)}"
            if below not in self._excluded:
                self._entry(descriptor, name, below, depth)
        if _listed(descriptor) != names:
            raise ChangedWhileReadError(f"{_relative(path)} changed while it was read")

    def _entry(self, descriptor: int, name: bytes, path: str, depth: int) -> None:
        what = _relative(path)
        try:
            own = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            target = os.stat(name, dir_fd=descriptor)
        except FileNotFoundError:
            raise MissingPathError(f"{what} is a link that leads nowhere") from None
        except OSError as error:
            raise from_os_error(error, what) from None
        self._add(name)
        if stat.S_ISREG(target.st_mode):
            hashed = self._reader.read(name, within=descriptor, follow=True, what=what)
            self._hasher.update(hashed.value.hex().encode("ascii"))
        elif not stat.S_ISDIR(target.st_mode):
            raise special(target.st_mode, what)
        elif stat.S_ISLNK(own.st_mode):
            self._add(os.fsencode(os.readlink(name, dir_fd=descriptor)))
        else:
            child = open_directory(name, within=descriptor, what=what)
            try:
                self.directory(child, path, depth + 1)
            finally:
                os.close(child)

    def _add(self, text: bytes) -> None:
        self._hasher.update(hashlib.sha256(text).hexdigest().encode("ascii"))


def _ignored(descriptor: int) -> list[str]:
    try:
        found = os.stat(IGNORE_FILE, dir_fd=descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(f"{IGNORE_FILE} is not a file")
        opened = os.open(IGNORE_FILE, os.O_RDONLY | os.O_CLOEXEC, dir_fd=descriptor)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, IGNORE_FILE) from None
    with os.fdopen(opened, "rb") as stream:
        content = stream.read(_MAX_IGNORE_FILE + 1)
    lines = content.split(b"\n")
    if len(content) > _MAX_IGNORE_FILE or any(len(line) >= _MAX_LINE for line in lines):
        raise PatternError(f"{IGNORE_FILE} is too long, or has a line longer than 64 KiB")
    patterns = (os.fsdecode(line).partition("#")[0].strip(_GO_SPACE) for line in lines)
    return [pattern for pattern in patterns if pattern]


def _names(descriptor: int, depth: int) -> Names:
    _check_depth(depth, "")
    found: dict[str, Names | None] = {}
    for name in _listed(descriptor):
        mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        if not stat.S_ISDIR(mode):
            found[os.fsdecode(name)] = None
            continue
        child = open_directory(name, within=descriptor, what=shown(name))
        try:
            found[os.fsdecode(name)] = _names(child, depth + 1)
        finally:
            os.close(child)
    return found


def _listed(descriptor: int) -> list[bytes]:
    return sorted(os.fsencode(name) for name in os.listdir(descriptor))


def _relative(path: str) -> str:
    return shown(path.removeprefix(ROOT + "/")) if path != ROOT else "the directory"


def _check_depth(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise UnreadableError(
            f"{_relative(path)} lies deeper than {MAX_DEPTH} levels", code="fingerprint.too-deep"
        )
