"""LCOV, coverage.py and Go: lines and statements of files, and files that were cut off."""

import json
from fractions import Fraction
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.coverage import coverage_py, go_profile, lcov
from gatebook.formats.coverage.report import CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader


def read(reader: Reader[CoverageReport], text: str) -> CoverageReport:
    document = Document(text.encode())
    assert reader.recognises(document)
    return reader.read(document)


def refusal_of(reader: Reader[CoverageReport], text: str) -> str:
    with pytest.raises(MalformedError) as refusal:
        reader.read(Document(text.encode()))
    return refusal.value.code


LCOV = """TN:unit
SF:src/a.c
FN:1,main
FNDA:2,main
FNF:1
FNH:1
BRDA:3,0,0,1
BRDA:3,0,1,-
BRF:2
BRH:1
DA:1,2
DA:3,0,checksum
LF:2
LH:1
end_of_record
"""


def test_lcov_counts_lines_branches_and_functions() -> None:
    report = read(lcov.READER, LCOV)
    assert report.lines == Covered(covered=1, total=2)
    assert report.branches == Covered(covered=1, total=2)
    assert report.functions == Covered(covered=1, total=1)
    assert report.declared_lines == report.lines
    assert report.declared_branches == report.branches
    assert not report.inconsistent


def test_lcov_records_of_one_file_are_taken_together() -> None:
    report = read(lcov.READER, LCOV + LCOV.replace("DA:3,0", "DA:3,5").replace("LH:1", "LH:2"))
    assert report.files == 1
    assert report.lines == Covered(covered=2, total=2)
    assert report.lowest_line_rate == Fraction(3, 4)


def test_lcov_without_totals_is_counted() -> None:
    bare = "\n".join(line for line in LCOV.splitlines() if line[:2] not in {"LF", "LH"})
    assert lcov.READER.describe(Document(bare.encode())) == {
        "files": 1,
        "lines_found": 2,
        "lines_hit": 1,
    }
    assert read(lcov.READER, bare).declared_lines is None


def test_lcov_totals_that_claim_more_are_said() -> None:
    report = read(lcov.READER, LCOV.replace("LH:1", "LH:2"))
    assert report.inconsistent
    assert report.lowest_line_rate == Fraction(1, 2)


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("end_of_record\n", "", "formats.lcov-truncated"),
        ("DA:1,2", "DA:1", "formats.lcov"),
        ("DA:1,2", "DA:1,-2", "formats.lcov"),
        ("DA:1,2", "DA:one,2", "formats.lcov"),
        ("BRDA:3,0,0,1", "BRDA:3,0,0,x", "formats.lcov"),
        ("LF:2", "LF:", "formats.lcov"),
        ("LH:1", "LH:3", "formats.coverage-count"),
        ("SF:src/a.c\n", "", "formats.lcov"),
        ("FN:1,main", "what is this", "formats.lcov"),
        ("FN:1,main", "SF:src/b.c", "formats.lcov"),
        ("TN:unit\n", "DA:1,1\n", "formats.lcov"),
    ],
)
def test_lcov_that_is_off_in_one_place_is_refused(good: str, bad: str, code: str) -> None:
    assert good in LCOV
    assert refusal_of(lcov.READER, LCOV.replace(good, bad, 1)) == code


def test_lcov_2_names_functions_by_an_index() -> None:
    text = LCOV.replace("FN:1,main\nFNDA:2,main", "FNL:0,1,9\nFNA:0,2,main\nFNA:0,0,operator,(x)")
    assert read(lcov.READER, text).functions == Covered(covered=1, total=2)
    assert refusal_of(lcov.READER, text.replace("FNA:0,2,main", "FNA:0")) == "formats.lcov"


def test_lcov_of_nothing_is_refused() -> None:
    assert refusal_of(lcov.READER, "TN:\n") == "formats.lcov"


