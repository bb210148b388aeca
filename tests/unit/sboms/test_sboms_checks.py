"""Each check: an SBOM it likes, one that differs in one point, and what it cannot judge."""

import json
from typing import Any

import pytest

from gatebook.clock import Duration, Instant
from gatebook.digest import Digest
from gatebook.formats.sbom.read import read_sbom
from gatebook.names import Pattern
from gatebook.sboms.checks.registry import CHECKS, WARNINGS, UnknownCheckError, run_checks
from gatebook.sboms.context import (
    BaseImage,
    BaseImageRules,
    DeniedPackage,
    GeneratorRule,
    InternalNames,
    PackageSources,
    SbomContext,
)
from gatebook.sboms.examination import MAX_AFFECTED, CheckResult, CheckStatus
from gatebook.sboms.licences.policy import LicencePolicy, LicenceRules

PASS, FAIL, UNCLEAR = CheckStatus.PASS, CheckStatus.FAIL, CheckStatus.NOT_EVALUABLE
A, B = Digest("sha256", "a" * 64), Digest("sha256", "b" * 64)
NOW = Instant.parse("2026-11-20T15:00:00Z")


def numbers(_type: str, one: str, other: str) -> int | None:
    """An order for the versions of these stories: numbers between dots."""
    try:
        left, right = ([int(each) for each in text.split(".")] for text in (one, other))
    except ValueError:
        return None
    return (left > right) - (left < right)


def ask(sbom: Any, number: str, **given: Any) -> CheckResult:
    (result,) = run_checks(sbom, SbomContext(**given), only=[number])
    assert result.id == number
    return result


def status(sbom: Any, number: str, **given: Any) -> CheckStatus:
    return ask(sbom, number, **given).status


def test_every_number_but_the_signers_has_a_check():
    assert list(CHECKS) == [f"S{n:02}" for n in range(1, 25) if n != 3]
    assert len({each.name for each in CHECKS.values()}) == len(CHECKS)
    assert set(CHECKS) >= WARNINGS


def test_a_check_that_is_given_nothing_does_not_pass(shelf):
    results = {each.id: each.status for each in run_checks(shelf.of())}
    unclear = {number for number, found in results.items() if found is UNCLEAR}
    assert unclear == {
        *("S01", "S02", "S04", "S06", "S08", "S15", "S16", "S17", "S18", "S19", "S20", "S21"),
        *("S22", "S23", "S24"),
    }
    assert FAIL not in results.values()


def test_an_empty_list_passes_no_check_about_components(shelf):
    empty = shelf.read(shelf.document() | {"components": [], "dependencies": []})
    context = SbomContext(
        previous=shelf.of(),
        sources=PackageSources(types=frozenset({"npm"})),
        internal=InternalNames(packages=(Pattern.parse("pkg:npm/x*"),), hosts=frozenset()),
        locked=(),
        platforms={},
    )
    results = {each.id: each.status for each in run_checks(empty, context)}
    for number in ("S09", "S10", "S11", "S12", "S13", "S14", "S17", "S21", "S23", "S24"):
        assert results[number] is not PASS, number


def test_checks_are_found_by_number_and_name(shelf):
    by_name = run_checks(shelf.of(), only=["component-count"])
    assert [each.id for each in by_name] == ["S09"]
    for only in (["S03"], ["nonsense"], []):
        with pytest.raises(UnknownCheckError) as caught:
            run_checks(shelf.of(), only=only)
        assert caught.value.code == "sboms.check-unknown"


def test_s01_the_bytes_are_those_that_were_attested(shelf):
    sbom = shelf.of()
    assert status(sbom, "S01", document=A, attested_document=A) is PASS
    assert status(sbom, "S01", document=A, attested_document=B) is FAIL
    assert status(sbom, "S01", document=A) is UNCLEAR
    other = Digest("sha512", "a" * 128)
    assert status(sbom, "S01", document=A, attested_document=other) is UNCLEAR


