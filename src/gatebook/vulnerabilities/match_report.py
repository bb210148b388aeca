"""What an advisory snapshot says of one SBOM, as a document that is kept and weighed.

A gate may judge in milliseconds and be replayed years later without the advisories at hand, because
everything a judgement needs of them is in this document: it is made once for an SBOM and a
snapshot, written in canonical form, stored by its digest, and named by an ``advisories.matched``
entry. The same SBOM, snapshot and report before give the same bytes.
"""

from typing import Final

import msgspec

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError

__all__ = [
    "MATCH_REPORT_TYPE",
    "KnownVulnerability",
    "MatchReport",
    "MatchReportError",
    "SourcedSeverity",
    "Unevaluated",
]

MATCH_REPORT_TYPE: Final = "application/vnd.gatebook.match-report+json"
_VERSION: Final = 1
_MAX_BYTES: Final = 64 * 1024 * 1024


class MatchReportError(MalformedError):
    """Bytes are not a match report."""

    code = "vulnerabilities.match-report"


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    pass


class SourcedSeverity(_Part, frozen=True, kw_only=True):
    """How bad somebody says a vulnerability is.

    Attributes:
        source: who says so: ``nvd``, ``ghsa``, ``debian``, the prefix of an advisory's id …
        severity: one of :class:`gatebook.formats.scan.report.Severity`.
        score: CVSS base score with one decimal, such as ``9.8``.
        vector: the CVSS vector it was computed from.

    """

    source: str
    severity: str
    score: str | None = None
    vector: str | None = None


class KnownVulnerability(_Part, frozen=True, kw_only=True):
    """One vulnerability in one component: all advisories that are aliases of each other are one.

    Attributes:
        id: the canonical id of the alias cluster.
        advisories: ids of the records that matched, sorted.
        aliases: every other id of the cluster, sorted.
        upstream: ids a matched record derives from, such as the CVE behind a distribution's.
        purl: the component, as the SBOM writes it.
        component: its name, for people.
        version: its version, as the SBOM writes it.
        affected: the range that matched, for people: ``>=3.0,<3.1.12``.
        fixed: versions without it, as written, lowest first.
        severities: who says how bad it is.
        known_exploited: when CISA listed it as exploited; ``None`` if it did not.
        exploited_due: CISA's due date.
        epss: probability of exploitation in 30 days, as published: ``0.97421``.
        epss_percentile: as published.
        malicious: whether the component itself is malware (``MAL-`` records).
        published: when the earliest of the matched records was published.
        modified: when the latest of them was changed.
        first_seen: the instant of the first report about this artifact that held it.

    """

    id: str
    advisories: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    purl: str
    component: str
    version: str | None = None
    affected: str
    fixed: tuple[str, ...] = ()
    severities: tuple[SourcedSeverity, ...] = ()
    known_exploited: str | None = None
    exploited_due: str | None = None
    epss: str | None = None
    epss_percentile: str | None = None
    malicious: bool = False
    published: str | None = None
    modified: str | None = None
    first_seen: str

    @property
    def names(self) -> tuple[str, ...]:
        """Every id by which a statement or waiver may name it."""
        return tuple(dict.fromkeys((self.id, *self.advisories, *self.aliases, *self.upstream)))

    @property
    def seen(self) -> Instant:
        """:attr:`first_seen`, parsed."""
        return Instant.parse(self.first_seen)


class Unevaluated(_Part, frozen=True, kw_only=True):
    """A component of which nobody can say whether an advisory touches it.

    Attributes:
        component: its name and version, for people.
        purl: as the SBOM writes it.
        code: stable name of the reason.

    """

    component: str
    purl: str | None = None
    code: str


class MatchReport(_Part, frozen=True, kw_only=True):
    """The report.

    Attributes:
        v: version of the document's form.
        subject: the artifact.
        sbom: digest of the document that held the SBOM.
        snapshot: digest of the advisory snapshot's manifest.
        known: the newest change of any record of the snapshot: what was known by then is in it.
        imported: when the snapshot was imported.
        at: when the report was made.
        components: how many components were looked up.
        findings: what is known, by canonical id, then package URL.
        unevaluated: components nobody can judge, by name.

    """

    v: int
    subject: str
    sbom: str
    snapshot: str
    known: str | None = None
    imported: str
    at: str
    components: int
    findings: tuple[KnownVulnerability, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()

    def encode(self) -> bytes:
        """Write the document in canonical form."""
        return canonical.encode(self)

    @classmethod
    def parse(cls, data: bytes) -> "MatchReport":
        """Read what :meth:`encode` wrote.

        Raises:
            MatchReportError: it is another document, or not in canonical form.

        """
        if len(data) > _MAX_BYTES:
            raise MatchReportError(f"a match report of {len(data)} bytes is not read")
        try:
            report = _DECODER.decode(data)
            Digest.parse(report.subject)
            Digest.parse(report.sbom)
            Digest.parse(report.snapshot)
            for text in (
                report.imported,
                report.at,
                *(each.first_seen for each in report.findings),
            ):
                Instant.parse(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeError, GatebookError) as error:
            raise MatchReportError(f"not a match report: {error}") from None
        if report.v != _VERSION:
            raise MatchReportError(f"a match report of version {report.v} is not read")
        if report.encode() != data:
            raise MatchReportError("the match report is not in canonical form")
        return report


_DECODER: Final = msgspec.json.Decoder(MatchReport)
