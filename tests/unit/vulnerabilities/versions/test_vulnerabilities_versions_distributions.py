"""Keys of the distributions against their rules, written out two texts at a time."""

import datetime as dt
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import pytest

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.versions.scheme import Scheme, compare_versions, version_key

Differences = Callable[..., list[tuple[str, str, int, int]]]


def sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


# -- Debian ----------------------------------------------------------------------------------------


def a_debian_version(source: random.Random) -> str:
    some = ("0", "1", "2", "10", "00", "a", "rc", "~", "~~", "+", ".", "b", "Z", "9")
    text = source.choice(("", "", "", "1:", "0:")) + source.choice(("0", "1", "2.", "1.0"))
    text += "".join(source.choice(some) for _ in range(source.randint(0, 6)))
    return text + source.choice(("", "", "-1", "-0", "-1~bpo10+1", "-2ubuntu0.1", "-0.1", "-a"))


def by_verrevcmp(left: str, right: str) -> int:
    """dpkg, lib/dpkg/version.c, verrevcmp."""

    def order(text: str) -> int:
        if not text or text.isdigit():
            return 0
        if text == "~":
            return -1
        return ord(text) if text.isalpha() else ord(text) + 256

    while left or right:
        while (left and not left[0].isdigit()) or (right and not right[0].isdigit()):
            if order(left[:1]) != order(right[:1]):
                return sign(order(left[:1]), order(right[:1]))
            left, right = left[1:], right[1:]
        digits = [re.match(r"\d*", each)[0] for each in (left, right)]  # type: ignore[index]
        left, right = left[len(digits[0]) :], right[len(digits[1]) :]
        if int(digits[0] or 0) != int(digits[1] or 0):
            return sign(int(digits[0] or 0), int(digits[1] or 0))
    return 0


def by_dpkg(left: str, right: str) -> int:
    sides = []
    for text in (left, right):
        epoch, colon, rest = text.partition(":")
        upstream, dash, revision = (rest if colon else text).rpartition("-")
        sides.append(
            (int(epoch) if colon else 0, upstream if dash else revision, revision if dash else "")
        )
    (epoch, upstream, revision), (other_epoch, other_upstream, other_revision) = sides
    return (
        sign(epoch, other_epoch)
        or by_verrevcmp(upstream, other_upstream)
        or by_verrevcmp(revision, other_revision)
    )


def test_debian_versions_sort_by_the_rules_of_dpkg(differences: Differences) -> None:
    assert differences(Scheme.DEB, a_debian_version, by_dpkg) == []


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not here")
def test_debian_versions_sort_as_dpkg_sorts_them() -> None:
    source = random.Random(3)  # noqa: S311 - test data
    wrong = []
    for _ in range(120):
        left, right = a_debian_version(source), a_debian_version(source)
        ours = sign(version_key(Scheme.DEB, left), version_key(Scheme.DEB, right))
        relation = {-1: "lt", 0: "eq", 1: "gt"}[ours]
        answer = subprocess.run(
            ["dpkg", "--compare-versions", left, relation, right],
            check=False,
            stderr=subprocess.DEVNULL,
        )
        if answer.returncode != 0:
            wrong.append((left, relation, right))
    assert wrong == []


def test_opam_versions_sort_by_the_rules_of_debian(differences: Differences) -> None:
    def some(source: random.Random) -> str:
        return a_debian_version(source).partition(":")[2] or "1"

    assert differences(Scheme.OPAM, some, by_verrevcmp) == []


def test_no_revision_is_the_revision_zero() -> None:
    assert version_key(Scheme.DEB, "1.0") == version_key(Scheme.DEB, "1.0-0")
    assert version_key(Scheme.DEB, "1.0-0~a") < version_key(Scheme.DEB, "0:1.0")
    assert version_key(Scheme.DEB, "1.0") < version_key(Scheme.DEB, "1.0-1")


# -- RPM -------------------------------------------------------------------------------------------