def test_s02_the_sbom_is_about_this_artifact(shelf):
    sbom = shelf.of()
    assert status(sbom, "S02", artifact=A) is PASS
    assert status(sbom, "S02", artifact=B) is FAIL
    document = shelf.document()
    del document["metadata"]["component"]
    silent = shelf.read(document)
    assert status(silent, "S02", artifact=A) is FAIL
    assert status(silent, "S02", artifact=A, attested_subjects=(A,)) is PASS
    assert status(silent, "S02", artifact=A, attested_subjects=(B,)) is FAIL
    assert status(sbom, "S02", artifact=A, attested_subjects=(B,)) is FAIL


def test_s04_refs_are_unique_and_resolve(shelf):
    assert status(shelf.of(), "S04", schema_problems=()) is PASS
    assert status(shelf.of(), "S04") is UNCLEAR
    assert status(shelf.of(), "S04", schema_problems=("no",)) is FAIL
    twice = shelf.of(shelf.package("left"), shelf.package("left"))
    assert "comes 2 times" in ask(twice, "S04", schema_problems=()).found
    dangling = shelf.of(dependencies=[{"ref": "root", "dependsOn": ["nowhere"]}])
    assert "'nowhere'" in ask(dangling, "S04", schema_problems=()).found
    service = [{"name": "outer", "services": [{"bom-ref": "nowhere", "name": "inner"}]}]
    served = shelf.of(dependencies=[{"ref": "root", "dependsOn": ["nowhere"]}], services=service)
    assert status(served, "S04", schema_problems=()) is PASS


def test_s04_nothing_contains_itself():
    def spdx(*inside: tuple[str, str]) -> Any:
        packages = [{"SPDXID": f"SPDXRef-{name}", "name": name} for name in "abc"]
        return read_sbom(
            json.dumps(
                {
                    "spdxVersion": "SPDX-2.3",
                    "SPDXID": "SPDXRef-DOCUMENT",
                    "dataLicense": "CC0-1.0",
                    "name": "x",
                    "documentNamespace": "https://example.com/x",
                    "creationInfo": {"created": "2026-11-20T14:30:00Z", "creators": ["Tool: x-1"]},
                    "packages": packages,
                    "relationships": [
                        {
                            "spdxElementId": f"SPDXRef-{outer}",
                            "relationshipType": "CONTAINS",
                            "relatedSpdxElement": f"SPDXRef-{inner}",
                        }
                        for outer, inner in inside
                    ],
                }
            ).encode()
        )

    assert "contains itself" in ask(spdx(("a", "b"), ("b", "a")), "S04").found
    assert "contains itself" not in ask(spdx(("a", "b"), ("b", "c"), ("a", "c")), "S04").found


def test_s05_the_tool_is_named_and_allowed(shelf):
    sbom = shelf.of()
    assert status(sbom, "S05") is PASS
    one = GeneratorRule
    assert status(sbom, "S05", generators=(one(name="Syft"),)) is PASS
    assert status(sbom, "S05", generators=(one(name="trivy"),)) is FAIL
    assert status(sbom, "S05", generators=()) is FAIL
    for minimum, expected in (("1.20.0", PASS), ("1.20.1", FAIL), ("one", UNCLEAR)):
        generators = (one(name="syft", minimum=minimum),)
        assert status(sbom, "S05", generators=generators, order=numbers) is expected
    document = shelf.document()
    document["metadata"]["tools"] = {"components": [{"type": "application", "name": "syft"}]}
    assert status(shelf.read(document), "S05") is FAIL
    del document["metadata"]["tools"]
    assert status(shelf.read(document), "S05") is FAIL


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, UNCLEAR),
        ({"now": NOW}, PASS),
        ({"now": Instant.parse("2026-11-20T14:26:00Z")}, PASS),
        ({"now": Instant.parse("2026-11-20T14:24:59Z")}, FAIL),
        ({"source_committed": Instant.parse("2026-11-20T14:00:00Z")}, PASS),
        ({"source_committed": Instant.parse("2026-11-20T14:36:00Z")}, FAIL),
        ({"build_finished": Instant.parse("2026-11-20T14:40:00Z")}, PASS),
        ({"build_finished": Instant.parse("2026-11-20T14:24:00Z")}, FAIL),
        ({"now": NOW, "skew": Duration.parse("1h"), "build_finished": NOW}, PASS),
    ],
)
def test_s06_it_was_made_between_the_commit_and_the_end_of_the_build(shelf, given, expected):
    assert status(shelf.of(), "S06", **given) is expected


