"""Reading a scanner's report by what it holds, from a document or a statement."""

from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.intoto import Statement
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.cosign_vuln import scan_of_cosign_vuln
from gatebook.formats.scan.readers import NATIVE_READERS, SCAN_READERS
from gatebook.formats.scan.report import ScanError, ScanReport
from gatebook.formats.scan.vulns import scan_of_vulns
from gatebook.formats.vulnerability_scan import COSIGN_VULN_V1

__all__ = ["read_scan", "scan_of_statement", "scan_reader"]

_NOT_JSON: Final = "canonical.not-json"


def read_scan(document: Document) -> ScanReport:
    """Read a report of whatever scanner wrote it.

    Raises:
        ScanError: the document is empty (``formats.scan-empty``), ends in the middle
            (``formats.scan-truncated``), or is no report of a scanner that is read
            (``formats.scan-unknown``).
        MalformedError: it cannot be decoded, or its reader refuses it.

    """
    return scan_reader(document).read(document)


def scan_of_statement(statement: Statement) -> ScanReport:
    """Read the scan that an in-toto statement is about: vulns v0.1 and v0.2, cosign's vuln v1.

    Raises:
        MalformedError: another predicate type, or the predicate or the report inside is malformed.

    """
    if statement.predicate_type == COSIGN_VULN_V1:
        return scan_of_cosign_vuln(statement, NATIVE_READERS)
    return scan_of_vulns(statement)


def scan_reader(document: Document) -> Reader[ScanReport]:
    """The reader of a report.

    Raises:
        MalformedError: as for :func:`read_scan`.

    """
    if not document.start:
        raise ScanError(
            "the report is empty",
            code="formats.scan-empty",
            hint="A scanner that found nothing writes a report that says so.",
        )
    undecoded: MalformedError | None = None
    for reader in SCAN_READERS:
        try:
            if reader.recognises(document):
                return reader
        except MalformedError as error:
            # A reader of another encoding may still know it.
            undecoded = undecoded or error
    if undecoded is None:
        raise ScanError(
            "the document is no report of a scanner that is read",
            code="formats.scan-unknown",
            hint="Read are: " + ", ".join(sorted({each.format.value for each in SCAN_READERS})),
        )
    # The words are the decoder's; a test holds it to them.
    if undecoded.code == _NOT_JSON and "truncated" in undecoded.message:
        raise ScanError(
            "the report ends in the middle of its JSON", code="formats.scan-truncated"
        ) from None
    raise undecoded
