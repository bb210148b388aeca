"""What holds for the keys of every scheme, and which scheme an ecosystem has."""

import contextlib
import functools
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.ecosystem import (
    CRATES,
    scheme_of,
    scheme_of_purl_type,
    scheme_of_vers_type,
)
from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, UnorderedVersionError, number
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions, version_key

SOME = {
    **dict.fromkeys(Scheme, ("1.2.3", "1.10.3")),
    Scheme.DATETIME: ("2024-01-31T12:00:00Z", "2024-10-31T12:00:00Z"),
    Scheme.LEXICOGRAPHIC: ("a", "b"),
}
EVERY = pytest.mark.parametrize("scheme", list(Scheme), ids=str)
NUMBERED = pytest.mark.parametrize(
    "scheme",
    [each for each in Scheme if each not in {Scheme.DATETIME, Scheme.LEXICOGRAPHIC}],
    ids=str,
)
# Schemes that say what they take; the others take nearly any text.
STRICT = [
    each
    for each in Scheme
    if each not in {Scheme.LEXICOGRAPHIC, Scheme.GENERIC, Scheme.INTDOT, Scheme.MAVEN, Scheme.CONAN}
]


@EVERY
def test_an_older_version_has_a_lower_key(scheme: Scheme) -> None:
    older, newer = SOME[scheme]
    assert version_key(scheme, older) < version_key(scheme, newer)
    assert compare_versions(scheme, older, newer) < 0 < compare_versions(scheme, newer, older)
    assert compare_versions(scheme, older, older) == 0


@NUMBERED
def test_numbers_sort_as_numbers_however_long(scheme: Scheme) -> None:
    lengths = (1, 2, 5, 6, 100, 127, 128, 255, 256, 257, 1000)
    chain = [f"1.{'9' * length}" for length in lengths]
    if scheme is Scheme.OPENSSL:
        chain = [f"{each}.0" for each in chain]
    keys = [version_key(scheme, each) for each in chain]
    assert keys == sorted(set(keys))


@EVERY
def test_hostile_text_is_refused_and_nothing_else_happens(scheme: Scheme) -> None:
    refused = ["", "1." * 600 + "1", "1" * (MAX_LENGTH + 1), "a" * 100_000, "\ud800"]
    if scheme is not Scheme.LEXICOGRAPHIC:
        refused += ["\u0661.2.3", "\uff11.2.3", "\u00b9.2"]
    # What follows the numbers is not read in the one, and all of it is text in the other.
    if scheme not in {Scheme.LEXICOGRAPHIC, Scheme.INTDOT}:
        refused += [
            "1.2.3\u0660",
            "1.2.3\x00",
            "1.2.3\x001",
            "1.2.3\u2028",
            "1.2\u017f",
            "1.\ud800",
        ]
    for text in refused:
        with pytest.raises(UnorderedVersionError):
            version_key(scheme, text)


@pytest.mark.parametrize("scheme", STRICT, ids=str)
def test_text_that_is_no_version_is_refused(scheme: Scheme) -> None:
    for text in (" ", "1 2", ">=1.2.3", "^", "\n", "1.2.3\n4", "*", "a b", "1,2", "(devel)"):
        with pytest.raises(UnorderedVersionError) as caught:
            version_key(scheme, text)
        assert caught.value.code == "versions.unordered"


def test_a_version_of_a_thousand_characters_is_the_limit() -> None:
    assert version_key(Scheme.DEB, "1" * MAX_LENGTH)
    with pytest.raises(UnorderedVersionError) as caught:
        version_key(Scheme.DEB, "1" * (MAX_LENGTH + 1))
    assert caught.value.code == "versions.too-long"


@given(st.integers(0, 10**40), st.integers(0, 10**40), st.integers(0, 5))
def test_encoded_numbers_sort_as_numbers(one: int, other: int, zeros: int) -> None:
    keys = number("0" * zeros + str(one)), number(str(other))
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (one < other, one == other)


