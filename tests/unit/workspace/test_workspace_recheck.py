"""Everything in use is decided again; what would not be allowed again has lapsed."""

import json

import pytest

from gatebook.digest import sha256
from gatebook.intake.deployments import DeploymentStatus
from gatebook.ledger.entry import Relation
from gatebook.ledger.kinds import AdvisoriesMatched, DecisionLapsed, DecisionMade, Verdict
from gatebook.ledger.store import StoreError
from gatebook.names import EnvironmentName
from gatebook.workspace.pins import TrustRootNotPinnedError
from gatebook.workspace.recheck import Result

PROD = EnvironmentName.parse("prod")
FLASK = "pkg:pypi/flask@1.0"
WEB = sha256(b"web 2.0")
HARMLESS = {
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
}
CRITICAL = {
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
}


@pytest.fixture
def allowed(shop):
    """A shop in which the api was allowed and runs, with advisories that say nothing of it."""
    shop.demand({"id": "vulnerabilities", "with": {"max-advisory-age": "90d"}})
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5"))
    assert shop.book.gate(shop.api, "prod").decision.verdict is Verdict.ALLOW
    shop.later("1h").book.deploy(shop.api, "prod", name="api")
    return shop.later("1d")


def news(shop, identifier="PYSEC-9", **more):
    """An advisory on flask arrives."""
    shop.advise(
        shop.advisory("PYSEC-0", "flask", "0.5"),
        shop.advisory(identifier, "flask", "2.0", **(more or CRITICAL)),
    )
    return shop.later("1m")


def kinds(shop, start=0):
    return [entry.kind for _, entry in shop.book.entries(start)]


def lapses(shop):
    return [each for _, each in shop.book.entries() if isinstance(each.body, DecisionLapsed)]


def test_nothing_changed_records_nothing(allowed):
    size = allowed.book.size()
    report = allowed.book.recheck()
    assert [each.result for each in report.rechecked] == [Result.HOLDS]
    assert not report.lapsed
    assert allowed.book.size() == size


def test_an_allow_that_would_not_be_given_again_has_lapsed(allowed):
    allow = allowed.book.query.decisions(digest=allowed.api)[0]
    size = news(allowed).book.size()
    report = allowed.book.recheck()
    (found,) = report.rechecked
    assert report.lapsed
    assert (found.result, found.decision.verdict) == (Result.LAPSED, Verdict.DENY)
    assert kinds(allowed, size) == [
        AdvisoriesMatched.kind,
        DecisionMade.kind,
        DecisionLapsed.kind,
    ]
    assert (found.entry, found.lapse, found.allow) == (size + 1, size + 2, allow.at)
    lapse = allowed.book.entry(found.lapse)
    assert lapse.subjects == (allowed.api,)
    assert [(link.rel, link.entry) for link in lapse.links] == [
        (Relation.LAPSES, allowed.book.entry(allow.at).id)
    ]
    assert lapse.body.code == "gate.controls-not-satisfied"
    assert [str(each) for each in lapse.body.failed] == ["vulnerabilities"]
    assert str(lapse.body.snapshot) == allowed.book.query.advisories().snapshot
    (cause,) = found.causes
    assert cause.finding.code == "policy.vulnerabilities-found"
    assert "PYSEC-9" in cause.finding.found


def test_a_second_run_records_nothing_and_still_says_so(allowed):
    news(allowed).book.recheck()
    size = allowed.later("1h").book.size()
    report = allowed.reopen().book.recheck()
    assert [each.result for each in report.rechecked] == [Result.LAPSED_BEFORE]
    assert report.lapsed
    assert report.rechecked[0].lapse == size - 1
    assert allowed.book.size() == size


def test_news_that_the_environment_bears_is_decided_and_holds(allowed):
    size = news(allowed, **HARMLESS).book.size()
    report = allowed.book.recheck()
    assert [(each.result, each.recorded) for each in report.rechecked] == [(Result.HOLDS, True)]
    assert kinds(allowed, size) == [AdvisoriesMatched.kind, DecisionMade.kind]
    size = allowed.book.size()
    assert not allowed.later("1h").book.recheck().rechecked[0].recorded
    assert allowed.book.size() == size


def test_what_lapsed_may_be_allowed_and_lapse_again(allowed):
    news(allowed).book.recheck()
    allowed.advise(allowed.advisory("PYSEC-0", "flask", "0.5"))
    (again,) = allowed.later("1m").book.recheck().rechecked
    assert (again.result, again.lapse) == (Result.HOLDS, None)
    (found,) = news(allowed, "PYSEC-10").book.recheck().rechecked
    assert found.result is Result.LAPSED
    first, second = lapses(allowed)
    assert first.links[0].entry != second.links[0].entry


