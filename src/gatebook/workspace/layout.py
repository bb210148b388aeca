"""What a book looks like on disk, and the keys beside it.

::

    book.json     what this is: format, origin, the log's public key
    ledger.db     the log: the only commit point
    index.db      the index: a fold of the log, may be deleted
    checkpoint    the highest signed checkpoint, kept outside the database
    blobs/        documents by digest
    advisories/   snapshots of advisories as they are looked up in, by digest; may be deleted
    inventory.db  which artifact has which components: a fold of the SBOMs, may be deleted
    licences.db   the same of licences
    keys/log.pem  the log's private key, readable by its owner only

While the log's key is rotated, ``keys/log.new.pem`` is there too; see
:mod:`gatebook.workspace.rotation`.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gatebook import canonical
from gatebook.errors import ConflictError, NotFoundError, UsageError
from gatebook.formats.fields import Fields
from gatebook.ledger.store import StoreError
from gatebook.stores.files import write_durably
from gatebook.tlog.note import SignerKey, VerifierKey
from gatebook.trust.signing.signers import LocalSigner, generate_ed25519

__all__ = [
    "BOOK_FORMAT",
    "BookFile",
    "KeyFileError",
    "Layout",
    "log_signer",
    "new_log_key",
    "read_private_key",
    "write_key",
]

BOOK_FORMAT: Final = "gatebook/book/v1"


class KeyFileError(UsageError):
    """A private key file is missing, or others than its owner can read it."""

    code = "workspace.key-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The places in a book's directory."""

    directory: Path

    @property
    def book(self) -> Path:
        """``book.json``, written last when a book is made."""
        return self.directory / "book.json"

    @property
    def ledger(self) -> Path:
        """The log."""
        return self.directory / "ledger.db"

    @property
    def index(self) -> Path:
        """The index."""
        return self.directory / "index.db"

    @property
    def checkpoint(self) -> Path:
        """The remembered checkpoint."""
        return self.directory / "checkpoint"

    @property
    def blobs(self) -> Path:
        """The documents."""
        return self.directory / "blobs"

    @property
    def advisories(self) -> Path:
        """The snapshots of advisories, one file each."""
        return self.directory / "advisories"

    @property
    def inventory(self) -> Path:
        """Which artifact has which components."""
        return self.directory / "inventory.db"

    @property
    def licenses(self) -> Path:
        """Which artifact has components under which licence."""
        return self.directory / "licences.db"

    @property
    def log_key(self) -> Path:
        """The log's private key."""
        return self.directory / "keys" / "log.pem"

    @property
    def new_log_key(self) -> Path:
        """The private key that is to follow, while the key is rotated."""
        return self.directory / "keys" / "log.new.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFile:
    """What ``book.json`` says.

    Attributes:
        origin: the log's name.
        log_key: the key that signs the log now.

    """

    origin: str
    log_key: VerifierKey

    def encode(self) -> bytes:
        """Write the file."""
        return canonical.encode(
            {"format": BOOK_FORMAT, "origin": self.origin, "log_key": self.log_key.vkey}
        )

    @classmethod
    def read(cls, layout: Layout) -> "BookFile":
        """Read the file of a book.

        Raises:
            NotFoundError: there is no book in the directory.
            MalformedError: the file is not one of this format.

        """
        try:
            data = layout.book.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(
                f"there is no book in {layout.directory}",
                code="workspace.no-book",
                hint="make one with `gatebook init`, or name it by --ledger or GATEBOOK_LEDGER",
            ) from None
        except OSError as error:
            raise StoreError(f"{layout.book} cannot be read: {error.strerror}") from error
        fields = Fields.of(
            canonical.loads(data, what="book.json", max_bytes=65_536),
            what="book.json",
            code="workspace.book-file",
        )
        if fields.text("format") != BOOK_FORMAT:
            raise fields.refuse(f"format is {fields.text('format')[:60]!r}, not {BOOK_FORMAT}")
        key = VerifierKey.parse(fields.text("log_key"))
        if key.name != fields.text("origin"):
            raise fields.refuse("the log key is for another origin")
        return cls(origin=fields.text("origin"), log_key=key)


def write_key(path: Path, pem: bytes) -> None:
    """Write a private key, readable by its owner only.

    Raises:
        ConflictError: the file exists; a key is never overwritten.

    """
    if path.exists():
        raise ConflictError(f"{path} exists already", code="workspace.key-exists")
    write_durably(path, pem, mode=0o600)


def read_private_key(path: Path) -> bytes:
    """Read a private key file.

    Raises:
        KeyFileError: it is missing, or group or others may read it.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(f"the key {path} cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError(f"the key {path} is not a file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise KeyFileError(
                f"the key {path} can be read by others than its owner",
                code="workspace.key-readable",
                hint=f"run: chmod 600 {path}",
            )
        return os.read(descriptor, 65_536)
    except OSError as error:
        raise KeyFileError(f"the key {path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def new_log_key(origin: str) -> tuple[bytes, SignerKey]:
    """Make the key of a log: private PEM, and the signer it is for ``origin``."""
    pem, _ = generate_ed25519()
    return pem, log_signer(origin, pem)


def log_signer(origin: str, pem: bytes) -> SignerKey:
    """Make the log's signer from its private key.

    Raises:
        KeyFileError: not an Ed25519 key.

    """
    LocalSigner.from_pem(pem)
    key = load_pem_private_key(pem, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("the log's key must be Ed25519", code="workspace.log-key-type")
    return SignerKey.of(origin, key)
