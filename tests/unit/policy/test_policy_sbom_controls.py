"""What an SBOM lists, how good it is, when it was made: one point differs, and it fails."""

from dataclasses import replace

import msgspec
import pytest

from gatebook.digest import DigestSet, sha256
from gatebook.formats.build.reference import Material
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import SLSA_V1, Provenance
from gatebook.formats.sbom.component import ConvertedComponent
from gatebook.formats.sbom.components import SbomFormat, Tool
from gatebook.formats.sbom.parts import LicenseClaim, LicenseForm, LicenseSource, Property
from gatebook.policy.contract import ContractError
from gatebook.policy.outcome import Status

PASS, FAIL, MISSING, ERROR = Status.PASS, Status.FAIL, Status.MISSING, Status.ERROR
BASE = sha256(b"python:3.12-slim")
SMALLEST = {
    "sbom-quality": {},
    "sbom-fresh": {},
    "licenses": {"allow": ["MIT"]},
    "ecosystems": {"types": ["npm"]},
    "denied-packages": {"packages": [{"package": "pkg:npm/left-pad"}]},
}


def licensed(kit, *expressions, **changes):
    components = tuple(
        ConvertedComponent(
            name=f"part-{number}",
            version="1.0.0",
            type="library",
            ref=f"part-{number}",
            purl=f"pkg:npm/part-{number}@1.0.0",
            claims=()
            if text is None
            else (
                LicenseClaim(text=text, form=LicenseForm.EXPRESSION, source=LicenseSource.DECLARED),
            ),
            **changes,
        )
        for number, text in enumerate(expressions)
    )
    return kit.sbom(components=components)


def provenance(kit, *materials, **changes):
    parts = {
        "predicate_type": SLSA_V1,
        "build_type": "https://example.com/build",
        "builder_id": "https://ci.example.com/runner",
        "started": kit.ago("3h"),
        "finished": kit.ago("2h"),
        "materials": materials,
    }
    content = Provenance(**{**parts, **changes})
    return kit.evidence(content, kind=PredicateKind.PROVENANCE)


# -- what holds for all of them --------------------------------------------------------------------


def good(kit):
    return {
        "sbom-quality": [kit.evidence(kit.sbom())],
        "sbom-fresh": [kit.evidence(kit.sbom()), provenance(kit)],
        "licenses": [kit.evidence(licensed(kit, "MIT"))],
        "ecosystems": [kit.evidence(kit.sbom())],
        "denied-packages": [kit.evidence(kit.sbom())],
    }


@pytest.mark.parametrize("control", sorted(SMALLEST))
def test_nothing_or_nothing_that_can_be_read_is_no_pass(kit, control):
    evidence = good(kit)[control]
    parameters = SMALLEST[control]
    assert kit.judge(control, kit.facts(*evidence), parameters).status is PASS
    without = kit.judge(control, kit.facts(*evidence[1:]), parameters)
    assert (without.status, without.code.endswith("-missing")) == (MISSING, True)
    unreadable = kit.unreadable(kind=PredicateKind.SBOM)
    found = kit.judge(control, kit.facts(unreadable, *evidence[1:]), parameters)
    assert (found.status, found.code.endswith("-unreadable")) == (FAIL, True)
    lost = kit.unreadable(kind=PredicateKind.SBOM, damaged=True)
    found = kit.judge(control, kit.facts(lost, *evidence[1:]), parameters)
    assert (found.status, found.code) == (ERROR, "policy.evidence-damaged")


@pytest.mark.parametrize("control", sorted(set(SMALLEST) - {"sbom-fresh"}))
def test_an_sbom_without_components_says_nothing_of_the_artifact(kit, control):
    empty = kit.evidence(kit.sbom(components=()))
    found = kit.judge(control, kit.facts(empty), SMALLEST[control])
    assert (found.status, found.code.endswith("-sbom-empty")) == (FAIL, True)


@pytest.mark.parametrize("control", ["licenses", "ecosystems", "denied-packages"])
def test_what_must_not_be_there_must_be_in_no_sbom(kit, control):
    (fine,) = good(kit)[control]
    unreadable = kit.unreadable(kind=PredicateKind.SBOM)
    assert kit.judge(control, kit.facts(fine, unreadable), SMALLEST[control]).status is FAIL
    bad = {
        "licenses": licensed(kit, "GPL-3.0-only"),
        "ecosystems": kit.sbom("pkg:pypi/six@1.0"),
        "denied-packages": kit.sbom("pkg:npm/left-pad@1.0.0"),
    }[control]
    facts = kit.facts(kit.evidence(bad), fine)
    assert kit.judge(control, facts, SMALLEST[control]).status is FAIL


