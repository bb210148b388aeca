"""Every error Gatebook raises on purpose, each with a stable code, an exit status and a hint.

The tree::

    GatebookError                 gatebook.unexpected           exit 1
    ├── UsageError                gatebook.usage                exit 2
    │   ├── NotFoundError         gatebook.not-found            exit 2
    │   └── ConflictError         gatebook.conflict             exit 2
    ├── DeniedError               gatebook.denied               exit 3
    ├── UndecidedError            gatebook.undecided            exit 4
    ├── VerificationError         gatebook.verification-failed  exit 5
    │   └── MalformedError        gatebook.malformed            exit 5
    └── UnreachableError          gatebook.unreachable          exit 6

A room derives its own errors from these and gives each a code ``room.what-is-wrong``.
Codes are part of the compatibility promise: API, CLI and ledger speak them; texts may change.
This module knows nothing of any room.
"""

from typing import ClassVar

__all__ = [
    "ConflictError",
    "DeniedError",
    "GatebookError",
    "MalformedError",
    "NotFoundError",
    "UndecidedError",
    "UnreachableError",
    "UsageError",
    "VerificationError",
]


class GatebookError(Exception):
    """Something Gatebook refuses or cannot do.

    Attributes:
        code: stable, machine-readable name of the reason, ``room.what-is-wrong``.
        hint: what the reader can do about it, or ``None``.
        exit_status: what the command line answers with (design §7).

    """

    code: str = "gatebook.unexpected"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.hint = hint

    @property
    def message(self) -> str:
        """The sentence for people: what was expected, what was found, which object."""
        return str(self.args[0])


class UsageError(GatebookError):
    """The caller asked for something that cannot be asked."""

    code = "gatebook.usage"
    exit_status = 2


class NotFoundError(UsageError):
    """The named thing is not in the book or not on disk."""

    code = "gatebook.not-found"


class ConflictError(UsageError):
    """The thing exists already, and differs from what is being written."""

    code = "gatebook.conflict"


class DeniedError(GatebookError):
    """The gate, or a rule about who may act, says no."""

    code = "gatebook.denied"
    exit_status = 3


class UndecidedError(GatebookError):
    """The question could not be judged; treated as no."""

    code = "gatebook.undecided"
    exit_status = 4


class VerificationError(GatebookError):
    """Bytes, a signature, a proof or an identity are not what they must be."""

    code = "gatebook.verification-failed"
    exit_status = 5


class MalformedError(VerificationError):
    """Bytes do not have the form they claim: syntax, encoding, size, depth, duplicate keys."""

    code = "gatebook.malformed"


class UnreachableError(GatebookError):
    """A store, a disk or a network peer did not answer or did not keep what it was given."""

    code = "gatebook.unreachable"
    exit_status = 6
