"""Make the in-toto statement for a document, so that it can be signed.

SBOMs become the predicate of their own type; a JUnit report becomes a test result, and is kept
beside it; provenance is written from build information; any other predicate is taken as it is.
"""

from collections.abc import Sequence

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.errors import UsageError
from gatebook.facts.documents import APPROVAL_PREDICATE, ApprovalPredicate
from gatebook.facts.content import JUNIT_TYPE
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.formats.sbom.components import SbomFormat
from gatebook.formats.sbom.read import MAX_SBOM_BYTES, read_sbom
from gatebook.formats.test_reports.junit import read_junit
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
    "predicate_statement",
    "provenance_statement",
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
    sbom = read_sbom(document)
    predicate = canonical.as_object(canonical.loads(document, max_bytes=MAX_SBOM_BYTES))
    return Statement(
        subjects=(subject,), predicate_type=_SBOM_PREDICATES[sbom.format], predicate=predicate
    )


def test_result_statement(report: bytes, subject: Subject) -> tuple[Statement, Attachment]:
    """Say what became of a test run, and keep the JUnit report it is said over.

    Raises:
        MalformedError: the report is not JUnit XML.
        UsageError: it holds no tests; nothing cannot have passed.

    """
    read = read_junit(report)
    if read.total == 0:
        raise UsageError("the report holds no tests", code="intake.no-tests")
    result = TestResult(
        result=TestOutcome.PASSED if read.is_clean else TestOutcome.FAILED,
        configuration=(
            TestConfiguration(
                name="junit.xml", digests=DigestSet.of({"sha256": sha256(report).hex})
            ),
        ),
        passed_tests=read.passed_names,
        failed_tests=read.failed_names,
    )
    statement = Statement(
        subjects=(subject,), predicate_type=TEST_RESULT_V0_1, predicate=result.to_predicate()
    )
    return statement, Attachment(data=report, media_type=JUNIT_TYPE)


test_result_statement.__test__ = False  # type: ignore[attr-defined]  # not a test, despite its name


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
