"""Pack everything behind one decision into one file that verifies offline."""

from collections.abc import Iterable, Iterator

from gatebook.audit.archive import PackageError, write_archive
from gatebook.audit.contents import Contents, documents_of
from gatebook.audit.manifest import (
    CHECKPOINT,
    LOG_KEY,
    MANIFEST,
    REPORT,
    Manifest,
    blob_name,
    contract_name,
    entry_name,
    handover_name,
    proof_name,
)
from gatebook.audit.report import REPORT_VERSION, render_report
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.gate.decision import Decision
from gatebook.index.store import IndexReader
from gatebook.index.tables import ApprovalRow, DeploymentRow, EntryRow, EvidenceRow
from gatebook.ledger.entry import Entry, decode_entry
from gatebook.ledger.kinds import DecisionMade, KeyRotated
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import BlobMissingError, BlobStore
from gatebook.tlog.checkpoint import open_checkpoint
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.note import VerifierKey, parse_note
from gatebook.tlog.receipt import Receipt

__all__ = ["NotADecisionError", "build_package"]


class NotADecisionError(NotFoundError):
    """The entry named is no decision that can be packed."""

    code = "audit.not-a-decision"


def build_package(
    *,
    ledger: Ledger,
    blobs: BlobStore,
    index: IndexReader,
    decision_index: int,
    checkpoints: Iterable[bytes] = (),
) -> bytes:
    """Pack a decision, and everything somebody needs to check it.

    The same book gives the same bytes. The package holds the decision, every entry it weighed,
    the first entry and every change of the log's key, deployments done under the decision, what
    was refused about the artifact, all documents these name, and a proof of each entry to one
    checkpoint. A document the book does not hold any more is listed as absent.

    Args:
        ledger: the book.
        blobs: its documents.
        index: its index, up to date.
        decision_index: the entry that records the decision.
        checkpoints: signed checkpoints the book has kept. Where the log's key was changed, one
            that the old key signed lets a holder of the old key alone check the package.

    Raises:
        NotADecisionError: the entry is none, or records no decision.
        PackageError: the decision document is missing or differs from its entry, or all of it is
            too large for one package.

    """
    decision_entry = _decision_entry(ledger, decision_index)
    first = ledger.receipt(decision_index)
    checkpoint = open_checkpoint(first.checkpoint, ledger.verifier_key).checkpoint
    encoded = {
        number: ledger.entry_bytes(number)
        for number in _chosen(index, blobs, decision_index, decision_entry)
        if number < checkpoint.size
    }
    contents = Contents.read(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        log_key=ledger.verifier_key,
        index=decision_index,
        encoded=encoded,
        blobs=_documents(blobs, encoded, decision_entry),
    )
    files = {
        CHECKPOINT: first.checkpoint,
        LOG_KEY: f"{contents.log_key.vkey}\n".encode(),
        REPORT: render_report(contents),
        **{entry_name(number): data for number, data in contents.encoded.items()},
        **{blob_name(digest): contents.blobs.get(digest) for digest in contents.blobs.digests()},
    }
    for number in contents.encoded:
        proof = ledger.receipt(number, size=checkpoint.size).proof
        receipt = Receipt(index=number, proof=proof, checkpoint=first.checkpoint)
        files[proof_name(number)] = receipt.encode()
    files.update(_handovers(ledger, contents, list(checkpoints)))
    contract = contents.decision.contract
    if contract is not None and contract in contents.blobs:
        document = contents.blobs.get(contract)
        files[contract_name(document)] = document
    files[MANIFEST] = Manifest.of(contents, files, REPORT_VERSION).encode()
    return write_archive(files)


def _decision_entry(ledger: Ledger, index: int) -> Entry:
    try:
        entry = decode_entry(ledger.entry_bytes(index))
    except NotFoundError as error:
        raise NotADecisionError(error.message) from None
    if not isinstance(entry.body, DecisionMade) or not entry.evidence or not entry.subjects:
        raise NotADecisionError(
            f"entry {index} is {entry.kind} and records no decision",
            hint="find the decision's entry with `gatebook log --kind decision.made`",
        )
    return entry


def _chosen(
    index: IndexReader, blobs: BlobStore, decision_index: int, decision_entry: Entry
) -> Iterator[int]:
    """Which entries belong to the decision, in no order and perhaps twice."""
    yield 0
    yield decision_index
    for row in index.select(EntryRow, {"kind": KeyRotated.kind}):
        yield row.at
    for weighed in _decision(blobs, decision_entry).entries:
        yield weighed.index
    for subject in map(str, decision_entry.subjects):
        for evidence in index.select(EvidenceRow, {"digest": subject, "outcome": "refused"}):
            yield evidence.at
        for approval in index.select(ApprovalRow, {"digest": subject, "outcome": "refused"}):
            yield approval.at
        decided = {"digest": subject, "decided_by": decision_entry.id}
        for deployment in index.select(DeploymentRow, decided):
            yield deployment.at


def _decision(blobs: BlobStore, entry: Entry) -> Decision:
    digest = entry.evidence[0].digest
    try:
        return Decision.parse(blobs.get(digest))
    except BlobMissingError:
        raise PackageError(
            f"blob {digest}, the decision document, is missing", code="audit.blob-missing"
        ) from None
    except MalformedError as error:
        raise PackageError(
            f"blob {digest}, the decision document: {error.message}",
            code="audit.decision-malformed",
        ) from None


def _documents(
    blobs: BlobStore, encoded: dict[int, bytes], decision_entry: Entry
) -> dict[Digest, bytes]:
    """Every document that is named and still there."""
    named = {
        reference.digest
        for data in encoded.values()
        for reference in documents_of(decode_entry(data))
    }
    named.update(_decision(blobs, decision_entry).documents)
    documents: dict[Digest, bytes] = {}
    for digest in sorted(named):
        try:
            documents[digest] = blobs.get(digest)
        except BlobMissingError:
            continue
    return documents


def _handovers(
    ledger: Ledger, contents: Contents, checkpoints: list[bytes]
) -> Iterator[tuple[str, bytes]]:
    """Prove each change of the log's key by the earliest checkpoint its old key signed after it."""
    read = [(note, parse_checkpoint(parse_note(note).text)) for note in checkpoints]
    read.sort(key=lambda pair: pair[1].size)
    for number, entry in contents.entries.items():
        if not isinstance(entry.body, KeyRotated):
            continue
        for note, checkpoint in read:
            fits = number < checkpoint.size <= contents.size
            if fits and _is_signed_with(note, entry.body.old_key):
                proof = ledger.receipt(number, size=checkpoint.size).proof
                receipt = Receipt(index=number, proof=proof, checkpoint=note)
                yield handover_name(number), receipt.encode()
                break


def _is_signed_with(note: bytes, vkey: str) -> bool:
    try:
        open_checkpoint(note, VerifierKey.parse(vkey))
    except GatebookError:
        return False
    return True
