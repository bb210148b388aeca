"""Each control: what passes it, and what differs in one point and does not."""

import pytest

from gatebook.clock import Duration
from gatebook.ledger.kinds import ArtifactKind
from gatebook.policy.catalogue import CATALOGUE
from gatebook.policy.outcome import Status

PASS, FAIL, MISSING, ERROR = Status.PASS, Status.FAIL, Status.MISSING, Status.ERROR
LATER = "2026-11-20T12:00:00.001Z"


@pytest.fixture
def bare(company):
    """A book with trust root and contract, and nothing about any artifact."""
    book = company.a_book()
    book.trust()
    book.demand()
    return book


def came_out(book, control: str) -> tuple[Status, str]:
    finding = book.finding(control)
    assert finding.expected
    assert finding.found
    assert bool(finding.fix) == (finding.status is not PASS)
    return finding.status, finding.code


def test_every_control_describes_itself():
    assert set(CATALOGUE) == {
        "artifact-identified",
        "provenance",
        "attestation",
        "sbom",
        "sbom-fresh",
        "sbom-quality",
        "licenses",
        "ecosystems",
        "denied-packages",
        "base-image",
        "scan",
        "vulnerabilities",
        "code-scanning",
        "tests-passed",
        "coverage",
        "quality-gate",
        "custom-evidence",
        "approval",
        "build-age",
    }
    for name, control in CATALOGUE.items():
        assert control.name == name
        assert control.purpose.endswith(".")
        assert control.satisfied_by
        assert control.parameters


def test_an_artifact_with_every_evidence_passes_every_control(approved):
    for demand in approved.judge().decision.outcomes:
        assert demand.finding.status is PASS, demand.control


# -- artifact-identified ---------------------------------------------------------------------------


def test_an_artifact_nobody_recorded_is_unknown(bare, company):
    assert came_out(bare, "artifact-identified") == (MISSING, "policy.artifact-unknown")
    bare.record(company.other)
    assert came_out(bare, "artifact-identified") == (MISSING, "policy.artifact-unknown")
    bare.record()
    assert came_out(bare, "artifact-identified") == (PASS, "policy.identified")


def test_an_artifact_of_another_kind_may_not_enter(company):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("artifact-identified", kinds=["image", "chart"]))
    book.record(kind=ArtifactKind.FILE)
    assert came_out(book, "artifact-identified") == (FAIL, "policy.artifact-kind")
    book.record(kind=ArtifactKind.CHART)
    assert came_out(book, "artifact-identified") == (PASS, "policy.identified")


# -- provenance ------------------------------------------------------------------------------------


def provenance_of(company, bare, **changes) -> tuple[Status, str]:
    bare.record()
    bare.accept(company.a_provenance(**changes))
    return came_out(bare, "provenance")


def test_provenance_is_demanded(bare):
    bare.record()
    assert came_out(bare, "provenance") == (MISSING, "policy.provenance-missing")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"builder": "https://ci.example.com/other"}, "builder is https://ci.example.com/other"),
        ({"builder": "https://ci.example.com/runner/"}, "builder is"),
        ({"commit": "d" * 40}, "commit is dddd"),
        ({"commit": None}, "commit is not named"),
        ({"build_type": "https://example.com/unknown"}, "repository is not named"),
    ],
    ids=str,
)
def test_provenance_that_differs_in_one_point_fails(company, bare, changes, named):
    if "build_type" in changes:
        # Nobody knows which repository it is about: a key for any repository has to have signed.
        bare.trust(
            keys={"ci": company.a_key("ci", "provenance", repositories="any")},
        )
    assert provenance_of(company, bare, **changes) == (FAIL, "policy.provenance-differs")
    assert named in bare.finding("provenance").found


def test_provenance_of_another_repository_of_ours_fails(company):
    """The key may speak about every repository of acme; the contract allows one."""
    book = company.a_book()
    book.trust()
    book.demand()
    book.record(repository=None, commit=None)
    book.accept(company.a_provenance(repository="https://git.example.com/acme/web"))
    assert came_out(book, "provenance") == (FAIL, "policy.provenance-differs")
    assert "repository is https://git.example.com/acme/web" in book.finding("provenance").found


