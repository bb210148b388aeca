"""What scanners say of the artifact, as far as their reports can be relied on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from gatebook.clock import Instant
from gatebook.facts.facts import Facts
from gatebook.formats.scan.report import ScanReport
from gatebook.policy.choice import Chosen, Kept
from gatebook.policy.control import listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.remembered import Remembered
from gatebook.policy.scans import (
    SCAN_PARAMETERS,
    VULNERABILITY_FORMATS,
    ScanRules,
    newest_of_each,
)
from gatebook.policy.vulnerabilities.answers import Answer, trouble
from gatebook.policy.vulnerabilities.merging import Named, from_scan

__all__ = ["SCANNED_PARAMETERS", "ScannedRules"]

SCANNED_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: f"of scans: {meaning}" for name, meaning in SCAN_PARAMETERS.items()},
        "dismissed": "of scans: whether findings count that the report itself calls suppressed or "
        "dismissed; `true` if absent",
    }
)
_NAMED: Final = Remembered[dict[object, tuple[Named, ...]]](32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRules:
    """What scans have to be like.

    Attributes:
        scans: which can be relied on.
        dismissed: whether findings count that the report itself calls suppressed.

    """

    scans: ScanRules
    dismissed: bool = True

    @classmethod
    def read(cls, parameters: Parameters) -> "ScannedRules":
        """Take the parameters of :data:`SCANNED_PARAMETERS`."""
        return cls(
            scans=ScanRules.read(parameters, VULNERABILITY_FORMATS),
            dismissed=parameters.flag("dismissed", default=True),
        )

    def ask(self, facts: Facts, scans: Chosen[ScanReport], expected: str) -> Answer:
        """Collect what the scans name that speak last."""
        relevant = [each for each in scans.kept if each.content.format in self.scans.formats]
        reliable = [each for each in relevant if not self.scans.troubles(each, facts)]
        speaking = newest_of_each(relevant, reliable)
        return Answer(
            named=(self._named(relevant, speaking),),
            trouble=self._trouble(scans, relevant, reliable, facts, expected),
            until=self.scans.until_any(reliable),
            evidence=tuple(scan.fact.entry.id for scan in speaking),
            resting_on=f"{len(reliable)} scan{'s' * (len(reliable) != 1)}",
        )

    def _named(
        self, relevant: Sequence[Kept[ScanReport]], speaking: Sequence[Kept[ScanReport]]
    ) -> tuple[Named, ...]:
        """What the scans that speak name, each since it was first named; or recall it."""
        entries = tuple((scan.fact.entry.id, scan.fact.received) for scan in relevant)
        key = entries, tuple(scan.fact.entry.id for scan in speaking), self.dismissed
        made = _NAMED.of(tuple(scan.content for scan in relevant), dict)
        if key not in made:
            seen = _first_seen(relevant)
            made[key] = tuple(
                _since(named, seen)
                for scan in speaking
                for named in from_scan(scan, scan.fact.received, dismissed=self.dismissed)
            )
        return made[key]

    def _trouble(
        self,
        scans: Chosen[ScanReport],
        relevant: Sequence[Kept[ScanReport]],
        reliable: Sequence[Kept[ScanReport]],
        facts: Facts,
        expected: str,
    ) -> Finding | None:
        damaged = scans.damaged(expected)
        if damaged is not None or reliable:
            return damaged
        if not relevant:
            return scans.absent(
                expected,
                missing="policy.vulnerabilities-scan-missing",
                unreadable="policy.vulnerabilities-scan-unreadable",
                nothing="there is no vulnerability scan of this digest",
                fix="scan the artifact and hand the report in with `gatebook attest --type report`",
            )
        return trouble(
            Status.FAIL,
            "policy.vulnerabilities-scan-unreliable",
            expected,
            listed(
                f"{each.place}: {why.text} [{why.code}]"
                for each in relevant
                for why in self.scans.troubles(each, facts)
            ),
            "scan the artifact again and hand the report in with `gatebook attest --type report`",
            [each.fact.entry.id for each in relevant],
        )


def _first_seen(scans: Iterable[Kept[ScanReport]]) -> dict[tuple[str, str], Instant]:
    """When each finding was first reported about this artifact, whatever became of the report."""
    seen: dict[tuple[str, str], Instant] = {}
    for scan in scans:
        received = scan.fact.received
        for named in from_scan(scan, received, dismissed=True):
            for name in named.ids:
                key = name, named.component
                seen[key] = min(seen.get(key, received), received)
    return seen


def _since(named: Named, seen: Mapping[tuple[str, str], Instant]) -> Named:
    return replace(named, first_seen=min(seen[name, named.component] for name in named.ids))
