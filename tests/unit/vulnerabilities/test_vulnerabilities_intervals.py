"""Intervals say of every version what the algorithm of the specification says."""

import itertools
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatebook.vulnerabilities.advisory import Standing, affected_packages
from gatebook.vulnerabilities.indexing import joined
from gatebook.vulnerabilities.intervals import Interval, covers, intervals_of
from gatebook.vulnerabilities.osv import OsvEvent, read_record

# Versions are single numbers here, so that the algorithm can be written down word for word.
NUMBERS = st.integers(1, 9)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), NUMBERS)
    | st.just(("introduced", 0)),
    min_size=1,
    max_size=7,
)
LIMITS = st.lists(st.one_of(NUMBERS.map(str), st.just("*")), max_size=2)


def key(text):
    return bytes([int(text) + 1])


def literally(version, events, limits):
    """OSV schema, "Evaluation", with events of equal versions in the order given."""
    if limits and not any(limit == "*" or version < int(limit) for limit in limits):
        return False
    vulnerable = False
    for kind, number in events:
        if version > number or (version == number and kind != "last_affected"):
            vulnerable = kind == "introduced"
    return vulnerable


@given(EVENTS, LIMITS)
@settings(max_examples=500)
def test_events_in_order_are_evaluated_word_for_word(events, limits):
    events = sorted(events, key=lambda event: event[1])
    made = [OsvEvent(**{kind: str(number)}) for kind, number in events]
    found = intervals_of([*made, *(OsvEvent(limit=each) for each in limits)], key)
    for version in range(1, 11):
        assert covers(found, key(version)) == literally(version, events, limits)


@given(EVENTS)
@example([("introduced", 4), ("fixed", 5), ("introduced", 2), ("fixed", 4)])
@settings(max_examples=300)
def test_the_order_of_events_of_different_versions_means_nothing(events):
    events = list({number: kind for kind, number in events}.items())
    shuffled = [OsvEvent(**{kind: str(number)}) for number, kind in events]
    in_order = [OsvEvent(**{kind: str(number)}) for number, kind in sorted(events)]
    assert intervals_of(shuffled, key) == intervals_of(in_order, key)


def test_ranges_that_touch_join_even_when_listed_backwards():
    events = [
        *(OsvEvent(introduced="4"), OsvEvent(fixed="5")),
        *(OsvEvent(introduced="2"), OsvEvent(fixed="4")),
    ]
    assert [each.text for each in intervals_of(events, key)] == [">=2,<5"]


def test_a_range_of_one_version_holds_just_this_one_even_when_listed_backwards():
    events = [
        *(OsvEvent(introduced="6"), OsvEvent(last_affected="6")),
        *(OsvEvent(introduced="3"), OsvEvent(last_affected="3")),
    ]
    found = intervals_of(events, key)
    assert [each.text for each in found] == ["==3", "==6"]
    assert [number for number in range(10) if covers(found, key(number))] == [3, 6]


def test_a_range_tells_its_bounds_and_its_fix():
    found = intervals_of([OsvEvent(introduced="0"), OsvEvent(fixed="7")], key)
    assert [(each.text, each.fixed, each.lo) for each in found] == [("<7", "7", b"")]
    found = intervals_of([OsvEvent(introduced="2"), OsvEvent(last_affected="4")], key)
    assert [(each.text, each.fixed) for each in found] == [(">=2,<=4", None)]
    found = intervals_of([OsvEvent(introduced="0")], key)
    assert [(each.text, each.hi) for each in found] == [("every version", None)]


@given(st.lists(st.tuples(st.binary(max_size=2), st.none() | st.binary(max_size=2)), max_size=6))
def test_joined_intervals_hold_the_same_versions_and_never_touch(pairs):
    intervals = tuple(Interval(lo, hi, "") for lo, hi in pairs if hi is None or lo < hi)
    together = [Interval(lo, hi, "") for lo, hi in joined(intervals)]
    for number in range(0, 65536, 97):
        version = number.to_bytes(2, "big")
        assert covers(intervals, version) == covers(together, version)
    assert all(
        before.hi is not None and before.hi < after.lo
        for before, after in itertools.pairwise(together)
    )


