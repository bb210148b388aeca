"""gatebook-dir-v1: different trees have different digests, equal trees equal ones."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.fingerprint.file import FileReader
from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint_path
from gatebook.fingerprint.patterns import Excludes, NamePattern, PatternError
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    MissingPathError,
    SpecialFileError,
    UnreadableError,
)
from gatebook.fingerprint.tree import MAX_DEPTH, hash_tree

VECTORS = Path(__file__).with_name("gatebook-dir-v1.json")


def digest_by_the_specification(tree: dict[str, object]) -> str:
    """The page's specification, written a second time: from a description, without a disk."""
    branches: dict[bytes, object] = {}
    for path, content in tree.items():
        place = branches
        *parents, last = path.rstrip("/").encode("utf-8", "surrogateescape").split(b"/")
        for parent in parents:
            place = place.setdefault(parent, {})  # type: ignore[assignment]
        if path.endswith("/"):
            place.setdefault(last, {})
        else:
            place[last] = (content,)

    def directory(entries: dict[bytes, object]) -> bytes:
        text = b"gatebook-dir-v1\n" + len(entries).to_bytes(8, "big")
        for name in sorted(entries):
            match entries[name]:
                case dict() as below:
                    kind, value = b"D", directory(below)
                case ({"symlink": target},):
                    kind, value = b"L", hashlib.sha256(str(target).encode()).digest()
                case ({"executable": content},):
                    kind, value = b"X", hashlib.sha256(str(content).encode()).digest()
                case (bytes() as content,):
                    kind, value = b"F", hashlib.sha256(content).digest()
                case (content,):
                    kind, value = b"F", hashlib.sha256(str(content).encode()).digest()
            text += kind + len(name).to_bytes(8, "big") + name + value
        return hashlib.sha256(text).digest()

    return directory(branches).hex()


def cases() -> list[dict[str, object]]:
    return json.loads(VECTORS.read_bytes())["vectors"]


def test_the_vectors_of_the_specification(make_tree, repository):
    page = (repository / "docs" / "reference" / "fingerprints.md").read_text()
    wrong = []
    for number, case in enumerate(cases()):
        root = make_tree(case["tree"], f"tree{number}")
        found = fingerprint_path(root, algorithm=Algorithm.GATEBOOK_DIR_V1)
        expected = case["digest"]
        if (
            not str(found.digest)
            == "sha256:" + digest_by_the_specification(case["tree"])
            == expected
        ):
            wrong.append((case["name"], str(found.digest)))
        if expected not in page:
            wrong.append((case["name"], "not on the page"))

    assert len(cases()) >= 8
    assert wrong == []
    assert len({case["digest"] for case in cases()}) == len(cases())


def test_a_directory_is_hashed_so_by_default(make_tree):
    found = fingerprint_path(make_tree({"a": "1"}))

    assert (found.algorithm, found.kind, found.size) == (Algorithm.GATEBOOK_DIR_V1, Kind.TREE, None)


def test_what_collides_in_the_older_algorithm_does_not_here(vectors, make_tree):
    known = json.loads((vectors / "kosli" / "fingerprint-vectors.json").read_bytes())["vectors"]
    trees = [case["tree"] for case in known if case["type"] == "dir"]
    trees.append({"a/b/": ""})
    found = [hash_tree(str(make_tree(tree, str(n)))) for n, tree in enumerate(trees)]

    assert len(trees) > 10
    assert len(set(found)) == len({json.dumps(tree, sort_keys=True) for tree in trees})


PAIRS = [
    ("a file moves into the directory before it", {"a/": "", "b": "x"}, {"a/b": "x"}),
    ("a file becomes a directory", {"a": ""}, {"a/": ""}),
    ("a file becomes a link", {"a": "t"}, {"a": {"symlink": "t"}}),
    ("a file becomes executable", {"a": "x"}, {"a": {"executable": "x"}}),
    ("an empty directory appears", {"a": "x"}, {"a": "x", "b/": ""}),
    ("a link points elsewhere", {"a": {"symlink": "t"}}, {"a": {"symlink": "u"}}),
    ("a name and its content trade places", {"a": "b"}, {"b": "a"}),
    ("two contents trade places", {"a": "1", "b": "2"}, {"a": "2", "b": "1"}),
    ("a name is split", {"ab": ""}, {"a/b": ""}),
    ("a level is added", {"a/b": "x"}, {"a/a/b": "x"}),
    ("a name changes its case", {"a": "x"}, {"A": "x"}),
    ("a name is composed another way", {"\u00e9": "x"}, {"e\u0301": "x"}),
    ("a byte is added", {"a": "x"}, {"a": "x\n"}),
]


