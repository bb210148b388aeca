"""Audit packages: what is in them, and who can tell."""

import pytest

from gatebook import canonical
from gatebook.audit.archive import read_archive
from gatebook.audit.package import NotADecisionError
from gatebook.audit.verify import KeySource, verify_package
from gatebook.ledger.kinds import Verdict

BLOB = "blobs/sha256/"


# -- what is in it ---------------------------------------------------------------------------------


def test_a_package_shows_the_decision_and_everything_behind_it(deployed, package, key):
    report = verify_package(package, log_key=key)

    decision = deployed.decision
    assert report.decision == decision.decision
    assert report.decision.verdict is Verdict.ALLOW
    assert report.decision_index == decision.entry.index
    assert (report.origin, report.size) == (deployed.origin, deployed.ledger.head().size)
    assert report.root == deployed.ledger.head().root
    assert report.key_source is KeySource.GIVEN
    assert [entry.kind for entry in report.entries] == [
        "book.created",
        "trust-root.published",
        "contract.published",
        "artifact.recorded",
        "evidence.accepted",
        "evidence.accepted",
        "evidence.accepted",
        "approval.granted",
        "evidence.refused",
        "approval.refused",
        "decision.made",
        "deployment.finished",
    ]
    assert report.deployments == (11,)
    assert set(report.decision.documents) < set(report.blobs)
    assert report.absent == ()
    assert report.replayed.entries == len(decision.decision.entries)
    assert report.report_checked


def test_the_same_book_gives_the_same_package(deployed, package):
    assert deployed.package(deployed.decision) == package


def test_a_package_names_what_each_file_is(package):
    files = read_archive(package)
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    what = {record["name"]: record["what"] for record in manifest["files"]}

    assert set(what) == set(files) - {"manifest.json"}
    assert what["entries/10.json"] == "the decision"
    assert what["entries/8.json"] == "refused, about the artifact: evidence.refused"
    assert files["contract.json"] in [files[name] for name in files if name.startswith(BLOB)]


def test_a_contract_written_in_yaml_stays_as_it_was_written(company):
    document = b"""\
contract: gatebook/contract/v1   # what production demands
environment: prod
controls:
  - id: artifact-identified
"""
    book = company.a_book().ready(document=document)
    recorded = book.judge()

    data = book.package(recorded)

    assert read_archive(data)["contract.yaml"] == document
    assert verify_package(data, log_key=None).decision.verdict is Verdict.ALLOW


def test_what_others_did_is_not_in_the_package(deployed, company):
    deployed.record(company.other)
    deployed.refuse_evidence(company.other)
    deployed.judge(company.other)
    deployed.later("1h").judge()

    report = verify_package(deployed.package(deployed.decision), log_key=None)

    assert [entry.index for entry in report.entries] == list(range(12))


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (lambda book: book, Verdict.UNDECIDED),
        (lambda book: book.trust() and book, Verdict.UNDECIDED),
        (lambda book: book.demand() and book, Verdict.UNDECIDED),
        (lambda book: book.ready(), Verdict.DENY),
    ],
    ids=["nothing", "no contract", "unknown artifact", "no approval"],
)
def test_a_decision_that_blocks_can_be_taken_away_too(company, make, verdict):
    book = make(company.a_book())

    report = verify_package(book.package(book.judge()), log_key=book.log_signer.verifier)

    assert report.decision.verdict is verdict
    assert report.report_checked


def test_without_a_key_the_package_vouches_for_itself_only(package, key):
    report = verify_package(package, log_key=None)

    assert (report.log_key, report.key_source) == (key, KeySource.PACKAGE)


@pytest.mark.parametrize("index", [0, 1, 3, 4])
def test_an_entry_that_is_no_decision_is_not_packed(approved, index):
    recorded = approved.judge()
    from_elsewhere = type(recorded)(
        decision=recorded.decision,
        entry=type(recorded.entry)(
            index=index, entry=recorded.entry.entry, size=1, checkpoint=b"", duplicate=False
        ),
    )
    with pytest.raises(NotADecisionError) as refused:
        approved.package(from_elsewhere)
    assert refused.value.code == "audit.not-a-decision"
