"""Keys of the language ecosystems against their rules, written out two texts at a time."""

import random
import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import pytest

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.scheme import Scheme, version_key

Differences = Callable[..., list[tuple[str, str, int, int]]]


def sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def numbers(source: random.Random, most: int, *extra: str) -> str:
    digits = ("0", "1", "2", "9", "10", *extra)
    return ".".join(source.choice(digits) for _ in range(source.randint(1, most)))


# -- PEP 440 ---------------------------------------------------------------------------------------


def a_python_version(source: random.Random) -> str:
    text = source.choice(("", "", "", "v", "1!", "0!")) + numbers(source, 4, "00", "01")
    text += source.choice(("", "", "a1", "b2", ".rc1", "-alpha", "c3", "_beta.2", "RC1", "pre"))
    text += source.choice(("", "", "", ".post1", "-1", "post", ".rev2", "-r3"))
    text += source.choice(("", "", "", ".dev1", "dev", "-dev2"))
    return text + source.choice(("", "", "", "+a", "+1", "+a.1", "+A-1", "+1.a", "+cu118", "+10"))


def test_python_versions_sort_as_packaging_sorts_them(differences: Differences) -> None:
    packaging = pytest.importorskip("packaging.version")

    def compare(left: str, right: str) -> int:
        return sign(packaging.Version(left), packaging.Version(right))

    assert differences(Scheme.PEP440, a_python_version, compare) == []


def test_python_versions_are_those_that_packaging_reads() -> None:
    packaging = pytest.importorskip("packaging.version")
    source = random.Random(2)  # noqa: S311 - test data
    wrong = []
    for _ in range(4000):
        text = a_python_version(source)
        cut = source.randrange(len(text))
        text = text[:cut] + source.choice("0a.-+!_ v") + text[cut:]
        verdicts = []
        for read in (packaging.Version, lambda each: version_key(Scheme.PEP440, each)):
            try:
                read(text)
                verdicts.append(True)
            except (GatebookError, packaging.InvalidVersion):
                verdicts.append(False)
        if verdicts[0] != verdicts[1]:
            wrong.append(text)
    assert wrong == []


# -- semantic versions -----------------------------------------------------------------------------


def a_semantic_version(source: random.Random) -> str:
    text = ".".join(source.choice(("0", "1", "2", "10")) for _ in range(3))
    if source.random() < 0.6:
        some = ("alpha", "beta", "rc", "1", "2", "11", "0", "rc1", "x-y", "a", "B", "-")
        text += "-" + ".".join(source.choice(some) for _ in range(source.randint(1, 3)))
    return text + source.choice(("", "", "", "+a", "+1.2"))


def parts(text: str) -> tuple[list[int], str, str]:
    text = re.sub(r"\A([\d.]+)(alpha|beta|rc)(\d+)\Z", r"\1-\2.\3", text)
    core, build = (*text.removeprefix("v").split("+", 1), "")[:2]
    core, prerelease = (*core.split("-", 1), "")[:2]
    return [int(each) for each in [*core.split("."), "0", "0"][:3]], prerelease, build


def by_identifiers(left: str, right: str) -> int:
    """semver.org 2.0.0 §11.4."""
    for one, other in zip(left.split("."), right.split("."), strict=False):
        if one.isdigit() and other.isdigit() and int(one) != int(other):
            return sign(int(one), int(other))
        if one.isdigit() != other.isdigit():
            return -1 if one.isdigit() else 1
        if not one.isdigit() and one != other:
            return sign(one, other)
    return sign(len(left.split(".")), len(right.split(".")))


def by_semver(left: str, right: str) -> int:
    """semver.org 2.0.0 §11.2 and §11.3."""
    (core, pre, _), (other_core, other_pre, _) = parts(left), parts(right)
    if core != other_core:
        return sign(core, other_core)
    if not pre or not other_pre:
        return sign(not pre, not other_pre)
    return by_identifiers(pre, other_pre)


@pytest.mark.parametrize("scheme", [Scheme.SEMVER, Scheme.GO])
def test_semantic_versions_sort_by_the_clauses_of_the_specification(
    scheme: Scheme, differences: Differences
) -> None:
    assert differences(scheme, a_semantic_version, by_semver) == []


def test_the_chain_of_the_semantic_versioning_specification() -> None:
    chain = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    versions = [*(f"1.0.0-{each}" for each in chain), "1.0.0", "2.0.0", "2.1.0", "2.1.1"]
    keys = [version_key(Scheme.SEMVER, each) for each in versions]
    assert keys == sorted(set(keys))


def test_dart_versions_sort_by_their_builds_as_well(differences: Differences) -> None:
    def by_pub(left: str, right: str) -> int:
        """pub_semver, Version.compareTo."""
        result = by_semver(left, right)
        builds = parts(left)[2], parts(right)[2]
        if result or not all(builds):
            return result or sign(bool(builds[0]), bool(builds[1]))
        return by_identifiers(*builds)

    assert differences(Scheme.PUB, a_semantic_version, by_pub) == []


