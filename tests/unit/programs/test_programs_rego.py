"""A Rego policy may use its input and its data and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.programs.lint import check_program
from gatebook.programs.program import Engine, EvaluationError, Program


def policy(text, query="data.a.allow"):
    return Program(engine=Engine.REGO, modules=(("a.rego", f"package a\n{text}"),), query=query)


@pytest.mark.parametrize(
    "text",
    [
        "allow := time.now_ns() > 1",
        'allow := time["now_ns"]()',
        "allow := time[`now_ns`]()",
        "allow := time . now_ns()",
        'allow := http.send({"method": "get"})',
        "allow := http.get_whatever({})",
        'allow := rand.intn("a", 3)',
        "allow := opa.runtime()",
        'allow := uuid.rfc4122("a")',
        'allow := net.lookup_ip_addr("example.com")',
        'allow := trace("a")',
        'allow := rego.parse_module("a", "b")',
        'allow := strings.count("aa", "a")',
        "allow := input.x with time.now_ns as 3",
        "allow := true # fine\nb := time.now_ns()",
        'allow := "#" == time.now_ns()',
    ],
)
def test_a_policy_that_asks_for_more_than_its_input_is_refused(text):
    with pytest.raises(EvaluationError) as refusal:
        check_program(policy(text))
    assert refusal.value.code == "programs.refused-builtin"


@pytest.mark.parametrize(
    "text",
    [
        "allow := input.time.now_ns",
        'allow := "time.now_ns()"',
        "allow := `http.send`",
        "allow := true # time.now_ns()",
        "allow := time.parse_rfc3339_ns(input.at) > 1",
        "allow := data.http.send",
        "allow := input.trace",
        "trace := 1",
        'allow := uuid.parse("a")',
    ],
)
def test_the_same_words_elsewhere_are_allowed(text):
    check_program(policy(text))


def test_a_package_may_be_called_what_a_builtin_is():
    modules = (("a.rego", "package http.send\nallow := true"),)
    check_program(Program(engine=Engine.REGO, modules=modules, query="data.http.send.allow"))


@pytest.mark.parametrize(
    "query",
    ["", "allow", "data", "data.a[1]", "data.a; true", "input.x", "data.a.b-c", "data.a.b\n"],
)
def test_a_query_is_the_path_of_a_rule(query):
    with pytest.raises(EvaluationError) as refusal:
        check_program(policy("allow := true", query))
    assert refusal.value.code == "programs.compile-error"


def test_a_policy_without_modules_is_refused():
    with pytest.raises(EvaluationError) as refusal:
        check_program(Program(engine=Engine.REGO, query="data.a.allow"))
    assert refusal.value.code == "programs.compile-error"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40))
def test_any_text_is_looked_at_or_refused(text):
    try:
        check_program(policy(text))
    except EvaluationError as refusal:
        assert refusal.code.startswith("programs.")  # noqa: PT017  # either way is right