def test_what_is_only_eligible_lapses_as_well(shop):
    shop.demand({"id": "vulnerabilities", "with": {"max-advisory-age": "90d"}})
    shop.accept_sbom(FLASK)
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5"))
    shop.book.gate(shop.api, "prod")
    (found,) = news(shop).book.recheck().rechecked
    assert found.result is Result.LAPSED
    assert [each.scope.value for each in found.uses] == ["eligible"]
    # It neither runs nor may be deployed any more, so there is nothing to look at again.
    assert shop.book.recheck().rechecked == ()


def test_what_was_denied_at_the_gate_meanwhile_has_lapsed_too(allowed):
    """The gate took the allow back; that it lapsed is for the recheck to record."""
    news(allowed).book.gate(allowed.api, "prod")
    size = allowed.book.size()
    (found,) = allowed.book.recheck().rechecked
    assert (found.result, found.recorded) == (Result.LAPSED, False)
    assert kinds(allowed, size) == [DecisionLapsed.kind]


def test_what_runs_and_was_never_allowed_did_not_lapse(allowed):
    allowed.record(WEB).book.deploy(WEB, "prod", name="web")
    report = allowed.book.recheck()
    assert [each.result for each in report.rechecked] == [Result.HOLDS, Result.NEVER_ALLOWED]
    assert not report.lapsed


def test_only_the_environment_asked_for_is_rechecked(allowed):
    size = news(allowed).book.size()
    assert allowed.book.recheck(environment="staging").rechecked == ()
    assert allowed.book.size() == size
    assert len(allowed.book.recheck(environment="prod").rechecked) == 1


def test_one_artifact_under_two_names_is_decided_once(allowed):
    allowed.book.deploy(allowed.api, "prod", name="api-blue")
    (found,) = news(allowed).book.recheck().rechecked
    assert [each.name for each in found.uses] == ["api", "api-blue"]
    assert len(lapses(allowed)) == 1


def test_a_failed_deployment_runs_nothing(shop):
    shop.demand({"id": "artifact-identified"})
    shop.book.deploy(shop.api, "prod", name="api", status=DeploymentStatus.FAILED)
    assert shop.book.recheck().rechecked == ()


def test_what_was_replaced_is_not_in_use(allowed):
    allowed.demand({"id": "artifact-identified"})
    allowed.record(WEB).book.gate(WEB, "prod")
    allowed.book.deploy(WEB, "prod", name="api")
    used = {each.decision.subject: each for each in allowed.book.recheck().rechecked}
    assert used[WEB].uses[0].scope.value == "running"
    assert used[allowed.api].uses[0].scope.value == "eligible"


def test_another_contract_is_another_decision(allowed):
    allowed.demand({"id": "build-age", "with": {"max": "1m"}})
    (found,) = allowed.book.recheck().rechecked
    assert found.result is Result.LAPSED
    assert [str(each.control) for each in found.causes] == ["build-age"]


def test_every_artifact_is_told_as_it_is_done(allowed):
    allowed.record(WEB).book.deploy(WEB, "prod", name="web")
    told = []
    allowed.book.recheck(progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_a_run_that_broke_off_is_finished_by_the_next(allowed):
    """Each artifact is an append of its own: what was done is done, and not done twice."""
    allowed.record(WEB).accept_sbom(FLASK, subject=WEB)
    allowed.book.gate(WEB, "prod")
    allowed.book.deploy(WEB, "prod", name="web")
    news(allowed)

    def stop(done, total):
        raise StoreError(f"the machine stopped after {done} of {total}")

    with pytest.raises(StoreError):
        allowed.book.recheck(progress=stop)
    assert len(lapses(allowed)) == 1
    report = allowed.reopen().book.recheck()
    assert [each.result for each in report.rechecked] == [Result.LAPSED_BEFORE, Result.LAPSED]
    assert len(lapses(allowed)) == 2


def test_advisories_that_cannot_be_looked_up_are_no_allow(allowed):
    news(allowed)
    snapshot = allowed.book.query.advisories().snapshot.removeprefix("sha256:")
    directory = allowed.directory / "book"
    allowed.book.close()
    (directory / "advisories" / f"{snapshot}.sqlite").unlink()
    (blob,) = directory.glob(f"blobs/**/*{snapshot[2:]}")
    blob.chmod(0o600)
    blob.write_bytes(b"{}")
    (found,) = allowed.reopen().book.recheck().rechecked
    assert found.problem is not None
    assert found.decision.verdict is not Verdict.ALLOW
    assert found.result is Result.LAPSED


def test_nothing_is_decided_under_a_trust_root_that_is_not_pinned(allowed):
    allowed.book.trust_root_pins.add(sha256(b"another"))
    size = news(allowed).book.size()
    with pytest.raises(TrustRootNotPinnedError):
        allowed.book.recheck()
    assert allowed.book.size() == size


def test_a_rechecked_decision_replays(allowed):
    (found,) = news(allowed).book.recheck().rechecked
    assert allowed.book.replay(found.entry).decision == found.decision
    document = json.loads(found.decision.encode())
    assert document["advisories"] == allowed.book.query.advisories().snapshot
