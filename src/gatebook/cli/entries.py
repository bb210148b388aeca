"""How entries look: one line for people, the whole entry for machines."""

import json
from collections.abc import Callable
from typing import Any

from gatebook.cli.plain import counted
from gatebook.digest import Digest
from gatebook.formats.intoto import predicate_kind
from gatebook.ledger.entry import Entry, encode_entry
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactRecorded,
    Body,
    BookCreated,
    ContractPublished,
    DecisionLapsed,
    DecisionMade,
    DeploymentFailed,
    DeploymentFinished,
    DeploymentStarted,
    EvidenceAccepted,
    EvidenceEvaluated,
    EvidenceRefused,
    EvidenceReported,
    EvidenceTypePublished,
    KeyRotated,
    TrustRootPublished,
)

__all__ = ["entry_json", "evidence_name", "summarise"]


def entry_json(index: int, entry: Entry) -> dict[str, Any]:
    """Return the entry as it is stored, with its index."""
    return {"index": index, **json.JSONDecoder().decode(encode_entry(entry).decode("utf-8"))}


def summarise(entry: Entry, *, about: bool = True) -> str:
    """Say in one line what an entry is: what tells it from others first, then the artifact.

    Args:
        entry: the entry.
        about: name the artifact; not needed where all are about the same one.

    """
    said = _SUMMARIES.get(type(entry.body))
    text = "" if said is None else said(entry.body)
    subjects = _short(entry.subjects) if about else ""
    return f"{text}  {subjects}".strip()


def evidence_name(predicate_type: str) -> str:
    """Return the short name of a predicate's family, or the whole URI of one we do not know."""
    kind = predicate_kind(predicate_type)
    return predicate_type if kind is None else kind.value


def _people(body: EvidenceAccepted) -> str:
    return ", ".join(str(signer.holder) for signer in body.signers)


def _short(subjects: tuple[Digest, ...]) -> str:
    more = f" +{len(subjects) - 1}" if len(subjects) > 1 else ""
    return subjects[0].short + more if subjects else ""


def _deployed(body: DeploymentStarted | DeploymentFinished | DeploymentFailed) -> str:
    return f"→ {body.environment} as {body.name}"


_SUMMARIES: dict[type[Body], Callable[[Any], str]] = {
    BookCreated: lambda body: body.origin,
    KeyRotated: lambda body: f"to {body.new_key.partition('+')[2][:8]}",
    TrustRootPublished: lambda body: body.root.short,
    ContractPublished: lambda body: f"{body.environment}  {body.contract.short}",
    ArtifactRecorded: lambda body: str(body.name),
    EvidenceAccepted: lambda body: f"{evidence_name(body.predicate_type)} by {_people(body)}",
    EvidenceReported: lambda body: f"{body.format}, unsigned",
    EvidenceRefused: lambda body: body.code,
    EvidenceEvaluated: lambda body: (
        f"{body.name}: {'compliant' if body.compliant else 'NOT COMPLIANT'}"
    ),
    EvidenceTypePublished: lambda body: f"{body.name}  {body.definition.short}",
    AdvisoriesImported: lambda body: (
        f"{counted(body.records, 'advisory', 'advisories')}  {body.snapshot.short}"
    ),
    AdvisoriesMatched: lambda body: (
        f"{counted(body.findings, 'vulnerability', 'vulnerabilities')} in "
        f"{counted(body.components, 'component')}"
    ),
    ApprovalGranted: lambda body: (
        f"→ {body.environment} by {body.approver.person or body.approver.holder} as {body.role}"
    ),
    ApprovalRefused: lambda body: f"→ {body.environment}  {body.code}",
    ApprovalRevoked: lambda body: f"→ {body.environment}",
    DecisionMade: lambda body: f"{body.verdict.upper()} → {body.environment}",
    DecisionLapsed: lambda body: f"→ {body.environment}  {body.code}",
    DeploymentStarted: _deployed,
    DeploymentFinished: _deployed,
    DeploymentFailed: _deployed,
}
