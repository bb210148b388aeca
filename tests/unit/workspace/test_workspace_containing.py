"""Who has it, and where does that run: packages, vulnerabilities, licences."""

import json

import pytest

from gatebook.clock import Duration, Instant
from gatebook.digest import sha256
from gatebook.errors import MalformedError, UsageError
from gatebook.workspace.advisory_book import NoAdvisoriesError
from gatebook.workspace.portfolio import Scope

NOON = Instant.parse("2026-11-20T12:00:00Z")
WEB = sha256(b"web 2.0")
CLI = sha256(b"cli 3.0")
FLASK = "pkg:pypi/flask@1.0"
NEWER = "pkg:pypi/flask@2.5"
SLF4J = "pkg:maven/org.slf4j/slf4j-api@2.0.1"
OPENSSL = "pkg:generic/openssl@3.0.1"
LIBSSL = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl"


@pytest.fixture
def full(shop):
    """The api runs, the web is eligible, the command line is only recorded."""
    shop.demand({"id": "artifact-identified"})
    shop.accept_sbom(FLASK, OPENSSL, LIBSSL)
    for subject, purls in ((WEB, (NEWER, SLF4J)), (CLI, (FLASK,))):
        shop.record(subject).accept_sbom(*purls, subject=subject)
    shop.book.gate(shop.api, "prod")
    shop.book.gate(WEB, "prod")
    shop.later("1h").book.deploy(shop.api, "prod", name="api")
    return shop.later("1h")


def found(shop, **asked):
    return [(each.use.digest, each.part.component) for each in shop.book.containing(**asked)]


EVERYTHING = frozenset(Scope)


# -- packages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "components"),
    [
        ({"package": "pkg:pypi/flask"}, [FLASK, NEWER]),
        ({"package": "pkg:pypi/Flask"}, [FLASK, NEWER]),
        ({"package": "flask"}, [FLASK, NEWER]),
        ({"package": "FLASK"}, [FLASK, NEWER]),
        ({"package": FLASK}, [FLASK]),
        ({"package": "pkg:pypi/flask@1.0.0"}, [FLASK]),
        ({"package": "pkg:pypi/flask@9"}, []),
        ({"package": "pkg:pypi/flask", "within": "vers:pypi/<2.0"}, [FLASK]),
        ({"package": "pkg:pypi/flask", "within": "vers:pypi/>=2.0|<3.0"}, [NEWER]),
        ({"package": "flask", "within": "vers:pypi/>=3.0"}, []),
        ({"package": "pkg:npm/flask"}, []),
        ({"package": "pkg:pypi/flas"}, []),
        ({"package": "pkg:maven/org.slf4j/slf4j-api"}, [SLF4J]),
        ({"package": "slf4j-api"}, [SLF4J]),
        ({"package": "pkg:generic/openssl"}, [OPENSSL]),
        ({"package": OPENSSL}, [OPENSSL]),
        ({"package": "pkg:generic/openssl@3.0.2"}, []),
        ({"package": "pkg:deb/debian/libssl3"}, [LIBSSL]),
        ({"package": "pkg:deb/debian/libssl3@3.0.11-1"}, [LIBSSL]),
        ({"package": "pkg:deb/debian/libssl3", "within": "vers:deb/<3.0.12"}, [LIBSSL]),
        ({"package": "pkg:deb/debian/libssl3", "within": "vers:deb/<3.0.2"}, []),
        ({"package": "pkg:deb/debian/openssl"}, [LIBSSL]),
    ],
)
def test_packages_are_found_by_url_name_and_range(full, asked, components):
    assert [component for _, component in found(full, **asked)] == components


def test_an_answer_says_where_since_when_and_by_which_document(full):
    (holding,) = full.book.containing(package=FLASK)
    assert (str(holding.use.environment), holding.use.name) == ("prod", "api")
    assert holding.use.scope is Scope.RUNNING
    assert holding.use.since == NOON + Duration.parse("1h")
    assert (holding.part.version, holding.part.certain) == ("1.0", True)
    entry = full.book.entry(holding.entry)
    assert entry.evidence[0].digest == holding.part.document
    assert entry.subjects == (full.api,)


def test_a_version_that_nobody_can_compare_is_not_left_out(full):
    odd = "pkg:pypi/flask@banana"
    full.accept_sbom(odd, serial=1)
    asked = {"package": "pkg:pypi/flask", "within": "vers:pypi/<2.0"}
    answers = {each.part.component: each.part.certain for each in full.book.containing(**asked)}
    assert answers == {FLASK: True, odd: False}


@pytest.mark.parametrize(
    ("scopes", "owners"),
    [
        (None, ["api", "web"]),
        ({Scope.RUNNING}, ["api"]),
        ({Scope.ELIGIBLE}, ["web"]),
        ({Scope.RECORDED}, ["api", "cli", "web"]),
    ],
)
def test_what_is_in_use_is_asked_unless_more_is(full, scopes, owners):
    names = {full.api: "api", WEB: "web", CLI: "cli"}
    answers = full.book.containing(
        package="flask", scopes=None if scopes is None else frozenset(scopes)
    )
    assert sorted(names[each.use.digest] for each in answers) == owners


def test_only_in_the_environment_asked_for(full):
    full.book.deploy(CLI, "staging", name="cli")
    assert [digest for digest, _ in found(full, package=FLASK)] == [full.api, CLI]
    assert [digest for digest, _ in found(full, package=FLASK, environment="staging")] == [CLI]


