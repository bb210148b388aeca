"""YAML written by hand: one meaning or none."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats import strict_yaml


def test_the_json_part_of_yaml_is_read() -> None:
    document = b"""
a: {b: [1, -2, 1.5, true, false, null, ~, text]}
quoted: "1"
block: |
  line
empty:
"""
    assert strict_yaml.loads(document) == {
        "a": {"b": [1, -2, 1.5, True, False, None, None, "text"]},
        "quoted": "1",
        "block": "line\n",
        "empty": None,
    }


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "2026-01-01", "12:30:45", "0x1f", "0o7", "010", "1_000", ".inf"]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert strict_yaml.loads(f"a: {text}".encode()) == {"a": text}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"a: 1\nb: 2\na: 3", "line 3: the key 'a' comes twice"),
        (b"a: {b: 1, b: 2}", "twice"),
        (b"a: &x 1", "anchors"),
        (b"a: *x", "aliases"),
        (b"a: &x [1]\nb: *x", "anchors"),
        (b"<<: {a: 1}", "merge"),
        (b"a: !!python/object:os.system x", "tags"),
        (b"a: !x 1", "tags"),
        (b"a: 1\n---\nb: 2", "one document"),
        (b"1: a", "a key must be a string"),
        (b"null: a", "a key must be a string"),
        (b"[a]: b", "a key must be a string"),
        (b"a: [", "not YAML"),
        (b"a: 'b", "not YAML"),
        (b"a:\n\t- b", "not YAML"),
        (b"a: \x00", "not YAML"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbfa: 1", "byte-order mark"),
        (b"[" * 40 + b"]" * 40, "deeper"),
        (b"[" * 5000, "deeper"),
        (b"a: " + b"x" * (1024 * 1024), "at most"),
    ],
)
def test_what_surprises_is_refused(document: bytes, says: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        strict_yaml.loads(document)
    assert refusal.value.code == "formats.yaml"
    assert says in refusal.value.message


@settings(max_examples=200)
@given(document=st.text(" \n-:[]{}&*!|>'\"#%@ab1,?", max_size=40))
def test_any_text_gives_data_or_an_error_of_ours(document: str) -> None:
    with contextlib.suppress(MalformedError):
        strict_yaml.loads(document.encode())


SAMPLE = b"""# everything that is read
text: plain
quoted: '1.10'
number: 12
float: 1.5
"yes": true
nothing:
tilde: ~
list: [a, "b", 3, {c: d}]
block: |
  two
  lines
"""


def test_libyaml_reads_the_same() -> None:
    assert strict_yaml.loads(SAMPLE, libyaml=True) == strict_yaml.loads(SAMPLE)


@pytest.mark.parametrize(
    "broken",
    [b"a: 1\na: 2", b"a: &x 1\nb: *x", b"a: !t 1", b"--- a\n--- b", b"a: [", b"<<: {}", b"\xff"],
)
def test_libyaml_refuses_the_same(broken: bytes) -> None:
    for libyaml in (False, True):
        with pytest.raises(MalformedError):
            strict_yaml.loads(broken, libyaml=libyaml)
