"""Custom evidence types: what a definition says, and what it makes of documents."""

import copy
import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.digest import sha256
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.evaluator.pool import ProcessEvaluator
from gatebook.formats.evidence_type import (
    EvidenceTypeError,
    RuleOutcome,
    TypeDefinition,
    TypeEvaluation,
)
from gatebook.formats.schemas import read_schema
from gatebook.formats.type_evaluation import RuleResult, SchemaError, TypeEvaluationError
from gatebook.formats.type_judging import check_definition, evaluate_document
from gatebook.programs.program import Limits

YAML = b"""\
evidence-type: gatebook/evidence-type/v1
name: person
version: "2"
description: A person who may work here
schema:
  type: object
  required: [age]
  properties: {age: {type: integer}}
rules:
  - id: of-age
    expression: .age >= 18
    message: younger than 18
    fix: wait
  - id: named
    engine: rego
    policy: |
      package person
      default allow := false
      allow if count(input.name) > 0
    query: data.person.allow
    requires: [/name]
"""
GOOD = {
    "evidence-type": "gatebook/evidence-type/v1",
    "name": "person",
    "version": "2",
    "description": "A person who may work here",
    "schema": {
        "type": "object",
        "required": ["age"],
        "properties": {"age": {"type": "integer"}},
    },
    "rules": [
        {"id": "of-age", "expression": ".age >= 18", "message": "younger than 18", "fix": "wait"},
        {
            "id": "named",
            "engine": "rego",
            "policy": "package person\ndefault allow := false\nallow if count(input.name) > 0\n",
            "query": "data.person.allow",
            "requires": ["/name"],
        },
    ],
}
ZERO = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def evaluator():
    with ProcessEvaluator() as made:
        yield made


def defined(**changes):
    return TypeDefinition.parse(json.dumps({**GOOD, **changes}).encode())


def ruled(*rules, schema=None):
    written = [
        {"id": f"r{number}", "expression": each} if isinstance(each, str) else each
        for number, each in enumerate(rules)
    ]
    return defined(rules=written, schema=schema)


def judge(evaluator, definition, document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = evaluate_document(definition, data, evaluator)
    assert TypeEvaluation.parse(found.encode()) == found
    assert found.document == str(sha256(data))
    assert found.definition == str(definition.digest)
    assert found.compliant is not bool(found.reasons)
    return found


# -- definitions -----------------------------------------------------------------------------------


def test_yaml_and_json_and_the_canonical_form_are_one_definition():
    from_yaml, from_json = TypeDefinition.parse(YAML), defined()
    assert from_yaml == from_json
    assert from_yaml.digest == sha256(canonical.canonicalize(GOOD))
    assert TypeDefinition.parse(from_yaml.encode()) == from_yaml
    assert [rule.id for rule in from_yaml.rules] == ["of-age", "named"]


def test_another_word_is_another_version():
    assert defined(description="Somebody").digest != defined().digest


def changed(*path, to=None, remove=False):
    made = copy.deepcopy(GOOD)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    if remove:
        del inside[path[-1]]
    else:
        inside[path[-1]] = to
    return made


REFUSED = [
    changed("evidence-type", to="gatebook/evidence-type/v2"),
    changed("evidence-type", remove=True),
    changed("name", remove=True),
    changed("name", to="-person"),
    changed("name", to="per son"),
    changed("name", to="p" * 129),
    changed("name", to=3),
    changed("version", to=2),
    changed("description", to=["a"]),
    changed("extra", to=1),
    changed("schema", to="object"),
    changed("schema", "$schema", to="https://json-schema.org/draft/2030-01/schema"),
    changed("schema", "$schema", to=3),
    changed("rules", to={"id": "a"}),
    changed("rules", 0, to=".age > 1"),
    changed("rules", 0, "id", remove=True),
    changed("rules", 0, "id", to="named"),
    changed("rules", 0, "id", to="a b"),
    changed("rules", 0, "engine", to="cel"),
    changed("rules", 0, "expression", remove=True),
    changed("rules", 0, "expression", to=""),
    changed("rules", 0, "expression", to="now > 1"),
    changed("rules", 0, "expression", to='"open'),
    changed("rules", 0, "expression", to="1 | " * 20_000),
    changed("rules", 0, "policy", to="package a"),
    changed("rules", 0, "expect", to="true"),
    changed("rules", 0, "message", to=7),
    changed("rules", 0, "other", to=7),
    changed("rules", 1, "expression", to=".a"),
    changed("rules", 1, "query", to="allow"),
    changed("rules", 1, "query", remove=True),
    changed("rules", 1, "policy", to="package a\nallow := time.now_ns() > 1"),
    changed("rules", 1, "requires", to=["name"]),
    changed("rules", 1, "requires", to=[""]),
    changed("rules", 1, "requires", to=["/a~2"]),
    changed("rules", 1, "requires", to="/name"),
    changed("rules", 1, "requires", to=["/a"] * 101),
    changed("rules", to=[{"id": f"r{number}", "expression": "true"} for number in range(201)]),
    {"evidence-type": "gatebook/evidence-type/v1", "name": "person"},
    {"evidence-type": "gatebook/evidence-type/v1", "name": "person", "rules": []},
    [GOOD],
    "person",
]


@pytest.mark.parametrize("document", REFUSED)
def test_a_definition_that_differs_in_one_point_is_refused(document):
    with pytest.raises(MalformedError) as no:
        TypeDefinition.parse(json.dumps(document).encode())
    assert no.value.code in {"formats.evidence-type", "formats.yaml"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        YAML[:100],
        b'{"name": "a", "name": "b"}',
        YAML + b"name: again\n",
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b" " * 2_000_000,
        YAML.replace(b"age: {type: integer}", b"age: {maximum: 9007199254740993}"),
        json.dumps(changed("description", to="\ud800")).encode(),
    ],
)
def test_bytes_that_are_no_document_are_refused(data):
    with pytest.raises(MalformedError):
        TypeDefinition.parse(data)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=3), st.integers(0, len(YAML)), st.integers(0, 4))