@pytest.mark.parametrize(
    ("parameter", "allowed", "part"),
    [("refs", "refs/heads/main", "ref"), ("workflows", ".ci/build.yml", "workflow")],
)
def test_refs_and_workflows_are_compared_when_the_contract_names_them(
    company, parameter, allowed, part
):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("provenance", **{parameter: [allowed]}))
    book.record()
    for value, expected in [("refs/heads/mainline", FAIL), (f"{allowed}.bak", FAIL), (None, FAIL)]:
        changes = {} if value is None else {part: value}
        if part == "ref" and value is None:
            continue
        book.accept(company.a_provenance(**changes))
        assert came_out(book, "provenance")[0] is expected
    book.accept(company.a_provenance(**{part: allowed}))
    assert came_out(book, "provenance") == (PASS, "policy.provenance-fits")


def test_one_provenance_has_to_fit_in_every_point(company, bare):
    """Two that each fit in half of the points are not one that fits."""
    bare.record()
    bare.accept(company.a_provenance(builder="https://ci.example.com/other"))
    bare.accept(company.a_provenance(commit="d" * 40))
    assert came_out(bare, "provenance") == (FAIL, "policy.provenance-differs")


def test_two_recordings_with_different_commits_leave_no_provenance_that_fits(company, bare):
    bare.record()
    bare.accept(company.a_provenance())
    assert came_out(bare, "provenance")[0] is PASS
    bare.record(commit="d" * 40)
    assert came_out(bare, "provenance") == (FAIL, "policy.provenance-differs")


@pytest.mark.parametrize("signer", ["stranger", "ana"])
def test_provenance_by_a_key_that_may_not_attest_it_is_not_believed(company, bare, signer):
    bare.record()
    bare.accept(company.a_provenance(), signer=signer)
    assert came_out(bare, "provenance") == (FAIL, "policy.provenance-not-believed")


def test_lost_provenance_is_an_error_and_not_a_pass(company, bare):
    bare.record()
    accepted = bare.accept(company.a_provenance())
    bare.blobs.lose(accepted.entry.evidence[0].digest)
    assert came_out(bare, "provenance") == (ERROR, "policy.evidence-damaged")


# -- sbom ------------------------------------------------------------------------------------------


def test_an_sbom_is_demanded(bare):
    bare.record()
    assert came_out(bare, "sbom") == (MISSING, "policy.sbom-missing")


def test_an_empty_sbom_is_not_enough(company, bare):
    bare.record()
    bare.accept(company.an_sbom(0))
    assert came_out(bare, "sbom") == (FAIL, "policy.sbom-empty")
    bare.accept(company.an_sbom(1))
    assert came_out(bare, "sbom") == (PASS, "policy.sbom-present")


def test_an_sbom_that_says_it_is_of_another_artifact_fails(company, bare):
    """The statement is about our digest; the document inside describes something else."""
    bare.record()
    bare.accept(company.an_sbom(describes=company.other))
    assert came_out(bare, "sbom") == (FAIL, "policy.sbom-insufficient")
    assert "another artifact" in bare.finding("sbom").found
    bare.accept(company.an_sbom(describes=company.api))
    assert came_out(bare, "sbom")[0] is PASS


def test_defects_of_an_sbom_that_counts_are_told(company, bare):
    bare.record()
    predicate = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {"type": "library", "name": "six", "hashes": [{"alg": "SHA-256", "content": "zz"}]}
        ],
    }
    bare.accept(company.a_statement("https://cyclonedx.org/bom", predicate))
    assert came_out(bare, "sbom") == (PASS, "policy.sbom-present")
    assert "defects: " in bare.finding("sbom").found


def test_an_sbom_of_another_digest_does_not_count(company, bare):
    bare.record()
    bare.accept(company.an_sbom(subject=company.other), subject=company.api)
    assert came_out(bare, "sbom") == (FAIL, "policy.sbom-insufficient")
    assert "trust.subject-mismatch" in bare.finding("sbom").found


@pytest.mark.parametrize(("demanded", "status"), [(3, PASS), (4, FAIL)])
def test_an_sbom_needs_as_many_components_as_demanded(company, demanded, status):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("sbom", min_components=demanded))
    book.record()
    book.accept(company.an_sbom(3))
    assert came_out(book, "sbom")[0] is status


@pytest.mark.parametrize(("form", "status"), [("cyclonedx", PASS), ("spdx", FAIL)])
def test_an_sbom_has_to_be_of_a_format_that_counts(company, form, status):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("sbom", formats=[form]))
    book.record()
    book.accept(company.an_sbom())
    assert came_out(book, "sbom")[0] is status


