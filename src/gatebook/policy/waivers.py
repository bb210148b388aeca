"""Whether a waiver is active: one function, for every control and every page.

A waiver is a signed ``waiver/v1`` predicate about the artifact. What it says of itself is not
enough: the contract says whose signature grants one, for how long at most, and who may not grant
it. Without such rules no waiver counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatebook.clock import Duration, Instant
from gatebook.digest import Digest
from gatebook.facts.facts import EvidenceFact, Facts, Identity, SignerFact
from gatebook.formats.waiver import WaiverPredicate
from gatebook.names import ControlId, Pattern, RoleName
from gatebook.policy.control import Roles
from gatebook.policy.duties import Duty, conflict
from gatebook.policy.parameters import Parameters

__all__ = [
    "WAIVER_PARAMETERS",
    "Waiver",
    "WaiverActivity",
    "WaiverRules",
    "WaiverState",
    "naming",
    "waiver_activity",
    "waivers_for",
]

WAIVER_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waivers": "which waivers count; none if absent. A mapping of `role` (who may grant them) "
        "or `holders` (patterns over who signed, `issuer#subject`) or both, `max` (the longest "
        "time one may run, such as `90d`; required), `not-by` (`author`, `builder`; those may not "
        "grant one; `[author]` if absent) and `owner-may-grant` (whether who owns a waiver may "
        "grant it; `false` if absent)",
    }
)


class WaiverState(StrEnum):
    """Whether a waiver counts, and why not."""

    ACTIVE = "policy.waiver-active"
    UNREADABLE = "policy.waiver-unreadable"
    UNSIGNED = "policy.waiver-unsigned"
    OTHER_ENVIRONMENT = "policy.waiver-other-environment"
    OTHER_CONTROL = "policy.waiver-other-control"
    NOT_GRANTED = "policy.waiver-not-granted"
    GRANTED_BY_OWNER = "policy.waiver-granted-by-owner"
    GRANTED_BY_AUTHOR = "policy.waiver-granted-by-author"
    NOT_STARTED = "policy.waiver-not-started"
    EXPIRED = "policy.waiver-expired"
    TOO_LONG = "policy.waiver-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRules:
    """Which waivers count.

    Attributes:
        role: who may grant one; anybody of ``holders`` if ``None``.
        holders: patterns over who signed; anybody in ``role`` when empty.
        longest: how long one may run.
        not_by: hands in the artifact that keep somebody from granting one.
        owner_may_grant: whether the owner may.

    """

    role: RoleName | None
    holders: tuple[Pattern, ...]
    longest: Duration
    not_by: frozenset[Duty] = frozenset({Duty.AUTHOR})
    owner_may_grant: bool = False

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> "WaiverRules | None":
        """Take ``waivers``.

        Raises:
            ContractError: something in it is malformed or unknown, nobody may grant one, or the
                contract does not know the role.

        """
        given = parameters.nested("waivers")
        if given is None:
            return None
        role, text = None, given.optional_text("role")
        if text is not None:
            role = next((each for each in roles.members if str(each) == text), None)
            if role is None:
                raise given.refuse(f"the contract has no role {text[:60]!r}")
        holders = given.patterns("holders")
        if role is None and not holders:
            raise given.refuse("'role' or 'holders' is required: somebody has to grant waivers")
        duties = given.choices("not-by", [each.value for each in Duty], [Duty.AUTHOR.value])
        rules = cls(
            role=role,
            holders=holders,
            longest=given.duration("max"),
            not_by=frozenset(Duty(each) for each in duties),
            owner_may_grant=given.flag("owner-may-grant", default=False),
        )
        given.done()
        return rules


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverActivity:
    """Whether a waiver counts at an instant.

    Attributes:
        state: whether, or why not.
        detail: the same for people.
        until: when it stops to count, if it does now.
        from_: when it begins to, if it does not yet.

    """

    state: WaiverState
    detail: str
    until: Instant | None = None
    from_: Instant | None = None

    @property
    def is_active(self) -> bool:
        """Whether it counts now."""
        return self.state is WaiverState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A waiver about the artifact, and whether it counts.

    Attributes:
        fact: the evidence.
        says: what it waives.
        activity: whether it counts.

    """

    fact: EvidenceFact
    says: WaiverPredicate
    activity: WaiverActivity

    @property
    def document(self) -> Digest:
        """What it is identified by."""
        return self.fact.document


