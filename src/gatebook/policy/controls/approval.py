"""Other people than those who made it consent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.clock import Duration, Instant
from gatebook.errors import GatebookError
from gatebook.facts.facts import ApprovalFact, Facts, Identity
from gatebook.names import RoleName
from gatebook.policy.control import Roles, listed
from gatebook.policy.duties import Duty, conflict
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["ApprovalControl"]


@dataclass(frozen=True, slots=True)
class ApprovalControl:
    """Enough holders of a role approved this digest, for this environment and contract."""

    name: ClassVar[str] = "approval"
    purpose: ClassVar[str] = (
        "Holders of a role, who are neither author nor builder, approved exactly this."
    )
    satisfied_by: ClassVar[str] = (
        "signed approvals of the digest for this environment under this very contract"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "role": "the role whose holders may approve; required",
            "count": "how many different people; 1 if absent",
            "not-by": "who may not: `author`, `builder`; both if absent",
            "max-age": "how long an approval counts, such as `7d`; for ever if absent",
        }
    )

    role: RoleName
    count: int
    not_by: frozenset[Duty]
    max_age: Duration | None

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the parameters; the role has to have holders."""
        try:
            role = RoleName.parse(parameters.text("role"))
        except GatebookError as error:
            raise parameters.refuse(f"'role': {error.message}") from None
        count = parameters.count("count", 1)
        holders = roles.members.get(role, frozenset())
        if len(holders) < count:
            raise parameters.refuse(
                f"needs {count} holders of the role {role}, but it has {len(holders)}"
            )
        every = [duty.value for duty in Duty]
        duties = parameters.choices("not-by", every, every)
        return cls(
            role=role,
            count=count,
            not_by=frozenset(Duty(duty) for duty in duties),
            max_age=parameters.optional_duration("max-age"),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Count different people whose approvals hold."""
        people = "person" if self.count == 1 else "people"
        expected = f"approval by {self.count} {people} in the role {self.role}" + (
            f", not by {' or '.join(sorted(self.not_by))}" if self.not_by else ""
        )
        holding: dict[Identity, list[ApprovalFact]] = {}
        reasons: list[str] = []
        for approval in facts.approvals:
            if approval.role != self.role:
                continue
            why = next(self._objections(approval, facts, roles), None)
            if why is None and approval.approver is not None:
                holding.setdefault(approval.approver.identity, []).append(approval)
            else:
                reasons.append(f"entry {approval.entry.index}: {why}")
        if len(holding) >= self.count:
            # Each person's longest approval counts; the finding holds while enough of them do.
            ends = sorted(_latest(self._end(each) for each in given) for given in holding.values())
            until = ends[len(ends) - self.count]
            return Finding(
                status=Status.PASS,
                code="policy.approved",
                expected=expected,
                found=f"approved by {listed(sorted(holding))}",
                evidence=tuple(each.entry.id for given in holding.values() for each in given),
                until=None if until == _NEVER else until,
            )
        damaged = [
            approval
            for approval in facts.approvals
            if approval.role == self.role
            and approval.revoked is None
            and approval.problem is not None
            and approval.problem.damaged
        ]
        if damaged:
            return Finding(
                status=Status.ERROR,
                code="policy.evidence-damaged",
                expected=expected,
                found=listed(reasons),
                fix="restore the book's blobs from a backup",
                evidence=tuple(approval.entry.id for approval in damaged),
            )
        have = f"{len(holding)} of {self.count} approvals hold"
        return Finding(
            status=Status.FAIL if reasons else Status.MISSING,
            code="policy.approval-void" if reasons else "policy.approval-missing",
            expected=expected,
            found=f"{have}: {listed(reasons)}" if reasons else have,
            fix=self._fix(facts, roles),
            evidence=tuple(
                approval.entry.id for approval in facts.approvals if approval.role == self.role
            ),
        )

    def _objections(self, approval: ApprovalFact, facts: Facts, roles: Roles) -> Iterator[str]:
        if approval.revoked is not None:
            yield f"revoked by entry {approval.revoked.index}"
        if approval.problem is not None or approval.approver is None:
            problem = approval.problem
            yield "nobody is believed to have signed" if problem is None else problem.message
            return
        if approval.contract != facts.contract:
            yield f"given for another contract, {approval.contract.short}"
        identity = approval.approver.identity
        if not roles.holds(identity, self.role):
            yield f"{identity} does not hold the role {self.role}"
        objection = conflict(identity, facts, self.not_by)
        if objection is not None:
            yield objection[1]
        end = self._end(approval)
        if end != _NEVER and facts.now > end:
            yield f"expired at {end}"
        if approval.granted > facts.now:
            yield f"given at {approval.granted}, after the judgement"

    def _fix(self, facts: Facts, roles: Roles) -> str:
        holders = sorted(roles.members.get(self.role, frozenset()))
        free = [each for each in holders if conflict(each, facts, self.not_by) is None]
        if free:
            names = " or ".join(str(each).removeprefix("person:") for each in free[:_MOST_NAMED])
            return (
                f"ask {names} to run `gatebook approve {facts.subject} "
                f"--environment {facts.environment}`"
            )
        objection = conflict(holders[0], facts, self.not_by) if holders else None
        why = objection[1] if objection is not None else "it has no holders"
        return f"nobody in the role {self.role} can approve this: {why}"

    def _end(self, approval: ApprovalFact) -> Instant:
        ends = [_NEVER]
        if approval.expires is not None:
            ends.append(approval.expires)
        if self.max_age is not None:
            ends.append(approval.granted + self.max_age)
        return min(ends)


_MOST_NAMED = 5
_NEVER = Instant(2**62)


def _latest(ends: Iterator[Instant]) -> Instant:
    return max(ends)
