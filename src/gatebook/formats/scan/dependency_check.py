"""What OWASP Dependency-Check says in XML and in JSON alike.

Source: dependency-check/DependencyCheck, ``xmlReport.vsl``, ``jsonReport.vsl`` and the schemas
``dependency-check.*.xsd``. ``severity`` follows from the newest CVSS that the tool knows.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.scan.entries import summed_up
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScannerDatabase,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_written

__all__ = [
    "DependencyCheckError",
    "checked_finding",
    "checked_package",
    "database_of",
    "failures",
]

_MODIFIED: Final = "modified"


class DependencyCheckError(ScanError):
    """A document is not the report of Dependency-Check that it seems to be."""

    code = "formats.dependency-check"


def checked_package(
    file_name: str | None, file_path: str | None, identifiers: Iterable[str | None]
) -> ReportedPackage | None:
    """The package a dependency is: its file's name, and the first package URL found for it."""
    purl = next((each for each in identifiers if each and each.startswith("pkg:")), None)
    version = kind = None
    if purl is not None:
        try:
            parsed = PackageUrl.parse(purl)
        except MalformedError:
            pass
        else:
            version, kind = parsed.version, parsed.type
    name = file_name or file_path
    if not name:
        return None
    return ReportedPackage(
        name=name, version=version, purl=purl, type=kind, location=file_path or None
    )


def checked_finding(
    *,
    name: str,
    package: ReportedPackage | None,
    severity: str | None,
    source: str | None,
    cvss: Sequence[Cvss],
    description: str | None,
    known_exploited: bool,
    suppressed: bool,
    notes: str | None,
) -> ReportedFinding:
    """Make a finding of a vulnerability, suppressed or not.

    Not to be in the catalogue of exploited vulnerabilities is nothing the report says.
    """
    return ReportedFinding(
        id=name,
        package=package,
        severity=severity_of_word(severity),
        severity_written=severity or None,
        severity_source=source or None,
        cvss=tuple(cvss),
        fix=FixState.UNKNOWN,
        state=FindingState.SUPPRESSED if suppressed else FindingState.OPEN,
        state_reason=(summed_up(notes) or "suppressed") if suppressed else None,
        known_exploited=True if known_exploited else None,
        title=summed_up(description),
    )


def database_of(sources: Iterable[tuple[str, str | None]]) -> ScannerDatabase | None:
    """The state of the data that was matched against, from the names and times of its sources.

    Times of a source's last change are the data's; those of the last look at it are not.
    """
    built: list[Instant] = []
    for name, written in sources:
        time = time_written(written)
        if time is not None and _MODIFIED in name.lower():
            built.append(time)
    return ScannerDatabase(built=max(built)) if built else None


def failures(messages: Sequence[str | None], dependencies: int) -> tuple[str, ...]:
    """Why an analysis is not whole: what it failed at, and having looked at nothing."""
    found = [f"the analysis failed: {summed_up(each) or 'unnamed'}" for each in messages]
    if not dependencies:
        found.append("no dependency was looked at")
    return tuple(found)
