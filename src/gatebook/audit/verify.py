"""Check an audit package from its bytes alone: no book, no network, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebook.audit.archive import PackageError, read_archive, write_archive
from gatebook.audit.contents import Contents
from gatebook.audit.log_keys import (
    KeySource,
    check_checkpoint,
    check_key_history,
    numbers,
    read_receipt,
)
from gatebook.audit.manifest import (
    CHECKPOINT,
    LOG_KEY,
    MANIFEST,
    REPORT,
    Manifest,
    blob_name,
    contract_name,
    entry_name,
    proof_name,
)
from gatebook.audit.report import REPORT_VERSION, render_report, report_version
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.facts.facts import EntryReference
from gatebook.gate.decision import Decision
from gatebook.gate.replay import Replayed, replay
from gatebook.tlog.checkpoint_body import Checkpoint
from gatebook.tlog.keys import VerifierKey
from gatebook.tlog.merkle import check_inclusion, leaf_hash

__all__ = ["KeySource", "PackageReport", "verify_package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReport:
    """What a package has shown.

    Attributes:
        origin: the log.
        size: how many entries the checkpoint covers.
        root: their root hash.
        log_key: the key the checkpoint is signed with.
        key_source: whether that key was given, reached from a given older one, or taken from the
            package itself.
        decision_index: the entry that records the decision.
        decision: the decision, which came out equal again.
        entries: every entry of the package, proved to be in the log.
        blobs: every document of the package.
        absent: documents that entries name and the package does not hold.
        replayed: what was weighed again.
        deployments: indexes of the deployments done under the decision.
        report_checked: whether the report was rendered again and is equal; otherwise it is of
            another version than this release writes, and nothing is known about what it says.
        report: the version of the report.

    """

    origin: str
    size: int
    root: bytes
    log_key: VerifierKey
    key_source: KeySource
    decision_index: int
    decision: Decision
    entries: tuple[EntryReference, ...]
    blobs: tuple[Digest, ...]
    absent: tuple[Digest, ...]
    replayed: Replayed
    deployments: tuple[int, ...]
    report_checked: bool
    report: str


def verify_package(data: bytes, *, log_key: VerifierKey | None) -> PackageReport:
    """Check everything in a package, and that nothing is missing from it.

    1. The archive is read strictly, and holds exactly the files its manifest lists.
    2. The checkpoint is signed with the log's key: ``log_key``, or one that the keys from
       ``log_key`` on vouched for, or, without ``log_key``, the one in the package.
    3. Each entry is proved to be in the log, by a proof to this checkpoint.
    4. Each document has the hash it is called by.
    5. The first entry and the changes of key in the package lead to the checkpoint's key.
    6. The decision entry records the decision document; everything it weighed is there; nothing
       is there that has nothing to do with it.
    7. The contract file is the contract that was weighed.
    8. The manifest says of each file what it is.
    9. The decision comes out equal again.
    10. The report is what the rest of the package says.
    11. The archive is the one form of its contents, so that no byte of it is left unchecked.

    What cannot be shown offline: that nothing else was in the log that should have been weighed
    or listed. That takes the log itself.

    Args:
        data: the package.
        log_key: the log's key, from anywhere but the package; an older one serves.

    Raises:
        PackageError: something does not hold; the message names the entry, blob or file.

    """
    files = read_archive(data)
    manifest = _check_listing(files)
    checkpoint, key, source = check_checkpoint(files, log_key)
    indexes = sorted(numbers(files, "entries/", ".json"))
    encoded = {index: files[entry_name(index)] for index in indexes}
    for index in indexes:
        _check_entry(index, files, checkpoint)
    blobs = _check_blobs(files)
    if manifest.origin != checkpoint.origin or manifest.size != checkpoint.size:
        raise PackageError(
            f"{MANIFEST} is about {manifest.size} entries of {manifest.origin[:80]!r}, the "
            f"checkpoint about {checkpoint.size} of {checkpoint.origin[:80]!r}",
            code="audit.manifest-differs",
        )
    contents = Contents.read(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        log_key=key,
        index=manifest.decision,
        encoded=encoded,
        blobs=blobs,
    )
    check_key_history(contents)
    _check_completeness(contents, manifest)
    _check_contract(contents, files)
    _check_manifest(contents, manifest, files)
    replayed = _replay(contents)
    is_checked = _check_report(contents, manifest, files)
    if write_archive(files) != data:
        raise PackageError(
            "the archive is not the one form of its contents: it was packed again, or a byte "
            "between the files was changed",
            code="audit.archive-not-canonical",
            hint="export the package again; its files by themselves are sound",
        )
    return PackageReport(
        origin=contents.origin,
        size=contents.size,
        root=contents.root,
        log_key=key,
        key_source=source,
        decision_index=contents.index,
        decision=contents.decision,
        entries=tuple(
            EntryReference(index=index, id=entry.id, kind=entry.kind)
            for index, entry in contents.entries.items()
        ),
        blobs=tuple(contents.blobs.digests()),
        absent=manifest.absent,
        replayed=replayed,
        deployments=contents.deployments(),
        report_checked=is_checked,
        report=manifest.report,
    )


def _check_listing(files: Mapping[str, bytes]) -> Manifest:
    if MANIFEST not in files:
        raise PackageError(f"{MANIFEST} is missing from the package", code="audit.file-missing")
    manifest = Manifest.parse(files[MANIFEST])
    listed = [record.name for record in manifest.files]
    for name in (CHECKPOINT, LOG_KEY, REPORT, *listed):
        if name not in files:
            raise PackageError(f"{name} is missing from the package", code="audit.file-missing")
    for name in sorted(files.keys() - set(listed) - {MANIFEST}):
        raise PackageError(f"{name} is not listed in {MANIFEST}", code="audit.file-unlisted")
    return manifest


def _check_entry(index: int, files: Mapping[str, bytes], checkpoint: Checkpoint) -> None:
    name = proof_name(index)
    if name not in files:
        raise PackageError(
            f"{name} is missing: entry {index} is not proved", code="audit.file-missing"
        )
    receipt = read_receipt(name, index, files[name])
    if receipt.checkpoint != files[CHECKPOINT]:
        raise PackageError(f"{name} leads to another checkpoint", code="audit.proof")
    try:
        check_inclusion(
            index=index,
            size=checkpoint.size,
            leaf=leaf_hash(files[entry_name(index)]),
            proof=receipt.proof,
            root=checkpoint.root,
        )
    except GatebookError as error:
        raise PackageError(
            f"entry {index} is not in the log, or was changed: {error.message}",
            code="audit.entry-not-proved",
        ) from None


def _check_blobs(files: Mapping[str, bytes]) -> dict[Digest, bytes]:
    blobs: dict[Digest, bytes] = {}
    for name, data in files.items():
        if not name.startswith("blobs/"):
            continue
        digest = sha256(data)
        if blob_name(digest) != name:
            raise PackageError(
                f"blob sha256:{name.rpartition('/')[2]} was changed: its bytes hash to {digest}",
                code="audit.blob-changed",
            )
        blobs[digest] = data
    return blobs


def _check_completeness(contents: Contents, manifest: Manifest) -> None:
    for index in contents.entries:
        contents.reason_for(index)
    for reference in contents.decision.entries:
        entry = contents.entries.get(reference.index)
        if entry is None:
            raise PackageError(
                f"entry {reference.index}, which the decision weighed, is missing",
                code="audit.entry-missing",
            )
        if (entry.id, entry.kind) != (reference.id, reference.kind):
            raise PackageError(
                f"entry {reference.index} is not the {reference.kind} {reference.id} that the "
                "decision weighed",
                code="audit.entry-differs",
            )
    for digest in contents.absent_blobs():
        if digest not in manifest.absent:
            raise PackageError(
                f"blob {digest} is missing: {contents.named_blobs()[digest]}",
                code="audit.blob-missing",
            )


def _check_contract(contents: Contents, files: Mapping[str, bytes]) -> None:
    digest = contents.decision.contract
    found = sorted(name for name in files if name.startswith("contract."))
    if digest is None or digest not in contents.blobs:
        expected: list[str] = []
    else:
        expected = [contract_name(contents.blobs.get(digest))]
    if found != expected:
        raise PackageError(
            f"expected {' '.join(expected) or 'no contract file'}, found "
            f"{' '.join(found) or 'none'}",
            code="audit.contract-differs",
        )
    for name in found:
        if sha256(files[name]) != digest:
            raise PackageError(
                f"{name} is not the contract {digest} that was weighed",
                code="audit.contract-differs",
            )


def _check_manifest(contents: Contents, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    right = Manifest.of(contents, files, manifest.report)
    if right == manifest:
        return
    for said, found in zip(manifest.files, right.files, strict=False):
        if said != found:
            raise PackageError(
                f"{found.name} is not what {MANIFEST} says of it: expected {said.digest.short}, "
                f"{said.size} bytes, {said.what!r}; found {found.digest.short}, {found.size} "
                f"bytes, {found.what!r}",
                code="audit.file-changed",
            )
    raise PackageError(
        f"{MANIFEST} differs from what the package holds", code="audit.manifest-differs"
    )


def _replay(contents: Contents) -> Replayed:
    document = contents.decision.encode()
    try:
        return replay(document, entry_bytes=contents.entry_bytes, blobs=contents.blobs)
    except GatebookError as error:
        absent = [each for each in contents.decision.documents if each not in contents.blobs]
        missing = f"; absent: {', '.join(map(str, absent))}" if absent else ""
        raise PackageError(
            f"the decision of entry {contents.index} cannot be confirmed: {error.message} "
            f"[{error.code}]{missing}",
            code="audit.replay",
            hint=error.hint,
        ) from None


def _check_report(contents: Contents, manifest: Manifest, files: Mapping[str, bytes]) -> bool:
    written = report_version(files[REPORT])
    if written != manifest.report:
        raise PackageError(
            f"{REPORT} is of version {written!r}; {MANIFEST} says {manifest.report[:80]!r}",
            code="audit.report-differs",
        )
    if manifest.report != REPORT_VERSION:
        return False
    if render_report(contents) != files[REPORT]:
        raise PackageError(
            f"{REPORT} says something else than the package it comes with",
            code="audit.report-differs",
        )
    return True
