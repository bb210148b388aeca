"""One issue in infrastructure code as ``snyk iac test`` lists it."""

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import flag, line, whole
from gatebook.formats.scan.report import FindingKind, FindingState, ReportedFinding
from gatebook.formats.scan.severity import severity_of_word

__all__ = ["iac_issue"]


def iac_issue(item: Fields, file: str | None) -> ReportedFinding:
    """Read an entry of ``infrastructureAsCodeIssues``; ``file`` is where the project's code is.

    Raises:
        MalformedError: a field is absent or of another type than Snyk writes.

    """
    severity = item.optional_text("severity")
    ignored = flag(item, "isIgnored") is True
    number = whole(item, "lineNumber")
    return ReportedFinding(
        id=item.optional_text("publicId") or item.text("id"),
        kind=FindingKind.MISCONFIGURATION,
        severity=severity_of_word(severity),
        severity_written=severity,
        severity_source="snyk",
        state=FindingState.SUPPRESSED if ignored else FindingState.OPEN,
        state_reason="ignored" if ignored else None,
        title=line(item, "title"),
        url=item.optional_text("documentation") or None,
        locations=()
        if file is None
        else ((f"{file}:{number}",) if number is not None and number > 0 else (file,)),
    )