def test_an_sbom_that_cannot_be_read_does_not_count(company, bare):
    bare.record()
    bare.accept(company.a_statement("https://cyclonedx.org/bom", {"bomFormat": "CycloneDX"}))
    assert came_out(bare, "sbom") == (FAIL, "policy.sbom-insufficient")


def test_a_report_nobody_signed_is_no_sbom(company, bare):
    bare.record()
    bare.report(company.an_sbom(), form="https://cyclonedx.org/bom")
    assert came_out(bare, "sbom") == (MISSING, "policy.sbom-missing")


def test_a_lost_sbom_is_an_error(company, bare):
    bare.record()
    accepted = bare.accept(company.an_sbom())
    bare.blobs.change(accepted.entry.evidence[0].digest, b"{}")
    assert came_out(bare, "sbom")[0] is not PASS
    bare.blobs.lose(accepted.entry.evidence[0].digest)
    assert came_out(bare, "sbom") == (ERROR, "policy.evidence-damaged")


# -- tests-passed ----------------------------------------------------------------------------------


def test_test_results_are_demanded(bare):
    bare.record()
    assert came_out(bare, "tests-passed") == (MISSING, "policy.tests-missing")


def test_a_failed_test_stays_failed_whatever_passes_before_or_after(company, bare):
    bare.record()
    bare.accept(company.a_test_result())
    bare.accept(company.a_test_result(failed=["test_three"]))
    bare.accept(company.a_test_result(passed=["test_one", "test_two", "test_three"]))
    assert came_out(bare, "tests-passed") == (FAIL, "policy.tests-failed")
    assert "test_three" in bare.finding("tests-passed").found


def test_a_run_that_failed_without_naming_a_test_failed(company, bare):
    bare.record()
    bare.accept(company.a_test_result(result="FAILED"))
    assert came_out(bare, "tests-passed") == (FAIL, "policy.tests-failed")


def test_a_run_with_warnings_and_no_failure_passes(company, bare):
    bare.record()
    bare.accept(company.a_test_result(result="WARNED"))
    assert came_out(bare, "tests-passed") == (PASS, "policy.tests-passed")


@pytest.mark.parametrize(("demanded", "status"), [(2, PASS), (3, FAIL)])
def test_one_run_needs_as_many_passed_tests_as_demanded(company, demanded, status):
    book = company.a_book()
    book.trust()
    book.demand(company.demand("tests-passed", min_tests=demanded))
    book.record()
    book.accept(company.a_test_result())
    book.accept(company.a_test_result(passed=["test_three"]))
    assert came_out(book, "tests-passed")[0] is status


def test_a_run_without_tests_is_not_enough(company, bare):
    bare.record()
    bare.accept(company.a_test_result(passed=[]))
    assert came_out(bare, "tests-passed") == (FAIL, "policy.tests-none")


CLEAN = b"<testsuite><testcase name='test_one'/><testcase name='test_two'/></testsuite>"
BROKEN = (
    b"<testsuite><testcase name='test_one'/><testcase name='test_two'/>"
    b"<testcase name='test_three'><failure/></testcase></testsuite>"
)


def test_results_are_compared_with_the_report_they_were_signed_over(company, bare):
    bare.record()
    bare.accept(company.a_test_result(report=CLEAN), attachments={company.junit_type: CLEAN})
    assert came_out(bare, "tests-passed") == (PASS, "policy.tests-passed")


@pytest.mark.parametrize(
    ("signed_over", "kept"),
    [(BROKEN, BROKEN), (CLEAN, BROKEN), (b"<testsuite/>", b"<testsuite/>"), (b"<x", b"<x")],
    ids=["failures in it", "another report", "no test in it", "not a report"],
)
def test_results_that_differ_from_their_report_block_whatever_else_passes(
    company, bare, signed_over, kept
):
    """They may well be a failure, so that a passing run beside them does not help."""
    bare.record()
    bare.accept(company.a_test_result())
    bare.accept(company.a_test_result(report=signed_over), attachments={company.junit_type: kept})
    assert came_out(bare, "tests-passed") == (FAIL, "policy.tests-unclear")