# -- a whole record --------------------------------------------------------------------------------


def a_package(ecosystem="PyPI", name="flask", **said):
    record = {
        "id": "X-1",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, **said}],
    }
    return next(affected_packages(read_record(json.dumps(record).encode())))


def a_range(*events, kind="ECOSYSTEM"):
    names = {">=": "introduced", "<": "fixed", "<=": "last_affected"}
    made = [{names[operator]: version} for operator, version in events]
    return {"type": kind, "events": made, **({"repo": "https://x"} if kind == "GIT" else {})}


def test_a_version_in_the_range_is_affected_and_told_the_fix():
    package = a_package(ranges=[a_range((">=", "3.0"), ("<", "3.1.12"))])
    verdict = package.judge("3.1.5")
    assert verdict == (Standing.AFFECTED, "", ">=3.0,<3.1.12", ("3.1.12",))
    assert package.judge("3.1.12").standing is Standing.NOT_AFFECTED
    assert package.judge("2.9").standing is Standing.NOT_AFFECTED


def test_fixes_of_later_branches_are_told_lowest_first():
    package = a_package(
        ranges=[a_range((">=", "2.0"), ("<", "2.3")), a_range((">=", "1.0"), ("<", "1.5"))]
    )
    assert package.judge("1.2").fixed == ("1.5", "2.3")
    assert package.judge("2.1").fixed == ("2.3",)


def test_a_listed_version_matches_however_it_is_written():
    package = a_package(versions=["1.0", "not-a-version"])
    assert package.judge("1.0.0").standing is Standing.AFFECTED, "equal by PEP 440"
    assert package.judge("not-a-version").standing is Standing.AFFECTED
    assert package.judge("1.0.1").standing is Standing.NOT_AFFECTED
    assert package.judge("other-text").standing is Standing.NOT_AFFECTED, "all are listed"


def test_a_version_without_order_is_unknown_to_ranges_and_not_to_everything():
    bounded = a_package(ranges=[a_range((">=", "0"), ("<", "2"))])
    assert bounded.judge("banana")[:2] == (Standing.UNKNOWN, "vulnerabilities.unordered-version")
    unbounded = a_package(ranges=[a_range((">=", "0"))])
    assert unbounded.judge("banana").standing is Standing.AFFECTED


def test_a_bound_without_order_leaves_every_other_version_unknown():
    package = a_package(ranges=[a_range((">=", "0"), ("<", "banana"))], versions=["1.0"])
    assert package.judge("1.0").standing is Standing.AFFECTED
    assert package.judge("2.0")[:2] == (Standing.UNKNOWN, "vulnerabilities.unordered-range")


def test_a_package_of_which_only_commits_are_known_is_unknown():
    package = a_package(ranges=[a_range((">=", "0" * 40), kind="GIT")])
    assert package.judge("1.0")[:2] == (Standing.UNKNOWN, "vulnerabilities.only-commits")
    assert a_package().judge("1")[:2] == (Standing.UNKNOWN, "vulnerabilities.no-versions")


def test_commits_beside_versions_do_not_count():
    commits = a_range((">=", "0"), kind="GIT")
    package = a_package(ranges=[commits, a_range((">=", "1"), ("<", "2"))])
    assert package.judge("0.5").standing is Standing.NOT_AFFECTED


def test_a_semver_range_keeps_its_own_order_where_the_ecosystem_has_another():
    package = a_package(ranges=[a_range((">=", "1.0.0"), ("<", "1.2.0"), kind="SEMVER")])
    assert package.judge("1.1.0").standing is Standing.AFFECTED
    assert package.judge("1.2.0").standing is Standing.NOT_AFFECTED
    assert package.judge("banana")[:2] == (Standing.UNKNOWN, "vulnerabilities.unordered-version")


def test_an_ecosystem_without_order_compares_literally():
    package = a_package("Android", "platform/x", versions=["12L"], ranges=[a_range((">=", "12"))])
    assert package.judge("12L").standing is Standing.AFFECTED
    assert package.judge("13")[:2] == (Standing.UNKNOWN, "vulnerabilities.unordered-range")