def test_s06_an_sbom_without_a_time_fails(shelf):
    document = shelf.document()
    del document["metadata"]["timestamp"]
    assert status(shelf.read(document), "S06", now=NOW) is FAIL


def test_s07_it_was_made_in_the_build(shelf):
    assert status(shelf.of(), "S07") is PASS
    assert status(shelf.of(), "S07", lifecycles=frozenset({"operations"})) is FAIL
    document = shelf.document()
    del document["metadata"]["lifecycles"]
    assert status(shelf.read(document), "S07") is FAIL


def test_s08_the_profiles_are_met(shelf):
    assert status(shelf.of(), "S08", profiles=("ntia-2021", "cisa-2025")) is PASS
    lacking = ask(shelf.of(shelf.package("left", supplier=None)), "S08", profiles=("ntia-2021",))
    assert (lacking.status, lacking.found) == (FAIL, "ntia-2021: supplier-name 50 %")
    assert [each.ref for each in lacking.affected] == ["left@1.0.0"]
    assert lacking.affected[0].pointer == "/components/0"
    assert "supplier" in lacking.fix


def test_s09_the_list_is_not_empty_and_did_not_shrink(shelf):
    many = shelf.of(*(shelf.package(f"p{n}") for n in range(10)))
    few = shelf.of(*(shelf.package(f"p{n}") for n in range(4)))
    half = shelf.of(*(shelf.package(f"p{n}") for n in range(5)))
    assert status(many, "S09") is PASS
    assert status(many, "S09", min_components=11) is FAIL
    assert status(few, "S09", previous=many) is FAIL
    assert status(half, "S09", previous=many) is PASS
    assert status(many, "S09", previous=few) is PASS


@pytest.mark.parametrize(
    "version",
    [
        *(None, "latest", "^1.2.0", "~> 1.2", ">=1.0,<2", "1.x", "*", "[1.0,2.0)", "1.0-SNAPSHOT"),
        *("0.0.0-UNKNOWN", "(devel)", "NOASSERTION", "${project.version}", "1 || 2", "vers:npm/1"),
        *("unknown", "main", "1.2.*", "workspace:*", "1.0 - 2.0"),
    ],
)
def test_s10_versions_are_exact(shelf, version):
    assert status(shelf.of(shelf.package("left", "1.2.3")), "S10") is PASS
    found = ask(shelf.of(shelf.package("right"), shelf.package("left", version)), "S10")
    assert (found.status, found.count) == (FAIL, 1)
    half = shelf.of(shelf.package("right"), shelf.package("left", version))
    assert status(half, "S10", version_threshold=0.5) is PASS


