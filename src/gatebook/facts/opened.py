"""Documents, verified and read, remembered for as long as nothing about them differs.

To verify and read an SBOM again takes milliseconds, and a gate judges the same few over and over.
What is remembered is keyed by everything the result depends on: the hash of the bytes read just
now, the artifact, the trust root, the instant, the repository and the environment. The bytes are
fetched and hashed every time, so that a lost or changed document is never remembered as sound.
"""

import functools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, UnreachableError, VerificationError
from gatebook.facts.documents import ApprovalPredicate
from gatebook.facts.facts import Content, Problem, SignerFact
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.ledger.store import BlobMissingError, BlobStore
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.vulnerabilities.match_report import MatchReport

__all__ = [
    "REMEMBERED",
    "Memory",
    "OpenedDocument",
    "Question",
    "fetch",
    "forget_documents",
    "match_report_from",
    "problem_of",
    "trust_root_from",
]

_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_DOCUMENTS: Final = 1024
_MOST_OF_A_REPORT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDocument:
    """What a document says, and which believed signers said so.

    Attributes:
        predicate_type: what it claims to be.
        kind: the family of that, when known by name.
        signers: who signed it; nobody signed a report that was only handed in.
        content: what it says.
        approval: the same, where it is an approval.
        format: the format it was read from.
        further: what else it says.
        predicate: digest of the predicate in canonical form, of a custom evidence type's.

    """

    predicate_type: str = ""
    kind: PredicateKind | None = None
    signers: tuple[SignerFact, ...] = ()
    content: Content | None = None
    approval: ApprovalPredicate | None = None
    format: DocumentFormat | None = None
    further: tuple[Content, ...] = ()
    predicate: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that opening a document depends on.

    Attributes:
        parts: digest and media type of the envelope and of the documents kept beside it.
        subject: the artifact it has to be about.
        root: digest of the trust root; ``None`` for a document nobody signed.
        at: the instant signatures are judged for.
        repository: the repository the artifact is recorded with.
        environment: the environment an approval has to be for.

    """

    parts: tuple[tuple[Digest, str], ...]
    subject: Digest
    root: Digest | None
    at: Instant
    repository: RepositoryUri | None
    environment: EnvironmentName | None


class Memory:
    """The documents opened last, up to a number and to a length of all their bytes together."""

    def __init__(self, *, most_bytes: int = _MOST_BYTES, most: int = _MOST_DOCUMENTS) -> None:
        self._most_bytes = most_bytes
        self._most = most
        self._lock = threading.Lock()
        self._opened: OrderedDict[Question, tuple[OpenedDocument, int]] = OrderedDict()
        self._bytes = 0

    def recall(self, question: Question) -> OpenedDocument | None:
        """Return what the same question was answered with."""
        with self._lock:
            found = self._opened.get(question)
            if found is None:
                return None
            self._opened.move_to_end(question)
            return found[0]

    def keep(self, question: Question, opened: OpenedDocument, length: int) -> None:
        """Remember an answer; refusals are worked out anew each time."""
        with self._lock:
            if question in self._opened or length > self._most_bytes:
                return
            self._opened[question] = opened, length
            self._bytes += length
            while self._bytes > self._most_bytes or len(self._opened) > self._most:
                _, (_, dropped) = self._opened.popitem(last=False)
                self._bytes -= dropped

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._opened.clear()
            self._bytes = 0

    def __len__(self) -> int:
        return len(self._opened)


REMEMBERED: Final = Memory()
"""What this process has opened; every book of it may use it, since nothing is keyed by a book."""


def forget_documents() -> None:
    """Forget what was opened, as a new process would not know it."""
    REMEMBERED.clear()
    _parse_trust_root.cache_clear()
    _parse_match_report.cache_clear()


def fetch(blobs: BlobStore, digest: Digest) -> bytes:
    """Return a document after comparing its hash here too, whatever the store promises.

    Raises:
        BlobMissingError: it is not stored.
        VerificationError: it is not what its digest says.

    """
    data = blobs.get(digest)
    if sha256(data) != digest:
        raise VerificationError(
            f"the bytes stored as blob {digest} hash to {sha256(data)}",
            code="stores.blob-corrupt",
        )
    return data


def trust_root_from(data: bytes) -> TrustRoot:
    """Read a trust root, or recall the one these very bytes were read as.

    Raises:
        MalformedError: the bytes are no trust root.

    """
    return _parse_trust_root(data)


@functools.lru_cache(maxsize=8)
def _parse_trust_root(data: bytes) -> TrustRoot:
    return TrustRoot.parse(data)


def match_report_from(data: bytes) -> MatchReport:
    """Read a match report, or recall the one these very bytes were read as, unless it is long.

    Raises:
        MatchReportError: the bytes are no match report.

    """
    return MatchReport.parse(data) if len(data) > _MOST_OF_A_REPORT else _parse_match_report(data)


@functools.lru_cache(maxsize=32)
def _parse_match_report(data: bytes) -> MatchReport:
    return MatchReport.parse(data)


def problem_of(error: GatebookError) -> Problem:
    """Say why a document does not count."""
    lost = isinstance(error, BlobMissingError | UnreachableError)
    return Problem(
        code=error.code,
        message=error.message,
        damaged=lost or error.code == "stores.blob-corrupt",
    )
