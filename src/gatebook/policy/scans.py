"""Which scans can be relied on, and which of them speaks last.

A scan is taken for what it is only when it covers this artifact, ran to its end, is by a tool and
with data that the contract allows, and is recent enough. One that is not does not count for the
artifact, and does not take back what an earlier one found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatebook.clock import Duration, Instant
from gatebook.errors import GatebookError
from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.report import ScanReport
from gatebook.policy.choice import Kept
from gatebook.policy.parameters import Parameters
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions

__all__ = [
    "CODE_FORMATS",
    "SCAN_PARAMETERS",
    "VULNERABILITY_FORMATS",
    "DatedBy",
    "ScanRules",
    "ScanTrouble",
    "ScannerRule",
    "Target",
    "newest_of_each",
]

# Reports about code, configuration or secrets, and single alerts of a feed.
CODE_FORMATS: Final = frozenset(
    {
        DocumentFormat.SARIF,
        DocumentFormat.GITHUB_CODE_SCANNING_ALERTS,
        DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS,
        DocumentFormat.GITLAB_SECURITY_REPORT,
        DocumentFormat.CHECKMARX,
        DocumentFormat.GITLEAKS,
        DocumentFormat.DETECT_SECRETS,
        DocumentFormat.SNYK_ISSUES_REST,
        DocumentFormat.AWS_ASFF,
    }
)
# GitLab's report and Snyk's issues are of either kind; the others never list packages, or not only.
VULNERABILITY_FORMATS: Final = frozenset(
    {
        DocumentFormat.TRIVY_JSON,
        DocumentFormat.TRIVY_LEGACY_LIST,
        DocumentFormat.TRIVY_K8S,
        DocumentFormat.TRIVY_OPERATOR_VULNERABILITIES,
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_VULNERABILITIES,
        DocumentFormat.TRIVY_OPERATOR_NODE_VULNERABILITIES,
        DocumentFormat.TRIVY_OPERATOR_IMAGE_VULNERABILITIES,
        DocumentFormat.GRYPE_JSON,
        DocumentFormat.SNYK_JSON,
        DocumentFormat.SNYK_ALL_PROJECTS,
        DocumentFormat.SNYK_ISSUES_REST,
        DocumentFormat.OSV_SCANNER_JSON,
        DocumentFormat.CYCLONEDX_JSON,
        DocumentFormat.CYCLONEDX_XML,
        DocumentFormat.IN_TOTO_VULNS,
        DocumentFormat.COSIGN_VULN,
        DocumentFormat.GITHUB_DEPENDABOT_GRAPHQL,
        DocumentFormat.GITHUB_DEPENDABOT_ALERTS,
        DocumentFormat.AWS_INSPECTOR2,
        DocumentFormat.AWS_ECR,
        DocumentFormat.AWS_ASFF,
        DocumentFormat.GITLAB_SECURITY_REPORT,
        DocumentFormat.NPM_AUDIT_V1,
        DocumentFormat.NPM_AUDIT_V2,
        DocumentFormat.YARN_AUDIT,
        DocumentFormat.PIP_AUDIT,
        DocumentFormat.PIP_AUDIT_LEGACY_LIST,
        DocumentFormat.CARGO_AUDIT,
        DocumentFormat.GOVULNCHECK,
        DocumentFormat.GOVULNCHECK_LEGACY,
        DocumentFormat.DEPENDENCY_TRACK_FPF,
        DocumentFormat.DEPENDENCY_CHECK_XML,
        DocumentFormat.DEPENDENCY_CHECK_JSON,
        DocumentFormat.HARBOR_REPORT,
        DocumentFormat.CLAIR_SCANNER,
        DocumentFormat.CLAIR_KLAR,
        DocumentFormat.CLAIR_V4,
        DocumentFormat.GCP_ARTIFACT_ANALYSIS,
        DocumentFormat.TWISTCLI,
        DocumentFormat.BLACK_DUCK,
    }
)

SCAN_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "formats": "names of the formats that count, as `gatebook inspect` prints them",
        "scanners": "tools of which one has to have made the scan, each with its smallest version "
        "if that matters: `trivy>=0.58`, `grype`; any if absent",
        "max-age": "greatest age of the scan at the instant of the decision, such as `24h`; any if "
        "absent",
        "max-database-age": "greatest age of the data the scanner used, such as `5d`; any if "
        "absent, and a report that does not say is not enough if given",
        "target": "`consistent` if the report may leave open what was scanned but names no other "
        "digest, `named` if it has to name this digest, `attested` if what its signer says it is "
        "about is enough; `consistent` if absent",
        "dated-by": "`report` if a report has to say when the scan was, `entry` if the time at "
        "which the ledger received it will do; `report` if absent",
    }
)


class Target(StrEnum):
    """What a report has to say of what was scanned."""

    NAMED = "named"
    CONSISTENT = "consistent"
    ATTESTED = "attested"


class DatedBy(StrEnum):
    """Where the age of a scan may come from."""

    REPORT = "report"
    ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class ScanTrouble:
    """Why a scan cannot be relied on.

    Attributes:
        code: stable name of the reason.
        text: the same for people.

    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ScannerRule:
    """A tool that is allowed.

    Attributes:
        name: what it is called, compared without case.
        least: its smallest version.

    """

    name: str
    least: str | None

    @classmethod
    def parse(cls, text: str) -> "ScannerRule | None":
        """Read ``trivy`` or ``trivy>=0.58``; ``None`` if it is neither."""
        name, separator, least = (part.strip() for part in text.partition(">="))
        if not name or (separator and not least):
            return None
        if least:
            try:
                compare_versions(Scheme.GENERIC, least, least)
            except GatebookError:
                return None
        return cls(name, least or None)

    def __str__(self) -> str:
        return self.name if self.least is None else f"{self.name} {self.least} or later"

    def fits(self, scanner: str) -> bool:
        """Whether a tool, written ``name version``, is this one and new enough."""
        name, version = tool_of(scanner)
        if name.casefold() != self.name.casefold():
            return False
        if self.least is None:
            return True
        if version is None:
            return False
        try:
            return compare_versions(Scheme.GENERIC, version.removeprefix("v"), self.least) >= 0
        except GatebookError:
            return False


