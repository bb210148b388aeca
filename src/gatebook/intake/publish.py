"""Publish what judgements rest on: trust roots and contracts."""

from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import ContractPublished, TrustRootPublished
from gatebook.names import Actor
from gatebook.policy.contract import Contract
from gatebook.trust.root.trust_root import TrustRoot

__all__ = ["CONTRACT_TYPE", "TRUST_ROOT_TYPE", "publish_contract", "publish_trust_root"]

CONTRACT_TYPE = "application/vnd.gatebook.contract+yaml"
TRUST_ROOT_TYPE = "application/vnd.gatebook.trust-root+yaml"


def publish_trust_root(desk: Desk, document: bytes, *, by: Actor) -> Appended:
    """Append ``trust-root.published``: from here on these keys are believed, and no others.

    Raises:
        MalformedError: the document is not a trust root; nothing is recorded.

    """
    root = TrustRoot.parse(document)
    (appended,) = desk.append(
        Draft(
            actor=by,
            body=TrustRootPublished(root=root.digest),
            evidence=(desk.keep(document, TRUST_ROOT_TYPE),),
        )
    )
    return appended


def publish_contract(desk: Desk, document: bytes, *, by: Actor) -> tuple[Appended, Contract]:
    """Append ``contract.published``: from here on the environment demands this.

    Raises:
        ContractError: the document is not a contract; nothing is recorded.

    """
    contract = Contract.parse(document)
    (appended,) = desk.append(
        Draft(
            actor=by,
            body=ContractPublished(environment=contract.environment, contract=contract.digest),
            evidence=(desk.keep(document, CONTRACT_TYPE),),
        )
    )
    return appended, contract