def an_rpm_version(source: random.Random) -> str:
    some = ("0", "1", "2", "10", "00", "a", "rc", "~", "^", "~~", ".", "_", "b", "Z", "..")
    text = source.choice(("", "", "", "1:", "0:")) + source.choice(("0", "1", "2.", "1.0"))
    text += "".join(source.choice(some) for _ in range(source.randint(0, 6)))
    return text + source.choice(("", "", "-1", "-1.el9", "-1.el9_2", "-2~a", "-1^b"))


def by_rpmvercmp(one: str, two: str) -> int:
    """rpm, rpmio/rpmvercmp."""
    while one or two:
        one = re.sub(r"\A[^0-9A-Za-z~^]+", "", one)
        two = re.sub(r"\A[^0-9A-Za-z~^]+", "", two)
        if one[:1] == "~" or two[:1] == "~":
            if one[:1] != two[:1]:
                return -1 if one[:1] == "~" else 1
            one, two = one[1:], two[1:]
            continue
        if one[:1] == "^" or two[:1] == "^":
            if not one or not two:
                return 1 if one else -1
            if one[0] != two[0]:
                return -1 if one[0] == "^" else 1
            one, two = one[1:], two[1:]
            continue
        if not one or not two:
            break
        run = r"\d+" if one[0].isdigit() else r"[A-Za-z]+"
        mine, theirs = (re.match(run, each) for each in (one, two))
        assert mine is not None
        if theirs is None:
            return 1 if one[0].isdigit() else -1
        one, two = one[mine.end() :], two[theirs.end() :]
        if mine[0][0].isdigit():
            result = sign(int(mine[0]), int(theirs[0]))
        else:
            result = sign(mine[0], theirs[0])
        if result:
            return result
    return sign(bool(one), bool(two))


def by_rpm(left: str, right: str) -> int:
    sides = []
    for text in (left, right):
        epoch, colon, rest = text.partition(":")
        version, dash, release = (rest if colon else text).rpartition("-")
        sides.append(
            (
                int(epoch or 0) if colon else 0,
                version if dash else release,
                release if dash else None,
            )
        )
    (epoch, version, release), (other_epoch, other_version, other_release) = sides
    result = sign(epoch, other_epoch) or by_rpmvercmp(version, other_version)
    if result or release is None or other_release is None:
        return result or sign(release is not None, other_release is not None)
    return by_rpmvercmp(release, other_release)


def test_rpm_versions_sort_by_the_rules_of_rpm(differences: Differences) -> None:
    assert differences(Scheme.RPM, an_rpm_version, by_rpm) == []


def test_tilde_and_caret_of_rpm() -> None:
    chain = ["1.0~rc1", "1.0", "1.0^git1", "1.0.1", "1.1"]
    keys = [version_key(Scheme.RPM, each) for each in chain]
    assert keys == sorted(set(keys))
    assert version_key(Scheme.RPM, "1.0_1") == version_key(Scheme.RPM, "0:1.0.1")
    assert version_key(Scheme.RPM, "1.0") < version_key(Scheme.RPM, "1.0-1")


# -- Alpine ----------------------------------------------------------------------------------------


def an_alpine_version(source: random.Random) -> str:
    digits = ("0", "1", "2", "10", "00", "01", "010")
    text = ".".join(source.choice(digits) for _ in range(source.randint(1, 4)))
    text += source.choice(("", "", "", "a", "b"))
    some = ("_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p")
    for _ in range(source.choice((0, 0, 1, 2))):
        text += source.choice(some) + source.choice(("", "0", "1", "20240101"))
    return (
        text
        + source.choice(("", "", "", "~ab", "~a1b"))
        + source.choice(("", "", "-r0", "-r1", "-r10"))
    )


SUFFIXES = ("", "alpha", "beta", "pre", "rc", "-", "cvs", "svn", "git", "hg", "p")
(FIRST, DIGIT, LETTER, SUFFIX, SUFFIX_NO, COMMIT, REVISION, END) = range(8)


