"""The normal form that every scanner's report is read into.

A report with no findings is readable: whether the scan that made it covered the artifact, was
recent and ran to its end is said by the record and judged elsewhere.
"""

from enum import StrEnum
from typing import Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = [
    "Cvss",
    "FindingKind",
    "FindingState",
    "FixState",
    "ReportedFinding",
    "ReportedPackage",
    "ScanError",
    "ScanReport",
    "ScannerDatabase",
    "Severity",
]


class ScanError(MalformedError):
    """Bytes are not a scanner's report that can be read."""

    code = "formats.scan"


class Severity(StrEnum):
    """How bad a finding is, in one scale for every scanner; ordered by :attr:`rank`."""

    UNKNOWN = "unknown"
    NONE = "none"
    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position from harmless to critical; ``UNKNOWN`` is 0 and comparable with nothing."""
        return _RANKS[self]


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


class FindingKind(StrEnum):
    """What was found."""

    VULNERABILITY = "vulnerability"
    MISCONFIGURATION = "misconfiguration"
    SECRET = "secret"  # noqa: S105  # the kind of a finding
    LICENSE = "license"
    CODE = "code"
    MALWARE = "malware"


class FixState(StrEnum):
    """Whether a version without the flaw exists."""

    FIXED = "fixed"
    NOT_FIXED = "not-fixed"
    WONT_FIX = "wont-fix"
    UNKNOWN = "unknown"


class FindingState(StrEnum):
    """What became of a finding, as the report says; only ``OPEN`` ones stand against an artifact.

    ``SUPPRESSED`` and ``DISMISSED`` are somebody's judgement, carried with its reason and believed
    only where a contract says whose.
    """

    OPEN = "open"
    SUPPRESSED = "suppressed"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"


class Cvss(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A CVSS assessment.

    Attributes:
        version: ``2.0``, ``3.0``, ``3.1`` or ``4.0``; ``None`` when the report does not say.
        vector: as written.
        score: base score, 0 to 10, as written.
        source: who assessed it, as written (``nvd``, ``ghsa``, …).

    """

    version: str | None = None
    vector: str | None = None
    score: float | None = None
    source: str | None = None


class ReportedPackage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The package a finding is about.

    Attributes:
        name: as written, namespace and group included as the report joins them.
        version: the installed version, as written.
        purl: package URL, as written.
        type: the package or ecosystem type in the report's words (``npm``, ``debian``).
        location: path of the file it was found in.
        layer: digest of the image layer that brought it.

    """

    name: str
    version: str | None = None
    purl: str | None = None
    type: str | None = None
    location: str | None = None
    layer: Digest | None = None


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finding: a vulnerability in one package, or a rule that one place breaks.

    Attributes:
        id: as the scanner names it (``CVE-…``, ``GHSA-…``, a rule's id).
        kind: what was found.
        aliases: other names the report gives the same flaw, sorted, without ``id``.
        package: where it is, for flaws in packages.
        severity: normalised; ``UNKNOWN`` where the report gives none.
        severity_written: as written; ``None`` where the report gives none.
        severity_source: who gave it (``debian``, ``nvd``, …), as written.
        cvss: every assessment the report carries.
        fix: whether there is a version without the flaw.
        fixed_versions: those versions, as written.
        state: what became of it.
        state_reason: why it is not open, as written: status, justification, comment.
        known_exploited: what the report says of CISA's catalogue; ``None`` when nothing.
        epss: probability of exploitation in 30 days (0 to 1) as the report gives it.
        reachable: whether the vulnerable code is called, where the scanner says.
        title: one line for people.
        url: where to read more.
        locations: ``path`` or ``path:line`` of findings in files.
        published: when the flaw became known, as the report says.
        fingerprint: the scanner's own stable identifier of this finding.
        covers: the flaws it bundles, where it is about more than one (an advisory of a distribution
            with several CVEs). They are no aliases: a statement on one of them says nothing of the
            others, and one of them on a deny list is enough.
        occurrences: how many entries of the report it stands for, such as one per dependency path.

    """

    id: str
    kind: FindingKind = FindingKind.VULNERABILITY
    aliases: tuple[str, ...] = ()
    package: ReportedPackage | None = None
    severity: Severity = Severity.UNKNOWN
    severity_written: str | None = None
    severity_source: str | None = None
    cvss: tuple[Cvss, ...] = ()
    fix: FixState = FixState.UNKNOWN
    fixed_versions: tuple[str, ...] = ()
    state: FindingState = FindingState.OPEN
    state_reason: str | None = None
    known_exploited: bool | None = None
    epss: float | None = None
    reachable: bool | None = None
    title: str | None = None
    url: str | None = None
    locations: tuple[str, ...] = ()
    published: Instant | None = None
    fingerprint: str | None = None
    covers: tuple[str, ...] = ()
    occurrences: int = 1


class ScannerDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """The vulnerability data a scanner used.

    Attributes:
        version: as written.
        built: when it was made.
        digest: of its bytes.

    """

    version: str | None = None
    built: Instant | None = None
    digest: Digest | None = None


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report.

    Attributes:
        format: what it was read from.
        scanners: ``name version`` of what made it, as far as the report says.
        database: the data that was matched against, as far as the report says.
        created: when the report says it was made; the end of the scan where both are given.
        started: when the scan began, where the report says.
        targets: digests of what was scanned, as far as the report says; empty binds nothing.
        target_names: names of what was scanned, as written.
        findings: every finding, whatever its state.
        incomplete: why the scan is not known to be whole (it failed, a page is missing, a target
            was skipped); empty when nothing in the report says so.
        notes: what the report claims of itself that does not fit what was counted.

    """

    format: DocumentFormat
    scanners: tuple[str, ...] = ()
    database: ScannerDatabase | None = None
    created: Instant | None = None
    started: Instant | None = None
    targets: tuple[Digest, ...] = ()
    target_names: tuple[str, ...] = ()
    findings: tuple[ReportedFinding, ...] = ()
    incomplete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def open_findings(self) -> tuple[ReportedFinding, ...]:
        """The findings that stand."""
        return tuple(each for each in self.findings if each.state is FindingState.OPEN)