def test_a_lost_report_is_an_error(company, bare):
    bare.record()
    accepted = bare.accept(
        company.a_test_result(report=CLEAN), attachments={company.junit_type: CLEAN}
    )
    bare.blobs.lose(accepted.entry.evidence[1].digest)
    assert came_out(bare, "tests-passed") == (ERROR, "policy.evidence-damaged")


def test_lost_results_are_an_error_although_others_passed(company, bare):
    bare.record()
    bare.accept(company.a_test_result())
    lost = bare.accept(company.a_test_result(failed=["test_three"]))
    bare.blobs.lose(lost.entry.evidence[0].digest)
    assert came_out(bare, "tests-passed") == (ERROR, "policy.evidence-damaged")


def test_results_by_a_key_that_is_not_believed_any_more_say_nothing(company, bare):
    bare.record()
    bare.accept(company.a_test_result())
    bare.accept(company.a_test_result(failed=["test_three"]), signer="stranger")
    assert came_out(bare, "tests-passed") == (PASS, "policy.tests-passed")


def test_a_test_with_an_endless_name_does_not_fill_the_decision(company, bare):
    bare.record()
    bare.accept(company.a_test_result(failed=["x" * 200_000]))
    decision = bare.judge().decision
    assert type(decision).parse(decision.encode()) == decision
    assert len(bare.finding("tests-passed").found) < 2000


# -- build-age -------------------------------------------------------------------------------------


def test_the_end_of_the_build_is_demanded(company, bare):
    bare.record()
    assert came_out(bare, "build-age") == (MISSING, "policy.build-time-missing")
    bare.accept(company.a_provenance(finished=None))
    assert came_out(bare, "build-age") == (MISSING, "policy.build-time-missing")


def test_a_build_is_young_enough_to_the_last_instant(company, bare):
    bare.record()
    bare.accept(company.a_provenance(finished=company.noon))
    end = company.noon + Duration.parse("30d")
    bare.later("30d")
    assert came_out(bare, "build-age") == (PASS, "policy.build-young-enough")
    assert bare.finding("build-age").until == end == bare.clock.now()
    bare.clock.instant += Duration(1)
    assert came_out(bare, "build-age") == (FAIL, "policy.build-too-old")


def test_a_build_that_ended_after_its_provenance_was_received_is_not_believed(company, bare):
    bare.record()
    bare.accept(company.a_provenance(finished=LATER))
    assert came_out(bare, "build-age") == (FAIL, "policy.build-from-the-future")
    bare.later("1h")
    assert came_out(bare, "build-age") == (FAIL, "policy.build-from-the-future")
    bare.accept(company.a_provenance(finished=company.noon))
    assert came_out(bare, "build-age") == (PASS, "policy.build-young-enough")


def test_the_age_is_that_of_the_build_and_not_of_the_entry(company, bare):
    bare.record()
    bare.accept(company.a_provenance(finished="2026-10-21T11:59:59.999Z"))
    assert came_out(bare, "build-age") == (FAIL, "policy.build-too-old")
    bare.accept(company.a_provenance(finished="2026-10-21T12:00:00Z"))
    assert came_out(bare, "build-age") == (PASS, "policy.build-young-enough")


def test_only_the_builders_that_are_named_say_how_old_a_build_is(company):
    book = company.a_book()
    book.trust()
    book.record()
    book.accept(company.a_provenance(finished="2026-09-01T12:00:00Z"))
    book.accept(company.a_provenance(builder="https://elsewhere.example.com/runner"))
    named = company.demand("build-age", max="30d", builders=["https://elsewhere.example.com/*"])
    book.demand(named)
    assert came_out(book, "build-age") == (PASS, "policy.build-young-enough")
    book.demand(company.demand("build-age", max="30d", builders=["https://ci.example.com/*"]))
    assert came_out(book, "build-age") == (FAIL, "policy.build-too-old")


def test_lost_provenance_leaves_the_age_unknown(company, bare):
    bare.record()
    accepted = bare.accept(company.a_provenance())
    bare.blobs.lose(accepted.entry.evidence[0].digest)
    assert came_out(bare, "build-age") == (ERROR, "policy.evidence-damaged")


def test_provenance_that_is_not_believed_gives_no_age(company, bare):
    bare.record()
    bare.accept(company.a_provenance(), signer="stranger")
    assert came_out(bare, "build-age") == (MISSING, "policy.build-time-missing")
