"""The words and scores of scanners on one scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.scan.report import Severity
from gatebook.formats.scan.severity import (
    highest,
    severity_of_score,
    severity_of_vector,
    severity_of_word,
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("High", Severity.HIGH),
        ("important", Severity.HIGH),
        ("moderate", Severity.MEDIUM),
        ("low", Severity.LOW),
        ("unimportant", Severity.NEGLIGIBLE),
        ("Negligible", Severity.NEGLIGIBLE),
        ("informational", Severity.NEGLIGIBLE),
        ("none", Severity.NONE),
        ("Defcon1", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("note", Severity.LOW),
        ("SEVERITY_HIGH", Severity.HIGH),
        ("Severity.HIGH", Severity.HIGH),
        (" high ", Severity.HIGH),
        ("catastrophic", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_a_word_has_one_meaning_whatever_its_case(word: str | None, expected: Severity) -> None:
    assert severity_of_word(word) is expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.0, Severity.NONE),
        (0.1, Severity.LOW),
        (3.9, Severity.LOW),
        (4.0, Severity.MEDIUM),
        (6.9, Severity.MEDIUM),
        (7.0, Severity.HIGH),
        (8.9, Severity.HIGH),
        (9.0, Severity.CRITICAL),
        (10.0, Severity.CRITICAL),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_bands_of_cvss_3_and_4(score: float | None, expected: Severity) -> None:
    assert severity_of_score(score) is expected
    assert severity_of_score(score, version="4.0") is expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.0, Severity.LOW), (4.0, Severity.MEDIUM), (7.0, Severity.HIGH), (10.0, Severity.HIGH)],
)
def test_version_2_has_no_critical_band(score: float, expected: Severity) -> None:
    assert severity_of_score(score, version="2.0") is expected


@pytest.mark.parametrize("score", [-0.1, 10.1, float("nan"), float("inf")])
def test_a_score_outside_of_the_scale_is_refused(score: float) -> None:
    with pytest.raises(MalformedError) as caught:
        severity_of_score(score)
    assert caught.value.code == "formats.scan-score"


def test_a_vector_counts_by_its_base_score() -> None:
    assert severity_of_vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") is Severity.CRITICAL
    assert severity_of_vector("CVSS:3.1/AV:N") is Severity.UNKNOWN
    assert severity_of_vector(None) is Severity.UNKNOWN


def test_the_worst_of_several_and_unknown_of_none() -> None:
    assert highest([Severity.LOW, Severity.UNKNOWN, Severity.HIGH]) is Severity.HIGH
    assert highest([]) is Severity.UNKNOWN


@given(st.text(max_size=40))
def test_any_word_has_a_meaning(word: str) -> None:
    assert isinstance(severity_of_word(word), Severity)
