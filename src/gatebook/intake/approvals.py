"""Receive approvals, and refuse those of people who may not approve."""

from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, DeniedError, GatebookError, NotFoundError, UndecidedError
from gatebook.facts.documents import ApprovalPredicate
from gatebook.facts.facts import Facts, Identity
from gatebook.facts.identify import identify_signer
from gatebook.facts.read import FactReader
from gatebook.facts.select import select_entries
from gatebook.formats.attestations import recognise
from gatebook.index.query import Query
from gatebook.intake.book import Desk
from gatebook.intake.evidence import media_type, signed_by
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft, Link, Relation
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
)
from gatebook.names import Actor, EnvironmentName, RoleName
from gatebook.policy.contract import Contract
from gatebook.policy.controls.approval import ApprovalControl
from gatebook.policy.duties import conflict
from gatebook.trust.verify import verify_attestation

__all__ = [
    "ApprovalDeniedError",
    "ApprovalVoidError",
    "NoContractError",
    "current_contract",
    "grant_approval",
    "revoke_approval",
]


_HINTS = {
    "policy.authors-unknown": "record the artifact with the authors of its commit: run "
    "`gatebook record` in the checkout, or give --author; a recording without them stays",
    "policy.builders-unknown": "restore the book's blobs from a backup",
}


class ApprovalDeniedError(DeniedError):
    """Somebody may not approve this: the code says which rule stands against it."""

    code = "intake.approval-denied"


class ApprovalVoidError(DeniedError):
    """The approval is for another environment or contract than the present one."""

    code = "intake.approval-void"


class NoContractError(UndecidedError):
    """No contract says what the environment demands."""

    code = "intake.no-contract"


def current_contract(desk: Desk, environment: EnvironmentName) -> Contract:
    """Return the contract published last for an environment.

    Raises:
        NoContractError: none was.

    """
    desk.catch_up()  # another process may have published one since
    row = Query(desk.index).contract(environment)
    if row is None:
        raise NoContractError(
            f"no contract is published for {environment}",
            hint="publish one with `gatebook contract publish FILE`",
        )
    return Contract.parse(desk.blobs.get(Digest.parse(row.contract)))


def grant_approval(
    desk: Desk, envelope: bytes, *, subject: Digest, environment: EnvironmentName, by: Actor
) -> Appended:
    """Verify a signed approval and append ``approval.granted``.

    The approver has to hold the role and to have had no other hand in the artifact, by the same
    rule the gate applies again later. A refused approval is recorded as ``approval.refused``.

    Raises:
        ApprovalDeniedError: the approver may not approve this.
        ApprovalVoidError: signed for another environment or contract.
        GatebookError: the signature or the document is refused.
        NoContractError, NoTrustRootError: there is nothing to approve under; nothing is recorded.

    """
    contract = current_contract(desk, environment)
    root = desk.trust_root()
    try:
        statement = verify_attestation(
            envelope,
            subject=subject,
            root=root,
            at=desk.clock.now(),
            repository=desk.repository_of(subject),
            environment=environment,
        )
        predicate = ApprovalPredicate.from_statement(statement.statement)
        if predicate.environment != environment or predicate.contract != contract.digest:
            raise ApprovalVoidError(
                f"signed for {predicate.environment} under contract {predicate.contract.short}; "
                f"expected {environment} under {contract.digest.short}",
                hint="look at the present contract and sign again",
            )
        approver = signed_by(statement)[0]
        identity = identify_signer(statement.signers[0])
        _check_may_approve(desk, contract, predicate.role, identity, subject)
    except GatebookError as error:
        desk.append(
            Draft(
                actor=by,
                subjects=(subject,),
                body=ApprovalRefused(
                    environment=environment, bytes_digest=sha256(envelope), code=error.code
                ),
            )
        )
        raise
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=(subject,),
            body=ApprovalGranted(
                environment=environment,
                role=predicate.role,
                approver=approver,
                contract=contract.digest,
                root=root.digest,
            ),
            evidence=(desk.keep(envelope, media_type(recognise(envelope))),),
            idempotency_key=f"approval {sha256(envelope)} {subject} {environment} {root.digest}",
        )
    )
    return appended


def revoke_approval(desk: Desk, index: int, *, by: Actor) -> Appended:
    """Append ``approval.revoked`` for the approval that entry ``index`` granted.

    Raises:
        NotFoundError: the entry grants no approval.
        ConflictError: it is revoked already.

    """
    entry = desk.entry(index)
    if not isinstance(entry.body, ApprovalGranted):
        raise NotFoundError(
            f"entry {index} is {entry.kind}, not an approval", code="intake.no-approval"
        )
    row = Query(desk.index).approval_at(index)
    if row is not None and row.revoked_at is not None:
        raise ConflictError(
            f"the approval is revoked already, by entry {row.revoked_at}", code="intake.revoked"
        )
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=entry.subjects,
            body=ApprovalRevoked(environment=entry.body.environment),
            links=(Link(rel=Relation.REVOKES, entry=entry.id),),
        )
    )
    return appended


def _check_may_approve(
    desk: Desk, contract: Contract, role: RoleName, approver: Identity, subject: Digest
) -> None:
    demands = [
        demand.control
        for demand in contract.demands
        if isinstance(demand.control, ApprovalControl) and demand.control.role == role
    ]
    if not demands:
        raise ApprovalDeniedError(
            f"the contract of {contract.environment} asks for no approval in the role {role}",
            code="intake.role-not-asked",
        )
    if not contract.roles.holds(approver, role):
        raise ApprovalDeniedError(
            f"{approver} does not hold the role {role} in {contract.environment}",
            code="intake.not-in-role",
            hint="an approval counts only from somebody the contract names",
        )
    facts = _facts(desk, subject, contract.environment)
    objections = [conflict(approver, facts, control.not_by) for control in demands]
    if all(objection is not None for objection in objections):
        code, sentence = next(objection for objection in objections if objection is not None)
        raise ApprovalDeniedError(
            f"segregation of duties: {sentence}",
            code=code,
            hint=_HINTS.get(code, "ask somebody who neither wrote nor built it"),
        )


def _facts(desk: Desk, subject: Digest, environment: EnvironmentName) -> Facts:
    size = desk.index.applied()
    reader = FactReader(
        origin=desk.ledger.origin, entry_bytes=desk.ledger.entry_bytes, blobs=desk.blobs
    )
    return reader.read(
        select_entries(desk.index, subject, environment, size),
        subject=subject,
        environment=environment,
        now=desk.clock.now(),
        size=size,
    )
