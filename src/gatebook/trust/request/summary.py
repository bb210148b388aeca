"""The verification summary that a request expects, judged by :mod:`gatebook.trust.vsa`."""

from typing import assert_never

from gatebook.digest import Digest
from gatebook.trust.request.report import RequestCheck, VerificationReport
from gatebook.trust.vsa import ExpectedDigest, VsaExpectations, check_vsa

__all__ = ["judge_summary"]


def judge_summary(report: VerificationReport, expected: VsaExpectations) -> VerificationReport:
    """Judge a verified statement as a summary of what was asked for.

    Raises:
        MalformedError: it is no summary that is read.
        AttestationRefusedError: one class for each step of the specification.

    """
    match report.subject:
        case Digest() as digest:
            subject = ExpectedDigest.of(digest)
        case ExpectedDigest() as subject:
            pass
        case other:
            assert_never(other)
    summary = check_vsa(
        report.statement,
        verifier_id=expected.verifier_id,
        resource_uri=expected.resource_uri,
        levels=expected.levels,
        digests=(subject,),
    )
    found = " ".join(summary.verified_levels)
    return report.with_checks(
        RequestCheck(
            name="summary: verifier", expected=expected.verifier_id, found=summary.verifier_id
        ),
        RequestCheck(
            name="summary: resource", expected=expected.resource_uri, found=summary.resource_uri
        ),
        RequestCheck(name="summary: result", expected="PASSED", found=summary.result),
        *(
            RequestCheck(name="summary: level", expected=level, found=found)
            for level in expected.levels
        ),
    )