def tool_of(scanner: str) -> tuple[str, str | None]:
    """Take ``name version`` apart; a last word is a version when it begins like one."""
    name, _, last = scanner.strip().rpartition(" ")
    if name and last.removeprefix("v")[:1].isdigit():
        return name.strip(), last
    return scanner.strip(), None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRules:
    """What a scan has to be like.

    Attributes:
        formats: which formats count.
        scanners: which tools count; any when empty.
        max_age: how old a scan may be.
        max_database_age: how old the scanner's data may be.
        target: what it has to say of what was scanned.
        dated_by: where its age may come from.

    """

    formats: frozenset[DocumentFormat]
    scanners: tuple[ScannerRule, ...] = ()
    max_age: Duration | None = None
    max_database_age: Duration | None = None
    target: Target = Target.CONSISTENT
    dated_by: DatedBy = DatedBy.REPORT

    @classmethod
    def read(
        cls,
        parameters: Parameters,
        formats: frozenset[DocumentFormat],
        *,
        target: Target = Target.CONSISTENT,
    ) -> "ScanRules":
        """Take the parameters of :data:`SCAN_PARAMETERS`; ``formats`` is the default.

        Raises:
            ContractError: one is malformed.

        """
        every = [each.value for each in sorted(VULNERABILITY_FORMATS | CODE_FORMATS)]
        chosen = parameters.choices("formats", every, [each.value for each in formats])
        scanners: list[ScannerRule] = []
        for text in parameters.texts("scanners"):
            rule = ScannerRule.parse(text)
            if rule is None:
                raise parameters.refuse(f"'scanners': {text[:60]!r} is not like trivy>=0.58")
            scanners.append(rule)
        return cls(
            formats=frozenset(DocumentFormat(each) for each in chosen),
            scanners=tuple(scanners),
            max_age=parameters.optional_duration("max-age"),
            max_database_age=parameters.optional_duration("max-database-age"),
            target=parameters.word("target", Target, target),
            dated_by=parameters.word("dated-by", DatedBy, DatedBy.REPORT),
        )

    @property
    def described(self) -> str:
        """What is demanded, for people."""
        texts = ["that ran to its end"]
        if self.scanners:
            texts.append(f"by {' or '.join(str(each) for each in self.scanners)}")
        if self.max_age is not None:
            texts.append(f"at most {self.max_age} old")
        if self.max_database_age is not None:
            texts.append(f"with data at most {self.max_database_age} old")
        if self.target is Target.NAMED:
            texts.append("that names this digest")
        return ", ".join(texts)

    def troubles(self, scan: Kept[ScanReport], facts: Facts) -> tuple[ScanTrouble, ...]:
        """Say why a scan cannot be relied on; nothing if it can."""
        report, fact = scan.content, scan.fact
        found: list[ScanTrouble] = []
        if report.format not in self.formats:
            found.append(ScanTrouble("policy.scan-format", f"its format is {report.format}"))
        if report.incomplete:
            what = "; ".join(report.incomplete[:2])
            found.append(ScanTrouble("policy.scan-incomplete", f"it is not whole: {what}"))
        found.extend(self._target(report, facts))
        if self.scanners and not any(
            rule.fits(scanner) for rule in self.scanners for scanner in report.scanners
        ):
            made = ", ".join(report.scanners) or "a tool it does not name"
            found.append(ScanTrouble("policy.scan-tool", f"it is by {made}"))
        if report.created is not None and report.created > fact.received:
            told = f"it says {report.created}, and was received at {fact.received}"
            found.append(ScanTrouble("policy.scan-from-the-future", told))
        else:
            found.extend(self._age(report, fact, facts.now))
        return tuple(found)

    def until_any(self, scans: Iterable[Kept[ScanReport]]) -> Instant | None:
        """When the last of some reliable scans is too old; ``None`` for never."""
        ends = [self.until(scan) for scan in scans]
        dated = [end for end in ends if end is not None]
        return max(dated) if dated and len(dated) == len(ends) else None

    def until(self, scan: Kept[ScanReport]) -> Instant | None:
        """When a scan that can be relied on is too old; ``None`` for never."""
        ends: list[Instant] = []
        time = self._time(scan.content, scan.fact)
        if self.max_age is not None and time is not None:
            ends.append(time + self.max_age)
        database = scan.content.database
        if self.max_database_age is not None and database is not None and database.built:
            ends.append(database.built + self.max_database_age)
        return min(ends, default=None)

    def _time(self, report: ScanReport, fact: EvidenceFact) -> Instant | None:
        if report.created is not None:
            return report.created
        return fact.received if self.dated_by is DatedBy.ENTRY else None

    def _target(self, report: ScanReport, facts: Facts) -> Iterable[ScanTrouble]:
        if self.target is Target.ATTESTED or facts.subject in report.targets:
            return
        same = [each for each in report.targets if each.algorithm == facts.subject.algorithm]
        if same:
            yield ScanTrouble("policy.scan-other-artifact", f"it is of {same[0]}")
        elif self.target is Target.NAMED:
            yield ScanTrouble("policy.scan-target-unknown", "it does not say what was scanned")

    def _age(self, report: ScanReport, fact: EvidenceFact, now: Instant) -> Iterable[ScanTrouble]:
        time = self._time(report, fact)
        if self.max_age is not None:
            if time is None:
                yield ScanTrouble("policy.scan-undated", "it does not say when it was made")
            elif now - time > self.max_age:
                yield ScanTrouble("policy.scan-too-old", f"it was made at {time}")
        if self.max_database_age is None:
            return
        built = None if report.database is None else report.database.built
        if built is None:
            told = "it does not say how old the scanner's data is"
            yield ScanTrouble("policy.scan-database-unknown", told)
        elif built > fact.received:
            told = f"its data is of {built}, after it was received"
            yield ScanTrouble("policy.scan-from-the-future", told)
        elif now - built > self.max_database_age:
            told = f"the scanner's data is of {built}"
            yield ScanTrouble("policy.scan-database-too-old", told)


def newest_of_each(
    scans: Sequence[Kept[ScanReport]], reliable: Iterable[Kept[ScanReport]]
) -> tuple[Kept[ScanReport], ...]:
    """The scans that speak: of one tool, format and target the last reliable, and all after it.

    A scan that cannot be relied on takes nothing back, so that both it and the one before speak.
    """
    trusted = {scan.fact.entry.index for scan in reliable}
    latest: dict[tuple[str, ...], tuple[Instant, int]] = {}
    for scan in scans:
        if scan.fact.entry.index in trusted:
            order = _order(scan)
            key = _series(scan.content)
            latest[key] = max(latest.get(key, order), order)
    return tuple(
        scan
        for scan in scans
        if (newest := latest.get(_series(scan.content))) is None or _order(scan) >= newest
    )


def _order(scan: Kept[ScanReport]) -> tuple[Instant, int]:
    received = scan.fact.received
    return min(scan.content.created or received, received), scan.fact.entry.index


def _series(report: ScanReport) -> tuple[str, ...]:
    tools = sorted({tool_of(scanner)[0].casefold() for scanner in report.scanners})
    return (report.format.value, *tools, "/", *sorted(report.target_names))
