"""The evidence of an in-toto layout on disk: links, and a directory for each sublayout.

Everything is read in place with the readers of this room: no special file, no link that leads out
of the directory, nothing that changes meanwhile. What is found is handed on unverified.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from gatebook.errors import MalformedError
from gatebook.fingerprint.content import LayoutDirectory, read_piece
from gatebook.fingerprint.refusals import MissingPathError, from_os_error, shown
from gatebook.fingerprint.tree import open_directory
from gatebook.formats.layout.evidence import (
    MAX_EVIDENCE,
    EvidenceNameError,
    StepEvidence,
    arrange_evidence,
)

__all__ = ["evidence_at"]

_MAX_BYTES: Final = 64 * 1024 * 1024
_MAX_NESTING: Final = 16
_HIDDEN: Final = "."
_HINT: Final = "keep the links of one layout in a directory of their own"


def evidence_at(path: Path) -> tuple[StepEvidence, ...]:
    """Read the evidence in the directory ``path`` and below.

    Hidden files (``.name``) are left out. A link is followed if it leads to a file in the same
    directory or below, as in a volume of Kubernetes. A file that is not named as the specification
    names evidence refuses the whole directory: what is overlooked in silence would look as if it
    had never been there.

    Raises:
        MissingPathError: nothing is there.
        WrongAlgorithmError: it is not a directory.
        MalformedError: a file has another form of name; there are too many files, bytes or levels;
            a link leads elsewhere.
        GatebookError: something cannot be read, or is a special file.

    """
    descriptor = open_directory(str(path), what=shown(path))
    try:
        reader = _Reader(path=path, content=LayoutDirectory(descriptor))
        reader.directory(descriptor, "", 0)
    finally:
        os.close(descriptor)
    try:
        return arrange_evidence(reader.files)
    except EvidenceNameError as error:
        raise EvidenceNameError(error.message, hint=_HINT) from None


@dataclass(slots=True, kw_only=True)
class _Reader:
    path: Path
    content: LayoutDirectory
    files: dict[str, bytes] = field(default_factory=dict)
    entries: int = 0
    total: int = 0

    def directory(self, descriptor: int, place: str, nesting: int) -> None:
        if nesting > _MAX_NESTING:
            raise self._too_much(f"more than {_MAX_NESTING} levels")
        for name in self._names(descriptor, place):
            inner = place + name
            called = shown(self.path / inner)
            try:
                mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            except OSError as error:
                raise from_os_error(error, called) from None
            if stat.S_ISDIR(mode):
                below = open_directory(name, within=descriptor, what=called)
                try:
                    self.directory(below, f"{inner}/", nesting + 1)
                finally:
                    os.close(below)
            else:
                self._file(inner, self._inside(inner) if stat.S_ISLNK(mode) else inner)

    def _names(self, descriptor: int, place: str) -> list[str]:
        try:
            names = [name for name in os.listdir(descriptor) if not name.startswith(_HIDDEN)]
        except OSError as error:
            raise from_os_error(error, shown(self.path / place)) from None
        self.entries += len(names)
        if self.entries > MAX_EVIDENCE:
            raise self._too_much(f"more than {MAX_EVIDENCE} files")
        for name in names:
            if not name.isprintable():
                raise EvidenceNameError(f"{shown(self.path / place / name)} is no name of evidence")
        return sorted(names)

    def _file(self, inner: str, target: str) -> None:
        data = read_piece(self.content, target, limit=_MAX_BYTES)
        if data is None:
            raise MissingPathError(f"{shown(self.path / inner)} does not exist any more")
        self.total += len(data)
        if self.total > _MAX_BYTES:
            raise self._too_much(f"more than {_MAX_BYTES:,} bytes")
        self.files[inner] = data

    def _inside(self, inner: str) -> str:
        # A link is resolved here and then opened step by step without following any: should it be
        # changed in between, the opening refuses.
        called = shown(self.path / inner)
        try:
            root = os.path.realpath(self.path, strict=True)
            target = os.path.realpath(self.path / inner, strict=True)
            directory = stat.S_ISDIR(Path(target).lstat().st_mode)
        except OSError as error:
            raise from_os_error(error, called) from None
        if directory or not PurePosixPath(target).is_relative_to(root):
            raise MalformedError(
                f"{called} is a link that leads out of the directory, or to a directory",
                code="fingerprint.evidence-link",
            )
        return str(PurePosixPath(target).relative_to(root))

    def _too_much(self, what: str) -> MalformedError:
        return MalformedError(
            f"{shown(self.path)} holds {what}", code="fingerprint.evidence-files", hint=_HINT
        )
