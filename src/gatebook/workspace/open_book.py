"""An open book: its stores wired together, and everything that can be read from it."""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gatebook.audit.package import build_package
from gatebook.clock import Clock, Instant
from gatebook.digest import Digest
from gatebook.errors import ConflictError, NotFoundError
from gatebook.gate.gate import Gate
from gatebook.gate.replay import Replayed, check_complete, replay
from gatebook.index.project import follow
from gatebook.index.query import Query
from gatebook.index.tables import EntryRow
from gatebook.intake.approvals import current_contract
from gatebook.intake.book import Desk, NoTrustRootError
from gatebook.intake.evidence_types import current_type
from gatebook.ledger.entry import Entry, decode_entry
from gatebook.ledger.kinds import DecisionMade
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import StoreError
from gatebook.names import Actor, EnvironmentName
from gatebook.policy.contract import Contract
from gatebook.programs.program import Evaluator
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.note import SignerKey
from gatebook.tlog.receipt import Receipt
from gatebook.workspace.layout import Layout
from gatebook.workspace.log_export import log_resources
from gatebook.workspace.pins import TrustRootPins

if TYPE_CHECKING:
    from gatebook.evaluator.pool import ProcessEvaluator
    from gatebook.formats.evidence_type import TypeDefinition

__all__ = ["OpenBook", "parse_digest", "read_state"]