def apk_tokens(text: str) -> list[tuple[int, str]]:
    found = re.findall(
        r"\A(\d+)|\.(\d+)|(?<=\d)([a-z])|_([a-z]+)|(?<=[a-z])(\d+)|~([0-9a-f]+)|-r(\d+)", text
    )
    return [next((at, each) for at, each in enumerate(groups) if each) for groups in found]


def by_apk(left: str, right: str) -> int:
    """apk-tools 3, src/version.c."""
    for mine, theirs in zip_longest(apk_tokens(left), apk_tokens(right), fillvalue=(END, "")):
        (kind, value), (other_kind, other) = mine, theirs
        if kind == other_kind:
            if kind == DIGIT and "0" in (value[0], other[0]):
                result = sign(value, other)
            elif kind in {FIRST, DIGIT, SUFFIX_NO, REVISION}:
                result = sign(int(value), int(other))
            elif kind == SUFFIX:
                result = sign(SUFFIXES.index(value), SUFFIXES.index(other))
            else:
                result = sign(value, other)
            if result:
                return result
            continue
        if kind == SUFFIX and SUFFIXES.index(value) < SUFFIXES.index("-"):
            return -1
        if other_kind == SUFFIX and SUFFIXES.index(other) < SUFFIXES.index("-"):
            return 1
        return sign(other_kind, kind)
    return 0


def test_alpine_versions_sort_by_the_rules_of_apk(differences: Differences) -> None:
    assert differences(Scheme.APK, an_alpine_version, by_apk) == []


def test_stages_of_an_alpine_version() -> None:
    chain = ["1_alpha", "1_alpha1", "1_beta", "1_pre2", "1_rc", "1", "1-r0", "1-r1", "1~ab-r0"]
    chain += ["1_cvs", "1_git", "1_p", "1_p0", "1a", "1.0", "1.01", "1.1", "2"]
    keys = [version_key(Scheme.APK, each) for each in chain]
    assert keys == sorted(set(keys))


# -- Arch Linux ------------------------------------------------------------------------------------


def an_arch_version(source: random.Random) -> str:
    some = ("0", "1", "2", "10", "00", "a", "rc", ".", "_", "+", "b", "..")
    text = source.choice(("", "", "", "1:", "0:")) + source.choice(("0", "1", "2.", "1.0"))
    text += "".join(source.choice(some) for _ in range(source.randint(0, 6)))
    return text + source.choice(("", "", "-1", "-2", "-1.1"))


def by_alpm_segments(one: str, two: str) -> int:
    """libalpm, lib/libalpm/version.c, rpmvercmp."""
    mine_from = theirs_from = 0
    at, other_at = 0, 0
    while at < len(one) and other_at < len(two):
        while at < len(one) and not one[at].isalnum():
            at += 1
        while other_at < len(two) and not two[other_at].isalnum():
            other_at += 1
        if at == len(one) or other_at == len(two):
            break
        if at - mine_from != other_at - theirs_from:
            return sign(at - mine_from, other_at - theirs_from)
        is_number = one[at].isdigit()
        run = re.compile(r"\d*" if is_number else r"[A-Za-z]*")
        mine, theirs = run.match(one, at), run.match(two, other_at)
        assert mine is not None
        assert theirs is not None
        if not theirs[0]:
            return 1 if is_number else -1
        result = sign(int(mine[0]), int(theirs[0])) if is_number else sign(mine[0], theirs[0])
        if result:
            return result
        at, other_at = mine_from, theirs_from = mine.end(), theirs.end()
    rest, other_rest = one[at:], two[other_at:]
    if not rest and not other_rest:
        return 0
    if (not rest and not other_rest[:1].isalpha()) or rest[:1].isalpha():
        return -1
    return 1


def by_alpm(left: str, right: str) -> int:
    sides = []
    for text in (left, right):
        epoch, colon, rest = text.partition(":")
        version, dash, release = (rest if colon else text).rpartition("-")
        sides.append(
            (epoch if colon else "0", version if dash else release, release if dash else None)
        )
    (epoch, version, release), (other_epoch, other_version, other_release) = sides
    result = by_alpm_segments(epoch, other_epoch) or by_alpm_segments(version, other_version)
    if result or release is None or other_release is None:
        return result
    return by_alpm_segments(release, other_release)