def test_go_toolchains_are_read_as_the_vulnerability_database_writes_them() -> None:
    def go(text: str) -> bytes:
        return version_key(Scheme.GO, text)

    assert go("go1.21rc3") == go("1.21rc3") == go("1.21.0-rc.3") < go("go1.21") == go("v1.21.0")
    assert go("go1.9.2") < go("go1.10beta1") < go("go1.10beta2") < go("go1.10rc1") < go("go1.10")
    assert go("v2.8.0+incompatible") == go("2.8.0")
    older = go("v0.0.0-20191101214924-b1b5c44e050f")
    assert (
        older
        < go("v0.0.0-20191102214924-aaaaaaaaaaaa")
        < go("v0.0.1-0.20180101000000-aaaaaaaaaaaa")
    )
    for text in ("(devel)", "go", "gorc1", "latest", "1.2.3rc", "v"):
        with pytest.raises(GatebookError):
            go(text)


def test_a_bitnami_revision_is_newer_than_its_release() -> None:
    def bitnami(text: str) -> bytes:
        return version_key(Scheme.BITNAMI, text)

    assert bitnami("1.2.3-rc1") < bitnami("1.2.3") == bitnami("1.2.3-0") < bitnami("1.2.3-1")
    assert bitnami("1.2.3-9") < bitnami("1.2.3-10") < bitnami("1.2.4-rc.1") < bitnami("1.2.4")


def test_tags_of_actions_may_leave_numbers_out() -> None:
    def tag(text: str) -> bytes:
        return version_key(Scheme.GIT_TAG, text)

    assert tag("v4") == tag("4.0.0") < tag("v4.0.0.1") < tag("v4.1") == tag("v4.01") < tag("v10")
    assert tag("v4-beta") < tag("v4-beta.1") < tag("v4") < tag("v4.0.1-beta") < tag("v4.0.1")
    for text in ("main", "v", "4.x", "release/v4"):
        with pytest.raises(GatebookError):
            tag(text)


# -- Maven -----------------------------------------------------------------------------------------

# POM reference, "Version Order Specification", and the class it describes.
QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
MavenToken = tuple[str, int | str]


def a_maven_version(source: random.Random) -> str:
    words = (
        "alpha",
        "beta",
        "rc",
        "SNAPSHOT",
        "Final",
        "RELEASE",
        "sp",
        "foo",
        "a",
        "m",
        "cr",
        "b",
    )
    text = numbers(source, 3)
    for _ in range(source.randint(0, 3)):
        text += source.choice((".", "-", "-", "")) + source.choice(("0", "1", "2", *words))
    return text


def maven_tokens(text: str) -> list[MavenToken]:
    tokens: list[MavenToken] = []
    for run in re.split(r"(?=[.-])", text.lower()):
        separator, rest = (run[0], run[1:]) if run[:1] in {".", "-"} else (".", run)
        pieces = re.findall(r"\d+|\D+", rest) or ["0"]
        for at, piece in enumerate(pieces):
            following = pieces[at + 1] if at + 1 < len(pieces) else ""
            token: int | str = int(piece) if piece.isdigit() else piece
            if following and piece in {"a", "b", "m"}:
                token = {"a": "alpha", "b": "beta", "m": "milestone"}[piece]
            token = {"cr": "rc", "ga": "", "final": "", "release": ""}.get(str(token), token)
            tokens.append(("-" if at else separator, token))
    kept: list[MavenToken] = []
    trimming = True
    for separator, token in reversed(tokens):
        if token in {0, ""} and trimming:
            continue
        kept.append((separator, token))
        trimming = separator == "-"
    return kept[::-1]


def maven_rank(token: MavenToken | None, beside: MavenToken) -> tuple[int, int, str]:
    separator, value = token or (beside[0], 0 if isinstance(beside[1], int) else "")
    if isinstance(value, int):
        return (2 if separator == "." else 1, value, "")
    known = QUALIFIERS.index(value) if value in QUALIFIERS else len(QUALIFIERS)
    return (0, known, "" if known < len(QUALIFIERS) else value)


def by_pom(left: str, right: str) -> int:
    for one, other in zip_longest(maven_tokens(left), maven_tokens(right)):
        result = sign(maven_rank(one, other or one), maven_rank(other, one or other))
        if result:
            return result
    return 0


def keeps_a_null_before_an_older_qualifier(text: str) -> bool:
    nulls = False
    for _, token in maven_tokens(text):
        if nulls and token in QUALIFIERS[:5]:
            return True
        nulls = token in {0, ""}
    return False


def test_maven_versions_sort_by_the_specification_of_the_pom(differences: Differences) -> None:
    found = differences(Scheme.MAVEN, a_maven_version, by_pom)
    # Where the specification keeps a null before an older qualifier it is no order: the next test.
    kept = keeps_a_null_before_an_older_qualifier
    assert [each for each in found if not (kept(each[0]) or kept(each[1]))] == []


