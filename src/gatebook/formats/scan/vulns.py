"""The in-toto predicate for vulnerability scans (vulns v0.1 and v0.2) read as a scan report.

Source: in-toto/attestation, spec/predicates/vuln.md and vulns_02.md. The predicate names no
packages. Its severities come by method, as a score, a vector or a word; the worst of them counts.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats import vulnerability_scan
from gatebook.formats.intoto import Statement
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, member
from gatebook.formats.scan.entries import assessment, cvss_version
from gatebook.formats.scan.report import (
    Cvss,
    ReportedFinding,
    ScanError,
    ScannerDatabase,
    ScanReport,
    Severity,
)
from gatebook.formats.scan.severity import (
    severity_of_score,
    severity_of_vector,
    severity_of_word,
)
from gatebook.formats.vulnerability_scan import VULNS_V0_1, VULNS_V0_2, VulnerabilityScan

__all__ = ["READER", "scan_of_vulns", "subject_digests"]

_MAX_SCORE: Final = 10.0


def _recognises(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and "_type" not in root
        # Cosign's predicate has it, and there an empty result is no clean one.
        and "invocation" not in root
        and isinstance(member(root, "scanner", "result"), list)
        and isinstance(member(root, "scanner", "uri"), str)
        and isinstance(member(root, "metadata", "scanStartedOn"), str)
    )


def scan_of_vulns(statement: Statement) -> ScanReport:
    """Read a statement with a vulns predicate; its subjects are what was scanned.

    Raises:
        MalformedError: another predicate type (``formats.vulns``), or the predicate is not what
            the specification says.

    """
    if statement.predicate_type not in {VULNS_V0_1, VULNS_V0_2}:
        raise ScanError(
            f"{statement.predicate_type[:80]!r} is no in-toto vulns predicate", code="formats.vulns"
        )
    scan = VulnerabilityScan.from_statement(statement)
    database = None
    if scan.database is not None or scan.database_version is not None or scan.database_updated:
        database = ScannerDatabase(
            version=scan.database_version or scan.database, built=scan.database_updated
        )
    name = scan.scanner or "unnamed scanner"
    return ScanReport(
        format=DocumentFormat.IN_TOTO_VULNS,
        scanners=(f"{name} {scan.scanner_version}" if scan.scanner_version else name,),
        database=database,
        created=scan.finished,
        started=scan.started,
        targets=subject_digests(statement),
        target_names=tuple(
            dict.fromkeys(
                known_as
                for each in statement.subjects
                if (known_as := each.name or each.uri) is not None
            )
        ),
        findings=tuple(_finding(each) for each in scan.findings or ()),
    )


def subject_digests(statement: Statement) -> tuple[Digest, ...]:
    """The digests of a statement's subjects that identify an artifact."""
    found: dict[Digest, None] = {}
    for subject in statement.subjects:
        for algorithm, value in dict(subject.digests.values).items():
            try:
                found[Digest(algorithm, value)] = None
            except MalformedError:
                continue  # a commit or a hash that identifies no artifact
    return tuple(found)


def _finding(scanned: vulnerability_scan.ScanFinding) -> ReportedFinding:
    rated = [(_rated(each), each) for each in scanned.severities]
    severity, chosen = max(rated, key=lambda each: each[0].rank, default=(Severity.UNKNOWN, None))
    return ReportedFinding(
        id=scanned.id,
        severity=severity,
        severity_written=None if chosen is None else chosen.score,
        severity_source=None if chosen is None else chosen.method,
        cvss=tuple(_assessments(scanned)),
    )


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found <= _MAX_SCORE else None


def _version(method: str) -> str | None:
    return "2.0" if "v2" in method.lower() else None


def _rated(severity: vulnerability_scan.Severity) -> Severity:
    base = _number(severity.score)
    if base is not None:
        return severity_of_score(base, version=_version(severity.method))
    if cvss_version(severity.score) is not None:
        return severity_of_vector(severity.score)
    return severity_of_word(severity.score)


def _assessments(scanned: vulnerability_scan.ScanFinding) -> Iterator[Cvss]:
    for each in scanned.severities:
        vector = each.score if cvss_version(each.score) is not None else None
        found = assessment(vector, _number(each.score), each.method)
        if found is not None:
            yield found


def _read(document: Document) -> ScanReport:
    root: JsonObject = document.root or {}
    return scan_of_vulns(Statement(subjects=(), predicate_type=VULNS_V0_2, predicate=root))


def _describe(document: Document) -> Mapping[str, Json]:
    return {"findings": len(listed(document.root, "scanner", "result"))}


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.IN_TOTO_VULNS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
