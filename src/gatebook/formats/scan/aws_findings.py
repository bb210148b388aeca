"""A finding of Amazon Inspector v2, as Inspector lists it and as ECR repeats it.

Source: Amazon Inspector API, ``Finding`` and ``PackageVulnerabilityDetails``. A finding names one
flaw and every package that has it; it is divided into one finding for each package.
"""

from collections.abc import Iterator
from typing import Final

from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.scan.aws_packages import (
    code_digest,
    fix_by_word,
    fixed_in,
    vulnerable_package,
)
from gatebook.formats.scan.entries import (
    assessment,
    digest_in,
    line,
    names_of_flaw,
    probability,
    score,
    strings,
    whole,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingKind,
    FindingState,
    ReportedFinding,
    ReportedPackage,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["findings_of", "targets_of"]

_STATES: Final = {
    "ACTIVE": FindingState.OPEN,
    "SUPPRESSED": FindingState.SUPPRESSED,
    "CLOSED": FindingState.RESOLVED,
}


def findings_of(finding: Fields) -> Iterator[ReportedFinding]:
    """Read a finding: one for each vulnerable package, or one where no package is named.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    kind = finding.text("type")
    if kind == "PACKAGE_VULNERABILITY":
        yield from _vulnerabilities(finding)
    elif kind == "CODE_VULNERABILITY":
        yield _code(finding)
    else:
        # NETWORK_REACHABILITY, and whatever comes after it.
        yield _finding(
            finding,
            known_as=line(finding, "title") or finding.text("findingArn"),
            kind=FindingKind.MISCONFIGURATION,
        )


def _finding(
    finding: Fields,
    *,
    known_as: str,
    kind: FindingKind = FindingKind.VULNERABILITY,
    details: Fields | None = None,
    package: Fields | None = None,
    locations: tuple[str, ...] = (),
) -> ReportedFinding:
    aliases, covers = names_of_flaw(
        known_as, strings(details, "relatedVulnerabilities") if details is not None else ()
    )
    fixed = fixed_in(package.optional_text("fixedInVersion")) if package is not None else ()
    written = finding.optional_text("severity") or None
    state = (finding.optional_text("status") or "ACTIVE").upper()
    known = _STATES.get(state, FindingState.OPEN)
    epss = finding.optional_object("epss")
    found: ReportedPackage | None = None
    if package is not None:
        found = vulnerable_package(package, capital=False)
    return ReportedFinding(
        id=known_as,
        kind=kind,
        aliases=aliases,
        covers=covers,
        package=found,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source="amazon-inspector",
        cvss=tuple(_assessments(details)) if details is not None else (),
        fix=fix_by_word(finding.optional_text("fixAvailable"), fixed),
        fixed_versions=fixed,
        state=known,
        state_reason=None if known is FindingState.OPEN else state.lower(),
        epss=probability(epss, "score") if epss is not None else None,
        title=line(finding, "title"),
        url=details.optional_text("sourceUrl") or None if details is not None else None,
        locations=locations,
        published=time_at(details, "vendorCreatedAt") if details is not None else None,
        fingerprint=finding.text("findingArn"),
    )


def _vulnerabilities(finding: Fields) -> Iterator[ReportedFinding]:
    details = finding.object("packageVulnerabilityDetails")
    known_as = details.text("vulnerabilityId")
    packages: list[Fields | None] = list(details.objects("vulnerablePackages"))
    for package in packages or [None]:
        yield _finding(finding, known_as=known_as, details=details, package=package)


def _assessments(details: Fields) -> Iterator[Cvss]:
    for item in details.objects("cvss"):
        rated = assessment(
            item.optional_text("scoringVector") or None,
            score(item, "baseScore"),
            item.optional_text("source") or None,
        )
        if rated is not None:
            yield rated


def _code(finding: Fields) -> ReportedFinding:
    details = finding.optional_object("codeVulnerabilityDetails")
    known_as = None
    locations: tuple[str, ...] = ()
    if details is not None:
        known_as = details.optional_text("detectorId") or details.optional_text("ruleId")
        place = details.optional_object("filePath")
        path = place.optional_text("filePath") if place is not None else None
        if place is not None and path:
            start = whole(place, "startLine")
            locations = (f"{path}:{start}" if start else path,)
    return _finding(
        finding,
        known_as=known_as or line(finding, "title") or finding.text("findingArn"),
        kind=FindingKind.CODE,
        locations=locations,
    )


def targets_of(finding: Fields) -> tuple[list[Digest], list[str]]:
    """What a finding is about: digests of images and functions, and names of all resources.

    Raises:
        MalformedError: a field is of the wrong type.

    """
    digests: list[Digest] = []
    names: list[str] = []
    for resource in finding.objects("resources"):
        details = resource.optional_object("details")
        name = resource.optional_text("id")
        if name:
            names.append(name)
        found = digest_in(name)
        if details is not None:
            image = details.optional_object("awsEcrContainerImage")
            function = details.optional_object("awsLambdaFunction")
            if image is not None:
                found = digest_in(image.optional_text("imageHash")) or found
            if function is not None:
                found = code_digest(function.optional_text("codeSha256")) or found
        if found is not None:
            digests.append(found)
    return digests, names
