"""Facts made by hand: what a control is given, without a book around it."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gatebook import canonical
from gatebook.clock import Duration, Instant
from gatebook.digest import Digest, sha256
from gatebook.facts.facts import (
    AdvisoriesFact,
    ArtifactFact,
    EntryReference,
    EvidenceFact,
    Facts,
    Identity,
    MatchFact,
    Problem,
    SignerFact,
)
from gatebook.formats.purl import PackageUrl
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.sbom.component import ConvertedComponent
from gatebook.formats.sbom.components import Sbom, SbomFormat
from gatebook.formats.scan.report import (
    FindingKind,
    ReportedFinding,
    ReportedPackage,
    ScannerDatabase,
    ScanReport,
    Severity,
)
from gatebook.formats.vex.statement import (
    Justification,
    VexComponent,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)
from gatebook.formats.waiver import WaiverPredicate
from gatebook.ledger.kinds import ArtifactKind, BuildInformation
from gatebook.names import Actor, ArtifactName, CommitId, ControlId, EnvironmentName
from gatebook.policy.contract import Contract
from gatebook.policy.outcome import Finding
from gatebook.vulnerabilities.match_report import (
    KnownVulnerability,
    MatchReport,
    SourcedSeverity,
    Unevaluated,
)

NOON = Instant.parse("2026-11-20T12:00:00Z")
API = sha256(b"acme/api 1.0")
OTHER = sha256(b"acme/web 2.0")
COMMIT = "c" * 40
PROD = EnvironmentName.parse("prod")
SNAPSHOT = sha256(b"snapshot")
LODASH = "pkg:npm/lodash@4.17.20"


def ago(duration: str) -> Instant:
    """So long before noon."""
    return Instant(NOON.unix_ms - Duration.parse(duration).milliseconds)


def ahead(duration: str) -> Instant:
    """So long after noon."""
    return NOON + Duration.parse(duration)


@dataclass
class FactsKit:
    """Short words for facts."""

    numbers: Iterable[int] = field(default_factory=lambda: itertools.count(10))
    noon: Instant = NOON
    api: Digest = API
    other: Digest = OTHER
    commit: str = COMMIT
    snapshot: Digest = SNAPSHOT
    lodash: str = LODASH
    ago: Any = ago
    ahead: Any = ahead

    # -- evidence ------------------------------------------------------------------------------

    def signer(self, holder: str = "key#ci", identity: str | None = None) -> SignerFact:
        return SignerFact(
            key=sha256(holder.encode()).hex,
            holder=Actor.parse(holder),
            identity=Identity(identity or holder),
            trusted_as=holder,
        )

    def reference(self, kind: str = "evidence.accepted") -> EntryReference:
        index = next(iter(self.numbers))
        return EntryReference(index=index, id=f"entry-{index}", kind=kind)

    def evidence(
        self,
        content: Any = None,
        *,
        holder: str | None = "key#ci",
        identity: str | None = None,
        **changes: Any,
    ) -> EvidenceFact:
        """A piece of evidence; ``holder=None`` for one that was only reported."""
        signers = () if holder is None else (self.signer(holder, identity),)
        entry = self.reference("evidence.accepted" if holder else "evidence.reported")
        parts: dict[str, Any] = {
            "entry": entry,
            "document": sha256(f"document {entry.index}".encode()),
            "predicate_type": "https://gatebook.dev/predicates/report/v1",
            "kind": None,
            "signed": holder is not None,
            "signers": signers,
            "content": content,
            "received": NOON,
        }
        return EvidenceFact(**{**parts, **changes})

    def unreadable(self, code: str = "canonical.malformed", **changes: Any) -> EvidenceFact:
        """A signed report that cannot be read, as the facts say it."""
        problem = Problem(
            code=code, message="it ends too early", damaged=changes.pop("damaged", False)
        )
        return replace(
            self.evidence(**changes), problem=problem, signed=False, signers=(), content=None
        )

    def scan(self, *findings: ReportedFinding, **changes: Any) -> ScanReport:
        """A report of Trivy's, an hour old."""
        parts: dict[str, Any] = {
            "format": DocumentFormat.TRIVY_JSON,
            "scanners": ("Trivy 0.58.1",),
            "database": ScannerDatabase(built=ago("12h")),
            "created": ago("1h"),
            "targets": (API,),
            "findings": findings,
        }
        return ScanReport(**{**parts, **changes})

    def finding(
        self, name: str = "CVE-2026-1001", severity: Severity = Severity.HIGH, **changes: Any
    ) -> ReportedFinding:
        parts: dict[str, Any] = {
            "id": name,
            "severity": severity,
            "package": ReportedPackage(name="lodash", version="4.17.20", purl=LODASH),
        }
        return ReportedFinding(**{**parts, **changes})

    def weakness(
        self, name: str = "py/sql-injection", severity: Severity = Severity.HIGH, **changes: Any
    ) -> ReportedFinding:
        parts: dict[str, Any] = {
            "id": name,
            "severity": severity,
            "kind": FindingKind.CODE,
            "locations": ("app.py:3",),
        }
        return ReportedFinding(**{**parts, **changes})

    def sbom(self, *purls: str, **changes: Any) -> Sbom:
        components = tuple(
            ConvertedComponent(
                name=PackageUrl.parse(purl).name,
                purl=purl,
                ref=purl,
                version=PackageUrl.parse(purl).version,
                type="library",
            )
            for purl in purls or (LODASH,)
        )
        parts: dict[str, Any] = {
            "format": SbomFormat.CYCLONEDX,
            "spec_version": "1.6",
            "components": components,
            "created": ago("2h"),
        }
        return Sbom(**{**parts, **changes})

    # -- advisories ----------------------------------------------------------------------------

    def advisories(self, **changes: Any) -> AdvisoriesFact:
        parts: dict[str, Any] = {
            "entry": self.reference("advisories.imported"),
            "snapshot": SNAPSHOT,
            "records": 10,
            "known": ago("6h"),
            "imported": ago("5h"),
        }
        return AdvisoriesFact(**{**parts, **changes})

    def known(
        self, name: str = "CVE-2026-1001", severity: str = "high", **changes: Any
    ) -> KnownVulnerability:
        parts: dict[str, Any] = {
            "id": name,
            "advisories": (f"GHSA-{name.rpartition('-')[2].zfill(4)}-xxxx-xxxx",),
            "purl": LODASH,
            "component": "lodash",
            "version": "4.17.20",
            "affected": "<4.17.21",
            "fixed": ("4.17.21",),
            "severities": (SourcedSeverity(source="ghsa", severity=severity, score="8.1"),),
            "first_seen": str(ago("1d")),
            "published": str(ago("4w")),
        }
        return KnownVulnerability(**{**parts, **changes})

    def match(
        self,
        sbom: EvidenceFact,
        *findings: KnownVulnerability,
        unevaluated: Sequence[Unevaluated] = (),
        components: int = 1,
        **changes: Any,
    ) -> MatchFact:
        report = MatchReport(
            v=1,
            subject=str(API),
            sbom=str(sbom.document),
            snapshot=str(SNAPSHOT),
            imported=str(ago("5h")),
            at=str(NOON),
            components=components,
            findings=findings,
            unevaluated=tuple(unevaluated),
        )
        parts: dict[str, Any] = {
            "entry": self.reference("advisories.matched"),
            "sbom": sbom.document,
            "snapshot": SNAPSHOT,
            "report": report,
            "received": NOON,
        }
        return MatchFact(**{**parts, **changes})

    def matched(
        self, *findings: KnownVulnerability, further: Sequence[EvidenceFact] = (), **changes: Any
    ) -> Facts:
        """Facts about an artifact whose one SBOM was matched with today's advisories."""
        sbom = self.evidence(self.sbom())
        match = self.match(sbom, *findings, **changes)
        return self.facts(sbom, *further, matches=(match,), advisories=self.advisories())

    # -- statements and waivers ----------------------------------------------------------------

    def vex(
        self,
        name: str = "CVE-2026-1001",
        status: VexStatus = VexStatus.NOT_AFFECTED,
        **changes: Any,
    ) -> VexDocument:
        """A document with one statement about this digest and lodash in it."""
        document: dict[str, Any] = {
            part: changes.pop(part) for part in ("id", "revision_state") if part in changes
        }
        parts: dict[str, Any] = {
            "pointer": "/statements/0",
            "vulnerability": name,
            "status": status,
            "status_written": str(status),
            "justification": Justification.VULNERABLE_CODE_NOT_PRESENT,
            "time": ago("3h"),
            "products": (
                VexProduct(
                    identity=VexComponent(hashes=((API.algorithm, API.hex),)),
                    subcomponents=(VexComponent(purls=(PackageUrl.parse(LODASH),)),),
                ),
            ),
        }
        statement = VexStatement(**{**parts, **changes})
        return VexDocument(
            format=DocumentFormat.OPENVEX,
            spec_version="0.2.0",
            updated=ago("3h"),
            statements=(statement,),
            **document,
        )

    def waiver(self, **changes: Any) -> WaiverPredicate:
        parts: dict[str, Any] = {
            "environment": PROD,
            "control": ControlId.parse("under-test"),
            "owner": Actor.parse("key#dev"),
            "reason": "the code is not reached",
            "expires": ahead("10d"),
            "vulnerability": "CVE-2026-1001",
        }
        return WaiverPredicate(**{**parts, **changes})

    # -- judging -------------------------------------------------------------------------------

    def facts(self, *evidence: EvidenceFact, **changes: Any) -> Facts:
        artifact = ArtifactFact(
            entry=EntryReference(index=1, id="entry-1", kind="artifact.recorded"),
            name=ArtifactName.parse("acme/api"),
            artifact=ArtifactKind.IMAGE,
            build=BuildInformation(commit=CommitId.parse(COMMIT)),
            recorded_by=Actor.parse("key#ci"),
            recorded=ago("2h"),
        )
        parts: dict[str, Any] = {
            "subject": API,
            "environment": PROD,
            "now": NOON,
            "origin": "book.example/acme",
            "size": 100,
            "contract": None,
            "trust_root": None,
            "artifacts": (artifact,),
            "authors": (Identity("person:dev"),),
            "evidence": evidence,
        }
        return Facts(**{**parts, **changes})

    def contract(self, control: str, parameters: Mapping[str, Any]) -> Contract:
        """A contract with one control, ``under-test``; members of ``security`` are Ana and Ben."""
        demand = {"id": "under-test", "use": control, "with": dict(parameters)}
        return Contract.parse(
            canonical.encode(
                {
                    "contract": "gatebook/contract/v1",
                    "environment": "prod",
                    "roles": {"security": ["ana", "ben"]},
                    "controls": [demand],
                }
            )
        )

    def judge(
        self, control: str, facts: Facts, parameters: Mapping[str, Any] | None = None
    ) -> Finding:
        """Judge one control; what every finding has to be like is checked here."""
        contract = self.contract(control, parameters or {})
        finding = contract.demands[0].control.judge(facts, contract.roles)
        assert finding.expected
        assert finding.found
        assert finding.code.startswith("policy.")
        assert bool(finding.fix) == (not finding.status.satisfies)
        assert finding.until is None or finding.status.satisfies
        return finding


@pytest.fixture
def kit() -> FactsKit:
    """The kit."""
    return FactsKit()


@pytest.fixture(scope="session")
def kits() -> type[FactsKit]:
    """A kit for each example of a property."""
    return FactsKit
