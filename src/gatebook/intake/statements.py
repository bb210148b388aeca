"""Make the in-toto statement for a document, so that it can be signed.

SBOMs in JSON become the predicate of their own type; a test report becomes a test result, and is
kept beside it; a report of any format that is read is signed by its digest, and kept beside that;
provenance is written from build information; any other predicate is taken as it is.
"""

from collections.abc import Sequence

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.errors import MalformedError, UsageError
from gatebook.facts.content import JUNIT_TYPE, read_document
from gatebook.facts.documents import APPROVAL_PREDICATE, ApprovalPredicate, predicate_type_of
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.formats.reading.compressed import compression_of
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.report import REPORT_DOCUMENT_TYPE, ReportPredicate
from gatebook.formats.sbom.components import SbomFormat
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import (
    TEST_RESULT_V0_1,
    TestConfiguration,
    TestOutcome,
    TestResult,
)
from gatebook.intake.evidence import Attachment
from gatebook.ledger.kinds import BuildInformation

__all__ = [
    "approval_statement",
    "evidence_type_statement",
    "predicate_statement",
    "provenance_statement",
    "report_statement",
    "sbom_evidence",
    "sbom_statement",
    "subject_of",
    "test_result_statement",
]

_SBOM_PREDICATES = {
    SbomFormat.CYCLONEDX: "https://cyclonedx.org/bom",
    SbomFormat.SPDX: "https://spdx.dev/Document",
}


def sbom_statement(document: bytes, subject: Subject) -> Statement:
    """Bind an SBOM to an artifact.

    Raises:
        MalformedError: the document is not an SBOM that is read.

    """
    from gatebook.formats.sbom.read import MAX_SBOM_BYTES, read_sbom  # noqa: PLC0415  # start-up

    sbom = read_sbom(document)
    predicate = canonical.as_object(canonical.loads(document, max_bytes=MAX_SBOM_BYTES))
    return Statement(
        subjects=(subject,), predicate_type=_SBOM_PREDICATES[sbom.format], predicate=predicate
    )


def sbom_evidence(
    document: bytes, subject: Subject, *, media_type: str | None = None
) -> tuple[Statement, tuple[Attachment, ...]]:
    """Bind an SBOM to an artifact: as a predicate where that is usual, else as a report.

    Raises:
        MalformedError: the document is not an SBOM that is read.

    """
    read = read_document(document, media_type=media_type)
    usual = {DocumentFormat.CYCLONEDX_JSON, DocumentFormat.SPDX2_JSON, DocumentFormat.SPDX3_JSON_LD}
    if read.format is None or (read.format in usual and document.lstrip()[:1] == b"{"):
        return sbom_statement(document, subject), ()
    if read.family is not Family.SBOM:
        raise MalformedError(
            f"the document is {read.format}, which is no SBOM", code="intake.no-sbom"
        )
    statement, attachment = report_statement(document, subject, media_type=media_type)
    return statement, (attachment,)


def test_result_statement(report: bytes, subject: Subject) -> tuple[Statement, Attachment]:
    """Say what became of a test run, and keep the report it is said over.

    Raises:
        MalformedError: the report is of no format of test reports, or not what it claims to be.
        UsageError: it holds no tests; nothing cannot have passed.

    """
    read, media_type = _read_tests(report)
    if read.total == 0:
        raise UsageError("the report holds no tests", code="intake.no-tests")
    result = TestResult(
        result=TestOutcome.PASSED if read.is_clean else TestOutcome.FAILED,
        configuration=(
            TestConfiguration(
                name=f"{read.format}" if media_type != JUNIT_TYPE else "junit.xml",
                digests=DigestSet.of({"sha256": sha256(report).hex}),
            ),
        ),
        passed_tests=read.passed_names,
        failed_tests=read.failed_names,
    )
    statement = Statement(
        subjects=(subject,), predicate_type=TEST_RESULT_V0_1, predicate=result.to_predicate()
    )
    return statement, Attachment(data=report, media_type=media_type)


test_result_statement.__test__ = False  # type: ignore[attr-defined]  # not a test, despite its name