# -- sbom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "changes", "code"),
    [
        ({"spec-versions": ["1.6"]}, {}, "policy.sbom-present"),
        ({"spec-versions": ["1.5"]}, {}, "policy.sbom-insufficient"),
        ({"formats": ["syft"]}, {}, "policy.sbom-insufficient"),
        ({"formats": ["syft"]}, {"format": SbomFormat.SYFT}, "policy.sbom-present"),
        ({"names-digest": True}, {}, "policy.sbom-insufficient"),
        ({"names-digest": True}, {"subject": "api"}, "policy.sbom-present"),
        ({}, {"subject": "other"}, "policy.sbom-insufficient"),
    ],
    ids=str,
)
def test_an_sbom_is_as_the_contract_demands(kit, parameters, changes, code):
    changes = dict(changes)
    if "subject" in changes:
        digest = {"api": kit.api, "other": kit.other}[changes["subject"]]
        changes["subject"] = ConvertedComponent(
            name="api", hash_pairs=((digest.algorithm, digest.hex),)
        )
    facts = kit.facts(kit.evidence(kit.sbom(**changes)))
    assert kit.judge("sbom", facts, parameters).code == code


# -- sbom-quality ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "changes", "status"),
    [
        ({"min-components": 1}, {}, PASS),
        ({"min-components": 2}, {}, FAIL),
        (
            {"generators": ["syft>=1.2"]},
            {"generators": (Tool(name="syft", version="1.2.0"),)},
            PASS,
        ),
        (
            {"generators": ["syft>=1.2"]},
            {"generators": (Tool(name="syft", version="1.1.9"),)},
            FAIL,
        ),
        ({"generators": ["syft>=1.2"]}, {"generators": (Tool(name="syft"),)}, FAIL),
        ({"generators": ["trivy"]}, {"generators": (Tool(name="syft", version="1.2.0"),)}, FAIL),
        ({"generators": ["syft>=1.2"]}, {"generators": (Tool(name="syft", version="dev"),)}, ERROR),
        ({"lifecycles": ["build"]}, {"lifecycles": ("build",)}, PASS),
        ({"lifecycles": ["build"]}, {"lifecycles": ("design",)}, FAIL),
        ({"lifecycles": ["build"]}, {}, FAIL),
        ({"checks": ["component-hashes"]}, {}, FAIL),
        ({"checks": ["S11", "package-urls"]}, {}, PASS),
    ],
    ids=str,
)
def test_an_sbom_passes_the_checks_that_are_demanded(kit, parameters, changes, status):
    facts = kit.facts(kit.evidence(kit.sbom(**changes)))
    assert kit.judge("sbom-quality", facts, parameters).status is status


def test_versions_that_are_none_are_named(kit):
    moving = kit.evidence(kit.sbom("pkg:npm/left-pad@latest", "pkg:npm/lodash@4.17.20"))
    found = kit.judge("sbom-quality", kit.facts(moving))
    assert (found.status, found.code) == (FAIL, "policy.sbom-quality-poor")
    assert "pkg:npm/left-pad@latest" in found.found
    tolerant = {"max-inexact-percent": 50}
    assert kit.judge("sbom-quality", kit.facts(moving), tolerant).status is PASS
    assert kit.judge("sbom-quality", kit.facts(moving), {"max-inexact-percent": 49}).status is FAIL


def test_one_good_sbom_is_enough(kit):
    poor = kit.evidence(kit.sbom("pkg:npm/left-pad@latest"))
    fine = kit.evidence(kit.sbom())
    found = kit.judge("sbom-quality", kit.facts(poor, fine))
    assert (found.status, found.evidence) == (PASS, (fine.entry.id,))


def test_the_elements_of_a_standard_are_asked_for(kit):
    facts = kit.facts(kit.evidence(kit.sbom()))
    found = kit.judge("sbom-quality", facts, {"profiles": ["ntia-2021"]})
    assert (found.status, "S08" in found.found) == (FAIL, True)


@pytest.mark.parametrize(
    "parameters",
    [
        {"checks": ["S04"]},
        {"checks": ["S08"]},
        {"checks": []},
        {"checks": ["S02"], "profiles": ["ntia-2021"]},
        {"checks": ["S02"], "generators": ["syft"]},
        {"profiles": ["ntia-1999"]},
        {"generators": ["syft>="]},
        {"max-inexact-percent": 101},
    ],
    ids=str,
)
def test_checks_nobody_can_answer_are_refused(kit, parameters):
    with pytest.raises(ContractError):
        kit.contract("sbom-quality", parameters)


