"""Decide: a pure function of facts and contract. Replay is an equality test of its result."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.gate.decision import Decision, Reason
from gatebook.ledger.kinds import Verdict
from gatebook.policy.contract import Contract, Demand
from gatebook.policy.outcome import Finding, Mode, Outcome, Status

__all__ = ["decide", "decide_by_document", "plain", "undecided"]

_MAX_MESSAGE: Final = 4000


def decide_by_document(facts: Facts, read: Callable[[Digest], bytes]) -> Decision:
    """Apply the contract that the facts name, as it is stored.

    Without one, or with one that cannot be read, the decision is ``undecided``. The gate and the
    replay both come through here, so that they cannot differ.

    Args:
        facts: everything known, at one instant.
        read: returns a stored document.

    """
    if facts.contract is None:
        return undecided(
            facts,
            "gate.no-contract",
            f"no contract is published for {facts.environment}: nothing says what it demands",
        )
    try:
        contract = _contract_from(read(facts.contract))
    except GatebookError as error:
        return undecided(facts, error.code, error.message)
    return decide(facts, contract)


def decide(facts: Facts, contract: Contract) -> Decision:
    """Apply a contract to facts.

    1. The contract is the one the facts name, for the environment the facts are for.
    2. Something is recorded about the artifact; of an unknown one nothing can be judged.
    3. Every control is judged; one that raises comes out as ``error``.
    4. ``allow`` needs at least one enforced control, and every enforced control at ``pass`` or
       ``waived``. Otherwise a ``fail`` or ``missing`` denies, and anything else is undecided.

    Args:
        facts: everything known, at one instant.
        contract: what the environment demands.

    """
    if contract.digest != facts.contract or contract.environment != facts.environment:
        return undecided(
            facts, "gate.contract-differs", "the contract is not the one the facts were read for"
        )
    outcomes = tuple(_judge(demand, facts, contract) for demand in contract.demands)
    if not facts.artifacts:
        return undecided(
            facts,
            "gate.unknown-artifact",
            f"the book knows no artifact {facts.subject}: nothing can be judged",
            outcomes,
        )
    enforced = [outcome for outcome in outcomes if outcome.mode is Mode.ENFORCE]
    blocking = [outcome for outcome in enforced if outcome.blocks]
    if not enforced:
        return undecided(
            facts, "gate.nothing-enforced", "no control of the contract is enforced", outcomes
        )
    if not blocking:
        return _decision(
            facts,
            outcomes,
            Verdict.ALLOW,
            Reason(
                code="gate.all-satisfied",
                message=f"all {len(enforced)} enforced controls are satisfied",
            ),
        )
    names = ", ".join(str(outcome.control) for outcome in blocking)
    broken = [
        outcome for outcome in blocking if outcome.finding.status in {Status.FAIL, Status.MISSING}
    ]
    if broken:
        return _decision(
            facts,
            outcomes,
            Verdict.DENY,
            Reason(
                code="gate.controls-not-satisfied",
                message=f"{len(blocking)} of {len(enforced)} enforced controls are not satisfied: "
                f"{names}",
            ),
        )
    return undecided(
        facts, "gate.controls-not-judged", f"controls could not be judged: {names}", outcomes
    )


@functools.lru_cache(maxsize=32)
def _contract_from(document: bytes) -> Contract:
    """Read a contract, or recall what these very bytes were read as; refusals are not kept."""
    return Contract.parse(document)


def undecided(
    facts: Facts, code: str, message: str, outcomes: tuple[Outcome, ...] = ()
) -> Decision:
    """Make the decision that says that there is none."""
    reason = Reason(code=code, message=plain(message))
    return _decision(facts, outcomes, Verdict.UNDECIDED, reason)


def plain(message: str) -> str:
    """Shorten a message that may hold anything, so that a decision with it can be written."""
    encodable = message.encode("utf-8", "replace").decode("utf-8")
    return encodable[:_MAX_MESSAGE] or "no reason was given"


def _judge(demand: Demand, facts: Facts, contract: Contract) -> Outcome:
    try:
        finding = _bounded(demand.control.judge(facts, contract.roles))
    except Exception as error:  # noqa: BLE001  # whatever breaks inside a control, it blocks
        finding = Finding(
            status=Status.ERROR,
            code="gate.control-failed",
            expected="a control that can be judged",
            found=plain(f"{type(error).__name__}: {error}"),
            fix="report this as a defect; the control blocks until it can be judged",
        )
    return Outcome(control=demand.id, uses=demand.control.name, mode=demand.mode, finding=finding)


def _bounded(finding: Finding) -> Finding:
    """Cut texts that hold more of somebody's document than a decision should."""
    if max(map(len, (finding.expected, finding.found, finding.fix))) <= _MAX_MESSAGE:
        return finding
    return replace(
        finding,
        expected=plain(finding.expected),
        found=plain(finding.found),
        fix=finding.fix[:_MAX_MESSAGE],
    )


def _decision(
    facts: Facts, outcomes: tuple[Outcome, ...], verdict: Verdict, reason: Reason
) -> Decision:
    ends = [
        outcome.finding.until
        for outcome in outcomes
        if outcome.mode is Mode.ENFORCE and outcome.finding.until is not None
    ]
    return Decision(
        subject=facts.subject,
        name=facts.artifacts[-1].name if facts.artifacts else None,
        environment=facts.environment,
        instant=facts.now,
        origin=facts.origin,
        size=facts.size,
        contract=facts.contract,
        trust_root=facts.trust_root,
        advisories=None if facts.advisories is None else facts.advisories.snapshot,
        entries=facts.weighed,
        documents=facts.documents,
        outcomes=outcomes,
        verdict=verdict,
        reason=reason,
        valid_until=min(ends, default=None) if verdict is Verdict.ALLOW else None,
    )
