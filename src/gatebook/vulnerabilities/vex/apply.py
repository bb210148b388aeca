"""Apply statements to a finding, in an order that is always the same.

1. Who signed the document is believed, and may speak of this software.
2. The product is the artifact at hand: its digest, its package URL, its name in a component list.
3. The part the statement names, if any, is the component of the finding.
4. The vulnerability is the same, under any of its names. (Asked first, as it is the cheapest.)
5. Of all that apply, the one that counts first: by whose word counts first, then the newest.

``affected`` and ``under-investigation`` never suppress a finding. ``fixed`` does only for a version
or a digest that the statement names.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gatebook.clock import Duration, Instant
from gatebook.formats.vex.statement import VexStatus
from gatebook.vulnerabilities.vex.fitting import Fit, Target, explain, fit
from gatebook.vulnerabilities.vex.index import NoAliases, StatementIndex, names_of
from gatebook.vulnerabilities.vex.ranges import VersRanges
from gatebook.vulnerabilities.vex.records import (
    AliasIndex,
    AppliedStatement,
    AuthorRule,
    AuthorScope,
    NotApplied,
    ProductIdentity,
    Reason,
    TrustedStatement,
    VersionRanges,
    VexFinding,
    VexRules,
    VexVerdict,
)

__all__ = ["apply_statements"]

_SUPPRESSING: Final = frozenset({VexStatus.NOT_AFFECTED, VexStatus.FIXED})
# Of statements with one time, the one that lets the fewest findings go.
_STRICTNESS: Final = {
    VexStatus.AFFECTED: 0,
    VexStatus.UNDER_INVESTIGATION: 1,
    VexStatus.FIXED: 2,
    VexStatus.NOT_AFFECTED: 3,
}


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that applies, but for others that do, too."""

    trusted: TrustedStatement
    rule: AuthorRule
    time: Instant
    found: Fit

    @property
    def suppresses(self) -> bool:
        return self.trusted.statement.status in _SUPPRESSING


def apply_statements(
    finding: VexFinding,
    statements: Sequence[TrustedStatement] | StatementIndex,
    *,
    product: ProductIdentity,
    now: Instant,
    rules: VexRules,
    aliases: AliasIndex | None = None,
    ranges: VersionRanges | None = None,
) -> VexVerdict:
    """Find the statement that answers a finding, and say why each other one does not.

    The result does not depend on the order of the statements. For many findings, pass one
    :class:`StatementIndex` for all of them.

    Args:
        finding: what was found.
        statements: what is said, by anybody.
        product: the artifact at hand.
        now: the one reading of the clock.
        rules: who is believed, and what statements have to be like.
        aliases: other names of vulnerabilities, beyond those in finding and statements.
        ranges: how to compare versions with ranges; by ``vers:`` unless given.

    """
    index = statements if isinstance(statements, StatementIndex) else StatementIndex(statements)
    named = index.naming(names_of(finding, aliases or NoAliases()))
    if not named:
        return VexVerdict()
    target = Target.of(finding, product)
    candidates: list[_Candidate] = []
    refused: list[NotApplied] = []
    for trusted in named:
        judged = _judge(trusted, target, now, rules, ranges or VersRanges())
        if isinstance(judged, _Candidate):
            candidates.append(judged)
        else:
            refused.append(judged)
    if not candidates:
        return VexVerdict(not_applied=_sorted(refused))
    return _decide(candidates, refused, rules)


def _judge(
    trusted: TrustedStatement, target: Target, now: Instant, rules: VexRules, ranges: VersionRanges
) -> "_Candidate | NotApplied":
    statement, status = trusted.statement, trusted.statement.status
    signer = trusted.signer
    authors = [each for each in rules.authors if signer and each.signer == signer]
    if not authors:
        told = f"signed by {signer or 'nobody known'}, who is not believed"
        return _refuse(trusted, Reason.AUTHOR_UNTRUSTED, told)
    found = fit(statement, target, ranges)
    if found.reason is not None:
        return _refuse(trusted, found.reason, explain(found, target))
    rule = next((each for each in authors if _may_speak(each, found)), None)
    if rule is None:
        told = f"{signer} may not speak of {found.detail}"
        return _refuse(trusted, Reason.AUTHOR_OUT_OF_SCOPE, told)
    time = statement.time
    if time is None:
        told = "neither the statement nor the document says when"
        return _refuse(trusted, Reason.NO_TIME, told)
    refusal = _outdated(trusted, max(time, trusted.document_time or time), now)
    if refusal is None and status in _SUPPRESSING:
        refusal = _weak(trusted, found, now - time, rules)
    return refusal or _Candidate(trusted=trusted, rule=rule, time=time, found=found)


