"""kosli-dir-v1: equal to the other system's digests, with its collisions."""

import json
import os

import pytest

from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint_path
from gatebook.fingerprint.kosli import hash_kosli_tree
from gatebook.fingerprint.patterns import PatternError
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    MissingPathError,
    SpecialFileError,
    UnreadableError,
)

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

TREE = {
    "app.js": "app",
    "app.log": "log",
    "logs/file1": "c1",
    "logs/deep/file2": "c2",
    "nested/logs/log.txt": "nl",
    "nested/file1": "n1",
    "a/x": "ax",
    "a/b/x": "abx",
    "a/b/c/x": "abcx",
    "x": "root",
}


def test_directory_cases_of_the_other_system(vectors, make_tree):
    cases = json.loads((vectors / "kosli" / "fingerprint-vectors.json").read_bytes())["vectors"]
    wrong, seen = [], 0
    for number, case in enumerate(cases):
        if case["type"] == "dir":
            seen += 1
            root = make_tree(case["tree"], str(number))
            found = fingerprint_path(
                root, algorithm=Algorithm.KOSLI_DIR_V1, exclude=case["exclude"]
            )
            if found.digest.hex != case["sha256"] or found.kind is not Kind.TREE:
                wrong.append(case["name"])

    assert seen > 10
    assert wrong == []


def digest(root, *exclude: str) -> str:
    return hash_kosli_tree(str(root), exclude).hex


def test_an_empty_directory_has_the_digest_of_nothing(make_tree):
    assert digest(make_tree({})) == EMPTY


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a/": "", "b": "x"}, {"a/b": "x"}),
        ({"a": "b"}, {"a/b/": ""}),
        ({"t/": "", "l": {"symlink": "t"}}, {"t/": "", "l": "t"}),
    ],
)
def test_its_collisions_are_kept(make_tree, one, two):
    assert digest(make_tree(one, "one")) == digest(make_tree(two, "two"))


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("logs", {"logs/file1", "logs/deep/file2"}),
        ("logs/", {"logs/file1", "logs/deep/file2"}),
        ("/logs", {"logs/file1", "logs/deep/file2"}),
        ("./logs", {"logs/file1", "logs/deep/file2"}),
        ("nested//logs", {"nested/logs/log.txt"}),
        ("*/logs", {"nested/logs/log.txt"}),
        ("*.log", {"app.log"}),
        ("app.[jl]?", {"app.js"}),
        ("app.[^j]*", {"app.log"}),
        ("**/*.log", {"app.log"}),
        ("a/**/x", {"a/b/x", "a/b/c/x"}),
        ("**/x", {"a/x", "a/b/x", "a/b/c/x"}),
        ("**", set(TREE)),
        ("*", set(TREE)),
        ("**.log", set()),
        (r"app\*", set()),
        ("../logs", set()),
        ("absent", set()),
        ("absent/**/a[", set()),
    ],
)
def test_patterns_match_what_they_match_there(make_tree, pattern, gone):
    # What stays is not only files: a directory whose content is gone still counts by name, and a
    # literal behind "**" is not found at the root or directly below a prefix.
    root = make_tree(TREE, "whole")
    left = {path: content for path, content in TREE.items() if path not in gone}
    if pattern in {"*/logs", "nested//logs"}:
        left["nested/"] = ""
    if pattern == "**/x":
        left["a/b/c/"] = ""
    if pattern == "a/**/x":
        left["a/b/c/"] = ""

    assert digest(root, pattern) == digest(make_tree(left, "left"))
    assert (digest(root, pattern) == digest(root)) == (not gone)


@pytest.mark.parametrize("pattern", ["[", "absent/a[", "logs/[", "a/**/[", "../a[", "\\", ""])
def test_a_malformed_pattern_is_refused(make_tree, pattern):
    with pytest.raises(PatternError):
        digest(make_tree(TREE), pattern)


def test_the_ignore_file_counts_unless_it_names_itself(make_tree):
    plain = digest(make_tree({"a": "1"}, "plain"))

    assert digest(make_tree({"a": "1", "b": "2", ".kosli_ignore": "b"}, "one")) != plain
    assert (
        digest(make_tree({"a": "1", "b": "2", ".kosli_ignore": "b\n.kosli_ignore"}, "two")) == plain
    )


@pytest.mark.parametrize("rules", ["  logs  \n", "\tlogs # noisy\n", "# all\n\nlogs\r\n", "logs"])
def test_lines_of_the_ignore_file(make_tree, rules):
    given = digest(make_tree(TREE | {".kosli_ignore": rules}, "given"))
    without_logs = {path: text for path, text in TREE.items() if not path.startswith("logs/")}

    assert given == digest(make_tree(without_logs | {".kosli_ignore": rules}, "expected"))


def test_an_ignore_file_that_cannot_be_read_is_an_error(make_tree):
    with pytest.raises(UnreadableError):
        digest(make_tree({".kosli_ignore/": ""}, "directory"))
    with pytest.raises(PatternError):
        digest(make_tree({".kosli_ignore": "a" * 70_000}, "line"))
    with pytest.raises(PatternError):
        digest(make_tree({".kosli_ignore": "a\n" * 600_000}, "file"))


def test_links(make_tree, tmp_path):
    (tmp_path / "outside").write_text("x")
    root = make_tree({"l": {"symlink": "../outside"}})

    assert digest(root) == digest(make_tree({"l": "x"}, "file"))
    (root / "dangling").symlink_to("absent")
    with pytest.raises(MissingPathError, match="dangling"):
        digest(root)


def test_a_root_that_is_a_link_is_resolved(make_tree, tmp_path):
    root = make_tree({"a": "1"})
    (tmp_path / "link").symlink_to("tree")

    assert digest(tmp_path / "link") == digest(root) != EMPTY


def test_special_files_are_refused(make_tree):
    root = make_tree({"a": "1"})
    os.mkfifo(root / "pipe")

    with pytest.raises(SpecialFileError):
        digest(root)
    assert digest(root, "pipe") == digest(make_tree({"a": "1"}, "plain"))


def test_names_that_are_not_utf8_count_by_their_bytes(tmp_path):
    for name in (b"\xff", b"\xfe"):
        (tmp_path / name.hex()).mkdir()
        with open(os.path.join(os.fsencode(tmp_path), name.hex().encode(), name), "wb") as stream:  # noqa: PTH118, PTH123  # names as bytes
            stream.write(b"x")

    assert digest(tmp_path / "ff") != digest(tmp_path / "fe")
    assert digest(tmp_path / "ff", "?") == EMPTY


def test_a_tree_that_changes_while_it_is_read_has_no_digest(make_tree, while_read):
    root = make_tree({"a": "1"})
    while_read(root / "m-slow", lambda: (root / "new").write_text(""))

    with pytest.raises(ChangedWhileReadError):
        digest(root)


def test_trees_have_a_bottom(make_tree):
    root = make_tree({"d/" * 257: ""})

    with pytest.raises(UnreadableError) as error:
        digest(root)
    assert error.value.code == "fingerprint.too-deep"
    digest(root / "d")
