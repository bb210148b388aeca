"""What an environment demands about vulnerabilities: thresholds, time to mend, whose word."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatebook.clock import Duration, Instant
from gatebook.formats.scan.report import FixState, Severity
from gatebook.names import Pattern
from gatebook.policy.control import Roles
from gatebook.policy.parameters import Parameters
from gatebook.policy.vulnerabilities.severities import DEFAULT_SOURCES
from gatebook.policy.vulnerabilities.weighed import ChosenSeverity, Merged
from gatebook.policy.waivers import WAIVER_PARAMETERS, WaiverRules
from gatebook.vulnerabilities.vex.records import AuthorScope

__all__ = [
    "THRESHOLD_PARAMETERS",
    "GraceFrom",
    "SignerRule",
    "StatementRules",
    "Thresholds",
]

_KNOWN_EXPLOITED: Final = "known-exploited"
_NO_FIX: Final = "no-fix"
_SEVERITIES: Final = tuple(each.value for each in Severity)
_EXPLOITED_OR: Final = (_KNOWN_EXPLOITED, _NO_FIX, *_SEVERITIES)

THRESHOLD_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "severity": "the lowest severity that fails: `negligible`, `low`, `medium`, `high` or "
        "`critical`; `high` if absent",
        "unknown-severity": "whether one fails of which nobody says how severe it is; `true` if "
        "absent",
        "cvss": "the lowest CVSS base score that fails, such as `7.0`; none if absent",
        "epss": "the lowest probability of exploitation that fails, such as `0.1`; none if absent",
        "known-exploited": "whether one fails that CISA lists as exploited; `true` if absent. "
        "Malware always fails",
        "only-fixable": "whether only those fail that a version without them exists for; known "
        "exploited ones and malware fail anyway; `false` if absent",
        "at-most": "how many there may be of a severity, such as `{medium: 20}`, of those that "
        "neither are waived nor suppressed; any number if absent",
        "severity-sources": "whose word on the severity counts, in order: names of sources as the "
        "finding records them, `distro` for the component's distribution, `scanner` for scans that "
        "name none; `[distro, ghsa, nvd, scanner]` if absent; then the worst of the others",
        "grace": "how long after it was first seen one may stand, by severity, such as "
        "`{critical: 7d, high: 30d, known-exploited: 2d, no-fix: 90d}`; no time if absent. Known "
        "exploited ones have no time but their own, malware has none; `no-fix` counts in place of "
        "the severity's where no fix exists",
        "grace-from": "`first-seen` (in this artifact) or `published`; `first-seen` if absent",
        "vex": "whose exploitability statements count; none if absent. A list of mappings of "
        "`authors` (patterns over who signed, `issuer#subject`), `scope` (`vendor` or `own`) and "
        "`speaks-for` (package URLs that begin what they may speak of; everything if absent)",
        "vex-max-age": "greatest age of a statement that suppresses; any if absent",
        "vex-needs-version": "whether such a statement has to name a version or digest of the "
        "product; `false` if absent",
        **WAIVER_PARAMETERS,
    }
)


class GraceFrom(StrEnum):
    """What a grace period is counted from."""

    FIRST_SEEN = "first-seen"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRule:
    """Whose exploitability statements count.

    Attributes:
        authors: patterns over who signed.
        scope: in which capacity they speak.
        speaks_for: beginnings of package URLs they may speak of.

    """

    authors: tuple[Pattern, ...]
    scope: AuthorScope
    speaks_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRules:
    """What exploitability statements have to be like.

    Attributes:
        signers: whose count.
        max_age: how old one may be that suppresses.
        needs_version: whether it has to name a version or digest.

    """

    signers: tuple[SignerRule, ...] = ()
    max_age: Duration | None = None
    needs_version: bool = False

    @classmethod
    def read(cls, parameters: Parameters) -> "StatementRules":
        """Take ``vex``, ``vex-max-age`` and ``vex-needs-version``."""
        signers: list[SignerRule] = []
        for each in parameters.nested_list("vex"):
            signers.append(
                SignerRule(
                    authors=each.required_patterns("authors"),
                    scope=each.word("scope", AuthorScope, AuthorScope.OWN),
                    speaks_for=each.texts("speaks-for"),
                )
            )
            each.done()
        return cls(
            signers=tuple(signers),
            max_age=parameters.optional_duration("vex-max-age"),
            needs_version=parameters.flag("vex-needs-version", default=False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a vulnerability keeps an artifact out.

    Attributes:
        severity: the lowest that fails.
        unknown_severity: whether one of unknown severity fails.
        cvss: the lowest CVSS base score that fails.
        epss: the lowest probability of exploitation that fails.
        known_exploited: whether one fails that is known to be exploited.
        only_fixable: whether the others fail only where there is a fix.
        at_most: how many there may be of a severity.
        sources: whose word on the severity counts, in order.
        grace: how long one may stand, by severity, or ``known-exploited`` or ``no-fix``.
        grace_from: what that is counted from.
        statements: whose exploitability statements count.
        waivers: which waivers count.

    """

    severity: Severity = Severity.HIGH
    unknown_severity: bool = True
    cvss: Decimal | None = None
    epss: Decimal | None = None
    known_exploited: bool = True
    only_fixable: bool = False
    at_most: tuple[tuple[Severity, int], ...] = ()
    sources: tuple[str, ...] = DEFAULT_SOURCES
    grace: tuple[tuple[str, Duration], ...] = ()
    grace_from: GraceFrom = GraceFrom.FIRST_SEEN
    statements: StatementRules = StatementRules()
    waivers: WaiverRules | None = None

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> "Thresholds":
        """Take the parameters of :data:`THRESHOLD_PARAMETERS`.

        Raises:
            ContractError: one is malformed.

        """
        lowest = parameters.word("severity", Severity, Severity.HIGH)
        if lowest in {Severity.UNKNOWN, Severity.NONE}:
            raise parameters.refuse("'severity' is negligible, low, medium, high or critical")
        at_most: list[tuple[Severity, int]] = []
        for word, inner in parameters.keyed("at-most", _SEVERITIES).items():
            limit = inner.limit("is")
            at_most.append((Severity(word), 0 if limit is None else limit))
        grace = {
            word: inner.duration("is")
            for word, inner in parameters.keyed("grace", _EXPLOITED_OR).items()
        }
        return cls(
            severity=lowest,
            unknown_severity=parameters.flag("unknown-severity", default=True),
            cvss=parameters.decimal("cvss", most=10),
            epss=parameters.decimal("epss", most=1),
            known_exploited=parameters.flag("known-exploited", default=True),
            only_fixable=parameters.flag("only-fixable", default=False),
            at_most=tuple(sorted(at_most, key=lambda each: -each[0].rank)),
            sources=tuple(each.casefold() for each in parameters.texts("severity-sources"))
            or DEFAULT_SOURCES,
            grace=tuple(sorted(grace.items())),
            grace_from=parameters.word("grace-from", GraceFrom, GraceFrom.FIRST_SEEN),
            statements=StatementRules.read(parameters),
            waivers=WaiverRules.read(parameters, roles),
        )

    @property
    def described(self) -> str:
        """What fails, for people."""
        texts = [f"of severity {self.severity} or worse"]
        if self.unknown_severity:
            texts.append("of unknown severity")
        if self.cvss is not None:
            texts.append(f"with CVSS {self.cvss} or more")
        if self.epss is not None:
            texts.append(f"with EPSS {self.epss} or more")
        if self.known_exploited:
            texts.append("known to be exploited")
        fixable = ", if a fix exists" if self.only_fixable else ""
        counted = "".join(
            f"; at most {limit} of severity {severity}" for severity, limit in self.at_most
        )
        graced = "".join(f"; {word} within {period}" for word, period in self.grace)
        time = f" (time to mend{graced})" if graced else ""
        return f"no vulnerability {', '.join(texts)}{fixable}{counted}{time}; no malware"

    def reasons(self, merged: Merged, severity: ChosenSeverity) -> tuple[str, ...]:
        """Say why a vulnerability is over a threshold; nothing if it is not."""
        anyway: list[str] = []
        if merged.malicious:
            anyway.append("malware")
        if self.known_exploited and merged.exploited is not None:
            anyway.append("known exploited")
        reasons: list[str] = []
        if severity.severity is Severity.UNKNOWN:
            if self.unknown_severity:
                reasons.append("unknown severity")
        elif severity.severity.rank >= self.severity.rank:
            reasons.append(f"severity {severity.severity}")
        if self.cvss is not None and severity.score is not None and severity.score >= self.cvss:
            reasons.append(f"CVSS {severity.score}")
        if self.epss is not None and merged.epss is not None and merged.epss >= self.epss:
            reasons.append(f"EPSS {merged.epss}")
        # Whether a fix exists has to be known to matter.
        unfixable = merged.fix in {FixState.NOT_FIXED, FixState.WONT_FIX}
        if self.only_fixable and unfixable:
            reasons = []
        return (*anyway, *reasons)

    def grace_end(self, merged: Merged, severity: ChosenSeverity) -> Instant | None:
        """Until when a vulnerability over a threshold may stand; ``None`` if it may not at all."""
        if merged.malicious:
            return None
        periods = dict(self.grace)
        if merged.exploited is not None and self.known_exploited:
            period = periods.get(_KNOWN_EXPLOITED)
        else:
            period = periods.get(severity.severity.value)
            if merged.fix in {FixState.NOT_FIXED, FixState.WONT_FIX}:
                period = periods.get(_NO_FIX, period)
        start = merged.first_seen if self.grace_from is GraceFrom.FIRST_SEEN else merged.published
        return None if period is None or start is None else start + period
