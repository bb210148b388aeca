"""Why something on disk has no fingerprint."""

import errno
import os
import stat

from gatebook.errors import (
    MalformedError,
    NotFoundError,
    UnreachableError,
    UsageError,
    VerificationError,
)

__all__ = [
    "ArchiveError",
    "ChangedWhileReadError",
    "LayoutError",
    "MissingPathError",
    "SpecialFileError",
    "UnreadableError",
    "WrongAlgorithmError",
    "from_os_error",
    "shown",
]


class WrongAlgorithmError(UsageError):
    """The algorithm does not apply to what the path is."""

    code = "fingerprint.algorithm"


class MissingPathError(NotFoundError):
    """There is nothing at the path."""

    code = "fingerprint.not-found"


class SpecialFileError(UsageError):
    """A pipe, socket or device: it has no content of its own."""

    code = "fingerprint.special-file"


class UnreadableError(UnreachableError):
    """The disk, or a permission, keeps the bytes from being read."""

    code = "fingerprint.unreadable"


class ChangedWhileReadError(VerificationError):
    """A file or directory is not the same after reading as it was before."""

    code = "fingerprint.changed-while-read"


class LayoutError(MalformedError):
    """An image layout does not hold what it names, or does not say which image is meant."""

    code = "fingerprint.image-layout"


class ArchiveError(MalformedError):
    """An archive cannot be read one way only."""

    code = "fingerprint.archive"


def shown(name: str | bytes | os.PathLike[str]) -> str:
    """Write a name so that a terminal and a log survive it."""
    text = os.fsdecode(name)
    return repr(text[:200]) if not text.isprintable() else text[:200]


def from_os_error(error: OSError, what: str) -> UnreadableError | MissingPathError:
    """Make (not raise) the error that says why ``what`` cannot be read."""
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return MissingPathError(f"{what} does not exist")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return UnreadableError(
            f"{what} cannot be read: permission denied",
            hint="read it as a user who may, or exclude it by name",
        )
    return UnreadableError(f"{what} cannot be read: {error.strerror or error}")


def special(mode: int, what: str) -> SpecialFileError:
    """Make (not raise) the error that says what kind of special file ``what`` is."""
    kinds = (
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    )
    kind = next((name for test, name in kinds if test(mode)), "a special file")
    return SpecialFileError(f"{what} is {kind}", hint="exclude it by name, or leave it out")