def _outdated(trusted: TrustedStatement, time: Instant, now: Instant) -> NotApplied | None:
    """Say why a statement does not count now, whatever its status."""
    if time > now:
        return _refuse(trusted, Reason.FROM_THE_FUTURE, f"of {time}, it is {now}")
    if trusted.replaced_by is not None:
        told = f"{trusted.replaced_by.short} is a newer version of the document"
        return _refuse(trusted, Reason.DOCUMENT_REPLACED, told)
    if trusted.is_draft:
        return _refuse(trusted, Reason.DRAFT, "the document is a draft")
    return None


def _weak(
    trusted: TrustedStatement, found: Fit, age: Duration, rules: VexRules
) -> NotApplied | None:
    """Say why a statement that applies is too weak to suppress a finding."""
    statement = trusted.statement
    if rules.max_age is not None and age > rules.max_age:
        return _refuse(
            trusted, Reason.TOO_OLD, f"of {statement.time}, at most {rules.max_age} are allowed"
        )
    if statement.status is VexStatus.FIXED and not found.versioned:
        return _refuse(
            trusted,
            Reason.FIXED_NEEDS_VERSION,
            f"fixed in which version? The statement names {found.detail}",
        )
    if rules.needs_version and not found.versioned:
        return _refuse(trusted, Reason.NOT_SCOPED, f"no version or digest in {found.detail}")
    unjustified = statement.status is VexStatus.NOT_AFFECTED and not statement.is_justified
    if unjustified and rules.needs_justification:
        return _refuse(trusted, Reason.UNJUSTIFIED, "not affected, and no word why")
    return None


def _may_speak(rule: AuthorRule, found: Fit) -> bool:
    if not rule.speaks_for:
        return True
    return any(
        purl == prefix or purl.startswith((f"{prefix}/", f"{prefix}@", f"{prefix}?", f"{prefix}#"))
        for purl in (str(each) for each in found.purls)
        for prefix in (each.rstrip("/") for each in rule.speaks_for)
    )


def _decide(candidates: list[_Candidate], refused: list[NotApplied], rules: VexRules) -> VexVerdict:
    ranked = sorted(candidates, key=lambda each: _rank(each, rules))
    winner = ranked[0]
    objection = next((each for each in ranked if each.rule.scope is AuthorScope.OWN), None)
    if (
        rules.own_may_object
        and objection is not None
        and winner.suppresses
        and not objection.suppresses
        and objection.time >= winner.time
    ):
        winner = objection
    conflicts: list[str] = []
    for each in ranked:
        if each is winner:
            continue
        same_scope = each.rule.scope is winner.rule.scope
        reason = Reason.SUPERSEDED if same_scope else Reason.OUTRANKED
        told = f"{_said(winner)} counts before {_said(each)}"
        refused.append(_refuse(each.trusted, reason, told))
        if each.suppresses is not winner.suppresses:
            conflicts.append(told)
    warnings: list[str] = []
    if winner.suppresses and not winner.found.versioned:
        warnings.append(
            "the statement names no version and no digest: it will suppress the finding in every "
            "later version as well"
        )
    if winner.suppresses and not winner.trusted.statement.is_justified:
        warnings.append("the statement gives no reason")
    return VexVerdict(
        applied=_applied(winner),
        suppressed=winner.suppresses,
        not_applied=_sorted(refused),
        conflicts=tuple(sorted(conflicts)),
        warnings=tuple(warnings),
    )


def _rank(candidate: _Candidate, rules: VexRules) -> tuple[object, ...]:
    trusted, scope = candidate.trusted, candidate.rule.scope
    place = rules.precedence.index(scope) if scope in rules.precedence else len(rules.precedence)
    document_time = trusted.document_time or candidate.time
    return (
        place,
        -candidate.time.unix_ms,
        -document_time.unix_ms,
        _STRICTNESS[trusted.statement.status],
        not candidate.found.versioned,
        str(trusted.document),
        trusted.statement.pointer,
        candidate.rule.signer,
    )


def _said(candidate: _Candidate) -> str:
    status = candidate.trusted.statement.status.value
    return f"{status} of {candidate.time} by {candidate.rule.signer}"


def _applied(candidate: _Candidate) -> AppliedStatement:
    trusted, statement = candidate.trusted, candidate.trusted.statement
    return AppliedStatement(
        document=trusted.document,
        pointer=statement.pointer,
        signer=candidate.rule.signer,
        scope=candidate.rule.scope,
        status=statement.status,
        justification=statement.justification_written or statement.impact,
        time=candidate.time,
        versioned=candidate.found.versioned,
        matched=candidate.found.detail,
    )


def _refuse(trusted: TrustedStatement, reason: Reason, detail: str) -> NotApplied:
    return NotApplied(
        document=trusted.document,
        pointer=trusted.statement.pointer,
        status=trusted.statement.status,
        reason=reason,
        detail=detail,
    )


def _sorted(refused: Iterable[NotApplied]) -> tuple[NotApplied, ...]:
    return tuple(sorted(refused, key=lambda each: (str(each.document), each.pointer, each.reason)))
