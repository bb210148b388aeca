"""How bad a vulnerability is: every source that says so, CISA's catalogue and EPSS.

Sources are kept apart; which of them counts is configuration (evidence is recorded, not averaged).
A record's own severity goes by the prefix of its id (``ghsa``, ``debian``); records of the same
cluster of aliases add theirs. Exploitation and EPSS are looked up by every CVE of the cluster, and
by the CVEs upstream of a record, which is how the record of a distribution reaches them.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gatebook.errors import MalformedError
from gatebook.formats.cvss import parse_vector
from gatebook.formats.scan.report import Severity
from gatebook.formats.scan.severity import severity_of_word
from gatebook.vulnerabilities.aliases import cves_in
from gatebook.vulnerabilities.index import AdvisoryIndex
from gatebook.vulnerabilities.match_report import SourcedSeverity
from gatebook.vulnerabilities.osv import OsvAffected, OsvRecord, OsvSeverity

__all__ = ["Assessment", "assess", "severities_of"]

_MAX_UPSTREAM: Final = 256


class Assessment(NamedTuple):
    """What is known of one vulnerability, whatever the component.

    Attributes:
        id: the canonical identifier.
        aliases: every other identifier of it, sorted.
        upstream: what its records derive from, directly or not, sorted.
        severities: who says how bad it is, by source.
        known_exploited: the day CISA listed it; ``None`` if it did not.
        exploited_due: CISA's due date.
        epss: the highest EPSS probability of its CVEs, as published.
        epss_percentile: the percentile that goes with it.
        malicious: whether the package itself is malware.
        summary: one line for people.
        published: when the first of its records was published, as written.
        modified: when the last of its records was changed, as written.

    """

    id: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    severities: tuple[SourcedSeverity, ...] = ()
    known_exploited: str | None = None
    exploited_due: str | None = None
    epss: str | None = None
    epss_percentile: str | None = None
    malicious: bool = False
    summary: str | None = None
    published: str | None = None
    modified: str | None = None

    @classmethod
    def of(cls, several: Iterable["Assessment"]) -> "Assessment":
        """Join what records of one cluster say; there is at least one."""
        parts = list(several)
        if len(parts) == 1:
            return parts[0]
        exploited = min(
            (each for each in parts if each.known_exploited is not None),
            key=lambda each: each.known_exploited or "",
            default=parts[0],
        )
        likely = max(parts, key=lambda each: float(each.epss or -1))
        severities = {each: None for part in parts for each in part.severities}
        return cls(
            id=parts[0].id,
            aliases=tuple(sorted({each for part in parts for each in part.aliases})),
            upstream=tuple(sorted({each for part in parts for each in part.upstream})),
            severities=_in_order(severities),
            known_exploited=exploited.known_exploited,
            exploited_due=exploited.exploited_due,
            epss=likely.epss,
            epss_percentile=likely.epss_percentile,
            malicious=any(each.malicious for each in parts),
            summary=next((each.summary for each in parts if each.summary), None),
            published=min((each.published for each in parts if each.published), default=None),
            modified=max((each.modified for each in parts if each.modified), default=None),
        )


def assess(record: OsvRecord, index: AdvisoryIndex, place: int | None = None) -> Assessment:
    """Put together what an index knows of a record's vulnerability.

    Args:
        record: the record.
        index: where to look the rest up.
        place: of the package that matched, whose own severity then goes before those of others.

    """
    cluster = index.cluster(record.id)
    names = tuple(dict.fromkeys((*cluster, *(record.aliases or ()))))
    upstream = _upstream(record, index)
    severities: dict[SourcedSeverity, None] = dict.fromkeys(severities_of(record, place))
    others = index.numbers([each for each in cluster if each != record.id])
    for other in index.records(others.values()).values():
        if other.withdrawn is None:
            severities.update(dict.fromkeys(severities_of(other, None)))
    cves = cves_in((*names, *upstream))
    listed = sorted(index.exploited(cves).values(), key=lambda each: each.date_added)
    scores = index.scores(cves)
    likely = max(
        scores.values(), key=lambda each: (float(each.probability), each.cve), default=None
    )
    return Assessment(
        id=cluster[0],
        aliases=tuple(sorted(set(names) - {cluster[0]})),
        upstream=tuple(sorted(set(upstream) - set(names))),
        severities=_in_order(severities),
        known_exploited=listed[0].date_added if listed else None,
        exploited_due=listed[0].due_date if listed else None,
        epss=None if likely is None else likely.probability,
        epss_percentile=None if likely is None else likely.percentile,
        malicious=record.is_malware,
        summary=record.summary,
        published=record.published,
        modified=record.modified,
    )


def severities_of(record: OsvRecord, place: int | None) -> Iterator[SourcedSeverity]:
    """Yield what a record says of its severity, vectors before words.

    Args:
        record: the record.
        place: the affected package to ask; all of them if ``None``.

    """
    packages = record.affected or ()
    chosen = packages if place is None else packages[place : place + 1]
    vectors = [*(record.severity or ()), *(each for one in chosen for each in one.severity or ())]
    for vector in dict.fromkeys(vectors):
        found = _vector(record.database, vector)
        if found is not None:
            yield found
    words = dict.fromkeys(
        word
        for word in (_word(record.database_specific), *(_package_word(each) for each in chosen))
        if word is not None
    )
    for word in words:
        severity = severity_of_word(word)
        if severity is not Severity.UNKNOWN:
            yield SourcedSeverity(source=record.database, severity=severity.value)


def _vector(source: str, found: OsvSeverity) -> SourcedSeverity | None:
    if found.type.startswith("CVSS"):
        try:
            vector = parse_vector(found.score)
        except MalformedError:
            return None  # a severity nobody can read is no severity; the record still matches
        return SourcedSeverity(
            source=source,
            severity=vector.base_severity.value,
            score=str(vector.base_score),
            vector=vector.text,
        )
    severity = severity_of_word(found.score)
    if severity is Severity.UNKNOWN:
        return None
    return SourcedSeverity(source=found.type.lower(), severity=severity.value)


def _package_word(affected: OsvAffected) -> str | None:
    # Debian's tracker says how urgent a fix is; other databases say how severe the flaw is.
    return _word(affected.database_specific) or _word(affected.ecosystem_specific)


def _word(specific: dict[str, object] | None) -> str | None:
    for name in ("severity", "urgency"):
        word = (specific or {}).get(name)
        if isinstance(word, str) and word:
            return word.rstrip("*")
    return None


def _upstream(record: OsvRecord, index: AdvisoryIndex) -> tuple[str, ...]:
    found = dict.fromkeys((record.upstream or ())[:_MAX_UPSTREAM])
    # Upstream is transitive (ossf/osv-schema, "upstream field"); a loop ends at what is known.
    waiting = list(found)
    while waiting and len(found) < _MAX_UPSTREAM:
        numbers = index.numbers(waiting)
        waiting = []
        for other in index.records(numbers.values()).values():
            fresh = [each for each in other.upstream or () if each not in found]
            fresh = fresh[: _MAX_UPSTREAM - len(found)]
            found.update(dict.fromkeys(fresh))
            waiting.extend(fresh)
    return tuple(found)


def _in_order(severities: Iterable[SourcedSeverity]) -> tuple[SourcedSeverity, ...]:
    # A vector says more than a word of the same source, and the newest CVSS says most.
    return tuple(
        sorted(
            severities,
            key=lambda each: (each.source, each.vector is None, _newest_first(each.vector or "")),
        )
    )


def _newest_first(vector: str) -> tuple[int, str]:
    for rank, prefix in enumerate(("CVSS:4.0", "CVSS:3.1", "CVSS:3.0")):
        if vector.startswith(prefix):
            return rank, vector
    return 3, vector
