"""The public surface as type checkers see it; run with ``mypy --strict typing_tests``."""

from pathlib import Path
from typing import assert_type

import gatebook
from gatebook import (
    Appended,
    ArtifactKind,
    Attachment,
    Book,
    BookReport,
    BuildInformation,
    CommitId,
    Contract,
    Decision,
    DeploymentStatus,
    Digest,
    Entry,
    FixedClock,
    Instant,
    LocalSigner,
    LogReport,
    PackageReport,
    Parameter,
    Receipt,
    Recorded,
    RepositoryUri,
    Statement,
    TrustRoot,
    Verdict,
    VerifiedReceipt,
    VerifiedStatement,
    VerifierKey,
)


def work(book: Book, signer: LocalSigner, statement: Statement, envelope: bytes) -> None:
    assert_type(book.publish_trust_root(b""), Appended)
    assert_type(book.publish_contract(b""), Appended)
    build = BuildInformation(
        repository=RepositoryUri.parse("https://git.example.com/acme/api"),
        commit=CommitId.parse("0" * 40),
        parameters=(Parameter(name="target", value="release"),),
    )
    digest = gatebook.fingerprint_path(Path("app.bin")).digest
    assert_type(digest, Digest)
    recorded = book.record(digest, name="api", artifact=ArtifactKind.IMAGE, build=build)
    assert_type(recorded, Appended)
    assert_type(recorded.entry, Entry)
    assert_type(recorded.index, int)
    assert_type(book.accept(envelope), Appended)
    assert_type(book.accept(envelope, digest), Appended)
    assert_type(book.accept(envelope, "sha256:00", attachments=[a_report()]), Appended)
    assert_type(book.attest(statement, digest, signer)[1], Appended)
    assert_type(book.sign_approval(digest, "prod", role="manager", signer=signer), bytes)
    assert_type(book.approve(envelope, digest, "prod"), Appended)
    judged = book.gate(digest, "prod")
    assert_type(judged, Recorded)
    assert_type(judged.decision, Decision)
    assert_type(judged.decision.verdict, Verdict)
    assert_type(judged.decision.valid_until, Instant | None)
    assert_type(book.deploy(digest, "prod", status=DeploymentStatus.STARTED), Appended)
    assert_type(book.contract("prod"), Contract)
    assert_type(book.receipt(0), Receipt)
    assert_type(book.package(0), bytes)
    assert_type(book.rotate_log_key(), Appended)


def a_report() -> Attachment:
    return Attachment(data=b"", media_type="text/plain")


def make() -> None:
    clock = FixedClock(Instant.parse("2026-11-20T12:00:00Z"))
    with Book.create("acme", origin="ledger.example.com/acme", clock=clock) as book:
        assert_type(book, Book)
    assert_type(Book.open(Path("acme")), Book)
    Book.create("acme")  # type: ignore[call-arg]  # the origin has no default


def check(receipt: bytes, key: VerifierKey, envelope: bytes, root: TrustRoot) -> None:
    assert_type(gatebook.check_receipt(Receipt.parse(receipt), b"{}", key), VerifiedReceipt)
    assert_type(gatebook.verify_package(receipt, log_key=key), PackageReport)
    assert_type(gatebook.verify_book("acme"), BookReport)
    assert_type(gatebook.verify_book(Path("acme"), log_key=key), BookReport)
    assert_type(gatebook.verify_log("https://ledger.example.com", key), LogReport)
    now = Instant.parse("2026-11-20T12:00:00Z")
    statement = gatebook.verify_attestation(
        envelope, subject=gatebook.sha256(b""), root=root, at=now
    )
    assert_type(statement, VerifiedStatement)
    if gatebook.verify_book("acme"):  # type: ignore[truthy-bool]  # a report is no bool
        ...


def handle(error: gatebook.GatebookError) -> None:
    assert_type(error.code, str)
    assert_type(error.hint, str | None)
    assert_type(error.message, str)