def test_a_definition_that_was_changed_reads_or_is_refused(piece, place, cut):
    try:
        found = TypeDefinition.parse(YAML[:place] + piece + YAML[place + cut :])
    except GatebookError:
        return
    assert TypeDefinition.parse(found.encode()) == found


def test_the_published_schema_is_the_form_that_is_read():
    schema = json.loads(read_schema("evidence-type-v1"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(GOOD)
    refused_by_schema = sum(not validator.is_valid(document) for document in REFUSED)
    # What a schema cannot say: unique ids, and what programs may use.
    assert refused_by_schema == len(REFUSED) - 4
    with pytest.raises(NotFoundError):
        read_schema("evidence-type-v2")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strung"},
        {"properties": {"a": {"pattern": "("}}},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "other.json"},
        {"properties": {"a": {"$ref": "#/$defs/none"}}},
    ],
)
def test_a_schema_that_is_none_is_found_by_a_check(evaluator, schema):
    with pytest.raises(EvidenceTypeError, match="the schema"):
        check_definition(defined(schema=schema), evaluator)


def test_a_rule_that_does_not_compile_is_found_by_a_check(evaluator):
    with pytest.raises(EvidenceTypeError, match="rule r1"):
        check_definition(ruled("true", ".a ||"), evaluator)
    engines = check_definition(defined(), evaluator)
    assert [each.split()[0] for each in engines] == ["jq.py", "jsonschema", "regorus"]


# -- evaluations -----------------------------------------------------------------------------------


def test_a_document_complies_when_the_schema_and_every_rule_hold(evaluator):
    found = judge(evaluator, defined(), {"age": 34, "name": "Jane"})
    assert found.compliant
    assert [each.outcome for each in found.rules] == [RuleOutcome.PASS] * 2
    assert [each.split()[0] for each in found.engines] == ["jq.py", "jsonschema", "regorus"]


def test_the_reason_is_said_in_the_words_of_the_definition(evaluator):
    found = judge(evaluator, defined(), {"age": 3, "name": "Jane"})
    (failed, passed) = found.rules
    assert (failed.outcome, failed.code) == (RuleOutcome.FAIL, "formats.rule-failed")
    assert (failed.message, failed.fix) == ("younger than 18", "wait")
    assert passed.outcome is RuleOutcome.PASS
    assert found.reasons == ("of-age: younger than 18",)