# -- sbom-fresh ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("created", "parameters", "code"),
    [
        ("150m", {}, "policy.sbom-fresh"),
        ("185m", {}, "policy.sbom-fresh"),
        ("186m", {}, "policy.sbom-fresh-other-build"),
        ("1h", {}, "policy.sbom-fresh"),
        ("1h", {"after-build": "1h"}, "policy.sbom-fresh"),
        ("1h", {"after-build": "59m"}, "policy.sbom-fresh-other-build"),
        ("2h", {"max-age": "2h"}, "policy.sbom-fresh"),
        ("2h", {"max-age": "119m"}, "policy.sbom-fresh-too-old"),
        (None, {}, "policy.sbom-fresh-undated"),
    ],
)
def test_an_sbom_is_made_with_the_artifact(kit, created, parameters, code):
    sbom = kit.sbom(created=None if created is None else kit.ago(created))
    found = kit.judge("sbom-fresh", kit.facts(kit.evidence(sbom), provenance(kit)), parameters)
    assert found.code == code
    if "max-age" in parameters and found.status is PASS:
        assert found.until == kit.noon


def test_an_sbom_from_the_future_is_not_believed(kit):
    facts = kit.facts(kit.evidence(kit.sbom(created=kit.ahead("1s"))), provenance(kit))
    parameters = {"after-build": "1w"}
    assert kit.judge("sbom-fresh", facts, parameters).code == "policy.sbom-fresh-from-the-future"


def test_without_the_time_of_the_build_nobody_can_say(kit):
    for facts in (
        kit.facts(kit.evidence(kit.sbom())),
        kit.facts(kit.evidence(kit.sbom()), provenance(kit, finished=None)),
    ):
        found = kit.judge("sbom-fresh", facts)
        assert (found.status, found.code) == (ERROR, "policy.sbom-fresh-build-unknown")
        assert kit.judge("sbom-fresh", facts, {"build": False}).status is PASS


# -- licenses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "expressions", "status"),
    [
        ({"allow": ["MIT"]}, ["MIT"], PASS),
        ({"allow": ["MIT"]}, ["MIT", "Apache-2.0"], FAIL),
        ({"allow": ["MIT"]}, ["MIT OR GPL-3.0-only"], PASS),
        ({"allow": ["MIT"]}, ["MIT AND GPL-3.0-only"], FAIL),
        ({"deny": ["GPL-*"]}, ["Apache-2.0"], PASS),
        ({"deny": ["GPL-*"]}, ["GPL-2.0-only"], FAIL),
        ({"allow": ["MIT"]}, [None], ERROR),
        ({"allow": ["MIT"], "missing": "denied"}, [None], FAIL),
        ({"allow": ["MIT"], "missing": "allowed"}, [None], PASS),
        ({"allow": ["MIT"]}, ["LicenseRef-ours"], ERROR),
        ({"allow": ["MIT"], "unknown": "allowed"}, ["LicenseRef-ours"], PASS),
        ({"allow": ["MIT"]}, ["MIT AND ("], ERROR),
    ],
    ids=str,
)
def test_licences_are_judged_as_expressions(kit, parameters, expressions, status):
    facts = kit.facts(kit.evidence(licensed(kit, *expressions)))
    assert kit.judge("licenses", facts, parameters).status is status


def test_each_scope_may_have_lists_of_its_own(kit):
    rules = {
        "rules": [
            {"allow": ["GPL-3.0-only", "MIT"], "scopes": ["dev"]},
            {"allow": ["MIT"]},
        ]
    }
    for scope, status in (("dev", PASS), ("runtime", FAIL), (None, FAIL)):
        facts = kit.facts(kit.evidence(licensed(kit, "GPL-3.0-only", scope=scope)))
        assert kit.judge("licenses", facts, rules).status is status


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"allow": []},
        {"allow": ["MIT OR Apache-2.0"]},
        {"rules": []},
        {"rules": [{}]},
        {"rules": [{"allow": ["MIT"], "scope": ["dev"]}]},
        {"allow": ["MIT"], "missing": "maybe"},
        {"allow": ["MIT"], "rules": [{"allow": ["MIT"]}]},
        {"allow": ["MIT"], "scopes": ["dev"]},
    ],
    ids=str,
)
def test_a_slip_in_the_lists_of_licences_is_refused(kit, parameters):
    with pytest.raises(ContractError):
        kit.contract("licenses", parameters)


