"""One vulnerability in one component, merged from everybody who names it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.scan.report import FixState, Severity
from gatebook.vulnerabilities.match_report import SourcedSeverity
from gatebook.vulnerabilities.vex.records import AppliedStatement, NotApplied

__all__ = ["AppliedWaiver", "ChosenSeverity", "Merged", "Standing", "Weighed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One vulnerability in one component, under all of its names.

    Attributes:
        id: the canonical identifier.
        names: every identifier that means exactly this vulnerability, sorted, ``id`` among them.
        covers: vulnerabilities it bundles, where it is about several; they are no names of it.
        component: the component's name, for people.
        version: its version, as written.
        purl: its package URL, as written.
        severities: who says how bad it is.
        fixed: versions without it, as written.
        fix: whether there is one.
        exploited: when CISA listed it as exploited; empty text when that is said without a date.
        epss: probability of exploitation in 30 days, the highest that anybody gives.
        malicious: whether the component itself is malware.
        published: when it became known to the world, as far as anybody says.
        first_seen: when it was first seen in this artifact.
        sources: entries that name it, in order.

    """

    id: str
    names: tuple[str, ...]
    covers: tuple[str, ...] = ()
    component: str
    version: str | None = None
    purl: str | None = None
    severities: tuple[SourcedSeverity, ...] = ()
    fixed: tuple[str, ...] = ()
    fix: FixState = FixState.UNKNOWN
    exploited: str | None = None
    epss: Decimal | None = None
    malicious: bool = False
    published: Instant | None = None
    first_seen: Instant
    sources: tuple[str, ...] = ()

    def named(self, identifier: str) -> bool:
        """Whether an identifier is one of its names."""
        folded = identifier.casefold()
        return any(name.casefold() == folded for name in self.names)

    @property
    def place(self) -> str:
        """The component with its version, for people."""
        return f"{self.component} {self.version or ''}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSeverity:
    """The severity that counts.

    Attributes:
        severity: how bad it is.
        source: whose word that is; ``None`` when nobody says.
        score: the CVSS base score that goes with it, or the highest anybody gives.

    """

    severity: Severity
    source: str | None = None
    score: Decimal | None = None


class Standing(StrEnum):
    """What became of a vulnerability."""

    FAILS = "fails"
    TOLERATED = "tolerated"
    GRACE = "grace"
    WAIVED = "waived"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedWaiver:
    """The waiver that lets a vulnerability through.

    Attributes:
        entry: id of the entry that accepted it.
        document: digest of the signed waiver.
        until: when it ends.

    """

    entry: str
    document: Digest
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A vulnerability and what the environment makes of it.

    Attributes:
        merged: the vulnerability.
        severity: the severity that counts.
        reasons: why it is over a threshold; empty if it is not.
        standing: what became of it.
        until: when that changes by itself.
        statements: the exploitability statements that suppress it.
        not_applied: statements that name it and do not apply.
        warnings: what about the statements deserves a look.
        waivers: the waivers that let it through.
        refused_waivers: why other waivers that name it do not count.

    """

    merged: Merged
    severity: ChosenSeverity
    reasons: tuple[str, ...] = ()
    standing: Standing
    until: Instant | None = None
    statements: tuple[AppliedStatement, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()
    warnings: tuple[str, ...] = ()
    waivers: tuple[AppliedWaiver, ...] = ()
    refused_waivers: tuple[str, ...] = field(default=())

    def fails(self, *reasons: str) -> "Weighed":
        """Make it fail for further reasons."""
        return replace(self, standing=Standing.FAILS, reasons=(*self.reasons, *reasons), until=None)

    @property
    def described(self) -> str:
        """The vulnerability for people, in one line."""
        merged = self.merged
        parts = [self.severity.severity.value]
        if self.severity.source is not None:
            parts[0] += f" by {self.severity.source}"
        if self.severity.score is not None:
            parts.append(f"CVSS {self.severity.score}")
        if merged.epss is not None:
            parts.append(f"EPSS {merged.epss}")
        if merged.exploited is not None:
            parts.append("known exploited")
        if merged.malicious:
            parts.append("malware")
        if merged.fixed:
            parts.append(f"fixed in {', '.join(merged.fixed[:3])}")
        elif merged.fix in {FixState.NOT_FIXED, FixState.WONT_FIX}:
            parts.append("no fix")
        return f"{merged.id} in {merged.place} ({', '.join(parts)})"
