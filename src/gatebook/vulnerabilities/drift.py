"""The drift window: what became known about an artifact after it was built, let in and deployed.

An artifact stays the same while the world learns about it. Every finding is put where it became
known, between instants of the artifact's own life, from the match reports of its SBOMs over time.
How bad a finding is and how long it may stand is for the environment's contract to say; whoever
asks passes that in as a function.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.scan.report import Severity
from gatebook.vulnerabilities.match_report import KnownVulnerability, MatchReport

__all__ = [
    "DriftFinding",
    "Judge",
    "Judgement",
    "Lapse",
    "Marks",
    "Since",
    "Standing",
    "Window",
    "became_known",
    "drift_findings",
    "next_lapse",
]


class Window(StrEnum):
    """When in the life of an artifact a vulnerability became known."""

    KNOWN_AT_BUILD = "known-at-build"
    SINCE_BUILD = "since-build"
    SINCE_GATE = "since-gate"
    SINCE_DEPLOYMENT = "since-deployment"


class Since(StrEnum):
    """The mark after which something has to have become known to be asked for."""

    BUILD = "build"
    GATE = "gate"
    DEPLOYMENT = "deployment"


class Standing(StrEnum):
    """What the environment makes of a finding at the instant that is asked about.

    ``fails`` keeps the artifact out, the next three are let through, ``tolerated`` is below every
    threshold, and ``not-judged`` means that the contract says nothing of vulnerabilities.
    """

    FAILS = "fails"
    GRACE = "grace"
    WAIVED = "waived"
    SUPPRESSED = "suppressed"
    TOLERATED = "tolerated"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The instants of an artifact's life that windows lie between.

    Attributes:
        built: when it was built; when it was first heard of, if nobody says.
        gated: when the allow was given under which it runs, or might run.
        deployed: when it was deployed; ``None`` while it is only eligible.
        now: the instant that is asked about.

    """

    built: Instant
    gated: Instant | None
    deployed: Instant | None
    now: Instant

    def window_of(self, known: Instant) -> Window:
        """The window an instant lies in: it begins after the newest mark before the instant."""
        marks = (
            (self.built, 0, Window.SINCE_BUILD),
            (self.gated, 1, Window.SINCE_GATE),
            (self.deployed, 2, Window.SINCE_DEPLOYMENT),
        )
        passed = [
            (mark, rank, window)
            for mark, rank, window in marks
            if mark is not None and mark < known
        ]
        # A build said to be later than the gate, by a clock that is wrong, hides nothing.
        return max(passed)[2] if passed else Window.KNOWN_AT_BUILD

    def at(self, since: Since) -> Instant | None:
        """The instant of a mark; ``None`` when that has not happened."""
        match since:
            case Since.BUILD:
                return self.built
            case Since.GATE:
                return self.gated
            case Since.DEPLOYMENT:
                return self.deployed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an environment says of a finding.

    Attributes:
        severity: how bad it is, by the configured precedence of sources.
        source: whose word that is; ``None`` when nobody says.
        score: the CVSS base score that goes with it.
        reasons: why it is over a threshold; empty if it is not.
        standing: what became of it.
        until: when that changes by itself: the end of its time to mend, or of a waiver.

    """

    severity: Severity
    source: str | None = None
    score: Decimal | None = None
    reasons: tuple[str, ...] = ()
    standing: Standing = Standing.NOT_JUDGED
    until: Instant | None = None


Judge: TypeAlias = Callable[[KnownVulnerability], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFinding:
    """One vulnerability in one component, and when it became known.

    Attributes:
        known: the finding, as the newest report has it.
        judgement: what the environment says of it.
        first_seen: when a report about the artifact held it first.
        published: when the world was told; ``None`` when the record does not say.
        became_known: see :func:`became_known`.
        window: where that lies.

    """

    known: KnownVulnerability
    judgement: Judgement
    first_seen: Instant
    published: Instant | None
    became_known: Instant
    window: Window

    @property
    def standing(self) -> Standing:
        """What became of it."""
        return self.judgement.standing

    @property
    def fix_available(self) -> bool:
        """Whether a version without it is known."""
        return bool(self.known.fixed)

    @property
    def names(self) -> tuple[str, ...]:
        """Every identifier of it."""
        return self.known.names


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """What ends next by itself.

    Attributes:
        at: when.
        finding: the finding that is let through no longer; ``None`` when it is the allow itself.

    """

    at: Instant
    finding: DriftFinding | None = None


def drift_findings(
    reports: Iterable[MatchReport], marks: Marks, judge: Judge
) -> tuple[DriftFinding, ...]:
    """Say of everything that is known in an artifact when it became known.

    Findings are those of the newest report of each SBOM; what an older report held and the newest
    does not is withdrawn or mended knowledge, and no finding. The same vulnerability in the same
    component is one, whichever SBOM names it.

    Args:
        reports: match reports about one artifact up to the instant asked about, in any order. The
            older ones only narrow down when something became known; some or all may be left out.
        marks: the instants of the artifact's life.
        judge: what the environment says of a finding.

    Returns:
        The newest knowledge first; of the same instant the worst first.

    """
    by_sbom: dict[str, list[MatchReport]] = {}
    for report in sorted(reports, key=lambda each: (Instant.parse(each.at), each.encode())):
        by_sbom.setdefault(report.sbom, []).append(report)
    merged: dict[tuple[str, str], DriftFinding] = {}
    for history in by_sbom.values():
        for known in history[-1].findings:
            found = _dated(known, history, marks, judge)
            key = (known.id, known.purl)
            other = merged.get(key)
            if other is None or found.became_known < other.became_known:
                merged[key] = found
    return tuple(sorted(merged.values(), key=_order))


def became_known(
    first_seen: Instant, published: Instant | None, clear_until: Instant | None
) -> Instant:
    """Work out when a vulnerability of a component became known.

    The world knows from the publication on, and the book at the latest from the report that held it
    first. A snapshot that was matched before and did not hold it proves that it was not known to
    touch this component by then, though the record may have been published long before: ranges are
    widened, and records corrected.

    Args:
        first_seen: when a report about the artifact held it first.
        published: when the record was published.
        clear_until: the newest knowledge of the last snapshot that did not hold it.

    """
    if published is None:
        return first_seen
    known = published if clear_until is None else max(published, clear_until)
    return min(first_seen, known)


def next_lapse(
    findings: Iterable[DriftFinding], now: Instant, valid_until: Instant | None
) -> Lapse | None:
    """Say what ends next by itself: time to mend a finding, a waiver, or the allow as a whole.

    Args:
        findings: of one artifact.
        now: the instant that is asked about.
        valid_until: when the allow ends, if it does.

    """
    ends = [
        Lapse(at=each.judgement.until, finding=each)
        for each in findings
        if each.judgement.until is not None and each.judgement.until >= now
    ]
    if valid_until is not None and valid_until >= now:
        ends.append(Lapse(at=valid_until))
    return min(ends, key=lambda each: each.at, default=None)


def _dated(
    known: KnownVulnerability, history: Sequence[MatchReport], marks: Marks, judge: Judge
) -> DriftFinding:
    judgement = judge(known)
    first_seen = known.seen
    published = _instant(known.published)
    instant = became_known(first_seen, published, _clear_until(known, history))
    return DriftFinding(
        known=known,
        judgement=judgement,
        first_seen=first_seen,
        published=published,
        became_known=instant,
        window=marks.window_of(instant),
    )


def _clear_until(known: KnownVulnerability, history: Sequence[MatchReport]) -> Instant | None:
    """The newest knowledge of the reports that looked at the component and did not name it."""
    names = set(known.names)
    clear: Instant | None = None
    for report in history:
        if Instant.parse(report.at) >= known.seen:
            break
        named = any(
            each.purl == known.purl and not names.isdisjoint(each.names) for each in report.findings
        )
        # A component that nobody could judge was not clear.
        doubted = any(each.purl == known.purl for each in report.unevaluated)
        clear = None if named or doubted else _instant(report.known) or clear
    return clear


def _instant(text: str | None) -> Instant | None:
    try:
        return None if text is None else Instant.parse(text)
    except MalformedError:
        return None  # a record that says no readable time says none


def _order(found: DriftFinding) -> tuple[object, ...]:
    return (
        -found.became_known.unix_ms,
        -found.judgement.severity.rank,
        found.known.id,
        found.known.purl,
    )