def waivers_for(
    facts: Facts, rules: WaiverRules | None, roles: Roles, control: ControlId | None
) -> tuple[Waiver, ...]:
    """Judge every waiver that names a control, in the order of the ledger; none without rules."""
    if rules is None or control is None:
        return ()
    return tuple(
        Waiver(
            fact=fact,
            says=fact.content,
            activity=waiver_activity(fact, facts, rules, roles, control),
        )
        for fact in sorted(facts.evidence, key=lambda each: each.entry.index)
        if isinstance(fact.content, WaiverPredicate) and fact.content.control == control
    )


def waiver_activity(
    fact: EvidenceFact, facts: Facts, rules: WaiverRules, roles: Roles, control: ControlId
) -> WaiverActivity:
    """Say whether a waiver counts for a control of this environment now.

    1. It can be read, a believed key signed it, and it is about this environment and control.
    2. Somebody who may has granted it: in the role or among the holders, not the owner, and
       without a hand in the artifact.
    3. It has started and not expired, and does not run for longer than is allowed. A start before
       the ledger received it waives nothing that was judged before.
    """
    says = fact.content
    if fact.problem is not None or not isinstance(says, WaiverPredicate):
        why = fact.problem.message if fact.problem is not None else "it is no waiver"
        return WaiverActivity(state=WaiverState.UNREADABLE, detail=why)
    if says.environment != facts.environment:
        return WaiverActivity(
            state=WaiverState.OTHER_ENVIRONMENT, detail=f"it is for {says.environment}"
        )
    if says.control != control:
        return WaiverActivity(state=WaiverState.OTHER_CONTROL, detail=f"it is for {says.control}")
    signers = fact.signers if fact.signed else ()
    refusals = [_refusal(signer, says, facts, rules, roles) for signer in signers]
    if not refusals:
        return WaiverActivity(state=WaiverState.UNSIGNED, detail="nobody signed it")
    if all(refusal is not None for refusal in refusals):
        return next(refusal for refusal in refusals if refusal is not None)
    return _in_time(says, fact.received, facts.now, rules.longest)


def _refusal(
    signer: SignerFact, says: WaiverPredicate, facts: Facts, rules: WaiverRules, roles: Roles
) -> WaiverActivity | None:
    holder = signer.holder
    named = not rules.holders or any(each.matches(str(holder)) for each in rules.holders)
    in_role = rules.role is None or roles.holds(signer.identity, rules.role)
    if not (named and in_role):
        return WaiverActivity(
            state=WaiverState.NOT_GRANTED, detail=f"{signer.identity} may not grant waivers"
        )
    if not rules.owner_may_grant and (says.owner == holder or _same(says.owner, signer.identity)):
        return WaiverActivity(
            state=WaiverState.GRANTED_BY_OWNER, detail=f"{signer.identity} owns it and granted it"
        )
    clash = conflict(signer.identity, facts, rules.not_by)
    if clash is not None:
        return WaiverActivity(state=WaiverState.GRANTED_BY_AUTHOR, detail=clash[1])
    return None


def _same(owner: object, identity: Identity) -> bool:
    # The owner is written as an actor; who signed may be known as a person of the same name.
    issuer, _, subject = str(owner).rpartition("#")
    return str(owner) == identity.text or (
        issuer == "person" and identity.text == f"person:{subject}"
    )


def _in_time(
    says: WaiverPredicate, received: Instant, now: Instant, longest: Duration
) -> WaiverActivity:
    start = received if says.starts is None else max(says.starts, received)
    if says.expires - start > longest:
        return WaiverActivity(
            state=WaiverState.TOO_LONG,
            detail=f"it runs from {start} to {says.expires}, and at most {longest} are allowed",
        )
    if now < start:
        return WaiverActivity(
            state=WaiverState.NOT_STARTED, detail=f"it starts at {start}", from_=start
        )
    if now > says.expires:
        return WaiverActivity(state=WaiverState.EXPIRED, detail=f"it expired at {says.expires}")
    return WaiverActivity(
        state=WaiverState.ACTIVE,
        detail=f"until {says.expires}, owned by {says.owner}",
        until=says.expires,
    )


def naming(waivers: Iterable[Waiver], names: Iterable[str]) -> tuple[Waiver, ...]:
    """The waivers that are about a vulnerability of any of some names."""
    known = {name.casefold() for name in names}
    return tuple(
        each
        for each in waivers
        if each.says.vulnerability is not None and each.says.vulnerability.casefold() in known
    )