# -- ecosystems and denied packages ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "purl", "status"),
    [
        ({"types": ["npm"]}, "pkg:npm/lodash@4.17.20", PASS),
        ({"types": ["pypi"]}, "pkg:npm/lodash@4.17.20", FAIL),
        (
            {"registries": ["registry.example.com"]},
            "pkg:npm/lodash@4.17.20?repository_url=https://registry.example.com/npm",
            PASS,
        ),
        (
            {"registries": ["registry.example.com"]},
            "pkg:npm/lodash@4.17.20?repository_url=https://registry.example.org/npm",
            FAIL,
        ),
        ({}, "pkg:github/lodash/lodash@main", FAIL),
        ({"version-control": True}, "pkg:github/lodash/lodash@main", PASS),
        (
            {"internal": {"packages": ["pkg:npm/@acme/*"], "registries": ["npm.acme.example"]}},
            "pkg:npm/%40acme/ui@1.0.0?repository_url=https://npm.acme.example",
            PASS,
        ),
        (
            {"internal": {"packages": ["pkg:npm/@acme/*"], "registries": ["npm.acme.example"]}},
            "pkg:npm/%40acme/ui@1.0.0?repository_url=https://npm.example.org",
            FAIL,
        ),
        (
            {"internal": {"packages": ["pkg:npm/@acme/*"], "registries": ["npm.acme.example"]}},
            "pkg:npm/%40acme/ui@1.0.0",
            ERROR,
        ),
    ],
    ids=str,
)
def test_packages_come_from_approved_sources(kit, parameters, purl, status):
    facts = kit.facts(kit.evidence(kit.sbom(purl)))
    assert kit.judge("ecosystems", facts, parameters).status is status


@pytest.mark.parametrize(
    ("rule", "purl", "status"),
    [
        ({"package": "pkg:npm/left-pad"}, "pkg:npm/left-pad@1.0.0", FAIL),
        ({"package": "pkg:npm/left-*"}, "pkg:npm/left-pad@1.0.0", FAIL),
        ({"package": "pkg:npm/left-pad"}, "pkg:npm/right-pad@1.0.0", PASS),
        (
            {"package": "pkg:npm/left-pad", "versions": "vers:npm/<1.1.0"},
            "pkg:npm/left-pad@1.0.0",
            FAIL,
        ),
        (
            {"package": "pkg:npm/left-pad", "versions": "vers:npm/<1.1.0"},
            "pkg:npm/left-pad@1.1.0",
            PASS,
        ),
        (
            {"package": "pkg:npm/left-pad", "versions": "vers:pypi/<1.1.0"},
            "pkg:npm/left-pad@1.0.0",
            ERROR,
        ),
        ({"package": "pkg:npm/left-pad", "versions": "vers:npm/<1.1.0"}, "pkg:npm/left-pad", ERROR),
    ],
    ids=str,
)
def test_denied_packages_are_found_by_pattern_and_range(kit, rule, purl, status):
    facts = kit.facts(kit.evidence(kit.sbom(purl)))
    assert kit.judge("denied-packages", facts, {"packages": [rule]}).status is status


def test_a_package_nobody_can_look_up_may_be_a_denied_one(kit):
    nameless = kit.sbom(components=(ConvertedComponent(name="left-pad", type="library"),))
    facts = kit.facts(kit.evidence(nameless))
    assert kit.judge("denied-packages", facts, SMALLEST["denied-packages"]).status is ERROR


def test_malware_is_looked_up_in_the_newest_advisories(kit):
    parameters = {"malware": True}
    clean = kit.matched()
    assert kit.judge("denied-packages", clean, parameters).status is PASS
    bad = kit.matched(kit.known("MAL-2026-1", advisories=("MAL-2026-1",), malicious=True))
    found = kit.judge("denied-packages", bad, parameters)
    assert (found.status, "MAL-2026-1" in found.found) == (FAIL, True)
    for facts in (
        replace(clean, matches=()),
        replace(clean, advisories=None),
        replace(clean, advisories=kit.advisories(snapshot=sha256(b"newer"))),
    ):
        found = kit.judge("denied-packages", facts, parameters)
        assert (found.status, found.code) == (ERROR, "policy.denied-packages-unmatched")


def test_a_denied_package_fails_although_nobody_looked_for_malware(kit):
    facts = kit.facts(kit.evidence(kit.sbom("pkg:npm/left-pad@1.0.0")))
    parameters = {**SMALLEST["denied-packages"], "malware": True}
    assert kit.judge("denied-packages", facts, parameters).status is FAIL


