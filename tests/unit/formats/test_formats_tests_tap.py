"""TAP: the plan decides whether a run is whole, and a subtest can sink the test it belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.test_reports import tap
from gatebook.formats.test_reports.report import TestReport


def read(text: str) -> TestReport:
    document = Document(text.encode())
    assert tap.READER.recognises(document)
    return tap.READER.read(document)


def counts(report: TestReport) -> tuple[int, int, int, int]:
    return report.passed, report.failed, report.errors, report.skipped


@pytest.mark.parametrize(
    "text",
    [
        "TAP version 14\n1..2\nok 1 - adds\nok 2 - divides\n",
        "TAP version 13\r\nok 1 - adds\r\nok 2 - divides\r\n1..2\r\n",
        "1..2\nok - adds\nok - divides",
        "# a comment\n\n1..2\nok 2 - divides\nok 1 - adds\n",
    ],
)
def test_a_run_that_kept_its_plan_is_clean(text: str) -> None:
    report = read(text)
    assert counts(report) == (2, 0, 0, 0)
    assert report.is_clean
    assert set(report.passed_names) == {"adds", "divides"}


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("TAP version 14\nok 1\nok 2\n", 1),  # no plan: it was cut off
        ("1..5\nok 1\nok 2\n", 3),
        ("1..1\nok 1\nok 2\n", 1),
        ("1..2\nok 1\nok 1\n", 1),
        ("1..2\nok 1\nok 3\n", 1),
        ("1..2\n1..2\nok 1\nok 2\n", 1),
        ("ok 1\n1..2\nok 2\n", 1),
        ("1..2\nok 1\nok 2\nBail out! no disk\n", 1),
        ("1..2\nok 1\nBail out!\nok 2\n", 2),
        ("1..2\nok 1\nok 2\n  ---\n  never: closed\n", 1),
        ("TAP version 14\npragma +strict\n1..2\nok 1\nok 2\nwhat is this\n", 1),
    ],
)
def test_a_run_that_did_not_keep_its_plan_is_not_clean(text: str, errors: int) -> None:
    report = read(text)
    assert report.errors == errors
    assert report.incomplete
    assert not report.is_clean


def test_a_plan_that_is_far_too_long_is_counted_without_naming_each_test() -> None:
    report = read("1..999999999\nok 1\n")
    assert report.errors == 999_999_998
    assert len(report.failed_names) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ok 1 - adds # SKIP no maths here", (0, 0, 0, 1)),
        ("ok 1 - adds # skipped: later", (0, 0, 0, 1)),
        ("not ok 1 - adds # SKIP", (0, 0, 0, 1)),
        ("not ok 1 - adds # TODO write it", (0, 0, 0, 1)),
        ("ok 1 - adds # todo", (1, 0, 0, 0)),
        ("ok 1 # SKIP", (0, 0, 0, 1)),
        ("not ok 1 - adds # TODOS are no directive", (0, 1, 0, 0)),
        ("not ok 1 - adds \\# TODO is escaped", (0, 1, 0, 0)),
        ("not ok 1 - C#TODO", (0, 1, 0, 0)),
        ("not ok", (0, 1, 0, 0)),
        ("not ok 1", (0, 1, 0, 0)),
        ("not  ok 1", (0, 1, 0, 0)),
        ("ok", (1, 0, 0, 0)),
    ],
)
def test_directives(line: str, expected: tuple[int, int, int, int]) -> None:
    assert counts(read(f"1..1\n{line}\n")) == expected


def test_lines_that_only_look_like_tests_are_none() -> None:
    report = read("1..1\nok 1 - adds\nokay then\nnothing is ok 2\n# ok 3\n")
    assert counts(report) == (1, 0, 0, 0)


def test_diagnostics_hold_no_tests() -> None:
    report = read(
        "TAP version 13\n1..2\nnot ok 1 - adds\n  ---\n  found: |\n    ok 7\n  ...\nok 2\n"
    )
    assert counts(report) == (1, 1, 0, 0)


def test_a_test_after_diagnostics_that_were_not_closed_is_not_lost() -> None:
    report = read("1..2\nok 1\n  ---\n  a: b\nnot ok 2\n")
    assert counts(report) == (1, 1, 0, 0)


SUBTEST = """TAP version 14
1..2
# Subtest: maths
    1..2
    {first} 1 - adds
    ok 2 - divides
{parent} 1 - maths{directive}
ok 2 - last
"""


@pytest.mark.parametrize(
    ("first", "parent", "directive", "expected"),
    [
        ("ok", "ok", "", (3, 0, 0, 0)),
        ("not ok", "not ok", "", (2, 1, 0, 0)),
        ("not ok", "ok", "", (2, 1, 0, 0)),
        ("ok", "not ok", "", (3, 1, 0, 0)),
        ("not ok", "not ok", " # TODO", (1, 0, 0, 1)),
        ("not ok", "ok", " # SKIP", (1, 0, 0, 1)),
    ],
)
def test_a_test_is_counted_by_its_subtests(
    first: str, parent: str, directive: str, expected: tuple[int, int, int, int]
) -> None:
    text = SUBTEST.format(first=first, parent=parent, directive=directive)
    assert counts(read(text)) == expected


def test_a_subtest_that_did_not_keep_its_plan_sinks_the_run() -> None:
    text = SUBTEST.format(first="ok", parent="ok", directive="").replace("    1..2", "    1..3")
    report = read(text)
    assert report.errors == 1
    assert "maths" in report.incomplete[0]


def test_subtests_whose_test_never_came_are_not_lost() -> None:
    report = read("1..1\nok 1\n    not ok 1 - inner\n    1..1\n")
    assert report.failed == 1
    assert not report.is_clean


def test_bail_out_of_a_subtest_ends_the_run() -> None:
    report = read("1..2\nok 1\n    1..1\n    Bail out! no disk\n    ok 1\nok 2\n")
    assert any("no disk" in why for why in report.incomplete)


def test_skipping_everything_is_no_pass() -> None:
    report = read("1..0 # SKIP not on this machine\n")
    assert report.total == 0
    assert not report.is_clean


def test_versions() -> None:
    described = tap.READER.describe(Document(b"TAP version 14\n1..1\nok 1\n"))
    assert described == {
        "version": "14",
        "plan": 1,
        "testcases": 1,
        "results": {"passed": 1},
    }
    with pytest.raises(MalformedError) as refusal:
        read("TAP version 15\n1..1\nok 1\n")
    assert refusal.value.code == "formats.tap-version"


def test_hostile_input_is_refused() -> None:
    with pytest.raises(MalformedError):
        tap.READER.read(Document(b"1..1\nok 1 \xff\n"))
    deep = "".join(f"{'    ' * depth}ok 1\n" for depth in range(200))
    with pytest.raises(MalformedError):
        tap.READER.read(Document(b"1..1\n" + deep.encode()))


@pytest.mark.parametrize(
    "text", [b"", b"ok  \tgithub.com/x/y\t0.1s\n", b"okay", b"{}", b"1.. 2", b"TAP is a protocol"]
)
def test_other_texts_are_not_taken_for_tap(text: bytes) -> None:
    assert not tap.READER.recognises(Document(text))


@given(
    st.lists(
        st.sampled_from(
            [
                *("ok", "not ok", "ok 1", "not ok 2 - b", "1..2", "1..0", "    ok", "    1..1"),
                *("  ---", "  ...", "        not ok", "Bail out!", "# c", "x", "pragma +strict"),
            ]
        ),
        max_size=12,
    )
)
def test_any_stream_adds_up_and_no_failing_test_is_lost(written: list[str]) -> None:
    try:
        report = tap.READER.read(Document("\n".join(written).encode()))
    except GatebookError:
        return
    assert report.total == sum(counts(report))
    if report.is_clean:
        assert any(line.startswith("1..") for line in written)
        top_level = [line for line in written if line.startswith("not ok")]
        assert top_level == []