def test_arch_versions_sort_by_the_rules_of_pacman(differences: Differences) -> None:
    def by_release(left: str, right: str) -> int:
        return by_alpm(left, right) or sign("-" in left, "-" in right)

    assert differences(Scheme.ALPM, an_arch_version, by_release) == []


def test_arch_versions_compare_as_pacman_compares_them() -> None:
    source = random.Random(4)  # noqa: S311 - test data
    wrong = []
    for _ in range(4000):
        left, right = an_arch_version(source), an_arch_version(source)
        if source.random() < 0.5:
            right = re.sub(r"-[\d.]+\Z", "", left)
        try:
            ours = compare_versions(Scheme.ALPM, left, right)
        except GatebookError:
            assert re.search(r"[^0-9A-Za-z](-[\d.]+)?\Z", left) or re.search(
                r"[^0-9A-Za-z](-[\d.]+)?\Z", right
            )
            continue
        if ours != by_alpm(left, right):
            wrong.append((left, right, ours))
    assert wrong == []


def test_pacman_runs_in_circles_that_keys_cannot_follow() -> None:
    assert by_alpm("1.0", "1.0-1") == by_alpm("1.0", "1.0-2") == 0
    assert by_alpm("1.0-1", "1.0-2") < 0
    assert compare_versions(Scheme.ALPM, "1.0", "1.0-1") == 0
    assert compare_versions(Scheme.ALPM, "1.0-2", "1.0") == 0
    assert compare_versions(Scheme.ALPM, "1.0-1", "1.0-2") < 0
    assert compare_versions(Scheme.ALPM, "1.0", "1.01-1") < 0 or by_alpm("1.0", "1.01-1") == 0

    assert by_alpm("1..a", "1.") < 0
    assert by_alpm("1.", "1.1") < 0
    assert by_alpm("1.1", "1..a") < 0
    with pytest.raises(GatebookError, match="separator"):
        version_key(Scheme.ALPM, "1.")


# -- Gentoo ----------------------------------------------------------------------------------------


def a_gentoo_version(source: random.Random) -> str:
    digits = ("0", "1", "2", "10", "00", "01", "010", "0100", "001")
    text = ".".join(source.choice(digits) for _ in range(source.randint(1, 4)))
    text += source.choice(("", "", "", "a", "b"))
    for _ in range(source.choice((0, 0, 1, 2))):
        text += source.choice(("_alpha", "_beta", "_pre", "_rc", "_p")) + source.choice(
            ("", "0", "1", "12")
        )
    return text + source.choice(("", "", "-r0", "-r1", "-r10"))


def by_gentoo(left: str, right: str) -> int:
    """Package Manager Specification, "Version Comparison", algorithms 3.1 to 3.7."""
    form = re.compile(r"([\d.]+)([a-z]?)((?:_[a-z]+\d*)*)(?:-r(\d+))?")
    sides = []
    for text in (left, right):
        match = form.fullmatch(text)
        assert match is not None, text
        sides.append(match.groups(default="0"))
    (core, letter, suffixes, revision), (core_b, letter_b, suffixes_b, revision_b) = sides
    mine, theirs = core.split("."), core_b.split(".")
    result = sign(int(mine[0]), int(theirs[0]))
    for one, other in zip(mine[1:], theirs[1:], strict=False):
        if result:
            break
        if one.startswith("0") or other.startswith("0"):
            result = sign(one.rstrip("0"), other.rstrip("0"))
        else:
            result = sign(int(one), int(other))
    result = result or sign(len(mine), len(theirs)) or sign(letter, letter_b)
    ranks = ("alpha", "beta", "pre", "rc", "p")
    stages = [re.findall(r"_([a-z]+)(\d*)", each) for each in (suffixes, suffixes_b)]
    for first, second in zip(*stages, strict=False):
        result = result or sign(ranks.index(first[0]), ranks.index(second[0]))
        result = result or sign(int(first[1] or 0), int(second[1] or 0))
    if not result and len(stages[0]) != len(stages[1]):
        longer, newer = (stages[0], 1) if len(stages[0]) > len(stages[1]) else (stages[1], -1)
        following = longer[min(map(len, stages))][0]
        result = newer if following == "p" else -newer
    return result or sign(int(revision), int(revision_b))


