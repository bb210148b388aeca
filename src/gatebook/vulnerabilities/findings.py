"""What an index of advisories says of components: findings, doubts and near misses."""

from typing import NamedTuple

from gatebook.clock import Instant
from gatebook.vulnerabilities.assessment import Assessment
from gatebook.vulnerabilities.match_report import KnownVulnerability, Unevaluated

__all__ = ["Finding", "Matched", "NearMiss", "Unjudged"]


class Finding(NamedTuple):
    """One vulnerability in one component.

    Attributes:
        id: the canonical identifier.
        purl: the component, as written.
        component: its name, for people.
        version: its version, as written.
        advisories: ids of the records that matched, sorted.
        affected: the range that matched: ``>=3.0,<3.1.12``.
        fixed: versions that fix it, lowest first.
        assessment: names, severities, exploitation.
        assumed_source: the component's name was taken for its source package's.

    """

    id: str
    purl: str
    component: str
    version: str
    advisories: tuple[str, ...]
    affected: str
    fixed: tuple[str, ...]
    assessment: Assessment
    assumed_source: bool

    @property
    def explanation(self) -> str:
        """Why it matches, for people."""
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no fixed version is known"
        return f"affected: {self.affected}; you run {self.version}; {fixed}"

    def known(self, first_seen: Instant) -> KnownVulnerability:
        """Write the finding for a report."""
        about = self.assessment
        return KnownVulnerability(
            id=self.id,
            advisories=self.advisories,
            aliases=tuple(each for each in about.aliases if each not in self.advisories),
            upstream=about.upstream,
            purl=self.purl,
            component=self.component,
            version=self.version,
            affected=self.affected,
            fixed=self.fixed,
            severities=about.severities,
            known_exploited=about.known_exploited,
            exploited_due=about.exploited_due,
            epss=about.epss,
            epss_percentile=about.epss_percentile,
            malicious=about.malicious,
            published=about.published,
            modified=about.modified,
            first_seen=str(first_seen),
        )


class Unjudged(NamedTuple):
    """A component, or one advisory about it, that nobody can judge.

    Attributes:
        purl: the component, as written; empty when it has none.
        component: its name, for people.
        code: stable name of the reason.
        reason: for people.
        advisories: ids of the records in question; empty when it is the component itself.

    """

    purl: str
    component: str
    code: str
    reason: str
    advisories: tuple[str, ...] = ()

    def unevaluated(self) -> Unevaluated:
        """Write it for a report."""
        return Unevaluated(component=self.component, purl=self.purl or None, code=self.code)


class NearMiss(NamedTuple):
    """A record that names the component's package and does not match.

    Attributes:
        purl: the component, as written.
        advisory: id of the record.
        code: ``not-in-range``, ``withdrawn`` or ``other-release``.
        reason: for people.

    """

    purl: str
    advisory: str
    code: str
    reason: str


class Matched(NamedTuple):
    """What an index says of some components.

    Attributes:
        components: how many distinct ones were asked about.
        findings: by component in the order asked, then by id.
        unjudged: by component in the order asked.
        near_misses: likewise; empty unless asked for.

    """

    components: int
    findings: tuple[Finding, ...]
    unjudged: tuple[Unjudged, ...]
    near_misses: tuple[NearMiss, ...] = ()
