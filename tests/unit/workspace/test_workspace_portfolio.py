"""What was in use: running, eligible, or only recorded."""

import pytest

from gatebook.clock import Duration, Instant
from gatebook.digest import sha256
from gatebook.intake.deployments import DeploymentStatus
from gatebook.names import EnvironmentName
from gatebook.workspace.portfolio import Scope

NOON = Instant.parse("2026-11-20T12:00:00Z")
PROD = EnvironmentName.parse("prod")
WEB = sha256(b"web 2.0")


@pytest.fixture
def used(shop):
    """At noon the api is allowed to midnight, an hour later deployed; the web is allowed then."""
    shop.demand({"id": "vulnerabilities", "with": {"max-advisory-age": "20d"}})
    shop.advise(shop.advisory("PYSEC-0", "flask", "0.5", modified="2026-11-01T00:00:00Z"))
    shop.accept_sbom("pkg:pypi/flask@1.0")
    shop.book.gate(shop.api, "prod")
    shop.later("1h").book.deploy(shop.api, "prod", name="api")
    shop.record(WEB).accept_sbom("pkg:pypi/flask@1.0", subject=WEB)
    shop.book.gate(WEB, "prod")
    return shop.later("1h")


def shown(shop, at=None, environment=PROD):
    return [(each.digest, each.scope) for each in shop.book.portfolio(at).in_use(environment)]


def test_what_runs_comes_before_what_might(used):
    assert shown(used) == [(used.api, Scope.RUNNING), (WEB, Scope.ELIGIBLE)]
    assert shown(used, environment=None) == shown(used)


def test_each_is_with_its_allow(used):
    api, web = used.book.portfolio().in_use(PROD)
    allow, other = reversed(used.book.query.decisions(environment=PROD))
    assert (api.decision, web.decision) == (allow.at, other.at)
    assert api.valid_until == web.valid_until == NOON + Duration.parse("12h")
    assert (api.since, web.since) == (NOON + Duration.parse("1h"),) * 2


@pytest.mark.parametrize(
    ("passed", "scopes"),
    [
        ("0s", [Scope.ELIGIBLE]),
        ("59m", [Scope.ELIGIBLE]),
        ("1h", [Scope.RUNNING, Scope.ELIGIBLE]),
    ],
)
def test_an_instant_in_the_past_knows_nothing_of_what_came_later(used, passed, scopes):
    at = NOON + Duration.parse(passed)
    assert [scope for _, scope in shown(used, at)] == scopes


def test_before_anything_nothing_is_in_use(used):
    assert shown(used, NOON + Duration.parse("0s"))[0][0] == used.api
    assert used.book.portfolio(Instant(NOON.unix_ms - 1)).in_use(None) == ()


def test_an_allow_that_ended_makes_nothing_eligible(used):
    used.later("2d")
    assert shown(used) == [(used.api, Scope.RUNNING)]


def test_an_allow_holds_to_its_last_instant(used):
    """As for a deployment: what happens at that instant is under it still."""
    (end,) = {each.valid_until for each in used.book.portfolio().in_use(PROD) if each.digest == WEB}
    assert (WEB, Scope.ELIGIBLE) in shown(used, end)
    assert (WEB, Scope.ELIGIBLE) not in shown(used, Instant(end.unix_ms + 1))


def test_a_later_deny_takes_an_allow_back(used):
    used.demand({"id": "build-age", "with": {"max": "1m"}})
    used.book.gate(WEB, "prod")
    assert shown(used) == [(used.api, Scope.RUNNING)]


def test_what_failed_to_start_does_not_run(used):
    used.book.deploy(WEB, "prod", name="web", status=DeploymentStatus.FAILED)
    assert shown(used) == [(used.api, Scope.RUNNING), (WEB, Scope.ELIGIBLE)]


def test_one_artifact_is_found_without_looking_at_the_others(used):
    """The question of one artifact and that of all of them have one answer."""
    used.book.deploy(used.api, "prod", name="api-blue")
    used.book.deploy(WEB, "prod", name="api")
    used.book.deploy(used.api, "staging", name="api")
    portfolio = used.book.portfolio()
    everything = portfolio.in_use(None)
    for digest in (used.api, WEB):
        one = {(each.environment, each.name, each.scope) for each in portfolio.using(digest, None)}
        assert one == {
            (each.environment, each.name, each.scope)
            for each in everything
            if each.digest == digest
        }


def test_what_is_recorded_need_not_be_in_use(used):
    recorded = used.book.portfolio().recorded(WEB)
    assert recorded is not None
    assert (recorded.scope, recorded.environment, recorded.name) == (Scope.RECORDED, None, "api")
    assert used.book.portfolio().recorded(sha256(b"nothing")) is None
    assert used.book.portfolio(NOON).recorded(WEB) is None
