"""What is in a package, decoded: the entries, the documents, and why each of them is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gatebook.audit.archive import PackageError
from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, GatebookError
from gatebook.facts.facts import Facts
from gatebook.facts.read import FactReader
from gatebook.gate.decision import Decision
from gatebook.ledger.entry import BlobReference, Entry, Relation, decode_entry
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    ApprovalRefused,
    BookCreated,
    DecisionMade,
    Deployment,
    EvidenceRefused,
    KeyRotated,
)
from gatebook.ledger.store import BlobMissingError
from gatebook.tlog.keys import VerifierKey

__all__ = ["Contents", "PackageBlobs", "documents_of"]


def documents_of(entry: Entry) -> tuple[BlobReference, ...]:
    """The documents of an entry that belong into a package.

    Of a snapshot of advisories that is the manifest. Its sources are gigabytes, and what they say
    of the artifact is in the match reports, which is what was weighed.
    """
    return entry.evidence[:1] if isinstance(entry.body, AdvisoriesImported) else entry.evidence


class PackageBlobs:
    """The documents of a package; reading only."""

    def __init__(self, blobs: Mapping[Digest, bytes]) -> None:
        self._blobs = dict(blobs)

    def put(self, data: bytes) -> Digest:
        """Refuse: a package is finished.

        Raises:
            ConflictError: always.

        """
        raise ConflictError(f"{sha256(data).short} cannot be added: a package is finished")

    def get(self, digest: Digest) -> bytes:
        """Return a document.

        Raises:
            BlobMissingError: the package does not hold it.

        """
        try:
            return self._blobs[digest]
        except KeyError:
            raise BlobMissingError(f"no blob {digest} is stored") from None

    def digests(self) -> Iterator[Digest]:
        """Yield the digests in order."""
        yield from sorted(self._blobs)

    def structure_faults(self) -> Iterator[str]:
        """Yield nothing: what is no blob is refused before."""
        yield from ()

    def __contains__(self, digest: object) -> bool:
        return digest in self._blobs

    def __len__(self) -> int:
        return len(self._blobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything behind one decision.

    Attributes:
        origin: the log.
        size: how many entries the checkpoint covers.
        root: their root hash.
        log_key: the key the checkpoint is signed with.
        index: which entry is the decision.
        decision: the decision document.
        entries: the entries by index, in order.
        encoded: their bytes.
        blobs: the documents.

    """

    origin: str
    size: int
    root: bytes
    log_key: VerifierKey
    index: int
    decision: Decision
    entries: Mapping[int, Entry]
    encoded: Mapping[int, bytes] = field(repr=False)
    blobs: PackageBlobs = field(repr=False)

    @classmethod
    def read(
        cls,
        *,
        origin: str,
        size: int,
        root: bytes,
        log_key: VerifierKey,
        index: int,
        encoded: Mapping[int, bytes],
        blobs: Mapping[Digest, bytes],
    ) -> "Contents":
        """Decode entries and decision, and see that the decision is the one its entry records.

        Raises:
            PackageError: an entry is malformed, or entry ``index`` records no such decision.

        """
        entries = {number: _decode(number, encoded[number]) for number in sorted(encoded)}
        recorded = entries.get(index)
        if recorded is None:
            raise PackageError(f"entry {index}, the decision, is missing", code="audit.no-decision")
        if not isinstance(recorded.body, DecisionMade) or not recorded.evidence:
            raise PackageError(
                f"entry {index} is {recorded.kind} and records no decision",
                code="audit.not-a-decision",
            )
        document = recorded.evidence[0].digest
        if document not in blobs:
            raise PackageError(
                f"blob {document}, the decision document of entry {index}, is missing",
                code="audit.blob-missing",
            )
        decision = _parse_decision(index, recorded, recorded.body, blobs[document])
        if decision.origin != origin:
            raise PackageError(
                f"the decision document of entry {index} is of the log {decision.origin[:80]!r}, "
                f"not {origin[:80]!r}",
                code="audit.decision-differs",
            )
        return cls(
            origin=origin,
            size=size,
            root=root,
            log_key=log_key,
            index=index,
            decision=decision,
            entries=entries,
            encoded={number: encoded[number] for number in entries},
            blobs=PackageBlobs(blobs),
        )

    def entry_bytes(self, index: int) -> bytes:
        """Return the bytes of an entry.

        Raises:
            PackageError: the package does not hold it.

        """
        try:
            return self.encoded[index]
        except KeyError:
            raise PackageError(
                f"entry {index} is missing from the package", code="audit.entry-missing"
            ) from None

    def reason_for(self, index: int) -> str:
        """Say why an entry is in the package.

        Raises:
            PackageError: it has nothing to do with the decision.

        """
        entry = self.entries[index]
        subject = self.decision.subject
        match entry.body:
            case DecisionMade() if index == self.index:
                return "the decision"
            case _ if any(each.index == index for each in self.decision.entries):
                return f"weighed by the decision: {entry.kind}"
            case BookCreated() if index == 0:
                return "the log and its first key"
            case KeyRotated():
                return "a change of the log's key"
            case Deployment() if self._is_decided_here(entry):
                return f"done under the decision: {entry.kind}"
            case EvidenceRefused() | ApprovalRefused() if subject in entry.subjects:
                return f"refused, about the artifact: {entry.kind}"
            case _:
                raise PackageError(
                    f"entry {index}, {entry.kind}, has nothing to do with the decision",
                    code="audit.entry-unrelated",
                )

    def deployments(self) -> tuple[int, ...]:
        """Indexes of the deployments done under the decision."""
        return tuple(
            index
            for index, entry in self.entries.items()
            if isinstance(entry.body, Deployment) and self._is_decided_here(entry)
        )

    def named_blobs(self) -> dict[Digest, str]:
        """Every document the decision or an entry names, and what it is."""
        named: dict[Digest, str] = {}
        for index, entry in self.entries.items():
            for reference in documents_of(entry):
                named.setdefault(reference.digest, f"{reference.media_type}, entry {index}")
        for digest in self.decision.documents:
            named.setdefault(digest, "a document the decision weighed")
        return named

    def absent_blobs(self) -> tuple[Digest, ...]:
        """Documents that are named and not there, in order."""
        return tuple(sorted(digest for digest in self.named_blobs() if digest not in self.blobs))

    def facts(self) -> Facts | None:
        """The facts as the decision weighed them; ``None`` when they cannot be read any more."""
        reader = FactReader(origin=self.origin, entry_bytes=self.entry_bytes, blobs=self.blobs)
        try:
            return reader.read(
                [each.index for each in self.decision.entries],
                subject=self.decision.subject,
                environment=self.decision.environment,
                now=self.decision.instant,
                size=self.decision.size,
            )
        except GatebookError:
            return None

    def _is_decided_here(self, entry: Entry) -> bool:
        decision_id = self.entries[self.index].id
        return any(
            link.rel is Relation.DECIDED_BY and link.entry == decision_id for link in entry.links
        )


def _decode(index: int, data: bytes) -> Entry:
    try:
        return decode_entry(data)
    except GatebookError as error:
        raise PackageError(
            f"entry {index}: {error.message}", code="audit.entry-malformed"
        ) from None


def _parse_decision(index: int, entry: Entry, body: DecisionMade, document: bytes) -> Decision:
    try:
        decision = Decision.parse(document)
    except GatebookError as error:
        raise PackageError(
            f"the decision document of entry {index}: {error.message}",
            code="audit.decision-malformed",
        ) from None
    failed = tuple(outcome.control for outcome in decision.outcomes if outcome.blocks)
    said = (body.environment, body.verdict, body.contract, body.failed, body.valid_until)
    written = (
        decision.environment,
        decision.verdict,
        decision.contract,
        failed,
        decision.valid_until,
    )
    # A decision can weigh only what was in the log when it was made.
    early = decision.size <= index and all(each.index < index for each in decision.entries)
    if said != written or entry.subjects != (decision.subject,) or not early:
        raise PackageError(
            f"entry {index} says something else than its decision document",
            code="audit.decision-differs",
        )
    return decision
