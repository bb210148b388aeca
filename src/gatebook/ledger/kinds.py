"""Every kind of entry, in the past tense: the closed vocabulary of the book.

To add a kind: write its body class here with a docstring, give it a ``kind`` name and the CDEvents
type it is exported as, and add it to :data:`KINDS`. A published body class is never changed or
removed; a new version is a new class. Bodies hold parsed values, no free-form objects, no
floats and nothing that may ever need redaction: personal data goes into a salted blob.
"""

from enum import StrEnum
from typing import Final

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.ledger.evidence_kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    CertifiedAs,
    EvidenceAccepted,
    EvidenceEvaluated,
    EvidenceRefused,
    EvidenceReported,
    EvidenceTypePublished,
    ProvedSignature,
    SignedBy,
)
from gatebook.ledger.kind import Body, Part
from gatebook.names import (
    ArtifactName,
    CommitId,
    ControlId,
    EnvironmentName,
    RepositoryUri,
    RoleName,
)

__all__ = [
    "KINDS",
    "AdvisoriesImported",
    "AdvisoriesMatched",
    "ApprovalGranted",
    "ApprovalRefused",
    "ApprovalRevoked",
    "ArtifactKind",
    "ArtifactRecorded",
    "Body",
    "BookCreated",
    "BuildInformation",
    "CertifiedAs",
    "ContractPublished",
    "DecisionLapsed",
    "DecisionMade",
    "Deployment",
    "DeploymentFailed",
    "DeploymentFinished",
    "DeploymentStarted",
    "EvidenceAccepted",
    "EvidenceEvaluated",
    "EvidenceRefused",
    "EvidenceReported",
    "EvidenceTypePublished",
    "KeyRotated",
    "Parameter",
    "Part",
    "ProvedSignature",
    "SignedBy",
    "TrustRootPublished",
    "Verdict",
]


class ArtifactKind(StrEnum):
    """What sort of thing an artifact is."""

    FILE = "file"
    DIRECTORY = "directory"
    IMAGE = "image"
    PACKAGE = "package"
    CHART = "chart"
    MANIFESTS = "manifests"
    MODULE = "module"
    POLICY_BUNDLE = "policy-bundle"


class Verdict(StrEnum):
    """What the gate says. Everything but ``allow`` blocks."""

    ALLOW = "allow"
    DENY = "deny"
    UNDECIDED = "undecided"


class Parameter(Part, frozen=True, kw_only=True):
    """One build parameter, as text."""

    name: str
    value: str


class BuildInformation(Part, frozen=True, kw_only=True):
    """Where an artifact says it comes from; a claim of the recorder until provenance proves it.

    Attributes:
        repository: the source repository.
        commit: the commit that was built.
        ref: the full git ref, ``refs/heads/main``.
        workflow: path of the workflow or pipeline definition.
        run: URI of the run that built it.
        builder: URI of the build platform.
        parameters: what the build was called with.
        trigger: what started it: ``push``, ``schedule``, ``workflow_dispatch`` …
        finished: when the build ended.

    """

    repository: RepositoryUri | None = None
    commit: CommitId | None = None
    ref: str | None = None
    workflow: str | None = None
    run: str | None = None
    builder: str | None = None
    parameters: tuple[Parameter, ...] = ()
    trigger: str | None = None
    finished: Instant | None = None


class BookCreated(Body, frozen=True, kw_only=True):
    """The first entry: whose log this is and which key signs it."""

    kind = "book.created"
    cdevent = "dev.cdeventsx.gatebook-book.created.0.1.0"

    origin: str
    log_key: str


class KeyRotated(Body, frozen=True, kw_only=True):
    """From this entry on, another key signs the log."""

    kind = "key.rotated"
    cdevent = "dev.cdeventsx.gatebook-key.rotated.0.1.0"

    old_key: str
    new_key: str


class TrustRootPublished(Body, frozen=True, kw_only=True):
    """The keys that are believed, and for what, from this entry on."""

    kind = "trust-root.published"
    cdevent = "dev.cdeventsx.gatebook-trustroot.published.0.1.0"

    root: Digest


class ContractPublished(Body, frozen=True, kw_only=True):
    """What an environment demands from this entry on."""

    kind = "contract.published"
    cdevent = "dev.cdeventsx.gatebook-contract.published.0.1.0"

    environment: EnvironmentName
    contract: Digest


