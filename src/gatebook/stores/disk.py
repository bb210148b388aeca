"""The calls to the file system whose order durability rests on, in one small object.

What is durable is decided here and nowhere else, so that a test can record the calls, replay them
up to a power cut, or let one fail.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

__all__ = ["DISK", "Disk"]

_PIECE: Final = 1024 * 1024


class Disk:
    """The machine's file system. Every method raises :class:`OSError` and may leave half a step."""

    def write_new(self, path: Path, data: bytes, mode: int) -> None:
        """Create a file with these bytes, durable except for its name."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def copy_new(self, source: Path, target: Path, mode: int) -> str:
        """Copy a file in pieces, durable except for its name; return the bytes' hex SHA-256."""
        found = hashlib.sha256()
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with source.open("rb") as file:
                while piece := file.read(_PIECE):
                    found.update(piece)
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return found.hexdigest()

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, in place of what had it."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def make_directory(self, path: Path) -> None:
        """Make a directory, if it is not there."""
        path.mkdir(exist_ok=True)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


DISK: Final = Disk()
