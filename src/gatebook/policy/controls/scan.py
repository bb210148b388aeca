"""The artifact was scanned by a tool and with data that can be trusted, recently enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.scan.report import ScanReport
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.scans import SCAN_PARAMETERS, VULNERABILITY_FORMATS, ScanRules

__all__ = ["ScanControl"]


@dataclass(frozen=True, slots=True)
class ScanControl:
    """One scan is there that can be relied on; what it found is judged elsewhere."""

    name: ClassVar[str] = "scan"
    purpose: ClassVar[str] = (
        "The artifact was scanned: by an allowed tool, with recent data, recently, to the end."
    )
    satisfied_by: ClassVar[str] = (
        "a vulnerability scan about the digest, in any format that is read, to which nothing of "
        "what is demanded is wanting; its findings are for `vulnerabilities`"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **SCAN_PARAMETERS,
            **CHOICE_PARAMETERS,
        }
    )

    scans: ScanRules
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take what a scan has to be like."""
        del roles
        return cls(
            scans=ScanRules.read(parameters, VULNERABILITY_FORMATS),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for one scan that can be relied on."""
        del roles
        expected = f"a {self.choice.described} vulnerability scan {self.scans.described}"
        found = self.choice.among(facts, ScanReport, Family.SCAN)
        scans = [each for each in found.kept if each.content.format in self.scans.formats]
        troubles = {each.fact.entry.id: self.scans.troubles(each, facts) for each in scans}
        reliable = [each for each in scans if not troubles[each.fact.entry.id]]
        if reliable:
            last = reliable[-1]
            tools = ", ".join(last.content.scanners) or "a tool it does not name"
            return Finding(
                status=Status.PASS,
                code="policy.scanned",
                expected=expected,
                found=f"{len(last.content.findings)} findings by {tools} in {last.place}",
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each in reliable)),
                until=self.scans.until_any(reliable),
            )
        if not scans:
            return found.absent(
                expected,
                missing="policy.scan-missing",
                unreadable="policy.scan-unreadable",
                nothing="there is no vulnerability scan of this digest",
                fix="scan the artifact and hand the report in with `gatebook attest --type report`",
            )
        damaged = found.damaged(expected)
        if damaged is not None:
            return damaged
        return Finding(
            status=Status.FAIL,
            code=troubles[scans[-1].fact.entry.id][0].code,
            expected=expected,
            found=listed(
                f"{each.place}: {trouble.text}"
                for each in reversed(scans)
                for trouble in troubles[each.fact.entry.id]
            ),
            fix="scan the artifact again, to the end and with recent data, and hand the report in "
            "with `gatebook attest --type report`",
            evidence=tuple(dict.fromkeys(each.fact.entry.id for each in scans)),
        )