def test_a_document_against_the_schema_is_judged_by_no_rule(evaluator):
    found = judge(evaluator, defined(), {"age": "34"})
    (wrong,) = found.schema_errors
    assert (wrong.at, wrong.keyword) == ("/age", "/properties/age/type")
    assert found.rules == ()


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", "canonical.not-json"),
        (b'{"age": 34', "canonical.not-json"),
        (b'{"age": 3, "age": 34}', "canonical.duplicate-key"),
        (b'\xef\xbb\xbf{"age": 34}', "canonical.bom"),
        (b'{"age": "\xff"}', "canonical.not-utf8"),
        (b"[" * 1000 + b"]" * 1000, "canonical.too-deep"),
    ],
)
def test_what_is_not_json_does_not_comply(evaluator, data, failure):
    found = judge(evaluator, defined(), data)
    assert (found.compliant, found.failure, found.engines) == (False, failure, ())


def test_a_definition_without_a_schema_or_without_rules_still_judges(evaluator):
    assert judge(evaluator, ruled(".a == 1"), {"a": 1}).compliant
    assert judge(evaluator, ruled(schema={"type": "object"}), {"a": 1}).compliant
    assert not judge(evaluator, ruled(schema={"type": "object"}), 1).compliant
    assert not judge(evaluator, ruled(schema=False), 1).compliant


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (".a, .a", "formats.rule-several-results"),
        (".list[] == 1", "formats.rule-several-results"),
        ("empty", "formats.rule-no-result"),
        (".none[]?", "formats.rule-no-result"),
        (".a", "formats.rule-not-boolean"),
        ("null", "formats.rule-not-boolean"),
        ('"true"', "formats.rule-not-boolean"),
        ("[true]", "formats.rule-not-boolean"),
        (".a.b", "programs.runtime-error"),
        (".a |", "programs.compile-error"),
        ("last(range(1e12))", "programs.timeout"),
    ],
)
def test_a_rule_that_gives_no_one_boolean_is_an_error(evaluator, expression, code):
    data = b'{"a": 1, "list": [1, 1]}'
    limits = Limits(wall_milliseconds=1000)
    found = evaluate_document(ruled("true", expression), data, evaluator, limits=limits)
    assert [each.outcome for each in found.rules] == [RuleOutcome.PASS, RuleOutcome.ERROR]
    assert (found.rules[1].code, found.compliant) == (code, False)


def test_a_schema_that_never_ends_is_no_compliance(evaluator):
    definition = ruled(schema={"type": "string", "pattern": "^(a+)+$"})
    limits = Limits(wall_milliseconds=500)
    found = evaluate_document(definition, b'"%sb"' % (b"a" * 40), evaluator, limits=limits)
    assert (found.compliant, found.failure) == (False, "programs.timeout")


@pytest.mark.parametrize(
    ("expression", "document", "path"),
    [
        (".age < 65", {}, ".age"),
        (".age < 65", {"age": None}, ".age"),
        (".a.b != 1", {"a": {}}, ".a.b"),
        (".a.b != 1", {}, ".a.b"),
        (".blocked | not", {}, ".blocked"),
        (".a[0] != 1", {"a": []}, ".a[0]"),
        ("[.list[].bad] | any | not", {"list": [{"bad": False}, {}]}, ".list[].bad"),
        (".ok == true or .age < 65", {"ok": False}, ".age"),
    ],
)
def test_a_rule_never_holds_because_a_field_is_absent(evaluator, expression, document, path):
    found = judge(evaluator, ruled(expression), document)
    (failed,) = found.rules
    assert (failed.outcome, failed.code) == (RuleOutcome.FAIL, "formats.rule-field-absent")
    assert failed.message == f"{path} is absent or null"


@pytest.mark.parametrize(
    ("expression", "document"),
    [
        (".age < 65", {"age": 64}),
        (".a.b != 1", {"a": {"b": 2}}),
        (".blocked | not", {"blocked": False}),
        ("(.age // 0) < 65", {}),
        (".note == null", {}),
        ('(has("age") | not) or .age < 65', {}),
        ("[.list[].bad] | any | not", {"list": [{"bad": False}]}),
    ],
)
def test_the_same_rule_holds_when_the_field_is_there_or_its_absence_is_spoken_of(
    evaluator, expression, document
):
    assert judge(evaluator, ruled(expression), document).compliant