def test_an_instant_in_the_past(full):
    """What was deployed, or handed in, later is not in the answer."""
    at = NOON + Duration.parse("30m")
    assert [each.use.scope for each in full.book.containing(package=FLASK, at=at)] == [
        Scope.ELIGIBLE
    ]
    full.accept_sbom("pkg:pypi/late@1.0", serial=2)
    full.later("1h")
    assert found(full, package="late") != []
    assert found(full, package="late", at=NOON + Duration.parse("90m")) == []


def test_what_was_replaced_does_not_run(full):
    full.demand({"id": "build-age", "with": {"max": "1m"}})
    full.book.gate(full.api, "prod")
    full.book.deploy(WEB, "prod", name="api")
    assert found(full, package=FLASK) == []


# -- vulnerabilities -------------------------------------------------------------------------------


def test_what_a_new_advisory_touches(full):
    record = full.advisory("PYSEC-1", "flask", "2.0", aliases=["CVE-2026-1"])
    full.advise(record)
    for identifier in ("PYSEC-1", "CVE-2026-1"):
        assert found(full, vulnerability=identifier) == [(full.api, FLASK)]
    everything = found(full, vulnerability="CVE-2026-1", scopes=frozenset({Scope.RECORDED}))
    assert {digest for digest, _ in everything} == {full.api, CLI}
    assert found(full, vulnerability="CVE-1999-1") == []


def test_without_advisories_nobody_can_say(full):
    with pytest.raises(NoAdvisoriesError):
        full.book.containing(vulnerability="CVE-2026-1")


# -- licences --------------------------------------------------------------------------------------


@pytest.fixture
def licensed(shop):
    """An api with components under some licences."""
    shop.demand({"id": "artifact-identified"})
    written = {
        "a": {"license": {"id": "MIT"}},
        "b": {"expression": "MIT OR GPL-3.0-only"},
        "c": {"expression": "GPL-3.0-only AND (BSD-3-Clause OR Apache-2.0)"},
        "d": {"license": {"name": "Our own terms"}},
    }
    document = shop.sbom(*(f"pkg:pypi/{name}@1.0" for name in written))
    for component in document["components"]:
        component["licenses"] = [written[component["name"]]]
    shop.book.accept(shop.signed("https://cyclonedx.org/bom", document), shop.api)
    shop.book.deploy(shop.api, "prod", name="api")
    return shop


@pytest.mark.parametrize(
    ("licence", "names"),
    [
        ("MIT", "ab"),
        ("mit", "ab"),
        ("GPL-3.0-only", "bc"),
        ("Apache-2.0", "c"),
        ("MIT OR GPL-3.0-only", "b"),
        ("Our own terms", "d"),
        ("AGPL-3.0-only", ""),
        ("GPL-3.0", "bc"),
        ("GPL-3.0-or-later", ""),
    ],
)
def test_licences_are_found_in_expressions(licensed, licence, names):
    answers = licensed.book.containing(licence=licence)
    assert [each.part.component for each in answers] == [f"pkg:pypi/{each}@1.0" for each in names]
    assert all(each.part.licence for each in answers)


# -- asking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"package": FLASK, "licence": "MIT"},
        {"licence": "MIT", "within": "vers:pypi/<2"},
        {"vulnerability": "CVE-2026-1", "within": "vers:pypi/<2"},
        {"package": FLASK, "within": "vers:pypi/<2"},
    ],
)
def test_one_question_at_a_time(full, asked):
    with pytest.raises(UsageError):
        full.book.containing(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"package": "pkg:"},
        {"package": "pkg:pypi/flask", "within": "<2.0"},
        {"package": "flask", "environment": "no such/place"},
    ],
)
def test_what_cannot_be_read_is_refused(full, asked):
    with pytest.raises(MalformedError):
        full.book.containing(**asked)


def test_the_answers_are_the_same_after_everything_was_made_anew(full):
    full.advise(full.advisory("PYSEC-1", "flask", "2.0"))
    before = full.book.containing(vulnerability="PYSEC-1", scopes=EVERYTHING)
    assert len(before) == 3
    full.book.reindex()
    assert full.book.containing(vulnerability="PYSEC-1", scopes=EVERYTHING) == before
    assert full.reopen().book.containing(vulnerability="PYSEC-1", scopes=EVERYTHING) == before


def test_what_was_answered_before_is_not_answered_again_once_it_changed(full):
    """Answers are remembered until the log grows; an allow that ends needs no entry to do so."""
    assert [digest for digest, _ in found(full, package=FLASK)] == [full.api]
    full.book.deploy(CLI, "prod", name="cli")
    assert [digest for digest, _ in found(full, package=FLASK)] == [full.api, CLI]
    terms = {"max-advisory-age": "20d", "max-unevaluated": 9}
    full.demand({"id": "vulnerabilities", "with": terms})
    full.advise(full.advisory("PYSEC-0", "flask", "0.5", modified="2026-11-01T00:00:00Z"))
    full.book.gate(WEB, "prod")
    assert [digest for digest, _ in found(full, package=NEWER)] == [WEB]
    full.later("1d")
    assert found(full, package=NEWER) == []


def test_an_sbom_that_nobody_signed_tells_as_well(full):
    document = json.dumps(full.sbom("pkg:pypi/unsigned@1.0")).encode()
    full.book.report(document, full.api, form="cyclonedx-json")
    assert found(full, package="unsigned") == [(full.api, "pkg:pypi/unsigned@1.0")]
