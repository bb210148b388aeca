"""Make a match report: what a snapshot says of one SBOM, and since when each finding is known."""

from collections.abc import Iterable

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.vulnerabilities.findings import Finding, Matched
from gatebook.vulnerabilities.match_report import KnownVulnerability, MatchReport
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

__all__ = ["make_report"]


def make_report(
    matched: Matched,
    *,
    subject: Digest,
    sbom: Digest,
    snapshot: AdvisorySnapshot,
    at: Instant,
    earlier: Iterable[MatchReport] = (),
) -> MatchReport:
    """Write what was matched as a report.

    A finding is known since the newest earlier reports about the artifact knew it: the same package
    in whatever version, under any of the names of the vulnerability, since its canonical one may
    change when an alias becomes known. One that no newest report holds is known since now, also
    when an older one held it: it was withdrawn in between.

    Args:
        matched: what the snapshot says of the SBOM's components.
        subject: the artifact.
        sbom: digest of the document that holds the SBOM.
        snapshot: the snapshot.
        at: now.
        earlier: the newest report about each SBOM of the artifact.

    """
    known = _Known(earlier)
    findings = [each.known(known.since(each, at)) for each in matched.findings]
    unevaluated = {each.unevaluated() for each in matched.unjudged}
    return MatchReport(
        v=1,
        subject=str(subject),
        sbom=str(sbom),
        snapshot=str(snapshot.digest),
        known=None if snapshot.known is None else str(snapshot.known),
        imported=snapshot.imported,
        at=str(at),
        components=matched.components,
        findings=tuple(sorted(findings, key=lambda each: (each.id, each.purl))),
        unevaluated=tuple(
            sorted(unevaluated, key=lambda each: (each.component, each.purl or "", each.code))
        ),
    )


class _Known:
    """Since when a vulnerability of a package is known."""

    def __init__(self, reports: Iterable[MatchReport]) -> None:
        self._since: dict[tuple[str, str], Instant] = {}
        for report in reports:
            for finding in report.findings:
                self._add(finding)

    def _add(self, finding: KnownVulnerability) -> None:
        package = _package(finding.purl)
        for name in (finding.id, *finding.advisories, *finding.aliases):
            before = self._since.get((package, name))
            if before is None or finding.seen < before:
                self._since[package, name] = finding.seen

    def since(self, finding: Finding, now: Instant) -> Instant:
        """The earliest instant at which it was known by any of its names."""
        package = _package(finding.purl)
        names = (finding.id, *finding.advisories, *finding.assessment.aliases)
        known = (self._since.get((package, name)) for name in names)
        return min((each for each in known if each is not None), default=now)


def _package(purl: str) -> str:
    """A package URL without version, qualifiers and subpath: the package itself."""
    named = purl.partition("#")[0].partition("?")[0]
    before, at, version = named.rpartition("@")
    # An "@" before the last "/" begins a scope that was not encoded, not a version.
    return before if at and "/" not in version else named
