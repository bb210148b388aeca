"""Our own predicates, and that their published schemas are the form of what is really written."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import Digest, DigestSet
from gatebook.errors import MalformedError, NotFoundError
from gatebook.facts.documents import APPROVAL_PREDICATE, ApprovalPredicate
from gatebook.formats.deployment import DEPLOYMENT_V1, DeploymentPredicate, DeploymentState
from gatebook.formats.intoto import (
    PREDICATE_TYPES,
    PredicateKind,
    Statement,
    Subject,
    encode_statement,
)
from gatebook.formats.own_predicates import DECISION_V1
from gatebook.formats.schemas import SCHEMAS, read_schema
from gatebook.formats.waiver import WAIVER_V1, WaiverPredicate
from gatebook.gate.decision import Decision
from gatebook.ledger.kinds import Verdict
from gatebook.names import Actor, ArtifactName, ControlId, EnvironmentName, RoleName

A = "a" * 64
SUBJECT = Subject(name="api", digests=DigestSet.of({"sha256": A}))

DEPLOYMENT: dict[str, Any] = {
    "environment": "eu/prod",
    "state": "finished",
    "time": "2026-11-20T14:00:00Z",
    "name": "acme/api",
    "actor": "https://idp.example#deployer",
    "decision": f"sha256:{A}",
    "previous": f"sha256:{A}",
    "configuration": f"sha512:{'b' * 128}",
    "run": "https://ci.acme.example/runs/7",
}
WAIVER: dict[str, Any] = {
    "environment": "prod",
    "control": "no-known-vulnerabilities",
    "owner": "https://idp.example#ana",
    "reason": "not reachable from outside",
    "starts": "2026-11-20T14:00:00Z",
    "expires": "2026-12-20T14:00:00Z",
    "vulnerability": "CVE-2026-1",
    "evidence": ["https://tickets.acme.example/7"],
}
APPROVAL: dict[str, Any] = {
    "environment": "prod",
    "role": "release-manager",
    "contract": f"sha256:{A}",
    "reason": "tested",
    "expires": "2026-12-20T14:00:00+01:00",
}

Reader = Callable[[Statement], Any]
OWN: dict[str, tuple[Reader, dict[str, Any], str, str]] = {
    "deployment-v1": (
        DeploymentPredicate.from_statement,
        DEPLOYMENT,
        DEPLOYMENT_V1,
        "formats.deployment",
    ),
    "waiver-v1": (WaiverPredicate.from_statement, WAIVER, WAIVER_V1, "formats.waiver"),
    "approval-v1": (
        ApprovalPredicate.from_statement,
        APPROVAL,
        APPROVAL_PREDICATE,
        "facts.approval",
    ),
}
REQUIRED = {
    "deployment-v1": ("environment", "state", "time"),
    "waiver-v1": ("environment", "control", "owner", "reason", "expires"),
    "approval-v1": ("environment", "role", "contract"),
}


def a_statement(predicate: dict[str, Any], predicate_type: str) -> Statement:
    return Statement(subjects=(SUBJECT,), predicate_type=predicate_type, predicate=predicate)


def conforms(name: str, document: Any) -> bool:
    schema = json.loads(read_schema(name))
    validator = jsonschema.Draft202012Validator(schema)
    return validator.is_valid(document)


# -- schemas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_strict_schema_named_after_its_predicate_type(name: str) -> None:
    schema = json.loads(read_schema(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    word = name.removesuffix("-v1")
    (predicate_type,) = PREDICATE_TYPES[PredicateKind(word)]
    assert schema["$id"] == f"{predicate_type}/schema.json"
    assert schema["additionalProperties"] is False


def test_there_is_a_schema_for_each_of_our_types_and_no_other() -> None:
    with pytest.raises(NotFoundError) as refusal:
        read_schema("../schemas/waiver-v1")
    assert refusal.value.code == "formats.no-schema"
    assert PREDICATE_TYPES[PredicateKind.DECISION] == {DECISION_V1}
    assert PREDICATE_TYPES[PredicateKind.WAIVER] == {WAIVER_V1}
    assert PREDICATE_TYPES[PredicateKind.DEPLOYMENT] == {DEPLOYMENT_V1}


@pytest.mark.parametrize("name", OWN)
def test_the_schema_and_the_reader_agree_on_a_full_and_on_a_small_predicate(name: str) -> None:
    reader, predicate, predicate_type, _ = OWN[name]
    small = {key: predicate[key] for key in REQUIRED[name]}
    for each in (predicate, small):
        assert conforms(name, each)
        reader(a_statement(each, predicate_type))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *((name, field, "ABSENT") for name, fields in REQUIRED.items() for field in fields),
        *((name, field, 7) for name, (_, full, _, _) in OWN.items() for field in full),
        *((name, "environment", "Prod") for name in OWN),
        *((name, "environment", "prod\nx") for name in OWN),
        *((name, "until", "2026-12-20T14:00:00Z") for name in OWN),
        *((name, "Environment", "prod") for name in OWN),
        ("deployment-v1", "state", "rolled-back"),
        ("deployment-v1", "time", "2026-11-20"),
        ("deployment-v1", "decision", A),
        ("deployment-v1", "previous", f"sha1:{'a' * 40}"),
        ("deployment-v1", "configuration", f"sha256:{A.upper()}"),
        ("deployment-v1", "actor", ""),
        ("deployment-v1", "run", ""),
        ("waiver-v1", "control", "No Vulnerabilities"),
        ("waiver-v1", "expires", "never"),
        ("waiver-v1", "reason", " "),
        ("waiver-v1", "vulnerability", ""),
        ("waiver-v1", "evidence", ["", "x"]),
        ("waiver-v1", "evidence", [7]),
        ("waiver-v1", "evidence", ["x"] * 65),
        ("approval-v1", "contract", f"sha256:{A}0"),
        ("approval-v1", "role", "Boss"),
        ("approval-v1", "expires", "2026-12-20T14:00:00"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_schema_and_the_reader_refuse_the_same(name: str, field: str, value: Any) -> None:
    reader, predicate, predicate_type, code = OWN[name]
    made = copy.deepcopy(predicate)
    if value == "ABSENT":
        del made[field]
    else:
        made[field] = value
    assert not conforms(name, made)
    with pytest.raises(MalformedError) as refusal:
        reader(a_statement(made, predicate_type))
    if name != "approval-v1":
        assert refusal.value.code == code


@pytest.mark.parametrize("name", OWN)
def test_another_type_is_not_read_as_ours(name: str) -> None:
    reader, predicate, _, code = OWN[name]
    with pytest.raises(MalformedError) as refusal:
        reader(a_statement(predicate, "https://gatebook.dev/predicates/review/v1"))
    assert refusal.value.code == code


@pytest.mark.parametrize("expires", ["2026-11-20T14:00:00Z", "2026-11-20T13:59:59Z"])
def test_a_waiver_ends_after_it_starts(expires: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        WaiverPredicate.from_statement(a_statement({**WAIVER, "expires": expires}, WAIVER_V1))
    assert refusal.value.code == "formats.waiver"


# -- what is written -------------------------------------------------------------------------------


_ENVIRONMENTS = st.from_regex(EnvironmentName.form, fullmatch=True).map(EnvironmentName)
_CONTROLS = st.from_regex(ControlId.form, fullmatch=True).map(ControlId)
_ROLES = st.from_regex(RoleName.form, fullmatch=True).map(RoleName)
_DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: Digest("sha256", raw.hex()))
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_TIMES = st.integers(0, 4_000_000_000_000).map(Instant)
_ACTORS = st.builds(
    Actor,
    issuer=st.text("abc:/.", min_size=1, max_size=9),
    subject=st.text("abcé", min_size=1, max_size=9),
)
_NAMES = st.from_regex(r"[a-z](?:[a-z/ ]{0,9}[a-z])?\Z", fullmatch=True).map(ArtifactName)


def _written(predicate: dict[str, Any], predicate_type: str) -> Statement:
    return Statement.parse(encode_statement(a_statement(predicate, predicate_type)))


@settings(max_examples=60)
@given(
    st.builds(
        DeploymentPredicate,
        environment=_ENVIRONMENTS,
        state=st.sampled_from(DeploymentState),
        time=_TIMES,
        name=st.none() | _NAMES,
        actor=st.none() | _ACTORS,
        decision=st.none() | _DIGESTS,
        previous=st.none() | _DIGESTS,
        configuration=st.none() | _DIGESTS,
        run=st.none() | _TEXTS,
    )
)
def test_every_deployment_written_conforms_and_is_read_back(made: DeploymentPredicate) -> None:
    assert conforms("deployment-v1", made.to_predicate())
    statement = Statement.parse(encode_statement(made.statement(SUBJECT)))
    assert DeploymentPredicate.from_statement(statement) == made


@settings(max_examples=60)
@given(
    st.builds(
        WaiverPredicate,
        environment=_ENVIRONMENTS,
        control=_CONTROLS,
        owner=_ACTORS,
        reason=_TEXTS.filter(lambda text: text.strip() and not text.isspace()),
        starts=st.none() | _TIMES,
        expires=st.integers(4_000_000_000_001, 4_100_000_000_000).map(Instant),
        vulnerability=st.none() | _TEXTS,
        evidence=st.lists(_TEXTS, max_size=3).map(tuple),
    )
)
def test_every_waiver_written_conforms_and_is_read_back(made: WaiverPredicate) -> None:
    statement = Statement.parse(encode_statement(made.statement(SUBJECT)))
    assert WaiverPredicate.from_statement(statement) == made
    assert conforms("waiver-v1", made.to_predicate())


@settings(max_examples=40)
@given(
    st.builds(
        ApprovalPredicate,
        environment=_ENVIRONMENTS,
        role=_ROLES,
        contract=_DIGESTS,
        reason=st.none() | _TEXTS,
        expires=st.none() | _TIMES,
    )
)
def test_every_approval_written_conforms(made: ApprovalPredicate) -> None:
    assert conforms("approval-v1", made.predicate())
    statement = _written(made.predicate(), APPROVAL_PREDICATE)
    assert ApprovalPredicate.from_statement(statement) == made


def test_every_decision_of_the_gate_conforms(company: Any) -> None:
    """From the first question to the last, as a book fills: every document the gate writes."""
    book = company.a_book()
    decisions = [book.consider()]
    book.trust()
    book.demand()
    decisions.append(book.consider())
    book.record()
    decisions.append(book.consider())
    for evidence in (company.a_provenance(), company.an_sbom(), company.a_test_result()):
        book.accept(evidence)
        decisions.append(book.consider())
    book.approve("ana")
    decisions.append(book.consider())
    assert {decision.verdict for decision in decisions} == set(Verdict)
    for decision in decisions:
        document = json.loads(decision.encode())
        assert conforms("decision-v1", document)
        statement = _written(document, DECISION_V1)
        assert statement.kind is PredicateKind.DECISION
        assert Decision.parse(decision.encode()) == decision
    allowed = json.loads(decisions[-1].encode())
    for field in allowed:
        assert not conforms("decision-v1", {k: v for k, v in allowed.items() if k != field})
    assert not conforms("decision-v1", {**allowed, "verdict": "maybe"})
    assert not conforms("decision-v1", {**allowed, "extra": 1})
    assert not conforms("decision-v1", {**allowed, "instant": "2026-11-20T14:00:00+01:00"})
