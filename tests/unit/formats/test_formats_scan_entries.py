"""What scanners write into well-typed fields, and what is no longer well-typed."""

from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.scan import entries

A = "a" * 64


def fields(**values: Any) -> Fields:
    return Fields(values, "report", "formats.test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T14:00:00Z", "2026-11-20T14:00:00Z"),
        ("2026-11-20T14:00:00.123456789+01:00", "2026-11-20T13:00:00.123Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20 14:00:00 UTC", "2026-11-20T14:00:00Z"),
        ("2026-11-20T14:00:00", "2026-11-20T14:00:00Z"),
    ],
)
def test_times_as_scanners_write_them(text: str, expected: str) -> None:
    assert entries.instant(fields(at=text), "at") == Instant.parse(expected)


@pytest.mark.parametrize("text", ["", "None", "yesterday", "0001-01-01T00:00:00Z", "2026-13-01"])
def test_what_is_no_time_is_no_time(text: str) -> None:
    assert entries.instant(fields(at=text), "at") is None


@pytest.mark.parametrize("value", [1763640000, True, {}, []])
def test_a_time_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        entries.instant(fields(at=value), "at")


@pytest.mark.parametrize("value", [7, "7.5", " 7.5 "])
def test_a_score_may_be_written_as_text(value: Any) -> None:
    assert entries.score(fields(score=value), "score") in {7.0, 7.5}


@pytest.mark.parametrize("value", [-1, 10.5, "11", "high", True, [], "nan", "inf", 10**400])
def test_a_score_outside_of_the_scale_is_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        entries.score(fields(score=value), "score")


@pytest.mark.parametrize("value", [1.01, -0.1, "2"])
def test_a_probability_above_one_is_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        entries.probability(fields(epss=value), "epss")


def test_an_empty_text_is_no_score() -> None:
    assert entries.score(fields(score=""), "score") is None


@pytest.mark.parametrize("value", ["true", 1, []])
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(MalformedError):
        entries.flag(fields(ok=value), "ok")


def test_a_list_of_strings_holds_strings_only() -> None:
    assert entries.strings(fields(names=["a", "", "b"]), "names") == ("a", "b")
    with pytest.raises(MalformedError, match=r"names\[1\]"):
        entries.strings(fields(names=["a", 1]), "names")


@pytest.mark.parametrize(
    "text",
    [f"sha256:{A}", f"registry.example/app@sha256:{A}", f"registry.example/app:1@sha256:{A}"],
)
def test_a_digest_alone_or_in_a_reference(text: str) -> None:
    assert entries.digest_in(text) == Digest("sha256", A)


@pytest.mark.parametrize(
    "text", [None, "", "registry.example/app:1", "sha256:test", f"sha256:{A[1:]}", f"sha1:{A[:40]}"]
)
def test_what_is_no_digest_binds_nothing(text: str | None) -> None:
    assert entries.digest_in(text) is None


def test_names_of_one_flaw_are_aliases() -> None:
    aliases, covers = entries.names_of_flaw("GHSA-1", ["CVE-2024-1234", "GHSA-1", "PYSEC-1", ""])
    assert aliases == ("CVE-2024-1234", "PYSEC-1")
    assert covers == ()


def test_an_advisory_with_two_cves_covers_them_and_is_neither() -> None:
    aliases, covers = entries.names_of_flaw("ALAS-2024-1", ["CVE-2024-1234", "CVE-2024-5678"])
    assert aliases == ()
    assert covers == ("CVE-2024-1234", "CVE-2024-5678")


def test_a_title_is_one_line() -> None:
    assert entries.summed_up(" first \nsecond") == "first"
    assert entries.summed_up("x" * 900) == "x" * 499 + "…"
    assert entries.summed_up("\n ") is None


@pytest.mark.parametrize(
    ("vector", "version"),
    [
        ("CVSS:3.1/AV:N/AC:L", "3.1"),
        ("CVSS:4.0/AV:N/AC:L", "4.0"),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "2.0"),
        ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", "2.0"),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
        (None, None),
    ],
)
def test_a_vector_says_its_version(vector: str | None, version: str | None) -> None:
    assert entries.cvss_version(vector) == version


def test_a_package_url_names_its_package() -> None:
    package = entries.package_of_purl("pkg:npm/%40scope/left-pad@1.0?x=y")
    assert (package.name, package.version, package.type) == ("@scope/left-pad", "1.0", "npm")
    assert entries.package_of_purl("pkg:broken").name == "pkg:broken"


def test_percent_encoding_is_undone_once() -> None:
    assert entries.percent_decoded("pkg%3Anpm%2Fa%40%31%2525") == "pkg:npm/a@1%25"
    assert entries.percent_decoded("%zz %") == "%zz %"
    assert entries.percent_decoded("%ff") == "\ufffd"
