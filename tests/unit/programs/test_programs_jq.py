"""A jq program may use its document and nothing else; what it takes for granted is known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.programs.jq_lint import assumed_paths, check_jq
from gatebook.programs.jq_tokens import jq_tokens
from gatebook.programs.lint import check_program
from gatebook.programs.program import Engine, EvaluationError, Program

REFUSED = [
    "now",
    ".a | now",
    "[.a, now]",
    "{a: now}",
    "{a: (1, now)}",
    "{a: [1, now]}",
    "{a: if .x then 1, now else 2 end}",
    "{(now | tostring): 1}",
    '{"a\\(now)": 1}',
    '"\\(env)"',
    '"a \\("b \\(now)")"',
    '@json "x\\(now)"',
    "env",
    "env.PATH",
    "$ENV",
    "$ENV.PATH",
    "{$ENV}",
    "$__loc__",
    "$__prog_args",
    "input",
    "[inputs]",
    "debug",
    'debug("x")',
    "stderr",
    "input_filename",
    "input_line_number",
    "halt",
    "halt_error",
    "halt_error(1)",
    'import "a" as a; .',
    'include "a"; .',
    'import "a" as $a; .',
    '"a" | modulemeta',
    "get_search_list",
    "0 | localtime",
    '0 | strflocaltime("%Z")',
    "def now: 1; now",
    "a::b",
    "1 # now\n| now",
    '"# no comment" | now',
    ".[now]",
    ". as [$a] | now",
]
ALLOWED = [
    ".now",
    ".a.env.input",
    "{now: 1, env: 2}",
    "{now, env}",
    '{"now": 1}',
    '.["now"]',
    '."now"',
    '"now"',
    '"input \\" now"',
    ". # now\n",
    '"\\\\" | length',
    ". as {now: $x} | $x",
    "{if: 1, now: 2}",
    "{a: 1, now: {env: 3, input}}",
    "{a: if .x then 1 else 2 end, now}",
    '"2026-01-01T00:00:00Z" | fromdate',
    '.. | select(type == "number")',
    "1e3 + .5",
    ".a?//1 | . |= 2 | .b //= 3",
    "reduce .a[] as $x (0; . + $x)",
    ". as [$a] ?// $a | $a",
]


@pytest.mark.parametrize("program", REFUSED)
def test_a_program_that_asks_for_more_than_its_document_is_refused(program):
    with pytest.raises(EvaluationError) as refusal:
        check_jq(program)
    assert refusal.value.code == "programs.refused-builtin"


@pytest.mark.parametrize("program", ALLOWED)
def test_fields_keys_texts_and_comments_may_be_called_anything(program):
    check_jq(program)


@pytest.mark.parametrize(
    "program",
    ['"open', '"open \\(', '"a \\(1', "`", ". & .", "1 # c \\\n| now", "1 # \\\r\n| 2", ".\0"],
)
def test_what_cannot_be_read_for_sure_is_refused(program):
    with pytest.raises(EvaluationError) as refusal:
        check_jq(program)
    assert refusal.value.code == "programs.compile-error"


def test_strings_in_strings_in_strings_end_somewhere():
    with pytest.raises(EvaluationError):
        check_jq('"\\(' * 100 + "1" + ')"' * 100)


@pytest.mark.parametrize("text", ["." * 2_000_000, "\ud800"])
def test_a_program_that_nobody_could_send_is_refused(text):
    with pytest.raises(EvaluationError) as refusal:
        check_program(Program(engine=Engine.JQ, text=text))
    assert refusal.value.code == "programs.compile-error"


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet='."\\()[]{}|,:#\nnowabe1$@?/ ', max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        check_jq(text)
        assumed_paths(text)
    except EvaluationError as refusal:
        assert refusal.code.startswith("programs.")  # noqa: PT017  # either way is right


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_a_text_is_one_token_whatever_is_in_it(text):
    written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    (token,) = jq_tokens(f'"{written}"')
    assert token.text == written


@pytest.mark.parametrize(
    ("program", "paths"),
    [
        (".age >= 18", [("age",)]),
        (".a.b < 1 and .c != 2", [("a", "b"), ("c",)]),
        ('.a["b c"][0].d[] == 1', [("a", "b c", 0, "d", None)]),
        ('."a b".c', [("a b", "c")]),
        (".deleted | not", [("deleted",)]),
        ("(.items | length) > 0", [("items",)]),
        ("[.a, .b] | all", [("a",), ("b",)]),
        (".a as $x | $x.b == 1", [("a",)]),
        (".[0] > 1", [(0,)]),
        (".a[.k] == 1", [("a",)]),
        ("-.a < 1", [("a",)]),
        (".a | .b == 1", [("a",)]),
    ],
)
def test_a_path_that_is_read_as_if_it_were_there_is_named(program, paths):
    assert list(assumed_paths(program)) == paths


@pytest.mark.parametrize(
    "program",
    [
        "(.a // 0) < 1",
        ".a?",
        ".a == null",
        ".a != null",
        'has("a") and .a == 1',
        "if .a then .b else .c end",
        "try .a catch 1",
        "all(.a[]; .b)",
        "{a: .b} | .a",
        "$x.a",
        ".",
        "true",
    ],
)
def test_a_path_whose_absence_the_program_speaks_of_is_its_own_business(program):
    assert assumed_paths(program) == ()
