"""Merge what match reports and scans name into one list, closed over aliases.

Two findings are one when they name the same vulnerability, under any of its names, in the same
component. An advisory that bundles several vulnerabilities is no name of any of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_score
from gatebook.policy.choice import Kept
from gatebook.policy.remembered import Remembered
from gatebook.policy.vulnerabilities.purls import bare_purl
from gatebook.policy.vulnerabilities.severities import source_name
from gatebook.policy.vulnerabilities.weighed import Merged
from gatebook.vulnerabilities.aliases import close_aliases
from gatebook.vulnerabilities.match_report import (
    KnownVulnerability,
    MatchReport,
    SourcedSeverity,
)

__all__ = ["Named", "from_match", "from_scan", "merge"]

_VULNERABLE: Final = frozenset({FindingKind.VULNERABILITY, FindingKind.MALWARE})
# Of several reports, the one that lets the fewest findings go.
_FIXES: Final = (FixState.FIXED, FixState.NOT_FIXED, FixState.WONT_FIX, FixState.UNKNOWN)
_MERGED: Final = Remembered[tuple[Merged, ...]](32)
_NAMED: Final = Remembered[dict[str, "tuple[Named, ...]"]](64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One finding of one source, before merging; the fields are those of :class:`Merged`."""

    ids: tuple[str, ...]
    covers: tuple[str, ...]
    component: str
    version: str | None
    purl: str | None
    severities: tuple[SourcedSeverity, ...]
    fixed: tuple[str, ...]
    fix: FixState
    exploited: str | None
    epss: Decimal | None
    malicious: bool
    published: Instant | None
    first_seen: Instant
    source: str


def from_match(report: MatchReport, source: str) -> tuple[Named, ...]:
    """Say what a match report names.

    Args:
        report: what a snapshot of advisories says.
        source: id of the entry that keeps it.

    """
    made = _NAMED.of((report,), dict)
    if source not in made:
        made[source] = tuple(_from_match(report, source))
    return made[source]


def _from_match(report: MatchReport, source: str) -> Iterator[Named]:
    for known in report.findings:
        ids = [known.id, *known.advisories, *known.aliases]
        upstream = [each for each in known.upstream if each not in ids]
        # A record of a distribution that derives from one CVE is about that one; if it derives
        # from several, it bundles them.
        alone = len(upstream) == 1 or known.id in known.upstream
        # One that has a CVE of its own is not the same as the one it derives from.
        if len(upstream) == 1 and not any(each.startswith("CVE-") for each in ids):
            ids += upstream
        yield Named(
            ids=tuple(dict.fromkeys(ids)),
            covers=() if alone else tuple(upstream),
            component=known.component,
            version=known.version,
            purl=known.purl or None,
            severities=known.severities,
            fixed=known.fixed,
            fix=_fix(known),
            exploited=known.known_exploited,
            epss=_decimal(known.epss),
            malicious=known.malicious,
            published=_instant(known.published),
            first_seen=known.seen,
            source=source,
        )


def from_scan(scan: Kept[ScanReport], first_seen: Instant, *, dismissed: bool) -> Iterator[Named]:
    """Yield the vulnerabilities that a scan names and that stand.

    Args:
        scan: the report.
        first_seen: when the ledger received it.
        dismissed: whether those stand as well that the report calls suppressed or dismissed.

    """
    for found in scan.content.findings:
        if found.kind not in _VULNERABLE or found.state is FindingState.RESOLVED:
            continue
        if found.state is not FindingState.OPEN and not dismissed:
            continue
        package = found.package
        where = found.locations[0] if found.locations else "the artifact"
        yield Named(
            ids=tuple(dict.fromkeys((found.id, *found.aliases))),
            covers=found.covers,
            component=where if package is None else package.name,
            version=None if package is None else package.version,
            purl=None if package is None else package.purl,
            severities=tuple(_severities(found)),
            fixed=found.fixed_versions,
            fix=FixState.FIXED if found.fixed_versions else found.fix,
            exploited="" if found.known_exploited else None,
            epss=None if found.epss is None else _decimal(str(found.epss)),
            malicious=found.kind is FindingKind.MALWARE
            or any(each.startswith("MAL-") for each in (found.id, *found.aliases)),
            published=found.published,
            first_seen=first_seen,
            source=scan.fact.entry.id,
        )