@pytest.mark.parametrize(
    "version",
    [
        *("1.0.0-rc.1+build.5", "2:1.3.4-5.el8_1~rc1", "v0.0.0-20220906165146-f3363e06e74c"),
        *("2024.01", "1.1.1w-0+deb11u1", "20230101", "r12", "6.0.0.Final", "4.x-dev-not"),
    ],
)
def test_s10_unusual_versions_are_exact(shelf, version):
    assert status(shelf.of(shelf.package("left", version)), "S10") is PASS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PASS),
        ({"purl": None}, FAIL),
        ({"purl": "pkg:nosuchtype/left@1.0.0"}, FAIL),
        ({"purl": "pkg:npm/right@1.0.0"}, FAIL),
        ({"purl": "pkg:npm/left@1.0.1"}, FAIL),
        ({"purl": "pkg:npm/left"}, PASS),
        ({"name": "@acme/left", "purl": "pkg:npm/%40acme/left@1.0.0"}, PASS),
        ({"group": "@acme", "purl": "pkg:npm/%40acme/left@1.0.0"}, PASS),
        ({"name": "Left_Pad", "purl": "pkg:pypi/left-pad@1.0.0"}, PASS),
        ({"name": "org.acme:left", "purl": "pkg:maven/org.acme/left@1.0.0"}, PASS),
        ({"version": "v1.0.0", "purl": "pkg:golang/example.com/left@1.0.0"}, PASS),
        ({"version": "2:1.0.0", "purl": "pkg:rpm/el/left@1.0.0?epoch=2"}, PASS),
        ({"version": "2:1.0.0", "purl": "pkg:rpm/el/left@1.0.1?epoch=2"}, FAIL),
    ],
)
def test_s11_the_package_url_is_the_components_own(shelf, changes, expected):
    package = {key: text for key, text in (shelf.package("left") | changes).items() if text}
    assert status(shelf.of(package), "S11") is expected


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ([{"alg": "SHA-256", "content": "a" * 64}], PASS),
        ([{"alg": "SHA-512", "content": "a" * 128}, {"alg": "MD5", "content": "a" * 32}], PASS),
        ([{"alg": "SHA-1", "content": "a" * 40}], FAIL),
        ([{"alg": "SHA-256", "content": "a" * 63}], FAIL),
        (None, FAIL),
    ],
)
def test_s12_hashes_are_strong_and_whole(shelf, hashes, expected):
    assert status(shelf.of(shelf.package("left", hashes=hashes)), "S12") is expected


def test_s13_somebody_supplies_or_makes_each_package(shelf):
    assert status(shelf.of(), "S13") is PASS
    assert status(shelf.of(shelf.package("left", supplier=None)), "S13") is FAIL
    made = shelf.package("left", supplier=None, manufacturer={"name": "Acme"})
    assert status(shelf.of(made), "S13") is PASS


def test_s14_every_component_is_reached_from_the_root(shelf):
    assert status(shelf.of(), "S14") is PASS
    orphan = shelf.of(dependencies=[{"ref": "root", "dependsOn": ["left@1.0.0"]}])
    found = ask(orphan, "S14")
    assert (found.status, [each.ref for each in found.affected]) == (FAIL, ["right@1.0.0"])
    assert status(orphan, "S14", max_orphans=0.5) is PASS
    assert status(shelf.of(dependencies=[]), "S14") is FAIL
    unrooted = shelf.document()
    del unrooted["metadata"]["component"]
    assert status(shelf.read(unrooted), "S14") is FAIL
    chain = [
        {"ref": "root", "dependsOn": ["left@1.0.0"]},
        {"ref": "left@1.0.0", "dependsOn": ["right@1.0.0"]},
    ]
    assert status(shelf.of(dependencies=chain), "S14") is PASS


def licences(*allowed: str, **more: Any) -> LicencePolicy:
    return LicencePolicy(rules=(LicenceRules(allowed=frozenset(allowed), **more),))


def test_s15_licences_are_on_the_list(shelf):
    assert status(shelf.of(), "S15", licences=licences("MIT", "Apache-2.0")) is PASS
    denied = ask(shelf.of(), "S15", licences=licences("Apache-2.0"))
    assert (denied.status, denied.count) == (FAIL, 2)
    assert "MIT is not on the list" in denied.affected[0].problem
    silent = shelf.of(shelf.package("left", licenses=None))
    assert status(silent, "S15", licences=licences("MIT", "Apache-2.0")) is UNCLEAR
    nobody = licences("MIT", scopes=frozenset({"excluded"}))
    assert status(shelf.of(), "S15", licences=nobody) is UNCLEAR