def test_required_pointers_must_be_there(evaluator):
    rule = {"id": "a", "expression": "true", "requires": ["/a~1b/0/c~0d"]}
    definition = ruled(rule)
    assert judge(evaluator, definition, {"a/b": [{"c~d": 0}]}).compliant
    for absent in ({"a/b": [{"c~d": None}]}, {"a/b": []}, {"a/b": {"1": 1}}, {}, [], "a"):
        assert not judge(evaluator, definition, absent).compliant


def test_a_rule_may_expect_false(evaluator):
    definition = ruled({"id": "a", "expression": ".a == 1", "expect": False})
    assert judge(evaluator, definition, {"a": 2}).compliant
    assert not judge(evaluator, definition, {"a": 1}).compliant
    assert not judge(evaluator, definition, {}).compliant


def test_an_undefined_policy_does_not_hold(evaluator):
    rule = {
        "id": "a",
        "engine": "rego",
        "policy": "package a\nallow if input.a",
        "query": "data.a.allow",
    }
    assert judge(evaluator, ruled(rule), {"a": True}).compliant
    found = judge(evaluator, ruled(rule), {})
    assert (found.rules[0].outcome, found.rules[0].code) == (
        RuleOutcome.FAIL,
        "formats.rule-undefined",
    )
    assert not judge(evaluator, ruled({**rule, "expect": False}), {}).compliant


# -- the stored form -------------------------------------------------------------------------------


def evaluation(**changes):
    return TypeEvaluation(
        **{
            "name": "person",
            "definition": ZERO,
            "document": ZERO,
            "engines": ("jq.py 1.11.0",),
            "rules": (RuleResult(id="a", engine="jq", outcome=RuleOutcome.PASS),),
            "compliant": True,
            **changes,
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"compliant": False},
        {"engines": ()},
        {"failure": "canonical.not-json"},
        {"schema_errors": (SchemaError(at="", keyword="/type", message="no"),)},
        {"rules": (RuleResult(id="a", engine="jq", outcome=RuleOutcome.FAIL),)},
        {"rules": (RuleResult(id="a", engine="jq", outcome=RuleOutcome.ERROR),)},
        {"definition": "sha256:0"},
        {"document": "md5:0"},
        {"v": 2},
    ],
)
def test_an_evaluation_that_contradicts_itself_is_not_read(changes):
    assert TypeEvaluation.parse(evaluation().encode()) == evaluation()
    with pytest.raises(TypeEvaluationError):
        TypeEvaluation.parse(evaluation(**changes).encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"\xff", b" " + evaluation().encode(), b"[" * 100_000, b" " * (17 << 20)],
)
def test_other_bytes_are_no_evaluation(data):
    with pytest.raises(TypeEvaluationError):
        TypeEvaluation.parse(data)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=3), st.integers(0, 200), st.integers(0, 4))
def test_an_evaluation_that_was_changed_reads_or_is_refused(piece, place, cut):
    data = evaluation().encode()
    try:
        found = TypeEvaluation.parse(data[:place] + piece + data[place + cut :])
    except TypeEvaluationError:
        return
    assert found.compliant is found.holds


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["age", "name", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_only_a_named_adult_complies(evaluator, document):
    is_object = isinstance(document, dict)
    age = document.get("age") if is_object else None
    name = document.get("name") if is_object else None
    adult = type(age) is int and age >= 18
    named = isinstance(name, str | list | dict) and len(name) > 0
    assert judge(evaluator, defined(), document).compliant is (adult and named)


# -- the custom types of others --------------------------------------------------------------------


def test_the_custom_types_of_kosli_users_keep_their_verdicts(vectors, evaluator):
    folder = vectors / "kosli" / "custom-types"
    person = json.loads((folder / "person-schema.json").read_text())
    definition = ruled(".age >= 18", ".age < 65", schema=person)
    jane = (folder / "person-data.json").read_bytes()
    assert judge(evaluator, definition, jane).compliant
    for age in (17, 65, None, "34"):
        assert not judge(evaluator, definition, {"name": "Jane", "age": age}).compliant
    assert not judge(evaluator, definition, {"name": "Jane"}).compliant
    schemas = sorted(folder.glob("*schema.json"))
    assert len(schemas) >= 2
    for path in schemas:
        check_definition(ruled(schema=json.loads(path.read_text())), evaluator)
    snyk = json.loads((folder / "single-snyk-vuln.schema.json").read_text())
    assert not judge(evaluator, ruled(schema=snyk), {"severity": "terrible"}).compliant