@pytest.mark.parametrize(
    ("before", "after"), [pair[1:] for pair in PAIRS], ids=[p[0] for p in PAIRS]
)
def test_every_change_shows(make_tree, before, after):
    assert hash_tree(str(make_tree(before, "one"))) != hash_tree(str(make_tree(after, "two")))


def test_what_does_not_count(make_tree, tmp_path):
    one = make_tree({"a": "x", "d/b": "y", "l": {"symlink": "nowhere"}}, "one")
    two = make_tree({"l": {"symlink": "nowhere"}, "d/b": "y", "a": "x"}, "a very different name")
    os.utime(two / "a", (1, 1))
    (two / "d").chmod(0o700)
    (two / "a").chmod(0o604)

    assert hash_tree(str(one)) == hash_tree(str(two))
    os.link(one / "a", one / "h")
    (two / "h").write_text("x")
    assert hash_tree(str(one)) == hash_tree(str(two))
    (tmp_path / "link").symlink_to("one")
    found = fingerprint_path(tmp_path / "link")
    assert found.digest == hash_tree(str(one))
    assert found.via_link


def test_links_are_not_followed(make_tree, tmp_path):
    (tmp_path / "outside").write_text("1")
    root = make_tree(
        {"l": {"symlink": "../outside"}, "d": {"symlink": "/"}, "loop": {"symlink": "."}}
    )
    before = hash_tree(str(root))

    (tmp_path / "outside").write_text("2")
    assert hash_tree(str(root)) == before


def test_names_that_are_not_utf8(tmp_path):
    for number, name in enumerate((b"\xff", b"\xfe", b"a\nb", b"\xc3\xa9", b"\xe9")):
        root = tmp_path / str(number)
        root.mkdir()
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"x")
        expected = digest_by_the_specification({os.fsdecode(name): b"x"})
        assert hash_tree(str(root)).hex == expected


def test_order_is_by_bytes():
    tree = {"b": "1", "a-": "2", "a/x": "3", "a0": "4", "Z": "5", "\u00e9": "6", "\U0001f600": "7"}

    assert sorted(name.encode() for name in ("a", "a-", "a0")) == [b"a", b"a-", b"a0"]
    assert digest_by_the_specification(tree) == digest_by_the_specification(
        dict(reversed(tree.items()))
    )


@given(
    st.dictionaries(
        st.lists(
            st.text(
                st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
                min_size=1,
                max_size=5,
            ).filter(lambda name: name not in {".", ".."}),
            min_size=1,
            max_size=3,
        ).map("/".join),
        st.binary(max_size=5) | st.sampled_from([{"symlink": "t"}, {"executable": "x"}]),
        max_size=6,
    )
)
@settings(max_examples=60)
def test_any_tree_has_the_digest_of_the_specification(tmp_path_factory, tree):
    fitting = {
        path: content
        for path, content in tree.items()
        if not any(other != path and other.startswith(path + "/") for other in tree)
    }
    root = tmp_path_factory.mktemp("tree")
    for path, content in fitting.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        elif "symlink" in content:
            place.symlink_to(content["symlink"])
        else:
            place.write_text(content["executable"])
            place.chmod(0o755)

    assert hash_tree(str(root)).hex == digest_by_the_specification(fitting)
    shutil.rmtree(root)


def test_special_files_in_a_tree_are_refused_unless_excluded(make_tree):
    root = make_tree({"a": "x", "run/b": "y"})
    clean = hash_tree(str(root))
    os.mkfifo(root / "run" / "pipe")

    with pytest.raises(SpecialFileError, match="run/pipe is a named pipe"):
        hash_tree(str(root))
    assert hash_tree(str(root), Excludes.parse(["**/pipe"])) == clean


def test_trees_have_a_bottom(tmp_path):
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(MAX_DEPTH + 1):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)

    with pytest.raises(UnreadableError) as error:
        hash_tree(str(tmp_path))
    assert error.value.code == "fingerprint.too-deep"
    hash_tree(str(tmp_path / "d"))


def test_there_must_be_a_directory(tmp_path):
    with pytest.raises(MissingPathError):
        hash_tree(str(tmp_path / "absent"))


MEDDLING = {
    "a file appears": lambda root: (root / "new").write_text(""),
    "a file vanishes": lambda root: (root / "a").unlink(),
    "a file already read is written to": lambda root: (root / "a").write_text("other"),
    "a file already read is exchanged": lambda root: (root / "z").replace(root / "a"),
    "a file becomes executable": lambda root: (root / "a").chmod(0o755),
    "a file to come becomes a link": lambda root: (
        (root / "z").unlink(),
        (root / "z").symlink_to("a"),
    ),
    "a directory to come becomes a link": lambda root: (
        (root / "x").rename(root.parent / "moved"),
        (root / "x").symlink_to("../moved"),
    ),
}