class ArtifactRecorded(Body, frozen=True, kw_only=True):
    """An artifact exists: its digest is the entry's first subject.

    Attributes:
        name: what people call it.
        artifact: what sort of thing it is.
        algorithm: how the digest was made: ``file``, ``gatebook-dir-v1``, ``oci`` …
        build: where it says it comes from.

    """

    kind = "artifact.recorded"
    cdevent = "dev.cdevents.artifact.packaged.0.3.0"

    name: ArtifactName
    artifact: ArtifactKind
    algorithm: str
    build: BuildInformation | None = None


class ApprovalGranted(Body, frozen=True, kw_only=True):
    """A person consents to the subjects entering the environment.

    The first evidence reference is the signed approval as received.
    """

    kind = "approval.granted"
    cdevent = "dev.cdevents.approval.closed.0.1.0"

    environment: EnvironmentName
    role: RoleName
    approver: SignedBy
    contract: Digest
    root: Digest


class ApprovalRefused(Body, frozen=True, kw_only=True):
    """Somebody who may not approve tried to."""

    kind = "approval.refused"
    cdevent = "dev.cdeventsx.gatebook-approval.refused.0.1.0"

    environment: EnvironmentName
    bytes_digest: Digest
    code: str


class ApprovalRevoked(Body, frozen=True, kw_only=True):
    """An approval, linked as ``revokes``, counts no longer."""

    kind = "approval.revoked"
    cdevent = "dev.cdeventsx.gatebook-approval.revoked.0.1.0"

    environment: EnvironmentName


class DecisionMade(Body, frozen=True, kw_only=True):
    """The gate judged a candidate; the document is the first evidence reference.

    Attributes:
        environment: where the candidate wanted to go.
        verdict: what the gate said.
        contract: the contract it was judged by; absent when none was published.
        failed: enforced controls that neither passed nor were waived.
        valid_until: when an ``allow`` lapses by itself.

    """

    kind = "decision.made"
    cdevent = "dev.cdeventsx.gatebook-decision.made.0.1.0"

    environment: EnvironmentName
    verdict: Verdict
    contract: Digest | None = None
    failed: tuple[ControlId, ...] = ()
    valid_until: Instant | None = None


class DecisionLapsed(Body, frozen=True, kw_only=True):
    """An ``allow``, linked as ``lapses``, would not be given again: something became known since.

    Attributes:
        environment: where the artifact was allowed.
        code: the reason of the decision that took its place.
        failed: enforced controls that no longer pass.
        snapshot: the advisories it was judged with, when there were any.

    """

    kind = "decision.lapsed"
    cdevent = "dev.cdeventsx.gatebook-decision.lapsed.0.1.0"

    environment: EnvironmentName
    code: str
    failed: tuple[ControlId, ...] = ()
    snapshot: Digest | None = None


class Deployment(Body, frozen=True, kw_only=True):
    """What the three deployment kinds say; the decision is linked as ``decided-by``.

    Attributes:
        environment: where.
        name: the name under which the artifact runs there; one name runs one artifact at a time.
        run: URI of what carried it out.

    """

    environment: EnvironmentName
    name: ArtifactName
    run: str | None = None


class DeploymentStarted(Deployment, frozen=True, kw_only=True):
    """Somebody began to put the subject into the environment."""

    kind = "deployment.started"
    cdevent = "dev.cdeventsx.gatebook-deployment.started.0.1.0"


class DeploymentFinished(Deployment, frozen=True, kw_only=True):
    """The subject runs in the environment, in place of what had the name before."""

    kind = "deployment.finished"
    cdevent = "dev.cdevents.service.deployed.0.3.0"


class DeploymentFailed(Deployment, frozen=True, kw_only=True):
    """The subject did not get into the environment."""

    kind = "deployment.failed"
    cdevent = "dev.cdeventsx.gatebook-deployment.failed.0.1.0"


KINDS: Final[dict[str, type[Body]]] = {
    body.kind: body
    for body in (
        BookCreated,
        KeyRotated,
        TrustRootPublished,
        ContractPublished,
        ArtifactRecorded,
        EvidenceAccepted,
        EvidenceReported,
        EvidenceRefused,
        EvidenceEvaluated,
        EvidenceTypePublished,
        AdvisoriesImported,
        AdvisoriesMatched,
        ApprovalGranted,
        ApprovalRefused,
        ApprovalRevoked,
        DecisionMade,
        DecisionLapsed,
        DeploymentStarted,
        DeploymentFinished,
        DeploymentFailed,
    )
}
"""Kind name to body class; decoding refuses every other name."""
