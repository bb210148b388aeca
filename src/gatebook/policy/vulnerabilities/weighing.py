"""Weigh every vulnerability of an artifact: what it is, who vouches, until when it may stand.

The order is always the same: merged over aliases, then the severity by precedence, the thresholds,
exploitability statements, waivers, and last the time to mend. What is suppressed, waived or in
its time stays in the list with the reason.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from gatebook.clock import Instant
from gatebook.facts.facts import Facts
from gatebook.formats.sbom.components import Sbom
from gatebook.policy.remembered import Remembered
from gatebook.policy.vulnerabilities.merging import Named, merge
from gatebook.policy.vulnerabilities.rules import Thresholds
from gatebook.policy.vulnerabilities.severities import choose_severity
from gatebook.policy.vulnerabilities.statements import Statements
from gatebook.policy.vulnerabilities.weighed import (
    AppliedWaiver,
    ChosenSeverity,
    Merged,
    Standing,
    Weighed,
)
from gatebook.policy.waivers import Waiver, naming
from gatebook.vulnerabilities.vex.records import AppliedStatement, NotApplied, VexVerdict

__all__ = ["weigh"]


class _Measured(NamedTuple):
    """A vulnerability with the severity that counts, and why it is over a threshold."""

    merged: Merged
    severity: ChosenSeverity
    reasons: tuple[str, ...]


_MEASURED: Final = Remembered[tuple[_Measured, ...]](32)


def weigh(
    named: Sequence[tuple[Named, ...]],
    facts: Facts,
    sboms: Sequence[Sbom],
    thresholds: Thresholds,
    waivers: Sequence[Waiver] = (),
) -> tuple[Weighed, ...]:
    """Say of every vulnerability what the environment makes of it, the worst first.

    Args:
        named: what match reports and scans name, document by document.
        facts: everything known.
        sboms: those that are bound to the artifact.
        thresholds: what the environment demands.
        waivers: those that name the control, active or not.

    """
    statements = Statements.about(facts, sboms, thresholds.statements)
    merged = merge(named)
    measured = _MEASURED.of((merged, thresholds), lambda: _measured(merged, thresholds))
    weighed = [_weigh(each, facts.now, statements, thresholds, waivers) for each in measured]
    weighed = _limited(weighed, thresholds)
    return tuple(sorted(weighed, key=_badness))


def _measured(merged: Iterable[Merged], thresholds: Thresholds) -> tuple[_Measured, ...]:
    severities = [
        (each, choose_severity(each.severities, each.purl, thresholds.sources)) for each in merged
    ]
    return tuple(
        _Measured(each, severity, thresholds.reasons(each, severity))
        for each, severity in severities
    )


def _weigh(
    measured: _Measured,
    now: Instant,
    statements: Statements,
    thresholds: Thresholds,
    waivers: Sequence[Waiver],
) -> Weighed:
    merged, severity, reasons = measured
    verdicts, suppressed = _answers(merged, statements)
    standing, until = (Standing.FAILS if reasons else Standing.TOLERATED), None
    applied: tuple[AppliedStatement, ...] = ()
    active: tuple[AppliedWaiver, ...] = ()
    if suppressed:
        standing = Standing.SUPPRESSED
        applied = tuple(each.applied for each in verdicts if each.applied is not None)
        longest = statements.rules.max_age
        if longest is not None:
            until = min(each.time for each in applied) + longest
    # One that is tolerated needs no waiver, but for being one of too many.
    elif reasons or thresholds.at_most:
        active = _waiving(merged, waivers)
    if active:
        standing, until = Standing.WAIVED, min(each.until for each in active)
    if standing is Standing.FAILS:
        end = thresholds.grace_end(merged, severity)
        if end is not None and now <= end:
            standing, until = Standing.GRACE, end
    return Weighed(
        merged=merged,
        severity=severity,
        reasons=reasons,
        standing=standing,
        until=until,
        statements=applied,
        not_applied=tuple(_distinct(verdicts)),
        warnings=tuple(dict.fromkeys(text for each in verdicts for text in _remarks(each))),
        waivers=active,
        refused_waivers=tuple(_refused(merged, waivers)),
    )


def _answers(merged: Merged, statements: Statements) -> tuple[tuple[VexVerdict, ...], bool]:
    """What statements make of a vulnerability, and whether they suppress it."""
    if statements.index is None or merged.malicious:
        return (), False  # malware does its harm whether or not some code of it is reached
    own = statements.ask(merged, merged.id, merged.names)
    if own.suppressed or not merged.covers:
        return (own,), own.suppressed
    # An advisory that bundles several flaws is answered when each of them is.
    parts = tuple(statements.ask(merged, each, ()) for each in merged.covers)
    return (own, *parts), all(part.suppressed for part in parts)


def _distinct(verdicts: Iterable[VexVerdict]) -> Iterable[NotApplied]:
    return dict.fromkeys(each for verdict in verdicts for each in verdict.not_applied)


def _remarks(verdict: VexVerdict) -> tuple[str, ...]:
    return (*verdict.conflicts, *verdict.warnings)


def _waiving(merged: Merged, waivers: Sequence[Waiver]) -> tuple[AppliedWaiver, ...]:
    """The waivers that let a vulnerability through; none if they do not."""
    own = _longest(naming(waivers, merged.names))
    if own is not None:
        return (_applied(own),)
    parts = [_longest(naming(waivers, [each])) for each in merged.covers]
    active = tuple(_applied(each) for each in parts if each is not None)
    return active if len(active) == len(parts) else ()


def _refused(merged: Merged, waivers: Sequence[Waiver]) -> Iterable[str]:
    for each in naming(waivers, (*merged.names, *merged.covers)) if waivers else ():
        if not each.activity.is_active:
            yield f"{each.says.vulnerability}: {each.activity.detail} [{each.activity.state}]"


def _longest(waivers: Iterable[Waiver]) -> Waiver | None:
    active = [each for each in waivers if each.activity.is_active]
    return max(active, key=lambda each: (each.says.expires, each.fact.entry.index), default=None)


def _applied(waiver: Waiver) -> AppliedWaiver:
    return AppliedWaiver(
        entry=waiver.fact.entry.id, document=waiver.document, until=waiver.says.expires
    )


def _limited(weighed: list[Weighed], thresholds: Thresholds) -> list[Weighed]:
    """Make all of a severity fail of which there are too many."""
    standing = {Standing.FAILS, Standing.TOLERATED, Standing.GRACE}
    counts = Counter(each.severity.severity for each in weighed if each.standing in standing)
    over = {severity: limit for severity, limit in thresholds.at_most if counts[severity] > limit}
    return [
        each.fails(
            f"{counts[each.severity.severity]} of severity {each.severity.severity}, "
            f"at most {over[each.severity.severity]} allowed"
        )
        if each.standing in standing and each.severity.severity in over
        else each
        for each in weighed
    ]


def _badness(weighed: Weighed) -> tuple[object, ...]:
    return (
        list(Standing).index(weighed.standing),
        not weighed.merged.malicious,
        weighed.merged.exploited is None,
        -weighed.severity.severity.rank,
        weighed.merged.id,
        weighed.merged.place,
    )