@pytest.mark.parametrize("deed", MEDDLING.values(), ids=MEDDLING.keys())
def test_a_tree_that_changes_while_it_is_read_has_no_digest(make_tree, while_read, deed):
    root = make_tree({"a": "1", "x/y": "2", "z": "3"})
    while_read(root / "m-slow", lambda: deed(root))

    with pytest.raises(ChangedWhileReadError):
        hash_tree(str(root))


@pytest.mark.parametrize("link", [False, True])
def test_a_directory_exchanged_between_looking_and_opening_is_not_read(make_tree, at_open, link):
    root = make_tree({"a": "1", "x/y": "2", "other/y": "2"})

    def exchange() -> None:
        (root / "x").rename(root.parent / "moved")
        if link:
            (root / "x").symlink_to("../moved")
        else:
            (root / "x").mkdir()
            (root / "x" / "y").write_text("2")

    at_open("x", exchange)
    with pytest.raises(ChangedWhileReadError):
        hash_tree(str(root))


def test_what_is_excluded_may_change(make_tree, while_read):
    root = make_tree({"a": "1", "logs/x": "2"})
    while_read(root / "m-slow", (root / "logs" / "y").touch)

    hash_tree(str(root), Excludes.parse(["logs/*"]))


def test_a_link_put_in_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to("secret")

    with pytest.raises(ChangedWhileReadError):
        FileReader().read(str(tmp_path / "link"), follow=False)


EXCLUDES = [
    (["logs"], {"logs/a", "logs/deep/b"}),
    (["*.pyc"], {"m.pyc"}),
    (["**/*.pyc"], {"m.pyc", "d/m.pyc", "d/e/m.pyc"}),
    (["**/e"], {"d/e/m.pyc", "d/e/keep"}),
    (["d/**/keep"], {"d/keep", "d/e/keep"}),
    (["d/**"], {"d/m.pyc", "d/keep", "d/e/m.pyc", "d/e/keep"}),
    (["d/*"], {"d/m.pyc", "d/keep", "d/e/m.pyc", "d/e/keep"}),
    (["?.pyc", "logs/[ab]"], {"m.pyc", "logs/a"}),
    (["[^a-l].pyc"], {"m.pyc"}),
    (["nothing", "d/nothing/**"], set()),
    ([r"\*.pyc"], set()),
    ([".*"], {".hidden"}),
    (
        ["*"],
        {"m.pyc", "d/m.pyc", "d/keep", "d/e/m.pyc", "d/e/keep", "logs/a", "logs/deep/b", ".hidden"},
    ),
]


@pytest.mark.parametrize(("patterns", "gone"), EXCLUDES, ids=[" ".join(row[0]) for row in EXCLUDES])
def test_an_excluded_path_is_as_if_absent(make_tree, patterns, gone):
    everything = [
        "m.pyc",
        "d/m.pyc",
        "d/keep",
        "d/e/m.pyc",
        "d/e/keep",
        "logs/a",
        "logs/deep/b",
        ".hidden",
    ]
    root = make_tree(dict.fromkeys(everything, "x"), "whole")
    excludes = Excludes.parse(patterns)

    def left(place: Path, names: tuple[bytes, ...] = ()) -> set[str]:
        found = set()
        for entry in place.iterdir():
            path = (*names, os.fsencode(entry.name))
            if not excludes.match(path):
                found |= left(entry, path) if entry.is_dir() else {b"/".join(path).decode()}
        return found

    assert left(root) == set(everything) - gone
    assert (hash_tree(str(root), excludes) == hash_tree(str(root))) == (not gone)


def test_a_tree_with_excludes_equals_the_tree_without_those_paths(make_tree):
    whole = make_tree({"a": "1", "d/b": "2", "d/logs/c": "3", "logs/x": "4"}, "whole")
    part = make_tree({"a": "1", "d/b": "2"}, "part")

    assert hash_tree(str(whole), Excludes.parse(["**/logs"])) == hash_tree(str(part))


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "./a",
        "a/../b",
        "..",
        "**",
        "**/**",
        "a**",
        "[",
        "[]",
        "[a",
        "[a-]",
        "a\\",
        "[^]",
        "x" * 5000,
    ],
)
def test_patterns_that_cannot_be_read_are_refused(pattern):
    with pytest.raises(PatternError):
        Excludes.parse([pattern])


def test_matching_takes_no_exponential_time():
    started = time.perf_counter()

    assert not NamePattern.parse("*a" * 200 + "b").matches("a" * 2000)
    assert time.perf_counter() - started < 5
