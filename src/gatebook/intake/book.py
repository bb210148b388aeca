"""What the intake needs of a book, and the small steps all of its modules share."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatebook.clock import Clock
from gatebook.digest import Digest
from gatebook.errors import UndecidedError, UsageError
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference, Draft, Entry, decode_entry
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import BlobStore
from gatebook.names import RepositoryUri
from gatebook.programs.program import Evaluator
from gatebook.trust.root.trust_root import TrustRoot

__all__ = ["Desk", "NoTrustRootError"]


class NoTrustRootError(UndecidedError):
    """The book has no trust root, so that nobody is believed."""

    code = "intake.no-trust-root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where things are handed in: a book, its documents, its index, and a clock.

    Attributes:
        catch_up: folds what was appended into the index.
        random: gives salts.
        evaluator: gives whoever runs programs of custom evidence types, when one is needed.

    """

    ledger: Ledger
    blobs: BlobStore
    index: IndexReader
    clock: Clock
    catch_up: Callable[[], None]
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
    evaluator: Callable[[], Evaluator] | None = None

    def append(self, *drafts: Draft) -> Sequence[Appended]:
        """Append, and let the index follow."""
        appended = self.ledger.append(*drafts)
        self.catch_up()
        return appended

    def entry(self, index: int) -> Entry:
        """Return one entry.

        Raises:
            UsageError: there is none at that index.

        """
        size = self.ledger.head().size
        if not 0 <= index < size:
            raise UsageError(
                f"the book has {size} entries, no number {index}", code="ledger.no-such-entry"
            )
        return decode_entry(self.ledger.entry_bytes(index))

    def keep(self, data: bytes, media_type: str) -> BlobReference:
        """Store a document durably and return the reference an entry names it by."""
        return BlobReference(digest=self.blobs.put(data), size=len(data), media_type=media_type)

    def keep_salted(self, data: bytes, media_type: str) -> BlobReference:
        """Store a personal document behind 32 random bytes."""
        salted = self.random(32) + data
        return BlobReference(
            digest=self.blobs.put(salted), size=len(salted), media_type=media_type, salted=True
        )

    def trust_root(self) -> TrustRoot:
        """Return the trust root published last.

        Raises:
            NoTrustRootError: none was.

        """
        self.catch_up()  # another process may have published one since
        row = Query(self.index).trust_root()
        if row is None:
            raise NoTrustRootError(
                "no trust root is published: nobody is believed",
                hint="publish one with `gatebook trust publish FILE`",
            )
        return TrustRoot.parse(self.blobs.get(Digest.parse(row.root)))

    def repository_of(self, subject: Digest) -> RepositoryUri | None:
        """Return the repository an artifact is recorded with, when its recordings agree."""
        named = {row.repository for row in Query(self.index).artifacts(subject) if row.repository}
        return RepositoryUri.parse(named.pop()) if len(named) == 1 else None