def test_the_specification_of_the_pom_runs_in_a_circle_that_keys_cannot_follow() -> None:
    assert by_pom("1.0.rc", "1") < 0
    assert by_pom("1", "1-1") < 0
    assert by_pom("1-1", "1.0.rc") < 0
    keys = [version_key(Scheme.MAVEN, text) for text in ("1.0.rc", "1", "1-1")]
    assert keys == sorted(set(keys))


def test_releases_that_people_name_in_maven() -> None:
    def maven(text: str) -> bytes:
        return version_key(Scheme.MAVEN, text)

    assert maven("4.1.100.Final") == maven("4.1.100") == maven("4.1.100-ga")
    assert maven("5.3.9.RELEASE") == maven("5.3.9") < maven("5.3.10.RELEASE")
    assert maven("2.0.0-M1") < maven("2.0.0.RC1") < maven("2.0.0-RC2") < maven("2.0.0-SNAPSHOT")
    assert maven("2.0.0-SNAPSHOT") < maven("2.0.0") < maven("2.0.0-sp1") < maven("2.0.0-jre")
    assert maven("31.0.1-jre") < maven("31.1-android") < maven("31.1-jre")
    assert maven("2.9.10.1") < maven("2.9.10.8") < maven("2.10.0.pr1") < maven("2.10.0.pr2")


# -- NuGet, RubyGems -------------------------------------------------------------------------------


def a_nuget_version(source: random.Random) -> str:
    text = numbers(source, 4, "01")
    if source.random() < 0.6:
        some = (
            "alpha",
            "BETA",
            "beta",
            "1",
            "2",
            "11",
            "rc1",
            "2147483647",
            "2147483648",
            "30000000000",
            "01",
        )
        text += "-" + ".".join(source.choice(some) for _ in range(source.randint(1, 3)))
    return text + source.choice(("", "", "+A", "+a"))


def by_nuget(left: str, right: str) -> int:
    """NuGet.Versioning, VersionComparer."""
    sides = []
    for text in (left, right):
        core, _, pre = text.partition("+")[0].removeprefix("v").partition("-")
        sides.append(([int(each) for each in (core.split(".") + ["0"] * 3)[:4]], pre))
    (core, pre), (other_core, other_pre) = sides
    if core != other_core or not pre or not other_pre:
        return sign(core, other_core) or sign(not pre, not other_pre)
    for one, other in zip_longest(pre.split("."), other_pre.split(".")):
        if one is None or other is None:
            return 1 if other is None else -1
        fits = [each.isdigit() and int(each) < 2**31 for each in (one, other)]
        if all(fits):
            result = sign(int(one), int(other))
        elif any(fits):
            result = -1 if fits[0] else 1
        else:
            result = sign(one.upper(), other.upper())
        if result:
            return result
    return 0


def test_nuget_versions_sort_as_nuget_sorts_them(differences: Differences) -> None:
    assert differences(Scheme.NUGET, a_nuget_version, by_nuget) == []


def a_gem_version(source: random.Random) -> str:
    text = numbers(source, 4, "00")
    for _ in range(source.randint(0, 3)):
        text += "." + source.choice(("a", "rc", "pre", "b1", "0", "1", "rc2", "A", "0a0"))
    return text + source.choice(("", "", "", "-1", "-rc1", "-x-y"))


def by_gem(left: str, right: str) -> int:
    """Gem::Version#<=>."""
    sides = []
    for text in (left, right):
        found = re.findall(r"[0-9]+|[a-zA-Z]+", text.replace("-", ".pre."))
        segments: list[int | str] = [int(each) if each.isdigit() else each for each in found]
        at = next((at for at, each in enumerate(segments) if isinstance(each, str)), len(segments))
        halves = [segments[:at], segments[at:]]
        for half in halves:
            while half and half[-1] == 0:
                half.pop()
        sides.append(halves[0] + halves[1])
    one, other = sides
    for mine, theirs in zip(one, other, strict=False):
        if mine == theirs:
            continue
        if isinstance(mine, str) != isinstance(theirs, str):
            return -1 if isinstance(mine, str) else 1
        return sign(mine, theirs)
    for rest, newer in ((one[len(other) :], 1), (other[len(one) :], -1)):
        for each in rest:
            if isinstance(each, str):
                return -newer
            if each != 0:
                return newer
    return 0


def test_gem_versions_sort_as_rubygems_sorts_them(differences: Differences) -> None:
    assert differences(Scheme.GEM, a_gem_version, by_gem) == []


def test_gem_versions_sort_as_univers_sorts_them(differences: Differences) -> None:
    univers = pytest.importorskip("univers.versions")

    def compare(left: str, right: str) -> int:
        one, other = univers.RubygemsVersion(left), univers.RubygemsVersion(right)
        return 0 if not one < other and not other < one else -1 if one < other else 1

    assert differences(Scheme.GEM, a_gem_version, compare) == []