def _read_tests(report: bytes) -> tuple[TestReport, str]:
    from gatebook.formats.test_reports.junit import read_junit  # noqa: PLC0415  # start-up

    read = read_document(report)
    if isinstance(read.content, TestReport):
        junit = read.format is DocumentFormat.JUNIT_XML and compression_of(report) is None
        return read.content, JUNIT_TYPE if junit else REPORT_DOCUMENT_TYPE
    if read.content is None:
        return read_junit(report), JUNIT_TYPE  # which says why it is none
    raise MalformedError(
        f"the report is {read.format}, which is no test report", code="intake.no-test-report"
    )


def report_statement(
    report: bytes, subject: Subject, *, media_type: str | None = None
) -> tuple[Statement, Attachment]:
    """Sign a report by its digest, in whatever format its tool wrote it, and keep it.

    Args:
        report: as the tool wrote it, compressed or not.
        subject: what it is about.
        media_type: what the tool calls it; needed where content alone does not tell.

    Raises:
        MalformedError: of no format that is read, or not what it claims to be.

    """
    read = read_document(report, media_type=media_type)
    if read.format is None:
        raise MalformedError(
            "the report is of no format that is read",
            code="intake.report-unread",
            hint="`gatebook inspect FILE` says what it is; sign a predicate of your own with "
            "--type URI, or hand it in unsigned: gatebook accept --unsigned",
        )
    predicate = ReportPredicate.of(report, read.format, media_type=media_type)
    return predicate.statement(subject), Attachment(data=report, media_type=REPORT_DOCUMENT_TYPE)


def evidence_type_statement(document: bytes, name: str, subject: Subject) -> Statement:
    """Take a document of a custom evidence type as the predicate of that type.

    Raises:
        MalformedError: not a JSON object.

    """
    return predicate_statement(document, predicate_type_of(name), subject)


def provenance_statement(
    subject: Subject, build: BuildInformation, *, finished: Instant
) -> Statement:
    """Write SLSA provenance v1 of our own build type from build information.

    Raises:
        UsageError: the builder, the repository, the commit or the ref is not known.

    """
    if not (build.builder and build.repository and build.commit and build.ref):
        parts = ("builder", "repository", "commit", "ref")
        missing = [f"--{name}" for name in parts if not getattr(build, name)]
        raise UsageError(
            f"provenance says what was built from what; not recorded: {', '.join(missing)}",
            code="intake.provenance-incomplete",
            hint="record the artifact again with what is missing",
        )
    external: JsonObject = {"repository": str(build.repository), "ref": build.ref}
    if build.workflow is not None:
        external["workflow"] = build.workflow
    if build.parameters:
        external["parameters"] = {each.name: each.value for each in build.parameters}
    source: JsonObject = {
        "uri": f"git+{build.repository}@{build.ref}",
        "digest": {"gitCommit": str(build.commit)},
    }
    metadata: JsonObject = {"finishedOn": str(finished)}
    if build.run is not None:
        metadata["invocationId"] = build.run
    predicate: JsonObject = {
        "buildDefinition": {
            "buildType": LOCAL_BUILD_TYPE,
            "externalParameters": external,
            "internalParameters": {} if build.trigger is None else {"trigger": build.trigger},
            "resolvedDependencies": [source],
        },
        "runDetails": {"builder": {"id": build.builder}, "metadata": metadata},
    }
    return Statement(subjects=(subject,), predicate_type=SLSA_V1, predicate=predicate)


def approval_statement(subject: Subject, approval: ApprovalPredicate) -> Statement:
    """Write what an approver signs."""
    return Statement(
        subjects=(subject,), predicate_type=APPROVAL_PREDICATE, predicate=approval.predicate()
    )


def predicate_statement(document: bytes, predicate_type: str, subject: Subject) -> Statement:
    """Take a JSON document as the predicate of a given type.

    Raises:
        MalformedError: not a JSON object.

    """
    return Statement(
        subjects=(subject,),
        predicate_type=predicate_type,
        predicate=canonical.as_object(canonical.loads(document, what="predicate")),
    )


def subject_of(digest: Digest, names: Sequence[str]) -> Subject:
    """Name an artifact in a statement."""
    return Subject(
        name=names[0] if names else None, digests=DigestSet.of({digest.algorithm: digest.hex})
    )