@pytest.mark.parametrize(
    ("control", "parameters"),
    [
        ("denied-packages", {}),
        ("denied-packages", {"malware": False}),
        ("denied-packages", {"packages": [{"package": "pkg:npm/a", "versions": "<1"}]}),
        ("denied-packages", {"packages": [{"package": "pkg:npm/a", "version": "1"}]}),
        ("denied-packages", {"packages": [{"versions": "vers:npm/<1"}]}),
        ("ecosystems", {"internal": {"packages": ["pkg:npm/a"]}}),
        ("ecosystems", {"internal": {"registries": ["a.example"]}}),
        ("ecosystems", {"types": []}),
        ("base-image", {}),
        ("base-image", {"digests": ["latest"]}),
        ("base-image", {"lineages": [{"layers": []}]}),
        ("sbom-fresh", {"max-age": "old"}),
        ("sbom", {"names-digest": "yes"}),
    ],
    ids=str,
)
def test_a_slip_in_the_parameters_is_refused(kit, control, parameters):
    with pytest.raises(ContractError):
        kit.contract(control, parameters)


# -- base-image ------------------------------------------------------------------------------------


def image(uri="pkg:docker/library/python@3.12-slim", digest=BASE):
    digests = None if digest is None else DigestSet.of({digest.algorithm: digest.hex})
    return Material(uri=uri, digests=digests)


@pytest.mark.parametrize(
    ("parameters", "material", "status"),
    [
        ({"digests": [str(BASE)]}, image(), PASS),
        ({"digests": [str(BASE)]}, image(digest=sha256(b"other")), FAIL),
        ({"digests": [str(BASE)]}, image(digest=None), FAIL),
        ({"names": ["library/*"]}, image(), PASS),
        ({"names": ["library/*"]}, image(digest=None), FAIL),
        ({"names": ["library/node"]}, image(), FAIL),
        (
            {"names": ["reg.example/base/python"]},
            image("pkg:oci/python@sha256:ab?repository_url=reg.example/base/python"),
            PASS,
        ),
        (
            {"names": ["reg.example/base/python"]},
            image("docker-image://reg.example/base/python:3.12@sha256:ab"),
            PASS,
        ),
        (
            {"names": ["reg.example/base/python"]},
            image("oci://reg.example/evil/python@sha256:ab"),
            FAIL,
        ),
    ],
    ids=str,
)
def test_each_image_that_was_used_is_approved(kit, parameters, material, status):
    facts = kit.facts(provenance(kit, material))
    assert kit.judge("base-image", facts, parameters).status is status
    source = Material(uri="git+https://git.example.com/acme/api")
    both = kit.facts(provenance(kit, source, material))
    assert kit.judge("base-image", both, parameters).status is status


def test_a_second_image_that_is_not_approved_fails(kit):
    facts = kit.facts(provenance(kit, image(), image("pkg:docker/evil/tool@1", sha256(b"evil"))))
    found = kit.judge("base-image", facts, {"digests": [str(BASE)]})
    assert (found.status, "evil/tool" in found.found) == (FAIL, True)


def test_images_nobody_names_are_unknown(kit):
    parameters = {"digests": [str(BASE)]}
    for facts in (kit.facts(), kit.facts(provenance(kit)), kit.facts(kit.evidence(kit.sbom()))):
        found = kit.judge("base-image", facts, parameters)
        assert (found.status, found.code) == (MISSING, "policy.base-image-unknown")


def test_lost_provenance_may_have_named_an_image(kit):
    lost = kit.unreadable(kind=PredicateKind.PROVENANCE, damaged=True)
    facts = kit.facts(provenance(kit, image()), lost)
    assert kit.judge("base-image", facts, {"digests": [str(BASE)]}).status is ERROR


def test_the_layers_of_an_sbom_tell_the_base_image(kit):
    lower, upper = sha256(b"lower"), sha256(b"upper")
    notes = tuple(
        Property(name="aquasecurity:trivy:DiffID", value=str(each)) for each in (lower, upper)
    )
    subject = ConvertedComponent(name="api", type="container", ref="api", notes=notes)
    facts = kit.facts(kit.evidence(kit.sbom(subject=subject)))
    for lineage, status in (([lower], PASS), ([lower, upper], PASS), ([upper], FAIL)):
        parameters = {"lineages": [{"layers": [str(each) for each in lineage]}]}
        assert kit.judge("base-image", facts, parameters).status is status
    without = kit.facts(kit.evidence(kit.sbom(subject=msgspec.structs.replace(subject, notes=()))))
    assert kit.judge("base-image", without, parameters).status is MISSING