class OpenBook:
    """The reading half of a book.

    Attributes:
        directory: where it is.
        actor: who acts, when a call does not say.

    """

    def __init__(self, layout: Layout, signer: SignerKey, clock: Clock, actor: Actor) -> None:
        """Open the stores of a directory that was looked at."""
        self.directory = layout.directory
        self.actor = actor
        self._layout = layout
        self._clock = clock
        self._key_state = read_state(layout)
        self._pins = TrustRootPins(layout)
        self._evaluator: ProcessEvaluator | None = None
        self._store = SqliteLedger(layout.ledger)
        try:
            self._ledger = Ledger(
                self._store, memory=CheckpointFile(layout.checkpoint), signer=signer, clock=clock
            )
            self._blobs = FileBlobs(layout.blobs)
            self._index = SqliteIndex(layout.index)
        except BaseException:
            self._store.close()
            raise
        self._desk = Desk(
            ledger=self._ledger,
            blobs=self._blobs,
            index=self._index,
            clock=clock,
            catch_up=self._catch_up,
            evaluator=self._programs,
        )
        self._gate = Gate(ledger=self._ledger, blobs=self._blobs, index=self._index, clock=clock)
        self._catch_up()

    def close(self) -> None:
        """Write what is pending, close the files and end the programs."""
        if self._evaluator is not None:
            self._evaluator.close()
        try:
            self._ledger.close()
        finally:
            self._index.close()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._ledger.origin

    @property
    def log_key(self) -> str:
        """The key that signs the log now, as a C2SP verifier key."""
        return self._ledger.verifier_key.vkey

    @property
    def query(self) -> Query:
        """Questions about what the book holds, over an index that is up to date."""
        self._catch_up()
        return Query(self._index)

    def now(self) -> Instant:
        """The present instant, by the book's clock."""
        return self._clock.now()

    def size(self) -> int:
        """How many entries there are."""
        return self._ledger.head().size

    def checkpoint(self) -> bytes:
        """The signed checkpoint of the book as it is.

        Raises:
            ConflictError: another process has rotated the log's key meanwhile.

        """
        self._check_key()
        return self._ledger.checkpoint()

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Yield index and entry, in order."""
        return self._ledger.entries(start, stop)

    def entry(self, index: int) -> Entry:
        """Return one entry.

        Raises:
            UsageError: there is none at that index.

        """
        return decode_entry(self.entry_bytes(index))

    def entry_bytes(self, index: int) -> bytes:
        """Return the bytes of one entry, as a receipt is checked against.

        Raises:
            UsageError: there is none at that index.

        """
        size = self.size()
        if not 0 <= index < size:
            raise NotFoundError(
                f"the book has {size} entries, no number {index}", code="ledger.no-such-entry"
            )
        return self._ledger.entry_bytes(index)

    def find(self, entry_id: str) -> int | None:
        """Return the index of the entry with that id."""
        return self._ledger.find(entry_id)

    def receipt(self, index: int) -> Receipt:
        """Prove that entry ``index`` is in the book.

        Raises:
            UsageError: there is none at that index.
            ConflictError: another process has rotated the log's key meanwhile.

        """
        self._check_key()
        return self._ledger.receipt(index)

    def blob(self, digest: Digest | str) -> bytes:
        """Return a document by digest, after comparing its hash."""
        return self._blobs.get(parse_digest(digest))

    def contract(self, environment: EnvironmentName | str) -> Contract:
        """Return the contract in force for an environment.

        Raises:
            NoContractError: none was published.

        """
        self._catch_up()
        return current_contract(self._desk, EnvironmentName.parse(str(environment)))

    def trust_root(self) -> tuple[int, bytes]:
        """Return the trust root in force: the entry that published it, and its exact bytes.

        Raises:
            NoTrustRootError: none was published.

        """
        row = self.query.trust_root()
        if row is None:
            raise NoTrustRootError(
                "no trust root is published: nobody is believed",
                hint="publish one with `gatebook trust publish FILE`",
            )
        return row.at, self._blobs.get(Digest.parse(row.root))

    def evidence_type(self, name: str) -> "TypeDefinition":
        """Return the definition of a custom evidence type in force.

        Raises:
            NoEvidenceTypeError: none was published.

        """
        return current_type(self._desk, name)

    @property
    def trust_root_pins(self) -> TrustRootPins:
        """Which trust roots may be published and decided under; see its class."""
        return self._pins

    def replay(self, index: int) -> Replayed:
        """Decide again what entry ``index`` recorded; the result has to be equal.

        Raises:
            NotFoundError: the entry records no decision.
            ReplayDiffersError, EngineDiffersError: see :func:`gatebook.gate.replay.replay`.
            IncompleteError: the log held an entry that the decision did not weigh.

        """
        entry = self.entry(index)
        if not isinstance(entry.body, DecisionMade) or not entry.evidence:
            raise NotFoundError(
                f"entry {index} is {entry.kind}, not a decision", code="workspace.no-decision"
            )
        document = self._blobs.get(entry.evidence[0].digest)
        replayed = replay(document, entry_bytes=self._ledger.entry_bytes, blobs=self._blobs)
        self._catch_up()
        check_complete(replayed.decision, self._index)
        return replayed

    def package(self, decision: int) -> bytes:
        """Pack everything behind the decision of entry ``decision`` for an auditor.

        Raises:
            NotFoundError: the entry records no decision.

        """
        self._catch_up()
        return build_package(
            ledger=self._ledger,
            blobs=self._blobs,
            index=self._index,
            decision_index=decision,
            checkpoints=[note for _, note in self._store.checkpoints()],
        )

    def reindex(self) -> int:
        """Forget the index and fold it anew; return how many entries it holds."""
        self._index.clear()
        self._catch_up()
        return self._index.applied()

    def log_resources(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of the log as a C2SP tile tree, the checkpoint last."""
        return log_resources(self._store, self.checkpoint())

    def _programs(self) -> Evaluator:
        """Who runs the programs of custom evidence types; processes start when one is asked."""
        if self._evaluator is None:
            from gatebook.evaluator.pool import ProcessEvaluator  # noqa: PLC0415  # when needed

            self._evaluator = ProcessEvaluator()
        return self._evaluator

    def _check_key(self) -> None:
        """Sign nothing with a key that another process has rotated away."""
        if read_state(self._layout) != self._key_state:
            raise ConflictError(
                "another process has rotated the log's key since this book was opened",
                code="workspace.key-rotated",
                hint="open the book again",
            )

    def _catch_up(self) -> None:
        size = self._ledger.head().size
        applied = self._index.applied()
        if applied > size or (applied and not self._same_entry(applied - 1)):
            self._index.clear()
            applied = 0
        if applied < size:
            follow(self._index, self._ledger.entries(applied, size))

    def _same_entry(self, index: int) -> bool:
        rows = self._index.select(EntryRow, {"at": index}, limit=1)
        row = next(iter(rows), None)
        return row is not None and self._ledger.find(row.id) == index


def read_state(layout: Layout) -> tuple[int, int]:
    """What tells one ``book.json`` from the one that replaced it."""
    try:
        status = layout.book.stat()
    except OSError as error:
        raise StoreError(f"{layout.book} cannot be read: {error.strerror}") from error
    return status.st_ino, status.st_mtime_ns


def parse_digest(digest: Digest | str) -> Digest:
    """Take a digest as text or parsed."""
    return Digest.parse(digest) if isinstance(digest, str) else digest
