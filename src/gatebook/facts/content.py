"""What documents say: predicates read by their type, and reports by their content.

A predicate of a family that is read is read strictly. A predicate of another type, and a document
nobody signed, is read when its content is of a format that is known; a report signed by its digest
(``report/v1``) is read from the bytes kept beside the attestation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError, VerificationError
from gatebook.facts.documents import evidence_type_of
from gatebook.facts.facts import Content
from gatebook.formats.intoto import PredicateKind, Statement
from gatebook.formats.provenance import Provenance
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.report import REPORT_DOCUMENT_TYPE, ReportPredicate
from gatebook.formats.sbom.components import Sbom, SbomFormat
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.formats.waiver import WaiverPredicate

__all__ = [
    "GUESSED",
    "JUNIT_TYPE",
    "Beside",
    "ReadContent",
    "ReportMissingError",
    "read_content",
    "read_document",
]

JUNIT_TYPE: Final = "application/vnd.gatebook.junit+xml"
"""Media type of a JUnit report kept beside the test result that was signed over it."""

GUESSED: Final[frozenset[PredicateKind | None]] = frozenset({None, PredicateKind.COSIGN_CUSTOM})
"""Kinds whose predicates are read by their content, because their type says nothing of it."""

_WRAPPER_MEMBERS: Final = frozenset({"Data", "Timestamp"})
_JSON_SBOMS: Final = {
    SbomFormat.CYCLONEDX: DocumentFormat.CYCLONEDX_JSON,
    SbomFormat.SYFT: DocumentFormat.SYFT_JSON,
    SbomFormat.GITHUB_SNAPSHOT: DocumentFormat.GITHUB_DEPENDENCY_SNAPSHOT,
}


class ReportMissingError(VerificationError):
    """An attestation names a report by its digest, and no such report is kept beside it."""

    code = "facts.report-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A document kept beside an attestation."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> Digest:
        """What identifies it."""
        return sha256(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContent:
    """What a document says.

    Attributes:
        content: what it says; ``None`` when it is of no family that is read.
        format: the format it was read from; ``None`` when its predicate type says it all.
        family: the family of that format.
        further: what else it says.

    """

    content: Content | None = None
    format: DocumentFormat | None = None
    family: Family | None = None
    further: tuple[Content, ...] = ()


def read_content(statement: Statement, beside: Sequence[Beside] = ()) -> ReadContent:
    """Read a predicate, and the documents kept beside its attestation that it names.

    Raises:
        MalformedError: the predicate, or the report it names, is not what it claims to be.
        ReportMissingError: the report it names is not there.
        VerificationError: the report is of another format, or says something else.

    """
    if statement.kind in GUESSED:
        return _guessed(statement)
    read = _READERS.get(statement.kind) if statement.kind is not None else None
    return ReadContent() if read is None else read(statement, beside)


def read_document(data: bytes, *, media_type: str | None = None) -> ReadContent:
    """Read a document by its content; of a format that nobody reads nothing is said.

    Raises:
        MalformedError: it is not what it claims to be, its compression is broken, or it begins
            like something that can be decoded and cannot be.

    """
    from gatebook.formats.reading.compressed import unwrap  # noqa: PLC0415  # where it is needed
    from gatebook.formats.reading.detect import reader_of  # noqa: PLC0415
    from gatebook.formats.reading.document import Document  # noqa: PLC0415

    unpacked, _ = unwrap(data)
    document = Document(unpacked, media_type=media_type)
    reader = reader_of(document)
    if reader is None:
        return ReadContent()
    content: Content = reader.read(document)
    further: tuple[Content, ...] = ()
    if reader.format is DocumentFormat.CYCLONEDX_JSON:
        further = _also_said(document.root or {})
    return ReadContent(content=content, format=reader.format, family=reader.family, further=further)


def _guessed(statement: Statement) -> ReadContent:
    if evidence_type_of(statement.predicate_type) is not None:
        return ReadContent()  # its own definition says what it is
    wrapped = _wrapped(statement.predicate)
    return read_document(wrapped or canonical.canonicalize(statement.predicate))


def _provenance(statement: Statement, _: Sequence[Beside]) -> ReadContent:
    return ReadContent(content=Provenance.from_statement(statement))


def _waiver(statement: Statement, _: Sequence[Beside]) -> ReadContent:
    return ReadContent(content=WaiverPredicate.from_statement(statement))


def _test_result(statement: Statement, beside: Sequence[Beside]) -> ReadContent:
    result = TestResult.from_statement(statement)
    for each in beside:
        if each.media_type in {JUNIT_TYPE, REPORT_DOCUMENT_TYPE}:
            _check_report(result, each)
    return ReadContent(content=result)


def _reported(statement: Statement, beside: Sequence[Beside]) -> ReadContent:
    predicate = ReportPredicate.from_statement(statement)
    report = next(
        (
            each
            for each in beside
            if len(each.data) == predicate.size and each.digest == predicate.digest
        ),
        None,
    )
    if report is None:
        raise ReportMissingError(
            f"the report {predicate.digest.short} that was signed is not kept beside the "
            "attestation",
            hint="hand it in with the attestation: --report FILE",
        )
    read = read_document(report.data, media_type=predicate.media_type)
    if read.content is None:
        raise MalformedError(
            f"the report was signed as {predicate.format} and is of no format that is read",
            code="facts.report-unread",
        )
    if read.format is not predicate.format:
        raise VerificationError(
            f"the report was signed as {predicate.format} and is {read.format}",
            code="facts.report-differs",
        )
    return read


def _wrapped(predicate: JsonObject) -> bytes | None:
    """What cosign's own predicate carries in ``Data`` (cosign, specs/COSIGN_PREDICATE_SPEC.md)."""
    data = predicate.get("Data")
    if not isinstance(data, str | dict) or not predicate.keys() <= _WRAPPER_MEMBERS:
        return None
    return (
        data.encode("utf-8", "replace") if isinstance(data, str) else canonical.canonicalize(data)
    )


