"""Gatebook decides whether an artifact may be deployed, and keeps proof that anyone can check.

The names below are the public library; everything else is internal. They are loaded when first
used, so that ``import gatebook`` costs nothing.

Compatibility: what is documented here keeps its meaning within a major version; a deprecated name
warns for two minor releases. Entries, receipts, checkpoints, decision documents and audit packages
that one release wrote are read by every later one.
"""

from typing import TYPE_CHECKING, Any

from gatebook.version import __version__

if TYPE_CHECKING:
    from gatebook.audit.verify import PackageReport, verify_package
    from gatebook.clock import Clock, Duration, FixedClock, Instant, SystemClock
    from gatebook.digest import Digest, sha256
    from gatebook.errors import (
        ConflictError,
        DeniedError,
        GatebookError,
        MalformedError,
        NotFoundError,
        UndecidedError,
        UnreachableError,
        UsageError,
        VerificationError,
    )
    from gatebook.fingerprint.fingerprint import fingerprint_image, fingerprint_path
    from gatebook.fingerprint.identity import Algorithm, Fingerprint
    from gatebook.formats.intoto import Statement, Subject
    from gatebook.gate.decision import Decision
    from gatebook.gate.gate import Recorded
    from gatebook.intake.deployments import DeploymentStatus
    from gatebook.intake.evidence import Attachment
    from gatebook.ledger.batch import Appended
    from gatebook.ledger.entry import Entry
    from gatebook.ledger.kinds import ArtifactKind, BuildInformation, Parameter, Verdict
    from gatebook.names import Actor, ArtifactName, CommitId, EnvironmentName, RepositoryUri
    from gatebook.policy.contract import Contract
    from gatebook.tlog.log_check import LogReport
    from gatebook.tlog.note import VerifierKey
    from gatebook.tlog.receipt import Receipt, VerifiedReceipt, check_receipt
    from gatebook.trust.root.trust_root import TrustRoot
    from gatebook.trust.signing.signers import LocalSigner
    from gatebook.trust.verified import VerifiedStatement
    from gatebook.trust.verify import verify_attestation
    from gatebook.workspace.book import Book
    from gatebook.workspace.verification import BookReport, verify_book, verify_log

_PUBLIC = {
    "Actor": "gatebook.names",
    "Algorithm": "gatebook.fingerprint.identity",
    "Appended": "gatebook.ledger.batch",
    "ArtifactKind": "gatebook.ledger.kinds",
    "ArtifactName": "gatebook.names",
    "Attachment": "gatebook.intake.evidence",
    "Book": "gatebook.workspace.book",
    "BookReport": "gatebook.workspace.verification",
    "BuildInformation": "gatebook.ledger.kinds",
    "Clock": "gatebook.clock",
    "CommitId": "gatebook.names",
    "ConflictError": "gatebook.errors",
    "Contract": "gatebook.policy.contract",
    "Decision": "gatebook.gate.decision",
    "DeniedError": "gatebook.errors",
    "DeploymentStatus": "gatebook.intake.deployments",
    "Digest": "gatebook.digest",
    "Duration": "gatebook.clock",
    "Entry": "gatebook.ledger.entry",
    "EnvironmentName": "gatebook.names",
    "Fingerprint": "gatebook.fingerprint.identity",
    "FixedClock": "gatebook.clock",
    "GatebookError": "gatebook.errors",
    "Instant": "gatebook.clock",
    "LocalSigner": "gatebook.trust.signing.signers",
    "LogReport": "gatebook.tlog.log_check",
    "MalformedError": "gatebook.errors",
    "NotFoundError": "gatebook.errors",
    "PackageReport": "gatebook.audit.verify",
    "Parameter": "gatebook.ledger.kinds",
    "Receipt": "gatebook.tlog.receipt",
    "Recorded": "gatebook.gate.gate",
    "RepositoryUri": "gatebook.names",
    "Statement": "gatebook.formats.intoto",
    "Subject": "gatebook.formats.intoto",
    "SystemClock": "gatebook.clock",
    "TrustRoot": "gatebook.trust.root.trust_root",
    "UndecidedError": "gatebook.errors",
    "UnreachableError": "gatebook.errors",
    "UsageError": "gatebook.errors",
    "Verdict": "gatebook.ledger.kinds",
    "VerificationError": "gatebook.errors",
    "VerifiedReceipt": "gatebook.tlog.receipt",
    "VerifiedStatement": "gatebook.trust.verified",
    "VerifierKey": "gatebook.tlog.note",
    "check_receipt": "gatebook.tlog.receipt",
    "fingerprint_image": "gatebook.fingerprint.fingerprint",
    "fingerprint_path": "gatebook.fingerprint.fingerprint",
    "sha256": "gatebook.digest",
    "verify_attestation": "gatebook.trust.verify",
    "verify_book": "gatebook.workspace.verification",
    "verify_log": "gatebook.workspace.verification",
    "verify_package": "gatebook.audit.verify",
}

__all__ = [
    "Actor",
    "Algorithm",
    "Appended",
    "ArtifactKind",
    "ArtifactName",
    "Attachment",
    "Book",
    "BookReport",
    "BuildInformation",
    "Clock",
    "CommitId",
    "ConflictError",
    "Contract",
    "Decision",
    "DeniedError",
    "DeploymentStatus",
    "Digest",
    "Duration",
    "Entry",
    "EnvironmentName",
    "Fingerprint",
    "FixedClock",
    "GatebookError",
    "Instant",
    "LocalSigner",
    "LogReport",
    "MalformedError",
    "NotFoundError",
    "PackageReport",
    "Parameter",
    "Receipt",
    "Recorded",
    "RepositoryUri",
    "Statement",
    "Subject",
    "SystemClock",
    "TrustRoot",
    "UndecidedError",
    "UnreachableError",
    "UsageError",
    "Verdict",
    "VerificationError",
    "VerifiedReceipt",
    "VerifiedStatement",
    "VerifierKey",
    "__version__",
    "check_receipt",
    "fingerprint_image",
    "fingerprint_path",
    "sha256",
    "verify_attestation",
    "verify_book",
    "verify_log",
    "verify_package",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gatebook' has no public name {name!r}")
    import importlib  # noqa: PLC0415  # only for those who use the library

    found = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
