"""Programs of others run in children: whatever they do, the parent gets a value or a code."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.evaluator.frames import Request
from gatebook.evaluator.pool import ProcessEvaluator
from gatebook.evaluator.process import Child
from gatebook.programs.program import Engine, EvaluationError, Limits, Program

TIGHT = Limits(
    wall_milliseconds=400, cpu_milliseconds=5_000, memory_bytes=128 << 20, output_bytes=10_000
)
ROOMY = Limits(wall_milliseconds=20_000, cpu_milliseconds=10_000, memory_bytes=128 << 20)
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def jq(text):
    return Program(engine=Engine.JQ, text=text)


def rego(text, query="data.a.allow"):
    return Program(engine=Engine.REGO, modules=(("a.rego", f"package a\n{text}"),), query=query)


def schema(text):
    return Program(engine=Engine.JSON_SCHEMA, text=text)


@pytest.fixture(scope="module")
def evaluator():
    with ProcessEvaluator() as made:
        yield made


def code(evaluator, program, value=None, limits=ROOMY):
    with pytest.raises(EvaluationError) as failure:
        evaluator.evaluate(program, value, limits=limits)
    return failure.value.code


@pytest.mark.parametrize(
    ("program", "values"),
    [
        (jq(".a"), (1,)),
        (jq(".a, .b"), (1, [])),
        (jq("empty"), ()),
        (jq(".a == 1"), (True,)),
        (rego("allow := input.a == 1"), (True,)),
        (rego("allow if input.c"), ()),
        (rego("default allow := false\nallow if input.c"), (False,)),
        (rego("allow := {1, 2}"), ([1, 2],)),
        (schema('{"required": ["a"]}'), ([],)),
    ],
)
def test_a_program_yields_its_values(evaluator, program, values):
    assert evaluator.evaluate(program, {"a": 1, "b": []}).values == values


def test_a_policy_is_given_data(evaluator):
    program = rego("allow := data.limit > input")
    assert evaluator.evaluate(program, 3, data={"limit": 4}).values == (True,)
    assert evaluator.evaluate(program, 3, data={"limit": 2}).values == (False,)
    assert evaluator.evaluate(program, 3).values == ()


def test_a_package_may_be_called_what_a_builtin_is(evaluator):
    modules = (("a.rego", "package http.send\nallow := true"),)
    program = Program(engine=Engine.REGO, modules=modules, query="data.http.send.allow")
    assert evaluator.evaluate(program, 1).values == (True,)


def test_the_engine_is_named_with_its_version(evaluator):
    name, version = evaluator.evaluate(jq("."), 1).engine.split()
    assert (name, version[0].isdigit()) == ("jq.py", True)
    assert evaluator.check(rego("allow := true")).startswith("regorus ")
    assert evaluator.check(schema("true")).startswith("jsonschema ")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (jq(". |"), "programs.compile-error"),
        (jq("$x"), "programs.compile-error"),
        (jq("now"), "programs.refused-builtin"),
        (jq('error("no")'), "programs.runtime-error"),
        (jq(".a.b"), "programs.runtime-error"),
        (rego("allow :="), "programs.compile-error"),
        (rego("allow := x"), "programs.runtime-error"),
        (rego("allow := true", "data.b.allow"), "programs.runtime-error"),
        (rego("allow := 1 if true\nallow := 2 if true"), "programs.runtime-error"),
        (rego('allow := time["now_\\u006es"]()'), "programs.refused-builtin"),
        (rego('allow := [1 | some f in ["now_ns"]; time[f]()]'), "programs.compile-error"),
        (schema("{"), "programs.compile-error"),
        (schema("1.5"), "programs.compile-error"),
        (schema('{"$schema": 1}'), "programs.compile-error"),
        (schema('{"$schema": "https://example.com/mine"}'), "programs.compile-error"),
        (schema('{"$id": "http://[x"}'), "programs.compile-error"),
        (schema('{"type": "strung"}'), "programs.compile-error"),
        (schema('{"properties": {"a": {"pattern": "("}}}'), "programs.compile-error"),
        (schema('{"patternProperties": {"(": {}}}'), "programs.compile-error"),
        (schema('{"$ref": "https://example.com/schema"}'), "programs.compile-error"),
        (schema('{"$ref": "file:///etc/passwd"}'), "programs.compile-error"),
        (schema('{"properties": {"z": {"$ref": "#/$defs/none"}}}'), "programs.compile-error"),
        (schema('{"$ref": "#"}'), "programs.runtime-error"),
    ],
)
def test_what_is_wrong_with_a_program_has_a_code(evaluator, program, reason):
    found = code(evaluator, program, {"a": 1})
    if reason == "programs.compile-error" and program.engine is Engine.REGO:
        assert found in {reason, "programs.refused-builtin"}
    else:
        assert found == reason
    assert evaluator.evaluate(jq(".a"), {"a": 1}).values == (1,)


@pytest.mark.parametrize(
    ("program", "value", "reason"),
    [
        (jq("last(range(1e12))"), None, "programs.timeout"),
        (jq("def f: f; f"), None, "programs.timeout"),
        (
            rego(
                "allow := count([1 | numbers.range(1, 3000)[_] * numbers.range(1, 3000)[_] "
                "== numbers.range(1, 3000)[_]])"
            ),
            None,
            "programs.timeout",
        ),
        (schema('{"pattern": "^(a+)+$"}'), "a" * 40 + "b", "programs.timeout"),
        (jq('"x" * 1000000000'), None, "programs.memory"),
        (rego("allow := count(numbers.range(1, 100000000))"), None, "programs.memory"),
        (jq("repeat(1)"), None, "programs.output-too-large"),
        (jq('"x" * 100000'), None, "programs.output-too-large"),
        (jq("reduce range(90) as $i (0; [.])"), None, "programs.output-too-large"),
        (rego("f(x) := f(x + 1)\nallow := f(1)"), None, "programs.engine-crash"),
    ],
)
def test_a_program_without_measure_costs_one_child(evaluator, program, value, reason):
    assert code(evaluator, program, value, TIGHT) == reason
    assert evaluator.evaluate(jq(". + 1"), 1).values == (2,)


def test_processor_time_is_limited_on_its_own(evaluator):
    limits = Limits(wall_milliseconds=20_000, cpu_milliseconds=1)
    started = time.monotonic()
    assert code(evaluator, jq("last(range(1e12))"), None, limits) == "programs.timeout"
    assert time.monotonic() - started < 10


def test_a_child_that_used_its_time_up_leaves_none_to_answer_for_it():
    with ProcessEvaluator() as fresh:
        for limit in (0, 1, 2, 5, 20):
            limits = Limits(wall_milliseconds=limit)
            for number in range(5):
                try:
                    found = fresh.evaluate(jq(". * 2"), number, limits=limits)
                except EvaluationError as failure:
                    assert failure.code == "programs.timeout"  # noqa: PT017  # both are right
                else:
                    assert found.values == (2 * number,)


def test_threads_get_their_own_answers(evaluator):
    def ask(number):
        kind = number % 3
        if kind == 0:
            return evaluator.evaluate(jq(". + 1"), number).values == (number + 1,)
        if kind == 1:
            return evaluator.evaluate(rego("allow := input + 1"), number).values == (number + 1,)
        return code(evaluator, jq(f'error("{number}")'), number) == "programs.runtime-error"

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(90)))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_a_document_comes_back_as_it_went(evaluator, value):
    assert evaluator.evaluate(jq("."), value).values == (value,)
    assert evaluator.evaluate(rego("allow := [input]"), value).values == ([value],)


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(list(Engine)), st.text(max_size=40))
def test_any_program_ends_with_a_value_or_a_code(evaluator, engine, text):
    program = rego(text) if engine is Engine.REGO else Program(engine=engine, text=text)
    try:
        evaluator.evaluate(program, {"a": 1}, limits=ROOMY)
    except EvaluationError as failure:
        assert failure.code.startswith("programs.")  # noqa: PT017  # both are right


@pytest.mark.parametrize("value", ["\ud800", {"a": {1, 2}, "b": object()}])
def test_what_is_not_json_is_not_sent(evaluator, value):
    assert code(evaluator, jq("."), value) == "programs.input"


def test_an_evaluator_that_was_closed_gives_nothing():
    with ProcessEvaluator() as closed:
        assert closed.evaluate(jq("."), 1).values == (1,)
    with pytest.raises(EvaluationError):
        closed.evaluate(jq("."), 1)


# -- what a program would find if it got past the refusals -----------------------------------------


@pytest.fixture
def child():
    made = Child(Engine.JQ)
    yield made
    made.kill()


def asked(child, text):
    request = Request(text=text, cpu_milliseconds=1000, memory_bytes=128 << 20, output_bytes=10_000)
    return child.ask(request, b"1", b"null", 10.0)


def test_the_environment_of_a_child_says_nothing(monkeypatch):
    monkeypatch.setenv("GATEBOOK_SECRET", "x")
    fresh = Child(Engine.JQ)
    try:
        assert asked(fresh, "env | keys").values == (["HOME", "LC_ALL", "TZ"],)
    finally:
        fresh.kill()


def test_what_an_engine_prints_is_no_answer(child):
    assert asked(child, '"{}" | stderr | debug').values == ("{}",)
    assert asked(child, "halt").values == ()
    assert asked(child, "input").code == "programs.runtime-error"
    assert asked(child, 'import "a" as $a; $a').code == "programs.compile-error"
    assert asked(child, ". + 1").values == (2,)


@linux_only
def test_a_child_has_nothing_open_but_its_pipes(tmp_path):
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003  # its own signature
        fresh = Child(Engine.JQ)
        try:
            asked(fresh, ".")
            held = Path(f"/proc/{fresh._process.pid}/fd").iterdir()
            targets = {str(each.readlink()).partition(":")[0] for each in held}
        finally:
            fresh.kill()
    assert targets == {"pipe", "/dev/null"}


@linux_only
def test_a_child_that_somebody_kills_yields_no_value():
    with ProcessEvaluator() as fresh:
        before = _children()
        failures = []

        def ask():
            try:
                fresh.evaluate(jq("last(range(1e12))"), 1, limits=ROOMY)
            except EvaluationError as failure:
                failures.append(failure.code)

        thread = threading.Thread(target=ask)
        thread.start()
        deadline = time.monotonic() + 10
        while not (_children() - before) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        (started,) = _children() - before
        os.kill(started, 9)
        thread.join(15)
        assert failures == ["programs.engine-crash"]
        assert fresh.evaluate(jq("."), 1).values == (1,)


@linux_only
def test_no_child_is_left_behind():
    before = _children()
    with ProcessEvaluator() as fresh:
        fresh.evaluate(jq("."), 1)
        code(fresh, jq("last(range(1e12))"), None, TIGHT)
        fresh.evaluate(rego("allow := true"), 1)
        assert len(_children() - before) == 1
    assert not _children() - before


def _children():
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found.update(int(each) for each in (task / "children").read_text().split())
    return found