def _of_family(data: bytes, family: Family) -> ReadContent:
    read = read_document(data)
    if read.family is not family:
        raise MalformedError(
            f"the predicate holds {read.format or 'nothing'}, which is no evidence of the family "
            f"{family}",
            code="facts.other-family",
        )
    return read


def _sbom(statement: Statement, _: Sequence[Beside]) -> ReadContent:
    from gatebook.formats.sbom.decoded import sbom_from  # noqa: PLC0415  # where it is needed

    wrapped = _wrapped(statement.predicate)
    if wrapped is not None and not wrapped.lstrip().startswith(b"{"):
        # cosign before 2.0 put SPDX as tags and values there.
        read = read_document(wrapped)
        if isinstance(read.content, Sbom):
            return read
    sbom = sbom_from(statement.predicate)
    form = _JSON_SBOMS.get(sbom.format)
    if form is None:
        is_third = sbom.spec_version.removeprefix("SPDX-").startswith("3")
        form = DocumentFormat.SPDX3_JSON_LD if is_third else DocumentFormat.SPDX2_JSON
    further: tuple[Content, ...] = ()
    if form is DocumentFormat.CYCLONEDX_JSON and wrapped is None:
        further = _also_said(statement.predicate)
    return ReadContent(content=sbom, format=form, family=Family.SBOM, further=further)


def _also_said(root: JsonObject) -> tuple[Content, ...]:
    """Vulnerabilities and statements in a CycloneDX document; an empty list says neither.

    What is malformed there says nothing more either: the component list is read and stands.
    """
    if not root.get("vulnerabilities"):
        return ()
    from gatebook.formats.scan.cyclonedx_vdr import (  # noqa: PLC0415  # few documents need it
        read_cyclonedx_vdr,
    )
    from gatebook.formats.vex.cyclonedx_vex import vex_from_cyclonedx  # noqa: PLC0415  # likewise

    try:
        scan = read_cyclonedx_vdr(root)
        statements = vex_from_cyclonedx(root)
    except MalformedError:
        return ()
    return (scan, statements) if statements.statements else (scan,)


def _scan(statement: Statement, _: Sequence[Beside]) -> ReadContent:
    from gatebook.formats.scan.read import scan_of_statement  # noqa: PLC0415  # where it is needed

    wrapped = _wrapped(statement.predicate)
    if wrapped is not None:
        return _of_family(wrapped, Family.SCAN)
    report = scan_of_statement(statement)
    return ReadContent(content=report, format=report.format, family=Family.SCAN)


def _statements(statement: Statement, _: Sequence[Beside]) -> ReadContent:
    from gatebook.formats.vex.openvex import read_openvex  # noqa: PLC0415  # where it is needed
    from gatebook.formats.vex.statement import VexComponent, VexProduct  # noqa: PLC0415

    wrapped = _wrapped(statement.predicate)
    if wrapped is not None:
        return _of_family(wrapped, Family.VEX)
    # OpenVEX, "Inheritance Flow": what the envelope is about is what a statement without products
    # is about.
    about = tuple(
        VexProduct(
            identity=VexComponent(
                hashes=tuple((each.algorithm, each.hex) for each in subject.digests.digests)
            )
        )
        for subject in statement.subjects
        if subject.digests.digests
    )
    document = read_openvex(statement.predicate, inherited_products=about)
    return ReadContent(content=document, format=document.format, family=Family.VEX)


def _check_report(result: TestResult, report: Beside) -> None:
    """Compare a report kept beside a test result with what the result says of it."""
    if not any(item.digests.matches(report.digest) for item in result.configuration):
        raise VerificationError(
            f"the test result was not signed over the report {report.digest.short}",
            code="facts.report-differs",
        )
    found = _test_report(report)
    passed = result.result is not TestOutcome.FAILED
    if passed != found.is_clean or found.passed != len(result.passed_tests):
        raise VerificationError(
            f"the test result says {result.result} with {len(result.passed_tests)} passed; "
            f"the report it was signed over has {found.passed} passed, "
            f"{found.failed + found.errors} failed",
            code="facts.report-differs",
        )


def _test_report(report: Beside) -> TestReport:
    from gatebook.formats.test_reports.junit import read_junit  # noqa: PLC0415  # where needed

    if report.media_type == JUNIT_TYPE:
        return read_junit(report.data)
    content: Any = read_document(report.data).content
    if not isinstance(content, TestReport):
        raise MalformedError(
            f"the report {report.digest.short} is no test report that is read",
            code="facts.report-unread",
        )
    return content


_READERS: Final[Mapping[PredicateKind, Callable[[Statement, Sequence[Beside]], ReadContent]]] = {
    PredicateKind.PROVENANCE: _provenance,
    PredicateKind.SBOM: _sbom,
    PredicateKind.TEST_RESULT: _test_result,
    PredicateKind.REPORT: _reported,
    PredicateKind.VULNERABILITY_SCAN: _scan,
    PredicateKind.VEX: _statements,
    PredicateKind.WAIVER: _waiver,
}
