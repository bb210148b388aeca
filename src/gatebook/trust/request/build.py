"""The build that a request expects, judged by the rules in :mod:`gatebook.trust.slsa`."""

from collections.abc import Callable

import msgspec

from gatebook.digest import Digest
from gatebook.trust.refusals import AttestationRefusedError, SubjectMismatchError
from gatebook.trust.request.refusals import NothingToVerifyError
from gatebook.trust.request.report import RequestCheck, VerificationReport
from gatebook.trust.signer import Signer
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.verify import verify_provenance

__all__ = ["judge_build", "judge_signers"]


def judge_build(report: VerificationReport, expected: ProvenanceExpectations) -> VerificationReport:
    """Judge the build of a verified statement, as slsa-verifier does.

    Raises:
        MalformedError: the provenance lacks something.
        AttestationRefusedError: it is not of the build that was expected.

    """
    subject = report.subject
    if not isinstance(subject, Digest):
        raise SubjectMismatchError(f"no build is known by {subject.short}")
    return judge_signers(
        report,
        expected,
        lambda signer: verify_provenance(
            report.statement, signer.certificate, expected, subject=subject
        ),
    )


def judge_signers(
    report: VerificationReport,
    expected: ProvenanceExpectations,
    judge: Callable[[Signer], SlsaBuild],
) -> VerificationReport:
    """Judge the build for each signer; one for whom it satisfies everything is enough.

    Raises:
        AttestationRefusedError: it satisfies everything for none.

    """
    refusal: AttestationRefusedError | None = None
    for signer in report.signers:
        try:
            build = judge(signer)
        except AttestationRefusedError as error:
            refusal = error
            continue
        wanted = _expected_of_build(expected)
        checks = (
            RequestCheck(name=f"build: {rule}", expected=wanted.get(rule, ""), found=found)
            for rule, found in build.checks
        )
        return msgspec.structs.replace(report.with_checks(*checks), build=build)
    raise refusal or NothingToVerifyError("nobody signed")


def _expected_of_build(expected: ProvenanceExpectations) -> dict[str, str]:
    stated = {
        "issuer": " or ".join(sorted(expected.issuers)),
        "source": expected.git_source,
        "certificate source": expected.git_source,
        "builder": expected.builder_id,
        "branch": expected.source_branch,
        "tag": expected.source_tag,
        "versioned tag": expected.source_versioned_tag,
        "workflow inputs": ", ".join(
            f"{name}={value}" for name, value in sorted(expected.workflow_inputs.items())
        ),
    }
    return {rule: value for rule, value in stated.items() if value}
