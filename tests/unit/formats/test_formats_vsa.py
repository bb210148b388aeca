"""Verification summaries and results: what a verifier says it found, in and out."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.intoto import PredicateKind, Statement, Subject, encode_statement
from gatebook.formats.resource_descriptor import ResourceDescriptor
from gatebook.formats.svr import SVR_V0_1, SVR_V0_2, SimpleVerificationResult
from gatebook.formats.vsa import VSA_V0_2, VSA_V1, SlsaLevel, SummaryResult, VerificationSummary

A, B = "a" * 64, "b" * 64
SUBJECT = Subject(name="api", digests=DigestSet.of({"sha256": A}))

PASSED_V1: dict[str, Any] = {
    "verifier": {"id": "https://gate.acme.example/v1", "version": {"gatebook": "1.0"}},
    "timeVerified": "2026-11-20T14:00:00Z",
    "resourceUri": "https://registry.acme.example/api",
    "policy": {"uri": "https://acme.example/policy/prod", "digest": {"sha256": B}},
    "inputAttestations": [{"uri": "https://acme.example/att", "digest": {"sha256": B}}],
    "verificationResult": "PASSED",
    "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_2", "ACME_RELEASED"],
    "dependencyLevels": {"SLSA_BUILD_LEVEL_1": 7, "SLSA_BUILD_LEVEL_3": "12"},
    "slsaVersion": "1.1",
    "https://acme.example/extension": {"x": 1},
}

PASSED_V0_2: dict[str, Any] = {
    "verifier": {"id": "https://gate.acme.example/v1"},
    "time_verified": "2026-11-20T14:00:00Z",
    "resource_uri": "https://registry.acme.example/api",
    "policy": {"uri": "https://acme.example/policy/prod"},
    "input_attestations": [{"digest": {"sha256": B}}],
    "verification_result": "PASSED",
    "policy_level": "SLSA_LEVEL_3",
    "dependency_levels": {"SLSA_LEVEL_0": 1},
}

RESULT: dict[str, Any] = {
    "verifier": {"id": "https://gate.acme.example/v1", "policies": []},
    "timeCreated": "2026-11-20T14:00:00Z",
    "properties": ["SLSA_BUILD_LEVEL_3", "ACME_RELEASE_APPROVED"],
}


def a_statement(predicate: dict[str, Any], predicate_type: str) -> Statement:
    return Statement(subjects=(SUBJECT,), predicate_type=predicate_type, predicate=predicate)


def summary(predicate: dict[str, Any], predicate_type: str = VSA_V1) -> VerificationSummary:
    return VerificationSummary.from_statement(a_statement(predicate, predicate_type))


def result(predicate: dict[str, Any], predicate_type: str = SVR_V0_2) -> SimpleVerificationResult:
    return SimpleVerificationResult.from_statement(a_statement(predicate, predicate_type))


def changed(predicate: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(predicate)
    place = made
    *parents, last = path.split("|")
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


# -- summaries -------------------------------------------------------------------------------------


def test_a_summary_v1_is_read() -> None:
    found = summary(PASSED_V1)
    assert found.result is SummaryResult.PASSED
    assert found.verifier_version == (("gatebook", "1.0"),)
    assert found.levels == (SlsaLevel("BUILD", 3), SlsaLevel("SOURCE", 2))
    assert found.dependency_levels == (("SLSA_BUILD_LEVEL_1", 7), ("SLSA_BUILD_LEVEL_3", 12))
    assert found.policy.digests == DigestSet.of({"sha256": B})
    assert found.time_verified == Instant.parse("2026-11-20T14:00:00Z")


def test_a_summary_v0_2_is_read() -> None:
    found = summary(PASSED_V0_2, VSA_V0_2)
    assert (found.predicate_type, found.verified_levels) == (VSA_V0_2, ("SLSA_LEVEL_3",))
    assert found.levels == ()  # v0.2 knew no tracks
    assert found.dependency_levels == (("SLSA_LEVEL_0", 1),)


@pytest.mark.parametrize("time", [None, "2026-11-20T14:00:00Z"])
def test_a_time_is_optional_in_v1(time: str | None) -> None:
    assert (summary(changed(PASSED_V1, "timeVerified", time)).time_verified is None) == (not time)


def test_no_claim_about_dependencies_is_not_a_claim_that_there_are_none() -> None:
    assert summary(changed(PASSED_V1, "dependencyLevels", None)).dependency_levels is None
    assert summary(changed(PASSED_V1, "dependencyLevels", {})).dependency_levels == ()


def test_an_image_without_a_hash_of_its_own_has_a_summary() -> None:
    subject = Subject(name="_", digests=DigestSet.of({"gce_image_id": "8970095005306000053"}))
    statement = Statement(subjects=(subject,), predicate_type=VSA_V1, predicate=PASSED_V1)
    assert VerificationSummary.from_statement(statement).result is SummaryResult.PASSED


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("verifier", None),
        ("verifier|id", None),
        ("verifier|id", ""),
        ("verifier|version", "1.0"),
        ("verifier|version", {"gatebook": 1}),
        ("resourceUri", None),
        ("resourceUri", ""),
        ("policy", None),
        ("policy", {"digest": {"sha256": B}}),
        ("policy", {"uri": "x", "digest": {"sha256": B.upper()}}),
        ("inputAttestations", [{"uri": "x"}]),
        ("inputAttestations", {}),
        ("verificationResult", None),
        ("verificationResult", "passed"),
        ("verificationResult", "OK"),
        ("verifiedLevels", None),
        ("verifiedLevels", "SLSA_BUILD_LEVEL_3"),
        ("verifiedLevels", ["SLSA_BUILD_LEVEL_3", 3]),
        ("verifiedLevels", [""]),
        ("verifiedLevels", ["x"] * 257),
        ("dependencyLevels", {"SLSA_BUILD_LEVEL_3": -1}),
        ("dependencyLevels", {"SLSA_BUILD_LEVEL_3": 1.5}),
        ("dependencyLevels", {"SLSA_BUILD_LEVEL_3": True}),
        ("dependencyLevels", {"SLSA_BUILD_LEVEL_3": "+7"}),
        ("timeVerified", "2026-11-20"),
    ],
    ids=str,
)
def test_a_malformed_summary_is_refused(place: str, value: Any) -> None:
    with pytest.raises(MalformedError) as refusal:
        summary(changed(PASSED_V1, place, value))
    assert refusal.value.code == "formats.vsa"


@pytest.mark.parametrize("name", [name for name in PASSED_V0_2 if name != "input_attestations"])
def test_v0_2_requires_its_fields(name: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        summary(changed(PASSED_V0_2, name, None), VSA_V0_2)
    assert refusal.value.code == "formats.vsa"


@pytest.mark.parametrize(
    "levels",
    [
        ["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3"],
        ["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_3"],
        ["SLSA_BUILD_LEVEL_UNEVALUATED", "SLSA_BUILD_LEVEL_1"],
        ["X", "SLSA_BUILD_ENV_LEVEL_1", "SLSA_BUILD_ENV_LEVEL_0"],
    ],
)
def test_a_track_has_one_level(levels: list[str]) -> None:
    with pytest.raises(MalformedError) as refusal:
        summary(changed(PASSED_V1, "verifiedLevels", levels))
    assert refusal.value.code == "formats.vsa-levels"


def test_a_summary_cannot_pass_and_fail() -> None:
    with pytest.raises(MalformedError) as refusal:
        summary(changed(PASSED_V1, "verifiedLevels", ["FAILED"]))
    assert refusal.value.code == "formats.vsa-result"
    failed = changed(PASSED_V1, "verifiedLevels", ["FAILED"])
    assert summary({**failed, "verificationResult": "FAILED"}).result is SummaryResult.FAILED


@pytest.mark.parametrize(
    "predicate_type", ["https://slsa.dev/verification_summary/v0.1", f"{VSA_V1}.0", SVR_V0_2]
)
def test_other_versions_are_refused_by_version(predicate_type: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        summary(PASSED_V1, predicate_type)
    assert refusal.value.code == "formats.vsa-version"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("SLSA_BUILD_LEVEL_0", SlsaLevel("BUILD", 0)),
        ("SLSA_BUILD_ENV_LEVEL_12", SlsaLevel("BUILD_ENV", 12)),
        ("SLSA_SOURCE_LEVEL_UNEVALUATED", SlsaLevel("SOURCE", None)),
        ("SLSA_LEVEL_3", None),
        ("SLSA_BUILD_LEVEL_03", None),
        ("SLSA_BUILD_LEVEL_", None),
        ("SLSA_BUILD_LEVEL_3\n", None),
        ("SLSA_build_LEVEL_3", None),
        ("XSLSA_BUILD_LEVEL_3", None),
        ("SLSA_BUILD_LEVEL_٣", None),
        ("FAILED", None),
    ],
)
def test_levels_are_read_strictly(text: str, level: SlsaLevel | None) -> None:
    assert SlsaLevel.parse(text) == level


# -- written ---------------------------------------------------------------------------------------


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_DIGESTS = st.just(DigestSet.of({"sha256": B}))
_TIME = st.integers(0, 4_000_000_000_000).map(Instant)
_DESCRIPTORS = st.builds(
    ResourceDescriptor, uri=_TEXT, name=st.none() | _TEXT, digests=_DIGESTS, media_type=st.none()
)
_LEVELS = st.lists(
    st.sampled_from(["SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_1", "X"]), unique=True
).map(tuple)


@settings(max_examples=80)
@given(
    st.builds(
        VerificationSummary,
        predicate_type=st.just(VSA_V1),
        verifier_id=_TEXT,
        verifier_version=st.dictionaries(_TEXT, _TEXT).map(lambda x: tuple(sorted(x.items()))),
        time_verified=st.none() | _TIME,
        resource_uri=_TEXT,
        policy=_DESCRIPTORS,
        input_attestations=st.lists(_DESCRIPTORS, max_size=2).map(tuple),
        result=st.sampled_from(SummaryResult),
        verified_levels=_LEVELS,
        dependency_levels=st.none()
        | st.dictionaries(_TEXT, st.integers(0, 2**53 - 1)).map(lambda x: tuple(sorted(x.items()))),
        slsa_version=st.none() | _TEXT,
    )
)
def test_a_summary_v1_that_is_written_is_read_back(made: VerificationSummary) -> None:
    statement = Statement.parse(encode_statement(made.statement(SUBJECT)))
    assert statement.kind is PredicateKind.VERIFICATION_SUMMARY
    assert VerificationSummary.from_statement(statement) == made


@settings(max_examples=40)
@given(
    st.builds(
        VerificationSummary,
        predicate_type=st.just(VSA_V0_2),
        verifier_id=_TEXT,
        time_verified=_TIME,
        resource_uri=_TEXT,
        policy=_DESCRIPTORS,
        input_attestations=st.lists(_DESCRIPTORS, max_size=2).map(tuple),
        result=st.sampled_from(SummaryResult),
        verified_levels=st.tuples(_TEXT.filter(lambda text: text != "FAILED")),
        dependency_levels=st.dictionaries(_TEXT, st.integers(0, 9)).map(
            lambda x: tuple(sorted(x.items()))
        ),
    )
)
def test_a_summary_v0_2_that_is_written_is_read_back(made: VerificationSummary) -> None:
    statement = Statement.parse(encode_statement(made.statement(SUBJECT)))
    assert VerificationSummary.from_statement(statement) == made


@pytest.mark.parametrize(
    ("levels", "predicate_type"),
    [
        (("SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3"), VSA_V1),
        (("FAILED",), VSA_V1),
        (("A", "B"), VSA_V0_2),
        ((), VSA_V0_2),
    ],
)
def test_what_would_be_refused_is_not_written(levels: tuple[str, ...], predicate_type: str) -> None:
    made = VerificationSummary(
        predicate_type=predicate_type,
        verifier_id="x",
        time_verified=Instant(0),
        resource_uri="x",
        policy=ResourceDescriptor(uri="x"),
        result=SummaryResult.PASSED,
        verified_levels=levels,
    )
    with pytest.raises(MalformedError):
        made.to_predicate()


def test_a_summary_of_nothing_is_not_written() -> None:
    with pytest.raises(MalformedError):
        summary(PASSED_V1).statement()
    with pytest.raises(MalformedError):
        result(RESULT).statement()


# -- simple results --------------------------------------------------------------------------------


def test_a_result_is_read_and_written_back() -> None:
    found = result(RESULT)
    assert found.properties == ("SLSA_BUILD_LEVEL_3", "ACME_RELEASE_APPROVED")
    assert found.policies == ()
    assert found.to_predicate() == RESULT
    statement = Statement.parse(encode_statement(found.statement(SUBJECT)))
    assert statement.kind is PredicateKind.VERIFICATION_RESULT
    assert SimpleVerificationResult.from_statement(statement) == found


def test_policies_became_required_in_v0_2() -> None:
    without = changed(RESULT, "verifier|policies", None)
    assert result(without, SVR_V0_1).policies == ()
    with pytest.raises(MalformedError) as refusal:
        result(without)
    assert refusal.value.code == "formats.svr"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("verifier", None),
        ("verifier|id", ""),
        ("verifier|policies", {}),
        ("verifier|policies", [{"name": "x"}]),
        ("timeCreated", None),
        ("timeCreated", "1985"),
        ("properties", None),
        ("properties", "X"),
        ("properties", ["X", 1]),
        ("properties", [""]),
        ("properties", ["X"] * 4097),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_result_is_refused(place: str, value: Any) -> None:
    with pytest.raises(MalformedError) as refusal:
        result(changed(RESULT, place, value))
    assert refusal.value.code == "formats.svr"


def test_another_type_is_no_result() -> None:
    with pytest.raises(MalformedError) as refusal:
        result(RESULT, "https://in-toto.io/attestation/svr/v0.3")
    assert refusal.value.code == "formats.svr"


@settings(max_examples=150)
@given(
    st.sampled_from([VSA_V0_2, VSA_V1, SVR_V0_1, SVR_V0_2]),
    st.dictionaries(
        st.sampled_from(sorted({*PASSED_V1, *PASSED_V0_2, *RESULT})),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "uri", "digest", "sha256"]), inner)
            ),
            max_leaves=5,
        ),
    ),
)
def test_any_predicate_gives_a_record_or_an_error_of_ours(
    predicate_type: str, predicate: dict[str, Any]
) -> None:
    base = {VSA_V0_2: PASSED_V0_2, VSA_V1: PASSED_V1}.get(predicate_type, RESULT)
    reader = summary if predicate_type in {VSA_V0_2, VSA_V1} else result
    try:
        reader({**base, **predicate}, predicate_type)
    except GatebookError as error:
        assert error.code.startswith(("formats.", "canonical."))  # noqa: PT017  # that it is ours