def test_s16_no_licence_changed(shelf):
    before = shelf.of()
    assert status(shelf.of(), "S16", previous=before) is PASS
    changed = shelf.package("left", "2.0.0", licenses=[{"license": {"id": "BUSL-1.1"}}])
    found = ask(shelf.of(changed, shelf.package("right")), "S16", previous=before)
    assert (found.status, found.affected[0].problem) == (FAIL, "MIT → BUSL-1.1")


def test_s17_packages_come_from_approved_places(shelf):
    npm = PackageSources(types=frozenset({"npm"}))
    assert status(shelf.of(), "S17", sources=npm) is PASS
    assert status(shelf.of(), "S17", sources=PackageSources(types=frozenset({"pypi"}))) is FAIL
    hosts = PackageSources(hosts=frozenset({"npm.example.com"}))
    for url, expected in (
        ("https://npm.example.com/left.tgz", PASS),
        ("https://user@NPM.example.com:8443/left.tgz", PASS),
        ("npm.example.com/left", PASS),
        ("https://npm.example.org/left.tgz", FAIL),
        ("https://npm.example.com@evil.example.org/left.tgz", FAIL),
        ("https://npm.example.com.evil.example.org/left.tgz", FAIL),
    ):
        reference = [{"type": "distribution", "url": url}]
        package = shelf.package("left", externalReferences=reference)
        assert status(shelf.of(package), "S17", sources=hosts) is expected
        purl = f"pkg:npm/left@1.0.0?repository_url={url}"
        assert status(shelf.of(shelf.package("left", purl=purl)), "S17", sources=hosts) is expected
    unnamed = shelf.of(shelf.package("left", purl=None))
    assert status(unnamed, "S17", sources=npm) is UNCLEAR


@pytest.mark.parametrize(
    "changes",
    [
        {"purl": "pkg:github/acme/left@1.0.0"},
        {"purl": "pkg:npm/left@1.0.0?vcs_url=git%2Bhttps://example.com/left.git"},
        {"externalReferences": [{"type": "distribution", "url": "git+https://e.com/left@abc"}]},
    ],
)
def test_s17_packages_straight_from_source_control_are_told(shelf, changes):
    sbom = shelf.of(shelf.package("left", **changes))
    assert status(sbom, "S17", sources=PackageSources()) is FAIL
    assert status(sbom, "S17", sources=PackageSources(version_control=True)) is PASS
    source = [{"type": "vcs", "url": "git+https://example.com/left.git"}]
    harmless = shelf.of(shelf.package("left", externalReferences=source))
    assert status(harmless, "S17", sources=PackageSources()) is PASS


def test_s18_denied_packages_are_found_by_pattern_and_range(shelf):
    sbom = shelf.of(shelf.package("left", "1.5.0"))

    def below_two(text: str, _type: str, version: str) -> bool | None:
        return None if text.endswith("?") else numbers("", version, "2.0.0") == -1

    def denied(pattern: str, versions: str | None = None) -> dict[str, Any]:
        rule = DeniedPackage(package=Pattern.parse(pattern), versions=versions, reason="old")
        return {"denied": (rule,), "in_range": below_two}

    assert status(sbom, "S18", **denied("pkg:npm/left")) is FAIL
    assert status(sbom, "S18", **denied("pkg:npm/lef*")) is FAIL
    assert status(sbom, "S18", **denied("pkg:npm/right")) is PASS
    assert status(sbom, "S18", **denied("pkg:pypi/left")) is PASS
    assert status(sbom, "S18", **denied("pkg:npm/left", "vers:npm/<2.0.0")) is FAIL
    assert status(sbom, "S18", **denied("pkg:npm/left", "vers:npm/?")) is UNCLEAR
    later = shelf.of(shelf.package("left", "2.0.0"))
    assert status(later, "S18", **denied("pkg:npm/left", "vers:npm/<2.0.0")) is PASS
    unordered = {**denied("pkg:npm/left", "vers:npm/<2.0.0"), "in_range": None}
    assert status(later, "S18", **unordered) is UNCLEAR
    scoped = shelf.of(shelf.package("x", purl="pkg:npm/%40acme/x@1.0.0"))
    for pattern in ("pkg:npm/@acme/*", "pkg:npm/%40acme/*"):
        assert status(scoped, "S18", **denied(pattern)) is FAIL


