"""How entries look: one line for people, the whole entry for machines."""

import json
from collections.abc import Callable
from typing import Any

from gatebook.digest import Digest
from gatebook.formats.intoto import predicate_kind
from gatebook.ledger.entry import Entry, encode_entry
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactRecorded,
    Body,
    BookCreated,
    ContractPublished,
    DecisionMade,
    DeploymentFailed,
    DeploymentFinished,
    DeploymentStarted,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    KeyRotated,
    TrustRootPublished,
)

__all__ = ["entry_json", "evidence_name", "summarise"]


def entry_json(index: int, entry: Entry) -> dict[str, Any]:
    """Return the entry as it is stored, with its index."""
    return {"index": index, **json.JSONDecoder().decode(encode_entry(entry).decode("utf-8"))}


def summarise(entry: Entry) -> str:
    """Say in one line what an entry is about."""
    said = _SUMMARIES.get(type(entry.body))
    about = _short(entry.subjects)
    return about if said is None else said(entry.body, about)


def evidence_name(predicate_type: str) -> str:
    """Return the short name of a predicate's family, or the whole URI of one we do not know."""
    kind = predicate_kind(predicate_type)
    return predicate_type if kind is None else kind.value


def _people(body: EvidenceAccepted) -> str:
    return ", ".join(str(signer.holder) for signer in body.signers)


def _short(subjects: tuple[Digest, ...]) -> str:
    more = f" +{len(subjects) - 1}" if len(subjects) > 1 else ""
    return subjects[0].short + more if subjects else ""


_SUMMARIES: dict[type[Body], Callable[[Any, str], str]] = {
    BookCreated: lambda body, _: body.origin,
    KeyRotated: lambda body, _: f"to {body.new_key.partition('+')[2][:8]}",
    TrustRootPublished: lambda body, _: body.root.short,
    ContractPublished: lambda body, _: f"{body.environment} {body.contract.short}",
    ArtifactRecorded: lambda body, about: f"{body.name} {about}",
    EvidenceAccepted: lambda body, about: (
        f"{about} {evidence_name(body.predicate_type)} by {_people(body)}"
    ),
    EvidenceReported: lambda body, about: f"{about} {body.format}",
    EvidenceRefused: lambda body, about: f"{about} {body.code}".strip(),
    ApprovalGranted: lambda body, about: (
        f"{about} → {body.environment} by {body.approver.person or body.approver.holder} "
        f"as {body.role}"
    ),
    ApprovalRefused: lambda body, about: f"{about} → {body.environment} {body.code}",
    ApprovalRevoked: lambda body, about: f"{about} → {body.environment}",
    DecisionMade: lambda body, about: f"{about} → {body.environment} {body.verdict.upper()}",
    DeploymentStarted: lambda body, about: f"{about} → {body.environment} as {body.name}",
    DeploymentFinished: lambda body, about: f"{about} → {body.environment} as {body.name}",
    DeploymentFailed: lambda body, about: f"{about} → {body.environment} as {body.name}",
}
