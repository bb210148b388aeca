"""Keys of Composer, Conan and loose versions against their rules, two texts at a time."""

import random
import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import pytest

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.scheme import Scheme, version_key

Differences = Callable[..., list[tuple[str, str, int, int]]]


def sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def numbers(source: random.Random, most: int, *extra: str) -> str:
    digits = ("0", "1", "2", "9", "10", *extra)
    return ".".join(source.choice(digits) for _ in range(source.randint(1, most)))


# -- Composer --------------------------------------------------------------------------------------

PHP_RANKS = {"dev": 0, "alpha": 1, "beta": 2, "RC": 3, "#": 4, "patch": 5}


def a_composer_version(source: random.Random) -> str:
    text = source.choice(("", "v", "V")) + numbers(source, 4, "01")
    text += source.choice(
        ("", "", "-stable", "beta", "-b2", ".RC1", "-alpha.3", "a1", "_p1", "pl2", "-patch")
    )
    return text + source.choice(("", "", "", "-dev", ".dev", "+build", "@dev"))


def composer_normal(text: str) -> list[str]:
    """composer/semver, VersionParser::normalize, of short numbers; cut as PHP cuts."""
    text = re.sub(r"@\w+\Z", "", text).partition("+")[0].lower().removeprefix("v")
    match = re.fullmatch(
        r"(\d+(?:\.\d+){0,3})[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\d+)*))?([.-]?dev)?",
        text,
    )
    assert match is not None, text
    cut = (match[1].split(".") + ["0"] * 3)[:4]
    if match[2] == "stable":
        return cut
    if match[2]:
        names = {"a": "alpha", "b": "beta", "p": "patch", "pl": "patch", "rc": "RC"}
        cut += [names.get(match[2], match[2]), *re.findall(r"\d+", match[3])]
    return cut + (["dev"] if match[4] else [])


def by_php(left: str, right: str) -> int:
    """PHP, php_version_compare, over what Composer makes of the versions."""
    one, other = composer_normal(left), composer_normal(right)
    for mine, theirs in zip_longest(one, other):
        if mine is not None and theirs is not None:
            if mine.isdigit() and theirs.isdigit():
                result = sign(int(mine), int(theirs))
            else:
                ranks = [PHP_RANKS["#" if each.isdigit() else each] for each in (mine, theirs)]
                result = sign(*ranks)
        elif mine is not None:
            result = 1 if mine.isdigit() else sign(PHP_RANKS[mine], PHP_RANKS["#"])
        else:
            assert theirs is not None
            result = -1 if theirs.isdigit() else sign(PHP_RANKS["#"], PHP_RANKS[theirs])
        if result:
            return result
    return 0


def test_composer_versions_sort_as_php_sorts_them(differences: Differences) -> None:
    assert differences(Scheme.COMPOSER, a_composer_version, by_php) == []


def test_composer_dates_and_branches() -> None:
    def composer(text: str) -> bytes:
        return version_key(Scheme.COMPOSER, text)

    assert composer("20240101") < composer("20240102") < composer("20240102.1")
    assert composer("2024-01-01") == composer("2024:01:01") < composer("2024-01-02")
    assert composer("1.9.9") < composer("1.x-dev") == composer("1.9999999.x-dev") < composer("2.0")
    assert composer("2.1-dev") < composer("2.1-alpha") < composer("2.1")
    for text in ("dev-main", "master", "feature-dev", "1.0-foo", "1.0.0.0.0", "1.0 as 2.0"):
        with pytest.raises(GatebookError):
            composer(text)


# -- Conan, and no scheme in particular ------------------------------------------------------------


def a_conan_version(source: random.Random) -> str:
    items = ("0", "1", "2", "10", "a", "b", "cci", "A", "", "_x")
    text = ".".join(
        source.choice(items[: 4 if turn == 0 else 10]) for turn in range(source.randint(1, 4))
    )
    text += source.choice(("", "", "-alpha.1", "-pre", "-", "-1", "-a-b", "-0"))
    return text + source.choice(("", "", "+b1", "+1.0", "+"))


ConanItems = tuple[int | str, ...]


def conan_items(text: str) -> ConanItems:
    items: list[int | str] = [int(each) if each.isdigit() else each for each in text.split(".")]
    while items and items[-1] == 0:
        items.pop()
    return tuple(items)


def by_conan_items(one: ConanItems | None, other: ConanItems | None) -> int:
    """conan, Version: items compare as numbers, and as texts where one is not a number."""
    if one is None or other is None:
        return sign(one is not None, other is not None)
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            both = isinstance(mine, int) and isinstance(theirs, int)
            return sign(mine, theirs) if both else sign(str(mine), str(theirs))
    return sign(len(one), len(other))


def by_conan(left: str, right: str) -> int:
    sides = []
    for text in (left, right):
        version, plus, build = text.rpartition("+")
        main, dash, pre = (version if plus else text).partition("-")
        sides.append(
            (
                conan_items(main),
                conan_items(pre) if dash else None,
                conan_items(build) if plus else None,
            )
        )
    (main, pre, build), (other_main, other_pre, other_build) = sides
    return (
        by_conan_items(main, other_main)
        or sign(pre is None, other_pre is None)
        or by_conan_items(pre, other_pre)
        or by_conan_items(build, other_build)
    )


def test_conan_versions_sort_as_conan_sorts_them(differences: Differences) -> None:
    def mixed(text: str) -> bool:
        return re.search(r"(?:^|[.+-])\d+[^\d.+-]", text) is not None or "--" in text

    found = differences(Scheme.CONAN, a_conan_version, by_conan)
    assert [each for each in found if not (mixed(each[0]) or mixed(each[1]))] == []


def test_conan_runs_in_a_circle_that_keys_cannot_follow() -> None:
    assert by_conan("10", "1a") < 0
    assert by_conan("1a", "9") < 0
    assert by_conan("9", "10") < 0
    keys = [version_key(Scheme.CONAN, text) for text in ("1", "1a", "9", "9e", "10", "a")]
    assert keys == sorted(set(keys))
    assert version_key(Scheme.CONAN, "1.1.1k") < version_key(Scheme.CONAN, "1.1.1l")


def a_loose_version(source: random.Random) -> str:
    text = numbers(source, 3, "00")
    for _ in range(source.randint(0, 3)):
        text += source.choice((".", "-", "", "+")) + source.choice(
            ("0", "1", "2", "a", "beta", "rc", "patch", "post", "postx", "pl", "z", "alpha")
        )
    return text


def by_libversion(left: str, right: str) -> int:
    """repology/libversion, ALGORITHM.md."""
    sides = []
    for text in (left, right):
        components = []
        for found in re.finditer(r"[0-9]+|[a-z]+", text.lower()):
            before, after = text[: found.start()][-1:], text[found.end() :][:1]
            if found[0].isdigit():
                components.append((3, int(found[0])) if int(found[0]) else (1, 0))
            elif found[0] in {"patch", "pl", "errata"} or found[0].startswith("post"):
                components.append((2, ord(found[0][0])))
            else:
                suffix = before.isdigit() and not after.isdigit()
                components.append((4 if suffix else 0, ord(found[0][0])))
        sides.append(components)
    for mine, theirs in zip_longest(*sides, fillvalue=(1, 0)):
        if mine != theirs:
            return sign(mine, theirs)
    return 0


def test_loose_versions_sort_as_libversion_sorts_them(differences: Differences) -> None:
    assert differences(Scheme.GENERIC, a_loose_version, by_libversion) == []