def test_s18_imitations_and_malicious_packages_are_found(shelf):
    sbom = shelf.of()
    assert status(sbom, "S18", typosquats=frozenset({"pkg:npm/left"})) is FAIL
    assert status(sbom, "S18", typosquats=frozenset({"pkg:npm/lefft"})) is PASS
    assert status(sbom, "S18", malicious={"pkg:npm/left@1.0.0": ("MAL-2026-1",)}) is FAIL
    assert status(sbom, "S18", malicious={"pkg:npm/left@1.0.1": ("MAL-2026-1",)}) is PASS
    unnamed = shelf.of(shelf.package("left", purl=None))
    assert status(unnamed, "S18", typosquats=frozenset({"pkg:npm/x"})) is UNCLEAR


def test_s19_the_base_image_is_approved(shelf):
    sbom = shelf.of()
    approved = BaseImageRules(digests=frozenset({A}))
    assert status(sbom, "S19", base_images=approved, base_image=BaseImage(digest=A)) is PASS
    assert status(sbom, "S19", base_images=approved, base_image=BaseImage(digest=B)) is FAIL
    assert status(sbom, "S19", base_images=approved) is UNCLEAR
    young = BaseImageRules(digests=frozenset({A}), max_age=Duration.parse("30d"))
    for created, expected in (
        ("2026-11-01T00:00:00Z", PASS),
        ("2026-10-01T00:00:00Z", FAIL),
        (None, UNCLEAR),
    ):
        base = BaseImage(digest=A, created=Instant.parse(created) if created else None)
        assert status(sbom, "S19", base_images=young, base_image=base, now=NOW) is expected
    base = BaseImage(digest=A, created=NOW)
    assert status(sbom, "S19", base_images=young, base_image=base) is UNCLEAR


def test_s19_the_base_image_is_recognised_by_its_layers(shelf):
    def image(*layers: Digest) -> Any:
        document = shelf.document()
        document["metadata"]["component"]["properties"] = [
            {"name": "aquasecurity:trivy:DiffID", "value": str(each)} for each in layers
        ]
        return shelf.read(document)

    rules = BaseImageRules(lineages=((A,),))
    assert status(image(A, B), "S19", base_images=rules) is PASS
    assert status(image(B, A), "S19", base_images=rules) is FAIL
    assert status(image(), "S19", base_images=rules) is UNCLEAR


def test_s19_a_distribution_at_its_end_of_life_fails(vectors):
    path = vectors / "sbom/syft-json"
    sboms = [read_sbom(each.read_bytes()) for each in sorted(path.iterdir())]
    sbom = next(each for each in sboms if each.distribution is not None)
    assert sbom.distribution is not None
    name = f"{sbom.distribution.id} {sbom.distribution.version}"
    for ended, expected in (("2026-01-01T00:00:00Z", FAIL), ("2027-01-01T00:00:00Z", UNCLEAR)):
        ends = {name: Instant.parse(ended)}
        assert status(sbom, "S19", distributions_end=ends, now=NOW) is expected


