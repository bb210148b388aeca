"""Version ranges: read strictly, checked, simplified, and asked what they contain."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.encoding import UnorderedVersionError
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions
from gatebook.vulnerabilities.versions.vers import (
    Comparator,
    Constraint,
    VersRange,
    VersRangeError,
)


def test_a_range_is_read_and_printed_as_it_was() -> None:
    text = "vers:npm/1.2.3|>=2.0.0|!=2.5.0|<5.0.0"
    found = VersRange.parse(text)
    assert found.type == "npm"
    assert [(each.comparator, each.version) for each in found.constraints] == [
        (Comparator.EQUAL, "1.2.3"),
        (Comparator.AT_LEAST, "2.0.0"),
        (Comparator.NOT_EQUAL, "2.5.0"),
        (Comparator.LESS, "5.0.0"),
    ]
    assert str(found) == text
    found.validate()


def test_versions_are_decoded_once_and_encoded_where_they_must_be() -> None:
    found = VersRange.parse("vers:generic/1.0%252F0%7C%3E%20a|2+b~c:d")
    assert [each.version for each in found.constraints] == ["1.0%2F0|> a", "2+b~c:d"]
    assert str(found) == "vers:generic/1.0%252F0%7C%3E%20a|2+b~c:d"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("npm/1.0.0", "scheme"),
        ("VERS:npm/1.0.0", "scheme"),
        ("vers", "scheme"),
        ("vers:npm", "type"),
        ("vers:/1.0.0", "type"),
        ("vers:NPM/1.0.0", "type"),
        ("vers:1npm/1.0.0", "type"),
        ("vers:n%70m/1.0.0", "type"),
        ("vers:invalid/1.0.0", "type"),
        ("vers:npm/", "constraint"),
        ("vers:npm/|1.0.0", "constraint"),
        ("vers:npm/1.0.0|", "constraint"),
        ("vers:npm/1.0.0||2.0.0", "constraint"),
        ("vers:npm/=1.0.0", "constraint"),
        ("vers:npm/>=", "constraint"),
        ("vers:npm/>", "constraint"),
        ("vers:npm/==1.0.0", "constraint"),
        ("vers:npm/=>1.0.0", "constraint"),
        ("vers:npm/!1.0.0", "constraint"),
        ("vers:npm/*1.0.0", "constraint"),
        ("vers:npm/*|1.0.0", "constraint"),
        ("vers:npm/1.0.0|*", "constraint"),
        ("vers:npm/1.*", "constraint"),
        ("vers:all/1.0", "constraint"),
        ("vers:none/>1.0", "constraint"),
        ("vers:npm/>= 1.0.0", "whitespace"),
        ("vers:npm/1.0.0\n", "whitespace"),
        ("vers:npm/1.0.0\x00", "whitespace"),
        ("vers:npm/1.0.0%", "percent"),
        ("vers:npm/1.0.0%2", "percent"),
        ("vers:npm/1.0.0%ZZ", "percent"),
        ("vers:npm/1.0.0%FF", "percent"),
        ("vers:npm/1.0.0%0A", "percent"),
        ("vers:npm/1.0.0%00", "percent"),
        ("vers:datetime/2024-01-01T00%3A00:00Z", "percent"),
    ],
)
def test_text_in_another_form_is_refused(text: str, code: str) -> None:
    with pytest.raises(VersRangeError) as caught:
        VersRange.parse(text)
    assert caught.value.code == f"versions.vers-{code}"


def test_text_that_is_not_ascii_or_is_endless_is_refused() -> None:
    for text in ("vers:npm/1.0.\u0660", "vers:npm/" + "1" * 1024 * 1024):
        with pytest.raises(VersRangeError):
            VersRange.parse(text)
    with pytest.raises(UnorderedVersionError):
        VersRange.parse("vers:npm/" + "1" * 2000).contains("1.0.0")


def test_an_instant_in_lower_case_is_refused() -> None:
    VersRange.parse("vers:datetime/2024-01-01T00:00:00Z")
    with pytest.raises(GatebookError):
        VersRange.parse("vers:datetime/2024-01-01t00:00:00z")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("vers:npm/2.0.0|1.0.0", "unsorted"),
        ("vers:npm/>=1.10.0|<1.9.0", "unsorted"),
        ("vers:npm/>=1.0.0|<1.0.0", "duplicate"),
        ("vers:pypi/1.0|!=1.0.0", "duplicate"),
        ("vers:npm/>1.0.0|>2.0.0", "sequence"),
        ("vers:npm/<1.0.0|<2.0.0", "sequence"),
        ("vers:npm/1.0.0|<2.0.0", "sequence"),
        ("vers:npm/>1.0.0|2.0.0", "sequence"),
        ("vers:npm/>1.0.0|!=1.5.0|>=2.0.0", "sequence"),
        ("vers:example/1.0|2.0", "no-order"),
    ],
)
def test_constraints_that_cannot_stand_in_a_row_are_refused(text: str, code: str) -> None:
    found = VersRange.parse(text)
    with pytest.raises(VersRangeError) as caught:
        found.validate()
    assert caught.value.code == f"versions.vers-{code}"


@pytest.mark.parametrize(
    "text",
    [
        "vers:npm/*",
        "vers:npm/1.0.0",
        "vers:npm/<1.0.0|1.5.0|1.6.0|>=2.0.0|!=2.1.0|<3.0.0|>4.0.0",
        "vers:npm/!=1.0.0|!=2.0.0",
        "vers:npm/>1.9.0|<1.10.0",
        "vers:deb/>=1.0~rc1|<1.0",
    ],
)
def test_constraints_that_can_stand_in_a_row_are_valid(text: str) -> None:
    found = VersRange.parse(text)
    found.validate()
    assert found.simplified() == found.in_order() == found


def test_a_range_is_simplified_to_what_its_constraints_leave() -> None:
    def simple(text: str) -> str:
        return str(VersRange.parse(text).simplified())

    assert simple("vers:pypi/>0.0.0|>=0.0.1|0.0.2|<0.0.3|0.0.4|<0.0.5|>=0.0.6|!=0.8") == (
        "vers:pypi/>0.0.0|<0.0.5|>=0.0.6|!=0.8"
    )
    assert simple("vers:pypi/0.0.2|0.0.6|>=0.0.0|0.0.1") == "vers:pypi/>=0.0.0"
    assert simple("vers:npm/<2.0.18|<3.0.16|<3.1.6") == "vers:npm/<3.1.6"
    assert simple("vers:npm/!=2.0.0|!=1.0.0") == "vers:npm/!=1.0.0|!=2.0.0"


def test_a_range_contains_what_its_constraints_say() -> None:
    found = VersRange.parse("vers:npm/<1.0.0|1.5.0|>=2.0.0|!=2.5.0|<3.0.0|>4.0.0")
    inside = [
        "0.1.0",
        "1.0.0-rc.1",
        "1.5.0",
        "2.0.0",
        "2.4.9",
        "2.5.1",
        "3.0.0-a",
        "4.0.1",
        "99.0.0",
    ]
    outside = ["1.0.0", "1.4.9", "1.5.1", "2.0.0-rc.1", "2.5.0", "3.0.0", "3.5.0", "4.0.0"]
    assert [each for each in inside if not found.contains(each)] == []
    assert [each for each in outside if found.contains(each)] == []
    with pytest.raises(UnorderedVersionError):
        found.contains("latest")


def test_all_none_and_what_only_excludes() -> None:
    assert VersRange.parse("vers:all/*").contains("anything")
    assert not VersRange.parse("vers:none/*").contains("anything")
    assert VersRange.parse("vers:npm/*").contains("1.0.0")
    with pytest.raises(UnorderedVersionError):
        VersRange.parse("vers:npm/*").contains("latest")
    assert VersRange.parse("vers:pypi/!=5").contains("6")
    assert not VersRange.parse("vers:pypi/!=5").contains("5.0")
    with pytest.raises(VersRangeError):
        VersRange.parse("vers:example/*").contains("1.0")


def test_an_arch_version_without_a_release_is_in_a_range_as_pacman_has_it() -> None:
    found = VersRange.parse("vers:alpm/>=1.5.0-2|<1.6-1")
    assert found.contains("1.5.0")
    assert not found.contains("1.5.0-1")
    assert not found.contains("1.6")


NUMBERS = st.integers(0, 6).map(lambda each: f"{each}.0.0")
CONSTRAINTS = st.lists(
    st.tuples(st.sampled_from(list(Comparator)), NUMBERS),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each[1],
)


def a_range(constraints: list[tuple[Comparator, str]]) -> VersRange:
    return VersRange(
        type="npm",
        constraints=tuple(
            Constraint(comparator=comparator, version=version)
            for comparator, version in constraints
        ),
    )


@given(CONSTRAINTS, st.integers(-1, 7))
def test_simplifying_neither_adds_nor_takes_a_version(
    constraints: list[tuple[Comparator, str]], number: int
) -> None:
    found = a_range(constraints)
    simple = found.simplified()
    simple.validate()
    assert VersRange.parse(str(simple)) == simple
    assert simple.simplified() == simple
    for version in (f"{max(number, 0)}.0.0", f"{max(number, 0)}.5.0", "0.0.0-a"):
        assert found.contains(version) == simple.contains(version)


@given(
    CONSTRAINTS, st.sampled_from([f"{number}.{minor}.0" for number in range(8) for minor in (0, 5)])
)
def test_a_valid_range_contains_what_a_literal_reading_finds(
    constraints: list[tuple[Comparator, str]], version: str
) -> None:
    found = a_range(constraints).in_order()
    try:
        found.validate()
    except VersRangeError:
        return
    inside = False
    lower: str | None = None
    lower_closed = False
    started = True
    for each in found.constraints:
        side = compare_versions(Scheme.SEMVER, version, each.version)
        if each.comparator is Comparator.EQUAL:
            inside = inside or side == 0
        elif each.comparator.is_lower:
            lower, lower_closed, started = each.version, each.comparator.takes_its_version, True
        elif each.comparator.is_upper:
            after = lower is None or compare_versions(Scheme.SEMVER, version, lower) > -lower_closed
            before = side < 0 or (side == 0 and each.comparator.takes_its_version)
            inside = inside or (started and after and before)
            started = False
    if started and lower is not None:
        inside = inside or compare_versions(Scheme.SEMVER, version, lower) > -lower_closed
    unequal = [each for each in found.constraints if each.comparator is Comparator.NOT_EQUAL]
    if len(unequal) == len(found.constraints):
        inside = True
    if any(each.version == version for each in unequal):
        inside = False
    assert found.contains(version) == inside


@given(
    st.text(max_size=40) | st.text("vers:npm/|<>=!*%01.a- ", max_size=30).map("vers:npm/".__add__)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = VersRange.parse(text)
        assert VersRange.parse(str(found)) == found
        found.validate()
        found.contains("1.0.0")
    except GatebookError:
        pass


def test_a_range_of_thousands_of_constraints_is_answered() -> None:
    source = random.Random(1)  # noqa: S311 - test data
    versions = sorted({source.randrange(100_000) for _ in range(3000)})
    found = VersRange.parse("vers:npm/" + "|".join(f"{each}.0.0" for each in versions))
    found.validate()
    assert found.contains(f"{versions[1500]}.0.0")
    assert not found.contains(f"{versions[1500]}.0.1")