def coverage_py_report(**totals: Any) -> dict[str, Any]:
    return {
        "meta": {"format": 3, "version": "7.6.1", "timestamp": "2026-01-02T03:04:05"},
        "files": {
            "a.py": {"executed_lines": [1, 2], "missing_lines": [5], "excluded_lines": [9]},
            "b.py": {"executed_lines": [], "missing_lines": [1]},
        },
        "totals": {"covered_lines": 2, "num_statements": 4} | totals,
    }


def test_coverage_py_counts_lines() -> None:
    report = read(coverage_py.READER, json.dumps(coverage_py_report()))
    assert report.lines == Covered(covered=2, total=4)
    assert report.declared_lines == report.lines
    assert (report.files, report.tools) == (2, ("coverage.py 7.6.1",))
    assert report.declared_branches is None
    assert not report.inconsistent


def test_coverage_py_totals_that_claim_more_are_said() -> None:
    text = json.dumps(coverage_py_report(covered_lines=4, num_branches=2, covered_branches=1))
    report = read(coverage_py.READER, text)
    assert report.inconsistent
    assert report.lowest_line_rate == Fraction(1, 2)
    assert report.declared_branches == Covered(covered=1, total=2)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("totals", "covered_lines"), "2"),
        (("totals", "num_statements"), None),
        (("files",), []),
        (("files", "a.py"), None),
        (("files", "a.py", "missing_lines"), None),
        (("files", "a.py", "executed_lines"), ["1"]),
        (("files", "a.py", "executed_lines"), [-1]),
        (("files", "a.py", "executed_lines"), [True]),
        (("meta",), 3),
    ],
)
def test_coverage_py_of_wrong_types_is_refused(path: tuple[str, ...], value: object) -> None:
    report = coverage_py_report()
    inner: Any = report
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert refusal_of(coverage_py.READER, json.dumps(report)) == "formats.coverage-py"


PROFILE = """mode: set
example.org/a/a.go:3.14,5.2 2 1
example.org/a/a.go:7.2,9.3 3 0
example.org/a/b.go:1.1,2.2 1 0
"""


def test_go_profile_counts_statements() -> None:
    report = read(go_profile.READER, PROFILE)
    assert report.statements == Covered(covered=2, total=6)
    assert report.lines is None
    assert report.lowest_line_rate == Fraction(1, 3)
    assert go_profile.READER.describe(Document(PROFILE.encode())) == {
        "mode": "set",
        "files": 2,
        "statements": 6,
        "covered": 2,
    }


def test_go_profiles_put_together_count_each_block_once() -> None:
    report = read(go_profile.READER, PROFILE + PROFILE.replace("3 0", "3 1"))
    assert report.statements == Covered(covered=5, total=6)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("a.go:7.2,9.3 3 0", "a.go:7.2,9.3 3"),
        ("a.go:7.2,9.3 3 0", "a.go:7.2,9.3 3 -1"),
        ("a.go:7.2,9.3 3 0", "a.go:3.14,5.2 3 0"),
        ("b.go:1.1,2.2 1 0\n", "b.go:1.1,"),
        ("mode: set\n", ""),
        ("example.org/a/b.go", "mode: atomic\nexample.org/a/b.go"),
    ],
)
def test_go_profile_that_is_off_in_one_place_is_refused(good: str, bad: str) -> None:
    assert good in PROFILE
    assert refusal_of(go_profile.READER, PROFILE.replace(good, bad, 1)) == "formats.go-profile"


def test_go_profile_of_nothing_has_no_rate() -> None:
    report = read(go_profile.READER, "mode: atomic\n")
    assert report.lowest_line_rate is None
    assert not report.inconsistent


@pytest.mark.parametrize("reader", [lcov.READER, coverage_py.READER, go_profile.READER])
@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"[]", b"null", b"a" * 100_000, b"<a/>"])
def test_what_is_not_the_format_is_refused(reader: Reader[CoverageReport], content: bytes) -> None:
    with pytest.raises(MalformedError):
        reader.read(Document(content))
