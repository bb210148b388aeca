"""No package is in the artifact that must not be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.formats.reading.document_format import Family
from gatebook.formats.sbom.components import Sbom
from gatebook.names import Pattern
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.policy.sbom_checks import SbomCodes, judge_sboms, version_in_range
from gatebook.sboms.context import DeniedPackage, SbomContext
from gatebook.vulnerabilities.match_report import MatchReport
from gatebook.vulnerabilities.versions.vers import VersRange

__all__ = ["DeniedPackages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedPackages:
    """No SBOM of the digest lists a package that is denied, an imitation or malware."""

    name: ClassVar[str] = "denied-packages"
    purpose: ClassVar[str] = (
        "No package is in the artifact that is denied, imitates another or is known as malware."
    )
    satisfied_by: ClassVar[str] = (
        "accepted SBOMs about the digest that list none of the packages; where malware is asked "
        "for, matched with advisories"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "packages": "a list of mappings of `package` (pattern over the package URL without "
            "version), `versions` (a `vers:` range; every version if absent) and `reason`",
            "typosquats": "package URLs without version that imitate others",
            "malware": "whether every SBOM has to be matched with advisories that name none of its "
            "packages malicious; `false` if absent. `packages`, `typosquats` or `malware` is "
            "required",
            **CHOICE_PARAMETERS,
        }
    )

    denied: tuple[DeniedPackage, ...]
    typosquats: frozenset[str]
    malware: bool
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the lists."""
        del roles
        denied = tuple(_denied(each) for each in parameters.nested_list("packages"))
        typosquats = frozenset(parameters.texts("typosquats"))
        malware = parameters.flag("malware", default=False)
        if not denied and not typosquats and not malware:
            raise parameters.refuse("'packages', 'typosquats' or 'malware' is required")
        return cls(
            denied=denied,
            typosquats=typosquats,
            malware=malware,
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Look for denied packages in every SBOM."""
        del roles
        finding = judge_sboms(
            facts,
            self.choice,
            only=("denied-packages",),
            context=lambda sbom: self._context(facts, sbom),
            codes=SbomCodes(
                passed="policy.denied-packages-none",
                failed="policy.denied-packages-found",
                not_evaluable="policy.denied-packages-unknown",
                missing="policy.denied-packages-sbom-missing",
                unreadable="policy.denied-packages-sbom-unreadable",
                empty="policy.denied-packages-sbom-empty",
            ),
            expected=f"none of {len(self.denied)} denied packages"
            f"{' and no malware' if self.malware else ''} in any {self.choice.described} SBOM",
            every=True,
            rests_on=lambda sbom: (self, *_reports(facts, sbom.fact.document)),
            fix="build again without the package; what cannot be looked up needs a package URL",
        )
        if not self.malware or not finding.status.satisfies:
            return finding
        return self._unmatched(facts, finding)

    def _unmatched(self, facts: Facts, finding: Finding) -> Finding:
        """Say so where nobody looked for malware in one of the SBOMs that passed."""
        sboms = self.choice.among(facts, Sbom, Family.SBOM).kept
        unmatched = [
            each
            for each in sboms
            if each.content.components and _malicious(facts, each.fact.document) is None
        ]
        if not unmatched:
            return finding
        return Finding(
            status=Status.ERROR,
            code="policy.denied-packages-unmatched",
            expected=finding.expected,
            found=listed(
                f"the SBOM of {each.place} is not matched with the newest advisories"
                for each in unmatched
            ),
            fix="import advisories with `gatebook advisories import`, and judge again with "
            "`gatebook gate`",
            evidence=tuple(dict.fromkeys(each.fact.entry.id for each in unmatched)),
        )

    def _context(self, facts: Facts, sbom: Kept[Sbom]) -> SbomContext:
        return SbomContext(
            denied=self.denied,
            typosquats=self.typosquats,
            malicious=_malicious(facts, sbom.fact.document) if self.malware else None,
            in_range=version_in_range,
        )


def _denied(each: Parameters) -> DeniedPackage:
    package, versions = each.text("package"), each.optional_text("versions")
    reason = each.optional_text("reason") or ""
    each.done()
    try:
        if versions is not None:
            VersRange.parse(versions)
        return DeniedPackage(package=Pattern.parse(package), versions=versions, reason=reason)
    except GatebookError as error:
        raise each.refuse(error.message) from None


def _malicious(facts: Facts, document: Digest) -> dict[str, tuple[str, ...]] | None:
    """Advisories about malware by package URL, in an SBOM; ``None`` when nobody looked."""
    reports = _reports(facts, document)
    if not reports:
        return None
    return {
        known.purl: known.advisories
        for report in reports
        for known in report.findings
        if known.malicious
    }


def _reports(facts: Facts, document: Digest) -> tuple[MatchReport, ...]:
    """What the newest snapshot says of an SBOM."""
    newest = None if facts.advisories is None else facts.advisories.snapshot
    return tuple(
        match.report
        for match in sorted(facts.matches, key=lambda each: each.entry.index)
        if match.sbom == document
        and match.snapshot == newest
        and match.problem is None
        and match.report is not None
    )