@given(st.lists(st.integers(0, 10**3), max_size=6), st.lists(st.integers(0, 10**3), max_size=6))
def test_encoded_numbers_in_a_row_sort_as_lists_of_numbers(
    one: list[int], other: list[int]
) -> None:
    keys = [b"".join(number(str(each)) for each in numbers) for numbers in (one, other)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (one < other, one == other)


PIECES = (
    "0",
    "1",
    "2",
    "10",
    "01",
    ".",
    "-",
    "_",
    "~",
    "^",
    "+",
    ":",
    "a",
    "b",
    "rc",
    "alpha",
    "p",
)
TEXTS = st.lists(
    st.sampled_from((*PIECES, "final", "r1", "dev", "v", "g")), min_size=1, max_size=8
).map("".join)


@EVERY
@settings(max_examples=60)
@given(text=st.text(max_size=30) | TEXTS)
def test_any_text_has_a_key_or_is_refused(scheme: Scheme, text: str) -> None:
    with contextlib.suppress(GatebookError):
        assert version_key(scheme, text)


@EVERY
@settings(max_examples=40)
@given(texts=st.lists(TEXTS, min_size=3, max_size=3))
def test_comparing_agrees_with_the_keys(scheme: Scheme, texts: list[str]) -> None:
    def compared(left: str, right: str) -> int:
        keys = version_key(scheme, left), version_key(scheme, right)
        result = compare_versions(scheme, left, right)
        assert result == -compare_versions(scheme, right, left)
        if scheme is not Scheme.ALPM:
            assert result == (keys[0] > keys[1]) - (keys[0] < keys[1])
        return result

    for left, right in itertools.pairwise(texts):
        try:
            compared(left, right)
        except GatebookError:
            continue


def test_no_key_begins_the_key_of_an_older_version() -> None:
    # Sorting by key and sorting by comparison put many versions of one package in the same order.
    source = random.Random(6)  # noqa: S311 - test data
    texts = [".".join(str(source.randrange(12)) for _ in range(3)) for _ in range(300)]
    for scheme in Scheme:
        if scheme in {Scheme.DATETIME, Scheme.LEXICOGRAPHIC}:
            continue
        by_key = sorted(texts, key=functools.partial(version_key, scheme))
        by_numbers = sorted(texts, key=lambda each: [int(part) for part in each.split(".")])
        assert by_key == by_numbers


# -- ecosystems ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ecosystem", "scheme"),
    [
        ("Debian", Scheme.DEB),
        ("Debian:12", Scheme.DEB),
        ("Ubuntu:Pro:18.04:LTS", Scheme.DEB),
        ("Alpine:v3.18", Scheme.APK),
        ("Wolfi", Scheme.APK),
        ("Chainguard", Scheme.APK),
        ("Red Hat:rhel_aus:8.4::appstream", Scheme.RPM),
        ("SUSE:Linux Enterprise Server 15 SP4", Scheme.RPM),
        ("Rocky Linux:9", Scheme.RPM),
        ("PyPI", Scheme.PEP440),
        ("npm", Scheme.SEMVER),
        (CRATES, Scheme.SEMVER),
        ("Go", Scheme.GO),
        ("Maven:https://maven.google.com", Scheme.MAVEN),
        ("Packagist:https://packages.drupal.org/8", Scheme.COMPOSER),
        ("GitHub Actions", Scheme.GIT_TAG),
        ("Root:Debian:12", Scheme.DEB),
        ("Root:PyPI", Scheme.PEP440),
        ("Echo", Scheme.DEB),
        ("Echo:PyPI", Scheme.PEP440),
        ("OSS-Fuzz", None),
        ("Android", None),
        ("Root", None),
        ("debian", None),
        ("Nonsense:12", None),
        ("", None),
    ],
)
def test_an_ecosystem_has_the_scheme_of_its_versions(ecosystem: str, scheme: Scheme | None) -> None:
    assert scheme_of(ecosystem) is scheme


def test_types_have_the_scheme_of_their_ecosystem() -> None:
    pairs = {
        "deb": "Debian",
        "golang": "Go",
        "pypi": "PyPI",
        "gem": "RubyGems",
        "cargo": CRATES,
    }
    for package_type, ecosystem in pairs.items():
        assert scheme_of_purl_type(package_type) is scheme_of(ecosystem)
        assert scheme_of_vers_type(package_type) is scheme_of(ecosystem)
    assert scheme_of_purl_type("generic") is None
    assert scheme_of_vers_type("generic") is Scheme.GENERIC
    assert scheme_of_purl_type("docker") is scheme_of_vers_type("example") is None


# -- the same by univers, another implementation ---------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "name", "texts"),
    [
        (Scheme.DEB, "DebianVersion", ("1.0", "1.0~rc1", "1:0.9", "1.0-1", "1.0+b1", "1.0.1")),
        (
            Scheme.RPM,
            "RpmVersion",
            ("1.0-1", "1.0~rc1-1", "1:0.9-1", "1.0^g-1", "1.0a-2", "1.0.1-1"),
        ),
        (Scheme.SEMVER, "SemverVersion", ("1.0.0", "1.0.0-rc.1", "1.0.0-rc.a", "1.0.0-1", "1.1.0")),
        (Scheme.GENTOO, "GentooVersion", ("1.0", "1.0_rc1", "1.0_p1", "1.0a", "1.01", "1.1-r1")),
        (Scheme.NUGET, "NugetVersion", ("1.0.0", "1.0.0-RC.1", "1.0.0-rc.2", "1.0.0.1", "1.0.1")),
        (
            Scheme.CONAN,
            "ConanVersion",
            ("1.0", "1.0-rc1", "1.0+b1", "cci.2020", "1.1.1k", "1.1.1l"),
        ),
    ],
    ids=lambda each: str(each) if isinstance(each, Scheme) else "",
)
def test_versions_sort_as_univers_sorts_them(
    scheme: Scheme, name: str, texts: tuple[str, ...]
) -> None:
    univers = pytest.importorskip("univers.versions")
    read: Callable[[str], object] = getattr(univers, name)
    for left, right in itertools.product(texts, repeat=2):
        one, other = read(left), read(right)
        older, newer = one < other, other < one  # type: ignore[operator]
        assert compare_versions(scheme, left, right) == newer - older, (left, right)


def test_where_univers_is_wrong_about_gentoo() -> None:
    univers = pytest.importorskip("univers.versions")
    # Package Manager Specification, algorithm 3.2: the first numbers compare as integers.
    assert univers.GentooVersion("010.0") < univers.GentooVersion("2.0")
    assert compare_versions(Scheme.GENTOO, "010.0", "2.0") > 0