def test_gentoo_versions_sort_by_the_package_manager_specification(
    differences: Differences,
) -> None:
    assert differences(Scheme.GENTOO, a_gentoo_version, by_gentoo) == []


# -- OpenSSL, numbers, instants --------------------------------------------------------------------


def test_openssl_releases_in_their_order() -> None:
    chain = ["0.9.8", "0.9.8a", "0.9.8z", "0.9.8za", "0.9.8zh", "1.0.2-dev", "1.0.2-beta1"]
    chain += ["1.0.2-beta10", "1.0.2", "1.0.2zk", "1.1.1-pre9", "1.1.1", "1.1.1w"]
    chain += ["3.0.0-alpha1", "3.0.0-alpha2", "3.0.0-alpha17", "3.0.0-beta1", "3.0.0", "3.0.10"]
    keys = [version_key(Scheme.OPENSSL, each) for each in chain]
    assert keys == sorted(set(keys))
    for text in ("1.0", "1.0.2k-fips", "3.0.0-rc1x", "1.1.1A", "fips-2.0.16"):
        with pytest.raises(GatebookError):
            version_key(Scheme.OPENSSL, text)


def test_versions_of_numbers_compare_number_by_number() -> None:
    for scheme in (Scheme.CRAN, Scheme.HACKAGE):
        keys = [version_key(scheme, each) for each in ("1", "1.0", "1.0.0", "1.0.1", "1.2", "1.10")]
        assert keys == sorted(set(keys))
        assert version_key(scheme, "1.02") == version_key(scheme, "1.2")
    assert version_key(Scheme.CRAN, "1.0-2") == version_key(Scheme.CRAN, "1.0.2")
    with pytest.raises(GatebookError):
        version_key(Scheme.HACKAGE, "1.0-2")
    intdot = {version_key(Scheme.INTDOT, each) for each in ("1.2", "01.2.0", "1.2-rc1", "1.2.")}
    assert len(intdot) == 1
    assert version_key(Scheme.INTDOT, "1.2.1") < version_key(Scheme.INTDOT, "1.10")


def test_instants_sort_as_instants() -> None:
    source = random.Random(5)  # noqa: S311 - test data
    zones = [
        dt.UTC,
        dt.timezone(dt.timedelta(hours=2)),
        dt.timezone(dt.timedelta(hours=-11, minutes=-30)),
    ]
    moments = [
        dt.datetime(
            2024, source.randint(1, 3), source.randint(1, 3), source.randint(0, 23), tzinfo=zone
        )
        + dt.timedelta(milliseconds=source.choice((0, 5, 500)))
        for zone in zones * 40
    ]
    texts = [each.isoformat().replace("+00:00", "Z") for each in moments]
    for text, moment in zip(texts, moments, strict=True):
        for other_text, other in zip(texts[:20], moments[:20], strict=True):
            keys = version_key(Scheme.DATETIME, text), version_key(Scheme.DATETIME, other_text)
            assert sign(*keys) == sign(moment, other)
    assert version_key(Scheme.DATETIME, "0001-01-01T00:00:00+12:00") < version_key(
        Scheme.DATETIME, "0001-01-01T00:00:00Z"
    )
    for text in (
        *("2024-02-30T00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2024-01-01"),
        *("2024-01-01T24:00:00Z", "2024-01-01T00:00:61Z", "0000-01-01T00:00:00Z"),
        *("2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z"),
    ):
        with pytest.raises(GatebookError):
            version_key(Scheme.DATETIME, text)
