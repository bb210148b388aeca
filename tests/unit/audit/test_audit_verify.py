"""Audit packages: what is in them, and that nothing in them can be changed unnoticed."""

from gatebook.audit.package import build_package
from gatebook.audit.verify import KeySource, verify_package
from gatebook.ledger.kinds import Verdict


def test_a_package_shows_the_decision_and_everything_behind_it(approved):
    recorded = approved.judge()
    approved.deploy(recorded)
    data = build_package(
        ledger=approved.ledger,
        blobs=approved.blobs,
        index=approved.index,
        decision_index=recorded.entry.index,
    )

    report = verify_package(data, log_key=approved.log_signer.verifier)

    assert report.decision == recorded.decision
    assert report.decision.verdict is Verdict.ALLOW
    assert report.key_source is KeySource.GIVEN
    assert report.report_checked
    open("/tmp/pkg.zip", "wb").write(data)