def merge(groups: Sequence[tuple[Named, ...]]) -> tuple[Merged, ...]:
    """Put together what means the same, in order of identifier and component.

    Args:
        groups: what each source names.

    """
    return _MERGED.of(tuple(groups), lambda: _merge([each for one in groups for each in one]))


def _merge(named: Sequence[Named]) -> tuple[Merged, ...]:
    clusters = close_aliases((each.ids[0], each.ids[1:]) for each in named).clusters
    canonical = {member: (name, members) for name, members in clusters for member in members}
    groups: dict[tuple[str, str], list[Named]] = {}
    for each in named:
        name, _ = canonical.get(each.ids[0], (each.ids[0], ()))
        groups.setdefault((name, _component_key(each)), []).append(each)
    merged = (
        _merged(name, canonical.get(name, (name, (name,)))[1], group)
        for (name, _), group in groups.items()
    )
    return tuple(sorted(merged, key=lambda each: (each.id, each.place, each.purl or "")))


def _merged(name: str, names: tuple[str, ...], group: list[Named]) -> Merged:
    group = sorted(group, key=lambda each: (each.purl is None, each.purl or "", each.source))
    first = group[0]
    fixes = {each.fix for each in group}
    listed = [each.exploited for each in group if each.exploited is not None]
    return Merged(
        id=name,
        names=tuple(sorted({*names, *(each for one in group for each in one.ids)})),
        covers=tuple(sorted({each for one in group for each in one.covers})),
        component=first.component,
        version=next((each.version for each in group if each.version), None),
        purl=first.purl,
        severities=tuple(dict.fromkeys(each for one in group for each in one.severities)),
        fixed=tuple(dict.fromkeys(each for one in group for each in one.fixed)),
        fix=next(each for each in _FIXES if each in fixes),
        exploited=min((each for each in listed if each), default="") if listed else None,
        epss=max((each.epss for each in group if each.epss is not None), default=None),
        malicious=any(each.malicious for each in group),
        published=min((each.published for each in group if each.published), default=None),
        first_seen=min(each.first_seen for each in group),
        sources=tuple(sorted({each.source for each in group})),
    )


def _component_key(named: Named) -> str:
    """What a component is told by: its package URL without qualifiers, else name and version."""
    if named.purl:
        found = bare_purl(named.purl)
        if found is not None:
            return found if "@" in found or not named.version else f"{found}@{named.version}"
    return f"{named.component}@{named.version or ''}"


def _severities(found: ReportedFinding) -> Iterable[SourcedSeverity]:
    yield SourcedSeverity(source=source_name(found.severity_source), severity=found.severity.value)
    for each in found.cvss:
        if each.score is None:
            continue
        try:
            severity = severity_of_score(each.score, version=each.version)
        except MalformedError:
            continue
        yield SourcedSeverity(
            source=source_name(each.source),
            severity=severity.value,
            score=str(each.score),
            vector=each.vector,
        )


def _fix(known: KnownVulnerability) -> FixState:
    if known.fixed:
        return FixState.FIXED
    # The last affected version is known: later ones may be free of it.
    return FixState.UNKNOWN if "<=" in known.affected else FixState.NOT_FIXED


def _instant(text: str | None) -> Instant | None:
    try:
        return None if text is None else Instant.parse(text)
    except MalformedError:
        return None


def _decimal(text: str | None) -> Decimal | None:
    try:
        found = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return found if found is None or found.is_finite() else None