def test_s20_nobody_maintains_it(shelf):
    assert status(shelf.of(), "S20", unmaintained={}) is PASS
    assert status(shelf.of(), "S20", unmaintained={"pkg:npm/left": "archived"}) is FAIL
    assert status(shelf.of(), "S20", unmaintained={"pkg:npm/left@1.0.0": "end"}) is FAIL
    assert status(shelf.of(), "S20", unmaintained={"pkg:npm/left@0.9.0": "end"}) is PASS


def test_s21_internal_packages_come_from_internal_registries(shelf):
    internal = InternalNames(
        packages=(Pattern.parse("pkg:npm/acme-*"),), hosts=frozenset({"npm.example.com"})
    )
    for url, expected in (
        ("https://npm.example.com/a.tgz", PASS),
        ("https://registry.example.org/a.tgz", FAIL),
        (None, UNCLEAR),
    ):
        references = [{"type": "distribution", "url": url}] if url else None
        package = shelf.package("acme-log", externalReferences=references)
        assert status(shelf.of(package), "S21", internal=internal) is expected
    assert status(shelf.of(), "S21", internal=internal) is PASS


def test_s22_other_bytes_in_the_same_version_are_a_signal(shelf):
    before = shelf.of()
    assert status(shelf.of(), "S22", previous=before) is PASS
    other = [{"alg": "SHA-256", "content": "b" * 64}]
    tampered = shelf.of(shelf.package("left", hashes=other), shelf.package("right"))
    found = ask(tampered, "S22", previous=before)
    assert (found.status, found.affected[0].name) == (FAIL, "pkg:npm/left@1.0.0")
    released = shelf.of(shelf.package("left", "2.0.0", hashes=other), shelf.package("right"))
    found = ask(released, "S22", previous=before, order=numbers)
    assert (found.status, found.found) == (PASS, "1 upgraded, 1 to another major version")


def test_s23_each_platform_has_an_sbom(shelf):
    platforms = {"linux/amd64": A, "linux/arm64": B}
    both, one = frozenset({A, B}), frozenset({A})
    assert status(shelf.of(), "S23", platforms=platforms, platform_sboms=both) is PASS
    found = ask(shelf.of(), "S23", platforms=platforms, platform_sboms=one)
    assert (found.status, found.affected[0].name[:11]) == (FAIL, "linux/arm64")


def test_s24_what_is_locked_is_listed(shelf):
    assert status(shelf.of(), "S24", locked=("pkg:npm/left@1.0.0",)) is PASS
    assert status(shelf.of(), "S24", locked=("pkg:npm/left@1.0.1",)) is FAIL
    assert status(shelf.of(), "S24", locked=("pkg:npm/up@1.0.0",)) is FAIL
    assert status(shelf.of(), "S24", locked=("nonsense",)) is UNCLEAR


def test_a_long_list_of_components_is_cut_and_counted(shelf):
    many = [shelf.package(f"p{n}", supplier=None) for n in range(MAX_AFFECTED + 1)]
    found = ask(shelf.of(*many), "S13")
    assert (found.count, len(found.affected)) == (MAX_AFFECTED + 1, MAX_AFFECTED)


def test_nested_components_are_pointed_to_where_they_are(shelf):
    inner = shelf.package("inner", supplier=None)
    found = ask(shelf.of(shelf.package("a"), shelf.package("b", components=[inner])), "S13")
    assert [each.pointer for each in found.affected] == ["/components/1/components/0"]


def test_every_sbom_of_the_vectors_can_be_judged(vectors):
    asked = 0
    for path in sorted((vectors / "sbom").glob("*/*")):
        if path.parent.name not in {"cyclonedx-real", "spdx2", "spdx3", "syft-json"}:
            continue
        try:
            sbom = read_sbom(path.read_bytes())
        except Exception:  # noqa: BLE001, S112  # readable or not is the readers' question
            continue
        results = run_checks(sbom, SbomContext(now=NOW, profiles=("bsi-2.1", "ntia-2021")))
        assert len(results) == len(CHECKS)
        asked += 1
    assert asked > 100
