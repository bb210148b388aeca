"""CVSS vectors: scored as FIRST says, to the tenth, and refused when anything about them is off."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from cvss import CVSS2, CVSS3, CVSS4  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.formats.cvss import (
    CvssError,
    CvssSeverity,
    CvssVersion,
    parse_vector,
    severity_of,
)
from gatebook.formats.cvss_metrics import V2, V3, V4, MetricTable

V2_VECTOR = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V3_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4_VECTOR = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("vector", "score", "severity"),
    [
        # Examples of the CVSS v2 guide, §3.3, and of the v3.1 and v4.0 example documents.
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", "7.8", CvssSeverity.HIGH),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", "6.2", CvssSeverity.MEDIUM),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", "10.0", CvssSeverity.HIGH),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "6.4", CvssSeverity.MEDIUM),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", "3.1", CvssSeverity.LOW),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "0.0", CvssSeverity.NONE),
        (V3_VECTOR, "9.8", CvssSeverity.CRITICAL),
        (V4_VECTOR, "9.3", CvssSeverity.CRITICAL),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "7.3", "high"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "0.0", "none"),
    ],
)
def test_published_examples_come_to_their_published_score(
    vector: str, score: str, severity: str
) -> None:
    parsed = parse_vector(vector)
    assert str(parsed.score) == score
    assert parsed.base_score == parsed.score
    assert parsed.severity == severity
    assert parsed.score_tenths == int(Decimal(score) * 10)


def test_what_changes_with_time_and_place_is_told_apart_from_the_base() -> None:
    parsed = parse_vector(V3_VECTOR + "/E:U/RL:O/RC:U/MAV:P")
    assert (parsed.base_score, parsed.temporal_score) == (Decimal("9.8"), Decimal("7.8"))
    assert parsed.score == parsed.environmental_score
    assert parsed.score < parsed.base_score
    assert parsed.base_severity is CvssSeverity.CRITICAL


def test_a_metric_that_is_not_defined_is_as_good_as_left_out() -> None:
    parsed = parse_vector(V3_VECTOR + "/E:X/MAV:X")
    assert parsed.temporal_score is None
    assert parsed.environmental_score is None
    assert parsed.score == parse_vector(V3_VECTOR).score


def test_a_vector_of_version_2_may_stand_in_parentheses() -> None:
    parsed = parse_vector(f"({V2_VECTOR})")
    assert parsed == parse_vector(V2_VECTOR)
    assert parsed.version is CvssVersion.V2_0
    assert parsed.text == V2_VECTOR


def test_versions_2_and_3_take_any_order_and_version_4_has_one() -> None:
    parsed = parse_vector("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N")
    assert parsed.score == Decimal("9.8")
    with pytest.raises(CvssError) as refusal:
        parse_vector(V4_VECTOR.replace("AV:N/AC:L", "AC:L/AV:N"))
    assert refusal.value.code == "formats.cvss-order"


@pytest.mark.parametrize(
    ("vector", "code"),
    [
        ("", "formats.cvss"),
        ("CVSS:3.1", "formats.cvss"),
        (V3_VECTOR + "/", "formats.cvss"),
        (V3_VECTOR.replace("AV:N", "AVN"), "formats.cvss"),
        (V3_VECTOR + "/E:X" * 200, "formats.cvss"),
        (V3_VECTOR.replace("3.1", "3.2"), "formats.cvss-version"),
        (V3_VECTOR.replace("3.1", "2.0"), "formats.cvss-version"),
        (V3_VECTOR.replace("CVSS:3.1", "cvss:3.1"), "formats.cvss-metric"),
        (V3_VECTOR.replace("AV:N", "AV:X"), "formats.cvss-metric"),
        (V3_VECTOR.replace("AV:N", "av:n"), "formats.cvss-metric"),
        (V3_VECTOR.replace("AV:N", "AV:N "), "formats.cvss-metric"),
        (V3_VECTOR.replace("AV:N", "AV:N:N"), "formats.cvss-metric"),
        (V3_VECTOR + "/VC:H", "formats.cvss-metric"),
        (V3_VECTOR + "/AV:N", "formats.cvss-duplicate"),
        (V3_VECTOR + "/AV:L", "formats.cvss-duplicate"),
        (V3_VECTOR + "/E:X/E:U", "formats.cvss-duplicate"),
        (V3_VECTOR.replace("/S:U", ""), "formats.cvss-missing"),
        (V2_VECTOR.replace("/A:P", ""), "formats.cvss-missing"),
        (V4_VECTOR.replace("/SA:N", ""), "formats.cvss-missing"),
        (V4_VECTOR.replace("SI:N", "SI:S"), "formats.cvss-metric"),
    ],
)
def test_a_vector_that_is_off_in_one_place_is_refused(vector: str, code: str) -> None:
    with pytest.raises(CvssError) as refusal:
        parse_vector(vector)
    assert refusal.value.code == code


@pytest.mark.parametrize("score", [Decimal("-0.1"), Decimal("10.1")])
def test_a_score_beyond_the_scale_has_no_severity(score: Decimal) -> None:
    with pytest.raises(CvssError):
        severity_of(score)


@given(
    st.text(max_size=60) | st.from_regex(r"CVSS:[0-9.]{1,3}(/[A-Z]{1,3}:[A-Z])*", fullmatch=True)
)
def test_any_other_text_is_refused_with_an_error_of_ours(text: str) -> None:
    try:
        parse_vector(text)
    except GatebookError as error:
        assert error.code.startswith("formats.cvss")  # noqa: PT017  # some texts are vectors


def _vectors(table: MetricTable, prefix: str) -> st.SearchStrategy[str]:
    """Vectors with every base metric and any choice of the others."""
    parts = [
        st.sampled_from([f"{name}:{value}" for value in sorted(values)])
        if name in table.base
        else st.sampled_from(["", *(f"{name}:{value}" for value in sorted(values))])
        for name, values in table.values.items()
    ]
    return st.tuples(*parts).map(lambda chosen: prefix + "/".join(filter(None, chosen)))


def _tenths(score: float) -> int:
    return round(score * 10)


@pytest.mark.parametrize(
    ("prefix", "table", "oracle"),
    [("", V2, CVSS2), ("CVSS:3.0/", V3, CVSS3), ("CVSS:3.1/", V3, CVSS3)],
)
@settings(max_examples=600)
@given(data=st.data())
def test_versions_2_and_3_agree_with_an_independent_calculator(
    prefix: str, table: MetricTable, oracle: Callable[[str], CVSS2 | CVSS3], data: st.DataObject
) -> None:
    vector = data.draw(_vectors(table, prefix))
    parsed = parse_vector(vector)
    calculated = oracle(vector)
    base, temporal, environmental = calculated.scores()
    assert parsed.base_score * 10 == _tenths(base)
    assert parsed.temporal_score is None or parsed.temporal_score * 10 == _tenths(temporal)
    if parsed.environmental_score is not None:
        assert parsed.environmental_score * 10 == _tenths(environmental)
    assert parsed.base_severity == calculated.severities()[0].lower()


@settings(max_examples=1500)
@given(_vectors(V4, "CVSS:4.0/"))
def test_version_4_agrees_with_an_independent_calculator(vector: str) -> None:
    parsed = parse_vector(vector)
    calculated = CVSS4(vector)
    assert parsed.score_tenths == _tenths(calculated.scores()[0])
    assert parsed.severity == calculated.severities()[0].lower()
