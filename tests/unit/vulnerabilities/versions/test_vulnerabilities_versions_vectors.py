"""The version tests of the VERS specification, as far as the shared vectors hold them."""

from pathlib import Path
from typing import Any

import pytest

from gatebook import canonical
from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.ecosystem import scheme_of_vers_type
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions, version_key
from gatebook.vulnerabilities.versions.vers import VersRange


@pytest.fixture(scope="session")
def cases(vectors: Path) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted((vectors / "sbom" / "versions").glob("*.json")):
        document: Any = canonical.loads(path.read_bytes(), what=path.name, max_bytes=4 << 20)
        found += [(path.name, test) for test in document["tests"]]
    assert found
    return found


def scheme(test: dict[str, Any]) -> Scheme:
    found = scheme_of_vers_type(test["input"]["input_scheme"])
    assert found is not None, test
    return found


def test_versions_sort_as_the_specification_has_them(
    cases: list[tuple[str, dict[str, Any]]],
) -> None:
    judged, wrong = 0, []
    for name, test in cases:
        if test["test_type"] != "comparison":
            continue
        judged += 1
        order = scheme(test)
        ours = sorted(test["input"]["versions"], key=lambda each: version_key(order, each))
        theirs = test["expected_output"]
        # Some expected texts are normalised: they must be as good as ours, place by place.
        if [version_key(order, each) for each in ours] != [
            version_key(order, each) for each in theirs
        ]:
            wrong.append((name, test["input"]["versions"], ours))
    assert wrong == []
    assert judged > 0


def test_versions_are_as_good_as_each_other_where_the_specification_says_so(
    cases: list[tuple[str, dict[str, Any]]],
) -> None:
    judged, wrong = 0, []
    for name, test in cases:
        if test["test_type"] != "equality":
            continue
        judged += 1
        left, right = test["input"]["versions"]
        if (compare_versions(scheme(test), left, right) == 0) != test["expected_output"]:
            wrong.append((name, left, right))
    assert wrong == []
    assert judged > 0


def test_ranges_contain_what_the_specification_says(
    cases: list[tuple[str, dict[str, Any]]],
) -> None:
    judged, wrong = 0, []
    for name, test in cases:
        if test["test_type"] != "containment":
            continue
        judged += 1
        if (
            VersRange.parse(test["input"]["vers"]).contains(test["input"]["version"])
            != (test["expected_output"])
        ):
            wrong.append((name, test["input"]))
    assert wrong == []
    assert judged > 0


def test_ranges_are_read_and_printed_as_the_specification_has_them(
    cases: list[tuple[str, dict[str, Any]]],
) -> None:
    judged, wrong = 0, []
    for name, test in cases:
        if test["test_type"] not in {"parse", "validate", "roundtrip"}:
            continue
        judged += 1
        try:
            found = VersRange.parse(test["input"])
        except GatebookError:
            if not test.get("expected_failure"):
                wrong.append((name, test["input"], "refused"))
            continue
        if test.get("expected_failure"):
            wrong.append((name, test["input"], "read"))
        elif test["test_type"] == "parse":
            constraints = [
                [each.comparator.value or "=", each.version] for each in found.constraints
            ]
            expected = test["expected_output"]
            if [found.type, constraints] != [expected["scheme"], expected["version_constraints"]]:
                wrong.append((name, test["input"], str(found)))
        elif str(found.in_order()) != test["expected_output"]:
            wrong.append((name, test["input"], str(found.in_order())))
    assert wrong == []
    assert judged > 0
