"""Cosign's predicate for vulnerability scans: when and by what, around the scanner's own report.

Source: sigstore/cosign, specs/COSIGN_VULN_ATTESTATION_SPEC.md; ``trivy --format cosign-vuln``
writes the bare predicate. The specification's example has a list of ``scanners``, its producers
one ``scanner``. The report inside is read by the reader of its own format.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import objects_in
from gatebook.formats.scan.entries import digest_in, instant
from gatebook.formats.scan.report import ScanError, ScannerDatabase, ScanReport
from gatebook.formats.scan.vulns import subject_digests
from gatebook.formats.vulnerability_scan import COSIGN_VULN_V1

__all__ = ["CosignVulnError", "reader_over", "scan_of_cosign_vuln"]

_Readers = Sequence[Reader[ScanReport]]


class CosignVulnError(ScanError):
    """A predicate is not the cosign scan it claims to be."""

    code = "formats.cosign-vuln"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "_type" in root or not isinstance(root.get("metadata"), dict):
        return False
    if "invocation" not in root:
        return False
    scanner = root.get("scanner")
    return (isinstance(scanner, dict) and "result" in scanner) or isinstance(
        root.get("scanners"), list
    )


def scan_of_cosign_vuln(statement: Statement, readers: _Readers) -> ScanReport:
    """Read a statement with cosign's predicate; its subjects are what was scanned.

    Args:
        statement: the statement.
        readers: of the reports that may be inside.

    Raises:
        MalformedError: another predicate type, the predicate is not what the specification says,
            or the report inside is of a format that is read and malformed.

    """
    if statement.predicate_type != COSIGN_VULN_V1:
        raise CosignVulnError(f"{statement.predicate_type[:80]!r} is no cosign vulnerability scan")
    report = _read_predicate(statement.predicate, readers)
    return msgspec.structs.replace(
        report,
        targets=tuple(dict.fromkeys((*subject_digests(statement), *report.targets))),
    )


def _read_predicate(predicate: JsonObject, readers: _Readers) -> ScanReport:
    fields = Fields(predicate, "cosign scan", CosignVulnError.code)
    metadata = fields.object("metadata")
    scanners = (
        [fields.object("scanner")] if fields.has("scanner") else list(fields.objects("scanners"))
    )
    if not scanners:
        raise fields.refuse("'scanner' is required")
    started = instant(metadata, "scanStartedOn")
    finished = instant(metadata, "scanFinishedOn")
    if started is not None and finished is not None and finished < started:
        raise metadata.refuse(f"the scan ended at {finished}, before it began at {started}")
    reports = [_read_scanner(scanner, readers) for scanner in scanners]
    digests: dict[Digest, None] = {}
    names: dict[str, None] = {}
    for report in reports:
        digests.update(dict.fromkeys(report.targets))
        names.update(dict.fromkeys(report.target_names))
    return ScanReport(
        format=DocumentFormat.COSIGN_VULN,
        scanners=tuple(dict.fromkeys(name for report in reports for name in report.scanners)),
        database=next((each.database for each in reports if each.database is not None), None),
        created=finished or _oldest(reports),
        started=started,
        targets=tuple(digests),
        target_names=tuple(names),
        findings=tuple(finding for report in reports for finding in report.findings),
        incomplete=tuple(why for report in reports for why in report.incomplete),
        notes=tuple(note for report in reports for note in report.notes),
    )


def _oldest(reports: list[ScanReport]) -> Instant | None:
    times = [report.created for report in reports]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


def _read_scanner(scanner: Fields, readers: _Readers) -> ScanReport:
    uri = scanner.optional_text("uri") or "unnamed scanner"
    version = scanner.optional_text("version")
    outer = ScanReport(
        format=DocumentFormat.COSIGN_VULN,
        scanners=(f"{uri} {version}" if version else uri,),
        database=_database(scanner),
    )
    inner, why = _inner(scanner, readers)
    if inner is None:
        return msgspec.structs.replace(outer, incomplete=(why,))
    return msgspec.structs.replace(
        inner,
        scanners=inner.scanners or outer.scanners,
        database=inner.database or outer.database,
    )


def _database(scanner: Fields) -> ScannerDatabase | None:
    database = scanner.optional_object("db")
    if database is None:
        return None
    uri = database.optional_text("uri")
    version = database.optional_text("version")
    built = instant(database, "lastUpdate")
    if not uri and not version and built is None:
        return None
    return ScannerDatabase(
        version=version or uri,
        built=built,
        digest=digest_in(version) or digest_in(uri),
    )


def _inner(scanner: Fields, readers: _Readers) -> tuple[ScanReport | None, str]:
    """The scanner's own report, or why there is none to read."""
    result = scanner.values.get("result")
    if not result:
        return None, "the predicate holds no report of the scanner"
    if not isinstance(result, dict | list):
        raise scanner.refuse("'result' must be the scanner's report, an object or an array")
    document = Document(msgspec.json.encode(result))
    for reader in readers:
        if reader.recognises(document):
            return reader.read(document), ""
    return None, "the scanner's report in the predicate is of no format that is read"


def _describe(document: Document, readers: _Readers) -> Mapping[str, Json]:
    root: JsonObject = document.root or {}
    for scanner in (root.get("scanner"), *objects_in(root, "scanners")):
        result = scanner.get("result") if isinstance(scanner, dict) else None
        if not isinstance(result, dict | list) or not result:
            continue
        inner = Document(msgspec.json.encode(result))
        for reader in readers:
            if reader.recognises(inner):
                return {"result_format": reader.format.value, **reader.describe(inner)}
    return {"findings": 0}


def reader_over(readers: _Readers) -> Reader[ScanReport]:
    """The reader of the bare predicate, around reports that ``readers`` read."""
    return Reader(
        format=DocumentFormat.COSIGN_VULN,
        family=Family.SCAN,
        recognises=_recognises,
        read=lambda document: _read_predicate(document.root or {}, readers),
        describe=lambda document: _describe(document, readers),
    )
